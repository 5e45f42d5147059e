"""A backup: everything in a node's home at one moment, in one sealed file.

    MAGIC, length, head       in clear: whose it is, of when, and the lock (`store.locks`)
    sealed stream             `transport.sealed_files`, to a key that the lock's secret makes
        length, manifest      what is in it: names, sizes, SHA-256; heads of ledger and journal
        the secrets           private keys and the store's key, whatever seals them at home
        the files             one behind the other, as the manifest says

The key is derived from the lock's key and the head, so that neither can be exchanged. What opens
the node's vault is not needed to restore it: a credential that is bound to a machine is lost with
the machine, and that is what backups are for.

The journal is copied before the ledger. Each debit is in the ledger before the journal says what
was let out, so the copy of the ledger is never behind that of the journal.

Files are unpacked into a folder beside the one that is meant, each checked, and then the folder is
renamed: it is there whole, or not at all.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from corridor.errors.backup import DamagedBackupError, MalformedBackupError
from corridor.errors.files import DiskError
from corridor.errors.keeping import UnreadableLockError, WrongSecretError
from corridor.errors.receipts import (
    MalformedSealError,
    NotARecipientError,
    SealBrokenError,
    SealTruncatedError,
)
from corridor.files import PRIVATE, PUBLIC, flush_folder, make_private_folder
from corridor.ids import CountryCode, EditionId, EncryptionKey, is_country_code
from corridor.node.store.locks import (
    KEY_BYTES,
    Lock,
    Sources,
    lock_document,
    parse_lock,
    try_to_open,
)
from corridor.node.store.vault import PLACES, VAULT
from corridor.protocols import canonical
from corridor.protocols.suite import RandomBytes
from corridor.transport.kems import XWING
from corridor.transport.sealed_files import open_sealed, seal

MAGIC = b"corridor backup 1\n"
VERSION = 1
ANOTHER = "take another backup"
"""What is left where a backup does not open with the right secret: it has no backup of its own."""
STAGING = ".backup-"
"""How a folder begins in which copies wait; what a kill left of one is removed by the next."""
PIECE_BYTES = 1 << 20

_MOST_HEAD_BYTES = 1 << 16
_MOST_MANIFEST_BYTES = 1 << 26
_LEFT_OUT = {
    *("status.json", "serve.lock", "writing", "checks.json"),
    *(Path(name).name for name in PLACES.values()),
}
_NOT_KEPT = {"uploads"}
"""Case files that a console was given, on their way into an edition."""
_DATA = {"series", "imports"}
"""Left out without data: keys of persons, and reports that quote cells."""
_PUBLIC_NAMES = {"tls.pem", "ca.pem"}
_JOURNAL, _LEDGER = "journal.sqlite3", "ledger.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds.

    Attributes:
        at: when it was made, UTC.
        is_sealed: whether the node's keys were sealed at home.
        with_data: whether it holds case data.
        edition: of these; None where there were none, or they were left out.
        ledger, journal: number of entries, and the digest of the last in hexadecimal digits.
        files: name, size and SHA-256 of each, in their order.
    """

    country: CountryCode
    at: str
    version: str
    with_data: bool
    is_sealed: bool
    edition: EditionId | None
    ledger: tuple[int, str]
    journal: tuple[int, str]
    files: tuple[tuple[str, int, str], ...]

    def encode(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(
            {
                "format": VERSION,
                "country": self.country,
                "at": self.at,
                "version": self.version,
                "with_data": self.with_data,
                "is_sealed": self.is_sealed,
                "edition": self.edition,
                "ledger": self.ledger,
                "journal": self.journal,
                "files": self.files,
            }
        ).encode()


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup whose lock opened.

    Attributes:
        lock, key: what opened it; the key also opens what is sealed with the same lock.
        secrets: private keys and the store's key.
        rest: the files, one behind the other.
    """

    lock: Lock
    manifest: Manifest
    key: bytes = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    rest: "Stream" = field(repr=False)


def stage(home: Path, staging: Path, *, with_data: bool) -> list[tuple[str, Path]]:
    """Copy what is in the home, but for the case data, into `staging`; names and where they lie.

    Whoever calls holds the store still. Parquet files are not copied: nobody changes them.

    Raises:
        DiskError: there is no room for the copies.
    """
    names = sorted(_names(home, with_data=with_data), key=_journal_first)
    found = []
    for name in names:
        source, copy = home / name, staging / name
        if source.suffix == ".parquet":
            found.append((name, source))
            continue
        make_private_folder(copy.parent)
        try:
            if source.suffix == ".sqlite3":
                _snapshot(source, copy)
            else:
                shutil.copyfile(source, copy)
        except (OSError, sqlite3.Error) as error:
            raise DiskError(str(copy), str(error) or "cannot be written") from error
        found.append((name, copy))
    return found


def _names(home: Path, *, with_data: bool) -> Iterator[str]:
    for path in home.rglob("*"):
        name = path.relative_to(home).as_posix()
        parts = PurePosixPath(name).parts
        if not path.is_file() or path.is_symlink() or any(part.startswith(".") for part in parts):
            continue
        if name.startswith(VAULT) or path.name in _LEFT_OUT or path.name.endswith(".lock"):
            continue
        if path.suffix in {".sqlite3-wal", ".sqlite3-shm"}:
            continue
        if parts[0] in _NOT_KEPT:
            continue
        is_data = parts[0] in _DATA or (parts[0] == "editions" and len(parts) > 2)
        if with_data or not is_data:
            yield name


def _journal_first(name: str) -> tuple[int, str]:
    return ({_JOURNAL: 0, _LEDGER: 1}.get(name, 2), name)


def _snapshot(source: Path, copy: Path) -> None:
    with (
        contextlib.closing(
            sqlite3.connect(source.absolute().as_uri() + "?mode=rw", uri=True)
        ) as of,
        contextlib.closing(sqlite3.connect(copy)) as to,
    ):
        of.backup(to)
        to.execute("PRAGMA journal_mode = DELETE")


def listed(files: Sequence[tuple[str, Path]]) -> tuple[tuple[str, int, str], ...]:
    """Names with sizes and SHA-256, as a manifest has them."""
    found = []
    for name, path in files:
        digest = hashlib.sha256()
        size = 0
        for piece in _pieces(path):
            digest.update(piece)
            size += len(piece)
        found.append((name, size, digest.hexdigest()))
    return tuple(found)


def packed(
    manifest: Manifest,
    secrets: Mapping[str, bytes],
    files: Sequence[tuple[str, Path]],
    *,
    lock: Lock,
    key: bytes,
    random_bytes: RandomBytes,
) -> Iterator[bytes]:
    """The whole file, piece by piece; `key` is what opens the lock."""
    head = canonical.encode(
        {"country": manifest.country, "at": manifest.at, "lock": lock_document(lock)}
    )
    recipient = EncryptionKey(XWING.opening_key(_private_key(key, head)).public)
    yield MAGIC + len(head).to_bytes(4, "big") + head
    yield from seal(_plain(manifest, secrets, files), {manifest.country: recipient}, random_bytes)


def _plain(
    manifest: Manifest, secrets: Mapping[str, bytes], files: Sequence[tuple[str, Path]]
) -> Iterator[bytes]:
    hidden = json.dumps({name: secret.hex() for name, secret in sorted(secrets.items())}).encode()
    for part in (manifest.encode(), hidden):
        yield len(part).to_bytes(8, "big") + part
    for _, path in files:
        yield from _pieces(path)


def open_backup(path: Path, sources: Sources) -> Opened:
    """The backup in a file, as far as its manifest and secrets.

    Raises:
        MalformedBackupError, UnreadableLockError: it is none.
        WrongSecretError: what was given does not open it.
        DamagedBackupError: it was altered, or cut off.
    """
    name = path.name
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise MalformedBackupError(name, "does not begin as one does")
        length = int.from_bytes(file.read(4), "big")
        if not 0 < length <= _MOST_HEAD_BYTES:
            raise MalformedBackupError(name, "has no head of a possible length")
        head = file.read(length)
        start = file.tell()
    country, lock = _parse_head(head, name)

    def opening(key: bytes) -> Stream:
        stream = Stream(open_sealed(_pieces(path, start), country, _private_key(key, head), name))
        stream.begin()
        return stream

    try:
        key, stream = try_to_open(lock, sources, name, opening)
    except WrongSecretError as error:
        raise WrongSecretError(name, lock.text, ANOTHER) from error
    stream.name = name
    manifest = _parse_manifest(stream.part(_MOST_MANIFEST_BYTES), name)
    try:
        secrets = json.loads(stream.part(_MOST_HEAD_BYTES))
        opened = {str(one): bytes.fromhex(secret) for one, secret in secrets.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise MalformedBackupError(name, "has no secrets that can be read") from error
    return Opened(lock, manifest, key, opened, stream)


def unpack(opened: Opened, folder: Path) -> None:
    """Write every file of the backup into `folder`, durably; each is checked.

    Raises:
        DamagedBackupError: one is not as it was; the folder is to be thrown away.
        DiskError: there is no room.
    """
    name = opened.rest.name
    folders = {folder}
    for file, size, digest in opened.manifest.files:
        path = folder / file
        for parent in reversed(path.relative_to(folder).parents):
            folders.add(make_private_folder(folder / parent))
        mode = PUBLIC if path.name in _PUBLIC_NAMES else PRIVATE
        hasher = hashlib.sha256()
        try:
            with open(path, "xb", opener=_opener(mode)) as out:
                for piece in opened.rest.take(size):
                    hasher.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise DiskError(str(path), error.strerror or "cannot be written") from error
        if hasher.hexdigest() != digest:
            raise DamagedBackupError(name, f"{file} has another content than the manifest says")
    opened.rest.end()
    for one in folders:
        flush_folder(one)


def _opener(mode: int) -> Any:
    return lambda name, flags: os.open(name, flags, mode)


class Stream:
    """The sealed stream, read in the lengths that are wanted."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.name = "the backup"
        self._chunks = chunks
        self._held = bytearray()

    def begin(self) -> None:
        """Read the first chunk.

        Raises:
            ValueError: the key is another.
        """
        try:
            self._held += next(self._chunks)
        except NotARecipientError as error:
            raise ValueError("another key") from error
        except (SealBrokenError, SealTruncatedError, MalformedSealError) as error:
            raise DamagedBackupError(self.name, "its beginning was altered") from error

    def part(self, most: int) -> bytes:
        """A part that has its length before it."""
        length = int.from_bytes(b"".join(self.take(8)), "big")
        if length > most:
            raise MalformedBackupError(self.name, "has a part of an impossible length")
        return b"".join(self.take(length))

    def take(self, length: int) -> Iterator[bytes]:
        """The next so many bytes.

        Raises:
            DamagedBackupError: they are not there.
        """
        while length:
            if not self._held:
                self._held += self._next()
            piece = bytes(self._held[:length])
            del self._held[:length]
            length -= len(piece)
            yield piece

    def end(self) -> None:
        """See that nothing follows, and that the seal says so.

        Raises:
            DamagedBackupError: something does, or was cut off.
        """
        try:
            rest = bytes(self._held) + b"".join(self._chunks)
        except (SealBrokenError, SealTruncatedError) as error:
            raise DamagedBackupError(self.name, "its end was altered") from error
        if rest:
            raise DamagedBackupError(self.name, "more follows than the manifest says")

    def _next(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            raise DamagedBackupError(self.name, "less follows than the manifest says") from None
        except (SealBrokenError, SealTruncatedError) as error:
            raise DamagedBackupError(
                self.name, "a piece was altered, or its end cut off"
            ) from error


def _pieces(path: Path, start: int = 0) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _private_key(key: bytes, head: bytes) -> bytes:
    context = b"corridor backup " + hashlib.sha256(head).digest()
    return HKDF(key, KEY_BYTES, None, SHA256, context=context)


def _parse_head(head: bytes, name: str) -> tuple[CountryCode, Lock]:
    try:
        document = json.loads(head)
        country = document["country"]
        lock = document["lock"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedBackupError(name, "has no head that can be read") from error
    if not isinstance(country, str) or not is_country_code(country):
        raise MalformedBackupError(name, "names no country")
    try:
        return country, parse_lock(lock, name)
    except UnreadableLockError as error:
        raise UnreadableLockError(name, ANOTHER) from error


def _parse_manifest(raw: bytes, name: str) -> Manifest:
    try:
        found = json.loads(raw)
        if found.pop("format") != VERSION:
            raise MalformedBackupError(name, "is of another version")
        files = tuple((str(one), int(size), str(digest)) for one, size, digest in found["files"])
        heads = {key: (int(found[key][0]), str(found[key][1])) for key in ("ledger", "journal")}
        manifest = Manifest(**{**found, **heads, "files": files})
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MalformedBackupError(name, "has no manifest that can be read") from error
    for file, _, _ in files:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise MalformedBackupError(name, "names a file outside of the folder")
    return manifest


def total(files: Iterable[tuple[str, int, str]]) -> int:
    """How many bytes the files have together."""
    return sum(size for _, size, _ in files)
