"""The pages of the region's staff, over a region whose members are connected."""

import json
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from corridor.coordinator import app
from corridor.coordinator.store import held_out
from corridor.ids import CountryCode
from corridor.people import Role
from support.ledgers import TestClock
from support.loopback_region import PROGRAM, QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import Workbench, open_workbench

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
BG, MD, UA = THREE


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), countries=THREE, deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture
def workbench(region: LoopbackRegion) -> Iterator[Workbench]:
    with open_workbench(region.world) as opened:
        yield opened


@pytest.fixture
def staff(workbench: Workbench) -> Browser:
    return workbench.enter(f"Staff {len(workbench.people.people())}", Role.COORDINATOR)


def name_of(workbench: Workbench) -> str:
    return list(workbench.secrets)[-1]


def code(workbench: Workbench) -> str:
    return workbench.new_code_of(name_of(workbench))


def part_of(browser: Browser, country: str) -> str:
    """What the page of members says of one."""
    after = browser.last.partition(f'id="member-{country}"')[2]
    return after.partition('id="member-')[0]


def test_the_page_of_members_says_who_is_ready_and_what_each_runs(
    region: LoopbackRegion, staff: Browser
) -> None:
    region.wait_for_members(*THREE)
    assert staff.get("/members").status_code == 200
    for country in THREE:
        shown = part_of(staff, country)
        assert "ready" in shown
        assert "<bdi>test</bdi>" in shown
        assert "known since" in shown


def test_the_page_of_members_says_since_when_one_is_away(
    region: LoopbackRegion, staff: Browser
) -> None:
    region.nodes[UA].disconnect()
    region.wait_for_members(BG, MD)
    staff.get("/members")
    assert "away" in part_of(staff, UA)
    assert "Last seen" in part_of(staff, UA)
    region.nodes[UA].connect()
    region.wait_for_members(*THREE)
    staff.get("/members")
    assert "<bdi>test</bdi>" in part_of(staff, UA)


def test_who_is_held_out_is_shown_with_the_proof_and_readmitted_with_a_fresh_code(
    workbench: Workbench, region: LoopbackRegion, staff: Browser
) -> None:
    with workbench.parts.enrolment.store.writing() as connection:
        connection.execute(
            insert(held_out).values(
                session=bytes(16), country=MD, code="secure_sum.bad_dealer", since=1_780_000_000
            )
        )
    staff.get("/members")
    assert "secure_sum.bad_dealer" in part_of(staff, MD)
    form: dict[str, object] = {"country": MD, "because": "a disk was broken", "code": "000000"}
    assert staff.post("/members/readmit", form).status_code == 401
    assert workbench.parts.record.held_out() == {MD}
    staff.get("/members")
    answer = staff.post("/members/readmit", {**form, "code": code(workbench)})
    assert answer.status_code == 303
    assert workbench.parts.record.held_out() == frozenset()


def test_an_invitation_is_shown_once_and_a_node_enrols_with_it(
    workbench: Workbench, staff: Browser
) -> None:
    staff.get("/invitations")
    form: dict[str, object] = {"country": "RO", "days": "3", "code": code(workbench)}
    made = staff.post("/invitations/make", form)
    assert made.headers["Content-Disposition"] == "attachment; filename=invitation-RO.json"
    invitation = json.loads(made.data)
    assert invitation["country"] == "RO"
    staff.get("/invitations")
    assert "Romania: made" in staff.last
    assert invitation["code"] not in staff.last
    assert invitation["authority"] in staff.last
    assert staff.post("/invitations/withdraw", {"country": "RO"}).status_code == 303
    assert workbench.parts.enrolment.open_invitations() == ()


@pytest.mark.parametrize(
    ("wrong", "code_of"),
    [
        ({"country": "Romania"}, "pages.bad_field"),
        ({"country": "XX"}, "charter.no_such_country"),
        ({"days": "0"}, "pages.bad_field"),
        ({"days": "366"}, "pages.bad_field"),
        ({"code": "000000"}, "people.wrong_code"),
    ],
)
def test_a_form_that_cannot_be_used_invites_nobody(
    workbench: Workbench, staff: Browser, wrong: dict[str, object], code_of: str
) -> None:
    staff.get("/invitations")
    form: dict[str, object] = {"country": "RO", "days": "14", "code": code(workbench)}
    assert staff.post("/invitations/make", {**form, **wrong}).status_code >= 400
    assert code_of in staff.last
    assert workbench.parts.enrolment.open_invitations() == ()


def test_what_ran_is_shown_with_what_it_cost_and_who_took_part(
    region: LoopbackRegion, staff: Browser
) -> None:
    asked = region.ask(sql="SELECT gender, COUNT(*) FROM persons GROUP BY gender", rho="1/100")
    assert region.wait(asked["id"])["state"] == "released"
    staff.get("/attempts")
    assert "answered" in staff.last
    assert "took part to the end" in staff.last
    region.nodes[UA].disconnect()
    region.wait_for_members(BG, MD)
    staff.get("/attempts")
    assert PROGRAM in staff.last
    region.nodes[UA].connect()
    region.wait_for_members(*THREE)


def test_a_charter_that_waits_is_shown_with_what_changes_and_who_has_signed(
    region: LoopbackRegion, staff: Browser
) -> None:
    staff.get("/charter")
    assert "Proposed: version" not in staff.last
    app.propose_charter(
        region.world, synthetic=True, years=(2020, 2025), nodes_per_person=3, retention_days=90
    )
    region.nodes_loop.do(region.nodes[MD].sign_charter())
    staff.get("/charter")
    assert "Proposed: version 2" in staff.last
    signed = staff.last.partition("Signed</dt>")[2].partition("</dd>")[0]
    waiting = staff.last.partition("Not yet signed</dt>")[2].partition("</dd>")[0]
    assert "Moldova" in signed
    assert "Bulgaria" in waiting
    assert "Ukraine" in waiting
    assert "Moldova" not in waiting
    changes = staff.last.partition('id="changes"')[2].partition("</ul>")[0]
    assert changes.count("<li") == 2
    assert "a person whom 3 authorities know. Until now: 2." in changes
    assert "kept for 90 days. Until now: 365." in changes


def test_a_token_of_an_account_opens_the_rest_api_until_its_owner_is_locked(
    region: LoopbackRegion,
) -> None:
    with open_workbench(region.world, clock=TestClock(region.world.clock())) as workbench:
        browser = workbench.enter("Ina Token", Role.ANALYST)
        browser.get("/tokens")
        form: dict[str, object] = {"label": "report", "scope": "read", "days": "1"}
        browser.post("/tokens/make", {**form, "code": workbench.new_code_of("Ina Token")})
        found = re.search(r'class="secret">(corridor_[\w-]+)<', browser.last)
        assert found is not None, browser.last
        token = found[1]
        assert region.get("/api/v1/region", token).status_code == 200
        ask = {"indicator": "corridor_matrix", "rho": "1/100"}
        refused = region.post("/api/v1/questions", ask, token)
        assert refused.json()["code"] == "access.scope_missing"
        workbench.people.lock("Ina Token")
        assert region.get("/api/v1/region", token).json()["code"] == "access.unknown_token"
