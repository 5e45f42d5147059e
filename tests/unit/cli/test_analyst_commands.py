"""The analyst's commands against a real coordinator over TLS, whose nodes are scripted."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from corridor.cli.analyst import _answer_to
from corridor.cli.main import main
from corridor.coordinator import app
from corridor.errors.cli import NoAnswerYetError
from support.loopback_region import QUICK, LoopbackRegion

Capture = pytest.CaptureFixture[str]
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
FOR_A_TERMINAL = SQL.replace("GROUP BY", "WHERE year = '2020' GROUP BY")

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
    for name in (release["id"], release["question_id"], release["id"][:10]):
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
    assert capsys.readouterr().out.startswith("gender,gender_label,shown,")

    # And anybody can check who took part.
    words = ["results", release["id"], "--receipt", str(tmp_path / "receipt.json")]
    assert main(words) == 0
    charter = tmp_path / "charter.json"
    assert main(["verify", str(tmp_path / "receipt.json")]) == 2
    charter.write_bytes(b"{}")
    assert main(["verify", str(tmp_path / "receipt.json"), "--charter", str(charter)]) == 1


def test_asking_without_a_price_is_refused_with_both_ways_and_what_the_usual_one_costs(
    region: LoopbackRegion, capsys: Capture
) -> None:
    questions = len(told(capsys, "results"))
    ledgers = {country: node.script.entries for country, node in region.nodes.items()}
    supposed = told(capsys, "forecast", SQL)
    assert supposed["accuracy_supposed"]
    for words in (["ask", SQL], ["ask", SQL, "--every", "month", "--periods", "3"]):
        assert main(words) == 1
        refusal = capsys.readouterr().err
        assert "[question.no_accuracy]" in refusal
        assert '--accuracy "±20"' in refusal
        assert "--rho 1/200" in refusal
        assert "±20 at 95 % would cost every node ρ = " in refusal
        assert "Nothing was spent." in refusal
    assert supposed["rho"] in refused_price(capsys)
    assert len(told(capsys, "results")) == questions
    assert {country: node.script.entries for country, node in region.nodes.items()} == ledgers
    # Nor is it asked where a mean needs another accuracy, or the words are no question.
    assert main(["ask", SQL.replace("gender", "gendr")]) == 1
    assert "[question.unknown_field]" in capsys.readouterr().err


def refused_price(capsys: Capture) -> str:
    assert main(["ask", SQL]) == 1
    return capsys.readouterr().err


def test_a_forecast_says_that_it_supposes_an_accuracy(capsys: Capture) -> None:
    unasked = SQL.replace("GROUP BY", "WHERE year = '2022' GROUP BY")
    assert main(["forecast", unasked]) == 0
    shown = capsys.readouterr().out
    assert "supposed     ±20 at 95 %, since you named neither --accuracy nor --rho" in shown
    assert 'with the same words and --accuracy "±N" or --rho ρ' in shown
    assert main(["forecast", SQL, "--accuracy", "±20"]) == 0
    assert "supposed" not in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "asked"), [("no", 0), ("", 0), ("yes", 1)])
def test_at_a_terminal_a_question_without_a_price_shows_the_forecast_and_asks_for_a_yes(
    tmp_path: Path, capsys: Capture, answer: str, asked: int
) -> None:
    sql = SQL.replace("GROUP BY", "WHERE year = '2021' GROUP BY")
    before = len(told(capsys, "results"))
    shown, code = at_a_terminal(["ask", sql], answer)
    assert "Forecast" in shown
    assert "Type yes:" in shown
    assert "Persons by gender" in shown
    assert len(told(capsys, "results")) == before + asked
    assert (code == 0) is bool(asked), shown


@pytest.mark.parametrize(
    ("words", "answer", "asked"),
    [
        (["ask", FOR_A_TERMINAL, "--accuracy", "±21"], "no", 0),
        (["ask", FOR_A_TERMINAL, "--rho", "1/400"], "no", 0),
        (["ask", FOR_A_TERMINAL, "--accuracy", "±21"], "yes", 1),
        (["report", "ask", "sdg_16_2_2", "years=2021", "--accuracy", "±50"], "no", 0),
        (["report", "ask", "sdg_16_2_2", "years=2021", "--accuracy", "±50"], "yes", 1),
    ],
)
def test_at_a_terminal_nothing_is_spent_before_its_price_was_seen(
    capsys: Capture, words: list[str], answer: str, asked: int
) -> None:
    before = len(told(capsys, "results"))
    shown, code = at_a_terminal(words, answer)
    assert "Type yes:" in shown
    assert len(told(capsys, "results")) == before + asked
    assert (code == 0) is bool(asked), shown


def test_who_says_yes_beforehand_is_not_asked(capsys: Capture) -> None:
    words = ["ask", FOR_A_TERMINAL, "--accuracy", "±22", "--yes"]
    shown, code = at_a_terminal(words, "no")
    assert "Type yes:" not in shown
    assert code == 0
    assert told(capsys, "results")[0]["state"] == "released"


def at_a_terminal(words: list[str], answer: str) -> tuple[str, int]:
    """Run the command with a terminal at its hands, and type this line."""
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("corridor")), *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown, typed = "", False
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end was closed
                break
            if not piece:
                break
            shown += piece.decode(errors="replace")
            if not typed and "Type yes:" in shown:
                os.write(ours, f"{answer}\n".encode())
                typed = True
        code = process.wait(30)
    os.close(ours)
    return shown, code


def test_the_list_of_questions_says_what_was_asked_and_never_cuts_a_time(capsys: Capture) -> None:
    told(capsys, "ask", SQL, "--accuracy", "±23")
    newest = told(capsys, "results")[0]
    assert newest["title"] == "Persons by gender"
    assert main(["results"]) == 0
    line = next(one for one in capsys.readouterr().out.splitlines() if newest["id"] in one)
    assert "Persons by gender" in line
    assert f" {newest['asked_at'][:10]} {newest['asked_at'][11:16]}" in line


def test_a_revoked_token_is_told_to_log_in_again(region: LoopbackRegion, capsys: Capture) -> None:
    words = login(region)
    words[words.index(region.token)] = app.issue_token(region.world, "gone")
    assert main(words) == 0
    app.revoke_token(region.world, "gone")
    capsys.readouterr()
    assert main(["results"]) == 1
    refusal = capsys.readouterr().err
    assert "was never issued here, or was revoked" in refusal
    assert "log in again" in refusal
    assert "Bearer" not in refusal


def test_a_series_goes_by_the_beginning_of_its_id(capsys: Capture) -> None:
    begun = told(capsys, "ask", SQL, "--rho", "1/99", "--every", "year", "--periods", "3")
    assert told(capsys, "series", begun["id"][:4])["id"] == begun["id"]
    assert main(["series", "no-such"]) == 1
    assert "[region.unknown_series]" in capsys.readouterr().err
    told(capsys, "ask", SQL, "--rho", "1/98", "--every", "year", "--periods", "4")
    assert main(["series", ""]) == 2
    assert "`corridor series` lists them" in capsys.readouterr().err


def test_the_beginning_of_an_id_is_enough_where_it_fits_one(capsys: Capture) -> None:
    told(capsys, "ask", SQL, "--accuracy", "±20")
    told(capsys, "ask", SQL, "--accuracy", "±21")
    assert main(["results", ""]) == 2
    assert "[cli.ambiguous_id]" in capsys.readouterr().err


def test_a_question_under_way_says_where_it_stands() -> None:
    with pytest.raises(NoAnswerYetError, match="waiting for UA"):
        _answer_to(
            {
                "id": "7f3a",
                "state": "running",
                "round": "share",
                "answered": ["BG"],
                "waiting_for": ["UA"],
                "release_id": None,
            }
        )


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


GROUPED = "SELECT {0}, COUNT(*) FROM corridors GROUP BY {0}"
TOO_MANY = GROUPED.format("recruited_in, exploited_in, month")
REFUSED_QUESTIONS = {
    "unsupported": (
        ["SELECT MAX(age) FROM persons", "--rho", "1/100"],
        ("question.unsupported_sql", "line 1, column 8", "the measures are"),
    ),
    "construct": (
        [f"{SQL} ORDER BY gender", "--rho", "1/100"],
        ("question.unsupported_sql", f"line 1, column {len(SQL) + 2}", "DESC LIMIT n"),
    ),
    "field": (
        [SQL.replace("gender", "gendr"), "--rho", "1/100"],
        ("question.unknown_field", "line 1, column 60", "did you mean gender?"),
    ),
    "value": (
        ["SELECT COUNT(*) FROM corridors WHERE exploited_in = 'Moldovia'", "--rho", "1/100"],
        ("question.unknown_value", "line 1, column", "did you mean MD (Moldova)?"),
    ),
    "cells": (
        [TOO_MANY, "--rho", "1/100"],
        ("question.too_many_cells", "the largest grouping is", "name the values you need in WHERE"),
    ),
    "zero": ([SQL, "--rho", "0"], ("question.rho_out_of_range", "ρ = 0", "above 0")),
    "ceiling": ([SQL, "--rho", "1/9"], ("question.rho_out_of_range", "ρ = 1/9", "at most 1/10")),
    "rho": ([SQL, "--rho", "0,01"], ("question.malformed_rho", "has a comma", "1/100 or 0.01")),
    "groupings": (
        ["SELECT year, month, COUNT(*) FROM persons GROUP BY year, month", "--rho", "1/100"],
        ("question.contradictory_groupings", "line 1, column 58", "group by the finer one"),
    ),
}


@pytest.mark.parametrize("name", REFUSED_QUESTIONS)
def test_a_question_that_cannot_be_asked_is_refused_by_code_place_and_remedy_and_costs_nothing(
    region: LoopbackRegion, capsys: Capture, name: str
) -> None:
    words, says = REFUSED_QUESTIONS[name]
    code, place, remedy = says
    questions = len(told(capsys, "results"))
    ledgers = {country: node.script.entries for country, node in region.nodes.items()}
    for command in ("forecast", "ask"):
        assert main([command, *words]) == 1
        refusal = capsys.readouterr()
        assert refusal.out == ""
        assert f"[{code}]" in refusal.err
        assert place in refusal.err
        assert remedy in refusal.err
        assert "Nothing was spent." in refusal.err
    assert len(told(capsys, "results")) == questions
    assert {country: node.script.entries for country, node in region.nodes.items()} == ledgers


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


def test_too_few_nodes_refuse_a_question_by_name_and_it_costs_nothing(
    region: LoopbackRegion, capsys: Capture
) -> None:
    gone = list(region.nodes.values())[:3]
    for node in gone:
        node.disconnect()
    ledgers = {country: node.script.entries for country, node in region.nodes.items()}
    try:
        region.wait_for_members("RO", "UA")
        # A forecast spends nothing, so that it needs nobody: it supposes all, and says who is away.
        forecast = told(capsys, "forecast", SQL, "--accuracy", "±20")
        assert forecast["participants"] == 5
        assert forecast["would_take_part"] == ["RO", "UA"]
        assert forecast["would_miss"] == ["BG", "MD", "NG"]
        assert "3 nodes are needed" in forecast["too_few"]
        assert main(["forecast", SQL, "--accuracy", "±20"]) == 0
        shown = capsys.readouterr().out
        assert "supposed: all 5 members" in shown
        assert "it cannot be asked now: 3 nodes are needed" in shown
        assert "Next: corridor ask" not in shown
        assert main(["ask", SQL, "--rho", "1/77"]) == 1
        refusal = capsys.readouterr().err
        assert "[region.too_few_nodes]" in refusal
        assert "missing: BG, MD, NG" in refusal
    finally:
        for node in gone:
            node.connect()
    assert {country: node.script.entries for country, node in region.nodes.items()} == ledgers


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
    said = capsys.readouterr().out
    assert "BG, DE, IT, MD, NG, RO, UA are told apart" in said
    assert "--in-force shows it" in said
    assert told(capsys, *show, "--in-force")["version"] == before["version"]
    # What waits for signatures is no anchor: the one in force is written all the same.
    release = told(capsys, "ask", SQL, "--accuracy", "±20")
    assert main([*show, "--out", "charter.json"]) == 0
    assert f"Version {before['version']}, in force, is written" in capsys.readouterr().out
    assert main(["results", release["id"], "--receipt", "receipt.json"]) == 0
    assert main(["verify", "receipt.json", "--charter", "charter.json"]) == 0
