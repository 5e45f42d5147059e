"""One attempt, driven by the coordinator over live connections of scripted nodes."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.coordinator.attempt import Attempt, Sum, Surroundings
from corridor.coordinator.attempts import Parting
from corridor.coordinator.connections import Connection, Connections
from corridor.coordinator.home import Deadlines
from corridor.coordinator.rounds import describe
from corridor.coordinator.spool import Spool
from corridor.errors import CorridorError
from corridor.errors.region import WitnessedForkError
from corridor.errors.secure_sum import (
    BadDealerError,
    TooFewParticipantsError,
    TooFewSharersError,
    TooFewSharesError,
    TooFewSignaturesError,
    TooFewSurvivorsError,
)
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    AttemptParameters,
    LedgerStatement,
    MaskedInput,
    Opened,
    Proposal,
    Roster,
    Sharers,
    Shares,
    SurvivorSet,
    Unmask,
    UnmaskRequest,
    signed,
)
from corridor.transport.messages import (
    CoordinatorInSession,
    Failed,
    NodeBody,
    NodeInSession,
    Refusal,
    Round,
    VectorChunk,
)
from corridor.transport.suites import ed25519_verify
from support.idle_clock import run
from support.scripted_node import SUITE, ScriptedNode, Silent
from support.secure_sum import Region, first_countries, make_header
from support.signing import KeyPair

QUICK = Deadlines(
    propose=0.4, share=0.4, opened=0.4, masked_input=0.4, consistency=0.4, unmask=0.4, slack=1
)
ENDED = Failed("test.ended", "", frozenset())


ROUNDS_OF_A_SUM = (
    Round.SHARE,
    Round.OPENED,
    Round.MASKED_INPUT,
    Round.CONSISTENCY,
    Round.UNMASK,
)
"""Behind the proposal."""


class Table:
    """A coordinator's side and its nodes, in one event loop."""

    def __init__(self, spool: Path, count: int = 5, *, cells: int = 300_000) -> None:
        spool.mkdir()
        self.region = Region(countries=first_countries(count), cells=cells, ring_bits=32)
        self.connections = Connections()
        self.spool = spool
        self.nodes = {country: self._node(country) for country in self.region.countries}
        self.witnessed: list[LedgerStatement] = []
        self.rounds: list[tuple[Round, frozenset[CountryCode]]] = []
        self.told: list[CoordinatorInSession] = []
        self.live: dict[CountryCode, Connection] = {}
        self.pumps: list[asyncio.Task[None]] = []

    def _node(self, country: CountryCode) -> ScriptedNode:
        node = ScriptedNode(country, KeyPair(f"node {country}"))
        node.members = dict(self.region.keys)
        node.parameters_for = self.region.parameters_for
        place = self.region.countries.index(country)
        node.vector = np.arange(self.region.cells, dtype=np.int64) * (place + 1) - 7
        return node

    def witness(self, statement: LedgerStatement) -> None:
        self.witnessed.append(statement)

    def expected(self, *without: CountryCode) -> Any:
        vectors = [n.vector for c, n in self.nodes.items() if c not in without]
        return np.sum(vectors, axis=0)

    async def run(
        self,
        *,
        deadlines: Deadlines = QUICK,
        reusable: Callable[[Roster], Coroutine[Any, Any, str | None]] | None = None,
    ) -> Sum | str:
        for country, node in self.nodes.items():
            self.live[country] = Connection(country, node.standing())
            self.connections.add(self.live[country])
            self.pumps.append(asyncio.create_task(self._pump(node, self.live[country])))
        proposal = Proposal(make_header(suite=SUITE), b"{}", KeyPair("coordinator").sign(b""))
        self.attempt = Attempt(
            proposal,
            self.region.keys,
            self.region.parameters_for,
            Surroundings(
                connections=self.connections,
                suite=SUITE,
                verify=ed25519_verify,
                witness=self.witness,
                on_round=lambda name, answered: self.rounds.append((name, answered)),
                on_progress=lambda *_: None,
                deadlines=deadlines,
                spool=self.spool,
                now=lambda: 1000,
                members=self.region.keys,
                quorum=0,
            ),
        )

        async def nothing(_: Roster) -> str | None:
            return None

        try:
            return await self.attempt.run(reusable or nothing)
        finally:
            self.attempt.finish(ENDED)
            await asyncio.sleep(0.05)
            for pump in self.pumps:
                pump.cancel()

    async def _pump(self, node: ScriptedNode, connection: Connection) -> None:
        with suppress(Silent):
            while (message := await connection.next()) is not None:
                if isinstance(message, CoordinatorInSession):
                    self.told.append(message)
                    await self._say(connection, node, message)

    async def _say(
        self, connection: Connection, node: ScriptedNode, message: CoordinatorInSession
    ) -> None:
        for said in node.answer(message):
            await self.connections.receive(connection, said)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "spool")


