"""Questions in SQL."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.questions import QuestionError, UnsupportedSqlError
from corridor.queries.builder import RegionQuestions, together
from corridor.queries.plan import compile_plan
from corridor.queries.predicates import AnyOf, Between, Not
from corridor.queries.question import Question, TableQuestion
from corridor.queries.sql import parse_sql
from support.catalogue import domains

DOMAINS = domains()
ASK = RegionQuestions(DOMAINS)


def where(condition: str) -> str:
    return f"SELECT COUNT(*) FROM persons WHERE {condition}"  # noqa: S608 - never executed


def table_of(sql: str) -> TableQuestion:
    (table,) = parse_sql(sql, DOMAINS).tables
    return table


CORRIDORS = """
    SELECT recruited_in, exploited_in, COUNT(DISTINCT person) AS n
    FROM corridors
    WHERE exploitation = 'SexualExploitation' AND year BETWEEN 2020 AND 2024
    GROUP BY recruited_in, exploited_in
"""
SETS = """
    SELECT year, month, gender, COUNT(*) FROM persons
    GROUP BY GROUPING SETS ((), year, (month), (gender, year))
"""
WINTER = ["2020-11", "2020-12", "2021-01"]
EITHER = ["unknown", "Feminine"]

SAME = [
    (
        CORRIDORS,
        ASK.corridors.where(exploitation="SexualExploitation", year=(2020, 2024))
        .by("recruited_in", "exploited_in")
        .count(),
    ),
    (
        SETS,
        together(
            ASK.persons.count(),
            ASK.persons.by("year").count(),
            ASK.persons.by("month").count(),
            ASK.persons.by("gender", "year").count(),
        ),
    ),
    ("select count(*) from persons", ASK.persons.count()),
    (
        "SELECT gender, COUNT(*) FROM persons GROUP BY gender;\n\nSELECT COUNT(*) FROM legs ;\n",
        together(ASK.persons.by("gender").count(), ASK.legs.count()),
    ),
    (
        "SELECT control, PER_PERSON(COUNT(*), 6) FROM persons GROUP BY control",
        ASK.persons.by("control").at_most(cells=6).count(),
    ),
    (
        "SELECT leg_kind, per_person(COUNT(*), 2, 3) AS n FROM legs GROUP BY leg_kind",
        ASK.legs.by("leg_kind").at_most(cells=2, rows=3).count(),
    ),
    (
        "SELECT COUNT(*) FROM Persons p WHERE p.age >= 18;",
        ASK.persons.where(age=(18, None)).count(),
    ),
    (where("age < 18"), ASK.persons.where(age=(None, 17)).count()),
    (where("18 > age"), ASK.persons.where(age=(None, 17)).count()),
    (where("year < 2018"), ASK.persons.where(year=[2015, 2016, 2017]).count()),
    (where("year > '2023'"), ASK.persons.where(year=(2024, 2025)).count()),
    (where("year >= 2000"), ASK.persons.where(year=(2015, 2025)).count()),
    (
        where("month IN ('2020-11', '2020-12')"),
        ASK.persons.where(month=["2020-12", "2020-11"]).count(),
    ),
    (where("month BETWEEN '2020-11' AND '2021-01'"), ASK.persons.where(month=WINTER).count()),
    (where("gender IN ('Feminine', 'unknown')"), ASK.persons.where(gender=EITHER).count()),
    (where("gender IS NULL"), ASK.persons.where(gender="unknown").count()),
    (where("gender = 'NonSpecifiedUnknown'"), ASK.persons.where(gender="unknown").count()),
    (where("gender IS NOT NULL"), ASK.persons.excluding(gender="unknown").count()),
    (where("prs_gender = 'feminine'"), ASK.persons.where(gender="Feminine").count()),
    (where("recruited_in = 'Moldova'"), ASK.persons.where(recruited_in="MD").count()),
    (where("NOT gender = 'Feminine'"), ASK.persons.excluding(gender="Feminine").count()),
    (where("gender <> 'Feminine'"), ASK.persons.excluding(gender="Feminine").count()),
    (where("age = 17"), ASK.persons.where(age=17).count()),
    (
        "SELECT AVG(age), SUM(CLAMP(children, 0, 5)) FROM persons",
        together(ASK.persons.mean("age"), ASK.persons.sum("children", 0, 5)),
    ),
    (
        "SELECT hte_Country, COUNT(*) FROM legs GROUP BY hte_Country",
        ASK.legs.by("leg_to").count(),
    ),
]


@pytest.mark.parametrize(("sql", "question"), SAME)
def test_sql_and_python_ask_the_same_question(sql: str, question: Question) -> None:
    assert parse_sql(sql, DOMAINS).encode() == question.encode()


def test_counting_rows_and_counting_persons_is_one_question() -> None:
    persons = parse_sql("SELECT COUNT(DISTINCT person) FROM legs", DOMAINS)
    rows = parse_sql("SELECT count(*) FROM legs", DOMAINS)
    assert persons.digest == rows.digest


def test_another_number_than_one_is_a_known_number() -> None:
    where_clause = table_of(where("age <> 17")).where
    assert where_clause == AnyOf((Between("age", 0, 16), Between("age", 18, 99)))


def test_an_unknown_number_is_one_that_is_in_no_range() -> None:
    assert table_of(where("age IS NULL")).where == Not(Between("age", 0, 99))
    assert table_of(where("age IS NOT NULL")).where == Between("age", 0, 99)


def test_the_bound_of_cells_can_be_given_beside_the_text() -> None:
    sql = "SELECT exploitation, COUNT(*) FROM persons GROUP BY exploitation"
    assert parse_sql(sql, DOMAINS, max_cells=2).tables[0].max_cells == 2


def _sums(many: int) -> str:
    return ", ".join(f"SUM(CLAMP(age, 0, {high}))" for high in range(1, many + 1))


PLACES = [
    ("SELECT gender, COUNT(*) FROM persons", 1, 8, "GROUP BY gender"),
    ("SELECT COUNT(*)\nFROM persons\nWHERE gender LIKE 'F%'", 3, 7, "LIKE"),
    ("SELECT COUNT(*)\nFROM persons\nORDER BY 1", 3, 1, "only the largest counts"),
    ("SELECT COUNT(*) FROM persons LIMIT 3", 1, 30, "only the largest counts"),
    ("SELECT COUNT(*) FROM persons HAVING COUNT(*) > 3", 1, 30, "HAVING"),
    ("SELECT COUNT(*) FROM persons JOIN legs ON a = b", 1, 30, "JOIN"),
    ("SELECT COUNT(*) FROM persons, legs", 1, 31, "JOIN"),
    ("SELECT MAX(age) FROM persons", 1, 8, "the measures are"),
    ("SELECT *  FROM persons", 1, 8, "the measures are"),
    ("SELECT gender FROM persons GROUP BY gender", 1, 8, "nothing is measured"),
    ("SELECT COUNT(*) FROM persons GROUP BY gender", 1, 39, "add gender after SELECT"),
    ("SELECT DISTINCT gender FROM persons", 1, 8, "DISTINCT"),
    ("SELECT COUNT(*) FROM addresses", 1, 22, "the tables are"),
    ("SELECT COUNT(*) FROM main.persons", 1, 22, "the tables are"),
    ("SELECT COUNT(*) FROM (SELECT 1)", 1, 30, "one SELECT over one table"),
    ("SELECT COUNT(*) FROM persons WHERE gender IN (SELECT 1)", 1, 36, "list of constants"),
    ("SELECT COUNT(*) FROM persons WHERE age = legs.age", 1, 42, "no constant"),
    ("SELECT COUNT(*) FROM persons WHERE legs.age = 1", 1, 36, "not the table asked"),
    ("SELECT COUNT(*) FROM persons WHERE read_csv('x') = 'a'", 1, 36, "conditions compare"),
    ("SELECT COUNT(*) FROM persons WHERE TRUE", 1, 36, "conditions compare"),
    ("SELECT COUNT(*) FROM persons WHERE age = 1.5", 1, 42, "no whole number"),
    ("SELECT COUNT(*) FROM persons WHERE (", 1, 36, "cannot be read"),
    ("SELECT COUNT(*) FROM persons; DROP TABLE persons", 1, 31, "write SELECT"),
    ("SELECT COUNT(*) FROM persons;\nSELECT COUNT(*) FROM person", 2, 22, "the tables are"),
    ("SELECT COUNT(*) FROM persons;; SELECT COUNT(*) FROM legs", 1, 1, "write SELECT"),
    (
        "SELECT COUNT(*) FROM persons;\nSELECT MEDIAN(age) FROM persons",
        2,
        1,
        "ask one SELECT",
    ),
    (
        "; ".join(f"SELECT COUNT(*) FROM persons WHERE age = {age}" for age in range(17)),  # noqa: S608 - never executed
        1,
        709,
        "ask several questions",
    ),
    ("SELECT PER_PERSON(COUNT(*)) FROM persons", 1, 8, "as in PER_PERSON(COUNT(*), 3)"),
    ("SELECT PER_PERSON(COUNT(*), 'x') FROM persons", 1, 29, "write one, such as 18"),
    ("SELECT PER_PERSON(PER_PERSON(COUNT(*), 1), 1) FROM persons", 1, 19, "the measures are"),
    ("SELECT COUNT(*) FROM persons UNION SELECT 1", 1, 30, "only one SELECT"),
    ("SELECT COUNT(DISTINCT gender) FROM persons", 1, 23, "only persons can be counted"),
    ("SELECT COUNT(*) FILTER (WHERE age > 3) FROM persons", 1, 8, "the measures are"),
    ("SELECT COUNT(*) OVER () FROM persons", 1, 8, "the measures are"),
    ("SELECT COUNT(*) FROM persons GROUP BY ROLLUP (gender)", 1, 47, "names of fields"),
    (
        "SELECT gender, year, COUNT(*) FROM persons GROUP BY gender, GROUPING SETS ((year))",
        1,
        53,
        "write all of them as sets",
    ),
    (
        "SELECT gender, SHARE(minor = 'minor') FROM persons GROUP BY GROUPING SETS ((), (gender))",
        1,
        81,
        "group by one set",
    ),
    (
        "SELECT gender, COUNT(*) FROM persons GROUP BY GROUPING SETS ((age_band), (gender))",
        1,
        63,
        "add age_band",
    ),
    (
        f"SELECT {_sums(17)} FROM persons",  # noqa: S608 - never executed
        1,
        8,
        "make 17 tables, 16 are allowed",
    ),
    (
        f"SELECT {_sums(9)}, gender FROM persons GROUP BY GROUPING SETS ((), (gender))",  # noqa: S608
        1,
        8,
        "make 18 tables, 16 are allowed",
    ),
    ("SELECT COUNT(*)", 1, 16, "FROM is missing"),
    ("DROP TABLE persons", 1, 1, "begins with SELECT"),
    ("WITH x AS (SELECT 1) SELECT COUNT(*) FROM x", 1, 1, "begins with SELECT"),
    ("", 1, 1, "begins with SELECT"),
    ("SELECT COUNT(*) FROM persons WHERE gender = 'F", 1, 46, "close the quotation mark"),
]


@pytest.mark.parametrize(("sql", "line", "column", "says"), PLACES)
def test_a5_a35_sql_outside_the_subset_is_refused_with_its_place(
    sql: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(UnsupportedSqlError) as refusal:
        parse_sql(sql, DOMAINS)
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert says in str(refusal.value)
    assert str(refusal.value).endswith("Nothing was spent.")


WRONG = [
    ("SELECT gendr, COUNT(*) FROM persons GROUP BY gendr", "question.unknown_field", "gender?"),
    (where("recruited_in = 'Moldovia'"), "question.unknown_value", r"did you mean MD \(Moldova\)"),
    (where("leg_to = 'MD'"), "question.unknown_field", "ask over legs"),
    (where("year = 1999"), "question.unknown_value", "2015"),
    (where("gender > 'A'"), "question.misused_field", "no order"),
    (where("age = 'old'"), "question.misused_field", "whole number"),
    (where("age BETWEEN 60 AND 20"), "question.out_of_range", "stay between 0 and 99"),
    (where("year BETWEEN 1990 AND 1995"), "question.out_of_range", "2015 to 2025"),
    (where("year >= '2020-01-01'"), "question.misused_field", "write it as 2021"),
    ("SELECT SUM(gender) FROM persons", "question.misused_field", "no whole number"),
    ("SELECT AVG(CLAMP(age, 0, 900)) FROM persons", "question.out_of_range", "0 and 99"),
    ("SELECT age, COUNT(*) FROM persons GROUP BY age", "question.misused_field", "age_band"),
    ("SELECT PER_PERSON(COUNT(*), 99) FROM persons", "question.out_of_range", "1 to 64 cells"),
    (
        "SELECT year, month, COUNT(*) FROM persons GROUP BY GROUPING SETS ((), (year, month))",
        "question.contradictory_groupings",
        "two levels",
    ),
]


@pytest.mark.parametrize(("sql", "code", "says"), WRONG)
def test_a_wrong_field_or_value_is_refused_with_its_place(sql: str, code: str, says: str) -> None:
    with pytest.raises(QuestionError, match=rf"line 1, column \d+: .*{says}") as refusal:
        parse_sql(sql, DOMAINS)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "sql",
    [
        where("(" * 60 + "age > 3" + ")" * 60),
        where("NOT " * 2500 + "age > 3"),
        where(" OR ".join(["age = 3"] * 2000)),
        where("gender IN (" + ",".join(["'x'"] * 10_000) + ")"),
    ],
)
def test_a29_text_made_to_exhaust_the_parser_is_refused(sql: str) -> None:
    with pytest.raises(UnsupportedSqlError):
        parse_sql(sql, DOMAINS)


def test_a_long_flat_condition_is_read() -> None:
    condition = table_of(where(" OR ".join(f"age = {n}" for n in range(0, 99, 2)))).where
    assert isinstance(condition, AnyOf)
    assert len(condition.parts) == 50


VOCABULARY = (
    "SELECT COUNT ( ) * , FROM persons legs WHERE age gender = <> 'Feminine' 18 AND OR NOT IN "
    "BETWEEN IS NULL GROUP BY ORDER LIMIT AS DISTINCT person ; -- /* ' \" $1 ? :x [ ] { } CASE "
    "WHEN EXISTS LATERAL PIVOT TABLESAMPLE VALUES INSERT COPY PRAGMA ATTACH"
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY.split()), max_size=25))
def test_a35_no_text_gives_anything_but_a_question_or_a_coded_refusal(words: list[str]) -> None:
    try:
        compile_plan(parse_sql("SELECT COUNT(*) " + " ".join(words), DOMAINS), DOMAINS)
    except CorridorError as error:
        refusal = error
    else:
        return
    assert refusal.code.startswith("question.")
