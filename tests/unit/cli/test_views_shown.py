"""How views read on a screen and in a file."""

import csv
import io
from fractions import Fraction
from typing import Any

import pytest

from corridor.cli.output import Output
from corridor.cli.seen import csv_of_views, show_views
from corridor.queries.views import Change, Quantile, RatioOf, ShareOf, Top, Trend, View
from support.releases import make_release, make_table

SIGMA = 5.0


def release(values: list[float], *axes: dict[str, Any]) -> dict[str, Any]:
    covariances = [0.0] * ((1 << len(axes)) - 1) + [SIGMA**2]
    table = make_table(
        title="Persons by gender × year; trafficking status Actual victim",
        axes=list(axes),
        values=values,
        margin=1.96 * SIGMA,
        covariances=covariances,
        non_negative=None,
    )
    return make_release(tables=[table])


def axis(name: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name.title(), "values": values, "labels": values, **more}


TWO_YEARS = release(
    [300, 100, 310, 8], axis("year", "2024", "2025"), axis("gender", "Feminine", "Masculine")
)


def told(found: dict[str, Any], view: View) -> list[str]:
    text = io.StringIO()
    show_views(found, [view], Output(as_json=False, out=text))
    return [" ".join(line.split()) for line in text.getvalue().splitlines() if line.strip()]


def test_a_share_reads_with_its_interval_in_points() -> None:
    lines = told(TWO_YEARS, ShareOf("gender", ("Feminine",)))
    assert lines[0] == "Share of Feminine: Persons by gender × year"
    assert lines[1] == "Year share 95 %"
    assert lines[3:5] == ["2024 75.0 % 73.0 to 77.0 %", "2025 97.5 % 94.5 to 100.0 %"]
    assert lines[-1] == "only trafficking status Actual victim"


def test_a_ratio_that_is_too_uncertain_is_only_an_interval() -> None:
    lines = told(TWO_YEARS, RatioOf("gender", "Masculine", "Feminine"))
    assert lines[3].startswith("2024 0.33 0.29 to 0.37")
    assert lines[4] == "2025 – 0.00 to 0.06 too uncertain"


def test_a_change_says_where_it_is_no_evidence() -> None:
    lines = told(TWO_YEARS, Change("year"))
    assert lines[1] == "Gender year from → to change 95 % relative 95 %"
    assert lines[3] == "Feminine 2024 → 2025 – −4 to 24 – −1.3 to 8.2 % no evidence"
    assert lines[4].startswith("Masculine 2024 → 2025 −92 −106 to −78 −92.0 % −100.0 to −82.0 %")
    assert "no evidence of a change" in lines[-2]


def test_a_trend_has_a_sign() -> None:
    years = release([100, 130, 160], axis("year", "2023", "2024", "2025"))
    lines = told(years, Trend("year"))
    assert lines[3] == "+30.0 23.0 to 37.0"


def test_a_median_is_a_whole_number_and_an_open_one_no_figure() -> None:
    ages = axis("age", "0-9", "10-19", "20+", bands=[[0, 9], [10, 19], [20, None]])
    lines = told(release([100, 300, 100], ages), Quantile(Fraction(1, 2)))
    assert lines[3].split()[:4] == ["15", "10", "to", "19"]
    lines = told(release([10, 30, 900], ages), Quantile(Fraction(1, 2)))
    assert lines[3] == "– 20 and over too uncertain"


def test_the_largest_cells_have_their_rank_beside() -> None:
    places = release([50, 200, 190], axis("to", "A", "B", "C"))
    lines = told(places, Top(2))
    assert lines[1] == "To persons 95 % rank 95 %"
    assert lines[3:5] == ["B 200.0 190.2 to 209.8 1 1 to 2", "C 190.0 180.2 to 199.8 2 1 to 2"]


def test_views_go_to_a_spreadsheet_with_what_may_be_quoted() -> None:
    text = csv_of_views(TWO_YEARS, [RatioOf("gender", "Masculine", "Feminine"), Change("year")])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["what"] for row in rows[:3]] == ["ratio", "ratio", "change"]
    assert (rows[1]["where"], rows[1]["shown"], rows[1]["reliability"]) == (
        "2025",
        "–",
        "too uncertain",
    )
    assert float(rows[1]["value"]) == pytest.approx(8 / 310)


def test_what_cannot_be_read_as_a_view_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    from corridor.cli.main import main  # noqa: PLC0415 - beside its one use

    for words in (["--top", "none"], ["--share-of", "gender"], ["--quantile", "2"]):
        with pytest.raises(SystemExit) as exit_code:
            main(["results", "7f3a", *words])
        assert exit_code.value.code == 2
        assert "write" in capsys.readouterr().err
