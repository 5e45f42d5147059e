"""A node's states beside the attacks: what they do when all is well, and what they keep."""

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from corridor.errors.secure_sum import (
    BadSignatureError,
    ConflictingSurvivorsError,
    NoHonestNoiseError,
    OtherDebitError,
    OtherSuiteError,
    TooFewParticipantsError,
    TooManyParticipantsError,
)
from corridor.ids import Digest, SessionId, Signature
from corridor.protocols import canonical
from corridor.protocols.secure_sum import node
from corridor.protocols.secure_sum.messages import (
    AttemptParameters,
    Dealing,
    NoiseLevel,
    Roster,
    ShareKind,
    SurvivorSet,
    signed,
)
from corridor.protocols.secure_sum.roster import settle
from corridor.protocols.secure_sum.sharing import HeldShare, share_hash
from corridor.protocols.shamir import PRIME
from support.secure_sum import (
    SUITE,
    Conversation,
    Debit,
    Region,
    accept,
    debit_for,
    first_countries,
    make_header,
    resigned,
)

REGION = Region(countries=first_countries(4))
AA, AB, AC, AD = REGION.countries


@pytest.fixture
def talk() -> Conversation:
    """Four nodes, everybody's shares dealt."""
    talk = Conversation(REGION)
    talk.propose()
    talk.share()
    return talk


# ---------------------------------------------------------------- accept and share


def test_a45_another_suite_than_the_charter_s_is_not_accepted() -> None:
    with pytest.raises(OtherSuiteError, match="'xwing'"):
        accept(replace(make_header(), suite="xwing"), AA, Random(0).randbytes)


def test_a23_a_new_attempt_has_new_keys() -> None:
    draw = Random(0).randbytes
    one, other = (accept(make_header(), AA, draw)[1] for _ in range(2))
    assert len({one.mask_key, one.envelope_key, other.mask_key, other.envelope_key}) == 4


def roster_of(size: int) -> Roster:
    acceptances = (accept(make_header(), c, Random(c).randbytes)[1] for c in first_countries(size))
    return Roster(tuple(acceptances))


def numbers(size: int, **changes: Any) -> AttemptParameters:
    return replace(REGION.parameters_for(size), **changes)


def test_fewer_than_the_charter_wants_are_too_few() -> None:
    with pytest.raises(TooFewParticipantsError, match="4 nodes take part, 5 are needed"):
        settle(make_header(), roster_of(4), lambda size: numbers(size, min_participants=5))


def test_fewer_than_three_are_too_few_for_every_charter() -> None:
    with pytest.raises(TooFewParticipantsError, match="2 nodes take part, 3 are needed"):
        settle(make_header(), roster_of(2), lambda size: numbers(size, min_participants=1))


def test_a27_without_honest_noise_nothing_is_shared() -> None:
    with pytest.raises(NoHonestNoiseError, match="no honest noise is sure to remain"):
        settle(make_header(), roster_of(4), lambda size: numbers(size, colluders=3))


def test_more_than_175_are_too_many() -> None:
    with pytest.raises(TooManyParticipantsError, match="176 members are in the roster"):
        settle(make_header(), roster_of(176), numbers)


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 2},  # two sets of two signers need not share an honest one
        {"colluders": 2},  # 2t = r + c: the one signer that two sets share may be a colluder
        {"dropouts": 2},  # after two dropouts the threshold cannot be met
        {"roster_size": 5},
        {"dropouts": -1},
        {"ring_bits": 48},
        {"cells": 0},
    ],
    ids=str,
)
def test_a21_numbers_that_do_not_make_one_survivor_set_certain_are_a_bug(
    changes: dict[str, int],
) -> None:
    with pytest.raises(ValueError, match=r"r=4|ring of"):
        settle(make_header(), roster_of(4), lambda size: numbers(size, **changes))


def test_the_roster_hash_covers_the_numbers_and_every_acceptance(talk: Conversation) -> None:
    header, roster, parameters = talk.header, talk.roster, REGION.parameters
    hashes = [
        roster.hash(header, parameters),
        roster.hash(replace(header, rho=Fraction(1, 99)), parameters),
        roster.hash(header, replace(parameters, levels=(NoiseLevel(1, Fraction(9)),))),
        roster.hash(header, replace(parameters, sampler=2)),
        roster.hash(header, replace(parameters, scale_bits=1)),
        Roster(roster.acceptances[1:]).hash(header, parameters),
    ]
    assert len(set(hashes)) == len(hashes)


def test_a18_a_ledger_statement_that_its_member_did_not_sign_is_not_accepted(
    talk: Conversation,
) -> None:
    statement = replace(talk.accepted[AB].acceptance.statement, spent=Fraction(0), sequence=7)
    lie = resigned(talk.accepted[AB].acceptance, statement=statement)
    roster = Roster(tuple(lie if a.country == AB else a for a in talk.roster.acceptances))
    talk.roster = roster
    with pytest.raises(BadSignatureError, match="ledger statement of AB"):
        talk.deal(AA)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"roster_size": 9, "threshold": 6, "dropouts": 2, "min_participants": 3}, 7),
        ({"roster_size": 9, "threshold": 6, "dropouts": 3, "min_participants": 3}, 6),
        ({"roster_size": 9, "threshold": 6, "dropouts": 2, "min_participants": 8}, 8),
    ],
    ids=["for the noise", "for the threshold", "for the charter"],
)
def test_a25_a26_survivors_suffice_for_noise_threshold_and_charter(
    changes: dict[str, int], needed: int
) -> None:
    assert numbers(9, **changes).needed == needed


