"""Views of the region: what it is, who is in it, what can be asked by name."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.region_desk import RegionDesk


def region_views(desk: RegionDesk) -> Blueprint:
    """GET /region, /members, /indicators."""
    views = Blueprint("region", __name__)

    @views.get("/region")
    def describe() -> Response:
        return jsonify(desk.describe())

    @views.get("/members")
    def members() -> Response:
        return jsonify(desk.members())

    @views.get("/indicators")
    def indicators() -> Response:
        return jsonify(desk.indicators())

    return views
