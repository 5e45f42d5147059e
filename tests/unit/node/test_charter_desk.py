"""Which charter a node signs, and which it lives by."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.charter import (
    CharterNotInForceError,
    CharterSuccessionError,
    MalformedCharterError,
    UnconfirmedMemberError,
)
from corridor.errors.node import (
    NotMyKeyError,
    NotTheAcceptedCharterError,
    OtherCoordinatorError,
    WrongFingerprintError,
)
from corridor.files import write_atomically
from corridor.ids import CountryCode, Digest, PublicKey, Signature
from corridor.node.app import charters, proposals_since
from corridor.node.charter_desk import CharterDesk
from corridor.node.home import Home, NodeSettings, create_home
from corridor.protocols.cards import Card, Fingerprint, fingerprint, fingerprint_text
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    Member,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.protocols.successions import make_succession
from support.charters import (
    COORDINATOR,
    COUNTRIES,
    keys_of,
    make_charter,
    next_keys,
    node_keys,
    rotated,
)
from support.signing import KeyPair, verify

MD, NE, UA = COUNTRIES
CHARTER = make_charter()
KEYS = node_keys(MD)
STRANGER = KeyPair("stranger")
STRANGER_KEYS = {"signing_key": STRANGER.public, "encryption_key": STRANGER.encryption}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "MD")
    create_home(made, NodeSettings(MD, "Authority of MD"))
    return made


@pytest.fixture
def desk(home: Home) -> CharterDesk:
    return desk_of(home)


def desk_of(home: Home, coordinator: PublicKey | None = COORDINATOR.public) -> CharterDesk:
    return CharterDesk(home, Card.of(CHARTER.member(MD)), coordinator, verify)


def offer(charter: Charter, *signers: CountryCode) -> SignedCharter:
    words = tuple(
        CharterSignature(country, node_keys(country).sign(signature_to_sign(charter, country)))
        for country in signers
    )
    return SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), words)


def confirmed(charter: Charter = CHARTER, but: str = "") -> dict[CountryCode, Fingerprint]:
    return {
        member.country: fingerprint(Card.of(member))
        for member in charter.members
        if member.country not in {MD, but}
    }


def with_member(country: CountryCode, **changes: Any) -> Charter:
    members = [replace(one, **changes) if one.country == country else one for one in MEMBERS]
    return make_charter(members=tuple(members))


MEMBERS: tuple[Member, ...] = CHARTER.members


def accept(
    desk: CharterDesk, charter: Charter, trusted: Mapping[CountryCode, Fingerprint] | None = None
) -> CharterSignature:
    return desk.accept(
        offer(charter), confirmed(charter) if trusted is None else trusted, KEYS.sign
    )


def test_a_charter_is_signed_once_every_other_members_key_is_confirmed(
    desk: CharterDesk,
) -> None:
    word = accept(desk, CHARTER)
    assert verify(KEYS.public, signature_to_sign(CHARTER, MD), word.signature)
    assert desk.accepted() == CHARTER
    assert desk.accepted_digest() == CHARTER.digest
    assert desk.in_force() is None


@pytest.mark.parametrize("missing", [NE, UA])
def test_a24_one_unconfirmed_member_is_enough_to_refuse(desk: CharterDesk, missing: str) -> None:
    with pytest.raises(UnconfirmedMemberError, match=missing):
        accept(desk, CHARTER, confirmed(but=missing))
    assert desk.accepted() is None


def later(charter: Charter, **changes: Any) -> Charter:
    return replace(charter, version=2, previous=CHARTER.digest, **changes)


def test_who_was_confirmed_for_the_version_before_and_is_unchanged_is_not_asked_again(
    desk: CharterDesk,
) -> None:
    accept(desk, CHARTER)
    following = later(CHARTER, retention_days=99)
    accept(desk, following, {})
    assert desk.accepted() == following


@pytest.mark.parametrize("key", STRANGER_KEYS)
def test_a24_a_key_that_changed_since_the_version_before_is_asked_anew(
    desk: CharterDesk, key: str
) -> None:
    accept(desk, CHARTER)
    substituted = later(with_member(NE, **{key: STRANGER_KEYS[key]}))
    with pytest.raises(UnconfirmedMemberError, match="NE are not confirmed"):
        accept(desk, substituted, {})
    assert desk.accepted() == CHARTER


def test_a24_a_charter_that_this_node_never_signed_confirms_nobody(
    desk: CharterDesk, home: Home
) -> None:
    # Whoever can put a file there, or the coordinator's document alone, is no operator's word.
    write_atomically(home.charter_accepted, offer(CHARTER, NE, UA).encode())
    assert desk.accepted() == CHARTER
    assert desk.confirmed_before() == {}
    with pytest.raises(UnconfirmedMemberError):
        accept(desk, later(CHARTER, retention_days=99), {})


@pytest.mark.parametrize("key", STRANGER_KEYS)
def test_a24_a_key_that_the_coordinator_substituted_is_found(desk: CharterDesk, key: str) -> None:
    substituted = with_member(NE, **{key: STRANGER_KEYS[key]})
    with pytest.raises(WrongFingerprintError, match="NE"):
        accept(desk, substituted, confirmed(CHARTER))
    assert desk.accepted() is None


def test_a24_a_sybil_is_no_member_until_somebody_vouches_for_it(desk: CharterDesk) -> None:
    sybil = Member(
        country=CountryCode("XX"),
        name="Sybil",
        signing_key=STRANGER.public,
        encryption_key=STRANGER.encryption,
    )
    crowded = make_charter(
        members=(*MEMBERS, sybil), countries=(*CHARTER.countries, CountryCode("XX"))
    )
    with pytest.raises(UnconfirmedMemberError, match="XX"):
        accept(desk, crowded, confirmed(CHARTER))


@pytest.mark.parametrize("key", STRANGER_KEYS)
def test_a24_a_charter_with_another_key_for_this_node_is_refused(
    desk: CharterDesk, key: str
) -> None:
    with pytest.raises(NotMyKeyError):
        accept(desk, with_member(MD, **{key: STRANGER_KEYS[key]}))
    assert desk.accepted() is None


def test_a_charter_without_this_node_is_refused(desk: CharterDesk) -> None:
    without = make_charter(countries=(NE, CountryCode("RO"), UA))
    with pytest.raises(NotMyKeyError):
        accept(desk, without)


@pytest.mark.parametrize("enrolled", [STRANGER.public, None], ids=["another", "none"])
def test_a24_the_charters_coordinator_is_the_one_enrolled_with(
    home: Home, enrolled: PublicKey | None
) -> None:
    with pytest.raises(OtherCoordinatorError):
        accept(desk_of(home, enrolled), CHARTER)


def test_an_offer_that_the_coordinator_did_not_sign_is_refused(desk: CharterDesk) -> None:
    forged = replace(offer(CHARTER), proposal=Signature(bytes(64)))
    with pytest.raises(CharterNotInForceError):
        desk.accept(forged, confirmed(), KEYS.sign)
    assert desk.accepted() is None


def test_a31_no_other_charter_takes_the_place_of_the_accepted_one(desk: CharterDesk) -> None:
    accept(desk, CHARTER)
    accept(desk, CHARTER)  # the same again is no other
    with pytest.raises(CharterSuccessionError):
        accept(desk, make_charter(min_participants=3, max_colluders=0))
    assert desk.accepted() == CHARTER


def test_a31_versions_follow_one_another_and_never_go_back(desk: CharterDesk) -> None:
    second = make_charter(version=2, previous=CHARTER.digest)
    accept(desk, CHARTER)
    accept(desk, second)
    with pytest.raises(CharterSuccessionError):
        accept(desk, CHARTER)
    with pytest.raises(CharterSuccessionError):
        accept(desk, make_charter(version=4, previous=second.digest))
    assert desk.accepted() == second


def test_a31_losing_the_accepted_file_does_not_open_the_way_back(
    home: Home, desk: CharterDesk
) -> None:
    second = make_charter(version=2, previous=CHARTER.digest)
    accept(desk, CHARTER)
    accept(desk, second)
    desk.confirm(offer(second, *COUNTRIES).encode())
    home.charter_accepted.unlink()
    with pytest.raises(CharterSuccessionError):
        accept(desk, CHARTER)


def test_a_charter_is_in_force_with_everybodys_signature(home: Home, desk: CharterDesk) -> None:
    accept(desk, CHARTER)
    desk.confirm(offer(CHARTER, *COUNTRIES).encode())
    in_force = desk_of(home).in_force()
    assert in_force is not None
    assert in_force.charter == CHARTER


@pytest.mark.parametrize("missing", COUNTRIES)
def test_a_charter_is_not_in_force_while_a_signature_is_missing(
    desk: CharterDesk, missing: CountryCode
) -> None:
    accept(desk, CHARTER)
    signers = [country for country in COUNTRIES if country != missing]
    with pytest.raises(CharterNotInForceError, match=missing):
        desk.confirm(offer(CHARTER, *signers).encode())
    assert desk.in_force() is None


def test_a_forged_signature_does_not_count(desk: CharterDesk) -> None:
    accept(desk, CHARTER)
    whole = offer(CHARTER, *COUNTRIES)
    forged = whole.with_signature(CharterSignature(UA, whole.signatures[0].signature))
    with pytest.raises(CharterNotInForceError, match="UA"):
        desk.confirm(forged.encode())


def test_a31_another_charter_than_the_accepted_one_does_not_come_into_force(
    desk: CharterDesk,
) -> None:
    other = make_charter(max_colluders=0)
    with pytest.raises(NotTheAcceptedCharterError):
        desk.confirm(offer(other, *COUNTRIES).encode())  # nothing was accepted at all
    accept(desk, CHARTER)
    with pytest.raises(NotTheAcceptedCharterError):
        desk.confirm(offer(other, *COUNTRIES).encode())


def test_the_charter_in_force_stays_while_the_next_is_accepted(desk: CharterDesk) -> None:
    accept(desk, CHARTER)
    desk.confirm(offer(CHARTER, *COUNTRIES).encode())
    second = make_charter(version=2, previous=CHARTER.digest)
    accept(desk, second)
    in_force = desk.in_force()
    assert in_force is not None
    assert in_force.charter == CHARTER
    assert desk.accepted() == second


def test_a_charter_file_that_was_changed_is_not_lived_by(home: Home, desk: CharterDesk) -> None:
    accept(desk, CHARTER)
    desk.confirm(offer(CHARTER, *COUNTRIES).encode())
    whole = home.charter.read_bytes()
    home.charter.write_bytes(whole.replace(b'"max_colluders":1', b'"max_colluders":0'))
    with pytest.raises(CharterNotInForceError):
        desk.in_force()
    home.charter.write_bytes(whole[:-1])
    with pytest.raises(MalformedCharterError):
        desk.in_force()


def test_a_node_that_was_left_out_for_a_while_follows_the_history_through(
    desk: CharterDesk,
) -> None:
    without = make_charter(
        countries=(NE, CountryCode("RO"), UA), version=2, previous=CHARTER.digest
    )
    back = make_charter(version=3, previous=without.digest)
    accept(desk, CHARTER)
    desk.accept(offer(back), confirmed(back), KEYS.sign, [offer(without)])
    assert desk.accepted() == back


def test_a31_a_history_with_a_gap_or_another_past_is_refused(desk: CharterDesk) -> None:
    second = make_charter(version=2, previous=CHARTER.digest)
    third = make_charter(version=3, previous=second.digest)
    fourth = make_charter(version=4, previous=third.digest)
    elsewhere = make_charter(version=2, previous=Digest(bytes(32)))
    astray = make_charter(version=3, previous=elsewhere.digest)
    accept(desk, CHARTER)
    for last, between in (
        (fourth, [third]),
        (fourth, [second]),
        (astray, [elsewhere]),
        (CHARTER, [second]),
    ):
        with pytest.raises(CharterSuccessionError):
            desk.accept(offer(last), confirmed(), KEYS.sign, [offer(one) for one in between])
    assert desk.accepted() == CHARTER


def test_a_version_in_between_that_the_coordinator_did_not_sign_is_refused(
    desk: CharterDesk,
) -> None:
    second = make_charter(version=2, previous=CHARTER.digest)
    forged = replace(offer(second), proposal=Signature(bytes(64)))
    third = make_charter(version=3, previous=second.digest)
    accept(desk, CHARTER)
    with pytest.raises(CharterNotInForceError):
        desk.accept(offer(third), confirmed(), KEYS.sign, [forged])
    assert desk.accepted() == CHARTER


def test_what_the_operator_confirmed_is_said_and_what_the_charter_lists_is_not(
    desk: CharterDesk,
) -> None:
    substituted = with_member(NE, signing_key=STRANGER.public)
    listed = fingerprint_text(fingerprint(Card.of(substituted.member(NE))))
    with pytest.raises(WrongFingerprintError) as refusal:
        accept(desk, substituted, confirmed(CHARTER))
    assert fingerprint_text(confirmed(CHARTER)[NE]) in str(refusal.value)
    assert listed not in str(refusal.value)


def test_a18_versions_before_are_remembered_until_they_are_handed_over(home: Home) -> None:
    desk = desk_of(home)
    second = replace(CHARTER, version=2, previous=CHARTER.digest)
    third = replace(CHARTER, version=3, previous=second.digest)
    fourth = replace(CHARTER, version=4, previous=third.digest)
    desk.accept(offer(CHARTER), confirmed(), KEYS.sign)
    assert desk.before(CHARTER) == ()
    desk.accept(offer(third), confirmed(), KEYS.sign, [offer(second)])
    desk.accept(offer(third), confirmed(), KEYS.sign, [])  # the same again
    assert {one.version for one in desk_of(home).before(third)} == {1, 2}
    desk.accept(offer(fourth), confirmed(), KEYS.sign)
    assert {one.version for one in desk.before(fourth)} == {1, 2, 3}
    desk.handed_over(third)  # serve does it while the next version waits for signatures
    assert {one.version for one in desk_of(home).before(fourth)} == {3}
    desk.handed_over(fourth)
    assert desk.before(fourth) == ()


def history(length: int) -> list[SignedCharter]:
    found = [offer(CHARTER)]
    while len(found) < length:
        last = found[-1].charter
        found.append(offer(replace(CHARTER, version=last.version + 1, previous=last.digest)))
    return found


def since(accepted: Charter | None, proposed: list[SignedCharter]) -> list[SignedCharter]:
    by_digest = {one.charter.digest: one for one in proposed}

    async def fetch(digest: Digest | None) -> SignedCharter:
        return proposed[-1] if digest is None else by_digest[digest]

    return asyncio.run(proposals_since(accepted, fetch))


def test_a18_a_disk_from_before_the_first_charter_meets_all_there_were(home: Home) -> None:
    four = history(4)
    assert since(None, four) == four
    assert since(four[1].charter, four) == four[2:]
    assert since(four[3].charter, four) == four[3:]
    *between, last = since(None, four)
    desk_of(home).accept(last, confirmed(last.charter), KEYS.sign, between)
    assert {one.version for one in desk_of(home).before(last.charter)} == {1, 2, 3}


def test_versions_that_did_not_list_this_node_have_nothing_of_its_ledger(home: Home) -> None:
    others = tuple(map(CountryCode, ("BG", "NE", "RO")))
    first = make_charter(countries=others)
    second = make_charter(countries=(MD, NE, UA), version=2, previous=first.digest)
    desk_of(home).accept(offer(second), confirmed(second), KEYS.sign, [offer(first)])
    assert desk_of(home).before(second) == ()


def test_a29_a_history_without_end_is_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charters, "MISSED_VERSIONS", 2)
    assert len(since(None, history(3))) == 3
    with pytest.raises(CharterSuccessionError, match="more than 2"):
        since(None, history(4))


SIX = tuple(map(CountryCode, ("BG", "MD", "NE", "NG", "RO", "UA")))


def in_force(desk: CharterDesk, charter: Charter) -> None:
    """Everybody signs with the keys that the charter lists."""
    accept(desk, charter)
    words = (
        CharterSignature(m.country, keys_of(m).sign(signature_to_sign(charter, m.country)))
        for m in charter.members
    )
    desk.confirm(SignedCharter(charter, offer(charter).proposal, tuple(words)).encode())


def claiming(base: Charter, claimant: CountryCode, stolen: KeyPair) -> Charter:
    """The next version, in which the claimant's past is a key that was stolen."""
    anew = KeyPair("claimant")
    word = make_succession(
        base.region,
        claimant,
        base.version,
        former=(stolen.public, stolen.sign),
        following=(anew.public, anew.sign),
    )
    member = replace(
        base.member(claimant),
        signing_key=anew.public,
        encryption_key=anew.encryption,
        successions=(word,),
    )
    listed = [member if one.country == claimant else one for one in base.members]
    return replace(base, version=base.version + 1, previous=base.digest, members=tuple(listed))


