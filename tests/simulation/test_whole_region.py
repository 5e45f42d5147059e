"""Whole regions live through histories drawn from seeds; whatever breaks, the invariants hold.

`support.whole_region` says what is real and what is simulated, and how to replay a seed. The twins
show that the observer sees what it is there to see: a node that debits too late, one that signs
whatever it is shown, a ledger that forgets, a coordinator that adds wrongly.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from corridor.coordinator.spool import Spool
from corridor.ids import SessionId
from corridor.node import ledger
from corridor.node.ledger import Debit, Ledger, SeriesPart
from corridor.node.question_desk import QuestionDesk
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum import node as states
from support.whole_region import futures, story
from support.whole_region.observer import InvariantError
from support.whole_region.story import Scenario, run

SEEDS = range(1, 41)


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::10])
def test_the_invariants_hold_in_every_history(first: int) -> None:
    for seed in range(first, first + 10):
        run(seed)


FOUND = {
    "a vector added while its stream was lost": 12011,
    "entries that a witness's disk lost": 20,
}
"""Histories in which something was wrong once."""


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND.keys())
def test_a_history_that_went_wrong_once_goes_right(seed: int) -> None:
    run(seed)


def test_a_log_that_was_silenced_is_heard_all_the_same() -> None:
    """In this history a copy spent, and that it did is known from what the members log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        silenced = run(12)
    finally:
        structlog.configure(**before)
    assert silenced.counts["ledger.fork"]
    assert silenced.digest == run(12).digest


def test_equal_seeds_give_equal_histories() -> None:
    assert run(7).digest == run(7).digest
    assert run(7).digest != run(8).digest


def test_the_histories_have_everything_in_them() -> None:
    """Deaths, lies, failing disks, wrong clocks, answers and failures: none is left untried."""
    scenarios = [Scenario.of(seed) for seed in SEEDS]
    assert {one.size for one in scenarios} == {3, 4, 5, 6}
    assert {one.copying for one in scenarios} == {False, True}
    assert {one.standing for one in scenarios} == {False, True}
    for trait in ("breaking", "lying", "failing", "skew"):
        values = {getattr(one, trait) for one in scenarios}
        assert values > {0.0}, trait


def test_a_standing_series_that_nothing_troubles_is_complete() -> None:
    def is_troubled(one: Scenario) -> bool:
        return bool(one.breaking or one.lying or one.failing or one.copying or one.skew > 1)

    drawn = (Scenario.of(seed) for seed in range(1, 400))
    calm = [one.seed for one in drawn if one.standing and not is_troubled(one)][:3]
    assert [run(seed).counts["series.complete"] for seed in calm] == [1, 1, 1]


# ---------------------------------------------------------------- futures of prepared moments


