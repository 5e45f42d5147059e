"""Certified tables of the magnitude of a discrete Gaussian, and drawing from them.

The law is M on 0, 1, 2, … with weight 1 at 0 and sides · ρ(k) at k ≥ 1, where
ρ(k) = exp(−k²/2σ²): with two sides it is |X| of X ~ N_Z(0, σ²), with one side the block number
of the wide sampler (`discrete_gaussian`).

The table holds c[k] = ⌊2^B · P(M ≤ k)⌋, B bits wide, and each entry *is* that floor:

    ρ(k+1) = ρ(k)·r(k),  r(k+1) = r(k)·q,  r(0) = exp(−1/2σ²),  q = exp(−1/σ²)

runs in two chains of integers, one rounded down and one up, which enclose every ρ(k); beyond the
last one, T, Σ_{k>T} ρ(k) ≤ ρ(T+1)·(1 + 2σ²/(2T+3)). Where the floors of both enclosures
disagree, the table is computed again with more bits and a farther T.

Drawing is inversion. A word u of B random bits stands for a real U, uniform in [u, u+1)/2^B.
With k = #{c ≤ u}, M = k for *every* such U unless u = c[k−1] or k lies past the table. Those
draws are lengthened by 64 bits and looked up in a table that is wider by as much, until the
answer is the same for every U that is left. So the law is exact whatever B is; B only decides
how often the slow way is taken.

What leaks: which entries are touched depends on the draw, so caches may tell it to somebody who
measures on the same machine. Constant time is not claimed.
"""

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, isqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.entropy import RandomBytes, integer
from corridor.privacy.exponentials import exp_minus

Sides = Literal[1, 2]
"""How often a magnitude above 0 counts: 2 for |X|, 1 for block numbers."""

_FIRST_GUARD_BITS = 64
_MORE_BITS = 64
_LN_2_ABOVE = Fraction(694, 1000)
_WIDEST_GUIDE_BITS = 16


@lru_cache(maxsize=8)
def certified_floors(variance: Fraction, sides: Sides, word_bits: int) -> tuple[int, ...]:
    """⌊2^word_bits · P(M ≤ k)⌋ for k = 0, 1, … up to the first that is 2^word_bits − 1."""
    guard_bits = _FIRST_GUARD_BITS
    while (floors := _floors(variance, sides, word_bits, guard_bits)) is None:
        guard_bits *= 2
    return floors


