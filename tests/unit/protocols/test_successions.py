"""A member that rotates its keys is the same member, if both of its keys and everybody say so."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.charter import (
    CharterSuccessionError,
    FalseSuccessionError,
    MalformedCharterError,
)
from corridor.ids import CountryCode
from corridor.protocols.charter import (
    Charter,
    Member,
    SignedCharter,
    hand_over,
    parse_charter,
    proposal_to_sign,
    verify_keys_go_on,
)
from corridor.protocols.successions import (
    encode_successions,
    make_succession,
    parse_successions,
    verify_successions,
)
from support.charters import (
    COORDINATOR,
    COUNTRIES,
    make_charter,
    next_keys,
    node_keys,
    rotated,
    with_next_keys,
)
from support.signing import KeyPair, verify

MD, NE, UA = COUNTRIES
CODES = tuple(CountryCode(f"A{chr(65 + n)}") for n in range(8))
THIEF = KeyPair("thief")


def proposed(charter: Charter) -> SignedCharter:
    return SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), ())


def listing(charter: Charter, member: Member) -> Charter:
    """The next version, with this member as it is given."""
    members = [member if one.country == member.country else one for one in charter.members]
    return replace(
        charter, version=charter.version + 1, previous=charter.digest, members=tuple(members)
    )


def test_a_charter_without_rotations_reads_and_hashes_as_it_always_did() -> None:
    assert b"successions" not in make_charter().encode()


@given(st.lists(st.sets(st.sampled_from(COUNTRIES)), min_size=1, max_size=4))
def test_however_often_keys_are_rotated_the_origin_stays_and_the_charter_is_read_back(
    rounds: list[set[CountryCode]],
) -> None:
    first = charter = make_charter()
    for countries in rounds:
        before, charter = charter, rotated(charter, *countries)
        assert charter.origins == first.signing_keys
        assert parse_charter(charter.encode()) == charter
        proposed(charter).verify_proposal(verify)
        verify_keys_go_on(before, charter)
        verify_keys_go_on(first, charter)
        for one in charter.members:
            was = before.member(one.country)
            assert one.keys[: len(was.keys)] == was.keys
            assert (one.signing_key != was.signing_key) == (one.country in countries)


@pytest.mark.parametrize("stolen", ["old key alone", "new key alone"])
def test_a24_a_statement_by_one_key_alone_makes_nobody_a_successor(stolen: str) -> None:
    charter, old = make_charter(), node_keys(MD)
    # Whoever has one of the keys signs for both.
    signer = old if stolen == "old key alone" else THIEF
    word = make_succession(
        charter.region,
        MD,
        1,
        former=(old.public, signer.sign),
        following=(THIEF.public, signer.sign),
    )
    taken = replace(charter.member(MD), signing_key=THIEF.public, successions=(word,))
    with pytest.raises(FalseSuccessionError) as refusal:
        proposed(listing(charter, taken)).verify_proposal(verify)
    assert refusal.value.code == "charter.false_succession"


@pytest.mark.parametrize("what", ["region", "country", "since", "key"])
def test_a24_a_statement_fits_no_other_region_member_version_or_key(what: str) -> None:
    charter = make_charter()
    member = rotated(charter, MD).member(MD)
    (word,) = member.successions
    region = "Another region" if what == "region" else charter.region
    country = NE if what == "country" else MD
    told = replace(word, since=2) if what == "since" else word
    key = THIEF.public if what == "key" else member.signing_key
    verify_successions(charter.region, MD, (word,), member.signing_key, verify)
    with pytest.raises(FalseSuccessionError):
        verify_successions(region, country, (told,), key, verify)


def test_statements_are_of_versions_before_and_in_order() -> None:
    charter = make_charter()
    member = with_next_keys(charter.member(MD), charter)
    (word,) = member.successions
    with pytest.raises(MalformedCharterError, match="no version before"):
        listing(charter, replace(member, successions=(replace(word, since=2),)))
    with pytest.raises(MalformedCharterError, match="out of order"):
        replace(member, successions=(word, replace(word, former=next_keys(MD, 7).public)))


def test_a_key_that_one_member_had_is_no_key_of_another() -> None:
    charter = rotated(make_charter(), MD)
    with pytest.raises(MalformedCharterError, match="stands twice"):
        listing(charter, replace(charter.member(NE), signing_key=node_keys(MD).public))


def test_a31_a_key_that_was_replaced_does_not_come_back() -> None:
    first = make_charter()
    second = rotated(first, MD)
    back = listing(second, first.member(MD))
    with pytest.raises(CharterSuccessionError, match="do not go on"):
        verify_keys_go_on(second, back)
    verify_keys_go_on(first, listing(second, first.member(MD)))  # the second came to nothing


def test_a31_a_member_does_not_lose_its_past_and_so_its_ledger() -> None:
    second = rotated(make_charter(), MD)
    bare = replace(second.member(MD), successions=())
    with pytest.raises(CharterSuccessionError, match="ledger"):
        verify_keys_go_on(second, listing(second, bare))


def test_a_lost_key_is_another_member_as_before() -> None:
    charter = make_charter()
    anew = replace(charter.member(MD), signing_key=THIEF.public)
    later = listing(charter, anew)
    verify_keys_go_on(charter, later)
    assert hand_over(charter, later, MD) is None
    asked = hand_over(charter, later, NE)
    assert asked is not None
    assert asked.members == {UA}


def quorums(charter: Charter, me: CountryCode) -> list[frozenset[CountryCode]]:
    others = [one for one in charter.signing_keys if one != me]
    return [frozenset(found) for found in combinations(others, charter.quorum)]


@given(
    size=st.integers(4, 7),
    colluders=st.integers(1, 2),
    rotating=st.sets(st.integers(0, 6)),
    leaves=st.booleans(),
    joins=st.booleans(),
)
def test_a18_whoever_rotates_those_who_answer_share_an_honest_one_with_each_quorum_of_before(
    size: int, colluders: int, rotating: set[int], leaves: bool, joins: bool
) -> None:
    me, listed = CODES[0], CODES[:size]
    before = make_charter(countries=listed, max_colluders=colluders)
    now = rotated(before, *(listed[n] for n in rotating if n < size))
    staying = [one for one in now.members if not (leaves and one.country == listed[-1])]
    new = make_charter(countries=(CountryCode("ZA"), CountryCode("ZB"), CountryCode("ZC")))
    joining = [new.member(CountryCode("ZA"))] if joins else []
    countries = tuple(sorted({*before.countries, CountryCode("ZA")}))
    now = replace(now, members=(*staying, *joining), countries=countries)
    asked = hand_over(before, now, me)
    if not before.stops_rollback:
        assert asked is None
        return
    assert asked is not None
    # Rotation takes nobody away: the same are asked as if nobody had rotated.
    assert asked.members == {one.country for one in staying} - {me}
    shared = min(
        len(frozenset(heard) & quorum)
        for heard in combinations(sorted(asked.members), asked.needed)
        for quorum in quorums(before, me)
    )
    assert (shared > colluders) == asked.is_enough


def test_statements_in_a_file_are_read_back_or_refused() -> None:
    words = rotated(rotated(make_charter(), MD), MD).member(MD).successions
    assert parse_successions(encode_successions(words), "successions.json") == words
    with pytest.raises(MalformedCharterError, match=r"successions\.json"):
        parse_successions(b'[{"former":"00"}]', "successions.json")
