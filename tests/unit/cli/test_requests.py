import argparse

import pytest

from corridor.cli.analyst import make_request
from corridor.cli.main import make_parser
from corridor.cli.progress import progress_line
from corridor.errors.cli import BadParameterError, NoQuestionError


def words(*given: str) -> argparse.Namespace:
    return make_parser("ask").parse_args(["ask", *given])


def test_sql_is_asked_as_it_was_written() -> None:
    sql = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
    assert make_request(words(sql, "--accuracy", "±20", "--purpose", "a report")) == {
        "scope": "regional",
        "purpose": "a report",
        "sql": sql,
        "accuracy": "±20",
    }


def test_an_indicator_is_asked_with_its_parameters() -> None:
    request = make_request(
        words("--indicator", "corridor_trend", "from=UA", "years=2019..2025", "--rho", "1/100")
    )
    assert request == {
        "scope": "regional",
        "purpose": "",
        "indicator": "corridor_trend",
        "parameters": {"from": "UA", "years": "2019..2025"},
        "rho": "1/100",
    }


def test_a_parameter_may_hold_an_equals_sign() -> None:
    request = make_request(words("--indicator", "x", "from=a=b"))
    assert request["parameters"] == {"from": "a=b"}


@pytest.mark.parametrize("given", [(), ("SELECT 1", "FROM persons")])
def test_no_question_and_two_questions_are_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(NoQuestionError):
        make_request(words(*given))


@pytest.mark.parametrize("word", ["2019", "=2019"])
def test_a_parameter_without_a_name_is_refused(word: str) -> None:
    with pytest.raises(BadParameterError, match=word):
        make_request(words("--indicator", "corridor_trend", word))


def test_progress_says_the_round_and_who_is_missing() -> None:
    line = progress_line(
        {
            "state": "running",
            "round": "masked-input",
            "answered": ["BG", "MD", "RO"],
            "waiting_for": ["NG", "UA"],
        }
    )
    assert line == "masked-input: 3 of 5 nodes answered; waiting for NG, UA"
    assert progress_line({"state": "queued"}) == "queued"
