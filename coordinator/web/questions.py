"""Views of questions: forecast, ask, follow."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.question_desk import QuestionDesk
from corridor.coordinator.repeats import Repeatable
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.tokens import TokenDesk
from corridor.coordinator.web.access import current_holder, current_reader, current_token
from corridor.coordinator.web.events import Followers
from corridor.coordinator.web.operations import Raw, operation, read_body, read_nothing
from corridor.coordinator.web.paging import page_answer, read_page
from corridor.coordinator.web.shapes import (
    AskBody,
    Forecast,
    NoBody,
    PageQuery,
    Question,
    Series,
)

KEY = "Idempotency-Key"
ABOUT_KEY = "any text of your own, 1 to 255 characters; the same request with it is asked once"

EVENTS = Raw(
    ("text/event-stream",),
    "The question as an event at every change, until it is over or ten minutes have passed.",
)


def question_views(desk: QuestionDesk, tokens: TokenDesk, followers: Followers) -> Blueprint:
    """POST /forecast, /questions, /questions/ID/cancel; GET /questions, /questions/ID, …/events."""
    views = Blueprint("questions", __name__)

    @views.post("/forecast")
    @operation(takes=AskBody, gives=Forecast, needs=TokenScope.READ, refuses=(404, 409))
    def forecast() -> Response:
        """What a question would cost and how exact it would be. Spends nothing."""
        return jsonify(desk.forecast(read_body(AskBody).to_request()))

    @views.post("/questions")
    @operation(
        takes=AskBody,
        gives=Question | Series,
        needs=TokenScope.ASK,
        refuses=(404, 409),
        headers=((KEY, ABOUT_KEY),),
    )
    def ask() -> Response:
        """Ask in earnest; answers at once with the question's place, or how far its series is.

        It spends the members' allowances, unless a release answers it already. A question that was
        taken is the same for everybody who asks it; with an Idempotency-Key a request can be sent
        again after a broken connection.
        """
        body = read_body(AskBody).to_request()
        return jsonify(desk.ask(body, current_holder(), _repeatable()))

    @views.get("/questions")
    @operation(asks=PageQuery, gives=list[Question], needs=TokenScope.READ, refuses=(404,))
    def listing() -> Response:
        """Every question, newest first."""
        page = read_page()
        return page_answer(desk.listing(page, reader=current_reader()), page)

    @views.get("/questions/<identifier>")
    @operation(gives=Question, needs=TokenScope.READ, refuses=(404,))
    def one(identifier: str) -> Response:
        """Where a question stands."""
        return jsonify(desk.show(identifier, current_reader()))

    @views.get("/questions/<identifier>/events")
    @operation(gives=EVENTS, needs=TokenScope.READ, refuses=(404,))
    def events(identifier: str) -> Response:
        """Follow a question: who has answered, which round, how it ended."""
        token, reader = current_token(), current_reader()

        def look() -> dict[str, Any]:
            tokens.holder(token)  # a stream must not outlive the right to it
            return desk.show(identifier, reader)

        events = followers.follow(current_holder().name, look)
        stream = Response(events, mimetype="text/event-stream")
        stream.headers["X-Accel-Buffering"] = "no"  # a proxy shall pass events on at once
        return stream

    @views.post("/questions/<identifier>/cancel")
    @operation(takes=NoBody, gives=Question, needs=TokenScope.ASK, refuses=(404, 409))
    def cancel(identifier: str) -> Response:
        """Take back a question of one's own that waits; nothing was spent on it."""
        read_nothing()
        return jsonify(desk.cancel(identifier, current_holder()))

    return views


def _repeatable() -> Repeatable | None:
    key = request.headers.get(KEY)
    return None if key is None else Repeatable(key, request.get_data())
