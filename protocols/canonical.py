"""One byte string per value: canonical JSON, and digests that cannot be confused.

What is hashed or signed goes through here. The form is JSON with sorted keys, without
white space, in UTF-8, of objects, arrays, strings, whole numbers, booleans and null. There
are no floats in it: a ρ or a variance travels as the text of a fraction, `"1/100"`.

A digest is SHA-256 over a label and parts, each preceded by its length in eight bytes, so
that neither two purposes nor two ways of cutting the same bytes can share a digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NoReturn, TypeAlias

from corridor.errors.canonical import NotCanonicalError
from corridor.ids import Digest

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What the canonical form can hold."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


def encode(value: Json) -> bytes:
    """The canonical bytes of `value`.

    Raises:
        TypeError: there is a float or another type in it that the form cannot hold.
    """
    _refuse_other_types(value)
    return _ENCODER.encode(value).encode()


def decode(raw: bytes, name: str) -> Json:
    """The value whose canonical bytes are `raw`; `name` says in errors what it should be.

    Raises:
        NotCanonicalError: not JSON, not canonical, or with a key twice.
    """
    try:
        value: Json = json.loads(raw.decode(), parse_float=_no_float, parse_constant=_no_float)
        canonical = encode(value)
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"{name}: is not canonical JSON; nothing was read") from error
    if canonical != raw:
        raise NotCanonicalError(
            f"{name}: is JSON, but not in canonical form (sorted keys, no spaces, no key twice); "
            "nothing was read"
        )
    return value


def digest(label: str, *parts: bytes) -> Digest:
    """SHA-256 of `label` and `parts`, each with its length before it."""
    return digest_of(framed(label.encode(), *parts))


def framed(*parts: bytes) -> bytes:
    """`parts` one after the other as `digest` reads them, each with its length before it."""
    pieces: list[bytes] = []
    append = pieces.append
    for part in parts:
        append(length(len(part)))
        append(part)
    return b"".join(pieces)


@lru_cache(maxsize=4096)
def length(size: int) -> bytes:
    """What stands before a part of that many bytes.

    Kept: a secure sum of many nodes makes tens of thousands of digests, of parts of a few lengths.
    """
    return size.to_bytes(8, "big")


def digest_of(*pieces: bytes) -> Digest:
    """What `digest` gives for a label and parts that are framed already, one piece or several.

    For digests in great number that have pieces in common; all others are clearer with `digest`.
    """
    return Digest(hashlib.sha256(b"".join(pieces)).digest())


def fraction_text(value: Fraction) -> str:
    """`value` as the one text that stands for it: `3`, `1/100`, `-2/3`."""
    return str(value)


def parse_fraction(text: str, name: str) -> Fraction:
    """The fraction that `fraction_text` wrote; `name` says in errors what it should be.

    Raises:
        NotCanonicalError: not a fraction in lowest terms.
    """
    if _FRACTION.fullmatch(text) is None or len(text) > 400:
        raise NotCanonicalError(f"{name}: {text[:40]!r} is not a fraction such as 1/100")
    value = Fraction(text)
    if str(value) != text:
        raise NotCanonicalError(f"{name}: {text[:40]!r} is not in lowest terms; write {value}")
    return value


def _refuse_other_types(value: object) -> None:
    if type(value) is str or type(value) is int:
        return  # most of what there is, and matching an abstract class is slow
    match value:
        case bool() | int() | str() | None:
            return
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"a key of canonical JSON is a string, not {key!r}")
                _refuse_other_types(item)
        case Sequence() if not isinstance(value, bytes | bytearray):
            for item in value:
                if type(item) is not str:  # lists of countries are long, and many
                    _refuse_other_types(item)
        case _:
            raise TypeError(f"canonical JSON cannot hold {type(value).__name__}")


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"canonical JSON holds no {text}")
