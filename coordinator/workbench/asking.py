"""Pages on which a question is composed, priced and asked.

/ask             one form with three faces; without script each look is a page of its own
/ask/forecast    what it would cost and give, while one composes
/ask/form        the form again, when what can be chosen depends on what was chosen
/ask/review      the price, before anything is spent
/ask/confirm     asks in earnest, at exactly the ρ that was shown (decision 0060)
/ask/words       tables, fields and values, for the completion of SQL
"""

import json
from dataclasses import replace

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.pace import Pace
from corridor.coordinator.pictures.field_words import ABOUT_SOURCES, SOURCES
from corridor.coordinator.question_desk import AskRequest
from corridor.coordinator.repeats import Repeatable
from corridor.coordinator.workbench import choices, forecasting
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.composing import (
    MOST_CONDITIONS,
    MOST_GROUPINGS,
    Draft,
    Face,
    Measured,
    of_victims,
    read_draft,
)
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.forecasting import Composed, Look
from corridor.coordinator.workbench.indicator_words import told
from corridor.coordinator.workbench.seen import text_of
from corridor.errors import CorridorError
from corridor.errors.region import MalformedRequestError
from corridor.errors.workbench import PurposeMissingError
from corridor.pages.access import for_roles
from corridor.pages.refusals import said, status_of
from corridor.queries.catalogue import Source
from corridor.queries.domains import Domains
from corridor.queries.views import view_from_json

WORKS_PER_MINUTE = 240
"""Forecasts and questions of one account; somebody who types fast needs a hundred."""


def asking_views(desks: Desks) -> Blueprint:
    """/ask and what belongs to it."""
    views = Blueprint("asking", __name__, url_prefix="/ask")
    pace = Pace(requests=WORKS_PER_MINUTE, works=WORKS_PER_MINUTE)

    def looked_at(draft: Draft) -> Look:
        pace.demand(current_asker().name, works=True)
        return forecasting.look(desks, draft)

    @views.get("")
    @for_roles(*ASKERS)
    def compose() -> str:
        draft = read_draft(request.args)
        return _page(desks.questions.domains(), draft, looked_at(draft) if request.args else None)

    @views.post("")
    @for_roles(*ASKERS)
    def again() -> Response:
        draft = read_draft(request.form)
        look = looked_at(draft)
        if request.form.get("action") == "victims" and look.counts_everybody:
            draft = of_victims(draft, desks.questions.domains())
            look = looked_at(draft)
        if request.form.get("action") == "to-sql" and look.sql.is_whole:
            draft = replace(draft, face=Face.SQL, sql=look.sql.text)
            look = looked_at(draft)
        if request.form.get("action") == "show" and look.refusal is not None:
            look = Look()  # nothing was chosen yet that could be priced
        status = 200 if look.refusal is None else status_of(look.refusal)
        return make_response(_page(desks.questions.domains(), draft, look), status)

    @views.post("/form")
    @for_roles(*ASKERS)
    def form() -> str:
        return render_template(
            "ask_form.html", **_chosen(desks.questions.domains(), read_draft(request.form))
        )

    @views.post("/forecast")
    @for_roles(*ASKERS)
    def forecast() -> str:
        # Written into a page that is there already: a refusal is one of its contents, too.
        draft = read_draft(request.form)
        try:
            look = looked_at(draft)
        except CorridorError as error:
            look = Look(refusal=error)
        return render_template("forecast.html", is_piece=True, draft=draft, **looked(look))

    @views.post("/review")
    @for_roles(*ASKERS)
    def review() -> Response:
        draft = read_draft(request.form)
        look = looked_at(draft)
        error = look.refusal
        if error is None and not draft.purpose:
            error = PurposeMissingError()
        if error is not None:
            page = _page(desks.questions.domains(), draft, look, error)
            return make_response(page, status_of(error))
        return make_response(reviewed(desks, draft, look, back=url_for("asking.again")))

    @views.post("/confirm")
    @for_roles(*ASKERS)
    def confirm() -> Answer:
        pace.demand(current_asker().name, works=True)
        asked = desks.questions.ask(
            _confirmed(request.form),
            current_asker(),
            Repeatable(request.form.get("key", ""), _body(request.form)),
        )
        views = [text for text in request.form.getlist("view") if text]
        return redirect(url_for("questions.one", identifier=asked["id"], view=views), 303)

    @views.get("/words")
    @for_roles(*ASKERS)
    def words() -> Response:
        return jsonify(choices.words_for_completion(desks.questions.domains()))

    return views


def _page(
    domains: Domains, draft: Draft, look: Look | None, error: CorridorError | None = None
) -> str:
    shown = Look() if look is None else look
    return render_template(
        "ask.html",
        is_looked=look is not None,
        error=None if error is None or error is shown.refusal else said(error),
        **_chosen(domains, draft),
        **looked(shown),
    )


def _chosen(domains: Domains, draft: Draft) -> dict[str, object]:
    source = choices.source_of(draft.blocks)
    indicator = domains.catalogue.indicators.get(draft.indicator)
    return {
        "draft": draft,
        "faces": Face,
        "measures": Measured,
        "sources": Source,
        "indicators": [one for one in domains.catalogue.indicators.values() if one.is_available],
        "chosen_indicator": indicator,
        "told": told,
        "source_words": SOURCES,
        "source_hints": ABOUT_SOURCES,
        "parameters": list(choices.parameters_of(domains, indicator, draft.parameters)),
        "rows": choices.rows_of(domains, draft.blocks, MOST_CONDITIONS),
        "conditioned": choices.fields_of(domains, source, to_group=False),
        "grouped": choices.fields_of(domains, source, to_group=True),
        "quantities": choices.quantities(domains, source),
        "most_groupings": MOST_GROUPINGS,
    }


def looked(look: Look) -> dict[str, object]:
    """What forecast.html shows."""
    return {
        "look": look,
        "refusal": None if look.refusal is None else said(look.refusal),
        "cells_words": forecasting.cells_words,
    }


def reviewed(desks: Desks, draft: Composed, look: Look, *, back: str) -> str:
    """The page with the price, before anything is spent; `back` leads to the form again."""
    assert look.forecast is not None  # noqa: S101 - without one it was refused before
    return render_template(
        "ask_review.html",
        draft=draft,
        back=back,
        question=json.dumps(look.forecast["question"], ensure_ascii=False),
        views=[text_of(view_from_json(one)) for one in look.forecast["views"]],
        key=desks.people.make_token(),
        **looked(look),
    )


def _confirmed(form: MultiDict[str, str]) -> AskRequest:
    """The question that was shown, at the price that was shown.

    Raises:
        MalformedRequestError: the form was changed on its way. Nothing was spent.
    """
    try:
        question = json.loads(form.get("question", ""))
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict) or not form.get("rho"):
        raise MalformedRequestError(
            "the confirmation does not hold the question and the price that were shown; nothing "
            "was spent. Compose the question again"
        )
    if not form.get("purpose", "").strip():
        raise PurposeMissingError
    return AskRequest(
        parameters={},
        question=question,
        rho=form.get("rho"),
        scope=form.get("scope", ""),
        purpose=form.get("purpose", "").strip(),
    )


def _body(form: MultiDict[str, str]) -> bytes:
    kept = {name: form.get(name, "") for name in ("question", "rho", "scope", "purpose")}
    return json.dumps(kept, sort_keys=True).encode()
