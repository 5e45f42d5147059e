"""What this node knows of the region's releases: every checkpoint it cosigned, for ever.

    cosigned   one row per size: the note, and this node's own cosignature. The largest is *held*
    expected   releases that this node was told of and must find in the tree
    evidence   two signed checkpoints of one size that differ: nothing is cosigned from then on,
               until the operator has settled it with the other members. Or, a complaint: two that
               were not proven to be one tree, which convicts nobody, since another proof may hold
    settled    the operator's words on evidence; what was cosigned stays what it is

SQLite, every commit flushed: what `cosigning` wrote is on the disk before the cosignature leaves
the node. Triggers keep a size from ever getting another root.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from corridor.durable_file import open_durable, written_whole
from corridor.errors.ledger import BrokenChainError, LedgerDiskError
from corridor.errors.release_tree import SplitViewError
from corridor.ids import SessionId, Signature
from corridor.protocols.notes import Checkpoint, Cosignature, Note, parse_checkpoint, parse_note
from corridor.protocols.release_tree import Consistency

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cosigned (
    size INTEGER PRIMARY KEY,
    text BLOB NOT NULL,
    note BLOB NOT NULL,
    timestamp INTEGER NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS expected (
    session BLOB PRIMARY KEY,
    leaf BLOB NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS evidence (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    held BLOB NOT NULL,
    offered BLOB NOT NULL,
    proof TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS settled (
    evidence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    words TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS one_root_for_a_size BEFORE UPDATE OF size, text ON cosigned
    BEGIN SELECT RAISE(ABORT, 'a size has one root'); END;
CREATE TRIGGER IF NOT EXISTS never_forgotten BEFORE DELETE ON cosigned
    BEGIN SELECT RAISE(ABORT, 'what was cosigned is never forgotten'); END;
CREATE TRIGGER IF NOT EXISTS never_smaller BEFORE INSERT ON cosigned
    WHEN NEW.size <= (SELECT max(size) FROM cosigned)
    BEGIN SELECT RAISE(ABORT, 'the tree never shrinks'); END;
"""


MOST_COMPLAINTS = 100
"""A coordinator that signs one unproven tree after the other shall not fill the disk. So many
proofs are taken from other members, too; what this node sees itself it keeps in any case."""


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that this node cosigned, with the cosignatures seen of it, and its own."""

    checkpoint: Checkpoint
    note: Note
    own: Cosignature


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Two checkpoints of one log that cannot both be, or were not proven to be one tree.

    Attributes:
        at: seconds since 1970 UTC.
        proof: the consistency proof that did not hold, as JSON; empty for two of one size.
        settled: the operator's words, once the members have talked; empty before.
    """

    at: int
    code: str
    held: Note
    offered: Note
    proof: str
    settled: str

    @property
    def is_proof(self) -> bool:
        """Whether it convicts the coordinator before anybody: both trees have one size."""
        return self.code == SplitViewError.code

    @property
    def stops_cosigning(self) -> bool:
        """Whether nothing is cosigned because of it."""
        return self.is_proof and not self.settled


