"""A node's console over a home of its own: real files, a real database, a clock that is moved."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.console import make_site, open_desks
from corridor.node.listening import Listening
from corridor.node.web.desks import Desks
from support.ledgers import TestClock
from support.pages import PagesSite, cheap_passwords

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PORT = 7071
PATIENCE_SECONDS = 60.0
"""A test of a page waits for ledger and journal, however busy the machine is."""


@dataclass
class Console(PagesSite):
    """A console under test."""

    world: node_app.World = field(kw_only=True)
    desks: Desks = field(kw_only=True)

    @property
    def home(self) -> Path:
        return self.world.home


def make_home(folder: Path, clock: TestClock, *, seed: int = 7) -> node_app.World:
    """A new node in `folder`."""
    world = node_app.World(home=folder, clock=clock, random_bytes=Random(seed).randbytes)
    node_app.initialise(world, country=CountryCode("MD"), name="Ministry of the Interior")
    return world


@contextmanager
def open_console(
    folder: Path, listening: Listening | None = None, *, clock: TestClock | None = None
) -> Iterator[Console]:
    """The console of a new node."""
    clock = TestClock(START) if clock is None else clock
    world = make_home(folder, clock)
    with ExitStack() as stack:
        desks = stack.enter_context(open_desks(world))
        cheap_passwords(desks.people)
        desks.room.patience = PATIENCE_SECONDS
        listening = Listening(f"127.0.0.1:{PORT}") if listening is None else listening
        app = make_site(desks, listening, world, PORT)
        yield Console(clock, desks.people, app, world=world, desks=desks)
