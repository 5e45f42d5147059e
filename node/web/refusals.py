"""One translation of our errors for every page; all other errors stay errors (500).

    400 wrong host    401 not signed in    403 not allowed, or a forged form    404 no such thing
    409 declined      413 too long         422 cannot be used    429 wait       503 not now

A bug is logged with its traceback; the page shows a reference to that log entry, nothing else.
"""

import re
from collections.abc import Callable, Mapping

import structlog
from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from corridor.errors import CorridorError
from corridor.errors.console import ForgedFormError, FormTooLargeError, WrongHostError
from corridor.errors.people import NotSignedInError, WaitError, WrongSignInError
from corridor.node.web.languages import chosen_language, gettext
from corridor.node.web.refusal_words import ABOUT
from corridor.node.web.told import told
from corridor.node.web.words import SAID
from corridor.transport.http_statuses import OF_ROOTS, Statuses, status_by

_REFUSED = re.compile(r"(?P<message>.+) \[(?P<code>[a-z_]+(?:\.[a-z_]+)+)\]", re.DOTALL)

_log = structlog.get_logger()

STATUS: Statuses = (
    (NotSignedInError, 401),
    (WrongSignInError, 401),
    (WaitError, 429),
    (WrongHostError, 400),
    (ForgedFormError, 403),
    (FormTooLargeError, 413),
    *OF_ROOTS,
)


def status_of(error: CorridorError) -> int:
    """The HTTP status of a refusal."""
    return status_by(STATUS, error)


def said(error: CorridorError) -> Mapping[str, str]:
    """What a page shows of a refusal."""
    return said_of(error.code, str(error))


def said_of(code: str, message: str) -> Mapping[str, str]:
    """The same of one that another process met.

    `local` is in the reader's language: all of it, where `english` is empty; else what it means in
    general, and the message has the rest. In English the message says all.
    """
    if (whole := SAID.get(code)) is not None:
        return {"code": code, "local": str(whole), "english": ""}
    if chosen_language() == "en":
        return {"code": code, "local": "", "english": message}
    about = ABOUT.get(code)
    local = gettext("This was declined. The handbook explains the code.")
    return {"code": code, "local": local if about is None else str(about), "english": message}


def finding(text: str) -> Markup:
    """What a check-up found, in the reader's language; a refusal by its code, as on a page."""
    found = _REFUSED.fullmatch(text)
    if found is None or chosen_language() == "en":
        return told(text)
    refusal = said_of(found["code"], found["message"])
    shown = Markup(" ").join(filter(None, (escape(refusal["local"]), told(refusal["english"]))))
    return shown + Markup(' <code dir="ltr">{}</code>').format(refusal["code"])


def install_refusals(app: Flask, reference: Callable[[], str]) -> None:
    """Translate errors of every view of `app`; `reference` names a log entry."""

    def page(status: int, **shown: object) -> Response:
        return make_response(render_template("error.html", status=status, **shown), status)

    @app.errorhandler(CorridorError)
    def refuse(error: CorridorError) -> Response:
        status = status_of(error)
        _log.info("console.refused", code=error.code, status=status)
        if isinstance(error, NotSignedInError):
            return _to_sign_in(page(status, refusal=said(error)))
        return page(status, refusal=said(error))

    @app.errorhandler(RequestEntityTooLarge)
    def refuse_long(_: RequestEntityTooLarge) -> Response:
        most = request.max_content_length or app.config["MAX_CONTENT_LENGTH"]
        return refuse(FormTooLargeError(most))

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        if isinstance(error.response, Response):
            return error.response
        return page(error.code or 500, code=f"http.{error.code or 500}")

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        named = reference()
        _log.error("console.failed", reference=named, exc_info=error)
        return page(500, reference=named)


def _to_sign_in(shown: Response) -> Response:
    """Lead whoever looked at a page to the sign-in page; a form that was sent is told so."""
    if "HX-Request" in request.headers:
        shown.headers["HX-Redirect"] = url_for("entrance.sign_in")
        return shown
    if request.method == "GET":
        answer = redirect(url_for("entrance.sign_in"), 303)
        assert isinstance(answer, Response)  # noqa: S101  # what Flask's redirect makes
        return answer
    return shown
