"""The rows that every flat form has: for each grouping its value and its label, then the figures.

    shown, reliability                                   what may be quoted, and all that may be
    value, margin_95, low_95, high_95, non_negative      for programs
    reaches_zero

A text that a spreadsheet would take for a formula gets an apostrophe in front: labels and names
come from the coordinator and from authorities, and opening a table must run nothing.
"""

from collections.abc import Iterator

from corridor.publishing.estimates import figure, harmless
from corridor.publishing.tables import ReleasedTable

WORDS = ("shown", "reliability")
NUMBERS = ("value", "margin_95", "low_95", "high_95", "non_negative")
FIGURES = (*WORDS, *NUMBERS, "reaches_zero")

Entry = str | float | bool | None


def columns_of(table: ReleasedTable) -> list[str]:
    """The names of a table's columns."""
    names = [harmless(name) for axis in table.axes for name in (axis.name, f"{axis.name}_label")]
    return [*names, *FIGURES]


def rows_of(table: ReleasedTable) -> Iterator[list[Entry]]:
    """A table's rows, one for each cell, the last axis fastest."""
    for cell in table.cells():
        row: list[Entry] = []
        for value, label in zip(cell.values, cell.labels, strict=True):
            row += [harmless(value), harmless(label)]
        row += [figure(cell), cell.reliability.words]
        row += [cell.value, cell.margin, cell.low, cell.high, cell.non_negative]
        yield [*row, cell.reaches_zero]
