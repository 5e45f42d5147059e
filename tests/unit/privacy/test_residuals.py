"""Residuals: sensitivity by enumeration, answers that agree, and the least error there can be."""

from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.privacy.residuals import (
    EXACT_UP_TO,
    Axes,
    Residual,
    Strategy,
    closure,
    plan_strategy,
    subtracted,
)

Table = npt.NDArray[np.int64]


@st.composite
def workloads(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[Axes, ...]]:
    sizes = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    axes = st.sets(st.sampled_from(range(len(sizes)))).map(lambda one: tuple(sorted(one)))
    return sizes, tuple(draw(st.lists(axes, min_size=1, max_size=5)))


def marginal_of(full: Table, axes: Axes) -> Table:
    summed: Table = full.sum(axis=tuple(axis for axis in range(full.ndim) if axis not in axes))
    return summed


def measured_in(full: Table, strategy: Strategy) -> dict[Axes, Table]:
    return {
        one.axes: subtracted(one.scale * marginal_of(full, one.axes).reshape(one.sizes))
        for one in strategy.residuals
    }


@given(workloads(), st.integers(0, 2**32))
def test_without_noise_every_table_comes_out_as_it_is(
    workload: tuple[tuple[int, ...], tuple[Axes, ...]], seed: int
) -> None:
    sizes, marginals = workload
    full = np.random.default_rng(seed).integers(0, 50, sizes)
    strategy = plan_strategy(sizes, marginals)
    for axes in marginals:
        found = strategy.put_together(axes, measured_in(full, strategy))
        assert np.allclose(found, marginal_of(full, axes))


@given(workloads(), st.integers(0, 2**32))
def test_whatever_the_noise_tables_agree_wherever_they_overlap(
    workload: tuple[tuple[int, ...], tuple[Axes, ...]], seed: int
) -> None:
    sizes, marginals = workload
    chance = np.random.default_rng(seed)
    strategy = plan_strategy(sizes, marginals)
    noisy = {
        one.axes: chance.integers(-99, 99, [size - 1 for size in one.sizes])
        for one in strategy.residuals
    }
    for first, second in product(marginals, repeat=2):
        common = tuple(sorted(set(first) & set(second)))
        totals = [
            strategy.put_together(one, noisy).sum(
                axis=tuple(place for place, axis in enumerate(one) if axis not in common)
            )
            for one in (first, second)
        ]
        assert np.allclose(*totals)


@pytest.mark.parametrize("sizes", [(2,), (5,), (2, 3), (4, 2, 3), (EXACT_UP_TO + 1, 2), ()])
def test_a13_one_person_changes_a_residual_by_its_sensitivity(sizes: tuple[int, ...]) -> None:
    residual = Residual(tuple(range(len(sizes))), sizes, factor=3)
    for cell in product(*(range(size) for size in sizes)):
        person = np.zeros(sizes, np.int64)
        person[cell] = residual.scale
        # The theorem's u: whole, seen alike by Sub, and no longer than it says.
        shift = np.ones((), np.int64)
        for size, place in zip(sizes, cell, strict=True):
            exact = size <= EXACT_UP_TO
            along = (size if exact else 1) * np.eye(size, dtype=np.int64)[place] - int(exact)
            shift = np.multiply.outer(shift, along)
        shift = residual.factor * shift
        assert (subtracted(shift) == subtracted(person)).all()
        assert (shift**2).sum() == residual.sensitivity_squared


@settings(deadline=None, max_examples=40)
@given(workloads())
def test_the_error_is_the_least_that_any_strategy_with_gaussian_noise_has(
    workload: tuple[tuple[int, ...], tuple[Axes, ...]],
) -> None:
    """Li & Miklau 2013: total variance at ρ = 1/2 is at least (Σ singular values)²/cells."""
    sizes, marginals = workload
    strategy = plan_strategy(sizes, marginals)
    rows = []
    for axes in strategy.marginals:
        table: npt.NDArray[np.float64] = np.ones((1, 1))
        for axis, size in enumerate(sizes):
            factor = np.eye(size) if axis in axes else np.ones((1, size))
            table = np.kron(table, factor).astype(np.float64)
        rows.append(table / np.sqrt(len(table)))
    bound = np.linalg.svd(np.vstack(rows), compute_uv=False).sum() ** 2 / prod(sizes)
    variances = [float(strategy.variance(axes)) for axes in strategy.marginals]
    error = strategy.sensitivity_squared * sum(variances)
    assert bound * (1 - 1e-9) <= error <= bound * (1 + 1 / 500)


@settings(deadline=None, max_examples=40)
@given(workloads(), st.integers(0, 2**32))
def test_the_stated_variance_is_that_of_the_answers(
    workload: tuple[tuple[int, ...], tuple[Axes, ...]], seed: int
) -> None:
    """By linearity: the squares of what each single draw of noise does to a cell add up."""
    sizes, marginals = workload
    strategy = plan_strategy(sizes, marginals)
    axes = strategy.marginals[-1]
    found = np.zeros([sizes[axis] for axis in axes])
    silent = {
        one.axes: np.zeros([size - 1 for size in one.sizes], np.int64) for one in strategy.residuals
    }
    for one in strategy.residuals:
        for draw in range(one.cells):
            z = np.zeros(one.cells, np.int64)
            z[draw] = 1
            measured = silent | {one.axes: subtracted(z.reshape(one.sizes))}
            found += strategy.put_together(axes, measured) ** 2
    assert np.allclose(found, float(strategy.variance(axes)))


def test_a_workload_without_tables_or_with_other_axes_is_refused() -> None:
    refused: list[tuple[tuple[int, ...], list[Axes]]] = [
        ((2, 3), []),
        ((2, 3), [(2,)]),
        ((2, 3), [(1, 0)]),
        ((0,), [(0,)]),
    ]
    for sizes, marginals in refused:
        with pytest.raises(ValueError, match="workload"):
            plan_strategy(sizes, marginals)


def test_the_closure_has_every_part_of_every_table_once() -> None:
    assert closure([(0, 2), (1,)], (2, 2, 2)) == ((), (0,), (1,), (2,), (0, 2))
    assert closure([(0, 1)], (1, 3)) == ((), (1,))
