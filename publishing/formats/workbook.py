"""Excel: one workbook, the sheet About with the metadata, then a sheet for each table."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from corridor.privacy.reliability import Reliability
from corridor.publishing.estimates import harmless
from corridor.publishing.formats.document import Document
from corridor.publishing.formats.rows import FIGURES, NUMBERS, WORDS, Entry, columns_of, rows_of
from corridor.publishing.metadata import metadata
from corridor.publishing.tables import tables_of

CELL_LETTERS = 32_000
"""Excel's cells hold 32 767 letters; what is longer goes on in the next row."""


def write_workbook(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as one workbook; a value that is too uncertain is grey in it.

    Raises:
        RemoteAnswerError: it is no release.
    """
    workbook = Workbook(write_only=True)
    about = workbook.create_sheet("About")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 28, 100
    for key, value in metadata(release).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for start in range(0, max(len(text), 1), CELL_LETTERS):  # a cell holds no more
            about.append([harmless(key), harmless(text[start : start + CELL_LETTERS])])
    for number, table in enumerate(tables_of(release), start=1):
        sheet = workbook.create_sheet(f"Table {number}")
        sheet.freeze_panes = "A3"
        for place in range(len(columns_of(table))):
            sheet.column_dimensions[get_column_letter(place + 1)].width = 24
        sheet.append([harmless(table.title)])
        sheet.append(columns_of(table))
        for row in rows_of(table):
            sheet.append(_greyed(sheet, row))
    data = io.BytesIO()
    workbook.save(data)
    yield Document(name, data.getvalue())


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
