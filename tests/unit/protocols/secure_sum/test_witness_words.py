"""Before a node debits, enough other members must have said that they hold its ledger.

Seven members AA to AG, c = 1, so q = 4 by the rule; here the charter asks for all six others. AA to
AE are the roster; AF and AG witness from outside of it.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from corridor.errors.secure_sum import BadSignatureError, TooFewWitnessesError
from corridor.ids import CountryCode, Digest
from corridor.protocols.secure_sum import node
from corridor.protocols.secure_sum.messages import UNSIGNED, Sharers, WitnessWord
from support.bending import bend, word_of_witness
from support.secure_sum import Conversation, Region, first_countries, make_header, signing_keys
from unit.protocols.secure_sum.test_attack_vectors import Vector

FOLDER = Path(__file__).parents[3] / "vectors" / "witnesses"
ATTACKS = sorted(FOLDER.glob("negative_*.json"))
REGION = Region(countries=first_countries(7), quorum=6)
AA, AB, AC, AD, AE, AF, AG = REGION.countries
OUTSIDE = frozenset({AF, AG})


@cache
def attempt(session: bytes = bytes(16)) -> Conversation:
    """An attempt of AA to AE, until the sharers are known."""
    talk = Conversation(REGION, seed=session[0], header=make_header(session))
    talk.propose(silent=OUTSIDE)
    talk.share()
    talk.open()
    return talk


def words_of(talk: Conversation) -> tuple[WitnessWord, ...]:
    """What AF and AG say, who hold every ledger of the roster."""
    kept = {one.country: one.statement.head for one in talk.roster.acceptances}
    roster_hash = talk.shared[AA].settled.hash
    words = (
        WitnessWord(roster_hash=roster_hash, witness=country, kept=kept, signature=UNSIGNED)
        for country in sorted(OUTSIDE)
    )
    return tuple(map(word_of_witness, words))


@pytest.fixture
def talk() -> Conversation:
    return attempt()


def test_sharers_and_members_outside_the_roster_make_the_quorum(talk: Conversation) -> None:
    sharers = Sharers(talk.sharers.opened, words_of(talk))
    for country in (AA, AB, AC, AD, AE):
        assert isinstance(talk.hear_sharers(country, sharers), node.ReadyToMask)


def test_a18_a19_without_enough_witnesses_there_is_nothing_to_debit_for(
    talk: Conversation,
) -> None:
    with pytest.raises(TooFewWitnessesError) as refusal:
        talk.hear_sharers(AA, talk.sharers)
    assert (refusal.value.found, refusal.value.needed) == (4, 6)


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_a_node_counts_no_word_that_does_not_hold(path: Path, talk: Conversation) -> None:
    vector, other = Vector(path), attempt(b"\7" * 16)
    words = bend(words_of(talk), vector.steps, words_of(other))
    with vector.is_refused():
        talk.hear_sharers(AA, Sharers(talk.sharers.opened, words))


def test_a31_a_word_given_under_another_charter_does_not_count(talk: Conversation) -> None:
    words = [
        replace(word, signature=signing_keys(word.witness).sign(word.to_sign(Digest(b"\1" * 32))))
        for word in words_of(talk)
    ]
    with pytest.raises(BadSignatureError):
        talk.hear_sharers(AA, Sharers(talk.sharers.opened, tuple(words)))


def test_the_attacks_were_found() -> None:
    assert len(ATTACKS) >= 9


def test_a19_a_forked_ledger_earns_a_complaint_and_no_word() -> None:
    talk = Conversation(REGION)
    talk.unwitnessed = {country: frozenset({AE}) for country in (AA, AB, AC, AD)}
    talk.propose(silent=OUTSIDE)
    talk.share()
    sharers = talk.open()
    assert talk.opened[AA].word.complaints == {AE}
    assert sharers.countries == {AA, AB, AC, AD}


def test_a19_one_whose_ledger_is_refused_by_one_member_stops_nobody_else() -> None:
    talk = Conversation(Region(countries=first_countries(7), quorum=4))
    talk.unwitnessed = {AB: frozenset({AG})}
    talk.propose()
    talk.share()
    sharers = talk.open()
    assert len(sharers.countries) == 6
    assert AG not in sharers.countries or AB not in sharers.countries
    assert isinstance(talk.hear_sharers(CountryCode("AC"), sharers), node.ReadyToMask)
