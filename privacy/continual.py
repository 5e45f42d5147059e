"""A figure published again every period, for the price of a few figures in place of all of them.

A standing series publishes after every period how many persons there are so far. Asked anew each
time, a person who is known from the beginning is counted T times, and each of T releases gets a
T-th of ρ. Here a person is counted *once*, in the period in which they are first seen, and what is
measured at the end of period t is

    y_t = Σ_{j ≤ t} r_{t−j}·x_j + z_t,

x_j the persons first counted in period j, z_t noise of one width, r_0 … r_{T−1} whole numbers. The
count so far is put together from all y up to now.

**Basis.** Matrix factorisation of the running sum, A = L·R with lower triangular Toeplitz matrices
(Fichtenberger, Henzinger & Upadhyay 2022, "Constant Matters: Fine-grained Complexity of
Differentially Private Continual Observation"; Henzinger, Upadhyay & Upadhyay 2023, "Almost Tight
Error Bounds on Differentially Private Continual Counting"). With R the square root of A, whose
coefficients are C(2k, k)/4^k, neither factor is wider than the other. r_k is F times that,
rounded; L = A·R⁻¹ is taken of the rounded ones, exactly, so estimates are unbiased.

**Theorem.** Let each person be in at most one x_j, in one cell, with weight 1, whatever was
published before. Then all of y_1 … y_T, with at most `repeats` further y_t of the same x (attempts
that failed after something had left), are as private as the noise z makes an integer query of
(T + repeats)·cells entries and of L2 sensitivity Δ,

    Δ² = Σ_{k < T} r_k² + repeats·r_0².

*Proof.* Adding or removing one person, first counted in period j, moves one cell of y_t by r_{t−j}
for t ≥ j, and nothing before; repeated once more, one cell by at most max r_k = r_0. Squares of
these moves add up to at most Δ² for every j. That j, and whether an attempt is repeated, may depend
on what was published: given that, each y_t is one more answer whose loss depends on its own move,
and the sum of the squared moves is at most Δ² whatever happened (adaptive composition of zCDP with
a limit fixed beforehand; Whitehouse et al. 2023, "Fully-Adaptive Composition in Differential
Privacy"). ∎

**What it asks of a node.** A list of who was counted, that survives whatever happens; the x_j,
which never change again. A case that comes late is counted in the period in which it came. A case
that turns out to be wrong stays counted: taking it off again would be a second contribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb

FINENESS = 128
"""F. Rounding moves no coefficient by more than 1/15 of itself over ten years of months."""

MOST_PERIODS = 120


@dataclass(frozen=True, slots=True)
class Series:
    """How a figure is measured over the periods of a standing series.

    Attributes:
        periods: T, 1 to 120.
        repeats: how many attempts may fail after something left, over the whole series.

    Raises:
        ValueError: out of range.
    """

    periods: int
    repeats: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.periods <= MOST_PERIODS or self.repeats < 0:
            raise ValueError(f"no series of {self.periods} periods with {self.repeats} repeats")

    @property
    def coefficients(self) -> tuple[int, ...]:
        """r_0 … r_{T−1}: by how much persons count who were first counted so many periods ago."""
        return tuple(round(Fraction(FINENESS * comb(2 * k, k), 4**k)) for k in range(self.periods))

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the theorem, for persons who count with weight 1."""
        first = self.coefficients[0]
        return sum(one**2 for one in self.coefficients) + self.repeats * first**2

    def so_far(self, period: int) -> tuple[Fraction, ...]:
        """With what y_1 … y_period add up to the count so far."""
        return _inverse(self.coefficients)[period - 1 :: -1] if period else ()

    def newly(self, period: int) -> tuple[Fraction, ...]:
        """With what y_1 … y_period add up to the persons first counted in that period."""
        return self.between(period - 1, period)

    def between(self, first: int, last: int) -> tuple[Fraction, ...]:
        """With what y_1 … y_last add up to the persons counted after period `first`."""
        earlier = (*self.so_far(first), *(Fraction(0),) * (last - first))
        return tuple(b - a for a, b in zip(earlier, self.so_far(last), strict=True))

    def variance(self, weights: Sequence[Fraction]) -> Fraction:
        """Of an estimate with these weights, for noise of variance 1 in each y."""
        return sum((one**2 for one in weights), Fraction(0))


@lru_cache(maxsize=64)
def _inverse(coefficients: tuple[int, ...]) -> tuple[Fraction, ...]:
    """The first column of A·R⁻¹: l with Σ_{i ≤ k} l_i·r_{k−i} = 1 for every k."""
    found: list[Fraction] = []
    for k in range(len(coefficients)):
        known = sum((found[i] * coefficients[k - i] for i in range(k)), Fraction(0))
        found.append((1 - known) / coefficients[0])
    return tuple(found)
