"""A standing series from real processes: data arrive, a node is killed, a copy is put back."""

import json
import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from corridor.cli.demo.region import DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.ids import CountryCode
from corridor.queries.sql import parse_sql
from support.demo_region import command, counted, domains_of, spent

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

BG, MD, RO, UA = map(CountryCode, ("BG", "MD", "RO", "UA"))
VICTIM = MD
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
RHO = Fraction(1, 25)
SEVEN_SIGMA = 7


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, (BG, MD, RO, UA), 150, 5, lambda _: None) as running:
        yield running


@pytest.fixture(scope="module")
def analyst(region: DemoRegion) -> Iterator[Connection]:
    with connect(region.credentials) as connection:
        yield connection


def truth(region: DemoRegion) -> npt.NDArray[np.int64]:
    """Whom all nodes hold, by gender."""
    return counted(region, parse_sql(SQL, domains_of(region)), region.countries)


def asked_now(analyst: Connection, series: str, state: str = "waiting") -> dict[str, Any]:
    """The series after its next release was asked for."""
    shown = analyst.hasten_series(series)
    for _ in range(600):
        shown = analyst.series(series)
        if shown["state"] == state:
            return shown
        assert shown["state"] == "asking", shown
        time.sleep(0.1)
    raise AssertionError(shown)


def released(analyst: Connection, series: str, period: int) -> dict[str, Any]:
    last = asked_now(analyst, series)["releases"][-1]
    assert last["period"] == period
    return analyst.release(last["release_id"])


def fits(table: dict[str, Any], true: npt.NDArray[np.int64]) -> bool:
    off = np.abs(np.array(table["values"]) - true)
    return bool(0 < off.max() < SEVEN_SIGMA * table["margin"] / 1.96)


def restart(region: DemoRegion, country: CountryCode, *, fault: str | None = None) -> None:
    region.processes.stop(f"node-{country}")
    words = () if fault is None else ("--fault", fault)
    start_node(region.processes, region.folder, country, *words)
    region.wait_until_connected()


def test_a_series_counts_what_comes_costs_once_and_is_proven(
    region: DemoRegion, analyst: Connection, tmp_path: Path
) -> None:
    begun = analyst.ask(
        {
            "sql": SQL,
            "rho": str(RHO),
            "purpose": "a test",
            "series": {"every": "month", "periods": 5},
        }
    )
    series = begun["id"]
    assert begun["state"] == "waiting"
    assert spent(region, BG) == 0

    first = released(analyst, series, 1)
    at_first = truth(region)
    newly, so_far = first["tables"]
    assert fits(newly, at_first)
    assert newly["steps"] == so_far["steps"]
    assert spent(region, BG) == RHO

    # More cases come to one country; the next release has them, and costs nothing.
    more = tmp_path / "more.csv"
    rows = "\n".join(f"more-{n},Feminine,TRUE" for n in range(200))
    more.write_text(f"x_CaseReference,prs_Gender,con_Consent\n{rows}\n")
    command("node", "import", str(more), "--home", str(region.home(UA)))
    restart(region, UA)
    second = released(analyst, series, 2)
    at_second = truth(region)
    assert (at_second - at_first).sum() == 200
    newly, so_far = second["tables"]
    assert fits(newly, at_second - at_first)
    assert fits(so_far, at_second)
    assert spent(region, BG) == RHO

    # A node dies when part of its input has left: everybody paid, and pays for another attempt.
    backup = tmp_path / "backup"
    shutil.copytree(region.home(VICTIM) / "series", backup)
    restart(region, VICTIM, fault="exit@chunk-sent")
    failed = asked_now(analyst, series, "failed")
    assert failed["failure"]["round"] == "masked-input"
    restart(region, VICTIM)
    third = released(analyst, series, 3)
    assert fits(third["tables"][1], at_second)
    paid = RHO + Fraction(failed["repeat_rho"])
    assert [spent(region, country) for country in (BG, VICTIM)] == [paid, paid]

    # An older copy of what was counted is refused; the newest goes on.
    newest = tmp_path / "newest"
    shutil.move(region.home(VICTIM) / "series", newest)
    shutil.copytree(backup, region.home(VICTIM) / "series")
    refused = asked_now(analyst, series)
    assert refused["failure"]["code"] == "region.series_members_missing"
    assert refused["next_period"] == 4
    shutil.rmtree(region.home(VICTIM) / "series")
    shutil.move(newest, region.home(VICTIM) / "series")
    fourth = released(analyst, series, 4)
    assert fits(fourth["tables"][1], at_second)

    (shown,) = command("node", "series", "--home", str(region.home(BG)))
    assert (shown["name"], shown["period"], shown["goes_on"]) == (series, 4, True)
    assert_proven(region, analyst, [first, second, third, fourth], tmp_path)


def assert_proven(
    region: DemoRegion, analyst: Connection, releases: list[dict[str, Any]], folder: Path
) -> None:
    receipts = []
    for number, release in enumerate(releases):
        path = folder / f"receipt-{number}.json"
        path.write_bytes(analyst.receipt(release["id"]))
        receipts.append(str(path))
    last = folder / "release.json"
    last.write_text(json.dumps(releases[-1]))
    charter = str(region.home(BG) / "charter.json")
    words = ["verify", receipts[-1], "--charter", charter, "--release", str(last)]
    command(*words, "--earlier", *receipts[:-1])
    for earlier in ([], receipts[:-2], [*receipts[:-2], receipts[-1]]):
        refused = command(*words, *(["--earlier", *earlier] if earlier else []), code=1)
        assert refused["error"]["code"] == "receipt.earlier_missing"
        assert releases[0]["id"] in refused["error"]["message"]
    releases[-1]["tables"][1]["steps"][0] += 1
    last.write_text(json.dumps(releases[-1]))
    refused = command(*words, "--earlier", *receipts[:-1], code=1)
    assert refused["error"]["code"] == "receipt.other_release"
