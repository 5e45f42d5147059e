"""Editions of a node's case data: encrypted, written whole or not at all, erased by their key.

    store.key                    the store's key; beside this folder, for the owner alone, or in
                                 the vault (`node.store.vault`)
    editions/
      state                      which edition is current, and the last number given (sealed)
      secrets                    what keys persons and chooses their cells (sealed)
      writing                    locked while somebody writes
      3-9f2c61d04b7a8e15/        an edition
        key                      its data key, sealed under the master key
        about                    when, from what, how many rows, the ends of the files (sealed
                                 under the data key)
        persons.parquet, cases.parquet, legs.parquet, services.parquet
        links.parquet        keys by which the next import compares; editions of before have none

The Parquet files are under Parquet Modular Encryption (AES-GCM for every module, the footer
among them), each with a key derived from the data key, and with edition and table as associated
data, so that no file passes for another. Parquet leaves its ends in clear, and with them which
cipher was used: `about` holds a hash of the ends.

Where `store.toml` names another engine (`settings`), the tables lie there in place of the Parquet
files, and the folder has all the rest, and `elsewhere`, which says in what engine; it is written
before anything is sent there, so that what a kill left behind is found and erased.

A new edition:

    written into a hidden folder, flushed  →  renamed  →  `state` replaced  →  the old key erased

The only step that readers can see is the third, and it is one rename: whenever power fails, one
of the two editions is current and whole. What else lies there is swept away at the next start.
Erasing an edition is destroying its data key, the rest is housekeeping. (A disk may keep old
blocks; who must be sure keeps `store.key` on a disk that forgets, and makes a new one.)
"""

import contextlib
import copy
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet import encryption

from corridor.errors import CorridorError
from corridor.errors.files import DiskError
from corridor.errors.store import (
    EditionReplacedError,
    EngineMissingError,
    EngineRefusedError,
    EngineUnreachableError,
    NoSuchEditionError,
    NotErasedError,
    StoreBusyError,
    StoreDamagedError,
    StoreDiskError,
    StoreKeyMissingError,
    StoreSettingsError,
    StoreUnsureError,
    TablesDamagedError,
)
from corridor.files import flush_folder, make_private_folder, write_atomically
from corridor.ids import Digest, EditionId, is_edition_id
from corridor.node.conditions import Condition
from corridor.node.schema import PIECE, STORED, TABLES, EditionTables, no_links
from corridor.node.store.moving import STORE_KEY, finish_rotation
from corridor.node.store.places import open_elsewhere
from corridor.node.store.settings import Engine, read_store_settings
from corridor.node.store.vault import has_secret, keep_secret, read_secret
from corridor.node.store.writing import Checked, Pieces, same
from corridor.sealing import KEY_BYTES, RandomBytes, derive, seal, unseal

if TYPE_CHECKING:
    from corridor.node.store.elsewhere import Elsewhere

SCHEMA_VERSION = 2
"""Of the tables in `node.schema`; another number means that the files must be imported anew."""

PERSON_SECRET_BYTES = 32
CHOICE_KEY_BYTES = 16

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""

Links = Callable[[], Iterator[pa.Table]]
"""Gives the rows of `schema.LINKS` in the order of an edition's cases."""

