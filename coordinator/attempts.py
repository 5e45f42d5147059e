"""What is durable of questions while they are answered: each step is one transaction.

    queued ──begin──▶ running ──┬─ publish ──▶ released     attempt, release, its leaf in the tree,
                                │                           the checkpoint and question at once
                                └─ fail ─────▶ failed       attempt and question at once

Kill the coordinator between any two of them: `recover` finds what was running and reports it
failed. A release is either there whole, with its question in state `released`, or not at all, so
it is neither lost nor computed twice. Questions that were waiting go on waiting.

How far the running attempt has come within its round is nobody's to keep: `Progress` holds it in
memory, for people to read.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.store import Store, attempts, named_dealers, questions, releases
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.protocols import canonical


class State(StrEnum):
    """Where a question stands."""

    QUEUED = "queued"
    RUNNING = "running"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt gave no answer.

    Attributes:
        round: the round that could not be completed.
        missing: members who did not answer it, sorted.
    """

    code: str
    message: str
    round: str
    missing: tuple[CountryCode, ...]

    def encode(self) -> bytes:
        """Canonical bytes, as the database keeps them."""
        return canonical.encode(
            {
                "code": self.code,
                "message": self.message,
                "round": self.round,
                "missing": list(self.missing),
            }
        )


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

    def begin(self, session: SessionId, question: str, first_round: str) -> frozenset[CountryCode]:
        """The attempt runs from now on.

        Returns:
            Members who go without this attempt, because the one before proved that they dealt
            bad shares. They are back in the next.
        """
        now = self.now()
        with self.store.writing() as connection:
            connection.execute(
                insert(attempts).values(
                    session=session, question=question, started=now, round=first_round, since=now
                )
            )
            _move(connection, question, state=State.RUNNING, since=now)
            out = connection.execute(
                select(named_dealers.c.country).where(named_dealers.c.left_out_of.is_(None))
            )
            left_out = frozenset(CountryCode(row.country) for row in out)
            connection.execute(
                update(named_dealers)
                .where(named_dealers.c.left_out_of.is_(None))
                .values(left_out_of=session)
            )
        return left_out

    def enter(self, session: SessionId, round_name: str) -> None:
        """The attempt's next round begins."""
        with self.store.writing() as connection:
            connection.execute(
                update(attempts)
                .where(attempts.c.session == session)
                .values(round=round_name, since=self.now())
            )

    def name_dealers(self, session: SessionId, dealers: Sequence[CountryCode]) -> None:
        """Remember who dealt bad shares; the next attempt goes without them."""
        with self.store.writing() as connection:
            for country in sorted(dealers):
                connection.execute(
                    upsert(named_dealers)
                    .values(session=session, country=country)
                    .on_conflict_do_nothing()
                )

    def fail(self, session: SessionId, question: str, failure: Failure) -> None:
        """The attempt is over without an answer."""
        with self.store.writing() as connection:
            self._fail(connection, session, question, failure)

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

    def publish(self, question: QueuedQuestion, publication: Publication) -> None:
        """The attempt is over with this answer: all of it is recorded, or nothing is."""
        now = self.now()
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
            _move(
                connection,
                question.id,
                state=State.RELEASED,
                since=now,
                release=publication.id,
            )

    def reuse(self, session: SessionId, question: QueuedQuestion, release: str) -> None:
        """The attempt is over before anything was debited: the roster's release exists already."""
        now = self.now()
        with self.store.writing() as connection:
            connection.execute(
                update(attempts)
                .where(attempts.c.session == session)
                .values(ended=now, outcome="reused")
            )
            _move(connection, question.id, state=State.RELEASED, since=now, release=release)

    def recover(self, failure: Callable[[str], Failure]) -> tuple[str, ...]:
        """Report failed what ran when the coordinator stopped; `failure` is given the round.

        Returns:
            The ids of the questions concerned.
        """
        with self.store.writing() as connection:
            rows = connection.execute(
                select(attempts.c.session, attempts.c.question, attempts.c.round).where(
                    attempts.c.ended.is_(None)
                )
            ).all()
            for row in rows:
                self._fail(connection, row.session, row.question, failure(row.round))
        return tuple(row.question for row in rows)

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
        now = self.now()
        connection.execute(
            update(attempts)
            .where(attempts.c.session == session)
            .values(ended=now, outcome=failure.code)
        )
        _move(connection, question, state=State.FAILED, since=now, failure=failure.encode())


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
