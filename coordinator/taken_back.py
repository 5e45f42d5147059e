"""Tells members whose people a question waited for that nobody asks it any more.

Whoever refused an attempt hears how it ended, and with it whether the question goes on waiting. One
that is taken back while it waits ends in no attempt; so its last one's end is said once more,
with `question.cancelled`. A node that is away then hears nothing, and its people's list lets the
question go a day later (`node.approvals`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from corridor.coordinator.store import Store, attempts
from corridor.coordinator.waiting import wait_of
from corridor.errors.region import QuestionCancelledError
from corridor.ids import CountryCode, SessionId
from corridor.transport.messages import CoordinatorInSession, Failed

Send = Callable[[CountryCode, CoordinatorInSession], None]
"""Puts a message in line for a member, from any thread; nothing where it is not connected."""


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Says which questions were taken back."""

    store: Store
    send: Send

    def tell(self, question: str) -> None:
        """Tell those whose people the question waited for, when its end is in the database."""
        with self.store.reading() as connection:
            wait = wait_of(connection, question)
            last = connection.execute(
                select(attempts.c.session)
                .where(attempts.c.question == question)
                .order_by(attempts.c.started.desc())
                .limit(1)
            ).scalar()
        if wait is None or last is None:
            return
        cancelled = QuestionCancelledError()
        body = Failed(cancelled.code, str(cancelled), frozenset())
        for country in sorted(wait.countries):
            self.send(country, CoordinatorInSession(SessionId(last), body))
