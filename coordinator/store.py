"""The coordinator's registry, questions and releases: one SQLite file.

    invitations ──▶ members ──▶ charters ◀── charter_signatures, removals
    tokens          presence,       │
                    successors      │
                                    ▼
    questions ──▶ attempts ──▶ releases        statements, forks, held_out
    ▲ repeats        │              │
               attempt_members      │       series ──▶ series_questions ──▶ questions ◀── waits
                                    │
                                  leaves ──▶ checkpoints ◀── cosignatures

    publications ◀── publication_steps      boards

The schema stands here, the statements at the desks that need them. The file is in WAL mode with
`synchronous=FULL`: when `writing` has returned, what was written survives a power failure, all
of it; when it raised, or the process was killed in between, none of it happened.

The commands work on the same file while `serve` runs: within a process one thread writes at a
time, between processes SQLite's lock decides (`BEGIN IMMEDIATE`, waiting up to ten seconds).

Times are whole seconds since 1970 UTC. A ρ is the text of a fraction.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteError
from sqlite3 import connect
from typing import Any, cast

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PoolProxiedConnection,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from corridor.errors.region import StoreFromElsewhereError, StoreUnavailableError

KEPT_OPEN = 32
"""So many connections stay open; further ones are closed after use."""

LOOKING = 128
"""So many for looking up stay open beside them, with a page cache of 256 kB each."""

SCHEMA_VERSION = 10
"""2 added the tree of releases, 3 removals, 4 who took part how: tables alone, which are made in
an older file; so did 5, series, 6, waits, 7, successors and repeats, 8, publications and boards.
4 also moves what `named_dealers` held to `held_out`. 7 also gave tokens their scopes and releases
their headings. 9 finds questions and releases by what was asked. 10 keeps who proposed a
charter."""

schema = MetaData()

invitations = Table(
    "invitations",
    schema,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("country", Text, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("issued", Integer, nullable=False),
    Column("used", Integer),
)

members = Table(
    "members",
    schema,
    Column("country", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("card", LargeBinary, nullable=False),
    Column("signing_key", LargeBinary, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of the certificate, as streams are checked
    Column("enrolled", Integer, nullable=False),
)

successors = Table(
    "successors",
    schema,
    Column("country", Text, primary_key=True),
    Column("card", LargeBinary, nullable=False),  # that the next charter shall list
    Column("succession", LargeBinary, nullable=False),  # the statement of both signing keys
    Column("handed_in", Integer, nullable=False),
)

presence = Table(
    "presence",
    schema,
    Column("country", Text, primary_key=True),
    Column("connected", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("status", LargeBinary, nullable=False),  # canonical JSON: what the node said of itself
)

charters = Table(
    "charters",
    schema,
    Column("digest", LargeBinary, primary_key=True),
    Column("version", Integer, nullable=False, unique=True),
    Column("document", LargeBinary, nullable=False),
    Column("proposal", LargeBinary, nullable=False),  # the coordinator's signature
    Column("cards", LargeBinary, nullable=False),  # canonical JSON: the members' cards
    Column("proposed", Integer, nullable=False),
    Column("in_force", Integer),
    Column("proposed_by", Text),  # an account; empty for the command; null before version 10
)

charter_signatures = Table(
    "charter_signatures",
    schema,
    Column("digest", LargeBinary, primary_key=True),
    Column("country", Text, primary_key=True),
    Column("signature", LargeBinary, nullable=False),
)

removals = Table(
    "removals",
    schema,
    Column("digest", LargeBinary, primary_key=True),  # of the charter that leaves a member out
    Column("country", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),  # of the certificate that ends with it
)

tokens = Table(
    "tokens",
    schema,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("issued", Integer, nullable=False),
    Column("revoked", Integer),
    Column("scopes", Text, nullable=False, server_default="read ask"),  # a blank between
)

repeats = Table(
    "repeats",
    schema,
    Column("key_hash", LargeBinary, primary_key=True),  # of the asker's name and the key
    Column("request_hash", LargeBinary, nullable=False),
    Column("question", Text, nullable=False),  # what the first of them became
    Column("made", Integer, nullable=False),
)

questions = Table(
    "questions",
    schema,
    Column("id", Text, primary_key=True),
    Column("place", Integer, nullable=False, unique=True),  # in the queue; never used again
    Column("question", LargeBinary, nullable=False),  # canonical
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("rho", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("charter", LargeBinary, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Column("failure", LargeBinary),  # canonical JSON: code, message, round, missing
    Column("release", Text),
)

waits = Table(
    "waits",
    schema,
    Column("question", Text, primary_key=True),
    Column("until", Integer, nullable=False),  # so long it waits for people's approval
    Column("tries", Integer, nullable=False),  # proposals that ended with such waiting
    Column("countries", Text, nullable=False),  # whose people have to approve; spaces between
    Column("again", Integer),  # when it is proposed again; none before the first try
)

series = Table(
    "series",
    schema,
    Column("id", Text, primary_key=True),  # how its first release's digest begins
    Column("question", LargeBinary, nullable=False),  # canonical, of the first release
    Column("rho", Text, nullable=False),  # of all releases together
    Column("purpose", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("ended", Integer),
    Column("ended_by", Text),
)

series_questions = Table(
    "series_questions",
    schema,
    Column("question", Text, primary_key=True),
    Column("series", Text, nullable=False),
    Column("period", Integer, nullable=False),
)

attempts = Table(
    "attempts",
    schema,
    Column("session", LargeBinary, primary_key=True),
    Column("question", Text, nullable=False),
    Column("started", Integer, nullable=False),
    Column("round", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Column("ended", Integer),
    Column("outcome", Text),  # `released`, or the code of the failure
)

attempt_members = Table(
    "attempt_members",
    schema,
    Column("session", LargeBinary, primary_key=True),
    Column("country", Text, primary_key=True),
    Column("not_invited", Text),  # why not: one of `attempts.NotInvited`; else it was invited
    Column("answered", Text),  # the last round in which its word was taken
    Column("left_in", Text),  # the round in which it dropped out
    Column("code", Text),  # why it did; there is none where it only kept silent
)

releases = Table(
    "releases",
    schema,
    Column("id", Text, primary_key=True),
    Column("place", Integer, nullable=False, unique=True),
    Column("session", LargeBinary, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("rho", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("participants", LargeBinary, nullable=False),  # canonical JSON: country → edition
    Column("document", LargeBinary, nullable=False),
    Column("heading", LargeBinary),  # the document without its tables: lists need no more
    Column("receipt", LargeBinary, nullable=False),
    Column("published", Integer, nullable=False),
)

leaves = Table(
    "leaves",
    schema,
    Column("place", Integer, primary_key=True),  # of the release; the leaf's number is one less
    Column("session", LargeBinary, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),  # the entry, canonical JSON
)

checkpoints = Table(
    "checkpoints",
    schema,
    Column("size", Integer, primary_key=True),
    Column("note", LargeBinary, nullable=False),  # signed by the coordinator alone
)

cosignatures = Table(
    "cosignatures",
    schema,
    Column("size", Integer, primary_key=True),
    Column("country", Text, primary_key=True),
    Column("timestamp", Integer, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

publications = Table(
    "publications",
    schema,
    Column("id", Text, primary_key=True),
    Column("place", Integer, nullable=False, unique=True),
    Column("state", Text, nullable=False),  # one of `publication_desk.State`
    Column("revision", Integer, nullable=False),  # one more at each step
    Column("document", LargeBinary, nullable=False),  # JSON: what is published
    Column("seen_from", Integer),  # by everybody, from this second on
    Column("withdrawn", Integer),
    Column("reason", Text),
    Column("replaces", Text),  # the publication that this one corrects
)

publication_steps = Table(
    "publication_steps",
    schema,
    Column("publication", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("is_person", Integer, nullable=False),  # 0 of a token
    Column("at", Integer, nullable=False),
)

boards = Table(
    "boards",
    schema,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made", Integer, nullable=False),
    Column("tiles", LargeBinary, nullable=False),  # JSON
)

statements = Table(
    "statements",
    schema,
    Column("country", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("spent", Text, nullable=False),
    Column("reserved", Text, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("seen", Integer, nullable=False),
)

forks = Table(
    "forks",
    schema,
    Column("country", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("head", LargeBinary, primary_key=True),
    Column("statement", LargeBinary, nullable=False),  # canonical JSON: the pair, with signatures
    Column("seen", Integer, nullable=False),
)

held_out = Table(
    "held_out",
    schema,
    Column("session", LargeBinary, primary_key=True),  # of the attempt that proved it
    Column("country", Text, primary_key=True),
    Column("code", Text, nullable=False),  # what was proven
    Column("since", Integer, nullable=False),
    Column("readmitted", Integer),
    Column("because", Text),  # the operator's words when it was readmitted
)


class Store:
    """The open database. `reading` and `writing` give a connection inside one transaction."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`; make it, with its tables, where there is none.

        Raises:
            StoreUnavailableError: it cannot be opened.
            StoreFromElsewhereError: another version wrote it.
        """
        _make_private(path)
        self._path = path
        self._lookers: deque[SqliteConnection] = deque()  # taken and given back without a lock
        self._watcher: SqliteConnection | None = None
        self._one_watcher = threading.Lock()
        self._engine = _engine(path)
        self._one_writer = threading.Lock()
        try:
            self._demand_schema()
        except BaseException:
            self._engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout."""
        with _translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose changes happen together, durably, or not at all.

        Raises:
            StoreUnavailableError: the disk is full or broken; nothing happened.
        """
        with (
            _translated(),
            self._one_writer,
            self._engine.connect() as connection,
            connection.execution_options(corridor_writes=True).begin(),
        ):
            yield connection

    def look_up(self, sql: str, *values: str | bytes) -> tuple[Any, ...] | None:
        """The first row of one SELECT, as it is; None where there is none.

        For what is asked at every message: a statement by itself sees one state of the database,
        and SQLite keeps it prepared by its text. A connection and a transaction of SQLAlchemy's,
        or its pool alone, take many times as long as the look itself.

        Raises:
            StoreUnavailableError: the disk is broken.
        """
        with self._looking() as connection:
            row: tuple[Any, ...] | None = connection.execute(sql, values).fetchone()
            return row

    def look_up_all(self, sql: str, **values: str | bytes | None) -> list[Mapping[str, Any]]:
        """All rows of one SELECT, by the names of their columns; for the same reason.

        Args:
            sql: names its values as `:name`.
            values: by these names.

        Raises:
            StoreUnavailableError: the disk is broken.
        """
        with self._looking() as connection:
            found = connection.execute(sql, values)
            columns = [name for name, *_ in found.description]
            return [dict(zip(columns, row, strict=True)) for row in found]

    def state(self) -> int:
        """A number that is another one whenever anything was written since, by any process.

        Raises:
            StoreUnavailableError: the disk is broken.
        """
        # SQLite counts for each connection what others wrote; this one writes nothing itself.
        with _translated(), self._one_watcher:
            if self._watcher is None:
                self._watcher = self._connect()
            (number,) = self._watcher.execute("PRAGMA data_version").fetchone()
            return int(number)

    def _connect(self) -> SqliteConnection:
        return connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _looking(self) -> Iterator[SqliteConnection]:
        """One of the connections kept for looking up, or a new one; nobody else has it."""
        with _translated():
            try:
                connection = self._lookers.pop()
            except IndexError:
                connection = self._connect()
                connection.execute("PRAGMA cache_size = -256")
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            if len(self._lookers) < LOOKING:
                self._lookers.append(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close every connection; the file is complete without its `-wal` afterwards."""
        while self._lookers:
            self._lookers.pop().close()
        with self._one_watcher:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        self._engine.dispose()

    def _demand_schema(self) -> None:
        with self.writing() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version < SCHEMA_VERSION:
                schema.create_all(connection)
                if inspect(connection).has_table("named_dealers"):
                    _move_named_dealers(connection)
                _add_scopes(connection)
                _add_headings(connection)
                _add_proposers(connection)
                for table in (questions, releases):
                    for index in table.indexes:
                        index.create(connection, checkfirst=True)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise StoreFromElsewhereError(version, SCHEMA_VERSION)


