"""A node asks the others about its ledger after a start, and witnesses theirs: real files."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors import CorridorError
from corridor.errors.ledger import (
    BrokenChainError,
    ForgedAnswerError,
    LedgerBehindJournalError,
    LedgerForkError,
    NotWitnessedError,
    OwnForkError,
    UnknownEntriesError,
)
from corridor.ids import CountryCode, Digest, Signature
from corridor.node.witness_desk import RESENDS
from corridor.protocols import witnesses
from corridor.protocols.secure_sum.messages import LedgerStatement
from corridor.protocols.witnesses import (
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from support.charters import make_charter, node_keys
from support.ledgers import CHARTER, QUESTION, TENTH, TestClock, session_of
from support.signing import verify
from support.witnesses import Copy, ask, carry

FIVE = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA")))
CHARTER_OF_FIVE = make_charter(countries=FIVE)  # c = 1, so q = 3


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Copy]]:
    made = [Copy(tmp_path / one, one, CHARTER_OF_FIVE, TestClock()) for one in FIVE]
    yield made
    for member in made:
        member.close()


def reserve(member: Copy, number: int) -> LedgerStatement:
    return member.ledger.reserve(
        session_of(number), TENTH, question=QUESTION, charter=CHARTER, deadline=2**31
    )


def spend(member: Copy, number: int, others: list[Copy]) -> None:
    """An attempt from reservation to debit, which these others see."""
    reserve(member, number)
    member.ledger.debit(session_of(number), TENTH)
    carry(member.desk.fresh(), others)


def spent(member: Copy) -> Fraction:
    return member.ledger.balance().spent


# ---------------------------------------------------------------- after a start


def test_a_node_waits_until_a_quorum_has_answered(members: list[Copy]) -> None:
    me, *others = members
    ask(me, others[:2])
    with pytest.raises(NotWitnessedError, match="2 of the 3"):
        me.desk.demand_witnessed()
    silent = ", ".join(sorted(one.country for one in others[2:]))
    assert me.status == f"2 of 3 confirmed this ledger since the start; still silent: {silent}"
    ask(me, others[:3])
    me.desk.demand_witnessed()
    assert me.desk.is_witnessed
    me.restart()
    assert not me.desk.is_witnessed


def test_with_a_quorum_of_none_it_waits_for_nobody_and_says_what_that_is(tmp_path: Path) -> None:
    alone = Copy(
        tmp_path / "BG", FIVE[0], make_charter(countries=FIVE, witness_quorum=0), TestClock()
    )
    alone.desk.demand_witnessed()
    assert alone.status == "protect against accidents only"
    alone.close()


def test_a18_a_small_quorum_that_lacks_what_the_journal_let_out_is_not_enough(
    tmp_path: Path,
) -> None:
    alone = Copy(
        tmp_path / "BG", FIVE[0], make_charter(countries=FIVE, witness_quorum=0), TestClock()
    )
    spend(alone, 1, [])
    alone.journal.let_out(session_of(1))
    alone.desk.demand_witnessed()
    # Its ledger is lost; the journal is not.
    alone.close()
    for path in (tmp_path / "BG").glob("ledger.sqlite3*"):
        path.unlink()
    alone.open()
    with pytest.raises(LedgerBehindJournalError, match=session_of(1).hex()):
        alone.desk.demand_witnessed()
    alone.close()


def test_a18_a_restored_backup_takes_back_what_the_members_hold(
    tmp_path: Path, members: list[Copy]
) -> None:
    me, *others = members
    spend(me, 1, others)
    backup = me.clone(tmp_path / "backup", "backup")
    ask(me, others)
    for number in range(2, 5):
        spend(me, number, others)
    reserve(me, 5)
    carry(me.desk.fresh(), others)
    me.close()
    assert spent(backup) == TENTH
    ask(backup, others)
    backup.desk.demand_witnessed()
    # The reservation may have been debited after the last entry that anybody saw.
    assert spent(backup) == 5 * TENTH
    assert "ledger_recovered" in backup.journalled
    backup.close()
    me.open()


def test_a18_an_empty_disk_takes_back_a_long_history_piece_by_piece(
    tmp_path: Path, members: list[Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corridor.node.witness_desk.ENTRIES_AT_ONCE", 3)
    me, *others = members
    for number in range(5):
        spend(me, number, others)
    fresh = Copy(tmp_path / "new", FIVE[0], CHARTER_OF_FIVE, TestClock(), "new")
    ask(fresh, others)
    fresh.desk.demand_witnessed()
    assert fresh.ledger.statement() == me.ledger.statement()
    fresh.close()


def test_a18_one_members_word_moves_no_ledger(members: list[Copy], tmp_path: Path) -> None:
    me, *others = members
    backup = me.clone(tmp_path / "backup", "backup")
    spend(me, 1, others[:1])
    ask(backup, others[:1])
    assert backup.ledger.length == 0
    ask(backup, others[:3])  # two have nothing against it, and that makes three
    assert backup.ledger.length == 2
    backup.close()


def test_a18_an_old_answer_fits_no_new_question(members: list[Copy]) -> None:
    me, *others = members
    question = me.desk.ask()
    old = [one for other in others for one in other.desk.on_ask(question)]
    me.restart()
    me.desk.ask()
    for answer in old:
        assert isinstance(answer, WitnessAnswer)
        list(me.desk.on_answer(answer))
    assert not me.desk.is_witnessed


@pytest.mark.parametrize("lie", ["signature", "head", "witness"])
def test_an_answer_in_anothers_name_is_refused(members: list[Copy], lie: str) -> None:
    me, *others = members
    (answer,) = others[0].desk.on_ask(me.desk.ask())
    assert isinstance(answer, WitnessAnswer)
    forged = {
        "signature": replace(answer, signature=Signature(bytes(64))),
        "head": replace(answer, head=Digest(b"\1" * 32)),
        "witness": replace(answer, witness=FIVE[3]),
    }[lie]
    with pytest.raises(ForgedAnswerError):
        list(me.desk.on_answer(forged))


def test_entries_that_this_node_never_signed_are_not_adopted(members: list[Copy]) -> None:
    me, *others = members
    spend(others[1], 1, [])
    question = me.desk.ask()
    (answer,) = others[0].desk.on_ask(question)
    assert isinstance(answer, WitnessAnswer)
    lie = replace(answer, sequence=2, entries=tuple(others[1].ledger.entries()))
    text = lie.to_sign(CHARTER_OF_FIVE.digest)
    signed = replace(lie, signature=node_keys(lie.witness).sign(text))
    with pytest.raises(BrokenChainError):
        list(me.desk.on_answer(signed))
    assert me.ledger.length == 0


def test_a18_a_backup_from_before_a_member_was_replaced_is_not_spent_again(tmp_path: Path) -> None:
    now = make_charter(
        countries=(*FIVE[:4], CountryCode("ZA")), version=2, previous=CHARTER_OF_FIVE.digest
    )
    me, liar, knows, kept_from, gone = (
        Copy(tmp_path / one, one, CHARTER_OF_FIVE, TestClock()) for one in FIVE
    )
    me.clone(tmp_path / "backup", "backup").close()
    spend(me, 1, [knows, gone])  # with the liar, a quorum of the version of before
    new = Copy(tmp_path / "new", CountryCode("ZA"), now, TestClock())
    restored = Copy(tmp_path / "backup", me.country, now, TestClock(), 1, before=[CHARTER_OF_FIVE])
    for member in (liar, kept_from):
        member.charter = now
        member.restart()
    question = restored.desk.ask()
    for member in (liar, kept_from, new):  # a quorum of the version of now
        for said in list(member.desk.on_ask(question)):
            if isinstance(said, WitnessAnswer):
                list(restored.desk.on_answer(said))
    with pytest.raises(NotWitnessedError, match=knows.country):
        restored.desk.demand_witnessed()
    assert restored.handed_over == 0
    assert knows.country in restored.status
    (answer,) = (one for one in knows.desk.on_ask(question) if isinstance(one, WitnessAnswer))
    with pytest.raises(ForgedAnswerError):  # it lives by the charter of before
        list(restored.desk.on_answer(answer))
    knows.charter = now
    knows.restart()
    ask(restored, [knows, liar, kept_from, new])
    restored.desk.demand_witnessed()
    assert spent(restored) == TENTH
    assert restored.handed_over == 1
    # And the original, which the coordinator keeps under the charter of before, has lost it.
    word = knows.desk.on_request(WitnessRequest(Digest(b"\7" * 32), (reserve(me, 2),)))
    key = node_keys(knows.country).public
    assert verify(key, word.to_sign(now.digest), word.signature)
    assert not verify(key, word.to_sign(CHARTER_OF_FIVE.digest), word.signature)
    for one in (me, liar, knows, kept_from, gone, new, restored):
        one.close()


def test_a19_of_two_copies_one_goes_on_and_the_other_is_refused_for_good(
    tmp_path: Path, members: list[Copy]
) -> None:
    me, *others = members
    other = me.clone(tmp_path / "clone", "clone")
    for copy in (me, other):
        ask(copy, others)
        copy.desk.demand_witnessed()
    stated = reserve(me, 1)
    carry(me.desk.fresh(), others)
    rival = reserve(other, 2)
    carry(other.desk.fresh(), others)
    for witness in others:
        assert witness.desk.unwitnessed([stated]) == frozenset()
        assert witness.desk.unwitnessed([rival]) == {me.country}
        assert witness.book.fork_count() >= 1
        assert "forked" in witness.journalled
    other.ledger.release(session_of(2))
    ask(other, others)
    with pytest.raises(OwnForkError, match="another history"):
        other.desk.demand_witnessed()
    other.restart()
    ask(other, others)
    with pytest.raises(OwnForkError):
        other.desk.demand_witnessed()
    assert not other.desk.is_witnessed
    assert other.book.fork_count() >= 1  # the evidence, at the copy too
    ask(me, others)
    me.desk.demand_witnessed()
    other.close()


def test_the_refused_copy_is_whole_again_without_its_ledger(
    tmp_path: Path, members: list[Copy]
) -> None:
    me, *others = members
    other = me.clone(tmp_path / "clone", "clone")
    ask(me, others)
    spend(me, 1, others)
    ask(other, others[:0])
    reserve(other, 2)
    other.close()
    for file in other.folder.glob("ledger.sqlite3*"):
        file.unlink()
    other.open()
    ask(other, others)
    other.desk.demand_witnessed()
    assert other.ledger.statement() == me.ledger.statement()
    other.close()


# ---------------------------------------------------------------- as a witness


def test_who_was_away_is_sent_what_it_lacks_when_it_asks(members: list[Copy]) -> None:
    me, *others = members
    spend(me, 1, others[:1])
    away = others[3]
    stated = reserve(me, 2)
    assert away.desk.unwitnessed([stated]) == {me.country}
    ask(away, [me])
    assert away.desk.unwitnessed([stated]) == frozenset()


def test_a_member_outside_a_roster_names_the_heads_that_it_holds(members: list[Copy]) -> None:
    me, other, outside, *_ = members
    stated = [reserve(me, 1), reserve(other, 1)]
    carry(me.desk.fresh(), [outside])
    word = outside.desk.on_request(WitnessRequest(Digest(b"\7" * 32), tuple(stated)))
    assert dict(word.kept) == {me.country: stated[0].head}
    text = word.to_sign(CHARTER_OF_FIVE.digest)
    assert verify(node_keys(outside.country).public, text, word.signature)


def test_a24_a_statement_that_its_member_did_not_sign_is_no_fork(members: list[Copy]) -> None:
    me, _, outside, *_ = members
    stated = reserve(me, 1)
    carry(me.desk.fresh(), [outside])
    forged = replace(stated, head=Digest(b"\1" * 32))
    word = outside.desk.on_request(WitnessRequest(Digest(b"\7" * 32), (forged,)))
    assert not word.kept
    assert outside.book.fork_count() == 0


def test_strangers_and_oneself_are_not_witnessed(members: list[Copy]) -> None:
    me, other, *_ = members
    spend(other, 1, [])
    entries = tuple(other.ledger.entries())
    assert not list(
        me.desk.on_entries(LedgerEntries(country=CountryCode("ZZ"), to=None, entries=entries))
    )
    assert not list(me.desk.on_ask(replace(other.desk.ask(), country=CountryCode("ZZ"))))
    assert not list(me.desk.on_ask(me.desk.ask()))


def test_a38_entries_that_a_witness_lost_are_asked_for_once_and_then_kept(
    members: list[Copy],
) -> None:
    me, witness, *_ = members
    key = node_keys(me.country).public
    spend(me, 1, [])  # the witness's disk was full: it kept none of these
    reserve(me, 2)
    later = LedgerEntries(
        country=me.country, to=None, entries=tuple(me.ledger.entries(me.ledger.length - 1))
    )
    taking = witness.desk.on_entries(later)
    question = next(taking)
    with pytest.raises(UnknownEntriesError):
        next(taking)
    answers = list(me.desk.on_ask(question))
    carry([said for said in answers if isinstance(said, LedgerEntries)], [witness])
    assert witness.book.last(key)[0] == me.ledger.length
    assert not list(witness.desk.on_entries(later))


def test_a38_a_witness_that_keeps_nothing_does_not_ask_for_ever(members: list[Copy]) -> None:
    me, witness, *_ = members
    spend(me, 1, [])
    later = LedgerEntries(
        country=me.country, to=None, entries=tuple(me.ledger.entries(me.ledger.length - 1))
    )
    asked = 0
    for _ in range(2):
        with suppress(UnknownEntriesError):
            for _question in witness.desk.on_entries(later):
                asked += 1
    assert asked == 1


def test_a29_a_gap_in_anothers_ledger_takes_back_no_answer(members: list[Copy]) -> None:
    me, liar, *others = members
    spend(liar, 1, [])
    gap = LedgerEntries(
        country=liar.country, to=None, entries=tuple(liar.ledger.entries(liar.ledger.length - 1))
    )
    question = me.desk.ask()
    for member in others:
        with suppress(UnknownEntriesError):  # the liar speaks between any two answers
            list(me.desk.on_entries(gap))
        for said in list(member.desk.on_ask(question)):
            if isinstance(said, WitnessAnswer):
                list(me.desk.on_answer(said))
    me.desk.demand_witnessed()


def test_a29_one_member_cannot_make_the_others_ask_and_answer_for_ever(
    members: list[Copy],
) -> None:
    me, liar, *_ = members
    spend(liar, 1, [])
    spend(liar, 2, [])
    gap = LedgerEntries(
        country=liar.country, to=None, entries=tuple(liar.ledger.entries(liar.ledger.length - 1))
    )
    begun = replace(gap, entries=tuple(liar.ledger.entries(0, 1)))

    def asked() -> int:
        found = 0
        for message in [gap, begun] * 5:
            with suppress(UnknownEntriesError):
                for _question in me.desk.on_entries(message):
                    found += 1
        return found

    assert asked() == 1
    me.desk.on_request(WitnessRequest(Digest(bytes(32)), ()))  # another attempt: once more
    assert asked() == 1


def test_a29_who_asks_again_and_again_is_not_sent_the_whole_ledger_each_time(
    members: list[Copy],
) -> None:
    me, asker, *_ = members
    for number in range(3):
        spend(me, number, [])

    def sent(question: WitnessAsk) -> int:
        said = list(me.desk.on_ask(question))
        assert isinstance(said[0], WitnessAnswer)
        return sum(len(one.entries) for one in said if isinstance(one, LedgerEntries))

    asked = [sent(asker.desk.ask()) for _ in range(RESENDS + 5)]  # it says that it has nothing
    assert asked == [6] * (1 + RESENDS) + [0] * 4
    spend(me, 3, [])
    assert sent(asker.desk.ask()) == 2  # what is new it is sent all the same
    me.desk.on_request(WitnessRequest(Digest(bytes(32)), ()))  # another attempt
    assert sent(asker.desk.ask()) == 8


def test_a19_a_fork_is_told_once_in_the_journal(members: list[Copy], tmp_path: Path) -> None:
    me, witness, *_ = members
    other = me.clone(tmp_path / "clone", "clone")
    spend(me, 1, [witness])
    reserve(other, 2)
    shown = LedgerEntries(country=me.country, to=None, entries=tuple(other.ledger.entries()))
    for _ in range(3):
        with pytest.raises(LedgerForkError):
            list(witness.desk.on_entries(shown))
    assert witness.journalled.count("forked") == 1
    other.close()


def test_every_refusal_here_has_a_code_and_says_what_is_left() -> None:
    for error in (
        NotWitnessedError(1, 3),
        OwnForkError("MD"),
        ForgedAnswerError("MD"),
        LedgerForkError("MD", "x"),
    ):
        assert isinstance(error, CorridorError)
        assert error.code.startswith("ledger.")
        assert "." in str(error)
    assert witnesses.ENTRIES_AT_ONCE * 8 * 1024 < 4 * 1024 * 1024  # a message of the wire
