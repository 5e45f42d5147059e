"""`corridor node backup | check | restore`: what comes back is what was there, or nothing does."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from corridor.cli.main import main
from corridor.node import app
from corridor.node.app.people import people_desk
from corridor.node.backup import MAGIC
from corridor.node.checkups import CheckBook
from corridor.node.store import EditionStore, vault
from corridor.people import PeopleStore, Stage
from support.case_files import write_csv
from support.killing import killed_at_every_flush
from support.pages import PASSWORD, cheap_passwords
from support.typing_at_a_terminal import typed
from support.waiting_questions import CHILDREN, let_wait, put_charter_in_force

Capture = pytest.CaptureFixture[str]

OPENS, OTHER = "five words that nobody guesses", "five other words nobody guesses"
ROWS: list[dict[str, object]] = [
    {
        "con_Consent": "Yes",
        "prs_IdentityNumber": f"200300{number}",
        "prs_Gender": "Feminine",
        "cas_IncomingReferralDate": "2024-03-31",
    }
    for number in range(50)
]


@pytest.fixture
def run(capsys: Capture) -> Callable[..., Any]:
    """Runs `corridor node WORDS --json --home HOME`, and gives its document."""

    def run(home: Path | None, *words: object, code: int = 0) -> Any:
        if home is not None:
            vault.forget(home)
        capsys.readouterr()
        where = [] if home is None else ["--home", str(home)]
        done = main(["node", *map(str, words), "--json", *where])
        told = capsys.readouterr()
        assert done == code, told
        return json.loads(told.out)

    return run


@pytest.fixture
def node(tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node with case data, and the passphrase of its backups in the environment."""
    (tmp_path / "opens").write_text(OPENS)
    (tmp_path / "other").write_text(OTHER)
    monkeypatch.delenv("CORRIDOR_HOME", raising=False)
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "opens"))
    home = tmp_path / "node"
    run(home, "init", "--country", "MD")
    run(home, "import", write_csv(tmp_path / "cases.csv", ROWS))
    return home


def tables_of(home: Path) -> Any:
    world = app.real_world(home)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    current = store.current()
    return None if current is None else (current, store.tables(current.id).cases.to_pylist())


def refusal(document: Any) -> str:
    return str(document["error"]["code"])


def test_a_restored_node_has_its_keys_its_data_and_its_journal(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "passphrase")
    assert file.stat().st_mode & 0o777 == 0o600
    run(back, "restore", file)
    assert run(back, "card") == run(node, "card")
    assert tables_of(back) == tables_of(node)
    assert [one["kind"] for one in run(back, "journal")] == ["imported", "restored"]
    assert [one["kind"] for one in run(node, "journal")] == ["imported", "backed_up"]
    assert (back / "policy.toml").read_bytes() == (node / "policy.toml").read_bytes()
    run(back, "import", tmp_path / "cases.csv")  # nobody is somebody else: the same secret
    assert len(tables_of(back)[1]) == len(ROWS)


def test_a_restored_node_knows_no_open_approval_and_lets_nobody_in(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    world = app.real_world(node)
    charter = put_charter_in_force(world)
    approved, waits = let_wait(world, charter, needs=1), let_wait(world, charter, CHILDREN)
    app.approve(world, approved, "ana", app.approval(world, approved).shown)
    with people_desk(world) as people:
        people.add("Ana", ["approver"])
        people.add("Mihai", ["administrator"])
    with PeopleStore(node / "people.sqlite3") as store, store.writing():
        store.begin_session(b"a session", 1, "full", int(world.clock().timestamp()))
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "passphrase")
    app.deny(world, waits, "Ana")  # the backup knows nothing of it
    run(back, "restore", file)
    restored = app.real_world(back)
    found = {one.id: one.standing for one in app.approvals(restored)}
    assert found == {approved: "expired", waits: "expired"}
    with people_desk(restored) as people:
        assert [one.locked for one in people.people()] == [True, True]
    with PeopleStore(back / "people.sqlite3") as store:
        assert store.session(b"a session") is None
    run(back, "people", "unlock", "Ana")
    with people_desk(restored) as people:
        assert [one.locked for one in people.people()] == [False, True]


