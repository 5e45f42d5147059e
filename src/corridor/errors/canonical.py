"""Errors of canonical forms and identifiers."""

from corridor.errors import InvalidInputError


class MalformedIdError(InvalidInputError):
    """A text that should identify something does not have the form of such an identifier."""

    code = "input.malformed_id"


class NotCanonicalError(InvalidInputError):
    """Bytes that must be in canonical form are not. Nothing was read from them."""

    code = "input.not_canonical"
