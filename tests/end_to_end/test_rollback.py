"""A node's ledger is put back from a backup: the members give it back what it forgot."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.ids import CountryCode
from corridor.node import app as node_app

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FIVE = COUNTRIES[:5]
VICTIM = FIVE[2]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, FIVE, 40, 7, lambda _: None) as running:
        yield running


def kill(region: DemoRegion, country: CountryCode) -> None:
    name = f"node-{country}"
    os.kill(region.processes.pids()[name], signal.SIGKILL)
    for _ in range(100):
        if region.processes.has_ended(name):
            break
        time.sleep(0.1)
    # Else "everybody is connected" could still be of the stream that has just been lost.
    with connect(region.credentials) as analyst:
        for _ in range(100):
            if country not in {one["country"] for one in analyst.members() if one["connected"]}:
                return
            time.sleep(0.1)
    raise AssertionError("the node was killed, and goes on")


def answer(region: DemoRegion, rho: str) -> list[str]:
    """Who was counted."""
    region.wait_until_connected()
    with connect(region.credentials) as analyst:
        sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
        asked = analyst.ask({"sql": sql, "rho": rho, "scope": "regional", "purpose": "a test"})
        question = analyst.wait(asked["id"], lambda _: None, time.sleep)
        assert question["state"] == "released", question
        survivors: list[str] = analyst.release(question["release_id"])["survivors"]
        return survivors


def spent(region: DemoRegion) -> tuple[Fraction, Fraction]:
    view = node_app.budget(node_app.real_world(region.home(VICTIM)))
    return Fraction(view.document["spent"]), Fraction(view.document["reserved"])


def ledger_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("ledger.sqlite3*"))


@pytest.mark.parametrize("backup", ["an old backup", "nothing"])
def test_a18_a_ledger_put_back_from_a_backup_has_spent_what_it_spent(
    region: DemoRegion, tmp_path: Path, backup: str
) -> None:
    home = region.home(VICTIM)
    first = len(backup)  # other questions in each case: a repeated one would cost nothing
    assert VICTIM in answer(region, f"1/{300 + first}")
    kill(region, VICTIM)
    for file in ledger_files(home):
        shutil.copy(file, tmp_path)
    start_node(region.processes, region.folder, VICTIM)
    for more in (330, 360):
        assert VICTIM in answer(region, f"1/{more + first}")
    before = spent(region)
    kill(region, VICTIM)
    for file in ledger_files(home):
        file.unlink()
    if backup == "an old backup":
        for file in ledger_files(tmp_path):
            shutil.copy(file, home)
    start_node(region.processes, region.folder, VICTIM)
    region.wait_until_connected()
    assert spent(region) == before
    kinds = {one.document["kind"] for one in node_app.journal(node_app.real_world(home), 5)}
    assert "ledger_recovered" in kinds
    assert VICTIM in answer(region, f"1/{390 + first}")
