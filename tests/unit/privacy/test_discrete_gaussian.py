import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.privacy import discrete_gaussian
from corridor.privacy.discrete_gaussian import (
    FINE_STEP,
    NARROW_UP_TO,
    WIDE_FROM,
    WIDEST,
    _flip,
    make_wide_sampler,
    round_up,
    sample,
)
from corridor.privacy.exponentials import exp_minus

VARIANCES = [
    Fraction(1, 3),
    Fraction(100),
    Fraction(WIDE_FROM),
    Fraction(10**8) - Fraction(1, 3),
    Fraction(10**16),
    Fraction(WIDEST),
]


@pytest.mark.parametrize("variance", VARIANCES, ids=str)
def test_the_same_bytes_give_the_same_noise(variance: Fraction) -> None:
    first = sample(variance, 1000, Random(5).randbytes)
    assert first.dtype == np.int64
    assert (first == sample(variance, 1000, Random(5).randbytes)).all()
    assert (first != sample(variance, 1000, Random(6).randbytes)).any()


@pytest.mark.parametrize("variance", VARIANCES, ids=str)
@pytest.mark.parametrize("count", [0, 1, 7, 2**15 + 1])
def test_as_many_draws_as_asked(variance: Fraction, count: int) -> None:
    assert sample(variance, count, Random(1).randbytes).shape == (count,)


def test_neighbouring_chunks_do_not_repeat() -> None:
    drawn = sample(Fraction(10**10), 2**16, Random(1).randbytes)
    assert (drawn[: 2**15] != drawn[2**15 :]).mean() > 0.99


@pytest.mark.parametrize(
    "variance",
    [Fraction(0), Fraction(-1), Fraction(1, 101), Fraction(WIDEST + 1), 25, 25.0, None],
    ids=str,
)
def test_a8_no_bound_and_no_variance_never_mean_no_noise(variance: Fraction) -> None:
    sample(Fraction(25), 1, Random(1).randbytes)  # whose sampler is kept; 25.0 must not find it
    with pytest.raises(ValueError, match="a variance must be a Fraction"):
        sample(variance, 1, Random(1).randbytes)


def test_a_wide_fraction_must_be_rounded_first() -> None:
    variance = NARROW_UP_TO + Fraction(1, 3)
    with pytest.raises(ValueError, match="round it up"):
        sample(variance, 1, Random(1).randbytes)
    assert sample(round_up(variance), 1, Random(1).randbytes).shape == (1,)


@pytest.mark.parametrize("variance", [Fraction(100), Fraction(10**10)], ids=str)
def test_a_source_that_runs_dry_does_not_pass_for_noise(variance: Fraction) -> None:
    with pytest.raises(ValueError, match="source of randomness gave"):
        sample(variance, 10, lambda size: bytes(size - 1))


@given(st.fractions(min_value=Fraction(1, 100), max_value=10**9))
def test_rounding_up_never_takes_noise_away_and_adds_little(variance: Fraction) -> None:
    rounded = round_up(variance)
    assert variance <= rounded < variance + (1 if variance >= WIDE_FROM else FINE_STEP)
    assert round_up(rounded) == rounded


def test_sides_of_the_wide_sampler_are_even_and_zero_counts_once() -> None:
    sampler = make_wide_sampler(WIDE_FROM)
    block = 1 << sampler.block_bits
    assert 16 <= math.isqrt(WIDE_FROM) // block <= 32
    # (−, 0) is rejected whatever the coin: sign bit set, remainder 0, block 0.
    rejected = iter([bytes(8 * 9), (1 << 63).to_bytes(8, "little") * 9])
    assert sampler.draw_some(1, lambda _: next(rejected)).tolist() == []
    kept = iter([bytes(8 * 9), bytes(8 * 9)])
    assert sampler.draw_some(1, lambda _: next(kept)).tolist() == [0]


@pytest.mark.parametrize("variance", [WIDE_FROM, 10**8 + 7, 10**16 + 1, WIDEST])
def test_the_acceptance_band_contains_the_true_probability_and_is_narrow(variance: int) -> None:
    sampler = make_wide_sampler(variance)
    source, count = Random(20250104), 1000
    block = 1 << sampler.block_bits
    quotient = np.array([source.randrange(sampler.blocks.past_the_end) for _ in range(count)])
    remainder = np.array([source.randrange(block) for _ in range(count)])
    low, high = sampler._band(quotient, remainder)
    for q, r, below, above in zip(quotient, remainder, low, high, strict=True):
        exponent = Fraction(int(r) * (2 * int(q) * block + int(r)), 2 * variance)
        true = exp_minus(exponent, 64)
        assert int(below) <= true.low / 2**32
        assert true.high / 2**32 <= int(above)
    assert int((high - low).max()) <= 1500  # of 2³²: the slow way is taken once in a million draws


@pytest.mark.parametrize(("tail", "answer"), [(bytes(8), True), (b"\xff" * 8, False)])
def test_a_coin_inside_the_band_is_lengthened_until_it_decides(tail: bytes, answer: bool) -> None:
    # 2⁸·exp(−1/10) = 231.6…: a coin of 8 bits that shows 231 says nothing yet.
    def draw(size: int) -> bytes:
        assert size == 8
        return tail

    def no_more(size: int) -> bytes:
        raise AssertionError("a coin outside the band decides alone")

    assert _flip(Fraction(1, 10), 231, 8, draw) is answer
    assert _flip(Fraction(1, 10), 230, 8, no_more)
    assert not _flip(Fraction(1, 10), 232, 8, no_more)


def test_a_short_coin_that_begins_like_the_probability_is_lengthened() -> None:
    sampler = make_wide_sampler(WIDE_FROM, coin_bits=2)
    asked: list[int] = []

    def ones(size: int) -> bytes:
        asked.append(size)
        return b"\xff" * size

    # About 0.94: the two bits of ¾ do not decide, and ones after them are above it.
    quotient, remainder = np.array([16]), np.array([15])
    assert not sampler._accept(quotient, remainder, np.array([3 << 30], dtype=np.uint64), ones)[0]
    assert asked == [8]
    assert sampler._accept(quotient, remainder, np.array([2 << 30], dtype=np.uint64), ones)[0]
    assert asked == [8]


def test_a_proposal_past_the_block_table_is_decided_exactly() -> None:
    sampler = make_wide_sampler(WIDEST)
    beyond = np.array([sampler.blocks.past_the_end + 10**6])
    remainder = np.array([(1 << sampler.block_bits) - 1])
    refused = sampler._accept(beyond, remainder, np.array([2**31], dtype=np.uint64), bytes)
    # r(2qB + r)/2σ² is some thousands here; in 64-bit arithmetic it would have wrapped.
    assert refused.tolist() == [False]
    accepted = sampler._accept(beyond, 0 * remainder, np.array([2**31], dtype=np.uint64), bytes)
    assert accepted.tolist() == [True]


def test_samplers_are_kept_for_their_variance() -> None:
    sample(Fraction(123), 1, Random(1).randbytes)
    before = discrete_gaussian._sampler.cache_info()
    sample(Fraction(123), 1, Random(1).randbytes)
    after = discrete_gaussian._sampler.cache_info()
    assert after.hits == before.hits + 1
    assert after.maxsize is not None
