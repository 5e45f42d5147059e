"""A browser in which somebody signed in before is told from those of people who guess."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.coordinator import app
from corridor.people import Role
from corridor.people.tries import FREE_TRIES
from support.pages import Browser, PagesSite
from support.workbench import open_workbench

COOKIE = "__Host-corridor-workbench-known"
NAME = "Ana"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PagesSite]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as opened:
        yield opened


def guess(browser: Browser, times: int = FREE_TRIES) -> None:
    for _ in range(times):
        assert browser.sign_in(NAME, "nine magpies borrow silver ladders").status_code == 401


def come_in(site: PagesSite, browser: Browser) -> int:
    code = site.new_code_of(NAME)
    browser.sign_in(NAME)
    browser.get("/sign-in/code")
    return browser.post("/sign-in/code", {"code": code}).status_code


def test_who_guesses_keeps_the_owner_waiting_in_no_browser_that_they_used_before(
    site: PagesSite,
) -> None:
    browser = site.enter(NAME, Role.ANALYST)
    browser.post("/sign-out")
    guess(site.browser())
    stranger = site.browser()
    assert (stranger.sign_in(NAME).status_code, "people.wait" in stranger.last) == (429, True)
    assert come_in(site, browser) == 303
    assert browser.get("/").status_code == 200


def test_what_a_browser_is_known_by_is_for_this_site_alone_and_new_after_each_sign_in(
    site: PagesSite,
) -> None:
    browser = site.enter(NAME, Role.ANALYST)
    seen = set()
    for _ in range(2):
        kept = browser.client.get_cookie(COOKIE)
        assert kept is not None
        assert (kept.secure, kept.http_only, kept.same_site, kept.path) == (
            *(True, True, "Strict", "/"),
        )
        assert kept.max_age == 365 * 24 * 60 * 60
        seen.add(kept.value)
        browser.get("/")
        again = browser.client.get_cookie(COOKIE)
        assert again is not None
        assert again.value == kept.value
        assert come_in(site, browser) == 303
    assert len(seen) == 2


def test_a_password_alone_makes_no_browser_known(site: PagesSite) -> None:
    site.enter(NAME, Role.ANALYST)
    browser = site.browser()
    assert browser.sign_in(NAME).status_code == 303
    assert browser.client.get_cookie(COOKIE) is None
    guess(browser)
    assert browser.sign_in(NAME).status_code == 429
