"""The process that reads the files which the console was given.

What to read comes as one line of JSON on standard input, what is done and the outcome go to
standard output, one JSON object a line:

    {"progress": TEXT}*  then  {"done": {"lines": …, "document": …}}  or  {"refused": [CODE, TEXT]}

and {"done": {"tables": …}} where the files are only looked at.

Input that ends means that the console is gone: then the uploaded files are removed, and this
process ends. An import is whole or not at all, so it may end at any moment.
"""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

from corridor.errors import CorridorError
from corridor.node.app.case_data import import_files, mapping_desk, propose_mapping
from corridor.node.app.world import real_world
from corridor.node.store.vault import take_over

GONE = 75


def main() -> int:
    """Read one job, and do it."""
    job = json.loads(sys.stdin.readline())
    folder = Path(job["folder"])
    over = threading.Event()
    threading.Thread(target=_follow, args=(folder, over), daemon=True).start()
    try:
        world = real_world(Path(job["home"]))
        take_over(world.home, job.get("opens", ""))
        files, columns = list(map(Path, job["files"])), job["columns"] and Path(job["columns"])
        if job["looks"]:
            found = propose_mapping(
                world,
                files,
                desk=mapping_desk(world, columns),
                progress=_tell,
                database=job["database"],
                tables=job["tables"],
            )
            over.set()  # the files wait for somebody now, and the console answers for them
            _say({"done": {"tables": [table.to_json() for table in found]}})
            return 0
        outcome = import_files(
            world,
            files,
            replace=job["replace"],
            mappings=list(map(Path, job["mappings"])),
            progress=_tell,
            columns=columns,
            database=job["database"],
            tables_named=job["tables"],
        )
    except CorridorError as error:
        _say({"refused": [error.code, str(error)]})
        return 1
    _say({"done": {"lines": list(outcome.lines), "document": dict(outcome.document)}})
    return 0


def _tell(text: str) -> None:
    _say({"progress": text})


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _follow(folder: Path, over: threading.Event) -> None:
    while sys.stdin.readline():
        pass
    if not over.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(GONE)


if __name__ == "__main__":
    sys.exit(main())
