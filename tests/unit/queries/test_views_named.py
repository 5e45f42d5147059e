"""Views and histograms in the language: SQL, builder, indicators, and what the command is told."""

from fractions import Fraction
from itertools import pairwise

import pytest

from corridor.errors import CorridorError
from corridor.errors.questions import UnsupportedSqlError, ViewError
from corridor.queries.asking import indicator_question
from corridor.queries.builder import RegionQuestions, together
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.plan import compile_plan
from corridor.queries.question import Histogram, Question, parse_question
from corridor.queries.sql import read_sql
from corridor.queries.views import (
    Change,
    Quantile,
    RatioOf,
    ShareOf,
    Top,
    Trend,
    View,
    parse_change,
    parse_quantile,
    parse_ratio,
    parse_share,
    view_from_json,
    view_to_json,
)
from support.catalogue import domains

DOMAINS = domains()
ASK = RegionQuestions(DOMAINS)
MEDIAN, NINETIETH = Quantile(Fraction(1, 2)), Quantile(Fraction(9, 10))

SAID = [
    ("SELECT MEDIAN(age) FROM persons", ASK.persons.histogram("age"), (MEDIAN,)),
    ("SELECT HISTOGRAM(age) FROM persons", ASK.persons.histogram("age"), ()),
    (
        (
            "SELECT gender, MEDIAN(BANDS(age, 5)), QUANTILE(BANDS(age, 5), 0.9) FROM persons "
            "GROUP BY gender"
        ),
        ASK.persons.by("gender").histogram("age", width=5),
        (MEDIAN, NINETIETH),
    ),
    (
        "SELECT QUANTILE(BANDS(CLAMP(days_to_referral, 0, 363), 7), .9) FROM persons",
        ASK.persons.histogram("days_to_referral", 0, 363, width=7),
        (NINETIETH,),
    ),
    (
        "SELECT year, SHARE(gender = 'Feminine') FROM persons GROUP BY year",
        ASK.persons.by("year", "gender").count(),
        (ShareOf("gender", ("Feminine",)),),
    ),
    (
        "SELECT SHARE(age_band IN ('0-8', '9-17')), COUNT(*) FROM persons",
        together(ASK.persons.by("age_band").count(), ASK.persons.count()),
        (ShareOf("age_band", ("0-8", "9-17")),),
    ),
    (
        "SELECT exploited_in, CHANGE(year) FROM corridors GROUP BY exploited_in",
        ASK.corridors.by("exploited_in", "year").count(),
        (Change("year"),),
    ),
    (
        (
            "SELECT recruited_in, COUNT(*) AS n FROM corridors GROUP BY recruited_in "
            "ORDER BY n DESC LIMIT 5"
        ),
        ASK.corridors.by("recruited_in").count(),
        (Top(5),),
    ),
    (
        (
            "SELECT recruited_in, COUNT(*) FROM corridors GROUP BY recruited_in "
            "ORDER BY COUNT(*) DESC LIMIT 5"
        ),
        ASK.corridors.by("recruited_in").count(),
        (Top(5),),
    ),
]


@pytest.mark.parametrize(("sql", "question", "views"), SAID)
def test_sql_names_a_question_and_how_its_answer_is_seen(
    sql: str, question: Question, views: tuple[View, ...]
) -> None:
    asked = read_sql(sql, DOMAINS)
    assert asked.question == question
    assert asked.views == views
    assert parse_question(question.encode()) == question


REFUSED = [
    ("SELECT MEDIAN(gender) FROM persons", "line 1, column 15", "no whole number"),
    ("SELECT MEDIAN(BANDS(age, 0)) FROM persons", "line 1, column", "bands of 0"),
    ("SELECT MEDIAN(CLAMP(age, 0, 400)) FROM persons", "line 1, column", "between 0 and 99"),
    ("SELECT QUANTILE(age, 2) FROM persons", "line 1, column", "between 0 and 1"),
    ("SELECT QUANTILE(age, 0) FROM persons", "line 1, column", "between 0 and 1"),
    ("SELECT QUANTILE(age, 0.9, 7) FROM persons", "line 1, column 8", "between 0 and 1"),
    ("SELECT QUANTILE(age) FROM persons", "line 1, column", "between 0 and 1"),
    ("SELECT HISTOGRAM(age, 5) FROM persons", "line 1, column", "one argument"),
    ("SELECT SHARE(gender) FROM persons", "line 1, column", "as in SHARE"),
    ("SELECT SHARE(age = 5) FROM persons", "line 1, column", "age_band"),
    ("SELECT SHARE(gender <> 'Feminine') FROM persons", "line 1, column", "as in SHARE"),
    (
        "SELECT gender, SHARE(gender = 'Feminine') FROM persons GROUP BY gender",
        "line 1, column",
        "grouped by",
    ),
    ("SELECT CHANGE(gender) FROM persons", "line 1, column", "no date field"),
    ("SELECT COUNT(*) FROM persons LIMIT 3", "line 1, column", "ORDER BY COUNT"),
    (
        "SELECT gender, COUNT(*) FROM persons GROUP BY gender ORDER BY COUNT(*) DESC",
        "line 1, column",
        "ORDER BY COUNT",
    ),
    (
        "SELECT gender, COUNT(*) FROM persons GROUP BY gender ORDER BY COUNT(*) LIMIT 3",
        "line 1, column",
        "DESC",
    ),
    (
        "SELECT gender, COUNT(*) FROM persons GROUP BY gender ORDER BY gender DESC LIMIT 3",
        "line 1, column",
        "ORDER BY COUNT",
    ),
    (
        "SELECT gender, AVG(age) FROM persons GROUP BY gender ORDER BY COUNT(*) DESC LIMIT 3",
        "line 1, column",
        "only the largest counts",
    ),
    (
        "SELECT year,\n month, COUNT(*) FROM persons GROUP BY year,\n month",
        "line 3, column 2",
        "one thing at two levels",
    ),
    (
        "SELECT minor, age_band, COUNT(*) FROM persons GROUP BY minor, age_band",
        "line 1, column 63",
        "group by the finer one",
    ),
    (
        "SELECT age_band, MEDIAN(age) FROM persons GROUP BY age_band",
        "line 1, column",
        "one thing at two levels",
    ),
    ("SELECT year, CHANGE(month) FROM persons GROUP BY year", "line 1, column", "two levels"),
]


