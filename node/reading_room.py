"""Ledger and journal for whoever reads much and writes nothing: the console.

Opening either verifies every signature in it, which takes longer the longer a node lives. So they
are opened once and kept, and what other processes add is read behind what was read before. Where a
file was put in another's place, or the policy or charter changed, they are opened, and verified,
anew.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from corridor.node.journal import Journal, JournalRow
from corridor.node.ledger import Ledger

SPENT = frozenset({"debit", "forfeit"})

Stamp = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SpendingPoint:
    """How much was spent in all, from this moment on."""

    at: datetime
    rho: Fraction
    total: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """Some entries of the journal, the newest first.

    Attributes:
        found: how many fit what was looked for, on all pages.
        page, pages: from 1.
        kinds: every kind of entry that there is.
    """

    rows: Sequence[JournalRow]
    found: int
    total: int
    page: int
    pages: int
    kinds: Sequence[str]


@dataclass(slots=True)
class _Books:
    """What is open, and what was read of it."""

    stamp: Stamp
    ledger: Ledger
    journal: Journal
    journal_rows: list[JournalRow] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    spending: list[SpendingPoint] = field(default_factory=list)
    ledger_number: int = 0


class ReadingRoom:
    """Keeps both open for several threads, one at a time."""

    def __init__(
        self,
        watched: Sequence[Path],
        open_ledger: Callable[[], Ledger],
        open_journal: Callable[[], Journal],
        hold: Callable[[Ledger, Journal], None],
    ) -> None:
        """`watched` are the files whose change means that both must be opened anew."""
        self._watched = watched
        self._open_ledger, self._open_journal = open_ledger, open_journal
        self._hold = hold
        self._turn = threading.Lock()
        self._books: _Books | None = None

    def close(self) -> None:
        """Let go of both."""
        with self._turn:
            self._close()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, held against the journal."""
        with self._turn:
            books = self._fresh()
            self._hold(books.ledger, books.journal)
            yield books.ledger

    def spending(self) -> Sequence[SpendingPoint]:
        """Everything that was spent, in order."""
        with self._turn:
            books = self._fresh()
            for row in books.ledger.rows(books.ledger_number):
                books.ledger_number = row.number
                if row.kind in SPENT:
                    before = books.spending[-1].total if books.spending else Fraction(0)
                    books.spending.append(SpendingPoint(row.at, row.rho, before + row.rho))
            return tuple(books.spending)

    def journal(self, text: str, kind: str, page: int, size: int) -> JournalPage:
        """One page of the entries that contain `text` and are of `kind`, where one is given."""
        with self._turn:
            books = self._fresh()
            self._read_on(books)
            words = text.casefold().split()
            found = [
                row
                for row, told in zip(books.journal_rows, books.texts, strict=True)
                if (not kind or row.kind == kind) and all(word in told for word in words)
            ]
            pages = max(1, -(-len(found) // size))
            page = min(max(1, page), pages)
            end = len(found) - (page - 1) * size
            return JournalPage(
                rows=found[max(0, end - size) : end][::-1],
                found=len(found),
                total=len(books.journal_rows),
                page=page,
                pages=pages,
                kinds=sorted({row.kind for row in books.journal_rows}),
            )

    def export(self) -> str:
        """The whole journal, signed, as `corridor node journal --export` writes it."""
        with self._turn:
            return "\n".join(self._fresh().journal.export()) + "\n"

    def _fresh(self) -> _Books:
        stamp = tuple(map(_stamp, self._watched))
        if self._books is not None and self._books.stamp != stamp:
            self._close()
        if self._books is None:
            ledger = self._open_ledger()
            try:
                journal = self._open_journal()
            except BaseException:
                ledger.close()
                raise
            self._books = _Books(tuple(map(_stamp, self._watched)), ledger, journal)
        return self._books

    def _read_on(self, books: _Books) -> None:
        last = books.journal_rows[-1].number if books.journal_rows else 0
        for row in books.journal.rows(last):
            books.journal_rows.append(row)
            told = " ".join((row.kind, row.session, *map(str, row.details.values())))
            books.texts.append(told.casefold())

    def _close(self) -> None:
        if self._books is not None:
            self._books.ledger.close()
            self._books.journal.close()
            self._books = None


def _stamp(path: Path) -> tuple[int, ...]:
    """Tells one file from another in its place. A database grows, so only its inode counts."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    if path.suffix == ".sqlite3":
        return (found.st_ino,)
    return found.st_ino, found.st_mtime_ns, found.st_size
