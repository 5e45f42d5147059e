"""What an edition holds: four tables, and nothing that no question can use.

    persons    dense number → stable person key; for joining the next import, never for questions
    cases      one row a case: who (as keys), consent, dates, HTCDS picklists, the corridor
    legs       one row a step of a journey, of the case in row `case` of `cases`
    services   one row a support plan, of the case in row `case` of `cases`

and, beside them, `links`: one row a case, in the order of `cases`, by which the next import sees
that somebody is there under another key. No question reads it; editions of before have none.

`cases` is sorted by person, then newest referral first, then case key; `legs` and `services`
by case. `person` numbers the persons of this edition without gaps and serves grouping
only: it changes when somebody else is removed, so nothing that a guarantee rests on may
depend on it. `choice_key` does not change: it is the first eight bytes of the stable
person key (little-endian), and with the node's key it decides which cells a person keeps.

Names stay those of HTCDS 2.0 where a column is a field of the standard. Values are API
values of the picklists, ISO 3166-1 alpha-2 codes, dates and small whole numbers. Null, or
an empty list, means unknown: blank, not resolvable, or outside the domain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

PICKLISTS = (
    "prs_Gender",
    "prs_MaritalStatus",
    "prs_HighestLevelOfEducation",
    "vic_TraffickingStatus",
    "vic_TraffickingStatusDecisionMakingOrg",
    "vic_RelationshipToTrafficker",
    "vic_ForcedLabourIndustry",
    "cas_Status",
    "cas_ReasonForIncomingReferral",
    "cas_ReasonForOutgoingReferral",
)
"""Columns of `cases` with one API value of the field's picklist, or null."""

MULTISELECTS = (
    "vic_RecruitmentWebsitesAndApps",
    "vic_MethodOfRecruitment",
    "vic_MethodsOfControl",
    "vic_TypeOfExploitation",
    "vic_TypeOfSexExploitation",
    "vic_ExploitationWebsitesAndApps",
    "vic_Vulnerabilities",
)
"""Columns of `cases` with a sorted list, without repetition, of API values of the picklist."""


def _schema(*fields: "pa.Field[Any]") -> pa.Schema:
    return pa.schema(list(fields))


_text = pa.string()
_texts = pa.list_(pa.field("item", pa.string(), nullable=False))

PERSONS = _schema(
    pa.field("person", pa.uint32(), nullable=False),
    pa.field("person_key", pa.binary(16), nullable=False),
)

CASES = _schema(
    pa.field("person", pa.uint32(), nullable=False),
    pa.field("choice_key", pa.uint64(), nullable=False),
    pa.field("case_key", pa.binary(16), nullable=False),
    # The person is told apart by an identity or a case reference, and not by a row's content: the
    # key is theirs, whatever other rows there are.
    pa.field("own_key", pa.bool_(), nullable=False),
    pa.field("import_number", pa.int32(), nullable=False),
    # con_Consent: blank or missing is false.
    pa.field("consent", pa.bool_(), nullable=False),
    # vic_AgreementToManagePersonalData: null where the file has no such column.
    pa.field("agreement", pa.bool_()),
    # x_IdentificationDate, cas_IncomingReferralDate, the latest hte_Date of the case.
    pa.field("identified_on", pa.date32()),
    pa.field("referred_on", pa.date32()),
    pa.field("last_event_on", pa.date32()),
    *(pa.field(name, _text) for name in PICKLISTS),
    *(pa.field(name, _texts, nullable=False) for name in MULTISELECTS),
    pa.field("prs_Citizenship", _texts, nullable=False),
    pa.field("prs_NumberOfChildren", pa.int16()),
    # Falls back to the age at the first event, else at referral.
    pa.field("vic_AgeWhenTrafficked", pa.int16()),
    # Countries of the recruitment, transit and exploitation events; else of vic_LocationOf….
    pa.field("recruited_in", _text),
    pa.field("transit_in", _texts, nullable=False),
    pa.field("exploited_in", _text),
)

LEGS = _schema(
    pa.field("case", pa.uint32(), nullable=False),
    pa.field("position", pa.int16(), nullable=False),  # 0 is the first step of the case
    pa.field("hte_Type", _text),
    pa.field("leg_from", _text),  # country of the step before; null for the first
    pa.field("leg_to", _text),  # hte_Country
    pa.field("hte_Date", pa.date32()),
)

