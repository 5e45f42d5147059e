"""What the other members said of their ledgers, kept for ever: one head per member and entry.

Every roster brings each member's signed statement. One that contradicts what was witnessed before
means a restored backup, a cloned node, or a lie: it is kept as evidence, and this node leaves the
attempt. It protects against accidents, and against a liar who shows this node two faces; that a
majority has seen the same head before a debit is a quorum's business, which is not built yet.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from corridor.errors.canonical import NotCanonicalError
from corridor.errors.ledger import LedgerDiskError, LedgerForkError
from corridor.ids import CountryCode, Signature
from corridor.protocols import canonical
from corridor.protocols.canonical import fraction_text
from corridor.protocols.chains import contradiction
from corridor.protocols.fields import Fields
from corridor.protocols.secure_sum.messages import LedgerStatement

_KEYS = ("country", "sequence", "spent", "reserved", "head", "signature")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS statements (
    country TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    statement BLOB NOT NULL,
    PRIMARY KEY (country, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS forks (
    country TEXT NOT NULL,
    earlier BLOB NOT NULL,
    later BLOB NOT NULL,
    problem TEXT NOT NULL
) STRICT;
"""


class WitnessBook:
    """The statements witnessed by one node."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise LedgerDiskError("witness", str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The book itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def witness(self, statements: Sequence[LedgerStatement]) -> None:
        """Keep statements whose signatures were checked.

        Raises:
            LedgerForkError: one contradicts what was witnessed; both are kept as evidence.
            LedgerDiskError: they could not be kept; nothing was.
        """
        forks: list[tuple[CountryCode, str]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in statements:
                    problem = self._keep(statement)
                    if problem is not None:
                        forks.append((statement.country, problem))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise LedgerDiskError("witness", str(error)) from error
        for country, problem in forks:
            raise LedgerForkError(country, problem)

    def latest(self, country: CountryCode) -> LedgerStatement | None:
        """The furthest statement witnessed of a member."""
        row = self._connection.execute(
            "SELECT statement FROM statements WHERE country = ? ORDER BY sequence DESC LIMIT 1",
            (country,),
        ).fetchone()
        return None if row is None else _decode(row[0])

    def forks(self) -> int:
        """How many contradictions are on record."""
        (count,) = self._connection.execute("SELECT count(*) FROM forks").fetchone()
        return int(count)

    def _keep(self, statement: LedgerStatement) -> str | None:
        latest = self.latest(statement.country)
        problem = None if latest is None else contradiction(latest, statement)
        if latest is not None and problem is not None:
            self._connection.execute(
                "INSERT INTO forks VALUES (?, ?, ?, ?)",
                (statement.country, _encode(latest), _encode(statement), problem),
            )
            return problem
        self._connection.execute(
            "INSERT OR IGNORE INTO statements VALUES (?, ?, ?)",
            (statement.country, statement.sequence, _encode(statement)),
        )
        return None


def _encode(statement: LedgerStatement) -> bytes:
    return canonical.encode(
        {
            "country": statement.country,
            "sequence": statement.sequence,
            "spent": fraction_text(statement.spent),
            "reserved": fraction_text(statement.reserved),
            "head": statement.head.hex(),
            "signature": statement.signature.hex(),
        }
    )


def _decode(raw: bytes) -> LedgerStatement:
    name = "witness.sqlite3"
    fields = Fields(canonical.decode(raw, name), _KEYS, name=name, error=NotCanonicalError)
    return LedgerStatement(
        country=fields.country("country"),
        sequence=fields.whole("sequence"),
        spent=fields.fraction("spent"),
        reserved=fields.fraction("reserved"),
        head=fields.digest("head"),
        signature=Signature(fields.octets("signature", 64)),
    )
