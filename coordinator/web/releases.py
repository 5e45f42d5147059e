"""Views of what was released, and of the tree that it stands in."""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.web.body import read_size


def release_views(desk: ReleaseDesk) -> Blueprint:
    """GET /releases, /releases/ID, /releases/ID/receipt, /releases/ID/proof."""
    views = Blueprint("releases", __name__, url_prefix="/releases")

    @views.get("")
    def listing() -> Response:
        return jsonify(desk.listing())

    @views.get("/<identifier>")
    def one(identifier: str) -> Response:
        return Response(desk.document(identifier), mimetype="application/json")

    @views.get("/<identifier>/receipt")
    def receipt(identifier: str) -> Response:
        known = read_size("since") if "since" in request.args else None
        return Response(desk.receipt_file(identifier, known), mimetype="application/json")

    @views.get("/<identifier>/proof")
    def proof(identifier: str) -> Response:
        return Response(desk.proof(identifier), mimetype="text/plain")

    return views


def log_views(desk: ReleaseDesk) -> Blueprint:
    """GET /log/checkpoint, /log/consistency?old=N&new=N, /log/leaves?first=N."""
    views = Blueprint("log", __name__, url_prefix="/log")

    @views.get("/checkpoint")
    def checkpoint() -> Response:
        return Response(desk.checkpoint(), mimetype="text/plain")

    @views.get("/consistency")
    def consistency() -> Response:
        return jsonify(desk.consistency(read_size("old"), read_size("new")))

    @views.get("/leaves")
    def leaves() -> Response:
        return jsonify(desk.leaves(read_size("first") if "first" in request.args else 0))

    return views
