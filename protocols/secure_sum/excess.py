"""Noise that turned out to be superfluous, and how it comes off the sum again.

The noise is planned for d dropouts. When fewer drop out, more honest noise is in the sum than the
promise needs, so a node's noise is the sum of levels (`AttemptParameters.levels`): level 0 is
always kept, and so are the levels up to the first that is meant for as many dropouts as there are.
Why those suffice is the theorem in `privacy.distributed`; how the rest is taken off stands here.

    level 0       drawn from the node's own randomness, and known to nobody, ever
    level i ≥ 1   drawn from a stream that expands a seed K_i
    K_i           K_1 is fresh for each attempt; K_i+1 derives from K_i
    K_L+1         belongs to no level: a commitment to it is in the node's masked-input word

With m levels to be kept a node reveals K_m, from which everybody has K_m and all that follow, and
so the noise of levels m … L, as the node drew it to the last bit. What is claimed of this:

1. K_m says nothing about the seeds before it, nor about their streams: seed and streams derive from
   the seed before under different labels, as in a forward-secure generator (Bellare & Yee 2003).
2. A node reveals one seed, for the number of survivors that it signed itself. It signs one set
   only, ever, and reveals only after t members signed the same; so no survivor set has less noise
   than it needs, and the state that signed holds no other seed any more.
3. A seed that does not lead to the commitment convicts who revealed it. A survivor that reveals
   nothing leaves its superfluous noise in: that is safe, and the release says how much it is.

Where a plan sends differences of cells, not the cells, noise is drawn for every cell and sent as
they are (`Measurement`); what comes off the sum is what was sent of it.

Draws are made in blocks of 2¹⁵, each from a stream of its own, with the sampler that the numbers
of the attempt name: a node and a coordinator that draw differently would have other roster hashes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.suite import RandomBytes, Suite

SEED_BYTES = 32
"""Length of K_1, and of every seed that is revealed."""

BLOCK_CELLS = 1 << 15
"""Cells that are drawn from one stream."""

Noise: TypeAlias = npt.NDArray[np.int64]

Draw: TypeAlias = Callable[[Fraction, int, RandomBytes], Noise]
"""Draws so often from the discrete Gaussian of that variance: the sampler, handed in."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Over how many cells nodes draw noise, and what they send of cells with noise.

    Attributes:
        cells: how many draws each node makes of every level.
        sent: a linear map over the whole numbers, the same for every node, from so many cells to
            the entries of a vector.
    """

    cells: int
    sent: Callable[[Noise], Noise]


def seeds_from(
    settled: SettledRoster, country: CountryCode, first: bytes, suite: Suite
) -> tuple[bytes, ...]:
    """K_1 … K_L+1 of a node, from a fresh K_1."""
    return _chain(settled, country, first, len(settled.parameters.levels), suite)


def commitment(settled: SettledRoster, country: CountryCode, last: bytes) -> Digest:
    """What binds a node to K_L+1, and so to every seed that leads there."""
    return canonical.digest("corridor excess noise end", settled.hash, country.encode(), last)


def to_reveal(settled: SettledRoster, seeds: tuple[bytes, ...], survivors: int) -> bytes:
    """The one seed that a node reveals when so many survive; empty where all noise is kept."""
    kept = settled.parameters.kept_levels(survivors)
    return seeds[kept - 1] if kept < len(settled.parameters.levels) else b""


def fits(
    settled: SettledRoster,
    country: CountryCode,
    seed: bytes,
    *,
    survivors: int,
    committed: Digest,
    suite: Suite,
) -> bool:
    """Whether this is what the node has to reveal when so many survive."""
    levels, kept = settled.parameters.levels, settled.parameters.kept_levels(survivors)
    if kept == len(levels):
        return seed == b""
    if len(seed) != SEED_BYTES:
        return False
    last = _chain(settled, country, seed, len(levels) - kept + 1, suite)[-1]
    return commitment(settled, country, last) == committed


def removable_noise(
    settled: SettledRoster,
    country: CountryCode,
    seed: bytes,
    *,
    level: int,
    cells: int,
    draw: Draw,
    suite: Suite,
) -> Noise:
    """The levels from `level` on of a node's noise: what it adds, and what comes off again.

    Args:
        settled: the roster.
        country: whose noise it is.
        seed: K_level.
        level: 1 for all that can ever be taken off.
        cells: over how many cells there is noise.
        draw: the sampler.
        suite: expands seeds.
    """
    noise = np.zeros(cells, dtype=np.int64)
    levels = settled.parameters.levels[level:]
    seeds = _chain(settled, country, seed, len(levels), suite)
    for each, own in zip(levels, seeds, strict=True):
        for block, start in enumerate(range(0, cells, BLOCK_CELLS)):
            part = noise[start : start + BLOCK_CELLS]
            part += draw(each.variance, part.size, _stream(settled, country, own, block, suite))
    return noise


def excess_noise(
    settled: SettledRoster,
    revealed: Mapping[CountryCode, bytes],
    survivors: int,
    *,
    cells: int,
    draw: Draw,
    suite: Suite,
) -> Noise:
    """What the seeds that were revealed take off the survivors' sum."""
    total = np.zeros(cells, dtype=np.int64)
    kept = settled.parameters.kept_levels(survivors)
    for country, seed in sorted(revealed.items()):
        total += removable_noise(
            settled, country, seed, level=kept, cells=cells, draw=draw, suite=suite
        )
    return total


def _chain(
    settled: SettledRoster, country: CountryCode, seed: bytes, count: int, suite: Suite
) -> tuple[bytes, ...]:
    """So many seeds, each from the one before."""
    info = canonical.digest("corridor excess noise seed", settled.hash, country.encode())
    seeds = [seed]
    while len(seeds) < count:
        seeds.append(suite.derive(seeds[-1], info))
    return tuple(seeds[:count])


def _stream(
    settled: SettledRoster, country: CountryCode, seed: bytes, block: int, suite: Suite
) -> RandomBytes:
    """The randomness of one block of a level's noise."""
    info = canonical.digest(
        "corridor excess noise block", settled.hash, country.encode(), block.to_bytes(4, "big")
    )
    keystream = suite.keystream(suite.derive(seed, info))

    def random_bytes(count: int) -> bytes:
        octets = np.empty(count, dtype=np.uint8)
        keystream.fill(octets)
        return octets.tobytes()

    return random_bytes
