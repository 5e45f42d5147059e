"""Editions in Spark: a folder of Parquet files each, that Spark writes and reads.

    FOLDER/EDITION/cases/part-….parquet       the same for persons, legs, services

A folder that was not written to its end is one that no `state` names; it is erased later. What
protects the files is what protects the folder (an encrypted file system, a cluster's own rights):
Parquet Modular Encryption wants a key service in Java, of which we have none. What Spark writes
aside while it counts is encrypted under a key that dies with the session.

One process has one session, begun at the first use: some seconds, and a Java machine of its own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession

from corridor.errors.store import EngineUnreachableError, TablesDamagedError
from corridor.ids import EditionId
from corridor.node.schema import TABLES
from corridor.node.store.elsewhere import Relation
from corridor.node.store.portable import portable_schema, to_portable
from corridor.node.store.settings import Engine, SparkSettings
from corridor.node.store.writing import Pieces

_CASES_AT_ONCE = 1 << 20
_STARTING = threading.Lock()

_OPTIONS = {
    "spark.app.name": "corridor",
    "spark.ui.enabled": "false",  # it shows what is asked, to whoever reaches the port
    "spark.eventLog.enabled": "false",
    "spark.io.encryption.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "16",  # a piece is small; 200 of them would be empty
}


class SparkPlace:
    """Editions in one folder."""

    cases_at_once = _CASES_AT_ONCE

    def __init__(self, settings: SparkSettings) -> None:
        self._settings = settings

    def write(self, edition: EditionId, tables: Pieces) -> None:
        """Make the edition's folder; after an error `erase` removes what there is of it."""
        with _in_our_words():
            session = _session(self._settings.master)
            for name in TABLES:
                first, path = 0, self._path(edition, name)
                for piece in tables.pieces(name):
                    _append(session, to_portable(name, piece, first), path)
                    first += piece.num_rows
                if not first:  # an empty table has a file too, from which its columns are read
                    _append(session, portable_schema(name).empty_table(), path)

    def erase(self, edition: EditionId) -> None:
        """Remove the edition's folder, if there is one."""
        with _in_our_words():
            path, files = self._files(f"{self._settings.folder}/{edition}")
            files.delete(path, True)

    def demand_there(self, edition: EditionId) -> None:
        """Check that all its tables are there.

        Raises:
            TablesDamagedError: one is missing.
        """
        with _in_our_words():
            for name in TABLES:
                path, files = self._files(f"{self._path(edition, name)}/_SUCCESS")
                if not files.exists(path):
                    raise TablesDamagedError(edition, name)

    @contextmanager
    def reading(self) -> Iterator["_Reading"]:
        """The session."""
        with _in_our_words():
            yield _Reading(_session(self._settings.master), self._settings.folder)

    def _path(self, edition: EditionId, table: str) -> str:
        return _path(self._settings.folder, edition, table)

    def _files(self, path: str) -> tuple[Any, Any]:
        """A path as Hadoop's, and its file system. PySpark itself has no word for files."""
        context = _session(self._settings.master).sparkContext
        found = context._jvm.org.apache.hadoop.fs.Path(path)  # noqa: SLF001
        return found, found.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001


class _Reading:
    """The session, for one count."""

    def __init__(self, session: SparkSession, folder: str) -> None:
        self._session = session
        self._backend = ibis.pyspark.connect(session)
        self._folder = folder

    def table(self, edition: EditionId, name: str) -> Relation:
        """A table of the edition, by the columns that its files have."""
        view = f"corridor_{edition.replace('-', '_')}_{name}"
        try:
            found = self._backend.read_parquet(_path(self._folder, edition, name), table_name=view)
        except AnalysisException:
            raise TablesDamagedError(edition, name) from None
        if list(found.columns) != portable_schema(name).names:
            raise TablesDamagedError(edition, name)
        return found

    def fetch(self, expression: Relation) -> pa.Table:
        """What the expression gives. Ibis would go through pandas, which has no null numbers."""
        found: pa.Table = self._session.sql(self._backend.compile(expression)).toArrow()
        return found


def _append(session: SparkSession, rows: pa.Table, path: str) -> None:
    session.createDataFrame(rows).coalesce(1).write.mode("append").parquet(path)


def _path(folder: str, edition: EditionId, table: str) -> str:
    return f"{folder}/{edition}/{table}"


def _session(master: str) -> SparkSession:
    with _STARTING:
        builder = SparkSession.builder.master(master)
        for key, value in _OPTIONS.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Of what Spark says only the kind, and nothing chained: the rest may quote case data."""
    try:
        yield
    except (PySparkException, Py4JError, OSError) as error:
        raise EngineUnreachableError(Engine.SPARK, type(error).__name__) from None
