from dataclasses import replace
from fractions import Fraction

import pytest

from corridor.errors.policy import PolicyError, PolicyRefusesError
from corridor.node.policy import (
    CONDITIONS,
    DEFAULT_POLICY,
    KEYS_EXPLAINED,
    NOT_IN_FORCE,
    ConsentRule,
    Policy,
    QuestionFacts,
    Verdict,
    parse_policy,
)
from corridor.node.shares import Kind, Share
from corridor.protocols.secure_sum.messages import Scope

FACTS = QuestionFacts(
    tables=frozenset({"corridors"}),
    fields=frozenset({"recruited_in", "exploited_in"}),
    cells=100,
    rho=Fraction(1, 100),
    scope=Scope.REGIONAL,
    purpose="yearly report",
    organisation="IOM",
    minors=False,
)


def policy(*rules: str) -> Policy:
    return parse_policy("\n".join(f"[[rule]]\n{rule}" for rule in rules))


def test_the_default_policy_allows_a_plain_regional_question() -> None:
    default = parse_policy(DEFAULT_POLICY)
    assert default.check(FACTS).verdict is Verdict.ALLOW
    assert (default.per_year, default.all_time) == (Fraction(1, 10), Fraction(1))
    assert default.consent_rule is ConsentRule.HTCDS_CONSENT


def test_the_default_policy_refuses_what_is_too_fine_too_dear_or_of_one_country() -> None:
    default = parse_policy(DEFAULT_POLICY)
    for facts in (
        replace(FACTS, minors=True, cells=5000),
        replace(FACTS, rho=Fraction(1, 49)),
        replace(FACTS, scope=Scope.PER_COUNTRY),
    ):
        with pytest.raises(PolicyRefusesError):
            default.check(facts)


@pytest.mark.parametrize(
    ("rule", "regional", "per_country"),
    [
        ('verdict = "allow"', True, False),
        ('verdict = "allow"\nwhen.cells_at_most = 500', True, False),
        ('verdict = "allow"\nwhen.scope = ["per-country"]', False, True),
        ('verdict = "allow"\nwhen.scope = ["per-country", "regional"]', True, True),
        ('verdict = "ask"', True, False),
        ('verdict = "ask"\nwhen.scope = ["per-country"]', False, True),
        ('verdict = "refuse"', True, True),
        ('verdict = "refuse"\nwhen.cells_above = 50', True, True),
        ('verdict = "refuse"\nwhen.scope = ["per-country"]', False, True),
    ],
)
def test_figures_of_one_country_fit_no_rule_that_allows_or_asks_without_naming_them(
    rule: str, *, regional: bool, per_country: bool
) -> None:
    rules = policy(rule)
    assert (rules.decide(FACTS) is not None) is regional
    assert (rules.decide(replace(FACTS, scope=Scope.PER_COUNTRY)) is not None) is per_country


def test_an_allowing_rule_shows_the_scope_that_it_does_not_name() -> None:
    shown = [str(rule.when) for rule in policy('verdict = "allow"', 'verdict = "refuse"').rules]
    assert shown == ["scope regional, series no", "always"]


def test_a_share_of_questions_that_tell_ages_apart_is_read() -> None:
    text = '[allowance]\nminors = "1/50"\n'
    assert parse_policy(text).shares == (Share(Kind.MINORS, "minors", Fraction(1, 50)),)


def test_shares_of_organisations_and_purposes_are_read() -> None:
    text = """
    [allowance]
    per_year = "1/10"
    [allowance.organisations]
    "IOM" = "1/20"
    "*" = "1/50"
    [allowance.purposes]
    report = "1/30"
    """
    assert parse_policy(text).shares == (
        Share(Kind.ORGANISATION, "IOM", Fraction(1, 20)),
        Share(Kind.ORGANISATION, "*", Fraction(1, 50)),
        Share(Kind.PURPOSE, "report", Fraction(1, 30)),
    )
    assert parse_policy(DEFAULT_POLICY).shares == ()


