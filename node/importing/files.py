"""A file → tables of cells, row by row, after the file has shown that it is safe to open.

What a file is, its first bytes say, not its name:

    zip with xl/workbook.xml   a workbook, .xlsx or .xlsm: one table a sheet. Macros are bytes
                               that nobody looks at; formulas give the value computed last
    PAR1                       Parquet: one table
    $FL2, $FL3, <stata_dta>    SPSS and Stata, by `statistical`: one table
    text, named .csv/.txt/.tsv CSV, UTF-8 with or without BOM, separated by comma, semicolon, tab
    anything else              refused, with what to do about it

A workbook is checked before the spreadsheet library sees it: what it unpacks to (by unpacking,
since a zip's directory can lie), how dense it is, and how far its cells reach, because a
library makes room for every cell up to the last one. Sizes are held against `Ceilings`.
"""

import codecs
import copy
import csv
import hashlib
import html
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine as calamine

from corridor.errors.importing import (
    CaseFileNotFoundError,
    DamagedFileError,
    DecompressionBombError,
    EmptyFileError,
    MalformedRowError,
    ProtectedFileError,
    TooManyRowsError,
    UnsupportedFileError,
    WrongEncodingError,
)
from corridor.node.importing.report import Place
from corridor.node.importing.statistical import is_statistical, open_statistical

Row = tuple[int, list[object]]
"""The row's number, as the program that made the file shows it, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What one import opens at most.

    Attributes:
        workbook_bytes: of a workbook as it lies on disk; it is held in memory.
        unpacked_bytes: of all members of a workbook, or of a Parquet file, together.
        density: unpacked bytes for each packed byte; counts above 1 MiB unpacked. (Workbooks
            full of equal rows reach 60; a bomb 1 000.)
        rows, columns: of one table.
        cells: rows × columns of one sheet, the blank ones too.
    """

    workbook_bytes: int = 512 << 20
    unpacked_bytes: int = 2 << 30
    density: int = 200
    rows: int = 20_000_000
    columns: int = 2_000
    cells: int = 100_000_000


@dataclass(frozen=True, slots=True)
class RawTable:
    """Rows of cells as they stand in the file; blank cells are None, "" or spaces.

    Attributes:
        formulas: number of formula cells, and the rows of the first of them.
        labels: of the columns, where the file keeps them apart from its rows.
    """

    place: Place
    rows: Iterator[Row]
    formulas: tuple[int, tuple[int, ...]] = (0, ())
    labels: tuple[str, ...] = ()


