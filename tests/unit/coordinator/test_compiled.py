"""What is remembered of questions is what would be read and compiled again."""

import pytest

from corridor.coordinator.compiled import Compiler
from corridor.errors.questions import QuestionError
from corridor.ids import CountryCode
from corridor.node.app.world import read_data
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.sql import read_sql
from support.charters import make_charter

CHARTER = make_charter(countries=tuple(map(CountryCode, ("BG", "MD", "RO", "TR", "UA"))))

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return Compiler(parse_catalogue(read_data))


def test_the_second_time_it_is_the_same_object_and_right(compiler: Compiler) -> None:
    domains = make_domains(parse_catalogue(read_data), CHARTER)
    asked = compiler.sql(SQL, CHARTER)
    plan = compiler.plan(asked.question, CHARTER)
    assert asked == read_sql(SQL, domains)
    assert plan == compile_plan(asked.question, domains)
    assert compiler.sql(SQL, CHARTER) is asked
    assert compiler.plan(asked.question, CHARTER) is plan


def test_parameters_of_an_indicator_tell_its_questions_apart(compiler: Compiler) -> None:
    one = compiler.indicator("corridor_trend", {"from": "BG", "to": "MD"}, CHARTER)
    other = compiler.indicator("corridor_trend", {"from": "MD", "to": "BG"}, CHARTER)
    assert one.question != other.question


def test_what_cannot_be_asked_is_refused_each_time(compiler: Compiler) -> None:
    for _ in range(2):
        with pytest.raises(QuestionError):
            compiler.sql("SELECT name FROM persons", CHARTER)
