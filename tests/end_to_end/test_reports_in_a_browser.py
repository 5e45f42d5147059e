"""A ready-made report in a real browser: choose, price, ask, follow, read; and boards of answers.

One region of real processes. Each page in each language, for everybody.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from corridor.cli.demo.region import DemoRegion, running_region
from corridor.coordinator import app as coordinator_app
from corridor.coordinator.app.people import people_desk
from corridor.ids import CountryCode
from corridor.people import Role
from support.browsing import Chromium, chromium
from support.pages import cheap_passwords

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
ANA = "Ana Rusu"
NAME = "sdg_16_2_2"
PERSONS = 800


@dataclass
class Region:
    """A running region, its analyst's recovery codes, and the report that she asked for."""

    demo: DemoRegion
    address: str
    codes: list[str] = field(default_factory=list)
    report: str = ""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("region")
        demo = stack.enter_context(running_region(folder, THREE, PERSONS, 3, lambda _: None))
        made = Region(demo, demo.credentials.url)
        with people_desk(coordinator_app.real_world(folder / "coordinator")) as desk:
            cheap_passwords(desk)
            code = desk.add(ANA, [Role.ANALYST])
        with chromium(made.address) as browser:
            _, made.codes = browser.enter(ANA, code)
            made.report = ask_for_a_report(browser)
        yield made


@pytest.fixture
def ana(region: Region) -> Iterator[Chromium]:
    with chromium(region.address) as browser:
        browser.come_back(ANA, region.codes.pop())
        yield browser


def ask_for_a_report(browser: Chromium) -> str:
    """Through the pages, from the list to the filled report, whose address it gives."""
    browser.open("/reports")
    browser.press(f"main h2 a[href='/reports/{NAME}']")
    first = browser.wait_for_text("#forecast", "ρ = 0")
    Select(browser.find("#p-years-low")).select_by_value("2023")
    changed = browser.wait_for_text("#forecast", "Year of identification or referral: 2023 to")
    assert price(first) == price(changed)  # a condition costs nothing
    browser.fill("accuracy", "±30")
    dearer = price(changed)
    browser.wait_for_text("#forecast", "±30 in each of")
    assert price(browser.find("#forecast").text) < dearer
    browser.fill("purpose", "the yearly report on SDG 16.2.2")
    browser.picture("report-forecast")
    browser.press(f"button[formaction='/reports/{NAME}/review']")
    browser.press("form[action='/ask/confirm'] button")
    browser.wait_for_text("#progress", "See the report")
    browser.press("#progress a.button[href*='/reports/']")
    return browser.driver.current_url.removeprefix(browser.address)


def price(seen: str) -> float:
    found = re.search(r"ρ = ([\d.]+)", seen)
    assert found is not None, seen
    return float(found[1])


def wait_for_pictures(browser: Chromium) -> None:
    """Go through the page, so that each picture comes near the window, until all are drawn."""
    for figure in browser.driver.find_elements(By.CSS_SELECTOR, "figure[data-picture]"):
        browser.driver.execute_script("arguments[0].scrollIntoView()", figure)
        for _ in range(100):
            if figure.get_attribute("data-drawn"):
                break
            time.sleep(0.1)
        assert figure.get_attribute("data-drawn") not in {None, "failed"}
        assert "measure-" not in str(figure.get_property("textContent"))


def test_a_report_works_without_script(region: Region, ana: Chromium) -> None:
    ana.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    ana.open(f"/reports/{NAME}")
    ana.press("button[value=forecast]")
    ana.press("button[name=take][value='±50']")
    assert "±50 in each of" in ana.find("#forecast").text
    ana.open(region.report)
    assert "Female" in ana.find("main table").text


def test_a_filled_report_is_drawn(region: Region, ana: Chromium) -> None:
    ana.open(region.report)
    wait_for_pictures(ana)
    assert ana.driver.find_elements(By.CSS_SELECTOR, "figure[data-drawn]")
    assert ana.complaints() == []


def test_a_board_is_put_together_by_looking(region: Region, ana: Chromium) -> None:
    ana.open("/boards/new")
    ana.fill("name", "Morning")
    ana.fill("search", "minor gender")
    ana.wait_for_text("#choices", "(?s)^(?!.*nothing).*Persons by gender")
    for count in (1, 2):
        buttons = ana.driver.find_elements(By.CSS_SELECTOR, "#choices button[value^='add ']")
        buttons[count - 1].click()
        wait_until(ana, f"ol.tiles > li:nth-child({count})")
    assert ana.find("[name=name]").get_property("value") == "Morning"
    first = ana.find("ol.tiles > li:nth-child(1) b").text
    ana.find("#down-1").click()
    ana.wait_for_text("ol.tiles > li:nth-child(2) b", f"^{re.escape(first)}$")
    assert ana.driver.switch_to.active_element.get_attribute("id") in {"down-1", "up-2"}
    ana.picture("board-builder")
    ana.press("#builder > .buttons button")
    wait_for_pictures(ana)
    assert len(ana.driver.find_elements(By.CSS_SELECTOR, "figure[data-drawn]")) == 2
    assert ana.complaints() == []


def wait_until(browser: Chromium, css: str) -> None:
    """Until the page has such an element."""
    for _ in range(300):
        if browser.driver.find_elements(By.CSS_SELECTOR, css):
            return
        time.sleep(0.1)
    raise AssertionError(css)
