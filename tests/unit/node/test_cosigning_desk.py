"""What a member cosigns, what it refuses, and what it keeps of that, whatever happens to it."""

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from corridor.errors.ledger import LedgerDiskError
from corridor.ids import Digest
from corridor.node.cosigning_desk import contradiction
from corridor.protocols import canonical
from corridor.protocols.charter import parse_charter
from corridor.protocols.notes import (
    Checkpoint,
    Cosignature,
    is_cosigned,
    parse_checkpoint,
    parse_note,
    verify_checkpoint,
)
from corridor.protocols.release_tree import Consistency, log_of
from corridor.transport.messages import CheckpointToCosign, Cosigned, TreeStanding
from support.charters import node_keys, rotated
from support.release_tree import (
    BG,
    FIVE,
    HELD,
    MD,
    UA,
    VECTORS,
    Liar,
    Member,
    charter_of_five,
    leaf_of,
    offer_of,
    receipt_of,
    session_of,
)
from support.signing import verify

CHARTER = charter_of_five()
HONEST = Liar.honest(CHARTER, 12)
POSITIVE = json.loads((VECTORS / "positive_next_release.json").read_text())
ATTACKS = sorted(VECTORS.glob("negative_*.json"))


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    member = Member(tmp_path / "MD", CHARTER)
    yield member
    member.close()


def at(member: Member, size: int) -> None:
    """Let the member cosign the honest tree of that size."""
    held = member.book.held()
    member.cosigned(HONEST.offer(0 if held is None else held.checkpoint.size, size))


# ---------------------------------------------------------------- cosigning


def test_it_cosigns_what_continues_the_tree_that_it_knows(member: Member) -> None:
    for old, new in ((0, 3), (3, 4), (4, 9)):
        offer = HONEST.offer(old, new)
        word = member.cosigned(offer)
        text = parse_note(offer.note).text
        cosignature = Cosignature(word.timestamp, word.signature)
        assert word.size == new
        assert word.timestamp == int(member.clock().timestamp())
        assert is_cosigned(text, cosignature, node_keys(MD).public, verify)
    assert member.journalled == ["cosigned"] * 3


def test_the_cosignature_is_on_the_disk_before_it_is_given_out(member: Member) -> None:
    word = member.cosigned(HONEST.offer(0, 4))
    beside = sqlite3.connect(member.home / "tree.sqlite3")
    kept = beside.execute("SELECT size, timestamp, signature FROM cosigned").fetchall()
    beside.close()
    assert kept == [(4, word.timestamp, word.signature)]


def test_what_cannot_be_kept_is_not_cosigned(member: Member) -> None:
    member.book._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerDiskError):
        member.desk.on_checkpoint(HONEST.offer(0, 4))
    member.restart()
    assert member.book.held() is None


def test_a_kill_after_the_cosignature_was_kept_repeats_it_word_for_word(member: Member) -> None:
    word = member.cosigned(HONEST.offer(0, 4))
    member.restart()
    member.clock.advance(timedelta(hours=1))
    assert member.cosigned(HONEST.offer(4, 4)) == word
    assert member.cosigned(HONEST.offer(0, 4)) == word


def test_after_a_rotation_the_next_tree_is_cosigned_with_the_new_key_and_the_last_not_again(
    member: Member,
) -> None:
    before = member.cosigned(HONEST.offer(0, 4))
    member.charter = rotated(CHARTER, MD)
    member.restart()
    key = member.charter.signing_keys[MD]
    # The word of before would be nobody's under the charter of now.
    assert member.desk.on_checkpoint(HONEST.offer(4, 4)) is None
    offer = HONEST.offer(4, 6)
    word = member.cosigned(offer)
    text = parse_note(offer.note).text
    assert is_cosigned(text, Cosignature(word.timestamp, word.signature), key, verify)
    assert word.timestamp >= before.timestamp


def test_it_keeps_the_cosignatures_of_others_and_says_no_more(member: Member) -> None:
    at(member, 4)
    answer = member.cosigned(HONEST.offer(4, cosigners=[BG], size=4))
    note = HONEST.note(4, cosigners=[BG, UA])
    log = log_of(CHARTER)
    own = Cosignature(answer.timestamp, answer.signature)
    whole = note.adding(own.line(log.witness_name(MD), log.witnesses[MD]))
    offer = replace(HONEST.offer(4, 4), note=whole.encode())
    assert member.desk.on_checkpoint(offer) is None
    held = member.book.held()
    assert held is not None
    assert set(verify_checkpoint(held.note, log, verify).cosigned) == {BG, MD, UA}
    assert "4 releases, cosigned by 3 of 5" in member.board.status.tree


def test_time_never_goes_back_between_two_cosignatures(member: Member) -> None:
    first = member.cosigned(HONEST.offer(0, 3))
    member.clock.now -= timedelta(days=3)
    assert member.cosigned(HONEST.offer(3, 4)).timestamp == first.timestamp


