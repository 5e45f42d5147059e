"""Tables that are counted together: which, what they give, and what that gains."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.questions import MagnitudeTooLargeError
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Ceilings
from corridor.queries import joint as joint_module
from corridor.queries import plan as plan_module
from corridor.queries.accuracy import accuracy_for, parse_accuracy, rho_for_accuracy
from corridor.queries.answers import Answer, AnswerTable, decode_answer
from corridor.queries.builder import RegionQuestions, TableBuilder, together
from corridor.queries.choice import ChoiceKey
from corridor.queries.domains import make_domains
from corridor.queries.forecast import forecast
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support.catalogue import catalogue
from support.charters import make_charter
from support.questions import persons
from support.reference_evaluation import Person, evaluate
from support.shifts import squared_shift

CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
ASK = RegionQuestions(DOMAINS)
KEY = ChoiceKey(7, 11)
DASHBOARD = (
    (),
    ("year",),
    ("quarter",),
    ("month",),
    ("gender",),
    ("minor",),
    ("age_band",),
    ("gender", "minor"),
    ("gender", "year"),
    ("minor", "quarter"),
    ("exploited_in",),
    ("recruited_in", "exploited_in"),
)


def dashboard(of: TableBuilder = ASK.persons) -> Question:
    return together(*(of.by(*fields).count() for fields in DASHBOARD))


def planned(question: Question) -> Plan:
    return compile_plan(question, DOMAINS)


def without_noise(plan: Plan, people: Sequence[Person]) -> Answer:
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 10)), 3)
    x = np.array(evaluate(plan, people, KEY)) << parameters.scale_bits
    return decode_answer(plan, DOMAINS, parameters, 3, plan.sent(x), reduced=3)


def grouped_by(table: AnswerTable) -> tuple[str, ...]:
    return tuple(axis.name for axis in table.axes)


def test_a_dashboard_is_counted_together() -> None:
    plan = planned(dashboard())
    (found,) = plan.together
    assert found.numbers == tuple(range(12))
    assert not any(table.blocks for table in plan.tables)
    assert [axis.name for axis in found.crossed.axes].count("month") == 1
    assert {"year", "quarter"}.isdisjoint(axis.name for axis in found.crossed.axes)


@pytest.mark.parametrize(
    "stranger",
    [
        ASK.persons.by("year").at_most(cells=2).count(),  # in several cells
        ASK.persons.by("exploitation").count(),  # several values
        ASK.persons.by("year").sum("age"),
        ASK.persons.by("year").at_most(rows=2).count(),
        ASK.persons.where(gender="Feminine").by("year").count(),  # other rows
        ASK.legs.by("leg_kind").count(),
    ],
)
def test_what_counts_otherwise_is_measured_by_itself(stranger: Question) -> None:
    plan = planned(together(dashboard(), stranger))
    (found,) = plan.together
    (alone,) = (number for number, table in enumerate(plan.tables) if table.blocks)
    assert len(found.numbers) == 12
    assert alone not in found.numbers
    assert plan.size == plan.tables[alone].cells + found.joint.strategy.cells


def test_two_tables_with_nothing_in_common_but_the_total_are_together_if_that_pays() -> None:
    plan = planned(together(ASK.persons.by("gender").count(), ASK.persons.by("year").count()))
    assert plan.sensitivity_squared > 0
    for table in plan.tables:
        assert bool(table.blocks) is (not plan.together)


@settings(deadline=None, max_examples=30)
@given(st.lists(persons(), max_size=12))
def test_without_noise_every_table_is_as_if_asked_alone(people: list[Person]) -> None:
    """Of people with one case: there is no choice to be made."""
    once = [Person(one.choice_key, one.cases[:1]) for one in people]
    for table in without_noise(planned(dashboard()), once).tables:
        alone = planned(ASK.persons.by(*grouped_by(table)).count())
        wanted = evaluate(alone, once, KEY)
        assert [row.value for row in table.rows()] == wanted


@settings(deadline=None, max_examples=30)
@given(st.lists(persons(), max_size=12))
def test_every_person_is_in_one_cell_of_every_table(people: list[Person]) -> None:
    counted = sum(bool(person.cases) for person in people)
    for table in without_noise(planned(dashboard()), people).tables:
        values = [row.value for row in table.rows()]
        assert all(value is not None and value >= 0 for value in values)
        assert table.figures.total().value == counted


@settings(deadline=None, max_examples=30)
@given(st.lists(persons(), max_size=3), persons())
def test_a11_one_person_moves_it_by_no_more_than_the_plan_says(
    people: list[Person], one: Person
) -> None:
    plan = planned(together(dashboard(), ASK.persons.by("exploitation").count()))
    before, after = (np.array(evaluate(plan, who, KEY)) for who in (people, [*people, one]))
    change = after - before
    assert squared_shift(plan, change) <= plan.sensitivity_squared * (1 + 1e-9)
    assert abs(change).max(initial=0) <= plan.largest
    assert abs(plan.sent(change)).max(initial=0) <= plan.largest


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32))
def test_whatever_the_noise_totals_are_the_sums_of_their_parts(seed: int) -> None:
    plan = planned(dashboard())
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 10)), 3)
    noise = np.random.default_rng(seed).integers(-(10**6), 10**6, plan.entries)
    tables = {
        grouped_by(table): table
        for table in decode_answer(plan, DOMAINS, parameters, 3, noise, reduced=3).tables
    }
    total = tables[()].figures.value(0)
    for table in tables.values():
        assert abs(table.figures.total().value - total) <= Fraction(table.planned.cells, 10**6)
        assert table.figures.total().margin == tables[()].figures.margin_of(0)
    years = tables[("year",)].figures
    by_gender = tables[("gender", "year")].figures.totals_along(1)
    for place, year in enumerate(tables[("year",)].axes[0].values):
        months = [
            tables[("month",)].figures.value(cell)
            for cell, month in enumerate(tables[("month",)].axes[0].values)
            if month.startswith(year)
        ]
        assert abs(sum(months) - years.value(place)) < Fraction(1, 10**4)
        assert abs(by_gender[place].value - years.value(place)) < Fraction(1, 10**4)
        assert by_gender[place].margin == years.margin_of(place)


def test_the_margins_forecast_are_the_margins_released() -> None:
    plan = planned(together(dashboard(), ASK.persons.by("exploitation").count()))
    rho = Rho(Fraction(1, 50))
    promised = forecast(plan, DOMAINS, CHARTER, rho, 3)
    sums = np.zeros(plan.entries, np.int64)
    released = decode_answer(plan, DOMAINS, promised.parameters, 3, sums, reduced=3)
    for told, table in zip(promised.tables, released.tables, strict=True):
        assert told.margin == max(row.margin or 0 for row in table.rows())
        assert told.central_margin < told.usual_margin <= told.margin


def test_an_accuracy_is_kept_by_every_cell_of_every_table() -> None:
    plan = planned(dashboard())
    wanted = parse_accuracy("±120")
    rho = rho_for_accuracy(plan, CHARTER, wanted, 3)
    margins = [one.margin for one in forecast(plan, DOMAINS, CHARTER, rho, 3).tables]
    assert Fraction(119) < max(margins) <= 120
    assert accuracy_for(plan, CHARTER, wanted, rho, 3) == f"±{float(max(margins)):g} at 95 %"
    at_once = rho_for_accuracy(plan, CHARTER, parse_accuracy("±120 all cells at once"), 3)
    assert at_once > rho


def test_the_mean_variance_of_a_dashboard_is_less_than_half_of_that_of_an_even_split() -> None:
    """Both at ρ = 1/2, where a table with all of ρ for itself has variance 1, an even split 12."""
    plan = planned(dashboard())
    (found,) = plan.together
    variances, cells = 0.0, 0
    for place in range(12):
        table = found.joint.strategy.variances(found.joint.levels(place))
        amounts = np.array([float(one) for one in table.amounts])[table.kind]
        variances += float(amounts.sum()) * plan.sensitivity_squared
        cells += amounts.size
    assert variances / cells < 12 / 2


def test_what_nodes_agree_on_covers_what_is_measured() -> None:
    plan = planned(dashboard())
    (found,) = plan.together
    factors = [one.factor for one in found.joint.strategy.residuals]
    other = found.joint.with_factors([2 * factors[0], *factors[1:]])
    changed = replace(plan, together=(replace(found, joint=other),))
    assert changed.digest != plan.digest


def test_countries_subregions_and_continents_are_levels_of_one_axis_and_agree() -> None:
    fields = ["exploited_in", "exploited_in_subregion", "exploited_in_continent"]
    plan = planned(together(*(ASK.persons.by(field).count() for field in fields)))
    (found,) = plan.together
    (axis,) = found.joint.axes
    assert axis.name == "exploited_in"
    assert found.joint.strategy.hierarchies[0].finest == 3
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 10)), 3)
    noise = np.random.default_rng(5).integers(-(10**6), 10**6, plan.entries)
    tables = decode_answer(plan, DOMAINS, parameters, 3, noise, reduced=3).tables
    by_field = {grouped_by(table)[0]: table for table in tables}
    countries = by_field["exploited_in"]
    for field in fields[1:]:
        places = DOMAINS.domain(DOMAINS.catalogue.fields[field]).places
        for area, row in zip(by_field[field].axes[0].values, by_field[field].rows(), strict=True):
            inside = sum(
                countries.figures.value(cell)
                for cell, country in enumerate(countries.axes[0].values)
                if places.get(country, "unknown") == area
            )
            assert row.value is not None
            assert abs(row.value - inside) < Fraction(1, 10**3)


def test_a_field_in_two_ways_is_never_two_axes_of_one_workload() -> None:
    """Countries as they are and in a reduced list, beside subregions of as many values."""
    countries = tuple(sorted(catalogue().country_names))
    domains = make_domains(catalogue(), replace(CHARTER, countries=countries))
    ask = RegionQuestions(domains)
    field = catalogue().fields["recruited_in_subregion"]
    places = domains.domain(field).places
    by_area = Counter(places[one] for one in countries if one not in domains.region)
    largest = {area for area, _ in by_area.most_common(3)}
    chosen = [one for one in countries if places[one] in largest and one not in domains.region]
    legs = ask.legs.where(recruited_in=chosen, leg_from=["MD", "NE"], leg_to=["MD", "NE"])
    groupings = (
        ("crossing", "recruited_in_subregion"),
        ("leg_from", "leg_to", "recruited_in"),
        ("recruited_in",),
    )
    question = together(*(legs.by(*one).at_most(cells=1).count() for one in groupings))
    for found in compile_plan(question, domains).together:
        names = [axis.name for axis in found.crossed.axes]
        assert len(set(names)) == len(names)


def test_a3_what_is_multiplied_while_tables_are_put_together_fits_too() -> None:
    """Six axes of a dozen values: factors, scales and families together would wrap 64 bits."""
    ceilings = Ceilings(rho_per_question=Fraction(1, 2), cells=1 << 22, persons_per_node=10**6)
    charter = make_charter(ceilings=ceilings)
    domains = make_domains(catalogue(), charter)
    ask = RegionQuestions(domains).persons
    wide = ("age_band", "education", "event_year", "labour_sector", "marital_status", "year")
    question = together(*(ask.by(*one).count() for one in (wide, wide[:5], ("year",), ())))
    plan = compile_plan(question, domains)
    assert not plan.together  # measured table by table, rather than wrong or not at all
    attempt_parameters(charter, plan, Rho(Fraction(1, 100)), 3)


@pytest.mark.parametrize("limit", ["WIDEST_JOINT", "LARGEST_JOINT"])
def test_a_workload_that_is_too_wide_is_measured_table_by_table(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned(dashboard()).together
    monkeypatch.setattr(plan_module, limit, 1000)
    assert not planned(dashboard()).together


def test_counting_together_never_takes_more_cells_than_a_question_may_have() -> None:
    plan = planned(dashboard())
    assert plan.cells < plan.size
    domains = replace(DOMAINS, cells=plan.size - 1)
    assert not compile_plan(dashboard(), domains).together


def test_a_workload_of_too_many_residuals_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_module, "MOST_RESIDUALS", 10)
    assert not planned(dashboard()).together


def test_a3_a_figure_that_would_wrap_while_it_is_put_together_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = planned(dashboard())
    attempt_parameters(CHARTER, plan, Rho(Fraction(1, 10)), 3)
    monkeypatch.setattr(Plan, "widening", 1 << 50)
    with pytest.raises(MagnitudeTooLargeError):
        attempt_parameters(CHARTER, plan, Rho(Fraction(1, 10)), 3)


def test_a_forecast_tells_the_margin_of_most_cells_beside_the_widest() -> None:
    countries = tuple(sorted(catalogue().country_names))
    domains = make_domains(catalogue(), replace(CHARTER, countries=countries))
    ask = RegionQuestions(domains).persons
    fields = ["exploited_in", "exploited_in_subregion"]
    plan = compile_plan(together(*(ask.by(field).count() for field in fields)), domains)
    rho = Rho(Fraction(1, 50))
    told = {one.cells: one for one in forecast(plan, domains, CHARTER, rho, 3).tables}
    country, area = told[251], told[24]
    assert country.usual_margin < country.margin  # Antarctica is a subregion by itself
    assert area.usual_margin == area.margin
