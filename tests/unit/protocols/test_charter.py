"""What a charter says, refuses, and how one follows another."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.charter import (
    CharterNotInForceError,
    CharterSuccessionError,
    MalformedCharterError,
    NotAMemberError,
)
from corridor.ids import CountryCode, Digest, EncryptionKey, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    SignedCharter,
    hand_over,
    parse_charter,
    parse_signed_charter,
    proposal_to_sign,
    signature_to_sign,
    verify_succession,
)
from support.charters import COORDINATOR, make_charter, node_keys
from support.signing import verify


def signed(charter: Charter, *, but: str = "") -> SignedCharter:
    return SignedCharter(
        charter,
        COORDINATOR.sign(proposal_to_sign(charter)),
        tuple(
            CharterSignature(
                m.country, node_keys(m.country).sign(signature_to_sign(charter, m.country))
            )
            for m in charter.members
            if m.country != but
        ),
    )


def edited(**changes: Any) -> bytes:
    value = json.loads(make_charter().encode())
    value.update(changes)
    return canonical.encode(value)


def test_reading_a_charter_gives_back_what_was_written() -> None:
    charter = make_charter(previous=Digest(bytes(32)), version=2, max_dropouts=3)
    assert parse_charter(charter.encode()) == charter


def test_reading_a_signed_charter_gives_back_what_was_written() -> None:
    offered = signed(make_charter(), but="NE")
    assert parse_signed_charter(offered.encode()) == offered


@pytest.mark.parametrize(
    ("participants", "colluders", "threshold", "dropouts"),
    [(3, 1, 3, 0), (4, 1, 3, 1), (10, 2, 7, 1), (50, 1, 26, 5), (175, 2, 89, 18)],
)
def test_threshold_and_dropouts_follow_from_who_takes_part(
    participants: int, colluders: int, threshold: int, dropouts: int
) -> None:
    charter = make_charter(max_colluders=colluders)
    assert charter.threshold(participants) == threshold
    assert charter.tolerated_dropouts(participants) == dropouts


def test_the_charter_may_bear_fewer_dropouts_than_the_rule_or_more() -> None:
    assert make_charter(max_dropouts=2).tolerated_dropouts(50) == 2
    assert make_charter(max_dropouts=15).tolerated_dropouts(50) == 15
    # As many as leave a threshold of signers: r − t.
    assert make_charter(max_dropouts=50).tolerated_dropouts(50) == 50 - 26


@given(participants=st.integers(3, 400), colluders=st.integers(0, 2))
def test_a21_two_survivor_sets_cannot_both_find_enough_signers(
    participants: int, colluders: int
) -> None:
    charter = make_charter(max_colluders=colluders)
    threshold = charter.threshold(participants)
    assert 2 * threshold - participants > colluders  # they share a signer who is honest
    assert threshold <= participants - charter.tolerated_dropouts(participants)
    assert participants - charter.tolerated_dropouts(participants) - colluders >= 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"min_participants": 2}, "min_participants"),
        ({"max_colluders": 3}, "max_colluders"),
        ({"max_colluders": -1}, "max_colluders"),
        ({"max_colluders": True}, "max_colluders"),
        ({"nodes_per_person": 0}, "nodes_per_person"),
        ({"delta": "0"}, "delta"),
        ({"delta": "2/200"}, "delta"),
        ({"delta": 0}, "delta"),
        ({"suite": "none"}, "suite"),
        ({"synthetic": False}, '"suite" must be xwing'),
        ({"years": [2025, 2020]}, "years"),
        ({"years": [2025]}, "years"),
        ({"countries": ["MD", "NE"]}, "lacks the members UA"),
        ({"countries": ["NE", "MD", "UA"]}, "countries"),
        ({"previous": "00" * 32}, "previous"),
        ({"version": 2}, "previous"),
        ({"witness_quorum": 3}, "witness_quorum"),
        ({"witness_quorum": -1}, "witness_quorum"),
        ({"witness_quorum": "all"}, "witness_quorum"),
        ({"members": []}, "members"),
        ({"region": ""}, "region"),
        ({"region": "West\x1b[2J"}, "region"),
        ({"synthetic": 1}, "synthetic"),
        ({"coordinator_key": "00"}, "coordinator_key"),
        ({"rounding": "up"}, '"rounding" is not known'),
        ({"ceilings": {"cells": 1, "persons_per_node": 1}}, '"ceilings.rho_per_question" is miss'),
        (
            {"ceilings": {"rho_per_question": "1", "cells": 2**22 + 1, "persons_per_node": 9}},
            "ceilings.cells",
        ),
        (
            {"ceilings": {"rho_per_question": "0", "cells": 1, "persons_per_node": 9}},
            "ceilings.rho_per_question",
        ),
    ],
    ids=str,
)
def test_a8_a_field_missing_unknown_or_out_of_range_is_refused_by_name(
    change: dict[str, Any], place: str
) -> None:
    with pytest.raises(MalformedCharterError, match=place):
        parse_charter(edited(**change))


def test_a_missing_field_of_a_member_is_refused_by_its_place() -> None:
    members = json.loads(make_charter().encode())["members"]
    del members[1]["encryption_key"]
    with pytest.raises(MalformedCharterError, match=r'charter.json: "members\[1\].encryption_key"'):
        parse_charter(edited(members=members))


def test_bytes_that_are_not_canonical_are_refused() -> None:
    with pytest.raises(MalformedCharterError, match="canonical"):
        parse_charter(make_charter().encode() + b"\n")


def test_a24_one_key_cannot_stand_for_two_members() -> None:
    charter = make_charter()
    first, *others = charter.members
    twin = replace(others[0], signing_key=first.signing_key)
    with pytest.raises(MalformedCharterError, match="twice"):
        replace(charter, members=(first, twin, *others[1:]))


def test_a24_the_coordinator_cannot_be_a_member_under_its_own_key() -> None:
    with pytest.raises(MalformedCharterError, match="twice"):
        make_charter(coordinator_key=node_keys(CountryCode("MD")).public)


def test_charters_that_differ_have_different_hashes() -> None:
    assert make_charter().digest != make_charter(delta=Fraction(1, 10**7)).digest


def test_a_country_that_is_no_member_is_refused() -> None:
    with pytest.raises(NotAMemberError, match="FR is not a member"):
        make_charter().member(CountryCode("FR"))


def test_a_charter_is_in_force_when_every_listed_member_signed() -> None:
    signed(make_charter()).verify_in_force(verify)
    with pytest.raises(CharterNotInForceError, match="waiting for the signatures of NE"):
        signed(make_charter(), but="NE").verify_in_force(verify)


def test_signatures_are_added_as_they_come() -> None:
    charter = make_charter()
    offered = signed(charter, but="NE")
    word = CharterSignature(
        CountryCode("NE"),
        node_keys(CountryCode("NE")).sign(signature_to_sign(charter, CountryCode("NE"))),
    )
    assert offered.missing == ("NE",)
    offered.with_signature(word).verify_in_force(verify)


def test_a24_a_signature_with_another_members_key_does_not_count() -> None:
    charter = make_charter()
    forged = CharterSignature(
        CountryCode("NE"),
        node_keys(CountryCode("MD")).sign(signature_to_sign(charter, CountryCode("NE"))),
    )
    with pytest.raises(CharterNotInForceError, match="signature of NE"):
        signed(charter, but="NE").with_signature(forged).verify_in_force(verify)


def test_a_stranger_cannot_sign() -> None:
    stranger = CharterSignature(CountryCode("FR"), Signature(bytes(64)))
    with pytest.raises(CharterNotInForceError, match="signature of FR"):
        signed(make_charter()).with_signature(stranger).verify_in_force(verify)


def test_a_signature_for_one_charter_is_none_for_another() -> None:
    offered = signed(make_charter())
    swapped = replace(offered, charter=make_charter(suite="xwing", synthetic=False))
    with pytest.raises(CharterNotInForceError, match="proposal"):
        swapped.verify_in_force(verify)


def test_the_next_version_follows_and_the_same_again_is_accepted() -> None:
    first = make_charter()
    second = make_charter(version=2, previous=first.digest)
    verify_succession(None, second)
    verify_succession(first, first)
    verify_succession(first, second)


FIRST = make_charter()
SECOND = make_charter(version=2, previous=FIRST.digest)


@pytest.mark.parametrize(
    ("accepted", "offered", "because"),
    [
        (SECOND, FIRST, "accepted already"),
        (SECOND, replace(SECOND, max_colluders=0), "accepted already"),
        (FIRST, make_charter(version=3, previous=SECOND.digest), "missing"),
        (FIRST, make_charter(version=2, previous=SECOND.digest), "another version 1"),
        (FIRST, replace(SECOND, region="Another"), "another region"),
    ],
    ids=["rollback", "same-version", "gap", "fork", "region"],
)
def test_a31_charters_cannot_be_rolled_back_or_mixed(
    accepted: Charter, offered: Charter, because: str
) -> None:
    with pytest.raises(CharterSuccessionError, match=because):
        verify_succession(accepted, offered)


def test_a31_real_data_cannot_be_declared_synthetic_later() -> None:
    real = make_charter(suite="xwing", synthetic=False)
    with pytest.raises(CharterSuccessionError, match="synthetic"):
        verify_succession(real, make_charter(version=2, previous=real.digest, synthetic=True))


def test_a_member_needs_keys_of_the_right_length() -> None:
    member = make_charter().members[0]
    with pytest.raises(MalformedCharterError, match="32 bytes"):
        replace(member, signing_key=PublicKey(b"short"))
    with pytest.raises(MalformedCharterError, match="1216 bytes"):
        replace(member, encryption_key=EncryptionKey(member.signing_key))


# ---------------------------------------------------------------- the quorum of witnesses


@pytest.mark.parametrize("members", range(3, 13))
def test_a18_a19_two_quorums_share_an_honest_member_and_fewer_would_not(members: int) -> None:
    countries = tuple(CountryCode(f"A{chr(65 + n)}") for n in range(members))
    for colluders in range(members - 1):
        charter = make_charter(
            countries=countries,
            min_participants=max(3, colluders + 1),
            max_colluders=colluders,
        )
        others, quorum = members - 1, charter.quorum
        assert 1 <= quorum <= others
        assert charter.stops_rollback
        assert 2 * quorum - others > colluders
        assert 2 * (quorum - 1) - others <= colluders


def test_a_smaller_quorum_is_named_for_what_it_is() -> None:
    fewer = make_charter(witness_quorum=1)
    assert (fewer.quorum, fewer.stops_rollback) == (1, False)
    assert "accidents only" in fewer.quorum_text
    assert "accidents only" in make_charter(witness_quorum=0).quorum_text
    assert "accidents only" not in make_charter().quorum_text
    assert make_charter(witness_quorum=2).stops_rollback


def test_where_everybody_else_may_collude_nobody_can_witness() -> None:
    charter = make_charter(max_colluders=2)
    assert charter.quorum == 2
    assert not charter.stops_rollback


CODES = tuple(CountryCode(f"A{chr(65 + n)}") for n in range(8))


def quorums(charter: Charter, me: CountryCode) -> list[frozenset[CountryCode]]:
    others = [one for one in charter.signing_keys if one != me]
    return [frozenset(found) for found in combinations(others, charter.quorum)]


@pytest.mark.parametrize(("colluders", "size"), [(1, 4), (1, 5), (1, 6), (2, 6), (2, 7)])
@pytest.mark.parametrize(("leave", "join"), [(0, 1), (1, 0), (1, 1), (2, 1)])
def test_a18_after_a_change_of_members_those_who_answer_share_an_honest_one_with_each_quorum(
    colluders: int, size: int, leave: int, join: int
) -> None:
    me = CODES[0]
    before = make_charter(countries=CODES[:size], max_colluders=colluders)
    now = make_charter(
        countries=(*CODES[: size - leave], *(CountryCode(f"Z{n}") for n in "AB"[:join])),
        max_colluders=colluders,
        version=2,
        previous=before.digest,
    )
    asked = hand_over(before, now, me)
    assert asked is not None
    everybody = [*combinations(sorted(asked.members), asked.needed)]
    shared = min(len(set(h) & q) for h in everybody for q in quorums(before, me))
    assert (shared > colluders) == asked.is_enough
    if not asked.is_enough:
        assert asked.needed == len(asked.members)
    if leave + join == 1:  # then each quorum of now has enough of them, and nobody else is needed
        assert min(len(q & asked.members) for q in quorums(now, me)) >= asked.needed
        assert min(len(p & q) for p in quorums(before, me) for q in quorums(now, me)) > colluders
    elif size == 5 and leave:  # the quorums alone would not do
        assert min(len(p & q) for p in quorums(before, me) for q in quorums(now, me)) <= colluders


def test_who_had_no_ledger_before_has_none_to_hand_over() -> None:
    before, now = make_charter(countries=CODES[:4]), make_charter(countries=CODES[1:6])
    assert hand_over(before, now, CODES[5]) is None
    anew = replace(now.members[0], signing_key=PublicKey(bytes(32)))
    assert hand_over(before, replace(now, members=(anew, *now.members[1:])), CODES[1]) is None
    accidents = replace(before, witness_quorum=1)
    assert hand_over(accidents, now, CODES[1]) is None
