"""What a public receipt proves, and what bent ones are refused with."""

from dataclasses import replace
from pathlib import Path

import pytest

from corridor.errors import CorridorError
from corridor.errors.receipts import MalformedReceiptError, ReceiptSurvivorsError
from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.cards import Card, Fingerprint, fingerprint
from corridor.protocols.receipts import parse_public_receipt, trusted_charter
from corridor.protocols.secure_sum.messages import signed
from support.charters import make_charter, node_keys
from support.receipts import (
    NEGATIVE,
    REGION,
    VECTORS,
    charter_of_vectors,
    check_public,
    finish,
    read_vector,
    resigned,
)

ATTACKS = sorted(VECTORS.glob("negative_*.json"))


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_receipt_proves_nine_claims(dropped: int) -> None:
    finished = finish(frozenset(REGION.countries[:dropped]))
    claims = check_public(finished.receipt.encode(), finished.charter)
    assert [claim.number for claim in claims] == list(range(1, 10))
    assert all(country in claims[7].text for country in finished.receipt.survivors)


def test_reading_a_receipt_gives_back_what_was_written() -> None:
    receipt = finish().receipt
    assert parse_public_receipt(receipt.encode()) == receipt


def test_the_receipt_has_the_answer_as_it_was_summed() -> None:
    finished = finish()
    everybody = frozenset(REGION.countries)
    assert finished.receipt.answer == tuple(finished.conversation.sum_of(everybody).tolist())
    assert finished.receipt.reduced == everybody
    claims = check_public(finished.receipt.encode(), finished.charter)
    assert "5 of them committed to" in claims[6].text


def test_a26_where_a_member_dropped_out_no_noise_comes_off() -> None:
    finished = finish(frozenset(REGION.countries[:1]))
    survivors = frozenset(REGION.countries[1:])
    assert finished.receipt.answer == tuple(finished.answer.tolist())
    assert finished.receipt.answer != tuple(finished.conversation.sum_of(survivors).tolist())
    seeds = {country: finished.conversation.awaiting[country].seeds[0] for country in survivors}
    assert not finished.receipt.reduced
    lie = resigned(finished.receipt, excess_seeds=seeds)
    with pytest.raises(CorridorError, match="claim 7") as refusal:
        check_public(lie.encode(), finished.charter)
    assert refusal.value.code == "receipt.inputs"


def test_the_receipt_of_the_vectors_is_what_this_code_writes() -> None:
    vector = read_vector(VECTORS / "positive_one_dropout.json")
    finished = finish(frozenset({REGION.countries[1]}))
    assert canonical.encode(vector["receipt"]) == finished.receipt.encode()
    assert len(check_public(canonical.encode(vector["receipt"]), charter_of_vectors())) == 9


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_a30_a_bent_receipt_is_refused_for_its_own_reason(path: Path) -> None:
    vector = read_vector(path)
    with pytest.raises(CorridorError, match=vector["because"]) as refusal:
        check_public(canonical.encode(vector["receipt"]), charter_of_vectors())
    assert refusal.value.code == vector["refused_with"]


def test_the_attacks_were_found() -> None:
    assert len(ATTACKS) == len(NEGATIVE) >= 12


def test_a30_a_receipt_proves_nothing_under_another_charter() -> None:
    other = make_charter(countries=REGION.countries, max_dropouts=0)
    with pytest.raises(CorridorError, match="another charter") as refusal:
        check_public(finish().receipt.encode(), other)
    assert refusal.value.code == "receipt.charter"


def test_a25_a_coordinator_cannot_sign_away_the_threshold() -> None:
    receipt = finish().receipt
    lie = resigned(receipt, signatures=receipt.signatures[:3])
    with pytest.raises(ReceiptSurvivorsError, match="fewer than the threshold"):
        check_public(lie.encode(), finish().charter)


