"""Bends what a parser reads, knowing how it is built: bytes, protobuf, canonical JSON, or text.

Blind changes to bytes die at the first check of a length or a quotation mark. These keep the
structure and bend what it holds, one to four times over: `Mutator.bent` takes a valid sample and
gives a neighbour of it. Equal seeds give equal neighbours, so that a failure can be repeated.
"""

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

LONGEST = 256 * 1024
"""No neighbour is longer: what a longer one costs is the transport's limit, tested there."""

NUMBERS = (
    *(0, 1, -1, 2, 127, 255, 2**31 - 1, 2**31, 2**32, 2**53 + 1),
    *(2**63 - 1, 2**63, 2**64, -(2**63)),
)
TEXTS = (
    "",
    " ",
    "MD",
    "ZZ",
    "md",
    "0",
    "1/100",
    "-1/3",
    "2/4",
    "1/0",
    "9" * 399,
    "9" * 5000,
    "NaN",
    "null",
    "\x00",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    "\uffff",
    "\uff21",
    "\u0663",
    "'; DROP TABLE persons; --",
    "../../etc/passwd",
    "=1+1",
    "a" * 3000,
)
WORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "COUNT(*)", "SUM(", "AVG(", "CLAMP(", "IN (", "OR"),
    *("BETWEEN", "NULL", "NOT", "persons", "legs", "gender", "age", ")", "(", ",", "=", ";", "--"),
    *("'", '"', '""' + '"', "/*", "$$", "\\", "1e400", "0x1", "nan", "inf", "true", "1979-05-27"),
    *("[[rule]]", "when.", "[", "]", "{", "}", "—", "+", "±", "%", "\n", "\r", "\t", "\0", "\n\n"),
)

_DEEP = "<deep>"
"""Stands for a list in a list in a list, deeper than Python's own writer of JSON goes."""


