"""Which pictures fit which answer, and what they must not show."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

import pytest

from corridor.privacy.ratios import NORMAL_95
from corridor.privacy.reliability import Reliability
from corridor.publishing.pictures import Kind, Note, Picture, Point, picture_of_view, pictures_of
from corridor.publishing.pictures.of_tables import MOST_BARS, MOST_PANELS
from corridor.publishing.tables import ReleasedTable, tables_of
from corridor.publishing.views import views_of
from corridor.queries.views import Change, Quantile, ShareOf, Top
from support.picture_page import MARGIN, corridors, pictures, table_of, tables
from support.releases import make_release, make_table

WITH_UNCERTAIN = tables().keys() - {"genders over time", "hostile"}


def kinds(table: ReleasedTable) -> list[Kind]:
    return [picture.kind for picture in pictures_of(table)]


def the(kind: Kind, table: ReleasedTable) -> Picture:
    return next(picture for picture in pictures_of(table) if picture.kind is kind)


def named(picture: Picture, points: Sequence[Point]) -> Iterator[tuple[tuple[str, ...], Point]]:
    for point in points:
        axes, at = picture.axes, point.at
        if picture.kind is Kind.SANKEY:
            axes, at = axes[at[0] : at[0] + 2], at[1:]
        places = zip(axes, at, strict=True)
        yield tuple(axis.values[place] for axis, place in places), point


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("corridors", [Kind.FLOW_MAP, Kind.SANKEY, Kind.BARS]),
        ("journeys", [Kind.SANKEY, Kind.MULTIPLES, Kind.BARS]),
        ("quarters", [Kind.LINES]),
        ("genders over time", [Kind.LINES, Kind.MULTIPLES]),
        ("purposes over time", [Kind.MULTIPLES]),
        ("ages", [Kind.PYRAMID, Kind.MULTIPLES, Kind.BARS]),
        ("purposes by gender", [Kind.MULTIPLES, Kind.BARS]),
        ("purposes", [Kind.BARS]),
    ],
)
def test_groupings_decide_which_pictures_fit(name: str, fitting: list[Kind]) -> None:
    assert kinds(tables()[name]) == fitting


@pytest.mark.parametrize("name", tables())
def test_what_is_too_uncertain_has_no_value_in_any_picture(name: str) -> None:
    table = tables()[name]
    assert any(cell.quotable is None for cell in table.cells()) == (name in WITH_UNCERTAIN)
    for picture in pictures_of(table):
        written = picture.to_json()
        for columns in (written["points"], written["aside"]):
            assert isinstance(columns, dict)
            for mark, value in zip(columns["mark"], columns["value"], strict=True):
                assert (value is None) == (mark == "F")
        assert json.loads(json.dumps(written)) == written


def test_a_picture_refuses_a_figure_that_nobody_may_quote() -> None:
    with pytest.raises(ValueError, match="too uncertain"):
        Point(at=(0,), value=3.0, low=0.0, high=20.0, reliability=Reliability.UNCERTAIN)


def test_a_picture_has_no_points_outside_itself() -> None:
    picture = the(Kind.BARS, tables()["purposes"])
    with pytest.raises(ValueError, match="outside"):
        replace(picture, points=(replace(picture.points[0], at=(5,)),))
    with pytest.raises(ValueError, match="nothing"):
        replace(picture, points=())


def test_unknown_ends_of_a_corridor_stand_beside_the_map() -> None:
    picture = the(Kind.FLOW_MAP, tables()["corridors"])
    assert all("unknown" not in names for names, _ in named(picture, picture.points))
    assert all("unknown" in names for names, _ in named(picture, picture.aside))
    assert len(picture.points) == 12 * 12
    assert len(picture.aside) > 0


def test_the_halves_of_a_journey_are_sums_with_the_margin_of_a_sum() -> None:
    table = tables()["journeys"]
    picture = the(Kind.SANKEY, table)
    cells = {cell.values: cell for cell in table.cells()}
    drawn = {(point.at[0], *names): point for names, point in named(picture, picture.points)}
    transit = table.axes[1].values
    assert {stage for stage, *_ in drawn} == {0, 1}
    for start, end in product(("BG", "NG"), repeat=2):
        wanted = sum(cells[start, end, one].value or 0.0 for one in transit)
        point = drawn[0, start, end]
        assert point.value is None or point.value == pytest.approx(wanted)
        assert point.margin == pytest.approx(MARGIN * math.sqrt(len(transit)), rel=1e-3)
    assert Note.MENTIONS in picture.notes
    assert Note.OUTWARD not in picture.notes


def test_sums_whose_noise_is_not_told_add_their_margins() -> None:
    picture = the(Kind.SANKEY, replace(tables()["journeys"], covariances=None))
    assert picture.points[0].margin == pytest.approx(7 * MARGIN)
    assert Note.OUTWARD in picture.notes


def test_cells_that_share_noise_make_sums_less_sure_than_independent_ones() -> None:
    table = tables()["journeys"]
    assert table.covariances is not None
    # Cells that agree on the first two axes (bits 0 and 1) share half of their variance.
    shared = list(table.covariances)
    shared[0b011] = shared[-1] / 2
    picture = the(Kind.SANKEY, replace(table, covariances=tuple(shared)))
    first = next(point for point in picture.points if point.at[0] == 0)
    variance = 7 * shared[-1] + 7 * 6 * shared[-1] / 2
    assert first.margin == pytest.approx(float(NORMAL_95) * math.sqrt(variance))


def test_a_mean_is_no_flow_because_widths_of_means_say_nothing() -> None:
    document = make_table(
        measure={"mean": "age", "low": 0, "high": 99},
        margin=None,
        margins=[2.0] * 4,
        non_negative=None,
        totals=None,
        axes=[
            {"name": name, "label": name, "values": ["MD", "NG"], "labels": ["MD", "NG"]}
            for name in ("recruited_in", "exploited_in")
        ],
        values=[20.0, 25.0, 31.0, 40.0],
    )
    (table,) = tables_of(make_release(tables=[document]))
    assert set(kinds(table)) == {Kind.BARS}
    assert not the(Kind.BARS, table).from_zero


def test_a_pyramid_knows_the_years_of_its_bands_and_leaves_out_what_has_no_end() -> None:
    picture = the(Kind.PYRAMID, tables()["ages"])
    ages = picture.axes[1]
    assert ages.bands[:2] == ((0, 8), (9, 17))
    assert ages.bands[-1] == (48, None)
    drawn = {names for names, _ in named(picture, picture.points)}
    beside = {names for names, _ in named(picture, picture.aside)}
    assert ("Feminine", "39-47") in drawn
    assert {("Feminine", "48+"), ("Masculine", "unknown")} <= beside
    assert {gender for gender, _ in drawn} == {"Feminine", "Masculine"}
    assert ("TransgenderFeminine", "18-20") in beside


def test_a_grouping_by_words_makes_no_pyramid() -> None:
    minors = table_of(
        "Persons by gender × minor",
        [("gender", "Gender", ("Feminine", "Masculine")), ("age_band", "Age", ("minor", "adult"))],
        [100, 200, 300, 400],
    )
    assert Kind.PYRAMID not in kinds(minors)


def test_an_unknown_time_has_no_place_on_a_line() -> None:
    picture = the(Kind.LINES, tables()["quarters"])
    periods = [point.at[0] for point in picture.points]
    assert all(after - before == 1 for before, after in pairwise(periods))
    assert [names for names, _ in named(picture, picture.aside)] == [("unknown",)]


def test_of_many_cells_the_largest_that_may_be_quoted_are_drawn() -> None:
    table = tables()["corridors"]
    picture = the(Kind.BARS, table)
    values = [point.value or 0.0 for point in picture.points]
    assert len(values) == MOST_BARS
    assert picture.cells == table.size == 169
    quotable = sorted((cell.quotable or 0.0 for cell in table.cells()), reverse=True)
    assert values == pytest.approx(quotable[:MOST_BARS])


def test_small_multiples_show_the_same_rows_in_every_panel() -> None:
    picture = the(Kind.MULTIPLES, tables()["journeys"])
    assert picture.within is Kind.BARS
    panels = {point.at[0] for point in picture.points}
    rows = [[point.at[1] for point in picture.points if point.at[0] == one] for one in panels]
    assert len(rows[0]) == MOST_PANELS
    assert all(sorted(row) == sorted(rows[0]) for row in rows)
    assert picture.axes[1].values[0].count(" | ") == 1


def test_a_single_number_has_no_picture() -> None:
    (table,) = tables_of(
        make_release(tables=[make_table(axes=[], values=[12.0], non_negative=[12.0])])
    )
    assert pictures_of(table) == ()


def test_a_share_over_time_is_a_line_and_a_change_is_not_told_as_one() -> None:
    share = pictures()["shareof-of-genders-over-time"]
    assert share.kind is Kind.LINES
    change = pictures()["change-of-quarters"]
    assert change.kind is Kind.BARS
    assert not change.from_zero
    assert {point.reliability for point in change.points} == {None}


def test_a_share_too_uncertain_to_quote_is_an_interval() -> None:
    (view,) = views_of([tables()["purposes by gender"]], ShareOf("gender", ("Feminine",)))
    picture = picture_of_view(view)
    assert picture is not None
    marks = [point.reliability for point in picture.points]
    assert Reliability.UNCERTAIN in marks
    for point in picture.points:
        assert (point.value is None) == (point.reliability is Reliability.UNCERTAIN)
        assert point.low is not None


def test_the_largest_have_lengths_and_differences_do_not() -> None:
    (top,) = views_of([tables()["corridors"]], Top(5))
    (change,) = views_of([tables()["quarters"]], Change("quarter"))
    assert [seen.from_zero for view in (top, change) if (seen := picture_of_view(view))] == [
        True,
        False,
    ]


def test_a_quantile_without_an_end_stands_beside_the_picture() -> None:
    bands = ["0-9", "10-19", "20+", "unknown"]
    document = make_table(
        measure={"histogram": "age", "width": 10},
        axes=[
            {"name": "gender", "label": "Gender", "values": ["F", "M"], "labels": ["F", "M"]},
            {
                "name": "age",
                "label": "Age",
                "values": bands,
                "labels": bands,
                "bands": [[0, 9], [10, 19], [20, None]],
            },
        ],
        values=[900.0, 400.0, 20.0, 0.0, 10.0, 20.0, 900.0, 0.0],
        non_negative=[900.0, 400.0, 20.0, 0.0, 10.0, 20.0, 900.0, 0.0],
        covariances=[0.0, 0.0, 0.0, 55.0],
        totals=None,
    )
    (table,) = tables_of(make_release(tables=[document]))
    (median,) = views_of([table], Quantile(Fraction(1, 2)))
    picture = picture_of_view(median)
    assert picture is not None
    assert [point.at for point in picture.points] == [(0,)]
    assert [point.at for point in picture.aside] == [(1,)]
    assert picture.aside[0].value is None


def test_labels_are_the_readers_and_codes_stay() -> None:
    picture = the(Kind.FLOW_MAP, tables()["corridors"])
    written = picture.to_json(lambda axis, place: f"<{axis.values[place]}>")
    axes = written["axes"]
    assert isinstance(axes, list)
    assert axes[0]["values"][0] == "BG"
    assert axes[0]["labels"][0] == "<BG>"


def test_of_very_many_corridors_only_those_that_may_be_quoted_are_sent() -> None:
    many = tuple(f"{first}{second}" for first in "ABCDEFGH" for second in "ABCDEFGHIJ")
    picture = the(Kind.FLOW_MAP, corridors(many, 0.02))
    assert Note.QUOTABLE in picture.notes
    assert all(point.value is not None for point in picture.points)
    assert 0 < len(picture.points) < 300
    assert Note.QUOTABLE not in the(Kind.FLOW_MAP, tables()["matrix of sixty"]).notes


def test_small_pictures_say_what_they_leave_out() -> None:
    months = tuple(f"2025-{month:02}" for month in range(1, 7))
    countries = tuple(f"A{letter}" for letter in "ABCDEFGHIJKLMNOP")
    table = table_of(
        "Persons by citizenship × month",
        [("citizenship", "Citizenship", countries), ("month", "Month", (*months, "unknown"))],
        [20.0 * (place % 16) for place in range(16 * 7)],
    )
    picture = the(Kind.MULTIPLES, table)
    assert len({point.at[0] for point in picture.points}) == MOST_PANELS
    assert Note.LARGEST in picture.notes
    assert {names[1] for names, _ in named(picture, picture.aside)} == {"unknown"}
    assert len(picture.aside) == MOST_PANELS
    assert Note.LARGEST in the(Kind.MULTIPLES, tables()["journeys"]).notes
    assert Note.LARGEST not in the(Kind.MULTIPLES, tables()["ages"]).notes
