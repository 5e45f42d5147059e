"""The demo's processes: the same `corridor … serve` that an authority runs, one a party.

They are started in a session of their own and ended however the demo ends, also by kill -9
(`cli/party.py`); what they said is in a log file each, and the end of it is shown when one of
them dies unasked.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from corridor.errors.demo import ProcessDiedError

TERM_SECONDS = 10.0


@dataclass(slots=True)
class Processes:
    """The running parties, by name."""

    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _pipe: tuple[int, int] | None = None

    def start(self, name: str, *words: str) -> None:
        """Start `corridor WORDS` as `name`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  # our own command
                [sys.executable, "-P", "-m", "corridor.cli.party", *words],
                stdin=self._lifeline(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONSAFEPATH": "1"},
            )

    def check(self, *, but: frozenset[str] = frozenset()) -> None:
        """See that everybody still runs.

        Raises:
            ProcessDiedError: somebody not in `but` does not; with the end of its log.
        """
        for name, process in self._running.items():
            if name not in but and process.poll() is not None:
                raise ProcessDiedError(name, self.last_words(name))

    def has_ended(self, name: str) -> bool:
        """Whether `name` is not running."""
        process = self._running.get(name)
        return process is None or process.poll() is not None

    def exit_code(self, name: str) -> int | None:
        """How `name` ended, a signal as its negative number; None while it runs."""
        return self._running[name].poll()

    def last_words(self, name: str) -> str:
        """The end of what `name` said."""
        path = self.logs / f"{name}.log"
        text = path.read_text("utf-8", "replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-15:])

    def pids(self) -> dict[str, int]:
        """Who runs, and as which process."""
        return {n: p.pid for n, p in sorted(self._running.items()) if p.poll() is None}

    def stop(self, name: str) -> None:
        """Ask `name` to end, and wait; end it by force if it does not."""
        process = self._running.pop(name, None)
        if process is not None:
            _end([process])

    def stop_all(self) -> None:
        """Ask everybody to end, and wait."""
        _end(list(self._running.values()))
        self._running.clear()
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def _lifeline(self) -> int:
        """A pipe that nobody writes to, the same for all: it closes when this process ends."""
        if self._pipe is None:
            self._pipe = os.pipe()
        return self._pipe[0]


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(TERM_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
