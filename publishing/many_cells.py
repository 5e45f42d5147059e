"""A table's cells all at once: which may be quoted, and the largest of them.

One by one, a matrix of 60 000 corridors took a second of a page's time.
"""

import numpy as np

from corridor.privacy.quotable import BoolArray, FloatArray, may_be_quoted
from corridor.publishing.tables import Cell, ReleasedTable


def estimates(table: ReleasedTable) -> FloatArray:
    """All values, NaN where there is none."""
    return np.array(table.values, dtype=np.float64)


def half_widths(table: ReleasedTable) -> FloatArray:
    """All margins, NaN where there is none."""
    if isinstance(table.margins, float):
        return np.full(table.size, table.margins)
    return np.array(table.margins, dtype=np.float64)


def quotable(table: ReleasedTable) -> BoolArray:
    """For each cell whether its value may stand as a figure."""
    may_be_negative = table.lowest is None or table.lowest < 0
    return may_be_quoted(estimates(table), half_widths(table), may_be_negative=may_be_negative)


def largest(table: ReleasedTable, most: int) -> list[Cell]:
    """Of the cells whose values may stand as figures the largest, `most` at most."""
    places = np.flatnonzero(quotable(table))
    falling = places[np.argsort(-estimates(table)[places], kind="stable")]
    return list(table.cells_at(falling[:most].tolist()))
