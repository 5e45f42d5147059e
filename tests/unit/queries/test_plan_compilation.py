"""What a question compiles to."""

from typing import Any

import pytest
from hypothesis import assume, given, settings

from corridor.errors import CorridorError
from corridor.errors.questions import EmptyQuestionError, TooManyCellsError
from corridor.ids import CountryCode
from corridor.queries.builder import RegionQuestions
from corridor.queries.catalogue import Source
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.predicates import NOBODY, Among, Between, any_of
from corridor.queries.question import (
    CountPersons,
    Mean,
    Question,
    Sum,
    TableQuestion,
    make_question,
    parse_question,
)
from support.catalogue import REGION, catalogue, domains
from support.questions import persons, questions, small_domains
from support.reference_evaluation import Person, cells_of, holds

EVERYWHERE = domains()
ASK = RegionQuestions(EVERYWHERE)


def plan(question: Question) -> Plan:
    return compile_plan(question, EVERYWHERE)


def table(**changes: Any) -> Question:
    fields: dict[str, Any] = {"source": Source.PERSONS, "measure": CountPersons()}
    return make_question(TableQuestion(**(fields | changes)))


def values(question: Question, axis: int = 0) -> tuple[str, ...]:
    return plan(question).tables[0].axes[axis].values


@settings(max_examples=50, deadline=None)
@given(questions())
def test_a22_a43_every_node_compiles_the_same_plan_from_the_bytes(question: Question) -> None:
    try:
        mine = compile_plan(question, small_domains())
    except (EmptyQuestionError, TooManyCellsError):
        assume(False)
        raise
    theirs = compile_plan(parse_question(question.encode()), small_domains())
    assert theirs == mine
    assert theirs.digest == mine.digest


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(questions(), persons())
def test_a7_no_row_that_satisfies_the_conditions_falls_between_the_cells(
    question: Question, person: Person
) -> None:
    try:
        compiled = compile_plan(question, small_domains())
    except (EmptyQuestionError, TooManyCellsError):
        assume(False)
        raise
    for one in compiled.tables:
        for row in person.rows(one.source):
            if holds(one, one.where, row):
                assert cells_of(one, row)


def test_a7_every_domain_ends_with_unknown() -> None:
    for field in catalogue().fields.values():
        if not field.is_quantity:
            assert EVERYWHERE.values(field)[-1] == "unknown"


def test_cells_are_numbered_with_the_last_axis_running_fastest() -> None:
    compiled = plan(ASK.persons.by("minor", "crossing").count()).tables[0]
    first, last = (axis.values for axis in compiled.axes)
    assert compiled.cells == len(first) * len(last)
    assert compiled.values_of(0) == (first[0], last[0])
    assert compiled.values_of(1) == (first[0], last[1])
    assert compiled.values_of(len(last)) == (first[1], last[0])


def test_axes_stand_in_the_catalogues_order_however_they_were_named() -> None:
    compiled = plan(ASK.corridors.by("exploited_in", "recruited_in").count()).tables[0]
    assert [axis.name for axis in compiled.axes] == ["recruited_in", "exploited_in"]


def test_a_condition_on_a_grouped_field_leaves_only_the_values_it_admits() -> None:
    asked = ASK.corridors.where(recruited_in=["MD", "UA"]).by("recruited_in").count()
    assert values(asked) == ("MD", "UA")
    without = ASK.persons.excluding(gender="unknown").by("gender").count()
    assert "unknown" not in values(without)
    assert len(values(without)) == 5


def test_a_condition_under_or_leaves_the_axis_whole() -> None:
    female = Among("gender", ("Feminine",))
    asked = ASK.persons.by("gender")
    either = asked.where(any_of([female, Between("age", 0, 17)])).count()
    assert len(values(either)) == 6


@pytest.mark.parametrize(
    ("conditions", "grouping", "left"),
    [
        ({"year": 2021}, "quarter", ["2021-Q1", "2021-Q2", "2021-Q3", "2021-Q4"]),
        ({"quarter": "2021-Q2"}, "month", ["2021-04", "2021-05", "2021-06"]),
        ({"month": ["2021-04", "2022-01"]}, "year", ["2021", "2022"]),
        ({"minor": "minor"}, "age_band", ["0-8", "9-17"]),
        ({"age": (9, 20)}, "age_band", ["9-17", "18-20"]),
        ({"age": (98, None)}, "age_band", ["48+"]),
        ({"age_band": ["0-8"]}, "minor", ["minor"]),
    ],
)
def test_a_condition_on_a_related_field_leaves_no_cell_that_must_be_empty(
    conditions: dict[str, Any], grouping: str, left: list[str]
) -> None:
    assert list(values(ASK.persons.where(**conditions).by(grouping).count())) == left


def test_where_three_country_fields_meet_others_become_their_subregions() -> None:
    compiled = plan(ASK.corridors.by("recruited_in", "transit_in", "exploited_in").count())
    axis = compiled.tables[0].axes[0]
    assert axis.recode is not None
    assert axis.values[:5] == REGION
    assert axis.recode["FR"] == "M49-155"
    assert axis.recode["MD"] == "MD"
    assert axis.values[-1] == axis.recode["unknown"] == "unknown"
    assert set(axis.recode.values()) == set(axis.values)
    assert len(axis.values) <= 161


