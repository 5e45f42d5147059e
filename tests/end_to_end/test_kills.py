"""`kill -9` at every named point of both processes; the region answers the next question.

After each kill: what every node spent is what its attempts cost, to the fraction; the question
has one release or none, never two; the release's receipts, public and members', verify, and it
stands in the tree that the members cosign.
"""

import json
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region, start_node
from corridor.cli.main import main
from corridor.client.app import connect
from corridor.coordinator import faults as coordinator_faults
from corridor.errors.client import CoordinatorSilentError
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node import faults as node_faults

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

FIVE = COUNTRIES[:5]
VICTIM = FIVE[3]
OTHERS = tuple(country for country in FIVE if country != VICTIM)

BEFORE_IT_IS_COUNTED = frozenset(
    {"propose", "share", "opened", "before-debit", "debited", "masked-input", "chunk-sent"}
)
"""Killed there, a node is in no answer. `accepted` and `masked-input-sent` may go either way."""

MANY_CELLS = (
    "SELECT recruited_in, exploited_in, gender, COUNT(DISTINCT person) FROM corridors "
    "GROUP BY recruited_in, exploited_in, gender"
)
"""Its masked input takes several chunks."""
FEW_CELLS = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(
        folder, FIVE, 40, 7, lambda _: None, failed_attempts_per_day=1000
    ) as running:
        yield running


class Prices:
    """A ρ of its own for every question, so that none is answered from an earlier release."""

    def __init__(self) -> None:
        self._last = 300

    def next(self) -> Fraction:
        self._last += 1
        return Fraction(self._last, 10**6)  # one denominator: a ledger rounds up unlike sums


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices()


def spent(region: DemoRegion) -> Mapping[CountryCode, Fraction]:
    """What each node has debited, forfeited, or still holds for a process that is gone."""
    views = {c: node_app.budget(node_app.real_world(region.home(c))).document for c in FIVE}
    return {
        country: Fraction(view["spent"]) + Fraction(view["reserved"])
        for country, view in views.items()
    }


def ask(region: DemoRegion, rho: Fraction, sql: str = FEW_CELLS) -> str:
    with connect(region.credentials) as analyst:
        request = {"sql": sql, "rho": str(rho), "scope": "regional", "purpose": "a test"}
        identifier: str = analyst.ask(request)["id"]
        return identifier


def ask_who_may_die(region: DemoRegion, rho: Fraction) -> str | None:
    """The question; None where the coordinator died before its answer was out."""
    try:
        return ask(region, rho)
    except CoordinatorSilentError:
        return None


def newest_question(region: DemoRegion) -> str:
    with connect(region.credentials) as analyst:
        identifier: str = analyst.questions()[0]["id"]
        return identifier


def outcome(region: DemoRegion, question: str) -> dict[str, Any]:
    with connect(region.credentials) as analyst:
        return analyst.wait(question, lambda _: None, time.sleep)


def releases_of(region: DemoRegion, question: str) -> list[dict[str, Any]]:
    with connect(region.credentials) as analyst:
        return [one for one in analyst.releases() if one["question_id"] == question]