@pytest.mark.parametrize("cut", [0, 1, 200, -1])
def test_a_cut_receipt_is_refused(cut: int) -> None:
    with pytest.raises(MalformedReceiptError):
        parse_public_receipt(finish().receipt.encode()[:cut])


def test_an_unknown_field_is_refused_by_its_place() -> None:
    value = canonical.decode(finish().receipt.encode(), "receipt")
    assert isinstance(value, dict)
    with pytest.raises(MalformedReceiptError, match='"note" is not known'):
        parse_public_receipt(canonical.encode({**value, "note": "trust me"}))


def test_a20_a_masked_input_replayed_from_another_attempt_is_refused() -> None:
    receipt = finish().receipt
    word = receipt.inputs[0]
    elsewhere = signed(replace(word, roster_hash=Digest(bytes(32))), node_keys(word.country).sign)
    lie = resigned(receipt, inputs=(elsewhere, *receipt.inputs[1:]))
    with pytest.raises(CorridorError, match="not signed by it") as refusal:
        check_public(lie.encode(), finish().charter)
    assert refusal.value.code == "receipt.inputs"


def test_a30_the_receipt_shows_the_charter_that_it_is_verified_with() -> None:
    lie = resigned(finish().receipt, charter=make_charter(countries=REGION.countries, version=1))
    assert lie.charter == finish().charter  # a charter is its content
    other = resigned(lie, charter=make_charter(countries=REGION.countries, retention_days=1))
    with pytest.raises(CorridorError, match="another charter") as refusal:
        check_public(other.encode(), finish().charter)
    assert refusal.value.code == "receipt.charter"


# ---------------------------------------------------------------- who knows fingerprints only


def fingerprints(countries: tuple[CountryCode, ...]) -> dict[CountryCode, Fingerprint]:
    charter = finish().charter
    return {country: fingerprint(Card.of(charter.member(country))) for country in countries}


def test_the_charter_is_believable_if_enough_signers_are_known() -> None:
    receipt = finish().receipt
    charter, known = trusted_charter(receipt, fingerprints(REGION.countries[:4]))
    assert charter == finish().charter
    assert known == frozenset(REGION.countries[:4])
    assert len(check_public(receipt.encode(), charter)) == 9


def test_a30_fewer_known_signers_than_the_threshold_vouch_for_nothing() -> None:
    with pytest.raises(CorridorError, match=r"fingerprints of 3.*, 4 are needed") as refusal:
        trusted_charter(finish().receipt, fingerprints(REGION.countries[:3]))
    assert refusal.value.code == "receipt.too_few_trusted"


def test_a30_a_known_member_that_dropped_out_vouches_for_nothing() -> None:
    receipt = finish(frozenset(REGION.countries[:1])).receipt
    with pytest.raises(CorridorError, match="fingerprints of 3") as refusal:
        trusted_charter(receipt, fingerprints(REGION.countries[:4]))
    assert refusal.value.code == "receipt.too_few_trusted"


def test_a24_a_coordinator_cannot_put_its_own_keys_in_the_place_of_members() -> None:
    trusted = fingerprints(REGION.countries)
    forged = make_charter(countries=REGION.countries)
    members = tuple(
        replace(member, signing_key=node_keys(CountryCode("ZZ")).public)
        if member.country == REGION.countries[0]
        else member
        for member in forged.members
    )
    lie = resigned(finish().receipt, charter=replace(forged, members=members))
    with pytest.raises(CorridorError, match=f"another key for {REGION.countries[0]}") as refusal:
        trusted_charter(lie, trusted)
    assert refusal.value.code == "receipt.other_member_key"


def test_a24_a_known_country_that_the_charter_does_not_list_is_noticed() -> None:
    trusted = {**fingerprints(REGION.countries), CountryCode("ZZ"): Fingerprint(bytes(20))}
    with pytest.raises(CorridorError, match="ZZ") as refusal:
        trusted_charter(finish().receipt, trusted)
    assert refusal.value.code == "receipt.other_member_key"
