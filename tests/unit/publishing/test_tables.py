"""What a cell of a released table says of itself."""

from math import sqrt

import pytest

from corridor.privacy.ratios import NORMAL_95
from corridor.privacy.reliability import Reliability
from corridor.publishing.many_cells import largest
from corridor.publishing.tables import Cell, ReleasedTable, tables_of
from corridor.publishing.views import views_of
from corridor.queries.views import Change, ShareOf, Top
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


def side_by_side(covariances: list[float] | None) -> ReleasedTable:
    countries = [
        {
            "country": code,
            "name": f"Authority of {code}",
            "tables": [make_table(values=values, covariances=covariances)],
        }
        for code, values in (("MD", [900.0, 700, 300, 100]), ("UA", [600.0, 610, 200, 190]))
    ]
    (found,) = tables_of(make_release(countries=countries))
    return found


def test_countries_side_by_side_have_noise_of_their_own() -> None:
    # Of one country: 2 cells that agree on nothing, on gender, on year, and a cell's variance.
    assert side_by_side([1.0, 2.0, 4.0, 25.0]).covariances == (0, 1, 0, 2, 0, 4, 0, 25)
    assert side_by_side(None).covariances is None


def test_views_of_countries_side_by_side_know_which_cells_hang_together() -> None:
    found = side_by_side([0.0, 2.0, 4.0, 25.0])
    (change,) = views_of([found], Change("year"))
    (between,) = views_of([found], Change("counted_by"))
    of_years, of_countries = change.rows[0].figures[0], between.rows[0].figures[0]
    assert of_years.value == -200
    assert (of_years.high or 0) + 200 == pytest.approx(NORMAL_95 * sqrt(2 * (25 - 2)))
    assert of_countries.value == -300
    assert (of_countries.high or 0) + 300 == pytest.approx(NORMAL_95 * sqrt(2 * 25))
    (top,) = views_of([found], Top(2))
    assert [row.labels[0] for row in top.rows] == ["Authority of MD", "Authority of MD"]
    (share,) = views_of([found], ShareOf("gender", ("Feminine",)))
    assert [row.figures[0].value for row in share.rows] == pytest.approx(
        [0.75, 0.875, 0.75, 610 / 800]
    )


def test_cells_at_places_are_those_that_stand_there() -> None:
    for table in (*tables_of(make_release()), side_by_side(None)):
        cells = list(table.cells())
        places = range(table.size - 1, -1, -2)
        assert list(table.cells_at(places)) == [cells[place] for place in places]


def test_the_largest_are_the_largest_that_may_be_quoted() -> None:
    for table in (*tables_of(make_release()), side_by_side(None)):
        quotable = [cell for cell in table.cells() if cell.quotable is not None]
        assert quotable
        expected = sorted(quotable, key=lambda cell: -(cell.value or 0.0))
        assert largest(table, table.size) == expected
        assert largest(table, 1) == expected[:1]
