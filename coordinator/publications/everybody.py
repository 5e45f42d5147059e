"""Views for everybody: what is published, its files, and whether a receipt holds.

GET  /public                                        the list
GET  /public/feed.atom                              the same for readers of feeds
GET  /public/ID                                     one publication, or its tombstone
GET  /public/ID/datacite.json, dataset.jsonld       how catalogues describe it
GET  /public/ID/releases/ID/pictures/N/NAME         what is drawn of its table N
GET  /public/ID/releases/ID/files/FORM              a release in another form
GET  /public/ID/releases/ID/receipt.json, charter.json
POST /public/ID/releases/ID/verify                  whether its receipt holds
GET  /public/verify, POST                           whether a receipt that is sent holds
GET  /robots.txt
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.exceptions import NotFound

from corridor import __version__
from corridor.coordinator.downloads import as_download, attached
from corridor.coordinator.moments import iso
from corridor.coordinator.pace import Pace
from corridor.coordinator.public_desk import STILL_THERE, PublicDesk
from corridor.coordinator.publication_desk import Publication, State
from corridor.coordinator.publications.figures import ShownTable, ShownTables, within_a_page
from corridor.people.tries import network_of
from corridor.publishing.citing import citation, datacite, dataset
from corridor.publishing.formats import FORMS
from corridor.queries.domains import Domains

REQUESTS = 300
WORKS = 20
"""Of one address in a minute, of IPv6 of one network: of everything; of what takes work.

