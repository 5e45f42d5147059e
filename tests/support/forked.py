"""Processes of `corridor` that are forked from one which has imported it already.

A process that serves spends 1.3 to 2.5 s of CPU on importing what it needs before its first own
step, and tests of regions start hundreds. So one process for each worker of the tests imports it
all once (`multiprocessing`'s forkserver: it has no thread and opens nothing), and each party is a
fork of it: a process of its own, in a session of its own, with its own file for what it says, and
`kill -9` ends it. From `main` on nothing is another than after `python -m corridor.cli`.

What only a process from nothing shows is tested with one: that the command starts at all and what
it imports (tests/unit/cli/test_help.py, test_demo.py, tests/architecture), and a whole region that
lives and answers (tests/end_to_end/test_region.py, by the mark `from_nothing`).
"""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from corridor.cli import party
from corridor.cli.demo.processes import Processes
from corridor.cli.main import main

_MAKER = multiprocessing.get_context("forkserver")
_MAKER.set_forkserver_preload(
    ["support.forked", "corridor.cli.party", "corridor.cli.node", "corridor.cli.coordinator"]
)


Run = Callable[[Sequence[str]], int]
_NONE: Mapping[str, str] = {}


class ForkedProcess:
    """One `corridor WORDS`, with what the tests use of `subprocess.Popen`.

    Args:
        words: what stands behind `corridor` on its command line.
        out, err: files to which it adds what it says.
        lifeline: it ends when the other end of this pipe is closed (`cli/party.py`).
        environment: what it finds there besides what this process does.
        run: takes the words and gives the exit code; `corridor` itself unless it is another.
    """

    def __init__(
        self,
        words: Sequence[str],
        out: Path,
        err: Path,
        *,
        lifeline: Connection | None = None,
        environment: Mapping[str, str] = _NONE,
        run: Run = main,
    ) -> None:
        given = {**os.environ, **environment}
        self._process = _MAKER.Process(
            target=_live,
            args=(_Beginning(run, list(words), out, err, given, Path.cwd(), lifeline),),
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """How it ended, a signal as its negative number; None while it runs."""
        return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        ended = self.poll()
        if ended is None:
            raise subprocess.TimeoutExpired("corridor", timeout or 0)
        return ended

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(words: Sequence[str], timeout: float) -> tuple[int, str, str]:
    """One command from its beginning to its end: its exit code, what it said, and its errors."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = ForkedProcess(words, out, err)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return code, out.read_text("utf-8"), err.read_text("utf-8")


def start_forked(processes: Processes, name: str, *words: str) -> None:
    """What `Processes.start` does, by a fork."""
    processes.logs.mkdir(parents=True, exist_ok=True)
    log = processes.logs / f"{name}.log"
    ours = os.dup(processes._lifeline())
    with Connection(ours, writable=False) as lifeline:
        running = ForkedProcess(words, log, log, lifeline=lifeline)
    processes._running[name] = running  # type: ignore[assignment]  # all of it that is used there


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a process inherits of who starts it."""

    run: Run
    words: list[str]
    out: Path
    err: Path
    environment: dict[str, str]
    folder: Path
    lifeline: Connection | None


def _live(given: _Beginning) -> None:
    """What the fork does: become what a shell would have started, and run the command."""
    os.setsid()
    os.chdir(given.folder)
    os.environ.clear()
    os.environ.update(given.environment)
    _open_standard_files(given.out, given.err, given.lifeline)
    if given.lifeline is not None:
        threading.Thread(target=party._follow, daemon=True).start()
    sys.exit(given.run(given.words))


def _open_standard_files(out: Path, err: Path, lifeline: Connection | None) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing if lifeline is None else lifeline.fileno(), 0)
    for path, number in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.close(nothing)
    read, said, errors = (io.FileIO(number, mode, closefd=False) for number, mode in _STANDARD)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(read), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(said), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(io.BufferedWriter(errors), encoding="utf-8", line_buffering=True)


_STANDARD = ((0, "r"), (1, "w"), (2, "w"))
