"""Many marginals under one budget: residuals are measured, tables are put together from them.

A *marginal* counts persons by some of a workload's axes. Tables that share axes hold the same
information several times: persons by gender and year contains persons by gender. Measured table by
table it is paid for several times, and the answers contradict each other. A *residual* is what a
marginal adds to all smaller ones; residuals of different axes are orthogonal, so each is paid for
once, and whatever is put together from them agrees: totals equal the sum of their parts.

**Basis** (Xiao, He, Zhang & Kifer 2023, "An Optimal and Scalable Matrix Mechanism for Noisy
Marginals under Convex Loss Functions": ResidualPlanner). For a set A of axes of n_i values let
P_A = ⊗_{i∈A} (I − J/n_i), J all ones: it takes from a marginal over A all that smaller marginals
tell. Sub_A = ⊗_{i∈A} Sub_{n_i}, where Sub_n, (n−1) × n, gives first minus second, first minus
third, …, has the same kernel. What a node sends for A is

    y_A = Sub_A (f_A·a_A·x_A + z_A),    a_A = Π a_i,

x_A the marginal, z_A a draw of noise for each cell of A, all of one width, f_A ≥ 1 a whole number.

**Theorem.** Let a person be in at most one cell of x_A, with weight 1, for every A of a strategy,
and let each a_i be n_i or 1. Then all y_A together are as private as the noise z makes an integer
query of Σ_A Π_{i∈A} n_i cells and of L2 sensitivity Δ,

    Δ² = Σ_A f_A²·Π_{i∈A} δ_i,    δ_i = n_i(n_i − 1) where a_i = n_i,    δ_i = 1 where a_i = 1.

*Proof.* One person changes f_A·a_A·x_A by ± f_A·⊗ a_i e_{j_i}. Let u_A = f_A·⊗ (a_i e_{j_i} −
c_i 1), with c_i = 1 where a_i = n_i and 0 where a_i = 1: whole numbers, and Sub_A takes both to the
same, since every term of the difference is constant along an axis, which Sub takes to 0. So what is
sent on one of two neighbours is distributed as Sub_A (f_A·a_A·x_A ± u_A + z_A) on the other, for
all A at once: a function, the same for both, of z, and of z shifted by the whole vector u,
‖u‖² = Σ_A f_A²·Π ((a_i − c_i)² + (n_i − 1)c_i²) = Δ². A function of a mechanism's output loses
nothing more (post-processing). For different A the person may be in a cell by different rows. ∎

Axes of more than `EXACT_UP_TO` values take a_i = 1: their δ_i/a_i² is 1 then in place of
(n − 1)/n, and the sums stay small enough for the ring.

**Least error.** With noise of variance 1 each cell of a marginal B has the variance

    Σ_{A⊆B} 1/(f_A·a_A)² · Π_{i∈A} (n_i − 1)/n_i · Π_{j∈B, j∉A} 1/n_j²    (`Strategy.variance`).

Δ² times the mean of these over the tables is least when f_A²·Π δ_i is in proportion to
√(Π δ_i/a_i² · value_A), where value_A is what 1/(f_A·a_A)² is multiplied with in that mean
(by Cauchy–Schwarz). With a_i = n_i throughout, that is the least of all
strategies with Gaussian noise: it meets the bound of Li & Miklau 2013, "Optimal Error of Query Sets
under the Differentially-Private Matrix Mechanism", but for the rounding of f_A.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.exponentials import root_below

Axes: TypeAlias = tuple[int, ...]
"""Places of axes in a workload's list of sizes, rising. Empty: the total."""

EXACT_UP_TO = 32
"""Axes of at most so many values are scaled by their size."""

FINENESS = 16
"""The smallest factor of a strategy: rounding moves none by more than 1/32 of itself."""

LARGEST_FACTOR = 1 << 12
"""A residual that would need more measures its part more exactly than anybody can see."""

_BITS = 96