def summed(table: Table, **options: Any) -> Sum:
    outcome = run(table.run(**options))
    assert isinstance(outcome, Sum)
    return outcome


def survivors(outcome: Sum) -> frozenset[CountryCode]:
    return outcome.unmasked.words.survivors.survivors


def test_the_sum_of_all_vectors_comes_out(table: Table) -> None:
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected())
    assert survivors(outcome) == set(table.region.countries)
    everybody = frozenset(table.region.countries)
    assert table.rounds == [(name, everybody) for name in ROUNDS_OF_A_SUM]


def test_every_acceptance_is_witnessed(table: Table) -> None:
    summed(table)
    assert sorted(one.country for one in table.witnessed) == list(table.region.countries)


def test_everybody_hears_how_it_ended(table: Table) -> None:
    summed(table)
    assert all(node.outcomes == [ENDED] for node in table.nodes.values())


@pytest.mark.parametrize("kind", [Proposal, Roster, Sharers, SurvivorSet, UnmaskRequest, Failed])
def test_what_everybody_is_told_is_one_message_that_can_be_encoded_once(
    table: Table, kind: type[object]
) -> None:
    """A roster names every member to every member: encoded for each, it is r² acceptances."""
    summed(table)
    told = [message for message in table.told if isinstance(message.body, kind)]
    assert len(told) == len(table.nodes)
    assert len(set(map(id, told))) == 1


def test_nothing_is_left_in_the_spool(table: Table) -> None:
    summed(table)
    assert list(table.spool.iterdir()) == []


@pytest.mark.parametrize("name", [Round.PROPOSE, Round.SHARE, Round.OPENED, Round.MASKED_INPUT])
def test_the_sum_goes_on_without_a_node_that_falls_silent_before_its_input(
    table: Table, name: Round
) -> None:
    silent = table.region.countries[2]
    table.nodes[silent].silent_at = name
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected(silent))
    assert survivors(outcome) == set(table.region.countries) - {silent}


@pytest.mark.parametrize("name", [Round.CONSISTENCY, Round.UNMASK])
def test_the_sum_holds_a_node_that_falls_silent_after_its_input(table: Table, name: Round) -> None:
    table.nodes[table.region.countries[2]].silent_at = name
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected())


def test_a_lost_stream_closes_the_round_without_waiting_for_the_deadline(table: Table) -> None:
    lost = table.region.countries[0]
    node = table.nodes[lost]

    def hang_up(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, VectorChunk):
            table.connections.remove(table.live[lost])
            return
        yield body

    node.bend = hang_up
    patient = Deadlines()
    outcome = run(asyncio.wait_for(table.run(deadlines=patient), timeout=20))
    assert isinstance(outcome, Sum)
    np.testing.assert_array_equal(outcome.total, table.expected(lost))


def test_a30_a_stream_lost_while_its_vector_is_being_added_leaves_the_sum_whole(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = table.region.countries[0]
    gone = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    add_to = Spool.add_to

    def remember_loop(body: NodeBody) -> Iterable[NodeBody]:
        loops.append(asyncio.get_running_loop())
        yield body

    def lose_stream() -> None:
        table.pumps[0].cancel()
        table.connections.remove(table.live[lost])
        loops[0].call_soon(loops[0].call_soon, gone.set)  # after the pump met its cancellation

    def lose_it_meanwhile(spool: Spool, total: Any) -> None:
        if spool.path.name.endswith(lost):
            loops[0].call_soon_threadsafe(lose_stream)
            gone.wait(5)
        add_to(spool, total)

    table.nodes[lost].bend = remember_loop
    monkeypatch.setattr(Spool, "add_to", lose_it_meanwhile)
    outcome = asyncio.run(table.run(deadlines=Deadlines()))  # a loop with real threads
    assert gone.is_set()
    assert isinstance(outcome, Sum)
    without = frozenset(table.region.countries) - survivors(outcome)
    np.testing.assert_array_equal(outcome.total, table.expected(*without))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (Round.PROPOSE, TooFewParticipantsError),
        (Round.SHARE, TooFewSharersError),
        (Round.OPENED, TooFewSharersError),
        (Round.MASKED_INPUT, TooFewSurvivorsError),
        (Round.CONSISTENCY, TooFewSignaturesError),
        (Round.UNMASK, TooFewSharesError),
    ],
)
def test_the_deadline_of_each_round_ends_the_attempt_with_a_code_and_what_to_do(
    tmp_path: Path, name: Round, error: type[CorridorError]
) -> None:
    table = Table(tmp_path / "spool", count=3, cells=100)
    late = table.region.countries[: 2 if name is Round.PROPOSE else 1]
    if name in (Round.CONSISTENCY, Round.UNMASK):
        late = table.region.countries[:2]
    for country in late:
        table.nodes[country].silent_at = name
    with pytest.raises(error) as failure:
        run(table.run())
    told = describe(table.attempt, failure.value)
    assert (told.code, told.round, told.missing) == (error.code, name.value, tuple(late))
    assert "Ask again when more nodes are there" in told.message
    spent = "No node had debited" not in told.message
    assert spent is (name not in (Round.PROPOSE, Round.SHARE, Round.OPENED))
    assert ("debited stays debited" in told.message) is spent
    silence = Parting(name.value, None)
    assert table.attempt.ending.partings == dict.fromkeys(late, silence)
    assert list(table.spool.iterdir()) == []


