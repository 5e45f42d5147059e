"""What the rules of retention would do now, counted and not done.

One edition is kept, so there is no rule of how many: an older one would hold whoever was erased
since, and whoever was corrected as they were (docs/decisions/0047). What is left is how old things
may become: an edition, a case in it, the reports of imports. A person leaves with their last case.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from corridor.node.home import Retention
from corridor.node.store import Edition

COLUMNS = ("person", "referred_on", "identified_on", "last_event_on")
"""What must be read of the cases to know how old each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a rule would do to the data that are there.

    Attributes:
        rule: that was tried.
        edition_ends: when the current edition will have been kept as long as it may; None: never.
        is_over: it has been, and is erased at the next look of `serve` or import.
        next_month: when cases are next looked at, if no import comes before.
        cases: how many are past their time now.
        persons: how many have no other case than these.
        undated: how many cases say nothing of how old they are, and stay.
        reports: how many files of reports are past their time now.
    """

    rule: Retention
    edition_ends: datetime | None
    is_over: bool
    next_month: date
    cases: int
    persons: int
    undated: int
    reports: int

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        told = []
        if self.is_over:
            told.append(
                "the current edition is past its time: it is erased within the hour where `serve` "
                "runs, and at the next import"
            )
        elif self.edition_ends is not None:
            told.append(
                f"the current edition is erased after {self.edition_ends:%Y-%m-%d %H:%M} UTC, "
                "unless case files are imported before"
            )
        if self.rule.case_days is not None:
            told.append(
                f"{self.cases} cases are past their time, and {self.persons} persons have no other "
                f"case: they leave on {self.next_month:%Y-%m-%d}, or at the next import"
            )
            told.append(f"{self.undated} cases have no date, and stay")
        if self.rule.report_days is not None:
            told.append(f"{self.reports} files of reports are past their time: they go at once")
        return tuple(told) or (
            "nothing: there is no rule, so data stay until somebody erases them",
        )


@dataclass(frozen=True, slots=True)
class CaseCount:
    """Cases past their time, persons who have no other, cases without any date."""

    cases: int = 0
    persons: int = 0
    undated: int = 0


def foresee(
    rule: Retention,
    edition: Edition | None,
    count: CaseCount,
    reports: Iterable[datetime],
    now: datetime,
) -> Foresight:
    """What `rule` would do.

    Args:
        rule: in force or not.
        edition: the current one.
        count: of its cases, by this rule (`count_cases`).
        reports: when each file of a report was written.
        now: the moment that counts.
    """
    ends = None
    if edition is not None and rule.days is not None:
        ends = edition.imported_at + timedelta(rule.days)
    kept_since = None if rule.report_days is None else now - timedelta(rule.report_days)
    return Foresight(
        rule=rule,
        edition_ends=ends,
        is_over=ends is not None and now > ends,
        next_month=(now.date().replace(day=1) + timedelta(32)).replace(day=1),
        cases=count.cases,
        persons=count.persons,
        undated=count.undated,
        reports=0 if kept_since is None else sum(one < kept_since for one in reports),
    )


def count_cases(rule: Retention, persons: int, cases: Iterable[pa.Table], today: date) -> CaseCount:
    """Count what is past its time today.

    Args:
        rule: in force or not.
        persons: how many there are in the edition.
        cases: its cases with `COLUMNS`, piece by piece; read only where the rule asks for it.
        today: the day that counts.
    """
    if rule.case_days is None:
        return CaseCount()
    limit = today - timedelta(rule.case_days)
    stays = np.zeros(persons, np.bool_)
    leaves = np.zeros(persons, np.bool_)
    old = undated = 0
    for piece in cases:
        # As `importing.next_edition.merge` takes them: the first that there is.
        day, *others = (piece.column(name).to_numpy() for name in COLUMNS[1:])
        for other in others:
            day = np.where(np.isnat(day), other, day)
        is_old = day < np.datetime64(limit)  # never where there is none
        person = piece.column("person").to_numpy()
        stays[person[~is_old]] = True
        leaves[person[is_old]] = True
        old += int(is_old.sum())
        undated += int(np.isnat(day).sum())
    return CaseCount(old, int((leaves & ~stays).sum()), undated)
