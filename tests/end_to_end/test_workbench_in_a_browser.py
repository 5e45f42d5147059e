"""The workbench's accounts and administration in a real browser, with a real identity provider."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyotp
import pytest

from corridor.cli.demo.region import free_port
from corridor.coordinator import app
from corridor.coordinator.app.people import people_desk
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from support.browsing import chromium
from support.provider import describe, provider_process

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

NAME = "Ana Rusu"
PAGES = {
    "members": "/members",
    "charter": "/charter",
    "invitations": "/invitations",
    "attempts": "/attempts",
    "people": "/people",
    "tokens": "/tokens",
    "all-tokens": "/tokens/all",
    "changes": "/changes",
    "account": "/account",
}
NARROW = 320
SETTINGS = """
issuer = "{issuer}"
client_id = "corridor"
title = "Sign-in of IOM"
organisation = "IOM"
second_factor_amr = ["otp"]
[roles]
analysts = ["analyst"]
"""


@contextmanager
def serving(home: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "corridor.cli", "coordinator", "serve", "--home", str(home)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CORRIDOR_OIDC_SECRET": "a secret"},
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "coordinator.serving" in line:
                break
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


@dataclass
class Site:
    home: Path
    address: str
    issuer: str
    codes: list[str] = field(default_factory=list)
    secret: str = ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        issuer = stack.enter_context(provider_process())
        home = tmp_path_factory.mktemp("home") / "coordinator"
        world = app.real_world(home)
        port = free_port()
        web = f"127.0.0.1:{port}"
        app.initialise(
            world, name="Danube region", listen=f"127.0.0.1:{free_port()}", web=web, plain_http=True
        )
        (home / "oidc.toml").write_text(SETTINGS.format(issuer=issuer))
        with people_desk(world) as people:
            code = people.add(NAME, [*map(str, (Role.ADMINISTRATOR, Role.ANALYST))])
        stack.enter_context(serving(home))
        made = Site(home, f"http://localhost:{port}", issuer)
        with chromium(made.address) as browser:
            made.secret, made.codes = browser.enter(NAME, code)
            browser.open("/invitations")
        yield made


def test_somebody_comes_by_the_provider_and_goes_again(site: Site) -> None:
    describe(
        site.issuer, "maria", preferred_username="maria", groups=["analysts"], amr=["pwd", "otp"]
    )
    with chromium(site.address) as browser:
        browser.open("/sign-in")
        browser.picture("en-sign-in-provider")
        assert browser.violations() == []
        browser.find("main p a.button").click()
        browser.fill("sub", "maria").submit()
        browser.wait_for("nav a[aria-current]")
        assert browser.driver.current_url == f"{site.address}/"
        assert browser.find(".me a").text == "maria"
        assert browser.complaints() == []
        # The session that began with a redirect from elsewhere is as strict as any other.
        cookie = browser.driver.get_cookie("corridor-workbench")
        assert cookie is not None
        assert cookie["sameSite"] == "Strict"
        assert browser.driver.get_cookie("corridor-arrival") is None
        browser.press(".me button")
        assert browser.driver.current_url == f"{site.address}/sign-in"
        browser.open("/members")
        assert browser.driver.current_url == f"{site.address}/sign-in"
        browser.find("main p.quiet a").click()
        assert browser.driver.current_url.startswith(site.issuer)


def test_a_token_that_was_made_in_the_browser_opens_the_api(site: Site) -> None:
    with chromium(site.address) as browser:
        browser.come_back(NAME, site.codes.pop())
        browser.open("/tokens")
        browser.fill("label", "nightly report")
        browser.fill("code", site.codes.pop())
        browser.press("form.narrow button")
        token = browser.find(".notice.right code").text
        browser.picture("en-token-made")
        assert browser.violations() == []
        answer = httpx.get(
            f"{site.address}/api/v1/region", headers={"Authorization": f"Bearer {token}"}
        )
        assert json.loads(answer.text)["name"] == "Danube region"
        browser.open("/invitations")
        browser.find("option[value=MD]").click()
        # The codes of recovery are few; the authenticator has one every half minute.
        browser.fill("code", pyotp.TOTP(site.secret).at(datetime.now(UTC), counter_offset=1))
        browser.find("form.narrow button").click()
        browser.open("/invitations")
        assert "Moldova" in browser.find("main").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_administration_is_for_everybody(site: Site, language: str) -> None:
    with chromium(site.address) as browser:
        browser.come_back(NAME, site.codes.pop())
        browser.speak(language)
        for name, path in PAGES.items():
            browser.open(path)
            browser.picture(f"{language}-{name}")
            assert browser.violations() == [], (language, name)
            if language in {"en", "ar"}:
                browser.prefer("dark")
                assert browser.violations() == [], (language, name, "dark")
                browser.prefer("light")
            browser.resize(NARROW)
            assert not browser.is_wider_than_its_window(), (language, name)
            browser.resize(1200)
            assert browser.complaints() == [], (language, name)
            assert browser.find("html").get_attribute("lang") == language
