import math
from fractions import Fraction
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.privacy import InvalidMarginError
from corridor.privacy.accuracy import (
    central_variance,
    margin_95,
    readable_rho,
    rho_for_margin,
    rho_for_variance,
    shared_margin_95,
    variance_for_margin,
)
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.normal import NORMAL_95, quantile_above
from corridor.privacy.rho import Rho
from support.noise_laws import discrete_gaussian, sum_of_shares

margins = st.integers(1, 10**6).map(lambda hundredths: Fraction(hundredths, 100))


def test_the_quantile_is_rounded_outward() -> None:
    assert 0 < NORMAL_95 - Fraction(NormalDist().inv_cdf(0.975)) < Fraction(1, 10**6)


@pytest.mark.parametrize(
    ("variance", "step", "margin"),
    [
        (Fraction(100), None, Fraction("19.60")),
        (Fraction(100), Fraction(1), Fraction(20)),
        (Fraction(100), Fraction(1, 2), Fraction("19.5")),
        (Fraction(10**8), Fraction(1), Fraction(19600)),
        (Fraction(1, 10**4), None, Fraction("0.0196")),
        (Fraction(0), None, Fraction(0)),
        (Fraction(0), Fraction(1), Fraction(0)),
    ],
    ids=str,
)
def test_margins_in_numbers(variance: Fraction, step: Fraction | None, margin: Fraction) -> None:
    assert margin_95(variance, step) == margin


@given(st.fractions(min_value=0, max_value=10**9))
def test_a_margin_is_never_below_its_half_width_and_hardly_above(variance: Fraction) -> None:
    half_width = NormalDist().inv_cdf(0.975) * math.sqrt(variance)
    margin = float(margin_95(variance))
    assert half_width * (1 - 1e-9) <= margin
    assert margin <= half_width * (1 + 1e-6) + max(0.01 * min(1, half_width), 1e-30)


@pytest.mark.parametrize("tenths", range(1, 300, 7))
def test_a_margin_in_steps_covers_95_per_cent_and_the_next_smaller_does_not(tenths: int) -> None:
    variance = Fraction(tenths, 10) ** 2
    margin = int(margin_95(variance, Fraction(1)))
    law = discrete_gaussian(variance, 400)
    assert law[400 - margin : 401 + margin].sum() >= 0.95
    if margin:
        assert law[401 - margin : 400 + margin].sum() < 0.956


@pytest.mark.parametrize("survivors", [3, 5, 9])
@pytest.mark.parametrize("rho", [Fraction(1, 50), Fraction(1, 10), Fraction(1)], ids=str)
def test_the_margin_of_shared_noise_covers_95_per_cent(rho: Fraction, survivors: int) -> None:
    noise = plan_shared_noise(Rho(rho), 1, 3600, 3)
    law = sum_of_shares(noise.share_variance, survivors, 400)
    margin = shared_margin_95(noise, survivors) / noise.step
    assert margin.denominator == 1
    assert 0.95 <= law[400 - int(margin) : 401 + int(margin)].sum() < 0.98


@given(margins)
def test_the_variance_for_a_margin_gives_that_margin_back(margin: Fraction) -> None:
    variance = variance_for_margin(margin)
    assert margin_95(variance) <= margin
    assert margin_95(variance * Fraction(10**9 + 1, 10**9)) > margin - Fraction(1, 10**6)


@settings(deadline=None)
@given(
    margins,
    st.integers(1, 10**4),
    st.integers(1, 2**22),
    st.sets(st.integers(1, 60), min_size=1, max_size=3),
    st.integers(0, 40),
)
def test_the_rho_for_a_margin_meets_it_and_a_digit_less_does_not(
    margin: Fraction, sensitivity_squared: int, cells: int, counts: set[int], more: int
) -> None:
    survivors = max(counts) + more
    *with_fewer, honest = sorted(counts, reverse=True)
    rho = rho_for_margin(
        margin, sensitivity_squared, cells, honest, survivors, with_fewer_dropouts=with_fewer
    )

    def stated(rho: Rho) -> Fraction:
        noise = plan_shared_noise(rho, sensitivity_squared, cells, honest, with_fewer)
        return shared_margin_95(noise.keeping(1), survivors)

    assert stated(rho) <= margin
    assert stated(one_digit_less(rho)) > margin


