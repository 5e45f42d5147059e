"""Error of the regional answer, beside a trusted curator's and that of local noise, in one run.

    python benchmarks/bench_error.py [DRAWS]

For each region, with everybody present and with as many missing as the charter's rule tolerates:
RMSE over so many cells (10⁶ by default) of

    central    one discrete Gaussian of variance Δ²/2ρ on the sum: a curator whom all trust
    regional   what Corridor publishes: x·2ᵏ and one share of noise from each survivor, added in the
               ring, decoded, unscaled, minus the true sum
    local      the whole central noise from each survivor: nobody trusted, no secure sum

`expected` is √(s/h), s survivors of whom h = r − d − c are counted on to be honest: what planning
for d dropouts and c liars costs. The last column is how far the measured ratio is from it, with the
standard error of that ratio, 1/√draws (of an RMSE over N normal draws it is 1/√2N, relatively).
The masks are left out: they cancel exactly, which `bench_secure_sum.py` checks in each attempt.
"""

import os
import sys
import time
from fractions import Fraction
from math import sqrt

import numpy as np
import numpy.typing as npt

from corridor.privacy.accuracy import central_variance
from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.distributed import SharedNoise, plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.masks import from_ring, ring_type, to_ring

GOAL = 0.02
SIZES = (3, 5, 10, 50)
RHOS = (Fraction(1, 10), Fraction(1, 100), Fraction(1, 1000))
RING_BITS = 64
COUNT = 7
"""What every node counts in every cell."""


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    begun = time.process_time()
    print(f"{draws:,} cells, Δ² = 1; standard error of a ratio {1 / sqrt(draws):.2%}")
    print(
        f"{'ρ':>7} {'r':>3} {'d':>2} {'c':>2} {'h':>3} {'s':>3} {'central':>9} {'regional':>9} "
        f"{'local':>9} {'ratio':>7} {'expected':>9} {'off by':>8}   local/central"
    )
    worst = 0.0
    for rho in RHOS:
        variance = central_variance(Rho(rho), 1)
        central = rmse(sample(variance, draws, os.urandom).astype(float))
        for size in SIZES:
            colluders, dropouts = 1 if size < 10 else size // 5, tolerated(size)
            honest = size - dropouts - colluders
            noise = plan_shared_noise(Rho(rho), 1, draws, honest)
            for survivors in dict.fromkeys((size, size - dropouts)):
                regional = rmse(regional_error(noise, survivors, draws))
                local = rmse(local_error(variance, survivors, draws))
                ratio, expected = regional / central, sqrt(survivors / honest)
                worst = max(worst, abs(ratio / expected - 1))
                print(
                    f"{rho!s:>7} {size:>3} {dropouts:>2} {colluders:>2} {honest:>3} "
                    f"{survivors:>3} {central:>9.4f} {regional:>9.4f} {local:>9.4f} {ratio:>7.4f} "
                    f"{expected:>9.4f} {ratio / expected - 1:>+8.2%}   {local / central:.2f}",
                    flush=True,
                )
    print(
        f"goal: within {GOAL:.0%} of √(s/h); furthest {worst:.2%}; "
        f"{time.process_time() - begun:.0f} s of CPU"
    )


def tolerated(size: int) -> int:
    """d by the charter's rule, with the c that `main` takes."""
    threshold = (size + (1 if size < 10 else size // 5)) // 2 + 1
    return min(size - threshold, max(1, -(-size // 10)))


def regional_error(noise: SharedNoise, survivors: int, draws: int) -> npt.NDArray[np.float64]:
    total = np.zeros(draws, dtype=ring_type(RING_BITS))
    for _ in range(survivors):
        share = sample(noise.share_variance, draws, os.urandom)
        total += to_ring((COUNT << noise.scale_bits) + share, RING_BITS)
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
