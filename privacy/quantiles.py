"""Medians and other quantiles, read from a noisy histogram.

Let c_0, c_1, … be the true counts of K bands, N their sum, 0 < q < 1. The quantile is in the band
j*, the first with c_0 + … + c_j ≥ q·N. That is the first j with d_j ≥ 0,

    d_j = (1 − q)·(c_0 + … + c_j) − q·(c_{j+1} + … + c_{K−1}),

which rises with j, is −q·N before the first band and (1 − q)·N at the last. The noisy D_j has the
mean d_j and a known variance s_j²: weights (1 − q) and −q, no other estimate of N needed.

**Theorem.** Let N > 0 and let each D_j lie more than z·s_j below its mean with probability ≤ α/2,
and more than z·s_j above it likewise (normal noise: z = 1.96 for α = 5 %). Then j* lies, with
probability ≥ 1 − α, between

    j₀ = the first j with D_j ≥ −z·s_j (else the last band)
    j₁ = the last j with D_{j−1} < z·s_{j−1} (or 0).

*Proof.* j* < j₀ implies D_{j*} < −z·s_{j*} though d_{j*} ≥ 0 (and j* is not the last band).
j* > j₁ implies D_{j*−1} ≥ z·s_{j*−1} though d_{j*−1} < 0. Each has probability ≤ α/2. ∎

The band is only as fine as the histogram, and often one of the two errors is next to impossible, so
the interval covers more than 95 %; the test states how much. The estimate between is read from the
D_j after they were made to rise (isotonic least squares), and lies within the interval.

Post-processing; floats are good enough.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.ratios import NORMAL_95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundQuantile:
    """Where a quantile is.

    Attributes:
        band: that it is estimated in, and how far through it, from 0 to 1.
        low, high: the first and last band of its interval.
    """

    band: int
    within: float
    low: int
    high: int


def find_quantile(
    counts: Floats,
    level: float,
    variance_of: Callable[[Floats], float],
    quantile: float = NORMAL_95,
) -> FoundQuantile | None:
    """The quantile of a noisy histogram; None where it could be anywhere, or in nobody.

    Args:
        counts: unbiased, one for each band, in order.
        level: q, as 0.5 for the median.
        variance_of: of a weighing of the bands.
        quantile: z; the interval covers at least what it does on both sides.
    """
    total = np.ones(len(counts))
    if counts.sum() <= quantile * np.sqrt(variance_of(total)):
        return None
    below = np.tri(len(counts))  # row j: the bands up to j
    weights = (1 - level) * below - level * (1 - below)
    drawn = weights @ counts
    spread = quantile * np.sqrt([variance_of(one) for one in weights])
    low = int(np.flatnonzero(np.append(drawn[:-1] >= -spread[:-1], True))[0])
    high = int(np.flatnonzero(np.append(True, drawn[:-1] < spread[:-1]))[-1])
    if high - low + 1 == len(counts) > 1:
        return None
    rising = isotonic(drawn)
    band = min(max(int(np.searchsorted(rising, 0.0)), low), high)
    before = rising[band - 1] if band else -level * counts.sum()
    step = rising[band] - before
    within = min(max(-before / step, 0.0), 1.0) if step > 0 else 0.5
    return FoundQuantile(band, float(within), low, high)


def isotonic(values: Floats) -> Floats:
    """The nearest rising sequence in least squares (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])
