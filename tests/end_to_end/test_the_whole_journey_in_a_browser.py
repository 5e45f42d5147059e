"""From a question to a figure that everybody verifies: the whole way, in browsers.

Five node processes, the console of one of them, and a coordinator. An analyst asks, takes back and
asks again; a person of one authority approves; two coordinators publish; a stranger verifies. Six
browsers, and nobody types a command.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region
from corridor.coordinator import app as coordinator_app
from corridor.coordinator.app.people import people_desk
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.people import people_desk as staff_desk
from corridor.people import Role
from corridor.protocols import canonical
from support.browsing import PATIENCE_SECONDS, Chromium, chromium
from support.console_region import console_process
from support.demo_region import held_up, spent
from support.pages import cheap_passwords

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

FIVE = COUNTRIES[:5]
NAMES = {"BG": "Bulgaria", "MD": "Moldova", "NG": "Nigeria", "RO": "Romania", "UA": "Ukraine"}
MD, SLOW = CountryCode("MD"), CountryCode("RO")
ASKS = """
[[rule]]
verdict = "ask"
when.scope = ["regional"]
"""
WIDE, NARROW = 1200, 360
PURPOSE = "where to open shelters"
TITLE = "Routes between countries"


@dataclass
class Region:
    """The running region, where its pages are, and whoever is signed in to them."""

    demo: DemoRegion
    analyst: Chromium
    approver: Chromium
    approvers_codes: list[str]
    writer: Chromium
    writers_codes: list[str]
    reviewer: Chromium
    stranger: Chromium

    def spent(self) -> dict[CountryCode, Fraction]:
        return {country: spent(self.demo, country) for country in FIVE}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    folder = tmp_path_factory.mktemp("region")
    with ExitStack() as stack:
        demo = stack.enter_context(running_region(folder, FIVE, 720, 3, lambda _: None))
        (demo.home(MD) / "policy.toml").write_text(ASKS)
        console = stack.enter_context(console_process(demo.home(MD)))
        address = demo.credentials.url
        with people_desk(coordinator_app.real_world(folder / "coordinator")) as desk:
            cheap_passwords(desk)
            roles = {
                "Ana Rusu": Role.ANALYST,
                "Ion Ceban": Role.COORDINATOR,
                "Vera Popova": Role.COORDINATOR,
            }
            invited = {name: desk.add(name, [role]) for name, role in roles.items()}
        with staff_desk(node_app.real_world(demo.home(MD))) as desk:
            cheap_passwords(desk)
            code = desk.add("Mihai Lupu", [Role.APPROVER])
        entered = {name: stack.enter_context(chromium(address)) for name in roles}
        codes_of = {
            name: browser.enter(name, invited[name])[1] for name, browser in entered.items()
        }
        approver = stack.enter_context(chromium(console))
        _, codes = approver.enter("Mihai Lupu", code)
        stranger = stack.enter_context(chromium(address))
        analyst, writer, reviewer = entered.values()
        yield Region(
            demo, analyst, approver, codes, writer, codes_of["Ion Ceban"], reviewer, stranger
        )


def wait_until(holds: Callable[[], object], what: Callable[[], object]) -> None:
    """Look until it holds; `what` says in the end what there was instead."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(StaleElementReferenceException):  # it is being replaced
            if holds():
                return
        time.sleep(0.1)
    raise AssertionError(what())


def shows(browser: Chromium, css: str, *texts: str) -> str:
    """Wait until the element holds these texts, without loading the page again."""

    def shown() -> str:
        found = browser.driver.find_elements(By.CSS_SELECTOR, css)
        return found[0].text if found else ""

    wait_until(lambda: all(one in shown() for one in texts), shown)
    return shown()


def pictures(browser: Chromium, name: str) -> None:
    """Keep pictures of a page, wide and narrow, and see that it fits."""
    for width in (WIDE, NARROW):
        browser.resize(width)
        browser.picture(f"journey-{name}-{width}")
        assert not browser.is_wider_than_its_window(), (name, width)
    browser.resize(WIDE)
    assert browser.complaints() == [], name


def compose(analyst: Chromium, accuracy: str) -> None:
    """Fill the form, see the price, confirm it; then the question waits for people."""
    analyst.open("/ask")
    Select(analyst.find("#indicator")).select_by_value("corridor_matrix")
    analyst.wait_for("#p-from")
    analyst.fill("accuracy", accuracy)
    analyst.fill("purpose", PURPOSE)
    shows(analyst, "#forecast", f"{accuracy} in each of", "ρ = 0", *NAMES.values())
    pictures(analyst, "ask")
    analyst.press_by_key("button[formaction='/ask/review']")
    assert "It does not come back." in analyst.find("main").text
    pictures(analyst, "price")
    analyst.press("form[action='/ask/confirm'] button")
    shows(analyst, "#progress", "waits for people's approval")


