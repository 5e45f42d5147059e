"""What the node is doing, what is still to be done, and what the doctor finds."""

from flask import Blueprint, render_template

from corridor.errors.node import NotRunningError
from corridor.node.people import Role
from corridor.node.web.access import for_roles, signed_in
from corridor.node.web.desks import Desks


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


def _status(desks: Desks) -> dict[str, object]:
    try:
        status, alive = desks.status()
    except NotRunningError:
        return {"status": None, "alive": False}
    return {"status": status, "alive": alive}
