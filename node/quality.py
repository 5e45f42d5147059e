"""How good the data of an import are, before any question is asked of them; for the staff alone.

    report of an import, edition ─ profile_of ─→ QualityProfile ─→ imports/…-profile.json
                                 └ worklist ──→ imports/…-worklist.csv, for the case workers

What a field lacks, what could not be used, which dates contradict each other, who may be two
records of one person; and what each of these means for answers. Nothing of it leaves the node, and
nothing of it costs ρ: it is no answer. It names files, sheets and rows, and shows nobody's values.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from corridor.errors.importing import NoProfileError, ProfileDamagedError
from corridor.files import write_atomically
from corridor.node.importing.report import (
    PROBLEMS,
    Entry,
    FieldFill,
    ImportReport,
    WorkPlace,
)
from corridor.node.schema import CASES, TABLES
from corridor.node.store.writing import Pieces
from corridor.publishing.estimates import harmless
from corridor.queries.htcds import HtcdsField

SUFFIX: Final = "-profile.json"
WORKLIST_SUFFIX: Final = "-worklist.csv"
WORKLIST_COLUMNS: Final = (
    "file",
    "sheet",
    "row",
    "field",
    "label",
    "problem",
    "what became of it",
    "what it means for answers",
    "what to do",
)

_UNKNOWN = "counts in the cell “unknown” of questions about this field"
_NO_TIME = "the case has no such day: questions by time put it elsewhere, or under “unknown”"
_NO_PLACE = "counts in the cell “unknown” of corridors and legs"
_NOT_COUNTED = "is in no answer"
_NOTHING = "nothing: what counts is what was meant"

EFFECTS: Final[Mapping[str, str]] = {
    "cell.formula": "the value of the last calculation counts; it may be an old one",
    "date.unreadable": _NO_TIME,
    "date.impossible": _NO_TIME,
    "date.incomplete": _NO_TIME,
    "date.two_digit_year": _NO_TIME,
    "date.future": _NO_TIME,
    "date.before_1900": _NO_TIME,
    "date.too_long_ago": "the person has no birthdate here: no age can be told from it",
    "date.birth_after_event": "the birthdate gives no age: the case is in the age cell “unknown”",
    "date.event_after_referral": "years, months and ages at the first event may be wrong",
    "date.birth_after_identification": "the age may be wrong",
    "age.differs": "the age cell may be the wrong one; minors may count as adults, or the reverse",
    "person.alike": "one person may count as two, and is protected as two",
    "person.reference_shared": "one person may count as several, and is protected as several",
    "person.reference_before": "one person may count as two, and is protected as two",
    "person.alike_before": "one person may count as two, and is protected as two",
    "case.consent_withdrawn": "who withdrew consent may still be counted, by the rows of before",
    "date.month_first": _NOTHING,
    "date.day_first": "if month/day was meant, the case counts in another month",
    "date.undecided": _NO_TIME,
    "date.other_order": _NO_TIME,
    "date.excel_serial": _NOTHING,
    "country.unresolved": _NO_PLACE,
    "country.ambiguous_code": _NO_PLACE,
    "country.several": _NO_PLACE,
    "country.from_address": _NOTHING,
    "country.comma_list": _NOTHING,
    "picklist.unknown_value": _UNKNOWN,
    "picklist.several_values": _UNKNOWN,
    "picklist.space_list": _NOTHING,
    "number.unreadable": _UNKNOWN,
    "number.out_of_range": _UNKNOWN,
    "number.with_words": _NOTHING,
    "consent.unreadable": "no consent was read: the case is left out of every answer",
    "identity.placeholder": "the person is told apart by something weaker, and may count twice",
    "reference.placeholder": "events and support plans may not find their case",
    "case.repeated": "the case counts once, as its newest row says",
    "event.no_case": "the step of the journey " + _NOT_COUNTED,
    "event.no_reference": "the step of the journey " + _NOT_COUNTED,
    "event.says_nothing": "the step of the journey " + _NOT_COUNTED,
    "event.shared": "the step counts for each person of the case",
    "event.repeated": "the step counts once",
    "event.too_many": "the further steps are in no answer",
    "service.no_case": "the support plan " + _NOT_COUNTED,
    "service.no_reference": "the support plan " + _NOT_COUNTED,
    "service.says_nothing": "the support plan " + _NOT_COUNTED,
    "service.shared": "the support plan counts for each person of the case",
    "service.repeated": "the support plan counts once",
    "sheet.no_cases": "nothing of the sheet is in any answer",
    "sheet.no_fields": "nothing of the sheet is in any answer",
    "sheet.no_rows": "nothing of the sheet is in any answer",
    "column.misspelt": _NOTHING,
    "column.template_name": _NOTHING,
    "column.by_label": "if the label stands over the wrong column, the field is wrong in every row",
    "column.other_label": "if the name is the wrong one of the two, the field is wrong everywhere",
    "column.unknown": "nothing of the column is in any answer",
    "column.repeated": "the second column is in no answer",
    "column.unnamed": "nothing of the column is in any answer",
    "column.mapped": _NOTHING,
    "column.mapped_missing": "the field that it was mapped to may be unknown in every row",
    "column.split": _NOTHING,
    "column.reference": _NOTHING,
    "related.unused": "the row " + _NOT_COUNTED,
    "related.several": "the row that stands last is in the answers",
}
"""Problem → what it means for answers."""


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """How well one field is filled, and what its gaps mean.

    Attributes:
        unknown: how many of the rows have no value: blank, rejected, or a word for unknown.
        rejected: how many cells held something that could not be used.
    """

    field: str
    label: str
    rows: int
    unknown: int
    rejected: int
    has_column: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class ProblemQuality:
    """One kind of problem in one field, over all tables."""

    problem: str
    field: str | None
    count: int
    fate: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ColumnUnknown:
    """How many cases of the whole edition have no value in a column."""

    column: str
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityProfile:
    """What the staff see of the last import, and of the edition that it made.

    Attributes:
        imported_at: UTC, ISO 8601.
        files: file, sheet, what its rows are, how many.
        persons_by: what persons are told apart by → how many.
        several_cases: how many persons have more than one case.
        fields: every field that is read, the emptiest first.
        values, dates, persons, tables: the problems, by what they are about.
        edition_cases, edition_persons: all that the edition holds, earlier imports too.
        work: how many places the case workers' list names.
        worklist: the list's file name in the imports folder, or None where nothing is to be done.
    """

    edition: str
    imported_at: str
    files: tuple[tuple[str, str | None, str, int], ...]
    rows: int
    cases: int
    persons: int
    cases_without_consent: int
    persons_by: Mapping[str, int]
    several_cases: int
    fields: tuple[FieldQuality, ...]
    values: tuple[ProblemQuality, ...]
    dates: tuple[ProblemQuality, ...]
    persons_problems: tuple[ProblemQuality, ...]
    tables: tuple[ProblemQuality, ...]
    edition_cases: int
    edition_persons: int
    edition_unknown: tuple[ColumnUnknown, ...]
    work: int
    worklist: str | None

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON values."""
        return asdict(self)