def test_a30_a_vector_that_is_not_the_one_signed_stays_out_of_the_sum(table: Table) -> None:
    liar = table.region.countries[1]

    def flip(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, VectorChunk) and body.index == 0:
            body = VectorChunk(0, bytes([body.data[0] ^ 1]) + body.data[1:])
        yield body

    table.nodes[liar].bend = flip
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected(liar))
    assert table.nodes[liar].codes == [
        "secure_sum.other_vector",
        ENDED.code,
    ]


@pytest.mark.parametrize(
    "chunks",
    [
        lambda body: [body, body],
        lambda body: [VectorChunk(body.index + 1, body.data)],
        lambda body: [VectorChunk(body.index, body.data + bytes(4 * 300_000))],
        lambda body: [] if body.index else [body],
    ],
    ids=["repeated", "out of order", "too long", "too short"],
)
def test_chunks_that_do_not_make_the_vector_drop_their_node(
    table: Table, chunks: Callable[[VectorChunk], list[VectorChunk]]
) -> None:
    liar = table.region.countries[1]
    table.nodes[liar].bend = lambda body: chunks(body) if isinstance(body, VectorChunk) else [body]
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected(liar))


def test_a_word_in_another_country_s_name_drops_its_sender(table: Table) -> None:
    one, other = table.region.countries[:2]

    def impersonate(body: NodeBody) -> Iterable[NodeBody]:
        yield replace(body, country=other) if isinstance(body, Opened) else body

    table.nodes[one].bend = impersonate
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected(one))
    assert table.nodes[one].codes[0] == "stream.another_country"


def test_a_word_out_of_its_round_drops_its_sender(table: Table) -> None:
    one = table.region.countries[0]
    kept: list[NodeBody] = []

    def twice(body: NodeBody) -> Iterable[NodeBody]:
        kept.append(body)
        yield body
        if isinstance(body, Opened):
            yield MaskedInput(
                roster_hash=body.roster_hash,
                country=one,
                sharers=frozenset(),
                vector_hash=body.roster_hash,
                noise_commitment=body.roster_hash,
                signature=body.signature,
            )

    table.nodes[one].bend = twice
    outcome = summed(table)
    assert one not in survivors(outcome)


def test_the_same_word_again_changes_nothing(table: Table) -> None:
    for node in table.nodes.values():
        node.bend = lambda body: [body] if isinstance(body, VectorChunk) else [body, body]
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected())


def test_messages_of_another_session_are_dropped(table: Table) -> None:
    async def noise() -> Sum | str:
        async def shout(_: Roster) -> str | None:
            one = table.region.countries[0]
            stray = NodeInSession(SessionId(b"\7" * 16), Refusal("node.stray", ""))
            await table.connections.receive(table.live[one], stray)
            return None

        return await table.run(reusable=shout)

    outcome = run(noise())
    assert isinstance(outcome, Sum)
    np.testing.assert_array_equal(outcome.total, table.expected())


def test_who_refuses_is_not_waited_for(table: Table) -> None:
    one = table.region.countries[0]
    table.nodes[one].bend = lambda body: (
        [Refusal("policy.refused", "no")] if isinstance(body, Acceptance) else [body]
    )
    patient = Deadlines()
    outcome = run(asyncio.wait_for(table.run(deadlines=patient), timeout=20))
    assert isinstance(outcome, Sum)
    assert one not in survivors(outcome)


def test_a_forked_ledger_takes_no_part(table: Table) -> None:
    forked = table.region.countries[3]

    def witness(statement: LedgerStatement) -> None:
        if statement.country == forked:
            raise WitnessedForkError(forked, "one entry has two sums")

    table.witness = witness  # type: ignore[method-assign]
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected(forked))
    assert table.nodes[forked].codes[0] == "witness.fork"


