"""One line on where a question stands: the round, who is missing."""

from collections.abc import Mapping
from typing import Any


def state_words(state: str) -> str:
    """The state of a question, for people."""
    return "taken back" if state == "cancelled" else state


def progress_line(question: Mapping[str, Any]) -> str:
    """`masked-input: 3 of 5 nodes answered; waiting for NG, UA`."""
    if question["state"] == "waiting":
        who = ", ".join(question.get("waiting_for") or []) or "a member"
        until = f"people there have to approve the question before {question.get('waits_until')}"
        without = question.get("goes_on_without")
        if without is None:
            return f"waiting for {who}: {until}"
        then = (
            "it goes on without them"
            if without
            else "it fails, since too few others are left, and nothing is spent"
        )
        return f"waiting for {who}: {until}; else {then}"
    if question["state"] != "running":
        return state_words(question["state"])
    waiting = question.get("waiting_for") or []
    answered = len(question.get("answered") or [])
    line = (
        f"{question.get('round') or 'starting'}: "
        f"{answered} of {answered + len(waiting)} nodes answered"
    )
    return line + (f"; waiting for {', '.join(waiting)}" if waiting else "")
