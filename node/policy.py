"""What may be asked at this node: `policy.toml`, written by the authority and by nobody else.

Rules stand in order, and the first whose conditions all hold decides: `allow`, `ask` or `refuse`.
Where none fits, the question is refused. Conditions look at the question alone, never at data,
so a refusal tells nothing about anybody (ATTACKS 6). A rule that allows or asks and names no scope
is of the region's sums alone: figures under a country's own name must be named. Purpose and
organisation are the coordinator's word: good for order, no protection.

So is one that does not name series: they are paid for whole, last for years, and keep keys of whom
they counted.

`ask` waits for people of the authority (`node.approval_desk`): for one, or for two where the rule
says so or ρ is above `two_above`. An unknown key is an error, with its line: a misspelt condition
must not quietly hold always. A file with an error keeps a node from starting; one that serves goes
on under the rules that it read before (`node.policy_in_force`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from corridor.errors.policy import PolicyError, PolicyRefusesError
from corridor.node.shares import Kind, Share
from corridor.protocols.secure_sum.messages import Scope

AGE_FIELDS = frozenset({"age", "age_band", "minor"})
"""With one of these in a question, children can be told from adults in the answer."""


class Verdict(StrEnum):
    """What a rule decides."""

    ALLOW = "allow"
    ASK = "ask"
    REFUSE = "refuse"


class ConsentRule(StrEnum):
    """Which cases are counted; every release names the rule of every node."""

    HTCDS_CONSENT = "htcds-consent"
    OTHER_LEGAL_BASIS = "other-legal-basis"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFacts:
    """What a rule may look at.

    Attributes:
        tables: the virtual tables asked: persons, corridors, legs, services.
        fields: every field that is grouped by, filtered by or summed.
        cells: how many figures the answer has.
        minors: whether a figure can be told apart by age: an age field occurs in it.
        series: whether it is a release of a standing series; ρ is that of all releases then.
    """

    tables: frozenset[str]
    fields: frozenset[str]
    cells: int
    rho: Fraction
    scope: Scope
    purpose: str
    organisation: str
    minors: bool
    series: bool = False

    @property
    def ages(self) -> frozenset[str]:
        """The fields by which children can be told from adults."""
        return self.fields & AGE_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """All that are given must hold; None says nothing.

    Attributes:
        tables: the question asks no other tables.
        fields: the question uses one of these fields at least.
        scope: the question's is one of these; `parse_policy` gives it to every rule that allows
            or asks.
        purpose, organisation: contain one of these texts, whatever the case.
    """

    tables: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    cells_above: int | None = None
    cells_at_most: int | None = None
    rho_above: Fraction | None = None
    rho_at_most: Fraction | None = None
    scope: frozenset[str] | None = None
    purpose: tuple[str, ...] | None = None
    organisation: tuple[str, ...] | None = None
    minors: bool | None = None
    series: bool | None = None

    def hold(self, facts: QuestionFacts) -> bool:
        """Whether every condition given holds for `facts`."""
        return all(
            (
                self.tables is None or facts.tables <= self.tables,
                self.fields is None or bool(facts.fields & self.fields),
                self.cells_above is None or facts.cells > self.cells_above,
                self.cells_at_most is None or facts.cells <= self.cells_at_most,
                self.rho_above is None or facts.rho > self.rho_above,
                self.rho_at_most is None or facts.rho <= self.rho_at_most,
                self.scope is None or facts.scope.value in self.scope,
                self.purpose is None or _contains(facts.purpose, self.purpose),
                self.organisation is None or _contains(facts.organisation, self.organisation),
                self.minors is None or facts.minors is self.minors,
                self.series is None or facts.series is self.series,
            )
        )

    def __str__(self) -> str:
        """For people: `cells_above 500, minors yes`."""
        words = [
            f"{name.replace('_', ' ')} {_show(value)}"
            for name in CONDITIONS
            if (value := getattr(self, name)) is not None
        ]
        return ", ".join(words) if words else "always"


CONDITIONS = tuple(Conditions.__dataclass_fields__)
"""The names that may stand behind `when.`"""

UNNAMED_SCOPE = frozenset({Scope.REGIONAL.value})
"""The scope of a rule that allows or asks and names none; one that refuses is of every scope."""


MOST_APPROVALS = 2
"""So many different people a rule may want; four eyes, and no committee."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file.

    Attributes:
        number, line: its place among the rules, from 1, and in the file.
        reason: the authority's own words, told to whoever is refused.
        approvals: how many people approve at least, where it asks.
    """

    number: int
    line: int
    verdict: Verdict
    when: Conditions
    reason: str
    approvals: int = 1

    @property
    def decides(self) -> str:
        """Its verdict, for people: `ask 2 people`."""
        if self.verdict is not Verdict.ASK or self.approvals == 1:
            return self.verdict.value
        return f"{self.verdict.value} {self.approvals} people"

    @property
    def where(self) -> str:
        """Where it stands, for people."""
        return f"policy rule {self.number} (policy.toml, line {self.line})"


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """What holds for every question that people are asked about.

    Attributes:
        two_above: above this ρ two different people approve, whatever the rule says.
        valid_days: how long a question waits, and its approval holds, from when it came.
        most_waiting: so many wait at once; what comes then is refused.
    """

    two_above: Fraction = Fraction(1, 100)
    valid_days: int = 14
    most_waiting: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy.

    Attributes:
        per_year, all_time: ρ that this node may spend, over all askers.
        lost_per_day: of it, what attempts without an answer may cost in a day.
        shares: of a year's, what organisations and purposes may take.
        replies_after: seconds after which what was counted leaves at the earliest.
        statement: the legal basis, where it is not the victims' consent; shown to people here.
        reference: the same in one word, which every release names.
    """

    rules: tuple[Rule, ...]
    per_year: Fraction
    all_time: Fraction
    lost_per_day: Fraction
    consent_rule: ConsentRule
    statement: str
    replies_after: Fraction
    shares: tuple[Share, ...] = ()
    approvals: ApprovalTerms = ApprovalTerms()
    reference: str = ""

    @property
    def published_rule(self) -> str:
        """The rule of consent as acceptances and releases name it, with the legal basis."""
        rule = self.consent_rule.value
        return f"{rule}.{self.reference}" if self.reference else rule

    def decide(self, facts: QuestionFacts) -> Rule | None:
        """The first rule that fits; None where none does, which refuses."""
        return next((rule for rule in self.rules if rule.when.hold(facts)), None)

    def check(self, facts: QuestionFacts) -> Rule:
        """The rule that allows the question, or wants people to approve it.

        Raises:
            PolicyRefusesError: a rule refuses, or none fits. The message names the rule and its
                line. Nothing was reserved.
        """
        rule = self.decide(facts)
        if rule is None:
            raise PolicyRefusesError(
                "no rule of this node's policy fits the question, so it is refused; nothing was "
                "reserved. An administrator of this node can add one to policy.toml."
            )
        if rule.verdict is Verdict.REFUSE:
            reason = f": {rule.reason}" if rule.reason else ""
            raise PolicyRefusesError(
                f"{rule.where} refuses the question{reason}; nothing was reserved. An "
                "administrator of this node can change it."
            )
        return rule

    def people_needed(self, rule: Rule, facts: QuestionFacts) -> int:
        """How many different people have to approve what this rule decided; 0 where it allows."""
        if rule.verdict is not Verdict.ASK:
            return 0
        return max(rule.approvals, 2 if facts.rho > self.approvals.two_above else 1)


