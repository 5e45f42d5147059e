"""What it costs to take superfluous noise off: CPU seconds of a node and of the coordinator.

    python benchmarks/bench_excess.py

Everybody is present, where most comes off. For each region as many cells as there are levels for
(2²⁴ of all nodes): a node's whole noise beside what it would draw without levels, and what the
coordinator draws again from the seeds.
"""

import os
from collections.abc import Callable
from fractions import Fraction
from time import process_time

from measuring import load

from corridor.ids import CountryCode, Digest, SessionId
from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum import excess
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    AttemptParameters,
    NoiseLevel,
    ProposalHeader,
    Roster,
    Scope,
)
from corridor.protocols.secure_sum.node import ReadyToMask
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.queries.parameters import MOST_CELLS_WITH_LEVELS, noise_breakpoints
from corridor.transport.suites import suite_named

SUITE = suite_named("x25519")
REGIONS = ((5, 1), (10, 3), (50, 15), (175, 52))
RHO = Rho(Fraction(1, 100))


def main() -> None:
    print(f"everybody present, ρ = {RHO.value}, CPU seconds; load average {load()}\n")
    print(
        f"{'nodes':>6} {'d':>3} {'cells':>10} {'node':>8} {'one level':>10} {'coordinator':>12} "
        f"{'draws':>8}"
    )
    for size, dropouts in REGIONS:
        measure(size, dropouts, MOST_CELLS_WITH_LEVELS // size)


def measure(size: int, dropouts: int, cells: int) -> None:
    """One line: the same work as in an attempt, by the same functions."""
    settled = attempt(size, dropouts, cells)
    ready = ReadyToMask(settled, CountryCode("AA"), {}, frozenset(), {}, (bytes(32),))
    whole = settled.parameters.share_variance
    names = (CountryCode(chr(65 + n // 26) + chr(65 + n % 26)) for n in range(size))
    seeds = dict.fromkeys(names, bytes(32))
    node = cpu(lambda: ready.noise(cells, draw=sample, suite=SUITE, random_bytes=os.urandom))
    alone = cpu(lambda: sample(whole, cells, os.urandom))
    coordinator = cpu(
        lambda: excess.excess_noise(settled, seeds, size, cells=cells, draw=sample, suite=SUITE)
    )
    draws = size * cells * (len(settled.parameters.levels) - 1) / 10**6
    print(
        f"{size:>6} {dropouts:>3} {cells:>10,} {node:>8.3f} {alone:>10.3f} {coordinator:>12.2f} "
        f"{draws:>7.1f}M",
        flush=True,
    )


def attempt(size: int, dropouts: int, cells: int) -> SettledRoster:
    """The numbers of an attempt with a tenth of colluders."""
    colluders = max(1, size // 10)
    breakpoints = noise_breakpoints(dropouts, size, cells)
    *more, honest = (size - colluders - fewer for fewer in breakpoints)
    noise = plan_shared_noise(RHO, 1, cells, honest, more)
    parameters = AttemptParameters(
        roster_size=size,
        threshold=(size + colluders) // 2 + 1,
        dropouts=dropouts,
        colluders=colluders,
        min_participants=3,
        cells=cells,
        sensitivity_squared=1,
        scale_bits=noise.scale_bits,
        levels=tuple(
            NoiseLevel(fewer, one.variance)
            for fewer, one in zip(breakpoints, noise.components, strict=True)
        ),
        sampler=1,
        ring_bits=64,
    )
    nothing = Digest(bytes(32))
    header = ProposalHeader(
        protocol=PROTOCOL_VERSION,
        charter=nothing,
        session=SessionId(bytes(16)),
        question=nothing,
        plan=nothing,
        rho=RHO.value,
        scope=Scope.REGIONAL,
        suite=SUITE.name,
        purpose="",
        organisation="",
        accept_by=0,
        finish_by=0,
    )
    return SettledRoster(header, Roster(()), parameters, nothing)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds, tables for sampling made before."""
    begun = process_time()
    work()
    return process_time() - begun


if __name__ == "__main__":
    main()
