"""Shows the region's staff what became of every attempt, and why.

It says what the coordinator saw: which members were asked, which words it took of whom, with which
code a node refused, what it cost and for whom the end was. Nobody's data are in it: the
coordinator has none. Questions that were refused before an attempt could begin are listed too.

An attempt's number counts the tries at one question, by whatever id it was asked. Of those that
ended since people had to approve the question first, the last one of a question is listed alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, func, select, tuple_

from corridor.coordinator.attempts import State, read_failure
from corridor.coordinator.moments import iso
from corridor.coordinator.store import (
    Store,
    attempt_members,
    attempts,
    held_out,
    questions,
)
from corridor.coordinator.titles import TitleOf
from corridor.errors.region import ApprovalPendingError, QuestionCancelledError, UnknownAttemptError
from corridor.ids import Digest

Shown = dict[str, Any]
"""An object that a command prints."""

_LATER = attempts.alias("later")
_WAITED_IN_VAIN = (attempts.c.outcome == ApprovalPendingError.code) & exists().where(
    _LATER.c.question == attempts.c.question,
    tuple_(_LATER.c.started, _LATER.c.session) > tuple_(attempts.c.started, attempts.c.session),
)
"""Ended since people had to approve the question, and another attempt at it came after."""

_WANTED = (
    select(
        questions.c.id.label("question_id"),
        questions.c.question,
        questions.c.digest,
        questions.c.rho,
        questions.c.charter,
        questions.c.asked_by,
        questions.c.asked,
        questions.c.state,
        questions.c.since.label("question_since"),
        questions.c.failure,
        questions.c.release,
        attempts.c.session,
        attempts.c.started,
        attempts.c.ended,
        attempts.c.round,
        attempts.c.outcome,
    )
    .select_from(questions.outerjoin(attempts, attempts.c.question == questions.c.id))
    .where((attempts.c.session.is_not(None)) | (questions.c.state == State.FAILED))
    .order_by(func.coalesce(attempts.c.started, questions.c.since).desc(), questions.c.place.desc())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptHistory:
    """Reads what `AttemptRecord` wrote.

    Attributes:
        now: seconds since 1970 UTC.
        is_served: whether `serve` runs; without it nothing that has not ended is running.
    """

    store: Store
    title_of: TitleOf
    now: Callable[[], int]
    is_served: Callable[[], bool]

    def newest(self, most: int) -> list[Shown]:
        """The newest attempts, and questions refused without one; newest first."""
        with self.store.reading() as connection:
            listed = _WANTED.where(attempts.c.session.is_(None) | ~_WAITED_IN_VAIN)
            rows = connection.execute(listed.limit(most)).mappings().all()
            return [self._show(connection, row) for row in rows]

    def of_question(self, question: str) -> Shown | None:
        """The newest attempt at one question; None before the first."""
        wanted = _WANTED.where(attempts.c.question == question, attempts.c.session.is_not(None))
        with self.store.reading() as connection:
            row = connection.execute(wanted.limit(1)).mappings().first()
            return None if row is None else self._show(connection, row)

    def one(self, session: str) -> Shown:
        """The attempt whose session, in hexadecimal, begins so.

        Raises:
            UnknownAttemptError: none does, or several do.
        """
        with self.store.reading() as connection:
            wanted = _WANTED.where(
                func.lower(func.hex(attempts.c.session)).startswith(
                    session.lower(), autoescape=True
                )
            )
            rows = connection.execute(wanted.limit(2)).mappings().all()
            if len(rows) != 1:
                raise UnknownAttemptError(session, len(rows))
            return self._show(connection, rows[0])

    def _show(self, connection: Connection, row: RowMapping) -> Shown:
        waited = row["outcome"] == ApprovalPendingError.code
        has_failed = row["failure"] is not None and not waited
        failure = read_failure(row["failure"]) if row["failure"] is not None else {}
        taken_back_by = failure.pop("by", None)
        began = row["question_since"] if row["started"] is None else row["started"]
        running = row["session"] is not None and row["ended"] is None
        return {
            "session": None if row["session"] is None else row["session"].hex(),
            "question_id": row["question_id"],
            "question_digest": row["digest"].hex(),
            "title": self.title_of(Digest(row["charter"]), row["question"]),
            "rho": row["rho"],
            "asked_by": row["asked_by"],
            "asked_at": iso(row["asked"]),
            "began_at": iso(began),
            "number": _number(connection, row),
            "outcome": self._outcome(row, failure.get("code")),
            "round": row["round"],
            "seconds": _seconds(row, self.now() if running else None),
            "failure": failure if has_failed and taken_back_by is None else None,
            "taken_back_by": taken_back_by,
            "release_id": None if waited else row["release"],
            "members": _members(connection, row["session"]),
        }

    def _outcome(self, row: RowMapping, code: object) -> str:
        ended_in_vain = row["session"] is None or row["outcome"] == ApprovalPendingError.code
        if code == QuestionCancelledError.code and ended_in_vain:
            return "cancelled"
        if row["session"] is None:
            return "refused"
        if row["ended"] is None:
            return "running" if self.is_served() else "interrupted"
        if row["outcome"] == ApprovalPendingError.code:
            return "waiting"
        return row["outcome"] if row["outcome"] in ("released", "reused") else "failed"


def _number(connection: Connection, row: RowMapping) -> int | None:
    if row["session"] is None:
        return None
    tried = (
        select(func.count())
        .select_from(attempts.join(questions, attempts.c.question == questions.c.id))
        .where(questions.c.digest == row["digest"], attempts.c.started <= row["started"])
    )
    return int(connection.execute(tried).scalar_one())


def _seconds(row: RowMapping, now: int | None) -> int | None:
    if row["session"] is None:
        return None
    end = row["ended"] if now is None else now
    return int(max(0, end - row["started"]))


def _members(connection: Connection, session: bytes | None) -> list[Shown]:
    if session is None:
        return []
    proven: Mapping[str, str] = {
        one.country: one.code
        for one in connection.execute(
            select(held_out.c.country, held_out.c.code).where(held_out.c.session == session)
        )
    }
    rows = connection.execute(
        select(attempt_members)
        .where(attempt_members.c.session == session)
        .order_by(attempt_members.c.country)
    )
    return [
        {
            "country": one.country,
            "not_invited": one.not_invited,
            "answered": one.answered,
            "left_in": one.left_in,
            "code": one.code,
            "proven": proven.get(one.country),
        }
        for one in rows
    ]