def test_countries_that_are_named_stay_themselves_where_three_meet() -> None:
    asked = ASK.corridors.where(exploited_in=["FR", "IT"])
    compiled = plan(asked.by("recruited_in", "transit_in", "exploited_in").count())
    axes = {axis.name: axis for axis in compiled.tables[0].axes}
    assert axes["exploited_in"].values == ("FR", "IT")
    assert axes["exploited_in"].recode is None


def test_the_largest_region_still_fits_the_reduced_list() -> None:
    countries = tuple(catalogue().country_names)
    several = countries[:137]
    large = type(EVERYWHERE)(
        catalogue=catalogue(), countries=countries, region=several, years=(2015, 2025), cells=1
    )
    assert len(large.reduced_countries()[0]) <= 161


def test_a8_a9_a_sum_without_bounds_takes_those_of_the_public_domain() -> None:
    """No bound is "none", and none is taken from the data: the catalogue has one for each."""
    for name, field in EVERYWHERE.catalogue.fields.items():
        if field.is_quantity:
            (source, *_) = field.sources
            compiled = plan(getattr(ASK, source).sum(name))
            assert compiled == plan(getattr(ASK, source).sum(name, field.low, field.high))
            assert compiled.sensitivity_squared == max(abs(field.low), abs(field.high)) ** 2 > 0


def test_a_person_never_counts_in_more_cells_than_there_are() -> None:
    compiled = plan(table(max_cells=9))
    assert compiled.tables[0].max_cells == 1
    assert compiled.sensitivity_squared == 1


@pytest.mark.parametrize(
    ("source", "groupings", "expected"),
    [
        ("persons", ["gender", "age_band"], 1),
        ("corridors", ["recruited_in", "exploited_in"], 1),
        ("persons", ["exploitation"], 3),
        ("legs", ["leg_from", "leg_to"], 4),
        ("services", ["service", "exploitation"], 4),
        ("legs", ["gender"], 1),
    ],
)
def test_a_question_that_sets_no_bound_gets_the_bound_of_its_groupings(
    source: str, groupings: list[str], expected: int
) -> None:
    asked = getattr(ASK, source).by(*groupings).count()
    assert asked.tables[0].max_cells == expected


def test_a_mean_has_its_sums_and_then_its_counts() -> None:
    compiled = plan(ASK.persons.by("minor").mean("age", 0, 60))
    sums, counts = compiled.tables[0].blocks
    assert (sums.offset, sums.factor, sums.largest) == (0, 1, 60)
    assert (counts.offset, counts.factor, counts.largest) == (3, 60, 1)
    assert compiled.size == 6
    assert compiled.sensitivity_squared == 2 * 60**2


REFUSED = {
    "question.unknown_field": [
        table(group_by=("gendre",)),
        table(group_by=("leg_to",)),
        table(group_by=("prs_Gender",)),
        table(where=Among("hte_Country", ("MD",)), source=Source.LEGS),
        table(measure=Sum("income", 0, 9)),
    ],
    "question.unknown_value": [
        table(where=Among("gender", ("F",))),
        table(where=Among("gender", ("Female",))),
        table(where=Among("gender", ("Non-Conforming",))),
        table(where=Among("gender", ("NonSpecifiedUnknown",))),
        table(where=Among("year", ("1812",))),
        table(where=Among("recruited_in", ("ZZ",))),
    ],
    "question.misused_field": [
        table(group_by=("age",)),
        table(where=Among("age", ("7",))),
        table(where=Between("gender", 0, 1)),
        table(measure=Mean("gender", 0, 1)),
    ],
    "question.out_of_range": [
        table(where=Between("age", 0, 400)),
        table(measure=Sum("age", -5, 10)),
    ],
    "question.no_cell_left": [
        table(where=NOBODY),
        ASK.persons.where(gender="Feminine").excluding(gender="Feminine").by("gender").count(),
        ASK.persons.where(year=2020).where(year=2021).by("year").count(),
    ],
    "question.too_many_cells": [ASK.corridors.by("recruited_in", "exploited_in", "month").count()],
}


@pytest.mark.parametrize(
    ("code", "question"), [(code, one) for code, several in REFUSED.items() for one in several]
)
def test_a_question_outside_the_domains_is_refused(code: str, question: Question) -> None:
    with pytest.raises(CorridorError) as refusal:
        plan(question)
    assert refusal.value.code == code
    assert str(refusal.value).endswith("Nothing was spent.")


def test_too_many_cells_says_how_many_and_which_grouping_is_the_largest() -> None:
    asked = ASK.corridors.by("recruited_in", "exploited_in", "month").count()
    with pytest.raises(TooManyCellsError, match=r"8,379,133 cells.*recruited_in with 251 values"):
        plan(asked)


def test_a_country_that_nobody_knows_cannot_be_in_a_charter() -> None:
    with pytest.raises(CorridorError, match="QQ"):
        domains(countries=(*REGION, CountryCode("QQ")))


def test_another_charter_or_catalogue_gives_another_plan() -> None:
    asked = ASK.persons.by("gender").where(year=2021).count()
    others = [domains(years=(2016, 2025)), domains(countries=REGION)]
    by_country = ASK.corridors.by("recruited_in").count()
    assert plan(asked).digest != compile_plan(asked, others[0]).digest
    assert plan(by_country).digest != compile_plan(by_country, others[1]).digest
