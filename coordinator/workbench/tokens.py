"""Tokens for one's own programs; an administrator sees and revokes everybody's."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.account_tokens import LONGEST_DAYS, AccountTokens, scopes_of
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.workbench.words import SCOPES
from corridor.errors import CorridorError
from corridor.errors.people import NotSignedInError
from corridor.pages.access import current_session, for_roles, signed_in
from corridor.pages.refusals import said, status_of
from corridor.people import Role

USUAL_DAYS = 90


def token_views(tokens: AccountTokens) -> Blueprint:
    """/tokens, /tokens/make, /tokens/revoke, /tokens/all."""
    views = Blueprint("tokens", __name__, url_prefix="/tokens")

    def page(error: CorridorError | None = None, made: str = "") -> Response:
        session, form = current_session(), request.form
        shown = render_template(
            "tokens.html",
            tokens=tokens.own(session),
            may=sorted(scopes_of(session.person.roles), key=list(TokenScope).index),
            words=SCOPES,
            made=made,
            label="" if made else form.get("label", ""),
            days=form.get("days", str(USUAL_DAYS)),
            longest=LONGEST_DAYS,
            rest_days=tokens.rest_days,
            refusal=None if error is None else said(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @signed_in
    def own() -> Response:
        return page()

    @views.post("/make")
    @signed_in
    def make() -> Response:
        form = request.form
        days = form.get("days", "")
        try:
            made = tokens.make(
                current_session(),
                form.get("label", ""),
                form.getlist("scope"),
                int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
                form.get("code", ""),
            )
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        return page(made=made)

    @views.post("/revoke")
    @signed_in
    def revoke() -> Answer:
        tokens.revoke(current_session(), request.form.get("token", ""))
        back = "tokens.everybodys" if request.form.get("back") == "all" else "tokens.own"
        return redirect(url_for(back), 303)

    @views.get("/all")
    @for_roles(Role.ADMINISTRATOR)
    def everybodys() -> str:
        return render_template("all_tokens.html", tokens=tokens.everybodys(), words=SCOPES)

    return views
