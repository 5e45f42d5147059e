"""A publication's pictures as a visitor sees them: drawn, saved, by keys, on a phone, in Arabic."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from cheroot import wsgi
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from corridor.coordinator import app
from support.browsing import PATIENCE_SECONDS, Chromium, chromium
from support.picture_page import AGES, COUNTRIES, GENDERS, QUARTERS, document_of, matrix
from support.publications import RELEASE, open_publishing, put_release
from support.releases import make_release

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

KINDS = ("flow-map", "lines", "pyramid")
NARROW = 360
MOST_KILOBYTES = 150


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    folder = tmp_path_factory.mktemp("everybody")
    world = app.real_world(folder / "coordinator")
    app.initialise(world, name="Danube region")
    (folder / "accounts").mkdir()
    tables = [
        matrix(COUNTRIES, 0.35),
        document_of(
            "Persons by gender × quarter",
            [("gender", "Gender", GENDERS[:2]), ("quarter", "Quarter of referral", QUARTERS)],
            [*range(60, 320, 20), *range(180, 50, -10)],
        ),
        document_of(
            "Persons by gender × age when trafficked",
            [("gender", "Gender", GENDERS), ("age_band", "Age when trafficked", AGES)],
            [*([60, 150, 190, 150, 120, 90, 260, 130, 60, 40] * 2), *([8] * 20)],
        ),
    ]
    with ExitStack() as stack:
        publishing = stack.enter_context(open_publishing(world, folder / "accounts"))
        put_release(publishing.workbench.parts.publications.store, make_release(tables=tables))
        texts = [
            {"language": "en", "title": "Routes", "summary": "Who was found.", "method": "Noise."},
            {"language": "ar", "title": "الطرق", "summary": "من عُثر عليه.", "method": "ضوضاء."},
        ]
        one = publishing.publish(RELEASE, texts=texts)
        server = wsgi.Server(("127.0.0.1", 0), publishing.everybody, numthreads=4)
        server.prepare()
        thread = Thread(target=server.serve)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.stop)
        address = f"http://127.0.0.1:{server.bind_addr[1]}"
        opened = stack.enter_context(chromium(address))
        opened.one = f"/public/{one}"  # type: ignore[attr-defined]
        yield opened


@pytest.fixture
def page(browser: Chromium) -> str:
    return str(browser.one)  # type: ignore[attr-defined]


def draw_all(browser: Chromium, path: str) -> list[str]:
    """Scroll to every figure until all are drawn; their kinds."""
    browser.open(path)
    figures = browser.driver.find_elements(By.CSS_SELECTOR, "figure[data-picture]")
    for figure in figures:
        browser.driver.execute_script("arguments[0].scrollIntoView()", figure)
        WebDriverWait(browser.driver, PATIENCE_SECONDS).until(partial(is_drawn, figure))
    return [str(figure.get_attribute("data-drawn")) for figure in figures]


def is_drawn(figure: WebElement, _: WebDriver) -> bool:
    return figure.get_attribute("data-drawn") is not None


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [1200, NARROW])
def test_a_visitor_sees_every_picture_on_any_screen(
    browser: Chromium, page: str, language: str, width: int
) -> None:
    browser.resize(width)
    assert draw_all(browser, f"{page}?lang={language}") == list(KINDS)
    browser.picture(f"public-pictures-{language}-{width}")
    assert browser.violations() == []
    assert not browser.is_wider_than_its_window()
    browser.prefer("dark")
    assert browser.violations() == []
    browser.picture(f"public-pictures-{language}-{width}-dark")
    browser.prefer("light")
    assert browser.complaints() == []
    assert browser.driver.get_cookies() == []
    browser.resize(1200)


def test_the_page_is_light_and_what_draws_comes_when_a_figure_is_near(
    browser: Chromium, page: str
) -> None:
    loaded = "return performance.getEntriesByType('resource').map((one) => one.name)"
    browser.open("/public")
    assert not [one for one in browser.driver.execute_script(loaded) if "pictures" in one]
    draw_all(browser, page)
    found = browser.driver.execute_script(loaded)
    assert [one for one in found if "echarts" in one]
    assert all(one.startswith(browser.address + "/public/") for one in found)
    size = "return performance.getEntriesByType('navigation')[0].encodedBodySize"
    assert browser.driver.execute_script(size) < MOST_KILOBYTES * 1000


def test_a_picture_is_drawn_in_another_way_at_an_address_that_lasts(
    browser: Chromium, page: str
) -> None:
    browser.open(page)
    browser.driver.find_element(By.LINK_TEXT, "Sankey diagram").click()
    browser.wait_for("figure[data-drawn=sankey]")
    address = browser.driver.current_url
    assert address.endswith(f"?picture=sankey#table-{RELEASE}-1")
    assert draw_all(browser, address.removeprefix(browser.address))[0] == "sankey"


def test_a_visitor_saves_a_picture_with_its_source_and_its_licence(
    browser: Chromium, page: str, tmp_path: Path
) -> None:
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    draw_all(browser, page)
    for form in ("svg", "png"):
        browser.find(f"figure button[data-form={form}]").click()
    svg = waited(tmp_path, "*.svg").read_text("utf-8")
    for words in ("Persons by corridor", "Danube region (2026). Routes.", "Creative Commons"):
        assert words in svg.replace("\n", " "), words
    assert f"{page}?picture=flow-map#table-{RELEASE}-1" in svg
    assert waited(tmp_path, "*.png").stat().st_size > 20_000
    assert browser.complaints() == []


def test_the_keys_of_a_picture_say_its_figures_with_their_margins(
    browser: Chromium, page: str
) -> None:
    draw_all(browser, page)
    browser.find(".picture-drawing").send_keys(Keys.HOME)
    assert "±" in browser.find(".picture-said").text


def waited(folder: Path, pattern: str) -> Path:
    """The file, when it is there and whole."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = list(folder.glob(pattern))
        if found and not list(folder.glob("*.crdownload")):
            return found[0]
        time.sleep(0.05)
    pytest.fail(f"no {pattern} among {list(folder.iterdir())}")
