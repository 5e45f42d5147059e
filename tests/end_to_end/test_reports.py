"""A ready-made report from real processes: asked by name, filled, held against what is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from corridor.cli.demo.region import DemoRegion, running_region, start_node
from corridor.client.app import save_credentials
from corridor.ids import CountryCode
from support.demo_region import asked_in, command, counted, domains_of, spent

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

COUNTRIES = tuple(map(CountryCode, ("BG", "MD", "RO", "UA")))
WILLING = COUNTRIES[1]
REFUSES = 'verdict = "refuse"\nwhen.scope = ["per-country"]'
NAME = "sdg_16_2_2"
SEVEN_SIGMA = 7
FEMALE = ("Feminine", "TransgenderFeminine")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRegion]:
    folder = tmp_path_factory.mktemp("region")
    with running_region(folder, COUNTRIES, 200, 7, lambda _: None) as running:
        policy = running.home(WILLING) / "policy.toml"
        text = policy.read_text()
        assert text.count(REFUSES) == 1  # what every authority begins with
        policy.write_text(text.replace(REFUSES, REFUSES.replace("refuse", "allow", 1)))
        running.processes.stop(f"node-{WILLING}")
        start_node(running.processes, folder, WILLING)
        running.wait_until_connected()
        yield running


@pytest.fixture(autouse=True)
def logged_in(region: DemoRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "credentials.json"
    save_credentials(region.credentials, path)
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(path))


def true_table(region: DemoRegion, release: dict[str, Any], *fields: str) -> dict[str, Any]:
    """What all nodes hold by these fields: the values of each axis, and the counts."""
    question = asked_in(release)
    (table,) = [one for one in question.tables if set(one.group_by) == set(fields)]
    true = counted(region, type(question)((table,)), COUNTRIES)
    domains = domains_of(region)
    shown = next(
        one for one in release["tables"] if {a["name"] for a in one["axes"]} == set(fields)
    )
    axes = [axis["name"] for axis in shown["axes"]]
    shape = [len(domains.values(domains.catalogue.field(name))) for name in axes]
    return {"axes": axes, "values": shown["axes"], "counts": true.reshape(shape)}


def test_a_report_is_asked_once_filled_with_what_is_there_and_compared(
    region: DemoRegion, tmp_path: Path
) -> None:
    before = spent(region, COUNTRIES[0])
    filled = command(
        *("report", "ask", NAME, "--rho", "1/50", "--purpose", "SDG 16.2.2"),
        *("--population", "total=70000000"),
    )
    release = command("results", filled["release_id"])
    assert len(release["tables"]) == 3
    # One question, one price: that of the whole report, once.
    assert float(spent(region, COUNTRIES[0]) - before) == pytest.approx(0.02)

    true = true_table(region, release, "gender", "minor")
    table = filled["tables"][0]
    assert (table["rows"][0], table["columns"][:2]) == ("Female", ["Under 18", "18 and over"])
    counts = np.moveaxis(true["counts"], true["axes"].index("gender"), 0)
    genders = next(axis["values"] for axis in true["values"] if axis["name"] == "gender")
    female = sum(counts[genders.index(one)] for one in FEMALE)
    for cell, there in zip(table["cells"][0][:2], female[:2].tolist(), strict=True):
        assert abs(cell["value"] - there) < SEVEN_SIGMA * cell["margin"] / 1.96
    everybody = table["cells"][-1][-1]
    assert abs(everybody["value"] - counts.sum()) < SEVEN_SIGMA * everybody["margin"] / 1.96
    assert everybody["per_100000"]["value"] == pytest.approx(everybody["value"] / 700)
    assert {node["country"] for node in filled["coverage"]["nodes"]} == set(COUNTRIES)

    # Filling it again, as a file, costs nothing; and so does comparing its cells.
    book = tmp_path / "report.xlsx"
    command("report", "fill", NAME, release["id"], "--out", str(book))
    assert openpyxl.load_workbook(book).sheetnames[2] == "Table S1"
    found = command("compare", release["id"], "gender=Feminine,minor=adult", "gender=Masculine")
    assert found["differences"][0]["sentence"]["text"]
    assert float(spent(region, COUNTRIES[0]) - before) == pytest.approx(0.02)


def test_a_report_of_single_countries_is_one_country_s_own(region: DemoRegion) -> None:
    words = ("report", "ask", NAME, "--rho", "1/50", "--scope", "per-country", "--purpose", "x")
    asked = command(*words)
    filled = command("report", "fill", NAME, asked["release_id"], "--country", WILLING)
    assert [node["country"] for node in filled["coverage"]["nodes"]] == [WILLING]
    assert f"figures of {WILLING} alone" in filled["coverage"]["text"]
    refused = command("report", "fill", NAME, asked["release_id"], code=1)
    assert refused["error"]["code"] == "report.other_release"
