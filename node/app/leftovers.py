"""Case files that a console was given and did not remove, because it was killed or power failed.

They lie in `uploads/` in clear. While a console runs they are its own; when none does, whoever
serves removes them.
"""

import shutil
from pathlib import Path

from corridor.errors.console import UploadsLeftError
from corridor.errors.files import DiskError
from corridor.files import holding_lock, is_locked
from corridor.node.app.world import CONSOLE_LOCK
from corridor.node.home import Home


def sweep_uploads(folder: Path) -> None:
    """Remove what is left of uploads in a node's folder, unless a console runs there.

    Raises:
        DiskError: something could not be removed.
    """
    uploads = Home(folder).uploads
    if not uploads.exists():
        return
    with holding_lock(folder / CONSOLE_LOCK) as is_free:
        if not is_free:
            return
        try:
            shutil.rmtree(uploads)
        except OSError as error:
            raise DiskError(str(uploads), error.strerror or "cannot be removed") from error


def look_at_uploads(folder: Path) -> str:
    """Whether no case file lies there that nobody reads, for people.

    Raises:
        UploadsLeftError: one does.
    """
    uploads = Home(folder).uploads
    if not uploads.exists() or not any(uploads.rglob("*")):
        return "no case file lies there"
    if not is_locked(folder / CONSOLE_LOCK):
        raise UploadsLeftError
    return "a console reads case files, or has been given some"
