"""What a public receipt proves, and what bent ones are refused with."""

from pathlib import Path

import pytest

from corridor.errors import CorridorError
from corridor.errors.receipts import MalformedReceiptError, ReceiptSurvivorsError
from corridor.protocols import canonical
from corridor.protocols.receipts import parse_public_receipt
from support.charters import make_charter
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
    finished = finish(frozenset(REGION.countries[:1]))
    survivors = frozenset(REGION.countries[1:])
    assert finished.receipt.answer == tuple(finished.conversation.sum_of(survivors).tolist())


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