def test_a_second_factor_goes_on_in_a_node_that_is_sealed_and_in_one_that_is_restored(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "opens"))
    world = app.real_world(node)
    with people_desk(world) as people:
        cheap_passwords(people)
        people.enter("Ana", people.add("Ana", ["officer"]), PASSWORD)
        session = people.sign_in("Ana", PASSWORD)
        secret, _ = people.offer_second_factor(session)
        people.take_second_factor(session, pyotp.TOTP(secret).at(world.clock()))
    assert (node / "keys" / "people.key").stat().st_mode & 0o777 == 0o600
    run(node, "seal", "--with", "key-file", tmp_path / "stick")
    assert not (node / "keys" / "people.key").exists()
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "passphrase")
    run(back, "restore", file)
    run(back, "people", "unlock", "Ana")
    for home in (node, back):
        raw = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
        assert secret.encode() not in raw
        with people_desk(app.real_world(home)) as people:
            cheap_passwords(people)
            later = world.clock() + timedelta(seconds=30)
            session = people.sign_in("Ana", PASSWORD)
            done = people.confirm_code(session, pyotp.TOTP(secret).at(later))
            assert done.stage is Stage.FULL


def test_nothing_of_the_node_stands_in_a_backup_in_clear(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "passphrase")
    raw = file.read_bytes()
    assert raw.startswith(MAGIC)
    secrets = vault.all_secrets(node)
    for name in ("signing.key", "encryption.key", "store.key"):
        assert secrets[name] not in raw
        assert secrets[name].hex().encode() not in raw
    assert b"policy.toml" not in raw
    assert not [*node.glob(".backup-*")]


def test_a_sealed_node_comes_back_sealed_with_what_opened_the_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(node, "seal", "--with", "key-file", tmp_path / "stick")
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "passphrase")
    (tmp_path / "stick").unlink()  # lost with the machine
    run(back, "restore", file)
    assert not [*(back / "keys").glob("*.key"), *back.glob("*.key")]
    assert refusal(run(back, "card", code=1)) == "keys.locked"
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "opens"))
    assert run(back, "card")["country"] == "MD"


def test_without_data_a_backup_has_none_and_the_node_goes_on_from_an_import(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "key-file", tmp_path / "key", "--without-data")
    run(back, "restore", file)
    assert tables_of(back) is None
    assert list((node / "imports").glob("*"))  # quote cells of the case files
    assert not (back / "imports").exists()
    run(back, "import", tmp_path / "cases.csv")
    assert tables_of(back)[1] == tables_of(node)[1]


def test_case_files_on_their_way_through_the_console_are_in_no_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file, back = tmp_path / "backup", tmp_path / "back"
    on_its_way = node / "uploads" / "one" / "cases.csv"
    on_its_way.parent.mkdir(parents=True)
    on_its_way.write_text("prs_IdentityNumber\n1001\n")
    run(node, "backup", "--out", file, "--with", "key-file", tmp_path / "key")
    run(back, "restore", file)
    assert not (back / "uploads").exists()


def test_check_says_how_far_the_node_has_come_since(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "passphrase")
    run(node, "import", tmp_path / "cases.csv")
    findings = run(node, "check", file)["findings"]
    assert "journal: the running node has made 2 entries since" in findings
    assert any("has another edition" in one for one in findings)
    assert not [*node.glob(".backup-*")]
    alone = run(None, "check", file)["findings"]
    assert any(one.startswith("case data: every table") for one in alone)


def test_check_finds_a_journal_that_is_not_the_backups_continued(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    run(node, "import", tmp_path / "cases.csv")
    file, older = tmp_path / "backup", tmp_path / "older"
    older.write_bytes((node / "journal.sqlite3").read_bytes())
    run(node, "import", tmp_path / "cases.csv")
    run(node, "backup", "--out", file, "--with", "passphrase")
    (node / "journal.sqlite3").write_bytes(older.read_bytes())
    run(node, "import", tmp_path / "cases.csv")
    findings = run(node, "check", file, code=1)["findings"]
    assert any(one.startswith("!! journal") for one in findings)


def exercises(run: Callable[..., Any], node: Path) -> list[tuple[bool, str]]:
    """What the journal says of backups that were exercised: whether it knows of when, the code."""
    return [
        (bool(one["backup_at"]), one["code"])
        for one in run(node, "journal")
        if one["kind"] == "backup_checked"
    ]


def test_the_journal_says_what_became_of_an_exercise(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, broken, other = tmp_path / "backup", tmp_path / "broken", tmp_path / "another"
    run(node, "backup", "--out", file, "--with", "passphrase")
    run(node, "check", file)
    assert exercises(run, node) == [(True, "")]
    broken.write_bytes(file.read_bytes()[:-40])
    run(node, "check", broken, code=1)
    assert exercises(run, node) == [(True, ""), (False, "backup.damaged")]
    # Neither tells anything of this node's backups.
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "other"))
    run(node, "check", file, code=1)
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "opens"))
    run(other, "init", "--country", "RO")
    run(other, "check", file, code=1)
    assert exercises(run, other) == []
    assert len(exercises(run, node)) == 2


