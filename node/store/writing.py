"""An edition's tables on their way into the store, looked at piece by piece.

    Pieces    gives a table's rows again and again; never the whole in memory
    Checked   the same, each piece checked as `EditionTables` checks the whole, and counted
    same      whether two editions say the same, as far as the first difference

What the checks hold is what evaluation relies on: persons numbered without gaps and sorted by
number, cases sorted by person and each with the choice key of its own person, legs and services
sorted by case.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.node.schema import TABLES, check_columns, choice_keys

_IMPORT_NUMBER = "import_number"


class Pieces(Protocol):
    """An edition's tables, piece by piece."""

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table in stored order; may be asked for again."""
        ...


class Checked:
    """The same tables; raises `ValueError` where a piece is not what an edition holds.

    Attributes:
        rows: how many rows of each table went by when it was last read to its end.
    """

    def __init__(self, tables: Pieces) -> None:
        self._tables = tables
        self.rows = dict.fromkeys(TABLES, 0)

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table in stored order."""
        count, last = 0, -1
        keys = _Keys(self._tables.pieces("persons")) if table == "cases" else None
        for piece in self._tables.pieces(table):
            check_columns(table, piece, TABLES[table])
            if piece.num_rows:
                by = "person" if table in ("persons", "cases") else "case"
                numbers = piece[by].to_numpy().astype(np.int64)
                _check_order(table, numbers, last)
                if keys is not None:
                    keys.demand_of(numbers, piece["choice_key"].to_numpy())
                last = int(numbers[-1])
            count += piece.num_rows
            yield piece
            del piece  # the next one is made now: two would be in memory
        self.rows[table] = count
        if table == "cases" and last + 1 != self.rows["persons"]:
            raise ValueError("cases.person: each person has a case")
        if table in ("legs", "services") and last >= self.rows["cases"]:
            raise ValueError(f"{table}.case: the case is there")


class _Keys:
    """The stable choice keys of persons, in the order of their numbers."""

    def __init__(self, persons: Iterator[pa.Table]) -> None:
        self._persons = persons
        self._held = np.zeros(0, np.uint64)
        self._first = 0

    def demand_of(self, persons: npt.NDArray[np.int64], given: npt.NDArray[np.uint64]) -> None:
        """Check that these are the keys of these persons, who come in order."""
        parts = [self._held[max(0, int(persons[0]) - self._first) :]]
        self._first = int(persons[0])
        while self._first + sum(map(len, parts)) <= persons[-1]:
            piece = next(self._persons, None)
            if piece is None:
                raise ValueError("cases.person: there is no such person")
            parts.append(choice_keys(piece["person_key"]))
        self._held = np.concatenate(parts)
        if not np.array_equal(self._held[persons - self._first], given):
            raise ValueError("cases.choice_key: not the beginning of the person's key")


def same(held: Iterator[pa.Table], new: Iterator[pa.Table]) -> bool:
    """Whether two tables say the same; the number of the import aside, which none can ask for."""
    ours, theirs = _next(held), _next(new)
    while ours is not None and theirs is not None:
        count = min(ours.num_rows, theirs.num_rows)
        if not ours.slice(0, count).equals(theirs.slice(0, count)):
            return False
        ours = ours.slice(count) if count < ours.num_rows else _next(held)
        theirs = theirs.slice(count) if count < theirs.num_rows else _next(new)
    return ours is None and theirs is None


def _next(pieces: Iterator[pa.Table]) -> pa.Table | None:
    """The next piece that has a row."""
    for piece in pieces:
        if piece.num_rows:
            known = _IMPORT_NUMBER in piece.column_names
            return piece.drop_columns([_IMPORT_NUMBER]) if known else piece
    return None


def _check_order(table: str, numbers: npt.NDArray[np.int64], last: int) -> None:
    steps = np.diff(numbers, prepend=last)
    match table:
        case "persons":
            if not (steps == 1).all():
                raise ValueError("persons.person: persons are numbered 0, 1, 2, … in this order")
        case "cases":
            if not np.isin(steps, (0, 1)).all():
                raise ValueError("cases.person: cases are sorted by person, and each has one")
        case _:
            if (steps < 0).any():
                raise ValueError(f"{table}.case: rows are sorted by case")
