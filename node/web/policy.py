"""The policy: read by most, written by administrators, checked before it is saved."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.console import BadFormError
from corridor.errors.policy import PolicyError
from corridor.ids import Digest, is_digest
from corridor.node.people import Role
from corridor.node.policy import Policy
from corridor.node.web.access import current_session, for_roles
from corridor.node.web.desks import Desks
from corridor.node.web.refusals import said, status_of

READERS = (Role.ADMINISTRATOR, Role.APPROVER, Role.AUDITOR)


def policy_views(desks: Desks) -> Blueprint:
    """/policy, /policy/check, /policy/save."""
    views = Blueprint("policy", __name__, url_prefix="/policy")

    def page(
        text: str, seen: str, *, checked: Policy | None = None, error: CorridorError | None = None
    ) -> Response:
        shown = render_template(
            "policy.html",
            text=text,
            seen=seen,
            policy=checked,
            checked=checked is not None and request.method == "POST",
            saved="saved" in request.args,
            refusal=None if error is None else said(error),
            may_write=Role.ADMINISTRATOR in current_session().person.roles,
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(*READERS)
    def policy() -> Response:
        now = desks.policy.text()
        try:
            return page(now.text, now.digest.hex(), checked=desks.policy.check(now.text))
        except PolicyError as error:
            return page(now.text, now.digest.hex(), error=error)

    @views.post("/check")
    @for_roles(Role.ADMINISTRATOR)
    def check() -> Response:
        text, seen = request.form.get("text", ""), request.form.get("seen", "")
        try:
            return page(text, seen, checked=desks.policy.check(text))
        except PolicyError as error:
            return page(text, seen, error=error)

    @views.post("/save")
    @for_roles(Role.ADMINISTRATOR)
    def save() -> Response | Answer:
        text, seen = request.form.get("text", ""), request.form.get("seen", "")
        try:
            desks.policy.save(text, _digest(seen), current_session().person.name)
        except CorridorError as error:
            return page(text, seen, error=error)
        return redirect(url_for("policy.policy", saved="yes"), 303)

    return views


def _digest(text: str) -> Digest:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if not is_digest(found):
        raise BadFormError("seen", "is missing")
    return found
