"""The tables of a release as values: cells with labels in words, estimates and margins.

    for table in tables_of(region.release(identifier)):
        for cell in table.cells():
            print(cell.labels, cell.value, "±", cell.margin)

What comes here is the coordinator's word, read for people; the receipt is what proves it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from corridor.errors.client import RemoteAnswerError
from corridor.privacy.reliability import Reliability, reliability

COUNTED_BY = "counted_by"
"""The grouping that tells apart whose authority counted, in figures of single countries."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One grouping: its name in questions, its label for people, its values and their labels.

    Attributes:
        bands: of a histogram's axis, the ends of each value's band but that of `unknown`.
    """

    name: str
    label: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    bands: tuple[tuple[int, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of an answer.

    Attributes:
        values: as questions write them; labels: the same in words.
        value: unbiased, so it can be below 0; None where there is no mean.
        margin: half-width of the 95 % interval.
        non_negative: the nearest value that is possible; None where there is none.
        lowest: below which no true value can lie; None where it may be any.
        among: how many cells its table has: of many, some look large by chance.
    """

    values: tuple[str, ...]
    labels: tuple[str, ...]
    value: float | None
    margin: float | None
    non_negative: float | None
    lowest: float | None = None
    among: int = 1

    @property
    def reliability(self) -> Reliability:
        """How the figure may be used; what is too uncertain is no figure."""
        may_be_negative = self.lowest is None or self.lowest < 0
        return reliability(
            self.value, self.margin, may_be_negative=may_be_negative, cells=self.among
        )

    @property
    def quotable(self) -> float | None:
        """The value where it may stand as a figure; None where it is too uncertain."""
        return None if self.reliability is Reliability.UNCERTAIN else self.value

    @property
    def low(self) -> float | None:
        """The lower end of the 95 % interval, as far as true values can lie."""
        return self._cut(-1)

    @property
    def high(self) -> float | None:
        """The upper end of the 95 % interval, as far as true values can lie."""
        return self._cut(1)

    @property
    def reaches_zero(self) -> bool:
        """Whether the answer cannot tell this cell from nothing.

        What cannot be negative, and is estimated far below 0, is noise about nothing as well.
        """
        if self.value is None or self.margin is None:
            return True
        size = abs(self.value) if self.non_negative is None else self.value
        return size <= self.margin

    def _cut(self, side: int) -> float | None:
        if self.value is None or self.margin is None:
            return None
        end = self.value + side * self.margin
        return end if self.lowest is None else max(self.lowest, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedTable:
    """One table of a release.

    Attributes:
        measure: what is counted, in one word: persons, rows, sum, mean.
        max_cells: in how many cells one person may count.
        central_margin: what the margin of a cell would be had everybody trusted one curator.
        total: of all cells, with its margin; None for means.
        lowest: as of its cells.
        covariances: of the cells' noise (`privacy.covariance`); None where they are not told.
    """

    title: str
    measure: str
    max_cells: int
    axes: tuple[Axis, ...]
    values: Sequence[float | None]
    margins: Sequence[float | None] | float
    non_negative: Sequence[float] | None
    central_margin: float | None
    total: tuple[float, float] | None
    lowest: float | None
    covariances: tuple[float, ...] | None

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.values)

    @property
    def margin(self) -> float | None:
        """The one margin of every cell; None where each has its own."""
        return self.margins if isinstance(self.margins, float) else None

    def cells_at(self, places: Iterable[int]) -> Iterator[Cell]:
        """The cells at these places, the last axis fastest: of a large table some are looked at."""
        for place in places:
            at, rest = list[int](), place
            for axis in reversed(self.axes):
                rest, one = divmod(rest, len(axis.values))
                at.insert(0, one)
            yield Cell(
                tuple(axis.values[one] for axis, one in zip(self.axes, at, strict=True)),
                tuple(axis.labels[one] for axis, one in zip(self.axes, at, strict=True)),
                self.values[place],
                self.margins if isinstance(self.margins, float) else self.margins[place],
                None if self.non_negative is None else self.non_negative[place],
                self.lowest,
                self.size,
            )

    def cells(self) -> Iterator[Cell]:
        """Every cell, the last axis fastest."""
        names = product(*(axis.values for axis in self.axes))
        words = product(*(axis.labels for axis in self.axes))
        for place, (values, labels) in enumerate(zip(names, words, strict=True)):
            margin = self.margins if isinstance(self.margins, float) else self.margins[place]
            shown = None if self.non_negative is None else self.non_negative[place]
            yield Cell(values, labels, self.values[place], margin, shown, self.lowest, self.size)


