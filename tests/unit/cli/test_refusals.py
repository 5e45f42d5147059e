"""Exit codes, and that nothing a user can cause ends in a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.protocols.cards import fingerprint, fingerprint_text, parse_card
from corridor.transport.sealed_files import MAGIC


@pytest.fixture(autouse=True)
def nobody_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(tmp_path / "none" / "credentials.json"))
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


WRONG_USAGE = {
    "coordinator members": "cli.no_home",
    "node status": "cli.no_home",
    "coordinator token --home empty": "cli.no_token_name",
    "ask": "cli.no_question",
    "ask SELECT 1": "cli.no_question",
    "ask --indicator corridor_matrix 2019": "cli.bad_parameter",
    "node accept --trust BG=3F2A --home empty": "cli.bad_trust",
    "node accept --trust BG --home empty": "cli.bad_trust",
    "verify receipt --trust BG=3F2A": "cli.bad_trust",
    "verify receipt": "cli.no_anchor",
    "verify sealed --charter charter.json": "cli.no_member_key",
}

REFUSED = {
    "coordinator members --home empty": "coordinator.no_home",
    "coordinator serve --home empty": "coordinator.no_home",
    "coordinator charter show --home empty": "coordinator.no_home",
    "coordinator init --home new --name X --web nowhere": "coordinator.settings",
    "node enrol missing.json --home empty": "cli.unreadable_file",
    "node init --country XX --home new": "charter.no_such_country",
    "node approve 4f2a --shown 63b1 --as anna --home empty": "node.no_home",
    "node approvals --home empty": "node.no_home",
    "node policy test --home empty": "node.no_home",
    "coordinator init --name X --home /proc/none": "disk.cannot_make_folder",
    "node init --country MD --home file/node": "disk.cannot_make_folder",
    "ask --indicator corridor_matrix": "client.not_logged_in",
    "forecast --indicator corridor_matrix": "client.not_logged_in",
    "indicators": "client.not_logged_in",
    "results": "client.not_logged_in",
    "login nonsense --token t": "client.bad_address",
    "login http://coordinator.example --token t": "client.bad_address",
    "login https://coordinator.example --token t": "client.bad_address",
    "demo --countries 3": "demo.countries",
    "demo --out .": "demo.folder_taken",
}


@pytest.mark.parametrize(("words", "code"), REFUSED.items())
def test_a_refusal_is_exit_code_one_with_its_code(
    words: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert main(words.split()) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"[{code}]" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(("words", "code"), WRONG_USAGE.items())
def test_words_that_do_not_fit_are_exit_code_two_with_their_code(
    words: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "receipt").write_text("{}")
    (tmp_path / "sealed").write_bytes(MAGIC)
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"[{code}]" in told.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("node enrol cases.csv --home md", "cases.csv is not an invitation"),
        ("node accept --card cases.csv --home md", "cases.csv is not a member's card"),
        ("verify cases.csv --charter x.json", "cases.csv is not a receipt"),
    ],
)
def test_a_wrong_file_is_named_with_what_it_should_be(
    words: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "init", "--country", "MD", "--home", "md"]) == 0
    (tmp_path / "cases.csv").write_text("prs_Gender\nFeminine\n")
    assert main(words.split()) == 1
    assert named in capsys.readouterr().err


def test_what_the_machine_refuses_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A folder where a file should be: no command looks for that itself.
    (tmp_path / "home" / "coordinator.toml").mkdir(parents=True)
    assert main(["coordinator", "members", "--home", "home"]) == 1
    told = capsys.readouterr().err
    assert "coordinator.toml: Is a directory" in told
    assert "[system.refused]" in told


def test_a_node_that_never_enrolled_does_not_serve(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "init", "--country", "MD", "--home", "md"]) == 0
    assert main(["node", "serve", "--home", "md"]) == 1
    assert "[node.not_enrolled]" in capsys.readouterr().err


def test_a_card_is_written_as_another_node_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["node", "init", "--country", "MD", "--home", "my node"]) == 0
    shown = capsys.readouterr().out
    assert "--home 'my node'" in shown  # the next command can be pasted
    assert main(["node", "card", "--out", "card.json", "--home", "my node"]) == 0
    mark = fingerprint_text(fingerprint(parse_card((tmp_path / "card.json").read_bytes())))
    assert mark in shown


def test_two_confirmed_keys_of_one_member_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for home in ("md", "another"):
        assert main(["node", "init", "--country", "MD", "--home", home]) == 0
    assert main(["node", "card", "--home", "another", "--out", "another.json"]) == 0
    capsys.readouterr()
    assert main(["node", "card", "--home", "md", "--json"]) == 0
    mark = json.loads(capsys.readouterr().out)["fingerprint"]
    words = ["--trust", f"MD={mark}", "--card", "another.json"]
    assert main(["node", "accept", *words, "--home", "md"]) == 2
    assert "another key of MD" in capsys.readouterr().err


def test_budget_names_its_figures_the_same_in_every_year(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["node", "init", "--country", "MD", "--home", "md"]) == 0
    capsys.readouterr()
    assert main(["node", "budget", "--home", "md", "--json"]) == 0
    budget = json.loads(capsys.readouterr().out)
    assert budget.pop("year") >= 2026
    nothing = {"rho": "0", "epsilon": 0, "rho_regional": "0", "epsilon_regional": 0}
    assert budget == {
        "spent": "0",
        "spent_this_year": "0",
        "reserved": "0",
        "left_this_year": "1/10",
        "left_all_time": "1",
        "delta": "1/1000000",
        "nodes_per_person": 2,
        "all_time": nothing | {"rho_worst_case": "0", "epsilon_worst_case": 0},
        "years": {},
        "askers": [],
        "shares": [],
    }


def run_with(environment: dict[str, str], line: str) -> subprocess.CompletedProcess[str]:
    corridor = f"corridor() {{ '{sys.executable}' -P -m corridor.cli \"$@\"; }}"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {corridor}; {line}"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **environment},
    )


def test_a_reader_of_a_pipe_that_goes_early_is_no_failure() -> None:
    ended = run_with({}, "corridor node init --country MD --home md | true")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_no_letter_ends_a_command_where_only_ascii_is_expected() -> None:
    ended = run_with(
        {"PYTHONIOENCODING": "ascii"},
        "corridor node init --country MD --home md >/dev/null && corridor node budget --home md",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "ρ" in ended.stdout


def test_a_refusal_is_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "status", "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "cli.no_home"
    assert told.err == ""


@pytest.mark.parametrize(
    "words",
    [
        "",
        "nonsense",
        "node",
        "node nonsense",
        "node approve",
        "node deny 4f2a",
        "node policy nonsense --home x",
        "coordinator invite",
        "coordinator invite --country md --home x",
        "coordinator invite --country MD --days 0 --home x",
        "node init --country md --home x",
        "demo --people 0",
        "demo --seed -1",
        "coordinator charter",
        "coordinator charter propose --delta much --home x",
        "coordinator charter propose --years 2020 --home x",
        "coordinator charter propose --countries MD,ro --home x",
        "coordinator token --list --revoke --home x",
        "ask --scope everywhere question",
        "results --format pdf",
        "demo --people many",
    ],
)
def test_wrong_usage_is_exit_code_two(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words.split())
    assert left.value.code == 2
    assert "usage: corridor" in capsys.readouterr().err


def test_a_damaged_credentials_file_is_told_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("[]")
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(path))
    assert main(["indicators"]) == 1
    assert "[client.damaged_credentials]" in capsys.readouterr().err
    assert path.read_text() == "[]"
