"""Decides who enters the region: an invitation for a country, used once by one node.

    invite ──▶ code (shown once; its hash is kept, until it expires)
    enrol  ──▶ 1. the code is open and not expired
               2. the card is of the invited country
               3. whoever sends it holds the card's signing key, for this code and this TLS key
               4. a certificate is issued; code used, member recorded: one transaction

A second invitation of a country withdraws the first. A country that is enrolled stays so until
it uses a new invitation: then its new card and certificate replace the old ones, and the old
certificate opens no stream any more. The charter lists keys of its own, so a replaced card
changes nothing that is in force. A charter without the country ends its enrolment, once it is in
force (`charter_desk`).
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from corridor.coordinator.store import Store, invitations, members
from corridor.errors.region import (
    InvitationExpiredError,
    InvitedCountryError,
    PossessionError,
    UnknownInvitationError,
)
from corridor.ids import CountryCode, PublicKey, is_signature
from corridor.protocols.cards import Card, enrolment_to_sign, parse_card
from corridor.protocols.suite import RandomBytes, Verify
from corridor.transport.certificates import (
    Authority,
    encode_certificate,
    fingerprint,
    issue_node_certificate,
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRequest:
    """What a node shows: its one-time code, its signing request (PEM), its card, its proof."""

    code: str
    csr: bytes
    card: bytes
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What a node is given.

    Attributes:
        certificate, authority: PEM.
        grpc: `host:port` to dial.
    """

    certificate: bytes
    authority: bytes
    coordinator_key: PublicKey
    grpc: str
    region: str
    country: CountryCode


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation that was not used.

    Attributes:
        issued, expires: seconds since 1970.
    """

    country: CountryCode
    issued: int
    expires: int
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentDesk:
    """Issues invitations and enrols who uses them."""

    store: Store
    authority: Authority
    coordinator_key: PublicKey
    grpc: str
    region: str
    verify: Verify
    random_bytes: RandomBytes
    clock: Callable[[], datetime]

    def invite(self, country: CountryCode, life: timedelta) -> tuple[str, int]:
        """A one-time code for a node of `country`, and when it expires (seconds since 1970)."""
        code = base64.urlsafe_b64encode(self.random_bytes(32)).rstrip(b"=").decode()
        now = self.clock()
        expires = int((now + life).timestamp())
        with self.store.writing() as connection:
            connection.execute(
                delete(invitations).where(
                    invitations.c.country == country, invitations.c.used.is_(None)
                )
            )
            connection.execute(
                insert(invitations).values(
                    code_hash=_hash(code),
                    country=country,
                    expires=expires,
                    issued=int(now.timestamp()),
                )
            )
        return code, expires

    def open_invitations(self) -> tuple["OpenInvitation", ...]:
        """Those that were not used, by country; codes are known to nobody here."""
        wanted = select(invitations).where(invitations.c.used.is_(None))
        with self.store.reading() as connection:
            rows = connection.execute(wanted.order_by(invitations.c.country)).all()
        now = int(self.clock().timestamp())
        return tuple(
            OpenInvitation(CountryCode(row.country), row.issued, row.expires, now >= row.expires)
            for row in rows
        )

    def withdraw(self, country: CountryCode) -> None:
        """Make the open invitation of `country` worthless.

        Raises:
            UnknownInvitationError: there is none. Nothing was changed.
        """
        with self.store.writing() as connection:
            done = connection.execute(
                delete(invitations).where(
                    invitations.c.country == country, invitations.c.used.is_(None)
                )
            )
            if not done.rowcount:
                raise UnknownInvitationError

    def enrol(self, request: EnrolmentRequest) -> Enrolled:
        """Give the node its certificate; the code is worthless afterwards.

        Raises:
            UnknownInvitationError, InvitationExpiredError: rule 1.
            MalformedCardError, InvitedCountryError: rule 2.
            PossessionError: rule 3.
            MalformedCertificateError, OtherCountryError: the signing request.
                Nobody was enrolled in any of these cases, and the code is as it was.
        """
        card = parse_card(request.card)
        now = self.clock()
        with self.store.writing() as connection:
            invited = self._invited(connection, request.code, int(now.timestamp()))
            if card.country != invited:
                raise InvitedCountryError(invited, card.country)
            self._demand_possession(card, request)
            certificate = issue_node_certificate(
                self.authority,
                request.csr,
                invited,
                random_bytes=self.random_bytes,
                now=now,
            )
            pem = encode_certificate(certificate)
            connection.execute(
                update(invitations)
                .where(invitations.c.code_hash == _hash(request.code))
                .values(used=int(now.timestamp()))
            )
            record = {
                "name": card.name,
                "card": card.encode(),
                "signing_key": card.signing_key,
                "certificate": pem,
                "fingerprint": fingerprint(certificate),
                "enrolled": int(now.timestamp()),
            }
            connection.execute(
                upsert(members)
                .values(country=invited, **record)
                .on_conflict_do_update(index_elements=["country"], set_=record)
            )
        _log.info("node.enrolled", country=invited)
        return Enrolled(
            certificate=pem,
            authority=encode_certificate(self.authority.certificate),
            coordinator_key=self.coordinator_key,
            grpc=self.grpc,
            region=self.region,
            country=invited,
        )

    @staticmethod
    def _invited(connection: Connection, code: str, now: int) -> CountryCode:
        row = connection.execute(
            select(invitations.c.country, invitations.c.expires).where(
                invitations.c.code_hash == _hash(code), invitations.c.used.is_(None)
            )
        ).first()
        if row is None:
            raise UnknownInvitationError
        if now >= row.expires:
            raise InvitationExpiredError
        return CountryCode(row.country)

    def _demand_possession(self, card: Card, request: EnrolmentRequest) -> None:
        text = enrolment_to_sign(card, request.code, request.csr)
        if not is_signature(request.proof) or not self.verify(
            card.signing_key, text, request.proof
        ):
            raise PossessionError(card.country)


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"corridor invitation " + code.encode()).digest()
