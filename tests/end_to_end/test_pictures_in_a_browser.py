"""Every picture in a real browser, under the policy of our pages: drawn, described, downloaded."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from corridor.publishing.pictures import Kind
from corridor.publishing.pictures.base_map import parse_base_map
from support.browsing import PATIENCE_SECONDS, Chromium, chromium
from support.picture_page import FOLDERS, HOSTILE, picture_server, pictures

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

LANGUAGES = ("en", "ar")
SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"
SHORT = {name: picture for name, picture in pictures().items() if "sixty" not in name}


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with picture_server() as address, chromium(address) as opened:
        yield opened


def show(browser: Chromium, name: str, language: str = "en") -> None:
    """Open the page of a picture and wait until it is drawn."""
    browser.open(f"/{name}?lang={language}")
    browser.wait_for("figure[data-drawn]")
    assert browser.find("figure").get_attribute("data-drawn") == pictures()[name].kind.value


def shapes(browser: Chromium, css: str = "path, rect, circle, polygon, polyline, line") -> int:
    script = "return document.querySelectorAll(`.picture-drawing svg :is(${arguments[0]})`).length"
    return int(browser.driver.execute_script(script, css))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHORT)
def test_every_picture_is_drawn_and_its_page_is_for_everybody(
    browser: Chromium, name: str, language: str
) -> None:
    picture = pictures()[name]
    show(browser, name, language)
    # Of a Sankey diagram only what may be quoted is drawn, of a map the uncertain only if few.
    least = sum(point.value is not None for point in picture.points)
    assert shapes(browser) >= min(least, 60)
    browser.picture(f"picture-{name}-{language}")
    assert browser.violations() == []
    browser.prefer("dark")
    assert browser.violations() == []
    browser.picture(f"picture-{name}-{language}-dark")
    browser.prefer("light")
    browser.resize(360)
    assert not browser.is_wider_than_its_window()
    browser.picture(f"picture-{name}-{language}-narrow")
    browser.resize(1200)
    assert browser.complaints() == []


def test_every_kind_is_among_them() -> None:
    assert {picture.kind for picture in SHORT.values()} == set(Kind)


def test_what_is_too_uncertain_is_an_interval_without_a_bar(browser: Chromium) -> None:
    show(browser, "purposes-bars")
    filled = "path[fill='#14607f'], rect[fill='#14607f']"
    bars = [point for point in pictures()["purposes-bars"].points if point.value is not None]
    assert len(bars) == 4
    assert shapes(browser, filled) == len(bars)
    assert "too uncertain: its 95 % interval only" in browser.find(".picture-key").text


def test_keys_go_from_point_to_point_and_say_each(browser: Chromium) -> None:
    show(browser, "corridors-flow-map")
    place = browser.find(".picture-drawing")
    place.send_keys(Keys.ARROW_DOWN)
    first = browser.find(".picture-said").text
    largest = max(point.value or 0.0 for point in pictures()["corridors-flow-map"].points)
    assert f": {largest:.0f} ± 20" in first
    assert " → " in first
    assert browser.find(".picture-tip").text == first
    place.send_keys(Keys.END)
    assert "use with caution" in browser.find(".picture-said").text


def test_a_chosen_country_shows_its_own_corridors_the_uncertain_too(browser: Chromium) -> None:
    show(browser, "corridors-flow-map")
    hairlines = ".picture-drawing svg path[stroke-dasharray='2,4']"
    browser.driver.implicitly_wait(0)
    assert browser.driver.find_elements(By.CSS_SELECTOR, hairlines) == []
    assert "106 corridors are too uncertain" in browser.find(".picture-notes").text
    Select(browser.find(".picture-choice select")).select_by_visible_text("Nigeria")
    browser.driver.implicitly_wait(10)
    own = [
        point
        for point in pictures()["corridors-flow-map"].points
        if 3 in point.at and point.value is None and (point.high or 0) > 0
    ]
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, hairlines)) == len(own) > 0


@pytest.mark.parametrize("name", ["corridors-flow-map", "ages-pyramid", "corridors-sankey"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_whole_and_say_what_they_need(
    browser: Chromium, name: str, language: str, tmp_path: Path
) -> None:
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    show(browser, name, language)
    picture = pictures()[name]
    for form in ("svg", "png"):
        browser.find(f"button[data-form={form}]").click()
    svg, png = (waited(tmp_path, f"*-{picture.kind.value}.{form}") for form in ("svg", "png"))

    root = ElementTree.fromstring(svg.read_bytes())  # noqa: S314 - made here
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert picture.title in words
    assert f"corridor.example/answers/{name}" in words
    assert "95" in words
    if picture.kind is Kind.FLOW_MAP:
        assert "Natural Earth" in words
    drawn = root.find(f"{SVG}svg")
    assert drawn is not None
    assert len(list(drawn.iter(f"{SVG}path"))) >= 20
    assert not list(root.iter(f"{SVG}image"))

    content = png.read_bytes()
    assert content.startswith(PNG)
    width, height = struct.unpack(">II", content[16:24])
    assert width == 1920
    assert height == 2 * int(root.attrib["height"])
    assert len(content) > 20_000  # a blank sheet packs into a tenth of that
    assert browser.complaints() == []


def test_labels_are_words_and_never_markup(browser: Chromium, tmp_path: Path) -> None:
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    show(browser, "hostile-bars")
    browser.find(".picture-drawing").send_keys(Keys.HOME)
    assert f"{HOSTILE[0]}: 197 ± 20" in browser.find(".picture-tip").text
    browser.driver.implicitly_wait(0)
    assert browser.driver.find_elements(By.CSS_SELECTOR, "figure img, figure script") == []
    browser.driver.implicitly_wait(10)
    browser.find("button[data-form=svg]").click()
    root = ElementTree.fromstring(waited(tmp_path, "*.svg").read_bytes())  # noqa: S314
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "rect", "text", "tspan", "g", "path", "style", "defs", "clipPath", "circle"),
    }
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    assert all(word in words for label in HOSTILE for word in label.split())
    assert browser.complaints() == []


def waited(folder: Path, pattern: str) -> Path:
    """The file, when it is there and whole."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = list(folder.glob(pattern))
        if found and not list(folder.glob("*.crdownload")):
            return found[0]
        time.sleep(0.05)
    pytest.fail(f"no {pattern} among {list(folder.iterdir())}")


