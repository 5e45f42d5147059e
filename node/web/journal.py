"""The journal: looked through, and taken along signed."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, render_template, request

from corridor.node.reading_room import JournalPage
from corridor.node.web.desks import Desks
from corridor.pages.access import for_roles
from corridor.people import Role

PAGE_ROWS = 50
LONGEST_SEARCH = 100


def journal_views(desks: Desks, clock: Callable[[], datetime]) -> Blueprint:
    """/journal, /journal/export."""
    views = Blueprint("journal", __name__, url_prefix="/journal")

    @views.get("")
    @for_roles(Role.AUDITOR, Role.APPROVER)
    def journal() -> str:
        text, kind = request.args.get("text", "")[:LONGEST_SEARCH], request.args.get("kind", "")
        page: JournalPage = desks.room.journal(text, kind, _page(), PAGE_ROWS)
        is_search = request.headers.get("HX-Target") == "rows"
        template = "journal_rows.html" if is_search else "journal.html"
        return render_template(template, page=page, text=text, kind=kind)

    @views.get("/export")
    @for_roles(Role.AUDITOR)
    def export() -> Response:
        day = clock().strftime("%Y-%m-%d")
        answer = Response(desks.room.export(), mimetype="application/jsonl")
        answer.headers.set(
            "Content-Disposition",
            "attachment",
            filename=f"journal-{desks.country}-{day}.jsonl",
        )
        return answer

    return views


def _page() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
