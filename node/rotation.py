"""Rotation of the keys that a node's card shows: its signing key and its encryption key.

    begin ──▶ keys that follow, beside those that count
      │           └─ abandon: no charter with them can come into force; the old ones go on
      └──▶ the next charter lists them; this node signs it with the new key, all others confirm it
               └─▶ it is in force here: from then on the new keys count (`node.keys.read_keys`)
                       └─ settle: the old signing key is destroyed, the old encryption key is kept

What counts changes with one file, `charter.json`, which is replaced whole. Before it, all of this
can be killed and begun again: `begin` draws keys once, and gives the same ones again as long as
they wait. After it, `settle` moves files in an order in which each of its steps may be the last:
while `rotation.json` is there and the charter in force lists the next keys, those count, whatever
lies under the other names.

The ledger, the journal and the books stay where they are. What stands there under the old key stays
as it is; `node.chain_store` says how others are shown it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from corridor.errors.keeping import RotationBusyError, RotationSignedError
from corridor.files import erase_file, flush_folder, holding_lock, write_atomically
from corridor.ids import PublicKey
from corridor.node.home import Home, NodeSettings
from corridor.node.keys import (
    KEY_BYTES,
    NodeKeys,
    read_kept_keys,
    read_keys,
    read_next_keys,
    rotation_file,
    successions_file,
)
from corridor.node.store.vault import drop_secret, has_secret, keep_secret
from corridor.protocols.charter import Charter, parse_charter, parse_signed_charter
from corridor.protocols.successions import (
    encode_successions,
    make_succession,
    parse_successions,
)
from corridor.protocols.suite import RandomBytes

LOCK = "keys/rotation.lock"
_BEFORE = ".signing.before"


@contextmanager
def rotating_alone(home: Home) -> Iterator[None]:
    """Keep every other process from signing a charter or rotating while the block runs.

    Raises:
        RotationBusyError: one is at it. Nothing was changed.
    """
    with holding_lock(home.folder / LOCK) as alone:
        if not alone:
            raise RotationBusyError
        yield


def begin(
    home: Home, settings: NodeSettings, in_force: Charter, random_bytes: RandomBytes
) -> NodeKeys:
    """The keys that follow, with the statement of both signing keys; drawn once, until they count.

    Raises:
        RotationBusyError: another process is at it. Nothing was changed.
        CorridorError: they could not be kept. The keys of before count, and the command goes on.
    """
    with rotating_alone(home):
        settle_alone(home)
        waiting = read_next_keys(home)
        if waiting is not None:
            return waiting
        keys = read_keys(home)
        following = NodeKeys(random_bytes(KEY_BYTES), random_bytes(KEY_BYTES))
        statement = make_succession(
            in_force.region,
            settings.country,
            in_force.version,
            former=(keys.signing_public, keys.sign),
            following=(following.signing_public, following.sign),
        )
        keep_secret(home.folder, "signing.next", following.signing)
        keep_secret(home.folder, "encryption.next", following.encryption)
        # Last: without it, what was drawn is drawn again.
        write_atomically(rotation_file(home), encode_successions([statement]))
        found = read_next_keys(home)
        assert found is not None  # noqa: S101  # the lock is held
        return found


def is_under_way(home: Home) -> bool:
    """Whether keys wait for a charter here, also where they are damaged and never will count.

    Raises:
        CorridorError: the keys that count cannot be read, or not who follows them.
    """
    if not rotation_file(home).exists():
        return False
    keys = read_keys(home)
    statements = parse_successions(rotation_file(home).read_bytes(), rotation_file(home).name)
    return [one.former for one in statements] == [keys.signing_public]


def abandon(home: Home) -> bool:
    """Give the rotation up: the next keys are destroyed. Whether there was one.

    Raises:
        RotationSignedError: this node has signed a charter that lists them, and none of a later
            version is in force here. Nothing was changed: that one may come into force elsewhere,
            and nobody else could sign for this node then.
    """
    with rotating_alone(home):
        found = is_under_way(home)
        if found and _may_be_listed(home, read_keys(home).signing_public):
            raise RotationSignedError
        if found or not rotation_file(home).exists():
            _drop_next(home)
        return found


def _may_be_listed(home: Home, now: PublicKey) -> bool:
    """Whether a charter that lists other keys than `now` was signed here and may come into force.

    That another one was signed since says nothing: a coordinator may keep the earlier one back from
    this node, and give it to the others with all signatures. Once a later version is in force,
    every member has signed that one, and takes no earlier version any more.
    """
    signed = [
        parse_charter(path.read_bytes(), path.name) for path in home.charters_before.glob("*.json")
    ]
    if home.charter_accepted.exists():
        raw = home.charter_accepted.read_bytes()
        signed.append(parse_signed_charter(raw, home.charter_accepted.name).charter)
    past = 0
    if home.charter.exists():
        past = parse_signed_charter(home.charter.read_bytes()).charter.version
    return any(one.version > past and now not in one.signing_keys.values() for one in signed)


def settle_alone(home: Home) -> None:
    """Where the next keys count, put them in the place of those of before; under `rotating_alone`.

    What a kill left of a rotation that never began is swept away, too.

    Raises:
        CorridorError: not all of it could be done. The next keys count; it is done the next time.
    """
    if is_under_way(home):
        return
    following = read_next_keys(home)
    if following is not None:
        before = b"".join(following.encryption_before)
        keep_secret(home.folder, "encryption.before", before)
        write_atomically(successions_file(home), encode_successions(following.successions))
        keep_secret(home.folder, "encryption.key", following.encryption)
        _replace_signing_key(home, following)
    _drop_next(home)
    _erase_former(home)


def _replace_signing_key(home: Home, following: NodeKeys) -> None:
    path = home.keys / "signing.key"
    # No vault: the bytes of the old file must not only lose their name.
    is_old = path.exists() and read_kept_keys(home).signing != following.signing
    if is_old and not (home.keys / _BEFORE).exists():
        os.link(path, home.keys / _BEFORE)
        flush_folder(home.keys)
    keep_secret(home.folder, "signing.key", following.signing)


def _drop_next(home: Home) -> None:
    if rotation_file(home).exists():
        rotation_file(home).unlink()
        flush_folder(home.keys)
    for name in ("signing.next", "encryption.next"):
        if has_secret(home.folder, name):
            drop_secret(home.folder, name)
        for left in (home.keys / name, home.keys / f".{name}.new"):  # by a writer that was killed
            erase_file(left)


def _erase_former(home: Home) -> None:
    before, now = home.keys / _BEFORE, home.keys / "signing.key"
    if before.exists() and now.exists() and before.samefile(now):
        before.unlink()
        flush_folder(home.keys)
    erase_file(before)
