"""Editions whose tables lie in another engine: asked through Ibis, range by range.

    Place       an engine: writes an edition's tables whole or not at all, erases them, reads them
    Reading     one connection, as long as one reads
    Elsewhere   what the store does with editions there: written, erased, checked, read in pieces,
                or searched for the rows of a virtual table that satisfy a condition

A question is put in pieces of so many cases: `a ≤ case < b`, sorted by the rows' numbers
(`portable`). So neither side holds more than a piece, no engine sorts more than that, and no
temporary file of an engine grows with the edition. Legs and services are joined with their case
by the engine, and what the condition leaves out never crosses the network.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, TypeAlias, assert_never

import ibis
import numpy as np
import pyarrow as pa

from corridor.errors.store import TablesDamagedError
from corridor.ids import EditionId
from corridor.node import conditions
from corridor.node.conditions import Condition
from corridor.node.schema import TABLES
from corridor.node.store.portable import (
    KEY_OF,
    from_portable,
    portable_names,
)
from corridor.node.store.writing import Pieces

_PERSON = "person"

Relation: TypeAlias = Any
"""A table of Ibis, or something computed from one. Ibis has no types that mypy could read."""


class Reading(Protocol):
    """One connection to an engine."""

    def table(self, edition: EditionId, name: str) -> Relation:
        """A table of the edition.

        Raises:
            TablesDamagedError: it is not there.
        """
        ...

    def fetch(self, expression: Relation) -> pa.Table:
        """What the expression gives.

        Raises:
            EngineUnreachableError: the engine does not answer, or not any more.
            EngineRefusedError: it answers that it will not.
        """
        ...


class Place(Protocol):
    """An engine in which editions lie. Every method may raise what `Reading.fetch` does.

    Attributes:
        cases_at_once: so many cases are asked for at once.
    """

    cases_at_once: int

    def write(self, edition: EditionId, tables: Pieces) -> None:
        """Make the edition's tables, whole; after an error there are none, or `erase` finds them.

        Raises:
            StoreDiskError: what was to be written could not be read.
        """
        ...

    def erase(self, edition: EditionId) -> None:
        """Remove the edition's tables, whatever there is of them."""
        ...

    def demand_there(self, edition: EditionId) -> None:
        """Check that the edition's tables are there.

        Raises:
            TablesDamagedError: one is missing.
        """
        ...

    def reading(self) -> AbstractContextManager[Reading]:
        """A connection, for as long as one reads."""
        ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The editions in one engine. What `Reading.fetch` raises, every method may raise."""

    place: Place

    def write(self, edition: EditionId, tables: Pieces) -> None:
        """Make the edition's tables; after an error `erase` removes what there is of them."""
        self.place.write(edition, tables)

    def erase(self, edition: EditionId) -> None:
        """Remove the edition's tables, whatever there is of them."""
        self.place.erase(edition)

    def demand_there(self, edition: EditionId) -> None:
        """Check that the edition's tables are there; a look, and no count.

        Raises:
            TablesDamagedError: one is missing.
        """
        self.place.demand_there(edition)

    def check(self, edition: EditionId, rows: Mapping[str, int]) -> None:
        """Count the rows of each table.

        Raises:
            TablesDamagedError: one is missing, or has not as many as were written.
        """
        with self.place.reading() as reading:
            for name, count in rows.items():
                table = reading.table(edition, name)
                found = reading.fetch(table.aggregate(found=table.count()))
                if found["found"].to_pylist() != [count]:
                    raise TablesDamagedError(edition, name)

    def pieces(
        self, edition: EditionId, rows: Mapping[str, int], table: str, columns: Sequence[str]
    ) -> Iterator[pa.Table]:
        """These columns of a table, piece by piece.

        Args:
            edition: which.
            rows: how many rows each of its tables has.
            table: which table.
            columns: stored ones.

        Raises:
            TablesDamagedError: what is there was not written here.
        """
        by, *_ = KEY_OF[table]
        end = rows["persons" if by == "person" else "cases"]
        fields = [TABLES[table].field(name) for name in columns]
        count = 0
        with self.place.reading() as reading:
            whole, order = reading.table(edition, table), _Order(edition, table)
            for start in range(0, end, self.place.cases_at_once):
                part = _between(whole, by, start, start + self.place.cases_at_once)
                for piece in _fetched(reading, order, part, fields):
                    count += piece.num_rows
                    yield piece
        if count != rows[table]:
            raise TablesDamagedError(edition, table)

    def found(
        self,
        edition: EditionId,
        rows: Mapping[str, int],
        table: str,
        columns: Sequence[str],
        condition: Condition,
    ) -> Iterator[pa.Table]:
        """Rows of `table` that satisfy the condition, with columns of it and of `cases`.

        Without such rows, one piece: where there is nobody as much is done as where there is
        somebody. Args, Raises: as `pieces`.
        """
        schemas = [TABLES[name] for name in dict.fromkeys((table, "cases"))]
        fields = [next(one.field(name) for one in schemas if name in one.names) for name in columns]
        found = False
        with self.place.reading() as reading:
            cases, own = reading.table(edition, "cases"), reading.table(edition, table)
            order = _Order(edition, table)
            for start in range(0, rows["cases"], self.place.cases_at_once):
                end = start + self.place.cases_at_once
                part = _between(own, "case", start, end)
                if table != "cases":
                    part = part.join(_between(cases, "case", start, end), "case")
                part = part.filter(_says(condition, part))
                for piece in _fetched(reading, order, part, fields):
                    found = True
                    yield piece
        if not found:
            yield pa.schema(fields).empty_table()


