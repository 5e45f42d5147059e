"""One line on where a question stands: the round, who is missing."""

from collections.abc import Mapping
from typing import Any


def progress_line(question: Mapping[str, Any]) -> str:
    """`masked-input: 3 of 5 nodes answered; waiting for NG, UA`."""
    if question["state"] == "waiting":
        who = ", ".join(question.get("waiting_for") or []) or "a member"
        return (
            f"waiting for {who}: people there have to approve the question; it goes on without "
            f"them after {question.get('waits_until')}"
        )
    if question["state"] != "running":
        return str(question["state"])
    waiting = question.get("waiting_for") or []
    answered = len(question.get("answered") or [])
    line = (
        f"{question.get('round') or 'starting'}: "
        f"{answered} of {answered + len(waiting)} nodes answered"
    )
    return line + (f"; waiting for {', '.join(waiting)}" if waiting else "")
