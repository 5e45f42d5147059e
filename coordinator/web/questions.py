"""Views of questions: forecast, ask, follow."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.question_desk import AskRequest, QuestionDesk
from corridor.coordinator.web.access import current_holder
from corridor.coordinator.web.body import Body


def question_views(desk: QuestionDesk) -> Blueprint:
    """POST /forecast, /questions; GET /questions, /questions/ID."""
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

    return views


def read_request() -> AskRequest:
    """What the current request asks.

    Raises:
        MalformedRequestError: a key is unknown or has a value of another type.
    """
    body = Body("sql", "indicator", "parameters", "question", "accuracy", "rho", "scope", "purpose")
    return AskRequest(
        sql=body.text_or_none("sql"),
        indicator=body.text_or_none("indicator"),
        parameters=body.object_or_none("parameters") or {},
        question=body.object_or_none("question"),
        accuracy=body.text_or_none("accuracy"),
        rho=body.text_or_none("rho"),
        scope=body.text("scope", "regional"),
        purpose=body.text("purpose", ""),
    )
