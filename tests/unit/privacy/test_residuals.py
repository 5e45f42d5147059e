"""Residuals: sensitivity by enumeration, answers that agree, and the least error there can be."""

from fractions import Fraction
from itertools import product
from math import isqrt, prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.privacy.residuals import (
    EXACT_UP_TO,
    FINENESS,
    Hierarchy,
    Levels,
    Residual,
    Strategy,
    closure,
    factors,
    plan_strategy,
)

Table = npt.NDArray[np.int64]
Workload = tuple[tuple[Hierarchy, ...], tuple[Levels, ...]]

FLAT = Hierarchy.flat
MONTHS = Hierarchy(
    ((0,) * 3, (0, 0, 1, 1, 2), (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4))
)  # 2 years of 2 quarters of 3 months, and `unknown` in each
AREAS = Hierarchy(((0, 0), (0, 1, 0, 0, 1, 0)))  # children of two parents, not side by side


@st.composite
def trees(draw: st.DrawFn) -> Hierarchy:
    levels: list[tuple[int, ...]] = []
    above = 1
    for _ in range(draw(st.integers(1, 3))):
        more = draw(st.lists(st.integers(0, above - 1), max_size=4))
        levels.append(tuple(draw(st.permutations([*range(above), *more]))))
        above = len(levels[-1])
    return Hierarchy(tuple(levels))


def workloads(axis: st.SearchStrategy[Hierarchy]) -> st.SearchStrategy[Workload]:
    def with_tables(axes: list[Hierarchy]) -> st.SearchStrategy[Workload]:
        levels = st.tuples(*(st.integers(0, one.finest) for one in axes))
        tables = st.lists(levels, min_size=1, max_size=5).map(tuple)
        return tables.map(lambda found: (tuple(axes), found))

    return st.lists(axis, min_size=1, max_size=3).flatmap(with_tables)


anything = workloads(st.one_of(trees(), st.integers(1, 5).map(FLAT)))


def planned(workload: Workload) -> Strategy:
    """The strategy with its factors, as `queries.plan` puts it together."""
    axes, marginals = workload
    strategy, values = plan_strategy(axes, {one: weight(axes, one) for one in marginals})
    found = factors(
        [
            (value, strategy.cost(one.levels))
            for one, value in zip(strategy.residuals, values, strict=True)
        ]
    )
    residuals = zip(strategy.residuals, found, strict=True)
    return Strategy(
        strategy.hierarchies, tuple(Residual(one.levels, factor) for one, factor in residuals)
    )


def weight(axes: tuple[Hierarchy, ...], levels: Levels) -> Fraction:
    """Any that differ do."""
    return Fraction(1 + prod(axis.size(level) for axis, level in zip(axes, levels, strict=True)), 2)


def people(axes: tuple[Hierarchy, ...], count: int, seed: int) -> list[Table]:
    chance = np.random.default_rng(seed)
    return [chance.integers(0, axis.size(axis.finest), count) for axis in axes]


def counted(strategy: Strategy, places: list[Table]) -> Table:
    x = np.zeros(strategy.cells, np.int64)
    strategy.count(x, places)
    return x


def marginal_of(axes: tuple[Hierarchy, ...], places: list[Table], levels: Levels) -> Table:
    table = np.zeros([axis.size(level) for axis, level in zip(axes, levels, strict=True)], int)
    for person in zip(*places, strict=True):
        found = zip(axes, levels, person, strict=True)
        table[tuple(axis.ancestors(axis.finest, level)[at] for axis, level, at in found)] += 1
    return table


@settings(deadline=None)
@given(anything, st.integers(0, 2**32))
def test_without_noise_every_table_comes_out_as_it_is(workload: Workload, seed: int) -> None:
    axes, marginals = workload
    places = people(axes, 40, seed)
    strategy = planned(workload)
    measured = strategy.differences(counted(strategy, places))
    assert len(measured) == strategy.entries
    for levels in marginals:
        found = strategy.put_together(levels, measured)
        assert np.allclose(found, marginal_of(axes, places, levels))


