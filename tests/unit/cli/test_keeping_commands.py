"""`corridor node seal`: what it leaves on the disk, whenever it is killed."""

import json
import re
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.node.store import vault
from support.killing import killed_at_every_flush

Capture = pytest.CaptureFixture[str]

OLD, NEW = "five words that nobody guesses", "five other words nobody guesses"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new node, and files with an old and a new passphrase."""
    for variable in ("CORRIDOR_PASSPHRASE_FILE", "CORRIDOR_NEW_PASSPHRASE_FILE"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "old").write_text(OLD + "\n")
    (tmp_path / "new").write_text(NEW + "\n")
    home = tmp_path / "node"
    assert main(["node", "init", "--country", "MD", "--home", str(home)]) == 0
    return home


def fingerprint(home: Path, capsys: Capture, code: int = 0) -> str:
    """What `card` shows: the keys opened, and are these."""
    vault.forget(home)
    capsys.readouterr()
    assert main(["node", "card", "--json", "--home", str(home)]) == code
    document = json.loads(capsys.readouterr().out)
    return str(document["fingerprint"] if code == 0 else document["error"]["code"])


def seal(home: Path, *words: str, code: int = 0) -> None:
    vault.forget(home)
    assert main(["node", "seal", "--with", *words, "--home", str(home)]) == code


def test_a_sealed_node_answers_to_its_passphrase_and_to_no_other(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    before = fingerprint(node, capsys)
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "old"))
    seal(node, "passphrase")
    assert sorted(path.name for path in (node / "keys").iterdir()) == ["vault", "vault.lock"]
    assert not (node / "store.key").exists()
    assert fingerprint(node, capsys) == before
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "new"))
    assert fingerprint(node, capsys, code=1) == "keys.wrong_secret"
    monkeypatch.delenv("CORRIDOR_PASSPHRASE_FILE")
    assert fingerprint(node, capsys, code=1) == "keys.locked"


def test_a_wrong_passphrase_is_said_once_by_the_doctor(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "old"))
    seal(node, "passphrase")
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "new"))
    vault.forget(node)
    capsys.readouterr()
    assert main(["node", "doctor", "--json", "--home", str(node)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert sum("keys.wrong_secret" in one["finding"] for one in found) == 1
    closed = {one["what"] for one in found if one["finding"].startswith("not looked at")}
    assert {"ledger", "journal", "charter", "certificate"} <= closed
    assert not any(one["ok"] for one in found if one["what"] in closed)


def test_keys_that_are_not_sealed_are_a_warning_and_no_fault(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def rest() -> dict[str, object]:
        vault.forget(node)
        capsys.readouterr()
        main(["node", "doctor", "--json", "--home", str(node)])
        found = json.loads(capsys.readouterr().out)
        return next(one for one in found if one["what"] == "keys at rest")

    found = rest()
    assert (found["ok"], found["warns"]) == (True, True)
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "old"))
    seal(node, "passphrase")
    assert not rest()["warns"]


def test_status_doctor_and_journal_say_how_the_keys_are_kept(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    main(["node", "doctor", "--home", str(node)])
    assert "not sealed: whoever copies this folder" in capsys.readouterr().out
    seal(node, "key-file", str(tmp_path / "key"))
    main(["node", "doctor", "--home", str(node)])
    assert re.search(r"sealed\s+with\s+the\s+key\s+file", capsys.readouterr().out)
    main(["node", "journal", "--json", "--home", str(node)])
    assert [(one["kind"], one["how"]) for one in json.loads(capsys.readouterr().out)] == [
        ("sealed", "key-file")
    ]


def test_a_key_file_in_the_folder_that_it_locks_is_refused(node: Path, capsys: Capture) -> None:
    before = fingerprint(node, capsys)
    seal(node, "key-file", str(node / "keys" / "mine"), code=1)
    assert "keys.bad_key_file" in capsys.readouterr().err
    assert fingerprint(node, capsys) == before


def test_a_passphrase_on_the_command_line_is_wrong_usage(node: Path, capsys: Capture) -> None:
    seal(node, "passphrase", OLD, code=2)
    assert "never given on the command line" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("step", ["seal", "change", "unseal"])
def test_killed_at_any_flush_either_what_opened_it_before_opens_it_or_what_opens_it_afterwards(
    step: str, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    mark = fingerprint(node, capsys)
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "old"))
    if step != "seal":
        seal(node, "passphrase")
    killed, finished = killed_at_every_flush(
        node,
        tmp_path / "killed",
        [
            *["node", "seal", "--home", "{folder}/home", "--with"],
            "none" if step == "unseal" else "passphrase",
        ],
        {
            "CORRIDOR_PASSPHRASE_FILE": str(tmp_path / "old"),
            **({"CORRIDOR_NEW_PASSPHRASE_FILE": str(tmp_path / "new")} if step == "change" else {}),
        },
    )
    opened_by = []
    for folder in [*killed, finished]:
        home = folder / "home"
        for file in ("old", "new"):
            monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / file))
            vault.forget(home)
            if main(["node", "card", "--home", str(home)]) == 0:
                assert fingerprint(home, capsys) == mark
                opened_by.append(file)
                break
        left = {path.name for path in (home / "keys").glob("*.key")}
        assert left in (set(), {"signing.key", "encryption.key"})
        assert bool(left) != (home / vault.VAULT).exists()
    assert len(opened_by) == len(killed) + 1
    if step == "change":
        assert set(opened_by) == {"old", "new"}  # the switch is one step, somewhere between
        assert opened_by == sorted(opened_by, reverse=True)
