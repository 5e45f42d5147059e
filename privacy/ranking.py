"""Which cells are the largest, when each of them is noisy.

**Ranks with 95 %, all of them at once** (Klein, Wright & Wieczorek 2020, "A Joint Confidence
Region for an Overall Ranking of Populations", used by the US Census Bureau). Let every cell have
an interval such that all true values lie in theirs at once with 95 %. Then with 95 %, for all
cells at once, the true rank of a cell is at least 1 + how many intervals lie wholly above its
own, and at most the number of cells less how many lie wholly below. The intervals are those of
the union bound over all cells, which needs no independence.

**How probable the order is.** Given the released values and nothing else, the difference of two
true values is normal, with the released difference as its mean and the noise's variance. So a
cell shown above another really is the smaller one with probability Φ(−difference/√variance), and

    P(the k shown are the k largest, in this order) ≥ 1 − Σ over neighbours, and over the k-th and
                                                     every cell that is not shown
    P(the k shown are the k largest) ≥ 1 − Σ over every cell shown and every cell not shown

by the union bound. "Nothing else": before the release any value was as likely as any other. Where
one knows that most cells hold nobody, a largest cell that is hardly above the others is less to be
believed than this says; its range of ranks does not depend on such knowledge.

Post-processing; floats are good enough.
"""

from collections.abc import Callable
from itertools import pairwise
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rank_ranges(
    values: Floats, deviations: Floats, quantile: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each cell the best and the worst rank that it can have; rank 1 is the largest.

    Args:
        values: unbiased.
        deviations: standard deviations of their noise.
        quantile: z for all cells at once (`normal.quantile_above`).
    """
    lows, highs = values - quantile * deviations, values + quantile * deviations
    wholly_above = len(values) - np.searchsorted(np.sort(lows), highs, side="right")
    wholly_below = np.searchsorted(np.sort(highs), lows, side="left")
    return wholly_above + 1, len(values) - wholly_below


def probability_of_order(
    values: Floats, shown: NDArray[np.int64], variance_of_difference: Callable[[int, int], float]
) -> float:
    """A lower bound on the probability that the cells shown are the largest, in this order."""
    doubt = sum(
        _is_smaller(values[first] - values[second], variance_of_difference(first, second))
        for first, second in pairwise(shown.tolist())
    )
    return max(
        0.0, 1.0 - doubt - _against_the_rest(values, shown, shown[-1:], variance_of_difference)
    )


def probability_of_set(
    values: Floats, shown: NDArray[np.int64], variance_of_difference: Callable[[int, int], float]
) -> float:
    """A lower bound on the probability that the cells shown are the largest, in whatever order."""
    return max(0.0, 1.0 - _against_the_rest(values, shown, shown, variance_of_difference))


def _against_the_rest(
    values: Floats,
    shown: NDArray[np.int64],
    compared: NDArray[np.int64],
    variance_of_difference: Callable[[int, int], float],
) -> float:
    rest = np.setdiff1d(np.arange(len(values)), shown)
    doubt = 0.0
    for first in compared.tolist():
        # Those that come later are further below: a million of them would add 10⁻⁶ at most.
        for second in rest[np.argsort(-values[rest])].tolist():
            part = _is_smaller(
                values[first] - values[second], variance_of_difference(first, second)
            )
            if part < 1e-12:
                break
            doubt += part
    return doubt


def _is_smaller(difference: float, variance: float) -> float:
    if variance <= 0:
        return 0.0 if difference > 0 else 1.0
    return erfc(difference / sqrt(2 * variance)) / 2
