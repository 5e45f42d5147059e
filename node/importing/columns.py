"""A table's first rows → which column holds which HTCDS field.

The official workbooks have a hidden row of API names, a row of labels, then data, and row
numbers in a first column without a name. So the header is, among the first rows, the one with
most API names: two at least, or one in the first filled row. A row of labels under it is
recognised and skipped: by the standard's labels; in a translated template by having no row number
where the rows of data have one, and a text without digits under every name. Both look at this row
alone: what follows it belongs to somebody.

An API name wins over whatever label stands under it. Names are the standard's without regard
to case, spaces and underscores; the misspellings of the official files are known by name.
Where a column has no API name, its label counts; of a label that several fields share, the
field of the part of the standard that the other columns belong to. A column that is no field
of the standard is dropped and reported, with the name that it resembles most.
"""

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corridor.node import schema
from corridor.node.importing.report import DroppedColumn, Findings, Place
from corridor.node.importing.values import text_of
from corridor.queries.htcds import HtcdsField

HEADER_WITHIN: Final = 20
"""The header is one of the first so many rows."""

EXTENSIONS: Final[Mapping[str, HtcdsField]] = {
    field.name: field
    for field in (
        HtcdsField("x_CaseReference", "Case Reference", "Corridor", "Text", {}),
        HtcdsField("x_IdentificationDate", "Identification Date", "Corridor", "Date", {}),
    )
}
"""What Corridor reads beside the standard."""

NAMES: Final = ("prs_FirstName", "prs_MiddleName", "prs_SecondName")
REFERENCES: Final = ("x_CaseReference", "prs_IdentityNumber")
"""Fields that say whose event or support plan a row is."""

CASE_FIELDS: Final = (
    "con_Consent",
    "vic_AgreementToManagePersonalData",
    "x_IdentificationDate",
    "cas_IncomingReferralDate",
    *schema.PICKLISTS,
    *schema.MULTISELECTS,
    "prs_Citizenship",
    "prs_NumberOfChildren",
    "vic_AgeWhenTrafficked",
    "prs_Birthdate",
    "vic_LocationOfRecruitment",
    "vic_LocationOfExploitation",
)
EVENT_FIELDS: Final = ("hte_Type", "hte_Country", "hte_Date")
SERVICE_FIELDS: Final = ("spl_Type", "spl_ActualEndDate")

_READ: Final = frozenset((*CASE_FIELDS, *EVENT_FIELDS, *SERVICE_FIELDS, *NAMES, *REFERENCES))
_MISSPELT: Final = {
    "victraffickinstatusdecisionmakingorg": "vic_TraffickingStatusDecisionMakingOrg",
    "victraffickingstatusdecisionmakingorganization": "vic_TraffickingStatusDecisionMakingOrg",
    "victraffickingstatusdecisionmakingorganisation": "vic_TraffickingStatusDecisionMakingOrg",
    "vicforcedlaborindustry": "vic_ForcedLabourIndustry",
    "vicmethodofcontrol": "vic_MethodsOfControl",
    "vicmethodsofrecruitment": "vic_MethodOfRecruitment",
    "prslastname": "prs_SecondName",
    "casreferringorganization": "cas_ReferringOrganisation",
    "casreferredorganization": "cas_ReferredOrganisation",
}
_ROW_NUMBER_NAMES: Final = frozenset({"", "#", "no", "no.", "nr", "nr.", "row", "№", "n°", "id."})
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Header:
    """Which columns of a table are read, and where its data begins.

    Attributes:
        columns: field → index of the column, for every column with an HTCDS name; those that
            no question uses count for the content of a row and for nothing else.
        read: the fields among them that are kept or make keys.
        data_from: index, among the rows looked at, of the first row of data.
        has_cases, has_events, has_services: what the rows of the table are.
    """

    columns: Mapping[str, int]
    read: frozenset[str]
    data_from: int
    has_cases: bool
    has_events: bool
    has_services: bool

    @property
    def holds(self) -> tuple[str, ...]:
        """What the rows are, in words."""
        told = ((self.has_cases, "cases"), (self.has_events, "events"))
        return tuple(word for holds, word in (*told, (self.has_services, "support plans")) if holds)