def test_a24_a_replaced_key_of_a_member_that_is_left_out_is_not_the_past_of_another(
    home: Home, desk: CharterDesk
) -> None:
    ne, ua = CountryCode("NE"), CountryCode("UA")
    first = make_charter(countries=SIX)
    second = rotated(first, ne)
    third = replace(
        second,
        version=3,
        previous=second.digest,
        members=tuple(one for one in second.members if one.country != ne),
    )
    for charter in (first, second, third):
        in_force(desk, charter)
    for stolen in (node_keys(ne), next_keys(ne, 1)):
        with pytest.raises(CharterSuccessionError, match=r"UA is listed with a signing key.*NE's"):
            desk_of(home).check_offer(offer(claiming(third, ua, stolen)))
    back = replace(third, version=4, previous=third.digest, members=second.members)
    desk_of(home).check_offer(offer(back))  # itself it may come back


def test_what_is_known_of_keys_and_was_changed_is_not_read_as_nothing(
    home: Home, desk: CharterDesk
) -> None:
    in_force(desk, CHARTER)
    later = replace(CHARTER, version=2, previous=CHARTER.digest)
    for raw in (b"[]", b'{"00":"MD"}', b'{"%s":"Moldova"}' % (b"00" * 32)):
        home.key_holders.write_bytes(raw)
        with pytest.raises(MalformedCharterError):
            desk.check_offer(offer(later))
