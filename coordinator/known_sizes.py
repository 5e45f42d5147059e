"""What earlier answers tell of a table before it is asked again: how much its cells held.

    of(question, scope) ── for each table the newest release that counted the same rows, by the
                           same groupings, under the same conditions; None where there is none

Nothing else is said of how much cells hold. A rule of thumb for "such cells" would be wrong under
every condition that narrows them, and no release of other conditions tells which.

What releases say never changes, so it is remembered. Post-processing of what was released: free.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import select

from corridor.coordinator.store import Store, releases
from corridor.errors import CorridorError
from corridor.privacy.reliability import caution_up_to
from corridor.protocols import canonical
from corridor.protocols.secure_sum.messages import Scope
from corridor.publishing.tables import ReleasedTable, tables_of
from corridor.queries.question import CountPersons, Question, TableQuestion, parse_question

LOOKED_THROUGH = 200
"""Among so many of the newest releases those with the same table are looked for."""

LARGEST_DOCUMENT = 20_000_000
"""Bytes of a release; of a longer one it would take seconds to read what its cells held."""

MOST_KEPT = 64

Wanted = tuple[object, ...]
"""What makes two tables the same: rows, measure, groupings, conditions, bounds."""


@dataclass(frozen=True, slots=True)
class KnownSize:
    """What the cells of a table held in the newest answer that has it.

    Attributes:
        release: its id; published: when, as the release says it.
        cells: how many it has.
        held: the figures that could be quoted in it, the largest first.
    """

    release: str
    published: str
    cells: int
    held: tuple[float, ...]

    @property
    def middle(self) -> float | None:
        """The middle one of these figures; None without any."""
        return self.held[len(self.held) // 2] if self.held else None

    def would_stand(self, margin: float) -> int:
        """How many of these cells would hold enough for a figure, at another margin."""
        least = margin / caution_up_to(self.cells)
        return sum(value >= least for value in self.held)

    def to_json(self, margin: float) -> dict[str, object]:
        """For programs; `margin` is the one that is forecast."""
        return {
            "release_id": self.release,
            "published_at": self.published,
            "cells": self.cells,
            "figures": len(self.held),
            "middle": self.middle,
            "would_stand": self.would_stand(margin),
        }


@dataclass(frozen=True, slots=True)
class KnownSizes:
    """Looks through the releases. Any thread may ask."""

    store: Store
    _asked: dict[str, tuple[Wanted, ...]] = field(default_factory=dict)
    _sizes: dict[tuple[str, int], KnownSize | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, question: Question, scope: Scope) -> tuple[KnownSize | None, ...]:
        """For each table of the question what is known; of a series nothing."""
        wanted = [_wanted(table) for table in question.tables]
        if question.turn is not None or not any(wanted):
            return (None,) * len(question.tables)
        found: dict[Wanted, KnownSize | None] = {}
        for release, tables in self._newest(scope):
            for number, one in enumerate(tables):
                if one in wanted and found.get(one) is None:
                    found[one] = self._size(release, number)
        return tuple(found.get(one) for one in wanted)

    def _newest(self, scope: Scope) -> Sequence[tuple[str, tuple[Wanted, ...]]]:
        """The newest releases of this scope, each with what its tables asked."""
        newest = (
            select(releases.c.id)
            .where(releases.c.scope == scope.value)
            .order_by(releases.c.place.desc())
            .limit(LOOKED_THROUGH)
        )
        with self.store.reading() as connection:
            names = [str(name) for name in connection.execute(newest).scalars()]
            unread = [name for name in names if name not in self._asked]
            if unread:
                headings = select(releases.c.id, releases.c.heading).where(
                    releases.c.id.in_(unread)
                )
                read = {str(row.id): _tables(row.heading) for row in connection.execute(headings)}
                with self._lock:
                    self._asked.update(read)
        return [(name, self._asked.get(name, ())) for name in names]

    def _size(self, release: str, number: int) -> KnownSize | None:
        key = (release, number)
        with self._lock:
            if key in self._sizes:
                return self._sizes[key]
        with self.store.reading() as connection:
            one = select(releases.c.document).where(releases.c.id == release)
            document = connection.execute(one).scalar_one()
        known = _known(document, release, number)
        with self._lock:
            if len(self._sizes) >= MOST_KEPT:
                self._sizes.clear()
            self._sizes[key] = known
        return known


def _tables(heading: bytes) -> tuple[Wanted, ...]:
    """What each table of a release asked; none of what this version cannot read, or of a series."""
    try:
        question = parse_question(canonical.encode(json.loads(heading)["question"]))
    except CorridorError:
        return ()
    return () if question.turn is not None else tuple(map(_wanted, question.tables))


def _wanted(table: TableQuestion) -> Wanted:
    """What the table is known by; empty where its figures are no counts."""
    if not isinstance(table.measure, CountPersons):
        return ()
    return (
        table.source,
        frozenset(table.group_by),
        table.where,
        table.max_cells,
        table.max_rows,
    )


def _known(document: bytes, release: str, number: int) -> KnownSize | None:
    if len(document) > LARGEST_DOCUMENT:
        return None
    whole: dict[str, Any] = json.loads(document)
    tables = tables_of(whole)
    if number >= len(tables):
        return None
    table = tables[number]
    return KnownSize(release, str(whole["published_at"]), table.size, _held(table))


def _held(table: ReleasedTable) -> tuple[float, ...]:
    most = caution_up_to(table.size)
    margins = table.margins
    each = [margins] * table.size if isinstance(margins, float) else margins
    pairs = zip(table.values, each, strict=True)
    held = [v for v, m in pairs if v is not None and m is not None and v > 0 and m <= most * v]
    return tuple(sorted(held, reverse=True))
