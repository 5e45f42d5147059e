"""Standing series: what can be one, when its releases are due, and what they say together."""

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from corridor.errors.questions import (
    MalformedQuestionError,
    NoSeriesError,
    QuestionError,
    SeriesInPastError,
    TooManyCellsError,
)
from corridor.ids import CountryCode
from corridor.privacy.accuracy import margin_95
from corridor.privacy.rho import Rho
from corridor.queries.accuracy import parse_accuracy, rho_for_accuracy
from corridor.queries.domains import make_domains
from corridor.queries.forecast import forecast
from corridor.queries.parameters import attempt_parameters, planned_noise
from corridor.queries.plan import LARGEST_SERIES, Plan, compile_plan
from corridor.queries.question import Every, Question, Turn, make_question, parse_question
from corridor.queries.sql import parse_sql
from corridor.queries.standing import (
    as_series,
    due,
    first_turn,
    measured_by,
    named,
    standing_answer,
)
from support.catalogue import catalogue
from support.charters import make_charter

CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
TODAY = date(2026, 11, 30)
BY_GENDER = parse_sql("SELECT gender, COUNT(*) FROM persons GROUP BY gender", DOMAINS)


def turn(period: int = 1, periods: int = 36, every: Every = Every.MONTH) -> Turn:
    return Turn(every=every, start=date(2026, 12, 1), periods=periods, period=period)


def plan_of(question: Question) -> Plan:
    return compile_plan(question, DOMAINS)


def test_a_series_begins_next_month_unless_somebody_says_when() -> None:
    assert first_turn("month", None, 36, TODAY) == turn()
    assert first_turn("month", None, 36, date(2026, 12, 31)).start == date(2027, 1, 1)
    assert first_turn("quarter", "2026-11", 4, TODAY).start == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("every", "start", "periods", "error"),
    [
        ("week", None, 3, NoSeriesError),
        ("month", "2027", 3, NoSeriesError),
        ("month", "2027-13", 3, NoSeriesError),
        ("month", "2027-01-05", 3, NoSeriesError),
        ("month", "9999-12", 3, NoSeriesError),
        ("month", None, 0, NoSeriesError),
        ("month", None, -1, NoSeriesError),
        ("month", None, 121, NoSeriesError),
        ("month", "2026-10", 3, SeriesInPastError),
    ],
)
def test_what_is_no_series_says_what_would_be(
    every: str, start: str | None, periods: int, error: type[QuestionError]
) -> None:
    with pytest.raises(error) as refused:
        first_turn(every, start, periods, TODAY)
    assert refused.value.remedy


def test_periods_follow_the_calendar() -> None:
    monthly, quarterly, yearly = turn(), turn(every=Every.QUARTER), turn(every=Every.YEAR)
    assert [named(monthly, period) for period in (1, 2, 14)] == ["2026-12", "2027-01", "2028-01"]
    assert named(quarterly, 2) == "2027-03–2027-05"
    assert named(yearly, 1) == "2026-12–2027-11"
    assert due(monthly) == date(2027, 1, 1)
    assert due(turn(36)) == date(2029, 12, 1)
    assert due(turn(2, every=Every.YEAR)) == date(2028, 12, 1)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT AVG(age) FROM persons",
        "SELECT exploitation, COUNT(*) FROM persons GROUP BY exploitation",
        "SELECT leg_kind, COUNT(*) FROM legs GROUP BY leg_kind",
    ],
)
def test_only_tables_that_count_each_person_once_are_series(sql: str) -> None:
    question = parse_sql(sql, DOMAINS)
    with pytest.raises(NoSeriesError):
        as_series(question, turn())
    with pytest.raises(ValueError, match="each person counts once"):
        Question(question.tables, turn())


def test_two_tables_are_two_series() -> None:
    other = parse_sql("SELECT COUNT(*) FROM persons", DOMAINS)
    with pytest.raises(NoSeriesError, match="one table"):
        as_series(make_question(*BY_GENDER.tables, *other.tables), turn())


def test_the_canonical_form_of_a_release_is_read_back_and_nothing_else_is() -> None:
    release = as_series(BY_GENDER, turn(7))
    assert parse_question(release.encode()) == release
    document = json.loads(release.encode())

    def with_series(series: Any) -> bytes:
        changed = document | {"series": series}
        return json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()

    assert with_series(document["series"]) == release.encode()
    wrong: list[Any] = [
        {"every": "week"},
        {"start": "2026-12-02"},
        {"start": "20261201"},
        {"start": "1999-12-01"},
        {"period": 0},
        {"period": 37},
        {"periods": 121},
        {"periods": "36"},
        {"period": True},
        {"more": 1},
    ]
    for raw in [
        *(with_series(document["series"] | terms) for terms in wrong),
        *map(with_series, (None, [], 1, {})),
    ]:
        with pytest.raises(MalformedQuestionError):
            parse_question(raw)


