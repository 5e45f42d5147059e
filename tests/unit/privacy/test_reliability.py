"""Which figures may be shown as figures."""

from math import isfinite
from statistics import NormalDist

import numpy as np
import pytest

from corridor.privacy.quotable import may_be_quoted
from corridor.privacy.reliability import (
    CAUTION_UP_TO,
    RELIABLE_UP_TO,
    Reliability,
    caution_up_to,
    letters,
    reliability,
)

Z = NormalDist().inv_cdf(0.975)


@pytest.mark.parametrize(
    ("value", "margin", "expected"),
    [
        (100.0, 32.0, Reliability.RELIABLE),
        (100.0, 32.1, Reliability.CAUTION),
        (100.0, 65.0, Reliability.CAUTION),
        (100.0, 65.1, Reliability.UNCERTAIN),
        (3.0, 20.0, Reliability.UNCERTAIN),
        (0.0, 0.0, Reliability.UNCERTAIN),
        (-100.0, 1.0, Reliability.UNCERTAIN),  # a count below nothing is noise
        (None, None, Reliability.UNCERTAIN),
        (5.0, float("inf"), Reliability.UNCERTAIN),
    ],
)
def test_a_figure_is_judged_by_its_margin_beside_its_size(
    value: float | None, margin: float | None, expected: Reliability
) -> None:
    assert reliability(value, margin) is expected


def test_what_may_be_negative_is_judged_by_its_size() -> None:
    assert reliability(-100.0, 10.0, may_be_negative=True) is Reliability.RELIABLE
    assert reliability(-10.0, 10.0, may_be_negative=True) is Reliability.UNCERTAIN


def test_the_thresholds_are_those_of_the_statistical_offices_rounded_inward() -> None:
    assert 0.16 < RELIABLE_UP_TO / Z <= 0.165
    assert 0.33 < CAUTION_UP_TO / Z <= 0.333


@pytest.mark.parametrize("cells", [1, 20, 21, 500, 63_001, 1 << 22])
def test_with_97_per_cent_no_cell_of_nobody_is_shown_in_a_whole_table(cells: int) -> None:
    shown = 1 - NormalDist().cdf(Z / caution_up_to(cells))
    assert cells * shown <= 0.0251
    # By the offices' threshold alone it would be many of a large table.
    assert 1 / 800 < 1 - NormalDist().cdf(Z / CAUTION_UP_TO) < 1 / 700
    assert caution_up_to(cells) == CAUTION_UP_TO or cells > 18
    assert caution_up_to(cells) > RELIABLE_UP_TO
    assert 1 - NormalDist().cdf(Z / RELIABLE_UP_TO) < 1e-9


def test_a_figure_that_stands_in_a_small_table_may_be_chance_in_a_large_one() -> None:
    assert reliability(36.0, 20.0) is Reliability.CAUTION
    assert reliability(36.0, 20.0, cells=63_001) is Reliability.UNCERTAIN
    assert letters([36.0] + [0.0] * 63_000, [20.0] * 63_001).count("F") == 63_001


def test_programs_get_a_letter_for_each_cell() -> None:
    assert letters([100.0, 40.0, 3.0, None], [20.0, 20.0, 20.0, None]) == "AEFF"


@pytest.mark.parametrize("may_be_negative", [False, True])
@pytest.mark.parametrize("margin", [0.0, 20.0, float("inf"), float("nan"), None])
def test_all_cells_at_once_are_judged_as_each_by_itself(
    margin: float | None, *, may_be_negative: bool
) -> None:
    values = [None, 0.0, 1e9, -1e9, *np.linspace(-90, 90, 361).tolist()]
    margins = [25.0 if margin is None else margin] * len(values)
    if margin is None:
        margins[7:90] = np.linspace(0, 60, 83).tolist()
    at_once = may_be_quoted(
        np.array(values, dtype=np.float64),
        np.array(margins) if margin is None else margin,
        may_be_negative=may_be_negative,
    )
    by_itself = [
        reliability(*one, may_be_negative=may_be_negative, cells=len(values))
        is not Reliability.UNCERTAIN
        for one in zip(values, margins, strict=True)
    ]
    assert at_once.tolist() == by_itself
    assert any(by_itself) == (margin is None or isfinite(margin))
