# ruff: noqa: RUF001 - letters that look like others are what some of this is about
"""What people are shown of a question: all that leaves, what it costs, and nothing smaller."""

import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from corridor.ids import EditionId
from corridor.node.approvals import Asked, PersonName, Waiting, Word
from corridor.node.plain_words import (
    SENTENCES,
    Purse,
    Said,
    describe,
    describe_people,
    shown_digest,
)
from corridor.node.question_desk import facts_of
from corridor.people.alphabets import odd_letters
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import Every, Turn
from corridor.queries.sql import parse_sql
from support.catalogue import catalogue
from support.node_region import SESSION, charter_of_four

CHARTER = charter_of_four()
DOMAINS = make_domains(catalogue(), CHARTER)
PURSE = Purse(Fraction(1, 10), Fraction(1, 20), Fraction(1), Fraction(1, 2))
PAID = Fraction(1, 100)
PLAIN = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


def asked(sql: str, **changes: Any) -> Asked:
    question = parse_sql(sql, DOMAINS)
    plan = compile_plan(question, DOMAINS)
    found = Asked(
        question=question.encode(),
        plan=plan.digest,
        charter=CHARTER.digest,
        rho=Fraction(1, 100),
        price=Fraction(1, 100),
        scope=Scope.REGIONAL,
        organisation="IOM",
        purpose="annual report",
        edition=EditionId("1-" + "a" * 16),
        consent_rule="htcds-consent",
        statement="",
    )
    return replace(found, **changes)


def said(
    sql: str = PLAIN,
    purse: Purse | None = PURSE,
    *,
    turn: Turn | None = None,
    paid: Fraction | None = None,
    **changes: Any,
) -> dict[str, Said]:
    one = asked(sql, **changes)
    question = parse_sql(sql, DOMAINS)
    if turn is not None:
        question = question.at(turn)
    plan = compile_plan(question, DOMAINS)
    facts = facts_of(question, plan, one)
    words = describe(
        one, plan=plan, facts=facts, domains=DOMAINS, charter=CHARTER, purse=purse, paid=paid
    )
    return {sentence.id: sentence for sentence in words}


def at(period: int) -> Turn:
    return Turn(every=Every.MONTH, start=date(2026, 3, 1), periods=36, period=period)


def test_it_says_who_why_what_how_much_and_the_worst_case() -> None:
    found = said()
    assert found["who.organisation"].text.startswith("IOM asks")
    assert "annual report" in found["why.purpose"].text
    assert "region's sum" in found["leaves.regional"].text
    assert found["table.persons"].text == "How many persons, by gender."
    assert "ρ = 1/100" in found["cost.rho"].text
    assert "10 % of a year's allowance (ρ = 1/10), and 20 % of what is left of it (ρ = 1/20)" in (
        found["cost.of_year"].text
    )
    assert "1 % of the allowance for all time (ρ = 1), and 2 % of what is left of it (ρ = 1/2)" in (
        found["cost.of_all"].text
    )
    assert "2 countries" in found["worst.several_nodes"].text
    assert "ρ = 1/25" in found["worst.several_nodes"].text  # 2² times
    assert "ρ = 1/25" in found["worst.collusion"].text  # four members, so 4 times
    assert "consent are counted" in found["data.consent"].text


def test_every_condition_is_said_whole() -> None:
    sql = (
        "SELECT gender, COUNT(DISTINCT person) FROM persons "
        "WHERE year IN (2020, 2021, 2023) AND gender <> 'Masculine' GROUP BY gender"
    )
    text = said(sql)["table.persons"].text
    for value in ("2020", "2021", "2023"):
        assert value in text
    assert "not (gender is" in text


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (PLAIN, False),
        ("SELECT minor, COUNT(DISTINCT person) FROM persons GROUP BY minor", True),
        ("SELECT COUNT(DISTINCT person) FROM persons WHERE minor = 'minor'", True),
        ("SELECT AVG(age) FROM persons", True),
    ],
)
def test_it_says_whether_children_can_be_told_from_adults(sql: str, *, told: bool) -> None:
    assert ("minors.told" in said(sql)) is told
    assert ("minors.not_told" in said(sql)) is not told


def test_figures_of_one_country_are_said_to_be_published_under_its_name() -> None:
    found = said(scope=Scope.PER_COUNTRY)
    assert "published under its name" in found["leaves.per_country"].text
    assert "worst.alone" in found
    assert "worst.collusion" not in found


def test_another_legal_basis_is_said_in_the_authority_s_own_words() -> None:
    found = said(consent_rule="other-legal-basis", statement="Act 12 of 2019, article 4")
    assert "Act 12 of 2019, article 4" in found["data.other_basis"].text


def test_a_cost_is_never_shown_smaller_than_it_is() -> None:
    shown = said(price=Fraction(1, 333))["cost.of_year"].parameters
    assert Fraction(str(shown["percent"])) >= 100 * Fraction(1, 333) / PURSE.per_year
    assert Fraction(str(shown["share"])) >= 100 * Fraction(1, 333) / PURSE.left
    sentence = said()["cost.rho"].parameters["epsilon"]
    assert isinstance(sentence, Said)
    assert float(str(sentence.parameters["epsilon"])) >= epsilon(
        Rho(Fraction(1, 100)), CHARTER.delta
    )


