"""Cells of released tables added up to groups, and how the noise of two groups hangs together.

    recruited_in=MD,exploited_in=IT                one corridor
    recruited_in=MD|UA,exploited_in=IT             two countries of recruitment together

Fields that are not named are added up over all their values. A group is taken from the table with
these groupings that has the fewest others, of several such the one with the fewest cells: each cell
that is added up adds its noise.

**The noise of a difference.** Of two groups

    of one table            follows from its covariances (`privacy.covariance`), or of means from
                            each one's own margin
    of one standing series  follows from the weights with which its releases are put together
                            (`privacy.continual`): they hold the same draws
    of two other releases   is independent, also if they answer the same question
    of two tables of one release that may have been counted together: is not told; then deviations
                            are added as they stand, √v₁ + √v₂, which no dependence exceeds
                            (Cauchy & Schwarz), and the interval is wider than it need be

Post-processing; floats are good enough.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isclose, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridor.errors.client import RemoteAnswerError
from corridor.errors.comparing import ComparisonError
from corridor.privacy.continual import Series
from corridor.privacy.covariance import variance_of
from corridor.privacy.ratios import NORMAL_95
from corridor.privacy.reliability import Reliability, reliability
from corridor.publishing.tables import Axis, ReleasedTable, tables_of
from corridor.queries.catalogue import UNKNOWN

Floats = NDArray[np.float64]

MOST_GROUPS = 12
"""Of one comparison: 66 differences, which is more than anybody reads."""

FROM, TO = "recruited_in", "exploited_in"
_PERIOD = re.compile(r"\d{4}(-Q[1-4]|-\d{2})?")


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """Which table of a standing series it is, and what its figures are put together of.

    Attributes:
        series: the series' id.
        weights: of what was measured in each period up to this one.
        unit: the variance of what one release measured, if all have the same.
    """

    series: str
    weights: tuple[float, ...]
    unit: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table stands.

    Attributes:
        release: its id.
        number: of the table in the release, from 0.
        when: the day on which it was published; of a standing series, its period.
        in_series: None outside of standing series.
    """

    release: str
    number: int
    when: str
    in_series: SeriesTable | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTable:
    """A table and where it stands."""

    origin: Origin
    table: ReleasedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A sum of cells with its 95 % interval, cut off where no true value can lie."""

    value: float | None
    margin: float | None
    low: float | None
    high: float | None
    reliability: Reliability

    def to_json(self) -> dict[str, object]:
        """The figure for programs."""
        return {
            "value": self.value,
            "margin": self.margin,
            "low": self.low,
            "high": self.high,
            "reliability": self.reliability.value,
        }


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of some noise; `is_bound` where it is the most that it can be."""

    variance: float
    is_bound: bool = False

    @property
    def deviation(self) -> float:
        """Its square root."""
        return sqrt(self.variance)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Cells of one table, added up; of a mean exactly one.

    Attributes:
        label: for people, as `Moldova → Italy`.
        cells: their numbers in the table, sorted, each once.
    """

    label: str
    placed: PlacedTable
    cells: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.cells or list(self.cells) != sorted(set(self.cells)):
            raise ValueError("a group has cells, each once")

    @property
    def table(self) -> ReleasedTable:
        """The table that the cells are of."""
        return self.placed.table

    @property
    def value(self) -> float | None:
        """The sum of the cells; None where one of them has no estimate."""
        values = [self.table.values[cell] for cell in self.cells]
        known = [one for one in values if one is not None]
        return sum(known) if len(known) == len(values) else None

    def spread(self) -> Spread:
        """Of its own noise."""
        return _spread(self.table, self._weights())

    def estimate(self, among: int | None = None) -> Estimate:
        """The sum with its interval and mark.

        Args:
            among: how many figures stand beside it; all cells of its table where None.
        """
        value, lowest = self.value, self.table.lowest
        margin = self._margin()
        if value is None or margin is None:
            return NO_ESTIMATE
        mark = reliability(
            value,
            margin,
            may_be_negative=lowest is None or lowest < 0,
            cells=self.table.size if among is None else among,
        )
        low, high = value - margin, value + margin
        if lowest is not None:
            least = lowest if len(self.cells) == 1 else lowest * len(self.cells)
            low, high = max(least, low), max(least, high)
        return Estimate(value=value, margin=margin, low=low, high=high, reliability=mark)

    def along(self) -> tuple[tuple[str, "Group"], ...]:
        """The group's parts by period, in order, if its table has an axis of time."""
        axes = self.table.axes
        place = next((place for place, axis in enumerate(axes) if is_time(axis)), None)
        if place is None:
            return ()
        at = np.unravel_index(np.array(self.cells), _shape(self.table))[place]
        parts = []
        for number, value in enumerate(axes[place].values):
            cells = tuple(cell for cell, own in zip(self.cells, at, strict=True) if own == number)
            if cells and value != UNKNOWN:
                part = Group(self.label, self.placed, cells)
                parts.append((axes[place].labels[number], part))
        return tuple(parts)

    def _margin(self) -> float | None:
        margins = self.table.margins
        if len(self.cells) == 1:  # as the answer says it, to the step
            return margins if isinstance(margins, float) else margins[self.cells[0]]
        return NORMAL_95 * self.spread().deviation

    def _weights(self) -> Floats:
        weights = np.zeros(self.table.size)
        weights[list(self.cells)] = 1.0
        return weights


