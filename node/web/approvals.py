"""Questions that wait for people: in plain words, approved or denied by approvers alone."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.node.approvals import Standing, parse_person
from corridor.node.people import Role
from corridor.node.web.access import current_session, for_roles
from corridor.node.web.desks import Desks
from corridor.node.web.refusals import said, status_of
from corridor.node.web.sentences import told

OPEN = frozenset({Standing.WAITING.value, Standing.APPROVED.value})
OVER_SHOWN = 20


def approval_views(desks: Desks) -> Blueprint:
    """/approvals, /approvals/decide."""
    views = Blueprint("approvals", __name__, url_prefix="/approvals")

    def page(error: CorridorError | None = None) -> Response:
        found = desks.approvals()
        shown = render_template(
            "approvals.html",
            waiting=[one for one in found if one.standing in OPEN],
            over=[one for one in found if one.standing not in OPEN][:OVER_SHOWN],
            told=told,
            refusal=None if error is None else said(error),
            may_decide=Role.APPROVER in current_session().person.roles,
            me_as_approver=parse_person(current_session().person.name),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(Role.APPROVER, Role.AUDITOR)
    def waiting() -> Response:
        return page()

    @views.post("/decide")
    @for_roles(Role.APPROVER)
    def decide() -> Response | Answer:
        say = desks.approve if request.form.get("decision") == "approve" else desks.deny
        try:
            say(request.form.get("id", ""), current_session().person.name)
        except CorridorError as error:
            return page(error)
        return redirect(url_for("approvals.waiting"), 303)

    return views
