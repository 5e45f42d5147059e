"""Files as other programs export them, made by the tests: Kobo, ODK, Salesforce, SPSS, Stata."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars
import pyreadstat
from openpyxl import Workbook

Sheet = Sequence[Sequence[Any]]


def write_rows(path: Path, rows: Sheet, *, separator: str = ",") -> Path:
    """A CSV file of these rows, the first of them its header; all cells quoted, as Kobo does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def write_sheets(path: Path, sheets: Mapping[str, Sheet]) -> Path:
    """A workbook with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def write_statistical(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    *,
    labels: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[float, str]] | None = None,
) -> Path:
    """An SPSS or Stata file, by its suffix."""
    kind: dict[str, Any] = {"compress": True} if path.suffix == ".zsav" else {}
    write = pyreadstat.write_dta if path.suffix == ".dta" else pyreadstat.write_sav
    write(
        polars.DataFrame(dict(columns)),
        str(path),
        column_labels=dict(labels or {}),
        variable_value_labels={name: dict(of) for name, of in (values or {}).items()},
        **kind,
    )
    return path


def salesforce_id(prefix: str, number: int) -> str:
    """A record's Id of 15 characters; the next one differs in the case of its last letter only."""
    letters = "AaBbCcDdEeFfGg"
    return f"{prefix}5g00000{number // len(letters):04d}{letters[number % len(letters)]}"
