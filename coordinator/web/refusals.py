"""One translation of our errors for every view; all other errors stay errors (500).

    401 no valid token    403 not allowed    404 no such thing    409 declined
    413 body too long     422 cannot be used                      429 too fast    503 not now

A bug is logged with its traceback; the caller learns a reference to that log entry, nothing else.
"""

from collections.abc import Callable

import structlog
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

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
    def refuse(error: CorridorError) -> tuple[Response, int]:
        status = status_by(STATUS, error)
        _log.info("request.refused", code=error.code, status=status)
        return jsonify(code=error.code, message=str(error)), status

    @app.errorhandler(RequestEntityTooLarge)
    def refuse_long(_: RequestEntityTooLarge) -> tuple[Response, int]:
        return refuse(RequestTooLargeError(app.config["MAX_CONTENT_LENGTH"]))

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> tuple[Response, int]:
        status = error.code or 500
        return jsonify(code=f"http.{status}", message=error.description or error.name), status

    @app.errorhandler(Exception)
    def fail(error: Exception) -> tuple[Response, int]:
        named = reference()
        _log.error("request.failed", reference=named, exc_info=error)
        message = f"an internal error; the coordinator's log has it as {named}"
        return jsonify(code="internal", message=message), 500
