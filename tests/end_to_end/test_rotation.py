"""A ministry rotates the keys of its card in a region that runs, and nothing is forgotten by it."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.ids import CountryCode
from corridor.node.home import Home
from corridor.node.keys import NodeKeys, read_keys
from corridor.node.witness_book import WitnessBook
from corridor.transport.suites import ed25519_verify
from support.demo_region import command

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FOUR = COUNTRIES[:4]
ROTATING, WITNESS = FOUR[2], FOUR[0]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, FOUR, 40, 13, lambda _: None) as running:
        yield running


def coordinate(region: DemoRegion, *words: str) -> Any:
    return command("coordinator", *words, "--home", str(region.folder / "coordinator"))


def node(region: DemoRegion, country: CountryCode, *words: str, code: int = 0) -> Any:
    return command("node", *words, "--home", str(region.home(country)), code=code)


def accept(region: DemoRegion) -> bool:
    """Every operator confirms the others by what `node card` shows there: of the keys to come."""
    cards = {one: node(region, one, "card") for one in FOUR}
    trust = [f"--trust={one}={(c['next'] or c)['fingerprint']}" for one, c in cards.items()]
    told = [node(region, member, "accept", *trust) for member in FOUR]
    return bool(told[-1]["in_force"])


def answer(region: DemoRegion, rho: str) -> str:
    """Which release answers a question; all four took part."""
    with connect(region.credentials) as analyst:
        sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
        asked = analyst.ask({"sql": sql, "rho": rho, "scope": "regional", "purpose": "a test"})
        told = analyst.wait(asked["id"], lambda _: None, time.sleep)
        assert told["state"] == "released", json.dumps(told["failure"])
        assert set(analyst.release(told["release_id"])["survivors"]) == set(FOUR)
        return str(told["release_id"])


def wait_until_ready(region: DemoRegion) -> None:
    ready: set[str] = set()
    for _ in range(300):
        with connect(region.credentials) as analyst:
            ready = {one["country"] for one in analyst.members() if one["ready"]}
        if ready == set(FOUR):
            return
        time.sleep(0.2)
    raise AssertionError(f"waited a minute; ready are {ready}")


def spent(region: DemoRegion) -> Fraction:
    return Fraction(node(region, ROTATING, "budget")["spent"])


@dataclass(frozen=True, slots=True)
class Before:
    """What was kept of the time before the rotation: keys, files, and what a member was shown."""

    keys: NodeKeys
    card: Any
    waiting: Any
    offer: Any
    release: str
    charter: Path
    receipt: Path
    sealed: Path
    journal: Path
    ledger: Path


@pytest.fixture(scope="module")
def before(region: DemoRegion, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A region that answered twice; then one member's keys were rotated, while everybody served."""
    home, folder = region.home(ROTATING), tmp_path_factory.mktemp("before")
    keys, card = read_keys(Home(home)), node(region, ROTATING, "card")
    first = answer(region, "1/300")
    charter, receipt, sealed = (folder / name for name in ("charter", "receipt", "sealed"))
    coordinate(region, "charter", "show", "--out", str(charter))
    with connect(region.credentials) as analyst:
        receipt.write_bytes(analyst.receipt(first))
    node(region, ROTATING, "receipt", first, "--out", str(sealed))
    node(region, ROTATING, "journal", "--export", str(folder / "journal"))
    shutil.copy(home / "ledger.sqlite3", folder / "ledger")

    waiting = node(region, ROTATING, "rotate", "--card")
    assert node(region, ROTATING, "rotate", "--card") == waiting
    answer(region, "1/310")  # the old keys go on
    coordinate(region, "charter", "propose", "--synthetic")
    offer = node(region, WITNESS, "accept", "--show")
    assert accept(region)
    wait_until_ready(region)
    return Before(
        keys,
        card,
        waiting,
        offer,
        first,
        charter,
        receipt,
        sealed,
        folder / "journal",
        folder / "ledger",
    )


