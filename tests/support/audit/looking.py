"""What else must hold of the answers, and breaks when noise is drawn wrongly.

The promise fixes the law of the noise: integers, N_Z(0, Δ²/(2ρ)) in the answer's units, fresh in
every cell and attempt, and unknown to everybody. (A sum of shares is not exactly that law, but
nearer to it than anything here can see.) Each claim here raises a false alarm with chance ≤ 10⁻⁹.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, inf, log, sqrt
from random import Random

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import sample
from support.audit.telling import Check
from support.noise_laws import FALSE_ALARM, chi_squared, discrete_gaussian, distance, dkw_margin

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SIX_SIGMA = 6.2
"""A normal value is further off with chance below 10⁻⁹."""

SEVEN_SIGMA = 7.1
"""One of a thousand normal values is further off with chance below 2·10⁻⁹."""

_NARROW = 2**20
_SECONDS = 60


def look_at_law(noise: Ints, variance: Fraction) -> Iterator[Check]:
    """Whether many draws of noise follow the law that the promise implies.

    Args:
        noise: what is left of answers without the data, in whole steps.
        variance: σ² in steps squared.
    """
    scaled = noise / sqrt(variance)
    size = sqrt(len(noise))
    yield Check("mean of the noise", float(abs(scaled.mean())) * size, SIX_SIGMA)
    spread = float(abs((scaled**2).mean() - 1)) * size / sqrt(2)
    yield Check("variance of the noise", spread, SIX_SIGMA)
    # A wide law is looked at from further away, and its low bits by themselves.
    shift = max(0, (ceil(variance).bit_length() - _NARROW.bit_length()) // 2)
    coarse = (noise + (1 << shift >> 1)) >> shift
    law = discrete_gaussian(variance / 4**shift, ceil(9 * sqrt(variance / 4**shift)) + 2)
    yield Check("law of the noise", distance(coarse, law), dkw_margin(len(noise)))
    if shift:
        bits = (noise[:, None] >> np.arange(shift)) & 1
        limit = sqrt(log(2 * shift / FALSE_ALARM) / (2 * len(noise)))
        yield Check("low bits of the noise", float(abs(bits.mean(axis=0) - 0.5).max()), limit)
    else:
        yield Check("each value of the noise", *chi_squared(coarse, law))


def look_for_repetition(noise: Sequence[Ints]) -> Iterator[Check]:
    """Whether noise comes again: in the next attempt, the next cell, the table's other half."""
    for name, one, other in _pairs(noise):
        if not one.std() or not other.std():
            yield Check(f"noise again in {name}", inf, SIX_SIGMA)
            continue
        together = float(abs(np.corrcoef(one, other)[0, 1])) * sqrt(len(one))
        yield Check(f"noise again in {name}", together, SIX_SIGMA)


def _pairs(noise: Sequence[Ints]) -> Iterator[tuple[str, Floats, Floats]]:
    floats = [one.astype(np.float64) for one in noise]
    if len(floats) > 1:
        earlier, later = zip(*pairwise(floats), strict=True)
        yield "the next attempt", np.concatenate(earlier), np.concatenate(later)
    first = floats[0]
    half = len(first) // 2
    yield "the next cell", first[:-1], first[1:]
    yield "the other half of the table", first[:half], first[half : 2 * half]


def guess_seeds(noise: Ints, variance: Fraction, seconds: int, shares: int) -> Check:
    """Whether the noise is that of a generator seeded by the clock, within a minute.

    An adversary who knows the program draws again what each seed would have given.
    """
    found = 0.0
    for seed in range(seconds - _SECONDS, seconds + _SECONDS):
        guess = sample(variance / shares, len(noise), Random(seed).randbytes)
        along = float(abs((noise * guess).mean()) / sqrt(variance * variance / shares))
        found = max(found, along * sqrt(len(noise)))
    return Check("noise guessed by a seed from the clock", found, SEVEN_SIGMA)
