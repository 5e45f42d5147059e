"""What a request that another site brought about may do at a site of pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.coordinator import app
from corridor.people import Role
from support.pages import PagesSite
from support.workbench import open_workbench

LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
ONWARD = re.compile(r'http-equiv="refresh" content="0; url=([^"]*)"')


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PagesSite]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as opened:
        yield opened


def followed(site: PagesSite, path: str) -> str:
    """Where the page leads that a link from elsewhere opens first."""
    browser = site.browser()
    answer = browser.get(path, headers=LINK)
    found = ONWARD.search(browser.last)
    assert (answer.status_code, found is None) == (200, False), browser.last
    assert "Set-Cookie" not in answer.headers
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_a_link_from_elsewhere_leads_on_from_a_page_of_ours(site: PagesSite) -> None:
    assert followed(site, "/people?a=1&b=x%20y") == "/people?a=1&b=x%20y"


def test_a_link_from_elsewhere_signs_nobody_out(site: PagesSite) -> None:
    browser = site.enter("Ana", Role.ADMINISTRATOR)
    # The browser keeps a strict cookie at home, so the request comes without one, and takes what
    # is set by the answer.
    answer = site.browser().get("/people", headers=LINK)
    for cookie in answer.headers.getlist("Set-Cookie"):
        name, _, rest = cookie.partition("=")
        browser.client.set_cookie(name, rest.partition(";")[0], secure=True)
    assert browser.get("/people").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, id="as a picture"),
        pytest.param({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, id="by a script"),
        pytest.param({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, id="in a frame"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing-here"])
def test_nothing_that_another_site_brings_about_is_given_a_cookie(
    site: PagesSite, path: str, headers: dict[str, str]
) -> None:
    answer = site.browser().get(path, headers={"Sec-Fetch-Site": "cross-site", **headers})
    assert "Set-Cookie" not in answer.headers


def test_a_form_that_another_site_sends_is_given_no_cookie_either(site: PagesSite) -> None:
    answer = site.browser().post("/sign-in", {"name": "Ana"}, headers=LINK)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        ("//elsewhere.example/x", "/elsewhere.example/x"),
        ("/\\elsewhere.example", "/%5Celsewhere.example"),
        ('/a"><script>x</script>', "/a%22%3E%3Cscript%3Ex%3C/script%3E"),
        ("/a?b=\"'><script>", "/a?b=%22'%3E%3Cscript%3E"),
        ("/a;url=//elsewhere.example", "/a;url=//elsewhere.example"),
        ("/ü?q=ü", "/%C3%BC?q=%C3%BC"),
    ],
)
def test_the_page_leads_to_no_other_site_and_holds_no_script(
    site: PagesSite, path: str, onward: str
) -> None:
    browser = site.browser()
    environment = {"PATH_INFO": path.partition("?")[0].encode().decode("latin-1")}
    _, _, query = path.partition("?")
    browser.get(f"/?{query}", headers=LINK, environ_overrides=environment)
    found = ONWARD.search(browser.last)
    assert found is not None, browser.last
    assert found[1].replace("&#39;", "'") == onward


def test_a_link_within_the_site_and_an_address_that_was_typed_are_served_at_once(
    site: PagesSite,
) -> None:
    for where in ("same-origin", "same-site", "none"):
        answer = site.browser().get("/sign-in", headers={**LINK, "Sec-Fetch-Site": where})
        assert "Set-Cookie" in answer.headers, where
