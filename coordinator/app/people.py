"""The accounts at a coordinator: what `corridor coordinator people` and the workbench share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from corridor.coordinator.account_tokens import REST_DAYS, AccountTokens
from corridor.coordinator.app.names import is_of_token
from corridor.coordinator.app.world import World
from corridor.coordinator.home import Home, read_settings
from corridor.coordinator.provider import ProviderDesk
from corridor.coordinator.provider_settings import read_provider
from corridor.people import REGION, Change, PeopleChange, PeopleDesk, PeopleStore, SealedFactors
from corridor.people.passwords import Passwords
from corridor.sealing import derive


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Everything about the accounts of one home.

    Attributes:
        provider: who else signs people in, where there is one.
    """

    people: PeopleDesk
    tokens: AccountTokens
    store: PeopleStore
    provider: ProviderDesk | None


@contextmanager
def accounts(world: World) -> Iterator[Accounts]:
    """What decides on this home's accounts, their tokens, and who else signs them in.

    Raises:
        NoHomeError: there is no coordinator here.
        ProviderSettingsError: oidc.toml cannot be used.
        PeopleUnavailableError, PeopleDamagedError: the accounts cannot be read.
    """
    home = Home(world.home)
    settings = read_settings(home)
    known = read_provider(world.home, os.environ)

    def factor_key() -> bytes:
        # One secret of this home begets another: a key for each purpose (`corridor.sealing`).
        return derive((home.keys / "signing.key").read_bytes(), "second factors of accounts")

    with PeopleStore(home.people) as store:

        def record(change: PeopleChange) -> None:
            store.record(_kept(change, world.now()))

        desk = PeopleDesk(
            store,
            Passwords(),
            SealedFactors(factor_key, world.random_bytes),
            staff=REGION,
            place=settings.name,
            clock=world.clock,
            random_bytes=world.random_bytes,
            record=record,
            is_of_token=lambda name: is_of_token(home, name),
        )
        desk.seal_factors()
        tokens = AccountTokens(
            desk,
            store,
            record,
            world.now,
            world.random_bytes,
            REST_DAYS if known is None else known.token_rest_days,
        )
        yield Accounts(
            people=desk,
            tokens=tokens,
            store=store,
            provider=None if known is None else ProviderDesk(known, world.now, world.random_bytes),
        )


@contextmanager
def people_desk(world: World) -> Iterator[PeopleDesk]:
    """The accounts alone.

    Raises:
        NoHomeError, ProviderSettingsError, PeopleUnavailableError, PeopleDamagedError: as above.
    """
    with accounts(world) as opened:
        yield opened.people


def _kept(change: PeopleChange, at: int) -> Change:
    return Change(
        at=at,
        change=change.change,
        name=change.name,
        roles=change.roles,
        organisation=change.organisation,
        label=change.label,
        by=change.by,
    )
