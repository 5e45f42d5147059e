"""A member leaves a region of real processes and comes back, through the real command."""

import json
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region
from corridor.client.app import connect
from corridor.ids import CountryCode
from support.demo_region import command

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FOUR = COUNTRIES[:4]
STAYING, LEAVING = FOUR[:3], FOUR[3]
SQL = (
    "SELECT exploited_in, COUNT(DISTINCT person) FROM corridors "
    "WHERE exploited_in IN ('DE', 'IT') GROUP BY exploited_in"
)


@pytest.fixture
def region(tmp_path: Path) -> Iterator[DemoRegion]:
    with running_region(tmp_path / "region", FOUR, 40, 11, lambda _: None) as running:
        yield running


def propose(region: DemoRegion, *words: str) -> Any:
    home = str(region.folder / "coordinator")
    return command("coordinator", "charter", "propose", "--synthetic", *words, "--home", home)


def accept(region: DemoRegion, members: Sequence[CountryCode]) -> list[Any]:
    """Each member's operator confirms the others by what `node card` shows there."""
    cards = {one: command("node", "card", "--home", str(region.home(one))) for one in members}
    trust = [f"--trust={one}={card['fingerprint']}" for one, card in cards.items()]
    return [command("node", "accept", *trust, "--home", str(region.home(m))) for m in members]


def answered_by(region: DemoRegion, rho: str) -> set[str]:
    """Who is in the answer to a question of this price."""
    with connect(region.credentials) as analyst:
        asked = {"sql": SQL, "rho": rho, "scope": "regional", "purpose": "a test"}
        question = analyst.ask(asked)
        told = analyst.wait(question["id"], lambda _: None, time.sleep)
        assert told["state"] == "released", json.dumps(told["failure"])
        return set(analyst.release(told["release_id"])["survivors"])


def ready(region: DemoRegion) -> set[str]:
    with connect(region.credentials) as analyst:
        return {one["country"] for one in analyst.members() if one["ready"]}


def wait_until_ready(region: DemoRegion, members: Sequence[CountryCode]) -> None:
    for _ in range(300):
        if ready(region) == set(members):
            return
        time.sleep(0.2)
    raise AssertionError(f"waited a minute for {members}; ready are {ready(region)}")


def wait_for_status(region: DemoRegion, word: str) -> None:
    line: dict[str, Any] = {}
    for _ in range(300):
        line = command("node", "status", "--home", str(region.home(LEAVING)))
        if word in json.dumps(line):
            return
        time.sleep(0.2)
    raise AssertionError(f"waited for {word!r}: {line}")


def spent(region: DemoRegion) -> Fraction:
    return Fraction(command("node", "budget", "--home", str(region.home(LEAVING)))["spent"])


def test_a18_a_member_is_removed_by_the_others_and_comes_back_with_what_it_spent(
    region: DemoRegion, tmp_path: Path
) -> None:
    assert answered_by(region, "1/400") == set(FOUR)

    proposed = propose(region, "--without", LEAVING)
    assert proposed["without"] == [LEAVING]
    assert answered_by(region, "1/401") == set(FOUR)  # until all the others have signed
    *_, last = accept(region, STAYING)
    assert last["in_force"]
    wait_for_status(region, "is not enrolled here")
    wait_until_ready(region, STAYING)
    assert answered_by(region, "1/402") == set(STAYING)
    before = Fraction(1, 400) + Fraction(1, 401)
    assert spent(region) == before

    invitation = tmp_path / "invitation.json"
    coordinator = str(region.folder / "coordinator")
    command(
        *("coordinator", "invite", "--country", LEAVING, "--out", str(invitation)),
        *("--home", coordinator),
    )
    command("node", "enrol", str(invitation), "--home", str(region.home(LEAVING)))
    assert propose(region)["members"] == sorted(FOUR)
    *_, last = accept(region, FOUR)  # the one that was away follows the version without it
    assert last["in_force"]
    wait_until_ready(region, FOUR)
    assert answered_by(region, "1/403") == set(FOUR)
    assert spent(region) == before + Fraction(1, 403)
