"""Puts the views together, and what every request passes and every answer carries.

Every page: no script and no style but our own files, nothing from elsewhere, in no other site's
frame, kept by no cache. Where the console has TLS, browsers are told to keep to it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Flask, Response, g, request, send_from_directory

from corridor import __version__
from corridor.node.import_desk import UploadFolder
from corridor.node.people import Role
from corridor.node.people.desk import form_token
from corridor.node.web.access import Addresses, Doorkeeper, for_everybody
from corridor.node.web.account import account_views
from corridor.node.web.approvals import approval_views
from corridor.node.web.budget import budget_views
from corridor.node.web.charter import charter_views
from corridor.node.web.data import data_views
from corridor.node.web.desks import Desks
from corridor.node.web.editions import edition_views
from corridor.node.web.entrance import entrance_views
from corridor.node.web.journal import journal_views
from corridor.node.web.journal_words import DETAILS, detail
from corridor.node.web.languages import install_languages
from corridor.node.web.mapping import mapping_views
from corridor.node.web.overview import overview_views
from corridor.node.web.people import people_views
from corridor.node.web.policy import policy_views
from corridor.node.web.quality import quality_views
from corridor.node.web.refusals import finding, install_refusals
from corridor.node.web.told import told
from corridor.node.web.uploads import ConsoleRequest, upload_folder_of
from corridor.node.web.words import (
    FATES,
    FINDINGS,
    KINDS,
    LINKS,
    ROLES,
    ROUNDS,
    SCOPES,
    STATUSES,
    TABLES,
    VERDICTS,
)

__all__ = ["Addresses", "make_console"]

FORM_BYTES = 256 * 1024
"""The longest form without case files: a policy is the longest."""

FORM_PARTS = 200
STATIC_SECONDS = 24 * 60 * 60

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # "no-referrer" would make browsers hide the origin of our own forms, too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def make_console(
    desks: Desks,
    *,
    addresses: Addresses,
    has_tls: bool,
    upload_bytes: int,
    clock: Callable[[], datetime],
    reference: Callable[[], str],
) -> Flask:
    """The WSGI application.

    Args:
        desks: who decides and looks.
        addresses: the names under which it answers.
        has_tls: whether it is served with TLS.
        upload_bytes: the longest upload of case files.
        clock: what time it is.
        reference: names an internal error in the log and on the page.
    """
    app = Flask(__name__, static_folder=None)
    app.request_class = ConsoleRequest
    app.config["MAX_CONTENT_LENGTH"] = FORM_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    app.config["MAX_FORM_PARTS"] = FORM_PARTS
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def receive_files() -> None:
        request.max_content_length = upload_bytes
        request.upload_folder = UploadFolder(  # type: ignore[attr-defined]  # ConsoleRequest's
            desks.imports.make_folder(), upload_bytes
        )

    door = Doorkeeper(
        desks.people,
        addresses,
        "__Host-corridor-console" if has_tls else "corridor-console",
        receive_files,
    )
    app.before_request(lambda: door.admit(app))
    app.after_request(door.keep_token)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        if "Cache-Control" not in response.headers or request.endpoint != "static.file":
            response.headers["Cache-Control"] = "no-store"
        if has_tls:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    @app.teardown_request
    def drop_files(_: BaseException | None) -> None:
        folder = upload_folder_of(request)
        if folder is not None and not g.get("files_are_taken", False):
            desks.imports.drop(folder.folder)

    _dress(app, desks)
    install_languages(app)
    app.jinja_env.filters.update(told=told, detail=detail, finding=finding)
    for views in (
        static_views(),
        entrance_views(desks, secure=has_tls),
        overview_views(desks),
        account_views(desks),
        approval_views(desks),
        data_views(desks),
        mapping_views(desks),
        quality_views(desks),
        edition_views(desks),
        budget_views(desks, clock),
        journal_views(desks, clock),
        charter_views(desks),
        policy_views(desks),
        people_views(desks),
    ):
        app.register_blueprint(views)
    install_refusals(app, reference)
    return app


def static_views() -> Blueprint:
    """GET /static/NAME: the style and the script, for everybody, under names that never change."""
    views = Blueprint("static", __name__)
    folder = Path(__file__).parent / "static"

    @views.get("/static/<name>")
    @for_everybody
    def file(name: str) -> Response:
        return send_from_directory(folder, name, max_age=STATIC_SECONDS)

    return views


def _dress(app: Flask, desks: Desks) -> None:
    """What every template knows."""
    style = (Path(__file__).parent / "static" / "console.css").read_bytes()
    mark = hashlib.sha256(style).hexdigest()[:8]
    app.jinja_env.globals.update(
        Role=Role,
        findings=FINDINGS,
        kinds=KINDS,
        links=LINKS,
        node_name=desks.node,
        node_country=desks.country,
        details=DETAILS,
        fates=FATES,
        roles=ROLES,
        rounds=ROUNDS,
        scope_words=SCOPES,
        statuses=STATUSES,
        style_mark=mark,
        tables=TABLES,
        verdicts=VERDICTS,
        version=__version__,
    )

    @app.context_processor
    def session() -> dict[str, object]:
        found = g.get("session")
        token = g.get("token")
        return {
            "session": found,
            "me": None if found is None else found.person,
            "form_token": "" if token is None else form_token(token),
        }
