"""Questions that wait for people, in real processes: nobody restarts anything but the killer."""

import os
import signal
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from corridor.cli.demo.region import DemoRegion, running_region
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.errors import CorridorError
from corridor.errors.client import CoordinatorSilentError
from corridor.ids import CountryCode
from support.demo_region import command, spent

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

BG, MD, RO, UA = map(CountryCode, ("BG", "MD", "RO", "UA"))
CAREFUL = BG
OTHERS = ["MD", "RO", "UA"]
SQL = "SELECT exploitation, COUNT(DISTINCT person) FROM persons GROUP BY exploitation"
ASKS = """
[approvals]
two_above = "1/1000"
[[rule]]
verdict = "ask"
when.scope = ["regional"]
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, (BG, MD, RO, UA), 60, 3, lambda _: None) as running:
        # While it serves: the policy is read again by itself.
        (running.home(CAREFUL) / "policy.toml").write_text(ASKS)
        yield running


@pytest.fixture
def analyst(region: DemoRegion) -> Iterator[Connection]:
    region.start_ended_nodes()
    with connect(region.credentials) as connection:
        yield connection


def ask(analyst: Connection, rho: str, **more: Any) -> str:
    request = {"sql": SQL, "rho": rho, "scope": "regional", "purpose": "a test", **more}
    return str(analyst.ask(request)["id"])


def wait_until(analyst: Connection, question: str, *states: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for _ in range(900):
        try:
            shown = analyst.question(question)
        except CoordinatorSilentError:
            shown = {"state": "silent"}
        if shown["state"] in states:
            return shown
        time.sleep(0.1)
    raise AssertionError(shown)


def survivors(analyst: Connection, question: str) -> list[str]:
    shown = wait_until(analyst, question, "released", "failed")
    assert shown["state"] == "released", shown
    found: list[str] = analyst.release(shown["release_id"])["survivors"]
    return found


def node(region: DemoRegion, *words: str, code: int = 0) -> Any:
    return command("node", *words, "--home", str(region.home(CAREFUL)), code=code)


def waiting(region: DemoRegion) -> dict[str, Any]:
    """The newest question that waits at the careful node."""
    shown: dict[str, Any] = node(region, "approvals")[0]
    assert shown["standing"] == "waiting"
    return shown


def pids(region: DemoRegion) -> dict[str, int]:
    return region.processes.pids()


def test_two_people_approve_and_the_answer_comes_without_any_restart(
    region: DemoRegion, analyst: Connection
) -> None:
    running, before = pids(region), {c: spent(region, c) for c in region.countries}
    question = ask(analyst, "1/200")
    assert wait_until(analyst, question, "waiting")["waiting_for"] == [CAREFUL]
    shown = waiting(region)
    texts = " ".join(one["text"] for one in shown["words"])
    assert "How many persons, by" in texts
    assert "a test" in texts
    assert shown["needs"] == 2
    node(region, "approve", shown["id"][:6], "--as", "anna")
    again = node(region, "approve", shown["id"], "--as", "Anna", code=1)
    assert again["error"]["code"] == "policy.same_person"
    approved = node(region, "approve", shown["id"], "--as", "boris")
    assert (approved["standing"], approved["approvers"]) == ("approved", ["anna", "boris"])
    assert survivors(analyst, question) == [CAREFUL, *OTHERS]
    assert pids(region) == running
    assert {c: spent(region, c) - before[c] for c in region.countries} == dict.fromkeys(
        region.countries, Fraction(1, 200)
    )
    assert node(region, "approvals", shown["id"])["standing"] == "used"
    kinds = [row["kind"] for row in node(region, "journal", "--last", "200")]
    assert kinds.count("approved") == 2
    # What waited and what came of it can be tried under another policy.
    trial = node(region, "policy", "test")
    assert [(q["verdict"], q["then"]) for q in trial["questions"]] == [("ask 2", "accepted")]


def test_a_person_denies_and_the_region_answers_without_that_country(
    region: DemoRegion, analyst: Connection
) -> None:
    before = spent(region, CAREFUL)
    question = ask(analyst, "1/201")
    wait_until(analyst, question, "waiting")
    node(region, "deny", waiting(region)["id"], "--as", "anna")
    assert survivors(analyst, question) == OTHERS
    assert spent(region, CAREFUL) == before


def test_a17_kill_9_between_approval_and_answer_loses_no_approval_and_answers_once(
    region: DemoRegion, analyst: Connection
) -> None:
    before = spent(region, CAREFUL)
    question = ask(analyst, "1/202")
    wait_until(analyst, question, "waiting")
    shown = waiting(region)
    node(region, "approve", shown["id"], "--as", "anna")
    os.kill(pids(region)[f"node-{CAREFUL}"], signal.SIGKILL)
    node(region, "approve", shown["id"], "--as", "boris")  # nobody serves, and it is said
    restart_coordinator(region)
    region.start_ended_nodes()
    assert survivors(analyst, question) == [CAREFUL, *OTHERS]
    assert spent(region, CAREFUL) == before + Fraction(1, 202)
    assert node(region, "approvals", shown["id"])["standing"] == "used"
    # The same question of the same data is answered from that release; at another price it waits.
    assert analyst.ask({"sql": SQL, "rho": "1/202", "purpose": "a test"})["state"] == "released"
    another = ask(analyst, "1/203")
    wait_until(analyst, another, "waiting")
    assert analyst.cancel(another)["failure"]["code"] == "question.cancelled"


def test_a17_kill_9_after_the_reservation_costs_approval_and_rho_and_gives_no_second_answer(
    region: DemoRegion, analyst: Connection
) -> None:
    before = spent(region, CAREFUL)
    question = ask(analyst, "1/204")
    wait_until(analyst, question, "waiting")
    shown = waiting(region)
    region.restart_node(CAREFUL, "kill@before-debit")
    region.wait_until_connected()
    node(region, "approve", shown["id"], "--as", "anna")
    node(region, "approve", shown["id"], "--as", "boris")
    assert survivors(analyst, question) == OTHERS
    region.start_ended_nodes()
    assert node(region, "approvals", shown["id"])["standing"] == "used"
    # What a killed process reserved counts as spent, once the others have confirmed the ledger.
    budget = node(region, "budget")
    assert Fraction(budget["spent"]) + Fraction(budget["reserved"]) == before + Fraction(1, 204)


def test_a_policy_that_cannot_be_read_leaves_the_old_one_in_force_and_is_told(
    region: DemoRegion, analyst: Connection
) -> None:
    policy = region.home(CAREFUL) / "policy.toml"
    policy.write_text(ASKS.replace('verdict = "ask"', 'verdict = "alow"'))
    question = ask(analyst, "1/205")
    wait_until(analyst, question, "waiting")  # as the rules from before say
    told = ""
    for _ in range(200):
        if told := node(region, "status")["policy"]:
            break
        time.sleep(0.1)
    assert "line 5" in told
    policy.write_text(ASKS)
    node(region, "deny", waiting(region)["id"], "--as", "anna")
    assert survivors(analyst, question) == OTHERS


def restart_coordinator(region: DemoRegion) -> None:
    region.processes.stop("coordinator")
    home = str(region.folder / "coordinator")
    region.processes.start("coordinator", "coordinator", "serve", "--home", home)
    for _ in range(300):
        try:
            with connect(region.credentials) as analyst:
                analyst.members()
        except CorridorError:  # it does not answer yet
            time.sleep(0.1)
            continue
        return
    raise AssertionError("the coordinator does not answer")
