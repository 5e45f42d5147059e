"""Reports and comparisons as commands and from Python, against a real coordinator over TLS."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import structlog

from corridor.cli.main import main
from corridor.client.opening import open_region
from corridor.client.region import Region
from corridor.coordinator import app
from corridor.errors.client import RemoteRefusalError
from support.loopback_region import QUICK, LoopbackRegion

Capture = pytest.CaptureFixture[str]
NAME = "eurostat_thb"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(autouse=True)
def logged_in(
    region: LoopbackRegion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    # The coordinator runs in this process, and its log is none of the commands' output.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(tmp_path / "own" / "credentials.json"))
    monkeypatch.chdir(tmp_path)
    pinned = app.authority_fingerprint(region.world)
    words = ["login", f"https://{region.web}", "--token", region.token, "--ca-fingerprint", pinned]
    assert main(words) == 0
    capsys.readouterr()


@pytest.fixture
def analyst() -> Iterator[Region]:
    with open_region() as opened:
        yield opened


@pytest.fixture
def release(region: LoopbackRegion, capsys: Capture) -> str:
    """Of the report's question; the first test to want it pays, all others have it for nothing."""
    filled = told(capsys, "report", "ask", NAME, "--rho", "1/20", "--purpose", "a report")
    return str(filled["release_id"])


def told(capsys: Capture, *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def shown(capsys: Capture, *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_reports_are_listed_and_one_shows_its_crosswalk(capsys: Capture) -> None:
    assert "sdg_16_2_2" in shown(capsys, "report", "list")
    text = shown(capsys, "report", "show", NAME)
    assert "From HTCDS to the form" in text
    assert "What it cannot fill" in text
    assert main(["report", "show", "nothing"]) == 1
    assert "[report.unknown]" in capsys.readouterr().err


def test_a_report_is_forecast_with_its_parameters(capsys: Capture) -> None:
    text = shown(capsys, "report", "forecast", NAME, "years=2024", "--accuracy", "±20")
    assert "referral 2024" in text
    assert "Next: corridor report ask, with the same words" in text
    assert main(["report", "forecast", NAME, "2024"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err


def test_a_reports_forecast_says_the_margins_that_its_form_then_has(
    capsys: Capture, release: str, analyst: Region
) -> None:
    coming = told(capsys, "report", "forecast", NAME, "--rho", "1/20")
    before = {one["id"]: one for one in coming["forms"]}
    for table in told(capsys, "report", "fill", NAME, release)["tables"]:
        margins = [cell["margin"] for row in table["cells"] for cell in row]
        one = before[table["id"]]
        assert (one["least_margin"], one["widest_margin"]) == (min(margins), max(margins))
    text = shown(capsys, "report", "forecast", NAME, "--rho", "1/20")
    assert "The form's own figures" in text
    assert before["E1"]["title"] in text
    draft = analyst.reports.draft(NAME, rho="1/20").forecast()
    assert draft.form_margins["E1"] == (
        before["E1"]["least_margin"],
        before["E1"]["widest_margin"],
    )
    assert "for its" in str(draft)
    assert "Figures are sums of cells" in draft.to_html()


def test_a_report_is_asked_and_shown_as_its_form_has_it(capsys: Capture, release: str) -> None:
    text = shown(capsys, "report", "fill", NAME, release)
    assert "E1. Registered victims by sex and age" in text
    assert "Not known" in text
    assert "rule of consent" in text
    assert "not filled" in text


def test_a_filled_report_is_written_into_a_file(
    capsys: Capture, release: str, tmp_path: Path
) -> None:
    told(capsys, "report", "fill", NAME, release, "--out", "own.xlsx")
    assert "Table E1" in openpyxl.load_workbook(tmp_path / "own.xlsx").sheetnames
    told(capsys, "report", "fill", NAME, release, "--out", "own.csv")
    assert len(zipfile.ZipFile(tmp_path / "own.zip").namelist()) == 6
    assert main(["report", "fill", NAME, release, "--out", "own.pdf"]) == 2
    assert "end it in .xlsx, .json, .zip" in capsys.readouterr().err


def test_cells_are_compared_in_sentences(capsys: Capture, release: str) -> None:
    words = ("compare", release, "gender=Feminine,minor=adult", "gender=Masculine,minor=adult")
    text = shown(capsys, *words)
    assert "Side by side" in text
    assert "Feminine, Adult (18+)" in text
    assert "detected is not prevalence" in text
    assert told(capsys, *words)["differences"][0]["sentence"]["key"]
    assert main(["compare", release, "gender=Feminine"]) == 1
    assert "[comparison.does_not_fit]" in capsys.readouterr().err


def test_a_report_is_asked_filled_and_saved_from_python(
    analyst: Region, release: str, tmp_path: Path
) -> None:
    assert NAME in analyst.reports.titles()
    draft = analyst.reports.draft(NAME, rho="1/20")
    assert draft.forecast().rho
    again = draft.ask(purpose="a report")
    assert again.id == release  # the same question: it is free
    filled = analyst.reports.fill(NAME, again)
    assert "rule of consent" in filled.coverage
    frame = filled.tables[0].to_pandas()
    assert list(frame.columns[:3]) == ["row", "column", "value"]
    assert "Registered victims" in filled._repr_html_()
    assert filled.save(tmp_path / "a.xlsx").exists()
    with pytest.raises(RemoteRefusalError, match="corridor report ask"):
        analyst.reports.fill("glotip", again)


def test_routes_are_compared_from_python_as_the_coordinator_does(
    analyst: Region, release: str
) -> None:
    cells = "gender=Feminine,minor=adult; gender=Masculine,minor=adult"
    here = analyst.release(release).compare(cells)
    there = analyst.connection.compare(release, cells)
    assert json.loads(json.dumps(here.to_json())) == there
    with_earlier = analyst.release(release).compare(cells, earlier=analyst.release(release))
    assert len(with_earlier.changes) == 2