DEFAULT_POLICY = """\
# What may be asked at this node. The first [[rule]] whose conditions all hold decides; where none
# fits, the question is refused. `corridor node policy` checks this file and shows the rules, and
# `corridor node policy test` what they would have decided of the questions that came so far. A node
# that serves reads it again when it is changed; one that cannot be read leaves the old rules.

[allowance]
# Privacy loss (rho) that may be spent on each person in your data, over all askers.
per_year = "1/10"
all_time = "1"
# When attempts that gave no answer have cost as much in a day, nothing is answered until the next:
# somebody may be burning the allowance on purpose. A quarter of the year's, if left out.
lost_per_day = "1/40"
# Of a year's allowance, what questions that tell ages apart may take, whoever asks (the node sees
# for itself which do). All of it, if left out.
# minors = "1/50"

# Of a year's allowance, what one organisation or purpose may take, so that one asker cannot use up
# what all others would ask with. A name fits whoever's word contains it; "*" is each other one, by
# itself. Organisation and purpose are the coordinator's word, and askers may talk to each other: a
# share protects nobody; the allowance above does.
# [allowance.organisations]
# "IOM" = "1/20"
# "*" = "1/50"
# [allowance.purposes]
# "annual report" = "1/20"

[consent]
# "htcds-consent": only cases with con_Consent, and without a refusal in
# vic_AgreementToManagePersonalData. "other-legal-basis": all cases; every release says so. Then
# say which one in `statement`, for your people, and in one word in `reference`, as in
# "act-12-2019.art-4", which every release names.
basis = "htcds-consent"

[replies]
# How long counting takes depends on your data, so its result leaves at a fixed time after it was
# asked for: after so many seconds, or where counting took longer, after twice, four times as many,
# and so on. Choose it so that counting is always quicker; `corridor node doctor` says if it was.
after_seconds = "1/2"

# A rule whose verdict is "ask" waits for people: `corridor node approvals` shows what waits. One
# person suffices, and two different ones where rho is above `two_above` or the rule says
# `approvals = 2`. What nobody answered within `valid_days`, or was asked of older data, is over.
[approvals]
two_above = "1/100"
valid_days = 14

# Questions that tell ages apart stay coarse.
[[rule]]
verdict = "refuse"
when.minors = true
when.cells_above = 2000
reason = "too fine a question about ages"

# A standing series answers every month, quarter or year, and is paid for whole with its first
# release; the answers of later years are among what this year paid for. While it lasts, keys of
# those it counted are kept here, also if their cases are erased. No series takes more than half of
# the year's allowance. A rule that allows and does not say `when.series = true` allows none.
[[rule]]
verdict = "refuse"
when.series = true
when.rho_above = "1/20"
reason = "too expensive for one series"

# No other single question takes more than a fifth of it.
[[rule]]
verdict = "refuse"
when.series = false
when.rho_above = "1/50"
reason = "too expensive for one question"

# Figures of this country alone, published under its name. They protect each person as a sum at the
# same rho does, but everybody sees this country's numbers, and they cost their own rho beside the
# region's. Write "allow" (perhaps with when.cells_at_most or when.rho_at_most) only after your
# authority has decided so. A rule that allows and names no scope is of the region's sums alone; one
# that refuses and names none is of both.
[[rule]]
verdict = "refuse"
when.scope = ["per-country"]
reason = "no figures of this country alone"

[[rule]]
verdict = "allow"
when.series = true
when.scope = ["regional"]

[[rule]]
verdict = "allow"
when.scope = ["regional"]
"""
"""What `corridor node init` writes."""


