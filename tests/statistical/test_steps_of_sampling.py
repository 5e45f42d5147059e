"""How many steps a draw takes says nothing of what was drawn (Jin et al. 2022).

Steps are counted as bytes of randomness: rejected proposals and lengthened words draw more of
them. A clock would measure this machine's other work. What this cannot see are differences within
one step, in caches and branch predictors: none are claimed away.

Each claim here raises a false alarm with chance ≤ 10⁻⁹; the source is seeded, so a result repeats.
"""

from collections.abc import Callable
from fractions import Fraction
from math import exp
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.entropy import RandomBytes, integer

pytestmark = pytest.mark.statistical

SIX_SIGMA = 6.2
"""|r|·√n of two unrelated series of length n exceeds it with chance below 10⁻⁹."""

Drawing = Callable[[RandomBytes], NDArray[np.int64]]


def runs(draw: Drawing, times: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each run: the bytes it took, and the mean magnitude that it gave."""
    source, taken, magnitudes = Random(20250104), [], []
    for _ in range(times):
        asked: list[int] = []

        def counted(size: int, asked: list[int] = asked) -> bytes:
            asked.append(size)
            return source.randbytes(size)

        magnitudes.append(np.abs(draw(counted)).mean())
        taken.append(sum(asked))
    return np.array(taken, np.float64), np.array(magnitudes, np.float64)


def told(taken: NDArray[np.float64], magnitudes: NDArray[np.float64]) -> float:
    """How far the two go together, in standard deviations of what chance gives."""
    return float(abs(np.corrcoef(taken, magnitudes)[0, 1]) * len(taken) ** 0.5)


@pytest.mark.parametrize("variance", [Fraction(1, 3), Fraction(50), Fraction(10**4)], ids=str)
def test_a4_narrow_draws_take_the_same_steps_whatever_comes(variance: Fraction) -> None:
    taken, _ = runs(lambda source: sample(variance, 100, source), 1_000)
    assert set(taken) == {100 * 8 + 13}  # a word for each magnitude, a bit for each sign


@pytest.mark.slow
def test_a4_steps_of_wide_draws_say_nothing_of_the_noise() -> None:
    """How many proposals are rejected is chance: those that were accepted are unrelated to it."""
    taken, magnitudes = runs(lambda source: sample(Fraction(2**16), 1_500, source), 10_000)
    assert (taken > taken.min()).sum() >= 20  # it seldom is one proposal short: then a round more
    assert told(taken, magnitudes) < SIX_SIGMA


def test_a4_very_wide_draws_take_the_same_steps_as_good_as_ever() -> None:
    taken, _ = runs(lambda source: sample(Fraction(10**12), 1_500, source), 1_000)
    assert len(set(taken)) == 1


def test_a4_a_sampler_that_counts_its_way_up_would_be_noticed() -> None:
    """The usual textbook loop: one more coin for every step away from zero."""
    scale = 8

    def counting(source: RandomBytes) -> NDArray[np.int64]:
        drawn = np.zeros(20, np.int64)
        for place in range(len(drawn)):
            while integer(32, source) < exp(-1 / scale) * 2**32:
                drawn[place] += 1
        return drawn

    assert told(*runs(counting, 500)) > 2 * SIX_SIGMA
