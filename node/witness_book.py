"""What the other members said of their ledgers, kept for ever: one head per member and entry.

Every roster brings each member's signed statement. One that contradicts what was witnessed before
means a restored backup, a cloned node, or a lie: it is kept as evidence, and this node leaves the
attempt. It protects against accidents, and against a liar who shows this node two faces; that a
majority has seen the same head before a debit is a quorum's business, which is not built yet.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from corridor.errors.canonical import NotCanonicalError
from corridor.errors.ledger import BrokenChainError, LedgerDiskError, LedgerForkError
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
    """The statements witnessed by one node.

    Raises:
        BrokenChainError: the file is damaged.
        LedgerDiskError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with _disk():
            path.touch(0o600)
            path.chmod(0o600)
            self._connection = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.executescript(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

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
        forks: list[LedgerForkError] = []
        with _disk():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in statements:
                    problem = self._keep(statement)
                    if problem is not None:
                        forks.append(LedgerForkError(statement.country, problem))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        if forks:
            raise forks[0]

    def latest(self, country: CountryCode) -> LedgerStatement | None:
        """The furthest statement witnessed of a member."""
        return self._find("ORDER BY sequence DESC LIMIT 1", country)

    def forks(self) -> int:
        """How many contradictions are on record."""
        with _disk():
            (count,) = self._connection.execute("SELECT count(*) FROM forks").fetchone()
        return int(count)

    def _find(self, which: str, *values: str | int) -> LedgerStatement | None:
        with _disk():
            row = self._connection.execute(
                f"SELECT statement FROM statements WHERE country = ? {which}",  # noqa: S608  # constants
                values,
            ).fetchone()
        return None if row is None else _decode(row[0])

    def _keep(self, statement: LedgerStatement) -> str | None:
        country = statement.country
        # Two contents of one entry prove a fork to anybody; that an entry comes late is a weaker
        # word, so it is only looked for where this entry was not witnessed before.
        earlier = self._find("AND sequence = ?", country, statement.sequence)
        if earlier is None:
            earlier = self.latest(country)
        problem = None if earlier is None else contradiction(earlier, statement)
        if earlier is not None and problem is not None:
            self._connection.execute(
                "INSERT INTO forks VALUES (?, ?, ?, ?)",
                (country, _encode(earlier), _encode(statement), problem),
            )
            return problem
        self._connection.execute(
            "INSERT OR IGNORE INTO statements VALUES (?, ?, ?)",
            (country, statement.sequence, _encode(statement)),
        )
        return None


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
