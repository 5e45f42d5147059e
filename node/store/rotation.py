"""A new key for the store, and a new data key for its edition; whole, or not at all.

Everything is sealed anew beside what is there, and then one step counts (`node.store.moving`). The
edition keeps its name, since its content is the same; the secret that makes persons' keys stays,
or nobody would be who they were at the next import.
"""

import os
from collections.abc import Callable
from pathlib import Path

from corridor.files import flush_folder, make_private_folder, write_atomically
from corridor.node.store.editions import EditionStore
from corridor.node.store.moving import KEY_BEFORE, STORE_KEY, finish_rotation, next_of
from corridor.node.store.suppression import SuppressionList
from corridor.node.store.vault import keep_secret
from corridor.sealing import KEY_BYTES, RandomBytes, derive

CopySeries = Callable[[Path, bytes, bytes], None]
"""Seals what standing series counted anew: into a folder, from under one key, under another."""


def rotate_store(
    home: Path, store: EditionStore, random_bytes: RandomBytes, copy_series: CopySeries
) -> None:
    """Seal all of the store under a new key, and destroy the old one.

    Raises:
        StoreBusyError: somebody is writing. Nothing was changed.
        CorridorError, OSError: the old key is still what counts, or the new one is; whoever opens
            the store next finds either.
    """
    finish_rotation(home)
    new = random_bytes(KEY_BYTES)
    with store.standing_still():
        beside = next_of(home, "editions")
        store.copy_under(new, beside)
        suppressed = SuppressionList(home, store.suppression_key, random_bytes)
        if suppressed.exists():
            again = suppressed.sealed_under(derive(new, "suppression"))
            write_atomically(beside / "suppressed", again)
        if (home / "series").exists():
            make_private_folder(next_of(home, "series"))
            copy_series(next_of(home, "series"), store.series_key, derive(new, "series"))
        flush_folder(home)
        if (home / STORE_KEY).exists():  # no vault: the old file must not only lose its name
            os.link(home / STORE_KEY, home / KEY_BEFORE)
        keep_secret(home, STORE_KEY, new.hex().encode())
        finish_rotation(home)
