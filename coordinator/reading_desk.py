"""Reads releases beside each other: comparisons, and alerts of standing series. Spends nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.errors.comparing import ComparisonError
from corridor.publishing.alerting import Alert, alerts_of
from corridor.publishing.comparing import Comparison, compare
from corridor.publishing.groups import Group, Wanted, find_group, parse_groups, placed_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """Compares what was released, and says what changed."""

    releases: ReleaseDesk
    series: SeriesDesk

    def compare(
        self, identifier: str, cells: str, *, table: int | None, earlier: str | None
    ) -> Comparison:
        """Groups of cells of a release side by side, and how they changed since another one.

        Args:
            identifier: of the release.
            cells: the groups, as `recruited_in=MD,exploited_in=IT; recruited_in=UA`.
            table: number of the table, from 1; the one that fits best where None.
            earlier: id of the release with which each is compared besides; or None.

        Raises:
            UnknownReleaseError: there is no such release.
            ComparisonError: it has no such cells, or they cannot be compared.
        """
        wanted = parse_groups(cells)
        now = self._release(identifier)
        groups, before = _groups(now, wanted, table), []
        if earlier is not None:
            then = self._release(earlier)
            demand_alike(then, now)
            before = _groups(then, wanted, table)
        return compare(groups, earlier=before)

    def alerts(self, identifier: str, *, lag: int) -> tuple[Alert, ...]:
        """Which cells of a standing series changed more than its noise explains.

        Args:
            identifier: of the series.
            lag: how many periods lie between the two that are compared.

        Raises:
            UnknownSeriesError: there is no such series.
            ComparisonError: it has no periods that lie so far apart.
        """
        releases = self.series.show(identifier)["releases"]
        return alerts_of([self._release(one["release_id"]) for one in releases], lag=lag)

    def _release(self, identifier: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = json.loads(self.releases.document(identifier))
        return document


def demand_alike(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """See that a change between them is a change of what was counted, and not of who counted.

    Raises:
        ComparisonError: it is not, or `then` is no earlier one.
    """
    if then["published_at"] > now["published_at"]:
        raise ComparisonError("a release that is not the earlier one", "exchange the two")
    if then["scope"] != now["scope"]:
        raise ComparisonError(
            f"figures of scope {then['scope']} and {now['scope']}", "take two of one scope"
        )
    if then["survivors"] != now["survivors"]:
        both = " and ".join(", ".join(one["survivors"]) for one in (then, now))
        raise ComparisonError(
            f"counts by other authorities ({both})",
            "compare answers in which the same took part: else their number changes the figure",
        )


def _groups(
    release: Mapping[str, Any], wanted: tuple[Wanted, ...], table: int | None
) -> list[Group]:
    tables = placed_tables(release)
    return [find_group(tables, one, table) for one in wanted]
