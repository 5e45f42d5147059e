"""Who may see and do what at the workbench: every page, every role, and forms from elsewhere."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from corridor.coordinator import app
from corridor.pages.access import access_of
from corridor.people import REGION, Role, Stage
from support.pages import Browser, rules
from support.workbench import Workbench, open_workbench

ANALYST, COORDINATOR, ADMINISTRATOR = REGION.roles
NOBODY = frozenset[Role]()
ALL = frozenset(REGION.roles)
STAFF = frozenset({COORDINATOR, ADMINISTRATOR})
ASKERS = frozenset({ANALYST, COORDINATOR})
COORDINATORS = frozenset({COORDINATOR})
ADMINISTRATORS = frozenset({ADMINISTRATOR})

MATRIX: dict[str, frozenset[Role]] = {
    "overview.home": ALL,
    "boards.listing": ALL,
    "boards.one": ALL,
    "boards.new": ASKERS,
    "boards.make": ASKERS,
    "boards.saving": ASKERS,
    "boards.plan": ASKERS,
    "boards.forecast": ASKERS,
    "boards.ask": ASKERS,
    "boards.edit": ASKERS,
    "boards.change": ASKERS,
    "boards.remove": ASKERS,
    "publications.listing": COORDINATORS,
    "publications.new": COORDINATORS,
    "publications.write": COORDINATORS,
    "publications.one": COORDINATORS,
    "publications.edit": COORDINATORS,
    "publications.rewrite": COORDINATORS,
    "publications.correct": COORDINATORS,
    "publications.take": COORDINATORS,
    "account.mine": ALL,
    "account.password": ALL,
    "account.second_factor": ALL,
    "account.take_second_factor": ALL,
    "account.recovery_codes": ALL,
    "account.elsewhere": ALL,
    "entrance.sign_out": ALL,
    "entrance.code": NOBODY,
    "entrance.giving_code": NOBODY,
    "asking.compose": ASKERS,
    "asking.again": ASKERS,
    "asking.form": ASKERS,
    "asking.forecast": ASKERS,
    "asking.review": ASKERS,
    "asking.confirm": ASKERS,
    "asking.words": ASKERS,
    "reports.listing": ALL,
    "reports.one": ALL,
    "reports.again": ASKERS,
    "reports.forecast": ASKERS,
    "reports.review": ASKERS,
    "reports.filled": ALL,
    "reports.picture": ALL,
    "reports.file": ALL,
    "questions.listing": ALL,
    "questions.one": ALL,
    "questions.cancel": ASKERS,
    "releases.listing": ALL,
    "releases.one": ALL,
    "releases.picture": ALL,
    "series.listing": ALL,
    "comparing.page": ALL,
    "releases.file": ALL,
    "releases.receipt": ALL,
    "people.everybody": ADMINISTRATORS,
    "people.add": ADMINISTRATORS,
    "people.reset": ADMINISTRATORS,
    "people.roles": ADMINISTRATORS,
    "people.lock": ADMINISTRATORS,
    "organisations.give": ADMINISTRATORS,
    "two_people.tell": ADMINISTRATORS,
    "changes.listed": ADMINISTRATORS,
    "tokens.own": ALL,
    "tokens.make": ALL,
    "tokens.revoke": ALL,
    "tokens.everybodys": ADMINISTRATORS,
    "administration.members": STAFF,
    "administration.readmit": STAFF,
    "administration.charter": STAFF,
    "administration.attempts": STAFF,
    "proposing.form": STAFF,
    "proposing.review": STAFF,
    "proposing.confirm": STAFF,
    "invitations.listed": STAFF,
    "invitations.make": STAFF,
    "invitations.withdraw": STAFF,
}
"""Whom each page is for: written here once more, by hand, so that a slip in a view is seen."""

OPEN = {
    "static.file",
    "base_map.file",
    "entrance.sign_in",
    "entrance.signing_in",
    "entrance.welcome",
    "entrance.entering",
    "entrance.language",
    "provider.begin",
    "provider.finish",
    "provider.leave",
}
DOES_NOT_LAST = {"account.elsewhere", "entrance.sign_out"}
"""What ends the session with which the others are tried."""


@contextmanager
def made(folder: Path) -> Iterator[Workbench]:
    world = app.real_world(folder / "coordinator")
    app.initialise(world, name="Danube region")
    with open_workbench(world) as opened:
        yield opened


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with made(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browsers(workbench: Workbench) -> dict[Role, Browser]:
    return {
        role: workbench.enter(f"Owner {number}", role) for number, role in enumerate(REGION.roles)
    }


def path_of(rule: Rule) -> str:
    path = rule.rule.replace("<name>", "x.json").replace("<identifier>", "0123456789abcdef")
    path = path.replace("<int:number>", "1").replace("<form>", "csv")
    return re.sub(r"<any\((\w+)[^>]*>", r"\1", path)


def test_every_route_is_in_the_matrix_or_open_on_purpose(workbench: Workbench) -> None:
    assert {rule.endpoint for rule, _ in rules(workbench.app)} == MATRIX.keys() | OPEN


def test_every_route_says_whom_it_is_for(workbench: Workbench) -> None:
    for rule, _ in rules(workbench.app):
        access = access_of(workbench.app.view_functions[rule.endpoint])
        assert bool(access.stages) == (rule.endpoint not in OPEN), rule.endpoint


def test_what_changes_something_is_a_form_and_no_other_method_is_answered(
    workbench: Workbench,
) -> None:
    assert {method for _, method in rules(workbench.app)} == {"GET", "POST"}


def test_a_view_that_does_not_say_whom_it_is_for_is_shown_to_nobody(tmp_path: Path) -> None:
    with made(tmp_path) as workbench:
        workbench.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
        browser = workbench.enter("Ana", ADMINISTRATOR)
        assert browser.get("/forgotten").status_code == 500
        assert "secret" not in browser.last


@pytest.mark.parametrize("role", REGION.roles)
def test_a_role_reaches_what_is_its_own_and_nothing_else(
    workbench: Workbench, browsers: dict[Role, Browser], role: Role
) -> None:
    browser = browsers[role]
    for rule, method in rules(workbench.app):
        if rule.endpoint in OPEN | DOES_NOT_LAST:
            continue
        browser.get("/account")
        ask = browser.get if method == "GET" else browser.post
        status = ask(path_of(rule)).status_code
        where = f"{role} {method} {rule.rule}: {status}"
        if role in MATRIX[rule.endpoint]:
            assert "people.role_missing" not in browser.last, where
            assert "console.forged_form" not in browser.last, where
            assert "people.not_signed_in" not in browser.last, where
        elif rule.endpoint in {"entrance.code", "entrance.giving_code"}:
            assert status in {303, 401}, where
        else:
            assert (status, "people.role_missing" in browser.last) == (403, True), where


def test_whoever_is_not_signed_in_reaches_nothing_but_the_entrance(workbench: Workbench) -> None:
    for rule, method in rules(workbench.app):
        if rule.endpoint in OPEN:
            continue
        browser = workbench.browser()
        browser.get("/sign-in")
        answer = browser.get(path_of(rule)) if method == "GET" else browser.post(path_of(rule))
        if method == "GET":
            assert (answer.status_code, answer.location) == (303, "/sign-in"), rule.rule
        else:
            assert answer.status_code == 401, rule.rule


def test_whoever_gave_a_password_alone_reaches_the_second_step_alone(workbench: Workbench) -> None:
    workbench.enter("Halfway", ADMINISTRATOR)
    browser = workbench.browser()
    browser.sign_in("Halfway")
    for rule, method in rules(workbench.app):
        access = access_of(workbench.app.view_functions[rule.endpoint])
        if rule.endpoint in OPEN or Stage.CODE in access.stages:
            continue
        browser.get("/sign-in/code")
        answer = browser.get(path_of(rule)) if method == "GET" else browser.post(path_of(rule))
        assert answer.status_code in {303, 401}, rule.rule


def test_every_form_needs_the_token_of_its_session(
    workbench: Workbench, browsers: dict[Role, Browser]
) -> None:
    for rule, method in rules(workbench.app):
        if method == "POST":
            browser = browsers[min(MATRIX.get(rule.endpoint, ALL) or ALL)]
            answer = browser.post(path_of(rule), {"form_token": "0" * 64})
            assert (answer.status_code, "console.forged_form" in browser.last) in {
                (403, True),
                (401, False),  # for whoever is at an earlier step
            }, rule.rule


def test_a_form_from_another_site_is_refused_before_it_is_read(
    workbench: Workbench, browsers: dict[Role, Browser]
) -> None:
    browser = browsers[ADMINISTRATOR]
    for rule, method in rules(workbench.app):
        if method == "POST":
            browser.get("/account")
            for forged in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = browser.post(path_of(rule), headers=forged)
                assert answer.status_code == 403, rule.rule
                assert "console.forged_form" in browser.last, rule.rule


def test_the_words_of_signing_in_elsewhere_are_kept_by_no_cache_and_framed_by_nobody(
    workbench: Workbench,
) -> None:
    answer = workbench.browser().get("/sign-in/provider/answer?code=x&state=y")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
