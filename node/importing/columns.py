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
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from corridor.node import schema
from corridor.node.importing.countries import fold, is_unknown_word
from corridor.node.importing.dates import AS_EVER, DateForm
from corridor.node.importing.dialects import (
    Clean,
    Dialect,
    RowLinks,
    dialect_of,
    is_metadata,
    references,
    row_links,
)
from corridor.node.importing.headings import MISSPELT, Heading, Headings, compact
from corridor.node.importing.mapping import (
    FileMapping,
    TableMapping,
    Target,
    Translation,
    heading_key,
)
from corridor.node.importing.report import DroppedColumn, Findings, Place
from corridor.node.importing.values import read_yes, text_of
from corridor.queries.htcds import HtcdsField

FEWEST_LABELS: Final = 3
"""So many labels make a header of a first row that holds no name."""

HEADER_WITHIN: Final = 20
"""The header is one of the first so many rows."""

EXTENSIONS: Final[Mapping[str, HtcdsField]] = {
    field.name: field
    for field in (
        HtcdsField("x_CaseReference", "Case Reference", "Corridor", "Text", {}),
        HtcdsField("x_PersonReference", "Person Reference", "Corridor", "Text", {}),
        HtcdsField("x_IdentificationDate", "Identification Date", "Corridor", "Date", {}),
    )
}
"""What Corridor reads beside the standard."""

NAMES: Final = ("prs_FirstName", "prs_MiddleName", "prs_SecondName")
REFERENCES: Final = ("x_CaseReference", "x_PersonReference", "prs_IdentityNumber")
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
_ROW_NUMBER_NAMES: Final = frozenset({"", "#", "no", "no.", "nr", "nr.", "row", "№", "n°", "id."})


