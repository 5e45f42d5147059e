"""The journal as it is shown: a question that waits for people is told once.

The coordinator proposes it again and again, each time as another attempt, and each time the journal
has two entries more. They stay in the chain and in every export; a page or a command shows the
first two, with how often the question came again and when last.
"""

from collections.abc import Iterable
from dataclasses import replace

from corridor.errors.policy import WaitingForApprovalError
from corridor.node.journal import JournalRow

ASKED = ("question", "plan", "charter", "rho", "scope", "organisation", "purpose")
"""What two proposals have in common that are the same to whoever decides on them."""


def folded(rows: Iterable[JournalRow]) -> list[JournalRow]:
    """The rows to show, in their order; those that were folded leave a gap in the numbers."""
    rows = list(rows)
    waited = {
        row.session
        for row in rows
        if row.kind == "refused" and row.details.get("code") == WaitingForApprovalError.code
    }
    firsts: dict[tuple[str, ...], int] = {}
    again: dict[int, list[JournalRow]] = {}
    hidden: set[str] = set()
    for row in rows:
        if row.kind == "proposed":
            asked = tuple(str(row.details.get(name, "")) for name in ASKED)
            if row.session not in waited:
                firsts.pop(asked, None)  # it was decided; what waits later is told anew
            elif asked in firsts:
                again[firsts[asked]].append(row)
                hidden.add(row.session)
            else:
                firsts[asked] = row.number
                again[row.number] = []
    return [
        _with_repeats(row, again.get(row.number, []))
        for row in rows
        if not (row.session in hidden and row.kind in {"proposed", "refused"})
    ]


def _with_repeats(row: JournalRow, again: list[JournalRow]) -> JournalRow:
    if not again:
        return row
    repeats = {
        "came_again": len(again),
        "last": again[-1].at.isoformat(timespec="seconds"),
    }
    return replace(row, details={**row.details, **repeats})
