"""A node gives a figure of its country alone, where its authority says so, and pays for it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.faults import Fault
from corridor.ids import CountryCode, Digest, Signature
from corridor.node.policy import DEFAULT_POLICY
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.figures import FigureRequest
from corridor.protocols.secure_sum.messages import Roster
from corridor.transport.messages import Refusal, Released
from support.charters import node_keys
from support.figures import RHO, SESSION, WILLING, SideBySide
from support.ledgers import TestClock
from support.node_region import FOUR, RealNode, charter_of_four, start

MD, NE, RO, UA = FOUR
WOMEN = {MD: 400, NE: 600, RO: 300, UA: 500}


@pytest.fixture
def clock() -> TestClock:
    return start()


@pytest.fixture
def nodes(tmp_path: Path, clock: TestClock) -> Iterator[list[RealNode]]:
    """Niger's authority has said nothing of figures of its country."""
    made = [
        RealNode(
            tmp_path / country,
            country,
            charter_of_four(),
            clock,
            women=WOMEN[country],
            policy=DEFAULT_POLICY if country == NE else WILLING,
        )
        for country in FOUR
    ]
    yield made
    for node in made:
        node.close()


def kinds_on_disk(node: RealNode) -> list[str]:
    connection = sqlite3.connect(node.home / "ledger.sqlite3")
    try:
        return [kind for (kind,) in connection.execute("SELECT kind FROM entries ORDER BY number")]
    finally:
        connection.close()


def test_by_default_an_authority_refuses_and_reserves_nothing(nodes: list[RealNode]) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    assert attempt.refused == {NE: "policy.refuses"}
    assert attempt.roster.countries == (MD, RO, UA)
    assert not any(nodes[1].spent)
    assert nodes[0].spent == (0, RHO)


def test_each_willing_country_gives_its_own_figure_and_pays_for_it_alone(
    nodes: list[RealNode],
) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    scale = 1 << attempt.parameters.scale_bits
    deviation = float(attempt.parameters.share_variance) ** 0.5
    for node in nodes:
        if node.country == NE:
            continue
        figure = attempt.figure(node.country)
        truth = np.zeros(attempt.parameters.cells)
        truth[attempt.women] = WOMEN[node.country]
        # Nine standard deviations in six cells of three countries: chance below 10⁻¹⁷.
        assert np.abs(figure - truth * scale).max() < 9 * deviation
        assert node.spent == (RHO, 0)
    # Nobody pays for another's figure.
    assert [node.spent for node in nodes if node.country == NE] == [(0, 0)]
    # The whole variance, Δ²/(2ρ), is in each; beyond it by no more than a step of the grid.
    whole = Fraction(attempt.parameters.sensitivity_squared) * scale**2 / (2 * RHO)
    assert whole <= attempt.parameters.share_variance <= whole + 1
    accounts = nodes[0].ledger.accounts()
    assert accounts.all_time.worst_case <= RHO  # colluding takes nothing off


