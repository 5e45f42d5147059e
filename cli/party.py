"""One party of the demo: a command that ends when the demo that started it is gone.

The demo holds the other end of this process's standard input and never writes to it. Its end
closes when the demo ends, however it ends, also by kill -9; then this process stops as on SIGTERM.
It stands outside of `cli/demo/` so that a party does not load all that the demo needs.
"""

import os
import signal
import sys
import threading

from corridor.cli.main import main


def _follow() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_follow, daemon=True).start()
    sys.exit(main())
