"""A command at a terminal of its own, and somebody who types when it asks."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence

SECONDS = 60


def typed(command: Sequence[str], answers: Sequence[str]) -> tuple[int, str]:
    """Run `command` and answer each of its prompts; gives its status and what was shown.

    A prompt is a line that ends with a colon and a space, and waits.
    """
    ours, its = pty.openpty()
    shown, left = "", list(answers)
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as process:
        os.close(its)
        until = time.monotonic() + SECONDS
        asked = 0
        while time.monotonic() < until:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed: it ended
                break
            if not piece:
                break
            shown += piece.decode("utf-8", "replace")
            if left and shown[asked:].endswith(": "):
                asked = len(shown)
                os.write(ours, f"{left.pop(0)}\n".encode())
        else:
            process.kill()
        os.close(ours)
        return process.wait(SECONDS), shown
