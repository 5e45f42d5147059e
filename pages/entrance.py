"""Coming in and going out."""

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.people import NotSignedInError, PasswordsDifferError
from corridor.pages.access import (
    at_stages,
    continue_with,
    current_session,
    current_whence,
    for_everybody,
)
from corridor.pages.elsewhere import HERE, is_own_path
from corridor.pages.languages import COOKIE, LANGUAGES, YEAR_SECONDS
from corridor.pages.refusals import said, status_of
from corridor.people import PeopleDesk, Stage

_log = structlog.get_logger()


def entrance_views(people: PeopleDesk, *, home: str, secure: bool) -> Blueprint:
    """/sign-in, /sign-in/code, /welcome, /sign-out, /language; `home` is the page that follows."""
    views = Blueprint("entrance", __name__)

    @views.get("/sign-in")
    @for_everybody
    def sign_in() -> str:
        return render_template("sign_in.html", empty=people.is_empty())

    @views.post("/sign-in")
    @for_everybody
    def signing_in() -> Response | Answer:
        name = request.form.get("name", "")
        try:
            session = people.sign_in(name, request.form.get("password", ""), current_whence())
        except CorridorError as error:
            return _again("sign_in.html", error, name=name)
        continue_with(session)
        is_new = session.stage is Stage.SETUP
        return redirect(url_for("account.second_factor" if is_new else "entrance.code"), 303)

    @views.get("/sign-in/code")
    @at_stages(Stage.CODE)
    def code() -> str:
        return render_template("code.html")

    @views.post("/sign-in/code")
    @at_stages(Stage.CODE)
    def giving_code() -> Response | Answer:
        try:
            session = people.confirm_code(current_session(), request.form.get("code", ""))
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _again("code.html", error)
        continue_with(session)
        return redirect(url_for(home), 303)

    @views.get("/welcome")
    @for_everybody
    def welcome() -> str:
        return render_template("welcome.html")

    @views.post("/welcome")
    @for_everybody
    def entering() -> Response | Answer:
        form = request.form
        name, password = form.get("name", ""), form.get("password", "")
        try:
            if password != form.get("again", ""):
                raise PasswordsDifferError
            people.enter(name, form.get("code", ""), password, current_whence())
        except CorridorError as error:
            return _again("welcome.html", error, name=name)
        return redirect(url_for("entrance.sign_in", entered="yes"), 303)

    @views.post("/sign-out")
    @at_stages(*Stage)
    def sign_out() -> Answer:
        people.sign_out(current_session())
        return redirect(url_for("entrance.sign_in"), 303)

    @views.post("/language")
    @for_everybody
    def language() -> Answer:
        wanted, back = request.form.get("language", ""), request.form.get("back", HERE)
        answer = redirect(back if is_own_path(back) else HERE, 303)
        if wanted in LANGUAGES:
            answer.set_cookie(
                COOKIE,
                wanted,
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="Strict",
                secure=secure,
            )
        return answer

    return views


def _again(template: str, error: CorridorError, **shown: str) -> Response:
    _log.info("pages.refused", code=error.code, status=status_of(error))
    return make_response(render_template(template, refusal=said(error), **shown), status_of(error))
