"""One check per kind of field. Each takes the field's name, for the error, and what arrived.

No limit here is a rule of the protocol: they only keep a message from costing its receiver more
than an honest one would. Texts are shown to people, so they hold no character that could move a
terminal's cursor or turn the direction of the line around it, and none that nobody sees: else a
question that people denied could come back as another one that looks the same. That takes the
joiners U+200C and U+200D from Persian and Indic scripts, whose words stay readable without them;
after many letters they change nothing that one could see, so no rule about places is sound.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

from corridor.errors.canonical import NotCanonicalError
from corridor.errors.wire import MalformedMessageError
from corridor.ids import (
    CountryCode,
    Digest,
    EditionId,
    PublicKey,
    SessionId,
    Signature,
    is_country_code,
    is_digest,
    is_edition_id,
    is_public_key,
    is_session_id,
    is_signature,
)
from corridor.protocols import canonical

NODES = 200
"""The most nodes that a roster, and so any list of nodes, may have."""

KEY_BYTES = 4096
ENVELOPE_BYTES = 4096
QUESTION_BYTES = 256 * 1024
DOCUMENT_BYTES = 1024 * 1024
CARD_BYTES = 8 * 1024
CODE_LENGTH = 100
MESSAGE_LENGTH = 2000
PURPOSE_LENGTH = 500
NAME_LENGTH = 200
WORD_LENGTH = 64
LATEST_SECOND = 253_402_300_799
"""The end of the year 9999."""

_CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000))))
)
"""Characters that show nothing, beside those of category Cf."""

_NOT_PLAIN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

Item = TypeVar("Item")


def country(field: str, value: str) -> CountryCode:
    """Two capital letters."""
    if not is_country_code(value):
        raise MalformedMessageError(
            f"{field}: {value[:20]!r} is not two capital letters, as in MD; update the sender"
        )
    return value


def countries(field: str, values: Sequence[str]) -> frozenset[CountryCode]:
    """A set of nodes; nobody is named twice."""
    at_most(field, values)
    found = frozenset(country(field, value) for value in values)
    if len(found) != len(values):
        raise MalformedMessageError(f"{field}: a country is named twice")
    return found


def session(field: str, raw: bytes) -> SessionId:
    """The 16 bytes of an attempt."""
    if not is_session_id(raw):
        raise MalformedMessageError(f"{field}: must be 16 bytes, not {len(raw)}; update the sender")
    return raw


def digest(field: str, raw: bytes) -> Digest:
    """32 bytes."""
    if not is_digest(raw):
        raise MalformedMessageError(f"{field}: must be 32 bytes, not {len(raw)}; update the sender")
    return raw


def digest_or_none(field: str, raw: bytes) -> Digest | None:
    """32 bytes, or none at all."""
    return digest(field, raw) if raw else None


def signature(field: str, raw: bytes) -> Signature:
    """64 bytes."""
    if not is_signature(raw):
        raise MalformedMessageError(f"{field}: must be 64 bytes, not {len(raw)}; update the sender")
    return raw


def signing_key(field: str, raw: bytes) -> PublicKey:
    """32 bytes."""
    if not is_public_key(raw):
        raise MalformedMessageError(f"{field}: must be 32 bytes, not {len(raw)}; update the sender")
    return raw


def octets(field: str, raw: bytes, *, longest: int, shortest: int = 1) -> bytes:
    """Bytes that something else will read."""
    if not shortest <= len(raw) <= longest:
        raise MalformedMessageError(
            f"{field}: must be {shortest} to {longest} bytes, not {len(raw)}"
        )
    return raw


def edition(field: str, value: str) -> EditionId:
    """An edition's name."""
    if not is_edition_id(value):
        raise MalformedMessageError(f"{field}: {value[:40]!r} is not an edition's name")
    return value


def edition_or_none(field: str, value: str) -> EditionId | None:
    """An edition's name, or none at all."""
    return edition(field, value) if value else None


