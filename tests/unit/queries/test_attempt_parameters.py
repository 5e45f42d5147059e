"""The numbers of an attempt, and what a forecast says about them."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.ids import CountryCode
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Ceilings, Charter
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries import parameters
from corridor.queries.accuracy import parse_accuracy, rho_for_accuracy
from corridor.queries.builder import RegionQuestions, TableBuilder, together
from corridor.queries.domains import make_domains
from corridor.queries.forecast import Forecast, forecast, how_to_hold_more
from corridor.queries.parameters import (
    attempt_parameters,
    country_parameters,
    noise_breakpoints,
    noise_ratio,
    planned_noise,
)
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support.catalogue import catalogue
from support.charters import make_charter
from support.secure_sum import first_countries

COUNTRIES = tuple(map(CountryCode, ["BG", "MD", "NE", "NG", "RO", "UA"]))
CENT = Rho(Fraction(1, 100))


def region(**changes: Any) -> Charter:
    ceilings = {"rho_per_question": Fraction(1, 2), "cells": 1 << 20, "persons_per_node": 10**6}
    given_ceilings = changes.pop("ceilings", {})
    return make_charter(
        countries=COUNTRIES, ceilings=Ceilings(**(ceilings | given_ceilings)), **changes
    )


CHARTER = region()
DOMAINS = make_domains(catalogue(), CHARTER)
ASK = RegionQuestions(DOMAINS)
MATRIX = ASK.corridors.by("recruited_in", "exploited_in")


def plan(question: Question) -> Plan:
    return compile_plan(question, DOMAINS)


def test_everything_follows_from_charter_plan_rho_and_roster() -> None:
    found = attempt_parameters(CHARTER, plan(MATRIX.count()), CENT, 6)
    assert (found.roster_size, found.threshold, found.dropouts, found.colluders) == (6, 4, 1, 1)
    assert found.honest_shares == 4
    assert found.cells == 49
    assert found.sensitivity_squared == 1
    assert found.ring_bits == 32
    assert found == attempt_parameters(CHARTER, plan(MATRIX.count()), CENT, 6)


def test_the_noise_is_planned_for_all_cells_of_all_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    # What they add to ε is 10⁻⁹ of it: too little for the grid of variances to show.
    asked: list[tuple[Any, ...]] = []

    def planning(*numbers: Any) -> Any:
        asked.append(numbers)
        return plan_shared_noise(*numbers)

    monkeypatch.setattr(parameters, "plan_shared_noise", planning)
    two = plan(together(MATRIX.count(), ASK.persons.by("gender").mean("age", 0, 99)))
    assert two.size == 49 + 2 * two.tables[1].cells or two.size == 49 + 2 * two.tables[0].cells
    attempt_parameters(CHARTER, two, CENT, 6)
    assert asked == [(CENT, two.sensitivity_squared, two.size, 4, [5])]


@settings(max_examples=40, deadline=None)
@given(st.fractions(Fraction(1, 10_000), Fraction(1, 2)), st.integers(3, 175))
def test_a26_a27_the_honest_shares_alone_keep_the_promise(rho: Fraction, roster: int) -> None:
    compiled = plan(MATRIX.count())
    found = attempt_parameters(CHARTER, compiled, Rho(rho), roster)
    noise = planned_noise(found)
    assert noise.keeps(Rho(rho), compiled.size)
    # However many drop out, who is left and honest carries what the promise costs at the least.
    for dropouts in range(found.dropouts + 1):
        left = noise.keeping(found.kept_levels(roster - dropouts))
        honest = roster - dropouts - found.colluders
        assert left.honest_shares <= honest
        assert left.summed_variance(honest) >= Rho(rho).variance(1)


def test_levels_of_noise_are_for_no_quarter_half_and_all_dropouts() -> None:
    assert noise_breakpoints(0, 3, 100) == (0,)
    assert noise_breakpoints(1, 4, 100) == (0, 1)
    assert noise_breakpoints(2, 20, 100) == (0, 1, 2)
    assert noise_breakpoints(3, 10, 100) == (0, 1, 2, 3)
    assert noise_breakpoints(15, 50, 100) == (0, 4, 8, 15)
    assert noise_breakpoints(52, 175, 95_869) == (0, 13, 26, 52)
    assert noise_breakpoints(52, 175, 95_870) == (52,)  # more than 2²⁴ cells altogether


@given(st.integers(0, 60), st.integers(1, 200), st.integers(1, 1 << 20))
def test_the_last_level_is_always_for_the_tolerated_dropouts(
    dropouts: int, roster: int, cells: int
) -> None:
    found = noise_breakpoints(dropouts, roster, cells)
    assert found[-1] == dropouts
    assert list(found) == sorted(set(found))
    assert len(found) <= 4
    assert found[0] in (0, dropouts)


def test_with_thirty_per_cent_dropouts_and_ten_per_cent_colluders_provided_for() -> None:
    """Everybody present: √(1/0.9) of a trusted curator's error, in place of √(1/0.6)."""
    charter = make_charter(countries=first_countries(10), max_dropouts=3)
    found = attempt_parameters(charter, plan(ASK.persons.count()), CENT, 10)
    assert [level.dropouts for level in found.levels] == [0, 1, 2, 3]
    ratios = [float(noise_ratio(found, 10 - gone, 10 - gone)) ** 0.5 for gone in range(4)]
    assert ratios == sorted(ratios)
    assert ratios[0] < 1.06
    assert ratios[-1] < 1.081
    assert 1.28 < float(noise_ratio(found, 10, 0)) ** 0.5 < 1.30


