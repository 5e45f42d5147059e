"""A site of pages: what every request passes, every answer carries and every page shows.

Every page: no script and no style but our own files, nothing from elsewhere, in no other site's
frame, kept by no cache. Where the site has TLS, browsers are told to keep to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from markupsafe import Markup, escape

from corridor import __version__
from corridor.pages.access import Addresses, Doorkeeper
from corridor.pages.account import account_views
from corridor.pages.entrance import entrance_views
from corridor.pages.languages import install_languages
from corridor.pages.people import organisation_views, people_views, two_people_views
from corridor.pages.refusals import Words, install_refusals
from corridor.pages.static_files import static_views
from corridor.pages.words import ROLES, STATUSES
from corridor.people import PeopleDesk, Role, Staff
from corridor.people.desk import form_token

FORM_BYTES = 256 * 1024
"""The longest form without files."""

FORM_PARTS = 200
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # "no-referrer" would make browsers hide the origin of our own forms, too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_OWN = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation, for whoever has one of the roles; for all where there are none."""

    endpoint: str
    label: Any
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """Another way to sign in.

    Attributes:
        name: of whoever signs people in.
        enter, leave: the endpoints of signing in there, and out.
    """

    name: str
    enter: str
    leave: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What one site has of its own.

    Attributes:
        folder: has templates/, translations/ and, where it has files of its own, static/.
        title: what stands behind the title of every page.
        place: what stands beside the brand.
        home: the endpoint of its first page.
        cookie: what the name of a session's cookie ends in.
        command: makes the first account.
        staff: the roles that there are.
        duties, rule: what each role does, and which cannot be held together.
        entries: the navigation.
        passing: codes of refusals that pass by themselves: the page looks again.
        words: what refusals are called.
        door: another way to sign in, where there is one.
        told: writes English words of ours in the reader's language.
        texts: folders with the texts of further pages, besides its own translations/.
        files: folders with static files of further pages, besides its own static/.
    """

    folder: Path
    title: str
    place: str
    home: str
    cookie: str
    command: str
    staff: Staff
    duties: Mapping[Role, Any]
    rule: Any
    entries: Sequence[Entry]
    passing: frozenset[str] = frozenset()
    words: Words = field(default_factory=Words)
    told: Callable[[str], Markup] = escape
    texts: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    door: Door | None = None


def make_pages(
    site: Site,
    people: PeopleDesk,
    *,
    addresses: Addresses,
    has_tls: bool,
    reference: Callable[[], str],
    receive_files: Callable[[], None] = lambda: None,
) -> Flask:
    """A WSGI application with the pages that every site has: signing in, one's account, people.

    Args:
        site: what it has of its own; whoever calls adds the pages.
        people: decides on accounts and sessions.
        addresses: the names under which it answers.
        has_tls: whether it is served with TLS.
        reference: names an internal error in the log and on the page.
        receive_files: called before the form of a view is read that takes files.
    """
    app = Flask(
        f"corridor pages {site.title}",
        root_path=str(site.folder),
        template_folder="templates",
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = FORM_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    app.config["MAX_FORM_PARTS"] = FORM_PARTS
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    cookie = f"__Host-{site.cookie}" if has_tls else site.cookie
    door = Doorkeeper(people, addresses, cookie, receive_files)
    app.before_request(lambda: door.admit(app))
    app.after_request(door.keep_tokens)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers or request.endpoint != "static.file":
            response.headers["Cache-Control"] = "no-store"
        if has_tls:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    _dress(app, site)
    install_languages(app, site.folder / "translations", *site.texts)
    app.jinja_env.filters["told"] = site.told
    app.register_blueprint(Blueprint("pages", __name__, template_folder="templates"))
    folders = [site.folder / "static", *site.files, _OWN / "static"]
    app.register_blueprint(static_views(folders))
    app.register_blueprint(entrance_views(people, home=site.home, secure=has_tls))
    app.register_blueprint(account_views(people))
    app.register_blueprint(people_views(people))
    if site.staff.has_organisations:
        app.register_blueprint(organisation_views(people))
        app.register_blueprint(two_people_views(people))
    install_refusals(app, site.words, reference)
    return app


def _dress(app: Flask, site: Site) -> None:
    """What every template knows."""
    app.jinja_env.globals.update(
        Role=Role,
        roles=ROLES,
        site=site,
        statuses=STATUSES,
        version=__version__,
    )

    @app.context_processor
    def session() -> dict[str, object]:
        found = g.get("session")
        token = g.get("token")
        return {
            "session": found,
            "me": None if found is None else found.person,
            "form_token": "" if token is None else form_token(token),
        }
