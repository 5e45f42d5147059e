"""Ledger and journal for whoever reads much and writes nothing: the console.

Opening either verifies every signature in it, which takes longer the longer a node lives. So they
are opened once and kept, and what other processes add is read behind what was read before. Where a
file was put in another's place, or the policy or charter changed, they are opened, and verified,
anew.

They are opened in a thread of their own, and nobody waits long for that: whoever comes too early
is told so. Before they are open nothing of them is shown.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from corridor.errors.console import BooksOpeningError
from corridor.ids import SessionId
from corridor.node.journal import Journal, JournalRow
from corridor.node.journal_folding import folded
from corridor.node.ledger import Ledger

PATIENCE_SECONDS = 0.1
"""So long a page waits for ledger and journal to be opened, before it says that they are not."""

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


@dataclass(frozen=True, slots=True)
class _Opening:
    """Books that are being opened, or are open; `stamp` tells the files that were there before."""

    stamp: Stamp
    books: "Future[_Books]"

    def close(self) -> None:
        """Let go of both, as soon as they are open."""
        self.books.add_done_callback(_close_books)


@dataclass(slots=True)
class _Books:
    """What is open, and what was read of it."""

    ledger: Ledger
    journal: Journal
    journal_rows: list[JournalRow] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    spending: list[SpendingPoint] = field(default_factory=list)
    ledger_number: int = 0
    held: int = 0
    shown: dict[int, JournalRow] = field(default_factory=dict)
    shown_of: int = 0

    def folded_rows(self) -> dict[int, JournalRow]:
        """What is shown of the rows that were read so far, by number."""
        if self.shown_of != len(self.journal_rows):
            self.shown = {row.number: row for row in folded(self.journal_rows)}
            self.shown_of = len(self.journal_rows)
        return self.shown


class ReadingRoom:
    """Keeps both open for several threads, one at a time."""

    def __init__(
        self,
        watched: Sequence[Path],
        open_ledger: Callable[[], Ledger],
        open_journal: Callable[[], Journal],
    ) -> None:
        """`watched` are the files whose change means that both must be opened anew."""
        self._watched = watched
        self._open_ledger, self._open_journal = open_ledger, open_journal
        self.patience = PATIENCE_SECONDS
        self._turn = threading.Lock()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="books")
        self._opening: _Opening | None = None

    def open(self) -> None:
        """Begin to open both, if that has not begun yet; nobody waits for it."""
        with self._turn:
            self._current()

    def close(self) -> None:
        """Let go of both."""
        with self._turn:
            if self._opening is not None:
                self._opening.close()
                self._opening = None
        self._opener.shutdown()

    @contextmanager
    def books(self) -> Iterator[tuple[Ledger, Journal]]:
        """Both; the ledger is held against all of the journal once, then against what is new.

        Raises:
            BooksOpeningError: they are still being opened, as in all that follows.
            LedgerBehindJournalError: it lacks what the journal remembers of it.
        """
        with self._open_books() as books:
            self._read_on(books)
            new = books.journal_rows[books.held :]
            books.ledger.hold_to(
                {SessionId(bytes.fromhex(row.session)) for row in new if row.kind == "let_out"}
            )
            books.held = len(books.journal_rows)
            yield books.ledger, books.journal

    def journal_rows(self) -> Sequence[JournalRow]:
        """Every entry of the journal, from the first."""
        with self._open_books() as books:
            self._read_on(books)
            return tuple(books.journal_rows)

    def spending(self) -> Sequence[SpendingPoint]:
        """Everything that was spent, in order."""
        with self._open_books() as books:
            for row in books.ledger.rows(books.ledger_number):
                books.ledger_number = row.number
                if row.kind in SPENT:
                    before = books.spending[-1].total if books.spending else Fraction(0)
                    books.spending.append(SpendingPoint(row.at, row.rho, before + row.rho))
            return tuple(books.spending)

    def journal(self, text: str, kind: str, page: int, size: int) -> JournalPage:
        """One page of the entries that contain `text` and are of `kind`, where one is given.

        Who looks for words sees every entry that has them; else a question that waits is told once.
        """
        with self._open_books() as books:
            self._read_on(books)
            words = text.casefold().split()
            rows = {row.number: row for row in books.journal_rows} if words else books.folded_rows()
            found = [
                rows[row.number]
                for row, told in zip(books.journal_rows, books.texts, strict=True)
                if row.number in rows
                and (not kind or row.kind == kind)
                and all(word in told for word in words)
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
        with self._open_books() as books:
            return "\n".join(books.journal.export()) + "\n"

    @contextmanager
    def _open_books(self) -> Iterator[_Books]:
        """Both, for this thread alone while the block runs.

        Raises:
            BooksOpeningError: they are still being opened.
            CorridorError: they cannot be opened; the next who asks tries anew.
        """
        while True:
            with self._turn:
                opening = self._current()
            try:
                books = opening.books.result(self.patience)
            except TimeoutError:
                raise BooksOpeningError from None
            except BaseException:
                with self._turn:
                    if self._opening is opening:
                        self._opening = None
                raise
            with self._turn:
                if self._current() is opening:  # and not closed by another thread meanwhile
                    yield books
                    return

    def _current(self) -> _Opening:
        """What is open, or being opened, of the files that are there now. The turn is held."""
        stamp = tuple(map(_stamp, self._watched))
        if self._opening is not None and self._opening.stamp != stamp:
            self._opening.close()
            self._opening = None
        if self._opening is None:
            self._opening = _Opening(stamp, self._opener.submit(self._open_both))
        return self._opening

    def _open_both(self) -> _Books:
        ledger = self._open_ledger()
        try:
            return _Books(ledger, self._open_journal())
        except BaseException:
            ledger.close()
            raise

    def _read_on(self, books: _Books) -> None:
        last = books.journal_rows[-1].number if books.journal_rows else 0
        for row in books.journal.rows(last):
            books.journal_rows.append(row)
            told = " ".join((row.kind, row.session, *map(str, row.details.values())))
            books.texts.append(told.casefold())


def _close_books(opened: "Future[_Books]") -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().ledger.close()
        opened.result().journal.close()


def _stamp(path: Path) -> tuple[int, ...]:
    """Tells one file from another in its place. A database grows, so only its inode counts."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    if path.suffix == ".sqlite3":
        return (found.st_ino,)
    return found.st_ino, found.st_mtime_ns, found.st_size
