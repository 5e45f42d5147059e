"""Puts the blueprints together, and what every request passes: its size, its pace, its token."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, jsonify

from corridor.coordinator.enrolment_desk import EnrolmentDesk
from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.tokens import TokenDesk
from corridor.coordinator.web.access import FailurePace, demand_token
from corridor.coordinator.web.enrolment import enrolment_views
from corridor.coordinator.web.questions import question_views
from corridor.coordinator.web.refusals import install_refusals
from corridor.coordinator.web.region import region_views
from corridor.coordinator.web.releases import log_views, release_views
from corridor.coordinator.web.series import series_views
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


def make_site(
    desks: Desks,
    *,
    authority: bytes,
    plain_http: bool,
    now: Callable[[], int],
    reference: Callable[[], str],
) -> Flask:
    """The WSGI application.

    Args:
        desks: who decides.
        authority: certificate of the coordinator's authority, PEM; given to anybody, since those
            who use it hold its fingerprint from elsewhere.
        plain_http: whether this is served without TLS; enrolment is refused then.
        now: seconds since 1970 UTC.
        reference: names an internal error in the log and to the caller.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    pace = FailurePace(now)
    open_views = Blueprint("open", __name__)

    @open_views.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @app.get(AUTHORITY_PATH)
    def show_authority() -> Response:
        return Response(authority, mimetype="application/x-pem-file")

    @app.after_request
    def no_store(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    app.before_request(lambda: demand_token(desks.tokens, pace))
    for views in (
        open_views,
        enrolment_views(desks.enrolment, pace, plain_http=plain_http),
        region_views(desks.region),
        question_views(desks.questions),
        release_views(desks.releases),
        log_views(desks.releases),
        series_views(desks.series),
    ):
        app.register_blueprint(views, url_prefix="/api/v1" + (views.url_prefix or ""))
    install_refusals(app, reference)
    return app
