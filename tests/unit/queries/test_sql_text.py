"""Questions written as SQL: what is read from it is the question that was written."""

from contextlib import suppress

from hypothesis import HealthCheck, given, settings

from corridor.errors.questions import ContradictoryGroupingsError
from corridor.queries.asking import indicator_question
from corridor.queries.question import Question
from corridor.queries.sql import parse_sql
from corridor.queries.sql_text import written
from support import catalogue
from support.question_strategies import questions, small_domains


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(question=questions())
def test_what_is_written_whole_is_read_again_as_the_same_question(question: Question) -> None:
    found = written(question, small_domains())
    if found.is_whole:
        with suppress(ContradictoryGroupingsError):  # drawn, though nobody can ask it
            assert parse_sql(found.text, small_domains()) == question, found.text


def test_every_indicator_can_be_shown_as_sql() -> None:
    domains = catalogue.domains()
    whole = set()
    for name, indicator in domains.catalogue.indicators.items():
        if indicator.is_available:
            question = indicator_question(domains, name, {})
            found = written(question, domains)
            assert found.text.startswith(("SELECT", "--"))
            if found.is_whole:
                assert parse_sql(found.text, domains) == question
                whole.add(name)
    assert {"victims_detected", "overview", "corridor_matrix", "time_to_referral"} <= whole


def test_what_sql_cannot_say_stands_in_a_comment() -> None:
    domains = catalogue.domains()
    found = written(indicator_question(domains, "means_of_control", {}), domains)
    assert not found.is_whole
    assert found.text.startswith("-- a person counts in at most 6 cells\nSELECT ")


def test_years_in_a_row_are_written_as_a_range() -> None:
    domains = catalogue.domains()
    named = parse_sql("SELECT COUNT(*) FROM persons WHERE year IN (2020, 2021)", domains)
    assert "year BETWEEN '2020' AND '2021'" in written(named, domains).text
