"""Standing series: begins them, puts each release in line when it is due, shows how far they are.

    begin ── the first release waits for its period to end ── in line ── released ── the next
                                    ▲                            │
                                    │   nothing was debited: again after a while, by itself
                                    └── failed ── something was: people decide, `hasten` pays

A series is what its question, terms and ρ say; there is one of each. Who took part in its first
release takes part in all of them. How far it is stands in the questions that were put in line for
it, and nowhere else: there is nothing to be updated that a crash could lose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, insert, or_, select, update

from corridor.coordinator.attempts import BEFORE_DEBIT, State, put_in_line, read_failure
from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.moments import iso
from corridor.coordinator.pages import ALL_AT_ONCE, Page
from corridor.coordinator.seeing import Reader, is_own, reader_with, without_codes
from corridor.coordinator.store import Store, questions, releases, series, series_questions
from corridor.coordinator.tokens import TokenHolder
from corridor.coordinator.waiting import end_cancelled
from corridor.errors.region import (
    NoCharterError,
    QueueFullError,
    SeriesExistsError,
    SeriesOfOthersError,
    SeriesOverError,
    SeriesRunsError,
    UnknownSeriesError,
)
from corridor.ids import CountryCode
from corridor.privacy.rho import Rho
from corridor.protocols import canonical
from corridor.protocols.secure_sum.messages import Scope
from corridor.protocols.suite import RandomBytes
from corridor.queries.question import Question, Turn, parse_question, series_name
from corridor.queries.standing import due, named

Shown = dict[str, Any]
"""An object of the REST API."""

LEAST_APART = 86_400
"""Seconds between two releases of a series that nobody hastens."""

FIRST_RETRY = 600
LONGEST_RETRY = 86_400
"""Seconds after which a release is tried again that cost nothing; they double up to a day."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """One question that was put in line for a series, newest first."""

    question: str
    period: int
    state: str
    since: int
    failure: bytes | None
    release: str | None

    @property
    def is_in_line(self) -> bool:
        """Whether it waits for its turn or for people, or is being asked."""
        return self.state in {State.QUEUED, State.RUNNING, State.WAITING}

    @property
    def was_free(self) -> bool:
        """Whether it failed before anything was debited."""
        return (
            self.state == State.FAILED
            and read_failure(self.failure or b"{}").get("round") in BEFORE_DEBIT
        )


@dataclass(frozen=True, slots=True)
class _Next:
    """What comes next in a series.

    Attributes:
        period: whose release.
        at: seconds since 1970 UTC; None where it waits for people, or is in line.
    """

    period: int
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDesk:
    """Begins, shows and ends series, and puts their releases in line.

    Attributes:
        limit: so many series may run at once.
        wake: tells the rounds that a question waits.
        taken_back: hears of a release that was asked for, and is not any more.
        now: seconds since 1970 UTC.
    """

    store: Store
    charters: CharterDesk
    limit: int
    wake: Callable[[], None]
    taken_back: Callable[[str], None]
    random_bytes: RandomBytes
    now: Callable[[], int]

    def begin(self, question: Question, rho: Rho, purpose: str, holder: TokenHolder) -> Shown:
        """The series, which begins now unless it has begun before. `question` is its first release.

        Nothing is spent before its first release.

        Raises:
            SeriesExistsError: it has ended and was paid for, or was begun at another ρ.
            QueueFullError: too many series run.
        """
        identifier = series_name(question.series_id)
        with self.store.writing() as connection:
            known = connection.execute(select(series).where(series.c.id == identifier))
            row = known.mappings().first()
            if row is not None:
                has_ended = row["ended"] is not None
                tried = self._tried(connection, identifier)
                if has_ended and not any(one.release or not one.was_free for one in tried):
                    # Nobody paid for it: it may begin again, on other terms.
                    terms = self._terms(question, rho, purpose, holder)
                    again = update(series).where(series.c.id == identifier)
                    connection.execute(again.values(**terms, ended=None, ended_by=None))
                elif (
                    has_ended
                    or Fraction(row["rho"]) != rho.value
                    or row["question"] != question.encode()
                ):
                    raise SeriesExistsError(identifier, row["rho"], has_ended=has_ended)
            else:
                if len(self._running(connection)) >= self.limit:
                    raise QueueFullError(self.limit)
                terms = self._terms(question, rho, purpose, holder)
                connection.execute(insert(series).values(id=identifier, **terms))
        self.queue_due()
        return self.show(identifier, reader_with(holder))

    def _terms(
        self, question: Question, rho: Rho, purpose: str, holder: TokenHolder
    ) -> dict[str, object]:
        return {
            "question": question.encode(),
            "rho": canonical.fraction_text(rho.value),
            "purpose": purpose,
            "organisation": holder.organisation,
            "asked_by": holder.name,
            "asked": self.now(),
        }

    def queue_due(self) -> None:
        """Put in line every release whose time has come."""
        try:
            charter = self.charters.in_force()
        except NoCharterError:
            return
        with self.store.reading() as connection:  # mostly nothing is: then no lock is taken
            is_due = bool(self._due(connection))
        if is_due:
            with self.store.writing() as connection:
                for row, period in self._due(connection):
                    self._queue(connection, row, period, charter.digest)

    def hasten(self, identifier: str, holder: TokenHolder) -> Shown:
        """Put the next release in line at once: before its period is over, or after it failed.

        Whoever comes before it is asked is counted in it. Nodes that debited it already pay again.

        Raises:
            UnknownSeriesError: there is none of this id.
            SeriesOfOthersError: another organisation asked for it.
            SeriesOverError: it has ended.
            SeriesRunsError: it is in line already.
        """
        charter = self.charters.in_force()
        with self.store.writing() as connection:
            row = self._row(connection, identifier, holder)
            tried = self._tried(connection, row["id"])
            coming = self._next(row, tried)
            if row["ended"] is not None or coming is None:
                raise SeriesOverError(identifier)
            if tried and tried[0].is_in_line:
                raise SeriesRunsError(identifier)
            self._queue(connection, row, coming.period, charter.digest)
        return self.show(identifier, reader_with(holder))

    def end(self, identifier: str, holder: TokenHolder) -> Shown:
        """Let no more releases be made; what was released stays.

        Raises:
            UnknownSeriesError, SeriesOverError: there is none of this id, or it has ended.
            SeriesOfOthersError: another organisation asked for it.
            SeriesRunsError: a release is being asked for, and cannot be taken back.
        """
        with self.store.writing() as connection:
            row = self._row(connection, identifier, holder)
            if row["ended"] is not None:
                raise SeriesOverError(identifier)
            tried = self._tried(connection, row["id"])
            if tried and tried[0].state == State.WAITING:  # for people: nothing was spent on it
                end_cancelled(connection, tried[0].question, self.now(), by=holder.name)
            elif tried and tried[0].is_in_line:
                raise SeriesRunsError(identifier)
            connection.execute(
                update(series)
                .where(series.c.id == row["id"])
                .values(ended=self.now(), ended_by=holder.name)
            )
        if tried and tried[0].state == State.WAITING:
            self.taken_back(tried[0].question)
        return self.show(identifier, reader_with(holder))

    def show(self, identifier: str, reader: Reader | None = None) -> Shown:
        """How far a series is, as far as `reader` sees it; None sees all.

        Raises:
            UnknownSeriesError: there is none of this id.
        """
        with self.store.reading() as connection:
            return self._show(connection, self._row(connection, identifier), reader)

    def listing(self, page: Page = ALL_AT_ONCE, reader: Reader | None = None) -> list[Shown]:
        """Series, newest first, as far as `reader` sees them; None sees all.

        Raises:
            UnknownSeriesError: the page begins after one that there is not.
        """
        newest = select(series).order_by(series.c.asked.desc(), series.c.id).limit(page.limit)
        with self.store.reading() as connection:
            if page.after is not None:
                last = self._row(connection, page.after)
                newest = newest.where(
                    or_(
                        series.c.asked < last["asked"],
                        and_(series.c.asked == last["asked"], series.c.id > last["id"]),
                    )
                )
            found = connection.execute(newest).mappings()
            return [self._show(connection, row, reader) for row in found]

    def members(self, question: Question) -> frozenset[CountryCode] | None:
        """Who has to take part in this release; None where whoever can may."""
        turn = question.turn
        if turn is None or turn.period == 1:
            return None
        with self.store.reading() as connection:
            first = connection.execute(
                select(releases.c.participants)
                .where(releases.c.digest == question.series_id)
                .order_by(releases.c.place)
            ).scalar()
        found = {} if first is None else canonical.decode(first, "participants")
        assert isinstance(found, dict)  # noqa: S101 - what a publication wrote
        return frozenset(map(CountryCode, found))

    def receipts_before(self, question: Question) -> Sequence[bytes]:
        """The public receipts of the releases before this one, in order."""
        turn = question.turn
        if turn is None:
            return ()
        found = []
        with self.store.reading() as connection:
            for period in range(1, turn.period):
                digest = question.at(replace(turn, period=period)).digest
                found.append(
                    connection.execute(
                        select(releases.c.receipt).where(releases.c.digest == digest)
                    ).scalar_one()
                )
        return found

    # ------------------------------------------------------------ what comes next

    def _due(self, connection: Connection) -> list[tuple[RowMapping, int]]:
        """Every series whose next release comes by itself and now, and which release it is."""
        now = self.now()
        return [
            (row, coming.period)
            for row, coming in self._running(connection)
            if coming.at is not None and coming.at <= now
        ]

    def _running(self, connection: Connection) -> list[tuple[RowMapping, _Next]]:
        """Every series that was not ended and has releases to make, and what comes next in it."""
        rows = connection.execute(select(series).where(series.c.ended.is_(None))).mappings().all()
        coming = ((row, self._next(row, self._tried(connection, row["id"]))) for row in rows)
        return [(row, one) for row, one in coming if one is not None]

    def _next(self, row: RowMapping, tried: Sequence[_Tried]) -> _Next | None:
        """What comes next; None where every release was made."""
        turn = _turn(row)
        if not tried:
            return _Next(1, _start_of_day(due(turn)))
        last = tried[0]
        if last.state == State.RELEASED:
            if last.period == turn.periods:
                return None
            period = last.period + 1
            at = _start_of_day(due(replace(turn, period=period)))
            # After a long silence, or with a wrong clock, not all that is due at once.
            return _Next(period, max(at, last.since + LEAST_APART))
        if not last.was_free:
            return _Next(last.period, None)
        in_vain = 0
        for one in tried:
            if one.period != last.period or not one.was_free:
                break
            in_vain += 1
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(in_vain - 1, 10))
        return _Next(last.period, last.since + wait)

    def _queue(self, connection: Connection, row: RowMapping, period: int, charter: bytes) -> None:
        question = parse_question(row["question"])
        release = question.at(replace(_turn(row), period=period))
        identifier = self.random_bytes(8).hex()
        put_in_line(
            connection,
            identifier,
            self.now(),
            question=release.encode(),
            digest=release.digest,
            rho=row["rho"],
            scope=Scope.REGIONAL.value,
            charter=charter,
            purpose=row["purpose"],
            organisation=row["organisation"],
            asked_by=row["asked_by"],
            state=State.QUEUED,
        )
        connection.execute(
            insert(series_questions).values(question=identifier, series=row["id"], period=period)
        )
        self.wake()

    def _tried(self, connection: Connection, identifier: str) -> list[_Tried]:
        rows = connection.execute(
            select(
                questions.c.id,
                series_questions.c.period,
                questions.c.state,
                questions.c.since,
                questions.c.failure,
                questions.c.release,
            )
            .join(questions, questions.c.id == series_questions.c.question)
            .where(series_questions.c.series == identifier)
            .order_by(questions.c.place.desc())
        )
        return [_Tried(*row) for row in rows]

    def _row(
        self, connection: Connection, identifier: str, holder: TokenHolder | None = None
    ) -> RowMapping:
        row = connection.execute(select(series).where(series.c.id == identifier)).mappings().first()
        if row is None:
            raise UnknownSeriesError(identifier)
        if holder is not None and not is_own(row["organisation"], row["asked_by"], holder):
            raise SeriesOfOthersError(row["organisation"])
        return row

    # ------------------------------------------------------------ showing

    def _show(self, connection: Connection, row: RowMapping, reader: Reader | None = None) -> Shown:
        who = row["organisation"], row["asked_by"]
        sees_asker = reader is None or reader.sees_asker_of(*who)
        sees_codes = reader is None or reader.sees_codes_of(*who)
        turn, tried = _turn(row), self._tried(connection, row["id"])
        coming = None if row["ended"] is not None else self._next(row, tried)
        made = {one.period: one.release for one in tried if one.state == State.RELEASED}
        failed = tried[0].failure if tried and tried[0].state == State.FAILED else None
        return {
            "id": row["id"],
            "question": canonical.decode(row["question"], "question"),
            "rho": row["rho"],
            "repeat_rho": canonical.fraction_text(
                Fraction(row["rho"]) * turn.series.price_of_repeat
            ),
            "every": turn.every.value,
            "periods": turn.periods,
            "state": _state(row, coming, tried),
            "next_period": None if coming is None else coming.period,
            "next_at": None if coming is None or coming.at is None else iso(coming.at),
            "failure": _shown_failure(failed, sees_codes=sees_codes),
            "question_id": tried[0].question if tried else None,
            "releases": [
                {"period": period, "named": named(turn, period), "release_id": release}
                for period, release in sorted(made.items())
            ],
            "purpose": row["purpose"] if sees_asker else "",
            "asked_by": row["asked_by"],
            "asked_at": iso(row["asked"]),
        }


def _state(row: RowMapping, coming: _Next | None, tried: Sequence[_Tried]) -> str:
    """For people: where a series stands."""
    if row["ended"] is not None:
        return "ended"
    if coming is None:
        return "complete"
    if tried and tried[0].is_in_line:
        return "asking"
    return "waiting" if coming.at is not None else "failed"


def _turn(row: RowMapping) -> Turn:
    turn = parse_question(row["question"]).turn
    assert turn is not None  # noqa: S101 - `begin` wrote it
    return turn


def _shown_failure(raw: bytes | None, *, sees_codes: bool) -> Shown | None:
    if raw is None:
        return None
    failure = read_failure(raw)
    failure.pop("by", None)
    return failure if sees_codes else without_codes(failure)


def _start_of_day(day: date) -> int:
    return int(datetime.combine(day, time.min, UTC).timestamp())
