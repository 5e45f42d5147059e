"""Small editions written down by hand, or drawn: cases in, `EditionTables` out.

Persons are numbered anew each time, by their stable key, as an import does: whoever leaves a
person out gets other numbers for the rest.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from corridor.node.schema import CASES, LEGS, MULTISELECTS, PERSONS, SERVICES, EditionTables
from support.reference_evaluation import CaseRows, Person

LISTS = (*MULTISELECTS, "prs_Citizenship", "transit_in")


def key_of(name: str) -> bytes:
    """A stable key for a person or case called `name`: 16 bytes."""
    return hashlib.sha256(name.encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the person called `person`.

    Attributes:
        values: columns of `cases` by name; what is not named is unknown.
        legs: columns of `legs` by name, one mapping a step, in order.
        services: columns of `services` by name.
    """

    person: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    legs: Sequence[Mapping[str, Any]] = ()
    services: Sequence[Mapping[str, Any]] = ()


class InMemory:
    """Gives columns of tables that no disk has seen, in pieces of so many rows."""

    def __init__(self, tables: EditionTables, rows: int = 1 << 20) -> None:
        self._tables = tables
        self._rows = rows

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns, piece by piece."""
        found = self._tables[table].select(list(columns))
        for start in range(0, max(1, found.num_rows), self._rows):
            yield found.slice(start, self._rows)


def make_tables(cases: Iterable[Case]) -> EditionTables:
    """The edition that holds these cases, whatever their order."""
    listed = list(cases)
    people = sorted({case.person for case in listed}, key=key_of)
    numbers = {person: number for number, person in enumerate(people)}
    listed.sort(key=lambda case: (numbers[case.person], *newest_first(case), key_of(case.name)))
    return EditionTables(
        persons=pa.table(
            {"person": range(len(people)), "person_key": [key_of(person) for person in people]},
            schema=PERSONS,
        )
        if people
        else PERSONS.empty_table(),
        cases=pa.Table.from_pylist([_case_row(case, numbers) for case in listed], schema=CASES),
        legs=pa.Table.from_pylist(
            [
                {"case": row, "position": position} | dict(leg)
                for row, case in enumerate(listed)
                for position, leg in enumerate(case.legs)
            ],
            schema=LEGS,
        ),
        services=pa.Table.from_pylist(
            [
                {"case": row} | dict(service)
                for row, case in enumerate(listed)
                for service in case.services
            ],
            schema=SERVICES,
        ),
    )


def people_in(cases: Iterable[Case], *, without_consent: bool) -> list[Person]:
    """The same cases for the reference evaluation, those left out that have no consent."""
    people: dict[str, list[CaseRows]] = {}
    for case in sorted(cases, key=lambda case: (*newest_first(case), key_of(case.name))):
        theirs = people.setdefault(case.person, [])
        consent = case.values.get("consent", True) and case.values.get("agreement") is not False
        if consent or without_consent:
            theirs.append(CaseRows(case.values, tuple(case.legs), tuple(case.services)))
    return [
        Person(int.from_bytes(key_of(name)[:8], "little"), tuple(theirs))
        for name, theirs in people.items()
    ]


def newest_first(case: Case) -> tuple[bool, int]:
    """Sorts a person's cases as the store does; the case key decides between equals."""
    referred: date | None = case.values.get("referred_on")
    return (referred is None, -referred.toordinal() if referred else 0)


def _case_row(case: Case, numbers: Mapping[str, int]) -> dict[str, Any]:
    key = key_of(case.person)
    return {
        "person": numbers[case.person],
        "choice_key": int.from_bytes(key[:8], "little"),
        "case_key": key_of(case.name),
        "own_key": True,
        "import_number": 1,
        "consent": True,
        **{name: [] for name in LISTS},
        **case.values,
    }
