"""Which pictures fit a released table, decided by its groupings.

    two ends of a journey          flow map and Sankey, from one country to the other
    ends and transit               Sankey of three stages
    a period                       lines with bands; with another grouping small multiples of lines
    gender and age                 pyramid
    a grouping and another         small multiples of bars
    anything else                  bars, of many cells the largest

Sums (the two halves of a journey with transit) have their intervals from how the noise of the cells
hangs together (`privacy.covariance`); where that is not told margins are added, which is never
too little.
"""

import heapq
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from itertools import pairwise
from math import hypot, prod, sqrt

import numpy as np
import numpy.typing as npt

from corridor.privacy.covariance import variance_of
from corridor.privacy.quotable import BoolArray
from corridor.privacy.ratios import NORMAL_95
from corridor.publishing.many_cells import estimates, half_widths, quotable
from corridor.publishing.pictures.ages import band_of
from corridor.publishing.pictures.picture import Kind, Note, Picture, Point, point_of
from corridor.publishing.tables import Axis, Cell, ReleasedTable
from corridor.queries.catalogue import UNKNOWN

Places = npt.NDArray[np.int64]
"""Of cells in a table, counted from 0."""

MOST_BARS = 25
MOST_PANELS = 12
MOST_FLOWS = 4_000
"""More corridors are no page for a slow line: only those that may be quoted are described."""

MOST_CELLS = 65_000
"""A table of more has no picture; its largest cells are a view's (`Top`)."""

MOST_LINES = 4
"""More lines with bands in one picture cover each other."""

ORIGINS = frozenset(
    {"recruited_in", "recruited_in_subregion", "recruited_in_continent", "leg_from"}
)
TRANSITS = frozenset({"transit_in"})
ENDS = frozenset({"exploited_in", "exploited_in_subregion", "exploited_in_continent", "leg_to"})
AGES = frozenset({"age_band", "age"})
SIDES = ("Feminine", "Masculine")
"""The two genders that a pyramid has sides for; the others stand beside it in words."""

_PERIODS = ("year", "quarter", "month")
_ADDITIVE = frozenset({"persons", "rows", "sum"})


def pictures_of(table: ReleasedTable) -> tuple[Picture, ...]:
    """The pictures that fit, the best first.

    None of a single number, of a table of more than MOST_CELLS, or where nothing is known.
    """
    if not table.axes or table.size > MOST_CELLS:
        return ()
    found = _Seen(table)
    if not found.known.any():
        return ()
    return tuple(_pictures(found))


