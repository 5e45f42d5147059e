"""How the node keeps its secrets: sealed or not, with what, and what that is changed to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from corridor.errors.keeping import BadKeyFileError, NodeServesError
from corridor.files import holding_lock, write_atomically
from corridor.node.app.world import SERVE_LOCK, World, environment, journal_of
from corridor.node.home import Home, demand_in_service, read_settings
from corridor.node.keys import read_keys
from corridor.node.series_book import SeriesBook
from corridor.node.store import EditionStore, vault
from corridor.node.store.locks import (
    CREDENTIAL,
    KEY_BYTES,
    SALT_BYTES,
    CredentialLock,
    KeyFileLock,
    Lock,
    PassphraseLock,
    Sources,
    derive_key,
    new_passphrase,
)
from corridor.node.store.rotation import rotate_store

FOR_NEW = "CORRIDOR_NEW_PASSPHRASE_FILE"


@dataclass(frozen=True, slots=True)
class Sealing:
    """What an operator wants a thing sealed with.

    Attributes:
        kind: passphrase, key-file, credential or none.
        value: the key file's path, or the credential's name.
    """

    kind: str
    value: str = ""


def sealed_with(home: Path) -> str:
    """What the private keys of this home are sealed with, for people; empty where they are not.

    Raises:
        UnreadableLockError: the vault is not as it was written.
    """
    lock = vault.lock_of(home)
    return "" if lock is None else lock.text


def open_keys(world: World) -> None:
    """Open the private keys now, and not when the first of them is wanted.

    What asks for a passphrase asks here: a console's process when it starts, for example.

    Raises:
        CorridorError: they do not open. Nothing was changed.
    """
    read_keys(Home(world.home))


def seal(world: World, how: Sealing) -> str:
    """Seal the private keys and the store's key with something else; gives with what, for people.

    Raises:
        NodeServesError: `serve` runs.
        CorridorError: what they are sealed with does not open, or what they shall be sealed with
            cannot be had. Nothing was changed.
    """
    home = Home(world.home)
    read_settings(home)
    with stopped(world, "corridor node seal"):
        keys = read_keys(home)  # opens what they are sealed with now
        if how.kind == "none":
            vault.unseal_all(world.home)
        else:
            lock, secret = lock_for(world, how, _for_new(world), f"the keys of {world.home}")
            vault.seal_with(world.home, lock, derive_key(lock, secret))
        with journal_of(world, home, keys) as journal:
            journal.sealed(how.kind)
    return sealed_with(world.home)


def rotate_store_key(world: World) -> str:
    """Seal the case data anew under a new store key, and destroy the old one; gives what it was.

    Raises:
        NodeServesError: `serve` runs.
        StoreBusyError: an import runs. Nothing was changed.
        CorridorError: the old key still counts, or the new one does; the data are whole.
    """
    home = Home(world.home)
    demand_in_service(home)
    with stopped(world, "corridor node rotate"):
        keys = read_keys(home)
        store = EditionStore(world.home, world.random_bytes, world.clock)

        def copy_series(folder: Path, old: bytes, new: bytes) -> None:
            SeriesBook(home.series, old, world.random_bytes).copy_under(new, folder)

        rotate_store(world.home, store, world.random_bytes, copy_series)
        current = EditionStore(world.home, world.random_bytes, world.clock).current()
        with journal_of(world, home, keys) as journal:
            journal.rotated("store")
    return "no case data yet" if current is None else f"edition {current.id}"


def lock_for(world: World, how: Sealing, sources: Sources, what: str) -> tuple[Lock, bytes]:
    """A new lock, and the secret that opens it.

    Args:
        world: home, randomness.
        how: what the operator wants.
        sources: of secrets.
        what: is locked, for the prompt.

    Raises:
        CorridorError: the secret cannot be had, or is too weak. Nothing was changed but that a
            key file may have been made.
    """
    salt = world.random_bytes(SALT_BYTES)
    if how.kind == "passphrase":
        return PassphraseLock(salt), new_passphrase(sources, what)
    if how.kind == "credential":
        lock: Lock = CredentialLock(salt, how.value or CREDENTIAL)
        return lock, sources.secret(lock, what)
    path = Path(how.value).absolute()
    _refuse_beside(path, world.home)
    if not path.exists():
        write_atomically(path, world.random_bytes(KEY_BYTES))
    lock = KeyFileLock(salt, str(path))
    return lock, Sources().secret(lock, what)


def _refuse_beside(path: Path, home: Path) -> None:
    if not str(path).isprintable():
        raise BadKeyFileError(ascii(str(path)), "has a name that cannot be written down")
    if path.resolve().is_relative_to(home.resolve()):
        raise BadKeyFileError(str(path), "lies in the folder that it shall lock")


def _for_new(world: World) -> Sources:
    """Where a new passphrase comes from: not from where the old one does."""
    sources = environment()
    named = os.environ.get(FOR_NEW)
    if named:
        return replace(sources, passphrase_file=Path(named), passphrase_variable=FOR_NEW)
    if isinstance(vault.lock_of(world.home), PassphraseLock):
        return replace(sources, passphrase_file=None, passphrase_variable=FOR_NEW)
    return sources


@contextmanager
def stopped(world: World, command: str) -> Iterator[None]:
    """Hold the home while no `serve` runs in it.

    Raises:
        NodeServesError: one does. Nothing was changed.
    """
    with holding_lock(world.home / SERVE_LOCK) as held:
        if not held:
            raise NodeServesError(command)
        yield