def test_a_backup_that_the_node_is_not_the_continuation_of_is_no_good_exercise(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file, older = tmp_path / "backup", tmp_path / "older"
    older.write_bytes((node / "journal.sqlite3").read_bytes())
    run(node, "import", tmp_path / "cases.csv")
    run(node, "backup", "--out", file, "--with", "passphrase")
    (node / "journal.sqlite3").write_bytes(older.read_bytes())
    run(node, "import", tmp_path / "cases.csv")
    run(node, "check", file, code=1)
    assert exercises(run, node) == [(True, "chain.broken")]


def test_the_check_of_the_node_itself_is_remembered_and_in_no_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "check")
    run(node, "doctor", code=1)  # it is not enrolled
    kept = CheckBook(node / "checks.json").read()
    assert kept["every table"].found.ok
    assert kept["every table"].found.finding.startswith("case data: every table of edition")
    assert kept["journal"].found.ok
    assert not kept["coordinator"].found.ok
    run(node, "backup", "--out", file, "--with", "passphrase")
    run(back, "restore", file)
    assert CheckBook(back / "checks.json").read() == {}


def test_another_passphrase_opens_no_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "passphrase")
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "other"))
    assert refusal(run(None, "check", file, code=1)) == "keys.wrong_secret"
    assert refusal(run(tmp_path / "back", "restore", file, code=1)) == "keys.wrong_secret"
    assert not (tmp_path / "back").exists()


def test_a_backup_is_never_sealed_with_the_passphrase_of_the_node_itself(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "other"))
    run(node, "seal", "--with", "passphrase")
    file = tmp_path / "backup"
    done = run(node, "backup", "--out", file, "--with", "passphrase")
    assert done["sealed_with"].startswith("a passphrase")
    assert run(None, "check", file)["sealed_with"] == done["sealed_with"]
    monkeypatch.delenv("CORRIDOR_BACKUP_PASSPHRASE_FILE")
    second = tmp_path / "second"
    for words in (
        ("backup", "--out", second, "--with", "passphrase"),
        ("check", file),
        ("restore", file),
    ):
        home = tmp_path / "back" if words[0] == "restore" else node
        error = run(home, *words, code=1)["error"]
        assert error["code"] == "keys.locked"
        assert "CORRIDOR_BACKUP_PASSPHRASE_FILE" in error["message"]
    assert not second.exists()


def test_at_a_terminal_a_person_is_asked_for_the_passphrase_of_a_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIDOR_PASSPHRASE_FILE", str(tmp_path / "other"))
    monkeypatch.delenv("CORRIDOR_BACKUP_PASSPHRASE_FILE")
    run(node, "seal", "--with", "passphrase")
    file = tmp_path / "backup"
    words = ["node", "backup", "--out", str(file), "--with", "passphrase", "--home", str(node)]
    status, shown = typed([str(Path(sys.executable).with_name("corridor")), *words], [OPENS] * 2)
    assert status == 0, shown
    assert "New passphrase for the backup: " in shown
    assert "sealed with a passphrase (Argon2id, 64 MiB), as typed" in " ".join(shown.split())
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "opens"))
    run(node, "check", file)


def test_the_node_s_key_file_variable_leads_to_no_key_of_a_backup(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(node, "seal", "--with", "key-file", tmp_path / "stick")
    monkeypatch.setenv("CORRIDOR_KEY_FILE", str(tmp_path / "stick"))
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "key-file", tmp_path / "key")
    run(node, "check", file)
    (tmp_path / "key").rename(tmp_path / "moved")
    error = run(node, "check", file, code=1)["error"]
    assert (error["code"], "CORRIDOR_BACKUP_KEY_FILE" in error["message"]) == (
        "keys.bad_key_file",
        True,
    )
    monkeypatch.setenv("CORRIDOR_BACKUP_KEY_FILE", str(tmp_path / "moved"))
    run(node, "check", file)


def test_what_a_wrong_secret_of_a_backup_advises_is_no_backup_of_it(
    node: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "passphrase")
    monkeypatch.setenv("CORRIDOR_BACKUP_PASSPHRASE_FILE", str(tmp_path / "other"))
    message = run(node, "check", file, code=1)["error"]["message"]
    assert "take another backup" in message
    assert "from the backup" not in message


