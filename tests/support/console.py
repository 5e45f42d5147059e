"""A node's console over a home of its own: real files, a real database, a clock that is moved.

`Staff` makes accounts and signs them in as a browser would, through the pages.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyotp
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.console import make_site, open_desks
from corridor.node.listening import Listening
from corridor.node.web.desks import Desks
from corridor.people import Passwords, PeopleDesk, Role
from support.ledgers import TestClock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "seven otters juggle copper kettles"
PORT = 7071
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What a test waits for is not what an attacker should."""

_FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_SECRET = re.compile(r'class="secret">([A-Z2-7 ]+)<')


def cheap_passwords(people: PeopleDesk) -> None:
    """Let passwords be hashed in no time."""
    people._passwords = Passwords(CHEAP)


PATIENCE_SECONDS = 60.0
"""A test of a page waits for ledger and journal, however busy the machine is."""


@dataclass
class Browser:
    """One browser: its cookies, and what it read last."""

    client: FlaskClient
    secret: str = ""
    last: str = ""

    def get(self, path: str, **more: object) -> TestResponse:
        found = self.client.get(path, **more)
        if found.mimetype == "text/html":
            self.last = found.get_data(as_text=True)
        return found

    def form_token(self) -> str:
        """The token of the page that was read last."""
        found = _FORM_TOKEN.search(self.last)
        return found[1] if found else ""

    def post(
        self, path: str, data: dict[str, object] | None = None, **more: object
    ) -> TestResponse:
        found = self.client.post(
            path,
            data={"form_token": self.form_token(), **(data or {})},
            **more,
        )
        if found.mimetype == "text/html":
            self.last = found.get_data(as_text=True)
        return found

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", {"name": name, "password": password})


@dataclass
class Console:
    """A console under test."""

    world: node_app.World
    clock: TestClock
    desks: Desks
    app: Flask
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> PeopleDesk:
        return self.desks.people

    @property
    def home(self) -> Path:
        return self.world.home

    def browser(self) -> Browser:
        client = self.app.test_client()
        return Browser(client)

    def enter(self, name: str, *roles: Role) -> Browser:
        """Make an account and go with its owner through the first sign-in, to the end."""
        code = self.people.add(name, roles)
        browser = self.browser()
        browser.get("/welcome")
        words: dict[str, object] = {"name": name, "code": code}
        browser.post("/welcome", {**words, "password": PASSWORD, "again": PASSWORD})
        browser.sign_in(name)
        browser.get("/account/second-factor")
        found = _SECRET.search(browser.last)
        assert found is not None
        self.secrets[name] = browser.secret = found[1].replace(" ", "")
        done = browser.post("/account/second-factor", {"code": self.code_of(name)})
        assert done.status_code == 200, browser.last
        return browser

    def code_of(self, name: str) -> str:
        """What the authenticator of `name` shows now."""
        return pyotp.TOTP(self.secrets[name]).at(self.clock())

    def new_code_of(self, name: str) -> str:
        """What it shows half a minute later: a code is good once."""
        self.next_half_minute()
        return self.code_of(name)

    def next_half_minute(self) -> None:
        self.clock.advance(timedelta(seconds=30))


def make_home(folder: Path, clock: TestClock, *, seed: int = 7) -> node_app.World:
    """A new node in `folder`."""
    world = node_app.World(home=folder, clock=clock, random_bytes=Random(seed).randbytes)
    node_app.initialise(world, country=CountryCode("MD"), name="Ministry of the Interior")
    return world


@contextmanager
def open_console(
    folder: Path, listening: Listening | None = None, *, clock: TestClock | None = None
) -> Iterator[Console]:
    """The console of a new node."""
    clock = TestClock(START) if clock is None else clock
    world = make_home(folder, clock)
    with ExitStack() as stack:
        desks = stack.enter_context(open_desks(world))
        cheap_passwords(desks.people)
        desks.room.patience = PATIENCE_SECONDS
        listening = Listening(f"127.0.0.1:{PORT}") if listening is None else listening
        yield Console(world, clock, desks, make_site(desks, listening, world, PORT))
