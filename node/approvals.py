"""Questions that wait for people: what was asked, who said what, until when.

    waiting ──┬─ enough people approve ──▶ approved ── a reservation names it ──▶ used
              ├─ one person denies ──────▶ denied      (given back if nothing was debited)
              └─ days, a new edition, a new charter ─▶ over

A question is kept under its **binding**: the hash of everything that was shown to people and that
decides what leaves (`Asked.binding`). Another question, purpose, asker, ρ, price, scope, plan,
charter, edition or rule of consent has another binding, so no approval fits it (ATTACKS 43).

The *price* is what the ledger takes for this one answer. It is ρ but in a standing series: there
the first answer pays for all, a later one costs nothing, and one more attempt its part of ρ.

A question that the coordinator says is over, or for which nobody was waited for a day, is *not
asked any more*: it leaves the list, and what people said of it stays and can be taken back. Asked
again, it stands there again. So whatever a coordinator says about that destroys no approval.

Whether an approval was used is not written here. The ledger's `reserve` entry names the approval
that it rests on, so that both are one write: a crash leaves neither or both, and a copy of this
file from before cannot bring a used approval back, as it cannot bring back spent ρ.

SQLite in WAL mode with `synchronous=FULL`. `serve` adds questions, commands and pages add words,
each in a transaction of its own; whoever comes second sees what the first one wrote.
"""

import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from threading import RLock
from typing import NewType, Self

from corridor.durable_file import open_durable, written_whole
from corridor.errors.policy import (
    ApprovalOverError,
    ApprovalsUnavailableError,
    BadPersonNameError,
    SamePersonError,
    TooManyWaitingError,
    UnknownApprovalError,
)
from corridor.ids import Digest, EditionId, SessionId
from corridor.protocols import canonical
from corridor.protocols.canonical import fraction_text
from corridor.protocols.secure_sum.messages import Proposal, Scope

KEPT_SECONDS = 90 * 86_400
"""How long what is over and was never approved is kept, so that a flood does not stay for ever."""

QUIET_SECONDS = 86_400
"""A question that waits, and was not asked again for so long, is over for whoever asks. While these
people are waited for, a coordinator proposes it every half an hour (`coordinator.waiting`)."""

ID_BYTES = 6

PersonName = NewType("PersonName", str)
"""What the journal calls a person of the authority by: never changes, and is nobody else's.

Every account of the console makes one, and two accounts never the same.
"""

LONGEST_NAME = 80
_BESIDE_LETTERS = frozenset("._-'’ ")


def parse_person(text: str) -> PersonName:
    """The person of that name; however it is spaced, and in letters of either case.

    Raises:
        BadPersonNameError: it cannot be a name. Nothing was changed.
    """
    name = unicodedata.normalize("NFKC", " ".join(text.split())).casefold()
    is_short = 1 <= len(name) <= LONGEST_NAME
    if not is_short or name[0] in _BESIDE_LETTERS or not all(map(_may_be_in_a_name, name)):
        raise BadPersonNameError(text)
    return PersonName(name)


def _may_be_in_a_name(letter: str) -> bool:
    # A small i̇ of Turkish is two characters, of which one is a mark above the other.
    is_mark = unicodedata.category(letter).startswith("M")
    return letter.isalnum() or is_mark or letter in _BESIDE_LETTERS


class Standing(StrEnum):
    """What became of a question that people are asked about."""

    WAITING = "waiting"
    APPROVED = "approved"
    USED = "used"
    DENIED = "denied"
    EXPIRED = "expired"
    OTHER_EDITION = "other-edition"
    OTHER_CHARTER = "other-charter"
    OTHER_PRICE = "other-price"
    NOT_ASKED = "not-asked"


WHY_OVER = {
    Standing.USED: "it was approved and answered",
    Standing.DENIED: "it was denied",
    Standing.EXPIRED: "its time was over before it was answered",
    Standing.OTHER_EDITION: "it was asked of an older edition of the data",
    Standing.OTHER_CHARTER: "it was asked under an older charter",
    Standing.OTHER_PRICE: "its series has moved on, and it would not cost now what was shown",
    Standing.NOT_ASKED: "nobody asks it any more",
}


MAY_COME_AGAIN = frozenset({Standing.OTHER_PRICE, Standing.NOT_ASKED})
"""Over, but what was approved would still fit if it came again: so it can be taken back."""