def test_a_question_is_taken_back_before_anything_is_spent(region: Region) -> None:
    before = region.spent()
    analyst, approver = region.analyst, region.approver
    compose(analyst, "±30")
    look_at_what_waits(approver)
    analyst.press("#cancel")
    assert "It was taken back; nothing was spent." in shows(analyst, "#progress", "taken back")
    pictures(analyst, "taken-back")
    # It is gone from the console, too: nobody approves there what would never be answered.
    wait_until(
        lambda: (
            not what_waits(approver) and "nobody asks it any more" in approver.find("main").text
        ),
        lambda: approver.find("main").text,
    )
    assert region.spent() == before


def what_waits(approver: Chromium) -> list[WebElement]:
    """Links to the questions that wait for people at the console, on a page loaded anew."""
    approver.open("/approvals")
    approver.driver.implicitly_wait(0)
    links = "[aria-labelledby='waiting-title'] a[href^='/approvals/']"
    found = approver.driver.find_elements(By.CSS_SELECTOR, links)
    approver.driver.implicitly_wait(10)
    return found


def look_at_what_waits(approver: Chromium) -> None:
    """Open the question that waits; however long the console verifies its ledger before."""
    wait_until(lambda: what_waits(approver), lambda: approver.find("main").text)
    approver.find("[aria-labelledby='waiting-title'] a[href^='/approvals/']").click()
    approver.wait_for("#approve-code")
    approver.complaints()  # of pages that came before that was done


def test_a_question_goes_from_an_analyst_to_everybody(region: Region, tmp_path: Path) -> None:
    before = region.spent()
    release = answered(region)
    paid = {after - before[country] for country, after in region.spent().items()}
    assert len(paid) == 1  # each authority the same, once
    assert paid.pop() > 0
    public = published(region, release)
    verified(region.stranger, public, release, tmp_path)


def answered(region: Region) -> str:
    """Ask, have it approved, see the answer come; gives the release."""
    analyst, approver = region.analyst, region.approver
    compose(analyst, "±20")
    shown = shows(analyst, "#progress", "People have to approve it first in: Moldova")
    for country in FIVE:
        said = "waits for people's approval there" if country == MD else "accepted"
        assert f"{NAMES[country]} {said}" in shown
    pictures(analyst, "waiting")

    look_at_what_waits(approver)
    assert PURPOSE in approver.find("main").text
    pictures(approver, "approval")
    analyst.driver.execute_script("window.neverLoadedAgain = true;")
    approver.fill("code", region.approvers_codes.pop())
    with held_up(region.demo, SLOW):
        approver.press("form[action$='/approve'] button")
        assert "This node takes part" in approver.find("[role=status]").text
        others = [f"{NAMES[one]} has answered this round" for one in FIVE if one != SLOW]
        shown = shows(analyst, "#progress", "is being answered", *others)
        assert f"Waiting for: {NAMES[SLOW]}" in shown
        assert f"{NAMES[SLOW]} is being waited for" in shown
        pictures(analyst, "running")

    shown = shows(analyst, "#progress", "See the answer")
    assert analyst.driver.execute_script("return window.neverLoadedAgain;")
    for name in NAMES.values():
        assert f"{name} took part" in shown
    pictures(analyst, "answered")
    analyst.press("#progress a.button")
    return look_at_the_answer(analyst)


def look_at_the_answer(analyst: Chromium) -> str:
    """As a table, a map and a chart; gives the release's id."""
    identifier = analyst.driver.current_url.partition("/releases/")[2].partition("?")[0]
    text = analyst.find("main").text
    assert "Margin of every figure, with 95 %: ±20" in text
    assert analyst.driver.find_elements(By.CSS_SELECTOR, "#table-1 tbody tr td.amount")
    assert drawn(analyst) == "flow-map"
    pictures(analyst, "map")
    analyst.find("a[href*='picture=sankey']").click()
    wait_until(lambda: drawn(analyst) == "sankey", lambda: drawn(analyst))
    pictures(analyst, "chart")
    return identifier


