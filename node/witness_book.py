"""What the other members' ledgers are, kept for ever: one chain of each, which only grows.

Members send each other the entries of their ledgers as they make them. An entry is kept if it
follows the last one kept and its member signed it. Another entry of a number that is kept means a
restored backup, a cloned node, or a lie: both stay here as evidence, each signed by that member,
and this node does not witness that ledger until it is shown the chain that it knows.

What is kept is what this node answers for: `protocols.witnesses` proves what a quorum of such books
gives. It also serves a member that lost entries: they are handed back to it.

A chain belongs to a member's origin, the first of its signing keys, and not to a country: a node
that was made anew, with a key that all members confirmed in a new charter, has a new ledger. One
that rotated its keys has the one it had: what follows is signed by the new key, and no entry under
the old one is taken any more, whoever holds that key.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from corridor.durable_file import open_durable, written_whole
from corridor.errors.ledger import (
    BrokenChainError,
    EquivocationError,
    LedgerDiskError,
    LedgerForkError,
    LedgerTooLongError,
    UnknownEntriesError,
)
from corridor.ids import CountryCode, Digest, PublicKey, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.contradictions import (
    COORDINATOR,
    TWO_CONTENTS,
    TWO_SUMS,
    Contradiction,
    entry_document,
    session_subject,
    statement_document,
    sums_of,
)
from corridor.protocols.secure_sum.messages import Acceptance, LedgerStatement
from corridor.protocols.suite import Verify
from corridor.protocols.witnesses import LEDGER, verify_entries

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    previous BLOB NOT NULL,
    payload BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (key, number)
) STRICT;
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;
CREATE TABLE IF NOT EXISTS forks (
    country TEXT NOT NULL,
    held BLOB NOT NULL,
    shown BLOB NOT NULL,
    problem TEXT NOT NULL,
    UNIQUE (held, shown)
) STRICT;
CREATE TABLE IF NOT EXISTS proposed (
    subject TEXT PRIMARY KEY,
    word BLOB NOT NULL
) STRICT;
"""

MOST_FORKS = 100
"""So much evidence is kept of one member. One pair convicts it; a member that signs one
contradiction after the other shall not fill the others' disks."""

LONGEST_LEDGER = 512 * 1024 * 1024
"""Bytes that one member's ledger may take here. It is enough for 200 000 attempts; a member can
sign entries as fast as it likes, and a full disk here would stop this node's own ledger."""

ENTRY_BYTES = 256
"""What an entry takes beside its payload, about: key, hash, signature, index."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Two words of one member that cannot both be true, each canonical JSON with its signature.

    Attributes:
        country: whose words; `COORDINATOR` for the coordinator's, or for what it caused: a proposal
            that it signed, and a member's acceptance of another.
    """

    country: CountryCode
    held: bytes
    shown: bytes
    problem: str