@pytest.mark.parametrize("where", ["lock", "key", "first chunk", "last byte", "cut", "more"])
def test_an_altered_backup_restores_nothing(
    node: Path, tmp_path: Path, run: Callable[..., Any], where: str
) -> None:
    file, back = tmp_path / "backup", tmp_path / "back"
    run(node, "backup", "--out", file, "--with", "passphrase")
    raw = bytearray(file.read_bytes())
    match where:
        case "lock":
            raw[raw.index(b'"iterations":3') + 13] = ord("2")
        case "key":
            raw[raw.index(b'"key":"') + 20] ^= 1
        case "first chunk":
            raw[-len(raw) // 2] ^= 1
        case "last byte":
            raw[-1] ^= 1
        case "cut":
            del raw[-100:]
        case _:
            raw += b"more"
    file.write_bytes(raw)
    code = refusal(run(back, "restore", file, code=1))
    assert code in {"backup.damaged", "keys.wrong_secret", "backup.malformed"}
    assert not back.exists()
    assert not [*tmp_path.glob(".backup-*")]


def test_a_backup_goes_into_an_empty_folder_and_into_a_new_file_only(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file = tmp_path / "backup"
    words = ("--with", "passphrase")
    assert refusal(run(node, "backup", "--out", node / "mine", *words, code=1)) == "backup.target"
    run(node, "backup", "--out", file, *words)
    assert refusal(run(node, "backup", "--out", file, *words, code=1)) == "backup.target"
    assert refusal(run(node, "restore", file, code=1)) == "backup.home_not_empty"
    assert refusal(run(tmp_path / "back", "restore", tmp_path / "opens", code=1)) == (
        "backup.malformed"
    )


def test_another_nodes_backup_is_not_compared(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    file = tmp_path / "backup"
    run(node, "backup", "--out", file, "--with", "passphrase")
    run(tmp_path / "second", "init", "--country", "RO")
    code = refusal(run(tmp_path / "second", "check", file, code=1))
    assert code == "backup.other_node"


def test_while_the_journal_is_written_a_backup_holds_one_moment_of_it(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """Every entry of a copy follows the one before, whatever was written meanwhile."""
    writing = (
        "import sys, time; from pathlib import Path; from corridor.node import app\n"
        "from corridor.node.app.world import journal_of\n"
        "from corridor.node.home import Home; from corridor.node.keys import read_keys\n"
        "world = app.real_world(Path(sys.argv[1])); home = Home(world.home)\n"
        "with journal_of(world, home, read_keys(home)) as journal:\n"
        "    print('ready', flush=True)\n"
        "    while True: journal.started('test'); time.sleep(0.01)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", writing, str(node)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        try:
            files = [tmp_path / f"backup-{number}" for number in range(3)]
            for file in files:
                run(node, "backup", "--out", file, "--with", "passphrase")
        finally:
            writer.kill()
    counts = [run(None, "check", file)["journal"]["entries"] for file in files]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.slow
def test_killed_at_any_flush_a_backup_is_there_whole_or_not_at_all(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    environment = {"CORRIDOR_BACKUP_PASSPHRASE_FILE": str(tmp_path / "opens")}
    words = [
        "node",
        "backup",
        "--home",
        "{folder}/home",
        "--out",
        "{folder}/backup",
        "--with",
        "passphrase",
    ]
    killed, finished = killed_at_every_flush(node, tmp_path / "killed", words, environment)
    there = 0
    for folder in [*killed, finished]:
        if (folder / "backup").exists():
            there += 1
            run(None, "check", folder / "backup")
        run(folder / "home", "check")
    assert 1 <= there <= len(killed) + 1
    # What a kill left behind goes with the next backup.
    run(killed[0] / "home", "backup", "--out", tmp_path / "next", "--with", "passphrase")
    assert not [*(killed[0] / "home").glob(".backup-*")]


@pytest.mark.slow
def test_killed_at_any_flush_a_restored_node_is_there_whole_or_not_at_all(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    run(node, "seal", "--with", "key-file", tmp_path / "stick")
    run(node, "backup", "--out", tmp_path / "backup", "--with", "key-file", tmp_path / "stick")
    card = run(node, "card")
    words = ["node", "restore", str(tmp_path / "backup"), "--home", "{folder}/back"]
    killed, finished = killed_at_every_flush(node, tmp_path / "killed", words, {})
    there = 0
    for folder in [*killed, finished]:
        back = folder / "back"
        if not back.exists():
            run(back, *words[1:3])  # once more, beside what the kill left
            assert not [*folder.glob(".backup-*")]
        else:
            there += 1
        assert run(back, "card") == card
        run(back, "check")
    assert there >= 1


def test_a_backup_waits_for_no_import_that_runs(
    node: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    world = app.real_world(node)
    store = EditionStore(node, world.random_bytes, world.clock)
    with store.standing_still():
        document = run(node, "backup", "--out", tmp_path / "backup", "--with", "passphrase", code=1)
    assert refusal(document) == "store.busy"
    assert not (tmp_path / "backup").exists()
