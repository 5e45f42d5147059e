"""The privacy budget: what is spent, what is left, and how it came to that."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, render_template

from corridor.node.web.chart import draw, months
from corridor.node.web.desks import Desks
from corridor.pages.access import for_roles
from corridor.people import Role


def budget_views(desks: Desks, clock: Callable[[], datetime]) -> Blueprint:
    """/budget."""
    views = Blueprint("budget", __name__)

    @views.get("/budget")
    @for_roles(Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)
    def budget() -> str:
        points = desks.room.spending()
        allowance = desks.allowance()
        return render_template(
            "budget.html",
            budget=desks.budget(),
            allowance=allowance,
            chart=draw(points, allowance, clock()),
            months=months(points),
        )

    return views
