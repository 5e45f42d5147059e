"""The accounts of an authority's staff: what `corridor node people` and the console share."""

from collections.abc import Iterator
from contextlib import contextmanager

from corridor.node.app.world import World, journal_of
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys
from corridor.node.people import PeopleChange, PeopleDesk, PeopleStore
from corridor.node.people.passwords import Passwords


@contextmanager
def people_desk(world: World) -> Iterator[PeopleDesk]:
    """What decides on this home's accounts.

    Raises:
        NoHomeError: there is no node here.
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
    """
    home = Home(world.home)
    settings = read_settings(home)

    def record(change: PeopleChange) -> None:
        with journal_of(world, home, read_keys(home)) as journal:
            journal.people_changed(change.change, change.name, change.roles, change.by)

    with PeopleStore(home.people) as store:
        yield PeopleDesk(
            store,
            Passwords(),
            node=settings.country,
            clock=world.clock,
            random_bytes=world.random_bytes,
            record=record,
        )
