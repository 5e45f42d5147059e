"""Released tables as templates show them: labels, figures, marks in the reader's words; pictures.

A table of up to `WHOLE` cells is shown whole. Of a larger one the figures that may be quoted are
shown, the largest first; the files have every cell.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from corridor.coordinator.pictures.drawing import Drawable, described, drawables
from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.pictures.table_words import MEASURES, headings_of
from corridor.pages.languages import chosen_language, written_figure
from corridor.pages.languages import gettext as _
from corridor.pages.languages import lazy_gettext as _l
from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import NONE, estimate, interval
from corridor.publishing.many_cells import largest
from corridor.publishing.tables import Cell, ReleasedTable, tables_of
from corridor.queries.domains import Domains

WHOLE = 60
MOST_ROWS = 100
"""Of a larger table, and of a view, so many rows are shown; the files have all."""

MOST_BYTES = 4 * 1024 * 1024
"""Of a release whose tables are shown at all: a longer one would hold up who reads a short one."""

MOST_KEPT = 64
"""Releases, in one language each, of which the tables are kept; and so many pictures."""

MARKS: dict[Reliability | None, Any] = {
    Reliability.RELIABLE: _l("reliable"),
    Reliability.CAUTION: _l("use with caution"),
    Reliability.UNCERTAIN: _l("too uncertain to quote"),
    None: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """A table, ready for a template.

    Attributes:
        places, columns: names of the labels, and of the figures.
        rows: labels, figures, and what is to be known of them.
        more: how many rows are left out here.
        is_ranked: whether the rows are the largest figures that may be quoted, not the first rows.
        number: which of its release's tables it is, from 1; of a view 0.
        pictures: which can be drawn of it, the best first.
        language: of titles and labels, where it is not the reader's.
    """

    title: str
    places: tuple[str, ...]
    columns: tuple[Any, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...], Any], ...]
    more: int = 0
    is_ranked: bool = False
    notes: tuple[str, ...] = ()
    number: int = 0
    pictures: tuple[Drawable, ...] = ()
    language: str = ""
    under: str = ""


class ShownTables:
    """Tables and pictures of releases, kept in each language.

    A release never changes, and takes work to read. Any thread may ask.
    """

    def __init__(self, document_of: Callable[[str], bytes], domains: Callable[[], Domains]) -> None:
        self._document_of, self._domains = document_of, domains
        self._kept = lru_cache(MOST_KEPT)(self._make)
        self._drawn = lru_cache(MOST_KEPT)(self._draw)

    def of(self, release: str) -> tuple[ShownTable, ...] | None:
        """The tables, in the reader's language; None of a release that is too long to be shown."""
        return self._kept(release, chosen_language())

    def picture(self, release: str, number: int, name: str) -> Mapping[str, object] | None:
        """What is drawn of a table, counted from 1; None where there is no such picture.

        None, too, of a release that is too long to be shown.
        """
        shown = [one for one in self.of(release) or () if one.number == number]
        if not any(name == kind.name for one in shown for kind in one.pictures):
            return None  # nothing is read for a name that was made up
        return self._drawn(release, number, name, chosen_language())

    def _make(self, release: str, _language: str) -> tuple[ShownTable, ...] | None:
        read = self._read(release)
        return None if read is None else shown_tables(*read)

    def _draw(
        self, release: str, number: int, name: str, _language: str
    ) -> Mapping[str, object] | None:
        read = self._read(release)
        return None if read is None else described(*read, number, name)

    def _read(self, release: str) -> tuple[tuple[ReleasedTable, ...], tuple[Heading, ...]] | None:
        document = self._document_of(release)
        if len(document) > MOST_BYTES:
            return None
        whole = json.loads(document)
        tables = tables_of(whole)
        return tables, headings_of(whole, self._domains, tables)


def shown_tables(
    tables: Sequence[ReleasedTable], headings: Sequence[Heading]
) -> tuple[ShownTable, ...]:
    """All tables of a release, under their headings."""
    return tuple(
        shown_table(table, heading, number)
        for number, (table, heading) in enumerate(zip(tables, headings, strict=True), 1)
    )


def shown_table(table: ReleasedTable, heading: Heading, number: int) -> ShownTable:
    """A table with a row for each cell, as far as they are shown."""
    is_ranked = table.size > WHOLE
    cells = largest(table, MOST_ROWS) if is_ranked else list(table.cells())
    return ShownTable(
        title=heading.title,
        under=heading.under,
        number=number,
        places=tuple(field_words(axis.name, axis.label) for axis in table.axes),
        columns=(MEASURES[table.measure],),
        rows=tuple((_labels(cell), (_figure(cell),), MARKS[cell.reliability]) for cell in cells),
        more=table.size - len(cells),
        is_ranked=is_ranked,
        pictures=drawables(table),
    )


def _labels(cell: Cell) -> tuple[str, ...]:
    return tuple(map(value_words, cell.values, cell.labels))


def within_a_page(tables: Sequence[ShownTable], rows: int) -> tuple[ShownTable, ...]:
    """The tables, shortened so that all of them have no more than so many rows.

    Short ones leave what they do not need to long ones.
    """
    left, cut = rows, dict[int, int]()
    for done, place in enumerate(sorted(range(len(tables)), key=lambda n: len(tables[n].rows))):
        cut[place] = min(len(tables[place].rows), left // (len(tables) - done))
        left -= cut[place]
    return tuple(
        replace(one, rows=one.rows[: cut[place]], more=one.more + len(one.rows) - cut[place])
        for place, one in enumerate(tables)
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
