"""Errors of backups."""

from corridor.errors import DamagedError, InvalidInputError, RefusedError


class BackupTargetError(RefusedError):
    """A backup cannot be written there. Nothing was written."""

    code = "backup.target"

    def __init__(self, path: str, why: str) -> None:
        """Say why, and what to name."""
        super().__init__(
            f"{path}: {why}. Name a new file outside of the node's folder, on another disk if you "
            "can. Nothing was written."
        )


class MalformedBackupError(InvalidInputError):
    """The file is no backup that this version reads. Nothing was restored."""

    code = "backup.malformed"

    def __init__(self, name: str, why: str) -> None:
        """Say why."""
        super().__init__(
            f"{name}: {why}; it is no backup that this version of `corridor node backup` wrote. "
            "Nothing was changed."
        )


class DamagedBackupError(DamagedError):
    """A backup is not as it was written. Nothing was restored."""

    code = "backup.damaged"

    def __init__(self, name: str, why: str) -> None:
        """Say what does not fit, and what to do."""
        super().__init__(
            f"{name}: {why}: it is not as it was written, and cannot be relied on. Take another "
            "backup. Nothing was changed."
        )


class HomeNotEmptyError(RefusedError):
    """A backup is restored into a new folder only. Nothing was restored."""

    code = "backup.home_not_empty"

    def __init__(self, folder: str) -> None:
        """Say what to name."""
        super().__init__(
            f"{folder}: is not empty, and a backup goes into a new folder only. Move what is there "
            "away (keep it until the node serves again), or name another with --home. Nothing was "
            "restored."
        )


class OtherCountryBackupError(RefusedError):
    """The backup is another node's. Nothing was compared."""

    code = "backup.other_node"

    def __init__(self, name: str) -> None:
        """Say so."""
        super().__init__(
            f"{name}: is the backup of a node with another signing key. Leave --home away to check "
            "it by itself. Nothing was compared."
        )
