"""What a token lets its holder do."""

from enum import StrEnum

from corridor.errors.region import MalformedRequestError


class TokenScope(StrEnum):
    """One thing that a token may allow.

    READ looks: region, members, indicators, forecasts, questions, releases, receipts.
    ASK asks questions and series, and cancels its own. It spends the members' allowances.
    PUBLISH drafts publications and reads all drafts; people review and publish them.
    """

    READ = "read"
    ASK = "ask"
    PUBLISH = "publish"


USUAL = frozenset({TokenScope.READ, TokenScope.ASK})
"""What a token allows where nobody says which."""


def parse_scopes(text: str) -> frozenset[TokenScope]:
    """Scopes as people write them, blanks or commas between.

    Raises:
        MalformedRequestError: one is no scope, or there is none.
    """
    words = text.replace(",", " ").split()
    unknown = [word for word in words if word not in set(TokenScope)]
    if unknown or not words:
        named = f"{unknown[0][:40]!r} is no scope" if unknown else "no scope was named"
        raise MalformedRequestError(
            f"{named}; a token has some of {', '.join(TokenScope)}. Nothing was issued."
        )
    return frozenset(map(TokenScope, words))


def scopes_text(scopes: frozenset[TokenScope]) -> str:
    """Scopes as they are kept and shown: in their order, a blank between."""
    return " ".join(scope for scope in TokenScope if scope in scopes)
