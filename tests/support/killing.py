"""A command killed by SIGKILL at each of its flushes in turn, on a copy of one home each time.

A flush (fsync) stands between any two steps that must outlive the power, so the copies are every
state that a kill can leave. One process imports the code once and forks a child for each.
"""

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.forked import ForkedProcess


def _kill_at_each(words: Sequence[str]) -> int:
    """The task is one word of JSON; says at which flushes the command was killed."""
    task = json.loads(words[0])
    main = importlib.import_module(task["module"]).main
    ends = []
    for number in range(1, task["most"] + 1):
        folder = Path(task["folder"]) / str(number)
        shutil.copytree(task["home"], folder / "home")
        child = os.fork()
        if child == 0:
            _live_until(number)
            code = 99
            try:
                code = main([word.replace("{folder}", str(folder)) for word in task["words"]])
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status) != 0:
                sys.exit(f"the command failed with {os.WEXITSTATUS(status)} and was not killed")
            break
        ends.append(number)
    sys.stderr.write(json.dumps(ends) + "\n")
    return 0


def _live_until(number: int) -> None:
    """Be killed at this flush."""
    really, done = os.fsync, 0

    def fsync(descriptor: int) -> None:
        nonlocal done
        done += 1
        if done == number:
            os.kill(os.getpid(), signal.SIGKILL)
        really(descriptor)

    os.fsync = fsync  # type: ignore[assignment]  # everybody here gives a descriptor


def killed_at_every_flush(
    home: Path,
    folder: Path,
    words: Sequence[str],
    environment: Mapping[str, str],
    most: int = 60,
    *,
    module: str = "corridor.cli.main",
) -> tuple[list[Path], Path]:
    """Folders with a copy of `home` each: those of killed commands, and that of the last one,
    which was not. `{folder}` in a word is the copy's folder, its home is `{folder}/home`.

    `module` has the `main` that is given the words.
    """
    task = {"home": str(home), "folder": str(folder), "words": list(words), "most": most}
    task["module"] = module
    said, errors = folder.with_name(f"{folder.name}.out"), folder.with_name(f"{folder.name}.err")
    killing = ForkedProcess(
        [json.dumps(task)], said, errors, run=_kill_at_each, environment=environment
    )
    try:
        assert killing.wait(300) == 0, errors.read_text("utf-8")
    finally:
        killing.kill()
    ends = json.loads(errors.read_text("utf-8").splitlines()[-1])
    assert 0 < len(ends) < most, "never killed, or never finished"
    return [folder / str(one) for one in ends], folder / str(len(ends) + 1)