def is_period(axis: Axis) -> bool:
    """Whether it is a time."""
    return axis.name.rpartition("_")[2] in _PERIODS and not axis.bands


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table, its cells with their places, and which axis plays which part."""

    table: ReleasedTable

    @property
    def cells(self) -> Iterator[tuple[tuple[int, ...], Cell]]:
        shape = tuple(len(axis.values) for axis in self.table.axes)
        return zip(np.ndindex(shape), self.table.cells(), strict=True)

    def at(self, places: Places) -> Iterator[tuple[tuple[int, ...], Cell]]:
        """Some of the cells, with their places."""
        shape = tuple(len(axis.values) for axis in self.table.axes)
        columns = [column.tolist() for column in np.unravel_index(places, shape)]
        return zip(zip(*columns, strict=True), self.table.cells_at(places.tolist()), strict=True)

    @property
    def known(self) -> BoolArray:
        """For each cell whether it has an interval."""
        table = self.table
        return np.isfinite(estimates(table)) & np.isfinite(half_widths(table))

    def has_known(self, axis: int) -> BoolArray:
        """For each cell whether its value of this axis is known."""
        axes = self.table.axes
        known = np.array([value != UNKNOWN for value in axes[axis].values])
        shape = tuple(len(known) if at == axis else 1 for at in range(len(axes)))
        whole = tuple(len(one.values) for one in axes)
        return np.broadcast_to(known.reshape(shape), whole).ravel()

    def by_size(self, places: Places) -> Places:
        """Their order: figures before intervals, then by size."""
        values, margins = estimates(self.table)[places], half_widths(self.table)[places]
        lowest = -np.inf if self.table.lowest is None else self.table.lowest
        low, high = (np.maximum(lowest, values + side * margins) for side in (-1, 1))
        may_be_quoted = quotable(self.table)[places]
        sizes = np.where(may_be_quoted, np.abs(values), np.maximum(np.abs(low), np.abs(high)))
        return np.lexsort((-sizes, ~may_be_quoted))

    @property
    def is_additive(self) -> bool:
        """Whether widths and areas can stand for numbers: none is negative, and parts add up."""
        return self.table.measure in _ADDITIVE and self.table.lowest == 0

    def place(self, names: frozenset[str]) -> int | None:
        return next((at for at, axis in enumerate(self.table.axes) if axis.name in names), None)

    @property
    def period(self) -> int | None:
        found = [at for at, axis in enumerate(self.table.axes) if is_period(axis)]
        return found[0] if len(found) == 1 and _known(self.table.axes[found[0]]) > 1 else None

    @property
    def notes(self) -> tuple[Note, ...]:
        return (Note.MENTIONS,) if self.table.max_cells > 1 else ()


def _pictures(seen: _Seen) -> Iterator[Picture]:
    table = seen.table
    groupings = len(table.axes)
    origin, end = seen.place(ORIGINS), seen.place(ENDS)
    transit = seen.place(TRANSITS)
    if seen.is_additive and origin is not None and end is not None:
        if groupings == 2:
            yield from _flows(seen, origin, end)
        elif groupings == 3 and transit is not None:
            yield from _journeys(seen, (origin, transit, end))
    if seen.period is not None:
        yield from _trends(seen, seen.period)
        return
    gender, age = seen.place(frozenset({"gender"})), seen.place(AGES)
    if seen.is_additive and groupings == 2 and gender is not None and age is not None:
        yield from _pyramid(seen, gender, age)
    if groupings > 1 and (origin is None or end is None or groupings > 2):
        yield from _panels_of_bars(seen)
    yield _bars(seen)


# ---------------------------------------------------------------- one function for each kind


def _bars(seen: _Seen) -> Picture:
    """Every cell a bar; of many the largest that may be quoted, then those that reach highest."""
    places = np.flatnonzero(seen.known)
    if len(places) > MOST_BARS:
        places = places[seen.by_size(places)[:MOST_BARS]]
    table = seen.table
    return Picture(
        kind=Kind.BARS,
        title=table.title,
        measure=table.measure,
        axes=table.axes,
        points=tuple(point_of(at, cell) for at, cell in seen.at(places)),
        cells=table.size,
        from_zero=table.measure != "mean",
        notes=seen.notes,
    )


def _flows(seen: _Seen, origin: int, end: int) -> Iterator[Picture]:
    table = seen.table
    axes = (table.axes[origin], table.axes[end])
    ends_known = seen.has_known(origin) & seen.has_known(end)
    may_be_quoted = quotable(table)
    more: tuple[Note, ...] = ()
    chosen = ends_known
    if np.count_nonzero(ends_known) > MOST_FLOWS:
        chosen, more = ends_known & may_be_quoted, (Note.QUOTABLE,)
    drawn, aside = (
        [point_of((at[origin], at[end]), cell) for at, cell in seen.at(np.flatnonzero(mask))]
        for mask in (chosen, ~ends_known & may_be_quoted)
    )
    if not drawn:
        return
    picture = Picture(
        kind=Kind.FLOW_MAP,
        title=table.title,
        measure=table.measure,
        axes=axes,
        points=tuple(drawn),
        aside=tuple(aside),
        cells=table.size,
        notes=(*seen.notes, *more),
    )
    yield picture
    if any(point.value is not None for point in drawn):
        yield replace(
            picture,
            kind=Kind.SANKEY,
            points=tuple(replace(point, at=(0, *point.at)) for point in drawn),
            aside=tuple(replace(point, at=(0, *point.at)) for point in picture.aside),
        )


def _journeys(seen: _Seen, stages: tuple[int, int, int]) -> Iterator[Picture]:
    """From origin to transit, and from transit to the end; each a sum over the third axis."""
    table = seen.table
    drawn: list[Point] = []
    aside: list[Point] = []
    for stage, (first, second) in enumerate(pairwise(stages)):
        pair = (table.axes[first], table.axes[second])
        for (i, j), cell in _sums(table, first, second):
            known = pair[0].values[i] != UNKNOWN and pair[1].values[j] != UNKNOWN
            point = point_of((stage, i, j), cell)
            if known:
                drawn.append(point)
            elif point.value is not None:
                aside.append(point)
    if not any(point.value is not None for point in drawn):
        return
    outward = () if table.covariances is not None else (Note.OUTWARD,)
    drawn, more = _worth_sending(drawn)
    yield Picture(
        kind=Kind.SANKEY,
        title=table.title,
        measure=table.measure,
        axes=tuple(table.axes[at] for at in stages),
        points=tuple(drawn),
        aside=tuple(aside),
        cells=table.size,
        notes=(*seen.notes, *outward, *more),
    )


def _sums(table: ReleasedTable, first: int, second: int) -> Iterator[tuple[tuple[int, int], Cell]]:
    """The table summed over all but two axes, with the margin of each sum."""
    shape = tuple(len(axis.values) for axis in table.axes)
    others = tuple(at for at in range(len(shape)) if at not in (first, second))
    values = np.array([value or 0.0 for value in table.values]).reshape(shape)
    summed = values.sum(axis=others)
    if first > second:
        summed = summed.T
    margin = _margin_of_a_sum(table, shape, others)
    axes = (table.axes[first], table.axes[second])
    many = summed.size
    for i, j in np.ndindex(summed.shape):
        yield (
            (i, j),
            Cell(
                (axes[0].values[i], axes[1].values[j]),
                (axes[0].labels[i], axes[1].labels[j]),
                float(summed[i, j]),
                margin,
                max(0.0, float(summed[i, j])),
                table.lowest,
                many,
            ),
        )


def _margin_of_a_sum(
    table: ReleasedTable, shape: tuple[int, ...], others: tuple[int, ...]
) -> float:
    """The same for every sum over these axes: noise is spread alike over all cells."""
    if table.covariances is not None:
        weights = np.zeros(shape)
        weights[tuple(slice(None) if at in others else 0 for at in range(len(shape)))] = 1.0
        return float(NORMAL_95) * sqrt(variance_of(weights, table.covariances))
    count = prod(shape[at] for at in others)
    each = table.margins
    # Standard deviations add up at most (Minkowski), whatever the cells have in common.
    return count * (each if isinstance(each, float) else max(one or 0.0 for one in each))


def _trends(seen: _Seen, period: int) -> Iterator[Picture]:
    """Lines over time: all in one picture where they are few, else each in its own."""
    table = seen.table
    time = table.axes[period]
    known = {at for at, value in enumerate(time.values) if value != UNKNOWN}
    lines: dict[tuple[int, ...], list[tuple[int, Cell]]] = {}
    for at, cell in seen.cells:
        if cell.low is not None:
            others = (*at[:period], *at[period + 1 :])
            lines.setdefault(others, []).append((at[period], cell))
    axes = tuple(axis for at, axis in enumerate(table.axes) if at != period)
    if not axes:
        points = {place: point_of((place,), cell) for place, cell in lines.get((), ())}
        if any(place in points for place in known):
            yield Picture(
                kind=Kind.LINES,
                title=table.title,
                measure=table.measure,
                axes=(time,),
                points=tuple(points[place] for place in sorted(known & points.keys())),
                aside=tuple(point for place, point in points.items() if place not in known),
                cells=table.size,
                from_zero=table.measure != "mean",
                notes=seen.notes,
            )
        return
    kept = heapq.nlargest(MOST_PANELS, lines, key=lambda one: _weight(lines[one]))
    kept = [one for one in lines if one in set(kept)]
    panel = _together(axes, kept)
    points_of_panels = [
        point_of((number, place), cell)
        for number, others in enumerate(kept)
        for place, cell in lines[others]
    ]
    dated = tuple(point for point in points_of_panels if point.at[1] in known)
    if not dated:
        return
    picture = Picture(
        kind=Kind.LINES,
        title=table.title,
        measure=table.measure,
        axes=(panel, time),
        points=dated,
        aside=tuple(point for point in points_of_panels if point.at[1] not in known),
        cells=table.size,
        from_zero=table.measure != "mean",
        notes=(*seen.notes, *_only_the_largest(kept, lines)),
    )
    if len(lines) <= MOST_LINES:
        yield picture
    if len(lines) > 1:
        yield replace(picture, kind=Kind.MULTIPLES, within=Kind.LINES)


def _pyramid(seen: _Seen, gender: int, age: int) -> Iterator[Picture]:
    """Two genders back to back over the years of age.

    Bands are of different lengths: each is as wide as it has years, and as long as it has persons
    in each of them, so that a longer band looks no fuller than it is. What has no end (48+) or is
    unknown has no such length.
    """
    table = seen.table
    genders, ages = table.axes[gender], _with_bands(table.axes[age])
    sides = [genders.values.index(side) for side in SIDES if side in genders.values]
    if ages is None or len(sides) != len(SIDES):
        return
    drawn: list[Point] = []
    aside: list[Point] = []
    for at, cell in seen.cells:
        point = point_of((at[gender], at[age]), cell)
        closed = at[age] < len(ages.bands) and ages.bands[at[age]][1] is not None
        if at[gender] in sides and closed:
            drawn.append(point)
        elif point.is_drawable:
            aside.append(point)
    if drawn:
        yield Picture(
            kind=Kind.PYRAMID,
            title=table.title,
            measure=table.measure,
            axes=(genders, ages),
            points=tuple(drawn),
            aside=tuple(aside),
            cells=table.size,
            notes=seen.notes,
        )


def _with_bands(axis: Axis) -> Axis | None:
    """The axis with the ends of its bands; None where its values are none."""
    if axis.bands:
        return axis
    found = []
    for value in axis.values:
        band = band_of(value)
        if band is None:
            break
        found.append(band)
    rest = axis.values[len(found) :]
    return replace(axis, bands=tuple(found)) if found and set(rest) <= {UNKNOWN} else None


def _panels_of_bars(seen: _Seen) -> Iterator[Picture]:
    """For each value of one grouping a small picture of the others, on one scale, in one order.

    The grouping with the fewest values tells the pictures apart; corridors stay bars of one word.
    """
    table = seen.table
    ends = {seen.place(ORIGINS), seen.place(ENDS)}
    free = [at for at in range(len(table.axes)) if at not in ends or None in ends]
    if not free:
        return
    panel = min(free, key=lambda at: len(table.axes[at].values))
    if not 2 <= len(table.axes[panel].values) <= MOST_PANELS:
        return
    rows: dict[tuple[int, ...], list[tuple[int, Cell]]] = {}
    for at, cell in seen.cells:
        if cell.low is not None:
            rows.setdefault((*at[:panel], *at[panel + 1 :]), []).append((at[panel], cell))
    kept = list(rows)
    if len(rows) > MOST_PANELS:
        kept = heapq.nlargest(MOST_PANELS, rows, key=lambda one: _weight(rows[one]))
    others = tuple(axis for at, axis in enumerate(table.axes) if at != panel)
    points = tuple(
        point_of((place, number), cell)
        for number, one in enumerate(kept)
        for place, cell in rows[one]
    )
    yield Picture(
        kind=Kind.MULTIPLES,
        within=Kind.BARS,
        title=table.title,
        measure=table.measure,
        axes=(table.axes[panel], _together(others, kept)),
        points=points,
        cells=table.size,
        from_zero=table.measure != "mean",
        notes=(*seen.notes, *_only_the_largest(kept, rows)),
    )


# ---------------------------------------------------------------- parts of them


def _together(axes: Sequence[Axis], kept: Sequence[tuple[int, ...]]) -> Axis:
    """Several groupings as one, with only the combinations that are kept."""
    if len(axes) == 1:
        (axis,) = axes
        return replace(
            axis,
            values=tuple(axis.values[place] for (place,) in kept),
            labels=tuple(axis.labels[place] for (place,) in kept),
            bands=(),
        )
    return Axis(
        " × ".join(axis.name for axis in axes),
        " × ".join(axis.label for axis in axes),
        tuple(
            " | ".join(axis.values[at] for axis, at in zip(axes, places, strict=True))
            for places in kept
        ),
        tuple(
            " | ".join(axis.labels[at] for axis, at in zip(axes, places, strict=True))
            for places in kept
        ),
    )


def _only_the_largest(kept: Sized, all_of_them: Sized) -> tuple[Note, ...]:
    return (Note.LARGEST,) if len(kept) < len(all_of_them) else ()


def _worth_sending(flows: list[Point]) -> tuple[list[Point], tuple[Note, ...]]:
    """All of them, or of very many those that may be quoted; and what must be said then."""
    if len(flows) <= MOST_FLOWS:
        return flows, ()
    return [point for point in flows if point.value is not None], (Note.QUOTABLE,)


def _known(axis: Axis) -> int:
    return sum(value != UNKNOWN for value in axis.values)


def _weight(cells: Sequence[tuple[int, Cell]]) -> tuple[float, float]:
    """By what may be quoted; then by what there could be."""
    quotable = sum(abs(cell.quotable or 0.0) for _, cell in cells)
    return quotable, hypot(*(cell.high or 0.0 for _, cell in cells))
