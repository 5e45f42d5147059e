"""Short histories: many futures of a few moments, thousands a minute.

    seed ──> its trunk    a region that is honest and healthy, stopped at some steps of a question
         ──> its moment   one of these steps
         ──> its future   what breaks from then on, who lies, and all chance that is still to come

A trunk is lived through once. At each moment it stops, and each of the moment's futures goes on in
a process that is forked from it, with its files copied: what led there costs nothing again. A
future has at least one trouble in it, and soon. It ends with the question, or a few questions
later; now and then everything heals and an honest region must answer. The invariants are those of
the long histories.

A seed alone decides all three: `replay` lives through trunk and future in this process.
"""

import asyncio
import gc
import json
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

from corridor.coordinator.witness import WitnessRecord
from support.whole_region.disk import copy_folder
from support.whole_region.observer import InvariantError
from support.whole_region.story import MEMORY, History, Scenario, Story, beginning, run

MOMENTS = 5
"""Of each trunk."""

FUTURES = 100
"""Of each trunk: as many of each moment, one after the other."""


A_HISTORY = 8
"""A long one with everything in it: answers, failures, deaths, an end."""


def steps_of_a_question(size: int) -> int:
    """Lines that a history has from the asking of a question until members hear of its release."""
    return size * (8 * size + 15)


