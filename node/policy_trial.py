"""What other rules would have decided: of questions that came, and of one that may come.

The journal's `proposed` entries hold what a policy looks at, so that every question of the past can
be put to any policy. Entries of before that was recorded lack it: what they would have met is
unknown, and is said to be. Nothing here looks at data, reserves or asks anybody.

A rule decides whether people are asked; what they are asked to pay is the ledger's word. So each
line says the price: of a question that came, as it was then, of a supposed one, as it would be now.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from corridor.node.journal import JournalRow
from corridor.node.policy import Policy, QuestionFacts, Verdict
from corridor.node.views import PolicyTrial, TrialLine
from corridor.protocols.secure_sum.messages import Scope

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A question that nobody has asked, to be put to a policy.

    Attributes:
        every, periods: of a standing series, how often and how many times; None and 0 of none.
    """

    sql: str
    rho: Fraction
    scope: Scope = Scope.REGIONAL
    purpose: str = ""
    organisation: str = ""
    every: str | None = None
    periods: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """One question, as often as it came.

    Attributes:
        facts: None where the journal does not hold them.
        then: how the node answered it last.
        price: what the ledger would have taken for it then; None where nobody can tell any more.
        price_repeat: of a supposed series, what one more attempt at an answer would take.
    """

    at: datetime
    question: str
    organisation: str
    purpose: str
    rho: Fraction
    scope: str
    facts: QuestionFacts | None
    then: str
    times: int
    price: Fraction | None = None
    price_repeat: Fraction | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two proposals the same question, to a policy and to people."""
        return self.question, str(self.rho), self.scope, self.organisation, self.purpose


def questions_of(rows: Iterable[JournalRow], since: datetime | None = None) -> list[Tried]:
    """The questions that were proposed, the newest first, each once; those since then."""
    found: dict[tuple[str, ...], Tried] = {}
    asked: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.kind == "proposed" and (since is None or row.at >= since):
            tried = _tried(row)
            key: tuple[str, ...] = (
                tried.question,
                str(tried.rho),
                tried.scope,
                tried.organisation,
                tried.purpose,
            )
            before = found.pop(key, None)  # moves to the end: it came now
            found[key] = replace(tried, times=1 + (0 if before is None else before.times))
            asked[row.session] = key
        elif row.kind in {"accepted", "refused"} and row.session in asked:
            key = asked[row.session]
            then = "accepted" if row.kind == "accepted" else str(row.details.get("code", ""))
            found[key] = replace(found[key], then=then)
    return list(reversed(found.values()))


def _tried(row: JournalRow) -> Tried:
    details = row.details
    # Entries of before prices: a question by itself costs its ρ.
    price = details.get("price", None if details.get("series", True) else details["rho"])
    return Tried(
        at=row.at,
        question=str(details.get("question", "")),
        organisation=str(details.get("organisation", "")),
        purpose=str(details.get("purpose", "")),
        rho=Fraction(str(details.get("rho", "0"))),
        scope=str(details.get("scope", "")),
        facts=_facts(details),
        then="",
        times=1,
        price=None if price is None else Fraction(str(price)),
    )


def _facts(details: Mapping[str, Any]) -> QuestionFacts | None:
    """What a policy looks at; None of an entry that does not hold it."""
    if "tables" not in details:
        return None
    return QuestionFacts(
        tables=frozenset(details["tables"]),
        fields=frozenset(details["fields"]),
        cells=int(details["cells"]),
        rho=Fraction(details["rho"]),
        scope=Scope(details["scope"]),
        purpose=details["purpose"],
        organisation=details["organisation"],
        minors=details["minors"],
        series=details["series"],
    )


def outcome(policy: Policy, facts: QuestionFacts | None) -> tuple[str, str]:
    """What a policy decides, in a word, and which rule does it, with its line."""
    if facts is None:
        return UNKNOWN, ""
    rule = policy.decide(facts)
    if rule is None:
        return Verdict.REFUSE.value, "no rule fits"
    where = f"rule {rule.number}, line {rule.line}"
    if rule.verdict is Verdict.ASK:
        people = policy.people_needed(rule, facts)
        return f"ask {people}", where
    return rule.verdict.value, where


@dataclass(frozen=True, slots=True)
class Left:
    """ρ that is left this year under the policy that there is, and would be under another."""

    now: Fraction
    then: Fraction


def _text(price: Fraction | None) -> str:
    return "" if price is None else str(price)


def reason_of(policy: Policy, facts: QuestionFacts | None) -> str:
    """The authority's own words for the rule that decides; empty where there are none."""
    rule = None if facts is None else policy.decide(facts)
    return "" if rule is None else rule.reason


def trial(
    questions: Iterable[Tried], now: Policy, other: Policy, left: Left | None = None
) -> PolicyTrial:
    """What each question meets under the policy that there is, and would meet under another.

    `left` is for questions that may come: what is left now says nothing of those that came.
    """
    lines = []
    for one in questions:
        (verdict, rule), (would, other_rule) = outcome(now, one.facts), outcome(other, one.facts)
        lines.append(
            TrialLine(
                at=one.at.isoformat(timespec="seconds"),
                question=one.question,
                organisation=one.organisation,
                purpose=one.purpose,
                rho=str(one.rho),
                scope=one.scope,
                minors=one.facts is not None and one.facts.minors,
                times=one.times,
                then=one.then,
                verdict=verdict,
                rule=rule,
                reason=reason_of(now, one.facts),
                would_reason=reason_of(other, one.facts),
                would=would,
                would_rule=other_rule,
                price=_text(one.price),
                price_repeat=_text(one.price_repeat),
                left="" if left is None else str(left.now),
                would_left="" if left is None else str(left.then),
            )
        )
    return PolicyTrial(tuple(lines))