def test_a_responder_that_reveals_a_false_share_is_named_and_the_sum_still_comes(
    table: Table,
) -> None:
    liar = table.region.countries[2]

    def lie(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Unmask):
            first = replace(body.revealed[0], salt=bytes(len(body.revealed[0].salt)))
            bent = replace(body, revealed=(first, *body.revealed[1:]))
            body = replace(bent, signature=table.nodes[liar].keys.sign(bent.to_sign()))
        yield body

    table.nodes[liar].bend = lie
    outcome = summed(table)
    np.testing.assert_array_equal(outcome.total, table.expected())
    assert outcome.named == (liar,)
    assert table.attempt.ending.proven == {liar: "secure_sum.lying_responder"}


@pytest.fixture
def levelled(tmp_path: Path) -> Table:
    """A table whose nodes add noise that may be taken off again, and no other."""
    table = Table(tmp_path / "levelled", cells=1000)
    table.region = replace(table.region, with_levels=True)
    for node in table.nodes.values():
        node.parameters_for = table.region.parameters_for
    return table


def test_superfluous_noise_is_off_the_sum(levelled: Table) -> None:
    outcome = summed(levelled)
    np.testing.assert_array_equal(outcome.total, levelled.expected())
    assert outcome.unmasked.words.reduced == set(levelled.region.countries)


def test_who_falls_silent_at_the_end_leaves_its_noise_in_the_sum(levelled: Table) -> None:
    silent = levelled.region.countries[2]
    levelled.nodes[silent].silent_at = Round.UNMASK
    outcome = summed(levelled)
    noise = outcome.total - levelled.expected()
    # One node's level of noise, of a variance of 11 over 1000 cells: its mean square is within 40 %
    # of that with a chance of a false alarm of 10⁻⁹ (6.1·√(2/1000) = 27 %).
    assert 0.6 < float(np.square(noise).mean()) / 11 < 1.4
    assert outcome.unmasked.words.reduced == set(levelled.region.countries) - {silent}


def test_who_reveals_another_seed_of_its_noise_is_named_and_its_noise_stays(
    levelled: Table,
) -> None:
    liar = levelled.region.countries[2]

    def lie(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Unmask):
            bent = replace(body, excess_seed=bytes(32))
            body = signed(bent, levelled.nodes[liar].keys.sign)
        yield body

    levelled.nodes[liar].bend = lie
    outcome = summed(levelled)
    assert outcome.named == (liar,)
    assert levelled.attempt.ending.proven == {liar: "secure_sum.wrong_noise_seed"}
    assert outcome.unmasked.words.reduced == set(levelled.region.countries) - {liar}
    assert (outcome.total != levelled.expected()).any()


def test_who_deals_another_seed_than_it_commits_to_is_proven_to_and_nobody_else(
    table: Table,
) -> None:
    liar = table.region.countries[2]

    def lie(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Shares):
            node = table.nodes[liar]
            bent = [replace(one, commitment=Digest(bytes(32))) for one in body.dealings]
            body = Shares(liar, tuple(signed(one, node.keys.sign) for one in bent))
            own = next(one for one in body.dealings if one.recipient == liar)
            node.state = replace(node.state, own=own)  # type: ignore[type-var]
        yield body

    table.nodes[liar].bend = lie
    with pytest.raises(BadDealerError):
        run(table.run())
    assert table.attempt.ending.proven == {liar: "secure_sum.bad_dealer"}


def test_who_only_complains_of_another_proves_nothing_against_it(table: Table) -> None:
    """One of the two lies; it costs one of them this attempt, and neither the next."""
    honest, liar = table.region.countries[:2]

    def complain(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Opened):
            node = table.nodes[liar]
            bent = replace(body, opened=body.opened - {honest}, complaints=frozenset({honest}))
            body = signed(bent, node.keys.sign)
            node.state = replace(node.state, word=body)  # type: ignore[type-var]
        yield body

    table.nodes[liar].bend = complain
    outcome = summed(table)
    assert outcome.named == ()
    ending = table.attempt.ending
    assert ending.proven == {}
    # Which of the two goes nobody can choose; either would be back in the next attempt.
    (gone,) = ending.partings
    assert gone in {honest, liar}
    assert ending.partings[gone] == Parting("opened", "secure_sum.not_mutually_opened")


def test_a_roster_whose_release_exists_debits_nothing(table: Table) -> None:
    seen: list[dict[CountryCode, EditionId]] = []

    async def known(roster: Roster) -> str | None:
        seen.append({one.country: one.edition for one in roster.acceptances})
        return "r-1"

    assert run(table.run(reusable=known)) == "r-1"
    assert seen == [{country: node.edition for country, node in table.nodes.items()}]
    assert table.rounds == []


def test_the_numbers_are_the_same_on_both_sides(table: Table) -> None:
    table.nodes[table.region.countries[0]].parameters_for = lambda size: replace(
        other_numbers(table, size), sampler=2
    )
    outcome = summed(table)
    assert table.region.countries[0] not in survivors(outcome)


def other_numbers(table: Table, size: int) -> AttemptParameters:
    return table.region.parameters_for(size)