class WitnessBook:
    """The ledgers witnessed by one node.

    Raises:
        BrokenChainError: the file is damaged.
        LedgerDiskError: it cannot be opened.
    """

    def __init__(self, path: Path, verify: Verify) -> None:
        self._verify = verify
        self._bytes: dict[PublicKey, int] = {}  # of each ledger, once it was asked for
        with _disk():
            self._connection = open_durable(path, _SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The book itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def take(
        self,
        country: CountryCode,
        key: PublicKey,
        entries: Sequence[Entry],
        *,
        signed_by: PublicKey | None = None,
    ) -> None:
        """Keep entries of a member's ledger that continue what is kept of it.

        Entries that are kept already change nothing, and stay under the signature that they have.

        Args:
            country: the member.
            key: its origin, by which its ledger is known.
            entries: what it sent.
            signed_by: its signing key of now; the origin where it never rotated.

        Raises:
            BrokenChainError: they are not that member's, or not consecutive. Nothing was kept.
            UnknownEntriesError: those between the kept ones and these are missing; nothing kept.
            LedgerForkError: one contradicts what is kept; both stay as evidence. Nothing was kept.
            LedgerTooLongError: the ledger would take more room than any may. Nothing was kept.
            LedgerDiskError: they could not be kept; nothing was.
        """
        verify_entries(entries, signed_by or key, self._verify)
        fork: LedgerForkError | None = None
        size = self._size(key)
        with self._writing():
            for entry in entries:
                held = self._find(key, entry.number)
                if held is not None and held.digest == entry.digest:
                    continue
                before = self._find(key, entry.number - 1)
                if held is None and before is None and entry.number > 1:
                    raise UnknownEntriesError(country, entry.number)
                other = held
                if held is None and (BEGINNING if before is None else before.digest) != (
                    entry.previous
                ):
                    other = before  # what it follows is another entry of that number
                    if before is None:
                        raise BrokenChainError(LEDGER, entry.number, "is not the first")
                if other is not None:
                    self._insert_fork(country, entry_document(other), entry_document(entry))
                    fork = LedgerForkError(country, TWO_CONTENTS)
                    break
                size += len(entry.payload) + ENTRY_BYTES
                if size > LONGEST_LEDGER:
                    raise LedgerTooLongError(country, entry.number)
                self._connection.execute(
                    "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
                    (key, entry.number, entry.previous, entry.payload, entry.signature),
                )
        self._bytes[key] = size
        if fork is not None:
            raise fork

    def _size(self, key: PublicKey) -> int:
        if key not in self._bytes:
            with _disk():
                (self._bytes[key],) = self._connection.execute(
                    "SELECT coalesce(sum(length(payload) + ?), 0) FROM entries WHERE key = ?",
                    (ENTRY_BYTES, key),
                ).fetchone()
        return self._bytes[key]

    def demand_kept(self, statement: LedgerStatement, key: PublicKey) -> None:
        """Raise unless the statement is of an entry on the chain that is kept of this member.

        Raises:
            UnknownEntriesError: the entries up to it are not known here.
            LedgerForkError: another entry of that number is kept, or the sums are others. Both
                stay as evidence. The statement's signature was checked before.
        """
        if statement.sequence == 0:
            if statement.head != BEGINNING:
                raise LedgerForkError(statement.country, "an empty ledger has a head")
            return
        held = self._find(key, statement.sequence)
        if held is None:
            raise UnknownEntriesError(statement.country, statement.sequence)
        if held.digest != statement.head:
            problem = TWO_CONTENTS
        elif sums_of(held) != (statement.spent, statement.reserved):
            problem = TWO_SUMS
        else:
            return
        with self._writing():
            self._insert_fork(
                statement.country,
                entry_document(held),
                statement_document(statement),
                problem,
            )
        raise LedgerForkError(statement.country, problem)

    def last(self, key: PublicKey) -> tuple[int, Digest]:
        """Number and digest of the last entry kept of a ledger; 0 and zeros before the first."""
        with _disk():
            (number,) = self._connection.execute(
                "SELECT max(number) FROM entries WHERE key = ?", (key,)
            ).fetchone()
        if number is None:
            return 0, BEGINNING
        found = self._find(key, number)
        assert found is not None  # noqa: S101  # entries are never removed
        return number, found.digest

    def entries(self, key: PublicKey, after: int, most: int) -> tuple[Entry, ...]:
        """At most so many entries kept of a ledger, behind that number, in order."""
        with _disk():
            rows = self._connection.execute(
                "SELECT number, previous, payload, signature FROM entries "
                "WHERE key = ? AND number > ? ORDER BY number LIMIT ?",
                (key, after, most),
            ).fetchall()
        return tuple(_entry(*row) for row in rows)

    def forks(self) -> tuple[Fork, ...]:
        """The contradictions on record."""
        with _disk():
            rows = self._connection.execute(
                "SELECT country, held, shown, problem FROM forks ORDER BY rowid"
            ).fetchall()
        return tuple(Fork(CountryCode(row[0]), *row[1:]) for row in rows)

    def hear_coordinator(self, subject: str, word: bytes) -> None:
        """Remember what the coordinator signed about `subject`; it may say one thing, ever.

        `word` is canonical JSON, whose signature was checked.

        Raises:
            EquivocationError: it signed something else before; both stay as evidence.
            LedgerDiskError: it could not be kept.
        """
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO proposed VALUES (?, ?)", (subject, word)
            )
            first = self._heard_of(subject)
            if first is not None and first != word:
                self._insert_fork(COORDINATOR, first, word, f"two signed words about one {subject}")
        if first != word:
            raise EquivocationError(subject)

    def heard(self) -> tuple[bytes, ...]:
        """Every word of the coordinator that this node remembers, as `hear_coordinator` kept it."""
        with _disk():
            rows = self._connection.execute("SELECT word FROM proposed ORDER BY rowid").fetchall()
        return tuple(word for (word,) in rows)

    def compare(self, subject: str, word: bytes) -> bool:
        """Whether another member heard the same of `subject`, where this node heard of it too.

        Both words stay as evidence where they differ; `word`, which was checked, nowhere else.
        """
        with self._writing():
            own = self._heard_of(subject)
            if own is not None and own != word:
                problem = f"two signed words about one {subject}, to different members"
                self._insert_fork(COORDINATOR, own, word, problem)
        return own is None or own == word

    def keep_other_acceptance(self, session: SessionId, acceptance: Acceptance) -> None:
        """Keep a member's acceptance of another proposal than this node was shown of the session.

        It convicts nobody by itself: the coordinator showed that member another proposal, or moved
        an acceptance here from elsewhere, or the member lies. What it heard shows which it was.
        """
        subject, country = session_subject(session), acceptance.country
        with self._writing():
            own = self._heard_of(subject)
            if own is not None:
                problem = f"{country} accepted another proposal than this node was shown of one"
                self._insert_fork(
                    COORDINATOR, own, acceptance_document(acceptance), f"{problem} {subject}"
                )

    def _heard_of(self, subject: str) -> bytes | None:
        row = self._connection.execute(
            "SELECT word FROM proposed WHERE subject = ?", (subject,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def fork_count(self) -> int:
        """How many contradictions are on record."""
        with _disk():
            (count,) = self._connection.execute("SELECT count(*) FROM forks").fetchone()
        return int(count)

    def keep_fork(self, country: CountryCode, held: Entry, shown: Entry) -> None:
        """Keep two entries of one number as evidence."""
        with self._writing():
            self._insert_fork(country, entry_document(held), entry_document(shown))

    def keep_told(self, claim: Contradiction, problem: str) -> None:
        """Keep what another member showed, which was verified."""
        with self._writing():
            self._insert_fork(claim.accused, claim.held, claim.shown, problem)

    def _find(self, key: PublicKey, number: int) -> Entry | None:
        with _disk():
            row = self._connection.execute(
                "SELECT number, previous, payload, signature FROM entries "
                "WHERE key = ? AND number = ?",
                (key, number),
            ).fetchone()
        return None if row is None else _entry(*row)

    def _insert_fork(
        self, country: CountryCode, held: bytes, shown: bytes, problem: str = TWO_CONTENTS
    ) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO forks SELECT ?, ?, ?, ?"
            " WHERE (SELECT count(*) FROM forks WHERE country = ?) < ?",
            (country, held, shown, problem, country, MOST_FORKS),
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _disk(), written_whole(self._connection):
            yield


def acceptance_document(acceptance: Acceptance) -> bytes:
    """An acceptance as evidence: canonical JSON, with everything that its signature is over."""
    return canonical.encode({"header": acceptance.header.hex(), **acceptance.to_json()})


def _entry(number: int, previous: bytes, payload: bytes, signature: bytes) -> Entry:
    return Entry(LEDGER, number, Digest(previous), payload, Signature(signature))


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of ours, such as using what was closed
    except (sqlite3.OperationalError, OSError) as error:
        raise LedgerDiskError("witness", str(error)) from error
    except sqlite3.DatabaseError as error:
        raise BrokenChainError("witness", 0, f"cannot be read ({error})") from error
