"""Errors of publications and boards: what staff shows to everybody, or to each other."""

from corridor.errors import InvalidInputError, NotAllowedError, NotFoundError, RefusedError


class UnknownPublicationError(NotFoundError):
    """Nothing is published under this address, or not yet; which of the two is not told."""

    code = "publication.unknown"

    def __init__(self) -> None:
        """Say the same of what is not there and of what is not to be seen yet."""
        super().__init__(
            "nothing is published under this address; look in the list of publications (/public)"
        )


class MalformedPublicationError(InvalidInputError):
    """A field of a draft cannot be used. Nothing was kept."""

    code = "publication.malformed"

    def __init__(self, field: str, problem: str) -> None:
        """Name the field, never what stands in it."""
        super().__init__(f"{field}: {problem}. Nothing was kept; correct it and save again.")
        self.field = field


class NotAPublisherError(NotAllowedError):
    """Only a coordinator may do this, and for most steps a person. Nothing was changed."""

    code = "publication.not_allowed"

    def __init__(self) -> None:
        """Say who may."""
        super().__init__(
            "publications are written by people with the role coordinator and by tokens with the "
            "scope publish; reviewed, scheduled and withdrawn by people alone. Nothing was changed."
        )


class FourEyesError(NotAllowedError):
    """Two people have to see what is published; this is one of them a second time.

    Nothing was changed.
    """

    code = "publication.four_eyes"

    def __init__(self, step: str) -> None:
        """Say who may take the step, and what to do where there is nobody."""
        super().__init__(
            f"{step}: another coordinator has to do this than the one who did the step before; "
            "nothing was changed. Where there is no other, an administrator gives a second person "
            "the role coordinator."
        )


class PerhapsOnePersonError(NotAllowedError):
    """Two accounts that may be one person's are to be the two who see what is published.

    Nothing was changed.
    """

    code = "publication.perhaps_one_person"

    def __init__(self, step: str) -> None:
        """Say of which accounts nobody knows, and who can say it."""
        super().__init__(
            f"{step}: you and the one who did the step before have accounts of two kinds, one of "
            "this site and one of an identity provider, and nobody has said that you are two "
            "people; nothing was changed. An administrator says so on the page People, or another "
            "coordinator does this."
        )


class WrongStepError(RefusedError):
    """The publication is not in the state that this step begins in. Nothing was changed."""

    code = "publication.wrong_step"

    def __init__(self, step: str, state: str) -> None:
        """Name the step and the state."""
        super().__init__(
            f"{step}: the publication is {state} now, so this cannot be done; nothing was changed. "
            "Open its page again and see what can."
        )


class PublicationChangedError(RefusedError):
    """Somebody else changed the publication meanwhile. Nothing was changed."""

    code = "publication.changed"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "somebody changed this publication since you opened it; nothing was changed. Open it "
            "again, look at what is new, and repeat your step."
        )


class UnknownBoardError(NotFoundError):
    """No board has this id. Nothing was changed."""

    code = "board.unknown"

    def __init__(self) -> None:
        """Say where they are listed."""
        super().__init__("no board has this id; the page Boards lists those there are")


class MalformedBoardError(InvalidInputError):
    """A board, or a plan for one, cannot be made like this. Nothing was kept."""

    code = "board.malformed"

    def __init__(self, problem: str) -> None:
        """Say what is wrong."""
        super().__init__(f"{problem}. Nothing was kept.")


class BoardOfOthersError(NotAllowedError):
    """Only who made a board, or a coordinator, changes it. Nothing was changed."""

    code = "board.of_others"

    def __init__(self) -> None:
        """Say who may."""
        super().__init__(
            "a board is changed by who made it, or by a coordinator; nothing was changed. Make one "
            "of your own with the same tables."
        )
