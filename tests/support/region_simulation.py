"""Nodes and coordinators of a secure sum on a simulated network: thin shells, real states.

A shell holds one state, offers it what arrives, and sends on what comes out. What the state does
not offer, or refuses, changes nothing. Each node keeps what it signed and what it revealed, for
the invariants.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from corridor.errors import CorridorError
from corridor.ids import CountryCode, Digest
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, node
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    MaskedInput,
    Opened,
    ProposalHeader,
    Roster,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
)
from corridor.transport.messages import Dealings
from support.network import SimulatedNetwork
from support.secure_sum import Region, accept, debit_for, make_header, vectors_of, verify


@dataclass(frozen=True, slots=True)
class Upload:
    """A masked vector and its node's word for it."""

    vector: bytes
    word: MaskedInput


Network = SimulatedNetwork[Any]


class SimulatedNode:
    """One honest node."""

    def __init__(self, me: CountryCode, region: Region, network: Network, seed: int) -> None:
        self.me, self.region, self.network = me, region, network
        self.vector = vectors_of(region, seed)[me]
        self.random_bytes = Random(f"{seed} {me}").randbytes
        self.state: Any = None
        self.coordinator: Callable[[CountryCode, Any], None] = lambda _me, _body: None
        self.crashed = False
        self.debits = 0
        self.signed: list[SurvivorSet] = []
        self.revealed: list[Unmask] = []
        self.refusals: list[str] = []

    def crash(self) -> None:
        """Everything ephemeral is lost; the node has dropped out."""
        self.crashed, self.state = True, None

    def hear(self, message: object) -> None:
        if self.crashed:
            return
        try:
            answer = self._answer(message)
        except CorridorError as refusal:
            self.refusals.append(refusal.code)
            return
        if answer is not None:
            self.network.send(lambda body: self.coordinator(self.me, body), answer)

    def _answer(self, message: object) -> object | None:
        sign, keys = self.region.sign(self.me), self.region.keys
        answer: object
        match self.state, message:
            case None, ProposalHeader():
                self.state, answer = accept(message, self.me, self.random_bytes)
            case node.Accepted(), Roster():
                self.state, answer = self.state.on_roster(
                    message,
                    parameters_for=self.region.parameters_for,
                    keys=keys,
                    verify=verify,
                    suite=self.region.suite,
                    random_bytes=self.random_bytes,
                    sign=sign,
                )
            case node.Shared(), Dealings():
                self.state, answer = self.state.on_dealings(
                    message.dealings,
                    keys=keys,
                    verify=verify,
                    suite=self.region.suite,
                    sign=sign,
                    unwitnessed=(),
                )
            case node.OpenedState(), Sharers():
                quorum = self.region.quorum
                ready = self.state.on_sharers(message, keys=keys, verify=verify, quorum=quorum)
                self.debits += 1
                masking = ready.mask(
                    self.vector, debit_for(ready.settled.header), suite=self.region.suite
                )
                vector = b"".join(masking.chunks())
                self.state, word = masking.finish(sign)
                answer = Upload(vector, word)
            case node.AwaitingSurvivors(), SurvivorSet():
                self.state, answer = self.state.on_survivors(message, sign)
                self.signed.append(message)
            case node.Signed(), SurvivorSet():
                self.state, answer = self.state.on_survivors(message)
            case node.Signed(), UnmaskRequest():
                self.state, answer = self.state.on_unmask_request(
                    message, keys=keys, verify=verify, sign=sign
                )
                self.revealed.append(answer)
            case _:
                return None  # late, early or repeated: the state does not offer it
        return answer


class SimulatedCoordinator:
    """An honest coordinator: closes a round when nobody is missing, or at its deadline."""

    ROUND_SECONDS = 12.0

    def __init__(self, region: Region, nodes: list[SimulatedNode], network: Network) -> None:
        self.region, self.network = region, network
        self.nodes = {simulated.me: simulated for simulated in nodes}
        self.header = make_header()
        self.total = np.zeros(region.cells, dtype=ring_type(region.ring_bits))
        self.state: Any = coordinator.CollectingAcceptances(self.header, region.keys)
        self.rounds = 0
        self.result: npt.NDArray[np.int64] | None = None
        self.failure: CorridorError | None = None
        self.refusals: list[str] = []
        for simulated in nodes:
            simulated.coordinator = self.hear

    def begin(self) -> None:
        self._announce(dict.fromkeys(self.nodes, self.header))

    def hear(self, _sender: CountryCode, body: object) -> None:
        if self.failure is not None or self.result is not None:
            return
        try:
            self.state = self._take(body)
        except CorridorError as refusal:
            self.refusals.append(refusal.code)
            return
        if not self.state.missing:
            self._close()

    def _take(self, body: object) -> Any:
        state = self.state
        match self.state, body:
            case coordinator.CollectingAcceptances(), Acceptance():
                state = self.state.on_acceptance(body, verify=verify, suite=self.region.suite)
            case coordinator.CollectingShares(), Shares():
                state = self.state.on_shares(body)
            case coordinator.CollectingOpened(), Opened():
                state = self.state.on_opened(body, verify=verify)
            case coordinator.CollectingInputs(), Upload():
                state = self._add(body)
            case coordinator.CollectingSignatures(), SurvivorSignature():
                state = self.state.on_signature(body, verify=verify)
            case coordinator.CollectingUnmask(), Unmask():
                state = self.state.on_unmask(body, verify=verify, suite=self.region.suite)
            case _:
                pass  # of an earlier round: too late
        return state

    def _add(self, upload: Upload) -> Any:
        spooled = Digest(sha256(upload.vector).digest())
        state = self.state.on_masked_input(upload.word, spooled, verify=verify)
        if state is not self.state:  # a repetition is not added twice
            self.total += np.frombuffer(upload.vector, dtype=self.total.dtype)
        return state

    def _close(self) -> None:
        try:
            self._go_on()
        except CorridorError as failure:
            self.failure = failure

    def _go_on(self) -> None:
        match self.state:
            case coordinator.CollectingAcceptances():
                self.state, roster = self.state.close(self.region.parameters_for)
                self._announce(dict.fromkeys(roster.countries, roster))
            case coordinator.CollectingShares():
                self.state, dealt = self.state.close()
                self._announce({c: Dealings(dealings) for c, dealings in dealt.items()})
            case coordinator.CollectingOpened():
                self.state, sharers = self.state.close(verify=verify)
                self._announce(dict.fromkeys(sorted(sharers.countries), sharers))
            case coordinator.CollectingInputs():
                self.state, survivors = self.state.close()
                self._announce(dict.fromkeys(sorted(survivors.survivors), survivors))
            case coordinator.CollectingSignatures():
                self.state, request = self.state.close()
                self._announce(dict.fromkeys(sorted(self.state.keys), request))
            case coordinator.CollectingUnmask():
                unmasked = self.state.close(suite=self.region.suite)
                unmasked.remove_masks(self.total, suite=self.region.suite)
                unmasked.remove_excess(self.total, draw=sample, suite=self.region.suite)
                self.result = coordinator.decode(self.total)
            case _:
                raise AssertionError(self.state)

    def _announce(self, messages: dict[CountryCode, Any]) -> None:
        self.rounds += 1
        begun = self.rounds
        for country, message in messages.items():
            self.network.send(self.nodes[country].hear, message)

        def deadline() -> None:
            if self.rounds == begun and self.failure is None and self.result is None:
                self._close()

        self.network.after(self.ROUND_SECONDS, deadline)
