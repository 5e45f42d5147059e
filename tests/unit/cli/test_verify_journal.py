"""`corridor verify-journal`: what anybody can check of a node's journal, and what not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)

    def run(*words: object, code: int = 0) -> Any:
        capsys.readouterr()
        done = main([*map(str, words), "--json"])
        told = capsys.readouterr()
        assert done == code, told
        return json.loads(told.out)

    return run


class Exported:
    """A node that sealed its keys again and again, its fingerprint, and its journal as a file."""

    def __init__(self, folder: Path, country: str, run: Callable[..., Any]) -> None:
        self.home, self.run = folder / country, run
        run("node", "init", "--country", country, "--home", self.home)
        self.mark = run("node", "card", "--home", self.home)["fingerprint"]
        self.trust = ("--trust", f"{country}={self.mark}")
        self.file = folder / f"{country}.jsonl"
        self.go_on()
        self.go_on()

    def go_on(self) -> None:
        self.run("node", "seal", "--with", "none", "--home", self.home)
        self.run("node", "journal", "--export", self.file, "--home", self.home)

    def error(self, *words: object) -> dict[str, str]:
        document = self.run("verify-journal", self.file, *words, code=1)
        found: dict[str, str] = document["error"]
        return found

    def code(self, *words: object) -> str:
        return self.error(*words)["code"]


@pytest.fixture
def moldova(tmp_path: Path, run: Callable[..., Any]) -> Exported:
    return Exported(tmp_path, "MD", run)


def test_a_journal_is_verified_with_a_fingerprint_and_no_node(
    moldova: Exported, run: Callable[..., Any]
) -> None:
    found = run("verify-journal", moldova.file, *moldova.trust)
    assert (found["country"], found["entries"], found["kinds"]) == ("MD", 2, {"sealed": 2})
    assert any("cut off at its end" in one for one in found["not_proven"])


def test_a_journal_vouches_for_nothing_by_itself(
    moldova: Exported, run: Callable[..., Any]
) -> None:
    run("verify-journal", moldova.file, code=2)
    assert moldova.code("--trust", f"RO={moldova.mark}") == "journal.unknown_signer"


def test_another_nodes_journal_is_not_passed_off_as_this_ones(
    moldova: Exported, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """The forger has every public thing: Moldova's card and name, and a key of their own."""
    forger = Exported(tmp_path, "RO", run)
    head, *entries = forger.file.read_text().splitlines()
    own = json.loads(moldova.file.read_text().splitlines()[0])
    forged = [
        own,
        {**json.loads(head), "country": "MD"},
        {**json.loads(head), "country": "MD", "card": own["card"]},
        {key: value for key, value in own.items() if key != "card"},
    ]
    codes = []
    for one in forged:
        moldova.file.write_text("\n".join([json.dumps(one), *entries]))
        codes.append(moldova.code(*moldova.trust))
    assert codes == ["journal.altered", *["journal.other_signer"] * 3]


@pytest.mark.parametrize("change", ["edit", "drop", "swap"])
def test_an_altered_journal_is_found(moldova: Exported, change: str) -> None:
    lines = moldova.file.read_text().splitlines()
    match change:
        case "edit":
            lines[1] = lines[1].replace("none", "gone")
        case "drop":
            del lines[1]
        case _:
            lines[1], lines[2] = lines[2], lines[1]
    moldova.file.write_text("\n".join(lines))
    error = moldova.error(*moldova.trust)
    assert error["code"] == "journal.altered"
    assert "this node" not in error["message"]  # whoever reads it has none, or another


def test_an_end_that_was_cut_off_is_found_with_an_earlier_export_only(
    moldova: Exported, tmp_path: Path, run: Callable[..., Any]
) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_bytes(moldova.file.read_bytes())
    moldova.go_on()
    found = run("verify-journal", moldova.file, *moldova.trust, "--earlier", earlier)
    assert (found["entries"], found["continues"]) == (3, 2)
    lines = moldova.file.read_text().splitlines()
    moldova.file.write_text("\n".join(lines[:2]))
    assert run("verify-journal", moldova.file, *moldova.trust)["entries"] == 1
    code = moldova.code(*moldova.trust, "--earlier", earlier)
    assert code == "journal.not_continued"
