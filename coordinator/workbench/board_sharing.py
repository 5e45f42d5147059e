"""Several questions asked as one that shares one budget: what it saves, told before it is spent.

/boards/together       questions in SQL, or those of the answers that the address names
/boards/together/ask   asks them as one, at exactly the ρ that was shown
/boards/saving         what asking the answers of a board again as one would save, on its page
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.board_desk import MOST_TILES
from corridor.coordinator.pace import Pace
from corridor.coordinator.publication_text import tidy
from corridor.coordinator.question_desk import DEFAULT_ACCURACY, AskRequest
from corridor.coordinator.sharing import (
    Sharing,
    forecast_again,
    forecast_together,
    questions_in,
)
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import sql_of
from corridor.errors import CorridorError, NotFoundError
from corridor.errors.workbench import PurposeMissingError
from corridor.pages.access import for_roles
from corridor.pages.refusals import said, status_of
from corridor.protocols.secure_sum.messages import Scope


def add_sharing(views: Blueprint, desks: Desks, pace: Pace) -> None:
    """Add these pages to those of boards."""

    @views.get("/saving")
    @for_roles(*ASKERS)
    def saving() -> str:
        """What asking the answers of a board again as one would save: a piece of its page."""
        pace.demand(current_asker().name, works=True)
        again = _asked_again(desks, request.args.getlist("release"))
        sharing: Sharing | None = None
        refusal = None
        try:
            sharing = forecast_again(desks.questions, list(again.values()), DEFAULT_ACCURACY)
        except CorridorError as error:
            refusal = error
        return render_template(
            "board_saving.html",
            is_piece=True,
            sharing=sharing,
            releases=list(again),
            accuracy=DEFAULT_ACCURACY,
            refusal=None if refusal is None else said(refusal),
            **_saved(sharing),
        )

    @views.get("/together")
    @for_roles(*ASKERS)
    def plan() -> Response:
        again = _asked_again(desks, request.args.getlist("release"))
        accuracy = request.args.get("accuracy", DEFAULT_ACCURACY)
        text = "\n\n".join(filter(None, (sql_of(desks, one).text for one in again.values())))
        if len(again) < 2:
            return _plan(text, accuracy, lambda: None)
        pace.demand(current_asker().name, works=True)
        asked = list(again.values())
        return _plan(text, accuracy, lambda: forecast_again(desks.questions, asked, accuracy))

    @views.post("/together")
    @for_roles(*ASKERS)
    def forecast() -> Response:
        pace.demand(current_asker().name, works=True)
        text, accuracy = request.form.get("text", ""), request.form.get("accuracy", "")
        return _plan(
            text,
            accuracy,
            lambda: forecast_together(desks.questions, questions_in(text), accuracy),
        )

    @views.post("/together/ask")
    @for_roles(*ASKERS)
    def ask() -> Answer:
        pace.demand(current_asker().name, works=True)
        form = request.form
        purpose = tidy(form.get("purpose", ""))
        if not purpose:  # people who approve questions decide by it
            raise PurposeMissingError
        asked = AskRequest(
            parameters={},
            question=_question(form.get("question", "")),
            rho=str(Fraction(form.get("rho", ""))) if _is_fraction(form.get("rho", "")) else "",
            purpose=purpose,
        )
        place = desks.questions.ask(asked, current_asker())
        return redirect(url_for("questions.one", identifier=place["id"]), 303)


def _asked_again(desks: Desks, releases: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The question of each of these answers, by the answer; each question once.

    Not of figures of single countries: asked as one they would be the region's.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for one in releases[:MOST_TILES]:
        with suppress(NotFoundError):
            heading = desks.releases.heading(one)
            question = heading["question"]
            is_one_sum = "series" not in question and heading["scope"] == Scope.REGIONAL
            if is_one_sum and question not in found.values():
                found[one] = question
    return found


def _plan(text: str, accuracy: str, forecast: Callable[[], Sharing | None]) -> Response:
    sharing: Sharing | None = None
    refusal = None
    try:
        sharing = forecast()
    except CorridorError as error:
        refusal = error
    page = render_template(
        "board_plan.html",
        text=text,
        accuracy=accuracy,
        sharing=sharing,
        question="" if sharing is None else json.dumps(sharing.together["question"]),
        refusal=None if refusal is None else said(refusal),
        **_saved(sharing),
    )
    return make_response(page, 200 if refusal is None else status_of(refusal))


def _saved(sharing: Sharing | None) -> dict[str, int]:
    """How many per cent asking as one saves, or costs more."""
    share = 0 if sharing is None else int(100 * sharing.saved)
    return {"saved": max(0, share), "more": max(0, -share)}


def _question(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_fraction(text: str) -> bool:
    over, slash, under = text.partition("/")
    parts = (over, under) if slash else (over,)
    are_numbers = all(part.isdecimal() and part.isascii() for part in parts)
    return are_numbers and len(text) < 200 and int(parts[-1] if slash else "1") > 0