def test_a21_a_survivor_signature_covers_roster_sharers_and_survivors() -> None:
    words = [
        SurvivorSet(Digest(bytes(32)), frozenset({AA, AB}), frozenset({AA})),
        SurvivorSet(Digest(b"\1" * 32), frozenset({AA, AB}), frozenset({AA})),
        SurvivorSet(Digest(bytes(32)), frozenset({AA, AC}), frozenset({AA})),
        SurvivorSet(Digest(bytes(32)), frozenset({AA, AB}), frozenset({AA, AB})),
    ]
    assert len({word.to_sign() for word in words}) == len(words)


def test_every_peer_gets_an_envelope_and_the_dealer_none(talk: Conversation) -> None:
    _, shares = talk.deal(AB)
    assert [dealing.recipient for dealing in shares.dealings] == [AA, AB, AC, AD]
    assert [len(dealing.envelope) for dealing in shares.dealings] == [176, 0, 176, 176]


def test_a23_dealing_twice_uses_no_key_of_a_seal_twice(talk: Conversation) -> None:
    """The same state could be asked twice: with one key, GCM would give both away."""
    once, again = (talk.deal(AB)[1].dealings[3] for _ in range(2))
    assert once.envelope[:32] != again.envelope[:32]
    assert once.pair_key is not None
    assert again.pair_key is not None
    assert once.pair_key.box[:32] != again.pair_key.box[:32]


# ---------------------------------------------------------------- opened


def forge_signature(dealing: Dealing) -> Dealing:
    return replace(dealing, signature=Signature(bytes(64)))


def garble_envelope(dealing: Dealing) -> Dealing:
    return insider(replace(dealing, envelope=bytes(176)))


def cut_envelope(dealing: Dealing) -> Dealing:
    return insider(replace(dealing, envelope=b""))


def lie_in_a_hash(dealing: Dealing) -> Dealing:
    return insider(replace(dealing, mask_key_hash=Digest(bytes(32))))


def deal_out_of_the_field(dealing: Dealing) -> Dealing:
    """A share of p + 5, another form of 5; its envelope opens and its hash fits."""
    return deal_again(dealing, PRIME + 5)


def deal_again(dealing: Dealing, value: int) -> Dealing:
    """AB's dealing to AA with another number as both shares, made as AB would make it."""
    held = HeldShare(value.to_bytes(32, "big"), bytes(32))
    packed = (held.share + held.salt) * 2
    info = canonical.digest("corridor envelope", dealing.roster_hash, b"AB", b"AA")
    envelope = SUITE.seal(TALK.accepted[AA].acceptance.envelope_key, info, packed)
    hashes = [share_hash(dealing.roster_hash, AB, AA, kind, held) for kind in ShareKind]
    return insider(
        replace(
            dealing,
            self_mask_hash=hashes[0],
            mask_key_hash=hashes[1],
            envelope=envelope,
        )
    )


def insider(dealing: Dealing) -> Dealing:
    return signed(dealing, REGION.sign(dealing.dealer))


TALK = Conversation(REGION, seed=3)


@pytest.mark.parametrize(
    "bend",
    [forge_signature, garble_envelope, cut_envelope, lie_in_a_hash, deal_out_of_the_field],
    ids=lambda bend: bend.__name__,
)
def test_a28_a_bad_dealing_earns_a_complaint_and_stops_nobody(
    bend: Callable[[Dealing], Dealing],
) -> None:
    TALK.propose()
    TALK.share()
    dealings = tuple(bend(d) if d.dealer == AB else d for d in TALK.dealings[AA])
    _, word = TALK.open_dealings(AA, dealings)
    assert word.opened == {AA, AC, AD}
    assert word.complaints == {AB}


def test_a_share_in_the_field_that_is_dealt_the_same_way_opens() -> None:
    """The twin of `deal_out_of_the_field`."""
    TALK.propose()
    TALK.share()
    dealings = tuple(deal_again(d, 5) if d.dealer == AB else d for d in TALK.dealings[AA])
    _, word = TALK.open_dealings(AA, dealings)
    assert word.opened == {AA, AB, AC, AD}
    assert not word.complaints


def test_dealers_who_are_not_heard_of_are_neither_opened_nor_complained_of(
    talk: Conversation,
) -> None:
    _, word = talk.open_dealings(AA, tuple(d for d in talk.dealings[AA] if d.dealer != AD))
    assert word.opened == {AA, AB, AC}
    assert not word.complaints


# ---------------------------------------------------------------- masked input