def _add_scopes(connection: Connection) -> None:
    """Tokens from before there were scopes allow what they always did."""
    if "scopes" not in {one["name"] for one in inspect(connection).get_columns("tokens")}:
        connection.exec_driver_sql(
            "ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read ask'"
        )


def heading_of(document: bytes) -> bytes:
    """A release's document without its tables."""
    whole = json.loads(document)
    kept = {key: value for key, value in whole.items() if key not in {"tables", "countries"}}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def _add_headings(connection: Connection) -> None:
    if "heading" in {one["name"] for one in inspect(connection).get_columns("releases")}:
        return
    connection.exec_driver_sql("ALTER TABLE releases ADD COLUMN heading BLOB")
    for (identifier,) in connection.execute(select(releases.c.id)).all():
        this = releases.c.id == identifier
        document = connection.execute(select(releases.c.document).where(this)).scalar_one()
        connection.execute(update(releases).where(this).values(heading=heading_of(document)))


def _add_proposers(connection: Connection) -> None:
    """Of charters from before it was kept nobody knows who proposed them."""
    if "proposed_by" not in {one["name"] for one in inspect(connection).get_columns("charters")}:
        connection.exec_driver_sql("ALTER TABLE charters ADD COLUMN proposed_by TEXT")


def _move_named_dealers(connection: Connection) -> None:
    """Who waited for the one attempt without it is held out; who had gone without is readmitted."""
    connection.exec_driver_sql(
        """
        INSERT INTO held_out (session, country, code, since, readmitted, because)
        SELECT named.session, named.country, 'secure_sum.bad_dealer',
               coalesce(proved.ended, proved.started, 0), without.started,
               iif(without.started IS NULL, NULL, 'left out of one attempt, by an older version')
        FROM named_dealers AS named
        LEFT JOIN attempts AS proved ON proved.session = named.session
        LEFT JOIN attempts AS without ON without.session = named.left_out_of
        """
    )
    connection.exec_driver_sql("DROP TABLE named_dealers")


def _make_private(path: Path) -> None:
    """See that only the owner can read the file, whatever the folder lets others do.

    SQLite's own files beside it follow it.
    """
    try:
        path.touch(0o600)
        path.chmod(0o600)
    except OSError as error:
        raise StoreUnavailableError(error.strerror or "cannot be made") from error


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 10},
        hide_parameters=True,
        # A hundred analysts ask at once: to open the file anew takes longer than to ask. The last
        # one used comes first, with its pages at hand; nobody waits for one.
        pool_size=KEPT_OPEN,
        max_overflow=-1,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def configure(connection: SqliteConnection, _record: Any) -> None:
        # SQLAlchemy's BEGIN below is the only one: sqlite3 must not begin by itself.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: a read that turns into a write can be refused halfway.
        writes = connection.get_execution_options().get("corridor_writes", False)
        _sqlite(connection.connection).execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite(pooled: PoolProxiedConnection) -> SqliteConnection:
    return cast(SqliteConnection, pooled.driver_connection)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SqliteError as error:
        raise StoreUnavailableError(str(error)) from error
    except OperationalError as error:
        raise StoreUnavailableError(str(error.orig)) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # a constraint that broke is a bug, or the caller's
            raise
        raise StoreUnavailableError(str(error.orig)) from error
