"""A node that was away for days, a replaced certificate, a coordinator put back from a backup.

Real nodes and a real coordinator over mutual TLS, in one process, on a clock that can be moved.
"""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.client.app import connect
from corridor.client.connection import Credentials
from corridor.coordinator import app as coordinator_app
from corridor.errors import CorridorError
from corridor.ids import CountryCode, Digest
from corridor.node import app as node_app
from corridor.node.home import Home, read_settings
from corridor.node.keys import read_keys
from corridor.node.link.stream import Link
from corridor.node.store import EditionStore
from corridor.node.views import Finding
from corridor.node.witness_book import WitnessBook
from corridor.transport.suites import ed25519_verify
from support.editions import Case, make_tables
from support.loopback_region import QUICK, LoopThread, free_port
from support.whole_region.template import POLICY

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]

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
        self.node = node_app.open_node(
            self.world, home, read_settings(home), node_app.read_policy(home), self.stack
        )

        async def serve() -> None:
            self.link = Link(node_app.link_parts(self.node, lambda: node_app._dial(home), worker))
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


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    region = Region(tmp_path)
    yield region
    region.close()


def test_a_node_that_was_away_for_days_takes_part_again_with_nobody_touching_it(
    region: Region,
) -> None:
    """Meanwhile a charter comes into force that it had signed, answers are published and cosigned
    without it, the others' ledgers go on, and receipts get older than their retention.
    """
    for country in FIVE:
        region.start(country)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/400") == list(FIVE)

    second = region.propose(retention_days=3)
    assert not region.accept(AWAY)  # it signs first, and is away when the last one has signed
    region.stop(AWAY)
    assert [region.accept(country) for country in OTHERS][-1]
    region.wait_until_ready(OTHERS)
    assert region.answered_by("1/401") == list(OTHERS)
    assert region.members_receipts() == 2
    region.calendar.move(timedelta(days=9))
    region.wait(lambda: region.members_receipts() == 0)  # both are older than three days
    assert region.answered_by("1/402") == list(OTHERS)
    before = {country: region.witnessed(country) for country in OTHERS}
    assert all(before[country] < region.entries(country) for country in OTHERS)

    region.start(AWAY)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/403") == list(FIVE)

    node = region.serving[AWAY].node
    assert node.charter is not None
    assert node.charter.charter.digest == second
    assert node.ledger is not None
    assert node.ledger.balance().spent == Fraction(1, 400) + Fraction(1, 403)
    region.wait(lambda: region.members()[AWAY]["cosigned"] == 4)
    assert not node.tree.evidence()
    assert not node.book.forks()
    region.wait(  # what was debited while it was away, it witnesses now
        lambda: all(region.witnessed(one) == region.entries(one) for one in OTHERS)
    )


def test_a32_doctor_says_that_another_certificate_took_this_one_s_place(
    region: Region, tmp_path: Path
) -> None:
    """Somebody used a newer invitation of this country; the node that is connected learns it."""
    home = region.worlds[AWAY].home
    copy = tmp_path / "elsewhere"
    shutil.copytree(home, copy)
    assert coordinator_finding(region.worlds[AWAY]).ok
    other = replace(region.worlds[AWAY], home=copy)
    node_app.enrol(other, coordinator_app.invite(region.world, AWAY).encode())
    found = coordinator_finding(region.worlds[AWAY])
    assert not found.ok
    assert "stream.foreign_certificate" in found.finding
    keys = [folder / "keys" / "tls.key" for folder in (home, copy)]
    assert keys[0].read_bytes() != keys[1].read_bytes()  # a stolen one is worth nothing now


def test_a_lost_tls_key_is_made_anew_by_a_new_invitation(region: Region) -> None:
    world = region.worlds[AWAY]
    (world.home / "keys" / "tls.key").unlink()
    lost = next(one for one in node_app.doctor(world) if one.what == "certificate")
    assert "Enrol again" in lost.finding
    node_app.enrol(world, coordinator_app.invite(region.world, AWAY).encode())
    assert all(one.ok for one in node_app.doctor(world))


def coordinator_finding(world: node_app.World) -> Finding:
    return next(one for one in node_app.doctor(world) if one.what == "coordinator")


def test_a20_a_coordinator_put_back_proposes_the_charter_again_that_it_forgot(
    region: Region, tmp_path: Path
) -> None:
    """As the handbook says: the same options give the same charter, and no other is taken."""
    region.stop_coordinator()
    backup = tmp_path / "backup"
    shutil.copytree(region.world.home, backup)
    region.start_coordinator()
    second = region.propose(retention_days=3)
    assert [region.accept(country) for country in FIVE][-1]

    region.stop_coordinator()
    shutil.rmtree(region.world.home)
    shutil.copytree(backup, region.world.home)
    region.start_coordinator()
    assert region.propose(retention_days=3) == second
    assert [region.accept(country) for country in FIVE][-1]
    for country in FIVE:
        region.start(country)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/404") == list(FIVE)


def test_a20_another_charter_of_a_version_that_was_accepted_is_refused_for_good(
    region: Region, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    region.stop_coordinator()
    shutil.copytree(region.world.home, backup)
    region.start_coordinator()
    region.propose(retention_days=3)
    assert [region.accept(country) for country in FIVE][-1]
    region.stop_coordinator()
    shutil.rmtree(region.world.home)
    shutil.copytree(backup, region.world.home)
    region.start_coordinator()
    region.propose(retention_days=4)
    with pytest.raises(CorridorError) as refusal:
        region.accept(AWAY)
    assert refusal.value.code in {"charter.succession", "coordinator.equivocated"}
