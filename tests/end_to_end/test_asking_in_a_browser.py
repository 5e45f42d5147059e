"""Asking at the workbench in a real browser: compose, see an error, ask, follow, read the answer.

One region of real processes; the coordinator's own pages over its TLS.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.support.select import Select

from corridor.cli.demo.region import DemoRegion, running_region
from corridor.client.app import connect
from corridor.coordinator import app as coordinator_app
from corridor.coordinator.app.people import people_desk
from corridor.ids import CountryCode
from corridor.people import Role
from support.browsing import PATIENCE_SECONDS, Chromium, chromium
from support.demo_region import held_up
from support.pages import cheap_passwords

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
ANA, ION = "Ana Rusu", "Ion Ceban"
ROLES = {ANA: Role.ANALYST, ION: Role.COORDINATOR}
NARROW = 320
LIGHT = 150_000
WRONG = "SELECT gender, COUNT(*)\nFROM persons\nWHERE exploited_in = 'Moldovia'\nGROUP BY gender"


@dataclass
class Region:
    """A running region, and its analysts' recovery codes."""

    demo: DemoRegion
    address: str
    codes: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, sql: str, accuracy: str = "±20") -> str:
        """The id of an answered question's release."""
        shown: Mapping[str, object] = {}
        with connect(self.demo.credentials) as analyst:
            asked = analyst.ask({"sql": sql, "accuracy": accuracy, "purpose": "a yearly report"})
            for _ in range(600):
                shown = analyst.question(str(asked["id"]))
                if shown["release_id"]:
                    return str(shown["release_id"])
                time.sleep(0.1)
        raise AssertionError(shown)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("region")
        demo = stack.enter_context(running_region(folder, THREE, 60, 3, lambda _: None))
        made = Region(demo, demo.credentials.url)
        world = coordinator_app.real_world(folder / "coordinator")
        with people_desk(world) as desk:
            cheap_passwords(desk)
            invited = {name: desk.add(name, [role]) for name, role in ROLES.items()}
        for name, code in invited.items():
            with chromium(made.address) as browser:
                _, made.codes[name] = browser.enter(name, code)
        yield made


@pytest.fixture
def ana(region: Region) -> Iterator[Chromium]:
    with chromium(region.address) as browser:
        browser.come_back(ANA, region.codes[ANA].pop())
        yield browser


def shown(browser: Chromium, css: str) -> str:
    return browser.find(css).text


def shown_to_ears(browser: Chromium, css: str) -> str:
    """The text of an element that is read aloud and not seen."""
    return str(browser.find(css).get_property("textContent")).strip()


def look_at(browser: Chromium, name: str, language: str) -> None:
    """See that the page is for everybody: read aloud, in the dark, on a telephone."""
    browser.picture(f"{language}-{name}")
    assert browser.violations() == [], (language, name)
    browser.prefer("dark")
    assert browser.violations() == [], (language, name, "dark")
    browser.prefer("light")
    browser.resize(NARROW)
    browser.picture(f"{language}-{name}-narrow")
    assert not browser.is_wider_than_its_window(), (language, name)
    browser.resize(1200)
    assert browser.complaints() == [], (language, name)
    assert "%(" not in shown(browser, "main")


def weight(browser: Chromium, path: str) -> int:
    """All bytes of a page, with its styles and scripts, as they are sent."""
    cookies = {one["name"]: one["value"] for one in browser.driver.get_cookies()}
    with httpx.Client(
        base_url=browser.address,
        verify=False,  # noqa: S501
        cookies=cookies,
        timeout=PATIENCE_SECONDS,
    ) as client:
        page = client.get(path)
        assert page.status_code == 200
        parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        assert parts
        return len(page.content) + sum(len(client.get(one).content) for one in set(parts))


def test_a_question_is_composed_corrected_asked_followed_and_answered(
    region: Region, ana: Chromium
) -> None:
    ana.open("/ask")
    ana.wait_for_text("#forecast", "ρ = 0")
    ana.find("label[for='face-sql']").click()
    ana.fill("sql", WRONG)
    ana.wait_for_text("#forecast", "Line 3, column 22")
    assert shown(ana, ".marked mark") == "'Moldovia'"
    assert "did you mean MD" in shown(ana, "#forecast")
    ana.picture("sql-error")
    ana.find(".marked").click()
    selected = ana.driver.execute_script(
        "const t = document.getElementById('sql');"
        "return t.value.slice(t.selectionStart, t.selectionEnd);"
    )
    assert selected == "'Moldovia'"
    # What is selected is typed over; the list proposes, an arrow and Enter take it.
    ana.find("#sql").send_keys("'Moldo")
    ana.wait_for("#proposals")
    assert "Moldova" in shown(ana, "#proposals")
    ana.picture("proposals")
    ana.find("#sql").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert "exploited_in = 'MD'\n" in str(ana.find("#sql").get_property("value"))
    first = ana.wait_for_text("#forecast", "ρ = 0")
    before = re.search(r"ρ = ([\d.]+)", first)
    ana.fill("accuracy", "±40")
    changed = ana.wait_for_text("#forecast", "±40 in each of")
    after = re.search(r"ρ = ([\d.]+)", changed)
    assert before is not None
    assert after is not None
    assert float(after[1]) < float(before[1]) / 3
    ana.fill("purpose", "how many women reach Moldova")
    ana.press("button[formaction='/ask/review']")
    assert f"ρ = {after[1]}" in shown(ana, "main")
    look_at(ana, "review", "en")
    with held_up(region.demo, THREE[0]):  # else it may be answered before anybody looks
        ana.press("form[action='/ask/confirm'] button")
        assert re.search("/questions/[0-9a-f]+", ana.driver.current_url)
        ana.wait_for_text(
            "#progress .rounds [aria-current]", "asked|exchange|confirm|pays|agree|let"
        )
        ana.picture("running")
    ana.wait_for_text("#progress", "See the answer")
    assert shown_to_ears(ana, "#question-said") == "answered"
    assert "took part" in shown(ana, "#progress")
    look_at(ana, "question", "en")
    ana.press("#progress a.button")
    seen = shown(ana, "main")
    assert "Feminine" in seen
    assert "±40" in seen
    assert "how many women reach Moldova" in seen
    ana.find("a[href*='share']").click()
    assert "Share: Gender" in shown(ana, "main")
    assert ana.complaints() == []


