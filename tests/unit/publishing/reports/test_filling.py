"""Reports filled from releases: the form's rows and columns, intervals, rates, coverage."""

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from corridor.errors.comparing import PopulationError, ReportDoesNotFitError
from corridor.privacy.reliability import Reliability
from corridor.publishing.reports.definitions import Report
from corridor.publishing.reports.drawing import picture_of
from corridor.publishing.reports.filling import (
    PAIR,
    FilledReport,
    FilledTable,
    fill,
    parse_population,
)
from corridor.publishing.tables import tables_of
from corridor.queries.catalogue import UNKNOWN
from support.releases import make_release
from support.reports import SIGMA, axis_of, release_for, reports

GLOTIP = reports()["glotip"]
SDG = reports()["sdg_16_2_2"]


def table(filled: FilledReport, name: str) -> FilledTable:
    return next(one for one in filled.tables if one.id == name)


def filled(report: Report = GLOTIP, release: dict[str, Any] | None = None) -> FilledReport:
    return fill(report, release_for(report) if release is None else release)


def test_a_table_has_the_rows_and_columns_of_its_form() -> None:
    found = table(filled(), "V1")
    assert found.rows == ("Female", "Male", "Other", "Not known", "All")
    assert found.columns == ("Under 18", "18 and over", "Not known", "All")
    assert (found.row_label, found.column_label) == ("Sex", "Age group")


def test_a_category_is_the_sum_of_the_values_that_the_crosswalk_puts_in_it() -> None:
    # Gender × minor, the last fastest: Feminine is rows 0, TransgenderFeminine 2 of 6 × 3 cells.
    genders = axis_of("gender")["values"]
    assert genders[0] == "Feminine"
    assert genders[2] == "TransgenderFeminine"
    child = table(filled(), "V1").cells[0][0].estimate
    assert child.value == (100 + 0) + (100 + 6)
    assert child.margin == pytest.approx(1.959964 * SIGMA * sqrt(2), rel=1e-5)
    assert child.low == pytest.approx(206 - (child.margin or 0))


@pytest.mark.parametrize("name", ["glotip", "sdg_16_2_2", "eurostat_thb", "ic_tip"])
def test_rows_and_columns_add_up_to_all_and_nothing_is_left_out(name: str) -> None:
    report = reports()[name]
    release = release_for(report)
    known = {
        frozenset(axis["name"] for axis in one["axes"]): sum(one["values"])
        for one in release["tables"]
    }
    for form, found in zip(report.forms, filled(report, release).tables, strict=True):
        rows = [[cell.estimate.value or 0 for cell in row] for row in found.cells]
        assert rows[-1][-1] == pytest.approx(known[frozenset(form.table.group_by)])
        assert [sum(column[:-1]) for column in zip(*rows, strict=True)] == pytest.approx(rows[-1])
        if len(found.columns) > 1:
            assert [sum(row[:-1]) for row in rows] == pytest.approx([row[-1] for row in rows])


def test_what_is_too_uncertain_is_shown_by_its_interval_alone() -> None:
    release = release_for(GLOTIP)
    for one in release["tables"]:
        one["values"] = [1.0] * len(one["values"])
    cell = table(filled(release=release), "V1").cells[0][0]
    assert cell.estimate.reliability is Reliability.UNCERTAIN
    assert cell.shown == "0 to 14"


def test_the_coverage_note_says_who_when_which_consent_and_which_cases() -> None:
    coverage = filled().coverage
    assert [node[0] for node in coverage.nodes] == ["BG", "MD", "NG"]
    assert coverage.missing == ("UA",)
    assert coverage.condition == "trafficking status Actual victim"
    text = coverage.text
    for words in (
        "MADE-UP DATA",
        "rule of consent htcds-consent",
        "Fell out: UA",
        "Only: traffick",
    ):
        assert words in text
    assert "Detected victims are not all victims" in text
    assert "All years of the charter." in text
    for only in (
        "year of identification 2021",
        "quarter of identification 2021-Q1",
        "month 2021-02",
    ):
        assert "All years" not in replace(coverage, condition=only).text


def test_a_rate_stands_where_a_population_of_that_sex_and_age_is_given() -> None:
    given = {"total": 1_000_000, "female": 500_000, "female.child": 100_000}
    found = fill(SDG, release_for(SDG), population=given)
    by_age = table(found, "S1").cells
    child = by_age[0][0]
    assert child.rate is not None
    assert child.rate[0] == pytest.approx((child.estimate.value or 0) / 100_000 * 100_000)
    assert by_age[0][1].rate is None  # adults of that sex: nobody said how many there are
    assert by_age[0][-1].rate is not None
    by_form = table(found, "S2").cells
    of_women, of_all = by_form[0][0], by_form[0][-1]
    assert of_women.rate is not None
    assert of_women.rate[0] == pytest.approx((of_women.estimate.value or 0) / 5)
    assert of_all.rate is not None
    assert of_all.rate[0] == pytest.approx((of_all.estimate.value or 0) / 10)


