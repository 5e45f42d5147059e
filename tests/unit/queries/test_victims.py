"""Who is counted by trafficking status, and the same question of victims alone."""

import pytest
from hypothesis import HealthCheck, given, settings

from corridor.errors.questions import ContradictoryGroupingsError, QuestionError
from corridor.queries.asking import indicator_question
from corridor.queries.question import Question
from corridor.queries.sql import parse_sql, read_sql
from corridor.queries.sql_text import written
from corridor.queries.victims import (
    VICTIM_STATUSES,
    Counted,
    counted,
    counts_everybody,
    of_victims,
    sql_of_victims,
)
from support.catalogue import REGION, catalogue, domains
from support.question_strategies import questions, small_domains

DOMAINS = domains(countries=REGION)
BOTH = "status IN ('ActualVictimOfTrafficking', 'PossibleVictimOfTrafficking')"


def who(sql: str) -> Counted:
    (table,) = parse_sql(sql, DOMAINS).tables
    return counted(table)


def test_who_is_counted_is_told_by_conditions_and_groupings() -> None:
    assert who("SELECT COUNT(*) FROM persons") is Counted.EVERYBODY
    assert who("SELECT COUNT(*) FROM persons WHERE gender = 'Feminine'") is Counted.EVERYBODY
    assert who(f"SELECT COUNT(*) FROM persons WHERE {BOTH}") is Counted.VICTIMS  # noqa: S608 - never executed
    assert who(f"SELECT COUNT(*) FROM persons WHERE year = 2021 AND {BOTH}") is Counted.VICTIMS  # noqa: S608 - never executed
    assert who("SELECT status, COUNT(*) FROM persons GROUP BY status") is Counted.BY_STATUS
    only = "SELECT COUNT(*) FROM persons WHERE status = 'NotAVictimOfTrafficking'"
    assert who(only) is Counted.BY_STATUS
    # Either of two conditions: who meets the other need be no victim.
    assert who(f"SELECT COUNT(*) FROM persons WHERE year = 2021 OR {BOTH}") is Counted.BY_STATUS  # noqa: S608 - never executed


def test_victims_are_whom_indicators_count_by_default() -> None:
    defaults = {
        parameter.default
        for one in catalogue().indicators.values()
        for parameter in one.parameters
        if parameter.field == "status"
    }
    assert defaults == {",".join(VICTIM_STATUSES)}
    question = indicator_question(DOMAINS, "exploitation_forms", {})
    assert [counted(table) for table in question.tables] == [Counted.VICTIMS]
    everybody = indicator_question(DOMAINS, "exploitation_forms", {"status": "all"})
    assert counts_everybody(everybody)
    assert of_victims(everybody, DOMAINS) == question


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM persons",
        "select gender, count(*) from persons p where p.age > 3 or age < 2 group by gender;",
        "SELECT COUNT(*) FROM persons WHERE gender = 'Feminine' -- women",
        "SELECT MEDIAN(age) FROM persons /* WHERE */ WHERE (age > 3)",
        "SELECT gender, COUNT(*) AS n FROM persons GROUP BY gender ORDER BY n DESC LIMIT 3",
        "SELECT SHARE(gender = 'Feminine') FROM persons WHERE year IN (2020, 2021)",
        "SELECT COUNT(*) FROM persons;\nSELECT leg_kind, COUNT(*) FROM legs\nGROUP BY leg_kind;\n",
    ],
)
def test_sql_is_asked_of_victims_alone_as_it_was_written(sql: str) -> None:
    before = read_sql(sql, DOMAINS)
    found = sql_of_victims(sql, DOMAINS)
    assert found is not None
    after = read_sql(found, DOMAINS)
    assert after.question == of_victims(before.question, DOMAINS)
    assert after.views == before.views
    assert all(counted(table) is Counted.VICTIMS for table in after.question.tables)


def test_sql_that_names_the_status_already_is_left_as_it_is() -> None:
    assert sql_of_victims("SELECT status, COUNT(*) FROM persons GROUP BY status", DOMAINS) is None
    with pytest.raises(QuestionError):
        sql_of_victims("SELECT nothing", DOMAINS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=questions())
def test_every_sql_that_is_written_can_be_asked_of_victims_alone(question: Question) -> None:
    if not counts_everybody(question):
        return
    try:
        found = sql_of_victims(written(question, small_domains()).text, small_domains())
    except ContradictoryGroupingsError:  # drawn, though nobody can ask it
        return
    assert found is not None
    assert parse_sql(found, small_domains()) == of_victims(question, small_domains())
