"""Groups of cells side by side: differences, ratios, changes and the sentence on each."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

from corridor.errors.comparing import ComparisonError
from corridor.privacy.normal import quantile_above
from corridor.privacy.reliability import Reliability
from corridor.publishing.comparing import FALSE_ALARM, Comparison, Note, Verdict, compare
from corridor.publishing.groups import (
    Group,
    find_group,
    parse_groups,
    placed_tables,
    spread_of_difference,
)
from support.releases import make_release, make_table
from support.series_releases import measure, releases_of

SIGMA = 5.0
MARGIN = 1.959964 * SIGMA


def axis(name: str, *values: str) -> dict[str, Any]:
    words = {"MD": "Moldova", "UA": "Ukraine", "IT": "Italy", "PL": "Poland", "unknown": "Unknown"}
    return {
        "name": name,
        "label": name.title(),
        "values": values,
        "labels": [words.get(value, value) for value in values],
    }


FROM = axis("recruited_in", "MD", "UA", "unknown")
TO = axis("exploited_in", "IT", "PL", "unknown")
YEAR = axis("year", "2024", "2025", "unknown")
COUNTS = [140.0, 20.0, 3.0, 78.0, 90.0, 2.0, 1.0, -4.0, 0.0]


def routes(values: list[float] | None = None, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": "Persons by country of recruitment × country of exploitation",
        "values": COUNTS if values is None else values,
        "axes": [FROM, TO],
        "margin": MARGIN,
        "non_negative": None,
        "covariances": [0.0, 0.0, 0.0, SIGMA**2],
    }
    return make_table(**(fields | changes))


def release(*tables: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return make_release(tables=list(tables) or [routes()], **changes)


def groups(words: str, of: dict[str, Any] | None = None, number: int | None = None) -> list[Group]:
    tables = placed_tables(release() if of is None else of)
    return [find_group(tables, wanted, number) for wanted in parse_groups(words)]


def compared(words: str, of: dict[str, Any] | None = None) -> Comparison:
    return compare(groups(words, of))


A, B, C = (
    "recruited_in=MD,exploited_in=IT",
    "recruited_in=UA,exploited_in=IT",
    "recruited_in=UA,exploited_in=PL",
)


def test_two_corridors_that_differ_are_told_apart_with_the_interval_of_their_difference() -> None:
    found = compared(f"{A};{B}")
    assert [side.label for side in found.sides] == ["Moldova → Italy", "Ukraine → Italy"]
    (one,) = found.differences
    assert one.difference is not None
    assert one.difference.value == 62
    assert one.difference.high - 62 == pytest.approx(MARGIN * sqrt(2), rel=1e-5)
    assert one.sentence.key is Verdict.LARGER
    assert one.sentence.text == (
        "The data tell them apart: Moldova → Italy is larger than Ukraine → Italy by 48 to 76."
    )
    assert one.ratio is not None
    assert 1 < one.ratio.low < 140 / 78 < one.ratio.high


def test_the_larger_is_named_first_wherever_it_stands() -> None:
    (one,) = compared(f"{B};{A}").differences
    assert one.difference is not None
    assert one.difference.value == -62
    assert one.sentence.values["larger"] == "Moldova → Italy"
    assert float(one.sentence.values["low"]) > 0


def test_all_pairs_hold_together() -> None:
    found = compared(f"{A};{B};{C}")
    assert [(one.first, one.second) for one in found.differences] == [(0, 1), (0, 2), (1, 2)]
    quantile = float(quantile_above(FALSE_ALARM / 3))
    last = found.differences[2]
    assert last.difference is not None
    assert last.difference.high + 12 == pytest.approx(quantile * SIGMA * sqrt(2))
    assert last.sentence.key is Verdict.NOT_APART
    assert last.sentence.text == (
        "Ukraine → Italy and Ukraine → Poland cannot be told apart: the difference lies between "
        "−29 and 5."
    )
    assert Note.TOGETHER in found.notes
    assert Note.DETECTED in found.notes


def test_two_cells_of_next_to_nothing_are_too_uncertain_to_be_compared() -> None:
    (one,) = compared(
        "recruited_in=MD,exploited_in=unknown;recruited_in=UA,exploited_in=unknown"
    ).differences
    assert one.sentence.key is Verdict.TOO_UNCERTAIN
    assert one.ratio is None


def test_an_uncertain_figure_can_still_be_smaller_than_another() -> None:
    found = compared(f"{A};recruited_in=MD,exploited_in=unknown")
    assert found.sides[1].estimate.reliability is Reliability.UNCERTAIN
    assert found.differences[0].sentence.key is Verdict.LARGER
    assert found.differences[0].ratio is None  # of what may be nothing


def test_fields_that_are_not_named_are_added_up_and_several_values_too() -> None:
    of_country, both = groups("recruited_in=MD;recruited_in=MD|UA,exploited_in=IT")
    assert (of_country.label, of_country.value) == ("Moldova (recruited_in)", 163)
    assert of_country.estimate().margin == pytest.approx(MARGIN * sqrt(3), rel=1e-5)
    assert (both.label, both.value) == ("Moldova or Ukraine → Italy", 218)


def test_groups_that_share_cells_differ_by_the_noise_of_the_others_alone() -> None:
    whole, part = groups(f"recruited_in=MD;{A}")
    assert spread_of_difference(whole, part).variance == pytest.approx(2 * SIGMA**2)
    assert Note.OVERLAP in compare([whole, part]).notes


def test_cells_that_were_counted_together_take_their_covariance_into_account() -> None:
    # Noise = 4 of the row + 9 of the column + 12 of the cell: cells of one column share 9.
    table = routes(covariances=[0.0, 4.0, 9.0, SIGMA**2])
    one, other = groups(f"{A};{B}", release(table))
    assert spread_of_difference(one, other).variance == pytest.approx(2 * (25 - 9))


def test_two_tables_of_one_answer_have_the_widest_interval_and_the_comparison_says_so() -> None:
    by_gender = make_table(
        values=[240.0, 90.0],
        axes=[axis("gender", "Feminine", "Masculine")],
        margin=MARGIN,
        non_negative=None,
        covariances=[0.0, SIGMA**2],
    )
    found = compared(f"{A};gender=Feminine", release(routes(), by_gender))
    assert found.differences[0].difference is not None
    assert found.differences[0].difference.high + 100 == pytest.approx(2 * MARGIN, rel=1e-5)
    assert Note.WIDER in found.notes
    assert Note.OTHER_CONDITIONS in found.notes


def test_counts_that_hang_together_in_an_unknown_way_are_compared_at_their_widest() -> None:
    table = routes(margin=None, margins=[MARGIN] * 9, covariances=None)
    one, other = groups(f"{A};{B}", release(table))
    spread = spread_of_difference(one, other)
    assert spread.is_bound
    assert spread.deviation == pytest.approx(2 * SIGMA)


def test_the_table_with_the_fewest_other_groupings_is_taken_or_the_one_that_is_named() -> None:
    by_origin = routes(values=[400.0, 90.0, 1.0], axes=[FROM], covariances=[0.0, SIGMA**2])
    both = release(routes(), by_origin)
    assert groups("recruited_in=MD", both)[0].value == 400
    assert groups("recruited_in=MD", both, 1)[0].value == 163
    with pytest.raises(ComparisonError, match="2 tables"):
        groups("recruited_in=MD", both, 3)


def test_of_two_tables_that_fit_alike_the_one_with_fewer_cells_and_less_noise_is_taken() -> None:
    by_gender = routes(
        values=[70.0] * 6,
        axes=[FROM, axis("gender", "Feminine", "Masculine")],
    )
    assert groups("recruited_in=MD", release(routes(), by_gender))[0].value == 140


def test_a_table_by_year_tells_how_each_corridor_changed() -> None:
    table = routes(values=[100.0, 160.0, 5.0, 80.0, 84.0, 0.0, 0.0, 0.0, 0.0], axes=[FROM, YEAR])
    found = compared("recruited_in=MD;recruited_in=UA", release(table))
    rise, none = found.changes
    assert (rise.side, rise.start, rise.end) == (0, "2024", "2025")
    assert rise.sentence.key is Verdict.ROSE
    quantile = float(quantile_above(FALSE_ALARM / 2))
    assert rise.difference is not None
    assert rise.difference.high - 60 == pytest.approx(quantile * SIGMA * sqrt(2))
    assert rise.sentence.text == "Moldova (recruited_in) rose from 2024 to 2025 by 44 to 76."
    assert none.sentence.key is Verdict.NO_CHANGE_SEEN


def test_two_releases_have_independent_noise() -> None:
    before = release(id="aa00", published_at="2025-01-03T05:20:00Z")
    after = release(
        routes(values=[40.0, *COUNTS[1:]]), id="bb00", published_at="2026-01-03T05:20:00Z"
    )
    found = compare(groups(f"{A};{B}", after), earlier=groups(f"{A};{B}", before))
    fell, same = found.changes
    assert (fell.start, fell.end) == ("2025-01-03", "2026-01-03")
    assert fell.sentence.key is Verdict.FELL
    assert float(fell.sentence.values["low"]) > 0
    assert same.sentence.key is Verdict.NO_CHANGE_SEEN
    assert Note.WIDER not in found.notes


def test_releases_of_one_series_share_noise_and_the_comparison_knows_how_much() -> None:
    sql = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
    measured = measure(sql, 12, np.full((4, 6), 80), np.random.default_rng(3))
    *_, third, fourth = releases_of(sql, 12, measured)
    before, after = (groups("gender=Feminine", one, 1)[0] for one in (third, fourth))
    found = compare([after], earlier=[before])
    assert Note.SAME_SERIES in found.notes
    assert Note.WIDER not in found.notes
    assert (found.changes[0].start, found.changes[0].end) == ("2027-02", "2027-03")
    # Newly counted in neighbouring periods: the noise of the one is in the other, turned round.
    apart = before.spread().variance + after.spread().variance
    assert spread_of_difference(after, before).variance > 1.3 * apart
    so_far = groups("gender=Feminine", fourth, 2)[0]
    assert not spread_of_difference(so_far, after).is_bound


def test_the_comparison_for_programs_says_all_of_it() -> None:
    document = compared(f"{A};{B}").to_json()
    assert list(document) == ["sides", "differences", "changes", "notes"]
    sentence = document["differences"][0]["sentence"]  # type: ignore[index]
    assert sentence["key"] == "larger"
    assert set(sentence["values"]) == {"larger", "smaller", "low", "high"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (A, "a single figure"),
        ("", "0 groups"),
        (";".join([A] * 13), "13 groups"),
        ("recruited_in", "write cells as"),
        ("recruited_in=MD,recruited_in=UA", "name each field once"),
        ("gender=Feminine;gender=Masculine", "grouped by: recruited_in, exploited_in"),
        ("recruited_in=XX;recruited_in=MD", "its values here are MD, UA, unknown"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_could_be(words: str, says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        compared(words)


def test_means_are_compared_cell_by_cell_and_never_added_up() -> None:
    table = routes(
        values=[30.0, 25.0, None, 27.0, 30.0, 31.0, 1.0, 1.0, 1.0],  # type: ignore[list-item]
        measure={"mean": "age", "low": 0, "high": 99},
        margin=None,
        margins=[1.0, 1.0, None, *[1.0] * 6],
        covariances=None,
        totals=None,
    )
    (one,) = compared(f"{A};{B}", release(table)).differences
    assert one.difference is not None
    assert one.difference.high - 3 == pytest.approx(sqrt(2), rel=1e-5)
    assert one.ratio is None
    (none,) = compared(f"{A};recruited_in=MD,exploited_in=unknown", release(table)).differences
    assert (none.difference, none.sentence.key) == (None, Verdict.TOO_UNCERTAIN)
    with pytest.raises(ComparisonError, match="a mean of several cells"):
        compared("recruited_in=MD;recruited_in=UA", release(table))
