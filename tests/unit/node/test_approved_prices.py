"""What the ledger takes is what people approved, or nothing is reserved: also of a series."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.ledger import OtherSeriesPriceError, PriceRisenError, SeriesOutOfOrderError
from corridor.errors.policy import ApprovalOverError
from corridor.errors.region import ApprovalPendingError, QuestionCancelledError
from corridor.ids import CountryCode, Digest, SessionId
from corridor.node.approvals import ApprovalBook, Standing, Waiting, parse_person
from corridor.node.ledger import SeriesPart
from corridor.node.question_desk import part_of
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.queries.question import Every, Question, Turn
from corridor.transport.messages import Failed, Refusal, Released
from support.ledgers import MD, TestClock, deadline, open_ledger
from support.node_region import (
    FOUR,
    RealNode,
    Talk,
    by_gender,
    charter_of_four,
    make_proposal,
    start,
)

ASKS = """
[allowance]
per_year = "1"
all_time = "2"
lost_per_day = "1/2"
[approvals]
two_above = "1/10"
[[rule]]
verdict = "ask"
when.series = true
[[rule]]
verdict = "ask"
when.series = false
"""
CHARTER = charter_of_four()
ANNA = parse_person("anna")
RHO = Fraction(1, 20)
ANSWERED = Released("r", Digest(bytes(32)))
FAILED = Failed("attempt.internal", "a test", frozenset())


def session(number: int) -> SessionId:
    return SessionId(number.to_bytes(16, "big"))


def release(period: int) -> Question:
    turn = Turn(every=Every.MONTH, start=date(2026, 3, 1), periods=6, period=period)
    return by_gender().at(turn)


def repeat_of(question: Question) -> Fraction:
    part = part_of(question)
    assert part is not None
    return RHO * part.repeat


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RealNode]]:
    clock = start()
    made = [RealNode(tmp_path / c, c, CHARTER, clock, policy=ASKS) for c in FOUR]
    yield made
    for node in made:
        node.close()


def newest(node: RealNode) -> Waiting:
    return node.approvals.all()[0]


def answer(node: RealNode, number: int, asked: Question, **changes: Any) -> str:
    """`accepted`, or the code of the refusal."""
    proposal = make_proposal(
        CHARTER, node.clock(), asked=asked, session=session(number), **{"rho": RHO, **changes}
    )
    (said,) = node.hear(proposal, session(number))
    assert isinstance(said, Acceptance | Refusal), said
    return said.code if isinstance(said, Refusal) else "accepted"


def waits_at(node: RealNode, number: int, asked: Question, **changes: Any) -> Fraction:
    """The price at which the question waits."""
    assert answer(node, number, asked, **changes) == "policy.waiting_for_approval"
    return newest(node).asked.price


def approved(nodes: list[RealNode], number: int, asked: Question) -> Talk:
    """The question waited, and was approved, everywhere; the attempt to be made."""
    for node in nodes:
        waits_at(node, 100 + number, asked)
        node.people.approve(newest(node).id, ANNA)
    return Talk(nodes, session(number), asked, RHO)


def spent(node: RealNode) -> Fraction:
    return node.ledger.balance().spent


def test_each_answer_of_a_series_waits_at_exactly_what_the_ledger_takes_for_it(
    nodes: list[RealNode],
) -> None:
    node, prices, taken = nodes[0], [], []
    for number, (period, is_answered) in enumerate(
        [(1, True), (2, False), (2, True), (3, True)], start=1
    ):
        before = spent(node)
        talk = approved(nodes, number, release(period))
        prices.append(newest(node).asked.price)
        talk.until("sign" if is_answered else "mask")
        if is_answered:
            talk.unmask()
        for one in nodes:
            body = ANSWERED if is_answered else FAILED
            one.hear(body, session(number))
        taken.append(spent(node) - before)
    assert prices == taken == [RHO, 0, repeat_of(release(2)), 0]


def test_a43_an_approval_of_an_answer_that_costs_nothing_does_not_cover_one_that_costs(
    nodes: list[RealNode],
) -> None:
    first = approved(nodes, 1, release(1))
    first.until("sign")
    first.unmask()
    for node in nodes:
        assert waits_at(node, 150, release(2), purpose="another") == 0
        node.people.approve(newest(node).id, ANNA)
    approved(nodes, 2, release(2)).until("mask")
    before = spent(nodes[0])
    for node in nodes:
        node.hear(FAILED, session(2))
        # What was approved and not used, at the same ρ; now it is one more attempt.
        assert waits_at(node, 3, release(2), purpose="another") == repeat_of(release(2)) > 0
        assert node.ledger.balance().reserved == 0
    assert spent(nodes[0]) == before


def test_a_price_that_rises_behind_the_approval_reserves_nothing(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = approved(nodes, 1, release(1))
    first.until("sign")
    first.unmask()
    node = nodes[0]
    assert waits_at(node, 102, release(2)) == 0
    node.people.approve(newest(node).id, ANNA)
    demand = node.people.demand

    def pay_meanwhile(*words: Any, **more: Any) -> Waiting:
        found = demand(*words, **more)
        reserve(node, 99, part_of(release(2)))
        node.ledger.debit(session(99), RHO)
        return found

    monkeypatch.setattr(type(node.people), "demand", lambda _, *w, **m: pay_meanwhile(*w, **m))
    assert answer(node, 2, release(2)) == "ledger.price_risen"
    assert node.ledger.balance().reserved == 0
    assert node.people.standing(newest(node)) is Standing.APPROVED


def reserve(node: RealNode, number: int, part: SeriesPart | None, **more: Any) -> None:
    node.ledger.reserve(
        session(number),
        RHO,
        question=by_gender().digest,
        charter=CHARTER.digest,
        deadline=deadline(node.clock),
        part=part,
        **more,
    )


def test_a43_the_ledger_says_beforehand_what_it_takes_and_takes_no_more_than_was_approved(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    part, later = (SeriesPart(Digest(bytes(32)), period, Fraction(1, 3)) for period in (1, 2))
    with open_ledger(tmp_path / "ledger.sqlite3", clock, country=MD) as ledger:

        def take(number: int, part: SeriesPart | None, at_most: Fraction) -> Fraction:
            before, price = ledger.balance().spent, ledger.price(RHO, part)
            for wrong in (price - Fraction(1, 10**6), Fraction(-1)):
                with pytest.raises(PriceRisenError):
                    set_aside(number, part, wrong)
            assert ledger.balance().reserved == 0
            set_aside(number, part, at_most)
            ledger.debit(session(number), RHO)
            assert ledger.balance().spent - before == price
            return price

        def set_aside(number: int, part: SeriesPart | None, at_most: Fraction) -> None:
            ledger.reserve(
                session(number),
                RHO,
                question=by_gender().digest,
                charter=CHARTER.digest,
                deadline=deadline(clock),
                part=part,
                at_most=at_most,
            )

        assert take(1, None, RHO) == RHO
        assert take(2, part, RHO) == RHO
        assert take(3, part, RHO / 3) == RHO / 3
        assert take(4, later, Fraction(0)) == 0
        assert take(5, later, Fraction(1)) == RHO / 3
        with pytest.raises(SeriesOutOfOrderError):
            ledger.price(RHO, part)
        with pytest.raises(OtherSeriesPriceError):
            ledger.price(2 * RHO, later)


def test_a_reservation_whose_time_is_over_makes_no_answer_dearer(tmp_path: Path) -> None:
    with RealNodeOf(tmp_path) as node:
        reserve(node, 1, part_of(release(1)))
        node.ledger.debit(session(1), RHO)
        reserve(node, 2, part_of(release(2)))
        assert node.ledger.price(RHO, part_of(release(2))) == repeat_of(release(2))
        node.clock.advance(timedelta(hours=2))
        assert node.ledger.price(RHO, part_of(release(2))) == 0
        reserve(node, 3, part_of(release(2)), at_most=Fraction(0))


class RealNodeOf:
    """One node, closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.node = RealNode(folder / "RO", CountryCode("RO"), CHARTER, start(), policy=ASKS)

    def __enter__(self) -> RealNode:
        """The node."""
        return self.node

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.node.close()


