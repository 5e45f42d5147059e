"""Small case files for tests, and one call that imports them."""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
from openpyxl import Workbook

import corridor.queries
from corridor.node.importing import (
    Ceilings,
    CountryMapping,
    ImportedCases,
    ImportReport,
    NextEdition,
    merge,
    read_case_files,
)
from corridor.node.importing.files import CaseSource
from corridor.node.importing.mapping import FileMapping
from corridor.node.schema import TABLES, EditionTables
from corridor.queries.htcds import HtcdsField, parse_htcds

TODAY = dt.date(2026, 11, 24)
SECRET = bytes(range(32))

Row = Mapping[str, object]


@cache
def htcds_fields() -> Mapping[str, HtcdsField]:
    """The standard, as an app.py reads it."""
    folder = Path(str(corridor.queries.__file__)).parent
    return parse_htcds((folder / "data" / "htcds-2.0.json").read_text(encoding="utf-8"))


def write_csv(
    path: Path, rows: Sequence[Row], *, separator: str = ",", encoding: str = "utf-8"
) -> Path:
    """A CSV file with a header of all fields that occur."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=separator, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_template(
    path: Path,
    columns: Sequence[tuple[str | None, str | None]],
    rows: Iterable[Sequence[object]],
    *,
    prepared: int = 1000,
    sheet: str = "Sheet1",
    more: Mapping[str, Sequence[Sequence[object]]] | None = None,
) -> Path:
    """A workbook as the official template lays it out: hidden API names, labels, numbered rows."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = sheet
    page.append([None, *(name for name, _ in columns)])
    page.append([None, *(label for _, label in columns)])
    page.row_dimensions[1].hidden = True
    filled = list(rows)
    for number in range(1, max(prepared, len(filled)) + 1):
        page.append([number, *(filled[number - 1] if number <= len(filled) else ())])
    for title, content in (more or {}).items():
        extra = book.create_sheet(title)
        for line in content:
            extra.append(list(line))
    book.save(path)
    return path


def read(
    *paths: Path | CaseSource,
    mapping: CountryMapping | None = None,
    today: dt.date = TODAY,
    max_persons: int | None = None,
    ceilings: Ceilings | None = None,
    secret: bytes = SECRET,
    columns: FileMapping | None = None,
) -> tuple[ImportedCases, ImportReport]:
    """One import of some files."""
    return read_case_files(
        paths,
        fields=htcds_fields(),
        person_secret=secret,
        mapping=mapping,
        today=today,
        progress=lambda _: None,
        max_persons=max_persons,
        ceilings=ceilings,
        columns=columns,
    )


def cases_of(*paths: Path, mapping: CountryMapping | None = None) -> list[dict[str, object]]:
    """The cases of one import, as dictionaries."""
    return read(*paths, mapping=mapping)[0].cases.to_pylist()


def whole(edition: NextEdition) -> EditionTables:
    """All of an edition at once."""
    return EditionTables(
        **{
            name: pa.concat_tables([schema.empty_table(), *edition.pieces(name)])
            for name, schema in TABLES.items()
        }
    )


def merged(
    previous: EditionTables | None,
    imported: ImportedCases,
    number: int,
    *,
    max_persons: int | None = None,
) -> EditionTables:
    """The edition that an import makes of the one before."""
    return whole(merge(previous, imported, number, max_persons=max_persons))


def edition_of(*paths: Path) -> EditionTables:
    """The edition that one import makes."""
    return merged(None, read(*paths)[0], 1)


def problems(report: ImportReport) -> dict[str, int]:
    """Problem → how many cells."""
    counts: dict[str, int] = {}
    for entry in report.entries:
        counts[entry.problem] = counts.get(entry.problem, 0) + entry.count
    return counts