@settings(deadline=None)
@given(anything, st.integers(0, 2**32))
def test_whatever_the_noise_tables_agree_wherever_they_overlap(
    workload: Workload, seed: int
) -> None:
    axes, marginals = workload
    strategy = planned(workload)
    noisy = np.random.default_rng(seed).integers(-99, 99, strategy.entries)
    for first, second in product(marginals, repeat=2):
        common = tuple(map(min, first, second))
        totals: list[npt.NDArray[np.float64]] = []
        for levels in (first, second):
            table = strategy.put_together(levels, noisy)
            for place, (axis, level, upto) in enumerate(zip(axes, common, levels, strict=True)):
                shape = list(table.shape)
                shape[place] = axis.size(level)
                summed = np.zeros(shape)
                into = np.moveaxis(summed, place, 0)
                np.add.at(into, axis.ancestors(upto, level), np.moveaxis(table, place, 0))
                table = summed
            totals.append(table)
        assert np.allclose(totals[0], totals[1])


@pytest.mark.parametrize(
    "axes",
    [
        (FLAT(2),),
        (FLAT(5),),
        (FLAT(2), FLAT(3)),
        (FLAT(EXACT_UP_TO + 1), FLAT(2)),
        (MONTHS,),
        (AREAS, FLAT(3)),
        (MONTHS, AREAS),
    ],
)
def test_a13_one_person_changes_what_is_sent_as_a_shift_within_the_sensitivity(
    axes: tuple[Hierarchy, ...],
) -> None:
    strategy = planned((axes, (tuple(axis.finest for axis in axes),)))
    squared = []
    for person in product(*(range(axis.size(axis.finest)) for axis in axes)):
        x = counted(strategy, [np.array([place]) for place in person])
        u = np.concatenate([shift(axes, one, person) for one in strategy.residuals])
        assert (strategy.differences(u) == strategy.differences(x)).all()
        assert abs(x).max() <= strategy.largest
        squared.append(int((u**2).sum()))
    assert max(squared) <= strategy.sensitivity_squared
    if max(axes[0].parents) == min(axes[0].parents):  # all families alike: nothing is wasted
        assert max(squared) == strategy.sensitivity_squared