def tables_of(release: Mapping[str, Any]) -> tuple[ReleasedTable, ...]:
    """The tables of a release, as the API gives it.

    Of figures of single countries each table has one grouping more, the first: which country's
    authority counted.

    Raises:
        RemoteAnswerError: it has no such tables.
    """
    try:
        if "countries" in release:
            return tuple(_side_by_side(release["countries"]))
        return tuple(_table(one) for one in release["tables"])
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteAnswerError("a release's tables") from error


def _table(document: Mapping[str, Any]) -> ReleasedTable:
    axes = tuple(
        Axis(
            str(one["name"]),
            str(one["label"]),
            _texts(one["values"]),
            _texts(one["labels"]),
            tuple(
                (int(low), None if high is None else int(high))
                for low, high in one.get("bands", ())
            ),
        )
        for one in document["axes"]
    )
    size = 1
    for axis in axes:
        if len(axis.values) != len(axis.labels):
            raise ValueError("an axis has values without labels")
        if len(axis.bands) > len(axis.values):
            raise ValueError("an axis has bands without values")
        size *= len(axis.values)
    margin, totals = document["margin"], document["totals"]
    central = document.get("central_margin")
    shown = document["non_negative"]
    return ReleasedTable(
        title=str(document["title"]),
        measure=_measure(document),
        max_cells=int(document["max_cells"]),
        axes=axes,
        values=_numbers(document["values"], size),
        margins=_numbers(document["margins"], size) if margin is None else float(margin),
        non_negative=None if shown is None else [float(one) for one in _sized(shown, size)],
        central_margin=None if central is None else float(central),
        total=None if totals is None else _estimate(totals["all"]),
        lowest=_lowest(document),
        covariances=_covariances(document, len(axes)),
    )


def countries_of(
    release: Mapping[str, Any],
) -> tuple[tuple[str, tuple[ReleasedTable, ...]], ...]:
    """Each country with its own tables, of a release of scope per-country.

    Raises:
        RemoteAnswerError: it has no such tables.
    """
    try:
        return tuple(
            (str(one["country"]), tuple(map(_table, one["tables"]))) for one in release["countries"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteAnswerError("a release's figures of countries") from error


def _side_by_side(countries: Sequence[Mapping[str, Any]]) -> Iterator[ReleasedTable]:
    axis = Axis(
        COUNTED_BY,
        "Counted by",
        _texts([one["country"] for one in countries]),
        _texts([one["name"] for one in countries]),
    )
    each = [[_table(table) for table in one["tables"]] for one in countries]
    for tables in zip(*each, strict=True):
        first = tables[0]
        shown = [table.non_negative for table in tables]
        totals = [table.total for table in tables]
        yield replace(
            first,
            axes=(axis, *first.axes),
            values=[value for table in tables for value in table.values],
            margins=first.margins
            if isinstance(first.margins, float)
            else [
                margin
                for table in tables
                for margin in ([] if isinstance(table.margins, float) else table.margins)
            ],
            non_negative=None
            if any(one is None for one in shown)
            else [value for one in shown if one is not None for value in one],
            total=None if any(one is None for one in totals) else together(totals),
            covariances=_of_countries(first.covariances),
        )


def together(estimates: Sequence[tuple[float, float] | None]) -> tuple[float, float]:
    """The sum of figures with noise of their own each; margins add up in squares."""
    given = [one for one in estimates if one is not None]
    return sum(value for value, _ in given), math.hypot(*(margin for _, margin in given))


def _measure(document: Mapping[str, Any]) -> str:
    measure = document["measure"]
    if "count" in measure or "histogram" in measure:
        return "persons" if document["max_rows"] == 1 else "rows"
    return "mean" if "mean" in measure else "sum"


def _covariances(document: Mapping[str, Any], axes: int) -> tuple[float, ...] | None:
    found = document.get("covariances")
    return None if found is None else tuple(float(one) for one in _sized(found, 1 << axes))


def _of_countries(covariances: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """One country's covariances with the axis of countries put first; noises are independent."""
    if covariances is None:
        return None
    # Bit 0 is now the country (`privacy.covariance`): cells of two countries share nothing.
    return tuple(
        covariances[mask >> 1] if mask & 1 else 0.0 for mask in range(2 * len(covariances))
    )


def _lowest(document: Mapping[str, Any]) -> float | None:
    """Sums of many may be any number if one person's may be negative; a mean is within bounds."""
    measure = document["measure"]
    if "mean" in measure:
        return float(measure["low"])
    return None if document["may_be_negative"] else 0.0


def _texts(words: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(word) for word in words)


def _numbers(numbers: Sequence[Any], size: int) -> list[float | None]:
    return [None if one is None else float(one) for one in _sized(numbers, size)]


def _sized(numbers: Sequence[Any], size: int) -> Sequence[Any]:
    if len(numbers) != size:
        raise ValueError("as many numbers as cells were expected")
    return numbers


def _estimate(total: Mapping[str, Any]) -> tuple[float, float]:
    return float(total["value"]), float(total["margin"])
