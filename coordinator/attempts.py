"""What is durable of questions while they are answered: each step is one transaction.

    queued ──begin──▶ running ──┬─ publish ──▶ released     attempt, release, its leaf in the tree,
      ▲                         │                           the checkpoint and question at once
      │                         ├─ fail ─────▶ failed       attempt and question at once
      └─── waiting ◀────────────┘  people of a member have to approve it (`waiting`)

Kill the coordinator between any two of them: `recover` finds what was running and reports it
failed. A release is either there whole, with its question in state `released`, or not at all, so
it is neither lost nor computed twice. Questions that were waiting go on waiting.

What became of each member is written with it: who was invited and who was not, and why, as the
attempt begins; who answered, as each round is closed; who dropped out in which round, at the end.
A kill loses at most what happened in the round that was open. Members that are proven to have
lied in an attempt are held out of all others until an operator readmits them.

How far the running attempt has come within its round is nobody's to keep: `Progress` holds it in
memory, for people to read.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.store import (
    Store,
    attempt_members,
    attempts,
    heading_of,
    held_out,
    questions,
    releases,
    waits,
)
from corridor.errors.region import NotHeldOutError, QuestionCancelledError
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.protocols import canonical
from corridor.transport.messages import Round

BEFORE_DEBIT = frozenset({Round.PROPOSE, Round.SHARE, Round.OPENED})
"""In these rounds no node has debited yet."""


class State(StrEnum):
    """Where a question stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    RELEASED = "released"
    FAILED = "failed"


class NotInvited(StrEnum):
    """Why a member of the charter was not asked to take part."""

    AWAY = "away"
    OTHER_CHARTER = "has not accepted this charter"
    NO_DATA = "has imported no data"
    NOT_WITNESSED = "too few members confirmed its ledger"
    HELD_OUT = "held out"
    NOT_IN_SERIES = "was not in the series' first release"


@dataclass(frozen=True, slots=True)
class Parting:
    """How a member that was invited dropped out.

    Attributes:
        code: of its refusal, or of what it did wrong; None where it only kept silent.
    """

    round: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of the members by the end of an attempt.

    Attributes:
        round: the round that was open last.
        answered: whose word was taken in it.
        partings: who dropped out.
        proven: who is proven to have lied, with the code of what was proven.
    """

    round: str
    answered: frozenset[CountryCode] = frozenset()
    partings: Mapping[CountryCode, Parting] = field(default_factory=dict)
    proven: Mapping[CountryCode, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt gave no answer.

    Attributes:
        round: the round that could not be completed.
        missing: members who did not answer it, sorted.
        by: of a question that was taken back, who did; else empty.
    """

    code: str
    message: str
    round: str
    missing: tuple[CountryCode, ...]
    by: str = ""

    def encode(self) -> bytes:
        """Canonical bytes, as the database keeps them."""
        document: dict[str, canonical.Json] = {
            "code": self.code,
            "message": self.message,
            "round": self.round,
            "missing": list(self.missing),
        }
        return canonical.encode({**document, "by": self.by} if self.by else document)


