"""What would help where too few nodes took part: by what each of them said.

Waiting helps against silence and lost streams. It does not help against an authority's own no: a
policy that refuses today refuses tomorrow, and what a person denied is not put to them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from corridor.errors.ledger import AllowanceSpentError, ShareSpentError
from corridor.errors.policy import DeniedError, PolicyRefusesError, WaitingForApprovalError
from corridor.errors.region import StreamLostError
from corridor.ids import CountryCode

LONGEST_REASON = 160
"""Of an authority's own words, which reach the analyst's screen."""

_REFUSED = (
    "{who}: the policy there refuses this question as it is, and will again. Ask a coarser one or "
    "a cheaper one (a smaller ρ), or speak with that authority."
)
_DENIED = (
    "{who}: a person there denied it. It is not put to them again as it is; speak with that "
    "authority, or ask another question."
)
_SPENT = (
    "{who}: the allowance there does not pay for it. Ask with a smaller ρ, or when the next year's "
    "allowance has begun."
)
_UNAPPROVED = (
    "{who}: people there have to approve it first. Ask again, and let it wait for them longer."
)
_ADVICE: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({PolicyRefusesError.code}), _REFUSED),
    (frozenset({DeniedError.code}), _DENIED),
    (frozenset({AllowanceSpentError.code, ShareSpentError.code}), _SPENT),
    (frozenset({WaitingForApprovalError.code}), _UNAPPROVED),
    (frozenset({"", StreamLostError.code}), "{who}: ask again when more nodes are there."),
)
_OTHER = (
    "{who}: something has to be mended there first; the people of that authority find in their "
    "journal what, and in the handbook how. Ask again then."
)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a node took no part, or no more.

    Attributes:
        code: of its refusal, or of what it did wrong; empty where it only kept silent.
        words: the authority's own words, where its policy refuses; else empty.
    """

    code: str
    words: str = ""

    def __str__(self) -> str:
        """The code, and the words in quotes."""
        return f"{self.code}: “{self.words}”" if self.words else self.code


def told_reason(code: str, message: str) -> str:
    """What the asker may read of a node's refusal: its policy's reason, which is meant for them.

    Other messages of a node speak of its machine, for its own operators.
    """
    if code != PolicyRefusesError.code:
        return ""
    words = "".join(letter if letter.isprintable() else " " for letter in message)
    words = words.partition("; nothing was reserved")[0].partition(", so it is refused")[0]
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"


def remedies(dropped: Mapping[CountryCode, str], silent: frozenset[CountryCode]) -> str:
    """What would help, for each kind of reason; `dropped` are codes by country."""
    codes = {**dict.fromkeys(silent, ""), **dropped}
    advice, told = [], set[CountryCode]()
    for kinds, words in (*_ADVICE, (frozenset(codes.values()), _OTHER)):
        who = sorted(c for c, code in codes.items() if code in kinds and c not in told)
        told.update(who)
        if who:
            advice.append(words.format(who=", ".join(who)))
    return " ".join(advice)