class Counting:
    """An edition's tables on their way into the store; counts what goes by.

    Attributes:
        rows: how many rows of each table went by when it was last read to its end.
    """

    def __init__(self, tables: Pieces) -> None:
        self._tables = tables
        self.rows = dict.fromkeys(TABLES, 0)
        self._unknown: dict[str, int] = {}

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table in stored order."""
        rows, unknown = 0, dict.fromkeys(_may_be_unknown(), 0)
        for piece in self._tables.pieces(table):
            rows += piece.num_rows
            if table == "cases":
                for name in unknown:
                    unknown[name] += _unknown_in(piece[name])
            yield piece
            del piece  # the next one is made now: two would be in memory
        self.rows[table] = rows
        if table == "cases":
            self._unknown = unknown

    def unknown(self) -> tuple[ColumnUnknown, ...]:
        """How many cases have no value in a column; the emptiest first."""
        found = [ColumnUnknown(name, count) for name, count in self._unknown.items()]
        return tuple(sorted(found, key=lambda one: (-one.unknown, one.column)))


def profile_of(
    report: ImportReport,
    tables: Counting,
    fields: Mapping[str, HtcdsField],
    *,
    edition: str,
    imported_at: str,
    stem: str,
) -> QualityProfile:
    """The profile of an import, and of the edition that came of it.

    Args:
        report: of the import.
        tables: of the edition, with what earlier imports brought; they went by.
        fields: the standard's, and Corridor's own.
        edition: its id.
        imported_at: UTC, ISO 8601.
        stem: how the names of the import's files begin.
    """
    problems = _problems(report.entries)
    by_subject: dict[str, list[ProblemQuality]] = {}
    for problem in problems:
        by_subject.setdefault(_subject(problem.problem), []).append(problem)
    found = [_field(fill, fields) for fill in report.fills]
    return QualityProfile(
        edition=edition,
        imported_at=imported_at,
        files=tuple(
            (read.place.file, read.place.sheet, ", ".join(read.holds), read.rows)
            for read in report.tables
        ),
        rows=report.rows,
        cases=report.cases,
        persons=report.persons,
        cases_without_consent=report.cases_without_consent,
        persons_by=dict(report.persons_by),
        several_cases=report.several_cases,
        fields=tuple(sorted(found, key=lambda one: (-one.unknown / max(one.rows, 1), one.field))),
        values=tuple(by_subject.get("values", ())),
        dates=tuple(by_subject.get("dates", ())),
        persons_problems=tuple(by_subject.get("persons", ())),
        tables=tuple(by_subject.get("tables", ())),
        edition_cases=tables.rows["cases"],
        edition_persons=tables.rows["persons"],
        edition_unknown=tables.unknown(),
        work=len(report.work),
        worklist=f"{stem}{WORKLIST_SUFFIX}" if report.work else None,
    )


def worklist(work: Sequence[WorkPlace], fields: Mapping[str, HtcdsField]) -> Iterator[bytes]:
    """The case workers' list as CSV, in pieces: where, what, what it means, what to do.

    It begins with a byte-order mark, for Excel; and no name of a file or sheet is a formula there.
    """
    lines = io.StringIO()
    lines.write("\ufeff")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(WORKLIST_COLUMNS)
    for n, one in enumerate(work):
        fate, remedy = PROBLEMS[one.problem]
        name = one.field or ""
        label = fields[name].label if name in fields else ""
        place = (harmless(one.place.file), harmless(one.place.sheet or ""))
        writer.writerow(
            (*place, one.row, name, label, one.problem, fate, EFFECTS[one.problem], remedy)
        )
        if n % 10_000 == 0:
            yield lines.getvalue().encode()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue().encode()


def write_profile(
    folder: Path,
    stem: str,
    found: QualityProfile,
    work: Sequence[WorkPlace],
    fields: Mapping[str, HtcdsField],
) -> None:
    """Put the profile, and the list for the case workers, beside the import's report.

    Raises:
        DiskError: the disk is full, read-only or broken.
    """
    if found.worklist is not None:
        write_atomically(folder / found.worklist, b"".join(worklist(work, fields)))
    document = json.dumps(found.to_json(), ensure_ascii=False, indent=1).encode()
    write_atomically(folder / f"{stem}{SUFFIX}", document)


def read_worklist(folder: Path, found: QualityProfile) -> bytes:
    """The case workers' list that belongs to a profile, as CSV.

    Raises:
        NoProfileError: it names none, or the file was removed.
    """
    path = folder / Path(found.worklist or "none").name
    if found.worklist is None or not path.exists():
        raise NoProfileError(found.edition)
    return path.read_bytes()


def read_profile(folder: Path, edition: str | None = None) -> QualityProfile:
    """The profile of the last import, or of the one that made an edition.

    Raises:
        NoProfileError: there is none.
        ProfileDamagedError: the file is not what an import writes.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if edition is not None:
        paths = [path for path in paths if path.name.endswith(f"-{edition}{SUFFIX}")]
    if not paths:
        raise NoProfileError(edition)
    try:
        return _parse(json.loads(paths[-1].read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProfileDamagedError(str(paths[-1])) from error


def _parse(document: Mapping[str, Any]) -> QualityProfile:
    parts = dict(document)
    parts["files"] = tuple(tuple(one) for one in parts["files"])
    parts["fields"] = tuple(FieldQuality(**one) for one in parts["fields"])
    for name in ("values", "dates", "persons_problems", "tables"):
        parts[name] = tuple(ProblemQuality(**one) for one in parts[name])
    parts["edition_unknown"] = tuple(ColumnUnknown(**one) for one in parts["edition_unknown"])
    return QualityProfile(**parts)


def _problems(entries: Sequence[Entry]) -> list[ProblemQuality]:
    counts: dict[tuple[str, str | None], int] = {}
    for entry in entries:
        key = (entry.problem, entry.field)
        counts[key] = counts.get(key, 0) + entry.count
    return [
        ProblemQuality(problem, name, count, *_told(problem))
        for (problem, name), count in sorted(counts.items(), key=lambda item: -item[1])
        if PROBLEMS[problem][0] != "repaired" and EFFECTS[problem] != _NOTHING
    ]


def _told(problem: str) -> tuple[str, str, str]:
    fate, remedy = PROBLEMS[problem]
    return fate, EFFECTS[problem], remedy


def _subject(problem: str) -> str:
    if problem.startswith(("date.", "age.")):
        return "dates"
    if problem.startswith(("person.", "identity.", "case.")):
        return "persons"
    if problem.startswith(("column.", "sheet.", "cell.", "related.")):
        return "tables"
    return "values"


def _field(fill: FieldFill, fields: Mapping[str, HtcdsField]) -> FieldQuality:
    unknown = fill.rows - fill.filled
    label = fields[fill.field].label if fill.field in fields else fill.field
    return FieldQuality(
        fill.field,
        label,
        fill.rows,
        unknown,
        fill.rejected,
        fill.has_column,
        _meaning(fill, unknown),
    )


_KEEPS_OUT: Final = {
    "con_Consent": "these cases are left out of every answer, unless the policy names another "
    "legal basis",
    "vic_AgreementToManagePersonalData": "where no column is there, nobody said no",
    "prs_Birthdate": "who has no identity number is not recognised in another file; no age is told "
    "from it",
    "cas_IncomingReferralDate": "questions by time have no day for these cases, where the "
    "identification gives none",
    "x_IdentificationDate": "questions by time take the day of referral for these cases",
    "vic_AgeWhenTrafficked": "the age is told from the birthdate, where there is one",
    "vic_LocationOfRecruitment": "corridors begin where the events say, or in “unknown”",
    "vic_LocationOfExploitation": "corridors end where the events say, or in “unknown”",
    "hte_Country": "these steps lead to “unknown”",
    "hte_Type": "these steps have no kind, and are in no corridor",
    "hte_Date": "the steps of such a case are ordered by kind, and legs have its day",
    "spl_ActualEndDate": "services have the day of the case",
}


def _meaning(fill: FieldFill, unknown: int) -> str:
    if not fill.rows:
        return "there is no such row"
    if not unknown:
        return "complete"
    special = _KEEPS_OUT.get(fill.field)
    if special is not None:
        return special
    if not fill.has_column:
        return "no table has a column for it: all are in the cell “unknown” of questions about it"
    share = 100 * unknown / fill.rows
    if share >= 50:
        return f"answers by this field say little of this country: {share:.0f} % are “unknown”"
    return "counts in the cell “unknown” of questions about this field"


def _may_be_unknown() -> list[str]:
    return [one.name for one in CASES if one.nullable or pa.types.is_list(one.type)]


def _unknown_in(column: "pa.ChunkedArray[Any]") -> int:
    if pa.types.is_list(column.type):
        return int((pc.list_value_length(column).to_numpy() == 0).sum())
    return column.null_count
