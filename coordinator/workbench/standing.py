"""Standing series: what each one waits for, and what somebody can do about it.

/series    all of them, the newest first; those that are under way stand on the first page, too

    due on a day            may be early: who has to take part again and is not ready is named
    in line, being asked    the question's own page follows it
    waits for approval      at whom, and until when
    failed, paid for        people decide: to ask again costs
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, request

from corridor.coordinator.attempts import State
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.question_words import Heading, question_of
from corridor.coordinator.workbench.access import current_reader
from corridor.coordinator.workbench.alert_words import period_words
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import words_of
from corridor.coordinator.workbench.forecasting import why_missing
from corridor.coordinator.workbench.progress_words import STATES
from corridor.errors import NotFoundError
from corridor.pages.access import signed_in
from corridor.pages.languages import lazy_gettext as _l
from corridor.queries.standing import named

ON_A_PAGE = 30
OVER = frozenset({"ended", "complete"})
URGENT = ("wrong", "wait", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A standing series as pages show it.

    Attributes:
        kind: of its state, for the eye.
        next_period: whose answer comes next; empty where none does.
        next_at: when it is due; empty where that is not a matter of time.
        approvers: at whom people have to approve it first, and `until` when it waits for them.
        missing: who has to take part in the next answer and would not now, each with why.
        question: where the last attempt is followed; empty where there was none.
        failed: whether that attempt got no answer; `paid`, after somebody had paid.
        last: id of the newest answer; `last_period`, what it is of.
    """

    id: str
    words: tuple[Heading, ...]
    kind: str
    state: str
    made: int
    periods: int
    next_period: str = ""
    next_at: str = ""
    approvers: tuple[str, ...] = ()
    until: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    question: str = ""
    failed: bool = False
    paid: bool = False
    last: str = ""
    last_period: str = ""

    @property
    def is_over(self) -> bool:
        """Whether no more answers come."""
        return not self.next_period


_STATES: Mapping[str, tuple[str, Any]] = {
    "waiting": ("right", _l("waits for its time")),
    "failed": ("wrong", _l("waits for a decision")),
    "ended": ("right", _l("was ended")),
    "complete": ("right", _l("has all its answers")),
}


def standing_views(desks: Desks) -> Blueprint:
    """/series."""
    views = Blueprint("series", __name__)

    @views.get("/series")
    @signed_in
    def listing() -> str:
        page = Page(ON_A_PAGE + 1, request.args.get("after"))
        found = desks.series.listing(page, current_reader())
        return render_template(
            "series.html",
            rows=[shown(desks, one) for one in found[:ON_A_PAGE]],
            after=found[ON_A_PAGE - 1]["id"] if len(found) > ON_A_PAGE else None,
        )

    return views


def series_under_way(desks: Desks) -> list[Waiting]:
    """Those of the newest series that go on: what needs somebody first, then by their time."""
    listed = desks.series.listing(Page(ON_A_PAGE), current_reader())
    found = [shown(desks, one) for one in listed if one["state"] not in OVER]
    return sorted(found, key=lambda one: (URGENT.index(one.kind), one.next_at))


def shown(desks: Desks, series: Mapping[str, Any]) -> Waiting:
    """A series of the desk, as pages show it."""
    last = (series["releases"] or [{}])[-1]
    kind, state = _STATES.get(series["state"], STATES[State.QUEUED.value])
    found = Waiting(
        id=series["id"],
        words=words_of(desks, series),
        kind=kind,
        state=str(state),
        made=len(series["releases"]),
        periods=series["periods"],
        question=series["question_id"] or "",
        failed=series["failure"] is not None,
        paid=series["state"] == "failed",
        last=str(last.get("release_id", "")),
        last_period=period_words(str(last["named"])) if last else "",
    )
    if series["state"] in OVER or series["next_period"] is None:
        return found
    found = replace(
        found,
        next_period=_period(series),
        next_at=series["next_at"] or "",
        missing=_missing(desks, series),
    )
    if found.missing and found.kind == "right":
        found = replace(found, kind="wait")
    return _asked(desks, found) if series["state"] == "asking" else found


def _asked(desks: Desks, found: Waiting) -> Waiting:
    """With where the question of its next answer stands."""
    with suppress(NotFoundError):
        question = desks.questions.show(found.question, current_reader())
        kind, state = STATES[question["state"]]
        return replace(
            found,
            kind=kind,
            state=str(state),
            approvers=tuple(question["waiting_for"]) if question["waits_until"] else (),
            until=question["waits_until"] or "",
        )
    return found


def _period(series: Mapping[str, Any]) -> str:
    question = question_of(series["question"])
    turn = None if question is None else question.turn
    return "" if turn is None else period_words(named(turn, series["next_period"]))


def _missing(desks: Desks, series: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Who took part in the first answer, has to in all others, and would not be asked now."""
    question = question_of(series["question"])
    if question is None or question.turn is None:
        return ()
    needed = desks.series.members(question.at(replace(question.turn, period=series["next_period"])))
    known = {one["country"]: one for one in desks.region.members()}
    return tuple(
        (str(country), why_missing(known.get(country)))
        for country in sorted(needed or ())
        if country not in known or not known[country]["ready"]
    )
