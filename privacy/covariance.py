"""How the noise of a sum, difference or other weighing of a table's cells is spread.

The covariance of two cells of a table depends on which of its axes they agree on. So it is kept as
a list: entry m is that of two cells that agree on exactly the axes of the bits of m (bit 0: the
first axis), the last entry the variance of a cell. Independent noise has only the last.

Post-processing; floats are good enough.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def variance_of(weights: NDArray[np.float64], covariances: Sequence[float]) -> float:
    """The variance of Σ weight·noise over the cells of a table.

    Args:
        weights: shaped like the table.
        covariances: 2 to the power of the number of axes, as the module says.

    Σ over pairs that agree *at least* on the axes S is the sum of the squares of the weights'
    marginal over S; from these follow, by inclusion and exclusion, those that agree on exactly S.
    """
    if not any(covariances[:-1]):
        return float(covariances[-1] * np.square(weights).sum())
    exactly = np.zeros(len(covariances))
    for mask in range(len(covariances)):
        others = tuple(axis for axis in range(weights.ndim) if not mask >> axis & 1)
        exactly[mask] = float(np.square(weights.sum(axis=others)).sum())
    for axis in range(weights.ndim):
        for mask in range(len(covariances)):
            if not mask >> axis & 1:
                exactly[mask] -= exactly[mask | 1 << axis]
    return max(0.0, float(np.dot(exactly, covariances)))
