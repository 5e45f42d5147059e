"""What one member found alone, the others hold afterwards: real books, journals and desks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.errors.ledger import ForgedAnswerError, LedgerForkError, ProvesNothingError
from corridor.errors.release_tree import SplitViewError
from corridor.ids import CountryCode
from corridor.node import evidence_desk, witness_book
from corridor.node.evidence_desk import MOST_TOLD, RESENDS
from corridor.protocols.contradictions import COORDINATOR, Contradiction, ContradictionTold
from corridor.protocols.notes import parse_note
from corridor.protocols.witnesses import WitnessAnswer
from support.charters import make_charter, node_keys
from support.contradictions import checkpoint, entry, ledger, proposal
from support.ledgers import TestClock
from support.witnesses import Copy, ask, show

FIVE = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA")))
CHARTER = make_charter(countries=FIVE)
UA = FIVE[4]
FORK = ledger(entry(spent=1), entry(spent=2))
SPLIT = Contradiction(COORDINATOR, checkpoint(1), checkpoint(2))


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Copy]]:
    """All but UA, whose ledger is forked in these tests."""
    made = [Copy(tmp_path / one, one, CHARTER, TestClock()) for one in FIVE[:4]]
    yield made
    for member in made:
        member.close()


def finds_a_fork(member: Copy, number: int = 2) -> None:
    """UA shows this member, and nobody else, two entries of one number."""
    key = node_keys(UA).public
    member.book.take(UA, key, [entry(spent=1)])
    with pytest.raises(LedgerForkError):
        member.book.take(UA, key, [entry(spent=number)])


def finds_a_split_view(member: Copy, claim: Contradiction = SPLIT) -> None:
    held, shown = parse_note(claim.held), parse_note(claim.shown)
    with member.tree.writing():
        member.tree.accuse(SplitViewError.code, held, shown, None, 7)


def forks(member: Copy) -> list[tuple[CountryCode, bytes, bytes]]:
    return [(one.country, one.held, one.shown) for one in member.book.forks()]


# ---------------------------------------------------------------- from member to member


def test_a19_what_one_member_finds_alone_the_others_hold_afterwards(members: list[Copy]) -> None:
    finder, *others = members
    ask(finder, others)
    finds_a_fork(finder)
    assert finder.desk.has_evidence_to_tell
    for told in list(finder.desk.fresh_evidence()):
        assert told.to is None
        show(told, others, back=finder)
    assert not list(finder.desk.fresh_evidence())
    for member in others:
        assert forks(member) == [(UA, FORK.held, FORK.shown)]
        assert member.journalled.count("evidence_taken") == 1
        assert not member.desk.has_evidence_to_tell  # nobody tells it on: the finder has told all
        assert "1 contradictions on record" in member.evidence


def test_the_finder_sees_who_has_confirmed_it(members: list[Copy]) -> None:
    finder, other, silenced, _ = members
    ask(finder, [other, silenced])
    finds_a_fork(finder)
    (told,) = finder.desk.fresh_evidence()
    assert "not confirmed by MD, NG, RO, UA" in finder.evidence
    show(told, [other], back=finder)
    assert "not confirmed by NG, RO, UA" in finder.evidence


def test_who_was_away_is_shown_it_when_it_asks(members: list[Copy]) -> None:
    finder, away, *_ = members
    finds_a_fork(finder)
    ask(away, [finder])
    assert forks(away) == [(UA, FORK.held, FORK.shown)]
    assert not away.desk.has_evidence_to_tell


def test_a_finder_that_was_away_shows_it_when_it_is_answered(members: list[Copy]) -> None:
    finder, other, *_ = members
    finds_a_fork(finder)
    finder.restart()
    ask(finder, [other])
    assert forks(other) == [(UA, FORK.held, FORK.shown)]


def test_what_members_found_themselves_is_not_sent_again(members: list[Copy]) -> None:
    first, second, *_ = members
    for member in (first, second):
        finds_a_fork(member)
    question = first.desk.ask()
    (answer,) = second.desk.on_ask(question)
    assert isinstance(answer, WitnessAnswer)
    assert len(answer.contradictions) == 1
    assert not list(first.desk.on_answer(answer))


def test_a_witness_goes_on_along_the_one_chain_that_it_holds(members: list[Copy]) -> None:
    """As the finder does: else one stray copy could silence its original (decision 9)."""
    learner = members[1]
    show(ContradictionTold(FIVE[0], None, FORK), [learner])
    key, one = node_keys(UA).public, entry(spent=1)
    learner.book.take(UA, key, [one, entry(2, one.digest, 2)])
    with pytest.raises(LedgerForkError):
        learner.book.take(UA, key, [entry(spent=2)])
    assert learner.book.last(key)[0] == 2


# ---------------------------------------------------------------- the list of releases


def test_a30_two_lists_of_releases_stop_the_cosigning_of_who_is_shown_them(
    members: list[Copy],
) -> None:
    finder, other, *_ = members
    finds_a_split_view(finder)
    (told,) = finder.desk.fresh_evidence()
    show(told, [other])
    assert other.tree.is_contradicted()
    assert "1 contradictions on record" in other.evidence
    assert other.tree.settle("the members have talked", 8) == 1
    show(told, [other])  # settled: the same again, in either order, is no news
    show(replace(told, claim=replace(SPLIT, held=SPLIT.shown, shown=SPLIT.held)), [other])
    assert not other.tree.is_contradicted()
    show(replace(told, claim=Contradiction(COORDINATOR, checkpoint(1), checkpoint(3))), [other])
    assert other.tree.is_contradicted()


def test_a_split_view_found_in_the_other_order_stays_settled(members: list[Copy]) -> None:
    finds_a_split_view(members[0])
    assert members[0].tree.settle("the members have talked", 8) == 1
    finds_a_split_view(members[0], replace(SPLIT, held=SPLIT.shown, shown=SPLIT.held))
    assert not members[0].tree.is_contradicted()


# ---------------------------------------------------------------- who drops it, who lies


def test_a19_who_drops_the_words_is_seen_at_both_ends(members: list[Copy]) -> None:
    """The answers are signed with what their witness can show: only the words can be dropped."""
    finder, other, *_ = members
    finds_a_fork(finder)
    (answer,) = (
        one for one in finder.desk.on_ask(other.desk.ask()) if isinstance(one, WitnessAnswer)
    )
    list(other.desk.on_answer(answer))
    assert "what BG can show did not arrive" in other.evidence
    assert other.journalled.count("evidence_missing") == 1
    question = finder.desk.ask()
    (back,) = other.desk.on_ask(question)
    assert isinstance(back, WitnessAnswer)
    list(finder.desk.on_answer(back))
    assert "not confirmed by MD" in finder.evidence
    # The file brings it.
    other.desk._evidence.take(FORK, "a file")
    assert "did not arrive" not in other.evidence


def test_a19_an_answer_from_which_they_were_taken_is_refused(members: list[Copy]) -> None:
    finder, other, *_ = members
    finds_a_fork(finder)
    (answer,) = (
        one for one in finder.desk.on_ask(other.desk.ask()) if isinstance(one, WitnessAnswer)
    )
    with pytest.raises(ForgedAnswerError):
        list(other.desk.on_answer(replace(answer, contradictions=())))


def test_a29_what_convicts_nobody_is_refused_and_harms_nobody(members: list[Copy]) -> None:
    liar, other, third, _ = members
    forged = replace(FORK, shown=FORK.shown.replace(b'"number":1', b'"number":2'))
    for _ in range(3):
        with pytest.raises(ProvesNothingError):
            show(ContradictionTold(liar.country, None, forged), [other])
    assert forks(other) == []
    assert other.evidence == ""
    assert other.journalled.count("evidence_refused") == 1
    ask(liar, [other, third, members[3]])  # it is witnessed as before
    assert liar.desk.is_witnessed


def test_a29_a_strangers_contradictions_are_not_looked_at(members: list[Copy]) -> None:
    for sender in (CountryCode("FR"), members[0].country):
        assert not list(members[0].desk.on_told(ContradictionTold(sender, None, FORK)))
    assert forks(members[0]) == []


def test_a29_one_that_contradicts_itself_without_end_fills_no_disk_and_no_line(
    members: list[Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness_book, "MOST_FORKS", 20)
    monkeypatch.setattr(evidence_desk, "MOST_COMPLAINTS", 20)
    finder, other, *_ = members
    for number in range(2, 40):
        finds_a_fork(finder, number)
        claim = ledger(entry(spent=1), entry(spent=number))
        lists = Contradiction(COORDINATOR, checkpoint(1), checkpoint(number))
        words = Contradiction(COORDINATOR, proposal("a"), proposal(f"a {number}"))
        for one in (claim, lists, words):
            show(ContradictionTold(finder.country, None, one), [other])
    assert len(forks(other)) == 2 * 20
    assert other.tree.proof_count() == 20
    assert other.journalled.count("evidence_taken") == 3 * 20
    assert len(finder.desk.ask().contradictions) == MOST_TOLD
    assert len(other.desk.ask().contradictions) == 3 * MOST_TOLD


def test_all_members_come_to_tell_the_same(members: list[Copy]) -> None:
    first, second, *_ = members
    for number in range(2, 32):
        finds_a_fork(members[number % 2], number)
    for _ in range(2):
        ask(first, [second])
        ask(second, [first])
    told = [one.desk.ask().contradictions for one in (first, second)]
    assert told[0] == told[1]
    assert len(told[0]) == MOST_TOLD


def test_a29_who_asks_again_and_again_is_sent_no_more_than_it_may_have_missed(
    members: list[Copy],
) -> None:
    finder, other, *_ = members
    finds_a_fork(finder)

    def sent() -> int:
        question = replace(other.desk.ask(), contradictions=())
        return sum(isinstance(one, ContradictionTold) for one in finder.desk.on_ask(question))

    assert sum(sent() for _ in range(3 * RESENDS)) == RESENDS
    finder.desk.ask()  # connected again
    assert sent() == 1


def test_a29_who_shows_the_same_again_and_again_is_answered_no_more(members: list[Copy]) -> None:
    finder, other, *_ = members
    list(other.desk.on_ask(finder.desk.ask()))
    told = ContradictionTold(finder.country, None, FORK)
    answers = [answer for _ in range(3 * RESENDS) for answer in other.desk.on_told(told)]
    assert len(answers) == RESENDS


def test_a_contradiction_under_a_key_of_before_is_kept_and_not_told(members: list[Copy]) -> None:
    """Nobody could verify it by the charter that they live by."""
    finder = members[0]
    finder.book.keep_told(replace(FORK, accused=FIVE[1]), "under a key that MD had")
    assert finder.desk.ask().contradictions == ()
    assert finder.book.fork_count() == 1
