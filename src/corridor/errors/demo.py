"""Errors of the demo."""

from corridor.errors import RefusedError, UnavailableError


class ProcessDiedError(UnavailableError):
    """A party of the demo ended unasked. Everything else was stopped."""

    code = "demo.process_died"

    def __init__(self, name: str, last_words: str) -> None:
        """Name the process and show the end of its log."""
        super().__init__(f"{name} ended by itself; the demo was stopped. It said:\n{last_words}")


class DemoTimeoutError(UnavailableError):
    """The region did not come together in time. Everything was stopped."""

    code = "demo.timeout"

    def __init__(self, waiting_for: str) -> None:
        """Say what was waited for."""
        super().__init__(
            f"waited too long for {waiting_for}; the demo was stopped. Is the machine very busy? "
            "Try again with fewer people: corridor demo --people 200"
        )


class FolderTakenError(RefusedError):
    """The demo's folder is not empty. Nothing was changed."""

    code = "demo.folder_taken"

    def __init__(self, folder: str) -> None:
        """Name the folder."""
        super().__init__(
            f"{folder}: is not empty; name another with --out, or remove it. Nothing was changed."
        )


class TooFewCountriesError(RefusedError):
    """A region needs three countries at least, and the demo knows twelve. Nothing was started."""

    code = "demo.countries"

    def __init__(self, asked: int, most: int) -> None:
        """Say how many are possible."""
        super().__init__(f"--countries {asked}: a demo region has 4 to {most} countries")


class QuestionFailedError(UnavailableError):
    """A question of the demo was not answered. Everything was stopped."""

    code = "demo.question_failed"

    def __init__(self, title: str, reason: str) -> None:
        """Name the question and why it failed."""
        super().__init__(f"{title}: not answered, and the demo was stopped. {reason}")
