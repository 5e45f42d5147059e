"""Puts the blueprints together, and what every request passes: its size, its pace, its token."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request

from corridor.coordinator.enrolment_desk import EnrolmentDesk
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.pace import Pace
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publication_desk import PublicationDesk
from corridor.coordinator.publications.drafting import Drafting
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.reading_desk import ReadingDesk
from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.report_desk import ReportDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.tokens import TokenDesk
from corridor.coordinator.web.access import FailurePace, demand_allowed, works
from corridor.coordinator.web.enrolment import enrolment_views
from corridor.coordinator.web.events import Followers
from corridor.coordinator.web.openapi import describe
from corridor.coordinator.web.operations import Raw, operation, operation_of
from corridor.coordinator.web.publications import public_views, publication_views
from corridor.coordinator.web.questions import question_views
from corridor.coordinator.web.reading import reading_views, report_views
from corridor.coordinator.web.refusals import install_refusals
from corridor.coordinator.web.region import region_views
from corridor.coordinator.web.releases import log_views, release_views
from corridor.coordinator.web.series import series_views
from corridor.coordinator.web.shapes import Health
from corridor.transport.certificates import AUTHORITY_PATH

BODY_BYTES = 512 * 1024
"""The longest body that is read: twice the longest canonical question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """Who decides behind the views."""

    enrolment: EnrolmentDesk
    tokens: TokenDesk
    region: RegionDesk
    questions: QuestionDesk
    releases: ReleaseDesk
    series: SeriesDesk
    reports: ReportDesk
    reading: ReadingDesk
    publications: PublicationDesk
    public: PublicDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is served at once.

    Attributes:
        requests: of one token in a minute.
        works: forecasts, questions and files, which are counted apart.
        followers: connections that follow questions, of everybody; each holds a thread.
    """

    requests: int = 1200
    works: int = 240
    followers: int = 120


DESCRIPTION = Raw(("application/json",), "This description.")
AUTHORITY = Raw(("application/x-pem-file",), "The certificate of the coordinator's authority.")


def make_site(
    desks: Desks,
    *,
    authority: bytes,
    plain_http: bool,
    now: Callable[[], int],
    reference: Callable[[], str],
    followers: Followers,
    maker: FileMaker,
    limits: Limits,
    version: str,
) -> Flask:
    """The WSGI application.

    Args:
        desks: who decides.
        authority: certificate of the coordinator's authority, PEM; given to anybody, since those
            who use it hold its fingerprint from elsewhere.
        plain_http: whether this is served without TLS; enrolment is refused then.
        now: seconds since 1970 UTC.
        reference: names an internal error in the log and to the caller.
        followers: who follows questions.
        maker: makes files of releases.
        limits: how much a token may ask.
        version: of Corridor.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    failures = FailurePace(now)
    pace = Pace(requests=limits.requests, works=limits.works)
    app.before_request(lambda: demand_allowed(desks.tokens, failures, pace))
    app.after_request(lambda response: _finish(response, pace))
    for views in (
        enrolment_views(desks.enrolment, failures, plain_http=plain_http),
        region_views(desks.region),
        question_views(desks.questions, desks.tokens, followers),
        release_views(desks.releases, maker, version),
        log_views(desks.releases),
        series_views(desks.series),
        report_views(desks.reports),
        reading_views(desks.reading),
        publication_views(desks.publications, Drafting(desks.releases, desks.questions.title_of)),
        public_views(desks.public),
    ):
        app.register_blueprint(views, url_prefix="/api/v1" + (views.url_prefix or ""))
    _add_open_views(app, authority, version)
    install_refusals(app, reference)
    return app


def _add_open_views(app: Flask, authority: bytes, version: str) -> None:
    views = Blueprint("open", __name__)

    @views.get("/health")
    @operation(gives=Health, needs=None)
    def health() -> Response:
        """That this service answers; needs no token."""
        return jsonify(status="ok")

    @views.get("/openapi.json")
    @operation(gives=DESCRIPTION, needs=None)
    def description() -> Response:
        """The description of this API (OpenAPI 3.1); needs no token."""
        # Written once: whoever asks without a token must not have it written each time.
        return Response(described, mimetype="application/json")

    @app.get(AUTHORITY_PATH)
    @operation(gives=AUTHORITY, needs=None)
    def show_authority() -> Response:
        return Response(authority, mimetype="application/x-pem-file")

    app.register_blueprint(views, url_prefix="/api/v1")
    written = describe(app, title="Corridor", version=version)
    described = app.json.dumps(written, separators=(",", ":"))


def _finish(response: Response, pace: Pace) -> Response:
    """What every answer carries: how it may be kept, its ETag, what the token has left."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    # A release never changes, so a browser may keep it, if it asks each time whether it may.
    kept = request.path.startswith("/api/v1/releases/") and response.status_code == 200
    response.headers["Cache-Control"] = "private, no-cache" if kept else "no-store"
    if "holder" in g:
        said = operation_of(current_app.view_functions.get(request.endpoint or ""))
        pace.tell(g.holder.name, response, works=works(said))
    if request.method == "GET" and response.status_code == 200 and not response.is_streamed:
        response.add_etag()
        response.make_conditional(request)
    return response
