"""Reads views of released tables: shares, changes, medians, the largest cells.

    for view in views_of(table, ShareOf("gender", ("Feminine",))): …

All of it is post-processing of what is published (`queries.views` says why that is free). Every
number has its 95 % interval, from the noise of the cells it is made of.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from corridor.errors.questions import ViewError
from corridor.privacy.covariance import variance_of
from corridor.privacy.normal import quantile_above
from corridor.privacy.quantiles import find_quantile
from corridor.privacy.ranking import probability_of_order, probability_of_set, rank_ranges
from corridor.privacy.ratios import NORMAL_95, Quotient, fieller
from corridor.privacy.reliability import Reliability, reliability, share_reliability
from corridor.publishing.tables import Axis, ReleasedTable
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.views import Change, Quantile, RatioOf, ShareOf, Top, Trend, View

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of a view.

    Attributes:
        value: None where there is none.
        low, high: of its 95 % interval; None where that has no end.
        reliability: how it may be used; of a difference, None.
    """

    value: float | None
    low: float | None
    high: float | None
    reliability: Reliability | None = None

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval is wholly above or below 0."""
        return self.low is not None and self.high is not None and self.low * self.high > 0

    def to_json(self) -> dict[str, object]:
        """The number for programs."""
        mark = None if self.reliability is None else self.reliability.value
        return {"value": self.value, "low": self.low, "high": self.high, "reliability": mark}


_OF_CHANGES = (
    "a change whose interval holds 0 is no evidence of a change, and of twenty intervals one "
    "misses by chance; they know of the noise alone, not of cases being found more or less often"
)

NO_FIGURE = Figure(value=None, low=None, high=None, reliability=Reliability.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """One line of a view: where it is, and its numbers, one for each of the view's columns."""

    labels: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewTable:
    """What is seen of one table.

    Attributes:
        view: what was asked for.
        places: names of the columns of the rows' labels; columns: of their numbers.
        notes: what one must know to read it.
    """

    view: View
    title: str
    places: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[ViewRow, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The view for programs."""
        return {
            "title": self.title,
            "places": list(self.places),
            "columns": list(self.columns),
            "rows": [
                {"labels": list(row.labels), "figures": [one.to_json() for one in row.figures]}
                for row in self.rows
            ],
            "notes": list(self.notes),
        }


WORTH_SAYING = 0.005
"""A bound below is as good as none."""


def views_of(tables: Sequence[ReleasedTable], view: View) -> tuple[ViewTable, ...]:
    """The view of every table that it fits.

    Raises:
        ViewError: it fits none; says what there is.
    """
    found = [_view(table, view) for table in tables if _fits(table, view)]
    if found:
        return tuple(found)
    match view:
        case Quantile():
            raise ViewError("quantiles of this answer", "ask for a histogram, or MEDIAN(field)")
        case Top():
            raise ViewError("the largest cells of this answer", "it has no table of cells")
        case ShareOf(field) | RatioOf(field) | Change(field) | Trend(field):
            raise ViewError(
                f"a view by {field[:40]!r}",
                _why_none(tables, field, view),
            )


def _why_none(tables: Sequence[ReleasedTable], field: str, view: View) -> str:
    """What is in the way of a view by a field, and what there is."""
    names = sorted({axis.name for table in tables for axis in table.axes})
    if field not in names:
        listed = ", ".join(names)
        return f"the answer is grouped by {listed}" if names else "the answer has no grouping"
    if isinstance(view, ShareOf | RatioOf) and any(table.measure == "mean" for table in tables):
        return "a mean has no shares and no ratios; there are --change and --trend of it"
    return "how its figures hang together is not known"


def _fits(table: ReleasedTable, view: View) -> bool:
    counted = table.covariances is not None
    match view:
        case Top():
            return counted and bool(table.axes) and not any(axis.bands for axis in table.axes)
        case Quantile():
            return counted and any(axis.bands for axis in table.axes)
        case ShareOf(field) | RatioOf(field):
            return counted and any(axis.name == field for axis in table.axes)
        case Change(field) | Trend(field):
            # Each mean has noise of its own. Of counts that hang together one must know how.
            known = counted or table.measure == "mean"
            return known and any(axis.name == field for axis in table.axes)


def _view(table: ReleasedTable, view: View) -> ViewTable:
    match view:
        case Top(count):
            return _top(table, view, count)
        case Quantile(level):
            return _quantile(table, view, level)
        case ShareOf(field, values):
            return _share(table, view, field, values)
        case RatioOf(field, over, under):
            return _ratio(table, view, field, over, under)
        case Change(field):
            return _change(table, view, field)
        case Trend(field):
            return _trend(table, view, field)
        case _:
            assert_never(view)


class _Along:
    """A table seen along one axis: for every combination of the others a line of numbers."""

    def __init__(self, table: ReleasedTable, axis: Axis) -> None:
        self.axis = axis
        self.place = table.axes.index(axis)
        self._table = table
        self._shape = tuple(len(one.values) for one in table.axes)
        self._others = tuple(one for one in table.axes if one is not axis)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the other axes."""
        return tuple(one.label for one in self._others)

    def lines(self) -> Iterator[tuple[tuple[str, ...], Floats, Callable[[Floats], float]]]:
        """Each line's labels, its numbers (NaN: none), and the variance of a weighing of them."""
        values = _numbers(self._table.values).reshape(self._shape)
        lines = np.moveaxis(values, self.place, -1).reshape(-1, len(self.axis.values))
        spreads: Sequence[Callable[[Floats], float]]
        if self._table.covariances is None:
            margins = self._table.margins
            assert isinstance(margins, Sequence)  # noqa: S101 - `_fits` has looked
            own = _numbers(margins).reshape(self._shape) / NORMAL_95
            own = np.moveaxis(own, self.place, -1).reshape(lines.shape)
            spreads = [_independent(np.square(line)) for line in own]
        else:
            spreads = [self._covariant(self._table.covariances)] * len(lines)
        labels = [()] if not self._others else list(_products(self._others))
        yield from zip(labels, lines, spreads, strict=True)

    def _covariant(self, covariances: Sequence[float]) -> Callable[[Floats], float]:
        if not any(covariances[:-1]):
            return _independent(np.full(len(self.axis.values), covariances[-1]))

        def variance(weights: Floats) -> float:
            # The same on every line: it depends only on which axes cells agree on.
            placed = np.zeros(self._shape)
            line = tuple(slice(None) if at == self.place else 0 for at in range(len(self._shape)))
            placed[line] = weights
            return variance_of(placed, covariances)

        return variance


def _independent(variances: Floats) -> Callable[[Floats], float]:
    return lambda weights: float(np.dot(np.square(weights)[weights != 0], variances[weights != 0]))


def _products(axes: Sequence[Axis]) -> Iterator[tuple[str, ...]]:
    shape = tuple(len(axis.labels) for axis in axes)
    for index in np.ndindex(shape):
        yield tuple(axis.labels[place] for axis, place in zip(axes, index, strict=True))


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if one is None else one for one in values], np.float64)


