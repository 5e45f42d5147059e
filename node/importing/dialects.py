"""Which program exported a table, by its headings; and how its rows refer to each other.

    Kobo         `_id`, `_uuid`, `_index`; in the sheets of repeat groups `_submission__id`,
                 `_parent_table_name`, `_parent_index`
    ODK Central  `KEY`; in the files of repeat groups `PARENT_KEY`, as in uuid:…/events[2]
    Salesforce   names that end in `__c`; `Id`, and lookups such as `Person__c` or `CaseId`

What refers becomes one of Corridor's own two fields: `x_CaseReference` (the submission, the case
record) or `x_PersonReference` (the person record). A record of a repeat group besides belongs to
one row of its parent alone, which `RowLinks` says. The place of a row (`_index`) links within an
import and is never part of a key: it would change with who else is in the file.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from corridor.node.importing.values import text_of


class Dialect(Enum):
    """A program whose exports have columns of their own."""

    KOBO = "KoboToolbox"
    ODK = "ODK"
    SALESFORCE = "Salesforce"


Clean = Callable[[object], object]
"""What is made of a cell before it counts."""

_FORM = "start end today deviceid subscriberid simserial phonenumber username audit __version__"
_KOBO = (
    "_id _uuid _submission_time _validation_status _notes _status _submitted_by _version_ _version "
    "_tags _index _parent_index _parent_table_name _xform_id_string _attachments _geolocation "
    "_bamboo_dataset_id formhub/uuid meta/instanceid meta/instancename meta/rootuuid "
    "meta/deprecatedid"
)
_ODK = (
    "key parent_key submissiondate submitterid submittername attachmentspresent "
    "attachmentsexpected status reviewstate edits formversion instanceid instancename "
    "meta-instanceid meta-instancename meta/instanceid meta/instancename"
)
_SALESFORCE = (
    "id name ownerid createddate createdbyid lastmodifieddate lastmodifiedbyid systemmodstamp "
    "isdeleted recordtypeid lastvieweddate lastreferenceddate lastactivitydate currencyisocode "
    "accountid masterrecordid casenumber"
)
_METADATA: Final[Mapping[Dialect, frozenset[str]]] = {
    Dialect.KOBO: frozenset((*_FORM.split(), *_KOBO.split())),
    Dialect.ODK: frozenset((*_FORM.split(), *_ODK.split())),
    Dialect.SALESFORCE: frozenset(_SALESFORCE.split()),
}
"""What programs add by themselves, in small letters: it says nothing about a case."""

_PERSON_LOOKUP = re.compile(
    r"(?:\w+__)?(?:person|contact|victim|client|beneficiary)(?:_?id)?__c"
    r"|(?:person|contact)id"
    r"|(?:\w+__)?(?:person|contact|victim|client|beneficiary)__r\.id",
    re.IGNORECASE,
)
_CASE_LOOKUP = re.compile(
    r"(?:\w+__)?(?:victim_?)?case(?:_?id)?__c|caseid|(?:\w+__)?case__r\.id", re.IGNORECASE
)
_KOBO_PARENT: Final = ("_submission__id", "_submission__uuid")
_KOBO_OWN: Final = ("_id", "_uuid")
_SHORT_ID = re.compile(r"[A-Za-z0-9]{15}")
_ID_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHEET_NAME: Final = 31
"""Excel cuts the names of sheets after so many characters."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column that refers to a case or person, and how its cells are read."""

    index: int
    clean: Clean


@dataclass(frozen=True, slots=True)
class RowLinks:
    """How the rows of a table are known to those of its repeat groups, within one import.

    Attributes:
        own: column of what a row is known by; None where nothing refers to it.
        parent: column of what a row belongs to; None where it belongs to none.
        parent_table: column of the parent's table, for Kobo, whose rows are known by their place.
        table: what this table is called by its repeat groups.
    """

    own: int | None = None
    parent: int | None = None
    parent_table: int | None = None
    table: str = ""

    def own_name(self, cells: Sequence[object]) -> str:
        """What this row is known by, or the empty text."""
        return _row_name(self.table, _at(cells, self.own))

    def parent_name(self, cells: Sequence[object]) -> str:
        """What the row that this one belongs to is known by, or the empty text."""
        return _row_name(_sheet(_at(cells, self.parent_table)), _at(cells, self.parent))


def dialect_of(headings: Collection[str]) -> Dialect | None:
    """Which program's columns these are, if any one's."""
    names = {heading.casefold() for heading in headings}
    if any(name.endswith(("__c", "__pc")) for name in names):
        return Dialect.SALESFORCE
    kobo = {"_id", "_uuid", "_index", "_parent_index", "_submission_time", "_submission__id"}
    if len(names & kobo) > 1:
        return Dialect.KOBO
    odk = {"parent_key", "submissiondate", "instanceid", "meta-instanceid", "meta/instanceid"}
    return Dialect.ODK if "key" in names and names & odk else None


