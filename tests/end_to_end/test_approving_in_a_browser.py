"""Questions, policy, data quality and erasing in a real browser; and an answer that follows.

One region of real processes, with a console process at the node whose policy asks people: two
approvers sign in, each in a browser of their own, and the release comes without any restart.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest

from corridor.cli.demo.region import DemoRegion, running_region
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.people import people_desk
from corridor.people import Role
from support.browsing import Chromium, chromium
from support.console_region import console_process
from support.demo_region import command, spent
from support.pages import cheap_passwords

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

BG, MD, UA = map(CountryCode, ("BG", "MD", "UA"))
SQL = "SELECT exploitation, COUNT(DISTINCT person) FROM persons GROUP BY exploitation"
ASKS = """
[approvals]
two_above = "1/1000"
[[rule]]
verdict = "ask"
when.scope = ["regional"]
"""
ANA, BORIS, OLGA, MIHAI = "Ana Rusu", "Boris Şahin", "Olga Ceban", "Mihai Lupu"
ROLES = {
    ANA: Role.APPROVER,
    BORIS: Role.APPROVER,
    OLGA: Role.OFFICER,
    MIHAI: Role.ADMINISTRATOR,
}


@dataclass
class Authority:
    """The careful node of a running region, its console, and its staff's recovery codes."""

    region: DemoRegion
    address: str
    codes: dict[str, list[str]] = field(default_factory=dict)

    def ask(self, analyst: Connection, rho: str, sql: str = SQL) -> str:
        request = {"sql": sql, "rho": rho, "scope": "regional", "purpose": "a yearly report"}
        return str(analyst.ask(request)["id"])

    def waiting(self) -> dict[str, Any]:
        """The newest question that waits here."""
        found: dict[str, Any] = command("node", "approvals", "--home", str(self.region.home(MD)))[0]
        return found

    def come_back(self, browser: Chromium, name: str) -> None:
        browser.come_back(name, self.codes[name].pop())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("region")
        region = stack.enter_context(running_region(folder, (BG, MD, UA), 60, 3, lambda _: None))
        (region.home(MD) / "policy.toml").write_text(ASKS)
        address = stack.enter_context(console_process(region.home(MD)))
        made = Authority(region, address)
        with people_desk(node_app.real_world(region.home(MD))) as desk:
            cheap_passwords(desk)
            invited = {name: desk.add(name, [role]) for name, role in ROLES.items()}
        for name, code in invited.items():
            with chromium(address) as browser:
                _, made.codes[name] = browser.enter(name, code)
        yield made


@pytest.fixture
def analyst(authority: Authority) -> Iterator[Connection]:
    with connect(authority.region.credentials) as connection:
        yield connection


def wait_until(analyst: Connection, question: str, *states: str) -> Mapping[str, Any]:
    shown: Mapping[str, Any] = {}
    for _ in range(900):
        shown = analyst.question(question)
        if shown["state"] in states:
            return shown
        time.sleep(0.1)
    raise AssertionError(shown)


def test_two_people_approve_in_their_browsers_and_the_answer_comes_without_a_restart(
    authority: Authority, analyst: Connection
) -> None:
    region = authority.region
    running, before = region.processes.pids(), spent(region, MD)
    question = authority.ask(analyst, "1/200")
    wait_until(analyst, question, "waiting")
    identifier = authority.waiting()["id"]
    for name, missing in ((ANA, 1), (BORIS, 0)):
        with chromium(authority.address) as browser:
            authority.come_back(browser, name)
            browser.find("#waiting a").click()
            browser.wait_for(f"a[href='/approvals/{identifier}']").click()
            browser.wait_for("#approve-code")
            shown = browser.find("main").text
            assert "a yearly report" in shown
            assert "How many persons, by type of exploitation" in shown
            browser.fill("code", authority.codes[name].pop())
            browser.press("form[action$='/approve'] button")
            said = browser.find("[role=status]").text
            assert ("1 more person" in said) == (missing == 1)
            if missing:
                assert analyst.question(question)["state"] == "waiting"
    approved_at = time.monotonic()
    released = wait_until(analyst, question, "released", "failed")
    assert released["state"] == "released", released
    assert time.monotonic() - approved_at < 60  # without news it would be half an hour
    assert analyst.release(str(released["release_id"]))["survivors"] == ["BG", "MD", "UA"]
    assert region.processes.pids() == running
    assert spent(region, MD) - before == Fraction(1, 200)
    with chromium(authority.address) as browser:
        authority.come_back(browser, ANA)
        browser.open(f"/approvals/{identifier}")
        text = browser.find("main").text
        assert "answered" in text
        assert BORIS in text
        assert "Your decision" not in text


def test_an_administrator_sees_what_a_policy_changes_and_then_saves_it(
    authority: Authority, analyst: Connection
) -> None:
    policy = authority.region.home(MD) / "policy.toml"
    wait_until(analyst, authority.ask(analyst, "1/229"), "waiting")
    with chromium(authority.address) as browser:
        authority.come_back(browser, MIHAI)
        browser.open("/policy/ready/open")
        assert "changes" in browser.find("#trial-title ~ .scroll").text
        browser.fill("code", authority.codes[MIHAI].pop())
        browser.press("form[action$='/policy/save'] button")
        assert "from the next question on" in browser.find("[role=status]").text
    assert "OPEN" in policy.read_text()
    question = authority.ask(analyst, "1/230")
    released = wait_until(analyst, question, "released", "failed", "waiting")
    assert released["state"] == "released", released
    assert analyst.release(str(released["release_id"]))["survivors"] == ["BG", "MD", "UA"]


def test_an_officer_carries_out_a_person_s_request(authority: Authority) -> None:
    with chromium(authority.address) as browser:
        authority.come_back(browser, OLGA)
        browser.open("/editions/person")
        browser.fill("identity_number", "SYN-77-004711")
        browser.fill("code", authority.codes[OLGA].pop())
        browser.press("main > form button")
        assert "Done." in browser.find("[role=status]").text
        assert "004711" not in browser.driver.page_source
        assert browser.driver.current_url == f"{authority.address}/editions/person"
        assert browser.complaints() == []
