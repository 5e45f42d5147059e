"""New keys of the card: drawn here, listed by the next charter, and in use when it is in force."""

import asyncio
from contextlib import suppress

from corridor.errors.keeping import NothingToAbandonError, RotationBusyError, VaultBusyError
from corridor.errors.node import NoCharterError
from corridor.node import rotation
from corridor.node.app.world import World, charter_desk, dial_coordinator, own_card_view
from corridor.node.home import Home, demand_in_service, read_enrolment, read_settings
from corridor.node.journal import Journal
from corridor.node.keys import NodeKeys, read_keys
from corridor.node.link import membership
from corridor.node.views import CardView
from corridor.protocols.cards import Card
from corridor.protocols.successions import Succession, encode_successions
from corridor.transport.messages import SuccessorHandedIn


def rotate_card(world: World) -> CardView:
    """Draw the keys that follow, and hand their card to the coordinator for the next charter.

    Gives this node's card, with the one that follows.

    Until that charter is in force the keys of now count, and the command may be repeated.

    Raises:
        NotEnrolledError, NoCharterError: nobody knows this node's keys yet, so none need follow.
        RotationBusyError: another process is at it. Nothing was changed in any of these cases.
        CorridorError: the coordinator does not answer, or refuses. The new keys wait here: repeat.
    """
    home = Home(world.home)
    demand_in_service(home)
    read_enrolment(home)
    in_force = charter_desk(home).in_force()
    if in_force is None:
        raise NoCharterError
    settings = read_settings(home)
    following = rotation.begin(home, settings, in_force.charter, world.random_bytes)
    statement = following.successions[-1]
    asyncio.run(_hand_in(home, following.card(settings), [statement]))
    return own_card_view(home)


def abandon_rotation(world: World) -> CardView:
    """Take back the keys that wait for a charter, and destroy them; gives the card that stays.

    Raises:
        NothingToAbandonError: none wait. Nothing was changed.
        RotationSignedError: this node has signed the charter that lists them; they stay.
        CorridorError: the coordinator does not answer. Nothing was changed.
    """
    home = Home(world.home)
    if not rotation.is_under_way(home):
        raise NothingToAbandonError
    # First: a charter that lists them could not be signed by anybody once they are gone.
    asyncio.run(_hand_in(home, read_keys(home).card(read_settings(home)), []))
    rotation.abandon(home)
    return own_card_view(home)


async def _hand_in(home: Home, card: Card, statement: list[Succession]) -> None:
    raw = encode_successions(statement) if statement else b""
    async with dial_coordinator(home) as channel:
        # What it answers proves nothing; what it proposes is looked at before it is signed.
        await membership.hand_in_successor(channel, SuccessorHandedIn(card.encode(), raw))


def settle_rotation(home: Home, keys: NodeKeys, journal: Journal) -> None:
    """Note in the journal, once, that this node has new keys, and destroy the old signing key.

    `keys` are those that count. For the process that serves, before it does anything with them.
    Where another process holds the keys just now, the old one is destroyed at the next start.

    Raises:
        CorridorError: a disk that refuses; the new keys count all the same.
    """
    if keys.former and not journal.has_rotated_to(keys.signing_public):
        journal.rotated("card", keys.signing_public, keys.former[-1])
    with suppress(RotationBusyError, VaultBusyError), rotation.rotating_alone(home):
        rotation.settle_alone(home)
