"""A release's tables and views as rows that a page shows, in the reader's language.

A table of up to `WHOLE` cells is shown whole. Of a larger one the figures that may be quoted are
shown, the largest first; all its cells stand on pages of their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from corridor.coordinator.pictures.drawing import Drawable, drawables
from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.pictures.table_words import MEASURES
from corridor.coordinator.workbench import figures
from corridor.coordinator.workbench.answer_words import (
    column_words,
    note_words,
    view_words,
)
from corridor.coordinator.workbench.seen import text_of
from corridor.errors.questions import ViewError
from corridor.privacy.reliability import Reliability
from corridor.publishing.many_cells import largest, quotable
from corridor.publishing.tables import Axis, Cell, ReleasedTable
from corridor.publishing.views import ViewTable, views_of
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.views import Change, Quantile, ShareOf, Top, Trend, View, parse_quantile

WHOLE = 60
MOST_QUOTABLE = 100
CELLS_ON_A_PAGE = 200
MOST_SHARES = 12
TIMES = ("year", "quarter", "month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: where it is, its figures, and the mark beside them.

    Attributes:
        kind: for the eye: empty where a figure is reliable.
    """

    labels: tuple[str, ...]
    figures: tuple[str, ...]
    mark: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One table of a release.

    Attributes:
        number: from 1, as addresses name it.
        pictures: which can be drawn of it, the best first.
        part: `all`, `quotable`, or `page`.
        margin: the one of every cell; empty where each has its own.
        pages: how many there are with all cells.
    """

    number: int
    heading: Heading
    places: tuple[str, ...]
    column: str
    rows: tuple[Row, ...]
    part: str
    pictures: tuple[Drawable, ...]
    margin: str
    curators: str
    max_cells: int
    cells: int
    quotable: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTable:
    """One view of one table."""

    text: str
    title: str
    under: str
    places: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A view that can be had: how it stands in an address, and what it shows."""

    text: str
    words: str


def shown_tables(
    tables: Sequence[ReleasedTable], headings: Sequence[Heading], *, wide: int | None, page: int
) -> list[Shown]:
    """The tables under their headings; of number `wide` that page with all its cells."""
    return [
        shown_table(number, table, heading, page if wide == number else None)
        for number, (table, heading) in enumerate(zip(tables, headings, strict=True), 1)
    ]


def shown_table(
    number: int, table: ReleasedTable, heading: Heading, page: int | None = None
) -> Shown:
    """One table under its heading; with a page, that page of all its cells."""
    pages = -(-table.size // CELLS_ON_A_PAGE)
    if page is not None:
        page = max(1, min(page, pages))
        first = (page - 1) * CELLS_ON_A_PAGE
        cells = list(table.cells_at(range(first, min(first + CELLS_ON_A_PAGE, table.size))))
        part = "page"
    elif table.size <= WHOLE:
        cells, part = list(table.cells()), "all"
    else:
        cells, part = largest(table, MOST_QUOTABLE), "quotable"
    return Shown(
        number=number,
        heading=heading,
        places=tuple(field_words(axis.name, axis.label) for axis in table.axes),
        column=str(MEASURES.get(table.measure, table.measure)),
        rows=tuple(_row(cell) for cell in cells),
        part=part,
        pictures=drawables(table),
        margin="" if table.margin is None else figures.margin(table.margin),
        curators="" if table.central_margin is None else figures.margin(table.central_margin),
        max_cells=table.max_cells,
        cells=table.size,
        quotable=int(quotable(table).sum()),
        page=page or 1,
        pages=pages,
    )


def _row(cell: Cell) -> Row:
    return Row(
        labels=tuple(
            value_words(value, label) for value, label in zip(cell.values, cell.labels, strict=True)
        ),
        figures=(figures.figure(cell),),
        mark=figures.mark(cell.reliability),
        kind=_kind(cell.reliability),
    )


def _kind(reliability: Reliability | None) -> str:
    if reliability is Reliability.CAUTION:
        return "wait"
    return "wrong" if reliability is Reliability.UNCERTAIN else ""


# ---------------------------------------------------------------- views


def seen_tables(
    tables: Sequence[ReleasedTable], view: View, headings: Sequence[Heading]
) -> list[SeenTable]:
    """The view of every table that it fits; `headings` are those of all the tables.

    Raises:
        ViewError: it fits none.
    """
    views_of(tables, view)
    found = []
    for table, heading in zip(tables, headings, strict=True):
        with suppress(ViewError):
            found += [_seen(table, one, heading) for one in views_of([table], view)]
    return found


def _seen(table: ReleasedTable, seen: ViewTable, heading: Heading) -> SeenTable:
    words = _words_of(table.axes)
    is_share = isinstance(seen.view, ShareOf)
    rows = []
    for row in islice(seen.rows, CELLS_ON_A_PAGE):
        shown = tuple(
            figures.figure_of_view(one, is_share=is_share or column == "relative")
            for one, column in zip(row.figures, seen.columns, strict=True)
        )
        marks = [one.reliability for one in row.figures if one.reliability is not None]
        worst = max(marks, key=lambda one: one.value, default=None)
        labels = tuple(_label(label, words) for label in row.labels)
        rows.append(Row(labels=labels, figures=shown, mark=figures.mark(worst), kind=_kind(worst)))
    return SeenTable(
        text=text_of(seen.view),
        title=f"{view_words(seen.view, _labels(table))} – {heading.title}",
        under=heading.under,
        places=tuple(_place(place, table.axes) for place in seen.places),
        columns=tuple(map(column_words, seen.columns)),
        rows=tuple(rows),
        notes=tuple(map(note_words, seen.notes)),
        more=max(0, len(seen.rows) - CELLS_ON_A_PAGE),
    )


def _words_of(axes: Sequence[Axis]) -> Mapping[str, str]:
    return {
        label: value_words(value, label)
        for axis in axes
        for value, label in zip(axis.values, axis.labels, strict=True)
    }


def _labels(table: ReleasedTable) -> Mapping[str, str]:
    """The English labels of a table's values."""
    return {
        value: label
        for axis in table.axes
        for value, label in zip(axis.values, axis.labels, strict=True)
    }


def _label(label: str, words: Mapping[str, str]) -> str:
    """A row's label; of a change, both of its ends."""
    return " → ".join(words.get(part, part) for part in label.split(" → "))


def _place(place: str, axes: Sequence[Axis]) -> str:
    """A column of labels, by the English label or the name of its axis."""
    for axis in axes:
        if place == axis.label:
            return field_words(axis.name, axis.label)
        if place == f"{axis.name} from → to":
            return field_words(axis.name, axis.label)
    return place


def offers_of(table: ReleasedTable) -> list[Offer]:
    """The views that can be had of a table, the most usual first."""
    labels = _labels(table)
    return [Offer(text_of(view), view_words(view, labels)) for view in _offered(table)]


def _offered(table: ReleasedTable) -> Iterator[View]:
    has_bands = any(axis.bands for axis in table.axes)
    if table.covariances is not None and has_bands:
        yield parse_quantile("median")
        yield Quantile(parse_quantile("0.9").level)
    for axis in table.axes:
        if axis.name.endswith(TIMES) and (table.covariances is not None or table.measure == "mean"):
            yield Change(axis.name)
            yield Trend(axis.name)
    if table.covariances is None or has_bands or not table.axes:
        return
    if table.size > MOST_SHARES:
        yield Top(10)
    for axis in table.axes:
        known = [value for value in axis.values if value != UNKNOWN]
        if len(known) <= MOST_SHARES and not axis.name.endswith(TIMES):
            for value in known:
                yield ShareOf(axis.name, (value,))
