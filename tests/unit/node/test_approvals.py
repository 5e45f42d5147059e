"""A question that waits for people: bound to all that they saw, approved once, used once."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.ledger import ApprovalUsedError
from corridor.errors.policy import (
    ApprovalOverError,
    ApprovalsUnavailableError,
    BadPersonNameError,
    SamePersonError,
    UnknownApprovalError,
)
from corridor.errors.region import QuestionCancelledError
from corridor.ids import CountryCode, SessionId
from corridor.node.approvals import ApprovalBook, Standing, Waiting, parse_person
from corridor.node.policy import parse_policy
from corridor.protocols.secure_sum.messages import Acceptance, Proposal, Scope
from corridor.queries.catalogue import Source
from corridor.queries.predicates import all_of
from corridor.queries.question import CountPersons, TableQuestion, make_question
from corridor.transport.messages import Failed, Refusal
from support.ledgers import MD, TestClock, deadline, open_ledger
from support.node_region import FOUR, RealNode, Talk, by_gender, charter_of_four, make_proposal

ASKS = """
[approvals]
two_above = "1/100"
valid_days = 3
most_waiting = 2
[[rule]]
verdict = "ask"
when.scope = ["regional", "per-country"]
"""
CHARTER = charter_of_four()
ANNA, BORIS = parse_person("anna"), parse_person("boris")
ONE_PERSON, TWO_PEOPLE = Fraction(1, 100), Fraction(1, 99)


def session(number: int) -> SessionId:
    return SessionId(number.to_bytes(16, "big"))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RealNode]:
    node = RealNode(tmp_path / "RO", CountryCode("RO"), CHARTER, TestClock(), policy=ASKS)
    yield node
    node.close()


def proposal(node: RealNode, number: int, **changes: Any) -> Proposal:
    return make_proposal(CHARTER, node.clock(), session=session(number), **changes)


def answer(node: RealNode, number: int, **changes: Any) -> str:
    """`accepted`, or the code of the refusal."""
    (said,) = node.hear(proposal(node, number, **changes), session(number))
    assert isinstance(said, Acceptance | Refusal), said
    return said.code if isinstance(said, Refusal) else "accepted"


def fail(node: RealNode, number: int) -> None:
    """The coordinator says that the attempt ended before anybody debited."""
    node.hear(Failed("attempt.internal", "a test", frozenset()), session(number))


def reserved(node: RealNode) -> Fraction:
    return node.ledger.balance().reserved


def newest(node: RealNode) -> Waiting:
    return node.approvals.all()[0]


def test_a_question_waits_until_a_person_approves_it_and_then_takes_part_without_a_restart(
    node: RealNode,
) -> None:
    assert answer(node, 1) == "policy.waiting_for_approval"
    assert reserved(node) == 0
    node.people.approve(newest(node).id, ANNA)
    assert answer(node, 2) == "accepted"
    assert reserved(node) == Fraction(1, 100)
    kinds = [kind for kind in node.journalled if kind in {"waits", "approved", "accepted"}]
    assert kinds == ["waits", "approved", "accepted"]
    rows = {row.kind: row.details for row in node.journal.rows()}
    assert rows["approved"]["by"] == "anna"
    assert rows["accepted"]["approval"] == rows["approved"]["approval"] == newest(node).id


def test_above_the_rho_of_two_one_person_is_not_enough_however_often_they_say_it(
    node: RealNode,
) -> None:
    assert answer(node, 1, rho=TWO_PEOPLE) == "policy.waiting_for_approval"
    node.people.approve(newest(node).id, ANNA)
    with pytest.raises(SamePersonError):
        node.people.approve(newest(node).id, parse_person(" ANNA"))
    assert answer(node, 2, rho=TWO_PEOPLE) == "policy.waiting_for_approval"
    node.people.approve(newest(node).id, BORIS)
    assert answer(node, 3, rho=TWO_PEOPLE) == "accepted"


def test_whoever_may_no_longer_approve_is_not_counted(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.counts = lambda word: word.person != ANNA
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert reserved(node) == 0
    node.counts = lambda _: True
    assert answer(node, 3) == "accepted"


def test_whose_old_word_does_not_count_may_say_it_again(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.clock.advance(timedelta(minutes=1))
    begun_anew = int(node.clock().timestamp())
    node.counts = lambda word: word.at >= begun_anew
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert node.people.approve(newest(node).id, ANNA).approvers == (ANNA,)
    assert answer(node, 3) == "accepted"


def test_a_denial_while_rho_is_being_reserved_gives_it_back(
    node: RealNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(node, 1)
    identifier = newest(node).id
    node.people.approve(identifier, ANNA)
    reserve = node.ledger.reserve

    def deny_and_reserve(*words: Any, **more: Any) -> Any:
        node.people.deny(identifier, BORIS)
        return reserve(*words, **more)

    monkeypatch.setattr(node.ledger, "reserve", deny_and_reserve)
    assert answer(node, 2) == "policy.denied"
    assert reserved(node) == 0
    assert node.ledger.balance().spent == 0


BY_EXPLOITATION = make_question(
    TableQuestion(
        source=Source.PERSONS,
        measure=CountPersons(),
        where=all_of(()),
        group_by=("exploitation",),
    )
)
OTHERS: dict[str, dict[str, Any]] = {
    "question": {"asked": BY_EXPLOITATION},
    "rho": {"rho": Fraction(1, 101)},
    "scope": {"scope": Scope.PER_COUNTRY},
    "purpose": {"purpose": "something else"},
    "organisation": {"organisation": "somebody else"},
}


@pytest.mark.parametrize("what", OTHERS)
def test_a43_an_approval_fits_nothing_but_what_people_saw(node: RealNode, what: str) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    assert answer(node, 2, **OTHERS[what]) == "policy.waiting_for_approval"
    assert answer(node, 3) == "accepted"


def test_a43_newer_data_end_what_was_approved_of_the_older(node: RealNode) -> None:
    answer(node, 1)
    approved = newest(node)
    node.people.approve(approved.id, ANNA)
    node.import_women(7)
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert newest(node).id != approved.id
    with pytest.raises(ApprovalOverError, match="older edition"):
        node.people.approve(approved.id, BORIS)


def test_another_rule_of_consent_is_another_question_to_people(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.policy = parse_policy(
        ASKS + '[consent]\nbasis = "other-legal-basis"\nstatement = "Act 12 of 2019"\n'
    )
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert newest(node).asked.statement == "Act 12 of 2019"


def test_a_policy_that_refuses_now_is_stronger_than_what_people_approved(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.policy = parse_policy('[[rule]]\nverdict = "refuse"\n')
    assert answer(node, 2) == "policy.refuses"


def test_a_policy_that_wants_two_people_now_is_not_content_with_one_from_before(
    node: RealNode,
) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.policy = parse_policy(ASKS.replace('"1/100"', '"1/1000"'))
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert newest(node).needs == 2
    node.people.approve(newest(node).id, BORIS)
    assert answer(node, 3) == "accepted"


def test_what_was_denied_is_not_put_to_people_again(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.people.deny(newest(node).id, BORIS)  # also after an approval, as long as it is not used
    assert answer(node, 2) == "policy.denied"
    assert len(node.approvals.all()) == 1
    with pytest.raises(ApprovalOverError, match="denied"):
        node.people.approve(newest(node).id, parse_person("clara"))


def test_what_nobody_answered_in_its_days_is_over_and_comes_back_anew(node: RealNode) -> None:
    answer(node, 1)
    first = newest(node)
    node.people.approve(first.id, ANNA)
    node.clock.advance(timedelta(days=3, seconds=1))
    assert node.people.standing(first) is Standing.EXPIRED
    assert answer(node, 2) == "policy.waiting_for_approval"
    assert newest(node).id != first.id


def test_a_flood_of_questions_is_capped_and_the_same_one_is_kept_once(node: RealNode) -> None:
    for number in range(1, 20):
        assert answer(node, number) == "policy.waiting_for_approval"
    assert len(node.approvals.all()) == 1
    codes = [answer(node, 100 + n, purpose=f"flood {n}") for n in range(30)]
    assert codes == ["policy.waiting_for_approval"] + ["policy.too_many_waiting"] * 29
    assert len(node.approvals.all()) == 2
    node.people.deny(newest(node).id, ANNA)  # an answer makes room
    assert answer(node, 200, purpose="another") == "policy.waiting_for_approval"


def take_back(node: RealNode, number: int) -> None:
    """The coordinator says that whoever asked takes it back."""
    error = QuestionCancelledError()
    node.hear(Failed(error.code, str(error), frozenset()), session(number))


def test_asking_and_taking_back_does_not_fill_the_book(node: RealNode) -> None:
    answer(node, 1, purpose="denied", organisation="flood")
    node.people.deny(newest(node).id, ANNA)
    answer(node, 2, purpose="of before", organisation="somebody else")
    take_back(node, 2)
    for number in range(3, 30):
        code = answer(node, number, purpose=f"flood {number}", organisation="flood")
        assert code == "policy.waiting_for_approval"
        take_back(node, number)
    kept = {one.asked.purpose for one in node.approvals.all()}
    # Two that were taken back, one of each organisation; the newest; and what somebody denied.
    assert kept == {"denied", "of before", "flood 28", "flood 29"}


def test_an_attempt_that_fails_before_its_debit_gives_the_approval_back(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    for number in (2, 3):
        assert answer(node, number) == "accepted"
        fail(node, number)
        assert node.people.standing(newest(node)) is Standing.APPROVED
    assert node.spent == (0, 0)


def test_two_attempts_at_once_do_not_rest_on_one_approval(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    assert answer(node, 2) == "accepted"
    assert answer(node, 3) == "policy.waiting_for_approval"
    assert reserved(node) == Fraction(1, 100)


def test_a17_a_kill_after_the_reservation_costs_the_approval_as_it_costs_the_rho(
    node: RealNode,
) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    assert answer(node, 2) == "accepted"
    node.restart()
    assert node.people.standing(newest(node)) is Standing.USED
    assert answer(node, 3) == "policy.waiting_for_approval"


def test_a17_a_kill_before_the_reservation_leaves_the_approval_as_it_was(node: RealNode) -> None:
    answer(node, 1)
    node.people.approve(newest(node).id, ANNA)
    node.restart()
    assert answer(node, 2) == "accepted"


def test_a18_a43_an_older_copy_of_the_book_brings_no_used_approval_back(
    tmp_path: Path,
) -> None:
    nodes = [RealNode(tmp_path / c, c, CHARTER, TestClock(), policy=ASKS) for c in FOUR]
    talk = Talk(nodes)
    for one in nodes:
        one.hear(talk.proposal, talk.session)
        one.people.approve(newest(one).id, ANNA)
    romania = nodes[2]
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(romania.home / "approvals.sqlite3") as book:
        book.execute("VACUUM INTO ?", (str(copy),))
    book.close()
    again = Talk(nodes, session(2))
    again.propose()
    again.share()
    again.open()
    again.mask()
    romania.close()
    for beside in romania.home.glob("approvals.sqlite3*"):
        beside.unlink()
    copy.rename(romania.home / "approvals.sqlite3")
    romania.open()
    assert newest(romania).is_enough
    assert answer(romania, 3) == "policy.waiting_for_approval"
    assert len(romania.approvals.all()) == 2
    for one in nodes:
        one.close()


def test_the_ledger_itself_lets_one_approval_carry_one_reservation(tmp_path: Path) -> None:
    clock = TestClock()
    with open_ledger(tmp_path / "ledger.sqlite3", clock, country=MD) as ledger:

        def reserve(number: int) -> None:
            ledger.reserve(
                session(number),
                Fraction(1, 10),
                question=by_gender().digest,
                charter=CHARTER.digest,
                deadline=deadline(clock),
                approval="a1",
            )

        reserve(1)
        with pytest.raises(ApprovalUsedError):
            reserve(2)
        ledger.release(session(1))
        reserve(2)
        ledger.debit(session(2), Fraction(1, 10))
        with pytest.raises(ApprovalUsedError):
            reserve(3)
        assert ledger.balance().spent == Fraction(1, 10)


def test_a_killed_word_is_either_said_or_not_and_can_be_said_again(
    node: RealNode, tmp_path: Path
) -> None:
    """`kill -9` between the journal's entry and the book's: said again, it counts once."""
    answer(node, 1)
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from corridor.node.approvals import ApprovalBook, Word, parse_person\n"
        "book = ApprovalBook(Path(sys.argv[1]))\n"
        "die = lambda said: os.kill(os.getpid(), signal.SIGKILL)\n"
        "word = Word(parse_person('anna'), True, int(sys.argv[3]))\n"
        "no = lambda _: False\n"
        "book.say(sys.argv[2], word, is_used=no, counts=lambda _: True, record=die)\n"
    )
    book, at = node.home / "approvals.sqlite3", str(int(node.clock().timestamp()))
    words = [sys.executable, "-P", "-c", program, str(book), newest(node).id, at]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert newest(node).words == ()
    node.people.approve(newest(node).id, ANNA)
    assert newest(node).approvers == (ANNA,)


def test_two_processes_cannot_both_be_the_same_person_s_second_word(
    tmp_path: Path, node: RealNode
) -> None:
    answer(node, 1, rho=TWO_PEOPLE)
    with ApprovalBook(node.home / "approvals.sqlite3") as other:
        node.people.approve(newest(node).id, ANNA)
        assert other.all()[0].approvers == (ANNA,)


@pytest.mark.parametrize("text", ["Ana Rusu", "D’Arc", "İbrahim Şahin", "ß" * 40, "Ана Лупу"])
def test_every_name_of_an_account_names_a_person(text: str) -> None:
    assert parse_person(text) == parse_person(f" {text.upper()} ".replace(" ", "  "))


@pytest.mark.parametrize("text", ["", " ", "anna; drop", "a" * 81, "\x1b[31m", "-"])
def test_what_cannot_name_a_person_is_refused(text: str) -> None:
    with pytest.raises(BadPersonNameError):
        parse_person(text)


def test_a_name_is_the_same_however_it_is_spaced_and_written() -> None:
    assert parse_person("Anna  PETROVA ") == parse_person("anna petrova")
    assert parse_person("Анна Петрова") == "анна петрова"


def test_an_id_that_begins_none_or_several_is_refused(node: RealNode) -> None:
    answer(node, 1)
    answer(node, 2, purpose="another")
    for identifier in ("", "zz"):
        with pytest.raises(UnknownApprovalError):
            node.people.approve(identifier, ANNA)


def test_a_book_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "approvals.sqlite3"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(ApprovalsUnavailableError):
        ApprovalBook(path)
    assert path.read_bytes() == b"something else" * 100
