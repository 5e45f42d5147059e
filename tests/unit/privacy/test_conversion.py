import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.privacy import InvalidDeltaError
from corridor.privacy.conversion import epsilon, odds
from corridor.privacy.rho import Rho

DELTA = Fraction(1, 10**6)

DP_ACCOUNTING = json.loads(
    (Path(__file__).parents[2] / "vectors/conversion/dp_accounting.json").read_text()
)
"""What another library says; `make_dp_accounting.py` beside it wrote it down."""


def best_epsilon(rho: float, delta: float) -> float:
    """The smallest ε over Rényi orders α, on a fine grid that is refined twice.

    ε(α) = ρα + (ln(1/(αδ)))/(α − 1) + ln(1 − 1/α), Canonne, Kamath & Steinke 2020, section 2.3.
    """

    def at(log_order: float) -> float:
        order = 1 + math.exp(log_order)
        return rho * order - math.log(order * delta) / (order - 1) + math.log1p(-1 / order)

    low, high, best = -20.0, 40.0, 0.0
    for _ in range(4):
        points = [low + (high - low) * i / 2000 for i in range(2001)]
        best = min(points, key=at)
        low, high = best - (high - low) / 1000, best + (high - low) / 1000
    return max(0.0, at(best))


@pytest.mark.parametrize(
    ("rho", "expected"),
    [
        (Fraction(1, 100), 0.62169265),
        (Fraction(1, 10), 2.14193893),
        (Fraction(1), 7.76621663),
    ],
    ids=str,
)
def test_epsilon_is_the_published_optimum(rho: Fraction, expected: float) -> None:
    assert epsilon(Rho(rho), DELTA) == pytest.approx(expected, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(
    st.fractions(min_value=Fraction(1, 10**5), max_value=100).filter(bool),
    st.sampled_from([Fraction(1, 10**4), DELTA, Fraction(1, 3 * 10**9)]),
)
def test_epsilon_is_an_upper_bound_and_close_to_the_best(rho: Fraction, delta: Fraction) -> None:
    best = best_epsilon(float(rho), float(delta))
    assert best * (1 - 1e-9) <= epsilon(Rho(rho), delta) <= best * (1 + 1e-6) + 1e-9


def test_epsilon_of_no_loss_is_nothing() -> None:
    assert epsilon(Rho(Fraction(0)), DELTA) == 0


def test_a_loss_beyond_all_protection_still_has_a_finite_epsilon() -> None:
    rho = 10**4
    classic = rho + 2 * math.sqrt(rho * math.log(10**6))
    assert classic <= epsilon(Rho(Fraction(rho)), DELTA) <= classic * 1.01


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1), Fraction(-1, 2)], ids=str)
def test_a_delta_that_is_no_small_probability_is_refused(delta: Fraction) -> None:
    with pytest.raises(InvalidDeltaError, match="strictly between 0 and 1") as refusal:
        epsilon(Rho(Fraction(1)), delta)
    assert refusal.value.code == "privacy.invalid_delta"


@pytest.mark.parametrize(
    ("rho", "delta", "theirs"),
    [(one["rho"], one["delta"], one["epsilon"]) for one in DP_ACCOUNTING["renyi"]],
)
def test_dp_accounting_converts_a_loss_to_the_same_epsilon(
    rho: str, delta: str, theirs: float
) -> None:
    """Theirs is over a list of orders and therefore a little above the smallest."""
    ours = epsilon(Rho(Fraction(rho)), Fraction(delta))
    assert theirs * (1 - 1e-3) <= ours <= theirs * (1 + 1e-9)


@pytest.mark.parametrize(
    ("variance", "count", "delta", "exact"),
    [
        (one["variance"], one["count"], one["delta"], one["epsilon"])
        for one in DP_ACCOUNTING["exact"]
    ],
)
def test_a_sum_of_losses_is_never_shown_below_what_the_mechanisms_exactly_lose(
    variance: int, count: int, delta: str, exact: float
) -> None:
    """Composed as a ledger does, by adding ρ, and compared with the exact privacy loss."""
    spent = sum((Rho(Fraction(1, 2 * variance)) for _ in range(count)), Rho(Fraction(0)))
    ours = epsilon(spent, Fraction(delta))
    # Above the exact figure, by no more than the conversion is known to lose.
    assert exact < ours < 1.15 * exact
    assert epsilon(Rho(spent.value * Fraction(3, 4)), Fraction(delta)) < exact


def test_odds_change_by_no_more_than_the_page_for_officials_says() -> None:
    assert odds(Rho(Fraction(0)), DELTA) == 1
    for rho, most in ((Fraction(1, 100), 2.2), (Fraction(1, 10), 12), (Fraction(1), 4601)):
        exactly = math.exp(rho + 2 * math.sqrt(rho * math.log(10**6)))
        assert exactly <= odds(Rho(rho), DELTA) <= 1.04 * exactly
        assert exactly <= most
    assert odds(Rho(Fraction(10**6)), DELTA) == math.inf