def test_the_noise_is_what_the_sampler_gave_and_no_less(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []

    def watched(variance: Fraction, count: int, random_bytes: Any) -> Any:
        drawn.append((variance, sample(variance, count, random_bytes)))
        return drawn[-1][1].copy()

    monkeypatch.setattr("corridor.node.attempt.sample", watched)
    attempt = SideBySide(nodes)
    attempt.propose()
    figure = attempt.figure(MD)
    ((variance, noise),) = drawn
    assert variance == attempt.parameters.share_variance
    x = np.zeros(attempt.parameters.cells, dtype=np.int64)
    x[attempt.women] = WOMEN[MD] << attempt.parameters.scale_bits
    assert (figure == x + noise).all()


def test_a17_the_debit_is_on_disk_before_a_figure_leaves_and_a_kill_keeps_it(
    nodes: list[RealNode],
) -> None:
    class Killed(BaseException):
        """As if the process were gone: nothing of ours may catch it."""

    def die() -> None:
        raise Killed

    attempt = SideBySide(nodes)
    attempt.propose()
    assert kinds_on_disk(nodes[0]) == ["reserve"]
    nodes[0].sessions._reached = Fault("masked-input", die).reached
    request = attempt.request_for(MD)
    with pytest.raises(Killed):
        nodes[0].hear(request)
    assert kinds_on_disk(nodes[0]) == ["reserve", "debit"]
    nodes[0].restart()
    assert nodes[0].spent == (RHO, 0)
    # The session is used: the coordinator cannot ask for the same again with other noise.
    assert nodes[0].refusal(attempt.proposal) == "ledger.session_seen"


def test_a6_the_case_data_are_not_looked_at_before_a_figure_is_debited(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    read = nodes[0].store.pieces

    def watched(*arguments: Any) -> Any:
        looked.append(nodes[0].spent)
        return read(*arguments)

    monkeypatch.setattr(nodes[0].store, "pieces", watched)
    attempt = SideBySide(nodes)
    attempt.propose()
    attempt.figure(MD)
    assert looked
    assert set(looked) == {(RHO, 0)}


def test_a18_without_enough_members_who_hold_its_ledger_nothing_is_debited(
    nodes: list[RealNode],
) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    enough = attempt.request_for(MD)
    assert len(enough.witnesses) >= attempt.charter.quorum
    too_few = enough.witnesses[: attempt.charter.quorum - 1]
    (refusal,) = nodes[0].hear(FigureRequest(attempt.roster, too_few))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "secure_sum.too_few_witnesses"
    assert nodes[0].spent == (0, 0)


def test_a18_a_node_is_no_witness_of_itself(nodes: list[RealNode]) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    quorum = attempt.charter.quorum
    others = attempt.request_for(MD).witnesses[: quorum - 1]
    own = replace(others[0], witness=MD)
    own = replace(own, signature=node_keys(MD).sign(own.to_sign(attempt.charter.digest)))
    (refusal,) = nodes[0].hear(FigureRequest(attempt.roster, (own, *others)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "secure_sum.too_few_witnesses"


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (
            lambda request: FigureRequest(
                request.roster,
                (
                    replace(request.witnesses[0], signature=Signature(bytes(64))),
                    *request.witnesses[1:],
                ),
            ),
            "secure_sum.bad_signature",
        ),
        (
            lambda request: FigureRequest(
                request.roster,
                (
                    replace(request.witnesses[0], roster_hash=Digest(bytes(32))),
                    *request.witnesses[1:],
                ),
            ),
            "secure_sum.other_roster",
        ),
        (
            lambda request: FigureRequest(
                request.roster, (request.witnesses[0], *request.witnesses)
            ),
            "secure_sum.repeated_word",
        ),
        (
            lambda request: FigureRequest(
                request.roster,
                (replace(request.witnesses[0], witness=CountryCode("XX")), *request.witnesses[1:]),
            ),
            "secure_sum.unknown_member",
        ),
        (
            lambda request: FigureRequest(
                Roster(request.roster.acceptances[1:]), request.witnesses
            ),
            "secure_sum.own_word_altered",
        ),
    ],
)
def test_a20_a_request_that_does_not_hold_is_refused_and_costs_nothing(
    nodes: list[RealNode], bend: Any, code: str
) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    (refusal,) = nodes[0].hear(bend(attempt.request_for(MD)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert nodes[0].spent == (0, 0)


def test_a20_a_figure_is_given_once(nodes: list[RealNode]) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    request = attempt.request_for(MD)
    assert len(nodes[0].hear(request)) == 2
    assert nodes[0].hear(request) == []  # out of order: a second noise would halve the first
    assert nodes[0].spent == (RHO, 0)


def test_a_roster_of_a_figure_is_no_roster_of_a_sum(nodes: list[RealNode]) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    assert nodes[0].hear(attempt.roster) == []
    assert nodes[0].spent == (0, RHO)


def test_a_figure_that_was_given_and_published_counts_as_answered(nodes: list[RealNode]) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    # The coordinator's word alone answers nothing.
    nodes[3].hear(Released("early", Digest(bytes(32))), SESSION)
    assert kinds_on_disk(nodes[3]) == ["reserve", "release"]
    attempt.figure(MD)
    nodes[0].hear(Released("r-1", Digest(bytes(32))), SESSION)
    assert kinds_on_disk(nodes[0]) == ["reserve", "debit", "answered"]
    assert nodes[0].journalled[-4:] == ["proposed", "accepted", "let_out", "released"]


def test_a43_an_edition_that_is_replaced_before_its_figure_costs_nothing(
    nodes: list[RealNode],
) -> None:
    attempt = SideBySide(nodes)
    attempt.propose()
    request = attempt.request_for(MD)
    nodes[0].import_women(7)
    (refusal,) = nodes[0].hear(request)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "store.no_such_edition"
    assert nodes[0].spent == (0, 0)
