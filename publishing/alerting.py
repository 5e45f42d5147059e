"""Tells which cells of a standing series changed more than its noise explains.

    alerts_of([release 1, …, release p])   every release with those from period to period
    alerts_of([…], lag=12)                 of a monthly series: with the same month a year before

Compared are the persons *counted first* in a period. The first release counts everybody who was
known when the series began, so periods are compared from the second on.

**Noise.** Both figures are put together of what all releases up to theirs measured
(`privacy.continual`): the same draws are in both, with different weights. The variance of their
difference is Σ_j (w_j − w'_j)²·v_j, v_j of what release j measured, which follows from the
variances that the releases state. Taken for independent it would be too small.

**How often it is wrong.** A series of T periods makes T − 1 − lag comparisons, each of all cells,
and somebody looks at each. If nothing changes anywhere, there is no alert in the whole life of the
series with at least 95 %: each comparison gets α = 0.05/(T − 1 − lag) (Bonferroni over releases,
whose noise hangs together). Within a comparison cells' noises are independent of each other, and
the alerts are chosen by Benjamini & Hochberg 1995 at α: where some cells change, at most a part α
of the alerts is false, on average, and many true ones do not have to be paid for one by one. The
interval of an alert is at 1 − α·R/m, R alerts of m cells (Benjamini & Yekutieli 2005, "False
Discovery Rate–Adjusted Multiple Confidence Intervals"): it leaves out 0 for the cells that are
chosen, and of such intervals no more than a part α misses. All of that holds for each `lag` by
itself: whoever looks at two of them has two families.

**What an alert says.** That another number of persons was counted. Detected is not prevalence: a
rise may be better identification, a fall may be fewer people looking. It is said with every alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import erfc, sqrt
from typing import Any

import numpy as np

from corridor.errors.client import RemoteAnswerError
from corridor.errors.comparing import ComparisonError
from corridor.privacy.continual import Series
from corridor.privacy.normal import quantile_above
from corridor.publishing.comparing import ends_in_words
from corridor.publishing.tables import Cell, ReleasedTable, tables_of

FALSE_ALARM = Fraction(1, 20)
"""Of a whole series in which nothing changes."""

LEAST_PERIODS = 3
"""The first release is compared with nothing, the second has nothing to be compared with."""


class Direction(StrEnum):
    """Which way a cell went; the value is the sentence's key."""

    RISE = "rise"
    FALL = "fall"


