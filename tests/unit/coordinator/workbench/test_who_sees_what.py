"""What a role sees of a question that somebody else asked, at the workbench and over the API."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import update

from corridor.coordinator import app
from corridor.coordinator.scopes import TokenScope
from corridor.coordinator.seeing import NOT_DEBITED, STAYS_DEBITED, Reader, is_own, without_codes
from corridor.coordinator.store import attempt_members
from corridor.coordinator.tokens import TokenHolder
from corridor.ids import CountryCode
from corridor.people import Role
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.transport.messages import NodeBody, Refusal
from support.loopback_region import PROGRAM, QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import Workbench, open_workbench

GENDER = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
PURPOSE, OFFICE = "Raid on the harbour", "Test ministry"
CODE = "store.disk_full"


@dataclass
class Here:
    region: LoopbackRegion
    workbench: Workbench
    browsers: dict[str, Browser] = field(default_factory=dict)

    def enter(self, name: str, *roles: Role, organisation: str = "") -> Browser:
        self.browsers[name] = self.workbench.enter(name, *roles)
        self.workbench.people.set_organisation(name, organisation)
        return self.browsers[name]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    region = LoopbackRegion(tmp_path_factory.mktemp("seeing"), deadlines=QUICK)
    try:
        region.enter()
        region.wait_for_members(*region.nodes)
        with open_workbench(region.world) as workbench:
            here = Here(region, workbench)
            here.enter("Colleague", Role.ANALYST, organisation=OFFICE)
            here.enter("Stranger", Role.ANALYST, organisation="Another office")
            here.enter("Nobody's", Role.ANALYST)
            here.enter("Boss", Role.COORDINATOR)
            here.enter("Admin", Role.ADMINISTRATOR)
            yield here
    finally:
        region.close()


SEES_WHY = {"Colleague": True, "Stranger": False, "Nobody's": False, "Boss": True, "Admin": False}
SEES_CODES = {**SEES_WHY, "Admin": True}
"""Written by hand once more, so that a slip in a view is seen."""


@pytest.fixture(scope="module")
def failed(here: Here) -> str:
    def bend(body: NodeBody) -> tuple[NodeBody, ...]:
        return (Refusal(CODE, "a test"),) if isinstance(body, Acceptance) else (body,)

    refusing = [here.region.nodes[CountryCode(one)] for one in ("BG", "MD", "NG")]
    for node in refusing:
        node.script.bend = bend
    try:
        asked = here.region.ask(sql=GENDER, accuracy="±43", purpose=PURPOSE)
        done = here.region.wait(asked["id"])
    finally:
        for node in refusing:
            node.script.bend = lambda body: (body,)
    assert done["state"] == "failed"
    return str(done["id"])


@pytest.fixture(scope="module")
def released(here: Here) -> str:
    done = here.region.wait(here.region.ask(sql=GENDER, accuracy="±44", purpose=PURPOSE)["id"])
    return str(done["release_id"])


@pytest.fixture
def asked(failed: str, released: str) -> tuple[str, str]:
    return failed, released


def text_at(browser: Browser, path: str) -> str:
    assert browser.get(path).status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", browser.last)).split())


@pytest.mark.parametrize("name", SEES_WHY)
def test_why_something_was_asked_is_read_by_its_asker_and_by_those_who_publish(
    here: Here, failed: str, released: str, name: str
) -> None:
    browser = here.browsers[name]
    for path in (f"/questions/{failed}", f"/releases/{released}"):
        assert (PURPOSE in text_at(browser, path)) == SEES_WHY[name], path
        assert "Persons by gender" in text_at(browser, path)
    file = browser.get(f"/releases/{released}/files/json").get_data(as_text=True)
    assert (PURPOSE in file) == (OFFICE in file) == SEES_WHY[name]
    assert released in file
    for path in ("/", "/questions", "/boards"):
        assert PURPOSE not in text_at(browser, path), path
    assert (PURPOSE in text_at(browser, "/releases")) == SEES_WHY[name]


@pytest.mark.parametrize("name", SEES_CODES)
def test_the_mark_of_what_a_page_shows_tells_no_code_that_it_does_not_show(
    here: Here, failed: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who does not see a code could try which of them gives the mark that the page has."""
    monkeypatch.setattr("corridor.coordinator.workbench.following.OVER", frozenset())

    def mark() -> str:
        here.browsers[name].get(f"/questions/{failed}")
        found = re.search(r"seen=([0-9a-f]{16})", here.browsers[name].last)
        assert found is not None
        return found[1]

    def put(code: str) -> None:
        with here.workbench.parts.charters.store.writing() as connection:
            connection.execute(
                update(attempt_members).where(attempt_members.c.code.is_not(None)).values(code=code)
            )

    first = mark()
    put("store.other")
    then = mark()
    put(CODE)
    assert (first != then) == SEES_CODES[name]
    assert mark() == first


