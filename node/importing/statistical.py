"""SPSS (.sav, .zsav) and Stata (.dta) files → rows of cells, through ReadStat.

A cell whose number has a label (1 = "Feminine") is that label; what the file declares missing is
blank. The labels of variables are handed on, for people to see, and are no names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyreadstat

from corridor.errors.importing import DamagedFileError, TooManyRowsError

_SPSS: Final = (b"$FL2", b"$FL3")
_STATA: Final = b"<stata_d"
_OLD_STATA: Final = range(104, 116)
_BATCH: Final = 50_000
_BROKEN: Final = (
    pyreadstat.ReadstatError,
    pyreadstat.PyreadstatError,
    UnicodeDecodeError,
    ValueError,
    OverflowError,
    MemoryError,
)
"""What the library raises for files that are not what they say. Its words are not passed on:
they can hold a value."""


@dataclass(frozen=True, slots=True)
class StatisticalFile:
    """A file that was opened, and not yet read.

    Attributes:
        names, labels: of the variables; a label may be empty.
        rows: how many the file says it has.
        row_bytes: how much one of them takes in memory, at least.
    """

    path: Path
    names: tuple[str, ...]
    labels: tuple[str, ...]
    rows: int
    row_bytes: int
    value_labels: Mapping[str, Mapping[object, str]]

    def cells(self, ceiling: int) -> Iterator[list[object]]:
        """The rows, one after the other.

        Raises:
            DamagedFileError: the file ends early, or holds what no cell can be.
            TooManyRowsError: it has more rows than `ceiling`.
        """
        done = 0
        while True:
            try:
                found, _ = _reader(self.path)(
                    str(self.path), row_offset=done, row_limit=_BATCH, output_format="dict"
                )
            except _BROKEN:
                raise DamagedFileError(
                    file=self.path.name, where=f"after row {done}", why="a row cannot be read"
                ) from None
            columns = [self._column(name, found[name]) for name in self.names]
            count = len(columns[0]) if columns else 0
            yield from map(list, zip(*columns, strict=True))
            done += count
            if done > ceiling:
                raise TooManyRowsError(place=self.path.name, what="rows", ceiling=ceiling)
            if count < _BATCH:
                return

    def _column(self, name: str, cells: Sequence[Any]) -> list[object]:
        labels = self.value_labels.get(name)
        if not labels:
            return list(cells)
        return [labels.get(cell, cell) if _is_plain(cell) else cell for cell in cells]


def is_statistical(start: bytes, suffix: str) -> bool:
    """Whether a file's first eight bytes are those of SPSS or Stata."""
    if start.startswith((*_SPSS, _STATA)):
        return True
    return suffix.casefold() == ".dta" and start[0] in _OLD_STATA and start[1] in (1, 2)


def open_statistical(path: Path) -> StatisticalFile:
    """What a file says of itself.

    Raises:
        DamagedFileError: it is not what its first bytes say.
    """
    try:
        _, about = _reader(path)(str(path), metadataonly=True, output_format="dict")
    except _BROKEN:
        raise DamagedFileError(
            file=path.name, where="", why="its dictionary of variables cannot be read"
        ) from None
    widths = about.variable_storage_width or {}
    return StatisticalFile(
        path,
        tuple(about.column_names),
        tuple(label or "" for label in about.column_labels),
        max(about.number_rows or 0, 0),
        sum(widths.values()),
        {name: dict(labels) for name, labels in about.variable_value_labels.items()},
    )


def _reader(path: Path) -> Any:
    with path.open("rb") as file:
        is_spss = file.read(4) in _SPSS
    return pyreadstat.read_sav if is_spss else pyreadstat.read_dta


def _is_plain(cell: object) -> bool:
    return isinstance(cell, str | int | float)