def test_blocks_change_their_choices_without_losing_what_was_chosen(
    region: Region, ana: Chromium
) -> None:
    ana.open("/ask?face=blocks&source=persons&by=gender&measure=count")
    Select(ana.find("#where-1")).select_by_value("exploitation")
    ana.wait_for("[name='value-1']")
    ana.find("label[for='value-1-ForcedLabour']").click()
    ana.wait_for_text("#forecast", "Type of exploitation: ")
    Select(ana.find("#source")).select_by_value("legs")
    ana.wait_for_text("#forecast", "Steps of journeys by gender")
    ana.picture("blocks")


SHIFTS = """
window.moved = [];
const holds = (node) => node.closest?.("button") || node.querySelector?.("button");
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    for (const one of entry.sources)
      if (one.node && holds(one.node)) window.moved.push(one.node.outerHTML.slice(0, 200));
}).observe({ type: "layout-shift" });
"""
BUTTONS = """
return Object.fromEntries([...document.querySelectorAll("#ask button, #forecast [name=take]")]
  .filter((one) => one.offsetParent)
  .map((one) => [one.value || one.formAction, one.getBoundingClientRect().top + scrollY]));
"""


@pytest.mark.parametrize("width", [NARROW, 1200])
@pytest.mark.parametrize("path", ["/ask", "/reports/sdg_16_2_2"])
def test_no_button_moves_when_a_forecast_comes(
    region: Region, ana: Chromium, path: str, width: int
) -> None:
    """Else whoever aims at one accuracy takes another, which may be dearer."""
    ana.resize(width)
    ana.open(path)
    ana.wait_for_text("#forecast", "ρ = 0")
    if path == "/ask":
        ana.find("label[for='face-sql']").click()
        ana.fill("sql", "SELECT gender, COUNT(*) FROM persons GROUP BY gender")
        ana.wait_for_text("#forecast", "Persons by gender")
    ana.driver.execute_script(SHIFTS)
    before = ana.driver.execute_script(BUTTONS)
    assert len(before) >= 3, before
    for accuracy, said in (
        ("±50", "±50 in each of"),
        ("±1", "question.accuracy_too_dear"),
        ("±30", "±30 in each of"),
        ("nonsense", "question.unsupported_accuracy"),
        ("±40", "±40 in each of"),
    ):
        ana.fill("accuracy", accuracy)
        ana.wait_for_text("#forecast", said)
        now = ana.driver.execute_script(BUTTONS)
        both = before.keys() & now.keys()
        assert {name: now[name] for name in both} == {name: before[name] for name in both}, accuracy
        before |= now
    assert ana.driver.execute_script("return window.moved") == []


def test_the_form_works_without_script(region: Region, ana: Chromium) -> None:
    ana.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    ana.open("/ask")
    ana.find("label[for='face-sql']").click()
    ana.fill("sql", "SELECT year, COUNT(*) FROM persons GROUP BY year")
    ana.press("button[value=forecast]")
    assert re.search("ρ = 0", shown(ana, "#forecast"))
    ana.press("button[name=take][value='±50']")
    assert "±50 in each of" in shown(ana, "#forecast")
    ana.fill("purpose", "a report")
    ana.press("button[formaction='/ask/review']")
    ana.press("form[action='/ask/confirm'] button")
    for _ in range(100):
        ana.driver.refresh()
        if "See the answer" in shown(ana, "#progress"):
            break
        time.sleep(0.3)
    ana.press("#progress a.button")
    assert "2024" in shown(ana, "main")


def test_pages_are_light_before_anything_is_drawn(region: Region, ana: Chromium) -> None:
    large = region.answer(
        "SELECT recruited_in, exploited_in, COUNT(*) FROM corridors "
        "WHERE year = 2024 GROUP BY recruited_in, exploited_in",
        "±30",
    )
    for path in (
        "/",
        "/ask?face=indicator&indicator=corridor_matrix",
        "/ask?face=blocks&source=persons&by=gender&by=year&where-1=exploited_in",
        "/questions",
        "/releases",
        f"/releases/{large}?table=1&cells=all",
    ):
        ana.open(path)
        assert weight(ana, path) < LIGHT, path
