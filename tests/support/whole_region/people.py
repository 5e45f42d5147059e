"""Who comes when, at a simulated node that a standing series counts at.

So many new persons in each period, with keys that follow from the node's own; nobody ever goes. So
a node that counts a release has counted exactly those of the periods before, however often it was
tried, whoever died meanwhile, and whatever disk was put back.
"""

import numpy as np
import numpy.typing as npt

A_PERIOD = 10
"""New persons."""

Keys = npt.NDArray[np.uint64]


def come_by(key: bytes, period: int) -> Keys:
    """The stable keys, sorted, of everybody who has come by the end of a period."""
    drawn = np.random.default_rng(list(key)).integers(0, 1 << 63, A_PERIOD * period, np.uint64)
    drawn.sort()
    return drawn


def count_new(
    key: bytes, period: int, cells: int, counted: Keys
) -> tuple[Keys, npt.NDArray[np.int64]]:
    """Whoever is new in a period, and the cell of each."""
    there = come_by(key, period)
    new = there[~np.isin(there, counted)]
    return new, (new % np.uint64(cells)).astype(np.int64)
