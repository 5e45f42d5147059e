"""Error of the regional answer, beside a trusted curator's and that of local noise, in one run.

    python benchmarks/bench_error.py [DRAWS]

For each region, with everybody present and with as many missing as are tolerated: RMSE over so many
cells (10⁶ by default; no more than there are levels of noise for, 2²⁴ of all nodes) of

    central    one discrete Gaussian of variance Δ²/2ρ on the sum: a curator whom all trust
    regional   what Corridor publishes: x·2ᵏ and one share of noise from each survivor, added in the
               ring, the superfluous noise drawn again from the survivors' seeds and taken off,
               decoded, unscaled, minus the true sum
    local      the whole central noise from each survivor: nobody trusted, no secure sum

The first regions tolerate d by the charter's rule, the last ones 30 % dropouts and 10 % colluders.
`expected` is √(s/(r − b − c)), s survivors of r nodes, b the number of dropouts that the level of
noise is meant for: what guarding against c liars costs. `without` is what the same answer would
have if nothing came off, √(s/h) with h = r − d − c. The column after it is how far the measured
ratio is from the expected one, with the standard error of that ratio, 1/√draws (of an RMSE over N
normal draws it is 1/√2N, relatively). The masks are left out: they cancel exactly, which
`bench_secure_sum.py` checks in each attempt.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

import numpy as np
import numpy.typing as npt

from corridor.privacy.accuracy import central_variance
from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.distributed import SharedNoise, plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.masks import from_ring, ring_type, to_ring
from corridor.queries.parameters import MOST_CELLS_WITH_LEVELS, noise_breakpoints

GOAL = 0.02
GOAL_WITH_ALL = 1.06
"""Where 30 % dropouts and 10 % colluders are provided for, with everybody present."""

SIZES = (3, 5, 10, 50)
RHOS = (Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000))
RING_BITS = 64
COUNT = 7
"""What every node counts in every cell."""


@dataclass(frozen=True)
class Region:
    """How many nodes there are, and what is provided for."""

    size: int
    dropouts: int
    colluders: int

    def breakpoints(self, cells: int) -> tuple[int, ...]:
        """For how many dropouts there is a level of noise."""
        return noise_breakpoints(self.dropouts, self.size, cells)

    def noise(self, rho: Rho, cells: int) -> SharedNoise:
        """What every node adds."""
        *more, honest = (self.size - self.colluders - b for b in self.breakpoints(cells))
        return plan_shared_noise(rho, 1, cells, honest, more)


def regions() -> Iterator[Region]:
    """By the charter's rule, and with 30 % dropouts and 10 % colluders."""
    for size in SIZES:
        colluders = 1 if size < 10 else size // 5
        threshold = (size + colluders) // 2 + 1
        yield Region(size, min(size - threshold, max(1, -(-size // 10))), colluders)
    for size in (10, 50):
        yield Region(size, 3 * size // 10, size // 10)


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    begun = time.process_time()
    print(f"up to {most:,} cells, Δ² = 1")
    print(
        f"{'ρ':>7} {'r':>3} {'d':>2} {'c':>2} {'s':>3} {'cells':>9} {'central':>9} {'regional':>9} "
        f"{'local':>9} {'ratio':>7} {'expected':>9} {'without':>8} {'off by':>15}   local/central"
    )
    worst, with_all = 0.0, 0.0
    for rho in RHOS:
        variance = central_variance(Rho(rho), 1)
        for region in regions():
            draws = min(most, MOST_CELLS_WITH_LEVELS // region.size)
            central = rmse(sample(variance, draws, os.urandom).astype(float))
            for missing in dict.fromkeys((0, region.dropouts)):
                survivors = region.size - missing
                regional = rmse(regional_error(region, Rho(rho), survivors, draws))
                local = rmse(local_error(variance, survivors, draws))
                provided = next(b for b in region.breakpoints(draws) if b >= missing)
                counted_on = region.size - provided - region.colluders
                ratio, expected = regional / central, sqrt(survivors / counted_on)
                without = sqrt(survivors / (region.size - region.dropouts - region.colluders))
                off = ratio / expected - 1
                worst = max(worst, abs(off))
                if not missing and 10 * region.dropouts == 3 * region.size:
                    with_all = max(with_all, ratio)
                print(
                    f"{rho!s:>7} {region.size:>3} {region.dropouts:>2} {region.colluders:>2} "
                    f"{survivors:>3} {draws:>9,} {central:>9.4f} {regional:>9.4f} {local:>9.4f} "
                    f"{ratio:>7.4f} {expected:>9.4f} {without:>8.4f} {off:>+7.2%} "
                    f"±{1 / sqrt(draws):.2%}   {local / central:.2f}",
                    flush=True,
                )
    print(
        f"goals: within {GOAL:.0%} of what is expected, furthest {worst:.2%}; with 30 % dropouts "
        f"and 10 % colluders provided for and everybody there ≤ {GOAL_WITH_ALL}, worst "
        f"{with_all:.4f}; {time.process_time() - begun:.0f} s of CPU"
    )


def regional_error(region: Region, rho: Rho, survivors: int, draws: int) -> npt.NDArray[np.float64]:
    """What is left of the noise when each survivor's superfluous levels came off again."""
    noise = region.noise(rho, draws)
    missing = region.size - survivors
    needed = 1 + sum(b < missing for b in region.breakpoints(draws)[:-1])
    total = np.zeros(draws, dtype=ring_type(RING_BITS))
    for _ in range(survivors):
        levels = [sample(one.variance, draws, os.urandom) for one in noise.components]
        total += to_ring((COUNT << noise.scale_bits) + sum(levels), RING_BITS)
        for superfluous in levels[needed:]:
            total -= to_ring(superfluous, RING_BITS)
    return from_ring(total) / float(1 << noise.scale_bits) - COUNT * survivors


def local_error(variance: Fraction, survivors: int, draws: int) -> npt.NDArray[np.float64]:
    total = np.zeros(draws, dtype=np.int64)
    for _ in range(survivors):
        total += sample(variance, draws, os.urandom)
    return total.astype(float)


def rmse(errors: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(errors**2)))


if __name__ == "__main__":
    main()
