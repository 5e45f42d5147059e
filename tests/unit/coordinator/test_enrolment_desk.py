"""Who enters the region: an invitation, used once, by who holds the card's key."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from corridor.coordinator.enrolment_desk import EnrolmentDesk, EnrolmentRequest
from corridor.coordinator.store import Store, members
from corridor.errors import CorridorError
from corridor.errors.charter import MalformedCardError
from corridor.errors.region import (
    InvitationExpiredError,
    InvitedCountryError,
    PossessionError,
    UnknownInvitationError,
)
from corridor.errors.wire import MalformedCertificateError, OtherCountryError
from corridor.ids import CountryCode
from corridor.protocols.cards import Card, enrolment_to_sign
from corridor.transport.certificates import decode_certificate, make_csr, make_key, peer_country
from support.authority import TestAuthority
from support.signing import KeyPair, verify

MD, RO = CountryCode("MD"), CountryCode("RO")
KEYS = KeyPair("node MD")
DAYS = timedelta(days=7)


class Hall:
    """The desk, with a clock that a test moves."""

    def __init__(self, path: Path) -> None:
        self.authority = TestAuthority()
        self.store = Store(path)
        self.now = self.authority.now
        self.desk = EnrolmentDesk(
            store=self.store,
            authority=self.authority.authority,
            coordinator_key=KeyPair("coordinator").public,
            grpc="127.0.0.1:1",
            region="Test",
            verify=verify,
            random_bytes=self.authority.random_bytes,
            clock=lambda: self.now,
        )

    def enrolled(self) -> list[str]:
        with self.store.reading() as connection:
            return list(connection.execute(select(members.c.country)).scalars())


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path / "c.sqlite3")
    yield hall
    hall.store.close()


def card(country: CountryCode = MD, keys: KeyPair = KEYS) -> Card:
    return Card(country, "Authority", keys.public, keys.encryption)


def request(
    hall: Hall, code: str, *, shown: Card | None = None, signer: KeyPair = KEYS
) -> EnrolmentRequest:
    shown = shown or card()
    csr = make_csr(make_key(hall.authority.random_bytes), shown.country)
    proof = signer.sign(enrolment_to_sign(shown, code, csr))
    return EnrolmentRequest(code=code, csr=csr, card=shown.encode(), proof=proof)


def test_a_code_gives_a_certificate_of_the_invited_country(hall: Hall) -> None:
    code, _ = hall.desk.invite(MD, DAYS)
    enrolled = hall.desk.enrol(request(hall, code))
    assert peer_country(decode_certificate(enrolled.certificate)) == MD
    assert hall.enrolled() == ["MD"]


def test_a_code_is_used_once(hall: Hall) -> None:
    code, _ = hall.desk.invite(MD, DAYS)
    hall.desk.enrol(request(hall, code))
    with pytest.raises(UnknownInvitationError):
        hall.desk.enrol(request(hall, code))


def test_a_code_ends_when_its_time_is_over(hall: Hall) -> None:
    code, expires = hall.desk.invite(MD, DAYS)
    assert expires == int((hall.now + DAYS).timestamp())
    hall.now += DAYS
    with pytest.raises(InvitationExpiredError):
        hall.desk.enrol(request(hall, code))


def test_a_newer_invitation_withdraws_the_older(hall: Hall) -> None:
    old, _ = hall.desk.invite(MD, DAYS)
    other, _ = hall.desk.invite(RO, DAYS)
    new, _ = hall.desk.invite(MD, DAYS)
    with pytest.raises(UnknownInvitationError):
        hall.desk.enrol(request(hall, old))
    hall.desk.enrol(request(hall, new))
    romania = KeyPair("node RO")
    hall.desk.enrol(request(hall, other, shown=card(RO, romania), signer=romania))
    assert sorted(hall.enrolled()) == ["MD", "RO"]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda r: replace(r, code=r.code + "x"), UnknownInvitationError),
        (lambda r: replace(r, proof=bytes(64)), PossessionError),
        (lambda r: replace(r, proof=b"short"), PossessionError),
        (lambda r: replace(r, csr=r.csr + b"\n"), PossessionError),
        (lambda r: replace(r, card=b"{}"), MalformedCardError),
    ],
    ids=["another code", "a wrong proof", "a short proof", "another request", "no card"],
)
def test_what_does_not_hold_enrols_nobody_and_leaves_the_code_open(
    hall: Hall, spoil: object, error: type[CorridorError]
) -> None:
    assert callable(spoil)
    code, _ = hall.desk.invite(MD, DAYS)
    with pytest.raises(error):
        hall.desk.enrol(spoil(request(hall, code)))
    assert hall.enrolled() == []
    hall.desk.enrol(request(hall, code))


def test_another_country_cannot_use_the_code(hall: Hall) -> None:
    code, _ = hall.desk.invite(RO, DAYS)
    with pytest.raises(InvitedCountryError):
        hall.desk.enrol(request(hall, code))


def test_somebody_else_s_card_does_not_help_without_its_key(hall: Hall) -> None:
    code, _ = hall.desk.invite(MD, DAYS)
    with pytest.raises(PossessionError):
        hall.desk.enrol(request(hall, code, signer=KeyPair("thief")))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda _: b"no request", MalformedCertificateError),
        (lambda hall: make_csr(make_key(hall.authority.random_bytes), RO), OtherCountryError),
    ],
    ids=["no request", "another country's"],
)
def test_a_signing_request_that_does_not_hold_enrols_nobody(
    hall: Hall, make: object, error: type[CorridorError]
) -> None:
    assert callable(make)
    code, _ = hall.desk.invite(MD, DAYS)
    csr = make(hall)
    proof = KEYS.sign(enrolment_to_sign(card(), code, csr))
    shown = EnrolmentRequest(code=code, csr=csr, card=card().encode(), proof=proof)
    with pytest.raises(error):
        hall.desk.enrol(shown)
    assert hall.enrolled() == []


def test_enrolling_anew_replaces_card_and_certificate(hall: Hall) -> None:
    first, _ = hall.desk.invite(MD, DAYS)
    hall.desk.enrol(request(hall, first))
    second, _ = hall.desk.invite(MD, DAYS)
    keys = KeyPair("new node MD")
    hall.desk.enrol(request(hall, second, shown=card(MD, keys), signer=keys))
    with hall.store.reading() as connection:
        row = connection.execute(select(members)).one()
    assert row.signing_key == keys.public


def test_the_database_never_holds_a_code(hall: Hall, tmp_path: Path) -> None:
    code, _ = hall.desk.invite(MD, DAYS)
    hall.store.close()
    assert all(code.encode() not in path.read_bytes() for path in tmp_path.iterdir())