def _floors(
    variance: Fraction, sides: Sides, word_bits: int, guard_bits: int
) -> tuple[int, ...] | None:
    """The same, or None where so many guard bits do not decide every floor."""
    # What is beyond `last` weighs below 2^−(word_bits + slack): the bound on it is loose, and no
    # other precision would mend that.
    slack = guard_bits // 2 + 8
    last = isqrt(ceil(2 * variance * (word_bits + slack) * _LN_2_ABOVE)) + 2
    bits = word_bits + 2 * last.bit_length() + guard_bits
    lows, highs = _enclosed_weights(variance, last + 1, bits)
    # Above k: at least the next weight, at most the theorem's bound. Summed from the far end,
    # because the small numbers decide and 1 − P(M ≤ k) keeps them.
    beyond_low = sides * lows[-1]
    beyond_high = ceil(sides * highs[-1] * _tail_factor(variance, last + 1))
    above: list[tuple[int, int]] = []
    for low, high in zip(reversed(lows[:-1]), reversed(highs[:-1]), strict=True):
        above.append((beyond_low, beyond_high))
        beyond_low += sides * low
        beyond_high += sides * high
    # Both sums went down to k = 0, which counts once.
    total_low = beyond_low - (sides - 1) * lows[0]
    total_high = beyond_high - (sides - 1) * highs[0]
    floors = []
    for low, high in reversed(above):
        missing = -((-low << word_bits) // total_high)
        if missing != -((-high << word_bits) // total_low):
            return None
        floors.append((1 << word_bits) - missing)
        if missing == 1:  # and so for every larger k
            break
    return tuple(floors)


def _tail_factor(variance: Fraction, first: int) -> Fraction:
    """How many times ρ(first) all of Σ_{k ≥ first} ρ(k) is, at most.

    ρ(first + i) ≤ ρ(first)·exp(−i·(2·first + 1)/2σ²) for i ≥ 1, a geometric series whose sum is at
    most 1 + 2σ²/(2·first + 1), since 1/(eˣ − 1) ≤ 1/x.
    """
    return 1 + 2 * variance / (2 * first + 1)


def _enclosed_weights(variance: Fraction, last: int, bits: int) -> tuple[list[int], list[int]]:
    """2^bits · ρ(k) for k = 0 … last, from below and from above."""
    ratio = exp_minus(1 / (2 * variance), bits)
    shrink = exp_minus(1 / variance, bits)
    low = high = 1 << bits
    ratio_low, ratio_high = ratio.low, ratio.high
    lows, highs = [low], [high]
    for _ in range(last):
        low = low * ratio_low >> bits
        high = -(-high * ratio_high >> bits)
        ratio_low = ratio_low * shrink.low >> bits
        ratio_high = -(-ratio_high * shrink.high >> bits)
        lows.append(low)
        highs.append(high)
    return lows, highs


@dataclass(frozen=True, slots=True, eq=False)
class MagnitudeTable:
    """One certified table, ready to draw from in bulk.

    Attributes:
        floors: c[0], c[1], …
        guide: for the leading bits of a word, the magnitude where those alone decide, else −1.
    """

    variance: Fraction
    sides: Sides
    word_bits: int
    floors: NDArray[np.uint64]
    guide: NDArray[np.int32]

    @property
    def past_the_end(self) -> int:
        """The first magnitude that a word alone never yields."""
        return len(self.floors)

    def draw(self, words: NDArray[np.uint64], random_bytes: RandomBytes) -> NDArray[np.int64]:
        """One exact magnitude for each of `words`, which are 64 random bits each.

        `random_bytes` is asked for more only where a word does not decide.
        """
        words = words >> np.uint64(64 - self.word_bits)
        guide_bits = len(self.guide).bit_length() - 1
        leading = words >> np.uint64(self.word_bits - guide_bits)
        magnitudes: NDArray[np.int64] = self.guide[leading].astype(np.int64)
        searched = np.flatnonzero(magnitudes < 0)
        words = words[searched]
        found = np.searchsorted(self.floors, words, side="right")
        # found = 0 reads the last entry here, which no word below c[0] can equal.
        unsure = (found == self.past_the_end) | (self.floors[found - 1] == words)
        for place in np.flatnonzero(unsure):
            found[place] = self._resolve(int(words[place]), random_bytes)
        magnitudes[searched] = found
        return magnitudes

    def _resolve(self, word: int, random_bytes: RandomBytes) -> int:
        """The magnitude of a word that does not decide, by appending fresh bits."""
        bits = self.word_bits
        while True:
            bits += _MORE_BITS
            word = word << _MORE_BITS | integer(_MORE_BITS, random_bytes)
            floors = certified_floors(self.variance, self.sides, bits)
            magnitude = bisect_right(floors, word)
            past_the_end = magnitude == len(floors)
            if not past_the_end and (magnitude == 0 or floors[magnitude - 1] != word):
                return magnitude


def make_table(variance: Fraction, sides: Sides, word_bits: int = 64) -> MagnitudeTable:
    """A table for words of `word_bits`; shorter ones only force the slow way, for tests."""
    floors = np.array(certified_floors(variance, sides, word_bits), dtype=np.uint64)
    guide_bits = min(word_bits, len(floors).bit_length() + 5, _WIDEST_GUIDE_BITS)
    shift = np.uint64(word_bits - guide_bits)
    leading = np.arange(1 << guide_bits, dtype=np.uint64)
    first, final = leading << shift, (leading << shift) + ((np.uint64(1) << shift) - np.uint64(1))
    below = np.searchsorted(floors, first, side="left")
    # Undecided: an entry lies among the words that begin with these bits, or none lies above.
    decided = (below == np.searchsorted(floors, final, side="right")) & (below < len(floors))
    return MagnitudeTable(
        variance=variance,
        sides=sides,
        word_bits=word_bits,
        floors=floors,
        guide=np.where(decided, below, -1).astype(np.int32),
    )
