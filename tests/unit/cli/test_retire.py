"""`corridor node retire`: what is gone, what can still be read, whenever it is killed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.main import main
from corridor.node.store import vault
from support.case_files import write_csv
from support.killing import killed_at_every_flush

Capture = pytest.CaptureFixture[str]

ROW: dict[str, object] = {"con_Consent": "Yes", "prs_IdentityNumber": "2003001234567"}


@pytest.fixture
def run(capsys: Capture) -> Callable[..., Any]:
    def run(home: Path | None, *words: object, code: int = 0) -> Any:
        capsys.readouterr()
        where = [] if home is None else ["--home", str(home)]
        done = main([*map(str, words), "--json", *where])
        told = capsys.readouterr()
        assert done == code, told
        return json.loads(told.out)

    return run


@pytest.fixture
def node(tmp_path: Path, run: Callable[..., Any]) -> Path:
    home = tmp_path / "node"
    run(home, "node", "init", "--country", "MD")
    run(home, "node", "import", write_csv(tmp_path / "cases.csv", [ROW]))
    return home


def refusal(document: Any) -> str:
    return str(document["error"]["code"])


def retire(home: Path, out: Path, run: Callable[..., Any]) -> Any:
    return run(home, "node", "retire", "--out", out, "--by", "Director", "--erase-all-case-data")


def test_a_retired_node_has_no_case_data_and_does_nothing_more(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    retire(node, tmp_path / "out", run)
    assert not (node / "editions").exists()
    assert not (node / "store.key").exists()
    case_file = tmp_path / "cases.csv"
    for words in (("import", case_file), ("serve",), ("editions",), ("enrol", case_file)):
        assert refusal(run(node, "node", *words, code=1)) == "keys.node_retired"
    assert not (node / "store.key").exists()


def test_what_a_retired_node_did_can_be_read_and_verified(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    mark = run(node, "node", "card")["fingerprint"]
    done = retire(node, tmp_path / "out", run)
    assert [Path(one).name for one in done["files"]] == [
        "journal.jsonl",
        "ledger.jsonl",
        "card.json",
    ]
    found = run(None, "verify-journal", tmp_path / "out" / "journal.jsonl", "--trust", f"MD={mark}")
    assert found["kinds"] == {"imported": 1, "retired": 1}
    last = run(node, "node", "journal")[-1]
    assert (last["kind"], last["by"]) == ("retired", "Director")
    assert last["ledger"]["spent"] == "0"
    assert run(node, "node", "budget")["spent"] == "0"
    assert run(node, "node", "series") == []


def test_a_retired_node_says_so_and_is_asked_to_mend_nothing(
    node: Path, tmp_path: Path, run: Callable[..., Any], capsys: Capture
) -> None:
    retire(node, tmp_path / "out", run)
    assert run(node, "node", "status", code=1)["retired"]
    found = {one["what"]: one for one in run(node, "node", "doctor")}
    assert all(one["ok"] for one in found.values())
    for what in ("certificate", "coordinator"):
        assert found[what]["finding"] == "given up: this node has retired"
    assert main(["node", "journal", "--home", str(node)]) == 0
    shown = capsys.readouterr().out
    assert "{" not in shown
    assert "country MD" in " ".join(shown.split())


def test_without_saying_that_it_is_meant_nothing_is_done(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    run(node, "node", "retire", "--out", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()
    run(node, "node", "import", tmp_path / "cases.csv")


def test_a_sealed_node_loses_the_key_of_its_data_from_the_vault(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    run(node, "node", "seal", "--with", "key-file", tmp_path / "key")
    retire(node, tmp_path / "out", run)
    vault.forget(node)
    run(node, "node", "card")
    assert sorted(vault.all_secrets(node)) == ["encryption.key", "signing.key"]


@pytest.mark.slow
def test_killed_at_any_flush_a_retirement_is_ended_by_the_same_command(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    words = ["node", "retire", "--home", "{folder}/home", "--out", "{folder}/out"]
    killed, finished = killed_at_every_flush(
        node, tmp_path / "killed", [*words, "--erase-all-case-data"], {}
    )
    for folder in [*killed, finished]:
        home = folder / "home"
        before = (home / "retired.json").exists()
        if before:
            document = run(home, "node", "import", tmp_path / "cases.csv", code=1)
            assert refusal(document) == "keys.node_retired"
        retire(home, folder / "out", run)
        kinds = [one["kind"] for one in run(home, "node", "journal")]
        assert kinds == ["imported", "retired"]
        assert not (home / "editions").exists()
        assert not (home / "store.key").exists()
