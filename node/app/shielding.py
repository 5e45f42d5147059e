"""What keeps this process's memory off the disk: no core dumps, and nobody else's eyes.

RLIMIT_CORE = 0 keeps the kernel from writing memory to a file at a crash; PR_SET_DUMPABLE = 0, on
Linux, also from handing it to a program such as systemd-coredump, and keeps other processes of the
same user from reading it (ptrace, /proc/PID/mem). Both last until the process ends.

Memory is not locked (mlock): gigabytes of columns pass through Arrow and DuckDB, and Python copies
secrets where nobody can find them again, so locking a few pages would only look like protection.
Swap must be encrypted, or off; `corridor node doctor` says whether there is any.
"""

import contextlib
import ctypes
import resource
import sys
from pathlib import Path

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4


def shield_process() -> None:
    """See that neither a crash nor another process gets at this process's memory."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_dumpable() -> bool:
    """Whether a crash of this process could leave its memory somewhere."""
    soft, _ = resource.getrlimit(resource.RLIMIT_CORE)
    if sys.platform != "linux":
        return soft != 0
    return bool(ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))


def swap_devices(table: Path = Path("/proc/swaps")) -> tuple[str, ...]:
    """What memory may be swapped to; compressed memory (zram) is no disk. Empty where unknown."""
    try:
        lines = table.read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return ()
    names = [line.split()[0] for line in lines if line.split()]
    return tuple(name for name in names if not name.startswith("/dev/zram"))
