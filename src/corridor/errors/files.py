"""Errors of the disk."""

from corridor.errors import UnavailableError


class DiskError(UnavailableError):
    """A file could not be written. What stood there before still stands there."""

    code = "disk.cannot_write"

    def __init__(self, name: str, reason: str) -> None:
        """Say which file, what the system said, and that nothing is lost."""
        super().__init__(
            f"{name}: {reason}. The file is as it was; make room or check the rights of the "
            "folder, then repeat the command."
        )
