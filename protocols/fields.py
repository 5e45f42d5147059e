"""Reading canonical JSON strictly: every field asked for by name, and no other field allowed.

A reader that ignores what it does not know lets two sides agree on different things under one
hash, and lets a typing mistake switch a safeguard off. So a missing field, an unknown field
and a field of another type are errors that name the place, in the reader's words:

    charter.json: "ceilings.rho_per_question" is missing; a charter needs it. Nothing was read.

Which error class is raised is the caller's choice, since the code says what was being read.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from corridor.errors import InvalidInputError
from corridor.errors.canonical import NotCanonicalError
from corridor.ids import CountryCode, Digest, is_country_code, is_digest
from corridor.protocols import canonical
from corridor.protocols.canonical import Json

ErrorType: TypeAlias = type[InvalidInputError]

_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class Fields:
    """One JSON object whose keys are exactly `keys`.

    Args:
        value: what was decoded.
        keys: the keys that must be there, and the only ones that may.
        name: the file or message, for errors: `charter.json`.
        place: where in it the object stands, for errors: `ceilings`, or empty at the top.
        error: what is raised.
        optional: keys that may be there besides; `has` says whether one is.
    """

    def __init__(
        self,
        value: Json,
        keys: Sequence[str],
        *,
        name: str,
        error: ErrorType,
        place: str = "",
        optional: Sequence[str] = (),
    ) -> None:
        self._name, self._place, self._error = name, place, error
        if not isinstance(value, Mapping):
            raise error(f"{name}: {self._whole_place()} must be an object. Nothing was read.")
        for key in keys:
            if key not in value:
                raise self.wrong(key, "is missing")
        for key in sorted(value):
            if key not in keys and key not in optional:
                raise self.wrong(
                    key, f"is not known here; the fields are {', '.join(sorted(keys))}"
                )
        self._value = value

    def wrong(self, key: str, problem: str) -> InvalidInputError:
        """The error that says what is wrong with a field, naming its place."""
        return self._error(f'{self._name}: "{self.place(key)}" {problem}. Nothing was read.')

    def has(self, key: str) -> bool:
        """Whether an optional field is there."""
        return key in self._value

    def place(self, key: str) -> str:
        """The whole place of a field, as in `members[2].name`."""
        return f"{self._place}.{key}" if self._place else key

    def text(self, key: str, *, longest: int = 200) -> str:
        """A printable text that is not empty."""
        value = self._value[key]
        if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
            raise self.wrong(key, f"must be a printable text of 1 to {longest} characters")
        return value

    def any_text(self, key: str, *, longest: int = 200) -> str:
        """A printable text that may be empty."""
        return "" if self._value[key] == "" else self.text(key, longest=longest)

    def free_text(self, key: str, *, longest: int = 1 << 20) -> str:
        """Any text at all, to be hashed or parsed further and never shown as it is."""
        value = self._value[key]
        if not isinstance(value, str) or len(value) > longest:
            raise self.wrong(key, f"must be a text of at most {longest} characters")
        return value

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self._value[key]
        if type(value) is not int:
            raise self.wrong(key, "must be a whole number")
        return value

    def whole_or_none(self, key: str) -> int | None:
        """A whole number, or null where there is none."""
        return None if self._value[key] is None else self.whole(key)

    def truth(self, key: str) -> bool:
        """True or false."""
        value = self._value[key]
        if type(value) is not bool:
            raise self.wrong(key, "must be true or false")
        return value

    def fraction(self, key: str) -> Fraction:
        """An exact fraction, written as text."""
        value = self._value[key]
        if not isinstance(value, str):
            raise self.wrong(key, 'must be a fraction written as text, such as "1/100"')
        try:
            return canonical.parse_fraction(value, self.place(key))
        except NotCanonicalError as error:
            raise self._error(f"{self._name}: {error}. Nothing was read.") from error

    def octets(self, key: str, length: int | None = None, *, longest: int = 1 << 26) -> bytes:
        """Bytes, written in lower-case hexadecimal; of that length where one is given."""
        value = self._value[key]
        if not isinstance(value, str) or _HEX.fullmatch(value) is None or len(value) > 2 * longest:
            raise self.wrong(key, "must be bytes in lower-case hexadecimal")
        raw = bytes.fromhex(value)
        if length is not None and len(raw) != length:
            raise self.wrong(key, f"must be {length} bytes, not {len(raw)}")
        return raw

    def digest(self, key: str) -> Digest:
        """A hash of 32 bytes."""
        raw = self.octets(key, 32)
        assert is_digest(raw)  # noqa: S101 - `octets` has counted; this tells the type checker
        return raw

    def digest_or_none(self, key: str) -> Digest | None:
        """A hash of 32 bytes, or null where there is none."""
        return None if self._value[key] is None else self.digest(key)

    def country(self, key: str) -> CountryCode:
        """A country's two capital letters."""
        return self._country(key, self._value[key])

    def countries(self, key: str) -> tuple[CountryCode, ...]:
        """A list of countries, sorted, none twice."""
        found = tuple(self._country(key, item) for item in self.items(key))
        if list(found) != sorted(set(found)):
            raise self.wrong(key, "must be sorted and name no country twice")
        return found

    def items(self, key: str) -> Sequence[Json]:
        """A list, its items still to be read."""
        value = self._value[key]
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.wrong(key, "must be a list")
        return value

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        found: list[int] = []
        for item in self.items(key):
            if type(item) is not int:
                raise self.wrong(key, "must be a list of whole numbers")
            found.append(item)
        return tuple(found)

    def below(self, key: str, keys: Sequence[str]) -> "Fields":
        """The object that stands at a field."""
        return Fields(
            self._value[key], keys, name=self._name, place=self.place(key), error=self._error
        )

    def each_below(
        self, key: str, keys: Sequence[str], optional: Sequence[str] = ()
    ) -> tuple["Fields", ...]:
        """The objects of the list that stands at a field."""
        return tuple(
            Fields(
                item,
                keys,
                name=self._name,
                place=f"{self.place(key)}[{number}]",
                error=self._error,
                optional=optional,
            )
            for number, item in enumerate(self.items(key))
        )

    def _country(self, key: str, value: Json) -> CountryCode:
        if not isinstance(value, str) or not is_country_code(value):
            raise self.wrong(key, "must be two capital letters, as in MD")
        return value

    def _whole_place(self) -> str:
        return f'"{self._place}"' if self._place else "it"


def decode(raw: bytes, name: str, error: ErrorType) -> Json:
    """The value whose canonical bytes are `raw`, or `error` naming `name`."""
    try:
        return canonical.decode(raw, name)
    except NotCanonicalError as refusal:
        raise error(str(refusal)) from refusal