class TreeBook:
    """The checkpoints known to one node.

    Raises:
        BrokenChainError: the file is damaged.
        LedgerDiskError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
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

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction: what is read in it stays so until what was written is on the disk.

        Raises:
            LedgerDiskError: full, read-only or broken; nothing was written.
        """
        with _disk(), written_whole(self._connection):
            yield

    # ------------------------------------------------------------ checkpoints

    def held(self) -> Held | None:
        """The largest checkpoint that this node cosigned; None before the first."""
        return self._find("ORDER BY size DESC LIMIT 1")

    def cosigned(self, size: int) -> Held | None:
        """The checkpoint of that size, if this node cosigned it."""
        return self._find("WHERE size = ?", size)

    def cosigning(self, checkpoint: Checkpoint, note: Note, own: Cosignature) -> None:
        """Keep a checkpoint that is about to be cosigned; inside `writing`."""
        self._connection.execute(
            "INSERT INTO cosigned VALUES (?, ?, ?, ?, ?)",
            (
                checkpoint.size,
                checkpoint.text().encode(),
                note.encode(),
                own.timestamp,
                own.signature,
            ),
        )

    def saw(self, size: int, note: Note) -> None:
        """Keep the cosignatures of others, of a checkpoint that this node cosigned too."""
        self._connection.execute(
            "UPDATE cosigned SET note = ? WHERE size = ?", (note.encode(), size)
        )

    # ------------------------------------------------------------ releases

    def expect(self, session: SessionId, leaf: bytes) -> None:
        """The release of this session must be found in the tree as this leaf.

        Raises:
            LedgerDiskError: it could not be written.
        """
        with self.writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO expected (session, leaf) VALUES (?, ?)", (session, leaf)
            )

    def pending(self) -> Mapping[SessionId, bytes]:
        """The leaves that were not shown in the tree yet, the longest awaited first."""
        with _disk():
            rows = self._connection.execute(
                "SELECT session, leaf FROM expected WHERE shown = 0 ORDER BY rowid"
            ).fetchall()
        return {SessionId(session): leaf for session, leaf in rows}

    def found(self, session: SessionId) -> None:
        """This release is in the tree that is being cosigned; inside `writing`."""
        self._connection.execute("UPDATE expected SET shown = 1 WHERE session = ?", (session,))

    # ------------------------------------------------------------ contradictions

    def accuse(
        self, code: str, held: Note, offered: Note, proof: Consistency | None, at: int
    ) -> None:
        """Keep two checkpoints that contradict each other, or a complaint; inside `writing`."""
        shown = "" if proof is None else _proof_text(proof)
        before = self.evidence()
        # By their texts: the same two with more cosignatures are no news, settled or not.
        is_known = any({held.text, offered.text} == {o.held.text, o.offered.text} for o in before)
        is_full = sum(not one.is_proof for one in before) >= MOST_COMPLAINTS
        if not is_known and not (is_full and code != SplitViewError.code):
            self._connection.execute(
                "INSERT INTO evidence (at, code, held, offered, proof) VALUES (?, ?, ?, ?, ?)",
                (at, code, held.encode(), offered.encode(), shown),
            )

    def evidence(self) -> tuple[Evidence, ...]:
        """Every contradiction and complaint, in order."""
        with _disk():
            rows = self._connection.execute(
                "SELECT evidence.at, code, held, offered, proof, coalesce(words, '') FROM evidence"
                " LEFT JOIN settled ON settled.evidence = evidence.number ORDER BY number"
            ).fetchall()
        return tuple(
            Evidence(
                at=at,
                code=code,
                held=parse_note(held, "tree.sqlite3"),
                offered=parse_note(offered, "tree.sqlite3"),
                proof=proof,
                settled=words,
            )
            for at, code, held, offered, proof, words in rows
        )

    def proof_count(self) -> int:
        """How many contradictions are on record that convict the coordinator."""
        with _disk():
            (count,) = self._connection.execute(
                "SELECT count(*) FROM evidence WHERE code = ?", (SplitViewError.code,)
            ).fetchone()
        return int(count)

    def settled_count(self) -> int:
        """How many of them the operator has settled."""
        with _disk():
            (count,) = self._connection.execute("SELECT count(*) FROM settled").fetchone()
        return int(count)

    def is_contradicted(self) -> bool:
        """Whether there is evidence against the log that nobody has settled."""
        return any(one.stops_cosigning for one in self.evidence())

    def settle(self, words: str, at: int) -> int:
        """Note what the members found of all evidence so far; cosigning goes on. How many it was.

        Raises:
            LedgerDiskError: it could not be written. Nothing was settled.
        """
        with self.writing():
            found = self._connection.execute(
                "INSERT INTO settled SELECT number, ?, ? FROM evidence"
                " WHERE code = ? AND number NOT IN (SELECT evidence FROM settled)",
                (at, words, SplitViewError.code),
            )
            return found.rowcount

    def _find(self, which: str, *values: int) -> Held | None:
        with _disk():
            row = self._connection.execute(
                f"SELECT text, note, timestamp, signature FROM cosigned {which}",  # noqa: S608  # constants
                values,
            ).fetchone()
        if row is None:
            return None
        text, note, timestamp, signature = row
        return Held(
            parse_checkpoint(text.decode(), "tree.sqlite3"),
            parse_note(note, "tree.sqlite3"),
            Cosignature(timestamp, Signature(signature)),
        )


def _proof_text(proof: Consistency) -> str:
    return json.dumps(
        {"old": proof.old, "new": proof.new, "path": [step.hex() for step in proof.path]}
    )


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of ours, such as using what was closed
    except (sqlite3.OperationalError, OSError) as error:
        raise LedgerDiskError("tree", str(error)) from error
    except sqlite3.DatabaseError as error:
        raise BrokenChainError("tree", 0, f"cannot be read ({error})") from error