# ---------------------------------------------------------------- what nobody asks any more


def test_a_question_that_its_asker_took_back_leaves_the_list_at_once(tmp_path: Path) -> None:
    with RealNodeOf(tmp_path) as node:
        waits_at(node, 1, by_gender())
        waiting = newest(node)
        pending = ApprovalPendingError(["RO"])
        node.hear(Failed(pending.code, str(pending), frozenset()), session(1))
        assert node.people.standing(newest(node)) is Standing.WAITING
        waits_at(node, 2, by_gender())
        cancelled = QuestionCancelledError()
        node.hear(Failed(cancelled.code, str(cancelled), frozenset()), session(1))
        assert node.people.standing(newest(node)) is Standing.WAITING  # asked again since
        node.hear(Failed(cancelled.code, str(cancelled), frozenset()), session(2))
        assert node.people.standing(newest(node)) is Standing.NOT_ASKED
        with pytest.raises(ApprovalOverError, match="nobody asks it any more"):
            node.people.approve(waiting.id, ANNA)


def test_an_answer_without_this_country_ends_what_waits_here(tmp_path: Path) -> None:
    with RealNodeOf(tmp_path) as node:
        waits_at(node, 1, by_gender())
        node.hear(ANSWERED, session(1))
        assert node.people.standing(newest(node)) is Standing.NOT_ASKED


