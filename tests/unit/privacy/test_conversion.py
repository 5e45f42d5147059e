import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.privacy import InvalidDeltaError
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho

DELTA = Fraction(1, 10**6)


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
