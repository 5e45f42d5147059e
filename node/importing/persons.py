"""Who a request for erasure or correction is about, as the keys that an import would give them.

    an operator's words (typed, or lines of a file)  →  `Identity`  →  keys

An identity number, or a name with a birthdate, makes a person's key by itself, whether or not they
are in the data. A case reference says only whose case is meant among the persons that are there:
each of them would have a case key of their own under it. A person reference (`x_PersonReference`)
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


WORDS = tuple(one.name for one in fields(Identity))
"""What can be said, in the order in which it is asked for."""


def parse_identity(raw: bytes, name: str) -> Identity:
    """The identity in a file of lines such as `identity_number = "…"`.

    Raises:
        MalformedIdentityError: it is no such file; says nothing of what stands in it.
    """
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise MalformedIdentityError(name, "cannot be read as such lines in UTF-8") from None
    if not set(values) <= set(WORDS):
        raise MalformedIdentityError(name, "says something else, too")
    return Identity(**{key: str(value) for key, value in values.items()})


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


def key_by_reference(
    identity: Identity, keyring: Keyring, tables: EditionTables
) -> frozenset[bytes]:
    """The key of the one person whose case has the reference; none where there is no such case.

    Raises:
        SharedReferenceError: several persons have one.
    """
    said = identity.case_reference.strip()
    if not said or is_placeholder(said):
        return frozenset()
    reference = keyring.reference(normal_cell(said))
    persons = [whole(key) for key in keys_of(tables.persons.column("person_key")).tolist()]
    theirs = as_keys([keyring.case_of_reference(reference, person) for person in persons])
    there = np.flatnonzero(np.isin(theirs, keys_of(tables.cases.column("case_key"))))
    if len(there) > 1:
        raise SharedReferenceError
    return frozenset(persons[n] for n in there.tolist())


def among(tables: EditionTables, keys: Iterable[bytes]) -> frozenset[bytes]:
    """Those of the keys that somebody in the data has."""
    present = {whole(key) for key in keys_of(tables.persons.column("person_key")).tolist()}
    return frozenset(present & set(keys))
