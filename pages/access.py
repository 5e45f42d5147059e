"""Who may see which page. Each view says so by a decorator; one that does not is closed to all.

What a request passes, in this order, before anything of its body is read:

1. it names a host of this console (else a page elsewhere could have its name point here)
2. a form comes from a page of this console, as far as the browser says; whoever comes from
   elsewhere without a session is led here by a page of ours first (`elsewhere`)
3. its session is whole, and at the step that the view is for
4. its owner has a role that the view is for

Then the form is read, and its token compared.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Request, Response, g, request

from corridor.errors.pages import ForgedFormError, WrongHostError
from corridor.errors.people import NotSignedInError
from corridor.pages.elsewhere import come_again, is_from_elsewhere, opens_a_page
from corridor.people import PeopleDesk, Role, Session, Stage
from corridor.people.desk import form_token
from corridor.people.tries import Whence, network_of

View = TypeVar("View", bound=Callable[..., Any])
_KEPT = "corridor_access"
TOKEN_LETTERS = 64
YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a view is for.

    Attributes:
        stages: how far a session must be; empty for everybody.
        roles: one of them is needed; empty for any.
        takes_files: whether its form brings case files, which go straight to their folder.
    """

    stages: frozenset[Stage]
    roles: frozenset[Role] = frozenset()
    takes_files: bool = False


def for_everybody(view: View) -> View:
    """A view without a session."""
    return _keep(view, Access(frozenset()))


def at_stages(*stages: Stage) -> Callable[[View], View]:
    """A view of signing in."""
    return lambda view: _keep(view, Access(frozenset(stages)))


def signed_in(view: View) -> View:
    """A view for whoever is signed in."""
    return _keep(view, Access(frozenset({Stage.FULL})))


def for_roles(*roles: Role, takes_files: bool = False) -> Callable[[View], View]:
    """A view for whoever is signed in and has one of the roles."""
    return lambda view: _keep(view, Access(frozenset({Stage.FULL}), frozenset(roles), takes_files))


def access_of(view: Callable[..., Any]) -> Access:
    """Whom it is for.

    Raises:
        LookupError: it does not say, which is a bug; the view is closed.
    """
    found: Access | None = getattr(view, _KEPT, None)
    if found is None:
        raise LookupError(f"{view.__name__} does not say whom it is for")
    return found


def _keep(view: View, access: Access) -> View:
    view.__dict__[_KEPT] = access
    return view


@dataclass(frozen=True, slots=True)
class Addresses:
    """The names under which this console answers; a proxy or a forwarded port may change ports."""

    hosts: frozenset[str]
    port: int

    def includes(self, host: str) -> bool:
        """Whether it is one of them, with or without a port."""
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name or not port.isdigit():
            name = host
        return name.removeprefix("[").removesuffix("]").lower() in self.hosts


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Looks at every request before its view does."""

    people: PeopleDesk
    addresses: Addresses
    cookie: str
    receive_files: Callable[[], None]

    def admit(self, app: Flask) -> Response | None:
        """Let the request pass, or answer it with a page that leads here.

        Raises:
            WrongHostError, ForgedFormError, NotSignedInError, RoleMissingError: it does not.
        """
        g.session = None
        g.token = self._token(request)
        known = request.cookies.get(self._known, "")
        g.whence = Whence(network_of(request.remote_addr), known if _is_token(known) else "")
        if not self.addresses.includes(request.headers.get("Host", "")):
            raise WrongHostError
        if request.method == "POST":
            self._demand_own_page(request)
        if is_from_elsewhere(request) and opens_a_page(request) and not self._has_cookie(request):
            return come_again(request)
        view = app.view_functions.get(request.endpoint or "")
        if view is None:
            return None  # no such page: 404, or 405
        access = access_of(view)
        self._find_session(access)
        if request.method == "POST":
            if access.takes_files:
                self.receive_files()
            self._demand_form_token()
        return None

    def _demand_form_token(self) -> None:
        """See that the form carries its session's token.

        Raises:
            ForgedFormError: it does not.
        """
        given = request.headers.get("X-Form-Token") or request.form.get("form_token", "")
        right = form_token(g.token)
        if not hmac.compare_digest(given.encode(), right.encode()):
            raise ForgedFormError

    def _find_session(self, access: Access) -> None:
        session = self._session()
        g.session = session
        if not access.stages:
            return
        if session is None or session.stage not in access.stages:
            raise NotSignedInError
        if access.roles:
            session.demand(access.roles)

    def _session(self) -> Session | None:
        # A page that looks by itself must not keep a browser signed in that somebody left.
        is_use = request.headers.get("X-Looks-By-Itself") is None
        try:
            return self.people.session(g.token, g.whence, is_use=is_use)
        except NotSignedInError:
            return None

    def _has_cookie(self, request: Request) -> bool:
        return self.cookie in request.cookies

    def _token(self, request: Request) -> str:
        found = request.cookies.get(self.cookie, "")
        return found if _is_token(found) else self.people.make_token()

    def _demand_own_page(self, request: Request) -> None:
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        own = f"{request.scheme}://{request.headers.get('Host', '')}"
        if site not in {"same-origin", "none"} or (origin is not None and origin != own):
            raise ForgedFormError

    def keep_tokens(self, response: Response) -> Response:
        """Give the browser the name of its session, and what it is known by, where they are new."""
        if request.endpoint == "static.file" or is_from_elsewhere(request):
            return response
        self._keep(response, self.cookie, getattr(g, "token", None))
        session = g.get("session")
        if isinstance(session, Session) and session.stage is Stage.FULL:
            # It outlives the session: with it an owner is told from those who guess.
            self._keep(response, self._known, session.whence.browser or None, YEAR_SECONDS)
        return response

    @property
    def _known(self) -> str:
        """The cookie by which a browser is known in which somebody signed in before."""
        return f"{self.cookie}-known"

    def _keep(
        self, response: Response, cookie: str, token: str | None, seconds: int | None = None
    ) -> None:
        if token is not None and request.cookies.get(cookie) != token:
            response.set_cookie(
                cookie,
                token,
                max_age=seconds,
                path="/",
                httponly=True,
                samesite="Strict",
                secure=self.cookie.startswith("__Host-"),
            )


def _is_token(text: str) -> bool:
    return len(text) == TOKEN_LETTERS and text.isascii() and text.isalnum()


def current_whence() -> Whence:
    """Where this request comes from."""
    found: Whence = g.whence
    return found


def current_session() -> Session:
    """The session of this request; only views that need one ask."""
    session = g.session
    if not isinstance(session, Session):
        raise NotSignedInError
    return session


def continue_with(session: Session) -> None:
    """The browser goes on under this session's name."""
    g.session, g.token = session, session.token
