"""The policy: read by most, written by administrators, who first see what it would have meant.

    the file → edited, or a ready-made one → what would change: lines, and questions that came
             → saved

A page that follows the editor shows the text as it would be saved; only that is saved, and only
with a code of the second factor: what a policy lets out, nobody is asked about any more.
"""

from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.console import BadFormError
from corridor.errors.people import NotSignedInError, WaitError, WrongSignInError
from corridor.errors.policy import PolicyError
from corridor.ids import Digest, is_digest
from corridor.node.policies import ADDED, WHOLE
from corridor.node.policy import Policy
from corridor.node.policy_desk import difference
from corridor.node.policy_trial import Supposed
from corridor.node.views import PolicyTrial
from corridor.node.web.desks import Desks
from corridor.node.web.policy_words import conditions, decides
from corridor.node.web.words import READY_MADE, met
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said, status_of
from corridor.people import Role
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.accuracy import parse_rho

READERS = (Role.ADMINISTRATOR, Role.APPROVER, Role.AUDITOR)
DAYS = 90
MOST_DAYS = 36_500
LINES_SHOWN = 200


def policy_views(desks: Desks) -> Blueprint:
    """/policy, what another would mean, and saving it."""
    views = Blueprint("policy", __name__, url_prefix="/policy")

    def page(
        text: str,
        seen: str,
        *,
        rules: Policy | None = None,
        error: CorridorError | None = None,
        **more: Any,
    ) -> Response:
        shown = render_template(
            "policy.html",
            text=text,
            seen=seen,
            policy=rules,
            saved="saved" in request.args,
            refusal=None if error is None else said(error),
            may_write=Role.ADMINISTRATOR in current_session().person.roles,
            ready_made={name: READY_MADE[name] for name in (*WHOLE, *ADDED)},
            days=request.form.get("days", str(DAYS)),
            most_days=MOST_DAYS,
            met=met,
            decides=decides,
            conditions=conditions,
            asked=request.form,
            scopes=list(Scope),
            **more,
        )
        return make_response(shown, 200 if error is None else status_of(error))

    def compared(text: str, seen: str, days: int, error: CorridorError | None = None) -> Response:
        now = desks.policy.text()
        rules = desks.policy.check(text)
        trial = desks.trials.past(text, days)
        return page(
            text,
            seen,
            rules=rules,
            error=error,
            compared=True,
            difference=difference(now.text, text),
            trial=_sorted(trial),
            more=max(0, len(trial.lines) - LINES_SHOWN),
            summary=sorted(trial.summary.items()),
        )

    @views.get("")
    @for_roles(*READERS)
    def policy() -> Response:
        now = desks.policy.text()
        try:
            rules = desks.policy.check(now.text, is_the_file=True)
            return page(now.text, now.digest.hex(), rules=rules)
        except PolicyError as error:
            return page(now.text, now.digest.hex(), error=error)

    @views.post("/check")
    @for_roles(Role.ADMINISTRATOR)
    def check() -> Response:
        text, seen = request.form.get("text", ""), request.form.get("seen", "")
        try:
            return compared(text, seen, _days(request.form.get("days", str(DAYS))))
        except CorridorError as error:
            return page(text, seen, error=error)

    @views.get("/ready/<name>")
    @for_roles(Role.ADMINISTRATOR)
    def ready(name: str) -> Response:
        now = desks.policy.text()
        return compared(desks.trials.ready_made(name), now.digest.hex(), DAYS)

    @views.post("/try")
    @for_roles(Role.ADMINISTRATOR)
    def suppose() -> Response:
        text, seen = request.form.get("text", ""), request.form.get("seen", "")
        try:
            rules = desks.policy.check(text)
            (line,) = desks.trials.suppose(_supposed(), text).lines
        except CorridorError as error:
            return page(text, seen, error=error)
        return page(text, seen, rules=rules, supposed=line)

    @views.post("/save")
    @for_roles(Role.ADMINISTRATOR)
    def save() -> Response | Answer:
        text, seen = request.form.get("text", ""), request.form.get("seen", "")
        session = current_session()
        try:
            digest = _digest(seen)
            desks.policy.check(text)
            try:
                desks.people.confirm_again(session, request.form.get("code", ""))
            except (WaitError, WrongSignInError) as error:
                return compared(text, seen, DAYS, error)  # which has the button that saves
            desks.policy.save(text, digest, session.person.name)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(text, seen, error=error)
        return redirect(url_for("policy.policy", saved="yes"), 303)

    return views


def _sorted(trial: PolicyTrial) -> list[Any]:
    """What changes comes first, the newest first."""
    return sorted(trial.lines, key=lambda line: not line.changes)[:LINES_SHOWN]


def _supposed() -> Supposed:
    """The question that was typed.

    Raises:
        BadFormError: a part of it is missing.
        CorridorError: ρ cannot be read.
    """
    form = request.form
    sql, scope = form.get("sql", "").strip(), form.get("scope", Scope.REGIONAL.value)
    if not sql:
        raise BadFormError("sql", "is empty")
    if scope not in set(Scope):
        raise BadFormError("scope", "is none")
    return Supposed(
        sql=sql,
        rho=Fraction(parse_rho(form.get("rho", "")).value),
        scope=Scope(scope),
        purpose=form.get("purpose", ""),
        organisation=form.get("organisation", ""),
        every=form.get("every") or None,
        periods=_periods(form.get("periods", "")) if form.get("every") else 0,
    )


def _periods(text: str) -> int:
    if not text.isdecimal():
        raise BadFormError("periods", "is no number")
    return int(text[:9])


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise BadFormError("days", f"is no number from 1 to {MOST_DAYS}")
    return int(text)


def _digest(text: str) -> Digest:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if not is_digest(found):
        raise BadFormError("seen", "is missing")
    return found
