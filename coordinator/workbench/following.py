"""Pages of questions that were asked: where each one stands, who answered, taking one back.

/questions             mine, and everybody's
/questions/ID          one, which looks by itself as long as it is under way
/questions/ID/cancel   takes it back while nothing is spent
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.attempts import State
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.question_words import (
    NO_SQL,
    Heading,
    as_sql,
    in_words,
    question_of,
)
from corridor.coordinator.question_desk import CANCELLED
from corridor.coordinator.seeing import is_own
from corridor.coordinator.workbench.access import current_asker, current_reader
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.progress_words import (
    ROUNDS,
    STATES,
    Standing,
    duration_words,
    standing_of,
)
from corridor.coordinator.workbench.report_words import told
from corridor.errors import CorridorError
from corridor.pages.access import current_session, for_roles, signed_in
from corridor.pages.refusals import said, said_of, status_of
from corridor.people import Role
from corridor.queries.sql_text import Written

ON_A_PAGE = 30
OVER = frozenset({State.RELEASED.value, State.FAILED.value, CANCELLED})
MOST_VIEWS = 8

Shown = Mapping[str, Any]


def question_views(desks: Desks) -> Blueprint:
    """/questions and what belongs to it."""
    views = Blueprint("questions", __name__, url_prefix="/questions")

    @views.get("")
    @signed_in
    def listing() -> str:
        mine = request.args.get("whose") == "mine"
        after = request.args.get("after")
        found = desks.questions.listing(
            Page(ON_A_PAGE + 1, after),
            asked_by=current_asker() if mine else None,
            reader=current_reader(),
        )
        return render_template(
            "questions.html",
            rows=[(one, words_of(desks, one)) for one in found[:ON_A_PAGE]],
            mine=mine,
            after=found[ON_A_PAGE - 1]["id"] if len(found) > ON_A_PAGE else None,
            states=STATES,
        )

    @views.get("/<identifier>")
    @signed_in
    def one(identifier: str) -> Response:
        shown = desks.questions.show(identifier, current_reader())
        if request.headers.get("HX-Request") is None:
            return make_response(_page(desks, shown))
        seen = request.args.get("seen", "")
        parts = _parts(desks, shown)
        if parts["seen"] == seen:
            return make_response("", 204)
        return make_response(render_template("progress.html", is_piece=True, **parts))

    @views.post("/<identifier>/cancel")
    @for_roles(*ASKERS)
    def cancel(identifier: str) -> Response | Answer:
        try:
            desks.questions.cancel(identifier, current_asker(), of_anybody=_trusted())
        except CorridorError as error:
            page = _page(desks, desks.questions.show(identifier, current_reader()), error)
            return make_response(page, status_of(error))
        return redirect(url_for("questions.one", identifier=identifier), 303)

    return views


def words_of(desks: Desks, shown: Shown) -> tuple[Heading, ...]:
    """What was asked, in the reader's language; in English where this version cannot read it."""
    question = question_of(shown["question"])
    if question is not None:
        with suppress(CorridorError):  # of a charter that is gone
            return in_words(question, desks.questions.domains())
    return (Heading(str(shown.get("title") or shown["id"])),)


def sql_of(desks: Desks, document: Mapping[str, Any]) -> Written:
    """The SQL of a question that an answer of the desks holds; empty where it has none."""
    question = question_of(document)
    return NO_SQL if question is None else as_sql(question, desks.questions.domains())


def reports_filled_by(desks: Desks, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and title of each report that an answer to this question fills."""
    question = question_of(document)
    if question is None:
        return []
    return [(one.name, told(one.title)) for one in desks.reports.filled_by(question)]


def _trusted() -> bool:
    return Role.COORDINATOR in current_session().person.roles


def _page(desks: Desks, shown: Shown, error: CorridorError | None = None) -> str:
    return render_template(
        "question.html",
        words=words_of(desks, shown),
        sql=sql_of(desks, shown["question"]),
        refusal=None if error is None else said(error),
        **_parts(desks, shown),
    )


def _parts(desks: Desks, shown: Shown) -> dict[str, Any]:
    """What the page shows of a question's progress, and the mark of exactly that."""
    attempt = desks.history.of_question(str(shown["id"]))
    whose = desks.questions.whose(str(shown["id"]))
    sees_codes = current_reader().sees_codes_of(*whose)
    is_over = shown["state"] in OVER
    views = request.args.getlist("view")[:MOST_VIEWS]
    failure = shown["failure"]
    may_cancel = (
        shown["state"] in {State.QUEUED, State.WAITING}
        and bool(set(ASKERS) & set(current_session().person.roles))
        and (_trusted() or is_own(*whose, current_asker()))
    )
    members = _members(shown, attempt, with_codes=sees_codes)
    parts: dict[str, Any] = {
        "shown": shown,
        "attempt": attempt,
        "members": members,
        "is_over": is_over,
        "may_cancel": may_cancel,
        "views": views,
        "reports": reports_filled_by(desks, shown["question"]),
        "failure": None if failure is None else said_of(failure["code"], failure["message"]),
        "states": STATES,
        "rounds": ROUNDS,
        "duration": _duration(attempt),
    }
    # Of nothing that the page does not show: whoever does not see a member's code could try which
    # one gives this mark.
    of_attempt = None if attempt is None else [attempt["number"], attempt["outcome"]]
    said_of_members = [[one.country, one.kind, str(one.words), one.code] for one in members]
    kept = json.dumps(
        [shown, of_attempt, said_of_members, parts["duration"], may_cancel],
        sort_keys=True,
        default=str,
    ).encode()
    parts["seen"] = hashlib.sha256(kept).hexdigest()[:16]
    return parts


def _duration(attempt: Shown | None) -> str:
    seconds = None if attempt is None else attempt["seconds"]
    return "" if seconds is None else duration_words(seconds)


def _members(shown: Shown, attempt: Shown | None, *, with_codes: bool) -> list[Standing]:
    """Each member of the newest attempt with what it did in it; without its code in words alone."""
    if attempt is None:
        return []
    waits = shown["waiting_for"] if shown["state"] == State.WAITING else ()
    answered = shown["answered"] if shown["state"] == State.RUNNING else None
    found = [
        standing_of(one, attempt, waits=waits, answered=answered) for one in attempt["members"]
    ]
    return found if with_codes else [replace(one, code="") for one in found]
