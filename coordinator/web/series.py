"""Views of standing series: list, follow, hasten, end."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.web.access import current_holder, current_reader
from corridor.coordinator.web.operations import operation, read_nothing
from corridor.coordinator.web.paging import page_answer, read_page
from corridor.coordinator.web.shapes import NoBody, PageQuery, Series


def series_views(desk: SeriesDesk) -> Blueprint:
    """GET /series, /series/ID; POST /series/ID/now, /series/ID/end."""
    views = Blueprint("series", __name__, url_prefix="/series")

    @views.get("")
    @operation(asks=PageQuery, gives=list[Series], needs=TokenScope.READ, refuses=(404,))
    def listing() -> Response:
        """Every standing series, newest first."""
        page = read_page()
        return page_answer(desk.listing(page, current_reader()), page)

    @views.get("/<identifier>")
    @operation(gives=Series, needs=TokenScope.READ, refuses=(404,))
    def one(identifier: str) -> Response:
        """How far a series is, and its releases."""
        return jsonify(desk.show(identifier, current_reader()))

    @views.post("/<identifier>/now")
    @operation(takes=NoBody, gives=Series, needs=TokenScope.ASK, refuses=(404, 409))
    def hasten(identifier: str) -> Response:
        """Ask at once for the next release; after one that failed, nodes that paid pay again."""
        read_nothing()
        return jsonify(desk.hasten(identifier, current_holder()))

    @views.post("/<identifier>/end")
    @operation(takes=NoBody, gives=Series, needs=TokenScope.ASK, refuses=(404, 409))
    def end(identifier: str) -> Response:
        """Let a series make no more releases; what was released stays."""
        read_nothing()
        return jsonify(desk.end(identifier, current_holder()))

    return views
