"""Exit codes, and that nothing a user can cause ends in a traceback."""

import json
from pathlib import Path

import pytest

from corridor.cli.main import main


@pytest.fixture(autouse=True)
def nobody_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRIDOR_CREDENTIALS", str(tmp_path / "none" / "credentials.json"))
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


REFUSED = {
    "coordinator members": "cli.no_home",
    "coordinator members --home empty": "coordinator.no_home",
    "coordinator serve --home empty": "coordinator.no_home",
    "coordinator token --home empty": "cli.no_token_name",
    "coordinator charter show --home empty": "coordinator.no_home",
    "coordinator init --home new --name X --web nowhere": "coordinator.settings",
    "node status": "cli.no_home",
    "node enrol missing.json --home empty": "cli.unreadable_file",
    "node init --country md --home new": "cli.bad_trust",
    "node approve": "node.approvals_not_built",
    "ask": "cli.no_question",
    "ask SELECT 1": "cli.no_question",
    "ask --indicator corridor_matrix 2019": "cli.bad_parameter",
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
    assert main(words.split()) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"[{code}]" in told.err
    assert "Traceback" not in told.err


def test_a_refusal_is_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "status", "--json"]) == 1
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
        "coordinator invite",
        "coordinator invite --country md --home x",
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