NO_ESTIMATE = Estimate(
    value=None, margin=None, low=None, high=None, reliability=Reliability.UNCERTAIN
)


def is_time(axis: Axis) -> bool:
    """Whether the axis' values are years, quarters or months."""
    known = [value for value in axis.values if value != UNKNOWN]
    return bool(known) and all(_PERIOD.fullmatch(value) for value in known)


def spread_of_difference(first: Group, second: Group) -> Spread:
    """Of the noise in `first` minus `second`; the module says how that is known."""
    here, there = first.placed.origin, second.placed.origin
    if here.release == there.release and here.number == there.number:
        return _spread(first.table, first._weights() - second._weights())  # noqa: SLF001 - ours
    one, other = first.spread(), second.spread()
    a, b = here.in_series, there.in_series
    in_one_series = a is not None and b is not None and a.series == b.series
    if a is not None and b is not None and in_one_series and isclose(a.unit, b.unit, rel_tol=1e-6):
        common = len(set(first.cells) & set(second.cells))
        together = sum(x * y for x, y in zip(a.weights, b.weights, strict=False)) * a.unit
        variance = one.variance + other.variance - 2 * common * together
        return Spread(max(0.0, variance), one.is_bound or other.is_bound)
    if here.release != there.release and not in_one_series:
        return Spread(one.variance + other.variance, one.is_bound or other.is_bound)
    return Spread((one.deviation + other.deviation) ** 2, is_bound=True)


def _spread(table: ReleasedTable, weights: Floats) -> Spread:
    if table.covariances is not None:
        return Spread(variance_of(weights.reshape(_shape(table)), table.covariances))
    margins = table.margins
    used = np.flatnonzero(weights)
    own = [margins if isinstance(margins, float) else margins[cell] for cell in used.tolist()]
    # None: there is no estimate, and nobody looks at its spread.
    deviations = np.array([0.0 if one is None else one / NORMAL_95 for one in own])
    scaled = np.abs(weights[used]) * deviations
    if table.measure == "mean":  # each has noise of its own
        return Spread(float(np.square(scaled).sum()))
    return Spread(float(scaled.sum()) ** 2, is_bound=len(used) > 1)


# ---------------------------------------------------------------- finding them


def placed_tables(release: Mapping[str, Any]) -> tuple[PlacedTable, ...]:
    """The tables of a release, with where they stand.

    Raises:
        RemoteAnswerError: it is no release.
    """
    tables = tables_of(release)
    try:
        identifier = str(release["id"])
        series = release.get("series")
        when = str(release["published_at"])[:10] if series is None else str(series["named"])
        in_series = [None] * len(tables) if series is None else _in_series(series, tables)
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteAnswerError("a release's place") from error
    return tuple(
        PlacedTable(Origin(identifier, number, when, in_series[number]), table)
        for number, table in enumerate(tables)
    )


def _in_series(
    series: Mapping[str, Any], tables: Sequence[ReleasedTable]
) -> list[SeriesTable | None]:
    """What `queries.standing` put the two tables of a release together of."""
    weighing, period = Series(int(series["periods"])), int(series["period"])
    found: list[SeriesTable | None] = []
    pairs = zip((weighing.newly(period), weighing.so_far(period)), tables, strict=True)
    for weights, table in pairs:
        if table.covariances is None:
            found.append(None)
            continue
        unit = table.covariances[-1] / float(weighing.variance(weights))
        found.append(SeriesTable(str(series["id"]), _floats(weights), unit))
    return found


