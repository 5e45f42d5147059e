"""Views of questions: forecast, ask, follow."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from corridor.coordinator.question_desk import AskRequest, QuestionDesk, SeriesRequest
from corridor.coordinator.web.access import current_holder
from corridor.coordinator.web.body import Body
from corridor.errors.region import MalformedRequestError


def question_views(desk: QuestionDesk) -> Blueprint:
    """POST /forecast, /questions, /questions/ID/cancel; GET /questions, /questions/ID."""
    views = Blueprint("questions", __name__)

    @views.post("/forecast")
    def forecast() -> Response:
        return jsonify(desk.forecast(read_request()))

    @views.post("/questions")
    def ask() -> Response:
        return jsonify(desk.ask(read_request(), current_holder()))

    @views.get("/questions")
    def listing() -> Response:
        return jsonify(desk.listing())

    @views.get("/questions/<identifier>")
    def one(identifier: str) -> Response:
        return jsonify(desk.show(identifier))

    @views.post("/questions/<identifier>/cancel")
    def cancel(identifier: str) -> Response:
        return jsonify(desk.cancel(identifier, current_holder()))

    return views


def read_request() -> AskRequest:
    """What the current request asks.

    Raises:
        MalformedRequestError: a key is unknown or has a value of another type.
    """
    body = Body(
        "sql",
        "indicator",
        "parameters",
        "question",
        "accuracy",
        "rho",
        "scope",
        "purpose",
        "series",
        "approval_hours",
    )
    return AskRequest(
        sql=body.text_or_none("sql"),
        indicator=body.text_or_none("indicator"),
        parameters=body.object_or_none("parameters") or {},
        question=body.object_or_none("question"),
        accuracy=body.text_or_none("accuracy"),
        rho=body.text_or_none("rho"),
        scope=body.text("scope", "regional"),
        purpose=body.text("purpose", ""),
        series=_read_series(body.object_or_none("series")),
        approval_hours=body.whole_or_none("approval_hours"),
    )


def _read_series(value: Mapping[str, Any] | None) -> SeriesRequest | None:
    if value is None:
        return None
    match dict(value):
        case {"every": str(every), "periods": int(periods), **rest} if not isinstance(
            periods, bool
        ) and rest.keys() <= {"start"}:
            start = rest.get("start")
            if start is None or isinstance(start, str):
                return SeriesRequest(every=every, periods=periods, start=start)
    raise MalformedRequestError(
        "the request's 'series' must be an object with 'every' (month, quarter or year), 'periods' "
        "(a whole number) and, if you like, 'start' (as 2027-01)"
    )