def test_nothing_of_others_is_loaded_before_a_figure_comes_near(browser: Chromium) -> None:
    browser.open("/far-away")
    loaded = "return performance.getEntriesByType('resource').map((one) => one.name)"
    browser.wait_for("main h1")
    assert not [one for one in browser.driver.execute_script(loaded) if "echarts" in one]
    browser.driver.execute_script("document.querySelector('figure').scrollIntoView()")
    browser.wait_for("figure[data-drawn]")
    found = browser.driver.execute_script(loaded)
    assert [one for one in found if "echarts" in one]
    assert not [one for one in found if "world" in one]  # a pyramid needs no map


def test_a_picture_is_drawn_from_its_address_too(browser: Chromium) -> None:
    browser.open("/by-address")
    browser.wait_for("figure[data-drawn=bars]")
    assert shapes(browser) >= 4


def test_a_picture_that_cannot_be_loaded_says_so(browser: Chromium) -> None:
    browser.open("/missing")
    browser.wait_for("figure[data-drawn=failed]")
    assert "the table has every figure" in browser.find("figure").text
    browser.complaints()  # the browser's own, about what was not found


def test_a_drawing_follows_its_window(browser: Chromium) -> None:
    show(browser, "ages-pyramid")
    browser.resize(500)
    wait = WebDriverWait(browser.driver, PATIENCE_SECONDS)
    width = "return document.querySelector('.picture-drawing svg').clientWidth"
    wait.until(lambda driver: driver.execute_script(width) < 500)
    browser.resize(1200)
    wait.until(lambda driver: driver.execute_script(width) > 900)


def test_the_map_comes_closer_with_its_corridors(browser: Chromium) -> None:
    show(browser, "corridors-flow-map")
    lines = """return [...document.querySelectorAll(".picture-drawing svg path[stroke='#14607f']")]
      .map((one) => one.getBoundingClientRect().width).reduce((a, b) => Math.max(a, b))"""
    before = browser.driver.execute_script(lines)
    browser.find(".picture-tools button[aria-label=Closer]").click()
    wait = WebDriverWait(browser.driver, PATIENCE_SECONDS)
    wait.until(lambda driver: driver.execute_script(lines) > 1.4 * before)
    browser.find(".picture-tools button[aria-label=Farther]").click()
    wait.until(lambda driver: driver.execute_script(lines) < 1.1 * before)


def test_an_operators_map_is_drawn_with_its_own_words() -> None:
    shipped = json.loads(Path(FOLDERS[0] / "world-50m.json").read_text("utf-8"))
    shipped |= {"source": "the institute's map of 2026", "disclaimer": "As our parliament decided."}
    own = parse_base_map(json.dumps(shipped).encode())
    with picture_server(own) as address, chromium(address) as browser:
        show(browser, "corridors-flow-map")
        notes = browser.find(".picture-notes").text
        assert "As our parliament decided." in notes
        assert "Base map: the institute's map of 2026" in notes
        assert "no opinion" not in notes
        assert browser.complaints() == []
