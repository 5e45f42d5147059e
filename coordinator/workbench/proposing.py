"""Proposing a charter: chosen in a form, read as what it changes, confirmed with a fresh code.

    GET  /charter/propose           the form, as the version proposed last has it
         ?from=in-force             as the one in force has it: the way back from a proposal
    POST /charter/propose           what it changes and who has to sign; nothing is proposed
    POST /charter/propose/confirm   proposes exactly what was read

Members' operators sign at their nodes; nobody signs here.
"""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.charter_desk import CharterTerms
from corridor.coordinator.workbench.access import STAFF
from corridor.coordinator.workbench.charter_fields import LABELS, said_of_form
from corridor.coordinator.workbench.charter_words import changes_in_words
from corridor.coordinator.workbench.desks import Desks
from corridor.errors import CorridorError
from corridor.errors.pages import BadFieldError
from corridor.errors.people import NotSignedInError
from corridor.ids import CountryCode, Digest, is_country_code
from corridor.pages.access import current_session, for_roles
from corridor.pages.languages import by_name
from corridor.pages.refusals import status_of
from corridor.protocols.charter import Ceilings

LONGEST_NUMBER = 40
WHOLE = (
    "min_participants",
    "max_colluders",
    "nodes_per_person",
    "retention_days",
    "failed_attempts_per_day",
)
LARGEST = ("cells", "persons_per_node")
LEFT_TO_THE_RULE = ("max_dropouts", "witness_quorum")
"""An empty field leaves these to the charter's own rule."""

EVERY, SOME = "every", "some"

Form = MultiDict[str, str]


def proposing_views(desks: Desks) -> Blueprint:
    """/charter/propose and what belongs to it."""
    views = Blueprint("proposing", __name__, url_prefix="/charter/propose")

    def page(form: Form, error: CorridorError | None = None) -> Response:
        shown = render_template(
            "charter_propose.html",
            form=form,
            labels=LABELS,
            countries=by_name(desks.proposals.countries),
            enrolled=by_name(desks.region.members(), code=lambda one: str(one["country"])),
            waits=desks.oversight.review().proposed,
            refusal=None if error is None else said_of_form(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    def review_page(form: Form, error: CorridorError | None = None) -> Response:
        terms = read_terms(desks.proposals.usual(), form)
        draft = desks.proposals.draft(terms)
        shown = render_template(
            "charter_review.html",
            draft=draft,
            changes=changes_in_words(draft.in_force, draft.charter),
            kept=[one for one in form.items(multi=True) if one[0] not in {"form_token", "code"}],
            refusal=None if error is None else said_of_form(error),
        )
        return make_response(shown, 200 if error is None else status_of(error))

    @views.get("")
    @for_roles(*STAFF)
    def form() -> Response:
        from_in_force = request.args.get("from") == "in-force"
        terms = desks.proposals.begin(from_in_force=from_in_force)
        return page(form_of(terms, desks.proposals.countries))

    @views.post("")
    @for_roles(*STAFF)
    def review() -> Response:
        if "again" in request.form:
            return page(request.form)
        try:
            return review_page(request.form)
        except CorridorError as error:
            return page(request.form, error)

    @views.post("/confirm")
    @for_roles(*STAFF)
    def confirm() -> Response | Answer:
        try:
            terms, read = read_terms(desks.proposals.usual(), request.form), _read(request.form)
            session = current_session()
            desks.people.confirm_again(session, request.form.get("code", ""))
            desks.proposals.propose(terms, confirmed=read, by=session.person.name)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _once_more(error)
        return redirect(url_for("administration.charter"), 303)

    def _once_more(error: CorridorError) -> Response:
        """The changes as they are now, with what was refused; the form, where there are none."""
        try:
            return review_page(request.form, error)
        except CorridorError as also:
            return page(request.form, also)

    return views


def form_of(terms: CharterTerms, all_countries: Iterable[CountryCode]) -> Form:
    """The fields of the form that give these terms."""
    is_every = set(terms.countries).issuperset(all_countries)
    shown: dict[str, object] = {
        **{name: getattr(terms, name) for name in (*WHOLE, *LEFT_TO_THE_RULE)},
        **{name: getattr(terms.ceilings, name) for name in LARGEST},
        "rho_per_question": terms.ceilings.rho_per_question,
        "delta": terms.delta,
        "first_year": terms.years[0],
        "last_year": terms.years[1],
        "told_apart": EVERY if is_every else SOME,
        "synthetic": "yes" if terms.synthetic else None,
    }
    form: Form = MultiDict(
        {name: "" if value is None else str(value) for name, value in shown.items()}
    )
    form.setlist("country", [] if is_every else list(terms.countries))
    form.setlist("without", sorted(terms.without))
    return form


def read_terms(usual: CharterTerms, form: Form) -> CharterTerms:
    """The terms that a form names; what it has no field for is as usual.

    Raises:
        BadFieldError: a field is no number, no country or missing; names it. Whether the numbers
            make a charter, the desk decides.
    """
    whole = {name: _whole(form, name) for name in (*WHOLE, *LARGEST)}
    ruled = {
        name: _whole(form, name) if form.get(name, "").strip() else None
        for name in LEFT_TO_THE_RULE
    }
    every = form.get("told_apart") == EVERY
    return replace(
        usual,
        min_participants=whole["min_participants"],
        max_colluders=whole["max_colluders"],
        max_dropouts=ruled["max_dropouts"],
        nodes_per_person=whole["nodes_per_person"],
        delta=_exact(form, "delta"),
        ceilings=Ceilings(
            rho_per_question=_exact(form, "rho_per_question"),
            cells=whole["cells"],
            persons_per_node=whole["persons_per_node"],
        ),
        countries=usual.countries if every else _countries(form, "country"),
        years=(_whole(form, "first_year"), _whole(form, "last_year")),
        retention_days=whole["retention_days"],
        failed_attempts_per_day=whole["failed_attempts_per_day"],
        witness_quorum=ruled["witness_quorum"],
        synthetic=form.get("synthetic") == "yes",
        without=frozenset(_countries(form, "without")),
    )


def _whole(form: Form, name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise BadFieldError(name)
    return int(text)


def _exact(form: Form, name: str) -> Fraction:
    text = form.get(name, "").strip()
    try:
        # A long exponent would be written out: 1e999999999 fills the memory.
        if not text.isascii() or len(text) > LONGEST_NUMBER or "e" in text.lower():
            raise BadFieldError(name)
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise BadFieldError(name) from error


def _countries(form: Form, name: str) -> tuple[CountryCode, ...]:
    found = [text for text in form.getlist(name) if text]
    codes = tuple(CountryCode(text) for text in found if is_country_code(text))
    if len(codes) != len(found):
        raise BadFieldError(name)
    return tuple(sorted(set(codes)))


def _read(form: Form) -> Digest:
    try:
        return Digest(bytes.fromhex(form.get("read", "")))
    except ValueError as error:
        raise BadFieldError("read") from error
