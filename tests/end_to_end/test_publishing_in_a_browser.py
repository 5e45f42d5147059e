"""From an answer to a page that everybody sees and verifies, in a browser; each page for all."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from corridor.coordinator import app
from corridor.coordinator.app.people import people_desk
from corridor.coordinator.board_desk import Tile
from corridor.pages.languages import LANGUAGES
from corridor.people import Role
from support.browsing import Chromium, chromium
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import ANA, BO, make_draft
from support.stored_series import put_series

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"
NARROW = 320


@dataclass
class Staffed:
    """A region that serves, a release, and two coordinators with their recovery codes."""

    region: LoopbackRegion
    address: str
    release: str
    codes: dict[str, list[str]]


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    region = LoopbackRegion(tmp_path_factory.mktemp("publishing"), deadlines=QUICK)
    try:
        region.enter()
        shown = region.wait(region.ask(sql=SQL, rho="1/20", purpose="browser")["id"])
        address, codes = f"https://{region.web}", dict[str, list[str]]()
        for name in (ANA.name, BO.name):
            with people_desk(region.world) as people:
                code = people.add(name, [Role.COORDINATOR])
            with chromium(address) as browser:
                _, codes[name] = browser.enter(name, code)
        yield Staffed(region, address, str(shown["release_id"]), codes)
    finally:
        region.close()


def test_two_coordinators_publish_and_a_visitor_verifies(staffed: Staffed) -> None:
    with ExitStack() as stack:
        ana, bo, visitor = (stack.enter_context(chromium(staffed.address)) for _ in range(3))
        ana.come_back("Ana", staffed.codes["Ana"].pop())
        bo.come_back("Bo", staffed.codes["Bo"].pop())
        ana.open("/publications/new")
        ana.find(f"#release-{staffed.release}").click()
        ana.fill("title_en", "Victims by gender, 2021")
        ana.fill("summary_en", "Who was found in 2021.\nBy gender.")
        Select(ana.find("#licence")).select_by_value("CC-BY-3.0-IGO")
        ana.press("main form button")
        page = ana.driver.current_url.removeprefix(staffed.address)
        public = page.replace("/publications/", "/public/")
        visitor.open(public)
        assert "Victims" not in visitor.find("main").text
        bo.open(page)
        bo.picture("review")
        bo.press("form[action$=review] button")
        ana.open(page)
        ana.press("form[action$=schedule] button")
        visitor.open("/public")
        visitor.press("main h2 a")
        text = visitor.find("main").text
        assert "Victims by gender, 2021" in text
        assert "±" in text
        visitor.wait_for("figure[data-drawn=bars]")
        assert "Creative Commons Attribution 3.0 IGO" in text
        visitor.press("form[action$=verify] button")
        said = visitor.find("[role=status]").text
        assert "Every claim of the receipt holds." in said
        assert "The figures shown are those of the receipt." in said
        visitor.picture("verified")
        assert visitor.driver.get_cookies() == []
        for browser in (ana, bo, visitor):
            assert [one for one in browser.complaints() if "404" not in one] == []


@pytest.fixture(scope="module")
def shown(staffed: Staffed) -> dict[str, str]:
    """Every page that there is, by name."""
    texts = [
        {
            "language": language,
            "title": f"Victims by gender ({language})",
            "summary": "Who was found.\nAnd how.",
            "method": "Counted.\nWith noise.",
        }
        for language in LANGUAGES
    ]
    more = {
        "releases": [staffed.release],
        "texts": texts,
        "people": ["Popescu, Ana"],
        "contact": "statistics@example.org",
        "doi": "10.5072/corridor-1",
    }
    with app.opened(staffed.region.world) as parts:
        desk = parts.publications
        made = [desk.write(make_draft(**more), ANA).id for _ in range(4)]
        draft, reviewed, published, withdrawn = made
        for one in (reviewed, published, withdrawn):
            desk.review(one, 1, BO)
        for one in (published, withdrawn):
            desk.schedule(one, 2, ANA)
        desk.withdraw(withdrawn, 3, "The year was wrong.", BO)
        changed = put_series(parts.boards.store, 400)
        board = parts.boards.make("Changes", (Tile("series", changed, how="picture"),), "Bo").id
    return {
        "home": "/",
        "changed": f"/boards/{board}",
        "publications": "/publications",
        "new": "/publications/new",
        "draft": f"/publications/{draft}",
        "edit": f"/publications/{draft}/edit",
        "reviewed": f"/publications/{reviewed}",
        "published": f"/publications/{published}",
        "boards": "/boards",
        "new-board": f"/boards/new?release={staffed.release}",
        "together": "/boards/together",
        "public": "/public",
        "public-one": f"/public/{published}",
        "public-withdrawn": f"/public/{withdrawn}",
        "public-verify": "/public/verify",
        "public-nothing": "/public/nothing",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_for_everybody(
    staffed: Staffed, shown: dict[str, str], language: str
) -> None:
    with chromium(staffed.address) as browser:
        browser.come_back("Bo", staffed.codes["Bo"].pop())
        browser.speak(language)
        pages = dict(shown)
        browser.open(pages["new-board"])
        browser.fill("name", "Morning")
        browser.press("#builder > .buttons button")
        pages["board"] = browser.driver.current_url.removeprefix(staffed.address)
        for name, path in pages.items():
            is_public = path.startswith("/public")
            browser.open(f"{path}?lang={language}" if is_public else path)
            assert browser.find("html").get_attribute("lang") == language, path
            look(browser, f"{language}-{name}", both=language in {"en", "ar"})
        together(browser)
        look(browser, f"{language}-forecast", both=False)
        browser.open(f"{pages['public-one']}?lang={language}")
        browser.press("form[action$=verify] button")
        look(browser, f"{language}-verified", both=False)


def look(browser: Chromium, name: str, *, both: bool) -> None:
    """What axe-core finds, on a wide screen and a narrow one; pictures are drawn before."""
    if 'data-picture="' in browser.driver.page_source:
        browser.driver.execute_script("document.querySelector('figure').scrollIntoView()")
        browser.wait_for("figure[data-drawn]:not([data-drawn=failed])")
    browser.picture(name)
    assert browser.violations() == [], name
    if both:
        browser.prefer("dark")
        assert browser.violations() == [], (name, "dark")
        browser.prefer("light")
    browser.resize(NARROW)
    browser.picture(f"{name}-narrow")
    assert not browser.is_wider_than_its_window(), name
    browser.resize(1200)


def together(browser: Chromium) -> None:
    """Forecast two questions as one."""
    browser.open("/boards/together")
    browser.fill(
        "text",
        "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender\n\n"
        "SELECT gender, minor, COUNT(DISTINCT person) FROM persons GROUP BY gender, minor",
    )
    browser.fill("accuracy", "±40")
    browser.press("main form button")
    assert browser.driver.find_elements(By.CSS_SELECTOR, "table tbody tr")
