"""Which questions a report is filled from, and what is drawn of a filled one."""

from datetime import date

import pytest

from corridor.errors.comparing import ReportDoesNotFitError
from corridor.privacy.reliability import Reliability
from corridor.publishing.pictures import Kind, Note
from corridor.publishing.reports.asking import report_question
from corridor.publishing.reports.definitions import FormKind, Report
from corridor.publishing.reports.drawing import picture_of
from corridor.publishing.reports.filling import fill
from corridor.publishing.reports.fitting import fits, reports_of
from corridor.queries.question import Every, Question, Turn, make_question
from corridor.queries.sql import parse_sql
from support.catalogue import REGION, domains
from support.reports import release_for, reports

DOMAINS = domains(countries=REGION)


def question_of(report: Report, **values: str) -> Question:
    return report_question(DOMAINS, report, values)


def is_filled(report: Report, other: Report) -> bool:
    try:
        fill(report, release_for(other))
    except ReportDoesNotFitError:
        return False
    return True


@pytest.mark.parametrize("name", reports())
def test_what_fits_is_what_can_be_filled(name: str) -> None:
    report = reports()[name]
    for other in reports().values():
        assert fits(report, question_of(other)) == is_filled(report, other), other.name
    assert report in reports_of(reports(), question_of(report, years="2023"))


def test_tables_of_other_conditions_fill_nothing() -> None:
    report = reports()["sdg_16_2_2"]
    first, *rest = question_of(report, years="2023").tables
    later = next(
        one for one in question_of(report, years="2024").tables if one.group_by == first.group_by
    )
    assert not fits(report, make_question(later, *rest))
    assert fits(report, make_question(first, *rest))


def test_a_table_that_is_missing_or_stands_twice_fills_nothing() -> None:
    report = reports()["sdg_16_2_2"]
    first, *rest = question_of(report).tables
    assert not fits(report, make_question(*rest))
    again = question_of(report, years="2023").tables[0]
    assert not fits(report, make_question(first, again, *rest))


def test_more_tables_than_the_report_needs_do_no_harm() -> None:
    report = reports()["sdg_16_2_2"]
    more = parse_sql("SELECT education, COUNT(*) FROM persons GROUP BY education", DOMAINS)
    assert fits(report, make_question(*question_of(report).tables, *more.tables))


def test_a_standing_series_fills_no_report() -> None:
    turn = Turn(every=Every.MONTH, start=date(2026, 12, 1), periods=6, period=1)
    question = parse_sql("SELECT gender, COUNT(*) FROM persons GROUP BY gender", DOMAINS)
    assert reports_of(reports(), question.at(turn)) == ()


@pytest.mark.parametrize("name", reports())
def test_a_picture_holds_each_figure_as_its_table_does(name: str) -> None:
    report = reports()[name]
    for table in fill(report, release_for(report)).tables:
        picture = picture_of(table)
        if table.form.kind is FormKind.PAIRS:  # see test_filling
            assert picture is not None
            assert picture.kind is Kind.FLOW_MAP
            continue
        if table.form.columns is not None and table.form.columns.each:
            assert picture is None
            continue
        assert picture is not None, table.id
        rows = dict(zip(table.row_ids, table.cells, strict=True))
        for point in picture.points:
            row = rows[picture.axes[-1].values[point.at[-1]]]
            column = 0
            if picture.kind is Kind.MULTIPLES:
                column = table.column_ids.index(picture.axes[0].values[point.at[0]])
            estimate = row[column].estimate
            assert (point.low, point.high) == (estimate.low, estimate.high)
            is_told = estimate.reliability is not Reliability.UNCERTAIN
            assert point.value == (estimate.value if is_told else None)
        for axis in picture.axes:
            assert not {"total", "not_known"} & set(axis.values)


def test_of_many_rows_the_largest_are_drawn_and_that_is_said() -> None:
    report = reports()["glotip"]
    by_citizenship = fill(report, release_for(report)).tables[3]
    picture = picture_of(by_citizenship, most=3)
    assert picture is not None
    assert len(picture.points) == 3
    assert picture.cells == len(by_citizenship.rows) - 2
    by_form = picture_of(fill(report, release_for(report)).tables[1], most=3)
    assert by_form is not None
    assert Note.LARGEST in by_form.notes
    left_out = [
        cells[0].estimate.high or 0.0
        for one, cells in zip(by_citizenship.row_ids, by_citizenship.cells, strict=True)
        if one not in {*picture.axes[0].values, "total", "not_known"}
    ]
    assert max(left_out) <= min(point.high or 0.0 for point in picture.points)
