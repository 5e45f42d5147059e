"""The filled report as files: JSON, CSV, and a workbook; each has everything that belongs to it.

    json    one document
    csv     a file for each table, a line for each figure, and FILE.metadata.json
    xlsx    the sheet About, the sheet Crosswalk, then for each table a sheet as the form has it
            and below it a line for each figure

A text that a spreadsheet would take for a formula gets an apostrophe in front, as in every file.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook

from corridor.publishing.estimates import harmless
from corridor.publishing.formats import WORKBOOK
from corridor.publishing.formats.document import Document, json_bytes, numbered
from corridor.publishing.formats.workbook import CELL_LETTERS
from corridor.publishing.reports.filling import Entry, FilledReport, FilledTable

NUMBERS = ("value", "margin_95", "low_95", "high_95")
RATES = ("per_100000", "per_100000_low_95", "per_100000_high_95")

Written = str | float | None


@dataclass(frozen=True, slots=True)
class ReportForm:
    """One form of file.

    Attributes:
        write: the files of a filled report, named after the name given.
    """

    name: str
    suffix: str
    media_type: str
    write: Callable[[FilledReport, str], Iterator[Document]]


def _write_json(filled: FilledReport, name: str) -> Iterator[Document]:
    yield Document(name, json_bytes(filled.to_json()))


def _write_csv(filled: FilledReport, name: str) -> Iterator[Document]:
    names = numbered(name, len(filled.tables))
    for where, table in zip(names, filled.tables, strict=True):
        yield Document(where, csv_text(table).encode())
    about = {key: value for key, value in filled.to_json().items() if key != "tables"}
    about["tables"] = [
        {"id": table.id, "title": table.title, "notes": list(table.notes)}
        for table in filled.tables
    ]
    yield Document(f"{name}.metadata.json", json_bytes(about))


def csv_text(table: FilledTable) -> str:
    """One table, a line for each figure."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_columns(table))
    writer.writerows(["" if one is None else one for one in row] for row in _rows(table))
    return text.getvalue()


def _write_workbook(filled: FilledReport, name: str) -> Iterator[Document]:
    workbook = Workbook(write_only=True)
    about = workbook.create_sheet("About")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 28, 100
    for key, value in _about(filled):
        for start in range(0, max(len(value), 1), CELL_LETTERS):
            about.append([harmless(key), harmless(value[start : start + CELL_LETTERS])])
    crosswalk = workbook.create_sheet("Crosswalk")
    for letter, width in zip("ABCDE", (28, 36, 44, 44, 100), strict=True):
        crosswalk.column_dimensions[letter].width = width
    crosswalk.append(["classification", "HTCDS field", "category", "HTCDS values", "what is lost"])
    for row in crosswalk_rows(filled):
        crosswalk.append([harmless(text) for text in row])
    for table in filled.tables:
        _append_table(workbook.create_sheet(f"Table {table.id}"), table)
    data = io.BytesIO()
    workbook.save(data)
    yield Document(name, data.getvalue())


def _append_table(sheet: Any, table: FilledTable) -> None:
    sheet.column_dimensions["A"].width = 48
    for letter in "BCDEFGHIJKL":
        sheet.column_dimensions[letter].width = 22
    sheet.append([harmless(f"{table.id}. {table.title}")])
    sheet.append([harmless(table.row_label), *map(harmless, table.columns)])
    for row, cells in zip(table.rows, table.cells, strict=True):
        sheet.append([harmless(row), *(_quoted(cell) for cell in cells)])
    for note in table.notes:
        sheet.append([harmless(note)])
    sheet.append([])
    sheet.append(_columns(table))
    for line in _rows(table):
        sheet.append(line)


def _quoted(cell: Entry) -> str:
    """What may be quoted, with its mark."""
    mark = cell.estimate.reliability
    return cell.shown if mark.value == "A" else f"{cell.shown} ({mark.words})"


def _about(filled: FilledReport) -> Iterator[tuple[str, str]]:
    report = filled.report
    yield "report", report.title
    yield "form of", report.form_of
    yield "coverage", filled.coverage.text
    yield "caveats", report.indicator.caveats
    for one in report.cannot:
        yield "not filled", f"{one.what}: {one.why}"
    if filled.population:
        yield "population", json.dumps(dict(filled.population))
    yield from filled.about.items()


def crosswalk_rows(filled: FilledReport) -> Iterator[tuple[str, str, str, str, str]]:
    """The crosswalk as a table: classification, field, category, values, what is lost."""
    for one in filled.report.classifications:
        if one.each:
            yield one.label, one.htcds, "each value", "all", one.lost
        for category in one.all_categories():
            codes = "all others" if category is one.rest else ", ".join(category.codes)
            yield one.label, one.htcds, category.label, codes, category.lost


def _columns(table: FilledTable) -> list[str]:
    rates = RATES if _has_rates(table) else ()
    return ["row", "column", "shown", "reliability", *NUMBERS, *rates]


def _rows(table: FilledTable) -> Iterator[list[Written]]:
    has_rates = _has_rates(table)
    for row, cells in zip(table.rows, table.cells, strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            one = cell.estimate
            line: list[Written] = [harmless(row), harmless(column), cell.shown]
            line += [one.reliability.words, one.value, one.margin, one.low, one.high]
            yield line + (list(cell.rate or (None,) * len(RATES)) if has_rates else [])


def _has_rates(table: FilledTable) -> bool:
    return any(cell.rate is not None for row in table.cells for cell in row)


REPORT_FORMS: Mapping[str, ReportForm] = {
    form.name: form
    for form in (
        ReportForm("json", ".json", "application/json", _write_json),
        ReportForm("csv", ".csv", "text/csv", _write_csv),
        ReportForm("xlsx", ".xlsx", WORKBOOK, _write_workbook),
    )
}
