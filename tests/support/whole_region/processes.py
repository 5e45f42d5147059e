"""Processes that can be killed: a node's `serve` and the coordinator's, on a simulated world.

Every look at the clock and every draw of randomness is a place where the power may fail: `Steps`
counts them, and kills the process at the one that the history chose. Then what is on the disk is
salvaged into a new folder, and the old process goes on dying in its old one, where nobody looks.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import grpc

from corridor import __version__
from corridor.coordinator import app as coordinator_app
from corridor.coordinator.home import Home as CoordinatorHome
from corridor.coordinator.home import read_settings as read_coordinator_settings
from corridor.coordinator.store import Store
from corridor.ids import CountryCode
from corridor.node import app as node_app
from corridor.node.home import Home, read_settings
from corridor.node.link.stream import Link
from support.whole_region.disk import Disk, Disks, salvage
from support.whole_region.loop import SimulatedLoop
from support.whole_region.template import BEGINNING, COORDINATOR
from support.whole_region.wire import Network, SimulatedChannel, SimulatedServer


class PowerFailure(BaseException):
    """The process is no more. Not an Exception: nothing that runs may answer it."""


@dataclass(slots=True)
class Steps:
    """A process's moments, one of which may be its last."""

    last: int | None = None
    taken: int = 0

    def take(self) -> bool:
        """Another moment; whether the power fails in it."""
        self.taken += 1
        return self.taken == self.last


class Process:
    """One run of one party's `serve`.

    Attributes:
        folder: its disk; after its death, a copy is the next run's.
        on_death: hears of it, once.
        leaving: sees what a node sends.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        loop: SimulatedLoop,
        chance: Random,
        disks: Disks,
        *,
        skew: float = 0.0,
        failing: float = 0.0,
        last_step: int | None = None,
        on_death: Callable[["Process"], None] = lambda _: None,
        leaving: Callable[["Process", bytes], None] = lambda _, __: None,
    ) -> None:
        self.name, self.folder = name, folder
        self.is_alive = True
        self._loop, self._chance, self._skew = loop, chance, timedelta(seconds=skew)
        self._steps = Steps(last_step)
        self._on_death, self._leaving = on_death, leaving
        self._tasks: list[asyncio.Task[None]] = []
        disks.by_folder[folder] = self.disk = Disk(chance, failing)

    def turn(self, seed: str, *, skew: float, failing: float) -> None:
        """From now on other randomness, another clock and another disk; the history forks."""
        self._chance.seed(f"{self.name} {seed}")
        self._skew, self.disk.failing = timedelta(seconds=skew), failing

    def clock(self) -> datetime:
        """This party's clock, right or wrong."""
        self._step()
        return BEGINNING + timedelta(seconds=self._loop.time()) + self._skew

    def random_bytes(self, count: int) -> bytes:
        """This run's randomness; a restart draws other numbers."""
        self._step()
        return self._chance.randbytes(count)

    def _step(self) -> None:
        if not self.is_alive:
            raise PowerFailure
        if self._steps.take():
            self.kill()
            raise PowerFailure

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong with its disk and clock, and no power failure waits for it."""
        return not self.disk.failing and not self._skew and self._steps.last is None

    def fail_within(self, steps: int) -> None:
        """The power fails at the last of so many steps from now, if the process gets there."""
        self._steps.last = self._steps.taken + steps

    def kill(self) -> None:
        """`kill -9`, or the power fails."""
        if not self.is_alive:
            return
        self.is_alive = False
        after = self.folder.with_name(f"{self.folder.name}+")
        salvage(self.folder, after, self._chance)
        self.folder = after
        self._die()
        for task in self._tasks:
            self._loop.call_soon(task.cancel)
        self._on_death(self)

    def _die(self) -> None:
        """What the system does at the death of this process."""

    def start(self, network: Network) -> None:
        """Open the home and serve.

        Raises:
            CorridorError: the home cannot be used. PowerFailure: it died doing so.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the files, dead or alive."""

    def _run(self, task: "asyncio.Task[None]") -> None:
        self._tasks.append(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if self.is_alive and not task.cancelled() and (bug := task.exception()) is not None:
            context = {"message": f"{self.name} ended", "exception": bug}
            self._loop.surprises.append(context)


class NodeProcess(Process):
    """`corridor node serve`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._channels: list[SimulatedChannel] = []
        self._stack = ExitStack()

    def start(self, network: Network) -> None:
        """Open the home and dial.

        Raises:
            CorridorError: the home cannot be used. PowerFailure: it died doing so.
        """
        self._network = network
        self.country = CountryCode(self.name[:2])
        home = Home(self.folder)
        world = node_app.World(home=self.folder, clock=self.clock, random_bytes=self.random_bytes)
        self.node = node_app.open_node(world, home, read_settings(home), self._stack)
        self.node.journal.started(__version__)
        self._certificate = (home.keys / "tls.pem").read_bytes()
        thread = cast("Executor", object())  # the loop tells executors apart, and needs none
        self.link = Link(node_app.link_parts(self.node, self._dial, thread))
        self._run(self._loop.create_task(self.link.run()))

    def _dial(self) -> "grpc.aio.Channel":
        channel = SimulatedChannel(
            self._network,
            self.country,
            self._certificate,
            lambda raw: self._leaving(self, raw),
        )
        self._channels.append(channel)
        return cast("grpc.aio.Channel", channel)

    def _die(self) -> None:
        for channel in self._channels:
            channel.die()

    def close(self) -> None:
        """Let go of the files, dead or alive."""
        self._stack.close()


class CoordinatorProcess(Process):
    """`corridor coordinator serve`, without its REST port."""

    _server: SimulatedServer | None = None

    def start(self, network: Network) -> None:
        """Open the home and serve.

        Raises:
            CorridorError: the home cannot be used. PowerFailure: it died doing so.
        """
        home = CoordinatorHome(self.folder)
        world = coordinator_app.World(
            home=self.folder, clock=self.clock, random_bytes=self.random_bytes
        )
        self._network = network
        self._store = Store(home.store)
        self.parts = coordinator_app.make_parts(
            world,
            home,
            read_coordinator_settings(home),
            self._store,
            wake=asyncio.Event(),
            fault=None,
        )
        coordinator_app.tidy(self.parts)
        server = SimulatedServer(self.clock, self._admit)
        # As much of a server as servicers need.
        coordinator_app.let_answer(cast("grpc.aio.Server", server), self.parts)
        network.server = self._server = server
        self._run(self._loop.create_task(self.parts.rounds.run()))

    def _admit(self, peer: object) -> None:
        coordinator_app.admit(self.parts, peer)  # type: ignore[arg-type]

    def _die(self) -> None:
        if self._server is not None:
            self._server.alive = False
        self._network.server = None
        for calls in self._network.calls.values():
            for call in list(calls):
                call.break_at_server()

    def close(self) -> None:
        """Let go of the files, dead or alive."""
        self._store.close()


__all__ = ["COORDINATOR", "CoordinatorProcess", "NodeProcess", "PowerFailure", "Process"]