@pytest.mark.parametrize(
    ("line", "number", "problem"),
    [
        ('"IOM" = 0.05', 3, "must be a fraction in quotes"),
        ('"IOM" = "-1/20"', 3, "must be a fraction in quotes"),
        ('" " = "1/20"', 2, "without a name"),
    ],
)
def test_a_share_that_cannot_be_read_is_an_error_with_its_line(
    line: str, number: int, problem: str
) -> None:
    with pytest.raises(PolicyError, match=f"line {number}: .*{problem}"):
        parse_policy(f"[allowance]\n[allowance.organisations]\n{line}\n")


def test_the_first_rule_that_fits_decides() -> None:
    rules = policy(
        'verdict = "refuse"\nwhen.cells_above = 500', 'verdict = "allow"\nwhen.cells_above = 50'
    )
    decided = rules.decide(FACTS)
    assert decided is not None
    assert decided.number == 2
    refused = rules.decide(replace(FACTS, cells=501))
    assert refused is not None
    assert refused.verdict is Verdict.REFUSE


def test_a8_where_no_rule_fits_the_question_is_refused() -> None:
    with pytest.raises(PolicyRefusesError, match="no rule"):
        policy('verdict = "allow"\nwhen.tables = ["persons"]').check(FACTS)


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ('tables = ["corridors", "persons"]', {}, {"tables": frozenset({"corridors", "legs"})}),
        ('fields = ["recruited_in"]', {}, {"fields": frozenset({"gender"})}),
        ("cells_at_most = 100", {}, {"cells": 101}),
        ("cells_above = 99", {}, {"cells": 99}),
        ('rho_above = "1/101"', {}, {"rho": Fraction(1, 101)}),
        ('rho_at_most = "1/100"', {}, {"rho": Fraction(2, 199)}),
        ('scope = ["regional"]', {}, {"scope": Scope.PER_COUNTRY}),
        ('purpose = ["Report"]', {}, {"purpose": "curiosity"}),
        ('organisation = ["iom"]', {}, {"organisation": "somebody"}),
        ("minors = false", {}, {"minors": True}),
    ],
)
def test_a_condition_holds_exactly_where_it_says(
    condition: str, holds: dict[str, object], fails: dict[str, object]
) -> None:
    rules = policy(f'verdict = "allow"\nwhen.{condition}')
    assert rules.decide(replace(FACTS, **holds)) is not None  # type: ignore[arg-type]
    assert rules.decide(replace(FACTS, **fails)) is None  # type: ignore[arg-type]


def test_a_refusal_names_the_rule_its_line_and_the_reason() -> None:
    rules = parse_policy('# words\n\n[[rule]]\nverdict = "refuse"\nreason = "not this year"\n')
    with pytest.raises(PolicyRefusesError, match=r"rule 1 \(policy\.toml, line 3\).*not this year"):
        rules.check(FACTS)


@pytest.mark.parametrize(
    ("rule", "rho", "people"),
    [
        ('verdict = "allow"', Fraction(1), 0),
        ('verdict = "ask"', Fraction(1, 50), 1),
        ('verdict = "ask"', Fraction(1, 49), 2),
        ('verdict = "ask"\napprovals = 2', Fraction(1, 1000), 2),
    ],
)
def test_two_people_are_needed_above_a_rho_or_where_the_rule_says_so(
    rule: str, rho: Fraction, people: int
) -> None:
    rules = parse_policy(f'[approvals]\ntwo_above = "1/50"\n[[rule]]\n{rule}\n')
    facts = replace(FACTS, rho=rho)
    assert rules.people_needed(rules.check(facts), facts) == people


def test_a_policy_that_says_nothing_of_approvals_wants_two_people_above_a_hundredth() -> None:
    usual = parse_policy('[[rule]]\nverdict = "ask"\n').approvals
    assert (usual.two_above, usual.valid_days) == (Fraction(1, 100), 14)
    assert parse_policy(DEFAULT_POLICY).approvals == usual


