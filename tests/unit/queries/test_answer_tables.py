"""From sums to answers."""

import json
from fractions import Fraction

import numpy as np
import pytest

from corridor.privacy.accuracy import margin_95
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.publishing.tables import tables_of
from corridor.queries.answers import Answer, decode_answer
from corridor.queries.builder import RegionQuestions
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support.catalogue import catalogue
from support.charters import make_charter
from support.releases import make_release

CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
ASK = RegionQuestions(DOMAINS)
GENERAL = Rho(Fraction(1, 2))


def planned(question: Question) -> tuple[Plan, AttemptParameters]:
    plan = compile_plan(question, DOMAINS)
    return plan, attempt_parameters(CHARTER, plan, GENERAL, 3)


def answer(question: Question, truth: list[int]) -> Answer:
    """The answer when the noise happens to be 0: entries of x, scaled."""
    plan, parameters = planned(question)
    assert plan.size == len(truth)
    sums = [entry << parameters.scale_bits for entry in truth]
    return decode_answer(plan, DOMAINS, parameters, 3, sums, reduced=0)


def test_a2_counts_come_back_exactly_with_their_margin_and_labels() -> None:
    question = ASK.persons.by("minor").count()
    (table,) = answer(question, [7, 30, 2]).tables
    _, parameters = planned(question)
    step = Fraction(1, 1 << parameters.scale_bits)
    assert [row.value for row in table.rows()] == [7, 30, 2]
    assert [row.labels for row in table.rows()] == [
        ("Minor (0–17)",),
        ("Adult (18+)",),
        ("Unknown",),
    ]
    expected = margin_95(3 * parameters.share_variance * step**2, step)
    assert {row.margin for row in table.rows()} == {expected}
    assert table.title == "Persons by minor or adult when trafficked"


def test_fewer_survivors_leave_less_noise_and_a_smaller_margin() -> None:
    plan, parameters = planned(ASK.persons.count())
    three = decode_answer(plan, DOMAINS, parameters, 3, [80], reduced=0)
    two = decode_answer(plan, DOMAINS, parameters, 2, [80], reduced=0)
    assert two.tables[0].figures.margin_of(0) < three.tables[0].figures.margin_of(0)


def test_the_margin_is_of_the_noise_that_is_left() -> None:
    plan = compile_plan(ASK.persons.count(), DOMAINS)
    parameters = attempt_parameters(CHARTER, plan, GENERAL, 4)
    step = Fraction(1, 1 << parameters.scale_bits)
    first, second = (level.variance for level in parameters.levels)
    for survivors, reduced, left in ((4, 4, 4 * first), (4, 1, 4 * first + 3 * second)):
        found = decode_answer(plan, DOMAINS, parameters, survivors, [80], reduced=reduced)
        assert found.tables[0].figures.margin == margin_95(left * step**2, step)
    # With a dropout nothing is superfluous, whoever reveals whatever.
    found = decode_answer(plan, DOMAINS, parameters, 3, [80], reduced=3)
    assert found.tables[0].figures.margin == margin_95(3 * (first + second) * step**2, step)


def test_values_shown_beside_are_not_negative_and_keep_the_total() -> None:
    (table,) = answer(ASK.persons.by("minor").count(), [-4, 30, 2]).tables
    rows = list(table.rows())
    assert [row.value for row in rows] == [-4, 30, 2]
    shown = [row.non_negative for row in rows if row.non_negative is not None]
    assert min(shown) == 0
    assert sum(shown) == pytest.approx(28)


def test_a41_totals_come_from_the_unbiased_values_with_their_noise_added_up() -> None:
    question = ASK.persons.where(gender=["Feminine", "Masculine"]).by("gender", "minor").count()
    (table,) = answer(question, [1, 2, 3, 10, 20, 30]).tables
    figures = table.figures
    assert [one.value for one in figures.totals_along(0)] == [6, 60]
    assert [one.value for one in figures.totals_along(1)] == [11, 22, 33]
    assert figures.total().value == 66
    assert figures.total().margin == margin_95(6 * figures.variance_of(0), figures.step)


def test_a_mean_is_the_quotient_clamped_to_its_bounds_with_an_interval() -> None:
    # Sums with factor 1, then counts with factor 60.
    (table,) = answer(
        ASK.persons.by("minor").mean("age", 0, 60), [15_000, 70_000, 5, 1000 * 60, 1000 * 60, 60]
    ).tables
    minors, adults, unknown = table.rows()
    assert minors.value == 15
    assert adults.value == 60  # 70, beyond what a person can add
    assert unknown.value is None  # one person more or less: no denominator
    assert table.counts is not None
    of_sums, of_counts = table.figures.variance_of(0), table.counts.variance_of(0)
    variance = (of_sums + 15**2 * of_counts) / 1000**2
    assert minors.margin == margin_95(variance)
    assert minors.non_negative is None


def test_every_table_of_a_question_finds_its_own_entries() -> None:
    question = ASK.persons.by("minor").count()
    from_two = Question((*question.tables, *ASK.services.count().tables))
    minors, services = (table.blocks[0].factor for table in planned(from_two)[0].tables)
    found = answer(from_two, [minors, 2 * minors, 3 * minors, 44 * services])
    assert [[int(row.value or 0) for row in table.rows()] for table in found.tables] == [
        [1, 2, 3],
        [44],
    ]


@pytest.mark.parametrize("measure", ["count", "mean"])
def test_a7_the_answer_is_json_with_a_value_for_every_cell(measure: str) -> None:
    asked = ASK.persons.where(year=(2020, 2022)).by("minor", "gender")
    question = asked.count() if measure == "count" else asked.mean("age")
    plan, parameters = planned(question)
    sums = np.arange(plan.size, dtype=np.int64)
    (table,) = json.loads(
        json.dumps(decode_answer(plan, DOMAINS, parameters, 3, sums, reduced=0).to_json())
    )
    cells = plan.tables[0].cells
    assert len(table["values"]) == len(table["steps"]) == cells
    assert [axis["name"] for axis in table["axes"]] == ["gender", "minor"]
    assert "2020 to 2022" in table["title"]
    assert len(table["reliability"]) == cells
    if measure == "count":
        assert len(table["non_negative"]) == cells
        assert len(table["totals"]["gender"]) == 6
    else:
        assert len(table["margins"]) == cells


def test_the_letters_for_programs_say_what_people_are_shown() -> None:
    question = ASK.persons.by("minor").count()
    margin = answer(question, [0, 0, 0]).tables[0].figures.margin_of(0)
    truth = [int(4 * margin), int(2 * margin), 1]
    document = answer(question, truth).tables[0].to_json()
    assert document["reliability"] == "AEF"
    (shown,) = tables_of(make_release(tables=[document]))
    assert "".join(cell.reliability.value for cell in shown.cells()) == "AEF"


def test_sums_of_another_plan_are_a_bug() -> None:
    plan, parameters = planned(ASK.persons.count())
    with pytest.raises(ValueError, match="2 sums for a plan of 1"):
        decode_answer(plan, DOMAINS, parameters, 3, [1, 2], reduced=0)
