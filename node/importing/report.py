"""What was repaired, rejected and dropped, where, and what to do about it.

A report is for the node's own staff and stays on the node. Problems of one class, field and
value are one entry, with a count and the first rows; so the report on a million rows is as
short as the list of different mistakes in them. Values are shown for country and picklist
fields only, cut short; never one of a name, a number, a date or a text.

`PROBLEMS` is the list of all classes: code → (what became of the value, remedy).
"""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode
from corridor.publishing.estimates import harmless

Fate = Literal["rejected", "repaired", "noted"]
"""What became of a value: it counts as unknown; it was read in another way than it stands
there; it was taken as it stands, and deserves a look."""

ROWS_NAMED: Final = 5
"""How many rows an entry names."""

VALUES_NAMED: Final = 200
"""How many different values of one field and class have entries of their own."""

VALUES_TOLD: Final = 3
"""How many of them the text shows; JSON has all entries."""

VALUE_LENGTH: Final = 60
"""How much of a value is shown."""

MAPPING_COLUMNS: Final = ("text", "code", "count", "suggestion")
"""The header of a mapping file; the first two columns matter."""


PROBLEMS: Final[Mapping[str, tuple[Fate, str]]] = {
    "cell.formula": (
        "noted",
        "the value computed last was taken, nothing was evaluated; paste values, not formulas",
    ),
    "date.unreadable": ("rejected", "write dates as 2024-03-31"),
    "date.impossible": ("rejected", "there is no such day; correct it"),
    "date.incomplete": ("rejected", "write the whole date, as in 2024-03-31"),
    "date.two_digit_year": ("rejected", "write the year with four digits"),
    "date.future": ("rejected", "the date lies in the future; correct it"),
    "date.before_1900": ("rejected", "the year is before 1900; correct it"),
    "date.too_long_ago": ("rejected", "nobody is that old; correct the birthdate"),
    "date.birth_after_event": (
        "rejected",
        "lies after the first event or the referral and gives no age; correct one of them",
    ),
    "date.event_after_referral": (
        "noted",
        "the first event lies after the referral; correct one of the two dates",
    ),
    "date.birth_after_identification": (
        "noted",
        "the person was identified before the birthdate; correct one of the two dates",
    ),
    "age.differs": (
        "noted",
        "more than a year from the age at the first event; the given age counts",
    ),
    "person.alike": (
        "noted",
        "name and birthdate of somebody with another identity number; if one person, one number",
    ),
    "person.reference_shared": (
        "noted",
        "told apart as several persons; make their identity number, name and birthdate agree",
    ),
    "person.reference_before": (
        "noted",
        "is in the data as another person; if one: `corridor node person correct`, or --replace",
    ),
    "person.alike_before": (
        "noted",
        "is in the data as another person; if one: `corridor node person correct`, or --replace",
    ),
    "case.consent_withdrawn": (
        "noted",
        "is in the data as another person with consent; if one, correct or erase the older rows",
    ),
    "date.month_first": (
        "repaired",
        "read as month/day/year; where both can be, day/month/year counts: write 2024-03-31",
    ),
    "date.day_first": ("noted", "read as day/month/year; write dates as 2024-03-31"),
    "date.undecided": (
        "rejected",
        "can be two days, and the mapping says that nobody knows which; write 2024-03-31",
    ),
    "date.other_order": (
        "rejected",
        "is not written in the order that the mapping says; correct it, or the mapping",
    ),
    "date.excel_serial": ("repaired", "read as Excel's day number; give the cells a date format"),
    "country.unresolved": (
        "rejected",
        "correct it, or say what it means: import with --countries FILE",
    ),
    "country.ambiguous_code": (
        "rejected",
        'may be "not available" or Namibia; write the name, or import with --countries FILE',
    ),
    "country.several": ("rejected", "names several countries; leave one, or map it"),
    "country.from_address": ("repaired", "the country was taken out of an address"),
    "country.comma_list": ("repaired", "separate several countries by ; instead of commas"),
    "picklist.unknown_value": (
        "rejected",
        "use a value that `corridor node values FIELD` lists, or `corridor node map`",
    ),
    "picklist.several_values": ("rejected", "this field takes one value; leave the right one"),
    "picklist.space_list": ("repaired", "separate several values by ; instead of spaces"),
    "number.unreadable": ("rejected", "write a whole number"),
    "number.out_of_range": ("rejected", "outside what is possible; correct it"),
    "number.with_words": ("repaired", "write the number alone"),
    "consent.unreadable": ("rejected", "read as no consent; write Yes or No"),
    "identity.placeholder": (
        "rejected",
        "is no identity number but a filler; leave the cell empty",
    ),
    "reference.placeholder": ("rejected", "is no case reference but a filler; leave it empty"),
    "case.repeated": (
        "noted",
        "the same case stands in several rows; the row with the latest referral was taken",
    ),
    "event.no_case": (
        "rejected",
        "no case of this import has that reference and identity number; import both together",
    ),
    "event.no_reference": ("rejected", "fill in x_CaseReference or prs_IdentityNumber"),
    "event.says_nothing": ("rejected", "neither type, country nor date can be read"),
    "event.shared": ("noted", "the event counts for every person of this case reference"),
    "event.repeated": ("noted", "the same event stands there again; it was taken once"),
    "event.too_many": ("rejected", "a case keeps its first 1000 events"),
    "service.no_case": (
        "rejected",
        "no case of this import has that reference and identity number; import both together",
    ),
    "service.no_reference": ("rejected", "fill in x_CaseReference or prs_IdentityNumber"),
    "service.says_nothing": ("rejected", "neither type nor end date can be read"),
    "service.shared": ("noted", "the support plan counts for every person of this case reference"),
    "service.repeated": ("noted", "the same support plan stands there again; it was taken once"),
    "sheet.no_cases": (
        "noted",
        "the sheet holds neither victims' cases nor their events or support plans",
    ),
    "column.misspelt": ("repaired", "rename the column to the field's name"),
    "column.template_name": ("repaired", "official files spell it so: nothing is to be done"),
    "column.by_label": ("repaired", "the column has no API name; it was found by its label"),
    "column.other_label": ("noted", "the label belongs to another field; the API name counts"),
    "column.unknown": (
        "rejected",
        "is no field of HTCDS 2.0; rename it, map it with `corridor node map`, or leave it out",
    ),
    "column.mapped": ("noted", "the mapping file says that the column is this field"),
    "column.mapped_missing": (
        "noted",
        "the mapping file names a column that is not there; is it spelt in another way now?",
    ),
    "column.split": (
        "noted",
        "each value has a column of its own; those that are ticked were put together",
    ),
    "column.reference": (
        "noted",
        "the column links tables of this program's export; it serves as this field",
    ),
    "related.unused": (
        "noted",
        "no case refers to the row, so it is no case; correct the reference if it should be one",
    ),
    "related.several": ("noted", "several rows have one reference; the last of them counts"),
    "column.repeated": ("rejected", "the field has a column already; the first one counts"),
    "column.unnamed": ("rejected", "the column has neither API name nor label; name it"),
    "sheet.no_fields": ("noted", "the sheet holds no HTCDS field names and was left out"),
    "sheet.no_rows": ("noted", "the sheet holds no filled-in row"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A table of cells: a sheet of a workbook, or a whole file."""

    file: str
    sheet: str | None = None

    def __str__(self) -> str:
        return self.file if self.sheet is None else f"{self.file}, sheet {self.sheet}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of problem in one field of one table, for one value where values are shown.

    Attributes:
        problem: a key of `PROBLEMS`.
        value: the offending text (country and picklist fields, column names), else None.
        suggestion: what was probably meant; never applied.
        count: how many cells.
        rows: the first of the rows, as the program that made the file numbers them.
    """

    place: Place
    field: str | None
    problem: str
    value: str | None
    suggestion: str | None
    count: int
    rows: tuple[int, ...]

    @property
    def fate(self) -> Fate:
        """What became of the values."""
        return PROBLEMS[self.problem][0]

    @property
    def remedy(self) -> str:
        """What somebody can do about it."""
        return PROBLEMS[self.problem][1]


@dataclass(frozen=True, slots=True)
class TableRead:
    """How much one sheet or file gave: rows that were not blank, and what they were."""

    place: Place
    holds: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class DroppedColumn:
    """A column that was left at the door; `why` says on what ground."""

    place: Place
    column: str
    why: str


@dataclass(frozen=True, slots=True)
class UnresolvedCountry:
    """A text that names no country we know; a line for a mapping file."""

    text: str
    count: int
    suggestion: CountryCode | None


_WHO_IT_IS: Final = frozenset(
    (
        "prs_IdentityNumber",
        "prs_FirstName",
        "prs_MiddleName",
        "prs_SecondName",
        "prs_Birthdate",
        "x_CaseReference",
        "x_PersonReference",
    )
)

WORK_ROWS: Final = 100_000
"""How many places the case workers' list names at most."""

TO_BE_MENDED: Final = (
    "date.event_after_referral",
    "date.birth_after_identification",
    "age.differs",
    "person.alike",
    "person.reference_shared",
    "person.reference_before",
    "person.alike_before",
    "case.consent_withdrawn",
)
"""Beside what was rejected: what only the people who know the cases can mend."""


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """One cell, or row, that somebody should look at."""

    place: Place
    row: int
    field: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class FieldFill:
    """How many cases, events or support plans of an import have a value of a field.

    Attributes:
        rows: how many there are.
        filled: how many of them have a value.
        rejected: how many cells of it held something that could not be used.
        has_column: whether any table has a column for it.
    """

    field: str
    rows: int
    filled: int
    rejected: int
    has_column: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBefore:
    """How much of an import may be of somebody who is in the data under another key.

    Attributes:
        references: case references that stand under a person whom the import does not bring again.
        references_withdrawn: of these, how many come in without consent where that person's case
            has it.
        alike: persons whose name and birthdate stand under another person.
    """

    references: int = 0
    references_withdrawn: int = 0
    alike: int = 0

    def warnings(self) -> tuple[str, ...]:
        """What somebody must read before the data are used; the worst first."""
        found = []
        if self.references_withdrawn:
            found.append(
                f"ATTENTION: consent may have been withdrawn. {self.references_withdrawn} case "
                "references come in without consent, and the data still hold them under another "
                "person with consent, who goes on being counted. If they are the same persons, "
                f"take the rows of before out: {_WAY_OUT}"
            )
        if self.references:
            found.append(
                f"ATTENTION: {self.references} case references come in under another person than "
                "in the data, where the rows of before stay. If they are the same persons, they "
                "are counted twice now. This happens where a row was corrected in what it says "
                "of who somebody is (number, name, birthdate; gender, where it has no more than a "
                f"case reference). What to do: {_WAY_OUT}"
            )
        if self.alike:
            found.append(
                f"ATTENTION: {self.alike} persons have the name and birthdate of somebody who is "
                "in the data with another identity number, or one of the two without. If they are "
                f"the same persons, they are counted twice now. What to do: {_WAY_OUT}"
            )
        return tuple(found)


_WAY_OUT: Final = (
    "`corridor node person correct FILE` with everything that your files say of them (a case "
    "reference can stand for everybody who has it: --everyone-of-case), or import all case files "
    "anew with --replace. The list for the case workers names the rows."
)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Everything that an import has to say to the staff of its node.

    Attributes:
        rows, cases, persons, legs, services: totals of this import, before it is merged.
        cases_without_consent: kept, and left out of every answer unless the policy names
            another legal basis.
        persons_by: how persons are told apart: `identity_number`, `name_and_birthdate`,
            `case_reference`, `row` → persons.
        ages_by: where the age when trafficked comes from: `given`, `first_event`, `referral`,
            `none` → cases.
        corridors_by: where the corridor's ends come from: `recruitment_event`,
            `recruitment_location`, `exploitation_event`, `exploitation_location` → cases.
        fills: of every field that is read.
        several_cases: how many persons have more than one.
        work: the places that somebody should look at, in order; at most `WORK_ROWS`.
        before: who may be in the data under another key.
    """

    tables: tuple[TableRead, ...]
    rows: int
    cases: int
    persons: int
    legs: int
    services: int
    cases_without_consent: int
    persons_by: Mapping[str, int]
    ages_by: Mapping[str, int]
    corridors_by: Mapping[str, int]
    dropped_columns: tuple[DroppedColumn, ...]
    unresolved_countries: tuple[UnresolvedCountry, ...]
    entries: tuple[Entry, ...]
    fills: tuple[FieldFill, ...] = ()
    several_cases: int = 0
    work: tuple[WorkPlace, ...] = ()
    before: KnownBefore = KnownBefore()

    def count(self, fate: Fate) -> int:
        """How many values had this fate."""
        return sum(entry.count for entry in self.entries if entry.fate == fate)

    def next_steps(self) -> tuple[str, ...]:
        """What to do about what was rejected, and the trap in that; nothing where nothing was."""
        if not self.count("rejected"):
            return ()
        found = ["Next: correct what was rejected and import again."]
        rejected = {entry.field for entry in self.entries if entry.fate == "rejected"}
        if rejected & _WHO_IT_IS or self.persons_by.get("row"):
            found.append(
                "But a row that is corrected in what it says of who somebody is (number, name, "
                "birthdate, references), or that says nothing of it, comes in as another person, "
                "and the row of before stays: for these `corridor node person correct FILE`, or "
                "import all case files anew with --replace."
            )
        return tuple(found)

    def mapped_lines(self, mapping: str) -> Iterator[str]:
        """One line for each table of which a mapping file said something."""
        mapped = [entry for entry in self.entries if entry.problem == "column.mapped"]
        for place, entries in itertools.groupby(mapped, lambda entry: entry.place):
            count = sum(entry.count for entry in entries)
            yield f"{mapping} was applied to {place}: it says what {count} columns are."

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, with the remedies written out."""
        return {
            "tables": [
                {**_place(table.place), "holds": list(table.holds), "rows": table.rows}
                for table in self.tables
            ],
            "warnings": list(self.before.warnings()),
            "known_before": {
                "case_references": self.before.references,
                "case_references_without_consent": self.before.references_withdrawn,
                "alike": self.before.alike,
            },
            "rows": self.rows,
            "cases": self.cases,
            "persons": self.persons,
            "legs": self.legs,
            "services": self.services,
            "cases_without_consent": self.cases_without_consent,
            "persons_by": dict(self.persons_by),
            "ages_by": dict(self.ages_by),
            "corridors_by": dict(self.corridors_by),
            "dropped_columns": [
                {**_place(dropped.place), "column": dropped.column, "why": dropped.why}
                for dropped in self.dropped_columns
            ],
            "unresolved_countries": [
                {"text": text.text, "count": text.count, "suggestion": text.suggestion}
                for text in self.unresolved_countries
            ],
            "entries": [
                {
                    **_place(entry.place),
                    "field": entry.field,
                    "problem": entry.problem,
                    "fate": entry.fate,
                    "value": entry.value,
                    "suggestion": entry.suggestion,
                    "count": entry.count,
                    "rows": list(entry.rows),
                    "remedy": entry.remedy,
                }
                for entry in self.entries
            ],
        }

    def to_mapping_csv(self) -> str:
        """The unresolved countries as a mapping file whose codes somebody has yet to write.

        It begins with a byte-order mark, without which Excel takes UTF-8 for something else; and
        no text can be a formula there: marks and blanks are no part of a folded text.
        """
        lines = io.StringIO()
        lines.write("\ufeff")
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(MAPPING_COLUMNS)
        for unresolved in self.unresolved_countries:
            text = unresolved.text
            writer.writerow((harmless(text), "", unresolved.count, unresolved.suggestion or ""))
        return lines.getvalue()

    def to_text(self) -> str:
        """The report for people, one finding a line."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        for table in self.tables:
            yield f"{table.place}: {table.rows} rows of {', '.join(table.holds)}"
        yield (
            f"{self.persons} persons, {self.cases} cases, {self.legs} legs, {self.services} "
            f"services from {self.rows} rows"
        )
        yield f"{self.cases_without_consent} cases without consent (kept, not counted)"
        for title, counts in (
            ("persons told apart by", self.persons_by),
            ("age when trafficked from", self.ages_by),
            ("corridor from", self.corridors_by),
        ):
            told = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n)
            yield f"{title}: {told or 'nothing'}"
        for fate in ("rejected", "repaired", "noted"):
            found = [
                entry
                for entry in self.entries
                if entry.fate == fate and entry.problem != "column.mapped"
            ]
            if found:
                yield f"{fate} ({sum(entry.count for entry in found)}):"
                yield from _told_shortly(found)
        if self.unresolved_countries:
            yield "countries nobody could resolve; for a mapping file, text,code:"
            for text in self.unresolved_countries:
                guess = f"  (perhaps {text.suggestion})" if text.suggestion else ""
                yield f"  {text.count} × {text.text!r}{guess}"
        if self.dropped_columns:
            yield "columns left at the door:"
            for place, why, columns in _by_reason(self.dropped_columns):
                yield f"  {place}: {', '.join(columns)} ({why})"


def _place(place: Place) -> dict[str, str | None]:
    return {"file": place.file, "sheet": place.sheet}


def _told_shortly(entries: Sequence[Entry]) -> Iterator[str]:
    """Lines for entries; of many values with one problem in one field the most frequent."""
    for _, group in itertools.groupby(entries, lambda e: (e.place, e.field, e.problem)):
        alike = list(group)
        yield from (f"  {_told(entry)}" for entry in alike[:VALUES_TOLD])
        if more := alike[VALUES_TOLD:]:
            count = sum(entry.count for entry in more)
            yield f"    … and {len(more)} other values × {count}; the report's file has them all"


def _told(entry: Entry) -> str:
    where = str(entry.place)
    if entry.rows:
        more = ", …" if entry.count > len(entry.rows) else ""
        where += f", row{'s' * (entry.count > 1)} {', '.join(map(str, entry.rows))}{more}"
    if entry.field is not None:
        where += f", {entry.field}"
    value = "" if entry.value is None else f" {entry.value!r}"
    guess = "" if entry.suggestion is None else f" (perhaps {entry.suggestion})"
    return f"{where}:{value}{guess} {entry.problem} × {entry.count}: {entry.remedy}"


def _by_reason(dropped: Iterable[DroppedColumn]) -> Iterator[tuple[Place, str, list[str]]]:
    groups: dict[tuple[Place, str], list[str]] = {}
    for column in dropped:
        groups.setdefault((column.place, column.why), []).append(column.column)
    for (place, why), columns in groups.items():
        yield place, why, columns


@dataclass(slots=True)
class _Tally:
    """A count with the first rows and what was probably meant."""

    count: int = 0
    rows: list[int] = field(default_factory=list)
    suggestion: str | None = None

    def add(self, rows: Iterable[int], count: int) -> None:
        self.count += count
        if len(self.rows) < ROWS_NAMED:
            self.rows.extend(rows)
            del self.rows[ROWS_NAMED:]


class Findings:
    """Collects what a report will say; lives as long as one import."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[Place, str | None, str, str | None], _Tally] = {}
        self._distinct: Counter[tuple[Place, str | None, str]] = Counter()
        self._unresolved: Counter[str] = Counter()
        self._work: dict[tuple[Place, str | None, str], list[npt.NDArray[np.int64]]] = {}
        self._work_left = WORK_ROWS
        self.tables: list[TableRead] = []
        self.columns: set[str] = set()
        self.dropped: list[DroppedColumn] = []

    def add(
        self,
        place: Place,
        field_name: str | None,
        problem: str,
        *,
        rows: Iterable[int] = (),
        count: int = 1,
        value: str | None = None,
        suggest: Callable[[str], str | None] | None = None,
    ) -> None:
        """Count `count` cells with one problem.

        Args:
            place: where.
            field_name: in which field, if in one.
            problem: what, a key of `PROBLEMS`.
            count: how often.
            rows: the first of the rows, or all of them.
            value: the offending text, of countries and picklists only.
            suggest: says what was probably meant; asked only for values that get an entry.
        """
        shown = None if value is None else shortened(value)
        tally = self._tallies.get((place, field_name, problem, shown))
        if tally is None and shown is not None:
            if self._distinct[place, field_name, problem] < VALUES_NAMED:
                self._distinct[place, field_name, problem] += 1
                tally = _Tally(suggestion=suggest(value) if suggest and value else None)
                self._tallies[place, field_name, problem, shown] = tally
            else:
                shown = None
        if tally is None:
            tally = self._tallies.setdefault((place, field_name, problem, shown), _Tally())
        tally.add(rows, count)

    def add_work(
        self, place: Place, field_name: str | None, problem: str, rows: npt.NDArray[np.int64]
    ) -> None:
        """Remember every row with a problem that the case workers can mend."""
        if PROBLEMS[problem][0] != "rejected" and problem not in TO_BE_MENDED:
            return
        kept = rows[: self._work_left]
        self._work_left -= len(kept)
        if len(kept):
            self._work.setdefault((place, field_name, problem), []).append(kept)

    def work(self) -> tuple[WorkPlace, ...]:
        """The places that somebody should look at, by table, row and field."""
        order = {place: n for n, place in enumerate(dict.fromkeys(k[0] for k in self._work))}
        places = {
            WorkPlace(place, row, name, problem)
            for (place, name, problem), chunks in self._work.items()
            for chunk in chunks
            for row in chunk.tolist()
        }
        return tuple(
            sorted(
                places,
                key=lambda one: (order[one.place], one.row, one.field or "", one.problem),
            )
        )

    def rejected(self) -> Counter[str]:
        """How many cells of each field could not be used."""
        counts: Counter[str] = Counter()
        for (_, name, problem, _), tally in self._tallies.items():
            if name is not None and PROBLEMS[problem][0] == "rejected":
                counts[name] += tally.count
        return counts

    def add_unresolved(self, text: str, count: int) -> None:
        """Count a text that names no country."""
        self._unresolved[shortened(text)] += count

    def unresolved(self) -> list[tuple[str, int]]:
        """The texts that name no country, the most frequent first; at most `VALUES_NAMED`."""
        return sorted(self._unresolved.items(), key=lambda item: (-item[1], item[0]))[:VALUES_NAMED]

    def entries(self) -> tuple[Entry, ...]:
        """All problems, by table in the order of reading, then field, then frequency."""
        order = {place: n for n, place in enumerate(dict.fromkeys(k[0] for k in self._tallies))}
        entries = [
            Entry(
                place=place,
                field=field_name,
                problem=problem,
                value=value,
                suggestion=tally.suggestion,
                count=tally.count,
                rows=tuple(sorted(tally.rows)),
            )
            for (place, field_name, problem, value), tally in self._tallies.items()
        ]
        return tuple(
            sorted(
                entries,
                key=lambda e: (
                    order[e.place],
                    e.field or "",
                    e.problem,
                    -e.count,
                    e.value or "",
                ),
            )
        )


def shortened(value: str) -> str:
    """A value as the report shows it: on one line, and cut after `VALUE_LENGTH` characters."""
    value = " ".join(value.split())
    return value if len(value) <= VALUE_LENGTH else value[: VALUE_LENGTH - 1] + "…"
