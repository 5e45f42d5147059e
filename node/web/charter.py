"""The charter: keys to compare by phone, and the charter that is offered, to be signed.

Nothing is signed before every member's key was confirmed from outside the coordinator: typed as
its authority read it out, or taken from a card that it handed over as a file. Signing asks for the
second factor again: it binds the authority.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from corridor.errors import CorridorError
from corridor.errors.charter import MalformedCardError
from corridor.errors.console import BadFormError, OfferMovedError
from corridor.errors.people import NotSignedInError
from corridor.ids import CountryCode, is_country_code
from corridor.node.web.desks import Desks
from corridor.node.web.words import TERMS
from corridor.pages.access import current_session, for_roles
from corridor.pages.refusals import said, status_of
from corridor.people import Role
from corridor.protocols.cards import Fingerprint, fingerprint, parse_card
from corridor.transport.fingerprints import parse_spoken_fingerprint

FIELD = "key-"
CARD_BYTES = 16 * 1024


def charter_views(desks: Desks) -> Blueprint:
    """/charter, /charter/offer, /charter/sign."""
    views = Blueprint("charter", __name__, url_prefix="/charter")
    charters = desks.charter

    @views.get("")
    @for_roles(Role.ADMINISTRATOR, Role.AUDITOR, Role.APPROVER)
    def charter() -> str:
        enrolled, signed = desks.is_enrolled(), request.args.get("signed", "")
        return render_template(
            "charter.html",
            mine=charters.mine(),
            enrolled=enrolled,
            charter=charters.accepted() if enrolled else None,
            in_force=enrolled and charters.is_in_force(),
            members=charters.members() if enrolled else (),
            signed=signed,
            waits_for=[one for one in signed.split(",") if is_country_code(one)],
        )

    @views.get("/offer")
    @for_roles(Role.ADMINISTRATOR)
    def offer() -> Response:
        return _offer(desks, {})

    @views.post("/sign")
    @for_roles(Role.ADMINISTRATOR)
    def sign() -> Response | Answer:
        trusted: dict[CountryCode, Fingerprint] = {}
        try:
            trusted = _trusted()
            offered = charters.offer(trusted)
            if offered.document["digest"] != request.form.get("digest"):
                raise OfferMovedError  # shown on the page of the offer
            desks.people.confirm_again(current_session(), request.form.get("code", ""))
            accepted = charters.sign(offered, trusted)
        except NotSignedInError:
            raise
        except CorridorError as error:
            return _offer(desks, trusted, error)
        waits = ",".join(accepted.missing)
        return redirect(url_for("charter.charter", signed=waits or "all"), 303)

    return views


def _offer(
    desks: Desks, trusted: dict[CountryCode, Fingerprint], error: CorridorError | None = None
) -> Response:
    shown = render_template(
        "offer.html",
        offer=desks.charter.offer(trusted),
        terms=TERMS,
        typed={name.removeprefix(FIELD): text for name, text in request.form.items()},
        refusal=None if error is None else said(error),
    )
    return make_response(shown, 200 if error is None else status_of(error))


def _trusted() -> dict[CountryCode, Fingerprint]:
    """What was typed, and what the cards say that were handed over.

    Raises:
        BadFormError: a fingerprint or card cannot be read, or two say different things.
    """
    found: dict[CountryCode, Fingerprint] = {}
    for name, text in request.form.items():
        country = name.removeprefix(FIELD)
        if name.startswith(FIELD) and text.strip() and is_country_code(country):
            try:
                found[country] = parse_spoken_fingerprint(text)
            except MalformedCardError as error:
                raise BadFormError(country, str(error)) from error
    for raw in _cards():
        try:
            card = parse_card(raw)
        except MalformedCardError as error:
            raise BadFormError("cards", str(error)) from error
        if found.setdefault(card.country, fingerprint(card)) != fingerprint(card):
            raise BadFormError(card.country, "another key was typed than its card has")
    return found


def _cards() -> Sequence[bytes]:
    given = (one.stream.read(CARD_BYTES) for one in request.files.getlist("cards"))
    return [raw for raw in given if raw]