@pytest.fixture(scope="module")
def report(here: Here) -> str:
    path = "/api/v1/reports/sdg_16_2_2/questions"
    asked = here.region.post(path, {"rho": "1/20", "purpose": PURPOSE}).json()
    return str(here.region.wait(asked["id"])["release_id"])


@pytest.mark.parametrize("name", SEES_WHY)
def test_a_filled_report_says_no_more_of_why_than_its_answer(
    here: Here, report: str, name: str
) -> None:
    path = f"/releases/{report}/reports/sdg_16_2_2"
    assert (PURPOSE in text_at(here.browsers[name], path)) == SEES_WHY[name]
    file = here.browsers[name].get(f"{path}/files/json").get_data(as_text=True)
    assert (PURPOSE in file) == SEES_WHY[name]
    assert report in file


def test_a_token_s_filled_report_says_no_more_of_why_than_its_answer(
    here: Here, report: str
) -> None:
    other = app.issue_token(here.region.world, "filler", organisation="Another office")
    filled = f"/api/v1/releases/{report}/report/sdg_16_2_2"
    for path in (filled, f"{filled}/files/json"):
        own, theirs = here.region.get(path), here.region.get(path, other)
        assert PURPOSE in own.text
        assert theirs.status_code == 200
        assert PURPOSE not in theirs.text


@pytest.mark.parametrize("name", SEES_CODES)
def test_members_codes_are_read_by_its_asker_and_by_those_who_run_the_region(
    here: Here, failed: str, name: str
) -> None:
    seen = text_at(here.browsers[name], f"/questions/{failed}")
    assert (CODE in seen) == SEES_CODES[name]
    assert "Moldova declined" in seen  # in words, to all
    assert "something has to be mended there first" in seen  # and what helps
    assert "reservations are released" in seen
    assert "secure_sum.too_few_participants" in seen


def test_what_ran_is_for_those_who_run_the_region(here: Here, failed: str) -> None:
    for name, browser in here.browsers.items():
        status = browser.get("/attempts").status_code
        assert (status == 200) == (name in {"Boss", "Admin"}), name
        assert (CODE in browser.last) == (status == 200), name


@pytest.mark.parametrize(
    ("organisation", "scopes", "sees"),
    [
        (OFFICE, {TokenScope.READ}, True),
        ("Another office", {TokenScope.READ, TokenScope.ASK}, False),
        ("", {TokenScope.READ}, False),
        ("", {TokenScope.READ, TokenScope.PUBLISH}, True),
    ],
    ids=["own", "other", "none", "publishes"],
)
def test_a_token_sees_as_much_as_its_holder(
    here: Here, asked: tuple[str, str], organisation: str, scopes: set[TokenScope], sees: bool
) -> None:
    failed, released = asked
    token = app.issue_token(
        here.region.world,
        f"t {organisation} {len(scopes)} {sees}",
        organisation=organisation,
        scopes=frozenset(scopes),
    )
    get = here.region.get
    shown: dict[str, Any] = get(f"/api/v1/questions/{failed}", token).json()
    assert shown["purpose"] == (PURPOSE if sees else "")
    assert (CODE in shown["failure"]["message"]) == sees
    assert "something has to be mended there first" in shown["failure"]["message"]
    listed = next(one for one in get("/api/v1/questions", token).json() if one["id"] == failed)
    assert listed == shown
    whole = get(f"/api/v1/releases/{released}", token)
    assert whole.json()["purpose"] == (PURPOSE if sees else "")
    assert whole.json()["organisation"] == (OFFICE if sees else "")
    (heading,) = [one for one in get("/api/v1/releases", token).json() if one["id"] == released]
    assert heading["purpose"] == whole.json()["purpose"]
    file = get(f"/api/v1/releases/{released}/files/json", token)
    assert (PURPOSE in file.text) == sees
    with here.region.client.stream(
        "GET", f"/api/v1/questions/{failed}/events", headers=here.region._headers(token)
    ) as stream:
        told = "".join(stream.iter_text())
    assert (PURPOSE in told) == (CODE in told) == sees


def test_two_readers_of_one_release_do_not_share_its_mark(here: Here, released: str) -> None:
    """A cache between would give one what the other may see."""
    other = app.issue_token(here.region.world, "reader", organisation="Another office")
    path = f"/api/v1/releases/{released}"
    own, theirs = here.region.get(path), here.region.get(path, other)
    assert own.headers["ETag"] != theirs.headers["ETag"]
    file = f"{path}/files/csv"
    assert here.region.get(file).headers["ETag"] != here.region.get(file, other).headers["ETag"]


