"""The coordinator's commands on a real home, without `serve`."""

import json
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.transport.invitations import parse_invitation

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    monkeypatch.setenv("CORRIDOR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert main(["coordinator", "init", "--name", "Danube region"]) == 0
    assert "Next: corridor coordinator serve" in capsys.readouterr().out
    return tmp_path / "home"


def told(capsys: Capture, *words: str) -> Any:
    assert main(["coordinator", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_home_is_made_once(capsys: Capture) -> None:
    assert main(["coordinator", "init", "--name", "Another"]) == 1
    assert "[coordinator.home_in_use]" in capsys.readouterr().err


def test_an_invitation_is_a_private_file_that_a_node_can_read(
    tmp_path: Path, capsys: Capture
) -> None:
    document = told(capsys, "invite", "--country", "MD")
    path = tmp_path / "invitation-MD.json"
    assert document["file"] == path.name
    assert path.stat().st_mode & 0o777 == 0o600
    invitation = parse_invitation(path.read_bytes())
    assert invitation.country == "MD"
    assert invitation.authority == document["authority"]
    assert invitation.code not in json.dumps(document)


def test_an_invitation_tells_the_next_command(capsys: Capture) -> None:
    assert main(["coordinator", "invite", "--country", "MD"]) == 0
    assert "corridor node enrol invitation-MD.json" in capsys.readouterr().out


def test_a_token_is_shown_once_then_listed_then_revoked(capsys: Capture) -> None:
    issued = told(capsys, "token", "Ana", "--organisation", "IOM")
    assert issued["token"].startswith("corridor_")
    assert told(capsys, "token", "--list") == [{"name": "Ana", "organisation": "IOM"}]
    assert told(capsys, "token", "Ana", "--revoke") == {"name": "Ana", "revoked": True}
    assert told(capsys, "token", "--list") == []


def test_a_charter_needs_enrolled_members(capsys: Capture) -> None:
    assert main(["coordinator", "charter", "propose"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_region_of_nobody_says_what_to_do(capsys: Capture) -> None:
    assert told(capsys, "members") == []
    assert main(["coordinator", "members"]) == 0
    assert "corridor coordinator invite --country CC" in capsys.readouterr().out
