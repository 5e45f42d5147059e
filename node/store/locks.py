"""What opens a sealed file of this node: a passphrase, a key file, or a credential of systemd.

    passphrase    Argon2id (RFC 9106) over what a person types, or a file holds that the environment
                  names: CORRIDOR_PASSPHRASE_FILE for the keys, another variable for a backup
    key-file      HKDF over a file of at least 32 bytes, which lies elsewhere: a stick, a mount
    credential    the same over `$CREDENTIALS_DIRECTORY/NAME`, which systemd decrypts for a service

A **lock** is what stands in clear beside what it locks: the kind, a salt and what the derivation
costs. It is bound to what it locks as associated data, so that no lock can be exchanged for a
cheaper one. Every passphrase that is tried costs a quarter of a second and 64 MiB, here and for
whoever has the disk; nothing else slows a guess: a counter on the same disk would stop nobody.

The environment is not read here: `Sources` are made by an `app`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, assert_never

from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from corridor.errors.keeping import (
    BadKeyFileError,
    LockedError,
    NoCredentialError,
    UnreadableLockError,
    WeakPassphraseError,
    WrongSecretError,
)
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.suite import RandomBytes

KEY_BYTES = 32
SALT_BYTES = 16
FEWEST_CHARACTERS = 12
"""Of a passphrase: whoever has a copy of the disk guesses at leisure."""
MOST_SECRET_BYTES = 1 << 16
CREDENTIAL = "corridor-master"
"""The name of systemd's credential, where none is given."""

PASSPHRASE_FILE, KEY_FILE = "CORRIDOR_PASSPHRASE_FILE", "CORRIDOR_KEY_FILE"
"""The variables that name where a node's own secret lies."""

TRIES = 3
"""How often somebody at a terminal may mistype; a program's file is read once."""


@dataclass(frozen=True, slots=True)
class PassphraseLock:
    """Argon2id with these parameters; RFC 9106's second recommendation by default."""

    salt: bytes
    iterations: int = 3
    lanes: int = 4
    memory_kib: int = 64 * 1024

    def __post_init__(self) -> None:
        """Refuse what no lock of ours is, or would take all of a machine to try."""
        _check_salt(self.salt)
        if not (1 <= self.iterations <= 10 and 1 <= self.lanes <= 16):
            raise ValueError("iterations or lanes out of range")
        if not 8 * self.lanes <= self.memory_kib <= 1 << 20:
            raise ValueError("memory out of range")

    @property
    def text(self) -> str:
        """For people."""
        return f"a passphrase (Argon2id, {self.memory_kib >> 10} MiB)"


@dataclass(frozen=True, slots=True)
class KeyFileLock:
    """A file with at least 32 bytes that nobody can guess."""

    salt: bytes
    path: str

    def __post_init__(self) -> None:
        """Refuse what names no file."""
        _check_salt(self.salt)
        if not self.path or not self.path.isprintable():
            raise ValueError("no path that a file could hold")

    @property
    def text(self) -> str:
        """For people."""
        return f"the key file {self.path}"


@dataclass(frozen=True, slots=True)
class CredentialLock:
    """What systemd hands to the service under this name."""

    salt: bytes
    name: str

    def __post_init__(self) -> None:
        """Refuse what could name a file elsewhere."""
        _check_salt(self.salt)
        if not self.name or "/" in self.name or self.name in {".", ".."}:
            raise ValueError("no name of a credential")

    @property
    def text(self) -> str:
        """For people."""
        return f"the systemd credential {self.name}"


Lock = PassphraseLock | KeyFileLock | CredentialLock

_Content = TypeVar("_Content")


def _check_salt(salt: bytes) -> None:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes, not {len(salt)}")


def lock_document(lock: Lock) -> dict[str, Json]:
    """The lock as it stands in a file."""
    match lock:
        case PassphraseLock():
            return {
                "kind": "passphrase",
                "salt": lock.salt.hex(),
                "iterations": lock.iterations,
                "lanes": lock.lanes,
                "memory_kib": lock.memory_kib,
            }
        case KeyFileLock():
            return {"kind": "key-file", "salt": lock.salt.hex(), "path": lock.path}
        case CredentialLock():
            return {"kind": "credential", "salt": lock.salt.hex(), "name": lock.name}
        case _:  # pragma: no cover
            assert_never(lock)


def parse_lock(document: Any, name: str) -> Lock:
    """The lock that `lock_document` wrote.

    Raises:
        UnreadableLockError: it is none. Nothing was opened.
    """
    try:
        return _parse_lock(document)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableLockError(name) from error