def word(field: str, value: str, *, longest: int = WORD_LENGTH) -> str:
    """A name out of a closed or technical list: suite, rule, version, release."""
    if len(value) > longest or _WORD.fullmatch(value) is None:
        raise MalformedMessageError(
            f"{field}: {value[:20]!r} is not a word of 1 to {longest} letters, digits and ._+-"
        )
    return value


def code(field: str, value: str) -> str:
    """A stable code of an error."""
    if len(value) > CODE_LENGTH or _CODE.fullmatch(value) is None:
        raise MalformedMessageError(f"{field}: {value[:20]!r} is not a dotted code in lower case")
    return value


def text(field: str, value: str, *, longest: int) -> str:
    """A text for people, perhaps empty, perhaps of several lines."""
    if len(value) > longest:
        raise MalformedMessageError(f"{field}: is longer than {longest} characters")
    if not is_plain(value):
        raise MalformedMessageError(
            f"{field}: holds a control character; send plain text, without letters that nobody sees"
        )
    return value


def said(value: str) -> str:
    """Words of our own, as `text` will let them pass at the other side.

    They may name every member, or hold what somebody typed; a peer that refused the message for
    that would lose its stream, and with it the attempt.
    """
    if len(value) > MESSAGE_LENGTH:
        value = value[: MESSAGE_LENGTH - 2] + " …"
    return "".join(
        character if is_plain(character) else "\N{REPLACEMENT CHARACTER}" for character in value
    )


def is_plain(value: str) -> bool:
    """Whether a text only says what it says, and does nothing to the screen it is shown on."""
    return not any(
        character in _UNSEEN
        or (character != "\n" and unicodedata.category(character) in _NOT_PLAIN)
        for character in value
    )


def fraction(field: str, value: str) -> Fraction:
    """A fraction that is not negative, written in lowest terms."""
    try:
        found = canonical.parse_fraction(value, field)
    except NotCanonicalError as error:
        raise MalformedMessageError(str(error)) from error
    if found < 0:
        raise MalformedMessageError(f"{field}: must not be negative")
    return found


def price(field: str, value: str) -> Fraction:
    """A ρ that somebody is asked to spend: above 0."""
    found = fraction(field, value)
    if found == 0:
        raise MalformedMessageError(f"{field}: must be above 0; no finite noise gives ρ = 0")
    return found


def whole(field: str, value: int, *, most: int) -> int:
    """A whole number from 0 to `most`."""
    if value > most:
        raise MalformedMessageError(f"{field}: must be at most {most}")
    return value


def second(field: str, value: int) -> int:
    """A moment in seconds since 1970 UTC."""
    if not 0 < value <= LATEST_SECOND:
        raise MalformedMessageError(f"{field}: is no moment in seconds since 1970")
    return value


def parsed(name: str, message: Item | None) -> Item:
    """The message, or a refusal where gRPC gives a caller None for bytes that are no protobuf."""
    if message is None:
        raise MalformedMessageError(f"{name}: its bytes are no protobuf message")
    return message


def present(field: str, *, is_there: bool) -> None:
    """Refuse a message without the submessage that it must have."""
    if not is_there:
        raise MalformedMessageError(f"{field}: is missing; update the sender")


def at_most(field: str, values: Collection[object], most: int = NODES) -> None:
    """Refuse a list that is longer than `most`, before anything of it is read."""
    if len(values) > most:
        raise MalformedMessageError(f"{field}: has {len(values)} entries, at most {most} may be")


def sorted_by(
    field: str, items: Iterable[Item], name: Callable[[Item], CountryCode]
) -> tuple[Item, ...]:
    """The items, which must come sorted by country and name nobody twice."""
    found = tuple(items)
    names = [name(item) for item in found]
    if names != sorted(set(names)):
        raise MalformedMessageError(f"{field}: must be sorted by country and name nobody twice")
    return found
