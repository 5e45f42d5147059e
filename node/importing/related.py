"""Cases that are spread over several tables: persons, cases, victims' assessments.

A table is *attached* to another where both hold parts of a case, no field of a case stands in
both, and both refer by the same field (`x_CaseReference`, `x_PersonReference`). The table that a
case's rows are taken from is the one that

    1. names cases (`x_CaseReference`), before one that names persons alone
    2. says whose they are (`prs_…`, `x_PersonReference`)
    3. has a case's own fields (`cas_…`), then a victim's (`vic_…`)

and each of its rows gets the cells of the attached row that it refers to. Where both tables name
case and person, both must agree: what names somebody is nobody else's. Of several attached rows
with one reference the last counts. A row that nothing refers to is no case: a table of
persons holds staff and traffickers too. Two tables with the same fields (two years, two offices)
are never attached: their rows are cases side by side.

Which table is attached to which, the headers say, and no row of data.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corridor.node.importing.columns import Header
from corridor.node.importing.keys import normal_cell
from corridor.node.importing.report import ROWS_NAMED, Findings, Place
from corridor.node.importing.values import Cell

LINKS: Final = ("x_CaseReference", "x_PersonReference")
_OF_A_CASE: Final = ("prs_", "vic_", "cas_", "con_", "x_IdentificationDate")


@dataclass(frozen=True, slots=True)
class Part:
    """A table that is attached, and the fields by which others refer to it."""

    number: int
    by: tuple[str, ...]


def parts_of(headers: Sequence[Header | None]) -> Mapping[int, Part]:
    """Which of the tables are attached to others: number of the table → how."""
    tables = {
        number: header
        for number, header in enumerate(headers)
        if header is not None and header.has_cases
    }
    parts = {}
    for number, header in tables.items():
        if header.has_events or header.has_services:
            continue
        shared = [
            tuple(link for link in LINKS if link in header.columns and link in other.columns)
            for other in tables.values()
            if _rank(other) > _rank(header) and not _fields(other) & _fields(header)
        ]
        if by := max(shared, key=len, default=()):
            parts[number] = Part(number, by)
    return parts


def _fields(header: Header) -> frozenset[str]:
    return frozenset(name for name in header.columns if name.startswith(_OF_A_CASE))


def _rank(header: Header) -> tuple[bool, bool, bool, bool]:
    fields = header.columns
    return (
        "x_CaseReference" in fields,
        "x_PersonReference" in fields or any(name.startswith("prs_") for name in fields),
        any(name.startswith("cas_") for name in fields),
        any(name.startswith("vic_") for name in fields),
    )


class AttachedTable:
    """The rows of an attached table, by reference; held in memory until the import is read."""

    def __init__(self, place: Place, header: Header, by: tuple[str, ...]) -> None:
        self.by = by
        self.case_fields = _fields(header)
        self._place = place
        self._several = 0
        self._fields = [name for name in header.columns if name not in by]
        self._rows: dict[tuple[str, ...], tuple[int, tuple[Cell | None, ...]]] = {}
        self._met: dict[Hashable, Cell | None] = {}
        self._used: set[tuple[str, ...]] = set()

    def add(self, rows: Sequence[int], cells: Mapping[str, Sequence[Cell | None]]) -> None:
        """Take a batch: the rows' numbers, and the cells of each field."""
        columns = [[self._same(cell) for cell in cells[name]] for name in self._fields]
        for n, (row, key) in enumerate(zip(rows, self._keys(cells), strict=True)):
            if key[0]:
                self._several += key in self._rows
                self._rows[key] = (row, tuple(column[n] for column in columns))

    def cells(self, columns: Mapping[str, Sequence[Cell | None]]) -> dict[str, list[Cell | None]]:
        """For each field, the cell of the row that each row refers to, or None.

        Args:
            columns: the referring rows' cells of the fields in `by`.
        """
        nothing: tuple[Cell | None, ...] = (None,) * len(self._fields)
        found = []
        for key in self._keys(columns):
            # A row that names a case and nobody belongs to everybody of the case.
            known = next((one for one in (key, (key[0], "")) if one in self._rows), None)
            if known is not None:
                self._used.add(known)
            found.append(nothing if known is None else self._rows[known][1])
        return {name: [cells[n] for cells in found] for n, name in enumerate(self._fields)}

    def _keys(self, cells: Mapping[str, Sequence[Cell | None]]) -> list[tuple[str, ...]]:
        of_links = (
            ["" if cell is None else normal_cell(cell) for cell in cells[link]] for link in self.by
        )
        return list(zip(*of_links, strict=True))

    def report(self, findings: Findings) -> None:
        """Say which rows nothing referred to, and whether some stood there several times."""
        unused = sorted(row for key, (row, _) in self._rows.items() if key not in self._used)
        if unused:
            findings.add(
                self._place,
                self.by[0],
                "related.unused",
                rows=unused[:ROWS_NAMED],
                count=len(unused),
            )
        if self._several:
            findings.add(self._place, self.by[0], "related.several", count=self._several)

    def _same(self, cell: Cell | None) -> Cell | None:
        """One object for equal cells: a column of picklist values takes eight bytes a row."""
        if not isinstance(cell, str):
            return cell
        if len(self._met) > 100_000:
            self._met.clear()
        return self._met.setdefault(cell, cell)
