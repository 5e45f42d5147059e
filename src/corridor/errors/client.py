"""Errors of a client of the REST API."""

from corridor.errors import (
    CorridorError,
    DamagedError,
    InvalidInputError,
    RefusedError,
    UnavailableError,
)


class BadAddressError(InvalidInputError):
    """The coordinator's address cannot be used. Nothing was sent."""

    code = "client.bad_address"


class NotLoggedInError(InvalidInputError):
    """There are no credentials for a coordinator. Nothing was sent."""

    code = "client.not_logged_in"

    def __init__(self) -> None:
        """Say which command comes first."""
        super().__init__(
            "no coordinator is known yet; run `corridor login URL` with the address and the "
            "token that the coordinator's staff gave you"
        )


class DamagedCredentialsError(DamagedError):
    """The file of credentials is not what `corridor login` writes. It was left as it is."""

    code = "client.damaged_credentials"

    def __init__(self, path: str) -> None:
        """Name the file and the remedy."""
        super().__init__(f"{path}: is not what `corridor login` writes; log in again")


class CoordinatorSilentError(UnavailableError):
    """The coordinator did not answer. What it received before that stands."""

    code = "client.coordinator_silent"

    def __init__(self, url: str, reason: str) -> None:
        """Name the address and the reason."""
        tls = "If it serves TLS, write https:// there. " if url.startswith("http://") else ""
        super().__init__(
            f"{url}: no answer ({reason}). {tls}Check the address and the network; a question that "
            "was asked already goes on, and `corridor results` shows it later."
        )


class RemoteAnswerError(UnavailableError):
    """What answered does not speak Corridor's API. Nothing is known of the request's effect."""

    code = "client.strange_answer"

    def __init__(self, where: str) -> None:
        """Name the place."""
        super().__init__(
            f"{where}: the answer is not one of Corridor's; is this the coordinator's address "
            "(https:// where it serves TLS), and of the same version?"
        )


class RemoteRefusalError(CorridorError):
    """The coordinator refused; `code` and message are its own."""

    code = "client.refused"

    def __init__(self, code: str, message: str) -> None:
        """Take over the coordinator's code and words."""
        super().__init__(message)
        self.code = code


class QuestionFailedError(RefusedError):
    """A question that was asked got no answer. What was debited on the way stays debited."""

    code = "client.question_failed"

    def __init__(self, question: str, failure: str, words: str) -> None:
        """Take over the failure's code and words; `failure` is the code, for programs."""
        self.failure = failure
        super().__init__(f"question {question}: {words} ({failure})")


class StillOpenError(UnavailableError):
    """A question is not answered yet. It goes on."""

    code = "client.still_open"

    def __init__(self, question: str, state: str) -> None:
        """Say how one comes back to it."""
        super().__init__(
            f"question {question} is {state} still and goes on by itself; look again later with "
            f"region.question({question!r})"
        )


class MissingLibraryError(UnavailableError):
    """A library that this needs is not installed. Nothing was done."""

    code = "client.missing_library"

    def __init__(self, name: str) -> None:
        """Say how to get it."""
        super().__init__(
            f"this needs {name}, which is not installed; run: pip install 'corridor[notebook]'"
        )


class SeveralTablesError(InvalidInputError):
    """A release has another number of tables than one. Nothing was done."""

    code = "client.several_tables"

    def __init__(self, count: int) -> None:
        """Say where they are."""
        super().__init__(f"this release has {count} tables; take one of release.tables")


class OtherCatalogueError(UnavailableError):
    """The region speaks another edition of the data standard than this client. Nothing was sent."""

    code = "client.other_catalogue"

    def __init__(self, here: str, there: str) -> None:
        """Name both."""
        super().__init__(
            f"the region's domains are of edition {there}, and this client's of {here}; install "
            "the client of the coordinator's version. Questions by SQL and indicators work as well"
        )
