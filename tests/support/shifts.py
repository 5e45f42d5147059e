"""How far one person moves what a plan's noise is added to, as its theorem measures it."""

import numpy as np
import numpy.typing as npt

from corridor.queries.plan import Plan

Ints = npt.NDArray[np.int64]


def squared_shift(plan: Plan, change: Ints) -> float:
    """The least squared length of a vector of which the same is sent as of this change of x.

    Entries of blocks are sent as they are. Of what is counted together only differences among
    siblings are, so along each axis the siblings' mean may be left out.
    """
    in_blocks = len(change) - sum(where.stop - where.start for _, where in plan.parts_of_x())
    squared = float(sum(int(entry) ** 2 for entry in change[:in_blocks].tolist()))
    for together, where in plan.parts_of_x():
        strategy, rest = together.joint.strategy, change[where].astype(np.float64)
        for residual in strategy.residuals:
            axes = list(zip(strategy.hierarchies, residual.levels, strict=True))
            shape = [axis.size(level) for axis, level in axes]
            size = int(np.prod(shape))
            table, rest = rest[:size].reshape(shape), rest[size:]
            for place, (axis, level) in enumerate(axes):
                if level:
                    table = _without_means(table, place, np.array(axis.parents[level - 1]))
            squared += float((table**2).sum())
    return squared


def _without_means(
    table: npt.NDArray[np.float64], axis: int, parents: npt.NDArray[np.int_]
) -> npt.NDArray[np.float64]:
    found = np.moveaxis(table, axis, 0).copy()
    for parent in np.unique(parents):
        found[parents == parent] -= found[parents == parent].mean(axis=0)
    return np.moveaxis(found, 0, axis)
