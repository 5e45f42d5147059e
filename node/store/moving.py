"""The last steps of a rotation of the store's key, however often they are interrupted.

    editions, series              under the old key
    editions.next, series.next    the same under the new one, complete
        ─ store.key is replaced: the one step that counts ─>
    editions.old, series.old      under the old key, which is gone: to be erased
    editions, series              under the new one

Whether it was taken, the new folder's `state` says: it opens with the key that is there, or not.
A rotation that was interrupted before is undone, one that was interrupted afterwards is ended, by
whoever opens the store next (`node.store.rotation` begins it).
"""

import shutil
from pathlib import Path

from corridor.errors.store import StoreBusyError
from corridor.files import erase_file, flush_folder, holding_lock
from corridor.node.store.vault import read_secret
from corridor.sealing import unseal

STORE_KEY = "store.key"
STATE = "state"
KEY_BEFORE = "store.key.before"
"""The old key's file, where keys are files: kept by name until it can be overwritten."""


def next_of(home: Path, name: str) -> Path:
    """Where the folder of this name is made anew."""
    return home / f"{name}.next"


def finish_rotation(home: Path) -> None:
    """Undo a rotation that did not come to pass, or end one that did; nothing where there is none.

    Raises:
        StoreBusyError: another process is at it.
        OSError: the disk refused; whoever opens the store next goes on.
    """
    if not any(path.exists() for path in _traces(home)):
        return
    with holding_lock(home / "rotating.lock") as held:
        if not held:
            raise StoreBusyError
        beside = next_of(home, "editions")
        if beside.exists() and not _opens(home, beside):
            # This order: `series.next` alone means that the step was taken.
            for name in ("series", "editions"):
                shutil.rmtree(next_of(home, name), ignore_errors=True)
                flush_folder(home)
        for name in ("editions", "series"):
            _move(home, name)
        for name in ("editions", "series"):
            _erase(home / f"{name}.old")
        _erase_key_before(home)


def _erase_key_before(home: Path) -> None:
    """Overwrite the old key's file; only its second name goes where it is still the one in use."""
    before, now = home / KEY_BEFORE, home / STORE_KEY
    if before.exists() and now.exists() and before.samefile(now):
        before.unlink()
        flush_folder(home)
    erase_file(before)


def _traces(home: Path) -> tuple[Path, ...]:
    names = ("editions", "series")
    folders = [path for name in names for path in (next_of(home, name), home / f"{name}.old")]
    return (*folders, home / KEY_BEFORE, home / f".{KEY_BEFORE}.erased")


def _opens(home: Path, folder: Path) -> bool:
    """Whether what is in the folder was sealed with the key that the store has now."""
    try:
        master = bytes.fromhex(read_secret(home, STORE_KEY).decode("ascii"))
        unseal(master, STATE, (folder / STATE).read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return True


def _move(home: Path, name: str) -> None:
    new, now, old = next_of(home, name), home / name, home / f"{name}.old"
    if not new.exists():
        return
    if now.exists():
        if old.exists():
            _erase(old)
        now.rename(old)
    new.rename(now)
    flush_folder(home)


def _erase(folder: Path) -> None:
    """Every sealed key first; the rest cannot be read without them."""
    if folder.exists():
        for key in folder.glob("*/key"):
            erase_file(key)
        shutil.rmtree(folder)
        flush_folder(folder.parent)