@pytest.mark.parametrize(("sql", "place", "words"), REFUSED)
def test_what_cannot_be_measured_or_seen_is_refused_where_it_stands(
    sql: str, place: str, words: str
) -> None:
    with pytest.raises(CorridorError, match="Nothing was spent") as refusal:
        read_sql(sql, DOMAINS)
    assert place in str(refusal.value)
    assert words in str(refusal.value)


def test_contradictory_groupings_have_a_code_of_their_own_in_every_face() -> None:
    for ask in (
        lambda: read_sql("SELECT year, month, COUNT(*) FROM persons GROUP BY 1, 2", DOMAINS),
        lambda: ASK.persons.by("year", "month").count(),
        lambda: ASK.persons.by("minor", "age_band").count(),
        lambda: ASK.persons.by("minor").histogram("age"),
    ):
        with pytest.raises(CorridorError) as refusal:
            ask()
        if not isinstance(refusal.value, UnsupportedSqlError):
            assert refusal.value.code == "question.contradictory_groupings"
    ASK.legs.by("leg_from", "leg_to").count()  # the same kind, and two things


def test_a_histogram_of_a_field_without_numbers_is_refused_with_a_remedy() -> None:
    with pytest.raises(CorridorError, match="group by gender") as refusal:
        ASK.persons.histogram("gender")
    assert refusal.value.code == "question.misused_field"


@pytest.mark.parametrize(
    ("field", "width"), [("age", 1), ("children", 1), ("days_to_referral", 50)]
)
def test_bands_are_as_narrow_as_a_hundred_allow_unless_a_width_is_asked(
    field: str, width: int
) -> None:
    (table,) = ASK.persons.histogram(field).tables
    assert isinstance(table.measure, Histogram)
    assert table.measure.width == width


def test_the_bands_of_a_histogram_cover_every_number_without_gaps() -> None:
    (planned,) = compile_plan(ASK.persons.histogram("age", 10, 62, width=5), DOMAINS).tables
    bands = planned.axes[-1].bands
    assert [bands[0].low, bands[-1].high] == [0, None]
    assert bands[-1].name == "60+"
    for before, after in pairwise(bands):
        assert before.high is not None
        assert before.high + 1 == after.low
    assert planned.axes[-1].values == (*(band.name for band in bands), UNKNOWN)
    assert planned.sensitivity_squared == 1


def test_a_condition_on_the_quantity_leaves_only_the_bands_that_it_can_be_in() -> None:
    question = ASK.persons.where(age=(18, 30)).histogram("age", width=5)
    (planned,) = compile_plan(question, DOMAINS).tables
    assert planned.axes[-1].values == ("15-19", "20-24", "25-29", "30-34")


def test_time_to_referral_can_be_asked_and_is_seen_by_its_quantiles() -> None:
    indicator = DOMAINS.catalogue.indicator("time_to_referral")
    assert indicator.is_available
    assert indicator.views == (MEDIAN, NINETIETH)
    question = indicator_question(DOMAINS, "time_to_referral", {"status": "all"})
    assert question == ASK.persons.histogram("days_to_referral", 0, 363, width=7)


@pytest.mark.parametrize(
    "view",
    [
        Top(3),
        ShareOf("gender", ("Feminine", "Masculine")),
        RatioOf("gender", "Feminine", "Masculine"),
        Change("year"),
        Change("year", "2020", "2024"),
        Trend("quarter"),
        NINETIETH,
    ],
    ids=str,
)
def test_a_view_goes_to_programs_and_comes_back(view: View) -> None:
    assert view_from_json(view_to_json(view)) == view


@pytest.mark.parametrize(
    "document",
    [{}, {"view": "moon"}, {"view": "top", "count": 0}, {"view": "quantile", "level": "1/0"}],
)
def test_what_is_no_view_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ViewError) as refusal:
        view_from_json(document)
    assert refusal.value.code == "view.does_not_fit"


def test_the_words_of_the_command_are_read() -> None:
    assert parse_share("age_band=0-8, 9-17") == ShareOf("age_band", ("0-8", "9-17"))
    assert parse_ratio("gender = Feminine / Masculine") == RatioOf(
        "gender", "Feminine", "Masculine"
    )
    assert parse_change("year") == Change("year")
    assert parse_change("month=2023-01..2024-01") == Change("month", "2023-01", "2024-01")
    assert [parse_quantile(text) for text in ("median", "0.9", "9/10", "90 %")] == [
        MEDIAN,
        NINETIETH,
        NINETIETH,
        NINETIETH,
    ]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_share, "gender"),
        (parse_share, "=Feminine"),
        (parse_ratio, "gender=Feminine"),
        (parse_change, "year=2023"),
        (parse_quantile, "1"),
        (parse_quantile, "0"),
        (parse_quantile, "1/0"),
        (parse_quantile, "most"),
    ],
)
def test_words_that_say_no_view_are_refused_with_what_to_write(parse, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ViewError, match="write it as"):
        parse(text)
