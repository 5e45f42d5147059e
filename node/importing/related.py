"""Cases that are spread over several tables: persons, cases, victims' assessments.

A table is *attached* to another where both hold parts of a case, no field of a case stands in
both, and both refer by the same field (`x_CaseReference`, `x_PersonReference`). The table that a
case's rows are taken from is the one that

    1. names cases (`x_CaseReference`), before one that names persons alone
    2. says whose they are (`prs_…`, `x_PersonReference`)
    3. has a case's own fields (`cas_…`), then a victim's (`vic_…`)

and each of its rows gets the cells of the attached row that it refers to. Where both tables name
case and person, both must agree. Of several attached rows with one reference the last counts. A row
that nothing refers to is no case: a table of persons holds staff and traffickers too. Two tables
with the same fields (two years, two offices) are never attached: their rows are cases side by side.

**What names somebody is nobody else's**: it would leave the files with that person, and change the
others of the case, whom the bound of one person's contribution does not cover. So a table that
names persons is attached by `x_PersonReference` alone, or is refused (`names_without_link`); a row
of it without that reference goes to nobody. A row that names nobody is copied to everybody of its
case, and these copies are their own, as with events.

Which table is attached to which, the headers say, and no row of data.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corridor.node.importing.columns import NAMES, Header
from corridor.node.importing.keys import is_placeholder, normal_cell
from corridor.node.importing.report import ROWS_NAMED, Findings, Place
from corridor.node.importing.values import Cell, text_of

LINKS: Final = ("x_CaseReference", "x_PersonReference")
_PERSON: Final = "x_PersonReference"
_NAMING: Final = frozenset({"prs_IdentityNumber", "prs_Birthdate", *NAMES})
"""With one of these cells a row is about a person whom others know, too."""

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
        shared = [by for _, by in _links(header, tables)]
        if by := max(shared, key=len, default=()):
            parts[number] = Part(number, by)
    return parts


def names_without_link(headers: Sequence[Header | None]) -> tuple[int, int] | None:
    """The first table that names persons and that `parts_of` would attach by the case alone.

    Which row is whose could be told by the order of rows only. Gives its number, and that of the
    table to which it would be attached; None where there is none.
    """
    tables = {n: header for n, header in enumerate(headers) if header is not None}
    cases = {n: header for n, header in tables.items() if header.has_cases}
    for number, header in cases.items():
        if header.has_events or header.has_services or not _names_persons(header):
            continue
        found = list(_links(header, cases))
        by_person = any(_PERSON in by for _, by in found)
        if found and not by_person:
            return number, found[0][0]
    return None


def _links(header: Header, tables: Mapping[int, Header]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The tables that this one could be attached to, each with the fields that both refer by."""
    for number, other in tables.items():
        if _rank(other) > _rank(header) and not _fields(other) & _fields(header):
            by = tuple(link for link in LINKS if link in header.columns and link in other.columns)
            if by:
                yield number, by


def _names_persons(header: Header) -> bool:
    return _PERSON in header.columns or not _NAMING.isdisjoint(header.columns)


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
        self._tells_who = not _NAMING.isdisjoint(header.columns)
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
            # Who is named otherwise than others refer to them is not to be found by the case alone.
            if key[0] and not (self._tells_who and not key[-1]):
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
        of_links = ([_reference(cell) for cell in cells[link]] for link in self.by)
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


def _reference(cell: Cell | None) -> str:
    """What a cell refers to; empty if blank, or a filler, which many unrelated rows share."""
    return "" if cell is None or is_placeholder(text_of(cell)) else normal_cell(cell)