def _floats(weights: Sequence[Fraction]) -> tuple[float, ...]:
    return tuple(float(one) for one in weights)


Wanted = tuple[tuple[str, tuple[str, ...]], ...]
"""A group in words: fields, each with the values that are in it."""


def parse_groups(text: str) -> tuple[Wanted, ...]:
    """`recruited_in=MD,exploited_in=IT; recruited_in=UA|MD,exploited_in=PL`.

    Raises:
        ComparisonError: another form, or too many groups.
    """
    words = [part for part in (part.strip() for part in text.split(";")) if part]
    if not 1 <= len(words) <= MOST_GROUPS:
        raise ComparisonError(
            f"{len(words)} groups of cells", f"name 1 to {MOST_GROUPS}, with ; between them"
        )
    return tuple(_parse_group(part) for part in words)


def _parse_group(text: str) -> Wanted:
    found = []
    for part in text.split(","):
        field, equals, values = part.partition("=")
        chosen = tuple(value.strip() for value in values.split("|") if value.strip())
        if not equals or not field.strip() or not chosen:
            raise ComparisonError(
                repr(text[:60]), "write cells as recruited_in=MD,exploited_in=IT|FR"
            )
        found.append((field.strip(), chosen))
    if len(dict(found)) != len(found):
        raise ComparisonError(repr(text[:60]), "name each field once; values have | between them")
    return tuple(found)


def find_group(tables: Sequence[PlacedTable], wanted: Wanted, number: int | None = None) -> Group:
    """The group of these words.

    Args:
        tables: of one release.
        wanted: as `parse_groups` gives it.
        number: of the table, from 1; the one that fits best where None.

    Raises:
        ComparisonError: no table has these groupings, or not these values; says what there is.
    """
    placed = _fitting(tables, wanted, number)
    table = placed.table
    chosen = dict(wanted)
    places, words = [], {}
    for axis in table.axes:
        if axis.name in chosen:
            found = sorted({_place_of(axis, value) for value in chosen[axis.name]})
            words[axis.name] = " or ".join(axis.labels[place] for place in found)
            places.append(found)
        else:
            places.append(list(range(len(axis.values))))
    numbers = np.ravel_multi_index(np.ix_(*places), _shape(table)) if places else np.zeros(1, int)
    cells = tuple(sorted(int(cell) for cell in np.asarray(numbers).reshape(-1)))
    if table.measure == "mean" and len(cells) > 1:
        raise ComparisonError(
            "a mean of several cells", f"name all of {', '.join(axis.name for axis in table.axes)}"
        )
    return Group(_label(words), placed, cells)


def _fitting(tables: Sequence[PlacedTable], wanted: Wanted, number: int | None) -> PlacedTable:
    if number is not None and not 1 <= number <= len(tables):
        raise ComparisonError(f"table {number}", f"the release has {len(tables)} tables, from 1 on")
    offered = list(tables) if number is None else [tables[number - 1]]
    names = {field for field, _ in wanted}
    fits = [one for one in offered if names <= {axis.name for axis in one.table.axes}]
    if not fits:
        listed = "; ".join(
            ", ".join(axis.name for axis in one.table.axes) or "no grouping" for one in offered
        )
        raise ComparisonError(
            f"cells by {', '.join(sorted(names))[:80]}", f"the tables are grouped by: {listed}"
        )
    return min(fits, key=lambda one: (len(one.table.axes), one.table.size))


def _label(words: Mapping[str, str]) -> str:
    if {FROM, TO} <= set(words):
        rest = [text for field, text in words.items() if field not in {FROM, TO}]
        return ", ".join([f"{words[FROM]} → {words[TO]}", *rest])
    # One end of a journey alone is called by its field: both ends have the same countries.
    return ", ".join(
        f"{text} ({field})" if field in {FROM, TO} else text for field, text in words.items()
    )


def _place_of(axis: Axis, value: str) -> int:
    for place, names in enumerate(zip(axis.values, axis.labels, strict=True)):
        if value.lower() in (name.lower() for name in names):
            return place
    some = ", ".join(axis.values[:12]) + (" …" if len(axis.values) > 12 else "")
    raise ComparisonError(f"{axis.name} {value[:40]!r}", f"its values here are {some}")


def _shape(table: ReleasedTable) -> tuple[int, ...]:
    return tuple(len(axis.values) for axis in table.axes)