def test_the_first_answer_of_a_series_is_told_to_pay_for_all_of_them() -> None:
    found = said(turn=at(1))
    assert "answer 1 of 36" in found["series.release"].text
    assert "pays for the whole series" in found["series.first"].text
    assert "ρ = 1/100" in found["cost.rho"].text


def test_a_later_answer_of_a_series_is_told_to_take_nothing_and_to_have_been_paid() -> None:
    found = said(turn=at(2), price=Fraction(0), paid=PAID)
    assert "paid for already, at ρ = 1/100" in found["series.later"].text
    assert "ρ = 0" in found["cost.nothing"].text
    assert not {"cost.rho", "cost.of_year", "worst.collusion"} & found.keys()


def test_another_attempt_at_an_answer_is_told_at_what_it_takes_on_top_of_what_was_paid() -> None:
    found = said(turn=at(2), price=Fraction(1, 250), paid=PAID)
    assert "paid for again" in found["series.again"].text
    assert "ρ = 1/250" in found["cost.rho"].text
    assert "ρ = 7/500" in found["cost.series"].text  # 1/100 and 1/250
    assert "4 % of a year's allowance (ρ = 1/10), and 8 % of what is left" in (
        found["cost.of_year"].text
    )
    assert "ρ = 2/125" in found["worst.collusion"].text  # four members


def test_where_the_policy_cannot_be_read_nothing_is_said_of_what_is_left() -> None:
    found = said(purse=None)
    assert "policy.toml cannot be read" in found["cost.left_unknown"].text
    assert not {"cost.of_year", "cost.of_all", "cost.too_much"} & found.keys()


@pytest.mark.parametrize(
    "name",
    ["IOM", "МОМ", "Δ 4", "Ministère de l’Intérieur", "الشرطة 7", "東京と", "", "12 — 3"],
)
def test_a_name_in_one_alphabet_is_shown_without_any_remark(name: str) -> None:
    assert not odd_letters([name])


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("IОM", "О (Cyrillic)"),
        ("IOΜ", "Μ (Greek)"),
        ("Μиниcтерство", "Μ (Greek), c (Latin)"),
        ("ＩОM", "О (Cyrillic)"),
        ("ոrganisation", "ո (Armenian)"),
    ],
)
def test_letters_of_another_alphabet_in_a_name_are_named(name: str, odd: str) -> None:
    assert odd_letters([name]) == odd
    found = said(organisation=name, purpose=f"report of {name}")
    assert odd in found["who.mixed"].text
    assert odd in found["why.mixed"].text


def test_a_purpose_may_name_somebody_in_another_alphabet() -> None:
    assert "why.mixed" not in said(purpose="доклад за IOM")
    assert "who.mixed" not in said(purpose="доклад за IOM")


def test_what_an_approval_names_changes_with_every_word_but_not_with_what_is_left() -> None:
    def shown(purse: Purse | None = PURSE, **changes: Any) -> str:
        return shown_digest(asked(PLAIN, **changes), tuple(said(purse=purse, **changes).values()))

    assert shown() == shown(replace(PURSE, left=Fraction(1, 200))) == shown(None)
    assert len({shown(), shown(purpose="another"), shown(price=Fraction(1, 250))}) == 3
    words = tuple(said().values())
    assert shown_digest(asked(PLAIN), words[1:]) != shown()


def test_what_costs_more_than_is_left_is_said() -> None:
    assert "cost.too_much" not in said()
    assert "cost.too_much" in said(purse=replace(PURSE, left=Fraction(1, 200)))


def test_nobody_and_nothing_named_is_said_to_be_so() -> None:
    assert {"who.unnamed", "why.unsaid"} <= said(organisation="", purpose="").keys()


def test_who_approved_is_said() -> None:
    waiting = Waiting(
        id="a1",
        asked=asked(PLAIN),
        session=SESSION,
        since=0,
        until=1,
        last=0,
        needs=2,
        words=(Word(PersonName("anna"), approves=True, at=0),),
    )
    assert [one.text for one in describe_people(waiting)] == [
        "2 different people have to approve it.",
        "Approved so far by anna.",
    ]


def parts(one: Said) -> Iterator[Said]:
    yield one
    for value in one.parameters.values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Said):
                yield from parts(part)


def test_each_sentence_is_given_exactly_the_parameters_that_its_words_name() -> None:
    shown = [
        *said().values(),
        *said("SELECT AVG(age) FROM persons WHERE age BETWEEN 3 AND 9").values(),
        *said("SELECT SUM(age) FROM persons", organisation="", purpose="").values(),
        *said("SELECT HISTOGRAM(age) FROM persons", scope=Scope.PER_COUNTRY).values(),
        *said(turn=at(1), organisation="IО", purpose="а rеport").values(),
        *said(turn=at(2), price=Fraction(0)).values(),
        *said(purse=None, turn=at(2), price=PAID / 3, paid=PAID).values(),
    ]
    for one in (part for sentence in shown for part in parts(sentence)):
        named = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[one.id]) if name}
        assert named == set(one.parameters), one.id
