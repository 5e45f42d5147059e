"""Steps of a rotation of keys on a home, as a process that a test can kill.

`main([STEP, HOME])`: `begin` and `abandon` as the command does them, without the coordinator;
`confirm` writes the charter that is in force into `charter.json`, as `serve` does, and goes over.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from corridor.files import write_atomically
from corridor.node import rotation
from corridor.node.app import real_world
from corridor.node.app.rotating import settle_rotation
from corridor.node.app.world import journal_of
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys, read_next_keys
from corridor.protocols.charter import (
    Charter,
    CharterSignature,
    Member,
    SignedCharter,
    proposal_to_sign,
    signature_to_sign,
)
from support.charters import COORDINATOR, COUNTRIES, make_charter, node_keys

MD = COUNTRIES[0]


def first_charter(home: Home) -> Charter:
    """A charter that lists the node of this home with the keys that it has."""
    card = read_keys(home).card(read_settings(home))
    me = Member(
        country=MD,
        name=card.name,
        signing_key=card.signing_key,
        encryption_key=card.encryption_key,
    )
    charter = make_charter()
    return replace(charter, members=(me, *charter.members[1:]))


def next_charter(home: Home, before: Charter) -> Charter:
    """The version after it, which lists the keys that follow."""
    following = read_next_keys(home)
    assert following is not None
    card = following.card(read_settings(home))
    me = replace(
        before.member(MD),
        signing_key=card.signing_key,
        encryption_key=card.encryption_key,
        successions=following.successions,
    )
    return replace(
        before,
        version=before.version + 1,
        previous=before.digest,
        members=(me, *before.members[1:]),
    )


def signed_by_all(home: Home, charter: Charter) -> SignedCharter:
    """The charter with every member's signature: in force."""
    key = charter.signing_keys[MD]
    waiting = (read_keys(home), read_next_keys(home))
    (mine,) = {one.signing: one for one in waiting if one and one.signing_public == key}.values()
    words = [
        CharterSignature(
            one,
            (mine.sign if one == MD else node_keys(one).sign)(signature_to_sign(charter, one)),
        )
        for one in COUNTRIES
    ]
    return SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), tuple(words))


def main(words: Sequence[str]) -> int:
    """One step."""
    step, folder = words[0], Path(words[1])
    world, home = real_world(folder), Home(folder)
    if step == "begin":
        rotation.begin(home, read_settings(home), first_charter(home), os.urandom)
    elif step == "abandon":
        rotation.abandon(home)
    else:
        write_atomically(home.charter, home.charter_accepted.read_bytes())
        keys = read_keys(home)
        with journal_of(world, home, keys) as journal:
            settle_rotation(home, keys, journal)
    return 0
