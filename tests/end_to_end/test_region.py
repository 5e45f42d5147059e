"""A whole region of real processes over real mutual TLS, used by its three kinds of people."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.ids import CountryCode
from corridor.node import app as node_app
from support.demo_region import asked_in, command, counted

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow, pytest.mark.from_nothing]

PEOPLE = 150
FIVE = COUNTRIES[:5]
SEVEN_SIGMA = 7  # 60 cells outside seven standard deviations: chance below 10⁻⁹
CORRIDORS = (
    "SELECT recruited_in, exploited_in, COUNT(DISTINCT person) FROM corridors "
    "WHERE recruited_in IN ('BG', 'MD', 'NG', 'RO', 'UA') "
    "AND exploited_in IN ('BG', 'DE', 'IT', 'MD', 'RO', 'TR', 'UA') "
    "GROUP BY recruited_in, exploited_in"
)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, FIVE, PEOPLE, 7, lambda _: None) as running:
        yield running


@pytest.fixture
def analyst(region: DemoRegion) -> Iterator[Connection]:
    region.wait_until_connected()
    with connect(region.credentials) as connection:
        yield connection


def ask(analyst: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """The question once it is released or failed."""
    question = analyst.ask({"scope": "regional", "purpose": "a test", **request})
    return analyst.wait(question["id"], lambda _: None, time.sleep)


def released(analyst: Connection, request: dict[str, Any]) -> dict[str, Any]:
    question = ask(analyst, request)
    assert question["state"] == "released", question
    return analyst.release(question["release_id"])


def budget(region: DemoRegion, country: CountryCode) -> dict[str, Fraction]:
    view = node_app.budget(node_app.real_world(region.home(country)))
    names = ("spent", "spent_this_year", "reserved", "left_this_year", "left_all_time")
    return {name: Fraction(view.document[name]) for name in names}


def wait_until(holds: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited a minute for {what}")


def test_the_answer_is_the_sum_of_the_nodes_data_and_its_stated_noise(
    region: DemoRegion, analyst: Connection
) -> None:
    release = released(analyst, {"sql": CORRIDORS, "rho": "1/200"})
    assert {one["country"] for one in release["participants"]} == set(FIVE)
    (table,) = release["tables"]
    values = np.array(table["values"])
    truth = counted(region, asked_in(release), FIVE)
    sigma = table["margin"] / 1.96
    assert truth.sum() > PEOPLE  # there is something to see
    assert np.abs(values - truth).max() < SEVEN_SIGMA * sigma
    assert np.abs(values - truth).max() > 0  # and there is noise on it


def test_the_same_question_again_is_answered_free_of_charge(
    region: DemoRegion, analyst: Connection
) -> None:
    first = released(analyst, {"sql": CORRIDORS, "rho": "1/250"})
    spent = budget(region, FIVE[0])["spent"]
    again = released(
        analyst,
        {
            "sql": CORRIDORS.lower().replace("'bg'", "'BG'").upper().replace("PERSONS", "persons"),
            "rho": "1/250",
        },
    )
    assert again["id"] == first["id"]
    assert budget(region, FIVE[0])["spent"] == spent


def test_a_forecast_spends_nothing_and_says_what_the_answer_will_say(
    region: DemoRegion, analyst: Connection
) -> None:
    before = budget(region, FIVE[1])
    request = {"sql": CORRIDORS, "accuracy": "±30", "scope": "regional", "purpose": "a test"}
    forecast = analyst.forecast(request)
    assert budget(region, FIVE[1]) == before
    release = released(analyst, request)
    assert release["guarantee"]["rho"] == forecast["rho"]
    assert release["tables"][0]["margin"] <= forecast["tables"][0]["margin"] <= 30
    after = budget(region, FIVE[1])
    assert after["spent"] - before["spent"] == Fraction(forecast["rho"])


def test_anybody_with_the_charter_can_verify_the_receipt_and_a_member_the_sum(
    region: DemoRegion, analyst: Connection, tmp_path: Path
) -> None:
    release = released(analyst, {"sql": CORRIDORS, "rho": "1/300"})
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(analyst.receipt(release["id"]))
    home = region.home(FIVE[2])
    charter = str(home / "charter.json")
    command("verify", str(receipt), "--charter", charter)

    answer = json.loads(receipt.read_bytes())["receipt"]
    text = receipt.read_text()
    bent = tmp_path / "bent.json"
    numbers = json.dumps(answer["answer"], separators=(",", ":"))
    changed = [answer["answer"][0] + 1, *answer["answer"][1:]]
    bent.write_text(text.replace(numbers, json.dumps(changed, separators=(",", ":"))))
    refusal = command("verify", str(bent), "--charter", charter, code=1)
    assert refusal["error"]["code"].startswith("receipt.")

    sealed = tmp_path / "members.receipt"
    command("node", "receipt", release["id"], "--out", str(sealed), "--home", str(home))
    command("verify", str(sealed), "--home", str(home))


def test_the_members_cosign_the_tree_of_releases_and_it_survives_kill_9_of_everybody(
    region: DemoRegion, analyst: Connection, tmp_path: Path
) -> None:
    """A reader who kept a checkpoint holds the region to it, whatever was killed meanwhile."""
    first = released(analyst, {"sql": CORRIDORS, "rho": "1/301"})
    home = region.home(FIVE[0])
    wait_until(lambda: cosigned(analyst, region, first["id"], tmp_path) == len(FIVE), "all five")
    kept = tmp_path / "kept-checkpoint.txt"
    command("node", "checkpoint", "--out", str(kept), "--home", str(home))
    size = int(kept.read_text().splitlines()[1])

    for name in ("coordinator", f"node-{FIVE[0]}"):
        os.kill(region.processes.pids()[name], signal.SIGKILL)
    wait_until(lambda: region.processes.has_ended("coordinator"), "the kill")
    wait_until(lambda: region.processes.has_ended(f"node-{FIVE[0]}"), "the other kill")
    region.processes.start(
        "coordinator", "coordinator", "serve", "--home", str(region.folder / "coordinator")
    )
    wait_until(lambda: _answers(region), "the coordinator")
    start_node(region.processes, region.folder, FIVE[0])
    region.wait_until_connected()
    with connect(region.credentials) as again:
        second = released(again, {"sql": CORRIDORS, "rho": "1/302"})
        wait_until(lambda: cosigned(again, region, second["id"], tmp_path) >= 4, "enough")
        receipt = tmp_path / "receipt.json"
        receipt.write_bytes(again.receipt(second["id"], size))
    anchors = ["--charter", str(home / "charter.json")]
    found = command("verify", str(receipt), *anchors, "--checkpoint", str(kept))
    assert found["claims"][-1]["number"] == 16
    assert found["tree"]["enough"]
    # Another member cosigned that one too, and compares it without asking anybody.
    other = command(
        "node", "checkpoint", "--compare", str(kept), "--home", str(region.home(FIVE[1]))
    )
    assert other["theirs"] == other["mine"] == size
    kinds = {one["kind"] for one in command_list("node", "journal", "--home", str(home))}
    assert "cosigned" in kinds
    assert "checkpoint_refused" not in kinds


def cosigned(analyst: Connection, region: DemoRegion, release: str, folder: Path) -> int:
    """How many members' cosignatures the release's receipt has by now."""
    path = folder / "growing.json"
    path.write_bytes(analyst.receipt(release))
    charter = str(region.home(FIVE[2]) / "charter.json")
    return len(command("verify", str(path), "--charter", charter)["tree"]["cosigned_by"])


def test_a_node_that_dies_right_after_its_debit_does_not_stop_the_answer(
    region: DemoRegion, analyst: Connection
) -> None:
    victim = FIVE[3]
    before = budget(region, victim)
    region.restart_node(victim, "exit@masked-input")
    region.wait_until_connected()
    release = released(analyst, {"sql": CORRIDORS, "rho": "1/320"})
    survivors = [country for country in FIVE if country != victim]
    assert sorted(release["survivors"]) == sorted(survivors)
    wait_until(lambda: region.processes.has_ended(f"node-{victim}"), "the node to stop")
    values = np.array(release["tables"][0]["values"])
    truth = counted(region, asked_in(release), survivors)
    assert np.abs(values - truth).max() < SEVEN_SIGMA * release["tables"][0]["margin"] / 1.96
    # What was debited stays debited, and the node is back in the next question.
    start_node(region.processes, region.folder, victim)
    region.wait_until_connected()
    spent = budget(region, victim)["spent"] - before["spent"]
    assert spent == Fraction(1, 320)
    assert len(released(analyst, {"sql": CORRIDORS, "rho": "1/321"})["survivors"]) == len(FIVE)


def test_kill_9_of_the_coordinator_loses_no_release_and_computes_none_twice(
    region: DemoRegion, analyst: Connection
) -> None:
    kept = released(analyst, {"sql": CORRIDORS, "rho": "1/330"})
    # One node stands still, so that the attempt is under way when the coordinator dies.
    still = region.processes.pids()[f"node-{FIVE[4]}"]
    os.kill(still, signal.SIGSTOP)
    question = analyst.ask(
        {"sql": CORRIDORS, "rho": "1/340", "scope": "regional", "purpose": "a test"}
    )
    wait_until(lambda: analyst.question(question["id"])["state"] == "running", "the attempt")
    os.kill(region.processes.pids()["coordinator"], signal.SIGKILL)
    os.kill(still, signal.SIGCONT)
    wait_until(lambda: region.processes.has_ended("coordinator"), "the kill")
    region.processes.start(
        "coordinator", "coordinator", "serve", "--home", str(region.folder / "coordinator")
    )
    wait_until(lambda: _answers(region), "the coordinator")
    with connect(region.credentials) as again:
        failed = again.question(question["id"])
        assert failed["state"] == "failed"
        assert failed["failure"]["code"] == "attempt.coordinator_restarted"
        assert again.release(kept["id"])["tables"] == kept["tables"]
    region.wait_until_connected()
    with connect(region.credentials) as again:
        assert released(again, {"sql": CORRIDORS, "rho": "1/330"})["id"] == kept["id"]
        assert len(released(again, {"sql": CORRIDORS, "rho": "1/341"})["survivors"]) == len(FIVE)
    for country in FIVE:
        assert budget(region, country)["reserved"] == 0


def test_kill_9_of_a_node_keeps_its_ledger_and_frees_what_was_only_reserved(
    region: DemoRegion, analyst: Connection
) -> None:
    victim = FIVE[0]
    before = budget(region, victim)
    os.kill(region.processes.pids()[f"node-{victim}"], signal.SIGKILL)
    wait_until(lambda: region.processes.has_ended(f"node-{victim}"), "the kill")
    answer = released(analyst, {"sql": CORRIDORS, "rho": "1/350"})
    assert victim not in answer["survivors"]
    start_node(region.processes, region.folder, victim)
    region.wait_until_connected()
    assert budget(region, victim) == before


def test_a_policy_that_refuses_is_obeyed_named_and_noted(
    region: DemoRegion, analyst: Connection
) -> None:
    dear = ask(analyst, {"sql": CORRIDORS, "rho": "1/40"})  # every default policy refuses this
    assert dear["state"] == "failed"
    assert dear["failure"]["round"] == "propose"
    told = dear["failure"]["message"]
    assert "BG (policy.refuses: “" in told
    assert "refuses the question: too expensive for one question”)" in told
    assert "a cheaper one (a smaller ρ)" in told
    journal = node_app.journal(node_app.real_world(region.home(FIVE[0])), 5)
    refusals = [one.document["code"] for one in journal if one.kind == "refused"]
    assert "policy.refuses" in refusals
    for country in FIVE:
        assert budget(region, country)["reserved"] == 0


def test_an_official_can_see_what_the_node_does_and_did(region: DemoRegion) -> None:
    home = str(region.home(FIVE[1]))
    assert command("node", "status", "--home", home)["link"] == "connected"
    assert all(one["ok"] for one in command_list("node", "doctor", "--home", home))
    kinds = {one["kind"] for one in command_list("node", "journal", "--home", home)}
    assert {"proposed", "accepted", "let_out", "released"} <= kinds


def command_list(*words: str) -> list[dict[str, Any]]:
    document: Any = command(*words)
    assert isinstance(document, list)
    return document


def _answers(region: DemoRegion) -> bool:
    try:
        with connect(region.credentials) as analyst:
            analyst.members()
    except Exception:  # noqa: BLE001  # not yet, whatever the reason
        return False
    return True
