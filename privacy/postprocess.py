"""Tables that read like counts: no cell below 0, and the total kept.

Post-processing touches no data and costs no privacy (Bun & Steinke 2016, Lemma 2.3), so floats are
good enough here. What it gives is shown *beside* the unbiased values, never in their place: cutting
off at 0 pulls small cells up and, for the total's sake, the others down, and sums over many cells
should be taken from the unbiased ones.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def non_negative(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """The closest table without negative cells whose total is max(0, the unbiased total).

    Closest in least squares: max(0, v − θ) with the one θ that fits the total (the projection onto
    a simplex; Duchi et al. 2008, "Efficient Projections onto the l1-Ball", Fig. 1). θ is computed
    exactly; the result is rounded once per cell, so equal tables give equal results everywhere.

    Args:
        values: noisy sums of any shape, in whole steps (scaled by 2^k); the result is in the same.
    """
    flat = values.reshape(-1)
    if not flat.size:
        return np.zeros(values.shape)
    # Products below are at most cells · largest; Python's integers take over where 64 bits end.
    largest = max(abs(int(flat.min())), abs(int(flat.max())))
    exact = flat if flat.size * largest < 2**62 else flat.astype(object)
    total = max(0, int(exact.sum()))
    if total == 0:
        return np.zeros(values.shape)
    descending = np.sort(exact)[::-1]
    excess = np.cumsum(descending) - total
    kept = int(np.flatnonzero(descending * np.arange(1, flat.size + 1) > excess)[-1])
    theta = float(Fraction(int(excess[kept]), kept + 1))
    return np.maximum(flat.astype(np.float64) - theta, 0.0).reshape(values.shape)
