"""The process in which SPSS and Stata files are parsed: run by `statistical`, never imported.

ReadStat is C that trusts its input; a file that was bent crashes it. So it runs here, alone, with
limits of memory and time and no core dump, and hands over nothing but JSON, a line each:

    {"names": […], "labels": […], "rows": n, "row_bytes": n}
    {"columns": [[…], …]}      some rows: texts, numbers and null; days as ISO 8601
    {"done": n}                all rows were handed over; without this line the file is damaged

The file is what standard input is: its name, which may be somebody's, is in no list of processes.
Nothing of Corridor is imported, so that the process starts in a moment and holds no key.
"""

import json
import math
import resource
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyreadstat

BATCH = 5_000
MEMORY = 4 << 30
CPU_SECONDS = 1800


def main(path: str) -> None:
    """Hand over the file at `path`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with Path(path).open("rb") as file:
        is_spss = file.read(4) in (b"$FL2", b"$FL3")
    read: Any = pyreadstat.read_sav if is_spss else pyreadstat.read_dta
    _, about = read(path, metadataonly=True, output_format="dict")
    names = list(about.column_names)
    _say(
        names=names,
        labels=[label or "" for label in about.column_labels],
        rows=max(about.number_rows or 0, 0),
        row_bytes=sum((about.variable_storage_width or {}).values()),
    )
    labels = about.variable_value_labels
    done = 0
    while True:
        found, _ = read(path, row_offset=done, row_limit=BATCH, output_format="dict")
        columns = [[_cell(cell, labels.get(name, {})) for cell in found[name]] for name in names]
        count = len(columns[0]) if columns else 0
        if count:
            _say(columns=columns)
        done += count
        if count < BATCH:
            break
    _say(done=done)


def _cell(cell: Any, labels: dict[Any, str]) -> str | float | int | None:
    """A cell's label, where its value has one; its text, number or day."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    if isinstance(cell, datetime):
        return cell.isoformat() if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    plain = cell if isinstance(cell, str | int | float) else str(cell)
    return labels.get(plain, plain) if labels else plain


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main("/dev/stdin")  # the file itself, opened anew: its name would stand in the words
