"""Questions that wait for people: read by most who look after the node, decided by approvers.

Who says something is the account that is signed in, never a name that somebody typed. An approval
asks for the second factor again: a browser that was left open must not let anything out. And it
gives back what stands for the words on the page (`ApprovalView.shown`), so that what is approved is
what was read: not what another page, or no page, said.
"""

from collections.abc import Mapping
from contextlib import suppress

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.people import NotSignedInError
from corridor.errors.policy import BadPersonNameError
from corridor.node.approvals import MAY_COME_AGAIN, parse_person
from corridor.node.views import ApprovalView
from corridor.node.web.desks import Desks
from corridor.node.web.plain_words import counted, told_by_subject
from corridor.node.web.words import STANDINGS
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said, status_of
from corridor.people import Role

READERS = (Role.APPROVER, Role.OFFICER, Role.AUDITOR)
OPEN = frozenset({"waiting", "approved"})
DENIABLE = OPEN | MAY_COME_AGAIN


def approval_views(desks: Desks) -> Blueprint:
    """/approvals, and each question there with what is said of it."""
    views = Blueprint("approvals", __name__, url_prefix="/approvals")

    def page(view: ApprovalView, error: CorridorError | None = None) -> Response:
        names = _names(desks)
        me = current_session().person
        shown = render_template(
            "approval.html",
            one=view,
            told=told_by_subject(view.words),
            names=names,
            standings=STANDINGS,
            is_open=view.standing in OPEN,
            can_be_denied=view.standing in DENIABLE,
            missing=max(0, view.needs - len(view.approvers)),
            may_decide=Role.APPROVER in me.roles,
            has_approved=any(names.get(person) == me.name for person in view.approvers),
            just=request.args.get("said", ""),
            refusal=None if error is None else said(error),
            broken=_broken(desks),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(*READERS)
    def approvals() -> str:
        found = desks.approvals.newest()
        return render_template(
            "approvals.html",
            waiting=[one for one in found if one.standing in OPEN],
            past=[one for one in found if one.standing not in OPEN],
            counted=counted,
            standings=STANDINGS,
            broken=_broken(desks),
        )

    @views.get("/<name>")
    @for_roles(*READERS)
    def approval(name: str) -> Response:
        return page(desks.approvals.one(name))

    @views.post("/<name>/approve")
    @for_roles(Role.APPROVER)
    def approve(name: str) -> Response | Answer:
        session = current_session()
        view = desks.approvals.one(name)
        try:
            desks.people.confirm_again(session, request.form.get("code", ""))
            shown = request.form.get("shown", "")
            desks.approvals.approve(view.id, session.person.name, shown)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(desks.approvals.one(view.id), error)
        return redirect(url_for("approvals.approval", name=view.id, said="yes"), 303)

    @views.post("/<name>/deny")
    @for_roles(Role.APPROVER)
    def deny(name: str) -> Response | Answer:
        view = desks.approvals.one(name)
        try:
            desks.approvals.deny(view.id, current_session().person.name)
        except CorridorError as error:
            return page(desks.approvals.one(view.id), error)
        return redirect(url_for("approvals.approval", name=view.id, said="no"), 303)

    return views


def _broken(desks: Desks) -> Mapping[str, str] | None:
    """Why the policy cannot be read, which everything else here is shown beside."""
    problem = desks.approvals.problem()
    return None if problem is None else said(problem)


def _names(desks: Desks) -> Mapping[str, str]:
    """The account of each person that the approvals know, as its owner writes it."""
    found = {}
    for person in desks.people.people():
        with suppress(BadPersonNameError):
            found[str(parse_person(person.name))] = person.name
    return found
