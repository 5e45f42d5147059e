"""What is read of a released table, in numbers small enough to check by hand."""

from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import pytest

from corridor.errors.client import RemoteAnswerError
from corridor.errors.questions import ViewError
from corridor.privacy.covariance import variance_of
from corridor.privacy.reliability import Reliability
from corridor.publishing.tables import ReleasedTable, tables_of
from corridor.publishing.views import Figure, ViewTable, views_of
from corridor.queries.views import Change, Quantile, RatioOf, ShareOf, Top, Trend, View
from support.releases import make_release, make_table

SIGMA = 5.0
MARGIN = 1.959964 * SIGMA


def axis(name: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name.title(), "values": values, "labels": values, **more}


def table(values: list[float], *axes: dict[str, Any], **changes: Any) -> ReleasedTable:
    covariances = [0.0] * ((1 << len(axes)) - 1) + [SIGMA**2]
    fields = {"margin": MARGIN, "non_negative": None, "covariances": covariances}
    made = make_table(values=values, axes=list(axes), **(fields | changes))
    (found,) = tables_of(make_release(tables=[made]))
    return found


def seen(found: ReleasedTable, view: View) -> ViewTable:
    (one,) = views_of([found], view)
    return one


GENDER = axis("gender", "Feminine", "Masculine", "unknown")
YEAR = axis("year", "2023", "2024", "2025", "unknown")


def test_a_share_is_of_those_that_are_known_with_fieller_s_interval() -> None:
    one = seen(table([300.0, 100.0, 900.0], GENDER), ShareOf("gender", ("feminine",)))
    (row,) = one.rows
    figure = row.figures[0]
    assert (figure.value, figure.reliability) == (0.75, Reliability.RELIABLE)
    # Far from 0 it is the delta method's: √((1 − p)² + p²)·σ/T.
    expected = 1.96 * SIGMA * sqrt(0.25**2 + 0.75**2) / 400
    assert (figure.high or 0) - 0.75 == pytest.approx(expected, rel=0.05)
    assert one.notes == ("of those whose gender is known",)
    assert (
        one.title == "Share of Feminine: Persons by gender × year; trafficking status Actual victim"
    )


def test_a_share_of_too_few_has_no_figure() -> None:
    (row,) = seen(table([8.0, 3.0, 0.0], GENDER), ShareOf("gender", ("Feminine",))).rows
    assert row.figures == (
        Figure(value=None, low=None, high=None, reliability=Reliability.UNCERTAIN),
    )


def test_shares_go_row_by_row_and_stay_between_none_and_all() -> None:
    found = table([300, 100, 0, 200, -9, 0], axis("year", "2024", "2025"), GENDER)
    one = seen(found, ShareOf("gender", ("Feminine",)))
    assert one.places == ("Year",)
    assert [row.labels for row in one.rows] == [("2024",), ("2025",)]
    assert [row.figures[0].value for row in one.rows] == [0.75, 1.0]
    assert one.rows[1].figures[0].high == 1.0


@pytest.mark.parametrize(
    ("part", "rest", "mark"),
    [
        (-8.0, 108.0, Reliability.UNCERTAIN),  # cut to 0 … 1, its interval has next to no width
        (-8.0, 100_008.0, Reliability.UNCERTAIN),  # narrow, and an estimate that cannot be
        (63.0, 1.0, Reliability.UNCERTAIN),  # 31 points wide, of which half lie above 1
        (500.0, 99_500.0, Reliability.RELIABLE),
    ],
)
def test_a_share_is_judged_before_its_interval_is_cut(
    part: float, rest: float, mark: Reliability
) -> None:
    (row,) = seen(table([part, rest, 0.0], GENDER), ShareOf("gender", ("Feminine",))).rows
    (figure,) = row.figures
    assert figure.reliability is mark
    assert 0 <= (figure.low or 0) <= (figure.value or 0) <= (figure.high or 0) <= 1


def test_mentions_are_called_so() -> None:
    found = table([300.0, 100.0, 0.0], GENDER, max_cells=3)
    assert "of mentions" in seen(found, ShareOf("gender", ("Feminine",))).notes[1]


def test_a_ratio_is_of_one_value_to_another() -> None:
    one = seen(table([300.0, 100.0, 0.0], GENDER), RatioOf("gender", "Feminine", "Masculine"))
    figure = one.rows[0].figures[0]
    assert figure.value == 3
    assert 0 < (figure.low or 0) < 3 < (figure.high or 0) < 3.5


def test_a_change_has_the_noise_of_both_periods() -> None:
    one = seen(table([100.0, 130.0, 128.0, 50.0], YEAR), Change("year"))
    assert [row.labels for row in one.rows] == [("2023 → 2024",), ("2024 → 2025",)]
    (rise, relative), (none, _) = (row.figures for row in one.rows)
    assert rise.value == 30
    assert (rise.high or 0) - 30 == pytest.approx(sqrt(2) * MARGIN)
    assert rise.leaves_out_zero
    assert not none.leaves_out_zero
    assert relative.value == pytest.approx(0.3)


def test_a_change_between_named_periods_and_from_next_to_nothing() -> None:
    one = seen(table([4.0, 130.0, 128.0, 50.0], YEAR), Change("year", "2023", "2025"))
    (row,) = one.rows
    assert row.figures[0].value == 124
    assert row.figures[1].value is None  # relative to a cell that may be empty


