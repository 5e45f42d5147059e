"""Figures of single countries from real processes: one authority refuses, one node is killed."""

import json
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.cli.demo.region import DemoRegion, running_region, start_node
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.ids import CountryCode
from support.demo_region import asked_in, command, counted, spent

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

BG, MD, NG, RO = map(CountryCode, ("BG", "MD", "NG", "RO"))
UNWILLING, VICTIM = BG, MD
SQL = "SELECT exploitation, COUNT(DISTINCT person) FROM persons GROUP BY exploitation"
SEVEN_SIGMA = 7
REFUSES = 'verdict = "refuse"\nwhen.scope = ["per-country"]'
ALLOWS = 'verdict = "allow"\nwhen.scope = ["per-country"]'


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, (BG, MD, NG, RO), 150, 11, lambda _: None) as running:
        for country in (MD, NG, RO):
            policy = running.home(country) / "policy.toml"
            text = policy.read_text()
            assert text.count(REFUSES) == 1  # what every authority begins with
            policy.write_text(text.replace(REFUSES, ALLOWS))
            running.processes.stop(f"node-{country}")
            start_node(running.processes, folder, country)
        running.wait_until_connected()
        yield running


@pytest.fixture
def analyst(region: DemoRegion) -> Iterator[Connection]:
    region.wait_until_connected()
    with connect(region.credentials) as connection:
        yield connection


def released(analyst: Connection, rho: str, scope: str = "per-country") -> dict[str, Any]:
    question = analyst.ask({"sql": SQL, "rho": rho, "scope": scope, "purpose": "a test"})
    question = analyst.wait(question["id"], lambda _: None, time.sleep)
    assert question["state"] == "released", question
    return analyst.release(question["release_id"])


def assert_own_figures(region: DemoRegion, release: dict[str, Any]) -> None:
    for one in release["countries"]:
        (table,) = one["tables"]
        error = np.abs(
            np.array(table["values"]) - counted(region, asked_in(release), [one["country"]])
        )
        assert 0 < error.max() < SEVEN_SIGMA * table["margin"] / 1.96


def verified(
    region: DemoRegion, analyst: Connection, release: dict[str, Any], folder: Path, *, code: int = 0
) -> Any:
    """What `corridor verify` says of the release and its receipt; `code` is how it must end."""
    receipt, shown = folder / "receipt.json", folder / "release.json"
    receipt.write_bytes(analyst.receipt(release["id"]))
    shown.write_text(json.dumps(release))
    charter = region.home(RO) / "charter.json"
    words = ["verify", str(receipt), "--charter", str(charter), "--release", str(shown)]
    return command(*words, code=code)


def test_three_countries_give_their_figures_and_the_fourth_says_no(
    region: DemoRegion, analyst: Connection, tmp_path: Path
) -> None:
    before = {country: spent(region, country) for country in region.countries}
    release = released(analyst, "1/200")
    assert [one["country"] for one in release["countries"]] == [MD, NG, RO]
    assert [(one["country"], one["code"]) for one in release["refused"]] == [
        (UNWILLING, "policy.refuses")
    ]
    assert_own_figures(region, release)
    for country in region.countries:
        cost = Fraction(0) if country == UNWILLING else Fraction(1, 200)
        assert spent(region, country) == before[country] + cost

    found = verified(region, analyst, release, tmp_path)
    assert [one["number"] for one in found["claims"]] == [1, 2, 3, 4, 5, 17, 18, 14, 15]
    assert "MD, NG, RO" in found["claims"][5]["claim"]
    # Whoever changes one country's figure beside the true receipt is found out.
    release["countries"][0]["tables"][0]["steps"][0] += 1
    found = verified(region, analyst, release, tmp_path, code=1)
    assert found["error"]["code"] == "receipt.other_release"

    # The region's own figure is another attempt: everybody pays once more, the unwilling too.
    summed = released(analyst, "1/200", "regional")
    assert summed["survivors"] == [BG, MD, NG, RO]
    assert spent(region, UNWILLING) == before[UNWILLING] + Fraction(1, 200)
    assert spent(region, MD) == before[MD] + Fraction(2, 200)
    total = counted(region, asked_in(summed), region.countries)
    (table,) = summed["tables"]
    assert np.abs(np.array(table["values"]) - total).max() < SEVEN_SIGMA * table["margin"] / 1.96


def test_a17_a_node_killed_right_after_its_debit_takes_nobodys_figure_with_it(
    region: DemoRegion, analyst: Connection
) -> None:
    before = spent(region, VICTIM)
    region.restart_node(VICTIM, "kill@masked-input")
    region.wait_until_connected()
    release = released(analyst, "1/210")
    assert [one["country"] for one in release["countries"]] == [NG, RO]
    assert_own_figures(region, release)
    refused = {one["country"]: one["code"] for one in release["refused"]}
    assert refused == {UNWILLING: "policy.refuses", VICTIM: "stream.lost"}
    for _ in range(100):
        if region.processes.has_ended(f"node-{VICTIM}"):
            break
        time.sleep(0.1)
    # What was debited stays debited, and the node is back in the next question.
    start_node(region.processes, region.folder, VICTIM)
    region.wait_until_connected()
    assert spent(region, VICTIM) == before + Fraction(1, 210)
    again = released(analyst, "1/211")
    assert [one["country"] for one in again["countries"]] == [MD, NG, RO]
    assert spent(region, VICTIM) == before + Fraction(1, 210) + Fraction(1, 211)