def _parse_lock(document: Mapping[str, Any]) -> Lock:
    salt = bytes.fromhex(document["salt"])
    match document["kind"]:
        case "passphrase":
            numbers = [int(document[key]) for key in ("iterations", "lanes", "memory_kib")]
            return PassphraseLock(salt, *numbers)
        case "key-file":
            return KeyFileLock(salt, str(document["path"]))
        case "credential":
            return CredentialLock(salt, str(document["name"]))
        case other:
            raise ValueError(f"unknown kind {other!r}")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where this process finds what opens a lock.

    Attributes:
        passphrase_file: holds the passphrase in its first line.
        key_file: where the key file lies now, if not where the lock says.
        credentials: systemd's folder of credentials for this service.
        ask: asks somebody at a terminal, without showing what they type; None where nobody is.
        passphrase_variable, key_variable: the variables that can name the two files, for whoever
            has to set them.
    """

    passphrase_file: Path | None = None
    key_file: Path | None = None
    credentials: Path | None = None
    ask: Callable[[str], str] | None = field(default=None, compare=False)
    passphrase_variable: str = PASSPHRASE_FILE
    key_variable: str = KEY_FILE

    def secret(self, lock: Lock, what: str) -> bytes:
        """What should open the lock of `what`.

        Raises:
            LockedError: nobody is there to say the passphrase.
            BadKeyFileError, NoCredentialError: it is not where the lock says. Nothing was opened.
        """
        match lock:
            case PassphraseLock():
                return self._passphrase(what)
            case KeyFileLock():
                return read_key_file(self.key_file or Path(lock.path), self.key_variable)
            case CredentialLock():
                return self._credential(lock.name)
            case _:  # pragma: no cover
                assert_never(lock)

    def _passphrase(self, what: str) -> bytes:
        if self.passphrase_file is not None:
            return passphrase_bytes(self.written_passphrase(self.passphrase_file))
        if self.ask is None:
            raise LockedError(what, self.passphrase_variable)
        return passphrase_bytes(self.ask(f"Passphrase of {what}: "))

    def _credential(self, name: str) -> bytes:
        if self.credentials is None:
            raise NoCredentialError(name, "CREDENTIALS_DIRECTORY is not set")
        try:
            secret = _read_short(self.credentials / name)
        except OSError as error:
            raise NoCredentialError(name, error.strerror or "cannot be read") from error
        if len(secret) < KEY_BYTES:
            raise NoCredentialError(name, f"has fewer than {KEY_BYTES} bytes")
        return secret

    def written_passphrase(self, file: Path) -> str:
        """The first line of a file.

        Raises:
            BadKeyFileError: it cannot be read. Nothing was changed.
        """
        try:
            raw = _read_short(file)
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise BadKeyFileError(str(file), reason, self.passphrase_variable) from error
        return raw.decode("utf-8", "surrogateescape").split("\n", 1)[0].removesuffix("\r")

    @property
    def passphrase_from(self) -> str:
        """Where a passphrase comes from here, for people."""
        if self.passphrase_file is None:
            return "as typed"
        return f"from the file that {self.passphrase_variable} names"

    @property
    def asks_a_person(self) -> bool:
        """Whether a passphrase is typed, and may be mistyped."""
        return self.passphrase_file is None and self.ask is not None


def read_key_file(path: Path, variable: str = KEY_FILE) -> bytes:
    """What a key file holds; `variable` can name where it lies.

    Raises:
        BadKeyFileError: it cannot be read, or has too few bytes. Nothing was changed.
    """
    try:
        secret = _read_short(path)
    except OSError as error:
        raise BadKeyFileError(str(path), error.strerror or "cannot be read", variable) from error
    if len(secret) < KEY_BYTES:
        raise BadKeyFileError(str(path), f"has fewer than {KEY_BYTES} bytes", variable)
    return secret


def new_passphrase(sources: Sources, what: str) -> bytes:
    """A passphrase that somebody chooses: long enough, and typed twice alike.

    Raises:
        WeakPassphraseError: too short, or the second time was not the first. Nothing was changed.
        LockedError: nobody is there to say it.
    """
    if sources.passphrase_file is not None:
        chosen = sources.written_passphrase(sources.passphrase_file)
    elif sources.ask is not None:
        chosen = sources.ask(f"New passphrase for {what}: ")
        if chosen != sources.ask("The same once more: "):
            raise WeakPassphraseError("the two were not alike")
    else:
        raise LockedError(what, sources.passphrase_variable, is_new=True)
    if len(chosen) < FEWEST_CHARACTERS:
        raise WeakPassphraseError(f"it has fewer than {FEWEST_CHARACTERS} characters")
    return passphrase_bytes(chosen)


def passphrase_bytes(text: str) -> bytes:
    """A passphrase as it is derived from."""
    return text.encode("utf-8", "surrogateescape")


def derive_key(lock: Lock, secret: bytes) -> bytes:
    """The 32-byte key that `secret` makes of the lock; another secret makes another key."""
    match lock:
        case PassphraseLock():
            return Argon2id(
                salt=lock.salt,
                length=KEY_BYTES,
                iterations=lock.iterations,
                lanes=lock.lanes,
                memory_cost=lock.memory_kib,
            ).derive(secret)
        case KeyFileLock() | CredentialLock():
            return HKDF(secret, KEY_BYTES, lock.salt, SHA256, context=b"corridor/lock")
        case _:  # pragma: no cover
            assert_never(lock)


def try_to_open(
    lock: Lock, sources: Sources, what: str, opening: Callable[[bytes], _Content]
) -> tuple[bytes, _Content]:
    """The key, and what `opening` made of it; a person may mistype twice.

    Args:
        lock: of what is opened.
        sources: of its secret.
        what: is opened, for prompts and errors.
        opening: gets a key, and raises ValueError where it is not the right one.

    Raises:
        WrongSecretError: what was given does not open it. Nothing was changed.
        LockedError, BadKeyFileError, NoCredentialError: as `Sources.secret`.
    """
    tries = TRIES if isinstance(lock, PassphraseLock) and sources.asks_a_person else 1
    for attempt in range(tries):
        key = derive_key(lock, sources.secret(lock, what))
        try:
            return key, opening(key)
        except ValueError as error:
            if attempt == tries - 1:
                raise WrongSecretError(what, lock.text) from error
    raise AssertionError("unreachable")


def fresh(lock: Lock, random_bytes: RandomBytes) -> Lock:
    """The same kind of lock with a salt of its own."""
    return replace(lock, salt=random_bytes(SALT_BYTES))


def lock_label(lock: Lock) -> str:
    """The lock as what it locks is bound to."""
    return canonical.encode(lock_document(lock)).decode()


def _read_short(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_SECRET_BYTES)
