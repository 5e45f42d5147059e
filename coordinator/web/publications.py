"""Views of publications: drafts for programs that prepare them, and what is published for anybody.

Programs draft and read; that something is reviewed, published and withdrawn is for people alone
(docs/publishing.md).
"""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.moments import iso
from corridor.coordinator.pace import Pace
from corridor.coordinator.public_desk import PublicDesk
from corridor.coordinator.publication_desk import Actor, Publication, PublicationDesk
from corridor.coordinator.publications.drafting import Drafting
from corridor.coordinator.publications.methodology import methodology
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.tokens import TokenHolder
from corridor.coordinator.web.access import current_holder
from corridor.coordinator.web.operations import operation, read_body
from corridor.coordinator.web.publication_shapes import (
    DraftBody,
    PublicationShown,
    PublicPublication,
)
from corridor.people.tries import network_of

PUBLIC_REQUESTS = 120
"""So many a minute for each address, of IPv6 for each network.

Behind a proxy all who come through it have one.
"""


def publication_views(desk: PublicationDesk, drafting: Drafting) -> Blueprint:
    """GET and POST /publications, GET /publications/ID."""
    views = Blueprint("publications", __name__, url_prefix="/publications")

    @views.get("")
    @operation(gives=list[PublicationShown], needs=TokenScope.PUBLISH)
    def listing() -> Response:
        """Every publication and draft, newest first."""
        return jsonify([_show(one) for one in desk.listing()])

    @views.get("/<identifier>")
    @operation(gives=PublicationShown, needs=TokenScope.PUBLISH, refuses=(404,))
    def one(identifier: str) -> Response:
        """A publication or draft, with every step that was taken."""
        return jsonify(_show(desk.find(identifier)))

    @views.post("")
    @operation(takes=DraftBody, gives=PublicationShown, needs=TokenScope.PUBLISH, refuses=(404,))
    def write() -> Response:
        """Draft a publication; people review and schedule it in the workbench."""
        body = read_body(DraftBody).model_dump()
        draft = drafting.draft(body, lambda documents, _language: methodology(documents))
        return jsonify(_show(desk.write(draft, _actor(current_holder()))))

    return views


def public_views(desk: PublicDesk) -> Blueprint:
    """GET /public/publications, without a token."""
    views = Blueprint("public", __name__, url_prefix="/public")
    pace = Pace(requests=PUBLIC_REQUESTS, works=PUBLIC_REQUESTS)

    @views.get("/publications")
    @operation(gives=list[PublicPublication], needs=None)
    def listing() -> Response:
        """What is published, newest first; needs no token."""
        pace.demand(network_of(request.remote_addr), works=False)
        return jsonify([_show_public(desk, one) for one in desk.listing()])

    @views.get("/publications/<identifier>")
    @operation(gives=PublicPublication, needs=None, refuses=(404,))
    def one(identifier: str) -> Response:
        """One publication, or that it was withdrawn; needs no token."""
        pace.demand(network_of(request.remote_addr), works=False)
        return jsonify(_show_public(desk, desk.find(identifier)))

    return views


def _actor(holder: TokenHolder) -> Actor:
    return Actor(holder.name, is_person=False, may_publish=TokenScope.PUBLISH in holder.scopes)


def _show(one: Publication) -> dict[str, object]:
    return {
        "id": one.id,
        "state": one.state,
        "revision": one.revision,
        **one.draft.to_json(),
        "seen_from": None if one.seen_from is None else iso(one.seen_from),
        "withdrawn": None if one.withdrawn is None else iso(one.withdrawn),
        "reason": one.reason,
        "replaced_by": one.replaced_by,
        "steps": [
            {"step": step.verb, "by": step.by, "is_person": step.is_person, "at": iso(step.at)}
            for step in one.steps
        ],
    }


def _show_public(desk: PublicDesk, one: Publication) -> dict[str, object]:
    document = one.draft.to_json()
    del document["embargo"]
    record = desk.record(one)
    return {
        "id": one.id,
        "state": one.state,
        **document,
        "address": record.address,
        "published": iso(one.seen_from or 0),
        "withdrawn": None if one.withdrawn is None else iso(one.withdrawn),
        "reason": one.reason,
        "replaced_by": one.replaced_by,
        "files": [file.address for file in record.downloads],
    }
