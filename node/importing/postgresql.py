"""Tables of a PostgreSQL database → rows of cells, batch by batch, changing nothing there.

One read-only transaction that sees one moment of the database (REPEATABLE READ); a server-side
cursor for each table, so that neither side holds it whole. Rows are numbered in the order of the
primary key, where there is one.

The address names no password: the library finds it in PGPASSWORD or a password file, and it stands
in no command line, message or log. Another machine must prove who it is (`node.database_address`).
Only `node.sources` imports this module, and only when a database is named: the library is an extra.
"""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import TextLoader

from corridor.errors.importing import (
    BadDatabaseAddressError,
    DatabaseTableError,
    DatabaseUnreachableError,
    TooManyRowsError,
)
from corridor.node.database_address import why_no_address
from corridor.node.importing.files import Ceilings, RawTable, Row
from corridor.node.importing.report import Place

_BATCH: Final = 10_000
_KNOWN_NAMED: Final = 20
_AS_TEXT: Final = ("date", "timestamp", "timestamptz")
"""Read as they are written: the database knows days that Python does not (infinity, BC)."""

_READABLE = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_|^information_schema$'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY 1, 2
"""
_PRIMARY_KEY = """
    SELECT a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indisprimary AND i.indrelid = %s::regclass ORDER BY array_position(i.indkey, a.attnum)
"""


class PostgresTables:
    """Some tables of a database, as a source of cases.

    Args:
        url: postgresql://…, without a password.
        tables: `schema.table`, or `table` in the schema `public`.

    Raises:
        BadDatabaseAddressError: the address is none, holds a password, or leads to another machine
            that need not prove who it is.
    """

    def __init__(self, url: str, tables: Sequence[str]) -> None:
        self._url = _checked(url)
        self._tables = tuple(tables)
        self._database = urlsplit(url).path.lstrip("/") or "postgresql"
        self._digest = hashlib.sha256()

    @property
    def name(self) -> str:
        """The database's name."""
        return self._database

    def has_several_tables(self) -> bool:
        """Whether more than one is read."""
        return len(self._tables) > 1

    def digest(self) -> bytes:
        """SHA-256 of what was read last."""
        return self._digest.digest()

    def tables(self, ceilings: Ceilings) -> Generator[RawTable, None, None]:
        """The tables, one after the other.

        Raises:
            DatabaseUnreachableError: the database does not answer, or goes away.
            DatabaseTableError: no table was named, one is not there, or may not be read.
            TooManyRowsError: a table is larger than the ceilings.
        """
        self._digest = hashlib.sha256()
        try:
            with self._connected() as connection:
                known = self._known(connection)
                for named in self._wanted(known):
                    yield from self._table(connection, named, ceilings)
        except psycopg.Error as error:
            raise DatabaseUnreachableError(database=self.name, why=_why(error)) from None

    def _connected(self) -> "psycopg.Connection[tuple[Any, ...]]":
        words: dict[str, Any] = {"application_name": "corridor", "connect_timeout": 15}
        given = conninfo_to_dict(self._url)
        words = {name: value for name, value in words.items() if name not in given}
        connection = psycopg.connect(self._url, **words)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for kind in _AS_TEXT:
            connection.adapters.register_loader(kind, TextLoader)
        return connection

    def _known(
        self, connection: "psycopg.Connection[tuple[Any, ...]]"
    ) -> dict[str, tuple[str, str]]:
        rows = connection.execute(_READABLE).fetchall()
        return {f"{schema}.{table}": (schema, table) for schema, table in rows}

    def _wanted(self, known: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
        listed = ", ".join(list(known)[:_KNOWN_NAMED])
        if not self._tables:
            raise DatabaseTableError(database=self.name, why="no table was named", known=listed)
        for name in self._tables:
            found = known.get(name) or known.get(f"public.{name}")
            if found is None:
                raise DatabaseTableError(
                    database=self.name, why=f"{name!r} is no table of it", known=listed
                )
            yield found

    def _table(
        self,
        connection: "psycopg.Connection[tuple[Any, ...]]",
        named: tuple[str, str],
        ceilings: Ceilings,
    ) -> Iterator[RawTable]:
        place = Place(self.name, ".".join(named))
        table = sql.Identifier(*named)
        key = connection.execute(_PRIMARY_KEY, [table.as_string(connection)]).fetchall()
        query = sql.SQL("SELECT * FROM {}").format(table)
        if key:
            columns = [sql.Identifier(name) for (name,) in key]
            query += sql.SQL(" ORDER BY ") + sql.SQL(", ").join(columns)
        with connection.cursor(name="corridor") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(query)
            headings = [column.name for column in cursor.description or ()]
            if len(headings) > ceilings.columns:
                raise TooManyRowsError(place=str(place), what="columns", ceiling=ceilings.columns)
            yield RawTable(place, self._rows(place, headings, cursor, ceilings))

    def _rows(
        self,
        place: Place,
        headings: Sequence[str],
        cursor: Iterator[tuple[Any, ...]],
        ceilings: Ceilings,
    ) -> Iterator[Row]:
        yield 0, [*headings]
        try:
            for number, cells in enumerate(cursor, 1):
                if number > ceilings.rows:
                    raise TooManyRowsError(place=str(place), what="rows", ceiling=ceilings.rows)
                self._digest.update(repr(cells).encode())
                yield number, [_plain(cell) for cell in cells]
        except psycopg.Error as error:
            raise DatabaseUnreachableError(database=self.name, why=_why(error)) from None


def _checked(url: str) -> str:
    why = why_no_address(url)
    if why:
        raise BadDatabaseAddressError(why)
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise BadDatabaseAddressError("holds an option that PostgreSQL does not know") from None
    return url


def _plain(cell: object) -> object:
    """A list as a multi-select cell, a whole number as one; bytes are no cell."""
    if isinstance(cell, list):
        return ";".join(str(item) for item in cell if item is not None)
    if isinstance(cell, Decimal):
        return int(cell) if cell.is_finite() and cell == cell.to_integral_value() else str(cell)
    if isinstance(cell, bytes | memoryview):
        return None
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)


def _why(error: psycopg.Error) -> str:
    """What the database says, on one line; a value that it could not read is not repeated."""
    if isinstance(error, psycopg.DataError):
        return "a value in it cannot be read"
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "it does not answer"
