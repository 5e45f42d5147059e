"""Which of many figures may be shown as figures, judged all at once (`privacy.reliability`).

A room of its own because it needs numpy, which takes longer to load than most commands run.
"""

import numpy as np
import numpy.typing as npt

from corridor.privacy.reliability import caution_up_to

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def may_be_quoted(
    values: FloatArray, margins: FloatArray | float, *, may_be_negative: bool = False
) -> BoolArray:
    """For every cell of a table at once whether it is better than too uncertain.

    Args:
        values: NaN where there is no estimate.
        margins: NaN where there is none; or the one of all.
        may_be_negative: whether true values can be.
    """
    sizes = np.abs(values) if may_be_negative else values
    # NaN is in no order with anything, so a comparison with it is false.
    clear: BoolArray = margins <= caution_up_to(len(values)) * sizes
    return clear & (sizes > 0) & np.isfinite(margins)
