"""A node's private keys on disk: each in a file of mode 0600, or all in one sealed file.

    keys/vault          the lock in clear, and under it every secret of `PLACES`
    keys/signing.key …  the same secrets as files, where there is no vault

Where the vault is, it alone counts: a secret that lies beside it is what a kill left behind, and is
erased when the vault is next opened. So sealing is one rename, and unsealing is one removal:

    files  ─ write the vault (rename) ─> vault + files ─ erase the files ─> vault
    vault  ─ write the files ─> vault + files ─ remove the vault ─> files
    vault  ─ write the vault anew (rename) ─> vault, under another lock

At each moment either what opened it before opens it, or what opens it afterwards does. The vault's
file of before keeps a second name (`keys/vault.before`) until it is overwritten: by the same
process, or after a kill by whoever opens the vault next.

**One writer.** Whoever changes a secret holds `keys/vault.lock`, and reads under it what is there:
of two processes that each replace one secret, neither takes the other's back.

**One place.** A process opens the vault of a home once, when a secret is first wanted, and keeps
what was in it; `unlock_with` says how before that (an `app` does). Every reader of a secret comes
through `read_secret`, in whichever process: commands, `serve`, the console.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corridor.errors import CorridorError
from corridor.errors.files import DiskError
from corridor.errors.keeping import LockedError, UnreadableLockError, VaultBusyError
from corridor.files import (
    erase_file,
    flush_folder,
    holding_lock,
    make_private_folder,
    write_atomically,
)
from corridor.node.store.locks import (
    Lock,
    Sources,
    lock_document,
    lock_label,
    parse_lock,
    try_to_open,
)
from corridor.protocols.canonical import Json
from corridor.sealing import RandomBytes, seal, unseal

PLACES: Mapping[str, str] = {
    "signing.key": "keys/signing.key",
    "encryption.key": "keys/encryption.key",
    "tls.key": "keys/tls.key",
    "store.key": "store.key",
    "people.key": "keys/people.key",
    "signing.next": "keys/signing.next",
    "encryption.next": "keys/encryption.next",
    "encryption.before": "keys/encryption.before",
}
"""The secrets of a node, by name, and where each lies without a vault."""

FACTOR_KEY = "people.key"
"""Seals the second factors of the console's accounts."""

VAULT = "keys/vault"
_BEFORE = "keys/vault.before"
_BEFORE_ERASED = "keys/.vault.before.erased"
_VERSION = 1


@dataclass(slots=True)
class _Opened:
    """What this process knows of one home."""

    sources: Sources = field(default_factory=Sources)
    random_bytes: RandomBytes | None = None
    stamp: tuple[int, int, int] | None = None
    lock: Lock | None = None
    key: bytes = field(default=b"", repr=False)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    failure: CorridorError | None = None


_homes: dict[Path, _Opened] = {}
_turn = threading.RLock()


def unlock_with(home: Path, sources: Sources, random_bytes: RandomBytes) -> None:
    """Say where this process finds what opens the home's vault; nothing is opened yet."""
    with _turn:
        known = _known(home)
        if known.sources != sources:
            known.failure = None
        known.sources, known.random_bytes = sources, random_bytes


def forget(home: Path) -> None:
    """Let go of what was opened here, so that the next reader opens it anew."""
    with _turn:
        _homes.pop(home.absolute(), None)


def hand_over(home: Path) -> str:
    """What a process that this one starts needs to open the home as well; empty: nothing.

    It goes through a pipe, never through the environment or the command line.

    Raises:
        CorridorError: the vault does not open.
    """
    with _turn:
        return _opened(home).key.hex() if (home / VAULT).exists() else ""


def take_over(home: Path, handed: str) -> None:
    """Open the home's vault with what `hand_over` gave, when the first secret is wanted."""
    with _turn:
        if handed:
            known = _known(home)
            known.lock, known.key = lock_of(home), bytes.fromhex(handed)


def lock_of(home: Path) -> Lock | None:
    """What the home's secrets are sealed with; None where they lie as files.

    Raises:
        UnreadableLockError: the vault is not as it was written.
    """
    path = home / VAULT
    try:
        return _parse(path.read_bytes())[0]
    except FileNotFoundError:
        return None


def has_secret(home: Path, name: str) -> bool:
    """Whether there is a secret of that name.

    Raises:
        CorridorError: the vault does not open.
    """
    with _turn:
        if (home / VAULT).exists():
            return name in _opened(home).secrets
        return (home / PLACES[name]).exists()


