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
published before. Then all of y_1 … y_T are together as private as the noise z makes an integer
query of T·cells entries and of L2 sensitivity Δ, Δ² = Σ_{k < T} r_k². If that is ρ-zCDP, each
further y_t, whomever it counts, each person at most once and in one cell, costs ρ·r_0²/Δ² more.

*Proof.* Adding or removing one person, first counted in period j, moves one cell of y_t by r_{t−j}
for t ≥ j, and nothing before. Squares of these moves add up to at most Δ² for every j. That j, and
which of several attempts at a period counts as the y_t of it, may depend on what was published:
given that, each y_t is one more answer whose loss depends on its own move, and the sum of the
squared moves has a limit that was fixed beforehand (adaptive composition of zCDP; Whitehouse et al.
2023, "Fully-Adaptive Composition in Differential Privacy"). A further y_t moves by at most
max r_k = r_0 in one cell. With h shares of variance σ² the promise is
ρ ≥ ½(Δ/(√h·σ) + τ·√(T·cells))²; r_0²/Δ² times that is at least ½(r_0/(√h·σ) + τ·√cells)², what the
further one loses, because Δ² ≤ T·r_0². ∎

**What it asks of a node.** A record of who was counted, which lasts as long as the series. A case
that comes late is counted in the period in which it came. A case that turns out to be wrong stays
counted: taking it off again would be a second contribution.
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

    Raises:
        ValueError: out of range.
    """

    periods: int

    def __post_init__(self) -> None:
        if not 1 <= self.periods <= MOST_PERIODS:
            raise ValueError(f"a series has 1 to {MOST_PERIODS} periods, not {self.periods}")

    @property
    def coefficients(self) -> tuple[int, ...]:
        """r_0 … r_{T−1}: by how much persons count who were first counted so many periods ago."""
        return tuple(round(Fraction(FINENESS * comb(2 * k, k), 4**k)) for k in range(self.periods))

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the theorem, for persons who count with weight 1."""
        return sum(one**2 for one in self.coefficients)

    @property
    def price_of_repeat(self) -> Fraction:
        """Which part of the series' ρ one more attempt at a period costs: r_0²/Δ²."""
        return Fraction(self.coefficients[0] ** 2, self.sensitivity_squared)

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
