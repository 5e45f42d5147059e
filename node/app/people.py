"""The accounts of an authority's staff: what `corridor node people` and the console share."""

from collections.abc import Iterator
from contextlib import contextmanager

from corridor.node.app.world import World, journal_of
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys
from corridor.node.store.vault import FACTOR_KEY, secret_or_new
from corridor.people import AUTHORITY, PeopleChange, PeopleDesk, PeopleStore, SealedFactors
from corridor.people.passwords import Passwords
from corridor.sealing import KEY_BYTES


@contextmanager
def people_desk(world: World) -> Iterator[PeopleDesk]:
    """What decides on this home's accounts.

    Raises:
        NoHomeError: there is no node here.
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
        CorridorError: the vault does not open, and an older version left something to seal.
    """
    home = Home(world.home)
    settings = read_settings(home)

    def record(change: PeopleChange) -> None:
        with journal_of(world, home, read_keys(home)) as journal:
            journal.people_changed(change.change, change.name, change.roles, change.by)

    def factor_key() -> bytes:
        return secret_or_new(world.home, FACTOR_KEY, world.random_bytes(KEY_BYTES))

    with PeopleStore(home.people) as store:
        desk = PeopleDesk(
            store,
            Passwords(),
            SealedFactors(factor_key, world.random_bytes),
            staff=AUTHORITY,
            place=settings.country,
            clock=world.clock,
            random_bytes=world.random_bytes,
            record=record,
        )
        desk.seal_factors()
        yield desk
