"""How the coordinator's staff see attempts: a list, and one in detail."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from corridor.cli.figures import minute, with_decimal
from corridor.cli.output import Output

Attempt = Mapping[str, Any]
"""As `coordinator.attempt_history` shows it."""

SESSION_DIGITS = 8
"""So many digits of a session tell it apart in a list."""

TITLE_WIDTH = 44
"""So many characters of what was asked fit into a line of a list."""


def show_attempts(attempts: Sequence[Attempt], out: Output) -> None:
    """One line for each."""
    out.table(
        "Attempts",
        ("=session", "=began (UTC)", "asked for", ">try", "=outcome", "members", ">took"),
        [
            (
                (one["session"] or "none")[:SESSION_DIGITS],
                minute(one["began_at"]),
                shorten(_asked_for(one), TITLE_WIDTH, placeholder=" …"),
                str(one["number"] or ""),
                one["failure"]["code"] if one["failure"] else one["outcome"],
                _summary(one["members"]),
                _took(one),
            )
            for one in attempts
        ],
        note="one in detail: corridor coordinator attempts SESSION"
        if attempts
        else "nothing was attempted yet",
    )


def show_attempt(one: Attempt, out: Output) -> None:
    """Everything that is known of one."""
    for name, value in (
        ("session", one["session"]),
        ("asked for", _asked_for(one)),
        ("question", f"{one['question_digest']} at ρ = {with_decimal(one['rho'])}"),
        ("asked", f"by {one['asked_by']}, {_moment(one['asked_at'])} UTC ({one['question_id']})"),
        ("began", f"{_moment(one['began_at'])} UTC, try {one['number']} at this question"),
        ("took", _took(one)),
        ("outcome", _outcome(one)),
        ("last round", one["round"]),
        ("release", one["release_id"] or "none"),
    ):
        out.say(f"{name:<12} {value}")
    if one["taken_back_by"]:
        out.say(f"taken back   by {one['taken_back_by']}")
    if one["failure"]:
        out.say(f"why          {one['failure']['message']}")
    out.heading("Members")
    for member in one["members"]:
        out.say(f"{member['country']:<12} {_became(member)}")
    if not one["members"]:
        out.say("not recorded: an older version made this attempt, or none could begin")


def _became(member: Mapping[str, Any]) -> str:
    if member["not_invited"]:
        return f"not asked: {member['not_invited']}"
    code = f" [{member['code']}]" if member["code"] else ": no answer before its deadline"
    if member["left_in"] is None:
        words = "took part to the end"
    elif member["left_in"] == "propose" and member["code"]:
        words = f"refused, or could not accept{code}"
    else:
        words = f"dropped out in the round {member['left_in']}{code}"
    if member["answered"]:
        words += f"; answered last in {member['answered']}"
    if member["proven"]:
        words += f"; held out since: its bad shares are proven [{member['proven']}]"
    return words


def _asked_for(one: Attempt) -> str:
    return str(one["title"] or one["question_digest"][:16])


def _outcome(one: Attempt) -> str:
    failure = one["failure"]
    return f"{one['outcome']}: {failure['code']}" if failure else str(one["outcome"])


def _summary(members: Sequence[Mapping[str, Any]]) -> str:
    asked = [one for one in members if not one["not_invited"]]
    lost = [one["country"] for one in asked if one["left_in"]]
    parts = [f"{len(asked) - len(lost)} of {len(members)}"] if members else []
    for words, who in (
        ("lost", lost),
        ("not asked", [one["country"] for one in members if one["not_invited"]]),
        ("lied", [one["country"] for one in members if one["proven"]]),
    ):
        parts += [f"{words} {', '.join(who)}"] if who else []
    return "; ".join(parts)


def _took(one: Attempt) -> str:
    return "" if one["seconds"] is None else f"{one['seconds']} s"


def _moment(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")
