"""What a report's forecast says of its form's figures is what the filled form then says."""

from fractions import Fraction
from random import Random

import pytest

from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.publishing.reports.asking import report_question
from corridor.publishing.reports.definitions import FormKind
from corridor.publishing.reports.filling import FilledTable, fill
from corridor.publishing.reports.forecasting import margins_before
from corridor.queries.answers import decode_answer
from corridor.queries.domains import make_domains
from corridor.queries.forecast import blank_tables, forecast
from corridor.queries.parameters import attempt_parameters, country_parameters
from corridor.queries.plan import Plan, compile_plan
from support.catalogue import catalogue
from support.charters import make_charter
from support.releases import make_release
from support.reports import reports

CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
MEMBERS = len(CHARTER.members)
RHO = Rho(Fraction(1, 200))
SEED = 7


def planned(name: str, **values: str) -> Plan:
    return compile_plan(report_question(DOMAINS, reports()[name], values), DOMAINS)


def margins_in(table: FilledTable) -> list[float]:
    return [cell.estimate.margin for row in table.cells for cell in row if cell.estimate.margin]


def answered(
    name: str, plan: Plan, parameters: AttemptParameters, survivors: int
) -> tuple[FilledTable, ...]:
    """The report filled from an answer with figures that no forecast knows of."""
    source = Random(SEED)
    sums = [source.randrange(100, 5000) << parameters.scale_bits for _ in range(plan.entries)]
    found = decode_answer(plan, DOMAINS, parameters, survivors, sums, reduced=survivors)
    return fill(reports()[name], make_release(tables=found.to_json())).tables


@pytest.mark.parametrize("values", [{}, {"years": "2023..2024"}], ids=["all years", "two years"])
@pytest.mark.parametrize("name", reports())
def test_forecast_margins_are_those_of_the_filled_form(name: str, values: dict[str, str]) -> None:
    plan = planned(name, **values)
    parameters = attempt_parameters(CHARTER, plan, RHO, MEMBERS)
    before = margins_before(reports()[name], blank_tables(plan, DOMAINS, parameters))
    filled = answered(name, plan, parameters, MEMBERS)
    assert [one.form.id for one in before] == [one.id for one in filled]
    for told, table in zip(before, filled, strict=True):
        margins = margins_in(table)
        assert (told.least, told.widest) == (min(margins), max(margins)), told.form.id
        if table.form.kind is FormKind.GRID:
            assert told.figures == len(margins)


@pytest.mark.parametrize("name", reports())
def test_of_figures_of_single_countries_they_are_each_countrys_own(name: str) -> None:
    plan = planned(name)
    parameters = country_parameters(CHARTER, plan, RHO)
    before = margins_before(reports()[name], blank_tables(plan, DOMAINS, parameters))
    for told, table in zip(before, answered(name, plan, parameters, 1), strict=True):
        margins = margins_in(table)
        assert (told.least, told.widest) == (min(margins), max(margins)), told.form.id


def test_sums_of_cells_are_forecast_wider_than_a_cell() -> None:
    plan = planned("sdg_16_2_2")
    cell = max(float(one.margin) for one in forecast(plan, DOMAINS, CHARTER, RHO, MEMBERS).tables)
    parameters = attempt_parameters(CHARTER, plan, RHO, MEMBERS)
    before = margins_before(reports()["sdg_16_2_2"], blank_tables(plan, DOMAINS, parameters))
    assert max(one.widest for one in before) > cell
    assert all(one.quotable_from[0] > one.least for one in before)
