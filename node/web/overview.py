"""What the node is doing, what is still to be done, and what the doctor finds."""

import structlog
from flask import Blueprint, render_template

from corridor.errors import CorridorError
from corridor.errors.node import NotRunningError
from corridor.node.people import Role
from corridor.node.web.access import for_roles, signed_in
from corridor.node.web.desks import Desks

_log = structlog.get_logger()


def overview_views(desks: Desks) -> Blueprint:
    """/, /status, /doctor."""
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
            waiting=_waiting(desks),
            **_status(desks),
        )

    @views.get("/status")
    @signed_in
    def status() -> str:
        return render_template("status.html", **_status(desks))

    @views.get("/doctor")
    @for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
    def doctor() -> str:
        return render_template("doctor.html", found=desks.doctor())

    return views


def _waiting(desks: Desks) -> int | None:
    """How many questions wait for people; None where the books that say so cannot be read."""
    try:
        return desks.approvals.waiting()
    except CorridorError as error:  # the check-up and the page of the questions say what it is
        _log.warning("console.approvals_unread", code=error.code)
        return None


def _status(desks: Desks) -> dict[str, object]:
    try:
        status, alive = desks.status()
    except NotRunningError:
        return {"status": None, "alive": False}
    return {"status": status, "alive": alive}
