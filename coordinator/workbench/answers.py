"""Pages of answers: each release has a permanent address, and so has each view of it.

/releases                    all of them, newest first
/releases/ID                 tables with margins; ?view=… views; ?table=N&cells=all&page=P cells
/releases/ID/pictures/N/NAME   what is drawn of table N
/releases/ID/files/FORM      the same as a file
/releases/ID/receipt         what proves it
"""

import json
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import NotFound

from corridor.coordinator.downloads import as_download, attached
from corridor.coordinator.pace import Pace
from corridor.coordinator.pages import Page
from corridor.coordinator.pictures.drawing import described
from corridor.coordinator.pictures.question_words import Heading
from corridor.coordinator.pictures.table_words import headings_of
from corridor.coordinator.workbench.access import current_asker, current_reader
from corridor.coordinator.workbench.answer_tables import (
    SeenTable,
    Shown,
    offers_of,
    seen_tables,
    shown_tables,
)
from corridor.coordinator.workbench.answer_words import CONSENT_RULES, FORM_WORDS
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.following import reports_filled_by, sql_of, words_of
from corridor.coordinator.workbench.seen import MOST_VIEWS, parse_seen
from corridor.errors.questions import ViewError
from corridor.errors.region import UnknownFormError
from corridor.pages.access import signed_in
from corridor.pages.refusals import said
from corridor.publishing.formats import FORMS
from corridor.publishing.tables import ReleasedTable, tables_of

ON_A_PAGE = 30
FILES_PER_MINUTE = 60
LOOKS_PER_MINUTE = 180
"""Pages and pictures of one account: a large table takes a second of the coordinator's time."""

MOST_NUMBER = 100_000


def answer_views(desks: Desks) -> Blueprint:
    """/releases and what belongs to it."""
    views = Blueprint("releases", __name__, url_prefix="/releases")
    pace = Pace(requests=FILES_PER_MINUTE, works=FILES_PER_MINUTE)
    looks = Pace(requests=LOOKS_PER_MINUTE, works=LOOKS_PER_MINUTE)

    @views.get("")
    @signed_in
    def listing() -> str:
        found = desks.releases.listing(
            Page(ON_A_PAGE + 1, request.args.get("after")), current_reader()
        )
        return render_template(
            "releases.html",
            rows=[(one, words_of(desks, one)) for one in found[:ON_A_PAGE]],
            after=found[ON_A_PAGE - 1]["id"] if len(found) > ON_A_PAGE else None,
        )

    @views.get("/<identifier>")
    @signed_in
    def one(identifier: str) -> Response:
        looks.demand(current_asker().name, works=True)
        document = json.loads(desks.releases.document(identifier, current_reader()))
        tables = tables_of(document)
        headings = headings_of(document, desks.questions.domains, tables)
        seen, refusals = _seen(tables, headings)
        shown = render_template(
            "release.html",
            document=document,
            words=words_of(desks, document),
            sql=sql_of(desks, document["question"]),
            tables=_shown(tables, headings),
            seen=seen,
            offers=[offers_of(table) for table in tables],
            refusals=refusals,
            forms=FORM_WORDS,
            consent_rules=CONSENT_RULES,
            reports=reports_filled_by(desks, document["question"]),
        )
        return make_response(shown, 422 if refusals else 200)

    @views.get("/<identifier>/pictures/<int:number>/<name>")
    @signed_in
    def picture(identifier: str, number: int, name: str) -> Response:
        looks.demand(current_asker().name, works=True)
        document = json.loads(desks.releases.document(identifier))
        tables = tables_of(document)
        headings = headings_of(document, desks.questions.domains, tables)
        found = described(tables, headings, number, name)
        if found is None:
            raise NotFound
        return jsonify(found)

    @views.get("/<identifier>/files/<form>")
    @signed_in
    def file(identifier: str, form: str) -> Response:
        if form not in FORMS:
            raise UnknownFormError(form, FORMS)
        pace.demand(current_asker().name, works=True)
        document = desks.releases.document(identifier, current_reader())
        name = f"corridor-{identifier}"
        made = desks.files.make(document, form, name)
        return as_download(f"{name}-{form}.zip", FORMS[form].media_type, made)

    @views.get("/<identifier>/receipt")
    @signed_in
    def receipt(identifier: str) -> Response:
        found = desks.releases.receipt_file(identifier)
        return attached(found, f"corridor-{identifier}-receipt.json", "application/json")

    return views


def _shown(tables: Sequence[ReleasedTable], headings: Sequence[Heading]) -> list[Shown]:
    """The tables; of the one that the address names, the part that it names."""
    return shown_tables(
        tables,
        headings,
        wide=_number("table") if request.args.get("cells") == "all" else None,
        page=_number("page") or 1,
    )


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= 6
    return min(int(text), MOST_NUMBER) if is_number else None


def _seen(
    tables: Sequence[ReleasedTable], headings: Sequence[Heading]
) -> tuple[list[SeenTable], list[Mapping[str, str]]]:
    """The views that the address names, and why one cannot be shown."""
    found: list[SeenTable] = []
    refusals: list[Mapping[str, str]] = []
    for text in dict.fromkeys(request.args.getlist("view")[:MOST_VIEWS]):
        try:
            found += seen_tables(tables, parse_seen(text), headings)
        except ViewError as error:
            refusals.append(said(error))
    return found, refusals