def read_secret(home: Path, name: str) -> bytes:
    """A secret of `PLACES`.

    Raises:
        OSError: there is none, or its file cannot be read.
        CorridorError: the vault does not open.
    """
    with _turn:
        if not (home / VAULT).exists():
            return (home / PLACES[name]).read_bytes()
        try:
            return _opened(home).secrets[name]
        except KeyError:
            raise FileNotFoundError(2, "is not in the vault", name) from None


def keep_secret(home: Path, name: str, secret: bytes) -> None:
    """Keep a secret where this home keeps its secrets; another of that name is replaced.

    Raises:
        DiskError: full, read-only or broken; what was there before is there.
        VaultBusyError: another process is writing it; what was there before is there.
        CorridorError: the vault does not open.
    """
    with _turn, _writing_alone(home):
        _keep(home, name, secret)


def secret_or_new(home: Path, name: str, new: bytes) -> bytes:
    """The secret of that name; `new`, kept from now on, where there is none yet.

    Of two processes that both find none, both get what the first of them kept.

    Raises:
        OSError: its file cannot be read.
        DiskError, VaultBusyError: there is none yet, and none was kept.
        CorridorError: the vault does not open.
    """
    with _turn:
        if has_secret(home, name):
            return read_secret(home, name)
        with _writing_alone(home):
            if has_secret(home, name):
                return read_secret(home, name)
            _keep(home, name, new)
            return new


def drop_secret(home: Path, name: str) -> None:
    """Destroy a secret; nothing where there is none.

    Raises:
        DiskError: it is still there.
        VaultBusyError: another process is writing it; it is still there.
        CorridorError: the vault does not open.
    """
    with _turn, _writing_alone(home):
        if (home / VAULT).exists():
            opened = _opened(home)
            assert opened.lock is not None  # noqa: S101  # it is open
            rest = {one: secret for one, secret in opened.secrets.items() if one != name}
            _write(home, opened, opened.lock, opened.key, rest)
        else:
            erase_file(home / PLACES[name])


def all_secrets(home: Path) -> dict[str, bytes]:
    """Every secret that there is, by name.

    Raises:
        CorridorError: the vault does not open, or a file cannot be read.
    """
    with _turn:
        if (home / VAULT).exists():
            return dict(_opened(home).secrets)
        return {
            name: (home / place).read_bytes()
            for name, place in PLACES.items()
            if (home / place).exists()
        }


def seal_with(home: Path, lock: Lock, key: bytes) -> None:
    """Put every secret into the vault, under `key`, which the lock's secret derives.

    Raises:
        DiskError: nothing was changed.
        VaultBusyError: another process is writing it; nothing was changed.
        CorridorError: the vault of before does not open; nothing was changed.
    """
    with _turn, _writing_alone(home):
        opened, secrets = _known(home), all_secrets(home)
        _write(home, opened, lock, key, secrets)
        if _decode(unseal(key, _purpose(lock), _parse(_read(home / VAULT)[0])[1])) != secrets:
            raise UnreadableLockError(VAULT)  # the files are still there
        _sweep(home, secrets)


def seal_these(home: Path, lock: Lock, key: bytes, secrets: Mapping[str, bytes]) -> None:
    """Put these secrets into the vault of a home that has none yet, as `seal_with`.

    Raises:
        DiskError: nothing was changed.
        VaultBusyError: another process is writing it; nothing was changed.
    """
    with _turn, _writing_alone(home):
        _write(home, _known(home), lock, key, secrets)


def unseal_all(home: Path) -> None:
    """Put every secret back into a file of its own, and remove the vault.

    Raises:
        DiskError: the vault is still what counts.
        VaultBusyError: another process is writing it; nothing was changed.
        CorridorError: it does not open; nothing was changed.
    """
    with _turn, _writing_alone(home):
        for name, secret in all_secrets(home).items():
            write_atomically(home / PLACES[name], secret)
        if (home / VAULT).exists():
            (home / VAULT).rename(home / _BEFORE)
            flush_folder((home / VAULT).parent)
            _erase_before(home)
        _homes[home.absolute()] = _Opened(_known(home).sources, _known(home).random_bytes)


def vault_bytes(
    secrets: Mapping[str, bytes], lock: Lock, key: bytes, random_bytes: RandomBytes
) -> bytes:
    """The file that holds these secrets under `key`."""
    plain = json.dumps({name: secret.hex() for name, secret in sorted(secrets.items())})
    sealed = seal(key, _purpose(lock), plain.encode(), random_bytes)
    document: dict[str, Json] = {
        "version": _VERSION,
        "lock": lock_document(lock),
        "sealed": sealed.hex(),
    }
    return json.dumps(document, indent=1).encode() + b"\n"


