"""Draws follow N_Z(0, σ²). Each test here raises a false alarm with chance ≤ 10⁻⁹.

The source is seeded, so a result repeats; the twins show that the tests can fail.
"""

from fractions import Fraction
from math import ceil, sqrt
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import (
    WIDE_FROM,
    make_narrow_sampler,
    make_wide_sampler,
    sample,
)
from support.noise_laws import FALSE_ALARM, chi_squared, discrete_gaussian, distance, dkw_margin

pytestmark = pytest.mark.statistical

DRAWS = 1_000_000


def drawn(variance: Fraction, draws: int = DRAWS) -> NDArray[np.int64]:
    return sample(variance, draws, Random(20250101).randbytes)


def claimed(variance: Fraction) -> NDArray[np.float64]:
    return discrete_gaussian(variance, ceil(9 * sqrt(variance)) + 2)


@pytest.mark.parametrize(
    "variance",
    [
        Fraction(1, 3),
        Fraction(9, 2),
        Fraction(25),
        Fraction(3414, 1024),
        Fraction(WIDE_FROM) - Fraction(1, 1024),
        Fraction(WIDE_FROM),
        Fraction(10**8),
        Fraction(10**12),
    ],
    ids=str,
)
def test_a1_draws_follow_the_discrete_gaussian(variance: Fraction) -> None:
    assert distance(drawn(variance), claimed(variance)) < dkw_margin(DRAWS)


@pytest.mark.parametrize("variance", [Fraction(25), Fraction(10**8)], ids=str)
def test_the_test_would_notice_a_fifth_less_noise(variance: Fraction) -> None:
    assert distance(drawn(variance * Fraction(4, 5)), claimed(variance)) > dkw_margin(DRAWS)


@pytest.mark.parametrize("variance", [Fraction(25), Fraction(10**8)], ids=str)
def test_the_test_would_notice_half_the_noise(variance: Fraction) -> None:
    assert distance(drawn(variance / 2), claimed(variance)) > 5 * dkw_margin(DRAWS)


@pytest.mark.parametrize("variance", [Fraction(100), Fraction(WIDE_FROM)], ids=str)
def test_a1_each_single_value_is_as_frequent_as_it_should_be(variance: Fraction) -> None:
    statistic, limit = chi_squared(drawn(variance, 10_000_000), claimed(variance))
    assert statistic < limit


def test_the_single_values_would_show_a_zero_drawn_twice() -> None:
    """(−, 0) not rejected: 0 is twice as frequent, in one value out of two thousand."""
    draws = drawn(Fraction(WIDE_FROM), 10_000_000).copy()
    zeros = int((draws == 0).sum())
    draws[:zeros] = 0
    statistic, limit = chi_squared(draws, claimed(Fraction(WIDE_FROM)))
    assert statistic > limit


def test_a1_very_wide_draws_follow_the_normal_law_and_use_every_low_bit() -> None:
    variance = Fraction(2**60)
    draws = drawn(variance)
    # At this width the discrete law is the normal one to within 10⁻⁹ everywhere.
    coarse = claimed(Fraction(2**20))
    assert distance((draws + 2**19) >> 20, coarse) < dkw_margin(DRAWS)
    ones = np.unpackbits((draws & 0xFFFF).astype("<u2").view(np.uint8)).reshape(-1, 16).mean(axis=0)
    assert np.abs(ones - 0.5).max() < sqrt(np.log(2 * 16 / FALSE_ALARM) / (2 * DRAWS))


@pytest.mark.parametrize("word_bits", [8, 12, 16])
@pytest.mark.parametrize("variance", [Fraction(1, 3), Fraction(30), Fraction(900)], ids=str)
def test_a1_short_words_that_force_the_resolver_change_nothing(
    variance: Fraction, word_bits: int
) -> None:
    sampler = make_narrow_sampler(variance, word_bits)
    draws = sampler.draw_some(50_000, Random(20250102).randbytes)
    assert distance(draws, claimed(variance)) < dkw_margin(50_000)


@pytest.mark.parametrize(("word_bits", "coin_bits"), [(8, 8), (12, 32), (64, 2), (64, 12)])
def test_a1_short_coins_that_force_the_exact_decision_change_nothing(
    word_bits: int, coin_bits: int
) -> None:
    sampler = make_wide_sampler(WIDE_FROM, word_bits, coin_bits)
    draws = sampler.draw_some(50_000, Random(20250103).randbytes)
    assert len(draws) == 50_000
    assert distance(draws, claimed(Fraction(WIDE_FROM))) < dkw_margin(50_000)


def test_short_words_without_the_resolver_would_be_noticed() -> None:
    """The 8-bit table alone: nothing past the last entry, each entry off by up to 1/256."""
    sampler, draws = make_narrow_sampler(Fraction(30), 8), 500_000
    source = Random(20250102)
    words = np.frombuffer(source.randbytes(draws), dtype=np.uint8).astype(np.uint64)
    magnitudes = np.searchsorted(sampler.table.floors, words, side="right")
    signs = np.frombuffer(source.randbytes(draws), dtype=np.uint8) % 2
    statistic, limit = chi_squared(
        np.where(signs == 1, magnitudes, -magnitudes), claimed(Fraction(30))
    )
    assert statistic > limit


def test_successive_draws_are_uncorrelated() -> None:
    """Of ±1 signs of neighbouring draws; Hoeffding over disjoint pairs."""
    draws = drawn(Fraction(10**8))
    products = np.sign(draws[0::2]) * np.sign(draws[1::2])
    assert abs(products.mean()) < sqrt(2 * np.log(2 / FALSE_ALARM) / len(products))