_KEY, _ABOUT, _STATE, _SECRETS, _LOCK = "key", "about", "state", "secrets", "writing"
_ELSEWHERE = "elsewhere"
_LINKS = "links"
_NOT_TO_BE_REACHED = (
    EngineMissingError,
    EngineRefusedError,
    EngineUnreachableError,
    StoreSettingsError,
)
_ROW_GROUP = PIECE
"""Rows that are read and decrypted at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What is known of an edition without reading it.

    Attributes:
        imported_at: when case files last came in; `written_at` may be later, where rows were
            only left out since.
        sources: SHA-256 of the files of the import that made it, in their order.
        rows: rows by table; `persons` is the number of persons.
        engine: where its tables lie.
    """

    id: EditionId
    number: int
    written_at: datetime
    imported_at: datetime
    sources: tuple[Digest, ...]
    rows: dict[str, int]
    engine: Engine = Engine.DUCKDB


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` did.

    Attributes:
        unchanged: the tables are those of the edition before; for this node's staff alone.
    """

    edition: Edition
    unchanged: bool


@dataclass(frozen=True, slots=True)
class _State:
    current: EditionId | None
    last_number: int


class EditionStore:
    """The editions of one node. Reads may run beside each other and beside one write."""

    def __init__(self, home: Path, random_bytes: RandomBytes, clock: Clock) -> None:
        """Open the store in a node's home, or make one where there is none.

        Raises:
            StoreSettingsError: store.toml is not what it must be.
            StoreKeyMissingError: there is data without its key.
            StoreDamagedError: a file is not as it was written; nothing was changed.
            StoreDiskError: a new store could not be written.
        """
        self._folder = home / "editions"
        self._random_bytes = random_bytes
        self._clock = clock
        self._settings = read_store_settings(home)
        with _disk():
            finish_rotation(home)
            make_private_folder(self._folder)
            with contextlib.suppress(StoreBusyError), self._writing():
                self._create_missing(home)
            self._master = self._read_master(home)
            self._state()  # sealed: says at once when the key is another's
            secrets = json.loads(self._read_sealed(self._folder / _SECRETS, _SECRETS))
            self._person_secret = bytes.fromhex(secrets["person_secret"])
            self._choice_key = bytes.fromhex(secrets["choice_key"])
            with contextlib.suppress(StoreBusyError), self._writing():
                self._sweep()

    @property
    def person_secret(self) -> bytes:
        """32 bytes; the HMAC key that turns an identity into a stable person key."""
        return self._person_secret

    @property
    def choice_key(self) -> bytes:
        """16 bytes; with a stable person key it decides which cells a person keeps."""
        return self._choice_key

    @property
    def series_key(self) -> bytes:
        """32 bytes; seals whom standing series counted."""
        return derive(self._master, "series")

    @property
    def suppression_key(self) -> bytes:
        """32 bytes; seals who asked to be erased."""
        return derive(self._master, "suppression")

    def current(self) -> Edition | None:
        """The edition that questions are answered from; none before the first import.

        Raises:
            StoreDamagedError: a file is not as it was written.
        """
        state = self._state()
        while state.current is not None:
            try:
                return self._about(state.current)
            except NoSuchEditionError:  # replaced between the two reads, or really gone
                again = self._state()
                if again == state:
                    raise StoreDamagedError(f"editions/{state.current}") from None
                state = again
        return None

    def editions(self) -> tuple[EditionId, ...]:
        """The editions that can still be read, by number."""
        found = [
            EditionId(path.name)
            for path in self._folder.iterdir()
            if is_edition_id(path.name) and (path / _KEY).exists()
        ]
        return tuple(sorted(found, key=_number))

    def read(self, edition: EditionId, table: str, columns: Sequence[str]) -> pa.Table:
        """These columns of a table, in the order of its file.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written, or the key is another's.
        """
        schema = pa.schema([TABLES[table].field(name) for name in columns])
        about = self._about(edition)
        if about.engine is not Engine.DUCKDB:
            pieces = self._elsewhere(about.engine).pieces(edition, about.rows, table, columns)
            return pa.concat_tables([schema.empty_table(), *pieces])
        with self._opened(edition, table, ()) as file:
            found = file.read(columns=list(columns)).select(list(columns))
        if not found.schema.equals(schema, check_metadata=False):
            raise StoreDamagedError(f"editions/{edition}/{table}.parquet")
        return found

    def about(self, edition: EditionId) -> Edition:
        """What is known of an edition without reading it.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written.
        """
        return self._about(edition)

    def size(self, edition: EditionId) -> int:
        """The bytes that an edition takes on the disk."""
        return sum(path.stat().st_size for path in (self._folder / edition).iterdir())

    def reader(self, edition: EditionId) -> "EditionReader":
        """For evaluation: columns of this edition, whatever becomes current meanwhile."""
        return EditionReader(self, edition)

    def pieces(self, edition: EditionId, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns piece by piece, in order; strings as the dictionaries that are stored.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written, or the key is another's.
        """
        about = self._about(edition)
        if about.engine is not Engine.DUCKDB:
            yield from self._elsewhere(about.engine).pieces(edition, about.rows, table, columns)
            return
        paths = [path for name in columns for path in _string_paths(TABLES[table].field(name))]
        yield from self._groups(edition, table, columns, paths)

    def found(
        self, edition: EditionId, table: str, columns: Sequence[str], condition: Condition
    ) -> Iterator[pa.Table] | None:
        """Rows that satisfy the condition, with columns of the table and of their case.

        None where the tables lie in the home: then everything is read, and nothing left out.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            TablesDamagedError: a table elsewhere is not as it was written.
            EngineUnreachableError, EngineRefusedError: nothing can be had of it now.
        """
        about = self._about(edition)
        if about.engine is Engine.DUCKDB:
            return None
        elsewhere = self._elsewhere(about.engine)
        return elsewhere.found(edition, about.rows, table, columns, condition)

    def demand_there(self, edition: EditionId) -> None:
        """Check that the edition can be read, as far as a look tells.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            TablesDamagedError, EngineUnreachableError, EngineRefusedError: its tables lie
                elsewhere, and cannot be had.
        """
        if edition not in self.editions():
            raise NoSuchEditionError(edition)
        about = self._about(edition)
        if about.engine is not Engine.DUCKDB:
            self._elsewhere(about.engine).demand_there(edition)

    def check(self, edition: Edition) -> None:
        """Count what lies elsewhere, and look for what should not lie there any more.

        Raises:
            TablesDamagedError, EngineUnreachableError, EngineRefusedError: its tables lie
                elsewhere, and are not there as they were written.
            NotErasedError: tables of an older edition still stand.
        """
        if edition.engine is not Engine.DUCKDB:
            self._elsewhere(edition.engine).check(edition.id, edition.rows)
        for path in sorted(self._folder.glob(f"*/{_ELSEWHERE}")):
            if path.parent.name != edition.id:
                raise NotErasedError(_named(path.parent), self._engine_of(path.parent))

    def has_links(self, edition: EditionId) -> bool:
        """Whether anything stands beside the edition's tables; older ones have nothing there.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written.
        """
        return _LINKS in self._read_about(edition)["ends"]

    def tables(self, edition: EditionId) -> EditionTables:
        """All of an edition, for the next import to build upon.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written, or the key is another's.
        """
        tables = {name: self.read(edition, name, schema.names) for name, schema in TABLES.items()}
        try:
            return EditionTables(**tables)
        except ValueError as error:
            raise StoreDamagedError(f"editions/{edition}") from error

    def held(self, edition: EditionId) -> "HeldEdition":
        """The same, piece by piece and as often as it is asked for."""
        return HeldEdition(self, edition)

    def write(
        self,
        tables: Pieces,
        *,
        replaces: EditionId | None,
        sources: Sequence[Digest],
        imported_at: datetime | None = None,
        links: Links | None = None,
    ) -> Written:
        """Make `tables` the current edition; the one before is erased.

        They are read piece by piece: no more than a few pieces are in memory.

        Args:
            tables: all data of the node, not only what is new (`EditionTables`, or pieces).
            replaces: the edition that was current when `tables` were made.
            sources: SHA-256 of the files they were made from.
            imported_at: when these came in; None: now.
            links: gives what stands beside the tables (`schema.LINKS`), a row for each case.

        Raises:
            EditionReplacedError: `replaces` is not current; nothing was stored.
            StoreBusyError: somebody else is writing; nothing was stored.
            StoreDiskError: full, read-only or broken; nothing was stored.
            StoreUnsureError: the disk failed at the last step; the new edition is current, but a
                power failure may bring the old one back. Both are whole.
            StoreDamagedError: the current edition cannot be read; nothing was stored.
            EngineUnreachableError, EngineRefusedError, EngineMissingError: it was to be written
                elsewhere; nothing was stored.
            ValueError: a piece is not what an edition holds; nothing was stored.
        """
        with _disk(), self._writing():
            self._sweep()
            state = self._state()
            if state.current != replaces:
                raise EditionReplacedError
            # An edition all the same, where nothing is new: its name is public, and by keeping
            # the old one a node would say whether anybody came or changed.
            unchanged = state.current is not None and self._holds(state.current, tables)
            number = state.last_number + 1
            edition = EditionId(f"{number}-{self._random_bytes(8).hex()}")
            came = (imported_at, tuple(sources))
            written = self._write_folder(edition, number, tables, came, links)
            self._make_current(edition, number)
            # The import has succeeded. If the old key cannot be destroyed now, it will be by
            # the next write or start.
            with contextlib.suppress(OSError):
                self._sweep()
            return Written(written, unchanged)

    def erase(self, edition: EditionId) -> None:
        """Destroy an edition's key, and then its files; the current one too, when named.

        Raises:
            NoSuchEditionError: there is none of that name.
            StoreBusyError: somebody is writing; nothing was erased.
            StoreDiskError: the disk refused; repeat it.
            EngineUnreachableError, EngineRefusedError: its tables lie elsewhere and stand there
                still. It is no edition any more, and the next write or start erases them.
        """
        with _disk(), self._writing():
            if edition not in self.editions():
                raise NoSuchEditionError(edition)
            state = self._state()
            if state.current == edition:
                self._write_state(_State(None, state.last_number))
            self._destroy(self._folder / edition)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Keep everybody from writing or erasing while the block runs; reading goes on.

        Raises:
            StoreBusyError: somebody is writing.
        """
        with self._writing():
            yield

    def copy_under(self, master: bytes, folder: Path) -> None:
        """Make all of the store again in `folder` under another key; its `state` comes last.

        Tables that lie elsewhere stay where and as they are.

        Raises:
            StoreDiskError: the disk refused.
            StoreDamagedError: the edition cannot be read.
        """
        twin = copy.copy(self)
        twin._folder, twin._master = folder, master  # noqa: SLF001  # it is one of us
        with _disk():
            make_private_folder(folder)
            twin._write_sealed(  # noqa: SLF001
                folder / _SECRETS,
                _SECRETS,
                self._read_sealed(self._folder / _SECRETS, _SECRETS),
            )
            state = self._state()
            if state.current is not None:
                self._copy_edition(state.current, twin)
            twin._write_state(state)  # noqa: SLF001

    def _copy_edition(self, edition: EditionId, twin: "EditionStore") -> None:
        about = self._about(edition)

        def fill(beside: Path, data_key: bytes) -> tuple[Edition, dict[str, str]]:
            ends = {}
            if about.engine is Engine.DUCKDB:
                ends = _write_tables(beside, self.held(edition), edition, data_key)
            else:
                twin._name_engine(beside, edition, about.engine)  # noqa: SLF001  # it is one of us
            if self.has_links(edition):
                held = self.held(edition)
                ends |= _write_links(beside, lambda: held.pieces("links"), edition, data_key)
            return about, ends

        twin._make_folder(edition, fill)  # noqa: SLF001

    def state_without_data(self) -> bytes:
        """What `state` would hold if nothing had been imported, for a backup without data."""
        document = {"current": None, "last_number": self._state().last_number}
        return seal(self._master, _STATE, json.dumps(document).encode(), self._random_bytes)

    # ------------------------------------------------------------------ elsewhere

    def _elsewhere(self, engine: Engine) -> "Elsewhere":
        return open_elsewhere(self._settings, engine)

    def _engine_of(self, folder: Path) -> Engine:
        name = _named(folder)
        return Engine(self._read_sealed(folder / _ELSEWHERE, f"elsewhere {name}").decode())

    # ------------------------------------------------------------------ reading

    @contextlib.contextmanager
    def _opened(
        self, edition: EditionId, table: str, dictionary: Sequence[str]
    ) -> Iterator[pq.ParquetFile]:
        """A table's file; strings at these paths are read as dictionaries."""
        path = self._folder / edition / f"{table}.parquet"
        about = self._read_about(edition)
        properties = encryption.create_decryption_properties(  # type: ignore[attr-defined]
            derive(self._data_key(edition), f"file {table}"),
            aad_prefix=_bound_to(edition, table),
        )
        try:
            if _ends(path) != about["ends"][table]:
                raise StoreDamagedError(f"editions/{edition}/{path.name}")
            with (
                pa.OSFile(str(path), "rb") as source,
                pq.ParquetFile(
                    source,
                    decryption_properties=properties,
                    read_dictionary=list(dictionary),
                ) as file,
            ):
                yield file
        except FileNotFoundError:
            raise self._gone_or_damaged(edition, path) from None
        except (OSError, pa.ArrowException, UnicodeDecodeError, MemoryError) as error:
            raise StoreDamagedError(f"editions/{edition}/{path.name}") from error

    def _groups(
        self, edition: EditionId, table: str, columns: Sequence[str], dictionary: Sequence[str]
    ) -> Iterator[pa.Table]:
        with self._opened(edition, table, dictionary) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=list(columns)).select(list(columns))

    def _plain_pieces(
        self, edition: EditionId, table: str, columns: Sequence[str]
    ) -> Iterator[pa.Table]:
        about = self._about(edition)
        if table == _LINKS and not self.has_links(edition):
            yield no_links(about.rows["cases"]).select(list(columns))
            return
        if about.engine is not Engine.DUCKDB and table != _LINKS:
            yield from self._elsewhere(about.engine).pieces(edition, about.rows, table, columns)
            return
        schema = pa.schema([STORED[table].field(name) for name in columns])
        for piece in self._groups(edition, table, columns, ()):
            if not piece.schema.equals(schema, check_metadata=False):
                raise StoreDamagedError(f"editions/{edition}/{table}.parquet")
            yield piece

    def _holds(self, edition: EditionId, tables: Pieces) -> bool:
        """Whether the edition says what these tables say; not where it cannot be had elsewhere."""
        try:
            held = self.held(edition)
            if not all(same(held.pieces(name), tables.pieces(name)) for name in TABLES):
                return False
        except (TablesDamagedError, *_NOT_TO_BE_REACHED):
            return False  # to import all anew is what mends that
        return True

    def _data_key(self, edition: EditionId) -> bytes:
        path = self._folder / edition / _KEY
        try:
            return self._read_sealed(path, f"data key of {edition}")
        except FileNotFoundError:
            raise NoSuchEditionError(edition) from None

    def _about(self, edition: EditionId) -> Edition:
        document = self._read_about(edition)
        return Edition(
            id=edition,
            number=_number(edition),
            written_at=datetime.fromisoformat(document["written_at"]),
            imported_at=datetime.fromisoformat(
                document.get("imported_at", document["written_at"])  # as editions of before have it
            ),
            sources=tuple(Digest(bytes.fromhex(text)) for text in document["sources"]),
            rows=document["rows"],
            engine=Engine(document.get("engine", Engine.DUCKDB)),
        )

    def _read_about(self, edition: EditionId) -> dict[str, Any]:
        path = self._folder / edition / _ABOUT
        key = derive(self._data_key(edition), _ABOUT)
        try:
            document: dict[str, Any] = json.loads(self._read_sealed(path, f"about {edition}", key))
        except FileNotFoundError:
            raise self._gone_or_damaged(edition, path) from None
        if document["schema_version"] != SCHEMA_VERSION:
            raise StoreDamagedError(f"editions/{edition}")
        return document

    def _gone_or_damaged(self, edition: EditionId, path: Path) -> Exception:
        """The key goes first: while it is there, every other file should be."""
        if (self._folder / edition / _KEY).exists():
            return StoreDamagedError(f"editions/{edition}/{path.name}")
        return NoSuchEditionError(edition)

    def _state(self) -> _State:
        try:
            document = json.loads(self._read_sealed(self._folder / _STATE, _STATE))
        except FileNotFoundError:
            raise StoreDamagedError(f"editions/{_STATE}") from None
        return _State(document["current"], document["last_number"])

    def _read_sealed(self, path: Path, purpose: str, key: bytes | None = None) -> bytes:
        sealed = path.read_bytes()
        try:
            return unseal(key or self._master, purpose, sealed)
        except ValueError as error:
            raise StoreDamagedError(str(path.relative_to(self._folder.parent))) from error

    @staticmethod
    def _read_master(home: Path) -> bytes:
        try:
            master = bytes.fromhex(read_secret(home, STORE_KEY).decode("ascii"))
        except ValueError as error:
            raise StoreDamagedError(STORE_KEY) from error
        if len(master) != KEY_BYTES:
            raise StoreDamagedError(STORE_KEY)
        return master

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock; the system takes it back when the process dies."""
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusyError from None
            yield
        finally:
            os.close(descriptor)

    def _create_missing(self, home: Path) -> None:
        """Make a new store, or finish one that was being made when the power failed.

        `state` is written last: once it is there, nothing may be missing any more.
        """
        if (self._folder / _STATE).exists():
            if not has_secret(home, STORE_KEY):
                raise StoreKeyMissingError
            if not (self._folder / _SECRETS).exists():
                raise StoreDamagedError(f"editions/{_SECRETS}")
            return
        if any(is_edition_id(path.name) for path in self._folder.iterdir()):
            raise StoreDamagedError(f"editions/{_STATE}")
        if not has_secret(home, STORE_KEY):
            keep_secret(home, STORE_KEY, self._random_bytes(KEY_BYTES).hex().encode())
        self._master = self._read_master(home)
        secrets = {
            "person_secret": self._random_bytes(PERSON_SECRET_BYTES).hex(),
            "choice_key": self._random_bytes(CHOICE_KEY_BYTES).hex(),
        }
        self._write_sealed(self._folder / _SECRETS, _SECRETS, json.dumps(secrets).encode())
        self._write_state(_State(None, 0))

    def _make_current(self, edition: EditionId, number: int) -> None:
        try:
            self._write_state(_State(edition, number))
        except DiskError:
            if self._state().current != edition:
                raise
            # The new state was put in its place, and only flushing the folder failed.
            try:
                flush_folder(self._folder)
            except OSError as error:
                raise StoreUnsureError from error

    def _write_state(self, state: _State) -> None:
        document = {"current": state.current, "last_number": state.last_number}
        self._write_sealed(self._folder / _STATE, _STATE, json.dumps(document).encode())

    def _write_sealed(
        self, path: Path, purpose: str, secret: bytes, key: bytes | None = None
    ) -> None:
        write_atomically(path, seal(key or self._master, purpose, secret, self._random_bytes))

    def _write_folder(
        self,
        edition: EditionId,
        number: int,
        tables: Pieces,
        came: tuple[datetime | None, tuple[Digest, ...]],
        links: Links | None,
    ) -> Edition:
        """All files of an edition, durable; it is not current yet."""
        engine = self._settings.engine
        now = self._clock()

        def fill(beside: Path, data_key: bytes) -> tuple[Edition, dict[str, str]]:
            checked, ends = Checked(tables), {}
            if engine is Engine.DUCKDB:
                ends = _write_tables(beside, checked, edition, data_key)
            else:
                # Whoever finds what a kill left behind reads here where the rest of it is.
                self._name_engine(beside, edition, engine)
                flush_folder(self._folder)
                self._elsewhere(engine).write(edition, checked)
            ends |= _write_links(beside, links, edition, data_key)
            written = Edition(
                id=edition,
                number=number,
                written_at=now,
                imported_at=came[0] or now,
                sources=came[1],
                rows=dict(checked.rows),
                engine=engine,
            )
            return written, ends

        try:
            return self._make_folder(edition, fill)
        except (OSError, ValueError, pa.ArrowException, CorridorError):
            with contextlib.suppress(OSError, *_NOT_TO_BE_REACHED):
                self._destroy(self._folder / f".{edition}")
            raise

    def _make_folder(self, edition: EditionId, fill: "_Fill") -> Edition:
        """The folder of an edition, under a data key of its own; `fill` writes the tables."""
        data_key = self._random_bytes(KEY_BYTES)
        beside = self._folder / f".{edition}"
        beside.mkdir(mode=0o700)
        written, ends = fill(beside, data_key)
        self._write_about(beside, written, ends, data_key)
        self._write_sealed(beside / _KEY, f"data key of {edition}", data_key)
        flush_folder(beside)
        beside.rename(self._folder / edition)
        flush_folder(self._folder)
        return written

    def _name_engine(self, beside: Path, edition: EditionId, engine: Engine) -> None:
        self._write_sealed(beside / _ELSEWHERE, f"elsewhere {edition}", engine.encode())

    def _write_about(
        self, beside: Path, edition: Edition, ends: dict[str, str], data_key: bytes
    ) -> None:
        about: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "written_at": edition.written_at.isoformat(),
            "imported_at": edition.imported_at.isoformat(),
            "sources": [digest.hex() for digest in edition.sources],
            "rows": edition.rows,
            "ends": ends,
            "engine": edition.engine,
        }
        purpose, key = f"about {edition.id}", derive(data_key, _ABOUT)
        self._write_sealed(beside / _ABOUT, purpose, json.dumps(about).encode(), key)

    def _sweep(self) -> None:
        """Erase every edition but the current one, and what a failed write left behind."""
        current = self._state().current
        if current is not None and not (self._folder / current / _KEY).exists():
            raise StoreDamagedError(f"editions/{current}")
        # What `state` says must be on the disk before anything that it does not name is
        # destroyed: after a rename that was never flushed, an older state may come back.
        flush_folder(self._folder)
        for path in sorted(self._folder.iterdir()):
            if path.is_dir() and path.name != current:
                # What lies elsewhere is erased when it can be; `check` says so until then.
                with contextlib.suppress(*_NOT_TO_BE_REACHED):
                    self._destroy(path)

    def _destroy(self, folder: Path) -> None:
        """The key first, overwritten and gone from the disk; then what lies elsewhere; the rest."""
        key, doomed = folder / _KEY, folder / f"{_KEY}.erased"
        if key.exists():
            key.rename(doomed)  # no reader meets a half overwritten key
        if doomed.exists():
            with doomed.open("r+b") as file:
                file.write(bytes(doomed.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            doomed.unlink()
            flush_folder(folder)
        if (folder / _ELSEWHERE).exists():
            self._elsewhere(self._engine_of(folder)).erase(_named(folder))
        shutil.rmtree(folder)
        flush_folder(self._folder)


_Fill = Callable[[Path, bytes], tuple[Edition, dict[str, str]]]
"""Writes an edition's tables into a folder under a data key; what is known of it, and its ends."""


@dataclass(frozen=True, slots=True)
class HeldEdition:
    """The tables of an edition piece by piece, for the next one to build upon."""

    store: EditionStore
    edition: EditionId

    def pieces(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table in stored order, or of `links`; all columns, or these.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written.
        """
        names = list(columns or STORED[table].names)
        return self.store._plain_pieces(self.edition, table, names)  # noqa: SLF001  # it is one of us


@dataclass(frozen=True, slots=True)
class EditionReader:
    """Columns of one edition."""

    store: EditionStore
    edition: EditionId

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns piece by piece, with strings as dictionaries.

        Raises:
            NoSuchEditionError: it was replaced or erased.
            StoreDamagedError: a file is not as it was written, or the key is another's.
        """
        return self.store.pieces(self.edition, table, columns)

    def found(
        self, table: str, columns: Sequence[str], condition: Condition
    ) -> Iterator[pa.Table] | None:
        """Rows that satisfy the condition; None where the engine is ours (`EditionStore.found`)."""
        return self.store.found(self.edition, table, columns, condition)


def _string_paths(field: "pa.Field[Any]") -> list[str]:
    """Where in a Parquet file the field's strings are."""
    if pa.types.is_string(field.type):
        return [field.name]
    return [f"{field.name}.list.element"] if pa.types.is_list(field.type) else []


def _write_tables(folder: Path, tables: Pieces, edition: EditionId, key: bytes) -> dict[str, str]:
    """All Parquet files of an edition, durable; gives their ends."""
    for name in TABLES:
        _write_table(folder / f"{name}.parquet", tables.pieces(name), edition, name, key)
    return {name: _ends(folder / f"{name}.parquet") for name in TABLES}


def _write_links(
    folder: Path, links: Links | None, edition: EditionId, key: bytes
) -> dict[str, str]:
    """What stands beside the tables, durable; gives its ends."""
    if links is None:
        return {}
    path = folder / f"{_LINKS}.parquet"
    _write_table(path, links(), edition, _LINKS, key)
    return {_LINKS: _ends(path)}


def _write_table(
    path: Path, pieces: Iterator[pa.Table], edition: EditionId, name: str, key: bytes
) -> None:
    properties = encryption.create_encryption_properties(  # type: ignore[attr-defined]
        derive(key, f"file {name}"), aad_prefix=_bound_to(edition, name), store_aad_prefix=False
    )
    with open(path, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
        with pq.ParquetWriter(
            file,
            STORED[name],
            compression="lz4",
            write_statistics=False,
            encryption_properties=properties,
        ) as writer:
            for piece in pieces:
                writer.write_table(piece, row_group_size=_ROW_GROUP)
                del piece
        file.flush()
        os.fsync(file.fileno())


def _ends(path: Path) -> str:
    """SHA-256 of a file's length and of what lies outside its columns.

    A Parquet file begins with four bytes of magic, and ends with cipher and footer, the length
    of these two in four bytes, and the magic again.
    """
    with path.open("rb") as file:
        head = file.read(4)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        tail = 8 + int.from_bytes(file.read(4), "little")
        file.seek(max(0, size - tail))
        return hashlib.sha256(size.to_bytes(8, "big") + head + file.read()).hexdigest()


def _bound_to(edition: EditionId, table: str) -> bytes:
    return f"corridor/store/{edition}/{table}".encode()


def _named(folder: Path) -> EditionId:
    """The edition whose folder it is, or was to be."""
    return EditionId(folder.name.removeprefix("."))


def _number(edition: EditionId) -> int:
    return int(edition.split("-")[0])


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """Our own word for whatever the system or Arrow says about a full or broken disk."""
    try:
        yield
    except DiskError as error:
        raise StoreDiskError("a file cannot be written") from error
    except OSError as error:
        raise StoreDiskError(error.strerror or "cannot be written") from error