KEYS_EXPLAINED = """\

# ---------------------------------------------------------------- what each key of a rule means
# verdict       "allow", "ask" (people of the authority approve first) or "refuse".
# approvals     only beside "ask": how many different people have to approve, 1 or 2; 1 if left out.
#               Above `two_above` of [approvals] it is 2, whatever the rule says.
# reason        your own words, told to whoever is refused.
#
# A rule decides where every condition below that it names holds; one without any always does.
# when.tables           the question asks none but these tables: persons, corridors, legs, services.
#                       when.tables = ["persons"]
# when.fields           it groups by, filters by or sums at least one of these fields, named as
#                       questions name them: gender, exploitation, recruited_in, age and so on.
#                       when.fields = ["age", "age_band", "minor"]
# when.cells_above      the answer has more figures than this: when.cells_above = 500
# when.cells_at_most    it has at most so many: when.cells_at_most = 100
# when.rho_above        it costs more than this, of a series all answers together:
#                       when.rho_above = "1/50"
# when.rho_at_most      it costs at most this: when.rho_at_most = "1/200"
# when.scope            it asks for the region's sum ("regional"), or for this country's own figures
#                       ("per-country"). A rule that allows or asks and names no scope is of
#                       "regional" alone.
# when.purpose          its purpose contains one of these texts, in capitals or not:
#                       when.purpose = ["annual report"]
# when.organisation     the asker's organisation contains one of these texts: ["IOM"]. Like the
#                       purpose it is the coordinator's word: good for order, no protection.
# when.minors           true: children can be told from adults in the answer; false: they cannot.
# when.series           true: it is a standing series; false: it is none. A rule that allows or asks
#                       and does not say it is of single questions alone.
#
# Beside the rules: [allowance] per_year, all_time, lost_per_day, minors, [allowance.organisations],
# [allowance.purposes]; [consent] basis, statement, reference; [replies] after_seconds; [approvals]
# two_above, valid_days, and most_waiting (so many questions wait at once; 50 if left out).
"""
"""What `corridor node policy --edit-help` adds to a new node's policy: every key there is."""


