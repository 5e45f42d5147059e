"""Five authorities and a coordinator: real nodes over mutual TLS, in one process.

Everybody's clock can be moved. A node is stopped and started on its own home.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from corridor.cli.demo.region import free_port
from corridor.client.app import connect
from corridor.client.connection import Credentials
from corridor.coordinator import app as coordinator_app
from corridor.ids import CountryCode, Digest
from corridor.node import app as node_app
from corridor.node.app.world import dial_coordinator
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys
from corridor.node.link.stream import Link
from corridor.node.store import EditionStore
from corridor.node.witness_book import WitnessBook
from corridor.transport.suites import ed25519_verify
from support.editions import Case, make_tables
from support.loopback_region import QUICK, LoopThread
from support.whole_region.template import POLICY

FIVE = tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA")))
AWAY = FIVE[2]
OTHERS = tuple(country for country in FIVE if country != AWAY)
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


class Calendar:
    """The clock of everybody in the region."""

    def __init__(self) -> None:
        self._later = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._later

    def move(self, by: timedelta) -> None:
        self._later += by


@dataclass
class Serving:
    """One node's `serve`, in a thread of its own."""

    world: node_app.World
    stack: ExitStack = field(default_factory=ExitStack)
    loop: LoopThread = field(default_factory=LoopThread)

    def start(self) -> None:
        home = Home(self.world.home)
        worker = self.stack.enter_context(ThreadPoolExecutor(max_workers=1))
        self.node = node_app.open_node(self.world, home, read_settings(home), self.stack)

        async def serve() -> None:
            self.link = Link(node_app.link_parts(self.node, lambda: dial_coordinator(home), worker))
            ready.set()
            await self.link.run()

        ready = threading.Event()
        self.running: Future[None] = asyncio.run_coroutine_threadsafe(serve(), self.loop.loop)
        assert ready.wait(10)

    def stop(self) -> None:
        self.loop.loop.call_soon_threadsafe(self.link.stop)
        self.running.result(20)
        self.loop.close()
        self.stack.close()


class Region:
    """Five authorities and a coordinator."""

    def __init__(self, folder: Path) -> None:
        self.calendar = Calendar()
        real = coordinator_app.real_world(folder / "coordinator")
        self.world = coordinator_app.World(
            home=real.home, clock=self.calendar, random_bytes=real.random_bytes
        )
        grpc, web = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        coordinator_app.initialise(self.world, name="Region", listen=grpc, web=web, deadlines=QUICK)
        self.start_coordinator()
        self.credentials = Credentials(
            f"https://{web}",
            coordinator_app.issue_token(self.world, "ana"),
            coordinator_app.authority_fingerprint(self.world),
        )
        self.serving: dict[CountryCode, Serving] = {}
        self.worlds = {country: self._make(folder, country) for country in FIVE}
        self.propose()
        for country in FIVE:
            self.accept(country)

    def start_coordinator(self) -> None:
        self._coordinator = LoopThread()
        ready = threading.Event()

        async def serve() -> None:
            self._stop = asyncio.Event()
            await coordinator_app.run(self.world, self._stop, lambda _: ready.set())

        self._serving = asyncio.run_coroutine_threadsafe(serve(), self._coordinator.loop)
        assert ready.wait(20)

    def stop_coordinator(self) -> None:
        self._coordinator.loop.call_soon_threadsafe(self._stop.set)
        self._serving.result(20)
        self._coordinator.close()

    def _make(self, folder: Path, country: CountryCode) -> node_app.World:
        real = node_app.real_world(folder / country)
        world = node_app.World(home=real.home, clock=self.calendar, random_bytes=real.random_bytes)
        node_app.initialise(world, country=country, name=f"Authority of {country}")
        Home(world.home).policy.write_text(POLICY)
        node_app.enrol(world, coordinator_app.invite(self.world, country).encode())
        cases = [Case("a woman", "a case", {"prs_Gender": "Female"})]
        EditionStore(world.home, world.random_bytes, world.clock).write(
            make_tables(cases), replaces=None, sources=[Digest(bytes(32))]
        )
        return world

    def propose(self, **terms: Any) -> Digest:
        proposed = coordinator_app.propose_charter(self.world, synthetic=True, **terms)
        return proposed.charter.digest

    def accept(self, country: CountryCode) -> bool:
        cards = [node_app.card(world).text.encode() for world in self.worlds.values()]
        trusted = node_app.trusted_fingerprints({}, cards)
        world = self.worlds[country]
        return node_app.accept(world, node_app.offered_charter(world), trusted).in_force

    def start(self, country: CountryCode) -> None:
        self.serving[country] = Serving(self.worlds[country])
        self.serving[country].start()

    def stop(self, country: CountryCode) -> None:
        self.serving.pop(country).stop()

    def close(self) -> None:
        for country in list(self.serving):
            self.stop(country)
        self.stop_coordinator()

    # ------------------------------------------------------------ looking and asking

    def members(self) -> dict[str, dict[str, Any]]:
        return {one["country"]: one for one in coordinator_app.members(self.world)}

    def wait(self, holds: Callable[[], bool]) -> None:
        for _ in range(600):
            if holds():
                return
            time.sleep(0.1)
        raise AssertionError(self.members())

    def wait_until_ready(self, countries: tuple[CountryCode, ...]) -> None:
        self.wait(lambda: {c for c, one in self.members().items() if one["ready"]} == {*countries})

    def answered_by(self, rho: str) -> list[str]:
        with connect(self.credentials) as analyst:
            asked = {"sql": SQL, "rho": rho, "scope": "regional", "purpose": "a test"}
            told = analyst.wait(analyst.ask(asked)["id"], lambda _: None, time.sleep)
            assert told["state"] == "released", told["failure"]
            survivors: list[str] = analyst.release(told["release_id"])["survivors"]
            return survivors

    def witnessed(self, of: CountryCode) -> int:
        """How many entries of a ledger the one that was away holds."""
        with WitnessBook(Home(self.worlds[AWAY].home).witness, ed25519_verify) as book:
            return book.last(read_keys(Home(self.worlds[of].home)).signing_public)[0]

    def entries(self, of: CountryCode) -> int:
        ledger = self.serving[of].node.ledger
        assert ledger is not None
        return ledger.statement().sequence

    def members_receipts(self) -> int:
        return len(list((self.world.home / "receipts").iterdir()))
