"""How a node's SQLite files are opened and written: for their owner alone, and durably.

WAL with `synchronous=FULL`: what a transaction wrote is on the disk when `written_whole` ends, or
nothing of it is. A file may be used by several processes; whoever comes second waits.

What an error of the disk means to whom, each store says itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 30.0
"""So long a process waits for another one's transaction."""


def open_durable(path: Path, schema: str) -> sqlite3.Connection:
    """The file, made if it is not there, with these tables in it.

    The connection may be used by several threads, one at a time; transactions are begun by hand.

    Raises:
        OSError, sqlite3.DatabaseError: it cannot be made or read.
    """
    # Made for the owner alone before anything is in it; SQLite's own files follow it.
    path.touch(0o600)
    path.chmod(0o600)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def written_whole(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction: what is written in it is on the disk afterwards, or nothing of it is.

    Raises:
        sqlite3.DatabaseError: it could not be written; nothing was.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
