"""Many connected idle nodes on one coordinator, and their return after it restarts.

    python benchmarks/bench_idle.py [SIZES…]          10 and 50 nodes
    python benchmarks/bench_idle.py --no-charter 175  streams alone: nobody accepted a charter, so
                                                      nobody witnesses anybody

The coordinator is a process of its own, `corridor coordinator serve`. The nodes are whole: homes,
keys, charters, ledgers, witness books, and the link with its certificate over mutual TLS, opened as
`corridor node serve` opens them; but all of a run's nodes live in **one** process (this one), with
one event loop and a worker thread each. So what is measured is the coordinator, and not a node.
Nobody imported data: what idles needs none.

    connected    from the first dial until the coordinator shows all as connected, their ledgers
                 confirmed by a quorum of the others: n² questions and answers about ledgers, each
                 of which is n long. That is the nodes' work more than the coordinator's, and here
                 all of it is one process's
    idle         the coordinator's CPU over some seconds in which nothing is asked, as a share of
                 one core; resident memory, open files, threads
    storm        SIGTERM, a new coordinator on the same home, until all are back as above. A link
                 waits half a second or so before it dials again, and twice as long each time
    bare         the baseline, in the same run: as many bare bidirectional streams over the same
                 transport to an otherwise empty process; its memory and CPU
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
import structlog
from measuring import Held, load, start_bare

from corridor.cli.demo.processes import Processes
from corridor.cli.demo.region import free_port
from corridor.client.app import connect
from corridor.client.connection import Credentials
from corridor.coordinator import app as coordinator_app
from corridor.errors import CorridorError
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.home import Home, read_enrolment, read_settings
from corridor.node.keys import read_authority, read_identity
from corridor.node.link.stream import Link
from corridor.queries.catalogue import parse_catalogue
from corridor.transport.certificates import decode_certificate
from corridor.transport.channels import dial

IDLE_SECONDS = 30.0
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description="idle nodes on one coordinator")
    parser.add_argument("sizes", nargs="*", type=int, default=(10, 50))
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds to idle")
    parser.add_argument("--no-charter", action="store_true", help="nobody witnesses anybody")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            Bench(Path(folder), size, asked.idle, charter=not asked.no_charter).run()


@dataclass(frozen=True, slots=True)
class Storm:
    """How long all needed to come, and until nothing more happened; the coordinator's CPU."""

    seconds: float
    quiet: float
    cpu: float

    def __str__(self) -> str:
        return (
            f"all connected and confirmed after {self.seconds:.1f} s, quiet after {self.quiet:.1f} "
            f"s, coordinator's CPU {self.cpu:.2f} s; load average {load()}"
        )


