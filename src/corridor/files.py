"""Files that are either as they were or as they should be: written whole, or not at all.

Power may fail between any two lines. A file is written beside its place, flushed to the disk,
and renamed over it; then the folder is flushed, so that the rename itself is not forgotten.
"""

import contextlib
import os
from pathlib import Path

from corridor.errors.files import DiskError

PRIVATE = 0o600
"""Only the owner may read and write: keys, settings, anything about an installation."""

PUBLIC = 0o644


def write_atomically(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Put `data` at `path`; afterwards it is durable, or `path` is as it was.

    Raises:
        DiskError: full, read-only or broken; `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask, and whatever stood there
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise DiskError(path.name, error.strerror or "cannot be written") from error


def flush_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> Path:
    """Create `path`, and what is missing above it, for the owner alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