def test_no_rate_is_made_of_a_figure_that_is_too_uncertain() -> None:
    release = release_for(SDG)
    for one in release["tables"]:
        one["values"] = [1.0] * len(one["values"])
    found = fill(SDG, release, population={"female.child": 100_000})
    assert table(found, "S1").cells[0][0].rate is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("total", "write it as"),
        ("total=0", "write it as"),
        ("total=1,total=2", "write it as"),
        ("child.female=1", "tells apart"),
        ("women=1", "tells apart"),
    ],
)
def test_a_population_that_nobody_can_use_is_refused(text: str, says: str) -> None:
    with pytest.raises(PopulationError, match=says):
        fill(SDG, release_for(SDG), population=parse_population(text))


def test_a_population_is_read_as_people_write_it() -> None:
    assert parse_population("total=19 000 000, female.child=17") == {
        "total": 19_000_000,
        "female.child": 17,
    }
    assert parse_population("") == {}
    with pytest.raises(PopulationError, match="has no rates"):
        fill(GLOTIP, release_for(GLOTIP), population={"total": 5})


def test_a_release_of_another_question_is_refused_and_says_what_to_ask() -> None:
    with pytest.raises(ReportDoesNotFitError, match="corridor report ask"):
        fill(GLOTIP, make_release())
    mixed = release_for(GLOTIP)
    mixed["tables"][0]["title"] = "Persons by something; year 2020"
    with pytest.raises(ReportDoesNotFitError, match="different conditions"):
        fill(GLOTIP, mixed)


def test_a_table_of_other_rows_fills_nothing_and_corridors_are_the_same_rows() -> None:
    flows = reports()["glotip_flows"]
    release = release_for(flows)
    release["tables"][0]["source"] = "corridors"
    assert filled(flows, release).tables
    release["tables"][0]["source"] = "legs"
    with pytest.raises(ReportDoesNotFitError, match="no table by"):
        fill(flows, release)


def test_a_release_of_a_series_whose_two_tables_are_alike_fills_nothing() -> None:
    flows = reports()["glotip_flows"]
    release = release_for(flows)
    release["tables"] *= 2  # counted first, and counted so far
    with pytest.raises(ReportDoesNotFitError, match="the same groupings"):
        fill(flows, release)


def test_figures_of_single_countries_fill_the_report_of_one_country() -> None:
    regional = release_for(GLOTIP)
    tables = regional.pop("tables")
    release = {
        **regional,
        "scope": "per-country",
        "countries": [{"country": one, "name": one, "tables": tables} for one in ("BG", "MD")],
    }
    found = fill(GLOTIP, release, country="MD")
    assert [node[0] for node in found.coverage.nodes] == ["MD"]
    assert "figures of MD alone" in found.coverage.text
    with pytest.raises(ReportDoesNotFitError, match="name one of BG, MD"):
        fill(GLOTIP, release)
    with pytest.raises(ReportDoesNotFitError, match="leave the country out"):
        fill(GLOTIP, release_for(GLOTIP), country="MD")


def test_flows_are_the_pairs_whose_figure_stands_largest_first() -> None:
    report = reports()["glotip_flows"]
    release = release_for(report)
    release["tables"][0]["values"] = [1.0] * 36
    release["tables"][0]["values"][1] = 300.0  # to BG, from MD
    release["tables"][0]["values"][6] = 500.0  # to MD, from BG
    release["tables"][0]["values"][0] = 900.0  # within BG: no flow
    (found,) = filled(report, release).tables
    assert found.rows == ("Bulgaria → Moldova", "Moldova → Bulgaria")
    assert found.cells[0][0].shown == "500.0 ± 7.9"
    assert "18 pairs are too uncertain" in found.notes[-1]
    assert "trafficking within one country is no flow" in found.notes[-2]


def test_the_picture_of_flows_has_the_cells_of_its_table_and_no_other() -> None:
    report = reports()["glotip_flows"]
    release = release_for(report)
    (table,) = release["tables"]
    table["values"] = [float(value) for value in np.random.default_rng(3).uniform(0, 400, 36)]
    (found,) = filled(report, release).tables
    picture = picture_of(found)
    assert picture is not None
    drawn = {
        PAIR.join(axis.values[place] for axis, place in zip(picture.axes, point.at, strict=True)): (
            point.value
        )
        for point in picture.points
    }
    assert drawn == {
        name: row[0].estimate.value for name, row in zip(found.row_ids, found.cells, strict=True)
    }
    assert 10 < len(drawn) < 20  # of five countries to another one, those that stand


def test_the_flows_that_are_listed_are_those_that_any_table_would_show_as_figures() -> None:
    report = reports()["glotip_flows"]
    release = release_for(report)
    (table,) = release["tables"]
    table["values"] = [float(value) for value in np.random.default_rng(2).uniform(-9, 40, 36)]
    (released,) = tables_of(release)
    figures = {
        cell.value
        for cell in released.cells()
        if cell.reliability is not Reliability.UNCERTAIN
        and cell.values[0] != cell.values[1]
        and UNKNOWN not in cell.values
    }
    (found,) = filled(report, release).tables
    assert 3 < len(figures) < 20
    assert {row[0].estimate.value for row in found.cells} == figures


def test_the_filled_report_for_programs_has_everything_that_belongs_to_it() -> None:
    document = filled().to_json()
    assert document["release_id"] == "1fadd7f76a79bbe8"
    assert document["about"]["RHO"] == "143/10000"  # type: ignore[index]
    assert document["cannot"]
    assert document["crosswalk"]