class Bench:
    """One size of region in one folder."""

    def __init__(self, folder: Path, size: int, idle: float, *, charter: bool) -> None:
        self.folder, self.idle, self.charter = folder, idle, charter
        self.countries = codes(size)
        self.nodes: list[node_app.ServingNode] = []
        self.kept: list[object] = []
        self.processes = Processes(folder / "logs")
        self.home = folder / "coordinator"
        self.grpc, self.web = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"

    def run(self) -> None:
        begun = time.perf_counter()
        try:
            credentials = self.set_up()
            charter = "a charter" if self.charter else "no charter"
            print(
                f"\n{len(self.countries)} nodes, {charter}; set up in "
                f"{time.perf_counter() - begun:.0f} s; load average {load()}"
            )
            alone = self.coordinator()
            print(f"coordinator before anybody dials: {alone}")
            asyncio.run(self.live(credentials, alone))
        finally:
            self.processes.stop_all()

    def set_up(self) -> Credentials:
        world = coordinator_app.real_world(self.home)
        coordinator_app.initialise(world, name="Idle region", listen=self.grpc, web=self.web)
        self.serve()
        wait_for_port(self.web)
        for country in self.countries:
            node = self.node_world(country)
            node_app.initialise(node, country=country, name=f"Authority of {country}")
            node_app.enrol(node, coordinator_app.invite(world, country).encode())
        if self.charter:
            self.sign_charter(world)
        return Credentials(
            f"https://{self.web}",
            coordinator_app.issue_token(world, name="bench"),
            coordinator_app.authority_fingerprint(world),
        )

    def sign_charter(self, world: coordinator_app.World) -> None:
        coordinator_app.propose_charter(world, synthetic=True)
        cards = [node_app.card(self.node_world(one)).text.encode() for one in self.countries]
        trusted = node_app.trusted_fingerprints({}, cards)
        for country in self.countries:
            node = self.node_world(country)
            node_app.accept(node, node_app.offered_charter(node), trusted)

    async def live(self, credentials: Credentials, alone: Held) -> None:
        with ExitStack() as stack:
            links = [self.open_link(country, stack) for country in self.countries]
            first = await self.timed(
                credentials, lambda: [asyncio.create_task(link.run()) for link in links]
            )
            print(f"first connection: {first}")
            await self.watch_idle("idle", alone)
            self.processes.stop("coordinator")
            print(f"storm after a restart: {await self.timed(credentials, self.serve)}")
            await self.watch_idle("idle after the storm", alone)
            for link in links:
                link.stop()
            await asyncio.sleep(1.0)
        await self.bare()

    async def timed(self, credentials: Credentials, begin: Callable[[], object]) -> "Storm":
        """Begin, and wait for everybody, and until the coordinator is quiet again."""
        before = self.coordinator().cpu if not self.processes.has_ended("coordinator") else 0.0
        begun = time.perf_counter()
        kept = begin()
        while (found := await asyncio.to_thread(self.connected, credentials)) < len(self.countries):
            if time.perf_counter() - begun > PATIENCE_SECONDS:
                raise SystemExit(f"{found} of {len(self.countries)} came in {PATIENCE_SECONDS} s")
            await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
        self.kept.append(kept)
        await self.quiet()
        return Storm(seconds, time.perf_counter() - begun, self.coordinator().cpu - before)

    async def quiet(self) -> None:
        """Wait until the coordinator has nothing more to do: under a tenth of a core for 2 s."""
        cpu = self.coordinator().cpu
        while True:
            await asyncio.sleep(2.0)
            before, cpu = cpu, self.coordinator().cpu
            if cpu - before < 0.2:
                return

    def connected(self, credentials: Credentials) -> int:
        """How many the API shows as connected, of those whose ledger the others confirmed."""
        try:
            with connect(credentials) as region:
                there = {one["country"] for one in region.members() if one["connected"]}
        except (CorridorError, OSError):
            return 0  # not yet
        if not self.charter:
            return len(there)
        desks = {node.settings.country: node.witnesses for node in self.nodes}
        return sum(1 for one in there if (desk := desks[one]) is not None and desk.is_witnessed)

    async def watch_idle(self, name: str, alone: Held) -> None:
        await asyncio.sleep(5.0)
        before = self.coordinator()
        await asyncio.sleep(self.idle)
        held = self.coordinator()
        cpu = (held.cpu - before.cpu) / self.idle
        each = (held.megabytes - alone.megabytes) / len(self.countries) * 1024
        print(f"{name}: {held}; {each:.0f} KB a node; CPU {cpu:.2%} of a core; load {load()}")

    async def bare(self) -> None:
        """As many bare streams into a process that does nothing else."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=serve_bare, args=(self.home, theirs))
        child.start()
        port = await asyncio.to_thread(ours.recv)
        pid = child.pid or 0
        empty = Held.by(pid)
        calls = [await self.bare_call(country, f"127.0.0.1:{port}") for country in self.countries]
        await asyncio.sleep(5.0)
        before = Held.by(pid)
        await asyncio.sleep(self.idle)
        held = Held.by(pid)
        each = (held.megabytes - empty.megabytes) / len(calls) * 1024
        cpu = (held.cpu - before.cpu) / self.idle
        print(f"bare streams: {held}; {each:.0f} KB a stream; CPU {cpu:.2%} of a core", flush=True)
        child.terminate()
        child.join()

    async def bare_call(self, country: CountryCode, address: str) -> object:
        home = Home(self.folder / f"node-{country}")
        channel = dial(
            address,
            identity=read_identity(home),
            authority=decode_certificate(read_authority(home), "ca.pem"),
            pinned=read_enrolment(home).authority,
        )
        call: Any = channel.stream_stream("/bare/Go")()
        await call.write(b"hello")
        await call.read()
        return channel, call

    def open_link(self, country: CountryCode, stack: ExitStack) -> Link:
        world = self.node_world(country)
        home = Home(world.home)
        node = node_app.open_node(
            world, home, read_settings(home), node_app.read_policy(home), stack
        )
        self.nodes.append(node)
        worker = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        enrolment = read_enrolment(home)
        identity, authority = read_identity(home), decode_certificate(read_authority(home), "ca")

        def dial_coordinator() -> grpc.aio.Channel:
            return dial(
                enrolment.grpc, identity=identity, authority=authority, pinned=enrolment.authority
            )

        return Link(node_app.link_parts(node, dial_coordinator, worker))

    def node_world(self, country: CountryCode) -> node_app.World:
        return node_app.real_world(self.folder / f"node-{country}")

    def serve(self) -> None:
        self.processes.start("coordinator", "coordinator", "serve", "--home", str(self.home))

    def coordinator(self) -> Held:
        return Held.by(self.processes.pids()["coordinator"])


def codes(size: int) -> Sequence[CountryCode]:
    """So many countries of those that a charter may list."""
    catalogue = parse_catalogue(
        lambda name: (files("corridor.queries") / "data" / name).read_text("utf-8")
    )
    return tuple(catalogue.country_names)[:size]


def serve_bare(home: Path, pipe: Any) -> None:
    """Answer each stream's first message, and keep it open."""

    async def go(requests: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
        async for message in requests:
            yield message

    async def serve() -> None:
        server, port = await start_bare(home, go)
        pipe.send(port)
        await server.wait_for_termination()

    asyncio.run(serve())


def wait_for_port(address: str) -> None:
    host, port = address.rsplit(":", 1)
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1.0):
            return
        time.sleep(0.2)
    sys.exit("the coordinator does not answer")


if __name__ == "__main__":
    main()
