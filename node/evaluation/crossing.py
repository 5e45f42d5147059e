"""The cells of each row: its places on plain axes, crossed with the lists of the others.

    row with a on one axis, [p, q] on the next, [s, t] on the last
        → the row four times, in (a, p, s), (a, p, t), (a, q, s), (a, q, t)

Only places that an axis has are crossed. Else a row with everything ticked in six lists would burst
the memory, by which a node tells that it holds such a row, and x would have no use for what it
made. What is left are no more combinations than the table has cells.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corridor.node.evaluation.bounding import Entries
from corridor.node.evaluation.columns import (
    ROW,
    Rows,
    column_name,
    places_in_bands,
    places_on_axis,
)
from corridor.node.evaluation.statement import QUANTITY
from corridor.queries.axes import Axis
from corridor.queries.plan import PlannedTable

Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lists:
    """What lists on one axis add to the number of a cell: `terms[starts[i] + j]`, j < counts[i]."""

    starts: Ints
    counts: Ints
    terms: Ints


@dataclass(frozen=True, slots=True)
class Uncrossed:
    """Rows that count, sorted, with their places on plain axes; all arrays but terms of one length.

    Attributes:
        plain: a row for each, in the cell that it would be in if all lists had their first place.
        lists: of each axis that has lists.
    """

    plain: Entries
    lists: tuple[Lists, ...]

    @property
    def sizes(self) -> Ints:
        """How many entries each row makes."""
        sizes = np.ones(len(self.plain.rows), np.int64)
        for one in self.lists:
            sizes *= one.counts
        return sizes

    def between(self, start: int, end: int) -> "Uncrossed":
        """The rows from `start` on and before `end`."""
        some = slice(start, end)
        lists = (
            replace(one, starts=one.starts[some], counts=one.counts[some]) for one in self.lists
        )
        return Uncrossed(self.plain.taken(some), tuple(lists))

    def crossed(self) -> Entries:
        """Each row in all its cells; in one of them twice, where values were recoded to one."""
        cells, rows = self.plain.cells, None
        for one in self.lists:
            starts, counts = one.starts, one.counts
            if rows is not None:
                starts, counts = starts[rows], counts[rows]
            entry = np.repeat(np.arange(len(counts)), counts)
            # The j-th entry of a row, counted from the row's first, has the list's j-th term.
            at = (starts - np.cumsum(counts) + counts)[entry]
            at += np.arange(len(entry))
            cells = cells[entry]
            cells += one.terms[at]
            if one is not self.lists[-1]:
                rows = entry if rows is None else rows[entry]
        return replace(self.plain, sizes=self.sizes, cells=cells)


def uncrossed(planned: PlannedTable, given: Rows, found: pa.Table) -> Uncrossed:
    """The rows that the statement found, in the order in which they are stored.

    Args:
        planned: the axes; the last one varies fastest in a cell's number.
        given: what the statement was given; it has the lists.
        found: what it gave; it has the places on plain axes, and may be in any order.
    """
    first = given.table[ROW][0].as_py() if len(given.persons) else 0
    numbers = found[ROW].to_numpy()
    rows = numbers - first
    cells = np.zeros(len(rows), np.int64)
    inside = np.ones(len(rows), np.bool_)
    lists: list[Lists] = []
    stride = planned.cells
    for axis in planned.axes:
        stride //= len(axis.values)
        if axis.domain.field.is_multivalued:
            starts, counts, places = _lists(axis, given.table)
            lists.append(Lists(starts[rows], counts[rows], stride * places))
        else:
            places = _places(axis, found)
            inside &= places >= 0
            cells += stride * places
    quantities = None
    if QUANTITY in found.column_names:
        quantities = found[QUANTITY].to_numpy().astype(np.int64)
    plain = Entries(
        persons=given.persons[rows],
        choice_keys=given.choice_keys[rows],
        rows=numbers,
        quantities=quantities,
        sizes=np.ones_like(cells),
        cells=cells,
    )
    for one in lists:
        inside &= one.counts > 0
    # The engine keeps the order of rows. Which b rows count rests on it, so look.
    if inside.all() and not (rows[1:] < rows[:-1]).any():
        return Uncrossed(plain, tuple(lists))
    kept = np.argsort(rows, kind="stable")
    kept = kept[inside[kept]]
    chosen = (replace(one, starts=one.starts[kept], counts=one.counts[kept]) for one in lists)
    return Uncrossed(plain.taken(kept), tuple(chosen))


def _places(axis: Axis, found: pa.Table) -> Ints:
    """The place of each row's value on a plain axis; −1 where the axis does not have it."""
    if axis.bands:
        return places_in_bands(axis, found[axis.name])
    on_axis, places = places_on_axis(axis), found[axis.name].to_numpy()
    return places if np.array_equal(on_axis, np.arange(len(on_axis))) else on_axis[places]


def _lists(axis: Axis, given: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Each row's places on an axis of lists: where they start, how many, and all of them."""
    lists: pa.ChunkedArray[Any] = given[column_name(axis.domain.field, 0)]
    counts = pc.list_value_length(lists).to_numpy().astype(np.int64)
    places = places_on_axis(axis)[pc.list_flatten(lists).to_numpy()]
    ends = np.cumsum(counts)
    on_axis = places >= 0
    if not on_axis.all():
        places = places[on_axis]
        before = np.concatenate(([0], np.cumsum(on_axis)))
        counts = before[ends] - before[ends - counts]
        ends = np.cumsum(counts)
    return ends - counts, counts, places
