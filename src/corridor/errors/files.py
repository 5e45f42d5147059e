"""Errors of the disk, and of the machine around it."""

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


class FolderError(UnavailableError):
    """A folder could not be made. Nothing was put anywhere."""

    code = "disk.cannot_make_folder"

    def __init__(self, name: str, reason: str) -> None:
        """Say which folder and what the system said."""
        super().__init__(
            f"{name}: {reason}; the folder cannot be made. Choose another, or check the rights of "
            "the one above it."
        )


class MachineRefusesError(UnavailableError):
    """The operating system refused something of which no part of Corridor knows more.

    What was written whole before that stands.
    """

    code = "system.refused"

    def __init__(self, error: OSError) -> None:
        """Say at which file, and what the system said."""
        where = f"{error.filename}: " if error.filename else ""
        super().__init__(
            f"{where}{error.strerror or type(error).__name__}; the command ended there. Check the "
            "path, the rights of its folder and the room on the disk, then repeat it."
        )
