"""Views of standing series: list, follow, hasten, end."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.series_desk import SeriesDesk
from corridor.coordinator.web.access import current_holder


def series_views(desk: SeriesDesk) -> Blueprint:
    """GET /series, /series/ID; POST /series/ID/now, /series/ID/end."""
    views = Blueprint("series", __name__, url_prefix="/series")

    @views.get("")
    def listing() -> Response:
        return jsonify(desk.listing())

    @views.get("/<identifier>")
    def one(identifier: str) -> Response:
        return jsonify(desk.show(identifier))

    @views.post("/<identifier>/now")
    def hasten(identifier: str) -> Response:
        return jsonify(desk.hasten(identifier, current_holder()))

    @views.post("/<identifier>/end")
    def end(identifier: str) -> Response:
        return jsonify(desk.end(identifier, current_holder()))

    return views