def one_digit_less(rho: Rho) -> Rho:
    power = Fraction(10) ** (math.floor(math.log10(rho.value) + 1e-12) - 2)
    return Rho(rho.value - (power if rho.value > 100 * power else power / 10))


@settings(deadline=None)
@given(
    st.integers(1, 10**6),
    st.integers(1, 10**4),
    st.integers(1, 60),
    st.integers(0, 40),
)
def test_the_rho_for_a_variance_meets_it_and_a_digit_less_does_not(
    tenths: int, sensitivity_squared: int, honest: int, more: int
) -> None:
    allowed, survivors = Fraction(tenths, 10), honest + more
    rho = rho_for_variance(allowed, sensitivity_squared, 100, honest, survivors)

    def added(rho: Rho) -> Fraction:
        noise = plan_shared_noise(rho, sensitivity_squared, 100, honest)
        return noise.summed_variance(survivors)

    assert added(rho) <= allowed
    assert added(one_digit_less(rho)) > allowed


@pytest.mark.parametrize("level", [90, 95, 99])
@pytest.mark.parametrize("cells", [1, 1000, 1 << 22])
def test_quantiles_of_other_levels_are_rounded_outward(level: int, cells: int) -> None:
    outside = Fraction(100 - level, 100) / cells
    exact = NormalDist().inv_cdf(1 - float(outside) / 2)
    assert 0 <= float(quantile_above(outside)) - exact < 2e-6


def test_the_quantile_of_95_per_cent_is_the_one_that_margins_are_made_with() -> None:
    assert quantile_above(Fraction(1, 20)) == NORMAL_95
    with pytest.raises(ValueError, match="no quantile"):
        quantile_above(Fraction(2, 3))


@pytest.mark.parametrize("shares", [1, 2, 5])
@pytest.mark.parametrize("variance", [Fraction(7, 3), Fraction(20)], ids=str)
def test_the_tail_of_a_sum_of_shares_is_below_the_theorem_s(
    variance: Fraction, shares: int
) -> None:
    law = sum_of_shares(variance, shares, 400)
    sigma = math.sqrt(shares * variance)
    for margin in range(math.ceil(sigma - 0.5), math.ceil(6 * sigma)):
        outside = 1 - law[400 - margin : 401 + margin].sum()
        bound = math.erfc((margin + 0.5) / sigma / math.sqrt(2))
        assert outside <= bound * (1 + 1e-8) + 1e-13
        # The twin: without the half step the bound would be a lie a little further in.
        inner = math.erfc((margin + 1.5) / sigma / math.sqrt(2))
        assert outside > inner - 1e-13


@given(st.integers(-9000, 9000))
def test_amounts_of_three_digits_follow_each_other(index: int) -> None:
    rho, following = readable_rho(index).value, readable_rho(index + 1).value
    assert Fraction(1001, 1000) <= following / rho <= Fraction(101, 100)
    assert readable_rho(index + 900).value == 10 * rho


def test_readable_amounts_begin_at_one() -> None:
    assert readable_rho(0).value == 1
    assert readable_rho(-900).value == Fraction(1, 10)
    assert readable_rho(-899).value == Fraction(101, 1000)


def test_twenty_either_way_in_numbers() -> None:
    """±20 in whole numbers with Δ² = 3, six honest of nine shares: 1.96·σ ≤ 20½, σ² ≤ 109.4."""
    rho = rho_for_margin(Fraction(20), 3, 3600, 6, 9)
    assert rho == Rho(Fraction(206, 10_000))
    assert central_variance(rho, 3) == Fraction(15_000, 206)


@pytest.mark.parametrize("margin", [Fraction(0), Fraction(-5)], ids=str)
def test_an_accuracy_that_is_not_positive_is_refused(margin: Fraction) -> None:
    with pytest.raises(InvalidMarginError, match="above 0") as refusal:
        rho_for_margin(margin, 1, 1, 1, 1)
    assert refusal.value.code == "privacy.invalid_margin"
