"""People and roles.

Whatever gives somebody a way in, or more than they had, asks for the second factor again: a browser
that was left open must not make two approvers. Locking keeps somebody out and asks for none.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.people import NotSignedInError
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said, status_of
from corridor.people import PeopleDesk, Role


def people_views(people: PeopleDesk) -> Blueprint:
    """/people and what is changed there."""
    views = Blueprint("people", __name__, url_prefix="/people")
    administrators = for_roles(Role.ADMINISTRATOR)

    def page(error: CorridorError | None = None, name: str = "", code: str = "") -> Response:
        return _page(people, error, name, code)

    def by() -> str:
        return current_session().person.name

    def confirmed() -> str:
        return _confirmed(people)

    @views.get("")
    @administrators
    def everybody() -> Response:
        return page()

    @views.post("/add")
    @administrators
    def add() -> Response:
        name = request.form.get("name", "")
        try:
            code = people.add(
                name,
                request.form.getlist("role"),
                by=confirmed(),
                organisation=request.form.get("organisation", ""),
            )
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error, name)
        return page(name=name, code=code)

    @views.post("/reset")
    @administrators
    def reset() -> Response | Answer:
        name = request.form.get("name", "")
        try:
            code = people.reset(name, by=confirmed())
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        if not code:  # whoever signs in at a provider gets none
            return redirect(url_for("people.everybody"), 303)
        return page(name=name, code=code)

    @views.post("/roles")
    @administrators
    def roles() -> Response | Answer:
        try:
            wanted = request.form.getlist("role")
            people.set_roles(request.form.get("name", ""), wanted, by=confirmed())
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        return redirect(url_for("people.everybody"), 303)

    @views.post("/lock")
    @administrators
    def lock() -> Response | Answer:
        name = request.form.get("name", "")
        try:
            if request.form.get("locked") == "yes":
                people.lock(name, by=by())
            else:
                people.unlock(name, by=confirmed())
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        return redirect(url_for("people.everybody"), 303)

    return views


def organisation_views(people: PeopleDesk) -> Blueprint:
    """/people/organisation, where people act in the name of organisations."""
    views = Blueprint("organisations", __name__, url_prefix="/people")

    @views.post("/organisation")
    @for_roles(Role.ADMINISTRATOR)
    def give() -> Response | Answer:
        form = request.form
        try:
            people.set_organisation(
                form.get("name", ""), form.get("organisation", ""), by=_confirmed(people)
            )
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _page(people, error)
        return redirect(url_for("people.everybody"), 303)

    return views


def two_people_views(people: PeopleDesk) -> Blueprint:
    """/people/two, where an identity provider signs people in, too: who has not both accounts."""
    views = Blueprint("two_people", __name__, url_prefix="/people")

    @views.post("/two")
    @for_roles(Role.ADMINISTRATOR)
    def tell() -> Response | Answer:
        form = request.form
        is_so = form.get("is_so") == "yes"
        try:
            by = _confirmed(people) if is_so else current_session().person.name
            people.tell_apart(form.get("here", ""), form.get("there", ""), is_so=is_so, by=by)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _page(people, error)
        return redirect(url_for("people.everybody"), 303)

    return views


def _page(
    people: PeopleDesk, error: CorridorError | None = None, name: str = "", code: str = ""
) -> Response:
    shown = render_template(
        "people.html",
        people=people.people(),
        apart=people.told_apart(),
        refusal=None if error is None else said(error),
        name=name,
        code=code,
    )
    return make_response(shown, 200 if error is None else status_of(error))


def _confirmed(people: PeopleDesk) -> str:
    """Whose doing it is, once the second factor was given again."""
    session = current_session()
    people.confirm_again(session, request.form.get("code", ""))
    return session.person.name
