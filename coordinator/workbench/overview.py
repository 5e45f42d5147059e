"""The first page: which region this is, and who is there."""

from flask import Blueprint, render_template

from corridor.coordinator.workbench.desks import Desks
from corridor.pages.access import signed_in


def overview_views(desks: Desks) -> Blueprint:
    """/."""
    views = Blueprint("overview", __name__)

    @views.get("/")
    @signed_in
    def home() -> str:
        return render_template("home.html", members=desks.region.members())

    return views
