"""Who a request for erasure or correction is about, as the keys that an import would give them.

    an operator's words (typed, or lines of a file)  →  `Identity`  →  keys

An identity number, or a name with a birthdate, makes a person's key by itself, whether or not they
are in the data. A case reference says only whose case is meant among the persons that are there:
each of them would have a case key of their own under it. Where several persons have it, either
another word says which of them is meant, or `everyone_of_case` says how many they are, and that all
are meant. A person reference (`x_PersonReference`)
makes the key of somebody who is told apart by it alone, whether or not they are in the data.

What stands in an `Identity` is a person's data: it is shown, logged and kept nowhere.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date

import numpy as np

from corridor.errors.erasing import (
    MalformedIdentityError,
    NoIdentityError,
    SharedReferenceError,
)
from corridor.node.importing.edition import keys_of
from corridor.node.importing.keys import (
    Keyring,
    as_keys,
    is_placeholder,
    normal_cell,
    normal_name,
    normal_number,
    whole,
)
from corridor.node.importing.values import read_birthdate
from corridor.node.schema import EditionTables

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an operator says of one person, in the words of the case files; empty: not said."""

    identity_number: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    middle_name: str = field(default="", repr=False)
    second_name: str = field(default="", repr=False)
    birthdate: str = field(default="", repr=False)
    case_reference: str = field(default="", repr=False)
    person_reference: str = field(default="", repr=False)
    everyone_of_case: int = field(default=0, repr=False)
    """So many persons have the case reference, and all of them are meant; 0: one person is."""

    @property
    def kinds(self) -> int:
        """In how many ways the person is told: number, name with birthdate, record, case."""
        named = self.first_name or self.middle_name or self.second_name
        ways = (self.identity_number, named and self.birthdate, self.person_reference)
        return sum(bool(way.strip()) for way in (*ways, self.case_reference))


EVERYONE = "everyone_of_case"
WORDS = tuple(one.name for one in fields(Identity) if one.name != EVERYONE)
"""What can be said in words, in the order in which it is asked for."""


def parse_identity(raw: bytes, name: str) -> Identity:
    """The identity in a file of lines such as `identity_number = "…"`.

    Raises:
        MalformedIdentityError: it is no such file; says nothing of what stands in it.
    """
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise MalformedIdentityError(name, "cannot be read as such lines in UTF-8") from None
    if not set(values) <= {*WORDS, EVERYONE}:
        raise MalformedIdentityError(name, "says something else, too")
    everyone = values.pop(EVERYONE, 0)
    if type(everyone) is not int or everyone < 0:
        raise MalformedIdentityError(name, f"{EVERYONE} is no number of persons")
    words = {key: str(value) for key, value in values.items()}
    return Identity(**words, everyone_of_case=everyone)


def keys_named(identity: Identity, keyring: Keyring, today: date) -> frozenset[bytes]:
    """The keys that number, record, and name with birthdate make; none where none was said.

    Raises:
        NoIdentityError: a birthdate is no date, or a number only fills a cell.
    """
    found = set()
    number = identity.identity_number.strip()
    if number:
        if is_placeholder(number):
            raise NoIdentityError("what was given as identity number only fills a cell")
        found.add(keyring.identity_number(normal_number(number)))
    record = identity.person_reference.strip()
    if record:
        if is_placeholder(record):
            raise NoIdentityError("what was given as person reference only fills a cell")
        found.add(keyring.person_of_record(keyring.record(normal_cell(record))))
    parts = (identity.first_name, identity.middle_name, identity.second_name)
    name, born = "".join(map(normal_name, parts)), identity.birthdate.strip()
    if born:
        day = read_birthdate(born, today).value
        if day is None:
            raise NoIdentityError("what was given as birthdate is none")
        if name:
            found.add(keyring.name_and_birthdate(name, str((day - _EPOCH).days)))
    if not found and not identity.case_reference.strip():
        raise NoIdentityError("what was given names nobody")
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class OfReference:
    """Who is meant among the persons whose case has the reference.

    Attributes:
        meant: their keys; none where there is no such case.
        others: how many more have it, and are not meant.
    """

    meant: frozenset[bytes] = frozenset()
    others: int = 0


def keys_by_reference(
    identity: Identity, keyring: Keyring, tables: EditionTables, named: frozenset[bytes]
) -> OfReference:
    """Whom the case reference means: the one who has it, those `named`, or everyone of the case.

    Raises:
        NoIdentityError: everyone of a case is meant, and no case is named.
        SharedReferenceError: several persons have one, and which of them is meant is not said; or
            not as many as were said.
    """
    said = identity.case_reference.strip()
    if identity.everyone_of_case and (not said or is_placeholder(said)):
        raise NoIdentityError("everyone of a case is meant, and no case reference is given")
    found = _sharers(identity, keyring, tables)
    if identity.everyone_of_case:
        if len(found) != identity.everyone_of_case:
            raise SharedReferenceError(len(found))
        return OfReference(found)
    if len(found) > 1:
        if not found & named:
            raise SharedReferenceError(len(found))
        return OfReference(found & named, len(found - named))
    return OfReference(found)


def count_by_reference(identity: Identity, keyring: Keyring, tables: EditionTables) -> int:
    """How many persons in the data have the case reference."""
    return len(_sharers(identity, keyring, tables))


def _sharers(identity: Identity, keyring: Keyring, tables: EditionTables) -> frozenset[bytes]:
    said = identity.case_reference.strip()
    if not said or is_placeholder(said):
        return frozenset()
    reference = keyring.reference(normal_cell(said))
    persons = [whole(key) for key in keys_of(tables.persons.column("person_key")).tolist()]
    theirs = as_keys([keyring.case_of_reference(reference, person) for person in persons])
    there = np.flatnonzero(np.isin(theirs, keys_of(tables.cases.column("case_key"))))
    return frozenset(persons[n] for n in there.tolist())


def among(tables: EditionTables, keys: Iterable[bytes]) -> frozenset[bytes]:
    """Those of the keys that somebody in the data has."""
    present = {whole(key) for key in keys_of(tables.persons.column("person_key")).tolist()}
    return frozenset(present & set(keys))
