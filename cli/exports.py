"""Writes a release as CSV, Parquet, Excel or JSON, with what belongs to it.

    json      the release as the API gives it
    csv       one file for each table; beside it FILE.metadata.json
    parquet   one file for each table; the metadata under the key `corridor` of its schema
    xlsx      one workbook: the sheet About, then a sheet for each table

The columns are those of every answer: for each grouping its value and its label, then `shown` (what
may be quoted, and all that may be), `reliability`, and for programs `value`, `margin_95`, `low_95`,
`high_95`, `non_negative`, `reaches_zero`. A value that is too uncertain stands in `value` all the
same, because sums over many cells need it; a workbook greys it. Where a release has several tables,
CSV and Parquet files are numbered: answer-1.csv, answer-2.csv.

A text that a spreadsheet would take for a formula gets an apostrophe in front: labels and names
come from the coordinator and from authorities, and opening a table must run nothing.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from corridor.cli.estimates import MEANING, figure, harmless
from corridor.client.tables import ReleasedTable, tables_of
from corridor.errors.cli import NeedsFileError
from corridor.files import PUBLIC, write_atomically
from corridor.privacy.reliability import Reliability

WORDS = ("shown", "reliability")
NUMBERS = ("value", "margin_95", "low_95", "high_95", "non_negative")
FIGURES = (*WORDS, *NUMBERS, "reaches_zero")

Entry = str | float | bool | None


def release_text(release: Mapping[str, Any], form: str) -> str:
    """A release for a pipe: CSV without its metadata, or JSON.

    Raises:
        NeedsFileError: the form cannot go there, or there are several tables.
    """
    tables = tables_of(release)
    if form == "json":
        return _json_bytes(release).decode()
    if form == "csv" and len(tables) == 1:
        return csv_text(tables[0])
    raise NeedsFileError(form)


def write_release(release: Mapping[str, Any], form: str, path: Path) -> tuple[Path, ...]:
    """Write a release; gives the files written.

    Args:
        release: as the API gives it.
        form: csv, parquet, xlsx or json.
        path: the file; numbered where several are needed.

    Raises:
        DiskError: a file cannot be written; those before it were.
    """
    tables = tables_of(release)
    match form:
        case "json":
            return _put((path, _json_bytes(release)))
        case "xlsx":
            return _put((path, _workbook(release, tables)))
        case "parquet":
            return _put(
                *(
                    (where, _parquet(release, table))
                    for where, table in zip(_numbered(path, len(tables)), tables, strict=True)
                )
            )
        case "csv":
            return _put(*_csv_files(release, tables, path))
        case _:
            raise ValueError(f"no such form: {form!r}")


def csv_text(table: ReleasedTable) -> str:
    """One table as CSV, with a line of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_columns(table))
    writer.writerows(["" if one is None else one for one in row] for row in _rows(table))
    return text.getvalue()


def metadata(release: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about a release but its tables: who, when, under which guarantee."""
    about = {key: value for key, value in release.items() if key != "tables"}
    about["tables"] = [
        {
            "title": table.title,
            "measure": table.measure,
            "cells": table.size,
            "max_cells_per_person": table.max_cells,
            "margin_95": table.margin,
            "margin_95_trusted_curator": table.central_margin,
        }
        for table in tables_of(release)
    ]
    about["reading"] = (
        "shown is what may be quoted; value is unbiased and may be below 0, for programs that add "
        "up many cells; margin_95 is the half-width of its 95 % interval, which low_95 and high_95 "
        "cut off where no true value can lie; non_negative is the nearest possible value; "
        f"reaches_zero says that the answer cannot tell the cell from nothing. {MEANING}."
    )
    return about


def _csv_files(
    release: Mapping[str, Any], tables: tuple[ReleasedTable, ...], path: Path
) -> Iterator[tuple[Path, bytes]]:
    for where, table in zip(_numbered(path, len(tables)), tables, strict=True):
        yield where, csv_text(table).encode()
    yield path.with_name(f"{path.name}.metadata.json"), _json_bytes(metadata(release))


def _parquet(release: Mapping[str, Any], table: ReleasedTable) -> bytes:
    texts = 2 * len(table.axes) + len(WORDS)
    kinds = [pa.string()] * texts + [pa.float64()] * len(NUMBERS) + [pa.bool_()]
    about = {**metadata(release), "title": table.title}
    names = _columns(table)
    schema = pa.schema(
        list(zip(names, kinds, strict=True)),
        metadata={"corridor": json.dumps(about, ensure_ascii=False)},
    )
    columns = list(zip(*_rows(table), strict=True))
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _workbook(release: Mapping[str, Any], tables: tuple[ReleasedTable, ...]) -> bytes:
    workbook = Workbook(write_only=True)
    about = workbook.create_sheet("About")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 28, 100
    for name, value in metadata(release).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        about.append([harmless(name), harmless(text)])
    for number, table in enumerate(tables, start=1):
        sheet = workbook.create_sheet(f"Table {number}")
        sheet.freeze_panes = "A3"
        for place in range(len(_columns(table))):
            sheet.column_dimensions[get_column_letter(place + 1)].width = 24
        sheet.append([harmless(table.title)])
        sheet.append(_columns(table))
        for row in _rows(table):
            sheet.append(_greyed(sheet, row))
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def _columns(table: ReleasedTable) -> list[str]:
    names = [harmless(name) for axis in table.axes for name in (axis.name, f"{axis.name}_label")]
    return [*names, *FIGURES]


def _rows(table: ReleasedTable) -> Iterator[list[Entry]]:
    for cell in table.cells():
        row: list[Entry] = []
        for value, label in zip(cell.values, cell.labels, strict=True):
            row += [harmless(value), harmless(label)]
        row += [figure(cell), cell.reliability.words]
        row += [cell.value, cell.margin, cell.low, cell.high, cell.non_negative]
        yield [*row, cell.reaches_zero]


def _greyed(sheet: Any, row: list[Entry]) -> list[Any]:
    """The row; of a cell that is too uncertain its numbers in grey italics, against quoting."""
    shown: list[Any] = list(row)
    first = len(row) - len(FIGURES) + len(WORDS)
    if row[first - 1] != Reliability.UNCERTAIN.words:
        return shown
    for place in range(first, first + len(NUMBERS)):
        shown[place] = WriteOnlyCell(sheet, value=row[place])
        shown[place].font = Font(italic=True, color="8A8A8A")
    return shown


def _numbered(path: Path, count: int) -> Iterable[Path]:
    if count == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number + 1}{path.suffix}") for number in range(count)]


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _put(*files: tuple[Path, bytes]) -> tuple[Path, ...]:
    for path, data in files:
        write_atomically(path, data, PUBLIC)
    return tuple(path for path, _ in files)
