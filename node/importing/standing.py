"""What an import says of persons who stand in the data under another key; it changes nobody's rows.

    an edition that stands, by keys ─→ Standing ─ compare ─→ Comparison: which cases of the import

Persons are not joined by a case reference, or by a name with a birthdate where a number tells them
apart: several victims may share one, and whose rows stay would then depend on somebody else's
(decision 61). So a row that was corrected where it says who somebody is comes in as somebody else,
and their rows of before stay. Here that is seen, so that people can say which of them are one.

Only what the import does not bring again counts as standing: a file that has all persons of a
reference, old and new, says nothing by that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.node.importing.edition import are_of, keys_of
from corridor.node.importing.keys import KEY_BYTES, Keys
from corridor.node.importing.next_edition import Held
from corridor.node.schema import LINKS, TABLES

Flags = npt.NDArray[np.bool_]

_NO_KEY = b""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standing:
    """The cases of an edition, by keys; one entry a case.

    Attributes:
        case, person: their keys.
        reference, alike: as in `schema.LINKS`; empty where there is none, or nobody knows.
        consented: whether the case may be shared by what the file said.
    """

    case: Keys
    person: Keys
    reference: Keys
    alike: Keys
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
        persons = keys_of(_whole(edition, "persons", ["person_key"])["person_key"])
        cases = _whole(edition, "cases", ["person", "case_key", "consent", "agreement"])
        links = pa.concat_tables([LINKS.empty_table(), *edition.pieces("links", LINKS.names)])
        person = persons[cases["person"].to_numpy()]
        stays = ~are_of(person, without)
        agreed = cases["agreement"].fill_null(pa.scalar(True)).to_numpy()
        return cls(
            case=keys_of(cases["case_key"])[stays],
            person=person[stays],
            reference=link_keys(links["reference_key"])[stays],
            alike=link_keys(links["alike_key"])[stays],
            consented=(cases["consent"].to_numpy() & agreed)[stays],
        )

    def alike_to(self, persons: Collection[bytes]) -> frozenset[bytes]:
        """Other persons who have the name and birthdate of one of these, known otherwise."""
        theirs = are_of(self.person, persons)
        # Who is told apart by name and birthdate has that key for their own.
        alike = np.concatenate((self.alike[theirs], self.person[theirs]))
        alike = alike[alike != _NO_KEY]
        found = ~theirs & (np.isin(self.alike, alike) | np.isin(self.person, alike))
        return frozenset(one.ljust(KEY_BYTES, b"\0") for one in self.person[found].tolist())


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
    left = ~np.isin(standing.case, case) & (standing.reference != _NO_KEY)
    fresh = (reference != _NO_KEY) & ~np.isin(case, standing.case)
    other = fresh & np.isin(reference, standing.reference[left])
    shared = standing.reference[left & standing.consented]
    withdrawn = other & ~consented & np.isin(reference, shared)
    gone = ~np.isin(standing.person, person)
    known = np.concatenate((standing.alike[gone], standing.person[gone]))
    named = (alike != _NO_KEY) & np.isin(alike, known)
    return Comparison(
        other,
        withdrawn,
        named,
        len(np.unique(reference[other])),
        len(np.unique(reference[withdrawn])),
    )


def link_array(keys: Keys) -> "pa.Array[Any]":
    """Keys as a column of `schema.LINKS`: null where there is none."""
    raw = np.ascontiguousarray(keys, f"S{KEY_BYTES}")
    there = pa.py_buffer(np.packbits(raw != _NO_KEY, bitorder="little").tobytes())
    array: pa.Array[Any] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(KEY_BYTES), len(raw), [there, pa.py_buffer(raw.tobytes())]
    )
    return array


def link_keys(column: "pa.ChunkedArray[Any]") -> Keys:
    """A column of `schema.LINKS` as keys, empty where there is none."""
    whole = column.fill_null(pa.scalar(bytes(KEY_BYTES), pa.binary(KEY_BYTES)))
    return keys_of(whole)


def _whole(edition: Held, table: str, columns: list[str]) -> pa.Table:
    expected = pa.schema([TABLES[table].field(name) for name in columns])
    return pa.concat_tables([expected.empty_table(), *edition.pieces(table, columns)])
