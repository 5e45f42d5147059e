"""Errors of figures of single countries."""

from collections.abc import Iterable

from corridor.errors import RefusedError


class NoCountryAnsweredError(RefusedError):
    """No country gave a figure of its own. What a node debited stays debited.

    Attributes:
        missing: who was asked and did not answer.
    """

    code = "figures.nobody_answered"

    def __init__(self, missing: Iterable[str] = ()) -> None:
        """Say why that can be."""
        self.missing = tuple(sorted(missing))
        super().__init__(
            "no country gave a figure of its own: each authority decides that for itself, and "
            "refuses unless its policy.toml allows the scope per-country. Ask for the region's "
            "figure, or ask the authorities."
        )
