"""Standing series: what one person moves, what comes out, and how much less noise is in it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.privacy.continual import FINENESS, MOST_PERIODS, Series


def measured(series: Series, newly: list[int]) -> list[int]:
    """The y without noise."""
    r = series.coefficients
    return [sum(r[t - j] * newly[j] for j in range(t + 1)) for t in range(len(newly))]


def applied(weights: tuple[Fraction, ...], y: list[int]) -> Fraction:
    return sum((weight * one for weight, one in zip(weights, y, strict=True)), Fraction(0))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_without_noise_every_period_comes_out_as_it_is(newly: list[int]) -> None:
    series = Series(40)
    y = measured(series, newly)
    for period in range(1, len(newly) + 1):
        assert applied(series.so_far(period), y[:period]) == sum(newly[:period])
        assert applied(series.newly(period), y[:period]) == newly[period - 1]
        assert applied(series.between(0, period), y[:period]) == sum(newly[:period])


@pytest.mark.parametrize("periods", [1, 2, 12, 36])
def test_a13_one_person_moves_all_that_is_measured_by_the_sensitivity_at_most(
    periods: int,
) -> None:
    series = Series(periods)
    moves = []
    for first_counted in range(periods):
        one = [int(period == first_counted) for period in range(periods)]
        moves.append(sum(entry**2 for entry in measured(series, one)))
    assert max(moves) == series.sensitivity_squared
    # One more attempt at a period moves by no more than this, whoever is counted when.
    assert series.price_of_repeat * series.sensitivity_squared == FINENESS**2
    assert max(series.coefficients) == FINENESS
    assert series.sensitivity_squared <= periods * FINENESS**2


def test_three_years_of_months_have_a_quarter_of_the_variance_of_asking_each_month() -> None:
    """At ρ = 1/2: one release has variance 1, each of 36 that share ρ has 36."""
    series = Series(36)
    variances = [
        series.sensitivity_squared * series.variance(series.so_far(period))
        for period in range(1, 37)
    ]
    assert max(variances) < 36 / 7
    # And less than a quarter when one attempt had to be paid for again.
    assert max(variances) * (1 + series.price_of_repeat) < 36 / 5


@pytest.mark.parametrize("periods", [4, 36, MOST_PERIODS])
def test_rounding_the_square_root_costs_next_to_nothing(periods: int) -> None:
    """Beside the unrounded factorisation, whose error is (Σ (C(2k, k)/4^k)²)²."""
    exact = np.cumprod([1.0, *((2 * k - 1) / (2 * k) for k in range(1, periods))])
    series = Series(periods)
    error = series.sensitivity_squared * series.variance(series.so_far(periods))
    assert float(error) < float((exact**2).sum()) ** 2 * 1.01


def test_a_change_over_a_year_is_known_better_than_two_counts_apart() -> None:
    series = Series(36)
    change = series.variance(series.between(12, 24))
    apart = series.variance(series.so_far(12)) + series.variance(series.so_far(24))
    assert change < apart


@pytest.mark.parametrize("periods", [0, MOST_PERIODS + 1])
def test_what_is_no_series_is_refused(periods: int) -> None:
    with pytest.raises(ValueError, match="a series has"):
        Series(periods)
