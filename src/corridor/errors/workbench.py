"""Errors of the workbench's forms."""

from corridor.errors import InvalidInputError


class PurposeMissingError(InvalidInputError):
    """A question was to be asked without saying why. Nothing was spent."""

    code = "workbench.no_purpose"

    def __init__(self) -> None:
        """Say who reads it."""
        super().__init__(
            "the question does not say why it is asked; write the purpose, which the people who "
            "approve questions see. Nothing was spent."
        )
