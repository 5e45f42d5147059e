"""The ledger: whatever happens, no more is spent than allowed, and nothing spent is forgotten."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from corridor.errors.ledger import (
    AllowanceSpentError,
    BrokenChainError,
    LedgerDiskError,
    NoReservationError,
    SessionSeenError,
    TooManyFailedAttemptsError,
)
from corridor.ids import CountryCode, SessionId
from corridor.node import ledger as module
from corridor.node.ledger import Ledger
from corridor.node.witness_book import WitnessBook
from corridor.protocols.canonical import fraction_text, parse_fraction
from corridor.protocols.chains import Entry
from corridor.protocols.secure_sum.messages import LedgerStatement
from support.charters import node_keys
from support.ledgers import (
    CHARTER,
    MD,
    QUESTION,
    TENTH,
    TestClock,
    deadline,
    open_ledger,
    session_of,
)
from support.signing import verify


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: TestClock) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3", clock) as opened:
        yield opened


def reserve(
    ledger: Ledger, clock: TestClock, number: int, rho: Fraction = TENTH
) -> LedgerStatement:
    return ledger.reserve(
        session_of(number), rho, question=QUESTION, charter=CHARTER, deadline=deadline(clock)
    )


def spend(ledger: Ledger, clock: TestClock, number: int, rho: Fraction = TENTH) -> None:
    reserve(ledger, clock, number, rho)
    ledger.debit(session_of(number), rho)


def witness(book: WitnessBook, ledger: Ledger) -> None:
    """Another member is sent what it lacks of the ledger."""
    key = node_keys(MD).public
    book.take(MD, key, list(ledger.entries(book.last(key)[0])))


# ---------------------------------------------------------------- the model


class LedgerMachine(RuleBasedStateMachine):
    """Whatever happens, and however often the power fails, no more than the allowance is spent."""

    open_reservations: Bundle[SessionId] = Bundle("open_reservations")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite3"
        self.clock = TestClock()
        self.book = WitnessBook(Path(self.folder.name) / "witness.sqlite3", verify)
        self.ledger = open_ledger(self.path, self.clock)
        self.owed = Fraction(0)  # the model: what may have left this node
        self.open: dict[SessionId, tuple[Fraction, datetime]] = {}
        self.used: set[SessionId] = set()

    @rule(target=open_reservations, tenths=st.integers(1, 6), number=st.integers(1, 40))
    def reserve(self, tenths: int, number: int) -> SessionId | MultipleResults[SessionId]:
        session, rho = session_of(number), Fraction(tenths, 10)
        try:
            stated = reserve(self.ledger, self.clock, number, rho)
        except SessionSeenError:
            assert session in self.used
            return multiple()
        except AllowanceSpentError:
            self._forget_overdue()
            assert self.owed + sum(one for one, _ in self.open.values()) + rho > 1
            return multiple()
        self._forget_overdue()
        witness(self.book, self.ledger)
        self.book.demand_kept(stated, node_keys(MD).public)
        assert session not in self.used
        self.used.add(session)
        self.open[session] = (rho, self.clock() + timedelta(seconds=600))
        return session

    @rule(session=consumes(open_reservations))
    def debit(self, session: SessionId) -> None:
        self._forget_overdue()
        if session in self.open:
            debit = self.ledger.debit(session, TENTH)
            rho, _ = self.open.pop(session)
            assert (debit.session, debit.rho) == (session, rho)
            self.owed += rho
        else:  # released: without a debit nothing may leave
            with pytest.raises(NoReservationError):
                self.ledger.debit(session, TENTH)

    @rule(session=open_reservations)
    def release(self, session: SessionId) -> None:
        self.ledger.release(session)
        self.open.pop(session, None)

    @rule()
    def power_fails(self) -> None:
        self.ledger.close()
        self.ledger = open_ledger(self.path, self.clock)
        # This disk may be a copy from before a debit, so what is left open counts as spent.
        self.ledger.forfeit_left_open()
        self.owed += sum(one for one, _ in self.open.values())
        self.open.clear()

    @rule(minutes=st.integers(1, 20))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        assert self.ledger.balance().spent == self.owed <= 1

    @invariant()
    def no_witness_finds_a_contradiction(self) -> None:
        witness(self.book, self.ledger)
        self.book.demand_kept(self.ledger.statement(), node_keys(MD).public)

    def _forget_overdue(self) -> None:
        now = self.clock()
        self.open = {key: value for key, value in self.open.items() if value[1] >= now}

    def teardown(self) -> None:
        self.ledger.close()
        self.book.close()
        self.folder.cleanup()


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLedger = LedgerMachine.TestCase


# ---------------------------------------------------------------- rules


def test_the_statement_of_a_reservation_tells_the_ledger_after_it(
    ledger: Ledger, clock: TestClock
) -> None:
    spend(ledger, clock, 1)
    statement = reserve(ledger, clock, 2)
    assert (statement.sequence, statement.spent, statement.reserved) == (3, TENTH, TENTH)
    assert verify(node_keys(MD).public, statement.to_sign(), statement.signature)
    assert statement == ledger.statement()


@pytest.mark.parametrize("ending", ["open", "debited", "released", "restarted"])
def test_a20_a_session_is_answered_once_whatever_became_of_it(
    tmp_path: Path, clock: TestClock, ending: str
) -> None:
    path = tmp_path / "ledger.sqlite3"
    ledger = open_ledger(path, clock)
    reserve(ledger, clock, 1)
    match ending:
        case "debited":
            ledger.debit(session_of(1), TENTH)
        case "released":
            ledger.release(session_of(1))
        case "restarted":
            ledger.close()
            ledger = open_ledger(path, clock)
            ledger.forfeit_left_open()
        case _:
            pass
    with ledger, pytest.raises(SessionSeenError):
        reserve(ledger, clock, 1)


def test_a_session_is_debited_once(ledger: Ledger, clock: TestClock) -> None:
    spend(ledger, clock, 1)
    with pytest.raises(NoReservationError):
        ledger.debit(session_of(1), TENTH)
    assert ledger.balance().spent == TENTH


def test_what_was_debited_cannot_be_released(ledger: Ledger, clock: TestClock) -> None:
    spend(ledger, clock, 1)
    ledger.release(session_of(1))
    assert ledger.forfeit_left_open() == ()
    assert ledger.balance().spent == TENTH


def test_a39_after_the_deadline_nothing_is_debited(ledger: Ledger, clock: TestClock) -> None:
    reserve(ledger, clock, 1)
    clock.advance(timedelta(seconds=601))
    with pytest.raises(NoReservationError):
        ledger.debit(session_of(1), TENTH)


def test_a_reservation_is_given_back_at_its_deadline(ledger: Ledger, clock: TestClock) -> None:
    reserve(ledger, clock, 1, Fraction(1))
    with pytest.raises(AllowanceSpentError):
        reserve(ledger, clock, 2)
    clock.advance(timedelta(seconds=601))
    reserve(ledger, clock, 3)


def test_a34_ten_tenths_are_one(ledger: Ledger, clock: TestClock) -> None:
    for number in range(10):
        spend(ledger, clock, number)
    assert ledger.balance().spent == 1
    with pytest.raises(AllowanceSpentError, match="0 is left for all time"):
        reserve(ledger, clock, 10, Fraction(1, 10**30))


def test_the_years_allowance_returns_with_the_year_and_the_lifetimes_does_not(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock, per_year=TENTH, all_time=Fraction(1, 5)) as ledger:
        spend(ledger, clock, 1)
        with pytest.raises(AllowanceSpentError, match="0 is left in 2026"):
            reserve(ledger, clock, 2)
        clock.now = datetime(2027, 1, 1, tzinfo=UTC)
        spend(ledger, clock, 3)
        clock.now = datetime(2028, 1, 1, tzinfo=UTC)
        with pytest.raises(AllowanceSpentError, match="for all time"):
            reserve(ledger, clock, 4)


def test_a_reservation_that_crosses_new_year_counts_in_the_year_of_its_debit(
    tmp_path: Path,
) -> None:
    clock = TestClock(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    with open_ledger(tmp_path / "ledger.sqlite3", clock, per_year=TENTH) as ledger:
        reserve(ledger, clock, 1)
        clock.advance(timedelta(minutes=2))
        with pytest.raises(AllowanceSpentError, match="0 is left in 2027"):
            reserve(ledger, clock, 2)  # what is reserved may be debited this year
        ledger.debit(session_of(1), TENTH)
        assert ledger.balance().spent_this_year == TENTH
        with pytest.raises(AllowanceSpentError, match="0 is left in 2027"):
            reserve(ledger, clock, 3)


def test_a32_a_clock_set_back_hands_out_no_past_years_allowance(
    tmp_path: Path, clock: TestClock
) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock, per_year=TENTH) as ledger:
        spend(ledger, clock, 1)
        clock.now = datetime(2025, 3, 1, tzinfo=UTC)
        with pytest.raises(AllowanceSpentError, match="0 is left in 2026"):
            reserve(ledger, clock, 2)
        assert ledger.balance().year == 2026


def test_a32_a_clock_set_back_does_not_bear_more_failed_attempts(
    tmp_path: Path, clock: TestClock
) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock, failed_attempts_per_day=3) as ledger:
        for number in (1, 2, 3):
            ledger.attempt_failed(session_of(number))
        clock.now -= timedelta(days=1)
        with pytest.raises(TooManyFailedAttemptsError):
            reserve(ledger, clock, 4)


@pytest.mark.parametrize("rho", [Fraction(0), Fraction(-1, 10)])
def test_a8_nothing_and_less_than_nothing_cannot_be_reserved(
    ledger: Ledger, clock: TestClock, rho: Fraction
) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        reserve(ledger, clock, 1, rho)
    assert ledger.statement().sequence == 0


def test_failed_attempts_are_few_a_day_and_a_session_counts_once(
    tmp_path: Path, clock: TestClock
) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock, failed_attempts_per_day=3) as ledger:
        for number in (1, 1, 2, 3):
            ledger.attempt_failed(session_of(number))
        with pytest.raises(TooManyFailedAttemptsError, match="3 attempts failed"):
            reserve(ledger, clock, 4)
        clock.advance(timedelta(days=1))
        reserve(ledger, clock, 5)


def test_a17_what_failed_attempts_cost_is_counted_in_rho_too(
    tmp_path: Path, clock: TestClock
) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock, lost_per_day=Fraction(1, 4)) as ledger:
        spend(ledger, clock, 1, Fraction(2, 10))
        ledger.attempt_failed(session_of(1))
        spend(ledger, clock, 2, Fraction(1, 20))  # not answered yet: as good as lost
        with pytest.raises(TooManyFailedAttemptsError, match="ρ = 1/4"):
            reserve(ledger, clock, 3)
        ledger.answered(session_of(2))
        reserve(ledger, clock, 4)


@pytest.mark.parametrize("open_at_once", [1, 2, 3])
def test_a17_attempts_under_way_count_towards_the_days_limit(
    tmp_path: Path, clock: TestClock, open_at_once: int
) -> None:
    with open_ledger(
        tmp_path / "ledger.sqlite3", clock, failed_attempts_per_day=open_at_once
    ) as ledger:
        for number in range(open_at_once):
            reserve(ledger, clock, number)
        with pytest.raises(TooManyFailedAttemptsError, match=f"{open_at_once} more are under way"):
            reserve(ledger, clock, 9)
        ledger.release(session_of(0))
        reserve(ledger, clock, 9)


def test_only_what_was_debited_and_did_not_fail_can_be_answered(
    ledger: Ledger, clock: TestClock
) -> None:
    reserve(ledger, clock, 1)
    ledger.answered(session_of(1))
    spend(ledger, clock, 2)
    ledger.attempt_failed(session_of(2))
    ledger.answered(session_of(2))
    spend(ledger, clock, 3)
    ledger.answered(session_of(3))
    ledger.answered(session_of(3))
    ledger.attempt_failed(session_of(3))
    kinds = [row.kind for row in ledger.rows()]
    assert kinds == ["reserve", "reserve", "debit", "failed", "reserve", "debit", "answered"]


def test_a29_unlike_denominators_make_no_statement_that_peers_cannot_read(
    ledger: Ledger, clock: TestClock
) -> None:
    # A few cheap questions, asked by anybody with a token, would end a node's part in the region
    # for good: its sum of ρ would be a fraction longer than peers read.
    exact = Fraction(0)
    for number in range(20):
        rho = Fraction(1, 10**180 + 2 * number + 1)
        spend(ledger, clock, number, rho)
        exact += rho
        reserve(ledger, clock, 100 + number, rho / 3)
    statement = ledger.statement()
    for amount in (statement.spent, statement.reserved):
        assert parse_fraction(fraction_text(amount), "ρ") == amount
    assert exact <= statement.spent <= exact + Fraction(20, 10**18)
    assert len(fraction_text(ledger.balance().left_this_year)) < 200
    assert ledger.balance().spent == statement.spent


def test_the_entry_of_a_debit_says_what_it_costs_if_all_others_collude(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        reserve(ledger, clock, 1)
        ledger.debit(session_of(1), Fraction(7, 10))
    rows = sqlite3.connect(path).execute("SELECT payload FROM entries WHERE kind = 'debit'")
    assert b'"worst_case_rho":"7/10"' in rows.fetchone()[0]


# ---------------------------------------------------------------- two at once, kill -9, disks


def test_a16_threads_cannot_spend_the_same_allowance_twice(
    tmp_path: Path, clock: TestClock
) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock) as ledger:
        debited: list[int] = []

        def spend_often(first: int) -> None:
            for number in range(first, first + 6):
                try:
                    spend(ledger, clock, number)
                except AllowanceSpentError:
                    return
                debited.append(number)

        _all_at_once([partial(spend_often, 100 * n) for n in range(4)])
        assert len(debited) == 10
        assert ledger.balance().spent == 1


def test_a16_two_processes_share_one_ledger_and_one_allowance(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as one, open_ledger(path, clock) as other:
        reserve(one, clock, 1, Fraction(6, 10))
        with pytest.raises(AllowanceSpentError):
            reserve(other, clock, 2, Fraction(6, 10))
        with pytest.raises(SessionSeenError):
            reserve(other, clock, 1)


def test_what_another_process_spent_is_counted_by_one_that_is_open(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as one:
        spend(one, clock, 1)
        with open_ledger(path, clock) as other:
            spend(other, clock, 2)
        assert one.balance().spent == 2 * TENTH
        spend(one, clock, 3)
    with open_ledger(path, clock) as again:
        assert again.balance().spent == 3 * TENTH


def test_a_step_that_was_rolled_back_leaves_the_sums_as_they_were(
    ledger: Ledger, clock: TestClock
) -> None:
    reserve(ledger, clock, 1, Fraction(1))
    clock.advance(timedelta(seconds=601))
    with pytest.raises(AllowanceSpentError):  # after the overdue one was released in vain
        reserve(ledger, clock, 2, Fraction(2))
    assert ledger.balance().reserved == 1
    assert ledger.statement().sequence == 1
    reserve(ledger, clock, 3, Fraction(1))
    assert ledger.statement().reserved == 1


def test_a_step_costs_as_much_late_in_a_ledgers_life_as_early(
    tmp_path: Path, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    parse = module._payload

    def counted(entry: Entry) -> Mapping[str, Any]:
        nonlocal read
        read += 1
        return parse(entry)

    monkeypatch.setattr(module, "_payload", counted)
    with open_ledger(
        tmp_path / "ledger.sqlite3", clock, per_year=Fraction(99), all_time=Fraction(99)
    ) as ledger:
        for number in range(40):
            spend(ledger, clock, number)
    assert read < 40 * 6


@pytest.mark.slow
def test_a17_what_left_before_kill_minus_9_is_in_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    when = Random(17)
    left: set[str] = set()
    for life in range(8):
        left |= _spend_and_be_killed(path, 1000 * life, lines=when.randint(1, 12))
        with open_ledger(path, TestClock(), per_year=Fraction(10**6)) as ledger:
            rows = list(ledger.rows())
            ledger.forfeit_left_open()
        assert left <= {row.session for row in rows if row.kind == "debit"}
    with open_ledger(path, TestClock()) as ledger:
        assert ledger.balance().reserved == 0
        assert ledger.balance().spent >= len(left) * TENTH


def _spend_and_be_killed(path: Path, first: int, lines: int) -> set[str]:
    """What a process said it debited before it was killed, in the middle of something."""
    child = subprocess.Popen(
        [sys.executable, "-m", "support.ledgers", str(path), str(first)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.readlines()
    child.stdout.close()
    child.wait()
    complete = {line.decode().strip() for line in said if len(line) == 33}
    assert len(complete) >= lines
    return complete


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process can grow beyond what the log has now, as on a full disk."""
    used = path.with_name(f"{path.name}-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (used, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a38_on_a_full_disk_nothing_is_debited(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        reserve(ledger, clock, 1)
        with full_disk(path), pytest.raises(LedgerDiskError, match="nothing left this node"):
            ledger.debit(session_of(1), TENTH)
        assert ledger.balance().spent == 0
        ledger.debit(session_of(1), TENTH)
    with open_ledger(path, clock) as again:
        assert again.balance().spent == TENTH


def test_a18_what_an_ended_process_left_open_is_forfeited(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        reserve(ledger, clock, 1)
    clock.advance(timedelta(seconds=601))
    with open_ledger(path, clock) as ledger:
        ledger.release(session_of(1))  # it cannot know whether a copy of it has debited
        assert ledger.balance().reserved == TENTH
        assert ledger.forfeit_left_open() == (session_of(1),)
        assert (ledger.balance().spent, ledger.balance().reserved) == (TENTH, Fraction(0))
        assert ledger.balance().spent_this_year == TENTH


def test_a19_only_the_object_that_reserved_debits(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as one, open_ledger(path, clock) as other:
        reserve(one, clock, 1)
        with pytest.raises(NoReservationError):
            other.debit(session_of(1), TENTH)
        assert other.forfeit_left_open() == (session_of(1),)
        with pytest.raises(NoReservationError):
            one.debit(session_of(1), TENTH)


def test_a19_two_copies_never_make_the_same_entry(tmp_path: Path, clock: TestClock) -> None:
    path, clone = tmp_path / "ledger.sqlite3", tmp_path / "clone.sqlite3"
    open_ledger(path, clock).close()
    shutil.copy(path, clone)
    with open_ledger(path, clock) as one, open_ledger(clone, clock) as other:
        # The coordinator shows both the same proposal in the same second.
        assert reserve(one, clock, 1).head != reserve(other, clock, 1).head


def test_a18_a_backup_adopts_what_witnesses_hold_and_has_spent_it(
    tmp_path: Path, clock: TestClock
) -> None:
    path, backup = tmp_path / "ledger.sqlite3", tmp_path / "backup.sqlite3"
    with open_ledger(path, clock) as ledger:
        spend(ledger, clock, 1)
    shutil.copy(path, backup)
    with open_ledger(path, clock) as ledger:
        spend(ledger, clock, 2)
        reserve(ledger, clock, 3)
        held, head = list(ledger.entries()), ledger.statement()
    with open_ledger(backup, clock) as ledger:
        assert ledger.balance().spent == TENTH
        ledger.adopt(held[2:])
        assert ledger.statement() == head
        assert (ledger.balance().spent, ledger.balance().reserved) == (2 * TENTH, TENTH)
        with pytest.raises(SessionSeenError):
            reserve(ledger, clock, 2)
        ledger.forfeit_left_open()
        assert ledger.balance().spent == 3 * TENTH
    with open_ledger(backup, clock) as again:
        assert again.balance().spent == 3 * TENTH


@pytest.mark.parametrize("lie", ["a gap", "another key", "another history", "changed"])
def test_a18_a_ledger_adopts_nothing_but_its_own_next_entries(
    tmp_path: Path, clock: TestClock, lie: str
) -> None:
    with open_ledger(tmp_path / "real.sqlite3", clock) as real:
        spend(real, clock, 1)
        entries = list(real.entries())
    with open_ledger(tmp_path / "ne.sqlite3", clock, country=CountryCode("NE")) as foreign:
        spend(foreign, clock, 1)
        others = list(foreign.entries())
    with open_ledger(tmp_path / "ledger.sqlite3", clock) as ledger:
        if lie == "another history":
            reserve(ledger, clock, 2)
        shown = {
            "a gap": entries[1:],
            "another key": others,
            "another history": entries[1:],
            "changed": [replace(entries[0], payload=b"{}")],
        }[lie]
        before = ledger.statement()
        with pytest.raises(BrokenChainError):
            ledger.adopt(shown)
        assert ledger.statement() == before


# ---------------------------------------------------------------- damage


def edit(statement: str) -> Callable[[sqlite3.Connection], object]:
    def run(connection: sqlite3.Connection) -> None:
        connection.executescript(
            f"DROP TRIGGER never_changed; DROP TRIGGER never_removed; {statement};"
        )

    return run


@pytest.mark.parametrize(
    "damage",
    [
        edit("DELETE FROM entries WHERE number = 2"),
        edit("DELETE FROM entries WHERE number = 1"),
        edit(
            "UPDATE entries SET payload = "
            'CAST(replace(payload, \'"rho":"1/10"\', \'"rho":"1/99"\') AS BLOB)'
        ),
        edit("UPDATE entries SET number = number + 10; UPDATE entries SET number = 15 - number"),
        edit("UPDATE entries SET signature = zeroblob(64) WHERE number = 4"),
        edit("UPDATE entries SET session = zeroblob(16) WHERE number = 1"),
        edit("UPDATE entries SET kind = 'release' WHERE number = 2"),
    ],
    ids=["removed", "first-removed", "edited", "reordered", "unsigned", "session", "kind"],
)
def test_a_ledger_that_was_changed_is_not_opened(
    tmp_path: Path, clock: TestClock, damage: Callable[[sqlite3.Connection], object]
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        spend(ledger, clock, 1)
        spend(ledger, clock, 2)
    connection = sqlite3.connect(path)
    damage(connection)
    connection.close()
    with pytest.raises(BrokenChainError, match="left as it is"):
        open_ledger(path, clock)


def test_a_file_that_is_no_ledger_is_not_opened(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"not a database, and long enough to be looked at " * 100)
    with pytest.raises(BrokenChainError):
        open_ledger(path, clock)


def test_a_truncated_ledger_is_not_opened(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        spend(ledger, clock, 1)
    os.truncate(path, path.stat().st_size - 4096)
    with pytest.raises(BrokenChainError):
        open_ledger(path, clock)


def test_a_ledger_signed_by_another_key_is_not_opened(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock, country=CountryCode("NE")) as ledger:
        spend(ledger, clock, 1)
    with pytest.raises(BrokenChainError, match="not signed by this node"):
        open_ledger(path, clock)


def test_a38_a_ledger_that_cannot_be_opened_is_trouble_with_the_disk(
    tmp_path: Path, clock: TestClock
) -> None:
    with pytest.raises(LedgerDiskError):
        open_ledger(tmp_path / "absent" / "ledger.sqlite3", clock)
    (tmp_path / "ledger.sqlite3").mkdir()
    with pytest.raises(LedgerDiskError):
        open_ledger(tmp_path / "ledger.sqlite3", clock)


def test_only_the_owner_can_read_a_ledger(tmp_path: Path, clock: TestClock) -> None:
    with open_ledger(tmp_path / "ledger.sqlite3", clock) as ledger:
        spend(ledger, clock, 1)
        found = list(tmp_path.iterdir())
        assert len(found) == 3  # the file, its log and its index
        assert all(path.stat().st_mode & 0o077 == 0 for path in found)


def test_entries_cannot_be_changed_through_the_file_by_accident(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(path, clock) as ledger:
        spend(ledger, clock, 1)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        connection.execute("DELETE FROM entries")
    connection.close()


def _all_at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