def test_a_trend_is_the_slope_of_the_line_through_all_periods() -> None:
    (row,) = seen(table([100.0, 110.0, 120.0, 999.0], YEAR), Trend("year")).rows
    figure = row.figures[0]
    assert figure.value == pytest.approx(10)
    assert (figure.high or 0) - 10 == pytest.approx(MARGIN / sqrt(2))


def bands(*counts: float, unknown: float = 0.0) -> ReleasedTable:
    ends = [[10 * place, 10 * place + 9] for place in range(len(counts))]
    names = [f"{low}-{high}" for low, high in ends]
    ends[-1][1] = None  # type: ignore[call-overload]
    return table([*counts, unknown], axis("age", *names, "unknown", bands=ends))


def test_an_axis_with_more_bands_than_values_is_no_table_of_a_release() -> None:
    with pytest.raises(RemoteAnswerError):
        table([1.0], axis("age", "0-9", bands=[[0, 9], [10, None]]))


def test_a_median_is_read_from_the_bands() -> None:
    (row,) = seen(bands(100, 300, 100, 0, unknown=5000), Quantile(Fraction(1, 2))).rows
    figure = row.figures[0]
    assert (figure.value, figure.low, figure.high) == (15, 10, 19)


def test_a_quantile_in_the_last_band_is_open() -> None:
    (row,) = seen(bands(100, 0, 0, 500), Quantile(Fraction(9, 10))).rows
    assert row.figures[0] == Figure(
        value=None, low=30, high=None, reliability=Reliability.UNCERTAIN
    )


def test_a_median_of_too_few_could_be_anywhere() -> None:
    (row,) = seen(bands(3, 4, 2, 1), Quantile(Fraction(1, 2))).rows
    assert row.figures[0].value is None


def test_the_largest_cells_have_ranks_and_no_unknowns() -> None:
    found = table([50, 200, 190, 900], axis("to", "A", "B", "C", "unknown"))
    one = seen(found, Top(2))
    assert [row.labels for row in one.rows] == [("B",), ("C",)]
    ranks = [row.figures[1] for row in one.rows]
    assert [(rank.value, rank.low, rank.high) for rank in ranks] == [(1, 1, 2), (2, 1, 2)]
    # 200 over 190 with σ = 5 each: Φ(√2) = 92.1 %.
    assert (
        "probability ≥ 99.9 %, in this order ≥ 92.1 %" in one.notes[0] or "≥ 100 %" in one.notes[0]
    )


def test_an_order_that_nobody_can_know_is_said_in_words_and_not_as_a_probability_of_nothing() -> (
    None
):
    found = table([50, 50, 50, 50, 0], axis("to", "A", "B", "C", "D", "unknown"))
    of_both = seen(found, Top(4)).notes[0]
    assert "in which order is not known" in of_both
    of_none = seen(table([50.0] * 20 + [0.0], axis("to", *map(str, range(20)), "unknown")), Top(3))
    assert of_none.notes[0].startswith("whether these are the largest")
    for note in (of_both, of_none.notes[0]):
        assert "≥ 0 %" not in note


def test_a_mean_has_no_shares_and_the_refusal_says_what_it_has() -> None:
    found = table(
        [30.0, 33.0, 30.0, 20.0],
        YEAR,
        measure={"mean": "age", "low": 0, "high": 99},
        margin=None,
        margins=[1.0] * 4,
        totals=None,
        covariances=None,
    )
    with pytest.raises(ViewError, match="a mean has no shares and no ratios"):
        views_of([found], ShareOf("year", ("2023",)))


def test_a_change_of_means_takes_their_own_margins() -> None:
    found = table(
        [30.0, 33.0, None, 20.0],  # type: ignore[list-item]
        YEAR,
        measure={"mean": "age", "low": 0, "high": 99},
        margin=None,
        margins=[1.0, 1.0, None, 1.0],
        totals=None,
        covariances=None,
    )
    first, second = seen(found, Change("year")).rows
    assert (first.figures[0].value, second.figures[0].value) == (3, None)
    assert (first.figures[0].high or 0) - 3 == pytest.approx(sqrt(2))


def test_counts_that_hang_together_in_an_unknown_way_have_no_views() -> None:
    found = table([10.0, 20.0, 30.0, 0.0], YEAR, margin=None, margins=[5.0] * 4, covariances=None)
    for view in (Change("year"), Trend("year"), ShareOf("year", ("2023",)), Top(2)):
        with pytest.raises(ViewError):
            views_of([found], view)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (ShareOf("age", ("1",)), "the answer is grouped by gender, year. The release"),
        (Change("quarter"), "the answer is grouped by gender, year. The release"),
        (ShareOf("gender", ("Martian",)), "its values here are Feminine, Masculine"),
        (Change("year", "2023", "1999"), "its values here are 2024, 2025"),
        (Quantile(Fraction(1, 2)), "MEDIAN"),
    ],
)
def test_a_view_that_fits_no_table_is_refused_with_what_there_is(view: View, words: str) -> None:
    tables = tables_of(make_release(tables=[make_table(covariances=[0, 0, 0, 25.0])]))
    with pytest.raises(ViewError, match=words):
        views_of(tables, view)


def test_covariances_count_where_cells_hang_together() -> None:
    weights = np.random.default_rng(7).normal(size=(3, 4))
    # Noise = 2·(of the row) + 3·(of the column) + 1·(of the cell), each independent.
    covariances = [0.0, 4.0, 9.0, 14.0]
    expected = (
        4 * np.square(weights.sum(1)).sum()
        + 9 * np.square(weights.sum(0)).sum()
        + np.square(weights).sum()
    )
    assert variance_of(weights, covariances) == pytest.approx(expected)
