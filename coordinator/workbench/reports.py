"""Pages of ready-made reports: what each is for, its price, and how it is asked.

/reports                  all of them, each with its crosswalk from HTCDS
/reports/NAME             one: its form, period and options; what it would cost
/reports/NAME/forecast    the forecast, while one chooses
/reports/NAME/review      the price, before anything is spent; /ask/confirm asks

A report is asked as one question: pricing, confirming and following it is `workbench.asking` and
`workbench.following`, as of every other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from corridor.coordinator.account_tokens import ASKERS
from corridor.coordinator.pace import Pace
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.question_words import Heading, question_of
from corridor.coordinator.question_desk import DEFAULT_ACCURACY, AskRequest
from corridor.coordinator.workbench import choices, forecasting
from corridor.coordinator.workbench.access import current_asker
from corridor.coordinator.workbench.accuracy_words import read_accuracy
from corridor.coordinator.workbench.asking import WORKS_PER_MINUTE, looked, reviewed
from corridor.coordinator.workbench.composing import read_parameters
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.filled_reports import add_filled
from corridor.coordinator.workbench.following import words_of
from corridor.coordinator.workbench.forecasting import Look, domains_of
from corridor.coordinator.workbench.report_tables import shown_report
from corridor.errors import CorridorError
from corridor.errors.workbench import PurposeMissingError
from corridor.pages.access import for_roles, signed_in
from corridor.pages.refusals import said, status_of
from corridor.publishing.reports.asking import report_document
from corridor.publishing.reports.definitions import Report, report_named
from corridor.queries.domains import Domains

LOOKED_THROUGH = 200
"""Among so many of the newest answers those that fill a report are looked for."""

MOST_ANSWERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """A report while its options are chosen.

    Attributes:
        sql: none; an error is named by its option.
    """

    report: Report
    parameters: Mapping[str, str]
    accuracy: str = DEFAULT_ACCURACY
    scope: str = "regional"
    purpose: str = ""
    sql: str = ""

    def request(self, domains: Domains) -> AskRequest:
        """What it asks, for the question desk.

        Raises:
            IndicatorParameterError: an option is not understood. Nothing was spent.
        """
        names = {one.name for one in self.report.indicator.parameters}
        values = {name: text for name, text in self.parameters.items() if name in names}
        return AskRequest(
            parameters={},
            question=report_document(domains, self.report, values),
            accuracy=read_accuracy(self.accuracy) or DEFAULT_ACCURACY,
            scope=self.scope,
            purpose=self.purpose,
        )


def report_views(desks: Desks) -> Blueprint:
    """/reports and below, and /releases/ID/reports."""
    views = Blueprint("reports", __name__)
    add_filled(views, desks)
    asking = Pace(requests=WORKS_PER_MINUTE, works=WORKS_PER_MINUTE)

    def looked_at(draft: ReportDraft) -> Look:
        asking.demand(current_asker().name, works=True)
        return forecasting.look(desks, draft, draft.report)

    @views.get("/reports")
    @signed_in
    def listing() -> str:
        domains = domains_of(desks)
        shown = [shown_report(one, domains) for one in desks.reports.reports.values()]
        return render_template("reports.html", reports=shown)

    @views.get("/reports/<name>")
    @signed_in
    def one(name: str) -> str:
        draft = _draft(desks, name, request.args)
        return _page(desks, draft, looked_at(draft) if request.args else None)

    @views.post("/reports/<name>")
    @for_roles(*ASKERS)
    def again(name: str) -> Response:
        draft = _draft(desks, name, request.form)
        look = looked_at(draft)
        status = 200 if look.refusal is None else status_of(look.refusal)
        return make_response(_page(desks, draft, look), status)

    @views.post("/reports/<name>/forecast")
    @for_roles(*ASKERS)
    def forecast(name: str) -> str:
        draft = _draft(desks, name, request.form)
        try:
            look = looked_at(draft)
        except CorridorError as error:  # one of the contents of a page that is there already
            look = Look(refusal=error)
        return render_template("forecast.html", is_piece=True, draft=draft, **looked(look))

    @views.post("/reports/<name>/review")
    @for_roles(*ASKERS)
    def review(name: str) -> Response:
        draft = _draft(desks, name, request.form)
        look = looked_at(draft)
        error = look.refusal
        if error is None and not draft.purpose:
            error = PurposeMissingError()
        if error is not None:
            return make_response(_page(desks, draft, look, error), status_of(error))
        back = url_for("reports.again", name=name)
        return make_response(reviewed(desks, draft, look, back=back))

    return views


def _draft(desks: Desks, name: str, form: MultiDict[str, str]) -> ReportDraft:
    report = report_named(desks.reports.reports, name)
    draft = ReportDraft(report=report, parameters={})
    if not form:
        return draft
    return replace(
        draft,
        parameters=read_parameters(form),
        accuracy=form.get("take") or form.get("accuracy", draft.accuracy),
        scope=form.get("scope", draft.scope),
        purpose=form.get("purpose", "").strip(),
    )


def _page(
    desks: Desks, draft: ReportDraft, look: Look | None, error: CorridorError | None = None
) -> str:
    shown = Look() if look is None else look
    domains = domains_of(desks)
    parameters: Sequence[choices.Chooser] = ()
    if domains is not None:
        found = choices.parameters_of(domains, draft.report.indicator, draft.parameters)
        parameters = list(found)
    return render_template(
        "report.html",
        draft=draft,
        report=shown_report(draft.report, domains),
        can_be_asked=domains is not None,
        parameters=parameters,
        is_looked=look is not None,
        answers=_answers(desks, draft.report),
        error=None if error is None or error is shown.refusal else said(error),
        **looked(shown),
    )


def _answers(desks: Desks, report: Report) -> list[tuple[Mapping[str, Any], tuple[Heading, ...]]]:
    """The newest answers that fill the report, each with what was asked."""
    found: list[tuple[Mapping[str, Any], tuple[Heading, ...]]] = []
    for one in desks.releases.listing(Page(LOOKED_THROUGH)):
        question = question_of(one["question"])
        if question is not None and report in desks.reports.filled_by(question):
            found.append((one, words_of(desks, one)))
        if len(found) == MOST_ANSWERS:
            break
    return found
