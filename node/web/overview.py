"""What the node is doing, what is still to be done, and what its check-ups found.

A check-up verifies every entry of ledger and journal, which takes longer than anybody waits for a
page. So it runs beside, and the page shows how far it is, and what was found last and when.
"""

import structlog
from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.console import BooksOpeningError
from corridor.errors.node import NotRunningError
from corridor.node.upkeep import CHECKUP_DAYS, Due, Upkeep
from corridor.node.web.desks import Desks
from corridor.pages.access import for_roles, signed_in
from corridor.pages.refusals import said
from corridor.people import Role

_log = structlog.get_logger()


def overview_views(desks: Desks) -> Blueprint:
    """/, /status, /today, /doctor."""
    views = Blueprint("overview", __name__)

    @views.get("/")
    @signed_in
    def home() -> str:
        enrolled = desks.is_enrolled()
        return render_template(
            "home.html",
            enrolled=enrolled,
            edition=desks.edition(),
            charter=desks.charter.accepted() if enrolled else None,
            in_force=enrolled and desks.charter.is_in_force(),
            **_today(desks),
            **_status(desks),
        )

    @views.get("/today")
    @signed_in
    def today() -> str:
        return render_template("today.html", **_today(desks))

    @views.get("/status")
    @signed_in
    def status() -> str:
        return render_template("status.html", **_status(desks))

    @views.get("/doctor")
    @for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
    def doctor() -> str:
        return _doctor("doctor.html", desks)

    @views.post("/doctor")
    @for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
    def look() -> Answer:
        desks.checkups.begin()
        return redirect(url_for("overview.doctor"), 303)

    @views.get("/doctor/progress")
    @for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
    def progress() -> str:
        return _doctor("looks.html", desks)

    return views


def _doctor(template: str, desks: Desks) -> str:
    state = desks.checkups.state()
    refusal = None if state.refusal is None else said(state.refusal)
    upkeep = _today(desks)["upkeep"]
    # That no backup was written is no fault of the node, and nothing that is fine either.
    due = upkeep.due - {Due.CHECKUP} if isinstance(upkeep, Upkeep) else frozenset()
    return render_template(
        template, state=state, refusal=refusal, days=CHECKUP_DAYS, backups_due=bool(due)
    )


def _today(desks: Desks) -> dict[str, object]:
    """What waits for people, and what is due; None where the books do not say so now.

    Why they cannot be read is said by the check-up and the page of the questions.
    """
    try:
        return {"opening": False, "waiting": desks.approvals.waiting(), "upkeep": desks.upkeep()}
    except BooksOpeningError:
        return {"opening": True, "waiting": None, "upkeep": None}
    except CorridorError as error:
        _log.warning("console.books_unread", code=error.code)
        return {"opening": False, "waiting": None, "upkeep": None}


def _status(desks: Desks) -> dict[str, object]:
    try:
        status, alive = desks.status()
    except NotRunningError:
        return {"status": None, "alive": False}
    return {"status": status, "alive": alive}
