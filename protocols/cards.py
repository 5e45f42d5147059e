"""Cards and fingerprints: how people make sure that a key is whose it claims to be.

A **card** shows a member's country, name and two public keys. Its **fingerprint** is what the
operators compare by phone, since the coordinator delivers all keys and its word proves nothing
(ATTACKS 24). It is the first 20 bytes of a labelled SHA-256: to make another card with the
fingerprint of a given member takes 2¹⁶⁰ tries. It covers the keys and the country, and not the
name, which an authority may write differently from one charter to the next.
"""

import re
from dataclasses import dataclass
from typing import NewType, Self

from corridor.errors.charter import MalformedCardError
from corridor.ids import CountryCode, EncryptionKey, PublicKey
from corridor.protocols import canonical
from corridor.protocols.charter import Member
from corridor.protocols.fields import Fields, decode

Fingerprint = NewType("Fingerprint", bytes)
"""20 bytes."""

FINGERPRINT_BYTES = 20
_KEYS = ("country", "name", "signing_key", "encryption_key")
_PLAIN = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True, slots=True)
class Card:
    """What a member shows of itself: who it is, its Ed25519 key, its X-Wing key."""

    country: CountryCode
    name: str
    signing_key: PublicKey
    encryption_key: EncryptionKey

    @classmethod
    def of(cls, member: Member) -> Self:
        """The card of a charter's member."""
        return cls(member.country, member.name, member.signing_key, member.encryption_key)

    def encode(self) -> bytes:
        """Canonical bytes, as files and messages carry them."""
        return canonical.encode(
            {
                "country": self.country,
                "name": self.name,
                "signing_key": self.signing_key.hex(),
                "encryption_key": self.encryption_key.hex(),
            }
        )


def parse_card(raw: bytes, name: str = "card") -> Card:
    """The card in canonical bytes; well-formed, not believed.

    Raises:
        MalformedCardError: it is none. Nothing was kept.
    """
    fields = Fields(
        decode(raw.strip(), name, MalformedCardError), _KEYS, name=name, error=MalformedCardError
    )
    return Card(
        country=fields.country("country"),
        name=fields.text("name"),
        signing_key=PublicKey(fields.octets("signing_key", 32)),
        encryption_key=EncryptionKey(fields.octets("encryption_key", 1216)),
    )


def fingerprint(card: Card) -> Fingerprint:
    """What operators compare of a member."""
    return _cut(
        canonical.digest(
            "corridor card", card.country.encode(), card.signing_key, card.encryption_key
        )
    )


def key_fingerprint(key: PublicKey) -> Fingerprint:
    """What an invitation says of the coordinator's signing key."""
    return _cut(canonical.digest("corridor coordinator key", key))


def fingerprint_text(found: Fingerprint) -> str:
    """Ten groups of four capital hexadecimal digits: `3F2A-91C0-…`."""
    plain = found.hex().upper()
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def parse_fingerprint(text: str) -> Fingerprint:
    """The fingerprint that somebody typed; case, spaces, dashes and colons do not matter.

    Raises:
        MalformedCardError: not 40 hexadecimal digits.
    """
    plain = re.sub(r"[\s:\-–—]", "", text).upper()
    if _PLAIN.fullmatch(plain) is None:
        raise MalformedCardError(
            "a member's fingerprint has ten groups of four digits 0–9 and A–F; check what was "
            "read to you. Nothing was kept."
        )
    return Fingerprint(bytes.fromhex(plain))


def enrolment_to_sign(card: Card, code: str, csr: bytes) -> bytes:
    """What proves possession of a card's signing key, for one invitation and one TLS key."""
    return canonical.digest("corridor enrolment", card.encode(), code.encode(), csr)


def _cut(digest: bytes) -> Fingerprint:
    return Fingerprint(digest[:FINGERPRINT_BYTES])
