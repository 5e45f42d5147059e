"""What an import says of persons who stand in the data under another key; it changes nobody's rows.

    an edition that stands, by keys ─→ Standing ─ compare ─→ Comparison: which cases of the import

Persons are not joined by a case reference, or by a name with a birthdate where a number tells them
apart: several victims may share one, and whose rows stay would then depend on somebody else's
(decision 61). So a row that was corrected where it says who somebody is comes in as somebody else,
and their rows of before stay. Here that is seen, so that people can say which of them are one.

Only what the import does not bring again counts as standing: a file that has all persons of a
reference, old and new, says nothing by that.

Of keys the first eight bytes are compared, which takes half the memory: what is said here is a
hint, and among millions of cases none is expected that is like another one by chance.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.node.importing.edition import keys_of
from corridor.node.importing.keys import KEY_BYTES, Keys
from corridor.node.importing.next_edition import Held
from corridor.node.schema import LINKS

Flags = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.uint64]
"""The first eight bytes of keys; 0: there is none."""

_NONE = np.uint64(0)
_NO_KEY = b""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standing:
    """The cases of an edition, by short keys; one entry a case.

    Attributes:
        case, person: their keys.
        reference, alike: as in `schema.LINKS`; 0 where there is none, or nobody knows.
        consented: whether the case may be shared by what the file said.
    """

    case: Shorts
    person: Shorts
    reference: Shorts
    alike: Shorts
    consented: Flags

    def __post_init__(self) -> None:
        columns = (self.person, self.reference, self.alike, self.consented)
        if any(len(one) != len(self.case) for one in columns):
            raise ValueError("every case has one entry in every column")

    @classmethod
    def of_edition(cls, edition: Held, without: Collection[bytes] = ()) -> "Standing":
        """Of an edition; persons with the keys `without` are about to leave it.

        Raises:
            CorridorError: the edition cannot be read.
        """
        persons = _column(edition, "persons", "person_key")
        numbers, consents = [np.zeros(0, np.uint32)], [np.zeros(0, np.bool_)]
        for piece in edition.pieces("cases", ["person", "consent", "agreement"]):
            agreed = piece["agreement"].fill_null(pa.scalar(True)).to_numpy()
            numbers.append(piece["person"].to_numpy())
            consents.append(piece["consent"].to_numpy() & agreed)
        person = persons[np.concatenate(numbers)]
        stays = ~np.isin(person, _shorts_of(without))
        return cls(
            case=_column(edition, "cases", "case_key")[stays],
            person=person[stays],
            reference=_column(edition, "links", "reference_key")[stays],
            alike=_column(edition, "links", "alike_key")[stays],
            consented=np.concatenate(consents)[stays],
        )

    def alike_to(self, persons: Collection[bytes]) -> int:
        """How many others have the name and birthdate of one of these, and are known otherwise."""
        theirs = np.isin(self.person, _shorts_of(persons))
        # Who is told apart by name and birthdate has that key for their own.
        alike = np.concatenate((self.alike[theirs], self.person[theirs]))
        alike = alike[alike != _NONE]
        found = ~theirs & (np.isin(self.alike, alike) | np.isin(self.person, alike))
        return len(np.unique(self.person[found]))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Which cases of an import meet somebody who stands; shape (cases,) each.

    Attributes:
        other_person: the case's reference stands under another person, whom the import does not
            bring again.
        withdrawn: of these, the ones without consent whose other person's case has it.
        alike: name and birthdate stand under another person, whom it does not bring again.
        references: how many different references `other_person` is about.
        references_withdrawn: the same of `withdrawn`.
    """

    other_person: Flags
    withdrawn: Flags
    alike: Flags
    references: int
    references_withdrawn: int


def compare(
    standing: Standing, *, case: Keys, person: Keys, reference: Keys, alike: Keys, consented: Flags
) -> Comparison:
    """Lay the cases of an import beside those that stand."""
    cases, references, names = short(case), short(reference), short(alike)
    left = ~np.isin(standing.case, cases) & (standing.reference != _NONE)
    fresh = (references != _NONE) & ~np.isin(cases, standing.case)
    other = fresh & np.isin(references, standing.reference[left])
    shared = standing.reference[left & standing.consented]
    withdrawn = other & ~consented & np.isin(references, shared)
    gone = ~np.isin(standing.person, short(person))
    known = np.concatenate((standing.alike[gone], standing.person[gone]))
    named = (names != _NONE) & np.isin(names, known)
    return Comparison(
        other,
        withdrawn,
        named,
        len(np.unique(references[other])),
        len(np.unique(references[withdrawn])),
    )


def short(keys: Keys) -> Shorts:
    """The first eight bytes of each key."""
    return np.frombuffer(np.ascontiguousarray(keys, f"S{KEY_BYTES}").tobytes(), "<u8")[::2].copy()


def link_array(keys: Keys) -> "pa.Array[Any]":
    """Keys as a column of `schema.LINKS`: null where there is none."""
    raw = np.ascontiguousarray(keys, f"S{KEY_BYTES}")
    there = pa.py_buffer(np.packbits(raw != _NO_KEY, bitorder="little").tobytes())
    array: pa.Array[Any] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(KEY_BYTES), len(raw), [there, pa.py_buffer(raw.tobytes())]
    )
    return array


def _shorts_of(keys: Collection[bytes]) -> Shorts:
    return short(np.array(list(keys), f"S{KEY_BYTES}"))


def _column(edition: Held, table: str, name: str) -> Shorts:
    """A column of keys of an edition; 0 where it has none."""
    blank = pa.scalar(bytes(KEY_BYTES), LINKS.field("alike_key").type)
    pieces = edition.pieces(table, [name])
    parts = [short(keys_of(piece[name].fill_null(blank))) for piece in pieces]
    return np.concatenate([np.zeros(0, np.uint64), *parts])
