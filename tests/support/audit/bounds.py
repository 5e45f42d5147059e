"""Confidence bounds that hold for every sample size, not only for large ones.

Floats are good to about 10⁻⁹ of a probability here, which is added outward.
"""

from functools import lru_cache
from math import exp, isqrt, lgamma, log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SLACK = 1e-9


@lru_cache(maxsize=8)
def _log_factorials(up_to: int) -> Floats:
    return np.array([lgamma(number + 1) for number in range(up_to + 1)])


def at_least(successes: int, tries: int, chance: float) -> float:
    """P[Binomial(tries, chance) ≥ successes]."""
    if successes <= 0:
        return 1.0
    if successes > tries or chance <= 0:
        return 0.0
    if chance >= 1:
        return 1.0
    last = tries
    if successes >= tries * chance:  # what lies 12 √tries above has a chance below e^−288
        last = min(tries, successes + 12 * isqrt(tries) + 12)
    counts = np.arange(successes, last + 1)
    factorials = _log_factorials(tries)
    logs = factorials[tries] - factorials[counts] - factorials[tries - counts]
    logs = logs + counts * log(chance) + (tries - counts) * np.log1p(-chance)
    return min(1.0, float(np.exp(logs).sum()))


def least_chance(successes: int, tries: int, error: float) -> float:
    """A lower bound on a success's chance, wrong with chance ≤ `error` (Clopper & Pearson 1934)."""
    if not successes:
        return 0.0
    low, high = 0.0, successes / tries
    for _ in range(40):
        middle = (low + high) / 2
        if at_least(successes, tries, middle) < error:
            low = middle
        else:
            high = middle
    return max(0.0, low - _SLACK)


def greatest_chance(successes: int, tries: int, error: float) -> float:
    """An upper bound on a success's chance, wrong with chance ≤ `error`."""
    return 1.0 - least_chance(tries - successes, tries, error)


def mean_within(values: Floats, weights: Floats, spread: float, error: float) -> float:
    """How far the mean of such a sample lies from the true one, on one given side.

    Maurer & Pontil 2009, "Empirical Bernstein Bounds and Sample Variance Penalization", Thm 4:
    wrong with chance ≤ `error`, for independent values in an interval of length `spread`.

    Args:
        values: those that occurred.
        weights: how often each did.
    """
    tries = float(weights.sum())
    mean = float((values * weights).sum()) / tries
    variance = float((weights * (values - mean) ** 2).sum()) / (tries - 1)
    several = log(2 / error)
    return sqrt(2 * variance * several / tries) + 7 * spread * several / (3 * (tries - 1))


def guessing_chance(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """The chance of so many right guesses in one run, were the engine (ε, δ)-private.

    Steinke, Nasr & Jagielski 2023, "Privacy Auditing with One (1) Training Run", Thm 5.2 (as
    computed in its Appendix D): each of `canaries` people is there by a coin of their own, and the
    auditor guesses `guesses` of the coins from all that was published, abstaining otherwise. No
    independence between answers is assumed: removing one person never tells much of that person.
    """
    honest = 1 / (1 + exp(-epsilon))
    counts = np.arange(right)
    factorials = _log_factorials(guesses)
    logs = factorials[guesses] - factorials[counts] - factorials[guesses - counts]
    logs = logs + counts * log(honest) - (guesses - counts) * (epsilon + np.log1p(exp(-epsilon)))
    # Mass just below `right`: of the last i counts, over i; δ may shift that much.
    below = np.cumsum(np.exp(logs)[::-1]) / np.arange(1, right + 1)
    most = float(below.max(initial=0.0))
    return min(1.0, at_least(right, guesses, honest) + 2 * canaries * delta * most)
