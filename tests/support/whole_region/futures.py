"""Short histories: many futures of one moment, thousands a minute.

    seed ──> its moment   a region that was honest and healthy so far, stopped at any step of a
                          question; the seeds of one group share it, and it is lived through once
         ──> its future   what breaks from then on, who lies, and all chance that is still to come

A future goes on in a process that is forked from the one that stopped, with its files copied: what
led there costs nothing again. It ends with the question, or a few questions later; now and then
everything heals and an honest region must answer. The invariants are those of the long histories.

A seed alone decides both: `replay` lives through the moment and its future in this process.
"""

import asyncio
import gc
import json
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from unittest.mock import patch

from corridor.coordinator.witness import WitnessRecord
from support.whole_region.observer import InvariantError
from support.whole_region.story import MEMORY, History, Scenario, Story, beginning

FUTURES = 50
"""Of each moment."""

STEPS_OF_A_QUESTION = 62
"""Lines that a history has of a question, for each member, about."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the futures of a group of seeds begin.

    Attributes:
        scenario: of what happens before: nothing breaks in it.
        answered: whether an earlier question was answered.
        steps: how many lines of a question's history are lived through before; 0 is before it is
            asked.
    """

    scenario: Scenario
    answered: bool
    steps: int

    @classmethod
    def of(cls, group: int) -> "Moment":
        """Draw it."""
        chance = Random(f"moment {group}")
        poor = chance.random() < 0.2
        size = chance.choice((3, 4, 5, 5, 6) if poor else (3, 3, 3, 3, 4, 4, 4, 5, 6))
        scenario = Scenario(
            seed=group,
            size=size,
            colluders=1 if size < 6 else chance.randint(1, 2),
            questions=1,
            breaking=0.0,
            copying=False,
            rho=Fraction(1, 40) if poor else Fraction(1, 200),
            lying=0.0,
            failing=0.0,
            skew=0.0,
            poor=poor,
        )
        # Copies are worth most to the adversary between a reservation and its debit.
        steps = chance.randrange(STEPS_OF_A_QUESTION * size // (2 if poor else 1))
        return cls(
            scenario,
            answered=not poor and chance.random() < 0.3,
            steps=0 if poor and chance.random() < 0.5 else steps,
        )


def future(seed: int, moment: Moment) -> Scenario:
    """What a seed makes of its moment."""
    chance = Random(f"future {seed}")
    poor = moment.scenario.poor
    copying = poor or chance.random() < 0.2
    withholding = poor and chance.random() < 0.7
    # Each half must be a region of its own, with the member that is shown to both.
    splitting = withholding and moment.scenario.size >= 5 and chance.random() < 0.7
    return replace(
        moment.scenario,
        seed=seed,
        copying=copying,
        breaking=0.5 if splitting else chance.choice((0.5, 1.0, 2.0, 4.0)),
        lying=chance.choice((0.0, 0.0, 0.3, 0.8)),
        failing=chance.choice((0.0, 0.0, 0.0, 0.05)),
        skew=chance.choice((0.0, 0.0, 1.0, 600.0)),
        pace=chance.choice((0.05, 0.2, 0.2)),
        withholding=withholding,
        splitting=splitting,
    )


async def live_up_to(story: Story, moment: Moment) -> str | None:
    """Live through what was before the moment; the question that is under way in it, if any."""
    await story.begin()
    if moment.answered:
        await story.ask(Fraction(1, 400))
    if moment.scenario.poor:
        story.back_up(story.poor)
    if not moment.steps:
        return None
    story.stop_after(moment.steps)
    identifier = await story.submit(moment.scenario.rho)
    await story.stopped()
    return identifier


async def live_on(story: Story, scenario: Scenario, under_way: str | None) -> None:
    """Live through the future, and check it."""
    story.turn(scenario)
    story.break_things()
    if under_way is None:
        under_way = await story.submit(scenario.rho)
    if under_way is not None:
        await story.wait_for(under_way)
    if scenario.poor:  # another copy of its disk would pay once more
        story.copy_once_more()
        await asyncio.sleep(3)
        await story.ask(Fraction(1, scenario.rho.denominator + 1))  # equal ones are asked once
    elif story.chance.random() < 0.05:
        await story.heal_and_answer()
    await story.end()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a future: how its questions ended, or which invariant broke."""

    seed: int
    digest: str
    outcomes: tuple[str, ...]
    broken: str | None


def replay(seed: int, tell: Callable[[str], None] = lambda _: None) -> History:
    """Live through a seed's moment and future here, line by line.

    Raises:
        InvariantError: something happened that must never happen.
    """
    moment = Moment.of(seed // FUTURES)
    with beginning(moment.scenario, tell) as story:
        under_way = story.loop.run_until_complete(live_up_to(story, moment))
        story.disks.let_go()
        story.disks.take_up()
        return _go_on(story, future(seed, moment), under_way)


def _go_on(story: Story, scenario: Scenario, under_way: str | None) -> History:
    with ExitStack() as stack:
        if scenario.withholding:  # it does not remember what it keeps to itself
            stack.enter_context(patch.object(WitnessRecord, "keep", lambda *_: None))
        story.loop.run_until_complete(live_on(story, scenario, under_way))
    return story.history()


def live_through(seeds: range) -> Iterator[Verdict]:
    """What comes of every seed; those of one group share their moment."""
    groups: dict[int, list[int]] = {}
    for seed in seeds:
        groups.setdefault(seed // FUTURES, []).append(seed)
    for group, members in groups.items():
        yield from _futures(Moment.of(group), members)


def _futures(moment: Moment, seeds: list[int]) -> Iterator[Verdict]:
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        beginning(moment.scenario, lambda _: None, Path(folder)) as story,
    ):
        under_way = story.loop.run_until_complete(live_up_to(story, moment))
        story.disks.let_go()
        kept = story.folder.with_name("kept")
        story.folder.rename(kept)
        with _nothing_to_collect():
            for seed in seeds:
                _copy(kept, story.folder)
                yield _fork(seed, story, future(seed, moment), under_way)
                shutil.rmtree(story.folder)
        story.disks.opened.clear()


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """What is there by now stays: a forked process must not touch it to count it."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _copy(kept: Path, into: Path) -> None:
    """The files of a moment; what is only ever replaced whole is shared, for speed."""

    def copy(source: str, target: str) -> None:
        if ".sqlite3" in source or "/spool/" in source:
            shutil.copyfile(source, target)
        else:
            os.link(source, target)

    shutil.copytree(kept, into, copy_function=copy)


def _fork(seed: int, story: Story, scenario: Scenario, under_way: str | None) -> Verdict:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            gc.disable()  # it ends soon
            verdict = _lived(seed, story, scenario, under_way)
            with os.fdopen(writing, "w") as pipe:
                json.dump(verdict, pipe)
            status = 0
        except BaseException:  # noqa: BLE001 - nothing of this process may go on in the caller
            traceback.print_exc()
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if not said:
        raise RuntimeError(f"the process of seed {seed} ended without a word; replay it")
    digest, outcomes, broken = json.loads(said)
    return Verdict(seed, digest, tuple(outcomes), broken)


def _lived(
    seed: int, story: Story, scenario: Scenario, under_way: str | None
) -> tuple[str, tuple[str, ...], str | None]:
    story.disks.take_up()
    try:
        history = _go_on(story, scenario, under_way)
    except InvariantError as error:
        return "", tuple(story.outcomes), str(error)
    return history.digest, history.outcomes, None
