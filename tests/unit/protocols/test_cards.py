"""Cards, and the fingerprints that operators compare by phone."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.charter import MalformedCardError
from corridor.ids import CountryCode
from corridor.protocols import canonical
from corridor.protocols.cards import (
    Card,
    Fingerprint,
    enrolment_to_sign,
    fingerprint,
    fingerprint_text,
    key_fingerprint,
    parse_card,
    parse_fingerprint,
)
from support.charters import make_charter, node_keys

CARD = Card.of(make_charter().members[0])
OTHER = node_keys(CountryCode("UA"))


def test_reading_a_card_gives_back_what_was_written() -> None:
    assert parse_card(CARD.encode()) == CARD
    assert parse_card(CARD.encode() + b"\n") == CARD  # as an editor leaves a file


@pytest.mark.parametrize("key", ["country", "name", "signing_key", "encryption_key"])
def test_a_card_without_a_field_is_refused_by_its_place(key: str) -> None:
    value = json.loads(CARD.encode())
    del value[key]
    with pytest.raises(MalformedCardError, match=f'"{key}" is missing'):
        parse_card(canonical.encode(value))


@pytest.mark.parametrize(
    "change", [{"country": "md"}, {"name": "a\x1b[1m"}, {"signing_key": "00"}, {"rank": 1}], ids=str
)
def test_a_malformed_card_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedCardError):
        parse_card(canonical.encode(json.loads(CARD.encode()) | change))


@pytest.mark.parametrize(
    "other",
    [
        replace(CARD, country=CountryCode("UA")),
        replace(CARD, signing_key=OTHER.public),
        replace(CARD, encryption_key=OTHER.encryption),
    ],
    ids=["country", "signing-key", "encryption-key"],
)
def test_a24_a_substituted_key_has_another_fingerprint(other: Card) -> None:
    assert fingerprint(other) != fingerprint(CARD)


def test_the_name_is_not_part_of_the_fingerprint() -> None:
    assert fingerprint(replace(CARD, name="Autoritatea")) == fingerprint(CARD)


def test_a_members_key_cannot_pass_for_the_coordinators() -> None:
    assert key_fingerprint(CARD.signing_key) != fingerprint(CARD)


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["-", " ", ":", "", " – "]))
def test_what_was_read_out_can_be_typed_in_any_way(raw: bytes, between: str) -> None:
    shown = fingerprint_text(Fingerprint(raw))
    assert len(shown.split("-")) == 10
    typed = f"  {shown.replace('-', between)} "
    assert parse_fingerprint(typed) == parse_fingerprint(typed.lower()) == raw


@pytest.mark.parametrize("typed", ["", "3F2A", "3F2A-" * 10 + "3F2A", "G" * 40])
def test_what_is_no_fingerprint_is_refused(typed: str) -> None:
    with pytest.raises(MalformedCardError, match="ten groups of four"):
        parse_fingerprint(typed)


def test_a_proof_of_possession_is_of_one_card_one_invitation_and_one_request() -> None:
    proof = enrolment_to_sign(CARD, "code", b"csr")
    assert (
        len(
            {
                proof,
                enrolment_to_sign(replace(CARD, name="Another"), "code", b"csr"),
                enrolment_to_sign(CARD, "codec", b"sr"),
                enrolment_to_sign(CARD, "code", b"csr2"),
            }
        )
        == 4
    )
