"""The workbench as a site: who gets in, and that it stands beside the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.coordinator import app
from corridor.coordinator.web.mounting import either
from corridor.people import Role
from support.workbench import Workbench, open_workbench


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as opened:
        yield opened


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page(workbench: Workbench) -> None:
    browser = workbench.browser()
    found = browser.get("/")
    assert (found.status_code, found.location) == (303, "/sign-in")
    browser.get("/sign-in")
    assert "corridor coordinator people add" in browser.last


def test_an_analyst_signs_in_and_sees_the_region(workbench: Workbench) -> None:
    browser = workbench.enter("Ana", Role.ANALYST)
    assert browser.get("/").status_code == 200
    assert "Danube region" in browser.last
    assert "No country is enrolled yet." in browser.last
    assert browser.get("/people").status_code == 403


def test_before_the_first_charter_every_page_says_that_nothing_can_be_asked(
    workbench: Workbench,
) -> None:
    browser = workbench.enter("Ana", Role.ANALYST)
    assert browser.get("/ask").status_code == 503
    assert "have not agreed on a charter yet" in browser.last
    for path, words in (("/questions", "Nothing was asked"), ("/releases", "Nothing was answered")):
        assert browser.get(path).status_code == 200
        assert words in browser.last
    for path in ("/questions/abc", "/releases/abc", "/releases/abc/files/csv"):
        assert browser.get(path).status_code == 404


def test_a_role_of_a_node_is_none_here(workbench: Workbench) -> None:
    browser = workbench.enter("Ana", Role.ADMINISTRATOR)
    browser.get("/people")
    code = workbench.new_code_of("Ana")
    refused = browser.post("/people/add", {"name": "Ion", "role": "officer", "code": code})
    assert refused.status_code == 422
    assert "people.bad_roles" in browser.last


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/api", "api"),
        ("/api/v1/health", "api"),
        ("/apis", "pages"),
        ("/", "pages"),
        ("/sign-in", "pages"),
        ("", "pages"),
    ],
)
def test_programs_and_people_have_one_address(path: str, answers: str) -> None:
    both = either(lambda *_: [b"api"], lambda *_: [b"pages"])
    assert list(both({"PATH_INFO": path}, lambda *_: None)) == [answers.encode()]
