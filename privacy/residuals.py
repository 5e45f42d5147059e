"""Many tables under one budget: residuals are measured, tables are put together from them.

A *marginal* counts persons by some of a workload's axes, each at one *level*: not at all, by year,
by quarter, by month. Tables that share axes hold the same information several times: persons by
gender and year contains persons by gender, persons by month contains persons by year. Measured
table by table it is paid for several times, and the answers contradict each other. A *residual* is
what a marginal adds to all coarser ones; each is paid for once, and whatever is put together from
them agrees: totals equal the sum of their parts, years that of their months.

**Basis** (Xiao, He, Zhang & Kifer 2023, "An Optimal and Scalable Matrix Mechanism for Noisy
Marginals under Convex Loss Functions": ResidualPlanner; the levels are ours). Each axis is a tree:
level 0 is everybody, every value of level l lies in one value of level l − 1, its parent; values of
one parent are siblings. Sub_l, along one axis, gives for every parent its first child minus the
second, first minus third, …; it takes to 0 what is constant among siblings. For levels
A = (l_1, l_2, …) let Sub_A = ⊗ Sub_{l_i} over the axes with l_i > 0. What a node sends for A is

    y_A = Sub_A (f_A·s_A·x_A + z_A),

x_A the marginal at these levels, s_A = ⊗ s_i with a whole number s_i(v) for every value v, the same
for siblings, z_A a draw of noise for each cell of A, all of one width, f_A ≥ 1 a whole number. For
a value with n siblings (itself among them) s(v) = g·n up to `EXACT_UP_TO` siblings, g above, 0 for
an only child (of whom there is nothing to say), and g ≥ 1 whole.

**Theorem.** Let a person be in at most one cell of the finest table, and in each x_A in the cell
above it, with weight 1. Then all y_A together are as private as the noise z makes an integer query
of Σ_A |A| cells (|A|: the cells of x_A) and of L2 sensitivity Δ,

    Δ² = Σ_A f_A²·Π_i max_v δ_i(v),    δ(v) = g²·n(n − 1) up to EXACT_UP_TO siblings,  g² above.

*Proof.* One person in values v_i changes f_A·s_A·x_A by ± f_A·⊗ s_i(v_i) e_{v_i}. Let u_A =
f_A·⊗ g_i·(a_i e_{v_i} − c_i 1), where 1 is 1 for the siblings of v_i and 0 elsewhere, a_i = n and
c_i = 1 up to EXACT_UP_TO siblings, a_i = 1 and c_i = 0 above, and u_A = 0 if some v_i is an only
child: whole numbers, and Sub_A takes both to the same, since every term of the difference is
constant among siblings along an axis. So what is sent on one of two neighbours is distributed as
Sub_A (f_A·s_A·x_A ± u_A + z_A) on the other, for all A at once: a function, the same for both, of
z, and of z shifted by the whole vector u, ‖u‖² = Σ_A f_A²·Π g_i²((a_i − c_i)² + (n_i − 1)c_i²)
≤ Δ². A function of a mechanism's output loses nothing more (post-processing). ∎

**Least error.** With noise of variance 1 a cell of a marginal B at values v_i has the variance

    Σ_{A ≤ B} 1/f_A²·Π_i spread_i,    spread = ((n − 1)/n)/s²·Π 1/n_k²    (`Strategy.variances`),

n and s those of the ancestor at A's level (no such factor at level 0), n_k those of the ancestors
from there down to B's level. Δ² times a weighted mean of these is least when f_A⁴ is in proportion
to value_A/cost_A (`factors`): value_A what 1/f_A² is multiplied with in that mean, cost_A = Π max δ
(by Cauchy–Schwarz). Where all parents of an axis have as many children (plain axes; months,
quarters and years without `unknown`) up to EXACT_UP_TO, that is the least of all strategies with
Gaussian noise: it meets the bound of Li & Miklau 2013, "Optimal Error of Query Sets under the
Differentially-Private Matrix Mechanism", but for the rounding of f_A.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import gcd, isqrt, prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.exponentials import root_below

Levels: TypeAlias = tuple[int, ...]
"""How finely a marginal is grouped by each axis of a workload; 0 is not at all."""

Ints: TypeAlias = NDArray[np.int64]

EXACT_UP_TO = 32
"""Up to so many siblings are scaled by their number: δ/s² is (n − 1)/n then, and 1 above, where
that is hardly more, and the sums stay small enough for the ring."""

FINENESS = 16
"""The smallest factor before common divisors: rounding moves none by more than 1/32 of itself.
And the smallest g of a level whose families differ in size, which makes their δ about equal."""

LARGEST_FACTOR = 1 << 24
"""What would need more measures its part more exactly than anybody can see."""

_BITS = 96


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One axis with its levels.

    Attributes:
        parents: for each level from 1 on, for each of its values the value of the level before
            in which it lies. All values of level 1 lie in the one value 0 of level 0.

    Raises:
        ValueError: no level, a level without values, a parent that there is not or a value
            without children.
    """

    parents: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        above = 1
        for level in self.parents:
            if set(level) != set(range(above)):
                raise ValueError("every value lies in one of the level before, and none is empty")
            above = len(level)
        if not self.parents:
            raise ValueError("an axis has a level")

    @classmethod
    def flat(cls, size: int) -> "Hierarchy":
        """An axis of one level with so many values."""
        return cls(((0,) * size,))

    def size(self, level: int) -> int:
        """How many values the level has."""
        return len(self.parents[level - 1]) if level else 1

    @property
    def finest(self) -> int:
        """The number of its levels, 0 not counted."""
        return len(self.parents)

    def ancestors(self, fine: int, coarse: int) -> Ints:
        """For each value of level `fine` the value of level `coarse` in which it lies."""
        found = np.arange(self.size(fine))
        for level in range(fine, coarse, -1):
            found = np.array(self.parents[level - 1])[found]
        return found

    def families(self, fine: int, coarse: int) -> Ints:
        """For each value of level `fine`, how many siblings it and its ancestors have, multiplied.

        Those of level `coarse` and above are not counted.
        """
        found = np.ones(self.size(fine), np.int64)
        for level in range(fine, coarse, -1):
            count = _siblings(self, level).count
            found *= count[self.ancestors(fine, level)]
        return found


