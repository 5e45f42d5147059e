"""Whole attempts of four real nodes, and what each does with messages that should not be."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from corridor.errors.ledger import LedgerDiskError
from corridor.errors.node import PastDeadlineError
from corridor.faults import Fault
from corridor.ids import CountryCode, Digest, SessionId
from corridor.node.reply_schedule import Hold
from corridor.protocols.contradictions import COORDINATOR, coordinator_word
from corridor.protocols.secure_sum.messages import Acceptance, MaskedInput, Opened, Roster
from corridor.protocols.secure_sum.node import Accepted
from corridor.queries.predicates import Among, all_of
from corridor.queries.question import Question, make_question
from corridor.transport.messages import (
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    Failed,
    NodeInSession,
    Progress,
    Refusal,
    Released,
    Round,
    VectorChunk,
)
from support.charters import node_keys
from support.ledgers import CHARTER, QUESTION, TestClock, open_ledger
from support.node_region import (
    FOUR,
    RHO,
    SESSION,
    RealNode,
    Talk,
    by_gender,
    charter_of_four,
    make_proposal,
    past_deadline,
    start,
)
from support.signing import verify

MD = CountryCode("MD")
ENDED = Failed("attempt.too_few_survivors", "too few", frozenset())
ROUNDS = ("propose", "share", "open", "mask", "sign")


@pytest.fixture
def clock() -> TestClock:
    return start()


@pytest.fixture
def nodes(tmp_path: Path, clock: TestClock) -> Iterator[list[RealNode]]:
    made = [
        RealNode(tmp_path / country, country, charter_of_four(), clock, women=10 * place)
        for place, country in enumerate(FOUR, start=1)
    ]
    yield made
    for node in made:
        node.close()


@pytest.fixture
def talk(nodes: list[RealNode]) -> Talk:
    return Talk(nodes)


def next_message(talk: Talk, last: str) -> CoordinatorBody:
    """What the coordinator says to Moldova after the round `last`."""
    match last:
        case "propose":
            return talk.roster
        case "share":
            return Dealings(talk.dealings[MD])
        case "open":
            return talk.sharers
        case "mask":
            return talk.survivors
        case _:
            return talk.request


# ---------------------------------------------------------------- an attempt


def test_four_nodes_sum_their_cases_and_each_spends_what_it_promised(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("sign")
    counts = talk.unmask()
    # 100 women; the noise has σ² = 1/(2ρ) = 50 by h = 2 honest shares of which 4 are there, so
    # a gap of 150 is 15 standard deviations.
    assert abs(counts.max() - 100) < 150
    for node in nodes:
        node.hear(Released("r1", Digest(bytes(32))))
        assert node.spent == (RHO, 0)
        assert node.journalled == ["proposed", "accepted", "let_out", "released"]
        assert [row.kind for row in node.ledger.rows()] == ["reserve", "debit", "answered"]
        assert node.board.status.attempt is None
        assert node.board.status.last == "answered as release r1"


def test_every_node_remembers_every_ledger_of_the_roster(talk: Talk, nodes: list[RealNode]) -> None:
    talk.until("share")
    for node in nodes:
        for other in nodes:
            if other is not node:
                statement = other.ledger.statement()
                node.book.demand_kept(statement, node_keys(other.country).public)


def test_a23_the_next_attempt_shares_no_key_with_the_last(nodes: list[RealNode]) -> None:
    first, second = Talk(nodes), Talk(nodes, SessionId(b"attempt number 2"))
    for talk in (first, second):
        talk.propose()
    keys = [
        key
        for talk in (first, second)
        for word in talk.roster.acceptances
        for key in (word.envelope_key, word.mask_key)
    ]
    assert len(set(keys)) == len(keys) == 16


def drawn_by(node: RealNode, session: SessionId) -> list[bytes]:
    """The secrets that a node holds for an attempt that it accepted."""
    state = node.sessions._attempts[session]._state
    assert isinstance(state, Accepted)
    return [state.secrets.envelope_seed, state.secrets.self_mask_seed, state.secrets.mask_seed]


def test_a23_an_attempt_after_a_failed_one_draws_every_secret_afresh(nodes: list[RealNode]) -> None:
    """Whoever failed an attempt after it was unmasked knows its seeds: they must open no other."""
    drawn: list[bytes] = []
    sealed: list[bytes] = []
    put_together: list[bytes] = []
    for number in (1, 2):
        talk = Talk(nodes, SessionId(b"attempt number %d" % number))
        talk.propose()
        drawn += [one for node in nodes for one in drawn_by(node, talk.session)]
        for last in ("share", "open", "mask", "sign"):
            getattr(talk, last)()
        for dealings in talk.dealings.values():
            sealed += [one.envelope for one in dealings if one.dealer != one.recipient]
            sealed += [one.pair_key.box for one in dealings if one.pair_key is not None]
        talk.unmask()
        unmasked = talk.unmasked()
        put_together += [*unmasked.seeds.values(), *unmasked.pair_keys.values()]
        for node in nodes:
            node.hear(ENDED, talk.session)
            assert node.spent == (number * RHO, 0)  # and its ρ: nothing is paid for twice over
    assert len(set(drawn)) == len(drawn) == 2 * 4 * 3
    assert len(set(sealed)) == len(sealed) == 2 * (4 * 3 + 6)
    assert len(set(put_together)) == len(put_together) == 2 * 4
    assert set(put_together) <= set(drawn)


# ---------------------------------------------------------------- what should not be


@pytest.mark.parametrize("last", ROUNDS)
def test_a20_a_repeated_message_is_ignored_and_the_attempt_goes_on(
    talk: Talk, nodes: list[RealNode], last: str
) -> None:
    for name in ROUNDS:
        getattr(talk, name)()
        if name == last:
            before = {"propose": talk.proposal} | {
                done: next_message(talk, previous)
                for previous, done in pairwise(ROUNDS)
                if ROUNDS.index(done) <= ROUNDS.index(last)
            }
            answer = nodes[0].hear(before[last])
            # The word on who survived is given again; everything else is said once.
            assert len(answer) == (1 if last == "sign" else 0)
    talk.unmask()
    assert nodes[0].spent == (RHO, 0)


@pytest.mark.parametrize("at", ROUNDS)
def test_a_message_of_a_later_round_is_ignored(talk: Talk, nodes: list[RealNode], at: str) -> None:
    other = Talk(nodes[:], SessionId(b"attempt number 2"))
    other.until("sign")
    talk.until(at)
    state = nodes[0].sessions._attempts[SESSION].state_name
    for name in ROUNDS[ROUNDS.index(at) + 1 :]:
        assert nodes[0].hear(next_message(other, name)) == []
    assert nodes[0].sessions._attempts[SESSION].state_name == state


def test_a21_one_node_signs_one_survivor_set(talk: Talk, nodes: list[RealNode]) -> None:
    talk.until("sign")
    fewer = replace(talk.survivors, survivors=frozenset(FOUR[:3]))
    assert nodes[0].refusal(fewer) == "secure_sum.conflicting_survivors"


def test_a_message_for_an_attempt_that_this_node_is_not_in_is_refused(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.propose()
    nodes[0].restart()
    assert nodes[0].refusal(talk.roster) == "node.no_such_attempt"


def test_a22_a_proposal_under_another_sessions_name_is_ignored(nodes: list[RealNode]) -> None:
    proposal = make_proposal(charter_of_four(), nodes[0].clock())
    assert nodes[0].hear(proposal, SessionId(b"another sessions")) == []
    assert not any(nodes[0].spent)


def test_a24_a_roster_with_a_forged_member_ends_the_attempt_here_and_costs_nothing(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.propose()
    first, *others = talk.roster.acceptances
    forged = replace(others[0], mask_key=first.envelope_key[::-1])
    code = nodes[0].refusal(Roster((first, forged, *others[1:])))
    assert code == "secure_sum.bad_signature"
    assert not any(nodes[0].spent)
    assert nodes[0].journalled[-1] == "refused"
    assert nodes[0].board.status.last == f"refused ({code})"


def test_a19_a_node_goes_on_without_whose_ledger_contradicts_itself(
    talk: Talk, nodes: list[RealNode], tmp_path: Path
) -> None:
    # Another copy of Ukraine's node has shown Moldova another first entry.
    with open_ledger(tmp_path / "clone.sqlite3", nodes[0].clock, country=nodes[3].country) as clone:
        clone.reserve(SESSION, RHO, question=QUESTION, charter=CHARTER, deadline=2**31)
        nodes[0].book.take(nodes[3].country, node_keys(nodes[3].country).public, [*clone.entries()])
    nodes[3].peers = [node for node in nodes[3].peers if node is not nodes[0]]
    talk.propose()
    talk.share()
    (opened,) = nodes[0].hear(Dealings(talk.dealings[nodes[0].country]))
    assert isinstance(opened, Opened)
    assert opened.complaints == {nodes[3].country}
    assert nodes[0].book.fork_count() == 1
    assert "forked" in nodes[0].journalled
    assert not any(nodes[0].spent[:1])


# ---------------------------------------------------------------- deadlines


@pytest.mark.parametrize("last", ROUNDS)
def test_a39_after_the_deadline_nothing_leaves(
    talk: Talk, nodes: list[RealNode], clock: TestClock, last: str
) -> None:
    talk.until(last)
    debited = nodes[0].spent[0]
    past_deadline(clock)
    assert nodes[0].refusal(next_message(talk, last)) == "node.past_deadline"
    assert nodes[0].spent == (debited, 0)  # what was debited stays debited


def test_a39_the_deadline_stops_a_vector_half_way(
    talk: Talk, nodes: list[RealNode], clock: TestClock
) -> None:
    talk.until("open")
    pieces = nodes[0].sessions._attempts[SESSION].on_sharers(talk.sharers)
    next(pieces)
    past_deadline(clock)
    with pytest.raises(PastDeadlineError):
        next(pieces)


def test_an_attempt_without_a_word_is_forgotten_at_its_deadline(
    talk: Talk, nodes: list[RealNode], clock: TestClock
) -> None:
    talk.propose()
    nodes[0].sessions.drop_expired()
    assert nodes[0].spent == (0, RHO)
    past_deadline(clock)
    nodes[0].sessions.drop_expired()
    assert not any(nodes[0].spent)
    assert nodes[0].journalled[-1] == "failed"
    assert nodes[0].refusal(talk.roster) == "node.no_such_attempt"


# ---------------------------------------------------------------- debits


def kinds_on_disk(node: RealNode) -> list[str]:
    """The ledger as another process sees it: what is committed, and nothing else."""
    connection = sqlite3.connect(node.home / "ledger.sqlite3")
    try:
        return [kind for (kind,) in connection.execute("SELECT kind FROM entries ORDER BY number")]
    finally:
        connection.close()


def test_a17_the_debit_is_on_disk_before_the_first_byte_leaves(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("open")
    answers = nodes[0].sessions.on_message(CoordinatorInSession(SESSION, talk.sharers))
    assert kinds_on_disk(nodes[0]) == ["reserve"]
    assert isinstance(next(answers), Hold)  # which only says when the first piece may leave
    first = next(answers)
    assert isinstance(first, NodeInSession)
    assert isinstance(first.body, VectorChunk)
    assert kinds_on_disk(nodes[0]) == ["reserve", "debit"]


def test_a17_a_node_killed_between_debit_and_first_byte_has_spent(
    talk: Talk, nodes: list[RealNode]
) -> None:
    class Killed(BaseException):
        """As if the process were gone: nothing of ours may catch it."""

    def die() -> None:
        raise Killed

    nodes[0].sessions._reached = Fault("masked-input", die).reached
    talk.until("open")
    with pytest.raises(Killed):
        nodes[0].hear(talk.sharers)
    nodes[0].restart()
    assert nodes[0].spent == (RHO, 0)


@pytest.mark.parametrize("last", ["propose", "share", "open"])
def test_a18_a_node_killed_before_its_debit_counts_its_reservation_as_spent(
    talk: Talk, nodes: list[RealNode], last: str
) -> None:
    talk.until(last)
    nodes[0].restart()
    assert nodes[0].spent == (0, RHO)
    # Its disk may be a copy from before a debit, and the next reservation has to count on it.
    assert nodes[0].refusal(talk.proposal) == "ledger.session_seen"
    assert nodes[0].ledger.balance().spent == RHO
    assert nodes[0].ledger.balance().reserved == 0


def test_a38_where_the_debit_cannot_be_written_nothing_leaves(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("open")
    connection = nodes[0].ledger._store._connection
    connection.execute("PRAGMA query_only = ON")
    answers = nodes[0].sessions.on_message(CoordinatorInSession(SESSION, talk.sharers))
    # The reservation cannot be released either: the trouble travels up to the link.
    with pytest.raises(LedgerDiskError, match="readonly"):
        list(answers)
    connection.execute("PRAGMA query_only = OFF")
    assert kinds_on_disk(nodes[0]) == ["reserve"]
    assert SESSION not in nodes[0].sessions._attempts
    nodes[0].restart()
    assert nodes[0].spent == (0, RHO)


def test_the_vector_is_followed_by_the_nodes_word_for_it(talk: Talk, nodes: list[RealNode]) -> None:
    talk.until("open")
    *chunks, word = nodes[0].hear(talk.sharers)
    assert [chunk.index for chunk in chunks if isinstance(chunk, VectorChunk)] == [0]
    assert isinstance(word, MaskedInput)


# ---------------------------------------------------------------- ends


def end_with_failure(node: RealNode, clock: TestClock) -> None:
    node.hear(ENDED)


def lose_the_connection(node: RealNode, clock: TestClock) -> None:
    node.sessions.drop_all()


def pass_the_deadline(node: RealNode, clock: TestClock) -> None:
    past_deadline(clock)
    node.sessions.drop_expired()


Ending = Callable[[RealNode, TestClock], None]


@pytest.mark.parametrize("ending", [end_with_failure, lose_the_connection, pass_the_deadline])
def test_a_failed_attempt_gives_back_what_was_not_debited(
    talk: Talk, nodes: list[RealNode], clock: TestClock, ending: Ending
) -> None:
    talk.until("open")
    ending(nodes[0], clock)
    assert not any(nodes[0].spent)
    assert [row.kind for row in nodes[0].ledger.rows()] == ["reserve", "release"]


@pytest.mark.parametrize("ending", [end_with_failure, lose_the_connection, pass_the_deadline])
def test_a_failed_attempt_keeps_what_was_debited_and_is_counted(
    talk: Talk, nodes: list[RealNode], clock: TestClock, ending: Ending
) -> None:
    talk.until("mask")
    ending(nodes[0], clock)
    assert nodes[0].spent == (RHO, 0)
    assert [row.kind for row in nodes[0].ledger.rows()] == ["reserve", "debit", "failed"]


def test_a17_a_coordinator_that_fails_on_purpose_is_stopped_for_the_day(
    nodes: list[RealNode], clock: TestClock
) -> None:
    for number in range(3):
        session = SessionId(bytes([number]) * 16)
        Talk(nodes, session).until("mask")
        for node in nodes:
            node.hear(ENDED, session)
    fourth = SessionId(b"4" * 16)
    assert nodes[0].refusal(Talk(nodes, fourth).proposal, fourth) == (
        "ledger.too_many_failed_attempts"
    )
    clock.advance(timedelta(days=1))
    fifth = SessionId(b"5" * 16)
    Talk(nodes, fifth).until("propose")


def test_a_bug_of_ours_travels_up_and_the_attempt_is_dropped(
    talk: Talk, nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.until("share")

    def break_down(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(nodes[0].sessions._attempts[SESSION], "on_dealings", break_down)
    with pytest.raises(ZeroDivisionError):
        nodes[0].hear(Dealings(talk.dealings[MD]))
    assert not any(nodes[0].spent)
    assert nodes[0].refusal(talk.roster) == "node.no_such_attempt"


class ThrowingData:
    """Case data on which a question throws, with words that hold a value of a case."""

    size = 1

    def demand_there(self) -> None:
        """It is there."""

    def evaluate(self) -> Any:
        raise OverflowError("cannot convert 'Ana Popescu' to INT32")

    def sent(self, x: Any) -> Any:
        return x


def test_a6_a37_an_evaluation_that_throws_costs_its_rho_and_says_nothing_of_the_data(
    talk: Talk, nodes: list[RealNode], capsys: pytest.CaptureFixture[str]
) -> None:
    # Free of charge, it would be a question about the data that can be asked all day long.
    talk.until("open")
    nodes[0].sessions._attempts[SESSION]._data = ThrowingData()
    (answer,) = nodes[0].hear(talk.sharers)
    assert isinstance(answer, Refusal)
    assert answer.code == "node.evaluation_failed"
    assert nodes[0].spent == (RHO, 0)
    assert kinds_on_disk(nodes[0]) == ["reserve", "debit", "failed"]
    assert nodes[0].journalled[-1] == "refused"
    said = answer.message + "".join(capsys.readouterr())
    assert "Popescu" not in said
    assert "OverflowError" in said  # which is what the operators get


def test_a6_the_case_data_are_not_looked_at_before_the_debit(
    talk: Talk, nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[Fraction | int, Fraction | int]] = []
    read = nodes[0].store.pieces

    def watched(*arguments: Any) -> Any:
        looked.append(nodes[0].spent)
        return read(*arguments)

    monkeypatch.setattr(nodes[0].store, "pieces", watched)
    talk.until("mask")
    assert looked
    assert set(looked) == {(RHO, 0)}


# ---------------------------------------------------------------- asking again, asking around

SMALL = """
[allowance]
per_year = "1/50"
lost_per_day = "1"

