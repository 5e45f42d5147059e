"""Members and their health, invitations, charters and who has signed, what ran and what failed.

What admits somebody asks for the second factor again: an invitation, and a member that is asked
again after it was held out.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.invitation_desk import LONGEST_DAYS
from corridor.coordinator.workbench.access import STAFF
from corridor.coordinator.workbench.charter_words import changes_in_words
from corridor.coordinator.workbench.desks import Desks
from corridor.coordinator.workbench.words import MISSING, OUTCOMES, ROUNDS, TERMS
from corridor.errors import CorridorError
from corridor.errors.pages import BadFieldError
from corridor.errors.people import NotSignedInError
from corridor.ids import CountryCode, is_country_code
from corridor.pages.access import current_session, for_roles
from corridor.pages.languages import by_name
from corridor.pages.refusals import said, status_of

USUAL_DAYS = 14
MOST_ATTEMPTS = 100
LONGEST_REASON = 500


def administration_views(desks: Desks) -> Blueprint:
    """/members, /invitations, /charter, /attempts."""
    views = Blueprint("administration", __name__)

    def members_page(error: CorridorError | None = None) -> Response:
        shown = render_template(
            "members.html",
            members=desks.oversight.members(),
            words=MISSING,
            refusal=None if error is None else said(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("/members")
    @for_roles(*STAFF)
    def members() -> Response:
        return members_page()

    @views.post("/members/readmit")
    @for_roles(*STAFF)
    def readmit() -> Response | Answer:
        try:
            country = _country()
            desks.people.confirm_again(current_session(), request.form.get("code", ""))
            desks.readmit(country, request.form.get("because", "")[:LONGEST_REASON])
        except NotSignedInError:
            raise
        except CorridorError as error:
            return members_page(error)
        return redirect(url_for("administration.members"), 303)

    @views.get("/charter")
    @for_roles(*STAFF)
    def charter() -> str:
        review = desks.oversight.review()
        changes = (
            ()
            if review.proposed is None
            else changes_in_words(review.in_force, review.proposed.charter)
        )
        return render_template("charters.html", review=review, changes=changes, terms=TERMS)

    @views.get("/attempts")
    @for_roles(*STAFF)
    def attempts() -> str:
        return render_template(
            "attempts.html",
            attempts=desks.history.newest(MOST_ATTEMPTS),
            outcomes=OUTCOMES,
            missing=MISSING,
            rounds=ROUNDS,
        )

    return views


def invitation_views(desks: Desks) -> Blueprint:
    """/invitations and what is made there; a file is shown once."""
    views = Blueprint("invitations", __name__, url_prefix="/invitations")

    def page(error: CorridorError | None = None) -> Response:
        shown = render_template(
            "invitations.html",
            invitations=desks.invitations.listing(),
            authority=desks.invitations.authority,
            coordinator_key=desks.invitations.coordinator_key,
            countries=by_name(desks.invitations.countries),
            days=request.form.get("days", str(USUAL_DAYS)),
            longest=LONGEST_DAYS,
            refusal=None if error is None else said(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(*STAFF)
    def listed() -> Response:
        return page()

    @views.post("/make")
    @for_roles(*STAFF)
    def make() -> Response:
        try:
            country, days = _country(), _days()
            desks.people.confirm_again(current_session(), request.form.get("code", ""))
            made = desks.invitations.invite(country, days)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return page(error)
        answer = make_response(made.encode())
        answer.mimetype = "application/json"
        answer.headers["Content-Disposition"] = f"attachment; filename=invitation-{country}.json"
        return answer

    @views.post("/withdraw")
    @for_roles(*STAFF)
    def withdraw() -> Response | Answer:
        try:
            desks.invitations.withdraw(_country())
        except CorridorError as error:
            return page(error)
        return redirect(url_for("invitations.listed"), 303)

    return views


def _country() -> CountryCode:
    """The country of the form.

    Raises:
        BadFieldError: it is none.
    """
    found = request.form.get("country", "")
    if not is_country_code(found):
        raise BadFieldError("country")
    return found


def _days() -> int:
    """How long it is valid.

    Raises:
        BadFieldError: it is no number from 1 to LONGEST_DAYS.
    """
    text = request.form.get("days", "")
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= LONGEST_DAYS):
        raise BadFieldError("days")
    return int(text)
