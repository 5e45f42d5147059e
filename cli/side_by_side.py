"""How figures of single countries read in a terminal: side by side, and the region's beside them.

Each country's figure has noise of its own. Their sum is added up here, from what was published, and
its margin with it; the region's own figure, where it was asked as well, has less noise. Each is
shown as any other figure is (`publishing.estimates`): what is too uncertain by its interval alone.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

from corridor.cli.output import Output
from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import MEANING, figure
from corridor.publishing.tables import Cell, ReleasedTable, countries_of, tables_of, together

COUNTRIES_AT_ONCE = 5
"""More countries are shown in several tables, one below the other."""

SHORT = 30
"""A longer table is shown by its largest figures unless every cell is asked for."""

CAUTION = "*"
"""Stands beside a figure to be used with caution; there is no room for words."""


def show_countries(
    release: Mapping[str, Any],
    out: Output,
    *,
    every_cell: bool,
    beside: Mapping[str, Any] | None,
) -> None:
    """The figures of a release of scope per-country.

    Args:
        release: as the API gives it.
        out: where the words go.
        every_cell: show long tables whole.
        beside: the release of the region's own figure for the same question, if there is one.
    """
    countries = countries_of(release)
    regional = () if beside is None else tables_of(beside)
    for place, first in enumerate(countries[0][1]):
        columns = {country: tuple(tables[place].cells()) for country, tables in countries}
        if len(countries) > 1 and first.measure != "mean":
            columns["sum of them"] = _sums(first, tuple(columns.values()))
        if place < len(regional) and regional[place].axes == first.axes:
            columns["the region"] = tuple(regional[place].cells())
        _show_table(first, columns, out, every_cell=every_cell)
    if beside is None:
        out.say(
            "The region's own figure has less noise than the sum of these. It is another question, "
            "and costs ρ again: corridor ask, with the same words and --scope regional"
        )
    else:
        out.say(f"region       release {beside['id']}, which was paid for by itself")
    if release["refused"]:
        out.table(
            "Who gave no figure of its own",
            ("node", "name", "why"),
            [
                (one["country"], one["name"], one["code"] or "did not answer")
                for one in release["refused"]
            ],
        )


def _sums(table: ReleasedTable, countries: Sequence[Sequence[Cell]]) -> tuple[Cell, ...]:
    """What all countries' cells at each place add up to."""
    found = []
    for cells in zip(*countries, strict=True):
        value, margin = together([(cell.value or 0.0, cell.margin or 0.0) for cell in cells])
        found.append(Cell(cells[0].values, cells[0].labels, value, margin, None, table.lowest))
    return tuple(found)


def _show_table(
    table: ReleasedTable, columns: Mapping[str, Sequence[Cell]], out: Output, *, every_cell: bool
) -> None:
    last = tuple(columns.values())[-1]
    places: Sequence[int] = range(table.size)
    notes = []
    if table.size > SHORT and not every_cell:
        places = heapq.nlargest(SHORT, places, key=lambda place: last[place].value or 0.0)
        notes.append(
            f"shown are the {SHORT} largest of {table.size} by the last column; all of them with "
            "--all"
        )
    if any(
        cell.reliability is not Reliability.RELIABLE for each in columns.values() for cell in each
    ):
        notes.append(f"{CAUTION} {MEANING}")
    subject, _, condition = table.title.partition("; ")
    names = list(columns)
    labels = next(iter(columns.values()))
    for start in range(0, len(names), COUNTRIES_AT_ONCE):
        shown = names[start : start + COUNTRIES_AT_ONCE]
        is_last = start + COUNTRIES_AT_ONCE >= len(names)
        out.table(
            f"{subject}, as each country counted",
            [axis.label for axis in table.axes] + [f">{name}" for name in shown],
            [
                (*labels[place].labels, *(_marked(columns[name][place]) for name in shown))
                for place in places
            ],
            note="; ".join(notes) if is_last else "",
        )
    if condition:
        out.say(f"only         {condition}")


def _marked(cell: Cell) -> str:
    mark = f" {CAUTION}" if cell.reliability is Reliability.CAUTION else ""
    return figure(cell) + mark