def read_failure(raw: bytes) -> dict[str, Any]:
    """The same, as it is shown."""
    found = canonical.decode(raw, "failure")
    return dict(found) if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedQuestion:
    """A question whose turn it is.

    Attributes:
        question: its canonical bytes.
        rho: the text of a fraction.
        charter: the charter that it was asked and priced under.
    """

    id: str
    question: bytes
    digest: Digest
    rho: str
    scope: str
    charter: Digest
    purpose: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A release, ready to be published.

    Attributes:
        participants: whose data is in it, with the editions.
        document: the release as the REST API shows it, JSON.
        receipt: the public receipt.
    """

    id: str
    session: SessionId
    participants: Mapping[CountryCode, EditionId]
    document: bytes
    receipt: bytes


def put_in_line(connection: Connection, identifier: str, now: int, **values: object) -> None:
    """Add a question behind all others, asked now; `values` are its further columns."""
    last = connection.execute(select(func.max(questions.c.place))).scalar() or 0
    connection.execute(
        insert(questions).values(id=identifier, place=last + 1, asked=now, since=now, **values)
    )


@dataclass(frozen=True, slots=True)
class AttemptProgress:
    """How far the running attempt is.

    Attributes:
        since: seconds since 1970 UTC; when the round began.
    """

    question: str
    round: str
    since: int
    waiting_for: tuple[CountryCode, ...]
    answered: tuple[CountryCode, ...]


class Progress:
    """The running attempt's progress: written by the rounds, read by the views' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: AttemptProgress | None = None

    def tell(self, progress: AttemptProgress | None) -> None:
        """What is so from now on; None when nothing runs."""
        with self._lock:
            self._now = progress

    def of(self, question: str) -> AttemptProgress | None:
        """The progress of this question, if it is the one that runs."""
        with self._lock:
            return self._now if self._now is not None and self._now.question == question else None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """The durable side of attempts.

    Attributes:
        now: seconds since 1970 UTC.
        log: where every release gets its leaf.
    """

    store: Store
    now: Callable[[], int]
    log: ReleaseLog

    def next_question(self) -> QueuedQuestion | None:
        """The question that has waited longest, if any waits."""
        with self.store.reading() as connection:
            row = (
                connection.execute(
                    select(questions)
                    .where(questions.c.state == State.QUEUED)
                    .order_by(questions.c.place)
                )
                .mappings()
                .first()
            )
        return None if row is None else _queued(row)

    def begin(
        self,
        session: SessionId,
        question: str,
        first_round: str,
        *,
        invited: Iterable[CountryCode] = (),
        not_invited: Mapping[CountryCode, NotInvited] | None = None,
    ) -> None:
        """The attempt runs from now on, with those who are invited.

        Raises:
            QuestionCancelledError: its asker took the question back meanwhile. Nothing began.
        """
        now = self.now()
        rows: list[dict[str, object]] = [
            {"session": session, "country": country, "not_invited": None} for country in invited
        ]
        rows += [
            {"session": session, "country": country, "not_invited": why.value}
            for country, why in (not_invited or {}).items()
        ]
        with self.store.writing() as connection:
            begins = connection.execute(
                update(questions)
                .where(questions.c.id == question, questions.c.state == State.QUEUED)
                .values(state=State.RUNNING, since=now)
            )
            if not begins.rowcount:
                raise QuestionCancelledError
            connection.execute(
                insert(attempts).values(
                    session=session, question=question, started=now, round=first_round, since=now
                )
            )
            if rows:
                connection.execute(insert(attempt_members), rows)

    def enter(
        self, session: SessionId, round_name: str, answered: Iterable[CountryCode] = ()
    ) -> None:
        """The attempt's next round begins; `answered` are those of the round before."""
        with self.store.writing() as connection:
            before = connection.execute(
                select(attempts.c.round).where(attempts.c.session == session)
            ).scalar_one()
            _answered(connection, session, before, answered)
            connection.execute(
                update(attempts)
                .where(attempts.c.session == session)
                .values(round=round_name, since=self.now())
            )

    def held_out(self) -> frozenset[CountryCode]:
        """Members that no attempt asks, until they are readmitted."""
        out = self.store.look_up_all("SELECT country FROM held_out WHERE readmitted IS NULL")
        return frozenset(CountryCode(row["country"]) for row in out)

    def readmit(self, country: CountryCode, because: str) -> None:
        """Ask this member again from the next attempt on.

        Raises:
            NotHeldOutError: it is not held out. Nothing was changed.
        """
        with self.store.writing() as connection:
            done = connection.execute(
                update(held_out)
                .where(held_out.c.country == country, held_out.c.readmitted.is_(None))
                .values(readmitted=self.now(), because=because)
            )
        if not done.rowcount:
            raise NotHeldOutError(country)

    def wait(self, connection: Connection, session: SessionId, code: str, ending: Ending) -> None:
        """The attempt is over before anything was debited; its question goes on."""
        self._end_attempt(connection, session, code)
        self._end(connection, session, ending)

    def fail(
        self, session: SessionId, question: str, failure: Failure, ending: Ending | None = None
    ) -> None:
        """The attempt is over without an answer."""
        with self.store.writing() as connection:
            self._fail(connection, session, question, failure)
            self._end(connection, session, ending)

    def refuse(self, question: str, failure: Failure) -> None:
        """The question's turn came, and no attempt could begin."""
        with self.store.writing() as connection:
            _move(
                connection,
                question,
                state=State.FAILED,
                since=self.now(),
                failure=failure.encode(),
            )

    def publish(
        self, question: QueuedQuestion, publication: Publication, ending: Ending | None = None
    ) -> None:
        """The attempt is over with this answer: all of it is recorded, or nothing is."""
        now, heading = self.now(), heading_of(publication.document)
        with self.store.writing() as connection:
            place = _next_place(connection)
            connection.execute(
                insert(releases).values(
                    id=publication.id,
                    place=place,
                    session=publication.session,
                    digest=question.digest,
                    rho=question.rho,
                    scope=question.scope,
                    participants=participants_key(publication.participants),
                    document=publication.document,
                    heading=heading,
                    receipt=publication.receipt,
                    published=now,
                )
            )
            self.log.append(connection, place, publication.session, publication.receipt)
            connection.execute(
                update(attempts)
                .where(attempts.c.session == publication.session)
                .values(ended=now, outcome="released")
            )
            self._end(connection, publication.session, ending)
            _move(
                connection,
                question.id,
                state=State.RELEASED,
                since=now,
                release=publication.id,
            )

    def reuse(
        self,
        session: SessionId,
        question: QueuedQuestion,
        release: str,
        ending: Ending | None = None,
    ) -> None:
        """The attempt is over before anything was debited: the roster's release exists already."""
        now = self.now()
        with self.store.writing() as connection:
            connection.execute(
                update(attempts)
                .where(attempts.c.session == session)
                .values(ended=now, outcome="reused")
            )
            self._end(connection, session, ending)
            _move(connection, question.id, state=State.RELEASED, since=now, release=release)

    def recover(self, failure: Callable[[str], Failure]) -> tuple[str, ...]:
        """Report failed what ran when the coordinator stopped; `failure` is given the round.

        A question that was being proposed again, for whose approval it waited, waits on.

        Returns:
            The ids of the questions concerned.
        """
        with self.store.writing() as connection:
            rows = connection.execute(
                select(attempts.c.session, attempts.c.question, attempts.c.round).where(
                    attempts.c.ended.is_(None)
                )
            ).all()
            ran = [row.question for row in rows]
            waited = select(waits.c.question).where(waits.c.tries > 0, waits.c.question.in_(ran))
            waiting = set(connection.scalars(waited))
            failed = []
            for row in rows:
                happened = failure(row.round)
                if row.question in waiting and row.round == Round.PROPOSE.value:
                    self._end_attempt(connection, row.session, happened.code)
                    _move(connection, row.question, state=State.WAITING, since=self.now())
                else:
                    self._fail(connection, row.session, row.question, happened)
                    failed.append(row.question)
        return tuple(failed)

    def release_for(
        self, digest: Digest, rho: str, scope: str, participants: Mapping[CountryCode, EditionId]
    ) -> str | None:
        """The newest release of this question with exactly these participants and editions.

        There can be several: where a new member dropped out of an attempt, the others have paid
        again, and what they paid for is published.
        """
        with self.store.reading() as connection:
            return connection.execute(
                select(releases.c.id)
                .where(
                    releases.c.digest == digest,
                    releases.c.rho == rho,
                    releases.c.scope == scope,
                    releases.c.participants == participants_key(participants),
                )
                .order_by(releases.c.place.desc())
                .limit(1)
            ).scalar_one_or_none()

    def receipt(self, release: str) -> bytes:
        """The public receipt of a release that is known to exist."""
        with self.store.reading() as connection:
            found: bytes = connection.execute(
                select(releases.c.receipt).where(releases.c.id == release)
            ).scalar_one()
        return found

    def _fail(
        self, connection: Connection, session: SessionId, question: str, failure: Failure
    ) -> None:
        self._end_attempt(connection, session, failure.code)
        _move(connection, question, state=State.FAILED, since=self.now(), failure=failure.encode())

    def _end_attempt(self, connection: Connection, session: SessionId, outcome: str) -> None:
        connection.execute(
            update(attempts)
            .where(attempts.c.session == session)
            .values(ended=self.now(), outcome=outcome)
        )

    def _end(self, connection: Connection, session: SessionId, ending: Ending | None) -> None:
        if ending is None:
            return
        _answered(connection, session, ending.round, ending.answered)
        for country, parting in ending.partings.items():
            connection.execute(
                update(attempt_members)
                .where(attempt_members.c.session == session, attempt_members.c.country == country)
                .values(left_in=parting.round, code=parting.code)
            )
        for country, code in sorted(ending.proven.items()):
            connection.execute(
                upsert(held_out)
                .values(session=session, country=country, code=code, since=self.now())
                .on_conflict_do_nothing()
            )


def _answered(
    connection: Connection,
    session: SessionId,
    round_name: str,
    countries: Iterable[CountryCode],
) -> None:
    connection.execute(
        update(attempt_members)
        .where(
            attempt_members.c.session == session,
            attempt_members.c.country.in_(sorted(countries)),
        )
        .values(answered=round_name)
    )


def participants_key(participants: Mapping[CountryCode, EditionId]) -> bytes:
    """Whose data, of which editions, as one byte string."""
    return canonical.encode({str(country): edition for country, edition in participants.items()})


def _move(connection: Connection, question: str, **values: object) -> None:
    connection.execute(update(questions).where(questions.c.id == question).values(**values))


def _next_place(connection: Connection) -> int:
    last = connection.execute(
        select(releases.c.place).order_by(releases.c.place.desc()).limit(1)
    ).scalar_one_or_none()
    return (last or 0) + 1


def _queued(row: RowMapping) -> QueuedQuestion:
    return QueuedQuestion(
        id=row["id"],
        question=row["question"],
        digest=row["digest"],
        rho=row["rho"],
        scope=row["scope"],
        charter=row["charter"],
        purpose=row["purpose"],
        organisation=row["organisation"],
    )
