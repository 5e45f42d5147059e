"""What a picture is, before anybody draws it, and how it is written for whoever does.

    kind        axes                        a point's place
    bars        one or more groupings       one value of each; each point is a bar
    lines       period, or others + period  one value of each, the period last
    pyramid     gender, age                 the same; bars lie over the years of their age band
    sankey      the stages of a journey     stage, value there, value at the next stage
    flow-map    from, to                    the same
    multiples   panel, then as within       the first axis tells the small pictures apart

**What is too uncertain to quote has no value here**, only its interval: a page cannot draw a figure
that it was not given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import Axis, Cell


class Kind(Enum):
    """How a picture is drawn; the value is its name in addresses and documents."""

    BARS = "bars"
    LINES = "lines"
    PYRAMID = "pyramid"
    SANKEY = "sankey"
    FLOW_MAP = "flow-map"
    MULTIPLES = "multiples"


class Note(Enum):
    """What one must know to read a picture; pages say it in words."""

    MENTIONS = "mentions"
    """A person may count in several cells, so parts do not add up to persons."""

    LARGEST = "largest"
    """Of several small pictures, or of their rows, only the largest are drawn."""

    QUOTABLE = "quotable"
    """There are so many corridors that those too uncertain to quote are left to the table."""

    OUTWARD = "outward"
    """How figures hang together is not told: intervals of sums are wider than they need be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One number of a picture.

    Attributes:
        at: its place, as the kind has it.
        value: None where no figure may stand.
        low, high: of its 95 % interval; None where that has no end.
        margin: half-width of the interval before it was cut off; None where it has none.
        reliability: of a difference, None.

    Raises:
        ValueError: it is too uncertain and has a value, or its interval is no interval.
    """

    at: tuple[int, ...]
    value: float | None
    low: float | None
    high: float | None
    margin: float | None = None
    reliability: Reliability | None = None

    def __post_init__(self) -> None:
        """Refuse a figure that nobody may quote."""
        if self.reliability is Reliability.UNCERTAIN and self.value is not None:
            raise ValueError("what is too uncertain has no value in a picture")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("an interval ends before it begins")

    @property
    def is_drawable(self) -> bool:
        """Whether there is anything to draw: an interval with two ends."""
        return self.low is not None and self.high is not None


def point_of(at: tuple[int, ...], cell: Cell) -> Point:
    """A cell of a table at its place in a picture."""
    return Point(
        at=at,
        value=cell.quotable,
        low=cell.low,
        high=cell.high,
        margin=cell.margin,
        reliability=cell.reliability,
    )


ValueLabel = Callable[[Axis, int], str]
"""Writes the value of an axis at a place, in a reader's language."""


def as_released(axis: Axis, place: int) -> str:
    """The label that the release has."""
    return axis.labels[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture, ready to be drawn.

    Attributes:
        measure: what is counted, in one word: persons, rows, sum, mean; of a view its column.
        axes: of the points' places.
        points: what is drawn.
        aside: what belongs to it and has no place in the drawing; it is told in words beside it.
        cells: how many the table has; `points` may be the largest of them.
        within: of MULTIPLES, what each small picture is.
        from_zero: whether lengths say something; else (ages, changes) only places do.
        words: what one must know, in English already; of views.

    Raises:
        ValueError: it has no points, a point has no place, or `within` does not fit the kind.
    """

    kind: Kind
    title: str
    measure: str
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    aside: tuple[Point, ...] = ()
    cells: int
    within: Kind | None = None
    from_zero: bool = True
    notes: tuple[Note, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every point has its place."""
        if not self.points:
            raise ValueError("a picture of nothing")
        if (self.kind is Kind.MULTIPLES) != (self.within is not None):
            raise ValueError("only small multiples say what each of them is")
        for point in (*self.points, *self.aside):
            places = point.at
            axes: Sequence[Axis] = self.axes
            if self.kind is Kind.SANKEY:
                axes, places = self.axes[places[0] :][:2], places[1:]
            if len(places) != len(axes) or any(
                not 0 <= place < len(axis.values) for place, axis in zip(places, axes, strict=False)
            ):
                raise ValueError(f"a point at {point.at} is outside the picture")

    def to_json(self, label: ValueLabel = as_released) -> dict[str, object]:
        """The description for `pictures.js`; docs/pictures.md has its form.

        Args:
            label: writes values in the reader's language.
        """
        return {
            "kind": self.kind.value,
            "within": None if self.within is None else self.within.value,
            "title": self.title,
            "measure": self.measure,
            "axes": [
                {
                    "name": axis.name,
                    "label": axis.label,
                    "values": list(axis.values),
                    "labels": [label(axis, place) for place in range(len(axis.values))],
                    "bands": [list(ends) for ends in axis.bands],
                }
                for axis in self.axes
            ],
            "points": _columns(self.points),
            "aside": _columns(self.aside),
            "cells": self.cells,
            "from_zero": self.from_zero,
            "notes": [note.value for note in self.notes],
            "words": list(self.words),
        }


def _columns(points: Sequence[Point]) -> dict[str, object]:
    """Column by column: a map of 3 600 corridors is a third as long as it would be by rows."""
    return {
        "at": [list(point.at) for point in points],
        "value": [_short(point.value) for point in points],
        "low": [_short(point.low) for point in points],
        "high": [_short(point.high) for point in points],
        "margin": [_short(point.margin) for point in points],
        "mark": "".join(
            "-" if point.reliability is None else point.reliability.value for point in points
        ),
    }


def _short(number: float | None) -> float | int | None:
    """No more digits than anybody sees; shares have four."""
    if number is None:
        return None
    short = round(number, 4 if abs(number) < 2 else 2)
    return int(short) if short == int(short) else short
