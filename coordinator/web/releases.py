"""Views of what was released."""

from flask import Blueprint, Response, jsonify

from corridor.coordinator.releases import ReleaseDesk


def release_views(desk: ReleaseDesk) -> Blueprint:
    """GET /releases, /releases/ID, /releases/ID/receipt."""
    views = Blueprint("releases", __name__, url_prefix="/releases")

    @views.get("")
    def listing() -> Response:
        return jsonify(desk.listing())

    @views.get("/<identifier>")
    def one(identifier: str) -> Response:
        return Response(desk.document(identifier), mimetype="application/json")

    @views.get("/<identifier>/receipt")
    def receipt(identifier: str) -> Response:
        return Response(desk.public_receipt(identifier), mimetype="application/json")

    return views
