"""A console whose node's keys are sealed with a passphrase: asked for at its start, and once."""

from pathlib import Path

import httpx
import pytest

from corridor.errors.console import ImportRefusedError
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.console import run_import
from corridor.node.import_desk import ImportJob
from corridor.node.store import vault
from corridor.node.store.locks import Sources
from support.case_files import write_csv
from support.console_region import console_process
from support.demo_region import command

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

SAID = "five words that nobody guesses"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "MD"
    world = node_app.real_world(made)
    node_app.initialise(world, country=CountryCode("MD"), name="Ministry of the Interior")
    (tmp_path / "passphrase").write_text(SAID)
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    node_app.seal(node_app.real_world(made), node_app.Sealing("passphrase"))
    vault.forget(made)
    return made


def test_it_does_not_start_without_the_passphrase_and_does_with_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with console_process(home) as address:
        assert httpx.get(f"{address}/sign-in").status_code == 200
    monkeypatch.delenv("CORRIDOR_PASSPHRASE_FILE")
    refused = command("node", "console", "--home", str(home), "--listen", "127.0.0.1:0", code=1)
    assert refused["error"]["code"] == "keys.locked"


def test_the_process_that_imports_needs_no_passphrase_of_its_own(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was typed at the console's start: there is no file, and the child has no terminal."""
    monkeypatch.delenv("CORRIDOR_PASSPHRASE_FILE")
    cases = write_csv(tmp_path / "cases.csv", [{"con_Consent": "Yes", "prs_Gender": "Feminine"}])
    job = ImportJob(folder=tmp_path / "job", files=(cases,), mappings=(), replace=False)
    vault.unlock_with(home, Sources(), bytes)
    with pytest.raises(ImportRefusedError, match="passphrase") as error:
        run_import_locked(home, job)
    assert error.value.code == "keys.locked"
    typed = iter([SAID])
    vault.unlock_with(home, Sources(ask=lambda _: next(typed)), bytes)
    done = run_import(home, job, lambda _: None)
    assert done["document"]["persons"] == 1


def run_import_locked(home: Path, job: ImportJob) -> None:
    """As a console would that handed nothing over: the twin, in which the child must ask."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corridor.node.app.console.hand_over", lambda _: "")
        run_import(home, job, lambda _: None)