[[rule]]
verdict = "allow"
"""
"""Two answers at ρ = 1/100, and no third one."""


@pytest.fixture
def frugal(tmp_path: Path, clock: TestClock) -> Iterator[list[RealNode]]:
    made = [
        RealNode(tmp_path / country, country, charter_of_four(), clock, policy=SMALL)
        for country in FOUR
    ]
    yield made
    for node in made:
        node.close()


def women_who(**conditions: str) -> Question:
    """How many persons there are, by gender, of whom that is known."""
    atoms = tuple(Among(field, (value,)) for field, value in conditions.items())
    return make_question(replace(by_gender().tables[0], where=all_of(atoms)))


def answered(nodes: list[RealNode], number: int, asked: Question) -> tuple[float, ...]:
    """What the coordinator learns from one more attempt, asked past every store of releases."""
    talk = Talk(nodes, SessionId(bytes([number]) * 16), asked)
    talk.until("sign")
    counts = tuple(talk.unmask().tolist())
    for node in nodes:
        node.hear(Released(f"r{number}", Digest(bytes(32))), talk.session)
    return counts


def test_a13_a_question_and_the_same_without_one_group_are_both_paid_for(
    frugal: list[RealNode],
) -> None:
    # Their difference is the group that was left out. Nobody looks for such pairs, since nobody
    # could find all of them: what bounds the loss is that each answer costs, whatever it asks.
    for number, citizenship in enumerate(("MD", "RO")):
        answered(frugal, number, women_who(citizenship=citizenship))
        assert {node.spent for node in frugal} == {((number + 1) * RHO, 0)}
    third = Talk(frugal, SessionId(b"third attempt   "), women_who(citizenship="UA"))
    assert {node.refusal(third.proposal, third.session) for node in frugal} == {
        "ledger.allowance_spent"
    }


def test_a14_the_same_question_again_has_other_noise_and_costs_again(
    frugal: list[RealNode],
) -> None:
    # With the same noise, other survivors would show one node's figure; for nothing, the mean of
    # many answers would show everybody's.
    first, second = (answered(frugal, number, by_gender()) for number in range(2))
    assert first != second
    assert {node.spent for node in frugal} == {(2 * RHO, 0)}
    third = Talk(frugal, SessionId(b"third attempt   "))
    assert {node.refusal(third.proposal, third.session) for node in frugal} == {
        "ledger.allowance_spent"
    }


def test_a14_indicator_vectors_end_with_the_allowance(frugal: list[RealNode]) -> None:
    """Reconstruction asks for many random subsets; here it gets as many as the ledger bears."""
    draw = Random(20261125)
    countries = ("BG", "MD", "NE", "RO", "UA", "unknown")
    refusals = []
    for number in range(10):
        subset = Among("citizenship", tuple(sorted(draw.sample(countries, 3))))
        asked = make_question(replace(by_gender().tables[0], where=all_of((subset,))))
        talk = Talk(frugal, SessionId(bytes([number]) * 16), asked)
        (said,) = frugal[0].hear(talk.proposal, talk.session)
        if isinstance(said, Refusal):
            refusals.append(said.code)
            continue
        for node in frugal[1:]:
            node.hear(talk.proposal, talk.session)
    # Reserved is as good as spent: asking for all of them at once gets no more.
    assert refusals == ["ledger.allowance_spent"] * 8
    assert {node.spent for node in frugal} == {(0, 2 * RHO)}


# ---------------------------------------------------------------- burning the allowance


def test_a17_a_release_without_this_nodes_shares_is_a_failed_attempt(
    talk: Talk, nodes: list[RealNode]
) -> None:
    # Else "released", said after every debit, would burn the year's allowance in an evening.
    talk.until("sign")
    nodes[0].hear(Released("r1", Digest(bytes(32))))
    assert [row.kind for row in nodes[0].ledger.rows()] == ["reserve", "debit", "failed"]


def test_a17_many_attempts_at_once_burn_no_more_than_one_after_the_other(
    nodes: list[RealNode],
) -> None:
    for number in range(2):
        Talk(nodes, SessionId(bytes([number]) * 16)).until("mask")
    third = SessionId(b"3" * 16)
    talk = Talk(nodes, third)
    talk.until("propose")
    fourth = SessionId(b"4" * 16)
    assert nodes[0].refusal(Talk(nodes, fourth).proposal, fourth) == (
        "ledger.too_many_failed_attempts"
    )


def test_a17_an_attempt_that_a_crash_ended_is_a_failed_one(nodes: list[RealNode]) -> None:
    for number in range(3):
        Talk(nodes, SessionId(bytes([number]) * 16)).until("mask")
        for node in nodes:
            node.close()  # nobody had the time to write that it failed
            node.open()
    fourth = SessionId(b"4" * 16)
    assert nodes[0].refusal(Talk(nodes, fourth).proposal, fourth) == (
        "ledger.too_many_failed_attempts"
    )


def test_a43_an_edition_that_is_replaced_during_an_attempt_costs_nothing(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("open")
    nodes[0].import_women(7)
    assert nodes[0].refusal(talk.sharers) == "store.no_such_edition"
    assert not any(nodes[0].spent)


def test_the_status_tells_round_and_who_is_missing(talk: Talk, nodes: list[RealNode]) -> None:
    talk.propose()
    nodes[0].hear(Progress(Round.SHARE, frozenset(FOUR[1:]), 0))
    shown = nodes[0].board.status.attempt
    assert shown is not None
    assert (shown.round, shown.waiting_for) == ("share", ("NE", "RO", "UA"))
    assert shown.question == talk.proposal.header.question.hex()[:8]


def test_a37_the_journal_of_an_attempt_holds_no_figure_of_the_data(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("sign")
    allowed = {
        "proposed": {
            *("question", "plan", "charter", "rho", "scope", "organisation", "purpose"),
            # Of the question, which is public, and of the ledger, which the members hold.
            *("tables", "fields", "cells", "minors", "series", "price"),
        },
        "accepted": {"edition", "consent_rule", "ledger_entry"},
        "let_out": set[str](),
    }
    for row in nodes[0].journal.rows():
        assert set(row.details) == allowed[row.kind]


def test_the_worst_case_in_the_ledger_is_that_of_the_noise_that_never_comes_off(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.until("mask")
    parameters = talk.parameters(4)
    scaled = parameters.sensitivity_squared * 4**parameters.scale_bits
    expected = Fraction(scaled) / (2 * parameters.levels[0].variance)
    connection = sqlite3.connect(nodes[0].home / "ledger.sqlite3")
    (payload,) = connection.execute("SELECT payload FROM entries WHERE kind = 'debit'").fetchone()
    connection.close()
    assert f'"worst_case_rho":"{expected}"'.encode() in payload
    assert expected > RHO  # one share alone promises less than all honest ones together


# ---------------------------------------------------------------- a coordinator of two faces


@pytest.mark.parametrize("last", ["nothing", "propose", "open"])
def test_a20_a22_two_signed_proposals_of_one_session_are_evidence(
    talk: Talk, nodes: list[RealNode], last: str
) -> None:
    if last == "nothing":
        assert nodes[0].refusal(make_proposal(talk.charter, nodes[0].clock(), rho=Fraction(9)))
    else:
        talk.until(last)
    other = make_proposal(talk.charter, nodes[0].clock(), purpose="another")
    assert nodes[0].refusal(other) == "coordinator.equivocated"
    nodes[0].hear(talk.proposal)
    (fork, *_) = nodes[0].book.forks()
    assert fork.country == ""
    assert fork.held != fork.shown
    assert "forked" in nodes[0].journalled
    assert nodes[0].ledger.balance().reserved == 0


def test_a20_a_proposal_that_the_coordinator_did_not_sign_is_no_evidence(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.propose()
    other = make_proposal(talk.charter, nodes[0].clock(), purpose="another")
    nodes[0].hear(replace(other, signature=talk.proposal.signature))
    assert nodes[0].book.fork_count() == 0
    assert nodes[0].hear(talk.proposal) == []  # a repetition changes nothing
    assert nodes[0].book.fork_count() == 0


def test_a22_members_that_accepted_two_headers_of_one_session_keep_what_convicts(
    talk: Talk, nodes: list[RealNode], clock: TestClock
) -> None:
    """Moldova is shown a roster in which Niger accepted what Niger alone was shown."""
    moldova, niger = nodes[:2]
    other = make_proposal(charter_of_four(), clock(), purpose="another")
    (elsewhere,) = niger.hear(other)
    assert isinstance(elsewhere, Acceptance)
    words = [node.hear(talk.proposal)[0] for node in nodes if node is not niger]
    accepted = [word for word in words if isinstance(word, Acceptance)]
    roster = Roster(tuple(sorted((*accepted, elsewhere), key=lambda word: word.country)))
    assert moldova.refusal(roster) == "secure_sum.other_header"
    assert not any(moldova.spent)
    assert "forked" in moldova.journalled

    (fork,) = moldova.book.forks()
    assert fork.country == COORDINATOR
    assert fork.problem.startswith("NE accepted another proposal")
    assert other.header.digest.hex() in fork.shown.decode()
    # What Niger heard, brought here by another way, convicts: both are the coordinator's words.
    (heard,) = niger.book.heard()
    subject = coordinator_word(heard, charter_of_four().coordinator_key, verify).subject
    assert not moldova.book.compare(subject, heard)
    assert moldova.book.compare(subject, moldova.book.heard()[0])
    assert moldova.book.forks()[-1].held == moldova.book.heard()[0]
    assert moldova.book.forks()[-1].shown == heard


def test_a22_an_acceptance_that_its_member_did_not_sign_is_no_evidence(
    talk: Talk, nodes: list[RealNode]
) -> None:
    talk.propose()
    first, second, *rest = talk.roster.acceptances
    forged = replace(second, header=Digest(bytes(32)))
    assert nodes[0].refusal(Roster((first, forged, *rest))) == "secure_sum.other_header"
    assert nodes[0].book.forks() == ()