@pytest.mark.parametrize(
    ("text", "line", "about"),
    [
        ('[[rule]]\nverdict = "allow"\nwhen.cels_above = 5', 3, "cels_above"),
        ('[[rule]]\nverdict = "alow"', 2, "verdict"),
        ("\n[alowance]\nper_year = '1'", 2, "alowance"),
        ('[allowance]\nper_year = "1/10"\nper_day = "1"', 3, "per_day"),
        ("[allowance]\nper_year = 0.1", 2, "per_year"),
        ('[allowance]\nall_time = "-1"', 2, "all_time"),
        ("[allowance]\nminors = 0.02", 2, "minors"),
        ('[consent]\nbasis = "whatever"', 2, "basis"),
        ('[consent]\nbasis = "other-legal-basis"', 2, "statement"),
        ('[consent]\nreference = "act-12"', 2, "reference"),
        ('[consent]\nbasis = "other-legal-basis"\nstatement = "Act"\nreference = "a b"', 4, "ref"),
        (
            '[[rule]]\nverdict = "allow"\n[[rule]]\nverdict = "allow"\nwhen.minors = "no"',
            5,
            "minor",
        ),
        ('[[rule]]\nverdict = "allow"\nwhen.scope = "regional"', 3, "scope"),
        ('[[rule]]\nverdict = "allow"\napprovals = 2', 3, "approvals"),
        ('[[rule]]\nverdict = "ask"\napprovals = 3', 3, "approvals"),
        ("[approvals]\nvalid_days = 0", 2, "valid_days"),
        ("[approvals]\nvalid_days = true", 2, "valid_days"),
        ("[approvals]\ntwo_over = '1/2'", 2, "two_over"),
    ],
)
def test_a_mistake_is_an_error_that_names_its_line(text: str, line: int, about: str) -> None:
    with pytest.raises(PolicyError, match=f"line {line}: .*{about}"):
        parse_policy(text)


def test_what_is_not_toml_is_an_error() -> None:
    with pytest.raises(PolicyError, match="end of a table"):
        parse_policy("[allowance")


def test_a_scope_that_there_is_not_is_an_error_with_its_line() -> None:
    with pytest.raises(PolicyError, match=r"line 3.*per-country, regional"):
        parse_policy('[[rule]]\nverdict = "refuse"\nwhen.scope = ["per_country"]\n')


def test_a_rule_that_does_not_name_series_allows_none() -> None:
    """They are paid for whole, and the node keeps keys of whom they counted for years."""
    series = replace(FACTS, series=True)
    old = parse_policy('[[rule]]\nverdict = "allow"\n')
    assert old.decide(FACTS) is not None
    assert old.decide(series) is None
    new = parse_policy('[[rule]]\nverdict = "allow"\nwhen.series = true\n')
    assert new.decide(series) is not None
    refusing = parse_policy('[[rule]]\nverdict = "refuse"\n')
    assert refusing.decide(series) is not None
    default = parse_policy(DEFAULT_POLICY)
    assert default.decide(series).verdict is Verdict.ALLOW  # type: ignore[union-attr]
    dear = default.decide(replace(series, rho=Fraction(1, 19)))
    assert dear is not None
    assert dear.verdict is Verdict.REFUSE


def test_every_condition_is_explained_to_whoever_edits() -> None:
    assert [name for name in CONDITIONS if f"\n# when.{name} " not in KEYS_EXPLAINED] == []
    assert "\n# approvals " in KEYS_EXPLAINED


def test_a_mistake_in_a_text_that_is_only_tried_names_its_file_and_stops_nobody() -> None:
    with pytest.raises(PolicyError, match=r"^new\.toml, line 2: ") as found:
        parse_policy('[[rule]]\nverdict = "perhaps"\n', "new.toml", NOT_IN_FORCE)
    assert "none starts" not in str(found.value)
    with pytest.raises(PolicyError, match=r"^policy\.toml, line 2: .* and none starts\.$"):
        parse_policy('[[rule]]\nverdict = "perhaps"\n')


def test_a_rule_says_how_many_people_it_asks() -> None:
    two, one, plain = policy(
        'verdict = "ask"\napprovals = 2', 'verdict = "ask"', 'verdict = "allow"'
    ).rules
    assert (two.decides, one.decides, plain.decides) == ("ask 2 people", "ask", "allow")
