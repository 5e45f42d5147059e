"""The succession of a member's keys: a statement by the old key and by the new one.

A member is one member for as long as its keys follow one another:

    origin ──succession──▶ key ──succession──▶ signing key of the charter

A charter names at each member the successions that led to its signing key, from the first one on.
The **origin**, the first of these keys, is the name of the member's ledger: witnesses hold one
chain of each origin (`protocols.witnesses`), whichever of the keys signed an entry.

Each statement is signed by both keys. That of the old key alone would let a thief of it hand the
ledger over to a key of the thief's; that of the new key alone would let anybody claim another's
ledger. Both together still move nothing. The new key is the member's when every member has signed
a charter that lists it, having heard its fingerprint from the authority itself, as for any key
(ATTACKS 24). The statement only says which member it is: without it, a charter with another key
lists another member, with an empty ledger.

It is of one region and one country, and names the version that was in force when it was made, so
that it fits no other region and no version before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.errors.charter import FalseSuccessionError, MalformedCharterError
from corridor.ids import CountryCode, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.fields import Fields, decode
from corridor.protocols.suite import Sign, Verify

MOST_SUCCESSIONS = 100
"""So many a member may have: one a year for a century. A charter's length has an end by that."""

LAST_VERSION = 10**6
"""No charter has a later one."""

SUCCESSION = ("former", "since", "word_of_former", "word_of_next")
"""The fields of one, as it stands in charters and files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """One key's word, and the next one's, that both are one member's. Well-formed, not believed.

    Attributes:
        former: the key that is succeeded.
        since: the version of the charter that was in force when the statement was made.
        word_of_former, word_of_next: both over `succession_to_sign`.
    """

    former: PublicKey
    since: int
    word_of_former: Signature
    word_of_next: Signature

    def __post_init__(self) -> None:
        """Refuse a statement of no version."""
        if type(self.since) is not int or not 1 <= self.since <= LAST_VERSION:
            raise MalformedCharterError(
                f'succession: "since" is {self.since!r}, and must be the number of a version. '
                "Nothing was accepted."
            )

    def to_json(self) -> Json:
        """The statement as it stands in a charter."""
        return {
            "former": self.former.hex(),
            "since": self.since,
            "word_of_former": self.word_of_former.hex(),
            "word_of_next": self.word_of_next.hex(),
        }


def encode_successions(successions: Sequence[Succession]) -> bytes:
    """Statements as a file or message carries them: canonical JSON, a list."""
    return canonical.encode([one.to_json() for one in successions])


def parse_successions(raw: bytes, name: str) -> tuple[Succession, ...]:
    """What `encode_successions` wrote; nothing in it is believed.

    Raises:
        MalformedCharterError: it is none; `name` says where it came from. Nothing was kept.
    """
    whole = Fields(
        {"successions": decode(raw, name, MalformedCharterError)},
        ("successions",),
        name=name,
        error=MalformedCharterError,
    )
    return tuple(map(read_succession, whole.each_below("successions", SUCCESSION)))


def read_succession(fields: Fields) -> Succession:
    """The statement whose fields these are."""
    return Succession(
        former=PublicKey(fields.octets("former", 32)),
        since=fields.whole("since"),
        word_of_former=Signature(fields.octets("word_of_former", 64)),
        word_of_next=Signature(fields.octets("word_of_next", 64)),
    )


def succession_to_sign(
    region: str, country: CountryCode, former: PublicKey, following: PublicKey, since: int
) -> bytes:
    """What both keys of a member sign."""
    return canonical.digest(
        "corridor key succession",
        region.encode(),
        country.encode(),
        former,
        following,
        since.to_bytes(8, "big"),
    )


def make_succession(
    region: str,
    country: CountryCode,
    since: int,
    *,
    former: tuple[PublicKey, Sign],
    following: tuple[PublicKey, Sign],
) -> Succession:
    """The statement that one key of a member succeeds another; each is given with what signs."""
    text = succession_to_sign(region, country, former[0], following[0], since)
    return Succession(
        former=former[0],
        since=since,
        word_of_former=former[1](text),
        word_of_next=following[1](text),
    )


def verify_successions(
    region: str,
    country: CountryCode,
    successions: Sequence[Succession],
    key: PublicKey,
    verify: Verify,
) -> None:
    """Check that these statements lead, one after the other, to `key`.

    Raises:
        FalseSuccessionError: one is not signed by both of its keys. Nothing was accepted.
    """
    for one in reversed(successions):
        text = succession_to_sign(region, country, one.former, key, one.since)
        of_former = verify(one.former, text, one.word_of_former)
        if not of_former or not verify(key, text, one.word_of_next):
            raise FalseSuccessionError(country)
        key = one.former