@pytest.fixture
def ready(talk: Conversation) -> node.ReadyToMask:
    talk.open()
    return talk.hear_sharers(AA, talk.sharers)


@pytest.mark.parametrize(
    "debit",
    [Debit(SessionId(b"\1" * 16), Fraction(1, 100)), Debit(SessionId(bytes(16)), Fraction(1, 101))],
    ids=["session", "rho"],
)
def test_without_this_attempt_s_debit_nothing_is_masked(
    ready: node.ReadyToMask, debit: Debit
) -> None:
    with pytest.raises(OtherDebitError):
        ready.mask(np.zeros(5, dtype=np.int64), debit, suite=SUITE)


@pytest.mark.parametrize(
    "vector",
    [np.zeros(4, dtype=np.int64), np.zeros(5, dtype=np.float64), np.zeros((1, 5), dtype=np.int64)],
    ids=["short", "float", "table"],
)
def test_a_vector_of_another_form_is_a_bug(ready: node.ReadyToMask, vector: Any) -> None:
    with pytest.raises(ValueError, match="5 values of int64"):
        ready.mask(vector, debit_for(make_header()), suite=SUITE)


def masking(ready: node.ReadyToMask) -> node.MaskingState:
    return ready.mask(np.zeros(5, dtype=np.int64), debit_for(make_header()), suite=SUITE)


def test_a23_a_mask_is_used_once(ready: node.ReadyToMask) -> None:
    state = masking(ready)
    list(state.chunks())
    with pytest.raises(ValueError, match="masked once"):
        state.chunks()


def test_the_word_follows_the_last_chunk(ready: node.ReadyToMask) -> None:
    with pytest.raises(ValueError, match="follows its last chunk"):
        masking(ready).finish(REGION.sign(AA))


def test_the_vector_that_was_handed_in_stays_as_it_was(
    ready: node.ReadyToMask,
) -> None:
    vector = np.arange(5, dtype=np.int64)
    list(ready.mask(vector, debit_for(make_header()), suite=SUITE).chunks())
    assert vector.tolist() == [0, 1, 2, 3, 4]


# ---------------------------------------------------------------- consistency and unmask


def test_a21_a_node_gives_one_word_and_the_same_again(talk: Conversation) -> None:
    talk.open()
    talk.mask(silent=frozenset({AD}))
    talk.sign()
    state = talk.signed[AA]
    assert state.on_survivors(talk.survivors) == (state, state.signature)
    other = replace(talk.survivors, survivors=frozenset({AA, AB, AD}))
    with pytest.raises(ConflictingSurvivorsError):
        state.on_survivors(other)


def test_a21_for_each_sharer_one_share_of_one_kind_is_revealed(talk: Conversation) -> None:
    talk.open()
    talk.mask(silent=frozenset({AD}))
    talk.sign()
    _, unmask = talk.reveal(AA)
    assert [(share.dealer, share.kind) for share in unmask.revealed] == [
        (AA, ShareKind.SELF_MASK),
        (AB, ShareKind.SELF_MASK),
        (AC, ShareKind.SELF_MASK),
        (AD, ShareKind.MASK_KEY),
    ]


def test_a37_no_state_shows_a_secret(talk: Conversation) -> None:
    accepted = talk.accepted[AA]
    talk.open()
    ready = talk.hear_sharers(AA, talk.sharers)
    talk.mask()
    talk.sign()
    secrets = [getattr(accepted.secrets, f.name) for f in fields(accepted.secrets)]
    secrets += [mask.key for mask in ready.masks.values()]
    secrets += [part for held in ready.held.values() for h in held.values() for part in (h.share,)]
    states = [accepted, talk.shared[AA], talk.opened[AA], ready, talk.awaiting[AA], talk.signed[AA]]
    for state in states:
        shown = repr(state)
        assert not any(repr(secret) in shown for secret in secrets)


def test_a_state_holds_the_secrets_it_needs_and_no_others(talk: Conversation) -> None:
    talk.open()
    talk.mask()
    talk.sign()
    secret = {"envelope_seed", "mask_seed", "self_mask_seed", "secrets"}
    assert {f.name for f in fields(talk.shared[AA])} & secret == {"envelope_seed", "mask_seed"}
    assert not {f.name for f in fields(talk.opened[AA])} & secret
    assert "masks" not in {f.name for f in fields(talk.awaiting[AA])}
    assert fields(node.Done) == ()


@pytest.mark.parametrize("kind", ShareKind)
def test_the_hash_of_a_share_is_the_digest_of_all_that_it_binds(kind: ShareKind) -> None:
    """Its pieces are framed apart from each other: they must add up to the one canonical form."""
    held = HeldShare(b"s" * 32, b"t" * 32)
    for roster_hash, dealer, recipient in ((b"r" * 32, AA, AB), (b"q" * 32, AB, AA)):
        parts = (roster_hash, dealer.encode(), recipient.encode(), kind.encode(), b"s" * 32)
        expected = canonical.digest("corridor share", *parts, b"t" * 32)
        assert share_hash(Digest(roster_hash), dealer, recipient, kind, held) == expected