def test_a_member_that_was_away_says_from_where_to_prove(member: Member) -> None:
    at(member, 3)
    answer = member.desk.on_checkpoint(HONEST.offer(7, 9))
    assert answer == TreeStanding(3, ())
    assert isinstance(member.desk.on_checkpoint(HONEST.offer(3, 9)), Cosigned)


def test_a_member_that_is_not_of_the_charter_cosigns_nothing(tmp_path: Path) -> None:
    stranger = Member(tmp_path / "ZZ", CHARTER, country=FIVE[0])
    stranger.charter = replace(CHARTER, members=CHARTER.members[1:], min_participants=3)
    assert stranger.desk.on_checkpoint(HONEST.offer(0, 3)) is None
    stranger.close()


# ---------------------------------------------------------------- its own releases


def test_it_asks_for_the_release_that_it_was_told_of_and_then_cosigns(member: Member) -> None:
    at(member, HELD)
    member.desk.expect(session_of(HELD), receipt_of(HELD))
    assert member.desk.standing() == TreeStanding(HELD, (session_of(HELD),))
    asked = member.desk.on_checkpoint(HONEST.offer(HELD, HELD + 1))
    assert asked == TreeStanding(HELD, (session_of(HELD),))
    member.cosigned(HONEST.offer(HELD, HELD + 1, show=[HELD]))
    assert member.desk.standing() == TreeStanding(HELD + 1, ())


def test_a30_a_withheld_release_is_awaited_over_restarts(member: Member) -> None:
    at(member, HELD)
    member.desk.expect(session_of(99), receipt_of(99))
    for size in (HELD + 1, HELD + 2):
        member.restart()
        assert member.refusal(HONEST.offer(HELD, size)) == "tree.release_withheld"
    assert member.journalled.count("checkpoint_refused") == 2
    assert "tree.release_withheld" in member.board.status.tree


# ---------------------------------------------------------------- attacks


def test_the_attacks_were_found() -> None:
    assert len(ATTACKS) >= 15


def test_the_honest_twin_of_the_attacks_is_cosigned(member: Member) -> None:
    assert parse_charter(canonical.encode(POSITIVE["charter"])) == CHARTER
    member.cosigned(offer_of(POSITIVE["held"]))
    member.desk.expect(session_of(HELD), receipt_of(HELD))
    assert leaf_of(HELD).decode() == POSITIVE["awaited"]
    assert member.cosigned(offer_of(POSITIVE["offer"])).size == HELD + 1


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_a30_an_attack_is_refused_for_its_own_reason(path: Path, member: Member) -> None:
    vector = json.loads(path.read_text())
    member.cosigned(offer_of(POSITIVE["held"]))
    if vector["refused_with"] not in {"tree.split_view", "tree.older_checkpoint"}:
        member.desk.expect(session_of(HELD), receipt_of(HELD))
    assert member.refusal(offer_of(vector["offer"])) == vector["refused_with"]
    assert member.desk._asked.refused is not None
    assert vector["because"] in member.desk._asked.refused[1]
    held = member.book.held()
    assert held is not None
    assert held.checkpoint.size == HELD
    assert member.journalled == ["cosigned", "checkpoint_refused"]


@pytest.mark.parametrize(
    ("name", "afterwards"),
    [
        ("split_view", "tree.contradicted_before"),
        ("truncated_tree", None),
        ("reordered_leaves", None),
    ],
)
def test_a30_a_contradiction_is_kept_with_both_notes_and_ends_cosigning_where_it_convicts(
    member: Member, name: str, afterwards: str | None
) -> None:
    vector = json.loads((VECTORS / f"negative_{name}.json").read_text())
    member.cosigned(offer_of(POSITIVE["held"]))
    lie = offer_of(vector["offer"])
    assert member.refusal(lie) == vector["refused_with"]
    member.restart()
    if afterwards is None:  # a proof that does not hold is none that the coordinator lied
        assert member.cosigned(HONEST.offer(HELD, HELD + 1)).size == HELD + 1
    else:
        assert member.refusal(HONEST.offer(HELD, HELD + 1)) == afterwards
    (evidence,) = member.book.evidence()
    log = log_of(CHARTER)
    mine = verify_checkpoint(evidence.held, log, verify).checkpoint
    theirs = verify_checkpoint(evidence.offered, log, verify).checkpoint
    proof = None
    if evidence.proof:
        told = json.loads(evidence.proof)
        proof = Consistency(
            told["old"], told["new"], tuple(Digest(bytes.fromhex(step)) for step in told["path"])
        )
    found = contradiction(mine, theirs, proof)
    assert found is not None
    assert found.code == evidence.code == vector["refused_with"]
    assert evidence.is_proof == (afterwards is not None)


def test_a_garbage_proof_stops_that_offer_only(member: Member) -> None:
    at(member, 3)
    garbage = replace(HONEST.offer(3, 5), consistency=(Digest(b"x" * 32),))
    assert member.refusal(garbage) == "tree.inconsistent"
    assert member.journalled == ["cosigned", "checkpoint_refused"]
    assert "tree.inconsistent" in member.board.status.tree
    (complaint,) = member.book.evidence()
    assert not complaint.is_proof
    assert member.cosigned(HONEST.offer(3, 5)).size == 5
    assert "not cosigned" not in member.board.status.tree


