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
from sqlalchemy import insert

from corridor.coordinator import app
from corridor.coordinator.app.people import people_desk
from corridor.coordinator.store import held_out
from corridor.ids import CountryCode
from corridor.people import Role
from corridor.transport.messages import Round
from support.browsing import chromium
from support.loopback_region import QUICK, LoopbackRegion
from support.provider import describe, provider_process

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
NAME = "Ana Rusu"
SETTINGS = """
issuer = "{issuer}"
client_id = "corridor"
title = "IOM"
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


def lived_in(folder: Path) -> app.World:
    """A region with members, an answer, a failure, a liar and a charter that waits."""
    region = LoopbackRegion(folder, countries=THREE, deadlines=QUICK)
    try:
        region.enter()
        region.wait_for_members(*THREE)
        question = {"sql": "SELECT gender, COUNT(*) FROM persons GROUP BY gender"}
        region.wait(region.ask(**question, rho="1/100")["id"])
        region.nodes[THREE[0]].script.silent_at = Round.MASKED_INPUT
        region.wait(region.ask(**question, rho="1/50")["id"])
        app.propose_charter(
            region.world, synthetic=True, years=(2020, 2025), nodes_per_person=3, without=()
        )
        region.nodes_loop.do(region.nodes[THREE[1]].sign_charter())
    finally:
        region.close()
    with app.opened(region.world) as parts, parts.enrolment.store.writing() as connection:
        connection.execute(
            insert(held_out).values(
                session=bytes(16),
                country=THREE[2],
                code="secure_sum.bad_dealer",
                since=region.world.now(),
            )
        )
    settings = region.world.home / "coordinator.toml"
    settings.write_text(settings.read_text().replace("plain_http = false", "plain_http = true"))
    return region.world


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
        world = lived_in(tmp_path_factory.mktemp("region"))
        home = world.home
        port = app.web_url(world).rpartition(":")[2]
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
        # The provider's page wants a style from elsewhere; ours want nothing.
        assert [one for one in browser.complaints() if one.startswith(site.address)] == []
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
        assert json.loads(answer.text)["name"] == "Test region"
        browser.open("/invitations")
        browser.find("option[value=RO]").click()
        # The codes of recovery are few; the authenticator has one every half minute.
        browser.fill("code", pyotp.TOTP(site.secret).at(datetime.now(UTC), counter_offset=1))
        browser.find("form.narrow button").click()
        browser.open("/invitations")
        assert "Romania" in browser.find("main").text
