"""Exact draws from the discrete Gaussian N_Z(0, σ²), fast enough for a million cells.

N_Z(0, σ²) gives the integer x a weight of exp(−x²/2σ²); with σ² = Δ²/(2ρ) it gives ρ-zCDP to an
integer query of sensitivity Δ (Canonne, Kamath & Steinke 2020, "The Discrete Gaussian for
Differential Privacy", Thm 14). The law is exact: integers decide everything, no float occurs, so
there is no hole for an attack on low bits to see through (Mironov 2012).

Two samplers, one law:

    NarrowSampler  σ ≤ 10⁴, any rational σ²: magnitude from a certified table (`cumulative`),
                   and an independent sign, ignored at 0
    WideSampler    whole σ² from 2¹⁶ to 2⁶⁰: |X| = q·B + r with B = 2^j between σ/32 and σ/16;
                   q from a table with weights ρ(qB), r and the sign uniform, (−, 0) rejected,
                   accepted with probability exp(−r(2qB + r)/2σ²), on average above 0.97

`sample` chooses between them; `round_up` gives the next variance that both know well. Samplers
are cached by σ². How long a draw takes does not depend on anybody's data, but it may depend on
the noise drawn (rejections, resolved words, caches); replies therefore leave on a schedule.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.cumulative import MagnitudeTable, make_table
from corridor.privacy.entropy import RandomBytes, exactly, integer, words
from corridor.privacy.exponentials import exp_minus

NARROWEST = Fraction(1, 100)
WIDE_FROM = 2**16
NARROW_UP_TO = 10**8
WIDEST = 2**60
"""The largest variance that can be drawn: r(2qB + r) stays below 2⁶³ up to here."""

SAMPLER = 1
"""Version of how draws follow from random bytes. Noise that is drawn again from a seed must come
out the same everywhere: whoever changes which bytes are read, or what is made of them, counts this
up (`tests/vectors/noise` tells)."""

FINE_STEP = Fraction(1, 1024)
"""What narrow variances are multiples of, when they come from `round_up`."""

_CHUNK = 2**15
_BLOCKS_PER_SIGMA = 16
_TABLE_INDEX_BITS = 11
_TABLE_BITS = 31
_COIN_BITS = 32
_COIN_SHIFT = 31
_ROUNDED_AWAY = 8


def round_up(variance: Fraction) -> Fraction:
    """The smallest variance ≥ `variance` on the grid: 1/1024 below 2¹⁶, whole numbers above.

    More noise than promised is always safe, and this is at most 0.05 % more for a share of
    distributed noise.
    """
    if variance >= WIDE_FROM:
        return Fraction(ceil(variance))
    return ceil(variance / FINE_STEP) * FINE_STEP


def sample(variance: Fraction, count: int, random_bytes: RandomBytes) -> NDArray[np.int64]:
    """`count` independent draws from N_Z(0, variance), by as many random bytes as that takes.

    Args:
        variance: σ², the distribution's parameter; rational up to 10⁸, whole up to 2⁶⁰.
        count: how many draws, ≥ 0.
        random_bytes: gives so many uniform, independent bytes, fit for secrets.

    Raises:
        ValueError: the variance is out of reach, or a fraction above 10⁸ (`round_up` helps);
            nothing was drawn. Or the source gave fewer bytes than asked; nothing is returned.
    """
    if type(variance) is not Fraction or not NARROWEST <= variance <= WIDEST:
        raise ValueError(f"a variance must be a Fraction from 1/100 to 2⁶⁰, not {variance!r}")
    if count < 0:
        raise ValueError(f"cannot draw {count} times")
    sampler = _sampler(variance)
    drawn = np.empty(count, dtype=np.int64)
    filled = 0
    while filled < count:
        some = sampler.draw_some(min(_CHUNK, count - filled), random_bytes)
        drawn[filled : filled + len(some)] = some
        filled += len(some)
    return drawn


@dataclass(frozen=True, slots=True, eq=False)
class NarrowSampler:
    """Inversion of a certified table."""

    table: MagnitudeTable

    def draw_some(self, at_most: int, random_bytes: RandomBytes) -> NDArray[np.int64]:
        """`at_most` draws."""
        magnitudes = self.table.draw(words(at_most, random_bytes), random_bytes)
        packed = np.frombuffer(exactly((at_most + 7) // 8, random_bytes), dtype=np.uint8)
        negative = np.unpackbits(packed, count=at_most).astype(np.int64)
        return (magnitudes ^ -negative) + negative


@dataclass(frozen=True, slots=True, eq=False)
class WideSampler:
    """Block proposal with an exact acceptance.

    The acceptance's exponent n/2σ², n = r(2qB + r), is split at the bits of n: two tables give
    ⌊2³¹·exp(−·)⌋ of its leading and its middle bits, and the few bits below are ignored. The
    product P, at scale 2³², is then wrong by less than 8 upwards (three roundings) and by less
    than `ignored` downwards. A 32-bit coin outside that band decides; inside it the exact
    exponential is enclosed ever more closely, and the coin lengthened, until they separate.

    Attributes:
        blocks: table of the block number q, one-sided, of variance σ²/B².
        block_bits: j, B = 2^j.
        middle_bits: how many bits of n lie below the middle ones, and are ignored.
        coin_bits: 32; fewer only force the slow way, for tests.
    """

    variance: int
    blocks: MagnitudeTable
    block_bits: int
    middle_bits: int
    leading: NDArray[np.uint64]
    middle: NDArray[np.uint64]
    ignored: int
    coin_bits: int

    def draw_some(self, at_most: int, random_bytes: RandomBytes) -> NDArray[np.int64]:
        """Up to `at_most` draws; proposals that are rejected are missing."""
        proposals = at_most + at_most // 32 + 8
        quotient = self.blocks.draw(words(proposals, random_bytes), random_bytes)
        # One more word is a sign (1 bit), a coin (32), and the remainder (≤ 26) at its end.
        spare = words(proposals, random_bytes)
        remainder = (spare & np.uint64((1 << self.block_bits) - 1)).astype(np.int64)
        coins = (spare >> np.uint64(_COIN_SHIFT)) & np.uint64((1 << _COIN_BITS) - 1)
        negative = (spare >> np.uint64(63)).astype(np.int64)
        accepted = self._accept(quotient, remainder, coins, random_bytes)
        magnitudes = (quotient << self.block_bits) + remainder
        accepted &= (magnitudes | (negative ^ 1)) != 0
        return ((magnitudes ^ -negative) + negative)[accepted][:at_most]

    def _accept(
        self,
        quotient: NDArray[np.int64],
        remainder: NDArray[np.int64],
        coins: NDArray[np.uint64],
        random_bytes: RandomBytes,
    ) -> NDArray[np.bool_]:
        """Whether each proposal is accepted: probability exp(−r(2qB + r)/2σ²), exactly."""
        # A block past the table (resolved, once in an age) would overflow: it is exact work.
        far = quotient >= self.blocks.past_the_end
        low, high = self._band(np.where(far, 0, quotient), remainder)
        shortened = np.uint64(_COIN_BITS - self.coin_bits)
        coins = coins >> shortened
        accepted: NDArray[np.bool_] = ~far & (coins < low >> shortened)
        refused = ~far & (coins > high >> shortened)
        for place in np.flatnonzero(~accepted & ~refused):
            r = int(remainder[place])
            exponent = Fraction(
                r * ((int(quotient[place]) << self.block_bits + 1) + r), 2 * self.variance
            )
            accepted[place] = _flip(exponent, int(coins[place]), self.coin_bits, random_bytes)
        return accepted

    def _band(
        self, quotient: NDArray[np.int64], remainder: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Whole numbers below and above 2³² times the probability of being accepted."""
        doubled = (quotient << (self.block_bits + 1)) + remainder
        exponents = (remainder * doubled).astype(np.uint64) >> np.uint64(self.middle_bits)
        product = (
            self.leading[exponents >> np.uint64(_TABLE_INDEX_BITS)]
            * self.middle[exponents & np.uint64((1 << _TABLE_INDEX_BITS) - 1)]
        ) >> np.uint64(2 * _TABLE_BITS - _COIN_BITS)
        ignored = np.uint64(self.ignored)
        return np.maximum(product, ignored) - ignored, product + np.uint64(_ROUNDED_AWAY)


