"""Files that are either as they were or as they should be: written whole, or not at all.

Power may fail between any two lines. A file is written beside its place, flushed to the disk,
and renamed over it; then the folder is flushed, so that the rename itself is not forgotten.

And the lock by which one process at a time serves a folder; the system drops it at a kill.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from corridor.errors.files import DiskError, FolderError

PRIVATE = 0o600
"""Only the owner may read and write: keys, settings, anything about an installation."""

PUBLIC = 0o644


def write_atomically(path: Path, data: bytes, mode: int = PRIVATE, *, durable: bool = True) -> None:
    """Put `data` at `path`; afterwards it is durable, or `path` is as it was.

    Not `durable` is what nobody would miss after a power failure: readers see it whole all the
    same, and no disk is waited for.

    Raises:
        DiskError: full, read-only or broken; `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask, and whatever stood there
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            flush_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise DiskError(str(path), error.strerror or "cannot be written") from error


def write_pieces_atomically(path: Path, pieces: Iterable[bytes], mode: int = PRIVATE) -> None:
    """Put what `pieces` are together at `path`; afterwards it is durable, or `path` is as it was.

    Whatever `pieces` raises leaves `path` as it was, too.

    Raises:
        DiskError: full, read-only or broken; `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            os.fchmod(file.fileno(), mode)
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise DiskError(str(path), error.strerror or "cannot be written") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def erase_file(path: Path) -> None:
    """Overwrite a file with zeros, and remove it, durably; nothing where there is none.

    It is renamed first, so that nobody reads it half overwritten; what a kill left of that goes
    with the next call. A disk that keeps old blocks (a journal, a snapshot, flash) may keep these.

    Raises:
        DiskError: it could not be overwritten or removed.
    """
    doomed = path.with_name(f".{path.name}.erased")
    try:
        if path.exists():
            path.rename(doomed)
        if doomed.exists():
            with doomed.open("r+b") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
            doomed.unlink()
            flush_folder(path.parent)
    except OSError as error:
        raise DiskError(str(path), error.strerror or "cannot be erased") from error


def flush_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def holding_lock(path: Path) -> Iterator[bool]:
    """Hold the lock of `path` while the block runs; False where another process holds it.

    Raises:
        DiskError: the file cannot be opened.
    """
    try:
        # For the owner alone, as everything in a home.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    except OSError as error:
        raise DiskError(path.name, error.strerror or "cannot be opened") from error
    with os.fdopen(descriptor, "a") as lock:
        for attempt in range(20):
            if _locks(lock, fcntl.LOCK_EX):
                yield True
                return
            time.sleep(0.05 * (attempt > 0))  # a command's `is_locked` may hold it briefly
        yield False


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of `path` now."""
    try:
        with path.open() as lock:
            return not _locks(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locks(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_private_folder(path: Path) -> Path:
    """Create `path`, and what is missing above it, for the owner alone.

    Raises:
        FolderError: the system does not let it be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(str(path), error.strerror or "cannot be made") from error
    return path
