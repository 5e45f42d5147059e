"""One's own account: password, second factor, recovery codes, signing out everywhere."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.people import NotSignedInError, PasswordsDifferError
from corridor.pages.access import at_stages, continue_with, current_session, signed_in
from corridor.pages.refusals import said, status_of
from corridor.people import PeopleDesk, Stage
from corridor.people.second_factor import picture


def account_views(people: PeopleDesk) -> Blueprint:
    """/account and what is changed there."""
    views = Blueprint("account", __name__, url_prefix="/account")

    def account(error: CorridorError | None = None, *, changed: bool = False) -> Response:
        shown = render_template(
            "account.html",
            refusal=None if error is None else said(error),
            changed=changed,
            codes_left=people.recovery_codes_left(current_session()),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @signed_in
    def mine() -> Response:
        return account(changed="changed" in request.args)

    @views.post("/password")
    @signed_in
    def password() -> Response | Answer:
        form = request.form
        new = form.get("password", "")
        try:
            if new != form.get("again", ""):
                raise PasswordsDifferError
            session = people.change_password(current_session(), form.get("old", ""), new)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return account(error)
        continue_with(session)
        return redirect(url_for("account.mine", changed="yes"), 303)

    @views.get("/second-factor")
    @at_stages(Stage.SETUP, Stage.FULL)
    def second_factor() -> Response:
        return _second_factor(people)

    @views.post("/second-factor")
    @at_stages(Stage.SETUP, Stage.FULL)
    def take_second_factor() -> Response:
        form = request.form
        try:
            session, codes = people.take_second_factor(
                current_session(), form.get("code", ""), form.get("password", "")
            )
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _second_factor(people, error)
        continue_with(session)
        return make_response(render_template("recovery_codes.html", codes=codes))

    @views.post("/recovery-codes")
    @signed_in
    def recovery_codes() -> Response:
        try:
            codes = people.renew_recovery_codes(current_session(), request.form.get("old", ""))
        except NotSignedInError:
            raise
        except CorridorError as error:
            return account(error)
        return make_response(render_template("recovery_codes.html", codes=codes))

    @views.post("/elsewhere")
    @signed_in
    def elsewhere() -> Answer:
        people.sign_out_everywhere(current_session())
        return redirect(url_for("entrance.sign_in"), 303)

    return views


def _second_factor(people: PeopleDesk, error: CorridorError | None = None) -> Response:
    session = current_session()
    secret, address = people.offer_second_factor(session, again=error is not None)
    shown = render_template(
        "second_factor.html",
        refusal=None if error is None else said(error),
        replaces=session.stage is Stage.FULL and not session.person.is_of_provider,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        # Drawn here from that secret alone: nothing in it comes from outside.
        picture=Markup(picture(address)),  # noqa: S704
    )
    return make_response(shown, 200 if error is None else status_of(error))