SERVICES = _schema(
    pa.field("case", pa.uint32(), nullable=False),
    pa.field("spl_Type", _text),
    pa.field("spl_ActualEndDate", pa.date32()),
)

TABLES = {"persons": PERSONS, "cases": CASES, "legs": LEGS, "services": SERVICES}
"""The files of an edition by name."""

LINKS = _schema(
    # x_CaseReference of the case, and name with birthdate of its person, as keys; null: none.
    pa.field("reference_key", pa.binary(16)),
    pa.field("alike_key", pa.binary(16)),
)
"""What stands beside the tables of an edition."""

STORED = {**TABLES, "links": LINKS}
"""Tables, and what stands beside them."""


PIECE = 1 << 18
"""Rows of a table that are in memory at once where it is written or read piece by piece."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EditionTables:
    """The four tables of one edition, in memory.

    Whoever holds one may rely on the sorting and numbering that the module describes; what the
    order within one person's cases is, the importer answers for.

    Raises:
        ValueError: a table has another schema, a null where none may be, or other numbers.
    """

    persons: pa.Table
    cases: pa.Table
    legs: pa.Table
    services: pa.Table

    def __post_init__(self) -> None:
        for name, schema in TABLES.items():
            check_columns(name, self[name], schema)
        _check_persons(self.persons, self.cases)
        for name in ("legs", "services"):
            _check_case_numbers(name, self[name], self.cases.num_rows)

    @classmethod
    def empty(cls) -> Self:
        """An edition with nobody in it."""
        return cls(**{name: schema.empty_table() for name, schema in TABLES.items()})

    def __getitem__(self, name: str) -> pa.Table:
        """The table of this name."""
        tables = {
            "persons": self.persons,
            "cases": self.cases,
            "legs": self.legs,
            "services": self.services,
        }
        return tables[name]

    def pieces(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table in stored order, not too many at once; all columns, or these."""
        found = no_links(self.cases.num_rows) if table == "links" else self[table]
        whole = found if columns is None else found.select(list(columns))
        for start in range(0, whole.num_rows, PIECE):
            yield whole.slice(start, PIECE)


def no_links(cases: int) -> pa.Table:
    """The links of so many cases of which nobody knows any."""
    return pa.table([pa.nulls(cases, field.type) for field in LINKS], schema=LINKS)


def choice_keys(person_keys: "pa.ChunkedArray[Any]") -> npt.NDArray[np.uint64]:
    """The first eight bytes of each stable person key, little-endian; shape (persons,)."""
    buffers = [
        buffer.slice(16 * chunk.offset, 16 * len(chunk)).to_pybytes()
        for chunk in person_keys.chunks
        if (buffer := chunk.buffers()[1]) is not None
    ]
    return np.frombuffer(b"".join(buffers), "<u8")[::2]


def check_columns(name: str, table: pa.Table, schema: pa.Schema) -> None:
    """Check that a table has the schema's columns, and no null where none may be.

    Raises:
        ValueError: it does not.
    """
    if not table.schema.equals(schema, check_metadata=False):
        raise ValueError(f"{name}: the columns are not those of the schema")
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            raise ValueError(f"{name}.{field.name}: a null where none may be")


def _check_persons(persons: pa.Table, cases: pa.Table) -> None:
    numbers = persons["person"].to_numpy()
    if not np.array_equal(numbers, np.arange(len(numbers))):
        raise ValueError("persons.person: persons are numbered 0, 1, 2, … in this order")
    of_cases = cases["person"].to_numpy()
    steps = np.diff(of_cases.astype(np.int64), prepend=-1)
    if not np.isin(steps, (0, 1)).all() or steps.sum() != len(numbers):
        raise ValueError("cases.person: cases are sorted by person, and each person has one")
    stable = choice_keys(persons["person_key"])
    if not np.array_equal(cases["choice_key"].to_numpy(), stable[of_cases]):
        raise ValueError("cases.choice_key: not the beginning of the person's key")


def _check_case_numbers(name: str, table: pa.Table, cases: int) -> None:
    numbers = table["case"].to_numpy().astype(np.int64)
    if len(numbers) and (numbers[-1] >= cases or (np.diff(numbers) < 0).any()):
        raise ValueError(f"{name}.case: rows are sorted by case, and the case is there")
