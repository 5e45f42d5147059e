"""Errors of what every page passes: forms, the names a site answers for, how much is sent.

Their codes are of the time when a node's console was the only site: codes are never renamed.
"""

from corridor.errors import InvalidInputError, RefusedError


class ForgedFormError(RefusedError):
    """A form did not come from a page of this site, or its session is over. Nothing was done."""

    code = "console.forged_form"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "this form was not sent by a page of this site, or you were signed out meanwhile; "
            "nothing was done. Load the page again and repeat it."
        )


class WrongHostError(RefusedError):
    """The request names a host that this site does not answer for. Nothing was done."""

    code = "console.wrong_host"

    def __init__(self) -> None:
        """Say what stops and how to allow a name."""
        super().__init__(
            "this site does not answer under that name; nothing was done. Use the address that was "
            "printed when it was started, or start it with --host NAME."
        )


class BadFieldError(InvalidInputError):
    """A field of a form cannot be used. Nothing was changed."""

    code = "pages.bad_field"

    def __init__(self, field: str) -> None:
        """Name the field, never what stood in it."""
        self.field = field
        super().__init__(
            f'the field "{field}" cannot be used as it is; nothing was changed. Correct it and '
            "send the form again."
        )


class SentTooLongError(InvalidInputError):
    """What was sent is longer than this form may be. Nothing was kept."""

    code = "console.too_large"

    def __init__(self, most: int) -> None:
        """Say how much may be."""
        super().__init__(
            f"what was sent is longer than {most:,} bytes; nothing was kept. Send less at "
            "once; a node reads large files with `corridor node import FILE…`.".replace(",", " ")
        )
