"""Errors of a node's store of case data."""

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)


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


class StoreSettingsError(InvalidInputError):
    """store.toml is not what it must be. Nothing was changed."""

    code = "store.settings"

    def __init__(self, problem: str) -> None:
        """Say what is wrong."""
        super().__init__(f"store.toml: {problem}. Nothing was changed; correct the file.")


class EngineMissingError(UnavailableError):
    """store.toml names an engine whose libraries are not installed here. Nothing was changed."""

    code = "store.engine_missing"

    def __init__(self, engine: str) -> None:
        """Say what to install."""
        super().__init__(
            f"store.toml: the case data lie in {engine}, and what this node needs to speak to it "
            f"is not installed; install corridor[{engine}], then repeat. Nothing was changed."
        )


class EngineUnreachableError(UnavailableError):
    """The engine that holds the case data does not answer, or stopped in the middle.

    Nothing was imported or erased; of a count nothing left this node.
    """

    code = "store.engine_unreachable"

    def __init__(self, engine: str, kind: str) -> None:
        """Name the engine, and what kind of failure its library told."""
        super().__init__(
            f"{engine}: does not answer, or stopped in the middle ({kind}). The data held before "
            f"are as they were, and the node goes on once it answers; see that {engine} runs and "
            "that store.toml leads to it, then repeat."
        )


class EngineRefusedError(UnavailableError):
    """The engine that holds the case data answered that it will not, or cannot.

    Nothing was imported or erased; of a count nothing left this node.
    """

    code = "store.engine_refused"

    def __init__(self, engine: str, kind: str) -> None:
        """Name the engine, and what kind of refusal its library told."""
        super().__init__(
            f"{engine}: refused ({kind}). The data held before are as they were; the server's own "
            "log says more. Look at its disk, and at the rights of this node's account in the "
            "schema that store.toml names, then repeat."
        )


class TablesDamagedError(DamagedError):
    """A table in another engine is not there, or is not as this node wrote it."""

    code = "store.tables_damaged"

    def __init__(self, edition: str, table: str) -> None:
        """Name edition and table."""
        super().__init__(
            f"edition {edition}: the table {table} is not where store.toml leads, or not as this "
            "node wrote it. It was left as it is, and nothing was counted. Put the tables back "
            "from the database's backup, or import the case files again with --replace."
        )


class NotErasedError(UnavailableError):
    """Tables of an edition that is not current any more still stand in another engine."""

    code = "store.not_erased"

    def __init__(self, edition: str, engine: str) -> None:
        """Name edition and engine."""
        super().__init__(
            f"{engine}: tables of edition {edition} still stand there, though the edition is not "
            "current any more; the engine was not to be reached when they were to be erased. It is "
            "tried again at every import and start of the node; see that it answers."
        )
