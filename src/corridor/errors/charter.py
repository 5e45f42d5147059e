"""Errors of charters, their signatures and their succession, and of member cards."""

from corridor.errors import InvalidInputError, RefusedError


class MalformedCharterError(InvalidInputError):
    """A charter does not say what a charter must say. Nothing was proposed, signed or accepted."""

    code = "charter.malformed"

    def __init__(
        self, message: str, *, field: str = "", range_: tuple[int, int] | None = None
    ) -> None:
        """Say what is wrong, and for forms: in which field, and between what it must lie."""
        super().__init__(message)
        self.field = field
        self.range = range_


class MalformedCardError(InvalidInputError):
    """A member's card, or a fingerprint that somebody typed, cannot be read. Nothing was kept."""

    code = "card.malformed"


class CharterNotInForceError(RefusedError):
    """A charter lacks a signature, or has one that is not the member's. It was not accepted."""

    code = "charter.not_in_force"


class CharterSuccessionError(RefusedError):
    """A charter does not follow the one accepted before. The earlier one stays accepted."""

    code = "charter.succession"


class FalseSuccessionError(RefusedError):
    """A member's keys do not follow one another as a charter says. Nothing was accepted."""

    code = "charter.false_succession"

    def __init__(self, country: str) -> None:
        """Name the member."""
        super().__init__(
            f"the keys of {country}: a statement that one of them follows another is not signed by "
            "both. Nothing was accepted. Tell that authority and the coordinator; it makes the "
            "statement with `corridor node rotate --card`."
        )


class UnconfirmedMemberError(RefusedError):
    """A member's keys were not confirmed from outside the coordinator. Nothing was accepted."""

    code = "charter.unconfirmed_member"


class NotAMemberError(RefusedError):
    """A country is not among the members of the charter. Nothing was changed."""

    code = "charter.not_a_member"


class NoSuchCountryError(InvalidInputError):
    """A country is named that is none, so that no charter could list it. Nothing was made."""

    code = "charter.no_such_country"

    def __init__(self, country: str) -> None:
        """Name what was given."""
        super().__init__(
            f"{country}: is no country of ISO 3166-1, so no charter can list a node of it; nothing "
            "was made. Give the alpha-2 code of the authority's country, such as MD."
        )
