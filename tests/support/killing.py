"""A command killed by SIGKILL at each of its flushes in turn, on a copy of one home each time.

A flush (fsync) stands between any two steps that must outlive the power, so the copies are every
state that a kill can leave. One process imports the code once and forks a child for each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_DRIVER = """
import json, os, shutil, signal, sys
import importlib
import corridor.cli.node
task = json.loads(sys.argv[1])
main = importlib.import_module(task["module"]).main
really = os.fsync
ends = []
for number in range(1, task["most"] + 1):
    folder = os.path.join(task["folder"], str(number))
    shutil.copytree(task["home"], os.path.join(folder, "home"))
    child = os.fork()
    if child == 0:
        done = [0]
        def fsync(descriptor):
            done[0] += 1
            if done[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            really(descriptor)
        os.fsync = fsync
        words = [word.replace("{folder}", folder) for word in task["words"]]
        code = 99
        try:
            code = main(words)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        if os.WEXITSTATUS(status) != 0:
            sys.exit(f"the command failed with {os.WEXITSTATUS(status)} and was not killed")
        break
    ends.append(number)
print(json.dumps(ends), file=sys.stderr)
"""


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
    done = subprocess.run(
        [sys.executable, "-P", "-c", _DRIVER, json.dumps(task)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stderr.splitlines()[-1])
    assert 0 < len(ends) < most, "never killed, or never finished"
    return [folder / str(one) for one in ends], folder / str(len(ends) + 1)