def is_metadata(dialect: Dialect | None, heading: str) -> bool:
    """Whether a program wrote this column by itself."""
    if dialect is None:
        return False
    name = heading.casefold()
    repeated = name.startswith(("_submission_", "set-of-"))
    return name in _METADATA[dialect] or (repeated and dialect is not Dialect.SALESFORCE)


def references(
    dialect: Dialect | None, headings: Sequence[str], fields: Collection[str]
) -> dict[str, Link]:
    """Which columns are `x_CaseReference` and `x_PersonReference`; `fields` are the table's."""
    where = {heading.casefold(): n for n, heading in reversed(list(enumerate(headings)))}
    if dialect is Dialect.KOBO:
        return _submission(where, _KOBO_PARENT, _KOBO_OWN, _kobo_submission, fields)
    if dialect is Dialect.ODK:
        return _submission(where, ("parent_key",), ("key",), _odk_submission, fields)
    if dialect is not Dialect.SALESFORCE:
        return {}
    found: dict[str, Link] = {}
    if "id" in where:
        own = _own_reference(fields)
        if own is not None:
            found[own] = Link(where["id"], salesforce_id)
    for name, n in where.items():
        if _CASE_LOOKUP.fullmatch(name):
            found.setdefault("x_CaseReference", Link(n, salesforce_id))
        elif _PERSON_LOOKUP.fullmatch(name):
            found.setdefault("x_PersonReference", Link(n, salesforce_id))
    return found


def row_links(dialect: Dialect | None, headings: Sequence[str], sheet: str | None) -> RowLinks:
    """What ties the rows of repeat groups to the row that they belong to."""
    where = {heading.casefold(): n for n, heading in reversed(list(enumerate(headings)))}
    if dialect is Dialect.KOBO and sheet is not None:
        named = "_parent_table_name" in where
        return RowLinks(
            own=where.get("_index"),
            parent=where.get("_parent_index") if named else None,
            parent_table=where.get("_parent_table_name"),
            table=_sheet(sheet),
        )
    if dialect is Dialect.ODK:
        return RowLinks(own=where.get("key"), parent=where.get("parent_key"))
    return RowLinks()


def salesforce_id(cell: object) -> object:
    """A record's Id of 18 characters, in which case does not matter.

    Reports and old exports have the first 15 alone, of which 003…abcD and 003…abcd are two
    records. The last three say which of the others are capitals: one of 32 signs for each five.
    """
    text = str(cell).strip()
    if not _SHORT_ID.fullmatch(text):
        return cell
    parts = (text[n : n + 5] for n in (0, 5, 10))
    capitals = (sum(letter.isupper() << n for n, letter in enumerate(part)) for part in parts)
    return text + "".join(_ID_ALPHABET[n] for n in capitals)


def _own_reference(fields: Collection[str]) -> str | None:
    """What a table's own Id is: that of a case where it has a case's fields, or of a person."""
    if any(field.startswith("cas_") for field in fields):
        return "x_CaseReference"
    others = ("vic_", "hte_", "spl_", "per_", "cco_", "org_")
    if any(field.startswith(others) for field in fields):
        return None
    return "x_PersonReference" if any(field.startswith("prs_") for field in fields) else None


def _submission(
    where: Mapping[str, int],
    of_parent: Sequence[str],
    own: Sequence[str],
    clean: Clean,
    fields: Collection[str],
) -> dict[str, Link]:
    """A submission is a case. Where its own row tells of a victim, it is that person's record."""
    parent = next((where[name] for name in of_parent if name in where), None)
    if parent is not None:
        return {"x_CaseReference": Link(parent, clean)}
    column = next((where[name] for name in own if name in where), None)
    if column is None:
        return {}
    link = Link(column, clean)
    tells = any(field.startswith(("prs_", "vic_")) for field in fields)
    return {"x_CaseReference": link} | ({"x_PersonReference": link} if tells else {})


def _kobo_submission(cell: object) -> object:
    text = _text(cell)
    return f"kobo {text}" if text else ""


def _odk_submission(cell: object) -> object:
    return _text(cell).split("/")[0]


def _row_name(table: str, key: str) -> str:
    return f"{table}\0{key}" if key else ""


def _at(cells: Sequence[object], column: int | None) -> str:
    return "" if column is None or column >= len(cells) else _text(cells[column])


def _text(cell: object) -> str:
    if isinstance(cell, str | int | float):
        return text_of(cell).strip()
    return ""


def _sheet(name: str) -> str:
    return name.strip()[:_SHEET_NAME].casefold()