def test_when_all_have_confirmed_them_the_new_keys_count_and_the_old_one_is_gone(
    region: DemoRegion, before: Before
) -> None:
    home = region.home(ROTATING)
    listed = {one["country"]: one for one in before.offer["members"]}
    assert listed[ROTATING]["follows"] == before.card["fingerprint"]
    assert [one for one, told in listed.items() if told["anew"]] == []
    keys, card = read_keys(Home(home)), node(region, ROTATING, "card")
    assert (card["fingerprint"], card["next"]) == (before.waiting["next"]["fingerprint"], None)
    assert keys.former == (before.keys.signing_public,)
    raw = [path.read_bytes() for path in (home / "keys").iterdir() if path.is_file()]
    assert not [one for one in raw if before.keys.signing in one]
    findings = node(region, ROTATING, "doctor")
    assert all(one["ok"] for one in findings), findings


def test_a18_what_was_spent_under_the_old_keys_is_spent_and_the_others_hold_one_chain(
    region: DemoRegion, before: Before
) -> None:
    answer(region, "1/320")
    assert spent(region) == Fraction(1, 300) + Fraction(1, 310) + Fraction(1, 320)
    with WitnessBook(Home(region.home(WITNESS)).witness, ed25519_verify) as book:
        assert book.last(before.keys.signing_public)[0] >= 9  # three entries an attempt
        assert book.last(read_keys(Home(region.home(ROTATING))).signing_public)[0] == 0
        assert not book.forks()


def test_a18_a_ledger_of_before_the_rotation_put_back_under_the_new_keys_is_caught_up(
    region: DemoRegion, before: Before
) -> None:
    home, was = region.home(ROTATING), spent(region)
    region.processes.stop(f"node-{ROTATING}")
    for left in home.glob("ledger.sqlite3*"):
        left.unlink()
    shutil.copy(before.ledger, home / "ledger.sqlite3")
    start_node(region.processes, region.folder, ROTATING)
    wait_until_ready(region)
    assert spent(region) == was
    assert "ledger_recovered" in {one["kind"] for one in node(region, ROTATING, "journal")}
    answer(region, "1/330")


def test_what_was_signed_under_the_old_keys_is_verified_with_the_charter_of_then(
    region: DemoRegion, before: Before, tmp_path: Path
) -> None:
    home = region.home(ROTATING)
    charter = ("--charter", str(before.charter))
    found = command("verify", str(before.receipt), *charter)
    cosigned = set(found["tree"]["cosigned_by"])
    with connect(region.credentials) as analyst:  # the same receipt, fetched under the new charter
        again = tmp_path / "again"
        again.write_bytes(analyst.receipt(before.release))
    found = command("verify", str(again), *charter)
    # What was cosigned with the old key counts under the charter of then, also now.
    assert cosigned | {ROTATING} <= set(found["tree"]["cosigned_by"])
    command("verify", str(before.sealed), *charter, "--home", str(home))
    export, card = tmp_path / "journal", node(region, ROTATING, "card")
    node(region, ROTATING, "journal", "--export", str(export))
    trust = f"--trust={ROTATING}={card['fingerprint']}"
    found = command("verify-journal", str(export), trust, "--earlier", str(before.journal))
    assert found["kinds"]["rotated"] == 1
    old_trust = f"--trust={ROTATING}={before.card['fingerprint']}"
    command("verify-journal", str(before.journal), old_trust)
    now = tmp_path / "charter"
    coordinate(region, "charter", "show", "--out", str(now))
    command("verify-journal", str(before.journal), "--charter", str(now))


def test_a_rotation_can_be_given_up_and_begun_again(region: DemoRegion, before: Before) -> None:
    was = node(region, ROTATING, "card")["fingerprint"]
    given_up = node(region, ROTATING, "rotate", "--card")["next"]["fingerprint"]
    assert node(region, ROTATING, "rotate", "--card", "--abandon")["fingerprint"] == was
    refused = node(region, ROTATING, "rotate", "--card", "--abandon", code=1)
    assert refused["error"]["code"] == "keys.no_rotation"
    coordinate(region, "charter", "propose", "--synthetic")
    assert accept(region)
    wait_until_ready(region)
    assert node(region, ROTATING, "card")["fingerprint"] == was
    again = node(region, ROTATING, "rotate", "--card")["next"]["fingerprint"]
    assert again not in {was, before.card["fingerprint"], given_up}
