"""Editions and how they go; and a person who asked to be erased.

Who that person is comes in a form's body and goes to the desk: it is in no address, no log, no
page that follows, and no browser is told to remember it. What cannot be undone asks for the second
factor again.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.console import BadFormError
from corridor.errors.people import NotSignedInError
from corridor.ids import EditionId, is_edition_id
from corridor.node.importing.persons import EVERYONE, WORDS, Identity
from corridor.node.views import ErasedPerson
from corridor.node.web.desks import Desks
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said, status_of
from corridor.people import Role

ALL = "all"
LONGEST_WORD = 200
DIGITS = 10


def edition_views(desks: Desks) -> Blueprint:
    """/editions, /editions/erase, /editions/person."""
    views = Blueprint("editions", __name__, url_prefix="/editions")
    keepers = for_roles(Role.OFFICER, Role.ADMINISTRATOR)

    def confirm() -> str:
        """Whose doing it is, once the second factor was given again."""
        session = current_session()
        desks.people.confirm_again(session, request.form.get("code", ""))
        return session.person.name

    def page(error: CorridorError | None = None) -> Response:
        shown = render_template(
            "editions.html",
            editions=desks.case_data.editions(),
            upkeep=desks.upkeep(),
            retention=desks.case_data.retention(),
            erased=request.args.get("erased", ""),
            refusal=None if error is None else said(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    def person_page(
        done: ErasedPerson | None = None, error: CorridorError | None = None
    ) -> Response:
        shown = render_template(
            "person.html",
            done=done,
            series=desks.case_data.series(),
            refusal=None if error is None else said(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @keepers
    def editions() -> Response:
        return page()

    @views.post("/erase")
    @keepers
    def erase() -> Response | Answer:
        try:
            edition = _edition(request.form.get("edition", ""))
            desks.case_data.erase_edition(edition, confirm())
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        return redirect(url_for("editions.editions", erased="yes"), 303)

    @views.get("/person")
    @keepers
    def person() -> Response:
        return person_page()

    @views.post("/person")
    @keepers
    def erase_person() -> Response:
        try:
            identity = _identity()
            done = desks.case_data.erase_person(identity, confirm())
        except NotSignedInError:
            raise
        except CorridorError as error:
            return person_page(error=error)
        return person_page(done)

    return views


def _edition(text: str) -> EditionId | None:
    """The edition that was chosen; None for all."""
    if text == ALL:
        return None
    if not is_edition_id(text):
        raise BadFormError("edition", "names none")
    return EditionId(text)


def _identity() -> Identity:
    """Who was typed.

    Raises:
        BadFormError: a word is longer than any that a case file has, or a number is none.
    """
    typed = {word: request.form.get(word, "") for word in WORDS}
    for word, text in typed.items():
        if len(text) > LONGEST_WORD:
            raise BadFormError(word, f"is longer than {LONGEST_WORD} characters")
    everyone = request.form.get(EVERYONE, "").strip()
    if everyone and not (everyone.isascii() and everyone.isdigit() and len(everyone) < DIGITS):
        raise BadFormError(EVERYONE, "is no number of persons")
    return Identity(**typed, everyone_of_case=int(everyone or 0))
