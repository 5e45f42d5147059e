"""One history: what the seed decides, from the first start to the last check.

    start everybody → some questions, during which things break → heal → one more question → checks

What may break: any process at any of its steps, lines (broken, cut for long), disks (commits that
fail), clocks (wrong from the beginning), and in some histories the coordinator's honesty. After the
healing an honest region must answer; whatever happened, the invariants of `observer` must hold.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from corridor.coordinator import app as coordinator_app
from corridor.coordinator.question_desk import AskRequest, SeriesRequest
from corridor.coordinator.tokens import TokenHolder
from corridor.errors import CorridorError
from corridor.ids import CountryCode
from corridor.node import question_desk
from corridor.node.app import serving as node_serving
from corridor.node.app.world import read_data
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.queries.catalogue import Catalogue, parse_catalogue
from corridor.transport.suites import ed25519_signer
from corridor.wire.v1 import exchange_pb2
from support.whole_region.adversary import Liar
from support.whole_region.disk import Disks, copy_folder, salvage, simulated_disks
from support.whole_region.loop import NothingWillHappenError, SimulatedLoop
from support.whole_region.observer import InvariantError, Observer, trace_digest, watching
from support.whole_region.people import count_new
from support.whole_region.processes import (
    COORDINATOR,
    CoordinatorProcess,
    NodeProcess,
    PowerFailure,
    Process,
)
from support.whole_region.remembered import read_receipt, remembering
from support.whole_region.template import POLICY, Template, make_template
from support.whole_region.wire import Network

ALLOWANCE = Fraction(1, 10)
"""Of a year, by the default policy; no history lasts longer."""

LONGEST = 20_000
"""Lines of a history; the longest that ended had a tenth of that."""

RELEASES = 3
"""Of a standing series."""

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
A_SERIES = AskRequest(
    sql=SQL, parameters={}, rho="1/40", series=SeriesRequest(every="month", periods=RELEASES)
)
HOLDER = TokenHolder("ana", "Test ministry")
MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 - only for speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a seed stands for, before anything happens.

    Attributes:
        size, colluders: of the region; the charter tolerates as many as there are here.
        questions: asked while things break.
        breaking: how many things break during one question, on average.
        at_least: so many things break during the first question, whatever is drawn.
        copying: whether backups are put back, and second copies of a node are started.
        rho: of a question; where disks are copied, a few exhaust an allowance.
        lying: the share of messages that a malicious coordinator alters.
        failing: the share of commits that fail at a bad disk.
        skew: how wrong a clock may be, in seconds.
        pace: how long after a question began things break, in seconds on average.
        poor: whether one member's allowance pays for one question only; what is copied is its disk.
        withholding: whether the coordinator keeps that member's ledger to itself, and forgets what
            it heard of ledgers before.
        splitting: whether it lets that member work with one half of the others, then with the rest.
        standing: whether a series is begun, of which releases are asked for while things break.
    """

    seed: int
    size: int
    colluders: int
    questions: int
    breaking: float
    copying: bool
    rho: Fraction
    lying: float
    failing: float
    skew: float
    at_least: int = 0
    pace: float = 1.0
    poor: bool = False
    withholding: bool = False
    splitting: bool = False
    standing: bool = False

    @classmethod
    def of(cls, seed: int) -> "Scenario":
        """Draw it."""
        chance = Random(f"scenario {seed}")
        size = chance.randint(3, 6)
        copying = chance.random() < 0.4
        return cls(
            seed=seed,
            copying=copying,
            rho=chance.choice((Fraction(1, 25), Fraction(1, 35))) if copying else Fraction(1, 200),
            size=size,
            colluders=1 if size < 6 else chance.randint(1, 2),
            questions=chance.randint(2, 5) if copying else chance.randint(1, 3),
            breaking=chance.choice((0.0, 1.0, 1.0, 3.0)),
            lying=chance.choice((0.0, 0.0, 0.2, 0.8)),
            failing=chance.choice((0.0, 0.0, 0.03)),
            skew=chance.choice((0.0, 1.0, 600.0)),
            standing=chance.random() < 0.3,
        )


@dataclass(frozen=True, slots=True)
class History:
    """What came of a seed.

    Attributes:
        lines: what happened, in order; `digest` names them all.
        outcomes: how each question ended.
    """

    scenario: Scenario
    lines: tuple[str, ...]
    outcomes: tuple[str, ...]
    counts: dict[str, int]

    @property
    def digest(self) -> str:
        """Equal seeds give equal digests."""
        return trace_digest(list(self.lines))


