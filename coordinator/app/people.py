"""The accounts at a coordinator: what `corridor coordinator people` and the workbench share."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from corridor.coordinator.app.world import World
from corridor.coordinator.home import Home, read_settings
from corridor.people import REGION, PeopleChange, PeopleDesk, PeopleStore, SealedFactors
from corridor.people.passwords import Passwords
from corridor.sealing import derive

_log = structlog.get_logger()


@contextmanager
def people_desk(world: World) -> Iterator[PeopleDesk]:
    """What decides on this home's accounts.

    Raises:
        NoHomeError: there is no coordinator here.
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
    """
    home = Home(world.home)
    settings = read_settings(home)

    def factor_key() -> bytes:
        # One secret of this home begets another: a key for each purpose (`corridor.sealing`).
        return derive((home.keys / "signing.key").read_bytes(), "second factors of accounts")

    with PeopleStore(home.people) as store:
        desk = PeopleDesk(
            store,
            Passwords(),
            SealedFactors(factor_key, world.random_bytes),
            staff=REGION,
            place=settings.name,
            clock=world.clock,
            random_bytes=world.random_bytes,
            record=_record,
        )
        desk.seal_factors()
        yield desk


def _record(change: PeopleChange) -> None:
    _log.info(
        "people.changed", change=change.change, roles=sorted(change.roles), by=bool(change.by)
    )
