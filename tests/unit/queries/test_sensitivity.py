"""The theorem of `corridor.queries.plan`, by brute force over neighbouring data sets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corridor.errors.questions import EmptyQuestionError, TooManyCellsError
from corridor.queries.catalogue import Source
from corridor.queries.choice import ChoiceKey
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import (
    CountPersons,
    Mean,
    Question,
    Sum,
    TableQuestion,
    make_question,
)
from support.questions import persons, questions, small_domains
from support.reference_evaluation import CaseRows, Person, evaluate

KEY = ChoiceKey(7, 11)


def compiled(question: Question) -> Plan:
    try:
        return compile_plan(question, small_domains())
    except (EmptyQuestionError, TooManyCellsError):
        assume(False)
        raise


def squared_change(plan: Plan, people: Sequence[Person], one: Person) -> int:
    before, after = evaluate(plan, people, KEY), evaluate(plan, [*people, one], KEY)
    return sum((b - a) ** 2 for b, a in zip(before, after, strict=True))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(questions(), st.lists(persons(), max_size=3), persons())
def test_a11_one_person_changes_the_answer_by_no_more_than_the_plan_says(
    question: Question, people: list[Person], one: Person
) -> None:
    plan = compiled(question)
    assume(plan.size <= 20_000)
    assert squared_change(plan, people, one) <= plan.sensitivity_squared


@settings(max_examples=50, deadline=None)
@given(questions(), persons())
def test_a3_no_entry_is_moved_by_more_than_the_largest_magnitude(
    question: Question, one: Person
) -> None:
    plan = compiled(question)
    assume(plan.size <= 20_000)
    assert max(map(abs, evaluate(plan, [one], KEY))) <= plan.largest


CITIZENSHIPS = ("BG", "MD", "NG", "RO", "UA")
MANY = Person(
    5,
    tuple(
        CaseRows({"prs_Citizenship": list(CITIZENSHIPS), "vic_AgeWhenTrafficked": 99})
        for _ in range(4)
    ),
)


@pytest.mark.parametrize("max_cells", [1, 2, 5])
@pytest.mark.parametrize("max_rows", [1, 3])
def test_a11_the_bound_is_reached_so_it_cannot_be_lowered(max_cells: int, max_rows: int) -> None:
    table = TableQuestion(
        source=Source.PERSONS,
        measure=CountPersons(),
        group_by=("citizenship",),
        max_cells=max_cells,
        max_rows=max_rows,
    )
    plan = compile_plan(make_question(table), small_domains())
    assert plan.sensitivity_squared == max_cells * max_rows**2
    assert squared_change(plan, [], MANY) == plan.sensitivity_squared


def test_sums_beside_counts_get_about_equal_parts_of_the_sensitivity() -> None:
    count = TableQuestion(source=Source.PERSONS, measure=CountPersons())
    ages = TableQuestion(source=Source.PERSONS, measure=Sum("age", 0, 99))
    plan = compile_plan(make_question(count, ages), small_domains())
    assert sorted(table.sensitivity_squared for table in plan.tables) == [99**2, 99**2]
    assert squared_change(plan, [], MANY) == plan.sensitivity_squared == 2 * 99**2


@pytest.mark.parametrize(("measure", "wanted"), [(Sum, 100**2), (Mean, 100**2 + 100**2)])
def test_of_a_quantity_that_may_be_negative_the_wider_side_counts(
    measure: type[Sum] | type[Mean], wanted: int
) -> None:
    # No quantity of the catalogue is, so far.
    domains = small_domains()
    field = replace(domains.catalogue.fields["days_to_referral"], low=-3650)
    fields = {**domains.catalogue.fields, field.name: field}
    domains = replace(domains, catalogue=replace(domains.catalogue, fields=fields))
    table = TableQuestion(source=Source.PERSONS, measure=measure(field.name, -100, 5))
    plan = compile_plan(make_question(table), domains)
    early = {"referred_on": date(2021, 1, 1), "last_event_on": date(2021, 12, 31)}
    change = squared_change(plan, [], Person(5, (CaseRows(early),)))
    assert change == plan.sensitivity_squared == wanted
