"""The invitation: the one file that a country's operator gets from the coordinator's people.

It travels outside Corridor, so the fingerprints in it are what the node's first connection is
held to. It is canonical JSON, and whoever reads it can use the code once, until it expires:
it is sent to one person, and not published.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from corridor.errors.wire import (
    InvitationOverError,
    MalformedCertificateError,
    MalformedInvitationError,
)
from corridor.ids import CountryCode
from corridor.protocols import canonical
from corridor.protocols.fields import Fields, decode
from corridor.transport.certificates import parse_fingerprint

FORMAT = "corridor-invitation-1"

_KEYS = (
    "format",
    "country",
    "code",
    "authority",
    "coordinator_key",
    "web",
    "grpc",
    "expires",
)
_CODE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253}):([1-9][0-9]{0,4})")
_LATEST = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A country may enrol one node, once, until `expires`.

    Attributes:
        code: proves that its bearer was invited.
        authority: fingerprint of the coordinator's certificate authority, 64 hexadecimal digits.
        coordinator_key: fingerprint of the coordinator's signing key, as `protocols.cards` writes
            it.
        web: URL of the REST port, `https://host:port`.
        grpc: `host:port` that the node dials.
        expires: seconds since 1970 UTC.

    Raises:
        MalformedInvitationError: a field is not what it must be.
    """

    country: CountryCode
    code: str = field(repr=False)
    authority: str
    coordinator_key: str
    web: str
    grpc: str
    expires: int

    def __post_init__(self) -> None:
        """Refuse what could not be enrolled with."""
        if _CODE.fullmatch(self.code) is None:
            raise _wrong("code", "must be 16 to 128 letters, digits, - and _")
        try:
            plain = parse_fingerprint(self.authority)
        except MalformedCertificateError as error:
            raise _wrong("authority", "must be 64 hexadecimal digits") from error
        if plain != self.authority:
            raise _wrong("authority", "must be 64 hexadecimal digits in lower case")
        parts = urlsplit(self.web)
        if parts.scheme != "https" or _ADDRESS.fullmatch(parts.netloc) is None or parts.query:
            # Over plain HTTP the code would be anybody's.
            raise _wrong("web", "must be https://host:port")
        if _ADDRESS.fullmatch(self.grpc) is None:
            raise _wrong("grpc", "must be host:port")
        if not 0 < self.expires <= _LATEST:
            raise _wrong("expires", "must be a moment in seconds since 1970")

    def encode(self) -> bytes:
        """The invitation's file."""
        return canonical.encode(
            {
                "format": FORMAT,
                "country": self.country,
                "code": self.code,
                "authority": self.authority,
                "coordinator_key": self.coordinator_key,
                "web": self.web,
                "grpc": self.grpc,
                "expires": self.expires,
            }
        )

    def verify_open(self, now: datetime) -> None:
        """Check that its time is not over.

        Raises:
            InvitationOverError: it is. Nothing was enrolled.
        """
        ends = datetime.fromtimestamp(self.expires, UTC)
        if now >= ends:
            raise InvitationOverError(f"{ends:%Y-%m-%d %H:%M} UTC")


def parse_invitation(raw: bytes, name: str = "invitation") -> Invitation:
    """The invitation in a file's bytes; white space around it is forgiven, nothing else.

    Raises:
        MalformedInvitationError: it is none. Nothing was enrolled.
    """
    value = decode(raw.strip(), name, MalformedInvitationError)
    fields = Fields(value, _KEYS, name=name, error=MalformedInvitationError)
    if fields.text("format") != FORMAT:
        raise fields.wrong("format", f"must be {FORMAT}; update Corridor")
    return Invitation(
        country=fields.country("country"),
        code=fields.text("code"),
        authority=fields.text("authority"),
        coordinator_key=fields.text("coordinator_key", longest=400),
        web=fields.text("web", longest=300),
        grpc=fields.text("grpc", longest=300),
        expires=fields.whole("expires"),
    )


def _wrong(key: str, problem: str) -> MalformedInvitationError:
    return MalformedInvitationError(f'invitation: "{key}" {problem}. Nothing was enrolled.')
