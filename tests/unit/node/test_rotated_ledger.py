"""A ledger and a journal when the keys of their node are rotated: the chains go on, once."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.errors.keeping import KeysRotatedError
from corridor.errors.ledger import (
    BrokenChainError,
    ForgedAnswerError,
    LedgerForkError,
    NotWitnessedError,
)
from corridor.ids import CountryCode
from corridor.node.journal import Journal, parse_export, verify_export
from corridor.protocols.charter import Charter
from corridor.protocols.contradictions import (
    EARLIER_KEY,
    Contradiction,
    entry_document,
    verify_contradiction,
)
from corridor.protocols.secure_sum.messages import UNSIGNED
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer
from support.charters import make_charter, next_keys, node_keys, rotated
from support.ledgers import CHARTER, QUESTION, TENTH, TestClock, open_ledger, session_of
from support.signing import verify
from support.witnesses import Copy, ask, carry

FOUR = tuple(map(CountryCode, ("AA", "AB", "AC", "AD")))
ME = FOUR[0]
FIRST = make_charter(countries=FOUR)
SECOND = rotated(FIRST, ME)
OLD, NEW = node_keys(ME), next_keys(ME, 1)
ORIGIN = OLD.public


class Region:
    """One member that rotates, and three that witness it."""

    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.me, *self.others = (Copy(folder / one, one, FIRST, self.clock) for one in FOUR)
        self.folder, self.number = folder, 0

    def spend(self, copy: Copy, to: list[Copy] | None = None) -> None:
        """One attempt, whose entries are passed on."""
        self.number += 1
        session = session_of(self.number)
        copy.desk.demand_witnessed()
        copy.ledger.reserve(session, TENTH, question=QUESTION, charter=CHARTER, deadline=2**31)
        copy.ledger.debit(session, TENTH)
        carry(copy.desk.fresh(), self.others if to is None else to)

    def go_over(self) -> None:
        """The charter with the new keys is in force for everybody."""
        self.me.goes_over(SECOND, NEW)
        for one in self.others:
            one.goes_over(SECOND)


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    region = Region(tmp_path)
    ask(region.me, region.others)
    region.spend(region.me)
    yield region
    for one in (region.me, *region.others):
        one.close()


def cloned(region: Region) -> Copy:
    """What a backup of now is, when it is put back one day."""
    backup = region.me.clone(region.folder / "backup", "backup")
    ask(region.me, region.others)
    return backup


def held_by(member: Copy) -> list[bytes]:
    return [one.digest for one in member.book.entries(ORIGIN, 0, 1000)]


def own(copy: Copy) -> list[bytes]:
    return [one.digest for one in copy.ledger.entries()]


def test_a19_the_first_entry_under_the_new_key_follows_the_last_under_the_old_one(
    region: Region,
) -> None:
    before = own(region.me)
    region.go_over()
    ask(region.me, region.others)
    assert region.me.desk.is_witnessed
    region.spend(region.me)
    assert own(region.me)[: len(before)] == before
    assert region.me.ledger.balance().spent == 2 * TENTH
    assert all(held_by(one) == own(region.me) for one in region.others)
    assert not any(one.book.fork_count() for one in region.others)


def test_who_was_away_and_who_is_new_take_the_entries_of_before_under_the_new_key(
    region: Region,
) -> None:
    away = region.others.pop()
    region.spend(region.me)
    region.go_over()
    away.goes_over(SECOND)
    assert len(held_by(away)) < len(own(region.me))
    ask(away, [region.me])
    assert held_by(away) == own(region.me)
    away.close()


def test_a19_a_thief_of_the_old_key_adds_nothing_to_the_ledger_any_more(region: Region) -> None:
    thief = region.me.clone(region.folder / "thief", "thief")
    region.go_over()
    for one in region.others:
        one.desk.ask()
    ask_of_thief = thief.desk.ask()
    for one in region.others:
        for said in list(one.desk.on_ask(ask_of_thief)):
            if isinstance(said, WitnessAnswer):  # of the charter of now
                with pytest.raises(ForgedAnswerError):
                    list(thief.desk.on_answer(said))
    session = session_of(99)
    thief.ledger.reserve(session, TENTH, question=QUESTION, charter=CHARTER, deadline=2**31)
    thief.ledger.debit(session, TENTH)
    for message in thief.desk.fresh():
        for one in region.others:
            with pytest.raises(BrokenChainError):
                list(one.desk.on_entries(message))
    ask(region.me, region.others)
    region.spend(region.me)  # and does not stand in the way
    assert region.me.ledger.balance().spent == 2 * TENTH
    thief.close()


def test_a18_a_ledger_of_before_under_the_new_key_takes_back_what_the_others_hold(
    region: Region,
) -> None:
    backup = cloned(region)
    region.spend(region.me)
    region.go_over()
    backup.goes_over(SECOND, NEW)
    ask(backup, region.others)
    assert own(backup) == own(region.me)
    assert backup.ledger.balance().spent == 2 * TENTH
    # What came back was signed by the old key, and is this node's own now.
    assert all(verify(NEW.public, one.digest, one.signature) for one in backup.ledger.entries())
    backup.restart()
    backup.close()


def test_a19_a_thief_of_the_old_key_with_one_member_makes_the_node_take_over_nothing(
    region: Region,
) -> None:
    thief = region.me.clone(region.folder / "thief", "thief")
    region.go_over()
    thief.ledger.reserve(session_of(99), TENTH, question=QUESTION, charter=CHARTER, deadline=2**31)
    liar, *honest = region.others
    before = own(region.me)
    question = region.me.desk.ask()
    made_up = tuple(thief.ledger.entries())
    lie = WitnessAnswer(
        witness=liar.country,
        country=ME,
        nonce=question.nonce,
        sequence=made_up[-1].number,
        head=made_up[-1].digest,
        entries=made_up[-1:],
        signature=UNSIGNED,
    )
    lie = replace(lie, signature=liar.keys.sign(lie.to_sign(SECOND.digest)))
    list(region.me.desk.on_answer(lie))
    for one in honest:
        for said in list(one.desk.on_ask(question)):
            if isinstance(said, WitnessAnswer):
                list(region.me.desk.on_answer(said))
    assert own(region.me) == before
    thief.close()


SEVEN = tuple(map(CountryCode, ("AA", "AB", "AC", "AD", "AE", "AF", "AG")))


def spend_alone(copy: Copy, number: int, to: Sequence[Copy]) -> None:
    """An attempt, whose entries these members alone are shown."""
    session = session_of(number)
    copy.ledger.reserve(session, TENTH, question=QUESTION, charter=CHARTER, deadline=2**31)
    copy.ledger.debit(session, TENTH)
    carry(copy.desk.fresh(), to)


def opened(folder: Path, charter: Charter) -> list[Copy]:
    """The members of a charter; the first one is witnessed by the others."""
    clock = TestClock()
    copies = [Copy(folder / one, one, charter, clock) for one in charter.signing_keys]
    ask(copies[0], copies[1:])
    copies[0].desk.demand_witnessed()
    return copies


@pytest.mark.parametrize("later", [1, None], ids=["as small", "larger again"])
def test_a18_after_a_rotation_a_small_quorum_gives_back_what_it_held_as_before(
    tmp_path: Path, later: int | None
) -> None:
    first = make_charter(countries=SEVEN, witness_quorum=1)
    me, *others = opened(tmp_path, first)
    backup = me.clone(tmp_path / "backup", "backup")
    ask(me, others)
    spend_alone(me, 1, others[:1])
    second = replace(rotated(first, ME), witness_quorum=later)
    backup.goes_over(second, NEW)
    for one in others:
        one.goes_over(second)
    ask(backup, others)
    assert backup.desk.is_witnessed
    assert backup.ledger.balance().spent == TENTH
    for one in (me, backup, *others):
        one.close()


def test_a18_while_too_few_of_a_small_quorum_show_more_the_node_spends_nothing(
    tmp_path: Path,
) -> None:
    first = make_charter(countries=SEVEN, witness_quorum=2, max_colluders=2)
    me, *others = opened(tmp_path, first)
    backup = me.clone(tmp_path / "backup", "backup")
    ask(me, others)
    spend_alone(me, 1, others[:2])
    second = rotated(first, ME)
    backup.goes_over(second, NEW)
    for one in others:
        one.goes_over(second)
    ask(backup, others[1:])  # one of the two that hold it is away
    with pytest.raises(NotWitnessedError):
        backup.desk.demand_witnessed()
    assert "under an earlier key" in backup.status
    ask(backup, others)
    backup.desk.demand_witnessed()
    assert backup.ledger.balance().spent == TENTH
    for one in (me, backup, *others):
        one.close()


def test_a19_after_a_rotation_the_larger_number_of_colluders_makes_the_node_take_over_nothing(
    tmp_path: Path,
) -> None:
    first = make_charter(countries=SEVEN, max_colluders=2)
    second = replace(rotated(first, ME), max_colluders=1)
    me, *others = opened(tmp_path, first)
    thief = me.clone(tmp_path / "thief", "thief")
    me.goes_over(second, NEW)
    for one in others:
        one.goes_over(second)
    spend_alone(thief, 99, [])
    made_up = tuple(thief.ledger.entries())
    question = me.desk.ask()
    for liar in others[:2]:
        lie = WitnessAnswer(
            witness=liar.country,
            country=ME,
            nonce=question.nonce,
            sequence=made_up[-1].number,
            head=made_up[-1].digest,
            entries=made_up,
            signature=UNSIGNED,
        )
        lie = replace(lie, signature=liar.keys.sign(lie.to_sign(second.digest)))
        list(me.desk.on_answer(lie))
    for one in others[2:]:
        for said in list(one.desk.on_ask(question)):
            if isinstance(said, WitnessAnswer):
                list(me.desk.on_answer(said))
    assert me.ledger.length == 0
    assert me.desk.is_witnessed
    for one in (me, thief, *others):
        one.close()


def test_a18_a_ledger_of_before_that_goes_on_by_itself_is_a_fork_under_the_new_key(
    region: Region,
) -> None:
    backup = cloned(region)
    region.spend(region.me)
    region.go_over()
    backup.goes_over(SECOND, NEW)
    backup.ledger.reserve(session_of(77), TENTH, question=QUESTION, charter=CHARTER, deadline=2**31)
    witness = region.others[0]
    before = held_by(witness)
    everything = LedgerEntries(country=ME, to=None, entries=(*backup.ledger.entries(),))
    with pytest.raises(LedgerForkError):
        list(witness.desk.on_entries(everything))
    assert held_by(witness) == before
    (fork,) = witness.book.forks()
    claim = Contradiction(fork.country, fork.held, fork.shown)
    found = verify_contradiction(claim, SECOND, verify)
    assert (found.accused, EARLIER_KEY in found.problem) == (ME, True)
    backup.close()


def test_a19_two_words_under_the_old_key_convict_who_has_the_new_one(region: Region) -> None:
    entry = next(iter(region.me.ledger.entries()))
    other = replace(entry, payload=entry.payload.replace(b"1/10", b"1/11"))
    other = replace(other, signature=OLD.sign(other.digest))
    claim = Contradiction(ME, entry_document(entry), entry_document(other))
    plain = verify_contradiction(claim, FIRST, verify)
    after = verify_contradiction(claim, SECOND, verify)
    assert (after.accused, after.digest) == (ME, plain.digest)
    assert after.problem == f"{plain.problem}; {EARLIER_KEY}"


def test_what_an_old_process_left_open_is_forfeited_by_the_new_key(region: Region) -> None:
    region.me.ledger.reserve(
        session_of(50), TENTH, question=QUESTION, charter=CHARTER, deadline=2**31
    )
    carry(region.me.desk.fresh(), region.others)
    region.go_over()
    ask(region.me, region.others)
    region.me.desk.demand_witnessed()
    assert region.me.ledger.balance().spent == 2 * TENTH


def test_a_process_under_the_old_key_adds_nothing_behind_an_entry_of_the_new_one(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "ledger.sqlite3", TestClock()
    late, now = (
        open_ledger(path, clock, country=ME),
        open_ledger(path, clock, country=ME, keys=NEW, former=(OLD.public,)),
    )
    facts = {"question": QUESTION, "charter": CHARTER, "deadline": 2**31}
    late.reserve(session_of(1), TENTH, **facts)  # type: ignore[arg-type]
    now.reserve(session_of(2), TENTH, **facts)  # type: ignore[arg-type]
    with pytest.raises(KeysRotatedError):
        late.reserve(session_of(3), TENTH, **facts)  # type: ignore[arg-type]
    late.close()
    now.close()
    with open_ledger(path, clock, country=ME, keys=NEW, former=(OLD.public,)) as again:
        assert again.length == 2


def test_without_the_keys_of_before_the_chain_does_not_open(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.sqlite3", TestClock()
    with open_ledger(path, clock, country=ME) as ledger:
        ledger.reserve(
            session_of(1), Fraction(1, 10), question=QUESTION, charter=CHARTER, deadline=2**31
        )
    with pytest.raises(BrokenChainError):
        open_ledger(path, clock, country=ME, keys=NEW)


def test_a_key_of_before_signs_nothing_after_a_later_one(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.sqlite3", TestClock()
    facts = {"question": QUESTION, "charter": CHARTER, "deadline": 2**31}
    with open_ledger(path, clock, country=ME, keys=NEW, former=(OLD.public,)) as ledger:
        ledger.reserve(session_of(1), TENTH, **facts)  # type: ignore[arg-type]
    both = open_ledger(path, clock, country=ME, keys=OLD, former=(NEW.public,))
    both.reserve(session_of(2), TENTH, **facts)  # type: ignore[arg-type]
    both.close()
    with pytest.raises(BrokenChainError), suppress(KeysRotatedError):
        open_ledger(path, clock, country=ME, keys=NEW, former=(OLD.public,))


def test_an_export_after_a_rotation_is_one_chain_under_the_new_key(tmp_path: Path) -> None:
    path, clock = tmp_path / "journal.sqlite3", TestClock()

    def opened(is_new: bool) -> Journal:
        keys, former = (NEW, (OLD.public,)) if is_new else (OLD, ())
        return Journal(
            path,
            ME,
            sign=keys.sign,
            key=keys.public,
            verify=verify,
            clock=clock,
            former=former,
        )

    with opened(is_new=False) as journal:
        journal.started("1")
        earlier = list(journal.export())
    with opened(is_new=True) as journal:
        assert not journal.has_rotated_to(NEW.public)
        journal.rotated("card", NEW.public, OLD.public)
        assert journal.has_rotated_to(NEW.public)
        lines = list(journal.export())
    assert verify_export(earlier, OLD.public, verify) == 1
    assert verify_export(lines, NEW.public, verify) == 2
    first, second = parse_export(earlier), parse_export(lines)
    assert [one.digest for one in second.entries[:1]] == [one.digest for one in first.entries]
    assert json.loads(second.entries[1].payload)["former"] == OLD.public.hex()
