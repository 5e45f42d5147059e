"""SPSS (.sav, .zsav) and Stata (.dta) files → rows of cells, through ReadStat.

A cell whose number has a label (1 = "Feminine") is that label; what the file declares missing is
blank. The labels of variables are handed on, for people to see, and are no names.

The library is C and crashes on some files that are not what they say, so it runs in a process of
its own (`statistical_worker.py`), of which nothing is believed but the form of what it writes.
"""

import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from corridor.errors.importing import DamagedFileError, TooManyRowsError

_SPSS: Final = (b"$FL2", b"$FL3")
_STATA: Final = b"<stata_d"
_OLD_STATA: Final = range(104, 116)
_WORKER: Final = Path(__file__).with_name("statistical_worker.py")
_LONGEST_LINE: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class StatisticalFile:
    """A file that is being read.

    Attributes:
        names, labels: of the variables; a label may be empty.
        rows: how many the file says it has.
        row_bytes: how much one of them takes, at least.
    """

    file: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    rows: int
    row_bytes: int
    lines: IO[bytes]

    def cells(self, ceiling: int) -> Iterator[list[object]]:
        """The rows, one after the other.

        Raises:
            DamagedFileError: the file ends early, or cannot be parsed.
            TooManyRowsError: it has more rows than `ceiling`.
        """
        given = 0
        while True:
            line = _line(self.file, self.lines, given)
            if "done" in line:
                return
            columns = line.get("columns")
            if not isinstance(columns, list) or len(columns) != len(self.names):
                raise _damaged(self.file, given)
            given += len(columns[0])
            if given > ceiling:
                raise TooManyRowsError(place=self.file, what="rows", ceiling=ceiling)
            yield from map(list, zip(*columns, strict=True))


def is_statistical(start: bytes, suffix: str) -> bool:
    """Whether a file's first eight bytes are those of SPSS or Stata."""
    if start.startswith((*_SPSS, _STATA)):
        return True
    old = suffix.casefold() == ".dta" and len(start) > 1
    return old and start[0] in _OLD_STATA and start[1] in (1, 2)


def open_statistical(path: Path) -> Generator[StatisticalFile, None, None]:
    """The one table of a file. The process that parses it ends when this is closed.

    Raises:
        DamagedFileError: it is not what its first bytes say.
    """
    words = [sys.executable, "-I", str(_WORKER)]  # a name may be a person's, and all see words
    with (
        path.open("rb") as file,
        subprocess.Popen(  # noqa: S603  # our own script
            words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as worker,
    ):
        try:
            lines = worker.stdout
            assert lines is not None  # noqa: S101  # by PIPE
            yield _opened(path.name, lines)
        finally:
            worker.kill()


def _opened(file: str, lines: IO[bytes]) -> StatisticalFile:
    about = _line(file, lines, 0)
    return StatisticalFile(
        file,
        tuple(about["names"]),
        tuple(about["labels"]),
        int(about["rows"]),
        int(about["row_bytes"]),
        lines,
    )


def _line(file: str, lines: IO[bytes], given: int) -> dict[str, Any]:
    text = lines.readline(_LONGEST_LINE)
    if not text.endswith(b"\n"):  # the process ended, of itself or by its limits
        raise _damaged(file, given)
    line: dict[str, Any] = json.loads(text)
    return line


def _damaged(file: str, given: int) -> DamagedFileError:
    where = f"after row {given}" if given else ""
    return DamagedFileError(file=file, where=where, why="it is no whole SPSS or Stata file")
