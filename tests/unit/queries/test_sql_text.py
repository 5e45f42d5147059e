"""Questions written as SQL: what is read from it is the question that was written."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, assume, given, settings

from corridor.errors.questions import ContradictoryGroupingsError
from corridor.publishing.reports.asking import report_question
from corridor.queries.asking import indicator_question
from corridor.queries.builder import TableBuilder
from corridor.queries.catalogue import Source
from corridor.queries.predicates import NOBODY
from corridor.queries.question import Every, Question, Turn, make_question
from corridor.queries.sql import MOST_CHARACTERS, parse_sql
from corridor.queries.sql_text import written
from support import catalogue
from support.question_strategies import questions, small_domains
from support.reports import reports


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=questions())
def test_what_is_written_is_read_again_as_the_same_question(question: Question) -> None:
    # No plan is made of what nobody can satisfy, and no SQL says it.
    assume(all(table.where != NOBODY for table in question.tables))
    found = written(question, small_domains())
    with suppress(ContradictoryGroupingsError):  # drawn, though nobody can ask it
        assert parse_sql(found.text, small_domains()) == question, found.text
        assert found.is_whole


DOMAINS = catalogue.domains(countries=catalogue.REGION)
INDICATORS = [name for name, one in DOMAINS.catalogue.indicators.items() if one.is_available]


@pytest.mark.parametrize("name", INDICATORS)
def test_the_sql_of_every_indicator_asks_just_the_indicators_question(name: str) -> None:
    question = indicator_question(DOMAINS, name, {})
    found = written(question, DOMAINS)
    assert found.is_whole
    assert parse_sql(found.text, DOMAINS).digest == question.digest


@pytest.mark.parametrize("values", [{}, {"years": "2023..2024"}], ids=["all years", "two years"])
@pytest.mark.parametrize("name", reports())
def test_the_sql_of_every_report_asks_just_the_reports_question(
    name: str, values: dict[str, str]
) -> None:
    question = report_question(DOMAINS, reports()[name], values)
    found = written(question, DOMAINS)
    assert found.is_whole
    assert parse_sql(found.text, DOMAINS).digest == question.digest


def test_another_bound_on_a_persons_cells_stands_in_the_sql() -> None:
    found = written(indicator_question(DOMAINS, "means_of_control", {}), DOMAINS)
    assert "PER_PERSON(COUNT(*), 6)" in found.text


def test_of_a_series_the_sql_says_that_it_is_not_the_whole() -> None:
    plain = parse_sql("SELECT gender, COUNT(*) FROM persons GROUP BY gender", DOMAINS)
    turn = Turn(every=Every.MONTH, start=date(2026, 12, 1), periods=6, period=1)
    assert written(plain, DOMAINS).is_whole
    assert not written(plain.at(turn), DOMAINS).is_whole


def test_a_text_too_long_to_be_asked_is_not_the_question() -> None:
    domains = catalogue.domains()  # with every country of the world
    tables = [
        TableBuilder(domains, Source.PERSONS)
        .where(exploited_in=domains.countries[:200], age=(least, 90))
        .count()
        .tables[0]
        for least in range(16)
    ]
    found = written(make_question(*tables), domains)
    assert len(found.text) > MOST_CHARACTERS
    assert not found.is_whole


def test_years_in_a_row_are_written_as_a_range() -> None:
    domains = catalogue.domains()
    named = parse_sql("SELECT COUNT(*) FROM persons WHERE year IN (2020, 2021)", domains)
    assert "year BETWEEN '2020' AND '2021'" in written(named, domains).text
