"""The one error tree. Every error that a user, a peer or a log can meet has a stable code.

    CorridorError
    ├── InvalidInputError      what came from outside is not what it must be
    │   └── WrongUsageError    a command was given too few words, or words that do not fit
    ├── RefusedError           understood, and declined
    │   └── NotAllowedError    the asker has no right to it
    ├── NotFoundError          nothing goes by that name
    ├── UnavailableError       cannot be had now; the same request may succeed later
    └── DamagedError           something of our own is not as we left it

The leaves stand beside this file, one module per subject. A code is part of the public
interface: it is never reused and never renamed, and each class has one of its own.
The message says what happened, where, and what to do, in that order.
"""


class CorridorError(Exception):
    """Root of everything that Corridor raises on purpose.

    Attributes:
        code: stable, dotted, lower case; travels over the wire and into the journal.
    """

    code: str = "corridor"


class InvalidInputError(CorridorError):
    """What came from outside is not what it must be. Nothing was changed."""

    code = "input.invalid"


class WrongUsageError(InvalidInputError):
    """A command was given too few words, or words that do not fit each other. Nothing was done.

    The command line ends with exit code 2, as it does for every other wrong usage.
    """

    code = "cli.wrong_usage"


class RefusedError(CorridorError):
    """The request was understood and is declined. The subclass says what state is left."""

    code = "refused"


class NotAllowedError(RefusedError):
    """The asker has no right to this. Nothing was changed."""

    code = "refused.not_allowed"


class NotFoundError(CorridorError):
    """Nothing goes by the name that was given. Nothing was changed."""

    code = "not_found"


class UnavailableError(CorridorError):
    """It cannot be had now; the same request may succeed later. Nothing was changed."""

    code = "unavailable"


class DamagedError(CorridorError):
    """A file or store of our own is not as we left it. It was left as it is, for inspection."""

    code = "damaged"
