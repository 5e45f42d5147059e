"""Errors of a node's store of case data."""

from corridor.errors import DamagedError, NotFoundError, RefusedError, UnavailableError


class StoreKeyMissingError(DamagedError):
    """There is case data, but not the key that opens it. Nothing was changed."""

    code = "store.key_missing"

    def __init__(self) -> None:
        """Say what is lost and what may bring it back."""
        super().__init__(
            "store.key: is missing, and without it the case data in editions/ cannot be read. "
            "Restore the file from this node's backup; if there is none, move editions/ away "
            "and import the case files again. Nothing was changed."
        )


class StoreDamagedError(DamagedError):
    """A file of the store is not as this node wrote it, or the key is another's."""

    code = "store.damaged"

    def __init__(self, name: str) -> None:
        """Name the file."""
        super().__init__(
            f"{name}: is not as this node wrote it, or store.key is not the key it was written "
            "with. It was left as it is. Restore the node's folder from its backup, or move "
            "editions/ and store.key away and import the case files again."
        )


class StoreDiskError(UnavailableError):
    """The disk refused while an edition was written. The edition before is untouched."""

    code = "store.cannot_write"

    def __init__(self, reason: str) -> None:
        """Say what the system said."""
        super().__init__(
            f"editions/: {reason}. Nothing was imported, the data held before are as they were; "
            "make room or check the rights of the folder, then repeat the import."
        )


class StoreUnsureError(UnavailableError):
    """The disk failed at the last step. Old and new edition are whole; the new one is current."""

    code = "store.unsure"

    def __init__(self) -> None:
        """Say to repeat."""
        super().__init__(
            "editions/: the import is in, but the disk did not confirm the last step, and a power "
            "failure may undo it. Look at the disk, then repeat the import: what is in already "
            "is not counted twice."
        )


class StoreBusyError(UnavailableError):
    """Another process is writing an edition just now. Nothing was changed."""

    code = "store.busy"

    def __init__(self) -> None:
        """Say to wait."""
        super().__init__(
            "editions/: another import is running; nothing was changed. Repeat the command when "
            "it has finished."
        )


class EditionReplacedError(RefusedError):
    """The edition that this import was built upon is not current any more."""

    code = "store.edition_replaced"

    def __init__(self) -> None:
        """Say to repeat."""
        super().__init__(
            "editions/: another import finished while this one was read; nothing of this one was "
            "stored. Repeat the command, so that both are in the next edition."
        )


class NoSuchEditionError(NotFoundError):
    """The edition was replaced and erased, or never was."""

    code = "store.no_such_edition"

    def __init__(self, edition: str) -> None:
        """Name the edition."""
        super().__init__(
            f"edition {edition} is not in this store; a newer import has replaced it, or it was "
            "erased. `corridor node status` names the current one."
        )
