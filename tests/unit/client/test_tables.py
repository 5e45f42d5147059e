"""What a cell of a released table says of itself."""

import pytest

from corridor.client.tables import Cell, tables_of
from corridor.privacy.reliability import Reliability
from support.releases import make_release, make_table


@pytest.mark.parametrize(
    ("value", "non_negative", "reaches_zero"),
    [
        (40.0, 38.0, False),
        (20.0, 18.0, True),
        (-31.0, 0.0, True),  # a count below nothing is noise, however far below
        (-31.0, None, False),  # a sum that may be negative is
        (-10.0, None, True),
    ],
)
def test_a_cell_reaches_zero_where_nothing_would_explain_it(
    value: float, non_negative: float | None, *, reaches_zero: bool
) -> None:
    assert Cell((), (), value, 25.0, non_negative).reaches_zero is reaches_zero


def test_a_cell_without_an_estimate_cannot_be_told_from_nothing() -> None:
    assert Cell((), (), None, None, None).reaches_zero


def test_an_interval_is_cut_where_no_true_value_can_lie() -> None:
    small, below = Cell((), (), 3.0, 20.0, 3.0, 0.0), Cell((), (), -30.0, 20.0, 0.0, 0.0)
    assert (small.low, small.high) == (0, 23)
    assert (below.low, below.high) == (0, 0)
    assert Cell((), (), -30.0, 20.0, None).low == -50
    assert Cell((), (), None, None, None).low is None


def test_what_may_be_negative_is_known_from_the_measure() -> None:
    counts = make_release()
    means = make_table(
        measure={"mean": "age", "low": 10, "high": 80},
        values=[31.25, None, None, None],
        margin=None,
        margins=[0.4, None, None, None],
        non_negative=None,
        totals=None,
    )
    either = make_table(may_be_negative=True, non_negative=None)
    found = [tables_of(make_release(tables=[one]))[0] for one in (*counts["tables"], means, either)]
    assert [table.lowest for table in found] == [0, 10, None]
    assert next(iter(found[1].cells())).reliability is Reliability.RELIABLE
