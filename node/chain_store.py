"""A chain on disk: SQLite, append-only, every commit flushed, every entry signed.

Several processes may use one file (`serve` and the operator's commands): an entry is numbered and
linked inside the transaction that writes it. The whole chain is verified when it is opened.

**Rotated keys.** Entries stay as they were signed, under whichever key was the node's then. To
others they are `vouched`: signed again by the key of now, so that who knows that key alone can
check all of them. A process that was opened under a key of before adds nothing behind an entry of
a later key: it would leave a chain that nobody can open.
"""

import json
import sqlite3
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from corridor.durable_file import open_durable, written_whole
from corridor.errors.keeping import KeysRotatedError
from corridor.errors.ledger import BrokenChainError, LedgerDiskError
from corridor.ids import Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.chains import BEGINNING, Entry, entry_digest, verify_chain
from corridor.protocols.suite import Sign, Verify

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    previous BLOB NOT NULL,
    payload BLOB NOT NULL,
    signature BLOB NOT NULL,
    session BLOB,
    kind TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_of_session ON entries (session, kind);
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;
"""


class ChainStore:
    """One chain of one node.

    Raises:
        BrokenChainError: what stands there is not as it was written.
        LedgerDiskError: the file cannot be opened or written.
    """

    def __init__(
        self,
        path: Path,
        chain: str,
        *,
        sign: Sign,
        key: PublicKey,
        verify: Verify,
        former: Sequence[PublicKey] = (),
    ) -> None:
        self._chain = chain
        self._sign, self._key, self._verify, self._former = sign, key, verify, tuple(former)
        self._signed_anew: dict[Digest, Signature] = {}  # every peer and every page asks for them
        self._turn = threading.RLock()
        with self._disk():
            self._connection = open_durable(path, _SCHEMA)
            try:
                verify_chain(self.entries(), chain, key, verify, former)
                self._verify_columns()
                self._known_to = self._last_number()
                self._own_from = self._first_own(self._known_to) if former else 1
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: what is appended in it is on disk afterwards, or nothing of it is.

        Raises:
            LedgerDiskError: full, read-only or broken; nothing was added.
        """
        with self._turn:
            known_to = self._known_to
            try:
                with self._disk(), written_whole(self._connection):
                    yield
            except BaseException:
                self._known_to = known_to  # what was added here is not there
                raise

    def append(self, kind: str, payload: dict[str, Json], session: bytes | None) -> Entry:
        """Add an entry, inside `writing`.

        Raises:
            KeysRotatedError: this process has a key of before. Nothing was added.
        """
        last = self.last()
        self._demand_own(last)
        number = 1 if last is None else last.number + 1
        previous = BEGINNING if last is None else last.digest
        raw = canonical.encode({"kind": kind, **payload})
        digest = entry_digest(self._chain, number, previous, raw)
        entry = Entry(self._chain, number, previous, raw, self._sign(digest))
        self._insert(entry, kind, session)
        return entry

    def adopt(self, entry: Entry) -> None:
        """Add an entry of this chain, inside `writing`; it was verified to be the next.

        It is signed anew: the one who held it may have had it under a key of before.
        """
        self._demand_own(self.last())
        value = json.loads(entry.payload)
        session = value.get("session")
        signed = replace(entry, signature=self._sign(entry.digest))
        self._insert(signed, value["kind"], None if session is None else bytes.fromhex(session))

    def vouched(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """These entries of this chain, each under a signature of the key of now."""
        for entry in entries:
            if entry.number >= self._own_from:
                yield entry
                continue
            if entry.digest not in self._signed_anew:
                self._signed_anew[entry.digest] = self._sign(entry.digest)
            yield replace(entry, signature=self._signed_anew[entry.digest])

    def _demand_own(self, last: Entry | None) -> None:
        """Look at what another process has added since: it may have another key than this one."""
        if last is None or last.number <= self._known_to:
            return
        for entry in self.entries(self._known_to):
            if not self._is_by(self._key, entry):
                # One that began before this one may have written once more with the key of then.
                is_before = entry.number <= self._own_from
                if not is_before or not any(self._is_by(one, entry) for one in self._former):
                    raise KeysRotatedError
                self._own_from = max(self._own_from, entry.number + 1)
            self._known_to = entry.number

    def _is_by(self, key: PublicKey, entry: Entry) -> bool:
        return self._verify(key, entry.digest, entry.signature)

    def _last_number(self) -> int:
        last = self.last()
        return 0 if last is None else last.number

    def _first_own(self, last: int) -> int:
        """The number of the first entry under the key of now, or of the next one to come."""

        def is_own(number: int) -> bool:
            return self._is_by(self._key, next(self.entries(number - 1, 1)))

        return bisect_left(range(1, last + 1), True, key=is_own) + 1  # keys came one after another

    def _insert(self, entry: Entry, kind: str, session: bytes | None) -> None:
        self._known_to = entry.number
        self._connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
            (entry.number, entry.previous, entry.payload, entry.signature, session, kind),
        )

    def last(self) -> Entry | None:
        """The last entry; None before the first."""
        rows = self._select("ORDER BY number DESC LIMIT 1", ())
        return rows[0][1] if rows else None

    def entries(self, after: int = 0, most: int | None = None) -> Iterator[Entry]:
        """Every entry behind that number, from the first; at most so many, and no more is read."""
        limit = -1 if most is None else most
        found = self._select("WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
        return (entry for _, entry in found)

    def of_session(self, session: bytes) -> dict[str, Entry]:
        """What stands there of one session, by kind."""
        return dict(self._select("WHERE session = ?", (session,)))

    def _select(self, which: str, values: tuple[int | bytes, ...]) -> list[tuple[str, Entry]]:
        # Under the lock: another thread's entry that is not committed yet may still vanish.
        with self._turn, self._disk():
            rows = self._connection.execute(
                f"SELECT kind, number, previous, payload, signature FROM entries {which}",  # noqa: S608  # constants
                values,
            ).fetchall()
        return [
            (kind, Entry(self._chain, number, Digest(previous), payload, Signature(signature)))
            for kind, number, previous, payload, signature in rows
        ]

    def _verify_columns(self) -> None:
        # Sessions are looked up by these columns, which no signature covers: changed ones would
        # let a session be answered twice.
        rows = self._connection.execute("SELECT number, kind, session, payload FROM entries")
        for number, kind, session, payload in rows:
            value = json.loads(payload)
            named = None if session is None else session.hex()
            if (value["kind"], value.get("session")) != (kind, named):
                raise BrokenChainError(
                    self._chain, number, "is filed under another session or kind"
                )

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a bug of ours, such as using what was closed
        except (sqlite3.OperationalError, OSError) as error:
            raise LedgerDiskError(self._chain, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise BrokenChainError(self._chain, 0, f"cannot be read ({error})") from error