def command(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Run `corridor WORDS --json` in this process and give its document."""
    capsys.readouterr()
    code = main([*words, "--json"])
    said = capsys.readouterr().out
    assert code == 0, said
    return json.loads(said)


def wait_for_end(region: DemoRegion, name: str) -> None:
    for _ in range(300):
        if region.processes.has_ended(name):
            assert region.processes.exit_code(name) == -9
            return
        time.sleep(0.1)
    raise AssertionError(f"{name} goes on")


def demand_sound(
    region: DemoRegion, question: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> list[CountryCode]:
    """The question's one release verifies in every way; who is counted in it."""
    (release,) = releases_of(region, question)
    home = str(region.home(OTHERS[0]))
    public, sealed = folder / "receipt.json", folder / "members.receipt"
    needed = 0
    for _ in range(100):
        with connect(region.credentials) as analyst:
            public.write_bytes(analyst.receipt(release["id"]))
        found = command(capsys, "verify", str(public), "--charter", f"{home}/charter.json")
        if needed := found["tree"]["enough"]:
            break
        time.sleep(0.1)
    assert needed, "too few members cosigned the tree with this release"
    command(capsys, "node", "receipt", release["id"], "--out", str(sealed), "--home", home)
    command(capsys, "verify", str(sealed), "--home", home, "--public", str(public))
    return sorted(release["survivors"])


@pytest.mark.parametrize("point", node_faults.POINTS)
def test_a17_a_node_killed_at_any_point_has_paid_and_does_not_stop_the_answer(
    region: DemoRegion,
    prices: Prices,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    point: str,
) -> None:
    region.restart_node(VICTIM, f"kill@{point}")
    region.wait_until_connected()
    before, rho = spent(region), prices.next()
    question = ask(region, rho, MANY_CELLS if point == "chunk-sent" else FEW_CELLS)
    answered = outcome(region, question)
    assert answered["state"] == "released", answered
    wait_for_end(region, f"node-{VICTIM}")
    counted = demand_sound(region, question, tmp_path, capsys)
    assert set(counted) >= set(OTHERS)
    if point in BEFORE_IT_IS_COUNTED:
        assert VICTIM not in counted
    elif point not in {"accepted", "masked-input-sent"}:
        assert VICTIM in counted
    # Killed before its debit it has paid as well: its disk alone cannot prove that it had not.
    assert spent(region) == {country: before[country] + rho for country in FIVE}


def test_after_all_these_kills_the_node_is_back_with_its_ledger_whole(
    region: DemoRegion, prices: Prices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_node(region.processes, region.folder, VICTIM)
    region.wait_until_connected()
    before, rho = spent(region), prices.next()
    question = ask(region, rho)
    assert outcome(region, question)["state"] == "released"
    assert demand_sound(region, question, tmp_path, capsys) == sorted(FIVE)
    assert spent(region) == {country: before[country] + rho for country in FIVE}
    view = node_app.budget(node_app.real_world(region.home(VICTIM))).document
    assert Fraction(view["reserved"]) == 0


NOTHING_DEBITED = frozenset({"begun", "share", "opened", "masked-input"})
RELEASED = frozenset({"published", "cosignature"})


@pytest.mark.parametrize("point", coordinator_faults.POINTS)
def test_a17_a_coordinator_killed_at_any_point_loses_no_release_and_publishes_none_twice(
    region: DemoRegion,
    prices: Prices,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    point: str,
) -> None:
    restart_coordinator(region, "--fault", f"kill@{point}")
    region.start_ended_nodes()
    before, rho = spent(region), prices.next()
    asked = ask_who_may_die(region, rho)
    wait_for_end(region, "coordinator")
    restart_coordinator(region)
    region.wait_until_connected()
    question = newest_question(region) if asked is None else asked
    found = outcome(region, question)
    paid = {country: cost - before[country] for country, cost in spent(region).items()}
    if point in RELEASED:
        assert found["state"] == "released"
        assert demand_sound(region, question, tmp_path, capsys) == sorted(FIVE)
    else:
        assert found["state"] == "failed"
        assert found["failure"]["code"] == "attempt.coordinator_restarted"
        assert releases_of(region, question) == []
    if point in NOTHING_DEBITED:
        assert set(paid.values()) == {Fraction(0)}
    elif point == "spooled":  # some had debited, and some had not been told yet
        assert set(paid.values()) <= {Fraction(0), rho}
    else:
        assert set(paid.values()) == {rho}
    assert list((region.folder / "coordinator" / "spool").iterdir()) == []

    after, more = spent(region), prices.next()
    question = ask(region, more)
    assert outcome(region, question)["state"] == "released"
    assert demand_sound(region, question, tmp_path, capsys) == sorted(FIVE)
    assert spent(region) == {country: after[country] + more for country in FIVE}
    kept = {path.stem for path in (region.folder / "coordinator" / "receipts").iterdir()}
    with connect(region.credentials) as analyst:
        assert kept == {one["id"] for one in analyst.releases()}


def restart_coordinator(region: DemoRegion, *words: str) -> None:
    region.processes.stop("coordinator")
    home = str(region.folder / "coordinator")
    region.processes.start("coordinator", "coordinator", "serve", "--home", home, *words)
    for _ in range(300):
        try:
            with connect(region.credentials) as analyst:
                analyst.members()
        except Exception:  # noqa: BLE001  # not yet, whatever the reason
            time.sleep(0.1)
            continue
        return
    raise AssertionError("the coordinator does not answer")
