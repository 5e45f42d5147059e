"""A whole region in one folder: homes, keys, case files, charter, processes.

Everything an operator would do by hand is done through the same functions that the commands call.
One thing is different, and said aloud: the members' fingerprints are read from the node folders
beside each other, where real authorities read them to each other over the phone.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from corridor.cli.demo.processes import Processes
from corridor.client.app import connect
from corridor.client.connection import Connection, Credentials
from corridor.coordinator import app as coordinator_app
from corridor.errors.demo import DemoTimeoutError
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.synthetic import write_country_workbook

COUNTRIES = tuple(
    CountryCode(code)
    for code in ("BG", "MD", "NG", "RO", "UA", "NE", "AL", "GE", "RS", "TR", "IT", "MK")
)
"""Whose nodes the demo starts; the first five by default."""

PAUSE_SECONDS = 0.2
LOOKS = 450
"""How often a demo looks before it gives up waiting: ninety seconds and a little."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoRegion:
    """Where a demo's parts lie and how they are reached."""

    folder: Path
    countries: Sequence[CountryCode]
    processes: Processes
    web: str
    credentials: Credentials

    def home(self, country: CountryCode) -> Path:
        """The folder of one node."""
        return node_home(self.folder, country)

    def restart_node(self, country: CountryCode, fault: str) -> None:
        """Start one node anew, with a fault on purpose."""
        self.processes.stop(f"node-{country}")
        start_node(self.processes, self.folder, country, "--fault", fault)

    def start_ended_nodes(self) -> None:
        """Start the nodes that stopped on purpose anew, without a fault, and wait for them."""
        for country in self.countries:
            if self.processes.has_ended(f"node-{country}"):
                start_node(self.processes, self.folder, country)
        self.wait_until_connected()

    def wait_until_connected(self) -> None:
        """Wait for every node.

        Raises:
            DemoTimeoutError: one does not come.
            ProcessDiedError: one ended.
        """
        _wait_for_members(self.processes, self.credentials, self.countries)


def node_home(folder: Path, country: CountryCode) -> Path:
    """The folder of one node in a demo's folder."""
    return folder / f"node-{country}"


def start_node(processes: Processes, folder: Path, country: CountryCode, *words: str) -> None:
    """Start one node's `serve`."""
    home = node_home(folder, country)
    processes.start(f"node-{country}", "node", "serve", "--home", str(home), *words)


@contextmanager
def running_region(
    folder: Path,
    countries: Sequence[CountryCode],
    people: int,
    seed: int,
    tell: Tell,
    *,
    failed_attempts_per_day: int = 3,
) -> Iterator[DemoRegion]:
    """A region that answers questions; its processes end with the block."""
    processes = Processes(folder / "logs")
    try:
        yield _build(
            processes,
            folder,
            countries,
            people=people,
            seed=seed,
            tell=tell,
            failed_attempts_per_day=failed_attempts_per_day,
        )
    finally:
        processes.stop_all()


def _build(
    processes: Processes,
    folder: Path,
    countries: Sequence[CountryCode],
    *,
    people: int,
    seed: int,
    tell: Tell,
    failed_attempts_per_day: int,
) -> DemoRegion:
    coordinator = folder / "coordinator"
    grpc, web = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    world = coordinator_app.real_world(coordinator)
    coordinator_app.initialise(world, name="Demo region", listen=grpc, web=web)
    processes.start("coordinator", "coordinator", "serve", "--home", str(coordinator))
    _wait_for_port(processes, web)
    tell("a coordinator is running; making nodes, keys and synthetic case files")
    for number, country in enumerate(countries):
        node = node_app.real_world(node_home(folder, country))
        node_app.initialise(node, country=country, name=f"Demo authority of {country}")
        node_app.enrol(node, coordinator_app.invite(world, country).encode())
        workbook = folder / "case-files" / f"SYNTHETIC-cases-{country}.xlsx"
        workbook.parent.mkdir(exist_ok=True)
        write_country_workbook(workbook, country, people, seed + number)
        outcome = node_app.import_files(
            node, [workbook], replace=False, mappings=(), progress=lambda _: None
        )
        tell(f"{country}: {outcome.lines[0]}")
    _sign_charter(folder, countries, world, failed_attempts_per_day)
    tell(
        "every node has signed the charter; the fingerprints were read from the node folders here, "
        "where real authorities read them to each other by phone"
    )
    tell("starting the nodes")
    for country in countries:
        start_node(processes, folder, country)
    credentials = Credentials(
        f"https://{web}",
        coordinator_app.issue_token(world, name="demo analyst"),
        coordinator_app.authority_fingerprint(world),
    )
    _wait_for_members(processes, credentials, countries)
    return DemoRegion(folder, countries, processes, web, credentials)


def _sign_charter(
    folder: Path,
    countries: Sequence[CountryCode],
    world: coordinator_app.World,
    failed_attempts_per_day: int,
) -> None:
    coordinator_app.propose_charter(
        world, synthetic=True, failed_attempts_per_day=failed_attempts_per_day
    )
    cards = [node_app.card(node_app.real_world(node_home(folder, c))).text for c in countries]
    trusted = node_app.trusted_fingerprints({}, [card.encode() for card in cards])
    for country in countries:
        node = node_app.real_world(node_home(folder, country))
        node_app.accept(node, node_app.offered_charter(node), trusted)


def _wait_for_port(processes: Processes, address: str) -> None:
    host, port = address.rsplit(":", 1)
    for _ in range(LOOKS):
        processes.check()
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(PAUSE_SECONDS)
    raise DemoTimeoutError("the coordinator")


def _wait_for_members(
    processes: Processes, credentials: Credentials, countries: Iterable[str]
) -> None:
    missing = set(countries)
    with connect(credentials) as region:
        for _ in range(LOOKS):
            processes.check()
            missing = set(countries) - _ready(region)
            if not missing:
                return
            time.sleep(PAUSE_SECONDS)
    raise DemoTimeoutError(", ".join(sorted(missing)))


def _ready(region: Connection) -> set[str]:
    return {one["country"] for one in region.members() if one["connected"] and one["ready"]}


def free_port() -> int:
    """A port that nobody uses, below those that the system gives to outgoing connections.

    Each process begins its search elsewhere.
    """
    for tried in _TRIED:
        port = 10_240 + (127 * os.getpid() + tried) % 22_000
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


_TRIED = count()
