"""A member loses its signing key and comes back under a new one; another one retires."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.witness_book import WitnessBook
from corridor.transport.suites import ed25519_verify
from support.demo_region import command

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FOUR = COUNTRIES[:4]
LOSER, RETIRING = FOUR[3], FOUR[2]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, FOUR, 40, 11, lambda _: None) as running:
        yield running


def coordinate(region: DemoRegion, *words: str) -> Any:
    return command("coordinator", *words, "--home", str(region.folder / "coordinator"))


def accept(region: DemoRegion, members: Sequence[CountryCode]) -> bool:
    """Every operator confirms the others by what `node card` shows there."""
    cards = {one: command("node", "card", "--home", str(region.home(one))) for one in members}
    trust = [f"--trust={one}={card['fingerprint']}" for one, card in cards.items()]
    told = [command("node", "accept", *trust, "--home", str(region.home(m))) for m in members]
    return bool(told[-1]["in_force"])


def answered_by(region: DemoRegion, rho: str) -> set[str]:
    with connect(region.credentials) as analyst:
        sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
        asked = analyst.ask({"sql": sql, "rho": rho, "scope": "regional", "purpose": "a test"})
        told = analyst.wait(asked["id"], lambda _: None, time.sleep)
        assert told["state"] == "released", json.dumps(told["failure"])
        return set(analyst.release(told["release_id"])["survivors"])


def wait_until_ready(region: DemoRegion, members: Sequence[CountryCode]) -> None:
    ready: set[str] = set()
    for _ in range(300):
        with connect(region.credentials) as analyst:
            ready = {one["country"] for one in analyst.members() if one["ready"]}
        if ready == set(members):
            return
        time.sleep(0.2)
    raise AssertionError(f"waited a minute for {members}; ready are {ready}")


def spent(home: Path) -> Fraction:
    return Fraction(command("node", "budget", "--home", str(home))["spent"])


def test_a_lost_signing_key_is_a_new_member_whose_allowance_is_what_the_old_one_left(
    region: DemoRegion, tmp_path: Path
) -> None:
    home, lost = region.home(LOSER), tmp_path / "lost"
    assert answered_by(region, "1/300") == set(FOUR)
    old_key = read_keys(Home(home)).signing_public
    region.processes.stop(f"node-{LOSER}")
    (home / "keys" / "signing.key").unlink()
    refused = command("node", "doctor", "--home", str(home), code=1)
    assert any("node.damaged_key" in one["finding"] for one in refused)
    shutil.move(home, lost)

    command("node", "init", "--country", LOSER, "--home", str(home))
    policy = (home / "policy.toml").read_text()
    left = Fraction(1) - Fraction(1, 300)
    assert 'all_time = "1"' in policy
    (home / "policy.toml").write_text(policy.replace('all_time = "1"', f'all_time = "{left}"'))
    invitation = tmp_path / "invitation.json"
    coordinate(region, "invite", "--country", LOSER, "--out", str(invitation))
    command("node", "enrol", str(invitation), "--home", str(home))
    case_file = region.folder / "case-files" / f"SYNTHETIC-cases-{LOSER}.xlsx"
    command("node", "import", str(case_file), "--home", str(home))
    coordinate(region, "charter", "propose", "--synthetic")
    assert accept(region, FOUR)
    start_node(region.processes, region.folder, LOSER)
    wait_until_ready(region, FOUR)
    assert answered_by(region, "1/310") == set(FOUR)
    assert spent(home) == Fraction(1, 310)
    budget = command("node", "budget", "--home", str(home))
    assert Fraction(budget["left_all_time"]) == left - Fraction(1, 310)
    # The old ledger stays with the others: what was spent under the lost key can be looked up.
    with WitnessBook(Home(region.home(FOUR[0])).witness, ed25519_verify) as book:
        assert book.last(old_key)[0] >= 2  # reserved, and debited


def test_a_retired_node_is_away_and_the_others_go_on_without_it(
    region: DemoRegion, tmp_path: Path
) -> None:
    home = region.home(RETIRING)
    mark = node_app.card(node_app.real_world(home)).fingerprint
    before = spent(home)
    refused = command(
        *("node", "retire", "--out", str(tmp_path), "--erase-all-case-data"),
        *("--home", str(home)),
        code=1,
    )
    assert refused["error"]["code"] == "keys.node_serves"
    region.processes.stop(f"node-{RETIRING}")
    out = tmp_path / "out"
    command("node", "retire", "--out", str(out), "--erase-all-case-data", "--home", str(home))
    assert spent(home) == before
    found = command("verify-journal", str(out / "journal.jsonl"), f"--trust={RETIRING}={mark}")
    assert len(found["let_out"]) == 2
    assert found["kinds"]["retired"] == 1
    staying = [one for one in FOUR if one != RETIRING]
    coordinate(region, "charter", "propose", "--synthetic", "--without", RETIRING)
    assert accept(region, staying)
    wait_until_ready(region, staying)
    assert answered_by(region, "1/320") == set(staying)