def futures_of(kind: Callable[[futures.Trunk], bool], groups: range) -> list[range]:
    """The seeds of those groups whose trunk is of that kind."""
    return [
        range(group * futures.FUTURES, (group + 1) * futures.FUTURES)
        for group in groups
        if kind(futures.Trunk.of(group))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("group", range(5))
def test_the_invariants_hold_in_every_future(group: int) -> None:
    first = group * futures.FUTURES
    for verdict in futures.live_through(range(first, first + futures.FUTURES, 10)):
        assert verdict.broken is None, f"seed {verdict.seed}: {verdict.broken}"


def test_a_future_is_the_same_forked_or_replayed() -> None:
    """Of the first moment, of a later one, and of the last."""
    verdicts = list(futures.live_through((3, 43, 99)))
    assert len({verdict.digest for verdict in verdicts}) == 3
    assert {futures.moment_of(verdict.seed) for verdict in verdicts} == {0, 2, 4}
    for verdict in verdicts:
        assert futures.replay(verdict.seed).digest == verdict.digest


def test_the_futures_have_everything_in_them() -> None:
    trunks = [futures.Trunk.of(group) for group in range(40)]
    drawn = [futures.future(seed) for seed in range(len(trunks) * futures.FUTURES)]
    assert {trunk.scenario.size for trunk in trunks} == {3, 4, 5, 6}
    assert {trunk.answered for trunk in trunks} == {False, True}
    assert {trunk.moments[0] == 0 for trunk in trunks} == {False, True}
    traits = ("lying", "failing", "skew", "copying", "poor", "withholding", "splitting", "standing")
    for trait in traits:
        assert {bool(getattr(one, trait)) for one in drawn} == {False, True}, trait


def test_every_future_has_a_trouble_in_it() -> None:
    for seed in range(20 * futures.FUTURES):
        drawn = futures.future(seed)
        assert drawn.at_least or drawn.lying or drawn.withholding, seed


# ---------------------------------------------------------------- twins: the observer sees


LIARS = [
    seed for seed in range(200, 500) if Scenario.of(seed).lying > 0.5 and Scenario.of(seed).size > 3
]


def found(pattern: str, seeds: Iterable[int] = range(200, 260)) -> None:
    """Some history among these breaks the invariant."""

    def live_through_all() -> None:
        for seed in seeds:
            run(seed)

    with pytest.raises(InvariantError, match=pattern):
        live_through_all()


def test_a17_a_debit_that_is_not_on_disk_is_seen() -> None:
    def debit(it: Ledger, session: Any, _worst_case: Any) -> Debit:
        return Debit(session, it._sums().open[session].rho, 0)

    with patch.object(Ledger, "debit", debit):
        found("I3")


def test_a21_a_node_that_signs_another_set_is_seen() -> None:
    def sign_again(state: states.Signed, announced: Any) -> Any:
        return state, state.signature

    with patch.object(states.Signed, "on_survivors", sign_again):
        found("I1", LIARS)


def test_a17_a_disk_that_forgets_what_was_flushed_is_seen() -> None:
    from support.whole_region import processes  # noqa: PLC0415
    from support.whole_region.disk import salvage  # noqa: PLC0415

    def forget(folder: Any, into: Any, chance: Any) -> None:
        salvage(folder, into, chance)
        for log in into.glob("ledger.sqlite3-wal"):
            log.unlink()

    with patch.object(processes, "salvage", forget):
        found("I4")


def test_a30_a_coordinator_that_adds_wrongly_is_seen() -> None:
    add_to: Callable[[Spool, Any], None] = Spool.add_to

    def add_one_more(spool: Spool, total: Any) -> None:
        add_to(spool, total)
        total[0] += 1

    with patch.object(Spool, "add_to", add_one_more):
        found("I6")


STANDING = sorted(
    (seed for seed in range(1, 400) if Scenario.of(seed).standing), key=lambda seed: seed != 63
)
"""Both twins are seen in the history of 63; the others are lived through where it is another."""


def test_a_series_that_goes_on_from_the_wrong_release_is_seen() -> None:
    """From the attempt before, also where that was at the same release."""

    def attempt_before(desk: QuestionDesk, part: SeriesPart) -> SessionId | None:
        paid = desk._at.ledger.series().get(part.series)
        return paid.sessions[max(paid.sessions)][-1] if paid and paid.sessions else None

    with patch.object(QuestionDesk, "_attempt_before", attempt_before):
        found("I9: I11", STANDING)


def test_a_release_that_is_measured_again_for_nothing_is_seen() -> None:
    def price(
        sums: Any, rho: Fraction, part: SeriesPart | None, _overdue: object = None
    ) -> Fraction:
        return Fraction(0) if part is not None and part.series in sums.series else rho

    dear = replace(story.A_SERIES, rho="1/15")  # two of its attempts are more than an allowance
    with patch.object(ledger._Sums, "price", price), patch.object(story, "A_SERIES", dear):
        found("I5", STANDING)


def test_a26_a_node_that_signs_for_too_few_is_seen() -> None:
    from corridor.protocols.secure_sum.messages import AttemptParameters  # noqa: PLC0415

    with patch.object(AttemptParameters, "needed", 2):
        found("I[67]")


def found_in_futures(pattern: str, seeds: Iterable[range]) -> None:
    """Some future among these breaks the invariant."""
    verdicts = (verdict for some in seeds for verdict in futures.live_through(some))
    assert any(verdict.broken and verdict.broken.startswith(pattern) for verdict in verdicts)


def test_a18_a_copy_that_needs_no_witness_is_seen_to_spend_twice() -> None:
    """Two halves of a region are shown one copy of a disk each; a quorum would share a member."""
    halves = futures_of(lambda one: one.scenario.poor and one.scenario.size > 4, range(40))
    with patch.object(Charter, "quorum", 0):
        found_in_futures("I5", halves)


def test_a18_a_reservation_that_a_restart_gives_back_is_seen_to_be_spent_twice() -> None:
    """What was reserved may have been debited on the disk of which this is a copy."""

    def give_back(it: Ledger) -> tuple[SessionId, ...]:
        with it._writing():
            left = [one for one in it._sums().open.values() if one.session not in it._mine]
            for one in left:
                it._append("release", one.session, one.rho)
        return tuple(one.session for one in left)

    reserved = futures_of(lambda one: one.scenario.poor and one.scenario.size < 5, range(40))
    with patch.object(Ledger, "forfeit_left_open", give_back):
        found_in_futures("I5", reserved)
