"""Who sees what of a question, beside what was asked and what came of it.

    why it was asked, who took it back     who asked it, and who publishes
    codes of members' refusals             who asked it, and who runs the region

A question is one's own if one's organisation asked it; without an organisation, if one did oneself.
Everybody else sees the question, its state and its answer, and what each authority did in words.
A member's code can speak of its machine, and a purpose of a case that is still being looked into:
whoever asks something else needs neither. They are no secret: both stand in receipts or in what
members hear.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.tokens import TokenHolder

DROPPED_OUT = " Dropped out: "
NOT_DEBITED = " No node had debited anything yet; reservations are released."
STAYS_DEBITED = " What was debited stays debited."
SAYS_IT_STAYS = "debited stays"
"""In the message of a failure: before members with their codes, and after (`rounds.describe`)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at questions.

    Attributes:
        sees_askers: why others asked, and who took their questions back.
        sees_codes: members' codes in others' questions.
    """

    holder: TokenHolder
    sees_askers: bool = False
    sees_codes: bool = False

    def sees_asker_of(self, organisation: str, asked_by: str) -> bool:
        """Whether they see why this one asked."""
        return self.sees_askers or is_own(organisation, asked_by, self.holder)

    def sees_codes_of(self, organisation: str, asked_by: str) -> bool:
        """Whether they see what members' nodes said to this one's question."""
        return self.sees_codes or is_own(organisation, asked_by, self.holder)


def reader_with(holder: TokenHolder) -> Reader:
    """Whoever asks with a token: one that drafts publications sees what would become public."""
    publishes = TokenScope.PUBLISH in holder.scopes
    return Reader(holder, sees_askers=publishes, sees_codes=publishes)


def is_own(organisation: str, asked_by: str, holder: TokenHolder) -> bool:
    """Whether a question is the holder's."""
    if organisation != holder.organisation:
        return False
    return bool(organisation) or asked_by == holder.name


def without_codes(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Why there is no answer, and what helps; not what each member said."""
    happened, dropped, rest = str(failure["message"]).partition(DROPPED_OUT)
    if not dropped:
        return dict(failure)
    # The last of them is ours, a member's own words stand before; there is none where what
    # happened says it already.
    ours = max((NOT_DEBITED, STAYS_DEBITED), key=rest.rfind)
    if ours not in rest or SAYS_IT_STAYS in happened:
        return {**failure, "message": happened}
    return {**failure, "message": happened + rest[rest.rfind(ours) :]}