REPLIES_AFTER = Fraction(1, 2)
"""Seconds of the first slot where the file names none: an edition of a million cases is counted."""

SHORTEST_SLOT = Fraction(1, 100)
LONGEST_SLOT = Fraction(60)
"""A third of the usual deadline of the round, so that the next slot is in time, too."""

REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""A legal basis in one word: what the wire carries as a rule of consent has 64 letters."""

MOST_DAYS = 365
MOST_WAITING = 1000

SHARE_TABLES = {Kind.ORGANISATION: "organisations", Kind.PURPOSE: "purposes"}
"""The tables below `[allowance]` that hold shares."""


IN_FORCE = "Until it is mended a node that serves keeps its old rules, and none starts."
NOT_IN_FORCE = "Nothing was changed: the policy in force is another."


def parse_policy(text: str, name: str = "policy.toml", left: str = IN_FORCE) -> Policy:
    """Read a policy file.

    Args:
        text: the file.
        name: how its reader knows it, for messages.
        left: how things are where it cannot be read: a node's own file keeps it from starting, a
            text that somebody only tries (`NOT_IN_FORCE`) does nothing.

    Raises:
        PolicyError: not TOML, an unknown key or a wrong value; names the line.
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{name}: {error}. {left}") from error
    reader = _Reader(text, name, left)
    reader.refuse_unknown(values, {"allowance", "approvals", "consent", "replies", "rule"}, "")
    allowance = reader.table(values, "allowance")
    reader.refuse_unknown(
        allowance,
        {"per_year", "all_time", "lost_per_day", Kind.MINORS, *SHARE_TABLES.values()},
        "[allowance]",
    )
    consent = reader.table(values, "consent")
    reader.refuse_unknown(consent, {"basis", "statement", "reference"}, "[consent]")
    rule = _consent_rule(consent, reader)
    per_year = reader.amount(allowance, "per_year", "[allowance]", Fraction(1, 10))
    replies = reader.table(values, "replies")
    reader.refuse_unknown(replies, {"after_seconds"}, "[replies]")
    return Policy(
        rules=tuple(
            reader.rule(number, entry) for number, entry in enumerate(reader.rules(values), start=1)
        ),
        per_year=per_year,
        all_time=reader.amount(allowance, "all_time", "[allowance]", Fraction(1)),
        lost_per_day=reader.amount(allowance, "lost_per_day", "[allowance]", per_year / 4),
        shares=(
            *(share for kind in SHARE_TABLES for share in reader.shares(allowance, kind)),
            *reader.share_of_minors(allowance),
        ),
        consent_rule=rule,
        statement=str(consent.get("statement", "")),
        reference=_reference(consent, rule, reader),
        replies_after=_replies_after(replies, reader),
        approvals=_approval_terms(reader.table(values, "approvals"), reader),
    )


