"""A site of pages as a browser sees it: forms with their tokens, cookies, signing in.

`PagesSite.enter` makes an account and goes with its owner through the first sign-in.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pyotp
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from corridor.people import Passwords, PeopleDesk, Role
from support.ledgers import TestClock

PASSWORD = "seven otters juggle copper kettles"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What a test waits for is not what an attacker should."""

_FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_SECRET = re.compile(r'class="secret">([A-Z2-7 ]+)<')


def cheap_passwords(people: PeopleDesk) -> None:
    """Let passwords be hashed in no time."""
    people._passwords = Passwords(CHEAP)


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
class PagesSite:
    """A site under test, and what its owners' authenticators share."""

    clock: TestClock
    people: PeopleDesk
    app: Flask
    secrets: dict[str, str] = field(default_factory=dict)

    def browser(self) -> Browser:
        client = self.app.test_client()
        return Browser(client)

    def enter(self, name: str, *roles: Role, organisation: str = "") -> Browser:
        """Make an account and go with its owner through the first sign-in, to the end."""
        code = self.people.add(name, roles, organisation=organisation)
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


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Every route with every method that it answers."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
