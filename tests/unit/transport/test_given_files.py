"""What people send who look for the receipt of a release."""

import json

import pytest

from corridor.publishing.formats import FORMS
from corridor.transport.given_files import Given, given_instead
from corridor.transport.sealed_files import MAGIC
from support.receipts import charter_of_vectors, finish
from support.releases import make_release

RELEASE = make_release() | {"receipt_digest": "00"}
RECEIPT = finish().receipt.encode()


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"csv"}))  # that comes in an archive
def test_every_form_of_a_release_is_recognised(form: str) -> None:
    wanted = Given.RELEASE if form == "json" else Given.FIGURES
    for document in FORMS[form].write(RELEASE, "release"):
        assert given_instead(document.data) is wanted, document.name


@pytest.mark.parametrize(
    ("raw", "given"),
    [
        (MAGIC + b"...", Given.MEMBERS_RECEIPT),
        (b"PK\x03\x04...", Given.FIGURES),
        (charter_of_vectors().encode(), Given.CHARTER),
        (b"%PDF-1.7", Given.SOMETHING),
        (b"", Given.SOMETHING),
        (b"[1]", Given.SOMETHING),
        (b"[" * 100_000, Given.SOMETHING),
        (b'{"name": "x"}', Given.SOMETHING),
    ],
)
def test_what_else_is_recognised(raw: bytes, given: Given) -> None:
    assert given_instead(raw) is given


def test_a_receipt_stays_one_however_damaged() -> None:
    assert given_instead(RECEIPT) is None
    assert given_instead(RECEIPT[:-100]) is None
    bent = json.loads(RECEIPT) | {"format": "corridor public receipt 9"}
    assert given_instead(json.dumps(bent, indent=1).encode()) is None