# ---------------------------------------------------------------- one function for each view


def _share(table: ReleasedTable, view: View, field: str, values: tuple[str, ...]) -> ViewTable:
    along = _Along(table, _axis(table, field))
    chosen = [_place_of(along.axis, value) for value in values]
    part = np.zeros(len(along.axis.values))
    part[chosen] = 1.0
    whole = _known(along.axis)
    whole[chosen] = 1.0
    rows = []
    for labels, line, variance in along.lines():
        found = _quotient(line, part, whole, variance)
        figure = NO_FIGURE
        if found is not None:
            # What is cut off for show is part of the uncertainty.
            mark = share_reliability(found.value, found.low, found.high)
            value, low, high = (
                min(1.0, max(0.0, end)) for end in (found.value, found.low, found.high)
            )
            figure = Figure(value=value, low=low, high=high, reliability=mark)
        rows.append(ViewRow(labels=labels, figures=(figure,)))
    names = " or ".join(along.axis.labels[place] for place in chosen)
    notes = [f"of those whose {_lower(along.axis.label)} is known"] if not whole.all() else []
    if table.max_cells > 1:
        notes.append(f"a person counts up to {table.max_cells} times, so shares are of mentions")
    return ViewTable(
        view=view,
        title=f"Share of {names}: {table.title}",
        places=along.places,
        columns=("share",),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _ratio(table: ReleasedTable, view: View, field: str, over: str, under: str) -> ViewTable:
    along = _Along(table, _axis(table, field))
    first, second = _unit(along.axis, over), _unit(along.axis, under)
    rows = []
    for labels, line, variance in along.lines():
        found = _quotient(line, first, second, variance)
        figure = NO_FIGURE
        if found is not None:
            low = max(0.0, found.low)
            margin = max(found.value - low, found.high - found.value)
            mark = reliability(found.value, margin)
            figure = Figure(value=found.value, low=low, high=found.high, reliability=mark)
        rows.append(ViewRow(labels=labels, figures=(figure,)))
    names = [along.axis.labels[_place_of(along.axis, value)] for value in (over, under)]
    return ViewTable(
        view=view,
        title=f"{names[0]} for each {names[1]}: {table.title}",
        places=along.places,
        columns=("ratio",),
        rows=tuple(rows),
    )


def _change(table: ReleasedTable, view: Change, field: str) -> ViewTable:
    along = _Along(table, _axis(table, field))
    axis = along.axis
    pairs: list[tuple[int, int]] = []
    if view.start is not None and view.end is not None:
        pairs.append((_place_of(axis, view.start), _place_of(axis, view.end)))
    else:
        known = [place for place, value in enumerate(axis.values) if value != UNKNOWN]
        pairs += pairwise(known)
    rows = []
    for labels, line, variance in along.lines():
        for start, end in pairs:
            before, after = _unit(axis, axis.values[start]), _unit(axis, axis.values[end])
            period = f"{axis.labels[start]} → {axis.labels[end]}"
            figures = (
                _difference(line, after - before, variance),
                _relative(line, after, before, variance, lowest=table.lowest),
            )
            rows.append(ViewRow(labels=(*labels, period), figures=figures))
    return ViewTable(
        view=view,
        title=f"Change: {table.title}",
        places=(*along.places, f"{axis.name} from → to"),
        columns=("change", "relative"),
        rows=tuple(rows),
        notes=(_OF_CHANGES,),
    )


def _trend(table: ReleasedTable, view: View, field: str) -> ViewTable:
    along = _Along(table, _axis(table, field))
    known = _known(along.axis)
    periods = int(known.sum())
    if periods < 2:
        raise ViewError(f"a trend by {field}", "it has fewer than two periods")
    centred = (np.arange(periods) - (periods - 1) / 2) / (periods * (periods**2 - 1) / 12)
    weights = np.zeros(len(known))
    weights[known > 0] = centred
    rows = [
        ViewRow(labels=labels, figures=(_difference(line, weights, variance),))
        for labels, line, variance in along.lines()
    ]
    note = (
        f"the slope of the straight line through {periods} values; its interval knows of the noise "
        "alone, not of how far from straight the true course is"
    )
    return ViewTable(
        view=view,
        title=f"Trend: {table.title}",
        places=along.places,
        columns=(f"per {along.axis.name}",),
        rows=tuple(rows),
        notes=(note,),
    )


def _quantile(table: ReleasedTable, view: View, level: Fraction) -> ViewTable:
    axis = next(axis for axis in table.axes if axis.bands)
    along = _Along(table, axis)
    bands = len(axis.bands)
    rows = []
    for labels, line, variance in along.lines():

        def of_bands(weights: Floats, variance: Callable[[Floats], float] = variance) -> float:
            return variance(np.append(weights, np.zeros(len(line) - bands)))  # noqa: B023

        found = find_quantile(line[:bands], float(level), of_bands)
        figure = NO_FIGURE
        if found is not None:
            low, high = axis.bands[found.low][0], axis.bands[found.high][1]
            start, end = axis.bands[found.band]
            value = None
            if end is not None:
                value = min(end, start + int(found.within * (end - start + 1)))
            margin = None if high is None else (high - low) / 2
            mark = reliability(value, margin, may_be_negative=True)
            figure = Figure(value=value, low=low, high=high, reliability=mark)
        rows.append(ViewRow(labels=labels, figures=(figure,)))
    name = "Median" if level == Fraction(1, 2) else f"Quantile {float(level):g}"
    note = (
        f"of those whose {_lower(axis.label)} is known; the interval is of whole bands, and covers "
        "95 % or more"
    )
    return ViewTable(
        view=view,
        title=f"{name}: {table.title}",
        places=along.places,
        columns=(name.lower(),),
        rows=tuple(rows),
        notes=(note,),
    )


def _top(table: ReleasedTable, view: View, count: int) -> ViewTable:
    assert table.covariances is not None  # noqa: S101 - `_fits` has looked
    cells = [cell for cell in table.cells() if UNKNOWN not in cell.values]
    values = np.array([cell.value or 0.0 for cell in cells])
    deviations = np.full(len(values), sqrt(table.covariances[-1]))
    shown = np.argsort(-values, kind="stable")[:count]
    best, worst = rank_ranges(values, deviations, _for_all(len(values)))
    spread = _variance_of_difference(table, [cell.values for cell in cells])
    rows = []
    for place, cell_place in enumerate(shown.tolist()):
        cell = cells[cell_place]
        figure = Figure(
            value=cell.value, low=cell.low, high=cell.high, reliability=cell.reliability
        )
        rank = Figure(value=place + 1, low=int(best[cell_place]), high=int(worst[cell_place]))
        rows.append(ViewRow(labels=cell.labels, figures=(figure, rank)))
    doubt = _doubt(
        probability_of_set(values, shown, spread), probability_of_order(values, shown, spread)
    )
    return ViewTable(
        view=view,
        title=f"The {len(shown)} largest: {table.title}",
        places=tuple(axis.label for axis in table.axes),
        columns=(table.measure, "rank"),
        rows=tuple(rows),
        notes=(
            doubt,
            "all ranges of ranks hold together with 95 %; cells of unknown values have no rank",
        ),
    )


# ---------------------------------------------------------------- parts of them


def _variance_of_difference(
    table: ReleasedTable, cells: Sequence[tuple[str, ...]]
) -> Callable[[int, int], float]:
    covariances = table.covariances or ()

    def of(first: int, second: int) -> float:
        agree = sum(
            1 << axis
            for axis, (a, b) in enumerate(zip(cells[first], cells[second], strict=True))
            if a == b
        )
        return 2 * (covariances[-1] - (covariances[agree] if first != second else 0.0))

    return of


def _quotient(
    line: Floats, over: Floats, under: Floats, variance: Callable[[Floats], float]
) -> Quotient | None:
    of_over, of_under = variance(over), variance(under)
    together = (variance(over + under) - of_over - of_under) / 2
    return fieller(float(line @ over), float(line @ under), of_over, of_under, together)


def _difference(line: Floats, weights: Floats, variance: Callable[[Floats], float]) -> Figure:
    used = weights != 0
    if np.isnan(line[used]).any():
        return NO_FIGURE
    value, margin = float(line[used] @ weights[used]), NORMAL_95 * sqrt(variance(weights))
    return Figure(value=value, low=value - margin, high=value + margin)


def _relative(
    line: Floats,
    after: Floats,
    before: Floats,
    variance: Callable[[Floats], float],
    *,
    lowest: float | None,
) -> Figure:
    """(after − before)/before; where `before` is too uncertain to divide by, none."""
    base, end = line[before != 0], line[after != 0]
    margin = NORMAL_95 * sqrt(variance(before))
    if np.isnan([*base, *end]).any() or reliability(base[0], margin) is Reliability.UNCERTAIN:
        return NO_FIGURE
    found = fieller(
        float(end[0]),
        float(base[0]),
        variance(after),
        variance(before),
        (variance(after + before) - variance(after) - variance(before)) / 2,
    )
    if found is None:
        return NO_FIGURE
    value, low, high = (end - 1 for end in (found.value, found.low, found.high))
    if lowest == 0:  # nothing can fall by more than all of it
        low, high = max(-1.0, low), max(-1.0, high)
    return Figure(value=value, low=low, high=high)


def _axis(table: ReleasedTable, field: str) -> Axis:
    return next(axis for axis in table.axes if axis.name == field)


def _place_of(axis: Axis, value: str) -> int:
    for place, names in enumerate(zip(axis.values, axis.labels, strict=True)):
        if value.lower() in (name.lower() for name in names):
            return place
    some = ", ".join(axis.values[:12]) + (" …" if len(axis.values) > 12 else "")
    raise ViewError(f"{axis.name} {value[:40]!r}", f"its values here are {some}")


def _unit(axis: Axis, value: str) -> Floats:
    weights = np.zeros(len(axis.values))
    weights[_place_of(axis, value)] = 1.0
    return weights


def _known(axis: Axis) -> Floats:
    return np.array([float(value != UNKNOWN) for value in axis.values])


def _for_all(cells: int) -> float:
    return float(quantile_above(Fraction(1, 20) / max(1, cells)))


def _doubt(of_set: float, of_order: float) -> str:
    """How sure it is that these are the largest, and stand in their true order."""
    sure = f"with probability ≥ {_percent_down(of_set)}"
    if of_set < WORTH_SAYING:
        return (
            "whether these are the largest, and in which order, is not known: too close to others"
        )
    if of_order < WORTH_SAYING:
        return f"these are the largest {sure}; in which order is not known: they are too close"
    return f"these are the largest {sure}, in this order ≥ {_percent_down(of_order)}"


def _percent_down(probability: float) -> str:
    return f"{int(probability * 1000) / 10:g} %"


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
