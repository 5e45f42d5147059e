"""A lost node, restored from a backup, spends nothing before the members say what it has spent."""

import json
import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.cli.main import main
from corridor.client.app import connect
from corridor.node import app as node_app
from corridor.node.store import vault

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FIVE = COUNTRIES[:5]
VICTIM = FIVE[2]
AWAY = FIVE[3:]
"""Two of five: of the four whose word a debit needs, only three are left."""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, FIVE, 40, 7, lambda _: None) as running:
        yield running


def answered_by(region: DemoRegion, rho: str) -> list[str]:
    region.wait_until_connected()
    with connect(region.credentials) as analyst:
        sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
        asked = analyst.ask({"sql": sql, "rho": rho, "scope": "regional", "purpose": "a test"})
        question = analyst.wait(asked["id"], lambda _: None, time.sleep)
        assert question["state"] == "released", question
        survivors: list[str] = analyst.release(question["release_id"])["survivors"]
        return survivors


def spent(home: Path) -> Fraction:
    return Fraction(node_app.budget(node_app.real_world(home)).document["spent"])


def standing(region: DemoRegion) -> tuple[bool, bool]:
    """Whether the victim is connected, and whether it is ready to take part."""
    with connect(region.credentials) as analyst:
        (one,) = [one for one in analyst.members() if one["country"] == VICTIM]
    return bool(one["connected"]), bool(one["ready"])


def verified_by_a_stranger(
    exported: Path, later: Path, mark: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both journals are, with a fingerprint or a charter alone; and that they part is found."""
    capsys.readouterr()
    charter = str(home / "charter.json")
    for anchor in (["--trust", f"{VICTIM}={mark}"], ["--charter", charter]):
        assert main(["verify-journal", str(exported), *anchor, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [one["rho"] for one in found["let_out"]] == ["1/300", "1/310", "1/320"]
        assert all(one["release"] and one["purpose"] == "a test" for one in found["let_out"])
    words = ["verify-journal", str(later), "--charter", charter, "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["kinds"]["restored"] == 1
    assert main([*words, "--earlier", str(exported)]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "journal.not_continued"


def test_a18_a_node_restored_from_a_backup_spends_nothing_before_it_has_its_entries_back(
    region: DemoRegion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "passphrase").write_text("five words that nobody guesses")
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    home = region.home(VICTIM)
    assert VICTIM in answered_by(region, "1/300")
    # While it serves.
    node_app.back_up(
        node_app.real_world(home),
        tmp_path / "backup",
        node_app.Sealing("passphrase"),
        with_data=True,
    )
    old = spent(home)
    for rho in ("1/310", "1/320"):
        assert VICTIM in answered_by(region, rho)
    before = spent(home)
    assert before > old
    exported = tmp_path / "journal.jsonl"
    node_app.export_journal(node_app.real_world(home), exported)
    mark = node_app.card(node_app.real_world(home)).fingerprint
    # The machine is lost, and two members are away when the node comes back.
    region.processes.stop(f"node-{VICTIM}")
    shutil.rmtree(home)
    vault.forget(home)
    node_app.restore(node_app.real_world(home), tmp_path / "backup")
    assert spent(home) == old
    for country in AWAY:
        region.processes.stop(f"node-{country}")
    start_node(region.processes, region.folder, VICTIM)
    connected = False
    for _ in range(100):
        connected, ready = standing(region)
        assert not ready
        if connected:
            break
        time.sleep(0.2)
    assert connected
    for _ in range(15):  # nothing changes about that while the others are away
        assert standing(region) == (True, False)
        time.sleep(0.2)
    # With them, the entries come back, and the node goes on from the right sum.
    for country in AWAY:
        start_node(region.processes, region.folder, country)
    assert VICTIM in answered_by(region, "1/330")
    assert spent(home) == before + Fraction(1, 330)
    kinds = [one.document["kind"] for one in node_app.journal(node_app.real_world(home), 12)]
    later = tmp_path / "later.jsonl"
    node_app.export_journal(node_app.real_world(home), later)
    verified_by_a_stranger(exported, later, mark, home, capsys)
    assert kinds.index("restored") < kinds.index("ledger_recovered") < kinds.index("let_out")
