"""Where private keys lie: files, or one sealed file that only its secret opens."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from corridor.errors.keeping import (
    BadKeyFileError,
    LockedError,
    NoCredentialError,
    UnreadableLockError,
    VaultBusyError,
    WeakPassphraseError,
    WrongSecretError,
)
from corridor.files import holding_lock
from corridor.node.store import vault
from corridor.node.store.locks import (
    CredentialLock,
    KeyFileLock,
    Lock,
    PassphraseLock,
    Sources,
    derive_key,
    lock_document,
    new_passphrase,
    parse_lock,
)

SALT = bytes(range(16))
CHEAP = PassphraseLock(SALT, iterations=1, lanes=1, memory_kib=8)
RIGHT, WRONG = b"five words that nobody guesses", b"five words that anybody guesses"
SECRETS = {"signing.key": bytes([1]) * 32, "tls.key": b"a key in PEM", "store.key": b"ab" * 32}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with three secrets in files."""
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True)
    vault.unlock_with(home, Sources(), Random(1).randbytes)
    for name, secret in SECRETS.items():
        vault.keep_secret(home, name, secret)
    return home


def says(tmp_path: Path, passphrase: bytes) -> Sources:
    path = tmp_path / "passphrase"
    path.write_bytes(passphrase + b"\n")
    return Sources(passphrase_file=path)


def sealed(home: Path, lock: Lock = CHEAP, secret: bytes = RIGHT) -> Path:
    """The home, sealed, and opened by nobody yet."""
    vault.seal_with(home, lock, derive_key(lock, secret))
    vault.forget(home)
    return home