def drawn(browser: Chromium) -> str:
    """What kind of picture is drawn."""
    figure = browser.wait_for("figure[data-drawn]")
    assert figure.find_elements(By.CSS_SELECTOR, "svg path")
    return str(figure.get_attribute("data-drawn"))


def published(region: Region, release: str) -> str:
    """Two coordinators publish the release; gives the path of the public page."""
    writer, reviewer, stranger = region.writer, region.reviewer, region.stranger
    writer.open(f"/publications/new?release={release}")
    assert writer.find(f"#release-{release}").is_selected()
    writer.fill("title_en", TITLE)
    writer.fill("summary_en", "From where people are brought, and to where.")
    pictures(writer, "draft")
    writer.press("main form button")
    page = writer.driver.current_url.removeprefix(writer.address)
    public = page.replace("/publications/", "/public/")
    assert writer.driver.find_elements(By.CSS_SELECTOR, "form[action$=discard]")
    assert not buttons(writer, "review")  # nobody reviews what they wrote
    stranger.open(public)
    assert TITLE not in stranger.find("main").text
    reviewer.open(page)
    assert PURPOSE in reviewer.find("main").text
    pictures(reviewer, "review")
    reviewer.press("form[action$=review] button")
    writer.open(page)
    writer.press("form[action$=schedule] button")
    return public


def buttons(browser: Chromium, step: str) -> int:
    """How many buttons of a step there are, now."""
    browser.driver.implicitly_wait(0)
    found = browser.driver.find_elements(By.CSS_SELECTOR, f"form[action$={step}] button")
    browser.driver.implicitly_wait(10)
    return len(found)


def verified(stranger: Chromium, public: str, release: str, folder: Path) -> None:
    """Somebody without an account reads, takes files along, verifies them, and sees a lie."""
    stranger.complaints()  # of the page that was not there yet
    saved = {"behavior": "allow", "downloadPath": str(folder)}
    stranger.driver.execute_cdp_cmd("Browser.setDownloadBehavior", saved)
    stranger.open("/public")
    stranger.press("main h2 a")
    assert stranger.driver.current_url == stranger.address + public
    assert TITLE in stranger.find("h1").text
    pictures(stranger, "public")
    stranger.find("a[href$='/files/csv']").click()
    stranger.find("a[href$='/receipt.json']").click()
    archive, receipt = folder / f"corridor-{release}-csv.zip", folder / f"receipt-{release}.json"
    wait_until(lambda: archive.exists() and receipt.exists(), lambda: list(folder.iterdir()))
    stranger.press("form[action$=verify] button")
    assert "The figures shown are those of the receipt." in stranger.find("[role=status]").text

    stranger.open("/public/verify")
    stranger.find("#receipt").send_keys(str(receipt))
    stranger.press("main form button")
    assert "Every claim of the receipt holds." in stranger.find("[role=status]").text
    pictures(stranger, "verified")
    document = json.loads(receipt.read_text())
    document["receipt"]["answer"][0] += 1
    wrong = folder / "wrong.json"
    wrong.write_bytes(canonical.encode(document))
    stranger.open("/public/verify")
    stranger.find("#receipt").send_keys(str(wrong))
    stranger.press("main form button")
    refused = stranger.find("[role=alert]").text
    assert "The receipt does not hold." in refused
    pictures(stranger, "refused")
    assert stranger.driver.get_cookies() == []


def test_a_charter_is_proposed_in_the_browser_and_in_force_when_all_have_signed(
    region: Region,
) -> None:
    coordinator = region.writer
    coordinator.open("/charter")
    coordinator.find("main > p a.button").click()
    coordinator.wait_for("#rho_per_question")
    coordinator.fill("rho_per_question", "1/20")
    coordinator.press("main > form button")
    assert "ρ = 0.05 at most. Until now: 0.1." in coordinator.find("#changes").text
    pictures(coordinator, "charter-review")
    coordinator.fill("code", region.writers_codes.pop())
    coordinator.press("form[action$='/confirm'] button")
    shown = coordinator.find("main").text
    assert "Proposed: version 2" in shown
    assert "nobody yet" in shown
    pictures(coordinator, "charter-proposed")
    worlds = {one: node_app.real_world(region.demo.home(one)) for one in FIVE}
    cards = [node_app.card(world).text.encode() for world in worlds.values()]
    trusted = node_app.trusted_fingerprints({}, cards)
    for world in worlds.values():
        node_app.accept(world, node_app.offered_charter(world), trusted)
    coordinator.open("/charter")
    shown = coordinator.find("main").text
    assert "Proposed:" not in shown
    assert "0.05" in shown
