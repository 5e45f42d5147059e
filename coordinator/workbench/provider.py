"""Signing in at the region's identity provider, and out of it.

The provider leads the browser back from another site, and what is strict about our session's cookie
keeps it at home then: what the browser began stands in a cookie of its own, sealed, and a page of
ours goes on to the next one.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from corridor.coordinator.pace import Pace
from corridor.coordinator.provider import BEGUN_SECONDS, ProviderDesk
from corridor.pages.access import continue_with, current_whence, for_everybody
from corridor.people import PeopleDesk, Stage

STEPS_PER_MINUTE = 60
"""So many steps of signing in at the provider for each network; each may ask the provider."""

NEXT = {
    Stage.FULL: "overview.home",
    Stage.CODE: "entrance.code",
    Stage.SETUP: "account.second_factor",
}


def provider_views(
    provider: ProviderDesk | None, people: PeopleDesk, *, has_tls: bool
) -> Blueprint:
    """/sign-in/provider, /sign-in/provider/answer, /sign-out/provider."""
    views = Blueprint("provider", __name__)
    pace = Pace(requests=STEPS_PER_MINUTE, works=STEPS_PER_MINUTE)
    cookie = "__Host-corridor-arrival" if has_tls else "corridor-arrival"

    def the_provider() -> ProviderDesk:
        if provider is None:
            raise NotFound
        return provider

    def keep_pace() -> None:
        pace.demand(current_whence().network, works=True)

    @views.get("/sign-in/provider")
    @for_everybody
    def begin() -> Answer:
        keep_pace()
        address, held = the_provider().begin(url_for("provider.finish", _external=True))
        answer = redirect(address, 303)
        answer.set_cookie(
            cookie,
            held,
            max_age=BEGUN_SECONDS,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=has_tls,
        )
        return answer

    @views.get("/sign-in/provider/answer")
    @for_everybody
    def finish() -> Response:
        keep_pace()
        arrival = the_provider().finish(request.cookies.get(cookie, ""), request.args)
        session = people.arrive(arrival, current_whence())
        continue_with(session)
        shown = render_template("arrived.html", onward=url_for(NEXT[session.stage]))
        answer = make_response(shown)
        answer.delete_cookie(cookie, path="/", httponly=True, samesite="Lax", secure=has_tls)
        return answer

    @views.get("/sign-out/provider")
    @for_everybody
    def leave() -> Answer:
        address = the_provider().leaving()
        return redirect(url_for("entrance.sign_in") if address is None else address, 303)

    return views
