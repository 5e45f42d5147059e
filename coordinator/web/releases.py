"""Views of what was released, and of the tree that it stands in."""

from flask import Blueprint, Response, jsonify, request

from corridor.coordinator.downloads import ZIP, as_download
from corridor.coordinator.file_maker import FileMaker
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.web.access import current_reader
from corridor.coordinator.web.operations import Raw, json_answer, operation, read_query
from corridor.coordinator.web.paging import page_answer, read_page
from corridor.coordinator.web.shapes import (
    Consistency,
    ConsistencyQuery,
    Leaves,
    LeavesQuery,
    PageQuery,
    ReceiptQuery,
    Release,
    ReleaseSummary,
)
from corridor.errors.region import UnknownFormError
from corridor.publishing.formats import FORMS

FILES = Raw(
    (*dict.fromkeys(form.media_type for form in FORMS.values()), ZIP),
    "The release as a file; where its form needs several, they come in one archive.",
)
RECEIPT = Raw(("application/json",), "The public receipt with its proof, for `corridor verify`.")
PROOF = Raw(("text/plain",), "The proof that the release is in the tree, as a tlog-proof.")
NOTE = Raw(("text/plain",), "The latest checkpoint, a signed note with its cosignatures.")


def release_views(desk: ReleaseDesk, maker: FileMaker, version: str) -> Blueprint:
    """GET /releases, /releases/ID, …/files/FORM, …/receipt, …/proof."""
    views = Blueprint("releases", __name__, url_prefix="/releases")

    @views.get("")
    @operation(asks=PageQuery, gives=list[ReleaseSummary], needs=TokenScope.READ, refuses=(404,))
    def listing() -> Response:
        """Every release, newest first, without its tables."""
        page = read_page()
        return page_answer(desk.listing(page, current_reader()), page)

    @views.get("/<identifier>")
    @operation(gives=Release, needs=TokenScope.READ, refuses=(404,))
    def one(identifier: str) -> Response:
        """A release: its tables with margins, its guarantee, who took part."""
        document, is_whole = desk.document_as_seen(identifier, current_reader())
        response = json_answer(document)
        # A release never changes: no need to digest a megabyte. Who looks, may.
        response.set_etag(_mark(identifier, is_whole=is_whole))
        return response

    @views.get("/<identifier>/files/<form>")
    @operation(gives=FILES, needs=TokenScope.READ, refuses=(404,), works=True)
    def file(identifier: str, form: str) -> Response:
        """A release in another form, with its metadata.

        Forms: json, csv, parquet, arrow, xlsx, jsonstat, sdmx-csv, sdmx-json. CSV always comes in
        an archive, since its metadata are a file of their own.
        """
        if form not in FORMS:
            raise UnknownFormError(form, FORMS)
        document, is_whole = desk.document_as_seen(identifier, current_reader())
        # Releases never change, how they are written may.
        tag = f"{_mark(identifier, is_whole=is_whole)}-{form}-{version}"
        if request.if_none_match.contains(tag):
            return Response(status=304)
        name = f"corridor-{identifier}"
        media_type = FORMS[form].media_type
        documents = maker.make(document, form, name)
        response = as_download(f"{name}-{form}.zip", media_type, documents)
        response.set_etag(tag)
        return response

    @views.get("/<identifier>/receipt")
    @operation(asks=ReceiptQuery, gives=RECEIPT, needs=TokenScope.READ, refuses=(404,))
    def receipt(identifier: str) -> Response:
        """The public receipt of a release, which proves it without trust in this service."""
        return json_answer(desk.receipt_file(identifier, read_query(ReceiptQuery).since))

    @views.get("/<identifier>/proof")
    @operation(gives=PROOF, needs=TokenScope.READ, refuses=(404,))
    def proof(identifier: str) -> Response:
        """That the release is in the tree of all releases."""
        return Response(desk.proof(identifier), mimetype="text/plain")

    return views


def _mark(identifier: str, *, is_whole: bool) -> str:
    """Of two readers one may see more: a cache must not give it to the other."""
    return identifier if is_whole else f"{identifier}-bare"


def log_views(desk: ReleaseDesk) -> Blueprint:
    """GET /log/checkpoint, /log/consistency?old=N&new=N, /log/leaves?first=N."""
    views = Blueprint("log", __name__, url_prefix="/log")

    @views.get("/checkpoint")
    @operation(gives=NOTE, needs=TokenScope.READ, refuses=(404,))
    def checkpoint() -> Response:
        """The latest checkpoint of the tree of releases."""
        return Response(desk.checkpoint(), mimetype="text/plain")

    @views.get("/consistency")
    @operation(asks=ConsistencyQuery, gives=Consistency, needs=TokenScope.READ, refuses=(404,))
    def consistency() -> Response:
        """The proof that the tree of `new` releases begins with the tree of `old`."""
        asked = read_query(ConsistencyQuery)
        return jsonify(desk.consistency(asked.old, asked.new))

    @views.get("/leaves")
    @operation(asks=LeavesQuery, gives=Leaves, needs=TokenScope.READ)
    def leaves() -> Response:
        """The tree's entries from one number on, at most a thousand."""
        return jsonify(desk.leaves(read_query(LeavesQuery).first))

    return views
