"""Who a row is about, as keys: HMAC-SHA256 under the node's person secret, cut to 16 bytes.

A person is told apart by the first of these that a row has:

    identity number      its letters and digits, transliterated, without spaces and signs
    name and birthdate   first, middle and second name run together in the same form, and the day
    person reference     the number of the person in the authority's own system
    case reference       with what there is of name, birthdate and gender: one person a case,
                         and victims of one case apart where these differ
    the row itself       its content, and the how-manieth row of the file with just this content;
                         the half of the key that chooses cells tells of the content alone

The content of a row is everything that stands in its HTCDS columns, as it stands there (the
row-number column and columns that are no field do not count), so that a later mapping file
does not change who a row is about. It is hashed column by column, as the sum of one keyed
128-bit hash a filled cell modulo 2¹²⁸ (a keyed multiset hash: order does not matter, and
without the secret nobody finds two contents with one sum).

Every HMAC begins with a label of its own, so a key of one kind is never one of another.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from anyascii import anyascii

from corridor.node.importing.countries import is_unknown_word
from corridor.node.importing.values import Cell, text_of

KEY_BYTES: Final = 16
SECRET_BYTES: Final = 32

Keys = npt.NDArray[np.bytes_]
"""Shape (n,), 16 bytes each, NUL bytes at the end stripped by numpy on reading; the empty
key means that there is none."""

Lanes = npt.NDArray[np.uint64]
"""Shape (n, 2): the content of n rows, each a number modulo 2¹²⁸ held as two halves that are
added apart, modulo 2⁶⁴ each."""


class Keyring:
    """Makes the keys of one node.

    Raises:
        ValueError: the secret is not 32 bytes.
    """

    def __init__(self, person_secret: bytes) -> None:
        if len(person_secret) != SECRET_BYTES:
            raise ValueError(f"a person secret is {SECRET_BYTES} bytes, not {len(person_secret)}")
        self._secret = person_secret

    def key(self, label: str, *parts: bytes) -> bytes:
        """The 16-byte key of a list of parts; each is preceded by its length."""
        message = _beginning(label)
        for part in parts:
            message += len(part).to_bytes(4, "big") + part
        return hmac.digest(self._secret, message, "sha256")[:KEY_BYTES]

    def identity_number(self, normal: str) -> bytes:
        """The person with this identity number, in its normal form."""
        return self.key("identity number", normal.encode())

    def name_and_birthdate(self, name: str, days: str) -> bytes:
        """The person with this name in normal form, born `days` after 1970-01-01."""
        return self.key("name and birthdate", name.encode(), days.encode())

    def reference(self, normal: str) -> bytes:
        """The case with this reference; not yet one person's case."""
        return self.key("case reference", normal.encode())

    def record(self, normal: str) -> bytes:
        """The person's record with this number in an authority's system."""
        return self.key("person reference", normal.encode())

    def person_of_record(self, record: bytes) -> bytes:
        """The person of a record whose rows have neither identity number nor name and birthdate."""
        return self.key("person of record", record)

    def row_link(self, scope: str, name: str) -> bytes:
        """What ties the rows of a repeat group to their parent within an import, and no further."""
        return self.key("row link", scope.encode(), name.encode())

    def person_of_reference(self, reference: bytes, *known: str) -> bytes:
        """The person of a case reference whose row has no identity."""
        return self.key("person of reference", reference, *(text.encode() for text in known))

    def person_of_row(self, content: bytes, occurrence: int) -> bytes:
        """The person of a row without identity and reference.

        The first half, which chooses the cells that a person keeps (`node.schema`), is the same
        for all persons of one content. When one of them is left out, the others move up by one
        number, and would else choose anew: equal content may have been read in different ways,
        in another sheet's columns or by an earlier mapping file.
        """
        choosing = self.key("rows alike", content)[: KEY_BYTES // 2]
        number = self.key("person of row", content, occurrence.to_bytes(4, "big"))
        return choosing + number[KEY_BYTES // 2 :]

    def case_of_reference(self, reference: bytes, person: bytes) -> bytes:
        """One person's case with a reference."""
        return self.key("case of reference", reference, person)

    def case_of_row(self, person: bytes, distinction: bytes, occurrence: int) -> bytes:
        """One person's case without a reference, told from their others by `distinction`."""
        return self.key("case of row", person, distinction, occurrence.to_bytes(4, "big"))


def normal_cell(cell: Cell) -> str:
    """A cell as it counts in a row's content: compatibility forms and spaces do not matter."""
    text = text_of(cell)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def normal_name(text: str) -> str:
    """A name's letters, without case, accents, spaces, signs and script.

    `Мария-Елена`, `MARIYA ELENA` and `mariya  elena` are one. A word for "unknown" is none.
    """
    return "" if is_unknown_word(text) else _letters_and_digits(text)


def normal_number(cell: Cell) -> str:
    """An identity number's letters and digits: `2003-001 234 567` is `2003001234567`.

    A case reference keeps its signs (`normal_cell`): 2024/1-12 and 2024/11-2 are two cases.
    """
    return _letters_and_digits(text_of(cell))


def is_placeholder(text: str) -> bool:
    """Whether a number only fills a cell: a word for unknown, zeros, one sign repeated.

    Everybody with the same filler would otherwise be one person.
    """
    normal = _letters_and_digits(text)
    repeated = len(normal) >= 3 and len(set(normal)) == 1
    return not normal or set(normal) == {"0"} or repeated or is_unknown_word(text)


def whole(key: bytes) -> bytes:
    """A key as it was made; numpy leaves out NUL bytes at the end."""
    return bytes(key).ljust(KEY_BYTES, b"\0")


def occurrences(
    groups: Sequence[npt.NDArray[Any]], ties: Sequence[npt.NDArray[Any]]
) -> npt.NDArray[np.int64]:
    """For each row, the how-manieth of its group it is, from 0.

    Args:
        groups: columns that together tell the groups apart, each of shape (n,).
        ties: columns that order the rows within a group, so that the order of the file does
            not matter; rows equal in these too are interchangeable.
    """
    count = len(groups[0])
    result = np.zeros(count, np.int64)
    if count:
        order = np.lexsort((*reversed(ties), *reversed(groups)))
        starts = np.zeros(count, bool)
        starts[0] = True
        for column in groups:
            starts[1:] |= column[order][1:] != column[order][:-1]
        begins = np.flatnonzero(starts)
        result[order] = np.arange(count) - np.repeat(begins, np.diff(np.append(begins, count)))
    return result


def as_keys(keys: list[bytes]) -> Keys:
    """Keys as an array."""
    return np.array(keys, dtype=f"S{KEY_BYTES}")


class CellHasher:
    """Says what a filled cell of one field adds to its row's content: BLAKE2b under a key."""

    def __init__(self, keyring: Keyring, field: str) -> None:
        self._key = keyring.key("cell", field.encode())
        self._seen: dict[str, bytes] = {}

    def hashes(self, cells: Sequence[Cell]) -> Lanes:
        """Two numbers below 2⁶⁴ for each of the cells."""
        # Memory is for columns with few values; a column of names soon overflows it.
        if len(self._seen) > 10_000:
            self._seen.clear()
        digests = []
        for text in map(normal_cell, cells):
            digest = self._seen.get(text)
            if digest is None:
                hasher = hashlib.blake2b(text.encode(), digest_size=KEY_BYTES, key=self._key)
                digest = self._seen[text] = hasher.digest()
            digests.append(digest)
        return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2).astype(np.uint64)


@cache
def _beginning(label: str) -> bytes:
    return b"corridor/import/" + label.encode() + b"\0"


@cache
def _kept_letters() -> Mapping[int, None]:
    return {n: None for n in range(128) if not chr(n).isalnum()}


def _letters_and_digits(text: str) -> str:
    plain = text.casefold()
    if not text.isascii():
        plain = anyascii(unicodedata.normalize("NFKD", text).casefold()).casefold()
    return plain.translate(_kept_letters())
