"""Quotients of two noisy numbers, with intervals that are right also where the lower one is small.

**Fieller's interval** (Fieller 1954, "Some Problems in Interval Estimation"). For A and B with
normal noise of variances a and b and covariance c, and θ the quotient of their true values, A −
θB has mean 0 and variance a − 2θc + θ²b. So

    {θ : (A − θB)² ≤ z²·(a − 2θc + θ²b)}

holds the true quotient with the probability of z, exactly, however small the true B. It is an
interval if B² > z²·b, if B can be told from 0, that is; else it reaches to infinity, and there is
no figure. (The delta method gives an interval everywhere, and one that is too short where B is
near its margin.)

Post-processing; floats are good enough.
"""

from dataclasses import dataclass
from math import sqrt

from corridor.privacy import normal

NORMAL_95 = float(normal.NORMAL_95)


@dataclass(frozen=True, slots=True)
class Quotient:
    """An estimated quotient with its interval."""

    value: float
    low: float
    high: float


def fieller(  # noqa: PLR0917 - two numbers, their variances, their covariance
    over: float,
    under: float,
    variance_over: float,
    variance_under: float,
    covariance: float,
    quantile: float = NORMAL_95,
) -> Quotient | None:
    """The quotient of two noisy numbers; None where its interval has no end."""
    z2 = quantile**2
    squared = under**2 - z2 * variance_under
    if squared <= 0:
        return None
    middle = over * under - z2 * covariance
    constant = over**2 - z2 * variance_over
    # At θ = over/under the left side is 0, so the roots are real but for rounding.
    spread = sqrt(max(0.0, middle**2 - squared * constant))
    return Quotient(over / under, (middle - spread) / squared, (middle + spread) / squared)