def _flip(exponent: Fraction, coin: int, bits: int, random_bytes: RandomBytes) -> bool:
    """Whether a uniform real that begins with the `bits` of `coin` is below exp(−exponent)."""
    while True:
        bound = exp_minus(exponent, bits)
        if coin < bound.low:
            return True
        if coin >= bound.high:
            return False
        coin = coin << 64 | integer(64, random_bytes)
        bits += 64


def make_narrow_sampler(variance: Fraction, word_bits: int = 64) -> NarrowSampler:
    """A sampler for any rational variance from 1/100 to 10⁸."""
    return NarrowSampler(make_table(variance, 2, word_bits))


def make_wide_sampler(variance: int, word_bits: int = 64, coin_bits: int = 32) -> WideSampler:
    """A sampler for a whole variance from 2¹⁶ to 2⁶⁰."""
    block_bits = (isqrt(variance) // _BLOCKS_PER_SIGMA).bit_length() - 1
    block = 1 << block_bits
    blocks = make_table(Fraction(variance, block * block), 1, word_bits)
    largest = (block - 1) * (2 * block * (blocks.past_the_end - 1) + block - 1)
    if largest >= 2**63:
        raise ValueError(f"a variance of {variance} is too wide for 64-bit arithmetic")
    middle_bits = max(0, largest.bit_length() - 2 * _TABLE_INDEX_BITS)
    return WideSampler(
        variance=variance,
        blocks=blocks,
        block_bits=block_bits,
        middle_bits=middle_bits,
        leading=_exponentials(variance, middle_bits + _TABLE_INDEX_BITS),
        middle=_exponentials(variance, middle_bits),
        # exp(−y) ≥ 1 − y, and the ignored part of n is at most 2^middle_bits − 1.
        ignored=-(-(((1 << middle_bits) - 1) << _COIN_BITS) // (2 * variance)),
        coin_bits=coin_bits,
    )


def _exponentials(variance: int, shift: int) -> NDArray[np.uint64]:
    """For i = 0 … 2047 a whole number at most 2³¹·exp(−i·2^shift/2σ²), short of it by < 1.01."""
    entries = [
        exp_minus(Fraction(index << shift, 2 * variance), _TABLE_BITS + 32).low >> 32
        for index in range(1 << _TABLE_INDEX_BITS)
    ]
    return np.array(entries, dtype=np.uint64)


@lru_cache(maxsize=32)
def _sampler(variance: Fraction) -> NarrowSampler | WideSampler:
    """The sampler for a variance; a wide one wherever possible, its table is smaller."""
    if variance.denominator == 1 and variance >= WIDE_FROM:
        return make_wide_sampler(variance.numerator)
    if variance > NARROW_UP_TO:
        raise ValueError(f"a variance above 10⁸ must be whole, not {variance}; round it up")
    return make_narrow_sampler(variance)
