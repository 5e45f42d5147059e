"""Views of the region: what it is, who is in it, what can be asked by name."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.region_desk import RegionDesk
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.web.operations import operation
from corridor.coordinator.web.shapes import Indicator, Member, Region


def region_views(desk: RegionDesk) -> Blueprint:
    """GET /region, /members, /indicators."""
    views = Blueprint("region", __name__)

    @views.get("/region")
    @operation(gives=Region, needs=TokenScope.READ)
    def describe() -> Response:
        """The region: its name, its charter in force, its members."""
        return jsonify(desk.describe())

    @views.get("/members")
    @operation(gives=list[Member], needs=TokenScope.READ)
    def members() -> Response:
        """Every member: whether it is connected, its edition, what its allowance leaves."""
        return jsonify(desk.members())

    @views.get("/indicators")
    @operation(gives=list[Indicator], needs=TokenScope.READ)
    def indicators() -> Response:
        """The catalogue of ready-made questions."""
        return jsonify(desk.indicators())

    return views
