"""Asking by accuracy: the forms, the ρ they cost, and what is said when they cost too much."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.questions import AccuracyTooDearError
from corridor.ids import CountryCode
from corridor.privacy.accuracy import margin_at, readable_rho
from corridor.privacy.normal import quantile_above
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Ceilings
from corridor.queries.accuracy import (
    Accuracy,
    accuracy_for,
    parse_accuracy,
    parse_rho,
    rho_for_accuracy,
)
from corridor.queries.answers import decode_answer
from corridor.queries.builder import RegionQuestions, together
from corridor.queries.domains import make_domains
from corridor.queries.forecast import forecast
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support.catalogue import catalogue
from support.charters import make_charter

CHARTER = make_charter(
    countries=tuple(map(CountryCode, ["BG", "MD", "NE", "NG", "RO", "UA"])),
    ceilings=Ceilings(rho_per_question=Fraction(1, 2), cells=1 << 20, persons_per_node=10**6),
)
DOMAINS = make_domains(catalogue(), CHARTER)
ASK = RegionQuestions(DOMAINS)
MATRIX = ASK.corridors.by("recruited_in", "exploited_in")
NODES = 6


def plan(question: Question) -> Plan:
    return compile_plan(question, DOMAINS)


def price(question: Question, text: str) -> Rho:
    return rho_for_accuracy(plan(question), CHARTER, parse_accuracy(text), NODES)


EACH = Accuracy(margin=Fraction(20))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("±20", EACH),
        ("+-20", EACH),
        ("20", EACH),
        (" ± 20 ", EACH),
        ("+/-20", EACH),
        ("20.0", EACH),
        ("±20 at 95 %", EACH),
        ("±20 at 99%", Accuracy(margin=Fraction(20), level=99)),
        ("±20, at 90 %", Accuracy(margin=Fraction(20), level=90)),
        ("±20 all cells at once", Accuracy(margin=Fraction(20), at_once=True)),
        ("all cells at once ±20 at 99 %", Accuracy(margin=Fraction(20), level=99, at_once=True)),
        ("10 % above 100", Accuracy(margin=Fraction(10))),
        ("relative 10 % for cells above 100", Accuracy(margin=Fraction(10))),
        ("±1 above 100", Accuracy(margin=Fraction(1), above=100)),
        ("±1 year for groups above 100", Accuracy(margin=Fraction(1), above=100)),
        ("±0.5 for groups of from 200", Accuracy(margin=Fraction(1, 2), above=200)),
    ],
)
def test_an_accuracy_is_read_in_the_forms_that_people_write(text: str, meant: Accuracy) -> None:
    assert parse_accuracy(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20%",
        "±0",
        "0 % above 100",
        "±1 above 0",
        "-20",
        "about 20",
        "±20 at 80 %",
        "1e3",
        "±inf",
    ],
)
def test_another_accuracy_is_refused_with_what_is_supported(text: str) -> None:
    with pytest.raises(CorridorError, match=r"write|say") as refusal:
        parse_accuracy(text)
    assert refusal.value.code == "question.unsupported_accuracy"


@pytest.mark.parametrize(
    "text", ["±20 at 95 %", "±20 all cells at once at 99 %", "±1 for groups above 100 at 90 %"]
)
def test_an_accuracy_in_words_can_be_asked_again(text: str) -> None:
    assert str(parse_accuracy(text)) == text


@pytest.mark.parametrize(
    ("text", "meant"), [("1/100", (1, 100)), (" 0.01 ", (1, 100)), ("2", (2, 1))]
)
def test_a_rho_is_read_exactly(text: str, meant: tuple[int, int]) -> None:
    assert parse_rho(text) == Rho(Fraction(*meant))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("a lot", "is no number"),
        ("nan", "is no number"),
        ("inf", "is infinite"),
        ("-1/100", "is below 0"),
        ("0,01", "has a comma"),
        ("1e-2", "has an exponent"),
        ("1/0", "divides by 0"),
        ("٣/100", "is no number"),
        ("1/2/3", "is no number"),
    ],
)
def test_what_is_no_rho_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(CorridorError, match=why) as refusal:
        parse_rho(text)
    assert refusal.value.code == "question.malformed_rho"
    assert "1/100 or 0.01" in str(refusal.value)


QUESTIONS = [
    MATRIX.count(),
    ASK.persons.by("exploitation").count(),
    ASK.persons.by("gender").sum("age", 0, 60),
    together(ASK.persons.count(), ASK.persons.by("gender").count()),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=["matrix", "list", "sum", "two tables"])
@pytest.mark.parametrize("margin", [20, 45, 200])
def test_asking_by_accuracy_gives_that_margin_and_a_digit_less_does_not(
    question: Question, margin: int
) -> None:
    rho = price(question, f"±{margin * 60}")  # a sum of ages is many times a count
    compiled = plan(question)

    def widest(rho: Rho) -> Fraction:
        return max(
            table.margin for table in forecast(compiled, DOMAINS, CHARTER, rho, NODES).tables
        )

    assert widest(rho) <= margin * 60
    assert widest(Rho(rho.value * Fraction(98, 100))) > margin * 60


@pytest.mark.parametrize("question", QUESTIONS, ids=["matrix", "list", "sum", "two tables"])
@settings(max_examples=20, deadline=None)
@given(st.integers(-2400, -600))
def test_the_forecast_s_margins_are_the_release_s(question: Question, index: int) -> None:
    compiled, rho = plan(question), readable_rho(index)
    parameters = attempt_parameters(CHARTER, compiled, rho, NODES)
    released = decode_answer(
        compiled, DOMAINS, parameters, NODES, [0] * compiled.entries, reduced=NODES
    )
    foreseen = forecast(compiled, DOMAINS, CHARTER, rho, NODES)
    for table, expected in zip(released.tables, foreseen.tables, strict=True):
        assert max(row.margin or 0 for row in table.rows()) == expected.margin


def noise_of(question: Question, rho: Rho) -> tuple[Fraction, Fraction]:
    parameters = attempt_parameters(CHARTER, plan(question), rho, NODES)
    step = Fraction(1, 1 << parameters.scale_bits)
    return parameters.left_variance(NODES, NODES) * step**2, step


@pytest.mark.parametrize("level", [90, 99])
def test_another_level_is_met_at_that_level(level: int) -> None:
    rho = price(MATRIX.count(), f"±20 at {level} %")
    quantile = quantile_above(Fraction(100 - level, 100))
    assert margin_at(quantile, *noise_of(MATRIX.count(), rho)) == 20
    assert (rho < price(MATRIX.count(), "±20")) is (level == 90)


def test_all_cells_at_once_shares_the_level_out_among_them() -> None:
    rho = price(MATRIX.count(), "±20 all cells at once")
    cells = plan(MATRIX.count()).size
    assert cells == 49
    quantile = quantile_above(Fraction(5, 100) / cells)
    assert 3.28 < quantile < 3.29
    assert margin_at(quantile, *noise_of(MATRIX.count(), rho)) <= 20
    # For one cell alone that would be far too much.
    assert rho.value > 2 * price(MATRIX.count(), "±20").value
    assert price(ASK.persons.count(), "±20 all cells at once") == price(ASK.persons.count(), "±20")


def test_relative_means_that_share_of_the_smallest_cell_named() -> None:
    assert price(MATRIX.count(), "10 % above 200") == price(MATRIX.count(), "±20")


def test_a_mean_is_asked_for_by_its_margin_in_a_group_of_some_size() -> None:
    question = ASK.persons.by("gender").mean("age", 0, 60)
    rho = price(question, "±1 for groups above 1000")
    compiled = plan(question)
    parameters = attempt_parameters(CHARTER, compiled, rho, NODES)
    factors = {block.kind: block.factor for block in compiled.tables[0].blocks}
    # A group of just 1000 persons, all of whom are 60: the widest that there is.
    counted, summed = 1000 * max(factors.values()), 60_000 * min(factors.values())
    cells = compiled.tables[0].cells
    sums = [summed << parameters.scale_bits] * cells + [counted << parameters.scale_bits] * cells
    (table,) = decode_answer(compiled, DOMAINS, parameters, NODES, sums, reduced=NODES).tables
    mean = table.mean(0)
    assert mean is not None
    assert mean.value == 60
    assert Fraction(98, 100) <= mean.margin <= 1


def test_groups_too_small_for_a_mean_are_paid_for_until_they_have_one() -> None:
    question = ASK.persons.by("gender").mean("age", 0, 60)
    rho = price(question, "±60 for groups above 100")
    compiled = plan(question)
    (table,) = decode_answer(
        compiled,
        DOMAINS,
        attempt_parameters(CHARTER, compiled, rho, NODES),
        NODES,
        [0] * compiled.size,
        reduced=NODES,
    ).tables
    assert table.counts is not None
    assert table.counts.margin_of(0) <= 50


def test_a_mean_without_a_size_of_group_is_refused_with_what_to_write() -> None:
    with pytest.raises(CorridorError, match="±1 above 100"):
        price(ASK.persons.mean("age"), "±1")


@pytest.mark.parametrize(
    "asked",
    ["±1", "±1 at 99 %", "±3 all cells at once", "1 % above 100"],
)
def test_what_no_ceiling_pays_for_is_refused_with_what_it_would_pay_for(asked: str) -> None:
    with pytest.raises(AccuracyTooDearError, match="more than the charter's ceiling") as refusal:
        price(MATRIX.count(), asked)
    instead = refusal.value.instead
    assert f"ask for {instead}" in str(refusal.value)
    assert price(MATRIX.count(), instead).value <= Fraction(1, 2)


def test_what_is_offered_instead_is_what_the_allowances_pay_for_too() -> None:
    compiled, left = plan(MATRIX.count()), Fraction(1, 20)
    accuracy = parse_accuracy("±1")
    with pytest.raises(AccuracyTooDearError, match="more than the charter's ceiling") as refusal:
        rho_for_accuracy(compiled, CHARTER, accuracy, NODES, affordable=left)
    offered = parse_accuracy(refusal.value.instead)
    assert rho_for_accuracy(compiled, CHARTER, offered, NODES).value <= left
    with pytest.raises(AccuracyTooDearError, match="nothing can be paid"):
        rho_for_accuracy(compiled, CHARTER, accuracy, NODES, affordable=Fraction(-1))


def test_a_mean_that_no_ceiling_pays_for_is_refused_with_one_that_it_would() -> None:
    question = ASK.persons.by("gender").mean("age", 0, 60)
    with pytest.raises(AccuracyTooDearError) as refusal:
        price(question, "±0.1 for groups above 300")
    assert price(question, refusal.value.instead).value <= Fraction(1, 2)
    with pytest.raises(AccuracyTooDearError, match="nothing can be paid") as nothing:
        price(question, "±0.1 for groups above 2")
    assert nothing.value.instead == ""


def test_with_nothing_left_nothing_can_be_paid() -> None:
    compiled = plan(MATRIX.count())
    assert accuracy_for(compiled, CHARTER, EACH, Rho(Fraction(0)), NODES) == ""


def test_too_few_nodes_are_told_apart_from_a_price_too_high() -> None:
    with pytest.raises(CorridorError) as refusal:
        rho_for_accuracy(plan(MATRIX.count()), CHARTER, EACH, 2)
    assert refusal.value.code == "question.too_few_nodes"
