"""Replay one history and tell it line by line, or live through many on every core.

python -m support.whole_region [--short] SEED
python -m support.whole_region [--short] FIRST LAST

Short ones are `futures`; their seeds are other ones than those of the long histories.
"""

import argparse
import logging
import resource
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import structlog

from support.whole_region import futures, story
from support.whole_region.observer import InvariantError


def say(line: str) -> None:
    """Tell whoever replays."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def replay(seed: int, *, short: bool) -> None:
    """One history, line by line."""
    history = futures.replay(seed, say) if short else story.run(seed, say)
    for line in (history.digest, *history.outcomes, *sorted(map(str, history.counts.items()))):
        say(line)


def long_ones(seeds: range) -> list[tuple[int, str]]:
    """Which of these histories break an invariant."""
    broken = []
    for seed in seeds:
        try:
            story.run(seed)
        except InvariantError as error:
            broken.append((seed, str(error)))
    return broken


def short_ones(seeds: range) -> list[tuple[int, str]]:
    """Which of these futures break an invariant."""
    verdicts = futures.live_through(seeds)
    return [(one.seed, one.broken) for one in verdicts if one.broken is not None]


def live_through(first: int, last: int, *, short: bool) -> int:
    """How many of the histories from `first` up to `last` break an invariant."""
    began, cpu, broken = time.monotonic(), _cpu_seconds(), 0
    work, size = (short_ones, futures.FUTURES) if short else (long_ones, 5)
    ends = [first, *range(first + size - first % size, last, size), last]
    batches = [range(*pair) for pair in pairwise(ends)]
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        found: Iterable[list[tuple[int, str]]] = pool.map(work, batches)
        for seed, error in (one for batch in found for one in batch):
            broken += 1
            say(f"seed {seed}: {error}")
    count, minutes = last - first, (time.monotonic() - began) / 60
    of_one_core = count / ((_cpu_seconds() - cpu) / 60)
    say(
        f"{count} histories, {broken} broken, {count / minutes:.0f} a minute; "
        f"{of_one_core:.0f} a minute of one core that does nothing else"
    )
    return broken


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("seeds", type=int, nargs="+")
    arguments = parser.parse_args()
    if len(arguments.seeds) == 1:
        replay(*arguments.seeds, short=arguments.short)
    else:
        sys.exit(min(1, live_through(*arguments.seeds, short=arguments.short)))