@dataclass(frozen=True, slots=True)
class Residual:
    """What the marginal at `levels` adds to all coarser ones.

    Attributes:
        levels: A.
        factor: f_A ≥ 1, by which it is measured more exactly than a factor of 1 would.
    """

    levels: Levels
    factor: int = 1


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which residuals are measured for a workload of marginals, and how exactly.

    Tables have a dimension for every axis of the workload, of length 1 where they are not grouped.

    Attributes:
        hierarchies: the axes.
        residuals: from coarse to fine.
    """

    hierarchies: tuple[Hierarchy, ...]
    residuals: tuple[Residual, ...]

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the theorem."""
        return sum(one.factor**2 * self.cost(one.levels) for one in self.residuals)

    @property
    def cells(self) -> int:
        """How many draws of noise a node makes."""
        return sum(prod(self._cells_shape(one)) for one in self.residuals)

    @property
    def entries(self) -> int:
        """How many whole numbers a node sends."""
        return sum(prod(self._sent_shape(one)) for one in self.residuals)

    @property
    def largest(self) -> int:
        """The most that one person adds to a cell, before noise and differences."""
        return max(
            one.factor * prod(int(group.scale.max()) for _, group in self._grouped(one.levels))
            for one in self.residuals
        )

    @property
    def widening(self) -> int:
        """By how much `put_together` multiplies what was measured, at most, before it divides."""
        return max(
            prod(int(group.count.max()) for _, group in self._grouped(one.levels))
            for one in self.residuals
        )

    @property
    def terms(self) -> int:
        """How many cells an entry is a signed sum of, at most."""
        return max(1 << sum(map(bool, one.levels)) for one in self.residuals)

    def levels_of(self, axes: Iterable[tuple[int, int]]) -> Levels:
        """How finely a table is grouped by every hierarchy, from (hierarchy, level) of its axes."""
        level = dict(axes)
        return tuple(level.get(place, 0) for place in range(len(self.hierarchies)))

    def cost(self, levels: Levels) -> int:
        """Π max δ: what a residual adds to Δ² with a factor of 1."""
        return prod(group.cost for _, group in self._grouped(levels))

    def count(self, x: Ints, places: Sequence[Ints]) -> None:
        """Add persons to x, scaled: for each residual to the cell in which they are.

        Args:
            x: of length `cells`; changed.
            places: for each axis each person's value of its finest level; one array at least.
        """
        start = 0
        for one in self.residuals:
            cells, weights = np.full(len(places[0]), start), np.full(len(places[0]), one.factor)
            start += prod(self._cells_shape(one))
            stride = prod(self._cells_shape(one))
            for axis, group in self._grouped(one.levels):
                hierarchy = self.hierarchies[axis]
                values = hierarchy.ancestors(hierarchy.finest, one.levels[axis])[places[axis]]
                stride //= len(group.scale)
                cells += stride * values
                weights *= group.scale[values]
            np.add.at(x, cells, weights)

    def differences(self, cells: Ints) -> Ints:
        """Sub_A of each residual's cells: what is sent of counts, of noise, or of both.

        Whole numbers that wrap wrap alike: the sum of nodes' differences is that of their sum.

        Args:
            cells: of length `cells`, residual by residual.
        """
        tables = self._cut(cells, self._cells_shape)
        return np.concatenate([self._subtracted(one, table).reshape(-1) for one, table in tables])

    def put_together(self, marginal: Levels, measured: Ints) -> NDArray[np.float64]:
        """The unbiased estimate of a marginal, in persons.

        Every residual is projected back, and spread evenly over what lies below it. Sums are of
        whole numbers, and floats are only multiplied, divided and added one by one, so that
        everybody who computes this gets the same bits.

        Args:
            marginal: any that is nowhere finer than one of the workload's.
            measured: the y_A, or the sum of several nodes', of length `entries`.
        """
        shape = [one.size(level) for one, level in zip(self.hierarchies, marginal, strict=True)]
        estimate = np.zeros(shape)
        for one, table in self._cut(measured, self._sent_shape):
            if _within(one.levels, marginal):
                estimate = estimate + self._spread_out(self._projected(one, table), one, marginal)
        return estimate

    def variances(self, marginal: Levels) -> "Variances":
        """The variance of each cell of a marginal, in persons squared, for draws of variance 1."""
        kinds, spreads = [], []
        for hierarchy, level in zip(self.hierarchies, marginal, strict=True):
            of_value = _spreads(hierarchy, level)
            different = tuple(dict.fromkeys(of_value))
            kinds.append(np.array([different.index(one) for one in of_value]))
            spreads.append(different)
        inside = [one for one in self.residuals if _within(one.levels, marginal)]
        amounts = tuple(
            sum(
                (
                    prod(
                        (spread[level] for spread, level in zip(of_axes, one.levels, strict=True)),
                        start=Fraction(1, one.factor**2),
                    )
                    for one in inside
                ),
                Fraction(0),
            )
            for of_axes in product(*spreads)
        )
        kind = np.zeros((1,) * len(kinds), np.int64)
        for axis, of_values in enumerate(kinds):
            kind = kind * len(spreads[axis]) + _along(of_values, axis, len(kinds))
        return Variances(kind, amounts)

    def covariance(self, marginal: Levels, agreeing: frozenset[int]) -> Fraction:
        """Of two cells of a marginal that agree on these of its axes; all its levels are 0 or 1."""
        inside = [one for one in self.residuals if _within(one.levels, marginal)]
        total = Fraction(0)
        for one in inside:
            part = Fraction(1, one.factor**2)
            for axis, (hierarchy, level) in enumerate(
                zip(self.hierarchies, one.levels, strict=True)
            ):
                size = hierarchy.size(marginal[axis])
                if level:
                    scale = int(_siblings(hierarchy, 1).scale[0])
                    part *= Fraction(size - 1 if axis in agreeing else -1, size * scale**2)
                else:
                    part /= size**2
            total += part
        return total

    def mean_spread(self, levels: Levels, marginal: Levels) -> Fraction:
        """What 1/f_A² is multiplied with in the mean variance of a marginal's cells."""
        if not _within(levels, marginal):
            return Fraction(0)
        spreads = [
            [spread[level] for spread in _spreads(hierarchy, upto)]
            for hierarchy, level, upto in zip(self.hierarchies, levels, marginal, strict=True)
        ]
        return prod((sum(one, Fraction(0)) / len(one) for one in spreads), start=Fraction(1))

    def _subtracted(self, one: Residual, table: Ints) -> Ints:
        for axis, group in self._grouped(one.levels):
            table = table.take(group.first, axis) - table.take(group.others, axis)
        return table

    def _projected(self, one: Residual, table: Ints) -> Ints:
        for axis, group in self._grouped(one.levels):
            table = _less_siblings_mean(table, axis, group)
        return table

    def _spread_out(self, projected: Ints, one: Residual, marginal: Levels) -> NDArray[np.float64]:
        table = projected / np.float64(one.factor)
        for axis, (hierarchy, level, upto) in enumerate(
            zip(self.hierarchies, one.levels, marginal, strict=True)
        ):
            if level:
                group = _siblings(hierarchy, level)
                scaled = np.maximum(group.count * group.scale, 1).astype(np.float64)
                table = table / _along(scaled, axis, table.ndim)
            if level < upto:
                table = table.take(hierarchy.ancestors(upto, level), axis)
                families = hierarchy.families(upto, level).astype(np.float64)
                table = table / _along(families, axis, table.ndim)
        return table

    def _grouped(self, levels: Levels) -> Iterator[tuple[int, "_Siblings"]]:
        for axis, (hierarchy, level) in enumerate(zip(self.hierarchies, levels, strict=True)):
            if level:
                yield axis, _siblings(hierarchy, level)

    def _cells_shape(self, one: Residual) -> tuple[int, ...]:
        return tuple(h.size(level) for h, level in zip(self.hierarchies, one.levels, strict=True))

    def _sent_shape(self, one: Residual) -> tuple[int, ...]:
        return tuple(
            h.size(level) - (h.size(level - 1) if level else 0)
            for h, level in zip(self.hierarchies, one.levels, strict=True)
        )

    def _cut(
        self, values: Ints, shape_of: Callable[[Residual], tuple[int, ...]]
    ) -> Iterator[tuple[Residual, Ints]]:
        start = 0
        for one in self.residuals:
            shape = shape_of(one)
            yield one, values[start : start + prod(shape)].reshape(shape)
            start += prod(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """The variances of a table's cells. Few differ: those of families of other sizes.

    Attributes:
        kind: for each cell the place of its variance in `amounts`; shaped like the table.
    """

    kind: Ints
    amounts: tuple[Fraction, ...]

    @property
    def usual(self) -> Fraction:
        """That of most cells."""
        return self.amounts[int(np.bincount(self.kind.reshape(-1)).argmax())]


def plan_strategy(
    hierarchies: Sequence[Hierarchy], marginals: Mapping[Levels, Fraction]
) -> tuple[Strategy, tuple[Fraction, ...]]:
    """What is to be measured for a workload, all with a factor of 1, and what each is worth.

    Args:
        hierarchies: the axes.
        marginals: for each table its levels, and how much the mean variance of its cells weighs.

    Returns:
        The strategy, and for each of its residuals its value: the weighted sum over the tables of
        what 1/f_A² is multiplied with in the mean variance of the table's cells (`factors`).

    Raises:
        ValueError: no table, or a level that there is not.
    """
    axes = tuple(hierarchies)
    for one in marginals:
        if len(one) != len(axes) or not all(
            0 <= level <= axis.finest for axis, level in zip(axes, one, strict=True)
        ):
            raise ValueError(f"{one} are no levels of a workload of {len(axes)} axes")
    if not marginals:
        raise ValueError("a workload has tables")
    strategy = Strategy(axes, tuple(map(Residual, closure(axes, marginals))))
    return strategy, tuple(
        sum(
            (weight * strategy.mean_spread(part.levels, one) for one, weight in marginals.items()),
            Fraction(0),
        )
        for part in strategy.residuals
    )


def closure(hierarchies: Sequence[Hierarchy], marginals: Iterable[Levels]) -> tuple[Levels, ...]:
    """Every residual that one of the marginals contains; levels of only children have none."""
    telling = [
        [0, *(one for one in range(1, axis.finest + 1) if axis.size(one) > axis.size(one - 1))]
        for axis in hierarchies
    ]
    found: set[Levels] = set()
    for marginal in marginals:
        found.update(
            product(
                *(
                    [level for level in levels if level <= upto]
                    for levels, upto in zip(telling, marginal, strict=True)
                )
            )
        )
    return tuple(sorted(found, key=lambda levels: (sum(levels), levels)))


def factors(parts: Sequence[tuple[Fraction, int]]) -> tuple[int, ...]:
    """Whole f with the least Σ value/f² for the Δ² = Σ f²·cost that they add up to.

    The same arguments give the same factors on every machine: roots are whole-number arithmetic.

    Args:
        parts: for each part of a workload its value and its cost, both > 0.
    """
    exact = [root_below(root_below(value / cost, 2 * _BITS), _BITS) for value, cost in parts]
    unit = min(exact) / FINENESS
    found = [min(LARGEST_FACTOR, round(one / unit)) for one in exact]
    common = gcd(*found)
    return tuple(one // common for one in found)


@dataclass(frozen=True, slots=True, eq=False)
class _Siblings:
    """A level seen as families of siblings.

    Attributes:
        count: n of each value.
        scale: s of each value.
        cost: the largest δ.
        first, others: of each difference the value that it begins with, and the other one.
    """

    count: Ints
    scale: Ints
    cost: int
    first: Ints
    others: Ints


@lru_cache(maxsize=256)
def _siblings(hierarchy: Hierarchy, level: int) -> _Siblings:
    parents = np.array(hierarchy.parents[level - 1])
    count = np.bincount(parents)[parents]
    _, begins = np.unique(parents, return_index=True)  # the first child of each parent
    first = begins[parents]
    others = np.flatnonzero(first != np.arange(len(parents)))
    deltas = {n: n * (n - 1) if n <= EXACT_UP_TO else 1 for n in count.tolist()}
    most = max(deltas.values())
    fineness = 1 if len(set(deltas.values())) == 1 else FINENESS
    g = {n: isqrt(fineness**2 * most // delta) if delta else 0 for n, delta in deltas.items()}
    cost = max(g[n] ** 2 * delta for n, delta in deltas.items())
    scale = np.array([g[n] * (n if n <= EXACT_UP_TO else 1) for n in count.tolist()])
    return _Siblings(count, scale, cost, first[others], others)


@lru_cache(maxsize=256)
def _spreads(hierarchy: Hierarchy, upto: int) -> tuple[tuple[Fraction, ...], ...]:
    """For each value of level `upto`, for each level from 0 to it, its factor of the variance."""
    by_level = []
    for level in range(upto + 1):
        families = hierarchy.families(upto, level).tolist()
        if not level:
            by_level.append([Fraction(1, below**2) for below in families])
            continue
        group, above = _siblings(hierarchy, level), hierarchy.ancestors(upto, level)
        by_level.append(
            [
                Fraction(n - 1, n * s**2 * below**2) if n > 1 else Fraction(0)
                for n, s, below in zip(
                    group.count[above].tolist(), group.scale[above].tolist(), families, strict=True
                )
            ]
        )
    return tuple(zip(*by_level, strict=True))


def _less_siblings_mean(differences: Ints, axis: int, group: _Siblings) -> Ints:
    """Sub⁺ along an axis, times the number of siblings: each value less its siblings' mean."""
    shape = list(differences.shape)
    shape[axis] = len(group.count)
    whole = np.zeros(shape, np.int64)
    values, given = np.moveaxis(whole, axis, 0), np.moveaxis(differences, axis, 0)
    np.add.at(values, group.first, given)  # so that the first has the sum of its family
    values[group.others] = (
        values[group.first] - _along(group.count[group.others], 0, len(shape)) * given
    )
    return whole


def _along(values: NDArray[Any], axis: int, dimensions: int) -> NDArray[Any]:
    shape = [1] * dimensions
    shape[axis] = -1
    return values.reshape(shape)


def _within(levels: Levels, marginal: Levels) -> bool:
    return all(level <= upto for level, upto in zip(levels, marginal, strict=True))