class CaseSource(Protocol):
    """Something that tables of cases are read from: a file, or tables of a database."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def tables(self, ceilings: Ceilings) -> Generator[RawTable, None, None]:
        """Its tables, one after the other; close it when done."""

    def has_several_tables(self) -> bool:
        """Whether there may be more than one."""

    def digest(self) -> bytes:
        """SHA-256 of what was read."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case file on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name

    def tables(self, ceilings: Ceilings) -> Generator[RawTable, None, None]:
        """What `open_case_file` gives."""
        return open_case_file(self.path, ceilings)

    def has_several_tables(self) -> bool:
        """Whether it is a workbook of several sheets."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                sheets = [one for one in archive.namelist() if one.startswith(_SHEETS)]
        except (OSError, zipfile.BadZipFile, NotImplementedError):
            return False
        return len(sheets) > 1

    def digest(self) -> bytes:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


_CHUNK: Final = 1 << 20
_TEXT_SUFFIXES: Final = (".csv", ".txt", ".tsv")
_SHEETS: Final = "xl/worksheets/sheet"
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_MAGIC: Final[Mapping[bytes, str]] = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"{\\rtf": "a text document",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"SQLite": "a database",
}
_CELL = re.compile(rb"""\br=["']([A-Za-z]{1,7})([0-9]{1,9})["']""")
_ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_CELL_OR_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br=["'][A-Za-z]+([0-9]+)["']|<(?:\w+:)?f[\s>/]"""
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_SHEET = re.compile(r'<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"[^>]*?\b\w+:id="([^"]*)"')
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def open_case_file(path: Path, ceilings: Ceilings) -> Generator[RawTable, None, None]:
    """The tables of a case file. Rows are read as they are asked for; close it when done.

    Raises:
        CaseFileNotFoundError, UnsupportedFileError, ProtectedFileError, DamagedFileError,
        DecompressionBombError, TooManyRowsError, EmptyFileError, WrongEncodingError,
        MalformedRowError: the file cannot be read, for the reason that the class names.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if not start:
                raise EmptyFileError(file=path.name)
            yield from _tables(path, file, start, ceilings)
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise CaseFileNotFoundError(file=path.name, why=why) from error


def _tables(path: Path, file: BinaryIO, start: bytes, ceilings: Ceilings) -> Iterator[RawTable]:
    file.seek(0)
    if start.startswith(b"PK"):
        return _workbook(path.name, file, ceilings)
    if start.startswith(_OLE):
        # An encrypted .xlsx is an OLE file with a stream of this name; else it is Excel 97.
        if "EncryptedPackage".encode("utf-16-le") in file.read():
            raise ProtectedFileError(file=path.name)
        raise UnsupportedFileError(file=path.name, kind="an old Excel workbook (.xls)")
    if start.startswith(b"PAR1"):
        return _parquet(path.name, file, ceilings)
    if is_statistical(start, path.suffix):
        return _statistical(path, ceilings)
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            raise UnsupportedFileError(file=path.name, kind=kind)
    if path.suffix.casefold() not in _TEXT_SUFFIXES:
        raise UnsupportedFileError(file=path.name, kind="no workbook, Parquet, SPSS or Stata file")
    return _csv(path.name, file, ceilings)


# ---------------------------------------------------------------- CSV


def _csv(name: str, file: BinaryIO, ceilings: Ceilings) -> Iterator[RawTable]:
    _check_encoding(name, file)
    file.seek(0)
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        first = next((line for line in text if line.strip(" \t\r\n,;")), "")
        text.seek(0)
        yield RawTable(Place(name), _csv_rows(name, text, _separator(first), ceilings))


def _csv_rows(name: str, text: IO[str], separator: str, ceilings: Ceilings) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > ceilings.rows:
                raise TooManyRowsError(place=name, what="rows", ceiling=ceilings.rows)
            if len(cells) > ceilings.columns:
                raise TooManyRowsError(place=name, what="columns", ceiling=ceilings.columns)
            yield number, cast("list[object]", cells)
    except csv.Error as error:
        raise MalformedRowError(file=name, row=number + 1, why=str(error)) from error


def _check_encoding(name: str, file: IO[bytes]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    passed, lines = 0, 1
    while True:
        chunk = file.read(_CHUNK)
        waiting = len(decoder.getstate()[0])
        wrong = chunk.find(b"\0")
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            place = error.start - waiting
            wrong = place if wrong < 0 else min(place, wrong)
        if wrong >= 0 or (not chunk and waiting):
            line = lines + chunk[: max(wrong, 0)].count(b"\n")
            raise WrongEncodingError(file=name, row=line, byte=passed + wrong)
        if not chunk:
            return
        passed += len(chunk)
        lines += chunk.count(b"\n")


def _separator(header: str) -> str:
    outside_quotes = "".join(header.split('"')[::2])
    return max(",;\t", key=outside_quotes.count)


# ---------------------------------------------------------------- Parquet


def _parquet(name: str, file: IO[bytes], ceilings: Ceilings) -> Iterator[RawTable]:
    try:
        source = pq.ParquetFile(file)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DamagedFileError(file=name, where="", why="no Parquet footer fits it") from error
    about = source.metadata
    if about.num_rows > ceilings.rows:
        raise TooManyRowsError(place=name, what="rows", ceiling=ceilings.rows)
    if about.num_columns > ceilings.columns:
        raise TooManyRowsError(place=name, what="columns", ceiling=ceilings.columns)
    unpacked = sum(about.row_group(n).total_byte_size for n in range(about.num_row_groups))
    if unpacked > ceilings.unpacked_bytes:
        raise DecompressionBombError(file=name, why=f"it would unpack to {unpacked} bytes")
    yield RawTable(Place(name), _parquet_rows(name, source))


def _parquet_rows(name: str, source: pq.ParquetFile) -> Iterator[Row]:
    yield 0, list(source.schema_arrow.names)
    number = 0
    try:
        for batch in source.iter_batches(batch_size=16_384):
            columns = [
                [_plain(cell) for cell in _without_nanoseconds(column).to_pylist()]
                for column in batch.columns
            ]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, list(cells)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DamagedFileError(
            file=name, where=f"after row {number}", why="a page does not unpack"
        ) from error
    except (ValueError, OverflowError):
        # Python has no such day. Its own words hold the value, which no log may see.
        raise DamagedFileError(
            file=name, where=f"after row {number}", why="a date is beyond all years"
        ) from None


def _without_nanoseconds(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """The column in microseconds, which is what Python's own times hold."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return column.cast(pa.duration("us"), safe=False)
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return column.cast(pa.time64("us"), safe=False)
    return column


def _plain(cell: object) -> object:
    """A list as a multi-select cell; anything that no cell can be as text."""
    if isinstance(cell, list):
        return ";".join(str(item) for item in cell if item is not None)
    return str(cell) if isinstance(cell, dict) else cell


# ---------------------------------------------------------------- SPSS and Stata


def _statistical(path: Path, ceilings: Ceilings) -> Iterator[RawTable]:
    with closing(open_statistical(path)) as files:
        for found in files:
            for what, count, ceiling in (
                ("rows", found.rows, ceilings.rows),
                ("columns", len(found.names), ceilings.columns),
                ("bytes", found.rows * found.row_bytes, ceilings.unpacked_bytes),
            ):
                if count > ceiling:
                    raise TooManyRowsError(place=path.name, what=what, ceiling=ceiling)
            rows = enumerate(found.cells(ceilings.rows), 1)
            header: Row = (0, list[object](found.names))
            yield RawTable(Place(path.name), itertools.chain([header], rows), labels=found.labels)


# ---------------------------------------------------------------- workbooks


def _workbook(name: str, file: IO[bytes], ceilings: Ceilings) -> Iterator[RawTable]:
    packed = file.read(ceilings.workbook_bytes + 1)
    if len(packed) > ceilings.workbook_bytes:
        raise TooManyRowsError(place=name, what="bytes", ceiling=ceilings.workbook_bytes)
    # Checked and read from the same bytes, so that nobody can change the file in between.
    formulas = _check_workbook(name, packed, ceilings)
    try:
        with calamine.load_workbook(io.BytesIO(packed)) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ != calamine.SheetTypeEnum.WorkSheet:
                    continue
                sheet = workbook.get_sheet_by_name(about.name)
                found = formulas.get(about.name, (0, ()))
                yield RawTable(Place(name, about.name), _sheet_rows(sheet), found)
    except calamine.PasswordError as error:
        raise ProtectedFileError(file=name) from error
    except calamine.CalamineError as error:
        raise DamagedFileError(file=name, where="", why="it is no whole workbook") from error


def _sheet_rows(sheet: calamine.CalamineSheet) -> Iterator[Row]:
    # Cells above and left of the first filled one are left out: the row numbers start there.
    first = 0 if sheet.start is None else sheet.start[0]
    for number, cells in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
        yield number, list[object](cells)


def _check_workbook(
    name: str, packed: bytes, ceilings: Ceilings
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Unpack every member once, within the ceilings; the formula cells by sheet name."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            _check_directory(name, archive, len(packed), ceilings)
            names = _sheet_names(archive)
            formulas = {}
            for member in archive.infolist():
                chunks = _unpacked(name, archive, member)
                if member.filename.startswith("xl/worksheets/"):
                    sheet = names.get(member.filename, member.filename)
                    formulas[sheet] = _check_sheet(f"{name}, sheet {sheet}", chunks, ceilings)
                else:
                    for _ in chunks:
                        pass
            return formulas
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, KeyError) as error:
        raise DamagedFileError(
            file=name, where="", why="its zip archive does not unpack"
        ) from error


def _check_directory(name: str, archive: zipfile.ZipFile, packed: int, ceilings: Ceilings) -> None:
    members = {member.filename for member in archive.infolist()}
    if "xl/workbook.xml" not in members:
        kinds = {
            "xl/workbook.bin": "a binary workbook (.xlsb)",
            "content.xml": "an OpenDocument file",
            "word/document.xml": "a text document",
        }
        found = (kind for member, kind in kinds.items() if member in members)
        raise UnsupportedFileError(file=name, kind=next(found, "a zip archive without a workbook"))
    if any(member.header_offset < 0 for member in archive.infolist()):
        raise zipfile.BadZipFile("a member begins before the archive")
    if len(members) != len(archive.infolist()):
        raise DecompressionBombError(file=name, why="it holds two members of one name")
    if any(member.flag_bits & 1 for member in archive.infolist()):
        raise ProtectedFileError(file=name)
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > ceilings.unpacked_bytes:
        raise DecompressionBombError(file=name, why=f"it would unpack to {unpacked} bytes")
    if unpacked > max(1 << 20, ceilings.density * packed):
        why = f"{packed} bytes would unpack to {unpacked}"
        raise DecompressionBombError(file=name, why=why)


def _unpacked(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a member unpacks to, which must be as long as the directory says.

    Python stops where the directory says, the spreadsheet library does not: so Python is told
    that there is no end, and a member that goes on gives itself away.
    """
    asked = copy.copy(member)
    asked.file_size = 1 << 62
    found = 0
    with archive.open(asked) as stream:
        while chunk := stream.read(_CHUNK):
            found += len(chunk)
            if found > member.file_size:
                break
            yield chunk
    if found != member.file_size:
        raise DecompressionBombError(
            file=name, why="a member of it does not unpack to the size that it states"
        )


def _check_sheet(
    place: str, chunks: Iterator[bytes], ceilings: Ceilings
) -> tuple[int, tuple[int, ...]]:
    """Hold a sheet's reach against the ceilings; its formulas' number and first rows."""
    columns: set[bytes] = set()
    last_row = rows = formulas = widest = carried = 0
    first_formulas: list[int] = []
    row_of_cell = 0
    rest = b""
    for chunk in itertools.chain(chunks, [b""]):
        # A tag may be cut by the end of a chunk: what follows the last < waits for the next.
        text = rest + chunk
        cut = text.rfind(b"<") if chunk else len(text)
        text, rest = text[: max(cut, 0)], text[max(cut, 0) :]
        placed = _CELL.findall(text)
        for letters, digits in placed:
            columns.add(letters)
            last_row = max(last_row, int(digits))
        if len(_ANY_CELL.findall(text)) > len(placed):
            # Some programs leave the places out; then a row is as wide as it has cells.
            counts = [len(_ANY_CELL.findall(row)) for row in _ROW.split(text)]
            counts[0] += carried
            widest, carried = max(widest, *counts), counts[-1]
        else:
            carried = 0
        rows += len(_ROW.findall(text))
        if _FORMULA.search(text):
            for match in _CELL_OR_FORMULA.finditer(text):
                if match[1] is not None:
                    row_of_cell = int(match[1])
                    continue
                formulas += 1
                if len(first_formulas) < 5 and row_of_cell not in first_formulas:
                    first_formulas.append(row_of_cell)
        if len(rest) > _CHUNK:
            raise DecompressionBombError(file=place, why="it holds one tag of a megabyte")
    width = max((_column_number(letters) for letters in columns), default=1)
    width = max(width, widest)
    height = max(last_row, rows)
    for what, found, ceiling in (
        ("rows", height, ceilings.rows),
        ("columns", width, ceilings.columns),
        ("cells", height * width, ceilings.cells),
    ):
        if found > ceiling:
            raise TooManyRowsError(place=place, what=what, ceiling=ceiling)
    return formulas, tuple(first_formulas)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Member of the archive → name of the sheet, as far as they can be told."""

    def text(member: str) -> str:
        try:
            if archive.getinfo(member).file_size > 16 << 20:
                return ""
            return archive.read(member).decode("utf-8", "replace")
        except KeyError:
            return ""

    targets = {}
    for relation in _RELATION.findall(text("xl/_rels/workbook.xml.rels")):
        about = dict(_ATTRIBUTE.findall(relation))
        target = about.get("Target", "")
        member = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        targets[about.get("Id", "")] = member
    return {
        targets[relation]: html.unescape(name)
        for name, relation in _SHEET.findall(text("xl/workbook.xml"))
        if relation in targets
    }


Progress = Callable[[str], None]
"""Takes a line that says what is being done."""