class HeaderReader:
    """Knows the standard's names and labels, and finds them over columns."""

    def __init__(self, fields: Mapping[str, HtcdsField]) -> None:
        self._fields = {**fields, **EXTENSIONS}
        self._by_name = {_compact(name): name for name in self._fields}
        self._by_label: dict[str, list[str]] = {}
        for field in self._fields.values():
            self._by_label.setdefault(_compact(field.label), []).append(field.name)

    def field(self, name: str) -> HtcdsField:
        """A field of the standard or of Corridor's own."""
        return self._fields[name]

    def find(
        self, place: Place, rows: Sequence[Sequence[object]], found: Findings
    ) -> Header | None:
        """The header of a table from its first rows, or None where no row is one."""
        names = [self._names(row) for row in rows[:HEADER_WITHIN]]
        best = max(range(len(names)), key=lambda n: len(names[n]), default=0)
        if not names or not names[best]:
            return None
        first_filled = next((n for n, row in enumerate(rows) if any(map(_text, row))), 0)
        if len(names[best]) == 1 and best != first_filled:
            return None
        labels = rows[best + 1] if best + 1 < len(rows) else ()
        is_labels = self._is_row_of_labels(rows[best], labels) or _is_translated(*rows[best:][:3])
        data_from = best + 1 + is_labels
        filled = {n for row in rows[data_from:] for n, cell in enumerate(row) if _text(cell)}
        titles = _titles(rows[best], labels if is_labels else ())
        used = [title for title in titles if title.name or title.label or title.index in filled]
        return self._header(place, used, data_from, found)

    def _names(self, row: Sequence[object]) -> set[str]:
        return {name for cell in row if (name := self._name(_text(cell))) is not None}

    def _name(self, text: str) -> str | None:
        # Without its prefix a word such as "status" is a label, not a name.
        if "_" not in text and not text.casefold().startswith(("prs", "vic", "cas", "hte")):
            return None
        compact = _compact(text)
        return self._by_name.get(compact) or _MISSPELT.get(compact)

    def _is_row_of_labels(self, names: Sequence[object], row: Sequence[object]) -> bool:
        """Whether more than half of the cells are the label of what their column is named.

        Any label would not do: a person called Gender would be a row of labels when the row
        above them is left out, and a case else.
        """
        texts = [title for title in _titles(names, row) if title.label]
        fitting = sum(self._is_label_of(title) for title in texts)
        return fitting * 2 > len(texts)

    def _is_label_of(self, title: "_Title") -> bool:
        fields = self._by_label.get(_compact(title.label), ())
        return bool(fields) and (not title.name or self._name(title.name) in fields)

    def _header(
        self, place: Place, titles: Sequence["_Title"], data_from: int, found: Findings
    ) -> Header:
        columns: dict[str, int] = {}
        prefixes = Counter(name[:4] for title in titles if (name := self._name(title.name)))
        for title in titles:
            field = self._field_of(place, title, prefixes, found)
            if field in columns:
                found.add(place, field, "column.repeated")
            elif field is not None:
                columns[field] = title.index
        for field in columns:
            if field not in _READ:
                found.dropped.append(DroppedColumn(place, field, self._why_dropped(field)))
        events = any(field.startswith("hte_") for field in columns)
        services = any(field.startswith("spl_") for field in columns)
        return Header(
            columns=columns,
            read=frozenset(columns) & _READ,
            data_from=data_from,
            has_cases=_has_cases(columns.keys(), alone=not (events or services)),
            has_events=events,
            has_services=services,
        )

    def _field_of(
        self, place: Place, title: "_Title", prefixes: Counter[str], found: Findings
    ) -> str | None:
        """The field of a column; what is odd about its name or label goes into the report."""
        field = self._name(title.name)
        if field is not None:
            if field != title.name:
                found.add(place, field, "column.misspelt", value=title.name)
            if field not in self._by_label.get(_compact(title.label), [field]):
                found.add(place, field, "column.other_label", value=title.label)
            return field
        if not title.name and title.label:
            shared = self._by_label.get(_compact(title.label), ())
            field = max(shared, key=lambda name: prefixes[name[:4]], default=None)
            if field is not None:
                found.add(place, field, "column.by_label", value=title.label)
                return field
        if title.index or title.label or title.name.casefold() not in _ROW_NUMBER_NAMES:
            self._report_unknown(place, title.name or title.label, found)
        return None

    def _report_unknown(self, place: Place, text: str, found: Findings) -> None:
        if text == "":
            found.add(place, None, "column.unnamed")
            return
        found.add(place, None, "column.unknown", value=text, suggest=self._nearest_name)
        found.dropped.append(DroppedColumn(place, text, "no field of HTCDS 2.0"))

    def _nearest_name(self, text: str) -> str | None:
        near = difflib.get_close_matches(_compact(text), self._by_name, n=1, cutoff=0.75)
        return self._by_name[near[0]] if near else None

    def _why_dropped(self, name: str) -> str:
        field = self._fields[name]
        if field.type == "Long Text":
            return "free text"
        if field.type.startswith("Lookup") or field.section == "Person":
            return "names or contacts" if not field.picklist else "no question uses it"
        return "no question uses it"


@dataclass(frozen=True, slots=True)
class _Title:
    """What stands over a column."""

    index: int
    name: str
    label: str


def _is_translated(
    names: Sequence[object], row: Sequence[object] = (), below: Sequence[object] = ()
) -> bool:
    """Whether a row under API names can only be their labels, in whatever language.

    It has no number, and the row below it has the first one: else whether somebody's row is one
    of labels would depend on whose row is left out above it.
    """
    if [_text(cell) for cell in below[:1]] != ["1"]:
        return False
    pairs = list(itertools.zip_longest(map(_text, names), map(_text, row), fillvalue=""))
    if not pairs or any(pairs[0]):
        return False
    return all(
        label and not any(letter.isdigit() for letter in label) for name, label in pairs if name
    )


def _titles(names: Sequence[object], labels: Sequence[object]) -> list[_Title]:
    pairs = itertools.zip_longest(names, labels)
    return [_Title(n, _text(name), _text(label)) for n, (name, label) in enumerate(pairs)]


def _has_cases(fields: Collection[str], *, alone: bool) -> bool:
    """Whether rows with these fields are cases of victims.

    Names, birthdate and references beside events or support plans only say whose they are.
    Perpetrators, organisations and comments are no cases.
    """
    if any(field.startswith(("vic_", "cas_", "con_", "x_Id")) for field in fields):
        return True
    if any(field.startswith("per_") for field in fields):
        return False
    telling = {"prs_Birthdate", *NAMES, *REFERENCES}
    return any(field.startswith("prs_") and (alone or field not in telling) for field in fields)


def _text(cell: object) -> str:
    """A header cell as text, without line breaks and no-break spaces."""
    if cell is None:
        return ""
    text = text_of(cell) if isinstance(cell, str | int | float | bool) else str(cell)
    return " ".join(text.split())


def _compact(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text.casefold())