def run(seed: int, tell: Callable[[str], None] = lambda _: None) -> History:
    """Live through one history.

    Raises:
        InvariantError: something happened that must never happen.
    """
    with beginning(Scenario.of(seed), tell) as story:
        story.loop.run_until_complete(story.live())
        return story.history()


@contextmanager
def beginning(
    scenario: Scenario, tell: Callable[[str], None], folder: Path | None = None
) -> Iterator["Story"]:
    """A story of which nothing happened yet, in `folder` or one that goes afterwards."""
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as made,
        simulated_disks() as disks,
        remembering(),
        _simulated_data(),
    ):
        loop = SimulatedLoop(str(scenario.seed))
        story = Story(scenario, (folder or Path(made)) / "region", loop, disks, tell)
        try:
            with watching(story.observer):
                yield story
        finally:
            _end_everything(loop)
            story.close()
            loop.close()


def _end_everything(loop: SimulatedLoop) -> None:
    """Let whatever still waits end, in a history that broke off too."""

    async def cancel(tasks: set["asyncio.Task[Any]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with suppress(NothingWillHappenError):
        while tasks := asyncio.all_tasks(loop):
            loop.run_until_complete(cancel(tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())


class Story:
    """A history under way."""

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        loop: SimulatedLoop,
        disks: Disks,
        tell: Callable[[str], None],
    ) -> None:
        self.scenario, self.folder, self.loop, self.disks = scenario, folder, loop, disks
        self.chance = Random(f"story {scenario.seed}")
        self.template = template(scenario.size, scenario.colluders)
        self.countries = tuple(self.template.charter.signing_keys)
        colluders = self.chance.sample(self.countries, scenario.colluders)
        self.observer = Observer(colluders=frozenset(colluders), note=self.note)
        self.network = Network(loop, Random(f"network {scenario.seed}"))
        self.lines: list[str] = []
        self.outcomes: list[str] = []
        self.alive: dict[str, Process] = {}
        self.folders: dict[str, Path] = {}
        self.skews: dict[str, float] = {}
        self.backups: dict[str, Path] = {}
        self.copied: set[CountryCode] = set()
        self.poor = self.chance.choice(self.countries)
        self.allowances = dict.fromkeys(self.countries, ALLOWANCE)
        self.runs = 0
        self.healed = self.recovered = False
        self.circles: list[frozenset[CountryCode]] = []
        self._counted_from = 0
        self._stop_at: int | None = None
        self._stopped = asyncio.Event()
        self._all: list[Process] = []
        self._tell = tell

    def note(self, line: str) -> None:
        """Something happened."""
        line = f"{self.loop.time():9.3f} {line}"
        self.lines.append(line)
        self._tell(line)
        if len(self.lines) == self._stop_at:
            self._stopped.set()
        if len(self.lines) > LONGEST:
            raise InvariantError("I9: the history does not end")

    def history(self) -> History:
        """What came of it."""
        return History(
            self.scenario, tuple(self.lines), tuple(self.outcomes), dict(self.observer.counts)
        )

    # ------------------------------------------------------------ from the first to the last moment

    async def live(self) -> None:
        """Live through it, and check it."""
        await self.begin()
        for number in range(self.scenario.questions):
            self.break_things()
            rho = self.scenario.rho
            await self.ask(Fraction(1, rho.denominator + number))
        if self.scenario.standing:
            await self.live_through_a_series()
        await self.heal_and_answer()
        await self.end()

    async def begin(self) -> None:
        """Start everybody, and let them connect."""
        self.template.copy_to(self.folder)
        self.note(str(self.scenario))
        self._take_lines()
        if self.scenario.poor:
            self._make_poor(self.poor, self.scenario.rho)
        for name in (COORDINATOR, *self.countries):
            self.folders[name] = self.folder / name
            wrong = self.chance.uniform(-self.scenario.skew, self.scenario.skew)
            self.skews[name] = wrong if self.chance.random() < 0.3 else 0.0
            self.start(name)
        await asyncio.sleep(5)

    def begin_counting(self) -> None:
        """Lines are counted from here."""
        self._counted_from = len(self.lines)

    async def counted(self, steps: int) -> None:
        """Wait until there are so many, or nothing much happens any more."""
        self._stop_at = self._counted_from + steps
        if len(self.lines) >= self._stop_at:
            return
        self._stopped.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), 20)

    def turn(self, scenario: Scenario) -> None:
        """From this step on all chance is another scenario's."""
        self.scenario = scenario
        self.note(str(scenario))
        self.chance.seed(f"story {scenario.seed}")
        self.network.chance.seed(f"network {scenario.seed}")
        self.loop.turn(str(scenario.seed))
        for name, process in self.alive.items():
            if self.chance.random() < 0.3:
                self.skews[name] = self.chance.uniform(-scenario.skew, scenario.skew)
            bad_disk = self.chance.random() < 0.3
            process.turn(
                str(scenario.seed),
                skew=self.skews[name],
                failing=scenario.failing if bad_disk else 0.0,
            )
        if scenario.copying and (self.poor not in self.backups or self.chance.random() < 0.5):
            self.back_up(self.poor)
        self._take_lines()
        if scenario.splitting:
            others = [country for country in self.countries if country != self.poor]
            self.chance.shuffle(others)
            half = len(others) // 2
            self.circles = [frozenset(others[:half]), frozenset(others[half:])]
            self._next_circle()

    def _next_circle(self) -> None:
        if self._liar is not None and self.circles:
            self._liar.circle = self.circles.pop(0)

    def copy_once_more(self) -> None:
        """What was kept of the poor member's disk is put back, or started beside the other."""
        if self._liar is not None and not self.scenario.splitting:
            self._liar.withheld = None  # what the first copy did meanwhile was told to nobody
        self._next_circle()
        if self.chance.random() < 0.3 and not self.scenario.splitting:
            self._clone(self.poor)
        else:
            self._restore(self.poor)
            self._restart(self.poor)

    async def heal_and_answer(self) -> None:
        """Everything works again: an honest region answers."""
        await self._heal()
        for again in range(3):  # what a disk lost of others' ledgers is found missing in an attempt
            await self.ask(Fraction(1, 300 + again))
            if self.outcomes[-1] == "released":
                break
        # Whose ledger has two histories answers nothing any more; few members may be left then.
        if not self.scenario.lying and not self.observer.forked:
            self._demand_answer()

    def _make_poor(self, country: CountryCode, rho: Fraction) -> None:
        """One question of ρ is all that this country's authority pays for."""
        policy = Home(self.folder / country).policy
        policy.write_text(POLICY.replace('"1/10"', f'"{rho}"'))
        self.allowances[country] = rho

    async def _heal(self) -> None:
        """Everything works from now on."""
        self.note("healing")
        self.healed = True
        self.network.cut_until.clear()
        for name in sorted(self.folders):
            self.skews[name] = 0.0
            process = self.alive.get(name)
            if name.endswith("'"):  # the operator has found the second copy, and stops it
                if process is not None:
                    process.kill()
                continue
            if process is not None and process.is_healthy:
                continue
            if process is not None:
                process.kill()
            self.start(name)
        await asyncio.sleep(100)
        self.recovered = True

    async def end(self) -> None:
        """The power fails everywhere, and what is on the disks is checked."""
        self.healed = True  # nobody comes back
        for process in list(self.alive.values()):
            process.kill()
        await asyncio.sleep(60)
        self.observer.check_bugs(self.loop.surprises)
        for country in self.countries:
            ledger = self.folders[country] / "ledger.sqlite3"
            self.observer.check_ledger(
                country,
                ledger,
                self.allowances[country],
                copied=country in self.copied,
                # What nobody heard, or had no time to hand back: a copy must not spend it again.
                untold=self.scenario.withholding or not self.recovered,
            )
        self._check_releases()

    def close(self) -> None:
        """Let go of every file."""
        for process in self._all:
            with suppress(Exception):
                process.close()

    def _demand_answer(self) -> None:
        """Whoever is honest and healed answers, unless a stated limit forbids it."""
        last = self.outcomes[-1]
        allowed = ("released", "failed secure_sum.too_few_participants")
        if not last.startswith(allowed):
            raise InvariantError(f"I10: a healed region gave no answer: {last}")
        if not last.startswith("released") and not self.observer.counts["message.refused"]:
            raise InvariantError(f"I10: nobody refused, and yet: {last}")

    def _check_releases(self) -> None:
        file = self.folders[COORDINATOR] / "coordinator.sqlite3"
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT id, receipt FROM releases ORDER BY place").fetchall()
        for _, receipt in rows:
            self.observer.check_release(read_receipt(receipt))
        lost = self.observer.told - {release for release, _ in rows}
        if lost:
            raise InvariantError(f"I8: releases that were told are lost: {sorted(lost)}")

    # ------------------------------------------------------------ processes

    def start(self, name: str) -> None:
        """Start a party's process on what its disk holds."""
        self.runs += 1
        kind = CoordinatorProcess if name == COORDINATOR else NodeProcess
        bad_disk = not self.healed and self.chance.random() < 0.3
        process = kind(
            name,
            self.folders[name],
            self.loop,
            Random(f"{name} {self.runs} {self.scenario.seed}"),
            self.disks,
            skew=self.skews.get(name, 0.0),
            failing=self.scenario.failing if bad_disk else 0.0,
            on_death=self._died,
            leaving=self._leaving,
        )
        self._all.append(process)
        self.alive[name] = process
        self.note(f"{name} starts")
        try:
            process.start(self.network)
        except PowerFailure:
            return
        except CorridorError as error:
            self.note(f"{name} cannot start: {error.code}")
            process.kill()

    def _died(self, process: Process) -> None:
        self.note(f"{process.name} dies")
        self.folders[process.name] = process.folder
        if self.alive.get(process.name) is process:
            del self.alive[process.name]
            if not self.healed:
                self.loop.call_later(self.chance.expovariate(1 / 10), self._restart, process.name)

    def _restart(self, name: str) -> None:
        if name not in self.alive and not self.healed:
            self.start(name)

    def break_things(self) -> None:
        """Decide what breaks during the next question, and when."""
        count = (
            int(self.chance.expovariate(1 / self.scenario.breaking))
            if (self.scenario.breaking)
            else 0
        )
        for _ in range(max(count, self.scenario.at_least)):
            country = self.chance.choice(self.countries)
            if self.scenario.copying and self.chance.random() < 0.5:
                self._later(
                    self.chance.choice((self.back_up, self._restore, self._clone)),
                    self.poor if self.scenario.poor else country,
                    "copy",
                )
                continue
            match self.chance.randrange(6):
                case 0 | 1 | 2:
                    self._fail_power(self.chance.choice((COORDINATOR, country, country)))
                case 3:
                    self._later(self.network.break_lines, country, "break")
                case 4:
                    self._later(lambda one: self.network.cut(one, 3.0), country, "hiccup")
                case _:
                    self._later(lambda one: self.network.cut(one, 90.0), country, "cut")

    # ------------------------------------------------------------ copies of disks

    def back_up(self, country: CountryCode) -> None:
        """The operator keeps what is on the disk now."""
        if country in self.alive:
            self.runs += 1
            kept = self.folder / f"{country} backup {self.runs}"
            salvage(self.folders[country], kept, self.chance)
            self.backups[country] = kept

    def _restore(self, country: CountryCode) -> None:
        """The operator puts back what was kept, and starts the node on it."""
        kept = self.backups.get(country)
        if kept is None:
            return
        self.copied.add(country)
        if (process := self.alive.get(country)) is not None:
            process.kill()
        self.runs += 1
        again = self.folder / f"{country} restored {self.runs}"
        copy_folder(kept, again)
        self.folders[country] = again

    def _clone(self, country: CountryCode) -> None:
        """A second copy of the node starts, on what its disk holds now or held once."""
        if f"{country}'" in self.alive:
            return
        self.copied.add(country)
        self.runs += 1
        twin = self.folder / f"{country} clone {self.runs}"
        salvage(self.backups.get(country, self.folders[country]), twin, self.chance)
        self.folders[f"{country}'"] = twin
        self.start(f"{country}'")

    def _fail_power(self, name: str) -> None:
        process = self.alive.get(name)
        if process is not None:
            process.fail_within(self.chance.randint(1, int(400 * self.scenario.pace)))

    def _later(
        self, happen: Callable[[CountryCode], None], country: CountryCode, what: str
    ) -> None:
        def now() -> None:
            if not self.healed:
                self.note(f"line of {country}: {what}")
                happen(country)

        self.loop.call_later(self.chance.expovariate(1 / self.scenario.pace), now)

    # ------------------------------------------------------------ lines

    def _take_lines(self) -> None:
        self.network.to_node = self._to_node
        scenario = self.scenario
        self._liar: Liar | None = None
        if scenario.lying or scenario.withholding:
            keys = self.folder / COORDINATOR / "keys" / "signing.key"
            self._liar = Liar(
                Random(f"liar {scenario.seed}"),
                ed25519_signer(keys.read_bytes()),
                {
                    country: read_keys(Home(self.folder / country)).sign
                    for country in self.observer.colluders
                },
                share=scenario.lying,
                withheld=self.poor if scenario.withholding else None,
                told=self.note,
            )

    def _leaving(self, process: Process, raw: bytes) -> None:
        if process.is_alive:
            message = exchange_pb2.NodeMessage.FromString(raw)
            country = CountryCode(process.name[:2])
            self.observer.on_leaving(country, process.folder / "ledger.sqlite3", message)
        # Not the bytes: what is sealed has randomness of the library's own in it.
        self.note(f"{process.name} says {len(raw)} bytes")

    def _to_node(self, country: CountryCode, raw: bytes) -> list[bytes]:
        message = exchange_pb2.CoordinatorMessage.FromString(raw)
        name = message.WhichOneof("body")
        if name == "released":
            self.observer.told.add(message.released.release)
        self.note(f"{country} is told {name}")
        return [raw] if self._liar is None else self._liar.to_node(country, raw)

    # ------------------------------------------------------------ questions

    async def ask(self, rho: Fraction) -> None:
        """Ask until somebody takes the question, and wait for its end."""
        identifier = await self.submit(rho)
        if identifier is not None:
            await self.wait_for(identifier)

    async def submit(self, rho: Fraction) -> str | None:
        """Ask until somebody takes the question; None if nobody does."""
        request = AskRequest(sql=SQL, parameters={}, rho=str(rho))
        asked = await self._told(lambda: self._desk().ask(request, HOLDER))
        return None if asked is None else str(asked["id"])

    async def live_through_a_series(self) -> None:
        """Begin a standing series, and ask for each of its releases until it is there."""
        for _ in range(2 * RELEASES):
            self.break_things()
            shown = await self.release()
            if shown is None:
                return
            if shown["state"] == "complete":
                self.observer.counts["series.complete"] += 1
                return

    async def release(self) -> dict[str, Any] | None:
        """Ask for a series' next release, and wait for it; how far the series is, if it goes on."""
        asked = await self._hasten()
        if asked is None:
            return None
        await self.wait_for(asked["question_id"])
        return await self._told(lambda: self._series().show(asked["id"]))

    async def submit_next(self) -> str | None:
        """Ask a question, or for a series' next release; None if nobody takes it."""
        if not self.scenario.standing:
            return await self.submit(self.scenario.rho)
        asked = await self._hasten()
        return None if asked is None else str(asked["question_id"])

    async def _hasten(self) -> dict[str, Any] | None:
        begun = await self._told(lambda: self._desk().ask(A_SERIES, HOLDER))
        if begun is None:
            return None
        return await self._told(lambda: self._series().hasten(begun["id"], HOLDER))

    async def _told(self, say: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """What the coordinator says once it is there; None where it refuses, or stays away."""
        why = "nobody was there"
        for _ in range(60):
            try:
                return say()
            except CorridorError as error:
                why = error.code
            except PowerFailure:
                why = "the power failed"
            await asyncio.sleep(1)
        self.outcome(f"not asked: {why}")
        return None

    async def wait_for(self, identifier: str) -> None:
        """Wait for a question's end."""
        for _ in range(600):
            self.observer.check_bugs(self.loop.surprises)
            with suppress(PowerFailure, CorridorError):
                shown = self._desk().show(identifier)
                if shown["state"] in {"released", "failed"}:
                    code = (shown["failure"] or {}).get("code", "")
                    self.outcome(f"{shown['state']} {code}".strip())
                    return
            await asyncio.sleep(1)
        self.outcome("no end")

    def outcome(self, text: str) -> None:
        """How a question ended."""
        self.note(f"outcome: {text}")
        self.outcomes.append(text)

    def _desk(self) -> Any:
        return self._parts().questions

    def _series(self) -> Any:
        return self._parts().series

    def _parts(self) -> Any:
        process = self.alive.get(COORDINATOR)
        if not isinstance(process, CoordinatorProcess):
            raise PowerFailure
        return process.parts


@cache
def template(size: int, colluders: int) -> Template:
    """A region of that kind, made once a process."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    return make_template(folder, size, colluders=colluders, failed_per_day=1000)


@contextmanager
def _simulated_data() -> Iterator[None]:
    """Every node counts something of its own; the catalogue is read once."""

    def evaluate(plan: Any, _reader: Any, key: bytes, _consent: Any) -> npt.NDArray[np.int64]:
        drawn = np.random.default_rng(list(key)).integers(0, 50, plan.size)
        return np.asarray(drawn, dtype=np.int64)

    def newly(plan: Any, _reader: Any, key: bytes, _consent: Any, counted: Any) -> Any:
        return count_new(key, plan.turn.period, plan.size, counted)

    with ExitStack() as stack:
        stack.enter_context(patch.object(question_desk, "count_new", newly))
        stack.enter_context(patch.object(question_desk, "evaluate", evaluate))
        for app in (node_serving, coordinator_app):
            stack.enter_context(patch.object(app, "parse_catalogue", lambda _: _catalogue()))
        yield


@cache
def _catalogue() -> Catalogue:
    return parse_catalogue(read_data)
