"""One translation of our errors for every page; all other errors stay errors (500).

    400 wrong host    401 not signed in    403 not allowed, or a forged form    404 no such thing
    409 declined      413 too long         422 cannot be used    429 wait       503 not now

A bug is logged with its traceback; the page shows a reference to that log entry, nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import (
    Flask,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from corridor.errors import CorridorError
from corridor.errors.pages import ForgedFormError, SentTooLongError, WrongHostError
from corridor.errors.people import NotSignedInError, WaitError, WrongSignInError
from corridor.errors.region import TooManyRequestsError
from corridor.pages.languages import chosen_language, gettext
from corridor.pages.words import SAID
from corridor.transport.http_statuses import OF_ROOTS, Statuses, status_by

_KEPT = "corridor_words"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Words:
    """What a site calls refusals in the reader's language, by their codes.

    Attributes:
        said: all of it, where the message has no values in it.
        about: what it means in general, where the message has.
    """

    said: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


STATUS: Statuses = (
    (NotSignedInError, 401),
    (WrongSignInError, 401),
    (WaitError, 429),
    (TooManyRequestsError, 429),
    (WrongHostError, 400),
    (ForgedFormError, 403),
    (SentTooLongError, 413),
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
    words: Words = current_app.extensions[_KEPT]
    if (whole := SAID.get(code) or words.said.get(code)) is not None:
        return {"code": code, "local": str(whole), "english": ""}
    if chosen_language() == "en":
        return {"code": code, "local": "", "english": message}
    about = words.about.get(code)
    local = gettext("This was declined. The handbook explains the code.")
    return {"code": code, "local": local if about is None else str(about), "english": message}


def install_refusals(app: Flask, words: Words, reference: Callable[[], str]) -> None:
    """Translate errors of every view of `app`; `reference` names a log entry."""
    app.extensions[_KEPT] = words

    def page(status: int, **shown: object) -> Response:
        return make_response(render_template("error.html", status=status, **shown), status)

    @app.errorhandler(CorridorError)
    def refuse(error: CorridorError) -> Response:
        status = status_of(error)
        _log.info("pages.refused", code=error.code, status=status)
        if isinstance(error, NotSignedInError):
            return _to_sign_in(page(status, refusal=said(error)))
        return page(status, refusal=said(error))

    @app.errorhandler(RequestEntityTooLarge)
    def refuse_long(_: RequestEntityTooLarge) -> Response:
        most = request.max_content_length or app.config["MAX_CONTENT_LENGTH"]
        return refuse(SentTooLongError(most))

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        if isinstance(error.response, Response):
            return error.response
        if isinstance(error, MethodNotAllowed) and (begins := _where_it_begins()) is not None:
            return _see(begins)
        return page(error.code or 500, code=f"http.{error.code or 500}")

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        named = reference()
        _log.error("pages.failed", reference=named, exc_info=error)
        return page(500, reference=named)


def _where_it_begins() -> str | None:
    """Of an address that only takes what a form sends: the page above it that shows something.

    A browser asks for such an address when somebody reloads or keeps what a form led to.
    """
    if request.method != "GET" or request.url_rule is not None:
        return None
    addresses = current_app.url_map.bind("")
    above = request.path
    while above not in ("", "/"):
        above = above.rpartition("/")[0] or "/"
        if addresses.test(above, "GET"):
            return above
    return None


def _see(path: str) -> Response:
    answer = redirect(path, 303)
    assert isinstance(answer, Response)  # noqa: S101  # what Flask's redirect makes
    return answer


def _to_sign_in(shown: Response) -> Response:
    """Lead whoever looked at a page to the sign-in page; a form that was sent is told so."""
    if "HX-Request" in request.headers:
        shown.headers["HX-Redirect"] = url_for("entrance.sign_in")
        return shown
    if request.method == "GET":
        return _see(url_for("entrance.sign_in"))
    return shown