Behind a proxy all who come through it have one address.
"""

FEED_ENTRIES = 50
JSON = "application/json"
ATOM = "http://www.w3.org/2005/Atom"
ROBOTS = (
    "User-agent: *\nDisallow: /\nAllow: /public\nDisallow: /public/*/files/\n"
    "Disallow: /public/*/pictures/\n"
)

ROWS_ON_A_PAGE = 200
"""Of all tables of a publication together: a page stays light on a slow line."""


def everybody_views(desk: PublicDesk, region: str, domains: Callable[[], Domains]) -> Blueprint:
    """The views; `domains` tells what can be asked about now, for the names of values."""
    views = Blueprint("public", __name__)
    pace = Pace(requests=REQUESTS, works=WORKS)
    tables = ShownTables(desk.releases.document, domains)

    @views.before_request
    def keep_pace() -> None:
        pace.demand(network_of(request.remote_addr), works=False)

    @views.get("/robots.txt")
    def robots() -> Response:
        return Response(ROBOTS, mimetype="text/plain")

    @views.get("/public")
    def listing() -> str:
        return render_template("public_list.html", publications=desk.listing())

    @views.get("/public/feed.atom")
    def feed() -> Response:
        found = desk.listing()[:FEED_ENTRIES]
        return Response(_feed(desk, region, found), mimetype="application/atom+xml")

    @views.get("/public/verify")
    def verify() -> str:
        return render_template("public_verify.html", checked=None)

    @views.post("/public/verify")
    def verify_sent() -> str:
        pace.demand(network_of(request.remote_addr), works=True)
        sent = request.files.get("receipt")
        data = b""
        if sent is not None:
            with sent.stream:
                data = sent.stream.read()
        checked = desk.verify_sent(data) if data else None
        return render_template("public_verify.html", checked=checked, empty=not data)

    @views.get("/public/<identifier>")
    def one(identifier: str) -> str:
        found = desk.find(identifier)
        return render_template(
            "public_one.html", at=_Here(identifier), **shown(desk, tables, found, g.language)
        )

    @views.get("/public/<identifier>/datacite.json")
    def describe(identifier: str) -> Response:
        document = datacite(desk.record(desk.find(identifier)))
        return _json(document, "application/vnd.datacite.datacite+json")

    @views.get("/public/<identifier>/dataset.jsonld")
    def describe_as_dataset(identifier: str) -> Response:
        found = desk.find(identifier)
        document = dataset(desk.record(found), found.draft.main.language)
        return _json(document, "application/ld+json")

    @views.get("/public/<identifier>/releases/<release>/pictures/<int:number>/<name>")
    def picture(identifier: str, release: str, number: int, name: str) -> Response:
        desk.find_shown(identifier, release)
        found = tables.picture(release, number, name)
        if found is None:
            raise NotFound
        return jsonify(found)

    @views.get("/public/<identifier>/releases/<release>/files/<form>")
    def file(identifier: str, release: str, form: str) -> Response:
        revision = desk.find_with(identifier, release).revision
        # A release never changes; what stands about it in its files can, with the publication.
        tag = f"{identifier}-{revision}-{release}-{form}-{__version__}"
        if request.if_none_match.contains(tag):
            return Response(status=304)
        pace.demand(network_of(request.remote_addr), works=True)
        made = desk.file(identifier, release, form)
        archive = f"corridor-{release}-{form}.zip"
        response = as_download(archive, FORMS[form].media_type, made)
        response.set_etag(tag)
        return response

    @views.get("/public/<identifier>/releases/<release>/receipt.json")
    def receipt(identifier: str, release: str) -> Response:
        return attached(
            desk.receipt(identifier, release), f"receipt-{release}.json", "application/json"
        )

    @views.get("/public/<identifier>/releases/<release>/charter.json")
    def charter(identifier: str, release: str) -> Response:
        return attached(
            desk.charter(identifier, release), f"charter-of-{release}.json", "application/json"
        )

    @views.post("/public/<identifier>/releases/<release>/verify")
    def verify_published(identifier: str, release: str) -> str:
        pace.demand(network_of(request.remote_addr), works=True)
        return render_template(
            "public_checked.html",
            publication=desk.find(identifier),
            release=release,
            checked=desk.verify(identifier, release),
        )

    return views


def shown(
    desk: PublicDesk, tables: ShownTables, publication: Publication, language: str
) -> dict[str, Any]:
    """What the template of a publication needs, here and where it is previewed."""
    record = desk.record(publication)
    is_there = publication.state is not State.WITHDRAWN
    found = _tables(tables, publication.draft.releases) if is_there else ()
    return {
        "publication": publication,
        "text": publication.draft.in_language(language),
        "record": record,
        "cite": citation(record, language),
        "dataset": dataset(record, language),
        "forms": tuple(FORMS) if is_there else STILL_THERE,
        "tables": found,
        "is_made_up": is_there and desk.has_made_up(publication),
        "has_pictures": any(one.pictures for _, several in found for one in several or ()),
        "drawn": request.args.get("picture", ""),
    }


def _tables(
    tables: ShownTables, releases: Sequence[str]
) -> tuple[tuple[str, tuple[ShownTable, ...] | None], ...]:
    """The tables of each release as far as the page has room; None of one that is too long."""
    whole = [(release, tables.of(release)) for release in releases]
    fitting = iter(
        within_a_page([one for _, several in whole for one in several or ()], ROWS_ON_A_PAGE)
    )
    return tuple(
        (release, None if several is None else tuple(islice(fitting, len(several))))
        for release, several in whole
    )


@dataclass(frozen=True, slots=True)
class _Here:
    """Addresses of everybody's page of a publication; its preview has others."""

    identifier: str

    def page(self, picture: str, anchor: str) -> str:
        """Of the page, with its tables drawn in this way."""
        return url_for("public.one", identifier=self.identifier, picture=picture, _anchor=anchor)

    def picture(self, release: str, number: int, name: str) -> str:
        """Of what is drawn of a table."""
        return url_for(
            "public.picture",
            identifier=self.identifier,
            release=release,
            number=number,
            name=name,
        )


def _feed(desk: PublicDesk, region: str, publications: Sequence[Publication]) -> bytes:
    """An Atom feed (RFC 4287); ElementTree escapes every text."""
    ET.register_namespace("", ATOM)
    root = ET.Element(f"{{{ATOM}}}feed")

    def add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
        element = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
        element.text = text or None
        return element

    here = f"{desk.address}/public"
    last = max((one.seen_from or 0 for one in publications), default=0)
    add(root, "id", here)
    add(root, "title", region)
    add(root, "updated", iso(last))
    add(root, "link", rel="self", href=f"{here}/feed.atom", type="application/atom+xml")
    add(root, "link", rel="alternate", href=here, type="text/html")
    add(add(root, "author"), "name", region)
    for one in publications:
        entry, address = add(root, "entry"), desk.address_of(one.id)
        add(entry, "id", address)
        add(entry, "title", one.draft.main.title)
        add(entry, "updated", iso(one.seen_from or 0))
        add(entry, "published", iso(one.seen_from or 0))
        add(entry, "link", rel="alternate", href=address, type="text/html")
        add(entry, "summary", one.draft.main.summary)
        for name, _ in one.draft.creators:
            add(add(entry, "author"), "name", name)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _json(document: dict[str, Any], media_type: str) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return Response(text, content_type=media_type)