def why_over(standing: Standing, *, approves: bool) -> str | None:
    """Why nobody can say that word of a question any more; None where somebody can."""
    return None if standing in MAY_COME_AGAIN and not approves else WHY_OVER.get(standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What people are asked about: everything that is shown to them.

    Attributes:
        question: its canonical bytes.
        plan, charter: their hashes.
        rho: what it is proposed at; of a series, for all its answers together.
        price: what the ledger takes for this answer.
        organisation, purpose: the coordinator's word.
        statement: the legal basis, where cases are counted without consent.
    """

    question: bytes
    plan: Digest
    charter: Digest
    rho: Fraction
    price: Fraction
    scope: Scope
    organisation: str
    purpose: str
    edition: EditionId
    consent_rule: str
    statement: str

    @property
    def binding(self) -> Digest:
        """What an approval is bound to."""
        return canonical.digest(
            "corridor approval",
            canonical.encode(
                {
                    "question": self.question.hex(),
                    "plan": self.plan.hex(),
                    "charter": self.charter.hex(),
                    "rho": fraction_text(self.rho),
                    "price": fraction_text(self.price),
                    "scope": self.scope.value,
                    "organisation": self.organisation,
                    "purpose": self.purpose,
                    "edition": self.edition,
                    "consent_rule": self.consent_rule,
                    "statement": self.statement,
                }
            ),
        )


def asked_of(
    proposal: Proposal, price: Fraction, edition: EditionId, consent_rule: str, statement: str
) -> Asked:
    """What a proposal asks of this edition, and takes of the ledger."""
    header = proposal.header
    return Asked(
        question=proposal.question,
        plan=header.plan,
        charter=header.charter,
        rho=header.rho,
        price=price,
        scope=header.scope,
        organisation=header.organisation,
        purpose=header.purpose,
        edition=edition,
        consent_rule=consent_rule,
        statement=statement,
    )


@dataclass(frozen=True, slots=True)
class Word:
    """What one person said; `at` is seconds since 1970 UTC."""

    person: PersonName
    approves: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One question in the book.

    Attributes:
        id: what people call it by.
        session: of the last proposal.
        since, until: seconds since 1970 UTC; when it came, and when it is over.
        last: when it was proposed last; None where its asker's coordinator said that it is over.
        needs: how many different people have to approve it.
        words: in the order in which they were said.
        ended: why it is over, where something else than people ended it.
    """

    id: str
    asked: Asked
    session: SessionId
    since: int
    until: int
    last: int | None
    needs: int
    words: tuple[Word, ...]
    ended: Standing | None = None

    @property
    def approvers(self) -> tuple[PersonName, ...]:
        """Who approved it."""
        return tuple(word.person for word in self.words if word.approves)

    @property
    def is_denied(self) -> bool:
        """Whether one person denied it, which nobody turns back."""
        return any(not word.approves for word in self.words)

    @property
    def is_enough(self) -> bool:
        """Whether as many people approved it as have to, and nobody denied it."""
        return not self.is_denied and len(self.approvers) >= self.needs

    def heard_by(self, counts: "Counts") -> "Waiting":
        """The same with the approvals that count now; a denial counts whoever said it."""
        words = tuple(word for word in self.words if not word.approves or counts(word))
        return replace(self, words=words)

    def standing(self, now: int, *, is_used: bool = False) -> Standing:
        """What became of it."""
        if is_used:
            return Standing.USED
        if self.is_denied:
            return Standing.DENIED
        if self.ended is not None:
            return self.ended
        if now > self.until:
            return Standing.EXPIRED
        # Once enough approved it, a coordinator that waits for others' people proposes it no more.
        is_quiet = not self.is_enough and now > (self.last or now) + QUIET_SECONDS
        if self.last is None or is_quiet:
            return Standing.NOT_ASKED
        return Standing.APPROVED if self.is_enough else Standing.WAITING


_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
    id TEXT PRIMARY KEY,
    binding BLOB NOT NULL,
    session BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    last INTEGER,
    needs INTEGER NOT NULL,
    ended TEXT,
    question BLOB NOT NULL,
    plan BLOB NOT NULL,
    charter BLOB NOT NULL,
    rho TEXT NOT NULL,
    price TEXT NOT NULL,
    scope TEXT NOT NULL,
    organisation TEXT NOT NULL,
    purpose TEXT NOT NULL,
    edition TEXT NOT NULL,
    consent_rule TEXT NOT NULL,
    statement TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS asked_by_binding ON asked (binding);
CREATE TABLE IF NOT EXISTS words (
    asked TEXT NOT NULL,
    person TEXT NOT NULL,
    approves INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (asked, person, approves)
) STRICT;
"""

VERSION = 1
"""Of the tables, as `PRAGMA user_version` says. The first ones, of before prices, are 0."""

_COLUMNS = (
    "id, binding, session, since, until, last, needs, ended, question, plan, charter, rho, price, "
    "scope, organisation, purpose, edition, consent_rule, statement"
)

Counts = Callable[[Word], bool]
"""Whether an approval counts: whoever gave it may still approve."""

Record = Callable[[Waiting], None]
"""Writes into the journal what is about to be written here."""


class ApprovalBook:
    """The questions of one node that wait, and those that did. Safe for threads and processes.

    Raises:
        ApprovalsUnavailableError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._turn = RLock()
        with self._disk():
            self._connection = open_durable(path, _SCHEMA)
            self._bring_up_to_date()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        """The book itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def all(self) -> tuple[Waiting, ...]:
        """Every question, the newest first."""
        with self._turn, self._disk():
            return self._select("ORDER BY since DESC, rowid DESC", ())

    def bound_to(self, binding: Digest) -> tuple[Waiting, ...]:
        """The questions of this binding, the newest first."""
        with self._turn, self._disk():
            return self._select("WHERE binding = ? ORDER BY since DESC, rowid DESC", (binding,))

    def asking(self, question: bytes) -> tuple[Waiting, ...]:
        """What was asked by these canonical bytes, for whatever purpose and price."""
        with self._turn, self._disk():
            return self._select("WHERE question = ? ORDER BY since DESC, rowid DESC", (question,))

    def find(self, identifier: str) -> Waiting:
        """The one question whose id begins so.

        Raises:
            UnknownApprovalError: none does, or several do.
        """
        found = [one for one in self.all() if identifier and one.id.startswith(identifier)]
        if len(found) != 1:
            raise UnknownApprovalError(identifier, len(found))
        return found[0]

    def settled(self, identifier: str) -> Waiting:
        """The question of that whole id, once nobody is in the middle of saying something of it.

        Raises:
            UnknownApprovalError: there is none.
        """
        with self._writing():
            return self.find(identifier)

    def keep(self, waiting: Waiting, most: int, record: Record) -> None:
        """Keep a new question; `record` writes the journal first, and no more than `most` wait.

        Of those that nobody asks any more, or that are over, and of which nobody said anything,
        as many are kept at most: a coordinator that asks and takes back must not fill the book.
        Those go first of whose organisation there are most.

        Raises:
            TooManyWaitingError: as many wait already. Nothing was kept.
        """
        asked = waiting.asked
        with self._writing():
            forgotten = waiting.since - KEPT_SECONDS
            self._connection.execute(
                "DELETE FROM asked WHERE until < ? AND id NOT IN (SELECT asked FROM words)",
                (forgotten,),
            )
            open_ones = [
                one
                for one in self._select("WHERE ended IS NULL AND until >= ?", (waiting.since,))
                if one.standing(waiting.since) is Standing.WAITING
            ]
            if len(open_ones) >= most:
                raise TooManyWaitingError(most)
            self._forget_unheard(waiting.since, most)
            record(waiting)
            self._connection.execute(
                f"INSERT INTO asked ({_COLUMNS}) "  # noqa: S608  # constants
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    waiting.id,
                    asked.binding,
                    waiting.session,
                    waiting.since,
                    waiting.until,
                    waiting.last,
                    waiting.needs,
                    None,
                    asked.question,
                    asked.plan,
                    asked.charter,
                    fraction_text(asked.rho),
                    fraction_text(asked.price),
                    asked.scope.value,
                    asked.organisation,
                    asked.purpose,
                    asked.edition,
                    asked.consent_rule,
                    asked.statement,
                ),
            )

    def _forget_unheard(self, now: int, most: int) -> None:
        """Let no more than `most` stay of those that wait no more, and nobody said a word of."""
        unheard = self._select(
            "WHERE id NOT IN (SELECT asked FROM words) ORDER BY since DESC, rowid DESC", ()
        )
        rank: Counter[str] = Counter()
        ranked = []
        for place, one in enumerate(unheard):
            if one.standing(now) is not Standing.WAITING:
                rank[one.asked.organisation] += 1
                ranked.append((rank[one.asked.organisation], place, one.id))
        for _, _, identifier in sorted(ranked)[most:]:
            self._connection.execute("DELETE FROM asked WHERE id = ?", (identifier,))

    def need(self, identifier: str, needs: int) -> None:
        """Let so many people approve it from now on: the policy has changed."""
        with self._writing():
            self._connection.execute("UPDATE asked SET needs = ? WHERE id = ?", (needs, identifier))

    def ask_again(self, identifier: str, session: SessionId, now: int) -> None:
        """Note that a question was proposed again: it stands in the list, also if it was over."""
        with self._writing():
            self._connection.execute(
                "UPDATE asked SET session = ?, last = ? WHERE id = ?", (session, now, identifier)
            )

    def ask_no_more(self, session: SessionId) -> None:
        """Note that what was proposed last in this session is over for whoever asked."""
        with self._writing():
            self._connection.execute("UPDATE asked SET last = NULL WHERE session = ?", (session,))

    def end_others(self, edition: EditionId | None, charter: Digest | None) -> None:
        """End what was asked of another edition, or under another charter: it cannot come again."""
        with self._writing():
            for column, value, why in (
                ("edition", edition, Standing.OTHER_EDITION),
                ("charter", charter, Standing.OTHER_CHARTER),
            ):
                self._connection.execute(
                    f"UPDATE asked SET ended = ? WHERE ended IS NULL AND {column} IS NOT ?",  # noqa: S608  # one of two constants
                    (why.value, value),
                )

    def end_all(self) -> None:
        """End whatever is open, approved or not: what was said of it since is not known here."""
        with self._writing():
            self._connection.execute(
                "UPDATE asked SET ended = ? WHERE ended IS NULL", (Standing.EXPIRED.value,)
            )

    def say(
        self,
        identifier: str,
        word: Word,
        *,
        is_used: Callable[[str], bool],
        counts: Counts,
        record: Record,
    ) -> Waiting:
        """Add a person's word; the question as it is afterwards. `record` writes the journal first.

        Args:
            identifier: the whole id.
            word: who says what.
            is_used: whether the approval of that id was used.
            counts: which approvals count; one that does not is replaced by its person's new one.
            record: hears the question with the word in it.

        Raises:
            ApprovalOverError: nothing can be said about it any more.
            SamePersonError: this person approved it before. Nothing was changed.
        """
        with self._writing():
            found = self.find(identifier).heard_by(counts)
            standing = found.standing(word.at, is_used=is_used(found.id))
            if (why := why_over(standing, approves=word.approves)) is not None:
                raise ApprovalOverError(found.id, why)
            if word.approves and word.person in found.approvers:
                raise SamePersonError(word.person, found.needs)
            said = replace(found, words=(*found.words, word))
            record(said)
            self._connection.execute(
                "INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)",
                (found.id, word.person, word.approves, word.at),
            )
        return said

    def _select(self, which: str, values: Sequence[object]) -> tuple[Waiting, ...]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM asked {which}",  # noqa: S608  # constants
            values,
        ).fetchall()
        return tuple(self._waiting(row) for row in rows)

    def _waiting(self, row: Sequence[object]) -> Waiting:
        identifier, _, session, since, until, last, needs, ended, *asked = row
        words = self._connection.execute(
            "SELECT person, approves, at FROM words WHERE asked = ? ORDER BY rowid", (identifier,)
        )
        question, plan, charter, rho, price, scope, *texts = asked
        organisation, purpose, edition, consent_rule, statement = map(str, texts)
        assert isinstance(question, bytes)  # noqa: S101 - the table is STRICT; so below
        assert isinstance(plan, bytes)  # noqa: S101
        assert isinstance(charter, bytes)  # noqa: S101
        assert isinstance(session, bytes)  # noqa: S101
        assert isinstance(since, int)  # noqa: S101
        assert isinstance(until, int)  # noqa: S101
        assert isinstance(last, int | None)  # noqa: S101
        assert isinstance(needs, int)  # noqa: S101
        return Waiting(
            id=str(identifier),
            asked=Asked(
                question=question,
                plan=Digest(plan),
                charter=Digest(charter),
                rho=Fraction(str(rho)),
                price=Fraction(str(price)),
                scope=Scope(str(scope)),
                organisation=organisation,
                purpose=purpose,
                edition=EditionId(edition),
                consent_rule=consent_rule,
                statement=statement,
            ),
            session=SessionId(session),
            since=since,
            until=until,
            last=last,
            needs=needs,
            words=tuple(
                Word(PersonName(person), bool(approves), at) for person, approves, at in words
            ),
            ended=None if ended is None else Standing(str(ended)),
        )

    def _bring_up_to_date(self) -> None:
        """Give a book of before prices what it lacks, whole or not at all.

        Its price is ρ, as people were told then. That is wrong for most answers of a series: these
        come at another price, so that no approval of before fits them.
        """
        if self._connection.execute("PRAGMA user_version").fetchone() == (VERSION,):
            return
        with self._writing():
            names = {row[1] for row in self._connection.execute("PRAGMA table_info(asked)")}
            if "price" not in names:  # else the book is new, or another process was first
                self._connection.execute(
                    "ALTER TABLE asked ADD COLUMN price TEXT NOT NULL DEFAULT '0'"
                )
                self._connection.execute("ALTER TABLE asked ADD COLUMN last INTEGER")
                self._connection.execute("UPDATE asked SET price = rho, last = since")
                for one in self._select("", ()):
                    self._connection.execute(
                        "UPDATE asked SET binding = ? WHERE id = ?", (one.asked.binding, one.id)
                    )
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, self._disk(), written_whole(self._connection):
            yield

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a bug of ours, such as using what was closed
        except (sqlite3.DatabaseError, OSError) as error:
            raise ApprovalsUnavailableError(str(error)) from error
