"""What a cell of a released table says of itself."""

import pytest

from corridor.client.tables import Cell


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
