"""Each numbered step of the question desk refuses with a code of its own, and reserves nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from corridor.errors import CorridorError
from corridor.ids import CountryCode, Digest, SessionId, Signature
from corridor.node.policy import AGE_FIELDS, DEFAULT_POLICY
from corridor.node.question_desk import facts_of
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION, Proposal, Scope
from corridor.queries.catalogue import Source
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.predicates import Among, all_of
from corridor.queries.question import CountPersons, Sum, TableQuestion, make_question
from corridor.queries.sql import parse_sql
from corridor.transport.codec.attempt import decode_acceptance, encode_acceptance
from support.catalogue import catalogue
from support.charters import COORDINATOR, node_keys
from support.node_region import RHO, RealNode, by_gender, charter_of_four, make_proposal, start

MD = CountryCode("MD")
CHARTER = charter_of_four()
CLOCK = start()
NOW = int(CLOCK().timestamp())


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RealNode]:
    made = RealNode(tmp_path / "MD", MD, CHARTER, start())
    yield made
    made.close()


def proposal(**changes: Any) -> Proposal:
    return make_proposal(CHARTER, CLOCK(), **changes)


def refused(node: RealNode, proposal: Proposal) -> str:
    before = node.ledger.statement()
    with pytest.raises(CorridorError) as refusal:
        node.desk.consider(proposal)
    assert node.ledger.statement() == before  # nothing was reserved, nothing written at all
    return refusal.value.code


def test_an_honest_proposal_is_accepted_and_reserves_its_rho(node: RealNode) -> None:
    considered = node.desk.consider(proposal())
    assert node.spent == (0, RHO)
    assert considered.acceptance.statement == node.ledger.statement()
    edition = node.store.current()
    assert edition is not None
    assert considered.acceptance.edition == edition.id
    assert considered.acceptance.header == proposal().header.digest


OTHER = Digest(b"\7" * 32)
REFUSED: list[tuple[str, Callable[[], Proposal], str]] = [
    (
        "1-signed-by-a-member",
        lambda: replace(proposal(), signature=node_keys(MD).sign(proposal().header.to_sign())),
        "node.forged_proposal",
    ),
    (
        "1-unsigned",
        lambda: replace(proposal(), signature=Signature(bytes(64))),
        "node.forged_proposal",
    ),
    (
        "1-a44-cheaper-after-signing",
        lambda: replace(proposal(), header=replace(proposal().header, rho=Fraction(1, 1000))),
        "node.forged_proposal",
    ),
    (
        "2-a45-old-protocol",
        lambda: proposal(protocol=PROTOCOL_VERSION - 1),
        "node.bad_proposal",
    ),
    (
        "2-a40-new-protocol",
        lambda: proposal(protocol=PROTOCOL_VERSION + 1),
        "node.bad_proposal",
    ),
    ("2-a31-other-charter", lambda: proposal(charter=OTHER), "node.other_charter"),
    ("2-a45-other-suite", lambda: proposal(suite="none"), "node.bad_proposal"),
    ("3-a39-late", lambda: proposal(accept_by=NOW - 1), "node.late_proposal"),
    (
        "3-finished-before-accepted",
        lambda: proposal(accept_by=NOW + 9, finish_by=NOW + 8),
        "node.late_proposal",
    ),
    ("3-a32-too-long", lambda: proposal(finish_by=NOW + 3601), "node.late_proposal"),
    ("4-a22-other-question-hash", lambda: proposal(question=OTHER), "node.other_question"),
    (
        "4-a43-other-question-bytes",
        lambda: replace(proposal(), question=by_exploitation().encode()),
        "node.other_question",
    ),
    (
        "4-not-canonical",
        lambda: replace(proposal(), question=b" " + proposal().question),
        "question.malformed",
    ),
    ("4-a43-other-plan", lambda: proposal(plan=OTHER), "node.other_plan"),
    ("5-rho-zero", lambda: proposal(rho=Fraction(0)), "question.rho_out_of_range"),
    ("5-rho-above-ceiling", lambda: proposal(rho=Fraction(51, 100)), "question.rho_out_of_range"),
    ("6-other-scope", lambda: proposal(scope=Scope.PER_COUNTRY), "policy.refuses"),
    ("6-policy", lambda: proposal(rho=Fraction(1, 10)), "policy.refuses"),
]


def by_exploitation() -> Any:
    (table,) = by_gender().tables
    return make_question(replace(table, group_by=("exploitation",)))


@pytest.mark.parametrize(
    ("make", "code"), [(make, code) for _, make, code in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_a6_a22_a40_a43_a44_a45_each_step_refuses_for_its_own_reason(
    node: RealNode, make: Callable[[], Proposal], code: str
) -> None:
    assert refused(node, make()) == code


def test_a8_without_data_nothing_is_reserved(tmp_path: Path) -> None:
    node = RealNode(tmp_path / "MD", MD, CHARTER, start(), women=0)
    assert refused(node, proposal()) == "node.no_data"
    node.close()


@pytest.mark.parametrize("verdict", ["refuse", "ask"])
def test_a44_what_the_coordinator_says_does_not_move_the_policy(
    tmp_path: Path, verdict: str
) -> None:
    policy = DEFAULT_POLICY.replace(
        'verdict = "allow"', f'verdict = "{verdict}"'
    )  # purpose and organisation are the coordinator's word, and cannot switch a rule off
    node = RealNode(tmp_path / "MD", MD, CHARTER, start(), policy=policy)
    asked = proposal(purpose="approved by the ministry", organisation="Authority of MD")
    code = {"refuse": "policy.refuses", "ask": "policy.waiting_for_approval"}[verdict]
    assert refused(node, asked) == code
    node.close()


def test_a_question_that_tells_ages_apart_takes_no_more_than_their_share(tmp_path: Path) -> None:
    policy = '[allowance]\nminors = "1/101"\n[[rule]]\nverdict = "allow"\n'
    node = RealNode(tmp_path / "MD", MD, CHARTER, start(), policy=policy)
    sql = "SELECT gender, COUNT(DISTINCT person) FROM persons WHERE minor = 'minor' GROUP BY gender"
    about_children = parse_sql(sql, make_domains(catalogue(), CHARTER))
    assert refused(node, proposal(asked=about_children)) == "ledger.share_spent"
    node.desk.consider(proposal())
    node.close()


def test_another_legal_basis_is_named_in_the_word_that_every_release_shows(tmp_path: Path) -> None:
    policy = """
    [consent]
    basis = "other-legal-basis"
    statement = "Act 12 of 2019, article 4"
    reference = "act-12-2019.art-4"
    [[rule]]
    verdict = "allow"
    """
    node = RealNode(tmp_path / "MD", MD, CHARTER, start(), policy=policy)
    acceptance = node.desk.consider(proposal()).acceptance
    assert acceptance.consent_rule == "other-legal-basis.act-12-2019.art-4"
    assert decode_acceptance(encode_acceptance(acceptance)) == acceptance
    node.close()


def test_a20_a_session_is_considered_once(node: RealNode) -> None:
    node.desk.consider(proposal())
    assert refused(node, proposal()) == "ledger.session_seen"
    assert refused(node, proposal(rho=Fraction(1, 1000))) == "ledger.session_seen"
    assert node.spent == (0, RHO)


def test_a15_the_allowance_is_one_for_all_askers(node: RealNode) -> None:
    for number in range(5):
        session = SessionId(bytes([number]) * 16)
        node.desk.consider(
            proposal(session=session, rho=Fraction(1, 50), organisation=f"asker {number}")
        )
        node.ledger.debit(session, Fraction(1))
        node.ledger.answered(session)
    last = proposal(session=SessionId(b"9" * 16), rho=Fraction(1, 10**6), organisation="another")
    assert refused(node, last) == "ledger.allowance_spent"


def test_a31_a_charter_of_another_version_is_refused(node: RealNode) -> None:
    later = charter_of_four(version=2, previous=CHARTER.digest)
    assert refused(node, make_proposal(later, CLOCK())) == "node.other_charter"


def test_the_coordinators_key_is_the_charters_whatever_the_header_says(tmp_path: Path) -> None:
    other = charter_of_four(coordinator_key=node_keys(CountryCode("SY")).public)
    node = RealNode(tmp_path / "MD", MD, other, start())
    asked = make_proposal(other, CLOCK())  # signed by the usual coordinator's key
    assert COORDINATOR.public != other.coordinator_key
    assert refused(node, asked) == "node.forged_proposal"
    node.close()


def test_the_longest_attempt_is_just_allowed(node: RealNode) -> None:
    node.desk.consider(proposal(finish_by=NOW + 3600))
    node.clock.advance(timedelta(seconds=3601))
    node.ledger.release(proposal().header.session)
    assert node.spent == (0, 0)


def test_the_policy_sees_every_field_that_a_question_uses() -> None:
    table = TableQuestion(
        source=Source.PERSONS,
        measure=Sum("age", 0, 90),
        where=all_of((Among("citizenship", ("MD",)),)),
        group_by=("gender",),
        max_cells=1,
        max_rows=1,
    )
    grown = make_question(table)
    facts = facts_of(grown, compile_plan(grown, DOMAINS), proposal().header)
    assert facts.fields == {"age", "citizenship", "gender"}
    assert facts.minors
    plain = make_question(replace(table, measure=CountPersons()))
    assert not facts_of(plain, compile_plan(plain, DOMAINS), proposal().header).minors


def test_a44_every_field_made_of_the_age_counts_as_telling_minors_apart() -> None:
    # A field added under another name would pass by the stricter rules for children.
    ages = {
        field.name
        for field in catalogue().fields.values()
        if "vic_AgeWhenTrafficked" in field.columns
    }
    assert ages
    assert ages <= AGE_FIELDS


DOMAINS = make_domains(catalogue(), CHARTER)
