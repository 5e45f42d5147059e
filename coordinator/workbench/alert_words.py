"""What changed in a standing series more than its noise explains, in the reader's language.

`publishing.alerting` decides; here is how it is said. Alerts of a release never change, so those of
the last release are kept as long as it is the last.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.field_words import value_words
from corridor.coordinator.reading_desk import ReadingDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.workbench import figures
from corridor.errors.client import RemoteAnswerError
from corridor.errors.comparing import ComparisonError
from corridor.pages.languages import gettext
from corridor.pages.languages import to_translate as _l
from corridor.publishing.alerting import Alert, Direction

MOST_SERIES = 30
MOST_KEPT = 200

_SENTENCES: Final[Mapping[Direction, str]] = {
    Direction.RISE: _l(
        "%(cell)s: more persons were counted in %(end)s than in %(start)s, by %(low)s to %(high)s, "
        "which noise does not explain."
    ),
    Direction.FALL: _l(
        "%(cell)s: fewer persons were counted in %(end)s than in %(start)s, by %(low)s to "
        "%(high)s, which noise does not explain."
    ),
}


def alert_words(alert: Alert) -> str:
    """The alert in a sentence; of a release that was made off its time, in two."""
    least, most = sorted((abs(alert.low), abs(alert.high)))
    low, high = figures.ends(least, most)
    cell = ", ".join(
        value_words(value, label) for value, label in zip(alert.values, alert.cell, strict=True)
    )
    said = gettext(
        _SENTENCES[alert.direction],
        cell=cell or gettext("All persons"),
        start=period_words(alert.start),
        end=period_words(alert.end),
        low=low,
        high=high,
    )
    if not alert.off_time:
        return said
    late = gettext("One of the two releases was not made at the end of its period.")
    return f"{said} {late}"


def period_words(named: str) -> str:
    """A period of a series as a reader writes months: one, or the first and the last."""
    return "–".join(value_words(month, month) for month in named.split("–"))


@dataclass(frozen=True, slots=True)
class SeriesNews:
    """The alerts of the last release of each series. Any thread may ask."""

    reading: ReadingDesk
    series: SeriesDesk
    _kept: dict[tuple[str, str], tuple[Alert, ...] | None] = field(default_factory=dict)

    def of(self, shown: Mapping[str, Any]) -> tuple[Alert, ...] | None:
        """What changed in the last release of a series; None where there is nothing to compare."""
        last = (shown["releases"] or [None])[-1]
        if last is None:
            return None
        key = (str(shown["id"]), str(last["release_id"]))
        with suppress(KeyError):
            return self._kept[key]
        found = self._look(key[0], str(last["named"]))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = found
        return found

    def changed(self) -> list[tuple[Mapping[str, Any], tuple[Alert, ...]]]:
        """The newest series in whose last release something changed, with what did."""
        found = [(one, self.of(one)) for one in self.series.listing(Page(MOST_SERIES))]
        return [(one, alerts) for one, alerts in found if alerts]

    def _look(self, series: str, period: str) -> tuple[Alert, ...] | None:
        try:
            found = self.reading.alerts(series, lag=1)
        except (ComparisonError, RemoteAnswerError):
            # Too few periods, or a charter came between that tells apart other values.
            return None
        return tuple(one for one in found if one.end == period)