@dataclass(frozen=True, slots=True)
class Trunk:
    """What a group of seeds has in common.

    Attributes:
        scenario: of what happens before the futures: nothing breaks in it.
        answered: whether an earlier question was answered; of a standing series, its first release.
        moments: how many lines of a question's history are lived through before each, ascending; 0
            is before it is asked.
    """

    scenario: Scenario
    answered: bool
    moments: tuple[int, ...]

    @classmethod
    def of(cls, group: int) -> "Trunk":
        """Draw it."""
        chance = Random(f"trunk {group}")
        poor = chance.random() < 0.1
        size = chance.choice((3, 4, 5, 5) if poor else (3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 5, 6))
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
            standing=not poor and size < 5 and chance.random() < 0.15,
        )
        # Copies are worth most to the adversary between a reservation and its debit.
        last = steps_of_a_question(size) // (2 if poor else 1)
        moments = sorted(chance.randrange(last) for _ in range(MOMENTS))
        if poor:
            moments[: MOMENTS // 2] = [0] * (MOMENTS // 2)
        answered = not poor and chance.random() < (0.7 if scenario.standing else 0.3)
        return cls(scenario, answered=answered, moments=tuple(moments))

    @classmethod
    def before(cls, seed: int) -> "Trunk":
        """The one that a seed's future belongs to."""
        return cls.of(seed // FUTURES)


def moment_of(seed: int) -> int:
    """Which of its trunk's moments a seed's future begins at."""
    return seed % FUTURES * MOMENTS // FUTURES


def future(seed: int) -> Scenario:
    """What a seed makes of its moment."""
    chance = Random(f"future {seed}")
    before = Trunk.before(seed).scenario
    poor = before.poor
    copying = poor or chance.random() < 0.2
    withholding = poor and chance.random() < 0.7
    # Each half must be a region of its own, with the member that is shown to both.
    splitting = withholding and before.size >= 5 and chance.random() < 0.7
    lying = chance.choice((0.0, 0.0, 0.3, 0.8))
    failing = chance.choice((0.0, 0.0, 0.0, 0.05))
    return replace(
        before,
        seed=seed,
        copying=copying,
        breaking=0.5 if splitting or lying else chance.choice((0.5, 1.0, 2.0)),
        at_least=0 if withholding or lying else 1,
        lying=lying,
        failing=failing,
        skew=chance.choice((0.0, 0.0, 1.0, 600.0)),
        pace=chance.choice((0.005, 0.02, 0.1)),
        withholding=withholding,
        splitting=splitting,
    )


async def begin(story: Story, trunk: Trunk) -> None:
    """Live through what was before the question."""
    await story.begin()
    if trunk.answered and trunk.scenario.standing:
        await story.release()
    elif trunk.answered:
        await story.ask(Fraction(1, 400))
    if trunk.scenario.poor:
        story.back_up(story.poor)


async def live_until(story: Story, steps: int, under_way: str | None) -> str | None:
    """Live on, honestly, until a moment; the question that is under way in it, if any."""
    if not steps:
        return None
    if under_way is None:
        story.begin_counting()
        under_way = await story.submit_next()
    await story.counted(steps)
    return under_way


async def live_on(story: Story, scenario: Scenario, under_way: str | None) -> None:
    """Live through the future, and check it."""
    story.turn(scenario)
    story.break_things()
    if under_way is None:
        under_way = await story.submit_next()
    if under_way is not None:
        await story.wait_for(under_way)
    if scenario.standing and story.chance.random() < 0.5:  # again, or the one after it
        await story.release()
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
    """Live through a seed's trunk and future here, line by line.

    Raises:
        InvariantError: something happened that must never happen.
    """
    trunk, own = Trunk.before(seed), moment_of(seed)
    with beginning(trunk.scenario, tell) as story:
        for moment, under_way in _moments(story, trunk):
            story.disks.let_go()
            story.disks.take_up()
            if moment == own:
                return _go_on(story, future(seed), under_way)
    raise AssertionError("a trunk has every moment")


def _moments(story: Story, trunk: Trunk) -> Iterator[tuple[int, str | None]]:
    """Live through a trunk, moment by moment: its number, and the question under way in it."""
    story.loop.run_until_complete(begin(story, trunk))
    under_way: str | None = None
    for moment, steps in enumerate(trunk.moments):
        under_way = story.loop.run_until_complete(live_until(story, steps, under_way))
        yield moment, under_way


def _go_on(story: Story, scenario: Scenario, under_way: str | None) -> History:
    with ExitStack() as stack:
        if scenario.withholding:  # it does not remember what it keeps to itself
            stack.enter_context(patch.object(WitnessRecord, "keep", lambda *_: None))
        story.loop.run_until_complete(live_on(story, scenario, under_way))
    return story.history()


def live_through(seeds: Iterable[int]) -> Iterator[Verdict]:
    """What comes of every seed; those of one group share their trunk."""
    _prepare()
    groups: dict[int, list[int]] = {}
    for seed in seeds:
        groups.setdefault(seed // FUTURES, []).append(seed)
    for group, members in groups.items():
        yield from _futures(Trunk.of(group), members)


@cache
def _prepare() -> None:
    """What is imported or compiled at its first use is there before anything is forked."""
    run(A_HISTORY)


def _futures(trunk: Trunk, seeds: list[int]) -> Iterator[Verdict]:
    last = max(map(moment_of, seeds))
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        beginning(trunk.scenario, lambda _: None, Path(folder)) as story,
    ):
        for moment, under_way in _moments(story, trunk):
            story.disks.let_go()
            kept = story.folder.with_name("kept")
            story.folder.rename(kept)
            with _nothing_to_collect():
                for seed in (one for one in seeds if moment_of(one) == moment):
                    copy_folder(kept, story.folder)
                    yield _fork(seed, story, under_way)
                    shutil.rmtree(story.folder)
            kept.rename(story.folder)
            story.disks.take_up()
            if moment == last:
                break


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """What is there by now stays: a forked process must not touch it to count it."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _fork(seed: int, story: Story, under_way: str | None) -> Verdict:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            gc.disable()  # it ends soon
            verdict = _lived(seed, story, under_way)
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
    seed: int, story: Story, under_way: str | None
) -> tuple[str, tuple[str, ...], str | None]:
    story.disks.take_up()
    try:
        history = _go_on(story, future(seed), under_way)
    except InvariantError as error:
        return "", tuple(story.outcomes), str(error)
    return history.digest, history.outcomes, None