def test_complaints_do_not_fill_the_disk_and_leave_room_for_a_proof(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corridor.node.tree_book.MOST_COMPLAINTS", 3)
    at(member, 3)
    for size in range(4, 12):
        member.refusal(replace(HONEST.offer(3, size), consistency=(Digest(b"x" * 32),)))
    assert len(member.book.evidence()) == 3
    other = Liar(CHARTER, [leaf_of(n, "another") for n in range(3)])
    assert member.refusal(other.offer(3, 3)) == "tree.split_view"
    assert [one.is_proof for one in member.book.evidence()] == [False] * 3 + [True]


def test_once_settled_it_goes_on_from_its_own_tree_and_refuses_the_other_as_before(
    member: Member,
) -> None:
    at(member, 3)
    other = Liar(CHARTER, [leaf_of(n, "another") for n in range(6)])
    assert member.refusal(other.offer(3, 3)) == "tree.split_view"
    assert member.book.settle("a restored backup, says the coordinator; BG agrees", 9) == 1
    assert member.book.settle("again", 10) == 0
    member.restart()
    assert member.cosigned(HONEST.offer(3, 4)).size == 4
    assert member.refusal(other.offer(4, 6)) == "tree.inconsistent"
    # The pair that was settled is no news; a new one is.
    assert member.refusal(other.offer(4, 4)) == "tree.split_view"
    assert member.refusal(HONEST.offer(4, 5)) == "tree.contradicted_before"
    settled = [one.settled for one in member.book.evidence() if one.is_proof]
    assert settled == ["a restored backup, says the coordinator; BG agrees", ""]


def test_a30_two_views_are_found_when_their_cosignatures_meet(tmp_path: Path) -> None:
    """Two halves of a region are shown two trees; one note that crosses over convicts the log."""
    other = Liar(CHARTER, [leaf_of(0), leaf_of(1, "another"), leaf_of(2)])
    one, two = Member(tmp_path / "MD", CHARTER), Member(tmp_path / "UA", CHARTER, UA)
    one.cosigned(HONEST.offer(0, 2))
    two.cosigned(other.offer(0, 2))
    crossing = two.book.held()
    assert crossing is not None
    offer = replace(HONEST.offer(2, 2), note=crossing.note.encode())
    assert one.refusal(offer) == "tree.split_view"
    (evidence,) = one.book.evidence()
    assert set(verify_checkpoint(evidence.offered, log_of(CHARTER), verify).cosigned) == {UA}
    one.close()
    two.close()


# ---------------------------------------------------------------- whatever happens

VIEWS = {
    "": HONEST,
    "b": Liar(CHARTER, [leaf_of(n, "b" if n >= 2 else "") for n in range(12)]),
    "c": Liar(CHARTER, [leaf_of(n, "c" if n >= 6 else "") for n in range(12)]),
}
views = st.sampled_from(sorted(VIEWS))
sizes = st.integers(0, 12)


class CosigningMachine(RuleBasedStateMachine):
    """A coordinator that lies at will, a member that dies at will: one tree, never smaller."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.member = Member(Path(self.folder.name) / "MD", CHARTER)
        self.words: dict[int, Checkpoint] = {}
        self.largest = 0

    @rule(view=views, old=sizes, size=sizes, show=st.sets(st.integers(0, 11), max_size=3))
    def offered(self, view: str, old: int, size: int, show: set[int]) -> None:
        liar = VIEWS[view]
        offer = liar.offer(old, size, show=[place for place in sorted(show) if place < size])
        self.hear(offer)

    @rule(view=views, size=sizes)
    def offered_from_where_it_is(self, view: str, size: int) -> None:
        pending = self.member.book.pending()
        show = [place for place in range(size) if session_of(place) in pending]
        self.hear(VIEWS[view].offer(self.member.desk.standing().size, size, show=show))

    @rule(view=views, number=st.integers(0, 11))
    def told_of_a_release(self, view: str, number: int) -> None:
        self.member.desk.expect(session_of(number), receipt_of(number, view))

    @rule()
    def killed(self) -> None:
        self.member.restart()

    def hear(self, offer: CheckpointToCosign) -> None:
        answer = self.member.desk.on_checkpoint(offer)
        if isinstance(answer, Cosigned):
            checkpoint = parse_checkpoint(parse_note(offer.note).text)
            assert answer.size == checkpoint.size >= self.largest  # never smaller
            assert self.words.setdefault(answer.size, checkpoint) == checkpoint  # one root a size
            self.largest = answer.size

    @invariant()
    def all_that_was_cosigned_is_one_history(self) -> None:
        assert any(
            all(word.root == liar.tree.root(size) for size, word in self.words.items())
            for liar in VIEWS.values()
        )

    @invariant()
    def the_book_says_what_left(self) -> None:
        held = self.member.book.held()
        assert (0 if held is None else held.checkpoint.size) == self.largest

    def teardown(self) -> None:
        self.member.close()
        self.folder.cleanup()


TestCosigning = CosigningMachine.TestCase
TestCosigning.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
