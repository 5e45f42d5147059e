"""What people are shown of a question: all that leaves, what it costs, and nothing smaller."""

import string
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from corridor.ids import EditionId
from corridor.node.approvals import Asked, PersonName, Waiting, Word
from corridor.node.plain_words import SENTENCES, Purse, Said, describe, describe_people
from corridor.node.question_desk import facts_of
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.sql import parse_sql
from support.catalogue import catalogue
from support.node_region import SESSION, charter_of_four

CHARTER = charter_of_four()
DOMAINS = make_domains(catalogue(), CHARTER)
PURSE = Purse(Fraction(1, 10), Fraction(1, 20), Fraction(1), Fraction(1, 2))
PLAIN = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


def asked(sql: str, **changes: Any) -> Asked:
    question = parse_sql(sql, DOMAINS)
    plan = compile_plan(question, DOMAINS)
    found = Asked(
        question=question.encode(),
        plan=plan.digest,
        charter=CHARTER.digest,
        rho=Fraction(1, 100),
        scope=Scope.REGIONAL,
        organisation="IOM",
        purpose="annual report",
        edition=EditionId("1-" + "a" * 16),
        consent_rule="htcds-consent",
        statement="",
    )
    return replace(found, **changes)


def said(sql: str = PLAIN, purse: Purse = PURSE, **changes: Any) -> dict[str, Said]:
    one = asked(sql, **changes)
    question = parse_sql(sql, DOMAINS)
    plan = compile_plan(question, DOMAINS)
    facts = facts_of(question, plan, one)
    words = describe(one, plan=plan, facts=facts, domains=DOMAINS, charter=CHARTER, purse=purse)
    return {sentence.id: sentence for sentence in words}


def test_it_says_who_why_what_how_much_and_the_worst_case() -> None:
    found = said()
    assert found["who.organisation"].text.startswith("IOM asks")
    assert "annual report" in found["why.purpose"].text
    assert "region's sum" in found["leaves.regional"].text
    assert found["table.persons"].text == "How many persons, by gender."
    assert "ρ = 1/100" in found["cost.rho"].text
    assert "10 % of a year's allowance (ρ = 1/10), of which ρ = 1/20 is left" in (
        found["cost.of_year"].text
    )
    assert "1 % of the allowance for all time (ρ = 1), of which ρ = 1/2 is left" in (
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
    shown = said(rho=Fraction(1, 333))["cost.of_year"].parameters["percent"]
    assert Fraction(str(shown)) >= 100 * Fraction(1, 333) / PURSE.per_year
    sentence = said()["cost.rho"].parameters["epsilon"]
    assert isinstance(sentence, Said)
    assert float(str(sentence.parameters["epsilon"])) >= epsilon(
        Rho(Fraction(1, 100)), CHARTER.delta
    )


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
    ]
    for one in (part for sentence in shown for part in parts(sentence)):
        named = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[one.id]) if name}
        assert named == set(one.parameters), one.id