def shift(axes: tuple[Hierarchy, ...], one: Residual, person: tuple[int, ...]) -> Table:
    """The theorem's u_A of this person, written out."""
    u = np.full((), one.factor)
    for axis, level, place in zip(axes, one.levels, person, strict=True):
        if not level:
            continue
        parents = np.array(axis.parents[level - 1])
        own = int(axis.ancestors(axis.finest, level)[place])
        siblings = (parents == parents[own]).astype(int)
        sizes = np.bincount(parents)
        n = int(siblings.sum())
        exact = n <= EXACT_UP_TO
        costs = {int(m * (m - 1) if m <= EXACT_UP_TO else 1) for m in sizes}
        own_cost = n * (n - 1) if exact else 1
        most = max(costs) * (FINENESS**2 if len(costs) > 1 else 1)
        g = isqrt(most // own_cost) if own_cost else 0
        along = g * ((n if exact else 1) * np.eye(len(parents), dtype=int)[own])
        along = along - g * siblings * int(exact)
        u = np.multiply.outer(u, along)
    return u.reshape(-1)


@settings(deadline=None, max_examples=40)
@given(workloads(st.integers(1, 5).map(FLAT)))
def test_the_error_is_the_least_that_any_strategy_with_gaussian_noise_has(
    workload: Workload,
) -> None:
    assert_least_error(workload)


YEARS = Hierarchy(((0, 0), (0, 0, 1, 1), (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3)))


@pytest.mark.parametrize(
    "workload",
    [
        ((YEARS,), ((0,), (1,), (2,), (3,))),
        ((YEARS,), ((3,),)),
        ((YEARS, FLAT(3)), ((1, 0), (3, 0), (2, 1), (0, 1))),
        ((YEARS, FLAT(2), FLAT(4)), ((1, 1, 0), (3, 0, 1), (0, 0, 0), (2, 0, 0))),
    ],
)
def test_the_error_is_the_least_with_months_quarters_and_years_too(workload: Workload) -> None:
    assert_least_error(workload)


def assert_least_error(workload: Workload) -> None:
    """Li & Miklau 2013: total variance at ρ = 1/2 is at least (Σ singular values)²/cells."""
    axes, marginals = workload
    marginals = tuple(dict.fromkeys(marginals))
    rows = []
    for levels in marginals:
        table: npt.NDArray[np.float64] = np.ones((1, 1))
        for axis, level in zip(axes, levels, strict=True):
            above = axis.ancestors(axis.finest, level)
            part = (np.arange(axis.size(level))[:, None] == above[None, :]).astype(np.float64)
            table = np.kron(table, part)
        rows.append(table * np.sqrt(float(weight(axes, levels)) / len(table)))
    cells = prod(axis.size(axis.finest) for axis in axes)
    bound = np.linalg.svd(np.vstack(rows), compute_uv=False).sum() ** 2 / cells
    strategy = planned((axes, marginals))
    variances = [
        float(weight(axes, levels)) * mean_variance(strategy, levels) for levels in marginals
    ]
    error = strategy.sensitivity_squared * sum(variances)
    assert bound * (1 - 1e-9) <= error <= bound * (1 + 1 / 500)


def mean_variance(strategy: Strategy, levels: Levels) -> float:
    found = strategy.variances(levels)
    return float(np.array([float(one) for one in found.amounts])[found.kind].mean())


@settings(deadline=None, max_examples=40)
@given(anything)
def test_the_stated_variances_are_those_of_the_answers(workload: Workload) -> None:
    """By linearity: the squares of what each single draw of noise does to a cell add up."""
    strategy, levels = planned(workload), workload[1][-1]
    found = sum(
        strategy.put_together(levels, strategy.differences(z)) ** 2
        for z in np.eye(strategy.cells, dtype=np.int64)
    )
    stated = strategy.variances(levels)
    assert np.allclose(found, np.array([float(one) for one in stated.amounts])[stated.kind])
    mean = sum(
        strategy.mean_spread(one.levels, levels) / one.factor**2 for one in strategy.residuals
    )
    assert np.isclose(float(mean), mean_variance(strategy, levels))


@settings(deadline=None, max_examples=40)
@given(workloads(st.integers(2, 4).map(FLAT)))
def test_the_stated_covariances_are_those_of_the_answers(workload: Workload) -> None:
    strategy, levels = planned(workload), workload[1][-1]
    noise = np.array(
        [
            strategy.put_together(levels, strategy.differences(z)).reshape(-1)
            for z in np.eye(strategy.cells, dtype=np.int64)
        ]
    )
    found = noise.T @ noise
    shape = [axis.size(level) for axis, level in zip(strategy.hierarchies, levels, strict=True)]
    for first, second in product(range(prod(shape)), repeat=2):
        places = zip(np.unravel_index(first, shape), np.unravel_index(second, shape), strict=True)
        agreeing = frozenset(axis for axis, (one, other) in enumerate(places) if one == other)
        assert np.isclose(found[first, second], float(strategy.covariance(levels, agreeing)))


def test_unequal_families_are_measured_about_equally_well() -> None:
    strategy = planned(((MONTHS,), ((3,),)))
    found = strategy.variances((3,))
    assert len(found.amounts) == 2  # months of a year, and `unknown`
    assert max(found.amounts) < 4 * min(found.amounts)


def test_factors_favour_what_is_worth_more_and_cost_less() -> None:
    one = Fraction(1)
    assert factors([(one, 1), (one, 1)]) == (1, 1)
    assert factors([(16 * one, 1), (one, 1)]) == (2, 1)
    assert factors([(one, 81), (one, 1)]) == (1, 3)
    # A sum of numbers up to 70 beside a count.
    assert factors([(one / 70**2, 70**2), (one, 1)]) == (1, 70)


def test_a_workload_without_tables_or_with_other_levels_is_refused() -> None:
    refused: list[list[Levels]] = [[], [(0,)], [(0, 2)], [(-1, 0)]]
    for marginals in refused:
        with pytest.raises(ValueError, match="workload"):
            plan_strategy((FLAT(2), FLAT(3)), dict.fromkeys(marginals, Fraction(1)))


def test_a_tree_with_holes_is_refused() -> None:
    for parents in ((), ((0, 1),), ((0, 0), (0, 0)), ((),)):
        with pytest.raises(ValueError, match=r"level"):
            Hierarchy(parents)


def test_the_closure_has_every_part_of_every_table_once() -> None:
    flat = (FLAT(2), FLAT(2), FLAT(2))
    assert set(closure(flat, [(1, 0, 1), (0, 1, 0)])) == {
        (0, 0, 0),
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (1, 0, 1),
    }
    assert closure((FLAT(1), FLAT(3)), [(1, 1)]) == ((0, 0), (0, 1))  # one value tells nothing
