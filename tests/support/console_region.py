"""A region whose coordinator answers, three nodes, and the console of one of them as a process."""

import asyncio
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from corridor.cli.demo.region import free_port
from corridor.coordinator import app as coordinator_app
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.app.people import people_desk
from corridor.node.app.world import journal_of, ledger_of, read_policy
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.status import AttemptStatus, Status, StatusBoard
from corridor.people import Role
from support.console import START
from support.forked import ForkedProcess
from support.ledgers import CHARTER, QUESTION, TestClock, session_of
from support.loopback_region import LoopThread
from support.pages import cheap_passwords

THREE = tuple(map(CountryCode, ("BG", "MD", "UA")))
MD = THREE[1]
NAMES = {
    "BG": "Комисия против трафика",
    "MD": "Centrul pentru combaterea traficului de persoane",
    "UA": "Уряд України",
}
CASES = (
    "prs_IdentityNumber,prs_Gender,con_Consent,hte_Country,prs_Birthdate\n"
    "1001,Female,Yes,Moldova,1990-02-03\n"
    "1002,Male,Yes,Atlantis,31/02/1991\n"
    "1003,Female,No,Ukraine,1995-06-07\n"
)
_ADDRESS = re.compile(r"The console is at (https?://\S+)/;")


@dataclass
class OfferingRegion:
    """A coordinator that offers a charter to three nodes, none of which has signed it."""

    folder: Path
    worlds: dict[CountryCode, node_app.World] = field(default_factory=dict)

    def start(self) -> None:
        self.world = coordinator_app.real_world(self.folder / "coordinator")
        grpc, web = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        coordinator_app.initialise(self.world, name="Balkan region", listen=grpc, web=web)
        self._loop = LoopThread()
        ready = threading.Event()

        async def serve() -> None:
            self._stop = asyncio.Event()
            await coordinator_app.run(self.world, self._stop, lambda _: ready.set())

        self._serving = asyncio.run_coroutine_threadsafe(serve(), self._loop.loop)
        assert ready.wait(20)
        for country in THREE:
            node = node_app.real_world(self.folder / country)
            node_app.initialise(node, country=country, name=NAMES[country])
            node_app.enrol(node, coordinator_app.invite(self.world, country).encode())
            self.worlds[country] = node
        coordinator_app.propose_charter(self.world, synthetic=True)

    def stop(self) -> None:
        self._loop.loop.call_soon_threadsafe(self._stop.set)
        self._serving.result(20)
        self._loop.close()

    def fill(self) -> None:
        """Give MD's node a past: data, entries of its journal, spending, a status."""
        world = self.worlds[MD]
        home = Home(world.home)
        cases = self.folder / "cases.csv"
        cases.write_text(CASES)
        node_app.import_files(world, [cases], replace=False, mappings=(), progress=lambda _: None)
        clock = TestClock(START - timedelta(days=180))
        past = node_app.World(home=world.home, clock=clock, random_bytes=world.random_bytes)
        with ledger_of(past, read_policy(home), None) as ledger:
            ledger._failed_attempts_per_day = 10
            for number in range(12):
                deadline = int(clock().timestamp()) + 60
                ledger.reserve(
                    session_of(number),
                    Fraction(number % 4 + 1, 500),
                    question=QUESTION,
                    charter=CHARTER,
                    deadline=deadline,
                )
                ledger.debit(session_of(number), Fraction(1, 5))
                clock.advance(timedelta(days=13))
        with journal_of(world, home, read_keys(home)) as journal:
            for number in range(12):
                journal.let_out(session_of(number))
            for number in range(60):
                journal.refused(session_of(100 + number), "policy.refuses")
        attempt = AttemptStatus(
            question="3f2a91c0",
            purpose="yearly report",
            rho="1/100",
            round="masked-input",
            since=START,
            waiting_for=("BG", "UA"),
        )
        StatusBoard(
            home.status,
            Status(
                country=MD,
                process=1,
                link="connected",
                detail="",
                since=START,
                charter="in force",
                edition=None,
                attempt=attempt,
                last="released 12ab34cd",
                witnesses="2 of 2 confirmed",
            ),
        )

    def invite(self, name: str, role: Role) -> str:
        """A one-time code for a new account at MD's console; its hashing is cheap."""
        with people_desk(self.worlds[MD]) as desk:
            cheap_passwords(desk)
            return desk.add(name, [role])


@contextmanager
def offering_region(folder: Path) -> Iterator[OfferingRegion]:
    """The region; it ends with the block."""
    made = OfferingRegion(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def console_process(home: Path, *words: str) -> Iterator[str]:
    """`corridor node console` as a process; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = ForkedProcess(
            ["node", "console", "--home", str(home), "--listen", "127.0.0.1:0", *words],
            out,
            err,
            environment={"COLUMNS": "300"},
        )
        try:
            yield _address_in(process, err)
        finally:
            process.terminate()
            assert process.wait(20) == 0


def _address_in(process: ForkedProcess, said: Path) -> str:
    """What the console says of its address, once it has."""
    text = ""
    for _ in range(1200):
        text = said.read_text("utf-8") if said.exists() else ""
        if (found := _ADDRESS.search(text)) is not None:
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(text)