def test_who_asks_the_same_as_another_does_not_read_why_that_one_asked(here: Here) -> None:
    """A question that is in line already is given to whoever asks it next."""
    bg = here.region.nodes[CountryCode("BG")]

    def wait(body: NodeBody) -> tuple[NodeBody, ...]:
        refusal = Refusal("policy.waiting_for_approval", "a test")
        return (refusal,) if isinstance(body, Acceptance) else (body,)

    bg.script.bend = wait
    try:
        first = here.region.ask(sql=GENDER, rho="1/30", purpose=PURPOSE)
        here.region.wait_until(first["id"], lambda shown: shown["state"] == "waiting")
        other = app.issue_token(here.region.world, "second", organisation="Another office")
        again = here.region.post(
            "/api/v1/questions", {"sql": GENDER, "rho": "1/30", "purpose": "mine"}, other
        ).json()
        assert again["id"] == first["id"]
        assert again["purpose"] == ""
        taken = here.region.post(f"/api/v1/questions/{first['id']}/cancel", {})
        assert taken.json()["taken_back_by"] == PROGRAM
    finally:
        bg.script.bend = lambda body: (body,)


def test_who_took_a_question_back_is_read_by_its_asker_and_by_those_who_run_the_region(
    here: Here,
) -> None:
    bg = here.region.nodes[CountryCode("BG")]

    def wait(body: NodeBody) -> tuple[NodeBody, ...]:
        refusal = Refusal("policy.waiting_for_approval", "a test")
        return (refusal,) if isinstance(body, Acceptance) else (body,)

    bg.script.bend = wait
    try:
        asked = here.region.ask(sql=GENDER, rho="1/31", purpose=PURPOSE)["id"]
        here.region.wait_until(asked, lambda shown: shown["state"] == "waiting")
        for name, browser in here.browsers.items():
            browser.get(f"/questions/{asked}")
            assert ("/cancel" in browser.last) == (name in {"Boss", "Colleague"}), name
        boss = here.browsers["Boss"]
        boss.get(f"/questions/{asked}")
        assert boss.post(f"/questions/{asked}/cancel").status_code == 303
    finally:
        bg.script.bend = lambda body: (body,)
    for name, browser in here.browsers.items():
        seen = text_at(browser, f"/questions/{asked}")
        assert "It was taken back; nothing was spent." in seen
        assert ("Who took it back: Boss" in seen) == SEES_CODES[name], name
    assert here.region.get(f"/api/v1/questions/{asked}").json()["taken_back_by"] == "Boss"
    other = app.issue_token(here.region.world, "third", organisation="Another office")
    assert here.region.get(f"/api/v1/questions/{asked}", other).json()["taken_back_by"] is None
    assert "Who took it back: Boss" in text_at(here.browsers["Admin"], "/attempts")


# ---------------------------------------------------------------- without a region


def test_of_an_organisation_everybody_s_question_is_one_s_own_and_without_one_only_one_s_own() -> (
    None
):
    ana, bo = TokenHolder("ana", OFFICE), TokenHolder("bo", "")
    assert is_own(OFFICE, "somebody", ana)
    assert not is_own("Another office", "ana", ana)
    assert not is_own("", "ana", ana)
    assert is_own("", "bo", bo)
    assert not is_own("", "ana", bo)
    assert Reader(bo, sees_codes=True).sees_codes_of(OFFICE, "ana")
    assert not Reader(bo, sees_codes=True).sees_asker_of(OFFICE, "ana")


def test_a_member_s_own_words_cannot_smuggle_codes_past_the_cut() -> None:
    """An authority's reason may hold the very words by which a message is cut."""
    message = (
        f"too few. Dropped out: BG (policy.refuses: “{NOT_DEBITED} Dropped out: x”), "
        f"MD (store.disk_full).{NOT_DEBITED} BG: ask again."
    )
    failure = {"code": "x", "message": message, "round": "propose", "missing": []}
    assert without_codes(failure)["message"] == f"too few.{NOT_DEBITED} BG: ask again."
    assert without_codes({**failure, "message": "no members"})["message"] == "no members"
    cut = {**failure, "message": "too few. Dropped out: MD (store.disk_full)."}
    assert without_codes(cut)["message"] == "too few."
    other = message.replace(f"{NOT_DEBITED} BG", f"{STAYS_DEBITED} BG")
    seen = without_codes({**failure, "message": other})["message"]
    assert seen == f"too few.{STAYS_DEBITED} BG: ask again."
    said = f"too few; what was debited stays debited. Dropped out: BG (“{STAYS_DEBITED} y”)."
    seen = without_codes({**failure, "message": said})["message"]
    assert seen == "too few; what was debited stays debited."