def test_every_release_has_the_noise_of_the_whole_series() -> None:
    first, last = (plan_of(as_series(BY_GENDER, turn(period))) for period in (1, 36))
    numbers = [attempt_parameters(CHARTER, plan, Rho(Fraction(1, 50)), 3) for plan in (first, last)]
    assert numbers[0] == numbers[1]
    assert numbers[0].dropouts == 0
    assert first.sensitivity_squared == turn().series.sensitivity_squared
    assert first.noisy_entries == 36 * first.size
    assert planned_noise(numbers[0]).keeps(Rho(Fraction(1, 50)), 36 * first.size)
    # Everybody who can be there at once may be new in every period.
    assert first.largest == sum(turn().series.coefficients)
    assert first.digest != last.digest
    assert first.layout == last.layout


def test_in_a_series_nobody_may_drop_out_however_large_the_roster() -> None:
    words = "AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV"
    countries = tuple(map(CountryCode, words.split()))
    charter = make_charter(countries=countries, max_colluders=2)
    plan = compile_plan(as_series(BY_GENDER, turn()), make_domains(catalogue(), charter))
    found = attempt_parameters(charter, plan, Rho(Fraction(1, 50)), 20)
    assert (found.dropouts, found.needed, len(found.levels)) == (0, 20, 1)
    plain = compile_plan(BY_GENDER, make_domains(catalogue(), charter))
    assert attempt_parameters(charter, plain, Rho(Fraction(1, 50)), 20).dropouts == 2


def test_the_forecast_names_the_margins_of_the_last_release_and_none_is_wider() -> None:
    periods, nodes = 12, 3
    asked = "±20"
    plan = plan_of(as_series(BY_GENDER, turn(1, periods)))
    rho = rho_for_accuracy(plan, CHARTER, parse_accuracy(asked), nodes)
    coming = forecast(plan, DOMAINS, CHARTER, rho, nodes)
    assert all(table.margin <= 20 for table in coming.tables)
    cheaper = rho_for_accuracy(plan, CHARTER, parse_accuracy("±20.5"), nodes)
    assert cheaper.value < rho.value
    parameters = attempt_parameters(CHARTER, plan, rho, nodes)
    zeros = np.zeros(plan.entries, np.int64)
    for period in range(1, periods + 1):
        measured = [measured_by(zeros, parameters, nodes, nodes)] * period
        release = plan_of(as_series(BY_GENDER, turn(period, periods)))
        tables = standing_answer(release, DOMAINS, measured).tables
        margins = [table.figures.margin_of(0) for table in tables]
        expected = [table.margin for table in coming.tables]
        assert all(found <= most for found, most in zip(margins, expected, strict=True))
        assert period < periods or margins == expected


def test_releases_of_unlike_scales_are_put_together_by_their_worth() -> None:
    plan = plan_of(as_series(BY_GENDER, turn(2)))
    weights = turn().series.coefficients
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 50)), 3)
    first = measured_by(np.full(plan.entries, 10 * weights[0]), parameters, 3, 3)
    y = np.full(plan.entries, 10 * weights[1] + 7 * weights[0])
    finer = replace(parameters, scale_bits=parameters.scale_bits + 3)
    second = measured_by(y << 3, finer, 3, 3)
    first = replace(first, sums=first.sums << parameters.scale_bits)
    second = replace(second, sums=second.sums << parameters.scale_bits)
    newly, so_far = standing_answer(plan, DOMAINS, [first, second]).tables
    assert [float(table.figures.value(0)) for table in (newly, so_far)] == [7, 17]
    series = turn().series
    unit = parameters.left_variance(3, 3) / 4**parameters.scale_bits
    a, b = series.so_far(2)
    assert so_far.figures.margin_of(0) == margin_95(a**2 * unit + b**2 * unit / 64)


def test_a_release_is_put_together_of_all_before_it_and_no_others() -> None:
    plan = plan_of(as_series(BY_GENDER, turn(2)))
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 50)), 3)
    one = measured_by(np.zeros(plan.entries, np.int64), parameters, 3, 3)
    for measured in ([], [one], [one] * 3):
        with pytest.raises(ValueError, match="not those of this release"):
            standing_answer(plan, DOMAINS, measured)
    short = replace(one, sums=one.sums[1:])
    with pytest.raises(ValueError, match="not of this plan"):
        standing_answer(plan, DOMAINS, [one, short])


def test_a_series_has_fewer_cells_than_a_question_may_have() -> None:
    many = parse_sql(
        "SELECT month, age_band, gender, recruited_in, exploited_in, COUNT(*) FROM corridors "
        "GROUP BY month, age_band, gender, recruited_in, exploited_in",
        DOMAINS,
    )
    assert plan_of(many).size > LARGEST_SERIES
    with pytest.raises(TooManyCellsError):
        plan_of(as_series(many, turn()))
