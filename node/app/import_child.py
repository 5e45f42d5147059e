"""The process that reads the files which the console was given.

What to read comes as one line of JSON on standard input, what is done and the outcome go to
standard output, one JSON object a line:

    {"progress": TEXT}*  then  {"done": {"lines": …, "document": …}}  or  {"refused": [CODE, TEXT]}

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
from corridor.node.app.case_data import import_files
from corridor.node.app.world import real_world
from corridor.node.store.vault import take_over

GONE = 75


def main() -> int:
    """Read one job, and do it."""
    job = json.loads(sys.stdin.readline())
    folder = Path(job["folder"])
    threading.Thread(target=_follow, args=(folder,), daemon=True).start()
    try:
        world = real_world(Path(job["home"]))
        take_over(world.home, job.get("opens", ""))
        outcome = import_files(
            world,
            list(map(Path, job["files"])),
            replace=job["replace"],
            mappings=list(map(Path, job["mappings"])),
            progress=lambda text: _say({"progress": text}),
        )
    except CorridorError as error:
        _say({"refused": [error.code, str(error)]})
        return 1
    _say({"done": {"lines": list(outcome.lines), "document": dict(outcome.document)}})
    return 0


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _follow(folder: Path) -> None:
    while sys.stdin.readline():
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(GONE)


if __name__ == "__main__":
    sys.exit(main())
