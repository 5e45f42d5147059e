"""Four eyes at the workbench, where some have an account of the site and some of a provider."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.coordinator import app
from corridor.people import Arrival, Role, Session
from support.pages import Browser
from support.publications import RELEASE, make_draft, put_release
from support.workbench import Workbench, open_workbench

COORDINATOR = frozenset({Role.COORDINATOR})


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Danube region", plain_http=True)
    with open_workbench(world) as opened:
        put_release(opened.parts.publications.store)
        yield opened


def arrive(workbench: Workbench, name: str) -> Browser:
    """Somebody comes from the provider, with the role coordinator."""
    session: Session = workbench.people.arrive(
        Arrival(
            issuer="https://login.example",
            subject=name,
            name=name,
            roles=COORDINATOR,
            organisation="IOM",
            has_second_factor=True,
        )
    )
    browser = workbench.browser()
    browser.client.set_cookie("corridor-workbench", session.token)
    return browser


def review(browser: Browser, address: str) -> int:
    browser.get(address)
    found = re.search(r'name="revision" value="(\d+)"', browser.last)
    revision = "1" if found is None else found[1]
    return browser.post(f"{address}/review", {"revision": revision}).status_code


def draft(browser: Browser) -> str:
    browser.get("/publications/new")
    text = make_draft().main
    form: dict[str, object] = {
        "release": RELEASE,
        "language": "en",
        "title_en": text.title,
        "summary_en": text.summary,
        "organisations": "Danube region",
        "publisher": "Danube region",
        "licence": "CC-BY-4.0",
    }
    answer = browser.post("/publications/new", form)
    assert answer.status_code == 303, browser.last
    return str(answer.location)


def tell(workbench: Workbench, browser: Browser, here: str, there: str, **more: str) -> int:
    browser.get("/people")
    form = {"here": here, "there": there, "is_so": "yes", "code": workbench.new_code_of("Ina")}
    return browser.post("/people/two", {**form, **more}).status_code


def test_one_person_with_both_accounts_publishes_nothing_alone(workbench: Workbench) -> None:
    ana, ina = workbench.enter("Ana", Role.COORDINATOR), workbench.enter("Ina", Role.ADMINISTRATOR)
    address, there = draft(ana), arrive(workbench, "ana@iom.example")
    assert review(there, address) == 403
    assert "publication.perhaps_one_person" in there.last
    assert tell(workbench, ina, "Ana", "ana@iom.example") == 303
    assert review(there, address) == 303


def test_what_was_said_is_shown_and_taken_back(workbench: Workbench) -> None:
    ana, ina = workbench.enter("Ana", Role.COORDINATOR), workbench.enter("Ina", Role.ADMINISTRATOR)
    address, there = draft(ana), arrive(workbench, "bo@iom.example")
    assert tell(workbench, ina, "Ana", "bo@iom.example") == 303
    ina.get("/people")
    assert "They may be one person" in ina.last
    ina.get("/changes")
    assert "another person than whoever has this account of the provider" in ina.last
    assert tell(workbench, ina, "Ana", "bo@iom.example", is_so="no", code="") == 303
    assert review(there, address) == 403


def test_a_browser_that_was_left_open_says_of_nobody_that_they_are_two(
    workbench: Workbench,
) -> None:
    workbench.enter("Ana", Role.COORDINATOR)
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    arrive(workbench, "bo@iom.example")
    assert tell(workbench, ina, "Ana", "bo@iom.example", code="000000") == 401
    assert workbench.people.told_apart() == ()


def test_where_there_is_no_provider_nobody_is_asked_about_it(workbench: Workbench) -> None:
    ina = workbench.enter("Ina", Role.ADMINISTRATOR)
    ina.get("/people")
    assert "Two people" not in ina.last
    assert tell(workbench, ina, "Ina", "Ina") == 422
