"""Quantiles of the normal law, of which margins are made; rounded up, and no array needed."""

from fractions import Fraction
from functools import lru_cache
from math import erfc, sqrt

NORMAL_95 = Fraction(1_959_964, 1_000_000)
"""A little above the 97.5 % quantile of the standard normal, 1.959 963 984 540…"""

_MILLION = 1_000_000
_BEYOND = 8 * _MILLION
"""P(|N(0, 1)| > 8) is below 10⁻¹⁴."""


@lru_cache(maxsize=64)
def quantile_above(outside: Fraction) -> Fraction:
    """A z with P(|N(0, 1)| > z) ≤ `outside`, six decimals, and hardly above the least.

    Args:
        outside: between 10⁻¹² and 1/2, as 1/20 for one cell at 95 %.

    Raises:
        ValueError: outside of that.
    """
    if not Fraction(1, 10**12) <= outside <= Fraction(1, 2):
        raise ValueError(f"no quantile is kept for {outside}")
    # `erfc` is right to a few of its last digits; the factor is far more than they are worth.
    wanted = float(outside) * (1 - 1e-10)
    bad, good = 0, _BEYOND
    while good - bad > 1:
        middle = (bad + good) // 2
        inside = erfc(middle / _MILLION / sqrt(2)) <= wanted
        bad, good = (bad, middle) if inside else (middle, good)
    return Fraction(good, _MILLION)
