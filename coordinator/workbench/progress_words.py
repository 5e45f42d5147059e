"""Where a question stands and what each member did, in every language of the workbench."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from corridor.coordinator.attempts import NotInvited, State
from corridor.coordinator.question_desk import CANCELLED
from corridor.errors.ledger import AllowanceSpentError, ShareSpentError
from corridor.errors.policy import DeniedError, PolicyRefusesError, WaitingForApprovalError
from corridor.errors.region import StreamLostError
from corridor.ids import CountryCode
from corridor.pages.languages import gettext, ngettext
from corridor.pages.languages import lazy_gettext as _l
from corridor.transport.messages import Round

STATES: Final[Mapping[str, tuple[str, Any]]] = {
    State.QUEUED.value: ("wait", _l("stands in line")),
    State.RUNNING.value: ("wait", _l("is being answered")),
    State.WAITING.value: ("wait", _l("waits for people's approval")),
    State.RELEASED.value: ("right", _l("answered")),
    State.FAILED.value: ("wrong", _l("no answer")),
    CANCELLED: ("wait", _l("taken back")),
}
"""By state a kind for the eye, and words."""

ROUNDS: Final[Mapping[str, Any]] = {
    Round.PROPOSE.value: _l("the authorities are asked whether they take part"),
    Round.SHARE.value: _l("they exchange the keys that hide each one's figures"),
    Round.OPENED.value: _l("they confirm what they received of each other"),
    Round.MASKED_INPUT.value: _l("each pays, and sends its hidden figures"),
    Round.CONSISTENCY.value: _l("they agree on who is in the sum"),
    Round.UNMASK.value: _l("they let the sum, and nothing else, be seen"),
    Round.FIGURE.value: _l("each pays, and sends its own figure with its own noise"),
}

NOT_INVITED: Final[Mapping[str, Any]] = {
    NotInvited.AWAY.value: _l("was not connected"),
    NotInvited.OTHER_CHARTER.value: _l("has not accepted this charter"),
    NotInvited.NO_DATA.value: _l("has imported no data"),
    NotInvited.NOT_WITNESSED.value: _l("waits until others confirm its ledger"),
    NotInvited.HELD_OUT.value: _l("is held out: it is proven to have lied"),
    NotInvited.NOT_IN_SERIES.value: _l("was not in the series' first release"),
}

REFUSED: Final[Mapping[str, Any]] = {
    PolicyRefusesError.code: _l("its policy refuses this question"),
    DeniedError.code: _l("a person there denied it"),
    AllowanceSpentError.code: _l("its allowance does not pay for it"),
    ShareSpentError.code: _l("its allowance for this asker does not pay for it"),
    WaitingForApprovalError.code: _l("waits for people's approval there"),
    StreamLostError.code: _l("its connection broke"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What one member did in an attempt: a kind for the eye, and words.

    Attributes:
        code: of its refusal; empty without one.
    """

    country: CountryCode
    kind: str
    words: str
    code: str = ""


def standing_of(
    member: Mapping[str, Any],
    attempt: Mapping[str, Any],
    *,
    waits: Collection[str],
    answered: Collection[str] | None,
) -> Standing:
    """What a member did, as the attempt's history and the running round tell.

    Args:
        member: of `AttemptHistory`.
        attempt: that it belongs to.
        waits: members whose people are waited for.
        answered: who answered the round that is open; None where none is.
    """
    country, code = CountryCode(member["country"]), str(member["code"] or "")
    if member["proven"]:
        words = gettext("is proven to have lied, and held out from now on")
        return Standing(country, "wrong", words, str(member["proven"]))
    if country in waits or code == WaitingForApprovalError.code:
        return Standing(country, "wait", str(REFUSED[WaitingForApprovalError.code]))
    if (reason := member["not_invited"]) is not None:
        return Standing(country, "wait", str(NOT_INVITED.get(str(reason), reason)))
    if member["left_in"] is not None:
        words = str(REFUSED.get(code) or (gettext("declined") if code else gettext("fell silent")))
        return Standing(country, "wrong", words, code)
    return Standing(country, *_present(country, member, attempt, answered))


def _present(
    country: CountryCode,
    member: Mapping[str, Any],
    attempt: Mapping[str, Any],
    answered: Collection[str] | None,
) -> tuple[str, str]:
    """Of a member that takes part, or took part to the end."""
    if answered is not None:
        if country in answered:
            return "right", gettext("has answered this round")
        return "wait", gettext("is being waited for")
    if attempt["outcome"] in ("released", "reused"):
        return "right", gettext("took part")
    if member["answered"] is not None:
        return "right", gettext("accepted")
    return "wait", gettext("did not answer")


def duration_words(seconds: int) -> str:
    """How long, in seconds or minutes."""
    if seconds < 120:
        return str(ngettext("%(num)s second", "%(num)s seconds", seconds))
    return str(ngettext("%(num)s minute", "%(num)s minutes", seconds // 60))
