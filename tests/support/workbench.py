"""A coordinator's workbench over its home: real database, a clock that is moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from corridor.coordinator import app
from corridor.coordinator.app.people import Accounts, accounts
from support.ledgers import TestClock
from support.pages import PagesSite, cheap_passwords
from support.sites import MAKER


@dataclass
class Workbench(PagesSite):
    """A workbench under test, and the desks behind it."""

    parts: app.Parts = field(kw_only=True)
    accounts: Accounts = field(kw_only=True)


@contextmanager
def open_workbench(world: app.World, *, clock: TestClock | None = None) -> Iterator[Workbench]:
    """The workbench of this coordinator; its accounts' clock is the test's."""
    clock = clock or TestClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    moved = app.World(home=world.home, clock=clock, random_bytes=world.random_bytes)
    with app.opened(world) as parts, accounts(moved) as opened:
        cheap_passwords(opened.people)
        pages = app.make_pages(parts, opened, MAKER)
        yield Workbench(clock, opened.people, pages, parts=parts, accounts=opened)