_SENTENCES = {
    Direction.RISE: (
        "{cell}: more persons were counted in {end} than in {start}, by {low} to {high}, which "
        "noise does not explain. Detected is not prevalence: a rise may be better identification."
    ),
    Direction.FALL: (
        "{cell}: fewer persons were counted in {end} than in {start}, by {low} to {high}, which "
        "noise does not explain. Detected is not prevalence: a fall may be less identification."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A cell that changed more than the noise explains.

    Attributes:
        cell: labels of its values, one for each grouping.
        values: the same as questions write them.
        start, end: the two periods, as releases name them.
        low, high: of the interval of the change, later minus earlier.
        off_time: one of the two releases was made before its period was over, or long after: it
            counts persons of another stretch of time, which may be all that there is to it.
    """

    cell: tuple[str, ...]
    values: tuple[str, ...]
    start: str
    end: str
    low: float
    high: float
    direction: Direction
    off_time: bool

    def __post_init__(self) -> None:
        if not self.low < self.high or self.low * self.high <= 0:
            raise ValueError("an alert's interval leaves out 0")

    @property
    def text(self) -> str:
        """For people, in English."""
        least, most = sorted((abs(self.low), abs(self.high)))
        low, high = ends_in_words(least, most)
        said = _SENTENCES[self.direction].format(
            cell=", ".join(self.cell) or "All persons",
            start=self.start,
            end=self.end,
            low=low,
            high=high,
        )
        late = " One of the two releases was not made at the end of its period."
        return said + (late if self.off_time else "")

    def to_json(self) -> dict[str, object]:
        """The alert for programs."""
        return {
            "cell": list(self.cell),
            "values": list(self.values),
            "start": self.start,
            "end": self.end,
            "low": self.low,
            "high": self.high,
            "direction": self.direction.value,
            "off_time": self.off_time,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class _Released:
    """One release of a series, as far as alerts need it."""

    named: str
    table: ReleasedTable
    off_time: bool


def alerts_of(releases: Sequence[Mapping[str, Any]], *, lag: int = 1) -> tuple[Alert, ...]:
    """The alerts of all releases up to now, the latest period first, in each the surest first.

    A release's alerts never change when later releases come.

    Args:
        releases: every release of one standing series up to now, in order, as the API gives them.
        lag: how many periods lie between the two that are compared.

    Raises:
        RemoteAnswerError: they are not the first releases of one series, in order.
        ComparisonError: the series has no two periods that lie so far apart.
    """
    if not releases:
        return ()
    found, series = _read(releases)
    if not 1 <= lag <= series.periods - LEAST_PERIODS + 1:
        raise ComparisonError(
            f"periods that lie {lag} apart",
            f"the series has {series.periods} periods, and the first counts who was known before",
        )
    comparisons = series.periods - 1 - lag
    variances = _measured(found, series)
    alerts: list[Alert] = []
    for end in range(len(found), lag + 1, -1):  # periods, from 1
        start = end - lag
        weights = np.array([float(one) for one in series.newly(end)])
        weights[:start] -= [float(one) for one in series.newly(start)]
        deviation = sqrt(float(np.square(weights) @ variances[:end]))
        alerts += _compared(found[start - 1], found[end - 1], deviation, FALSE_ALARM / comparisons)
    return tuple(alerts)


def _compared(
    before: _Released, after: _Released, deviation: float, level: Fraction
) -> list[Alert]:
    """The cells in which two periods differ, by the rule of the module, the surest first."""
    cells = list(zip(before.table.cells(), after.table.cells(), strict=True))
    changes = [_value(later) - _value(earlier) for earlier, later in cells]
    chances = [erfc(abs(change) / deviation / sqrt(2)) for change in changes]
    order = sorted(range(len(cells)), key=lambda cell: (chances[cell], cell))
    chosen = 0
    for rank, cell in enumerate(order, start=1):
        if chances[cell] <= level * rank / len(cells):
            chosen = rank
    if not chosen:
        return []
    margin = float(quantile_above(level * chosen / len(cells))) * deviation
    return [
        Alert(
            cell=cells[cell][1].labels,
            values=cells[cell][1].values,
            start=before.named,
            end=after.named,
            low=changes[cell] - margin,
            high=changes[cell] + margin,
            direction=Direction.RISE if changes[cell] > 0 else Direction.FALL,
            off_time=before.off_time or after.off_time,
        )
        for cell in order[:chosen]
        if abs(changes[cell]) > margin  # but for the last digit of a quantile always so
    ]


def _measured(found: Sequence[_Released], series: Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The variance of what each release measured, from what the releases say of their figures.

    Raises:
        RemoteAnswerError: they contradict each other.
    """
    variances: list[float] = []
    for period, one in enumerate(found, start=1):
        *earlier, last = (float(weight) ** 2 for weight in series.newly(period))
        said = one.table.covariances
        assert said is not None  # noqa: S101 - `_read` has looked
        rest = said[-1] - sum(w * v for w, v in zip(earlier, variances, strict=True))
        if rest <= 0:  # noise that was never drawn
            raise RemoteAnswerError("the variances of a series")
        variances.append(rest / last)
    return np.array(variances)


def _read(releases: Sequence[Mapping[str, Any]]) -> tuple[list[_Released], Series]:
    """The releases as values, and their series.

    Raises:
        RemoteAnswerError: they are not the first releases of one series, in order.
    """
    found = []
    places = set()
    try:
        for period, release in enumerate(releases, start=1):
            series = release["series"]
            newly, _ = tables_of(release)
            in_order = series["period"] == period and newly.covariances is not None
            places.add((str(series["id"]), int(series["periods"]), newly.axes, in_order))
            published = str(release["published_at"])[:10]
            on_time = series["due"] <= published < series["next_due"]
            found.append(_Released(str(series["named"]), newly, not on_time))
        ((_, periods, _, in_order),) = places
        if in_order:
            return found, Series(periods)
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteAnswerError("the releases of a series") from error
    raise RemoteAnswerError("the releases of a series")


def _value(cell: Cell) -> float:
    return 0.0 if cell.value is None else cell.value