def test_a3_sums_take_the_wider_ring_where_they_could_wrap() -> None:
    ages = plan(ASK.persons.sum("days_to_referral"))
    assert attempt_parameters(CHARTER, ages, CENT, 6).ring_bits == 64
    few = region(ceilings={"persons_per_node": 1000})
    assert attempt_parameters(few, ages, CENT, 6).ring_bits == 32


def test_a3_the_ring_is_left_only_when_the_bound_says_so() -> None:
    """Largest count and noise together stay below half the ring; one person more would not."""
    compiled = plan(ASK.persons.count())
    found = attempt_parameters(CHARTER, compiled, CENT, 6)
    noise = planned_noise(found).largest_noise(6, compiled.size)
    room = ((1 << 31) - 1 - noise) // 6
    fits = region(ceilings={"persons_per_node": room})
    tight = region(ceilings={"persons_per_node": room + 1})
    assert found.scale_bits == 0
    assert attempt_parameters(fits, compiled, CENT, 6).ring_bits == 32
    assert attempt_parameters(tight, compiled, CENT, 6).ring_bits == 64


REFUSED = [
    (Rho(Fraction(0)), 6, "question.rho_out_of_range"),
    (Rho(Fraction(51, 100)), 6, "question.rho_out_of_range"),
    (CENT, 2, "question.too_few_nodes"),
    (Rho(Fraction(1, 10**30)), 6, "privacy.noise_too_wide"),
]


@pytest.mark.parametrize(("rho", "roster", "code"), REFUSED)
def test_what_cannot_be_promised_is_refused_before_anything_is_spent(
    rho: Rho, roster: int, code: str
) -> None:
    with pytest.raises(CorridorError, match="Nothing was spent") as refusal:
        attempt_parameters(CHARTER, plan(MATRIX.count()), rho, roster)
    assert refusal.value.code == code


def foreseen(table: TableBuilder, rho: Rho = CENT) -> Forecast:
    return forecast(plan(table.count()), DOMAINS, CHARTER, rho, 6)


def test_a_forecast_states_the_price_in_both_currencies_and_for_the_region() -> None:
    found = foreseen(MATRIX)
    assert found.epsilon == pytest.approx(0.6217, abs=1e-3)
    assert found.rho_regional.value == Fraction(4, 100)
    assert found.ratio == pytest.approx((6 / 5) ** 0.5, abs=1e-4)
    assert found.rho_alone > found.rho
    (table,) = found.tables
    assert table.central_margin == 14  # 1.96 · √50 = 13.86
    assert table.margin == 15  # √1.2 times that, 15.18, to the nearest whole number
    assert found.to_json()["cells"] == 49


def test_what_makes_cells_hold_more_is_said_by_how_the_table_is_grouped() -> None:
    def advice(table: TableBuilder) -> str:
        return how_to_hold_more(plan(table.count()).tables[0])

    assert "by year or quarter" in advice(MATRIX.by("month"))
    assert "by year in place" in advice(MATRIX.by("quarter"))
    assert "fewer fields" in advice(MATRIX)
    assert "fewer conditions" in advice(ASK.persons.by("gender"))


# ---------------------------------------------------------------- one country's own figure


@settings(deadline=None, max_examples=60)
@given(st.fractions(min_value=Fraction(1, 10**4), max_value=Fraction(1, 2)).filter(bool))
def test_a26_a_countrys_own_figure_has_all_of_its_noise_by_itself(rho: Fraction) -> None:
    asked = plan(MATRIX.count())
    found = country_parameters(CHARTER, asked, Rho(rho))
    assert (found.roster_size, found.dropouts, found.colluders, found.honest_shares) == (1, 0, 0, 1)
    scaled = Fraction(asked.sensitivity_squared << 2 * found.scale_bits)
    # What is lost though everybody else colludes is what was promised: σ² ≥ Δ²/(2ρ), exactly.
    assert planned_noise(found).worst_case_rho() <= Rho(rho)
    assert scaled / (2 * rho) <= found.share_variance <= scaled / (2 * rho) + 1


def test_a_countrys_figure_is_forecast_with_its_own_margin_and_loss() -> None:
    asked = plan(MATRIX.count())
    own = forecast(asked, DOMAINS, CHARTER, CENT, 6, scope=Scope.PER_COUNTRY)
    summed = forecast(asked, DOMAINS, CHARTER, CENT, 6)
    assert own.ratio == 1
    assert own.rho_alone <= CENT
    assert own.tables[0].margin < summed.tables[0].margin
    # A person known to two nodes: two losses beside each other, or one of twice the sensitivity.
    assert (own.rho_regional, summed.rho_regional) == (Rho(Fraction(1, 50)), Rho(Fraction(1, 25)))


@pytest.mark.parametrize("wanted", [20, 100])
def test_an_accuracy_of_a_countrys_figure_is_kept_at_the_least_rho(wanted: int) -> None:
    asked, accuracy = plan(MATRIX.count()), parse_accuracy(f"±{wanted}")
    rho = rho_for_accuracy(asked, CHARTER, accuracy, 1, scope=Scope.PER_COUNTRY)
    found = forecast(asked, DOMAINS, CHARTER, rho, 1, scope=Scope.PER_COUNTRY)
    assert found.tables[0].margin <= wanted
    less = Rho(rho.value * Fraction(95, 100))
    missed = forecast(asked, DOMAINS, CHARTER, less, 1, scope=Scope.PER_COUNTRY)
    assert missed.tables[0].margin > wanted