class Mutator:
    """A stream of neighbours, from a seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = Random(seed)

    def bent(self, samples: Sequence[bytes], form: str) -> bytes:
        """A neighbour of one of the samples.

        Args:
            form: `bytes`, `protobuf`, `json`, `parts` (JSON with lengths before it) or `text`.
        """
        raw = self._random.choice(samples)
        bend: Callable[[bytes, Sequence[bytes]], bytes] = {
            "bytes": self._bytes,
            "protobuf": self._protobuf,
            "json": self._json,
            "parts": self._parts,
            "text": self._text,
        }[form]
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 4))):
            # One in five is bent blindly: that the structure is whole must not be relied on.
            raw = (self._bytes if self._random.random() < 0.2 else bend)(raw, samples)
        return raw[:LONGEST]

    # ------------------------------------------------------------ bytes

    def _bytes(self, raw: bytes, samples: Sequence[bytes]) -> bytes:
        draw = self._random
        bent, at = bytearray(raw), draw.randint(0, len(raw))
        match draw.randrange(7):
            case 0 if raw:
                bent[min(at, len(raw) - 1)] ^= 1 << draw.randrange(8)
            case 1:
                del bent[at : at + draw.choice((1, 2, 8, 64))]
            case 2:
                bent[at:at] = draw.randbytes(draw.choice((1, 2, 4, 32)))
            case 3:
                del bent[at:]
            case 4:  # a piece twice
                bent[at:at] = bent[at : at + draw.choice((1, 8, 64, 512))]
            case 5:  # the beginning of one and the end of another
                other = draw.choice(samples or (raw,))
                bent[at:] = other[draw.randint(0, len(other)) :]
            case _:  # a number as lengths are written
                size = draw.choice((1, 2, 4, 8))
                bent[at : at + size] = draw.choice((0, 1, 0x7F, 2 ** (8 * size) - 1)).to_bytes(
                    size, draw.choice(("big", "little"))
                )
        return bytes(bent)

    # ------------------------------------------------------------ protobuf

    def _protobuf(self, raw: bytes, samples: Sequence[bytes]) -> bytes:
        fields = read_fields(raw)
        if not fields:
            return self._bytes(raw, samples)
        draw, at = self._random, self._random.randrange(len(fields))
        number, kind, value = fields[at]
        match draw.randrange(9):
            case 0:
                del fields[at]
            case 1:
                fields.insert(at, fields[at])
            case 2:
                fields *= draw.choice((2, 20))
            case 3:
                other = read_fields(draw.choice(samples)) or fields
                fields.insert(at, draw.choice(other))
            case 4:  # the same value in another field
                fields[at] = (draw.choice((1, 2, 3, number + 1, 15, 2**29 - 1)), kind, value)
            case 5:
                fields.append(fields.pop(at))
            case _ if isinstance(value, int):
                fields[at] = (number, kind, draw.choice(NUMBERS) & 2**64 - 1)
            case 6:
                text = draw.choice(TEXTS).encode(errors="surrogatepass")
                fields[at] = (number, kind, text)
            case _:  # what lies within
                fields[at] = (number, kind, self._protobuf(value, samples))
        return write_fields(fields)[:LONGEST]

    # ------------------------------------------------------------ JSON

    def _json(self, raw: bytes, samples: Sequence[bytes]) -> bytes:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            return self._bytes(raw, samples)
        value = self._bent_value(value)
        if self._random.random() < 0.05:
            return json.dumps(value).encode()  # not canonical
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        deep = self._random.choice((50, 1000, 50_000))
        text = text.replace(f'"{_DEEP}"', "[" * deep + "]" * deep)
        return text.encode(errors="surrogatepass")

    def _bent_value(self, value: Any) -> Any:
        if not value or not isinstance(value, dict | list) or self._random.random() < 0.1:
            return self._other_value(value)
        return self._bent_object(value) if isinstance(value, dict) else self._bent_list(value)

    def _bent_object(self, value: dict[str, Any]) -> dict[str, Any]:
        draw = self._random
        bent, key = dict(value), draw.choice(sorted(value))
        match draw.randrange(8):
            case 0:
                del bent[key]
            case 1:
                bent[draw.choice(("extra", "", f"{key} ", "\ud800"))] = value[key]
            case 2:
                bent[key] = value[draw.choice(sorted(value))]
            case _:
                bent[key] = self._bent_value(value[key])
        return bent

    def _bent_list(self, value: list[Any]) -> list[Any]:
        bent, at = list(value), self._random.randrange(len(value))
        match self._random.randrange(6):
            case 0:
                del bent[at]
            case 1:
                bent.append(bent[at])
            case 2:
                bent = (bent * 50)[:1000]
            case 3:
                bent.reverse()
            case _:
                bent[at] = self._bent_value(bent[at])
        return bent

    def _other_value(self, value: Any) -> Any:
        draw = self._random
        match draw.randrange(5):
            case 0:
                return draw.choice(NUMBERS)
            case 1:
                return draw.choice(TEXTS)
            case 2:
                return draw.choice((None, True, False, 1.5, 1e400, float("nan"), {}, [], _DEEP))
            case 3 if isinstance(value, str):
                return self._text(value.encode(errors="surrogatepass"), ()).decode(errors="replace")
            case 4 if type(value) is int:
                return value + draw.choice((1, -1, 2**32))
            case _:
                return [value]

    # ------------------------------------------------------------ parts

    def _parts(self, raw: bytes, samples: Sequence[bytes]) -> bytes:
        """JSON inside of what is written with its length before it, in eight bytes."""
        parts, rest = read_parts(raw)
        if not parts:
            return self._bytes(raw, samples)
        at = self._random.randrange(len(parts) + 1)
        if at == len(parts):
            return raw[: len(raw) - len(rest)] + self._bytes(rest, (rest,))
        parts[at] = self._json(parts[at], parts)
        return b"".join(len(part).to_bytes(8, "big") + part for part in parts) + rest

    # ------------------------------------------------------------ text

    def _text(self, raw: bytes, _: Sequence[bytes]) -> bytes:
        draw = self._random
        parts = re.findall(r"\w+|\s+|[^\w\s]", raw.decode(errors="replace"))
        at = draw.randint(0, len(parts))
        match draw.randrange(8):
            case 0:
                del parts[at : at + draw.choice((1, 3))]
            case 1:
                parts[at:at] = parts[at : at + draw.choice((1, 5))]
            case 2:
                parts[at:at] = [draw.choice(WORDS)]
            case 3:
                parts[at : at + 1] = [draw.choice(WORDS)]
            case 4:
                parts[at : at + 1] = [draw.choice(TEXTS)]
            case 5:
                parts[at : at + 1] = [str(draw.choice(NUMBERS))]
            case 6:  # deep, or long
                parts[at:at] = [draw.choice(("(", "[", "{", "NOT ", "-", "1,", "a.")) * 500]
            case _:
                parts.append(draw.choice(parts) if parts else " ")
        return "".join(parts).encode(errors="replace")


Field = tuple[int, int, int | bytes]
"""Number, wire type, value: bytes where the wire type is 2, a whole number where it is not."""

_LENGTHS = {1: 8, 5: 4}


def read_fields(raw: bytes) -> list[Field]:
    """The fields of a protobuf message of any kind; empty where it is none."""
    fields: list[Field] = []
    at = 0
    try:
        while at < len(raw):
            tag, at = _varint(raw, at)
            number, kind = tag >> 3, tag & 7
            if kind == 0:
                value, at = _varint(raw, at)
                fields.append((number, kind, value))
                continue
            length, at = _varint(raw, at) if kind == 2 else (_LENGTHS[kind], at)
            piece = raw[at : at + length]
            if len(piece) < length or not number:
                return []
            fields.append((number, kind, piece if kind == 2 else int.from_bytes(piece, "little")))
            at += length
    except (IndexError, KeyError):
        return []
    return fields


def write_fields(fields: Sequence[Field]) -> bytes:
    """The message that has these fields in this order."""
    pieces: list[bytes] = []
    for number, kind, value in fields:
        pieces.append(_written((number << 3 | kind) & 2**64 - 1))
        if isinstance(value, bytes):
            pieces += [_written(len(value)), value]
        elif kind in _LENGTHS:
            size = _LENGTHS[kind]
            pieces.append((value % 2 ** (8 * size)).to_bytes(size, "little"))
        else:
            pieces.append(_written(value))
    return b"".join(pieces)


def read_parts(raw: bytes) -> tuple[list[bytes], bytes]:
    """The JSON parts at the beginning, each with its length before it, and what follows them."""
    parts: list[bytes] = []
    at = 0
    while raw[at + 8 : at + 9] == b"{":
        length = int.from_bytes(raw[at : at + 8], "big")
        if length > len(raw) - at - 8:
            break
        parts.append(raw[at + 8 : at + 8 + length])
        at += 8 + length
    return parts, raw[at:]


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _written(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