def _approval_terms(table: Mapping[str, Any], reader: "_Reader") -> ApprovalTerms:
    section, usual = "[approvals]", ApprovalTerms()
    reader.refuse_unknown(table, set(ApprovalTerms.__dataclass_fields__), section)
    return ApprovalTerms(
        reader.amount(table, "two_above", section, usual.two_above),
        reader.whole(table, "valid_days", (section, 1), usual.valid_days, MOST_DAYS),
        reader.whole(table, "most_waiting", (section, 1), usual.most_waiting, MOST_WAITING),
    )


def _replies_after(replies: Mapping[str, Any], reader: "_Reader") -> Fraction:
    seconds = reader.amount(replies, "after_seconds", "[replies]", REPLIES_AFTER)
    if not SHORTEST_SLOT <= seconds <= LONGEST_SLOT:
        raise reader.error(
            "after_seconds", "[replies]", f"must be from {SHORTEST_SLOT} to {LONGEST_SLOT} seconds"
        )
    return seconds


def _consent_rule(consent: Mapping[str, Any], reader: "_Reader") -> ConsentRule:
    basis = consent.get("basis", ConsentRule.HTCDS_CONSENT.value)
    if basis not in set(ConsentRule):
        raise reader.error(
            "basis", "[consent]", f"must be one of {', '.join(sorted(ConsentRule))}, not {basis!r}"
        )
    if basis == ConsentRule.OTHER_LEGAL_BASIS and not consent.get("statement"):
        raise reader.error(
            "basis", "[consent]", 'needs a "statement" beside it that says which legal basis'
        )
    return ConsentRule(basis)


def _reference(consent: Mapping[str, Any], rule: ConsentRule, reader: "_Reader") -> str:
    if "reference" not in consent:
        return ""
    reference = consent["reference"]
    if rule is not ConsentRule.OTHER_LEGAL_BASIS:
        raise reader.error("reference", "[consent]", "stands only beside another legal basis")
    if not isinstance(reference, str) or REFERENCE.fullmatch(reference) is None:
        problem = 'must be 1 to 40 letters, digits, dots and dashes, as in "act-12-2019.art-4"'
        raise reader.error("reference", "[consent]", problem)
    return reference