def bytes_on_disk(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def test_sealed_keys_are_read_again_with_the_passphrase_and_lie_nowhere_else(
    home: Path, tmp_path: Path
) -> None:
    sealed(home)
    on_disk = bytes_on_disk(home)
    assert not [name for name, secret in SECRETS.items() if secret in on_disk]
    assert not [name for name, secret in SECRETS.items() if secret.hex().encode() in on_disk]
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    assert {name: vault.read_secret(home, name) for name in SECRETS} == SECRETS


@pytest.mark.parametrize("is_sealed", [False, True])
def test_two_who_find_no_secret_both_get_what_the_first_kept(
    home: Path, tmp_path: Path, is_sealed: bool
) -> None:
    if is_sealed:
        sealed(home)
    first, second = (f"{one} secret".encode() for one in ("first", "second"))
    for new in (first, second):
        vault.forget(home)
        vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
        assert vault.secret_or_new(home, "people.key", new) == first
    assert vault.read_secret(home, "store.key") == SECRETS["store.key"]
    assert (home / "keys" / "people.key").exists() != is_sealed


def test_whoever_found_no_secret_looks_again_before_keeping_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = vault.has_secret
    answers = iter([False])  # the other process keeps its own between the two looks

    def late(home: Path, name: str) -> bool:
        return next(answers, real(home, name))

    vault.keep_secret(home, "people.key", b"the other's")
    monkeypatch.setattr(vault, "has_secret", late)
    assert vault.secret_or_new(home, "people.key", b"mine") == b"the other's"


def test_another_passphrase_opens_nothing_and_changes_nothing(home: Path, tmp_path: Path) -> None:
    sealed(home)
    before = bytes_on_disk(home)
    vault.unlock_with(home, says(tmp_path, WRONG), Random(2).randbytes)
    with pytest.raises(WrongSecretError):
        vault.read_secret(home, "signing.key")
    assert bytes_on_disk(home) == before


def test_a_passphrase_that_is_typed_may_be_mistyped_twice(home: Path) -> None:
    sealed(home)
    typed = iter(["a typing error", "another one", RIGHT.decode()])
    vault.unlock_with(home, Sources(ask=lambda _: next(typed)), Random(2).randbytes)
    assert vault.read_secret(home, "store.key") == SECRETS["store.key"]


def test_a_passphrase_mistyped_three_times_is_not_asked_for_again(home: Path) -> None:
    sealed(home)
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "not this one"

    sources = Sources(ask=ask)
    vault.unlock_with(home, sources, Random(2).randbytes)
    for name in SECRETS:
        with pytest.raises(WrongSecretError):
            vault.read_secret(home, name)
    assert len(asked) == 3


def test_without_terminal_and_file_it_is_said_how_to_give_the_passphrase(home: Path) -> None:
    sealed(home)
    vault.unlock_with(home, Sources(), Random(2).randbytes)
    with pytest.raises(LockedError, match="CORRIDOR_PASSPHRASE_FILE"):
        vault.read_secret(home, "signing.key")


def test_a_cheaper_lock_put_before_the_same_bytes_does_not_open(home: Path, tmp_path: Path) -> None:
    dear = PassphraseLock(SALT, iterations=2, lanes=1, memory_kib=16)
    sealed(home, dear)
    path = home / vault.VAULT
    document = json.loads(path.read_bytes())
    document["lock"] = lock_document(CHEAP)
    path.write_text(json.dumps(document))
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    with pytest.raises(WrongSecretError):
        vault.read_secret(home, "signing.key")


def test_a_vault_that_is_cut_off_is_said_to_be_damaged(home: Path, tmp_path: Path) -> None:
    sealed(home)
    path = home / vault.VAULT
    path.write_bytes(path.read_bytes()[:-40])
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    with pytest.raises(UnreadableLockError):
        vault.read_secret(home, "signing.key")


def test_a_secret_kept_later_is_in_the_vault_and_nowhere_else(home: Path, tmp_path: Path) -> None:
    sealed(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    vault.keep_secret(home, "tls.key", b"the key of a new certificate")
    assert b"new certificate" not in bytes_on_disk(home)
    vault.forget(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(3).randbytes)
    assert vault.read_secret(home, "tls.key") == b"the key of a new certificate"
    assert vault.read_secret(home, "signing.key") == SECRETS["signing.key"]


def test_a_process_that_runs_sees_what_another_kept_without_asking_again(
    home: Path, tmp_path: Path
) -> None:
    sealed(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    key = derive_key(CHEAP, RIGHT)
    assert vault.read_secret(home, "tls.key") == SECRETS["tls.key"]
    (tmp_path / "passphrase").unlink()
    raw = vault.vault_bytes({**SECRETS, "tls.key": b"new"}, CHEAP, key, Random(4).randbytes)
    (home / vault.VAULT).write_bytes(raw)
    assert vault.read_secret(home, "tls.key") == b"new"


def test_what_a_kill_left_beside_the_vault_is_erased_when_it_is_opened(
    home: Path, tmp_path: Path
) -> None:
    sealed(home)
    left = home / "keys" / "signing.key"
    left.write_bytes(SECRETS["signing.key"])
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    vault.read_secret(home, "store.key")
    assert not left.exists()


@pytest.mark.parametrize("change", ["keep", "drop", "seal", "unseal"])
def test_no_secret_is_changed_while_another_process_is_at_it(
    home: Path, tmp_path: Path, change: str
) -> None:
    sealed(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    before = (home / vault.VAULT).read_bytes()
    changes: dict[str, Callable[[], None]] = {
        "keep": lambda: vault.keep_secret(home, "tls.key", b"another"),
        "drop": lambda: vault.drop_secret(home, "tls.key"),
        "seal": lambda: vault.seal_with(home, CHEAP, derive_key(CHEAP, WRONG)),
        "unseal": lambda: vault.unseal_all(home),
    }
    with holding_lock(home / "keys" / "vault.lock"), pytest.raises(VaultBusyError):
        changes[change]()
    assert (home / vault.VAULT).read_bytes() == before
    changes[change]()


def test_of_many_processes_that_each_keep_a_secret_none_takes_anothers_back(
    home: Path, tmp_path: Path
) -> None:
    sealed(home)
    says(tmp_path, RIGHT)
    script = (
        "import sys, secrets, pathlib, time\n"
        "from corridor.errors.keeping import VaultBusyError\n"
        "from corridor.node.store import vault\n"
        "from corridor.node.store.locks import Sources\n"
        "home, name = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "vault.unlock_with(\n"
        "    home, Sources(passphrase_file=home.parent / 'passphrase'), secrets.token_bytes\n"
        ")\n"
        "vault.read_secret(home, name)\n"
        "for n in range(30):\n"
        "    try:\n"
        "        vault.keep_secret(home, name, b'%d' % n)\n"
        "    except VaultBusyError:\n"
        "        sys.exit(3)\n"
        "    assert vault.read_secret(home, name) == b'%d' % n\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(home), name])
        for name in ("signing.key", "tls.key")
    ]
    assert [one.wait(60) for one in running] == [0, 0]
    vault.unlock_with(home, Sources(passphrase_file=tmp_path / "passphrase"), Random(2).randbytes)
    kept = [vault.read_secret(home, name) for name in ("signing.key", "tls.key")]
    assert kept == [b"29", b"29"]


@pytest.mark.parametrize("change", ["keep", "drop", "seal", "unseal"])
def test_the_bytes_of_the_vault_of_before_are_overwritten(
    home: Path, tmp_path: Path, change: str
) -> None:
    sealed(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    with (home / vault.VAULT).open("rb") as before:  # as the disk keeps what has no name
        if change == "keep":
            vault.keep_secret(home, "tls.key", b"another")
        elif change == "drop":
            vault.drop_secret(home, "tls.key")
        elif change == "seal":
            vault.seal_with(home, CHEAP, derive_key(CHEAP, WRONG))
        else:
            vault.unseal_all(home)
        assert not any(before.read())
    assert not list((home / "keys").glob("*vault.before*"))


def test_a_vault_of_before_that_a_kill_left_is_overwritten_when_it_is_opened(
    home: Path, tmp_path: Path
) -> None:
    sealed(home)
    now, left = home / vault.VAULT, home / "keys" / "vault.before"
    left.hardlink_to(now)  # killed before the new one took its place
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    assert vault.read_secret(home, "tls.key") == SECRETS["tls.key"]
    assert now.exists()
    assert not left.exists()
    left.write_bytes(now.read_bytes())  # killed afterwards
    vault.forget(home)
    vault.unlock_with(home, says(tmp_path, RIGHT), Random(2).randbytes)
    with left.open("rb") as before:
        assert vault.read_secret(home, "tls.key") == SECRETS["tls.key"]
        assert not any(before.read())


def test_unsealed_again_the_files_are_what_they_were(home: Path) -> None:
    before = bytes_on_disk(home)
    vault.seal_with(home, CHEAP, derive_key(CHEAP, RIGHT))
    vault.unseal_all(home)
    assert bytes_on_disk(home) == before


def test_a_key_file_opens_where_it_lies_now(home: Path, tmp_path: Path) -> None:
    path, moved = tmp_path / "stick" / "key", tmp_path / "elsewhere"
    lock = KeyFileLock(SALT, str(path))
    sealed(home, lock, bytes(32))
    moved.write_bytes(bytes(32))
    vault.unlock_with(home, Sources(), Random(2).randbytes)
    with pytest.raises(BadKeyFileError):
        vault.read_secret(home, "signing.key")
    vault.unlock_with(home, Sources(key_file=moved), Random(2).randbytes)
    assert vault.read_secret(home, "signing.key") == SECRETS["signing.key"]


def test_a_credential_of_systemd_opens(home: Path, tmp_path: Path) -> None:
    lock = CredentialLock(SALT, "corridor-master")
    sealed(home, lock, bytes(32))
    vault.unlock_with(home, Sources(), Random(2).randbytes)
    with pytest.raises(NoCredentialError):
        vault.read_secret(home, "signing.key")
    (tmp_path / "corridor-master").write_bytes(bytes(32))
    vault.unlock_with(home, Sources(credentials=tmp_path), Random(2).randbytes)
    assert vault.read_secret(home, "signing.key") == SECRETS["signing.key"]


@pytest.mark.parametrize(
    "lock", [PassphraseLock(SALT), KeyFileLock(SALT, "/a/key"), CredentialLock(SALT, "name")]
)
def test_a_lock_is_read_as_it_was_written(lock: Lock) -> None:
    assert parse_lock(lock_document(lock), "a file") == lock


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"kind": "passphrase", "salt": "00" * 16},
        {"kind": "passphrase", "salt": "00" * 16, "iterations": 1, "lanes": 1, "memory_kib": 1e9},
        {"kind": "credential", "salt": "00" * 16, "name": "../../etc/shadow"},
        {"kind": "plain", "salt": "00" * 16},
        {"kind": "key-file", "salt": "00", "path": "/a"},
    ],
)
def test_what_is_no_lock_is_refused(document: object) -> None:
    with pytest.raises(UnreadableLockError):
        parse_lock(document, "a file")


def test_a_new_passphrase_is_long_and_typed_twice_alike() -> None:
    with pytest.raises(WeakPassphraseError, match="fewer than 12"):
        new_passphrase(Sources(ask=lambda _: "eleven char"), "keys")
    typed = iter(["five words of mine here", "five words of mine there"])
    with pytest.raises(WeakPassphraseError, match="alike"):
        new_passphrase(Sources(ask=lambda _: next(typed)), "keys")


def test_the_passphrase_that_nobody_chose_costs_64_mib_and_three_passes() -> None:
    """RFC 9106, section 4, second recommended option."""
    lock = PassphraseLock(SALT)
    assert (lock.iterations, lock.lanes, lock.memory_kib) == (3, 4, 65536)
    assert derive_key(lock, RIGHT) != derive_key(lock, WRONG)


def test_files_of_keys_are_for_the_owner_alone(home: Path) -> None:
    sealed(home)
    assert (home / vault.VAULT).stat().st_mode & 0o777 == 0o600
