"""The laws that noise must follow, computed without any of the code under test.

A distribution is an array of probabilities over −reach … reach. Floats are good to 10⁻¹⁵ here,
a thousandth of what the tests can see.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM = 1e-9


def discrete_gaussian(variance: Fraction | float, reach: int) -> NDArray[np.float64]:
    """N_Z(0, variance) on −reach … reach."""
    points = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = np.exp(-(points**2) / (2 * float(variance)))
    law: NDArray[np.float64] = weights / weights.sum()
    return law


def sum_of_shares(variance: Fraction, shares: int, reach: int) -> NDArray[np.float64]:
    """The sum of `shares` independent draws of N_Z(0, variance), on −reach … reach."""
    share_reach = math.ceil(12 * math.sqrt(variance)) + 2
    law = share = discrete_gaussian(variance, share_reach)
    for _ in range(shares - 1):
        law = np.convolve(law, share)
    middle = len(law) // 2
    padded = np.pad(law, reach)
    return padded[middle : middle + 2 * reach + 1]


def dkw_margin(draws: int) -> float:
    """How far a right sampler's empirical distribution strays with chance ≤ FALSE_ALARM.

    Dvoretzky–Kiefer–Wolfowitz with Massart's constant.
    """
    return math.sqrt(math.log(2 / FALSE_ALARM) / (2 * draws))


def histogram(drawn: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """How often each of −reach … reach occurred; what lies beyond counts at the ends."""
    return np.bincount(np.clip(drawn, -reach, reach) + reach, minlength=2 * reach + 1)


def distance(drawn: NDArray[np.int64], law: NDArray[np.float64]) -> float:
    """Largest gap between the empirical distribution of `drawn` and `law`."""
    counts = histogram(drawn, len(law) // 2)
    return float(np.abs(np.cumsum(counts) / len(drawn) - np.cumsum(law)).max())


def chi_squared(drawn: NDArray[np.int64], law: NDArray[np.float64]) -> tuple[float, float]:
    """The χ² statistic over all cells that expect ≥ 1000 draws (the rest together), its limit.

    The limit is passed with chance ≤ FALSE_ALARM: P(χ²_f ≥ f + 2√(f·x) + 2x) ≤ exp(−x), Laurent &
    Massart 2000, Lemma 1. With a thousand expected in each cell the statistic is as good as χ².
    """
    expected = law * len(drawn)
    large = expected >= 1000
    counts = histogram(drawn, len(law) // 2)
    seen = np.append(counts[large], counts[~large].sum())
    wanted = np.append(expected[large], expected[~large].sum())
    if wanted[-1] < 1000:
        seen, wanted = seen[:-1], wanted[:-1]
    freedom, x = len(wanted) - 1, -math.log(FALSE_ALARM)
    statistic = float((((seen - wanted) ** 2) / wanted).sum())
    return statistic, freedom + 2 * math.sqrt(freedom * x) + 2 * x