def _between(table: Relation, by: str, start: int, end: int) -> Relation:
    return table.filter((table[by] >= start) & (table[by] < end))


def _fetched(
    reading: Reading, order: "_Order", part: Relation, fields: "Sequence[pa.Field[Any]]"
) -> Iterator[pa.Table]:
    """The fields of the part's rows, in stored order; none or one piece."""
    by = KEY_OF[order.table]
    names = dict.fromkeys([*by, *(one for field in fields for one in portable_names(field))])
    rows = reading.fetch(part.select(*names).order_by(*by))
    try:
        order.demand(rows)
        piece = from_portable(rows, fields)
    except (ValueError, pa.ArrowException) as error:
        raise TablesDamagedError(order.edition, order.table) from error
    if piece.num_rows:
        yield piece


class _Order:
    """Bounding relies on each person's rows coming together, so look that they do."""

    def __init__(self, edition: EditionId, table: str) -> None:
        self.edition = edition
        self.table = table
        self._last = dict.fromkeys((*KEY_OF[table], _PERSON), -1)

    def demand(self, rows: pa.Table) -> None:
        """Check that what comes is sorted, within this piece and after those before.

        Raises:
            ValueError: it is not, or a number is missing.
        """
        by = KEY_OF[self.table]
        known = [name for name in (*by, _PERSON) if name in rows.column_names]
        for name in dict.fromkeys(known):
            if rows[name].null_count:
                raise ValueError(f"{name}: a null where none may be")
            steps = np.diff(rows[name].to_numpy(), prepend=self._last[name])
            if (steps < (1 if name == by[-1] else 0)).any():
                raise ValueError(f"{name}: rows are not in their order")
            if rows.num_rows:
                self._last[name] = rows[name][-1].as_py()


def _says(condition: Condition, rows: Relation) -> Relation:
    """The condition in Ibis, true or false and never null."""
    match condition:
        case conditions.Not(part):
            return ~_says(part, rows)
        case conditions.All(parts):
            said = (_says(part, rows) for part in parts)
            return reduce(lambda one, more: one & more, said, ibis.literal(True))
        case conditions.Any(parts):
            return _any_of(_says(part, rows) for part in parts)
        case conditions.Holds(column, values):
            return _any_of(rows[column].contains(f";{value};") for value in values)
        case conditions.IsNull(column):
            return rows[column].isnull()
        case _:
            return _says_if_known(condition, rows).fill_null(False)


def _says_if_known(
    condition: (
        conditions.In
        | conditions.HoldsValueOf
        | conditions.IsEmpty
        | conditions.IsTrue
        | conditions.Equal
        | conditions.Within
        | conditions.Apart
    ),
    rows: Relation,
) -> Relation:
    """The same; null where a column is. Lists are texts (`portable`)."""
    match condition:
        case conditions.In(column, values):
            return rows[column].isin(values)
        case conditions.HoldsValueOf(column, other):
            return rows[column].contains(ibis.literal(";") + rows[other] + ibis.literal(";"))
        case conditions.IsEmpty(column):
            return rows[column] == ""
        case conditions.IsTrue(column):
            return rows[column]
        case conditions.Equal(column, other):
            return rows[column] == rows[other]
        case conditions.Within(_, low, high) | conditions.Apart(_, _, low, high):
            return _within(_number(condition, rows), low, high)
        case _:
            assert_never(condition)


def _number(condition: conditions.Within | conditions.Apart, rows: Relation) -> Relation:
    match condition:
        case conditions.Within(columns):
            return ibis.coalesce(*(rows[name].cast("int64") for name in columns))
        case conditions.Apart(later, earlier):
            return rows[later].cast("int64") - rows[earlier].cast("int64")


def _any_of(said: Iterable[Relation]) -> Relation:
    return reduce(lambda one, more: one | more, said, ibis.literal(False))


def _within(number: Relation, low: int | None, high: int | None) -> Relation:
    said = number.notnull()
    if low is not None:
        said &= number >= low
    if high is not None:
        said &= number <= high
    return said
