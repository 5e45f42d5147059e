"""Errors of comparing what was released, and of reports that are filled from it.

Nothing was spent in any of these cases, and every release is as it was.
"""

from collections.abc import Collection, Sequence

from corridor.errors import InvalidInputError, NotFoundError

_AS_IT_WAS = "Nothing was spent; the release is as it was."


class ComparisonError(InvalidInputError):
    """Cells were named that a release does not have, or that cannot be compared."""

    code = "comparison.does_not_fit"

    def __init__(self, wanted: str, remedy: str) -> None:
        """Say what does not fit and what would."""
        super().__init__(f"{wanted} cannot be compared; {remedy}. {_AS_IT_WAS}")


class UnknownReportError(NotFoundError):
    """No ready-made report goes by that name. Nothing was spent."""

    code = "report.unknown"

    def __init__(self, name: str, near: Sequence[str], known: Collection[str]) -> None:
        """Say which come near, or which there are."""
        remedy = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}."
        super().__init__(f"there is no report {name[:60]!r}; {remedy} Nothing was spent.")


class ReportDoesNotFitError(InvalidInputError):
    """A release does not hold what a report is filled from."""

    code = "report.other_release"

    def __init__(self, report: str, problem: str, remedy: str) -> None:
        """Say what is missing and how it is had."""
        super().__init__(f"report {report}: {problem}; {remedy}. {_AS_IT_WAS}")


class PopulationError(InvalidInputError):
    """A population for rates is written wrongly, or of nobody that the report tells apart."""

    code = "report.bad_population"

    def __init__(self, problem: str, remedy: str) -> None:
        """Say what is wrong and how it is written."""
        super().__init__(f"{problem}; {remedy}. {_AS_IT_WAS}")


class ReportFormError(NotFoundError):
    """A report is asked for in a form of file that there is not."""

    code = "report.unknown_form"

    def __init__(self, form: str, known: Collection[str]) -> None:
        """Say which forms there are."""
        super().__init__(
            f"there is no form {form[:40]!r} of a report; its forms are {', '.join(known)}. "
            f"{_AS_IT_WAS}"
        )
