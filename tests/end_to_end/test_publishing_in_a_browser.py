"""From an answer to a page that everybody sees and verifies, in a browser."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from selenium.webdriver.support.select import Select

from corridor.coordinator.app.people import people_desk
from corridor.people import Role
from support.browsing import chromium
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import ANA, BO

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE year = 2021 GROUP BY gender"


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
