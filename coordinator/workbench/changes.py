"""What was done to accounts, and by whom."""

from collections.abc import Callable

from flask import Blueprint, render_template

from corridor.coordinator.workbench.words import CHANGES
from corridor.pages.access import for_roles
from corridor.people import Change, Role

MOST = 500


def change_views(changes: Callable[[int], tuple[Change, ...]]) -> Blueprint:
    """/changes."""
    views = Blueprint("changes", __name__)

    @views.get("/changes")
    @for_roles(Role.ADMINISTRATOR)
    def listed() -> str:
        return render_template("changes.html", changes=changes(MOST), words=CHANGES)

    return views
