"""The packaged reports: their questions can be asked, and the crosswalk leaves no value behind."""

import pytest

from corridor.errors.comparing import UnknownReportError
from corridor.errors.questions import IndicatorParameterError
from corridor.publishing.reports.asking import report_question
from corridor.publishing.reports.definitions import NOT_KNOWN, Classification, report_named
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.plan import compile_plan
from support.catalogue import catalogue, domains
from support.reports import axis_of, reports

NAMES = ["glotip", "glotip_flows", "sdg_16_2_2", "ic_tip", "eurostat_thb"]
CLASSIFICATIONS = list(
    {one.id: one for report in reports().values() for one in report.classifications}.values()
)


def test_there_are_the_reports_that_are_promised() -> None:
    assert list(reports()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_one_question_of_all_its_tables(name: str) -> None:
    report = reports()[name]
    question = report_question(domains(), report, {"years": "2024"})
    assert len(question.tables) == len(report.indicator.tables)
    assert len({table.where for table in question.tables}) == 1
    assert compile_plan(question, domains()).cells > 0
    used = {form.table.group_by for form in report.forms}
    assert used == {table.group_by for table in report.indicator.tables}  # nothing is paid in vain


def test_tables_of_fields_with_one_value_are_counted_together() -> None:
    plan = compile_plan(report_question(domains(), reports()["glotip"], {}), domains())
    assert [len(one.numbers) for one in plan.together] == [3]


@pytest.mark.parametrize("one", CLASSIFICATIONS, ids=lambda one: one.id)
def test_every_value_of_a_field_is_in_exactly_one_category(one: Classification) -> None:
    axis = axis_of(one.field)
    held = [code for category in one.of(axis["values"], axis["labels"]) for code in category.codes]
    assert sorted(held) == sorted(axis["values"])


@pytest.mark.parametrize("one", CLASSIFICATIONS, ids=lambda one: one.id)
def test_nothing_but_what_is_unknown_stands_under_not_known(one: Classification) -> None:
    axis = axis_of(one.field)
    last = one.of(axis["values"], axis["labels"])[-1]
    assert (last.id, last.codes) == (NOT_KNOWN, (UNKNOWN,))


@pytest.mark.parametrize("one", CLASSIFICATIONS, ids=lambda one: one.id)
def test_a_category_names_values_that_the_standard_has(one: Classification) -> None:
    field = catalogue().field(one.field)
    known = set(field.labels) or set(catalogue().country_names)
    for category in one.categories:
        assert set(category.codes) <= known, category.id


def test_a_report_that_there_is_not_is_refused_with_what_comes_near() -> None:
    with pytest.raises(UnknownReportError, match="did you mean glotip"):
        report_named(reports(), "glotp")
    with pytest.raises(UnknownReportError, match="there are glotip, glotip_flows"):
        report_named(reports(), "xyz")


def test_a_parameter_that_a_report_has_not_is_refused() -> None:
    with pytest.raises(IndicatorParameterError, match="did you mean years"):
        report_question(domains(), reports()["glotip"], {"year": "2024"})


@pytest.mark.parametrize("name", NAMES)
def test_a_report_says_what_it_cannot_fill_and_why(name: str) -> None:
    report = reports()[name]
    assert report.cannot
    assert all(one.what and one.why for one in report.cannot)
    assert "better identification" in report.indicator.caveats
    assert report.in_full()["crosswalk"]