@contextlib.contextmanager
def _writing_alone(home: Path) -> Iterator[None]:
    """Keep every other process from changing a secret while the block runs.

    Raises:
        VaultBusyError: one is at it. Nothing was changed.
    """
    make_private_folder((home / VAULT).parent)
    with holding_lock(home / f"{VAULT}.lock") as alone:
        if not alone:
            raise VaultBusyError
        _erase_before(home)
        yield


def _erase_before(home: Path) -> None:
    """Overwrite the vault of before; only its second name goes where it is still the one in use.

    What a process that was killed left of one goes as well. Whoever calls holds the lock.
    """
    before, now = home / _BEFORE, home / VAULT
    if before.exists() and now.exists() and before.samefile(now):
        before.unlink()
        flush_folder(before.parent)
    erase_file(before)


def _keep(home: Path, name: str, secret: bytes) -> None:
    """Put a secret where this home keeps its secrets. Whoever calls holds the lock."""
    if not (home / VAULT).exists():
        write_atomically(home / PLACES[name], secret)
        return
    opened = _opened(home)
    assert opened.lock is not None  # noqa: S101  # it is open
    _write(home, opened, opened.lock, opened.key, {**opened.secrets, name: secret})


def _known(home: Path) -> _Opened:
    return _homes.setdefault(home.absolute(), _Opened())


def _opened(home: Path) -> _Opened:
    """The opened vault, read again where its file has changed since."""
    known = _known(home)
    raw, stamp = _read(home / VAULT)
    if stamp == known.stamp:
        return known
    if known.failure is not None:
        raise known.failure
    lock, sealed = _parse(raw)

    def opening(key: bytes) -> dict[str, bytes]:
        return _decode(unseal(key, _purpose(lock), sealed))

    try:
        if known.lock == lock:  # another process kept a new certificate's key
            key, secrets = known.key, opening(known.key)
        else:
            key, secrets = try_to_open(lock, known.sources, _what(home), opening)
    except ValueError as error:
        raise UnreadableLockError(VAULT) from error
    except CorridorError as error:
        # One refusal is enough: a command that looks at ten things would ask ten times.
        if not isinstance(error, LockedError):
            known.failure = error
        raise
    known.stamp, known.lock, known.key, known.secrets = stamp, lock, key, secrets
    _sweep(home, secrets)
    if (home / _BEFORE).exists() or (home / _BEFORE_ERASED).exists():  # a writer was killed
        with holding_lock(home / f"{VAULT}.lock") as alone:
            if alone:
                _erase_before(home)
    return known


def _write(
    home: Path, known: _Opened, lock: Lock, key: bytes, secrets: Mapping[str, bytes]
) -> None:
    assert known.random_bytes is not None, "unlock_with comes first"  # noqa: S101
    path = home / VAULT
    if path.exists():  # its bytes must not only lose their name
        try:
            os.link(path, home / _BEFORE)
        except OSError as error:
            raise DiskError(VAULT, error.strerror or "cannot be written") from error
    write_atomically(path, vault_bytes(secrets, lock, key, known.random_bytes))
    _erase_before(home)
    known.stamp, known.lock, known.key = _read(path)[1], lock, key
    known.secrets, known.failure = dict(secrets), None


def _sweep(home: Path, secrets: Mapping[str, bytes]) -> None:
    """Erase the files whose secrets are in the vault, and what a killed writer left of one."""
    for name in secrets:
        place = home / PLACES[name]
        erase_file(place)
        erase_file(place.with_name(f".{place.name}.new"))


def _read(path: Path) -> tuple[bytes, tuple[int, int, int]]:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        return file.read(), (found.st_ino, found.st_mtime_ns, found.st_size)


def _parse(raw: bytes) -> tuple[Lock, bytes]:
    try:
        document = json.loads(raw)
        if document["version"] != _VERSION:
            raise UnreadableLockError(VAULT)
        return parse_lock(document["lock"], VAULT), bytes.fromhex(document["sealed"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableLockError(VAULT) from error


def _decode(plain: bytes) -> dict[str, bytes]:
    return {name: bytes.fromhex(text) for name, text in json.loads(plain).items()}


def _purpose(lock: Lock) -> str:
    return f"vault {lock_label(lock)}"


def _what(home: Path) -> str:
    return f"the keys of {home}"
