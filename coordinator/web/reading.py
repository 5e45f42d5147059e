"""Views of reports, comparisons and alerts."""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.downloads import ZIP, as_download
from corridor.coordinator.reading_desk import ReadingDesk
from corridor.coordinator.repeats import Repeatable
from corridor.coordinator.report_desk import ReportDesk
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.web.access import current_holder, current_reader
from corridor.coordinator.web.operations import Raw, operation, read_body, read_query
from corridor.coordinator.web.questions import ABOUT_KEY, KEY
from corridor.coordinator.web.reading_shapes import (
    Alert,
    AlertsQuery,
    AskReportBody,
    CompareQuery,
    Comparison,
    FilledReport,
    FillQuery,
    Report,
    ReportSummary,
)
from corridor.coordinator.web.shapes import Question, ReportForecast
from corridor.publishing.reports.files import REPORT_FORMS

FILES = Raw(
    (*(form.media_type for form in REPORT_FORMS.values()), ZIP),
    "The filled report as a file; where its form needs several, they come in one archive.",
)


def report_views(desk: ReportDesk) -> Blueprint:
    """GET /reports, /reports/NAME; POST …/forecast, …/questions; GET /releases/ID/report/NAME."""
    views = Blueprint("reports", __name__)

    @views.get("/reports")
    @operation(gives=list[ReportSummary], needs=TokenScope.READ)
    def listing() -> Response:
        """The ready-made reports."""
        return jsonify(desk.listing())

    @views.get("/reports/<name>")
    @operation(gives=Report, needs=TokenScope.READ, refuses=(404,))
    def one(name: str) -> Response:
        """A report: what it asks, its form, the crosswalk from HTCDS, what it cannot fill."""
        return jsonify(desk.show(name))

    @views.post("/reports/<name>/forecast")
    @operation(takes=AskReportBody, gives=ReportForecast, needs=TokenScope.READ, refuses=(404, 409))
    def forecast(name: str) -> Response:
        """What a report would cost and how exact it would be. Spends nothing."""
        return jsonify(desk.forecast(name, read_body(AskReportBody).to_request()))

    @views.post("/reports/<name>/questions")
    @operation(
        takes=AskReportBody,
        gives=Question,
        needs=TokenScope.ASK,
        refuses=(404, 409),
        headers=((KEY, ABOUT_KEY),),
    )
    def ask(name: str) -> Response:
        """Ask a report in earnest; its tables are one question, which is followed as any other."""
        body = read_body(AskReportBody).to_request()
        key = request.headers.get(KEY)
        # The address belongs to what is repeated: the same body may be sent to another report.
        repeatable = None if key is None else Repeatable(key, name.encode() + request.get_data())
        return jsonify(desk.ask(name, body, current_holder(), repeatable))

    @views.get("/releases/<identifier>/report/<name>")
    @operation(
        asks=FillQuery, gives=FilledReport, needs=TokenScope.READ, refuses=(404,), works=True
    )
    def filled(identifier: str, name: str) -> Response:
        """A report filled from a release: its form's tables, with intervals and coverage."""
        asked = read_query(FillQuery)
        release = desk.release(identifier, current_reader())
        found = desk.fill(name, release, country=asked.country, population=asked.population)
        return jsonify(found.to_json())

    @views.get("/releases/<identifier>/report/<name>/files/<form>")
    @operation(asks=FillQuery, gives=FILES, needs=TokenScope.READ, refuses=(404,), works=True)
    def file(identifier: str, name: str, form: str) -> Response:
        """The filled report as a file: json, csv or xlsx. CSV comes in an archive."""
        asked = read_query(FillQuery)
        release = desk.release(identifier, current_reader())
        found = desk.fill(name, release, country=asked.country, population=asked.population)
        documents = desk.files(found, form)
        media_type = REPORT_FORMS[form].media_type
        return as_download(f"corridor-{identifier}-{name}-{form}.zip", media_type, documents)

    return views


def reading_views(desk: ReadingDesk) -> Blueprint:
    """GET /releases/ID/compare, /series/ID/alerts."""
    views = Blueprint("reading", __name__)

    @views.get("/releases/<identifier>/compare")
    @operation(
        asks=CompareQuery, gives=Comparison, needs=TokenScope.READ, refuses=(404,), works=True
    )
    def compare(identifier: str) -> Response:
        """Groups of cells side by side: differences, ratios, changes, and a sentence on each."""
        asked = read_query(CompareQuery)
        found = desk.compare(identifier, asked.cells, table=asked.table, earlier=asked.earlier)
        return jsonify(found.to_json())

    @views.get("/series/<identifier>/alerts")
    @operation(
        asks=AlertsQuery, gives=list[Alert], needs=TokenScope.READ, refuses=(404,), works=True
    )
    def alerts(identifier: str) -> Response:
        """Which cells of a series changed more than its noise explains, the latest first."""
        lag = read_query(AlertsQuery).lag
        return jsonify([one.to_json() for one in desk.alerts(identifier, lag=lag)])

    return views
