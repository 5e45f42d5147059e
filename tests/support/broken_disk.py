"""A disk that cannot flush, or cannot be written at all: the kernel itself says so.

`refuse` puts a seccomp filter over the calling process, for good: from then on the kernel answers
the named system calls with an error, as it does on such a disk. To be called in a child process.

`python -m support.broken_disk FOLDER` lets four nodes take an attempt as far as the debit, breaks
the flushing, and prints what the first node then lets out, as JSON.
"""

import ctypes
import errno
import json
import os
import platform
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from corridor.errors import CorridorError
from corridor.node.reply_schedule import Hold
from corridor.transport.messages import CoordinatorInSession
from support.node_region import FOUR, SESSION, RealNode, Talk, charter_of_four, start

SUPPORTED = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}

_NUMBERS: Mapping[str, Mapping[str, int]] = {
    "x86_64": {
        "fsync": 74,
        "fdatasync": 75,
        "openat": 257,
        "open": 2,
        "chmod": 90,
        "fchmod": 91,
        "fchmodat": 268,
        "mkdir": 83,
        "rename": 82,
        "unlink": 87,
        "utimensat": 280,
    },
    "aarch64": {
        "fsync": 82,
        "fdatasync": 83,
        "openat": 56,
        "fchmod": 52,
        "fchmodat": 53,
        "mkdirat": 34,
        "renameat": 38,
        "unlinkat": 35,
        "utimensat": 88,
    },
}
FLUSHING = ("fsync", "fdatasync")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# struct seccomp_data: number, architecture, instruction pointer, then the arguments.
_NUMBER, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 0, 24, 32
_LOAD, _EQUALS, _HAS_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_FILTER = 38, 22


def flushing_fails() -> None:
    """From now on nothing can be flushed to the disk by this process: EIO."""
    numbers = _NUMBERS[platform.machine()]
    _install(b"".join(_refuse(numbers[name], errno.EIO) for name in FLUSHING))


def disk_is_read_only() -> None:
    """From now on this process can open no file for writing, and change no folder: EROFS."""
    numbers = dict(_NUMBERS[platform.machine()])
    for name in FLUSHING:
        del numbers[name]
    program = b""
    for name, flags in (("openat", _THIRD_ARGUMENT), ("open", _SECOND_ARGUMENT)):
        number = numbers.pop(name, None)
        if number is not None:
            program += _refuse_writing(number, flags)
    _install(program + b"".join(_refuse(number, errno.EROFS) for number in numbers.values()))


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int, error: int) -> bytes:
    return _step(_EQUALS, number, 0, 1) + _step(_RETURN, _ERROR | error)


def _refuse_writing(number: int, flags: int) -> bytes:
    return (
        _step(_EQUALS, number, 0, 4)
        + _step(_LOAD, flags)
        + _step(_HAS_BITS, _WRITING, 0, 1)
        + _step(_RETURN, _ERROR | errno.EROFS)
        + _step(_RETURN, _ALLOW)
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _install(refusals: bytes) -> None:
    steps = _step(_LOAD, _NUMBER) + refusals + _step(_RETURN, _ALLOW)
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.addressof(kept))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or system.prctl(
        _SET_FILTER, 2, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def _debit_without_flushing(folder: Path) -> None:
    clock, charter = start(), charter_of_four()
    nodes = [RealNode(folder / country, country, charter, clock) for country in FOUR]
    talk = Talk(nodes)
    talk.until("open")
    flushing_fails()
    pieces, code = 0, ""
    try:
        for piece in nodes[0].sessions.on_message(CoordinatorInSession(SESSION, talk.sharers)):
            pieces += not isinstance(piece, Hold)  # which only says when the first may leave
    except CorridorError as error:
        code = error.code
    balance = nodes[0].ledger.balance()
    print(  # noqa: T201  # what the parent reads
        json.dumps(
            {
                "pieces": pieces,
                "code": code,
                "spent": str(balance.spent),
                "journal": nodes[0].journalled,
            }
        )
    )
    sys.stdout.flush()
    os._exit(0)  # as a kill: nothing is closed in order


if __name__ == "__main__":
    _debit_without_flushing(Path(sys.argv[1]))
