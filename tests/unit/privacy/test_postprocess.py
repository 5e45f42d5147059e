from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.privacy.postprocess import non_negative

tables = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40)


def array(values: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array(values, dtype=np.int64)


@given(tables)
def test_no_cell_is_negative_and_the_total_is_kept(values: list[int]) -> None:
    shown = non_negative(array(values))
    assert (shown >= 0).all()
    assert shown.sum() == pytest.approx(max(0, sum(values)), abs=1e-6)


@given(tables, st.lists(st.integers(0, 10**6), min_size=40, max_size=40))
def test_no_other_such_table_is_closer(values: list[int], weights: list[int]) -> None:
    """Against any competitor y with the same total: ⟨v − x, y − x⟩ ≤ 0 (projection)."""
    total = max(0, sum(values))
    other = array(weights[: len(values)]).astype(float) + 1e-9
    other *= total / other.sum()
    shown = non_negative(array(values))
    assert ((array(values) - shown) * (other - shown)).sum() <= 1e-3


def test_a_table_of_counts_stays_as_it_is() -> None:
    assert non_negative(array([3, 0, 7])).tolist() == [3, 0, 7]


def test_what_is_cut_off_is_taken_from_the_others_evenly() -> None:
    assert non_negative(array([10, 5, -3])).tolist() == [8.5, 3.5, 0]


def test_a_negative_total_leaves_nothing() -> None:
    assert non_negative(array([2, -9])).tolist() == [0, 0]


def test_the_shape_is_kept_and_an_empty_table_too() -> None:
    assert non_negative(array([4, -1, 2, 2]).reshape(2, 2)).shape == (2, 2)
    assert non_negative(array([])).tolist() == []


def test_a3_sums_beyond_64_bits_do_not_wrap() -> None:
    huge = 2**62
    shown = non_negative(array([huge, huge, huge, huge, -huge]))
    assert shown[:4] == pytest.approx([float(Fraction(3 * huge, 4))] * 4)
