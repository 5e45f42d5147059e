"""One translation of our errors for every view; all other errors stay errors (500).

    401 no valid token    403 not allowed    404 no such thing    409 declined
    413 body too long     422 cannot be used                      429 too fast    503 not now

Each is a problem (RFC 9457): `code` is our own and stable, `detail` says what to do. A bug is
logged with its traceback; the caller learns a reference to that log entry, nothing else.
"""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from corridor.coordinator.web.openapi import PROBLEM
from corridor.errors import CorridorError
from corridor.errors.region import (
    RequestTooLargeError,
    TooManyRequestsError,
    UnknownTokenError,
)
from corridor.transport.http_statuses import OF_ROOTS, Statuses, status_by

_log = structlog.get_logger()

STATUS: Statuses = (
    (UnknownTokenError, 401),
    (TooManyRequestsError, 429),
    (RequestTooLargeError, 413),
    *OF_ROOTS,
)


def install_refusals(app: Flask, reference: Callable[[], str]) -> None:
    """Translate errors of every view of `app`; `reference` names a log entry."""

    @app.errorhandler(CorridorError)
    def refuse(error: CorridorError) -> Response:
        status = status_by(STATUS, error)
        _log.info("request.refused", code=error.code, status=status)
        response = _problem(status, error.code, str(error))
        if isinstance(error, TooManyRequestsError):
            response.headers["Retry-After"] = str(error.seconds)
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def refuse_long(_: RequestEntityTooLarge) -> Response:
        return refuse(RequestTooLargeError(app.config["MAX_CONTENT_LENGTH"]))

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        status = error.code or 500
        response = _problem(status, f"http.{status}", error.description or error.name)
        for name, value in error.get_headers():
            if name not in {"Content-Type", "Content-Length"}:  # `Allow`, for one
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        named = reference()
        _log.error("request.failed", reference=named, exc_info=error)
        message = f"an internal error; the coordinator's log has it as {named}"
        return _problem(500, "internal", message)


def _problem(status: int, code: str, detail: str) -> Response:
    response = jsonify(
        type=f"urn:corridor:error:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
    )
    response.status_code = status
    response.content_type = PROBLEM
    return response
