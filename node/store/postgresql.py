"""Editions in PostgreSQL: four tables each, in a schema that the authority made for them.

    write       one transaction: made, filled by COPY, keyed, analysed. Killed at any moment,
                nothing of it is there
    reading     one transaction that sees one state, and may not write
    erase       the tables dropped; what the server keeps of them (dead files until they are reused,
                its log, its backups) is the server's

The server, its disk, its log and its backups are the authority's own: what protects case data there
is what protects its database, and no key of this node (docs/decisions/0037).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from corridor.errors.store import (
    EngineRefusedError,
    EngineUnreachableError,
    TablesDamagedError,
)
from corridor.ids import EditionId
from corridor.node.schema import TABLES
from corridor.node.store.elsewhere import Relation
from corridor.node.store.portable import KEY_OF, portable_schema, to_portable
from corridor.node.store.settings import Engine, PostgresqlSettings
from corridor.node.store.writing import Pieces

_CASES_AT_ONCE = 1 << 17
_SECONDS = 10
"""So long a server may take to let us in, or a reader to let go of what is to be erased."""

_TYPES = {
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.int16(): "smallint",
    pa.bool_(): "boolean",
    pa.string(): 'text COLLATE "C"',
}


class PostgresqlPlace:
    """Editions in one schema of one database."""

    cases_at_once = _CASES_AT_ONCE

    def __init__(self, settings: PostgresqlSettings) -> None:
        self._settings = settings

    def write(self, edition: EditionId, tables: Pieces) -> None:
        """Make the edition's tables, all of them or none."""
        with self._connected() as connection, connection.transaction():
            for name in TABLES:
                self._write_table(connection, edition, name, tables)

    def erase(self, edition: EditionId) -> None:
        """Drop the edition's tables; those that are not there are no trouble."""
        with self._connected() as connection, connection.transaction():
            # Somebody may be counting it: rather later than waiting for them with the lock held.
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{_SECONDS}s"))
            for table in TABLES:
                # An account that may not write there has made nothing that it could drop.
                there = "SELECT FROM pg_tables WHERE schemaname = %s AND tablename = %s"
                place = (self._settings.schema, _table_name(edition, table))
                if connection.execute(there, place).rowcount:
                    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(*place)))

    def demand_there(self, edition: EditionId) -> None:
        """Check that all its tables are there.

        Raises:
            TablesDamagedError: one is missing.
        """
        with self.reading() as reading:
            for name in TABLES:
                reading.table(edition, name)

    @contextmanager
    def reading(self) -> Iterator["_Reading"]:
        """One transaction, which sees one state throughout."""
        with self._connected() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                yield _Reading(ibis.postgres.from_connection(connection), self._settings.schema)

    def _write_table(
        self,
        connection: "psycopg.Connection[Any]",
        edition: EditionId,
        table: str,
        tables: Pieces,
    ) -> None:
        name, schema = self._name(edition, table), portable_schema(table)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}{}").format(
                sql.Identifier(field.name),
                sql.SQL(_TYPES[field.type]),
                sql.SQL("" if field.nullable else " NOT NULL"),
            )
            for field in schema
        )
        keys = sql.SQL(", ").join(map(sql.Identifier, KEY_OF[table]))
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
        copying = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(name)
        first = 0
        with connection.cursor() as cursor, cursor.copy(copying) as copy:
            for piece in tables.pieces(table):
                copy.write(_as_csv(to_portable(table, piece, first)))
                first += piece.num_rows
        connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, keys))
        connection.execute(sql.SQL("ANALYZE {}").format(name))

    def _name(self, edition: EditionId, table: str) -> sql.Identifier:
        return sql.Identifier(self._settings.schema, _table_name(edition, table))

    @contextmanager
    def _connected(self) -> Iterator["psycopg.Connection[Any]"]:
        with (
            _in_our_words(),
            psycopg.connect(
                self._settings.url,
                autocommit=True,
                connect_timeout=_SECONDS,
                application_name="corridor",
            ) as connection,
        ):
            yield connection


class _Reading:
    """One transaction."""

    def __init__(self, backend: Any, schema: str) -> None:
        self._backend = backend
        self._schema = schema

    def table(self, edition: EditionId, name: str) -> Relation:
        """A table of the edition, looked up in the server."""
        try:
            found = self._backend.table(_table_name(edition, name), database=self._schema)
        except ibis.common.exceptions.TableNotFound:
            raise TablesDamagedError(edition, name) from None
        if list(found.columns) != portable_schema(name).names:
            raise TablesDamagedError(edition, name)
        return found

    def fetch(self, expression: Relation) -> pa.Table:
        """What the expression gives."""
        found: pa.Table = self._backend.to_pyarrow_batches(expression).read_all()
        return found


def _table_name(edition: EditionId, table: str) -> str:
    return f"corridor_{edition.replace('-', '_')}_{table}"


def _as_csv(rows: pa.Table) -> bytes:
    """For COPY: texts in quotes, an empty one too; null is nothing at all."""
    written = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(rows, written, options)
    return written.getvalue()


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Of what the server says only the kind, and nothing chained: the rest may quote case data."""
    try:
        yield
    except (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown) as error:
        raise EngineUnreachableError(Engine.POSTGRESQL, type(error).__name__) from None
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            raise EngineUnreachableError(Engine.POSTGRESQL, type(error).__name__) from None
        raise EngineRefusedError(Engine.POSTGRESQL, type(error).__name__) from None
