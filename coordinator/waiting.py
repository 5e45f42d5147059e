"""Questions that wait for people of a member to approve them.

    queued ─▶ running ─▶ people of BG have to approve ─▶ waiting ─▶ (after a while) queued ─▶ …
                                                            └──── its asker takes it back ─▶ failed

A node that waits for its people refuses with `policy.waiting_for_approval`. The question is then
proposed again later, after pauses that double up to half an hour, first to the members that it
waited for: only when all of these take part are the others asked, so that waiting costs nobody
anything. A node that comes back, or says its standing again without any change, has news: then it
is proposed at once. When the time is over that its asker gave, it is proposed a last time to
everybody, and goes on without those whose people have still not answered; where too few are left,
it fails.

All of it is in the database: a restart of the coordinator loses nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.attempts import AttemptRecord, Ending, Failure, State
from corridor.coordinator.seeing import is_own
from corridor.coordinator.store import questions, series_questions, waits
from corridor.coordinator.tokens import TokenHolder
from corridor.errors.region import (
    ApprovalPendingError,
    CannotCancelError,
    QuestionCancelledError,
    QuestionOfOthersError,
    UnknownQuestionError,
)
from corridor.ids import CountryCode, SessionId
from corridor.transport.messages import Round

HOUR_SECONDS = 3600
USUAL_HOURS = 72
LONGEST_HOURS = 720
"""A node's policy may let a question wait no longer by default, and at most a year."""

FIRST_RETRY = 5
LONGEST_RETRY = 1800
"""Seconds after which a question is proposed again; they double from the first to the longest."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a question waits for people, and for whose.

    Attributes:
        until, again: seconds since 1970 UTC; when waiting is over, and when it is proposed again.
        countries: whose people have to approve, as far as is known.
    """

    until: int
    tries: int
    countries: frozenset[CountryCode]
    again: int | None


def give_time(connection: Connection, question: str, now: int, hours: int) -> None:
    """Let a question that is put in line wait so long for approvals."""
    connection.execute(
        insert(waits).values(
            question=question, until=now + hours * HOUR_SECONDS, tries=0, countries="", again=None
        )
    )


def wait_of(connection: Connection, question: str) -> Wait | None:
    """How long a question waits; None where it was asked without saying."""
    row = connection.execute(select(waits).where(waits.c.question == question)).mappings().first()
    return None if row is None else _wait(row)


def _wait(row: RowMapping) -> Wait:
    countries = frozenset(map(CountryCode, row["countries"].split()))
    return Wait(row["until"], row["tries"], countries, row["again"])


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """The durable side of waiting."""

    record: AttemptRecord

    def of(self, question: str) -> Wait:
        """How long a question waits, and for whose people."""
        with self.record.store.reading() as connection:
            found = wait_of(connection, question)
            if found is not None:
                return found
            asked = connection.execute(
                select(questions.c.asked).where(questions.c.id == question)
            ).scalar_one()
        return Wait(asked + USUAL_HOURS * HOUR_SECONDS, 0, frozenset(), None)

    def wait(
        self,
        session: SessionId | None,
        question: str,
        countries: Collection[CountryCode],
        ending: Ending | None,
    ) -> None:
        """Let a question wait for people of these countries; `session` ended with that, if any."""
        before, now = self.of(question), self.record.now()
        pause = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(before.tries, 20))
        # The last time is when waiting is over; but never at once.
        again = min(now + pause, max(before.until, now + FIRST_RETRY))
        values = {
            "until": before.until,
            "tries": before.tries + 1,
            "countries": " ".join(sorted(countries)),
            "again": again,
        }
        with self.record.store.writing() as connection:
            if session is not None and ending is not None:
                self.record.wait(connection, session, ApprovalPendingError.code, ending)
            connection.execute(
                upsert(waits)
                .values(question=question, **values)
                .on_conflict_do_update(index_elements=["question"], set_=values)
            )
            connection.execute(
                update(questions)
                .where(
                    questions.c.id == question,
                    questions.c.state.in_([State.RUNNING, State.QUEUED]),
                )
                .values(state=State.WAITING, since=now)
            )

    def queue_due(self) -> bool:
        """Put in line again whatever is to be proposed again now; whether anything was."""
        now = self.record.now()
        due = (
            select(waits.c.question)
            .join(questions, questions.c.id == waits.c.question)
            .where(questions.c.state == State.WAITING, waits.c.again <= now)
        )
        with self.record.store.reading() as connection:  # mostly nothing is: then no lock is taken
            found = list(connection.scalars(due))
        if found:
            with self.record.store.writing() as connection:
                connection.execute(
                    update(questions)
                    .where(questions.c.id.in_(found), questions.c.state == State.WAITING)
                    .values(state=State.QUEUED)
                )
        return bool(found)

    def hasten(self, country: CountryCode) -> None:
        """Propose soon what waits for this country, whose node has news or came back.

        However often it says so, each time there has to be a longer pause since the last: a node
        that lies must not have another, whose people are waited for too, proposed to all day.
        """
        now = self.record.now()
        wanted = (
            select(waits, questions.c.since)
            .join(questions, questions.c.id == waits.c.question)
            .where(questions.c.state == State.WAITING)
        )
        with self.record.store.reading() as connection:
            found = [row for row in connection.execute(wanted) if country in row.countries.split()]
        if found:
            with self.record.store.writing() as connection:
                for row in found:
                    pause = min(LONGEST_RETRY, FIRST_RETRY * row.tries)
                    soon = min(row.again, max(now, row.since + pause))
                    connection.execute(
                        update(waits).where(waits.c.question == row.question).values(again=soon)
                    )

    def cancel(self, identifier: str, holder: TokenHolder, *, of_anybody: bool = False) -> None:
        """Take a question back that waits, or stands in line.

        Whose it is: `coordinator.seeing`.

        Args:
            identifier: of the question.
            holder: who takes it back.
            of_anybody: whether it may be another's; who is trusted with that, the edge knows.

        Raises:
            UnknownQuestionError: there is none of this id.
            QuestionOfOthersError: another organisation asked it.
            CannotCancelError: it is being answered, is over, or is a release of a series.
        """
        with self.record.store.writing() as connection:
            row = connection.execute(
                select(questions.c.state, questions.c.organisation, questions.c.asked_by).where(
                    questions.c.id == identifier
                )
            ).first()
            if row is None:
                raise UnknownQuestionError
            if not is_own(row.organisation, row.asked_by, holder) and not of_anybody:
                raise QuestionOfOthersError(row.organisation)
            of_series = select(series_questions).where(series_questions.c.question == identifier)
            if connection.execute(of_series).first() is not None:
                raise CannotCancelError("it is a release of a series, which can be ended instead")
            if row.state not in {State.QUEUED, State.WAITING}:
                running = row.state == State.RUNNING
                raise CannotCancelError("it is being answered" if running else "it is over")
            end_cancelled(connection, identifier, self.record.now(), by=holder.name)


def end_cancelled(connection: Connection, question: str, now: int, *, by: str) -> None:
    """The question is over, and nothing was spent; `by` took it back, which stays on record."""
    cancelled = QuestionCancelledError()
    failure = Failure(
        code=cancelled.code, message=str(cancelled), round=Round.PROPOSE.value, missing=(), by=by
    )
    connection.execute(
        update(questions)
        .where(questions.c.id == question)
        .values(state=State.FAILED, since=now, failure=failure.encode())
    )
