"""The analyst's commands against a real coordinator over TLS, whose nodes are scripted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from corridor.cli.main import main
from corridor.coordinator import app
from support.loopback_region import QUICK, LoopbackRegion

Capture = pytest.CaptureFixture[str]
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"

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
    assert main(login(region)) == 0
    assert "You are connected to Test region" in capsys.readouterr().out


def login(region: LoopbackRegion) -> list[str]:
    pinned = app.authority_fingerprint(region.world)
    url = f"https://{region.web}"
    return ["login", url, "--token", region.token, "--ca-fingerprint", pinned]


def told(capsys: Capture, *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_another_authority_than_the_pinned_one_gets_no_token(
    region: LoopbackRegion, capsys: Capture
) -> None:
    words = login(region)
    assert main([*words[:-1], "00" * 32]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_token_is_refused(region: LoopbackRegion, capsys: Capture) -> None:
    words = login(region)
    words[3] = "corridor_wrong"
    assert main(words) == 1
    assert "[access.unknown_token]" in capsys.readouterr().err


def test_indicators_are_listed_with_their_parameters(capsys: Capture) -> None:
    names = [one["name"] for one in told(capsys, "indicators")]
    assert "corridor_matrix" in names
    assert main(["indicators"]) == 0
    assert "corridor_matrix" in capsys.readouterr().out


def test_a_forecast_spends_nothing_and_says_what_is_next(capsys: Capture) -> None:
    assert main(["forecast", SQL, "--accuracy", "±20"]) == 0
    shown = capsys.readouterr().out
    assert "Nothing was spent. Next: corridor ask" in shown
    assert told(capsys, "results") == []


def test_an_answer_is_asked_shown_exported_and_proven(tmp_path: Path, capsys: Capture) -> None:
    release = told(capsys, "ask", SQL, "--accuracy", "±20", "--purpose", "a test")
    assert release["survivors"] == ["BG", "MD", "NG", "RO", "UA"]

    # The same question again is the same release, free of charge; by either id.
    assert told(capsys, "ask", SQL, "--accuracy", "±20")["id"] == release["id"]
    for name in (release["id"], release["question_id"]):
        assert told(capsys, "results", name)["id"] == release["id"]

    # For people.
    assert main(["results", release["id"], "--all"]) == 0
    shown = capsys.readouterr().out
    assert "Persons by gender" in shown
    assert "guarantee    ρ = " in shown

    # As files, and through a pipe.
    for form in ("csv", "parquet", "xlsx", "json", "table"):
        path = tmp_path / f"answer.{form}"
        assert main(["results", release["id"], "--format", form, "--out", str(path)]) == 0
        assert path.stat().st_size > 100
    capsys.readouterr()
    assert main(["results", release["id"], "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("gender,gender_label,value,")

    # And anybody can check who took part.
    words = ["results", release["id"], "--receipt", str(tmp_path / "receipt.json")]
    assert main(words) == 0
    charter = tmp_path / "charter.json"
    assert main(["verify", str(tmp_path / "receipt.json")]) == 1
    charter.write_bytes(b"{}")
    assert main(["verify", str(tmp_path / "receipt.json"), "--charter", str(charter)]) == 1


def test_the_coordinators_charter_file_is_an_anchor(
    region: LoopbackRegion, tmp_path: Path, capsys: Capture
) -> None:
    release = told(capsys, "ask", SQL, "--accuracy", "±20")
    home = str(region.world.home)
    words = ["coordinator", "charter", "show", "--home", home, "--out", "charter.json"]
    assert main(words) == 0
    assert "It is in force." in capsys.readouterr().out
    assert main(["results", release["id"], "--receipt", "receipt.json"]) == 0
    capsys.readouterr()
    assert main(["verify", "receipt.json", "--charter", "charter.json"]) == 0
    assert "Every claim holds." in capsys.readouterr().out


def test_a_question_that_nobody_may_ask_is_a_refusal(capsys: Capture) -> None:
    assert main(["ask", "SELECT name FROM persons", "--rho", "1/100"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "[" in told.err


def test_an_unknown_release_is_a_refusal(capsys: Capture) -> None:
    assert main(["results", "ffff"]) == 1
    assert main(["results", "../members"]) == 1
    assert "[client.malformed_id]" in capsys.readouterr().err


def test_members_are_shown_ready(region: LoopbackRegion, capsys: Capture) -> None:
    home = str(region.world.home)
    members = told(capsys, "coordinator", "members", "--home", home)
    assert [one["ready"] for one in members] == [True] * 5
    assert main(["coordinator", "members", "--home", home]) == 0
    assert "ready" in capsys.readouterr().out


# The last test: from here on another charter is the one proposed last.


def test_a_charter_with_fewer_countries_is_proposed_by_its_list(
    region: LoopbackRegion, capsys: Capture
) -> None:
    propose = ["coordinator", "charter", "propose", "--home", str(region.world.home)]
    before = told(capsys, "coordinator", "charter", "show", "--home", str(region.world.home))
    assert len(before["countries"]) > 200
    assert main([*propose, "--countries", "DE,QQ"]) == 1
    refusal = capsys.readouterr().err
    assert "[charter.malformed]" in refusal
    assert "QQ" in refusal
    assert "nothing was proposed" in refusal
    show = ("coordinator", "charter", "show", "--home", str(region.world.home))
    assert told(capsys, *show)["version"] == before["version"]
    proposed = told(capsys, *propose, "--countries", "DE,IT", "--synthetic")
    assert proposed["countries"] == ["BG", "DE", "IT", "MD", "NG", "RO", "UA"]
    assert main(list(show)) == 0
    assert "BG, DE, IT, MD, NG, RO, UA are told apart" in capsys.readouterr().out
