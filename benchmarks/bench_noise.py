"""Exact noise for a million cells: ours beside OpenDP's, in one run on one core.

    python benchmarks/bench_noise.py [DRAWS]

OpenDP draws a fiftieth as many, which is shown per million; its time is linear in them. `CPU` is
ours, beside its time by the clock: on a machine that does other work the two differ.
"""

import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import opendp.prelude as dp
from measuring import load

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.rho import Rho

GOAL_SECONDS, GOAL_RATIO = 0.1, 100
SCALES = (3, 10, 255, 10**4, 10**6, 10**8)
OPENDP_UP_TO = 10**8


def best_of(times: int, work: Callable[[], object]) -> float:
    """Shortest time in seconds."""
    return best_of_both(times, work)[0]


def best_of_both(times: int, work: Callable[[], object]) -> tuple[float, float]:
    """Shortest time in seconds, by the clock and of the CPU."""
    seconds, spent = [], []
    for _ in range(times):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - start)
        spent.append(time.process_time() - cpu)
    return min(seconds), min(spent)


def opendp_seconds(scale: int, draws: int) -> float:
    gaussian = dp.m.make_gaussian(
        dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64"), float(scale)
    )
    zeros = [0] * draws
    return best_of(1, lambda: gaussian(zeros))


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    dp.enable_features("contrib")
    print(f"{draws:,} draws, one core; seconds; load average {load()}\n")
    print(f"{'σ':>10} {'table':>8} {'ours':>8} {'CPU':>8} {'OpenDP':>8} {'ratio':>7}")
    slowest, smallest_ratio = 0.0, float("inf")
    for scale in SCALES:
        variance = Fraction(scale**2)
        table = best_of(1, lambda v=variance: sample(v, 1, os.urandom))  # type: ignore[misc]
        ours, cpu = best_of_both(3, lambda v=variance: sample(v, draws, os.urandom))  # type: ignore[misc]
        fewer = max(1, draws // 50)
        theirs = opendp_seconds(scale, fewer) * draws / fewer
        slowest, smallest_ratio = max(slowest, ours), min(smallest_ratio, theirs / ours)
        print(
            f"{scale:>10} {table:>8.3f} {ours:>8.3f} {cpu:>8.3f} {theirs:>8.2f} "
            f"{theirs / ours:>6.0f}×"
        )
    seconds = best_of(3, lambda: plan_shared_noise(Rho(Fraction(1, 100)), 3, 3600, 150))
    print(f"\nplanning one share: {seconds * 1e3:.2f} ms")
    print(
        f"goal for a million: < {GOAL_SECONDS} s and ≥ {GOAL_RATIO} × OpenDP; "
        f"slowest {slowest * 1e6 / draws:.3f} s, smallest ratio {smallest_ratio:.0f} ×; "
        f"load average {load()}"
    )


if __name__ == "__main__":
    main()