class _Reader:
    """Reads values and knows in which line they stand."""

    def __init__(self, text: str, name: str, left: str) -> None:
        self._name, self._left = name, left
        self._lines = text.splitlines()
        self._rule_lines = [
            number
            for number, line in enumerate(self._lines, start=1)
            if re.fullmatch(r"\s*\[\[\s*rule\s*\]\]\s*(#.*)?", line)
        ]

    def line_of(self, key: str, section: str, first: int = 1) -> int:
        """The line of `key` from line `first` on, or of the section, or 1."""
        found = 1
        for number, line in enumerate(self._lines[first - 1 :], start=first):
            if re.match(rf"\s*\[{{0,2}}(when\s*\.\s*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]", line):
                return number
            if section and line.strip().startswith(section) and found == 1:
                found = number
        return max(found, first)

    def error(self, key: str, section: str, problem: str, first: int = 1) -> PolicyError:
        line = self.line_of(key, section, first)
        return PolicyError(f'{self._name}, line {line}: "{key}" {problem}. {self._left}')

    def refuse_unknown(
        self, values: Mapping[str, Any], known: set[str], section: str, first: int = 1
    ) -> None:
        for key in values:
            if key not in known:
                raise self.error(
                    key, section, f"is not known here; known are {', '.join(sorted(known))}", first
                )

    def table(self, values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        table = values.get(key, {})
        if not isinstance(table, dict):
            raise self.error(key, "", f"must be a table: [{key}]")
        return table

    def rules(self, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        rules = values.get("rule", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise self.error("rule", "", "must be a list of tables: [[rule]]")
        if len(rules) != len(self._rule_lines):
            raise self.error("rule", "", "must be written as [[rule]], each on a line of its own")
        return rules

    def rule(self, number: int, entry: Mapping[str, Any]) -> Rule:
        first = self._rule_lines[number - 1]
        self.refuse_unknown(entry, {"verdict", "when", "reason", "approvals"}, "", first)
        verdict = entry.get("verdict")
        if verdict not in set(Verdict):
            raise self.error("verdict", "", "must be allow, ask or refuse", first)
        when = entry.get("when", {})
        if not isinstance(when, dict):
            raise self.error("when", "", "must be conditions, as in when.cells_above = 500", first)
        self.refuse_unknown(when, set(CONDITIONS), "", first)
        conditions = {key: self._condition(key, value, first) for key, value in when.items()}
        if verdict != Verdict.REFUSE:
            conditions.setdefault("scope", UNNAMED_SCOPE)
            conditions.setdefault("series", False)
        if "approvals" in entry and verdict != Verdict.ASK:
            raise self.error("approvals", "", 'stands only where the verdict is "ask"', first)
        return Rule(
            number,
            first,
            Verdict(verdict),
            Conditions(**conditions),
            str(entry.get("reason", "")),
            self.whole(entry, "approvals", ("", first), 1, MOST_APPROVALS),
        )

    def shares(self, allowance: Mapping[str, Any], kind: Kind) -> Iterator[Share]:
        """The shares of one kind, in the file's order."""
        table = SHARE_TABLES[kind]
        heading = f"allowance.{table}"
        for name in self.table(allowance, table):
            if not name.strip():
                raise self.error(heading, "", "holds a share without a name; name whose it is")
            amount = self._amount(name, allowance[table][name], "", self.line_of(heading, ""))
            yield Share(kind, name, amount)

    def share_of_minors(self, allowance: Mapping[str, Any]) -> Iterator[Share]:
        """What questions that tell ages apart may take, where the file says so."""
        key = Kind.MINORS.value
        if key in allowance:
            yield Share(Kind.MINORS, key, self._amount(key, allowance[key], "[allowance]", 1))

    def amount(
        self, values: Mapping[str, Any], key: str, section: str, default: Fraction
    ) -> Fraction:
        if key not in values:
            return default
        return self._amount(key, values[key], section, 1)

    def whole(
        self, values: Mapping[str, Any], key: str, where: tuple[str, int], usual: int, most: int
    ) -> int:
        """A whole number from 1 to `most`; `where` is the section, and from which line on."""
        value = values.get(key, usual)
        if type(value) is not int or not 1 <= value <= most:
            section, first = where
            raise self.error(key, section, f"must be a whole number from 1 to {most}", first)
        return value

    def _amount(self, key: str, value: object, section: str, first: int) -> Fraction:
        amount = _fraction(value)
        if amount is None or amount < 0:
            problem = 'must be a fraction in quotes, as in "1/50", and not negative'
            raise self.error(key, section, problem, first)
        return amount

    def _condition(self, key: str, value: object, first: int) -> Any:
        match key:
            case "tables" | "fields" | "scope" | "purpose" | "organisation":
                if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                    raise self.error(key, "", 'must be a list, as in ["corridors"]', first)
                if key == "scope" and not set(value) <= set(Scope):
                    # A refusal whose scope is misspelt would never hold.
                    raise self.error(key, "", f"must be of {', '.join(sorted(Scope))}", first)
                return tuple(value) if key in {"purpose", "organisation"} else frozenset(value)
            case "cells_above" | "cells_at_most":
                if type(value) is not int or value < 0:
                    raise self.error(key, "", "must be a whole number", first)
                return value
            case "minors" | "series":
                if not isinstance(value, bool):
                    raise self.error(key, "", "must be true or false", first)
                return value
            case _:
                return self._amount(key, value, "", first)


def _fraction(value: object) -> Fraction | None:
    try:
        return Fraction(value) if isinstance(value, str) else None
    except (ValueError, ZeroDivisionError):
        return None


def _contains(text: str, wanted: tuple[str, ...]) -> bool:
    return any(one.casefold() in text.casefold() for one in wanted)


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset | tuple):
        return " or ".join(sorted(value))
    return str(value)
