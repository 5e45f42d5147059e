"""What was reserved and spent of the privacy of the people in this node's data.

    reserve ─┬─ debit     the masked input may leave; ρ is spent for good
             ├─ release   the attempt ended before that, or at its deadline
             └─ forfeit   whoever reserved it is gone, and may have debited: ρ counts as spent

The rules, each kept in the transaction that writes:

1. A session is reserved once, ever, whatever became of it (ATTACKS 20).
2. What is spent and reserved never exceeds the allowances: of the calendar year (UTC), and of
   all time. They are of this node, over all askers: no other accounting is sound (ATTACKS 15).
3. A debit needs an open reservation, is made once, and is on disk before `debit` returns.
   Nothing turns a debit back (a refund on error would be a hole).
   Only the object that reserved debits or releases. What an ended process left open is forfeited:
   this disk may be a copy from before its debit (ATTACKS 18), and nobody could tell.
4. A debit counts as failed from the moment it is made until `answered` takes that back. When as
   many attempts as the charter bears have failed today or are under way, or as much ρ as the
   authority bears was lost so or is reserved, nothing is reserved. A crash, a coordinator's
   word, or many attempts at once change nothing about that.
5. A standing series (`privacy.continual`) is paid for once, by the first attempt at its first
   release. Later releases cost nothing; one more attempt at the same release costs its part of the
   series' ρ. They come in order, and none is gone back to: each release of a series that was
   debited, or forfeited, counts as one that left.
6. Of a year's allowance an organisation or a purpose takes no more than its share, where the
   authority says so (`node.shares`). That is fairness among askers and protects nobody. Nor do
   questions that tell ages apart take more than theirs, which the node sees for itself.
7. Where people of the authority had to approve, the reservation names their approval
   (`node.approvals`), and one approval carries one reservation, but for those that were released.
   It carries none that costs more than what they were shown: what an attempt costs is known by
   `Ledger.price` alone, before it is reserved, and `reserve` compares in its own transaction.

Each reservation contains a nonce, so that no two copies of a ledger can make the same entry; that
one of two is refused is the witnesses' business (`protocols.witnesses`). Entries that witnesses
hold and this disk lost are adopted as they are: they are this node's own, signed and chained.

Beside ρ stands what would be lost if everybody else colluded: of a debit as the attempt says, of a
reservation the most that it can come to, which is what a forfeit counts.

The order of the log is the order of events, so replaying it gives the sums; each entry also holds
them, and a head is worth a whole history. All amounts are Fractions. A sum whose fraction has grown
long is rounded up (`rounded_up`): who asks chooses ρ, and could with unlike denominators make a
statement that no peer would read.

The calendar of rules 2 and 4 never goes back: it is the clock, or the last entry where that is
later. A clock set back would otherwise hand out a past year's allowance again.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Self

from corridor.errors.ledger import (
    AllowanceSpentError,
    ApprovalUsedError,
    BrokenChainError,
    LedgerBehindJournalError,
    NoReservationError,
    OtherSeriesPriceError,
    PriceRisenError,
    SeriesOutOfOrderError,
    SessionSeenError,
    ShareSpentError,
    TooManyFailedAttemptsError,
)
from corridor.ids import CountryCode, Digest, PublicKey, SessionId, Signature
from corridor.node.chain_store import ChainStore
from corridor.node.shares import OTHERS, UNNAMED, Asker, Limit, Share, limits_of
from corridor.protocols import canonical
from corridor.protocols.canonical import fraction_text
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.secure_sum.messages import LedgerStatement
from corridor.protocols.suite import RandomBytes, Sign, Verify
from corridor.protocols.witnesses import LEDGER as CHAIN
from corridor.protocols.witnesses import verify_entries

NONCE_BYTES = 16

MOST_NODES = 200
"""No roster is larger. One node's noise share is never narrower than one in so many of the whole,
so alone among colluders a person loses at most so many times ρ (`privacy.distributed`)."""

LONGEST_DENOMINATOR = 10**40
ROUNDED_TO = 10**18


def rounded_up(total: Fraction) -> Fraction:
    """A sum of ρ as it is, or a little more where its fraction is too long to be sent.

    More is always safe, it is at most 10⁻¹⁸ a step, and a larger sum is never rounded to less.
    """
    if total.denominator <= LONGEST_DENOMINATOR:
        return total
    return Fraction(ceil(total * ROUNDED_TO), ROUNDED_TO)


@dataclass(frozen=True, slots=True)
class Allowance:
    """ρ that may be spent, by the authority's policy.

    Attributes:
        lost_per_day: of it, what attempts without an answer may cost before the day is over.
        shares: of a year's, what organisations and purposes may take.
    """

    per_year: Fraction
    all_time: Fraction
    lost_per_day: Fraction
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Debit:
    """Evidence that an attempt's ρ is spent, on disk. Only the ledger makes such a value.

    Attributes:
        rho: what the attempt was proposed at; of a series, all of its releases together.
    """

    session: SessionId
    rho: Fraction
    number: int


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """Which release of which standing series an attempt is at.

    Attributes:
        series: names the series (`Question.series_id`).
        period: from 1.
        repeat: which part of the series' ρ another attempt at one release costs.
    """

    series: Digest
    period: int
    repeat: Fraction

    def demand_turn(self, paid: "SeriesAccount | None") -> None:
        """Check that the release follows those of the series so far, or is the last of them again.

        Raises:
            SeriesOutOfOrderError: it is not its turn.
        """
        last = 0 if paid is None else paid.period
        if not max(last, 1) <= self.period <= last + 1:
            raise SeriesOutOfOrderError(self.period, last)


@dataclass(frozen=True, slots=True)
class SeriesAccount:
    """What a standing series has cost, and how far it is.

    Attributes:
        rho: of all its releases, paid once.
        paid: that, and what attempts that were repeated cost.
        period: the last release that an attempt was counted at.
        sessions: of the attempts that were debited, by release, in order.
    """

    series: Digest
    rho: Fraction
    paid: Fraction
    period: int
    sessions: Mapping[int, tuple[SessionId, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was spent, is reserved, and is left."""

    year: int
    spent: Fraction
    spent_this_year: Fraction
    reserved: Fraction
    left_this_year: Fraction
    left_for_all_time: Fraction


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent.

    Attributes:
        worst_case: what was lost of it if everybody else colluded.
    """

    rho: Fraction = Fraction(0)
    worst_case: Fraction = Fraction(0)

    def adding(self, rho: Fraction, worst_case: Fraction) -> "Spending":
        """Both together: ρ of zCDP adds up, whoever asked."""
        return Spending(rounded_up(self.rho + rho), rounded_up(self.worst_case + worst_case))


@dataclass(frozen=True, slots=True)
class ShareLeft:
    """What is left of one share this year."""

    limit: Limit
    left: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The same spending, told apart by when and for whom.

    Attributes:
        all_time, by_year: of the whole node, which is what protects.
        reserved: of attempts that run.
        by_asker: by year and asker; fairness only.
        shares: what is left this year of every share that binds an asker who spent in it, and of
            every share by name.
    """

    all_time: Spending
    by_year: Mapping[int, Spending]
    reserved: Spending
    by_asker: Mapping[tuple[int, Asker], Spending]
    shares: tuple[ShareLeft, ...]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry, for people."""

    number: int
    at: datetime
    kind: str
    session: str
    rho: Fraction


@dataclass(frozen=True, slots=True)
class _Open:
    session: SessionId
    rho: Fraction
    deadline: int
    worst_case: Fraction
    asker: Asker
    proposed: Fraction
    series: Digest | None = None
    period: int = 0
    approval: str | None = None


class _Sums:
    """The log, replayed as far as `number`."""

    def __init__(self) -> None:
        self.number = 0
        self.spending = Spending()
        self.spent_in: defaultdict[int, Spending] = defaultdict(Spending)
        self.spent_by: defaultdict[tuple[int, Asker], Spending] = defaultdict(Spending)
        self.open: dict[bytes, _Open] = {}
        # Of each day, the sessions that cost ρ and gave no answer, or none yet.
        self.lost_on: defaultdict[date, dict[bytes, Fraction]] = defaultdict(dict)
        self.debited_on: dict[bytes, date] = {}
        self.series: dict[Digest, SeriesAccount] = {}
        self.approvals: set[str] = set()  # that a reservation rests on which was not released
        self.latest = datetime.min.replace(tzinfo=UTC)

    def add(self, entries: Iterable[Entry]) -> None:
        """Replay what was added since."""
        for entry in entries:
            self._add(_payload(entry))
            self.number = entry.number

    def _add(self, payload: Mapping[str, Any]) -> None:
        session = bytes.fromhex(payload["session"])
        rho = Fraction(payload["rho"])
        at = datetime.fromisoformat(payload["at"])
        self.latest = max(self.latest, at)
        match payload["kind"]:
            case "reserve":
                series = payload.get("series", {})
                self.open[session] = _Open(
                    SessionId(session),
                    rho,
                    payload["deadline"],
                    Fraction(payload.get("worst_case_rho", rho * MOST_NODES)),
                    Asker(
                        payload.get("organisation", ""),
                        payload.get("purpose", ""),
                        payload.get("minors", False),
                    ),
                    Fraction(series.get("rho", rho)),
                    Digest(bytes.fromhex(series["id"])) if series else None,
                    series.get("period", 0),
                    payload.get("approval"),
                )
                if (approval := self.open[session].approval) is not None:
                    self.approvals.add(approval)
            case "debit" | "forfeit":
                found = self.open.pop(session)
                worst_case = Fraction(payload.get("worst_case_rho", found.worst_case))
                self.spending = self.spending.adding(rho, worst_case)
                by = at.year, found.asker
                self.spent_in[at.year] = self.spent_in[at.year].adding(rho, worst_case)
                self.spent_by[by] = self.spent_by[by].adding(rho, worst_case)
                self.debited_on[session] = at.date()
                self.lost_on[at.date()][session] = rho
                if found.series is not None:
                    self._count_in_series(found.series, found, payload["kind"] == "debit")
            case "answered":
                del self.lost_on[self.debited_on.pop(session)][session]
            case "release":
                released = self.open.pop(session)
                if released.approval is not None:
                    self.approvals.discard(released.approval)
            case "failed":
                self.lost_on[self.debited_on.get(session, at.date())].setdefault(session, rho)
            case _:
                pass

    def _count_in_series(self, series: Digest, found: _Open, was_debited: bool) -> None:
        before = self.series.get(series)
        sessions = {} if before is None else dict(before.sessions)
        if was_debited:
            sessions[found.period] = (*sessions.get(found.period, ()), found.session)
        self.series[series] = SeriesAccount(
            series,
            found.proposed if before is None else before.rho,
            found.rho + (0 if before is None else before.paid),
            found.period if before is None else max(before.period, found.period),
            sessions,
        )

    def price(
        self, rho: Fraction, part: SeriesPart | None, gone: Collection[SessionId] = ()
    ) -> Fraction:
        """What an attempt costs; at one release of a series, `rho` is that of all its releases.

        `gone` are reservations that no longer count.

        Raises:
            SeriesOutOfOrderError: it is not its turn.
            OtherSeriesPriceError: the series was paid for, or is being asked for, at another ρ.
        """
        if part is None:
            return rho
        paid = self.series.get(part.series)
        part.demand_turn(paid)
        others = [
            one
            for one in self.open.values()
            if one.series == part.series and one.session not in gone
        ]
        for agreed in [*(() if paid is None else (paid.rho,)), *(one.proposed for one in others)]:
            if rho != agreed:
                raise OtherSeriesPriceError(rho, agreed)
        if paid is None:
            return rho
        under_way = any(one.period == part.period for one in others)
        return rho * part.repeat if part.period == paid.period or under_way else Fraction(0)

    @property
    def spent(self) -> Fraction:
        return self.spending.rho

    @property
    def reserved(self) -> Fraction:
        return self.reserved_without(None)

    def left_of(self, limit: Limit, year: int) -> Fraction:
        """What is left of a share this year, less what is reserved."""
        spent = (
            one.rho
            for (when, asker), one in self.spent_by.items()
            if when == year and limit.counts(asker)
        )
        reserved = (one.rho for one in self.open.values() if limit.counts(one.asker))
        return limit.share.per_year - sum(spent, Fraction(0)) - sum(reserved, Fraction(0))

    def reserved_without(self, session: SessionId | None) -> Fraction:
        amounts = (one.rho for one in self.open.values() if one.session != session)
        return rounded_up(sum(amounts, Fraction(0)))


class Ledger:
    """The ledger of one node. Safe to use from several threads and processes.

    Raises:
        BrokenChainError: the file is not as it was written; nothing may be answered.
        LedgerDiskError: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        country: CountryCode,
        *,
        sign: Sign,
        key: PublicKey,
        verify: Verify,
        clock: Callable[[], datetime],
        random_bytes: RandomBytes,
        allowance: Allowance,
        failed_attempts_per_day: int,
        former: Sequence[PublicKey] = (),
    ) -> None:
        # `former`: the node's keys before `key`, the first one first; entries under them stay.
        self._country = country
        self._key, self._former = key, tuple(former)
        self._verify = verify
        self._random_bytes = random_bytes
        self._mine: set[SessionId] = set()
        self._sign = sign
        self._clock = clock
        self._allowance = allowance
        self._failed_attempts_per_day = failed_attempts_per_day
        self._store = ChainStore(path, CHAIN, sign=sign, key=key, verify=verify, former=former)
        self._turn = threading.RLock()
        self._replayed = _Sums()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def reserve(
        self,
        session: SessionId,
        rho: Fraction,
        *,
        question: Digest,
        charter: Digest,
        deadline: int,
        worst_case: Fraction | None = None,
        asker: Asker = UNNAMED,
        part: SeriesPart | None = None,
        approval: str | None = None,
        at_most: Fraction | None = None,
    ) -> LedgerStatement:
        """Set ρ aside for an attempt until `deadline` (seconds since 1970 UTC).

        Gives the statement that the acceptance carries: this ledger after the reservation.

        Args:
            session: names the attempt.
            rho: what it costs; of a series, what all its releases cost.
            question: its hash.
            charter: its hash.
            deadline: when a reservation that was not debited is released.
            worst_case: the most that can be lost if everybody else colludes; by the largest of all
                rosters where None.
            asker: who asks and why, says the coordinator.
            part: where it is at one release of a series, which.
            approval: the id of the approval that it rests on, where people had to give one.
            at_most: the price that they approved.

        Raises:
            ApprovalUsedError: another reservation rests on the approval.
            PriceRisenError: it costs more than what people approved.
            SeriesOutOfOrderError, OtherSeriesPriceError: it is not that release's turn, or the
                series goes at another ρ.
            SessionSeenError: the session was used before.
            AllowanceSpentError: the year's or the lifetime's allowance does not suffice.
            ShareSpentError: the asker's share of the year's allowance does not suffice.
            TooManyFailedAttemptsError: today's limit is reached.
            LedgerDiskError: it could not be written.
                Nothing was reserved in any of these cases.
            ValueError: ρ is not above 0; it would widen the allowance.
        """
        if rho <= 0:
            raise ValueError(f"what is reserved is more than nothing, not {rho}")
        with self._writing():
            if self._store.of_session(session):
                raise SessionSeenError
            self._release_overdue()
            sums = self._sums()
            if approval is not None and approval in sums.approvals:
                raise ApprovalUsedError
            proposed, series = rho, {}
            rho = sums.price(proposed, part)
            if at_most is not None and rho > at_most:
                raise PriceRisenError(rho, at_most)
            if part is not None:
                series = _series_to_json(part, proposed)
            self._demand_few_failures(sums)
            balance = self._balance(sums)
            if rho > balance.left_for_all_time:
                raise AllowanceSpentError("for all time", rho, balance.left_for_all_time)
            if rho > balance.left_this_year:
                raise AllowanceSpentError(f"in {balance.year}", rho, balance.left_this_year)
            for limit in limits_of(asker, self._allowance.shares):
                left = sums.left_of(limit, balance.year)
                if rho and rho > left:
                    raise ShareSpentError(str(limit), balance.year, rho, max(Fraction(0), left))
            self._append(
                "reserve",
                session,
                rho,
                question=question.hex(),
                charter=charter.hex(),
                deadline=deadline,
                nonce=self._random_bytes(NONCE_BYTES).hex(),
                worst_case_rho=fraction_text(
                    rho * MOST_NODES if worst_case is None else worst_case * rho / proposed
                ),
                organisation=asker.organisation,
                purpose=asker.purpose,
                **({"minors": True} if asker.minors else {}),
                **({} if approval is None else {"approval": approval}),
                **series,
            )
            statement = self._statement()
        self._mine.add(session)
        return statement

    def debit(self, session: SessionId, worst_case: Fraction) -> Debit:
        """Spend what was reserved; on disk when this returns.

        `worst_case` is the loss if everybody else colludes, for the record; of a series, that of
        all its releases.

        Raises:
            NoReservationError: nothing is reserved for the session here, or no longer.
            LedgerDiskError: it could not be written. Nothing was debited; nothing may leave.
        """
        with self._writing():  # by itself: a refusal below must not undo it
            self._release_overdue()
        with self._writing():
            found = self._sums().open.get(session)
            if found is None or session not in self._mine:
                raise NoReservationError
            worst_case *= found.rho / found.proposed
            entry = self._append(
                "debit", session, found.rho, worst_case_rho=fraction_text(worst_case)
            )
        return Debit(session, found.proposed, entry.number)

    def release(self, session: SessionId) -> None:
        """Give back what was reserved for the session here, if anything still is."""
        with self._writing():
            if session in self._mine:
                self._release(self._sums().open.get(session))

    def forfeit_left_open(self) -> tuple[SessionId, ...]:
        """Count as spent every open reservation that was not made here; whose they were.

        For the one process that serves, once it knows all that its witnesses hold.
        """
        with self._writing():
            left = [one for one in self._sums().open.values() if one.session not in self._mine]
            for found in left:
                self._append("forfeit", found.session, found.rho)
        return tuple(found.session for found in left)

    def adopt(self, entries: Sequence[Entry]) -> None:
        """Take over entries of this ledger that witnesses hold and this disk does not.

        Raises:
            BrokenChainError: they are not this node's own, or do not follow its last entry.
            LedgerDiskError: they could not be written. Nothing was taken over.
        """
        with self._writing():
            last = self._store.last()
            behind = [*([] if last is None else [last]), *entries]
            verify_entries(behind, self._key, self._verify, self._former)
            if last is None and entries and entries[0].previous != BEGINNING:
                raise BrokenChainError(CHAIN, entries[0].number, "is not the first")
            for entry in entries:
                self._store.adopt(entry)

    def entries(self, after: int = 0, most: int | None = None) -> Iterator[Entry]:
        """The entries behind that number, in order, at most so many, as others are shown them.

        Each is signed by the key of now: under a charter that lists it, no other key counts.
        """
        return self._store.vouched(self._store.entries(after, most))

    @property
    def length(self) -> int:
        """The number of the last entry; 0 before the first."""
        last = self._store.last()
        return 0 if last is None else last.number

    def digest_at(self, number: int) -> Digest:
        """The digest of the entry of that number, which is there; zeros for 0."""
        if number == 0:
            return BEGINNING
        return next(self._store.entries(number - 1, 1)).digest

    def attempt_failed(self, session: SessionId) -> None:
        """Count a failed attempt; a session counts once, and its debit counts already."""
        with self._writing():
            if self._store.of_session(session).keys().isdisjoint({"failed", "answered"}):
                self._append("failed", session, Fraction(0))

    def answered(self, session: SessionId) -> None:
        """The attempt that was debited gave an answer: it is not counted as failed."""
        with self._writing():
            kinds = self._store.of_session(session).keys()
            if "debit" in kinds and kinds.isdisjoint({"failed", "answered"}):
                self._append("answered", session, Fraction(0))

    def hold_to(self, let_out: Collection[SessionId]) -> None:
        """Compare with what the journal, which is written after this ledger, remembers of it.

        A chain cannot show that its end was cut off, or that an older copy was put back. Where the
        journal went with it, only witnesses can.

        Args:
            let_out: sessions whose masked input was let out, and so debited before.

        Raises:
            LedgerBehindJournalError: one of them costs nothing here.
        """
        for session in sorted(let_out):
            kinds = self._store.of_session(session).keys()
            if "reserve" not in kinds or "release" in kinds:
                raise LedgerBehindJournalError(session.hex())

    def statement(self) -> LedgerStatement:
        """This node's signed word about its ledger as it is now."""
        with self._turn:
            return self._statement()

    def balance(self) -> Balance:
        """What was spent, is reserved, and is left."""
        with self._turn:
            return self._balance(self._sums())

    def price(self, rho: Fraction, part: SeriesPart | None = None) -> Fraction:
        """What an attempt would cost that is reserved now: what `reserve` sets aside for it.

        Args:
            rho: what it is proposed at; of a series, for all its releases together.
            part: where it is at one release of a series, which.

        Raises:
            SeriesOutOfOrderError, OtherSeriesPriceError: it could not be reserved.
        """
        with self._turn:
            sums = self._sums()
            return sums.price(rho, part, frozenset(one.session for one in self._overdue(sums)))

    def has_used(self, approval: str) -> bool:
        """Whether a reservation that was not released rests on the approval of this id."""
        with self._turn:
            return approval in self._sums().approvals

    def limit_to(self, allowance: Allowance) -> None:
        """Hold to these allowances from the next reservation on: the policy has changed."""
        with self._turn:
            self._allowance = allowance

    def series(self) -> Mapping[Digest, SeriesAccount]:
        """Every standing series that something was paid for."""
        with self._turn:
            return dict(self._sums().series)

    def accounts(self) -> Accounts:
        """What was spent by year, organisation and purpose, and what is left of each share."""
        with self._turn:
            sums = self._sums()
            year = self._now(sums).year
            askers = sorted({asker for when, asker in sums.spent_by if when == year})
            limits = [Limit(one, None) for one in self._allowance.shares if one.name != OTHERS]
            limits += [
                limit
                for asker in askers
                for limit in limits_of(asker, self._allowance.shares)
                if limit.exactly is not None
            ]
            reserved = Spending()
            for one in sums.open.values():
                reserved = reserved.adding(one.rho, one.worst_case)
            return Accounts(
                all_time=sums.spending,
                by_year=dict(sorted(sums.spent_in.items())),
                reserved=reserved,
                by_asker=dict(sorted(sums.spent_by.items())),
                shares=tuple(
                    ShareLeft(limit, max(Fraction(0), sums.left_of(limit, year)))
                    for limit in dict.fromkeys(limits)
                ),
            )

    def rows(self, after: int = 0) -> Iterator[LedgerRow]:
        """Every entry behind that number, for people, from the first."""
        for entry in self._store.entries(after):
            payload = _payload(entry)
            yield LedgerRow(
                entry.number,
                datetime.fromisoformat(payload["at"]),
                payload["kind"],
                payload["session"],
                Fraction(payload["rho"]),
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction of the store, in which this process's sums stay true."""
        with self._turn:
            committed = self._sums().number
            try:
                with self._store.writing():
                    yield
            except BaseException:
                if self._replayed.number > committed:  # with entries that were never committed
                    self._replayed = _Sums()
                raise

    def _sums(self) -> _Sums:
        self._replayed.add(self._store.entries(after=self._replayed.number))
        return self._replayed

    def _now(self, sums: _Sums) -> datetime:
        return max(self._clock().astimezone(UTC), sums.latest)

    def _balance(self, sums: _Sums) -> Balance:
        year = self._now(sums).year
        spent_this_year = sums.spent_in.get(year, Spending()).rho
        all_time = self._allowance.all_time - sums.spent - sums.reserved
        this_year = self._allowance.per_year - spent_this_year - sums.reserved
        return Balance(
            year=year,
            spent=sums.spent,
            spent_this_year=spent_this_year,
            reserved=sums.reserved,
            left_this_year=max(Fraction(0), min(this_year, all_time)),
            left_for_all_time=max(Fraction(0), all_time),
        )

    def _demand_few_failures(self, sums: _Sums) -> None:
        lost = sums.lost_on.get(self._now(sums).date(), {})
        under_way = len(sums.open)
        if (
            len(lost) + under_way >= self._failed_attempts_per_day
            or sum(lost.values(), sums.reserved) >= self._allowance.lost_per_day
        ):
            raise TooManyFailedAttemptsError(len(lost), under_way, sum(lost.values(), Fraction(0)))

    def _statement(self) -> LedgerStatement:
        last = self._store.last()
        payload = {} if last is None else _payload(last)
        unsigned = LedgerStatement(
            country=self._country,
            sequence=0 if last is None else last.number,
            spent=Fraction(payload.get("spent", 0)),
            reserved=Fraction(payload.get("reserved", 0)),
            head=BEGINNING if last is None else last.digest,
            signature=Signature(bytes(64)),
        )
        return LedgerStatement(
            country=unsigned.country,
            sequence=unsigned.sequence,
            spent=unsigned.spent,
            reserved=unsigned.reserved,
            head=unsigned.head,
            signature=self._sign(unsigned.to_sign()),
        )

    def _release_overdue(self) -> None:
        for found in self._overdue(self._sums()):
            self._release(found)

    def _overdue(self, sums: _Sums) -> list[_Open]:
        now = self._clock().timestamp()
        return [
            one for one in sums.open.values() if one.deadline < now and one.session in self._mine
        ]

    def _release(self, found: _Open | None) -> None:
        if found is not None:
            self._append("release", found.session, found.rho)

    def _append(
        self, kind: str, session: SessionId, rho: Fraction, **more: canonical.Json
    ) -> Entry:
        sums = self._sums()
        spent, reserved = sums.spent, sums.reserved
        match kind:
            case "reserve":
                reserved = rounded_up(reserved + rho)
            case "debit" | "forfeit":
                spent, reserved = rounded_up(spent + rho), sums.reserved_without(session)
            case "release":
                reserved = sums.reserved_without(session)
            case _:
                pass
        return self._store.append(
            kind,
            {
                "session": session.hex(),
                "rho": fraction_text(rho),
                "at": self._now(sums).isoformat(timespec="seconds"),
                "spent": fraction_text(spent),
                "reserved": fraction_text(reserved),
                **more,
            },
            session,
        )


def _series_to_json(part: SeriesPart, rho: Fraction) -> dict[str, canonical.Json]:
    return {"series": {"id": part.series.hex(), "period": part.period, "rho": fraction_text(rho)}}


def _payload(entry: Entry) -> Mapping[str, Any]:
    value = canonical.decode(entry.payload, f"ledger entry {entry.number}")
    assert isinstance(value, Mapping)  # noqa: S101  # its signature was verified at the start
    return value