class Grid:
    """Some rows of a table, to be read column by column."""

    def __init__(self, rows: Sequence[Sequence[object]]) -> None:
        self.rows = rows
        widths = set(map(len, rows))
        self._columns = list(zip(*rows, strict=True)) if len(widths) == 1 else None

    def column(self, index: int) -> Sequence[object]:
        """The cells of a column; None where a row is too short."""
        if self._columns is not None:
            return self._columns[index] if index < len(self._columns) else [None] * len(self.rows)
        return [cells[index] if index < len(cells) else None for cells in self.rows]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the cells of a field stand in a row.

    Attributes:
        indexes: columns whose cells hold values; several make one cell of several values.
        choices: columns that tick one value each, and that value.
        clean: what is made of a cell that refers to another table, before it counts.
    """

    indexes: tuple[int, ...] = ()
    choices: tuple[tuple[int, str], ...] = ()
    clean: Clean | None = None

    def cells(self, grid: "Grid") -> Sequence[object]:
        """The field's cell of each of the rows."""
        if len(self.indexes) == 1 and not self.choices:
            found = grid.column(self.indexes[0])
            return found if self.clean is None else list(map(self.clean, found))
        columns = [list(map(_text, grid.column(index))) for index in self.indexes]
        columns += [_ticks(grid.column(index), choice) for index, choice in self.choices]
        return [";".join(filter(None, texts)) for texts in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Header:
    """Which columns of a table are read, and where its data begins.

    Attributes:
        columns: field → where its cells are, for every column with an HTCDS name; those that
            no question uses count for the content of a row and for nothing else.
        read: the fields among them that are kept or make keys.
        data_from: index, among the rows looked at, of the first row of data.
        has_cases, has_events, has_services: what the rows of the table are.
        links: how rows of repeat groups find the row that they belong to.
        translations: field → what the operator's mapping says of its values.
        dates: field → how its dates are written, where the mapping says so.
        mapped: how many columns the operator's mapping decided.
    """

    columns: Mapping[str, Source]
    read: frozenset[str]
    data_from: int
    has_cases: bool
    has_events: bool
    has_services: bool
    links: RowLinks = field(default_factory=RowLinks)
    translations: Mapping[str, Translation] = field(default_factory=dict)
    dates: Mapping[str, DateForm] = field(default_factory=dict)
    mapped: int = 0

    @property
    def holds(self) -> tuple[str, ...]:
        """What the rows are, in words."""
        told = ((self.has_cases, "cases"), (self.has_events, "events"))
        return tuple(word for holds, word in (*told, (self.has_services, "support plans")) if holds)


class HeaderReader:
    """Knows the standard's names and labels, and finds them over columns.

    Args:
        fields: the standard's.
        mapping: an operator's word on columns that are not of the standard.
    """

    def __init__(
        self, fields: Mapping[str, HtcdsField], mapping: FileMapping | None = None
    ) -> None:
        self.fields: Mapping[str, HtcdsField] = {**fields, **EXTENSIONS}
        self._headings = Headings(self.fields)
        self._mapping = mapping or FileMapping()

    def field(self, name: str) -> HtcdsField:
        """A field of the standard or of Corridor's own."""
        return self.fields[name]

    def find(
        self,
        place: Place,
        rows: Sequence[Sequence[object]],
        found: Findings,
        labels: Sequence[str] = (),
    ) -> Header | None:
        """The header of a table from its first rows, or None where no row is one.

        Args:
            place: the table.
            rows: the first of its rows.
            found: hears what is odd.
            labels: of the columns, where the file keeps them apart from its rows.
        """
        mapping = self._mapping.of(place)
        names = [self._known(row, mapping) for row in rows[:HEADER_WITHIN]]
        best = max(range(len(names)), key=lambda n: len(names[n]), default=0)
        first_filled = next((n for n, row in enumerate(rows) if any(map(_text, row))), 0)
        if not names or not names[best]:
            return self._find_by_labels(place, rows, first_filled, mapping, found)
        if len(names[best]) == 1 and best != first_filled:
            return None
        under = rows[best + 1] if best + 1 < len(rows) else ()
        is_labels = self._is_row_of_labels(rows[best], under) or _is_translated(*rows[best:][:3])
        data_from = best + 1 + is_labels
        titles = _titles(rows[best], under if is_labels else labels)
        used = _used(titles, rows[data_from:])
        return self._header(place, used, data_from, mapping, found)

    def heading_row(self, place: Place, rows: Sequence[Sequence[object]]) -> int | None:
        """Which of the rows has most names that are known, or None where none has one."""
        mapping = self._mapping.of(place)
        names = [len(self._known(row, mapping)) for row in rows[:HEADER_WITHIN]]
        best = max(range(len(names)), key=names.__getitem__, default=0)
        return best if names and names[best] else None

    def is_metadata(self, headings: Sequence[object], heading: str) -> bool:
        """Whether a heading beside others is one that a program wrote by itself."""
        return is_metadata(dialect_of(list(map(_text, headings))), heading)

    def left_out(self, place: Place) -> frozenset[str]:
        """The headings that the mapping leaves out on purpose."""
        mapping = self._mapping.of(place)
        if mapping is None:
            return frozenset()
        return frozenset(text for text, to in mapping.columns.items() if to.field is None)

    def translated(self, place: Place, name: str) -> frozenset[str]:
        """The values of a field, folded, of which the mapping says something."""
        mapping = self._mapping.of(place)
        return frozenset(map(fold, mapping.values.get(name, ()))) if mapping else frozenset()

    def _find_by_labels(
        self,
        place: Place,
        rows: Sequence[Sequence[object]],
        first_filled: int,
        mapping: TableMapping | None,
        found: Findings,
    ) -> Header | None:
        """The header of a file that was exported with labels in the place of names."""
        if not rows:
            return None
        texts = [text for cell in rows[first_filled] if (text := _text(cell))]
        fitting = sum(bool(self._headings.by_label(text)[0]) for text in texts)
        if fitting < FEWEST_LABELS or fitting * 2 < len(texts):
            return None
        titles = [
            replace(title, name="", label=title.name) if self._labels(title.name) else title
            for title in _titles(rows[first_filled], ())
        ]
        used = _used(titles, rows[first_filled + 1 :])
        return self._header(place, used, first_filled + 1, mapping, found)

    def _labels(self, text: str) -> bool:
        return bool(self._headings.by_label(text)[0])

    def _known(self, row: Sequence[object], mapping: TableMapping | None) -> set[str]:
        known = set()
        for text in map(_text, row):
            if mapping is not None and mapping.target(text) is not None:
                known.add(heading_key(text))
            elif (heading := self._headings.by_name(text)) is not None:
                known.add(heading.field)
        return known

    def _is_row_of_labels(self, names: Sequence[object], row: Sequence[object]) -> bool:
        """Whether more than half of the cells are the label of what their column is named.

        Any label would not do: a person called Gender would be a row of labels when the row
        above them is left out, and a case else.
        """
        texts = [title for title in _titles(names, row) if title.label]
        fitting = sum(self._is_label_of(title) for title in texts)
        return fitting * 2 > len(texts)

    def _is_label_of(self, title: "_Title") -> bool:
        fields = self._headings.labelled(title.label)
        heading = self._headings.by_name(title.name)
        return bool(fields) and (not title.name or (heading and heading.field) in fields)

    def _header(
        self,
        place: Place,
        titles: Sequence["_Title"],
        data_from: int,
        mapping: TableMapping | None,
        found: Findings,
    ) -> Header:
        names = [title.name or title.label for title in titles]
        table = _Table(place, dialect_of(names), self._prefixes(titles), mapping, found)
        collected = _Columns(table, self.fields)
        for title in titles:
            heading = self._heading(table, title)
            if heading is not None:
                collected.add(title, heading)
        columns = collected.sources()
        self._add_references(table, titles, columns)
        for name in columns:
            if name not in _READ:
                found.dropped.append(DroppedColumn(place, name, self._why_dropped(name)))
        if mapping is not None:
            for text in mapping.missing(names):
                found.add(place, None, "column.mapped_missing", value=text)
        events = any(name.startswith("hte_") for name in columns)
        services = any(name.startswith("spl_") for name in columns)
        width = max((title.index for title in titles), default=-1) + 1
        headings = [""] * width
        for title in titles:
            headings[title.index] = title.name
        return Header(
            columns=columns,
            read=frozenset(columns) & _READ,
            data_from=data_from,
            has_cases=_has_cases(columns.keys(), alone=not (events or services)),
            has_events=events,
            has_services=services,
            links=row_links(table.dialect, headings, place.sheet),
            translations=self._translations(mapping),
            dates=self._dates(mapping, columns),
            mapped=table.mapped,
        )

    def _prefixes(self, titles: Sequence["_Title"]) -> Counter[str]:
        """How many columns belong surely to each part of the standard."""
        prefixes: Counter[str] = Counter()
        for title in titles:
            if (heading := self._headings.by_name(title.name)) is not None:
                prefixes[heading.field[:4]] += 1
            elif not title.name and len(sure := self._headings.by_label(title.label)[0]) == 1:
                prefixes[sure[0][:4]] += 1
        return prefixes

    def _add_references(
        self, table: "_Table", titles: Sequence["_Title"], columns: dict[str, Source]
    ) -> None:
        """Take the columns by which a program's tables refer to each other."""
        names = [title.name or title.label for title in titles]
        for name, link in references(table.dialect, names, columns.keys()).items():
            if name not in columns:
                columns[name] = Source((titles[link.index].index,), clean=link.clean)
                table.found.add(table.place, name, "column.reference", value=names[link.index])

    def _translations(self, mapping: TableMapping | None) -> dict[str, Translation]:
        if mapping is None:
            return {}
        return {
            name: Translation(values, several=self._takes_several(name))
            for name, values in mapping.values.items()
        }

    def _dates(
        self, mapping: TableMapping | None, columns: Mapping[str, Source]
    ) -> dict[str, DateForm]:
        if mapping is None:
            return {}
        dates = [name for name in columns if self.fields[name].type == "Date"]
        return {name: form for name in dates if (form := mapping.form(name)) != AS_EVER}

    def said_of_dates(self, place: Place, name: str) -> DateForm:
        """What the mapping says of a field's dates in a table."""
        mapping = self._mapping.of(place)
        return AS_EVER if mapping is None else mapping.form(name)

    def _takes_several(self, name: str) -> bool:
        return self.fields[name].is_multiselect

    def _heading(self, table: "_Table", title: "_Title") -> Heading | None:
        """What a column means; what is odd about its name or label goes into the report."""
        mapped = table.target(title)
        if mapped is not None:
            return None if mapped.field is None else Heading(mapped.field, mapped.choice)
        heading = self._headings.by_name(title.name)
        if heading is not None:
            self._report_name(table, title, heading)
            return heading
        if not title.name and title.label:
            shared, choice = self._headings.by_label(title.label)
            name = max(shared, key=lambda one: table.prefixes[one[:4]], default=None)
            if name is not None:
                table.found.add(table.place, name, "column.by_label", value=title.label)
                return Heading(name, choice)
        text = title.name or title.label
        if is_metadata(table.dialect, text):
            table.found.dropped.append(DroppedColumn(table.place, text, "written by a program"))
        elif title.index or title.label or title.name.casefold() not in _ROW_NUMBER_NAMES:
            self._report_unknown(table.place, text, table.found)
        return None

    def _report_name(self, table: "_Table", title: "_Title", heading: Heading) -> None:
        name = heading.field
        if heading.is_plain and name != title.name:
            problem = "template_name" if compact(title.name) in MISSPELT else "misspelt"
            table.found.add(table.place, name, f"column.{problem}", value=title.name)
        if title.label and name not in (self._headings.labelled(title.label) or [name]):
            table.found.add(table.place, name, "column.other_label", value=title.label)

    def _report_unknown(self, place: Place, text: str, found: Findings) -> None:
        if text == "":
            found.add(place, None, "column.unnamed")
            return
        found.add(place, None, "column.unknown", value=text, suggest=self._nearest_name)
        found.dropped.append(DroppedColumn(place, text, "no field of HTCDS 2.0"))

    def _nearest_name(self, text: str) -> str | None:
        names = self._headings.names
        near = difflib.get_close_matches(compact(text), names, n=1, cutoff=0.75)
        return names[near[0]] if near else None

    def _why_dropped(self, name: str) -> str:
        field = self.fields[name]
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


@dataclass(slots=True)
class _Table:
    """What is known of a table while its header is read."""

    place: Place
    dialect: Dialect | None
    prefixes: Counter[str]
    mapping: TableMapping | None
    found: Findings
    mapped: int = 0

    def target(self, title: _Title) -> Target | None:
        """What the operator's mapping says of a column; it goes into the report."""
        text = title.name or title.label
        target = None if self.mapping is None else self.mapping.target(text)
        if target is None:
            return None
        self.mapped += 1
        if target.field is None:
            self.found.dropped.append(DroppedColumn(self.place, text, "the mapping leaves it out"))
        else:
            self.found.add(self.place, target.field, "column.mapped", value=text)
        return target


class _Columns:
    """Collects the columns of a table by field."""

    def __init__(self, table: _Table, fields: Mapping[str, HtcdsField]) -> None:
        self._table = table
        self._fields = fields
        self._whole: dict[str, list[int]] = {}
        self._choices: dict[str, list[tuple[int, str]]] = {}

    def add(self, title: _Title, heading: Heading) -> None:
        """Take a column."""
        name = heading.field
        if heading.choice is not None:
            self._choices.setdefault(name, []).append((title.index, heading.choice))
            return
        there = self._whole.setdefault(name, [])
        mapped = self._table.mapping and self._table.mapping.target(title.name or title.label)
        if not there or (mapped and self._fields[name].is_multiselect):
            there.append(title.index)
        else:
            self._table.found.add(self._table.place, name, "column.repeated")

    def sources(self) -> dict[str, Source]:
        """Where the cells of each field are.

        Kobo writes a select_multiple both ways at once: then the column that holds all choices
        counts, and those that tick one each say nothing more.
        """
        found = {name: Source(tuple(indexes)) for name, indexes in self._whole.items()}
        for name, choices in self._choices.items():
            if name not in found:
                found[name] = Source(choices=tuple(choices))
                self._table.found.add(self._table.place, name, "column.split", count=len(choices))
        return found


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


def _used(titles: Sequence[_Title], rows: Sequence[Sequence[object]]) -> list[_Title]:
    """The columns that have a heading, or a cell in the first rows."""
    filled = {n for row in rows for n, cell in enumerate(row) if _text(cell)}
    return [title for title in titles if title.name or title.label or title.index in filled]


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


def _ticks(cells: Sequence[object], choice: str) -> list[str]:
    """For each cell the choice where it is ticked; each different cell is looked at once."""
    met = {cell: _ticked(cell, choice) for cell in set(cells)}
    return [met[cell] for cell in cells]


def _ticked(cell: object, choice: str) -> str:
    """The choice where its cell is ticked; what else stands there, for the report to show."""
    text = _text(cell)
    if not text or is_unknown_word(text):
        return ""
    reading = read_yes(text)
    if reading.problems:
        return choice if compact(text) == compact(choice) else text
    return choice if reading.value else ""
