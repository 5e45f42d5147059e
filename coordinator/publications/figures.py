"""Released tables as templates show them: labels, figures, marks in the reader's words."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from corridor.pages.languages import chosen_language, written_figure
from corridor.pages.languages import gettext as _
from corridor.pages.languages import lazy_gettext as _l
from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import NONE, estimate, interval
from corridor.publishing.tables import Cell, ReleasedTable, tables_of

MOST_ROWS = 500
"""Of a table so many are shown; its files have all."""

MOST_BYTES = 4 * 1024 * 1024
"""Of a release whose tables are shown at all: a longer one would hold up who reads a short one."""

MOST_KEPT = 64
"""Releases, in one language each, of which the tables are kept."""

MARKS: dict[Reliability | None, Any] = {
    Reliability.RELIABLE: _l("reliable"),
    Reliability.CAUTION: _l("use with caution"),
    Reliability.UNCERTAIN: _l("too uncertain to quote"),
    None: "",
}

MEASURES = {
    "persons": _l("Persons"),
    "rows": _l("Rows"),
    "sum": _l("Sum"),
    "mean": _l("Mean"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """A table, ready for a template.

    Attributes:
        columns: names of the labels, then of the figures.
        rows: labels, figures, and what is to be known of them.
        more: how many rows are left out here.
    """

    title: str
    places: tuple[str, ...]
    columns: tuple[Any, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...], Any], ...]
    more: int = 0
    notes: tuple[str, ...] = ()


class ShownTables:
    """Tables of releases, kept in each language: a release never changes, and takes work to read.

    Any thread may ask.
    """

    def __init__(self, document_of: Callable[[str], bytes]) -> None:
        self._document_of = document_of
        self._kept = lru_cache(MOST_KEPT)(self._make)

    def of(self, release: str) -> tuple[ShownTable, ...] | None:
        """The tables, in the reader's language; None of a release that is too long to be shown."""
        return self._kept(release, chosen_language())

    def _make(self, release: str, _language: str) -> tuple[ShownTable, ...] | None:
        document = self._document_of(release)
        if len(document) > MOST_BYTES:
            return None
        return tuple(map(shown_table, tables_of(json.loads(document))))


def shown_table(table: ReleasedTable) -> ShownTable:
    """A table with a row for each cell, as far as they are shown."""
    return ShownTable(
        title=table.title,
        places=tuple(axis.label for axis in table.axes),
        columns=(MEASURES[table.measure],),
        rows=tuple(
            (cell.labels, (_figure(cell),), MARKS[cell.reliability])
            for cell in islice(table.cells(), MOST_ROWS)
        ),
        more=max(0, table.size - MOST_ROWS),
    )


def _figure(cell: Cell) -> str:
    if cell.value is None or cell.margin is None:
        return NONE
    if cell.reliability is Reliability.UNCERTAIN:
        return _ends(cell.low or 0.0, cell.high or 0.0, cell.margin)
    return written_figure(estimate(cell.value, cell.margin))


def _ends(low: float, high: float, margin: float) -> str:
    """An interval, rounded outward, in the reader's language."""
    first, _between, last = interval(low, high, margin).partition(" to ")
    return str(_("%(low)s to %(high)s", low=written_figure(first), high=written_figure(last)))
