"""Replay one history and tell it line by line, or live through many.

python -m support.whole_region SEED
python -m support.whole_region FIRST LAST
"""

import sys
import time

from support.whole_region.observer import InvariantError
from support.whole_region.story import run


def say(line: str) -> None:
    """Tell whoever replays."""
    sys.stdout.write(f"{line}\n")


def replay(seed: int) -> None:
    """One history, line by line."""
    history = run(seed, say)
    for line in (history.digest, *history.outcomes, *sorted(map(str, history.counts.items()))):
        say(line)


def live_through(first: int, last: int) -> int:
    """How many of the histories from `first` up to `last` break an invariant."""
    began, broken = time.process_time(), 0
    for seed in range(first, last):
        try:
            run(seed)
        except InvariantError as error:
            broken += 1
            say(f"seed {seed}: {error}")
    minutes = (time.process_time() - began) / 60
    count = last - first
    say(f"{count} histories, {broken} broken, {count / minutes:.0f} a minute of one core")
    return broken


if __name__ == "__main__":
    seeds = [int(argument) for argument in sys.argv[1:]]
    if len(seeds) == 1:
        replay(seeds[0])
    else:
        sys.exit(min(1, live_through(*seeds)))
