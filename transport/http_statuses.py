"""Which HTTP status a refusal has, by the root of its error: the same for every web edge.

403 not allowed    404 no such thing    409 declined    422 cannot be used    503 not now
"""

from corridor.errors import (
    CorridorError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)

Statuses = tuple[tuple[type[CorridorError], int], ...]
"""Errors and their statuses; the first that an error is one of counts."""

OF_ROOTS: Statuses = (
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (RefusedError, 409),
    (InvalidInputError, 422),
    (UnavailableError, 503),
    (CorridorError, 500),
)


def status_by(statuses: Statuses, error: CorridorError) -> int:
    """The status that these give to an error; an edge's own come before `OF_ROOTS`."""
    return next(status for kind, status in statuses if isinstance(error, kind))