def test_what_was_not_asked_for_a_day_is_over_until_it_is_asked_again(tmp_path: Path) -> None:
    with RealNodeOf(tmp_path) as node:
        waits_at(node, 1, by_gender())
        waiting = newest(node)
        node.clock.advance(timedelta(days=1, seconds=1))
        assert node.people.standing(newest(node)) is Standing.NOT_ASKED
        with pytest.raises(ApprovalOverError):
            node.people.approve(waiting.id, ANNA)
        waits_at(node, 2, by_gender())
        node.people.approve(waiting.id, ANNA)
        node.clock.advance(timedelta(days=1, seconds=1))  # people elsewhere are waited for
        assert node.people.standing(newest(node)) is Standing.APPROVED
        assert answer(node, 3, by_gender()) == "accepted"
        assert len(node.approvals.all()) == 1


def test_what_was_approved_and_is_not_asked_any_more_can_be_taken_back(tmp_path: Path) -> None:
    with RealNodeOf(tmp_path) as node:
        waits_at(node, 1, by_gender())
        node.people.approve(newest(node).id, ANNA)
        node.hear(Failed("question.cancelled", "", frozenset()), session(1))
        node.people.deny(newest(node).id, ANNA)
        assert answer(node, 2, by_gender()) == "policy.denied"


def test_a_coordinator_that_takes_back_and_asks_again_gets_no_second_answer(
    tmp_path: Path,
) -> None:
    with RealNodeOf(tmp_path) as node:
        waits_at(node, 1, by_gender())
        node.people.approve(newest(node).id, ANNA)
        for number in (1, 2, 3):
            node.hear(Failed("question.cancelled", "", frozenset()), session(number))
        assert answer(node, 2, by_gender()) == "accepted"
        node.hear(Failed("question.cancelled", "", frozenset()), session(1))
        assert answer(node, 3, by_gender()) == "policy.waiting_for_approval"


# ---------------------------------------------------------------- a book of before prices

OLD_SCHEMA = """
CREATE TABLE asked (
    id TEXT PRIMARY KEY, binding BLOB NOT NULL, session BLOB NOT NULL, since INTEGER NOT NULL,
    until INTEGER NOT NULL, needs INTEGER NOT NULL, ended TEXT, question BLOB NOT NULL,
    plan BLOB NOT NULL, charter BLOB NOT NULL, rho TEXT NOT NULL, scope TEXT NOT NULL,
    organisation TEXT NOT NULL, purpose TEXT NOT NULL, edition TEXT NOT NULL,
    consent_rule TEXT NOT NULL, statement TEXT NOT NULL
) STRICT;
CREATE INDEX asked_by_binding ON asked (binding);
CREATE TABLE words (
    asked TEXT NOT NULL, person TEXT NOT NULL, approves INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (asked, person, approves)
) STRICT;
"""
OLD_COLUMNS = (
    "id, binding, session, since, until, needs, ended, question, plan, charter, rho, scope, "
    "organisation, purpose, edition, consent_rule, statement"
)


def make_old(path: Path) -> None:
    """Turn a book into one as it was written before prices: other columns, other bindings."""
    with sqlite3.connect(path) as book:
        rows = book.execute(f"SELECT {OLD_COLUMNS} FROM asked").fetchall()  # noqa: S608  # a constant
        words = book.execute("SELECT * FROM words").fetchall()
        book.executescript("DROP TABLE asked; DROP TABLE words; PRAGMA user_version = 0;")
        book.executescript(OLD_SCHEMA)
        for row in rows:
            old = [row[0], bytes(32), *row[2:]]
            book.execute(f"INSERT INTO asked VALUES ({', '.join('?' * len(old))})", old)  # noqa: S608
        book.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", words)
    book.close()


def test_a_book_of_before_prices_keeps_what_people_said_of_questions_by_themselves(
    nodes: list[RealNode],
) -> None:
    first = approved(nodes, 1, release(1))
    first.until("sign")
    first.unmask()
    node = nodes[0]
    waits_at(node, 2, by_gender())
    node.people.approve(newest(node).id, ANNA)
    waits_at(node, 3, release(2))
    node.people.approve(newest(node).id, ANNA)  # shown at ρ = 1/20 then, which it does not cost
    before = [(one.id, one.words) for one in node.approvals.all()]
    node.close()
    make_old(node.home / "approvals.sqlite3")
    node.open()
    assert [(one.id, one.words) for one in node.approvals.all()] == before
    assert {one.asked.price for one in node.approvals.all()} == {RHO}
    with ApprovalBook(node.home / "approvals.sqlite3") as again:  # brought up to date once
        assert [(one.id, one.words) for one in again.all()] == before
    assert answer(node, 4, by_gender()) == "accepted"
    assert waits_at(node, 5, release(2)) == 0  # for people again, at what it costs
