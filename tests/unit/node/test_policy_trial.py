"""What a policy would have decided of the questions of the journal; and the ready-made policies."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.policy import UnknownPolicyError
from corridor.ids import CountryCode, SessionId
from corridor.node.app import ready_made_policy
from corridor.node.policies import NAMES, applied
from corridor.node.policy import DEFAULT_POLICY, QuestionFacts, Verdict, parse_policy
from corridor.node.policy_trial import outcome, questions_of, trial
from corridor.privacy.continual import Series
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.question import Every, Turn
from support.ledgers import TestClock
from support.node_region import RealNode, by_gender, charter_of_four, make_proposal

CHARTER = charter_of_four()
REFUSING = parse_policy('[[rule]]\nverdict = "refuse"\n')
FACTS = QuestionFacts(
    tables=frozenset({"persons"}),
    fields=frozenset({"gender"}),
    cells=4,
    rho=Fraction(1, 1000),
    scope=Scope.REGIONAL,
    purpose="annual report",
    organisation="IOM",
    minors=False,
)
ABOUT_CHILDREN = replace(FACTS, fields=frozenset({"minor"}), minors=True)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RealNode]:
    node = RealNode(tmp_path / "RO", CountryCode("RO"), CHARTER, TestClock())
    yield node
    node.close()


def propose(node: RealNode, number: int, **changes: Any) -> None:
    session = SessionId(number.to_bytes(16, "big"))
    node.hear(make_proposal(CHARTER, node.clock(), session=session, **changes), session)


def test_each_question_of_the_journal_meets_the_rule_that_it_met(node: RealNode) -> None:
    propose(node, 1)
    propose(node, 2, rho=Fraction(1, 30))
    found = trial(questions_of(node.journal.rows()), node.policy, REFUSING)
    assert [(line.verdict, line.then, line.would) for line in found.lines] == [
        ("refuse", "policy.refuses", "refuse"),
        ("allow", "accepted", "refuse"),
    ]
    assert [line.changes for line in found.lines] == [False, True]
    assert found.lines[0].rule.startswith("rule 3, line ")
    assert found.summary == {("refuse", "refuse"): 1, ("allow", "refuse"): 1}
    json.dumps(found.document)


def test_a_question_that_came_is_told_at_the_price_that_it_had(node: RealNode) -> None:
    propose(node, 1)
    part = by_gender().at(Turn(every=Every.MONTH, start=date(2026, 3, 1), periods=6, period=1))
    propose(node, 2, asked=part)
    repeat = Fraction(1, 100) * Series(6).price_of_repeat
    node.ledger.debit(SessionId((2).to_bytes(16, "big")), Fraction(1))
    propose(node, 3, asked=part, purpose="once more")
    lines = trial(questions_of(node.journal.rows()), node.policy, node.policy).lines
    assert [Fraction(one.price) for one in lines] == [repeat, Fraction(1, 100), Fraction(1, 100)]
    assert {one.rho for one in lines} == {"1/100"}
    assert not any(one.is_too_dear or one.would_be_too_dear for one in lines)


def test_a_question_that_is_proposed_again_and_again_is_one_question(node: RealNode) -> None:
    for number in range(1, 6):
        propose(node, number)
    propose(node, 9, purpose="something else")
    (other, same) = questions_of(node.journal.rows())
    assert (same.times, other.times) == (5, 1)


def test_entries_from_before_the_facts_were_recorded_are_said_to_be_unknown(
    node: RealNode,
) -> None:
    proposal = make_proposal(CHARTER, node.clock())
    node.journal.proposed(proposal)
    (line,) = trial(questions_of(node.journal.rows()), node.policy, REFUSING).lines
    assert (line.verdict, line.would, line.changes) == ("unknown", "unknown", False)


def test_only_the_days_that_are_asked_for_are_looked_at(node: RealNode) -> None:
    propose(node, 1)
    node.clock.advance(timedelta(days=2))
    propose(node, 2, purpose="today")
    since = node.clock() - timedelta(days=1)
    assert [one.purpose for one in questions_of(node.journal.rows(), since)] == ["today"]


def test_a_forged_proposal_leaves_no_facts_and_compiles_nothing(node: RealNode) -> None:
    session = SessionId(bytes(16))
    proposal = make_proposal(CHARTER, node.clock(), session=session)
    node.hear(replace(proposal, signature=bytes(64)), session)  # type: ignore[arg-type]
    (one,) = questions_of(node.journal.rows())
    assert (one.facts, one.then) == (None, "node.forged_proposal")


# ---------------------------------------------------------------- ready-made policies


def text_of(name: str) -> str:
    return applied(name, ready_made_policy(name), DEFAULT_POLICY)


@pytest.mark.parametrize("name", NAMES)
def test_every_ready_made_policy_can_be_read(name: str) -> None:
    assert parse_policy(text_of(name)).rules


@pytest.mark.parametrize(
    ("name", "plain", "children", "alone", "series"),
    [
        ("cautious", "ask 1", "ask 2", "refuse", "refuse"),
        ("standard", "allow", "allow", "refuse", "allow"),
        ("open", "allow", "allow", "ask 2", "allow"),
        ("minors", "allow", "ask 2", "refuse", "allow"),
    ],
)
def test_what_each_ready_made_policy_decides(
    name: str, plain: str, children: str, alone: str, series: str
) -> None:
    policy = parse_policy(text_of(name))
    asked = [
        FACTS,
        ABOUT_CHILDREN,
        replace(FACTS, scope=Scope.PER_COUNTRY),
        replace(FACTS, series=True),
    ]
    assert [outcome(policy, facts)[0] for facts in asked] == [plain, children, alone, series]


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": 501},
        {"rho": Fraction(1, 499)},
        {"scope": Scope.PER_COUNTRY},
        {"series": True},
        {"organisation": "somebody"},
    ],
)
def test_the_stricter_rules_for_minors_say_who_may_ask_how_fine_and_how_much(
    changes: dict[str, Any],
) -> None:
    policy = parse_policy(text_of("minors"))
    assert outcome(policy, replace(ABOUT_CHILDREN, **changes))[0] == Verdict.REFUSE


def test_rules_for_minors_stand_before_those_that_there_are_and_only_once() -> None:
    once = text_of("minors")
    assert applied("minors", ready_made_policy("minors"), once) == once
    assert len(parse_policy(once).rules) == len(parse_policy(DEFAULT_POLICY).rules) + 6
    allowing = "[allowance]\nper_year = '1/10'\n# mine\n[[rule]]\nverdict = 'allow'\n"
    own = applied("minors", ready_made_policy("minors"), allowing)
    assert parse_policy(own).rules[-1].verdict is Verdict.ALLOW
    assert own.endswith("# mine\n[[rule]]\nverdict = 'allow'\n")


def test_a_policy_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownPolicyError, match="cautious, standard, open, minors"):
        ready_made_policy("lenient")
