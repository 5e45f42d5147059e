"""Errors of the node's console, the web pages for an authority's own staff."""

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)


class OpenListenError(InvalidInputError):
    """The console was to listen beyond this machine without TLS. Nothing was started."""

    code = "console.open_listen"

    def __init__(self, address: str) -> None:
        """Name the address and the way."""
        super().__init__(
            f"--listen {address}: reaches beyond this machine, so passwords would cross the "
            "network in clear; nothing was started. Give --tls-cert and --tls-key, or listen on "
            "127.0.0.1."
        )


class BadListenError(InvalidInputError):
    """The console's address or certificate cannot be used. Nothing was started."""

    code = "console.bad_listen"


class ConsoleCannotListenError(UnavailableError):
    """The console's address is taken or not there. Nothing was started."""

    code = "console.cannot_listen"

    def __init__(self, address: str, reason: str) -> None:
        """Name the address and what the system said."""
        super().__init__(
            f"--listen {address}: {reason}. Nothing was started; name another port, or end the "
            "console that runs already."
        )


class ConsoleRunsError(RefusedError):
    """Another console of this home runs already. Nothing was started."""

    code = "console.runs_already"

    def __init__(self) -> None:
        """Say why two would be wrong."""
        super().__init__(
            "a console of this node runs already, and two would sweep away each other's uploads; "
            "nothing was started."
        )


class UploadsLeftError(DamagedError):
    """Case files given to a console lie in clear, and none runs. Nothing was removed."""

    code = "console.uploads_left"

    def __init__(self) -> None:
        """Say what removes them."""
        super().__init__(
            "uploads/: case files lie there in clear, which a console left when it was killed. "
            "`corridor node serve` removes them within the hour, and `corridor node console` when "
            "it starts. Nothing was removed."
        )


class BadFormError(InvalidInputError):
    """A field of a form is missing or cannot be used. Nothing was changed."""

    code = "console.bad_form"

    def __init__(self, field: str, problem: str) -> None:
        """Name the field."""
        super().__init__(f"{field}: {problem}; nothing was changed. Correct it and send it again.")


class ImportRunsError(RefusedError):
    """An import runs already. What was uploaded was removed again."""

    code = "console.import_runs"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "an import runs already; what you sent was removed again, and nothing was imported. "
            "Wait until it has ended."
        )


class ImportRefusedError(RefusedError):
    """The importer refused the files; `code` and words are its own. Nothing was imported."""

    code = "console.import_refused"

    def __init__(self, code: str, message: str) -> None:
        """Take over the importer's code and words."""
        super().__init__(message)
        self.code = code


class NothingAskedError(RefusedError):
    """No files wait for somebody to say what their columns mean. Nothing was imported."""

    code = "console.nothing_asked"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "no files wait for somebody to say what their columns mean: they were imported or "
            "given up, or the console was started anew. Nothing was imported. Choose the files "
            "again."
        )


class ColumnsMovedError(RefusedError):
    """A form answers for other files than those that wait. Nothing was kept or imported."""

    code = "console.columns_moved"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "what columns mean was said of other files, or of another look at these, than those "
            "that wait now; nothing was kept, imported or removed. Say it of the columns that are "
            "shown here."
        )


class FilesWaitedError(RefusedError):
    """Nobody said in time what the columns of files mean. They were removed, and not imported."""

    code = "console.files_waited"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "nobody said for hours what the columns of the files mean, and case files do not lie "
            "in clear for longer; they were removed, and nothing was imported. Choose them again."
        )


class ImportDiedError(UnavailableError):
    """The process of an import ended without a word. The data held before are as they were."""

    code = "console.import_died"

    def __init__(self) -> None:
        """Say what may be behind it."""
        super().__init__(
            "the process that read the files ended before it was done, perhaps for want of memory; "
            "the uploaded files were removed. The data held before are as they were, or the new "
            "edition is current: the page shows which. Try again, or import on the node's machine."
        )


class NoSuchReportError(NotFoundError):
    """There is no such report of an import."""

    code = "console.no_such_report"

    def __init__(self) -> None:
        """Say where they are."""
        super().__init__(
            "there is no such report; it may have been removed. Reports lie in the folder "
            "`imports` of the node."
        )


class PolicyMovedError(RefusedError):
    """The policy file changed while it was edited. Nothing was saved."""

    code = "console.policy_moved"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "policy.toml was changed by somebody else while you edited it; nothing was saved. Look "
            "at the newer file, and put your change into that."
        )


class OfferMovedError(RefusedError):
    """Another charter is offered than the one that was looked at. Nothing was signed."""

    code = "console.offer_moved"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the coordinator now offers another charter than the one you looked at; nothing was "
            "signed. Look at it again."
        )


class BooksOpeningError(UnavailableError):
    """Ledger and journal are still being verified. Nothing was done."""

    code = "console.books_opening"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "ledger and journal are being opened, and every signature in them is verified; nothing "
            "was done. Look again in a moment."
        )