@dataclass(frozen=True, slots=True)
class Residual:
    """What the marginal over `axes` adds to all smaller ones.

    Attributes:
        axes: A.
        sizes: n_i of these axes, each ≥ 2.
        factor: f_A ≥ 1, by which it is measured more exactly than a factor of 1 would.
    """

    axes: Axes
    sizes: tuple[int, ...]
    factor: int = 1

    @property
    def cells(self) -> int:
        """How many draws of noise it takes: the cells of the marginal."""
        return prod(self.sizes)

    @property
    def entries(self) -> int:
        """How many whole numbers a node sends for it."""
        return prod(size - 1 for size in self.sizes)

    @property
    def scale(self) -> int:
        """f_A·a_A: what the marginal is multiplied with."""
        return self.factor * prod(size if size <= EXACT_UP_TO else 1 for size in self.sizes)

    @property
    def sensitivity_squared(self) -> int:
        """Its part of Δ²."""
        parts = (size * (size - 1) if size <= EXACT_UP_TO else 1 for size in self.sizes)
        return self.factor**2 * prod(parts)

    @property
    def spread(self) -> Fraction:
        """Π (n_i − 1)/n_i: how much of a draw's variance is left in each cell of P_A z."""
        return Fraction(self.entries, self.cells)


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which residuals are measured for a workload of marginals, and how exactly.

    Attributes:
        sizes: how many values each axis has.
        marginals: the workload's tables.
        residuals: by number of axes, then in order.
    """

    sizes: tuple[int, ...]
    marginals: tuple[Axes, ...]
    residuals: tuple[Residual, ...]

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the theorem."""
        return sum(one.sensitivity_squared for one in self.residuals)

    @property
    def cells(self) -> int:
        """How many draws of noise a node makes."""
        return sum(one.cells for one in self.residuals)

    @property
    def entries(self) -> int:
        """How many whole numbers a node sends."""
        return sum(one.entries for one in self.residuals)

    def variance(self, marginal: Axes) -> Fraction:
        """The variance of each cell of a marginal, in persons squared, for draws of variance 1.

        Args:
            marginal: any table whose axes are among those of one of the workload's.
        """
        inside = frozenset(marginal)
        return sum(
            (
                one.spread / one.scale**2 * _diluted(self.sizes, inside - set(one.axes))
                for one in self.residuals
                if inside >= set(one.axes)
            ),
            Fraction(0),
        )

    def put_together(
        self, marginal: Axes, measured: Mapping[Axes, NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """The unbiased estimate of a marginal, in persons; shaped by its axes' sizes.

        Least squares over all that was measured: the residuals are orthogonal, so each is simply
        projected back and spread evenly over the axes that it lacks.

        Args:
            marginal: as for `variance`.
            measured: for each residual its y_A, or the sum of several nodes'.
        """
        estimate = np.zeros([self.sizes[axis] for axis in marginal])
        for one in self.residuals:
            if set(marginal) >= set(one.axes):
                lacking = prod(self.sizes[axis] for axis in marginal if axis not in one.axes)
                part = _projected(measured[one.axes].astype(np.float64), one.sizes)
                shape = [self.sizes[axis] if axis in one.axes else 1 for axis in marginal]
                estimate = estimate + part.reshape(shape) / (one.scale * lacking)
        return estimate


def plan_strategy(sizes: Sequence[int], marginals: Iterable[Axes]) -> Strategy:
    """The strategy with the least mean variance over the workload's tables, for a given ρ.

    The same arguments give the same strategy on every machine: roots are whole-number arithmetic.

    Args:
        sizes: how many values each axis has, each ≥ 1.
        marginals: for each table its axes, rising and none twice.

    Raises:
        ValueError: no table, an axis that there is not, or a size below 1.
    """
    wanted = tuple(sorted(set(marginals), key=_by_size))
    if not wanted or min(sizes, default=1) < 1:
        raise ValueError("a workload has tables, and its axes have values")
    for one in wanted:
        if list(one) != sorted(set(one)) or not set(one) <= set(range(len(sizes))):
            raise ValueError(f"{one} are no axes of a workload of {len(sizes)}")
    plain = [Residual(axes, tuple(sizes[a] for a in axes)) for axes in closure(wanted, sizes)]
    # f_A⁴ is in proportion to value_A/(a_A²·Π δ_i).
    fourths = [
        _value(one, sizes, wanted) / (one.scale**2 * one.sensitivity_squared) for one in plain
    ]
    factors = [root_below(root_below(one, 2 * _BITS), _BITS) for one in fourths]
    unit = min(factors) / FINENESS
    return Strategy(
        tuple(sizes),
        wanted,
        tuple(
            replace(one, factor=min(LARGEST_FACTOR, round(factor / unit)))
            for one, factor in zip(plain, factors, strict=True)
        ),
    )


def closure(marginals: Iterable[Axes], sizes: Sequence[int]) -> tuple[Axes, ...]:
    """Every set of axes within one of the marginals; axes of one value have no residual."""
    found: set[Axes] = set()
    for marginal in marginals:
        axes = [axis for axis in marginal if sizes[axis] > 1]
        for count in range(len(axes) + 1):
            found.update(combinations(axes, count))
    return tuple(sorted(found, key=_by_size))


def subtracted(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sub_A of an array with an axis for each of A's: first minus second, first minus third, ….

    Whole numbers that wrap wrap alike, so that the sum of nodes' arrays is the array of their sum.
    """
    for axis in range(table.ndim):
        first, others = np.split(table, [1], axis=axis)
        table = first - others
    return table


def _projected(measured: NDArray[np.float64], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Sub⁺ along every axis: the table without means along any axis whose differences these are."""
    for axis, size in enumerate(sizes):
        mean = measured.sum(axis=axis, keepdims=True) / size
        measured = np.concatenate((mean, mean - measured), axis=axis)
    return measured


def _value(residual: Residual, sizes: Sequence[int], marginals: Iterable[Axes]) -> Fraction:
    own = set(residual.axes)
    diluted = (_diluted(sizes, set(one) - own) for one in marginals if own <= set(one))
    return residual.spread * sum(diluted, Fraction(0))


def _diluted(sizes: Sequence[int], axes: Iterable[int]) -> Fraction:
    return Fraction(1, prod(sizes[axis] ** 2 for axis in axes))


def _by_size(axes: Axes) -> tuple[int, Axes]:
    return len(axes), axes
