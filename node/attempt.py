"""One attempt, seen from this node: the pure states of the secure sum, and what they need.

    accept → on_roster → on_dealings → on_sharers → on_survivors → on_unmask_request
           → on_figure_request     where this country's own figure is asked

The states in `protocols.secure_sum.node` and `protocols.figures` check and compute; this class owns
what they must not know: the ledger, the case data, the sampler, the clock. It adds three rules of
its own.

1. After `finish_by` nothing more leaves this node.
2. The debit is on disk before the case data is looked at, and so before the first byte of the
   masked input leaves (ATTACKS 17). An evaluation that fails has cost its ρ, since that it failed
   may tell something of the data (ATTACKS 6); of why it failed nothing is said or logged.
3. The secrets die with this object. It is never stored, and a node that restarts has dropped out.

A transition that raises leaves the state as it was; what was debited stays debited.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from corridor.errors.node import EvaluationFailedError, OutOfOrderError, PastDeadlineError
from corridor.errors.secure_sum import OtherHeaderError
from corridor.faults import Reached, go_on
from corridor.ids import CountryCode, SessionId
from corridor.node.ledger import Debit, Ledger
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols import figures
from corridor.protocols.charter import Charter
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.masks import CHUNK_CELLS
from corridor.protocols.secure_sum import node as states
from corridor.protocols.secure_sum.messages import (
    AttemptParameters,
    Dealing,
    LedgerStatement,
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
from corridor.protocols.suite import RandomBytes, Sign, Suite, Verify
from corridor.queries.parameters import planned_noise

_log = structlog.get_logger()

FIGURE_CHUNK_BYTES = figures.WORD_BYTES * CHUNK_CELLS
"""What of a figure is given at once, as of a masked vector."""

Unwitnessed = Callable[[Sequence[LedgerStatement]], frozenset[CountryCode]]
"""Whose ledgers, as they state them, are not on the chains that this node holds."""

HearOtherHeader = Callable[[ProposalHeader, Roster], None]
"""Keeps what shows that other members of a roster accepted another proposal than this node's."""

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""

NodeState = (
    states.Accepted
    | states.Shared
    | states.OpenedState
    | states.ReadyToMask
    | states.AwaitingSurvivors
    | states.Signed
    | states.Done
    | figures.Accepted
    | figures.Ready
    | figures.Answered
)

_State = TypeVar("_State", bound=NodeState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an attempt takes from its node.

    Attributes:
        reached: hears the points of `node.faults` that only an attempt knows.
    """

    charter: Charter
    suite: Suite
    sign: Sign
    verify: Verify
    random_bytes: RandomBytes
    clock: Clock
    ledger: Ledger
    demand_witnessed: Callable[[], None]
    unwitnessed: Unwitnessed
    hear_other_header: HearOtherHeader
    reached: Reached = go_on


class CaseData(Protocol):
    """The edition that was accepted, and the plan that it is counted for."""

    def demand_there(self) -> None:
        """Raise, whatever the data are, if the edition was replaced since it was accepted.

        Raises:
            NoSuchEditionError: it was. Nothing was looked at.
        """

    @property
    def size(self) -> int:
        """How many entries x has."""

    def evaluate(self) -> npt.NDArray[np.int64]:
        """The counts: x, of length `size`, an array of the caller's own."""

    def sent(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """What leaves of x with its noise: a linear map (`queries.plan.Plan.sent`)."""


class Attempt:
    """One attempt at one question, from this node's acceptance to its end. Not thread-safe."""

    def __init__(
        self,
        header: ProposalHeader,
        state: states.Accepted | figures.Accepted,
        parameters_for: Callable[[int], AttemptParameters],
        data: CaseData,
        surroundings: Surroundings,
    ) -> None:
        self.header = header
        self._state: NodeState = state
        self._parameters_for = parameters_for
        self._data = data
        self._at = surroundings
        self._unwitnessed: frozenset[CountryCode] = frozenset()
        self.debited = False

    @property
    def session(self) -> SessionId:
        """The session that names this attempt."""
        return self.header.session

    @property
    def has_revealed(self) -> bool:
        """Whether this node revealed its shares, or its figure: else no answer has its data."""
        return isinstance(self._state, states.Done | figures.Answered)

    @property
    def cells(self) -> int:
        """How many entries are counted; no more than that are sent."""
        return self._data.size

    @property
    def state_name(self) -> str:
        """Where this node stands, for people."""
        return type(self._state).__name__

    def on_roster(self, roster: Roster) -> Shares:
        """Check everybody's acceptance, look whose ledgers are held here, deal the shares."""
        state = self._in(states.Accepted, "the roster")
        try:
            shared, shares = state.on_roster(
                roster,
                parameters_for=self._parameters_for,
                keys=self._at.charter.signing_keys,
                verify=self._at.verify,
                suite=self._at.suite,
                random_bytes=self._at.random_bytes,
                sign=self._at.sign,
            )
        except OtherHeaderError:
            self._at.hear_other_header(self.header, roster)
            raise
        statements = [acceptance.statement for acceptance in roster.acceptances]
        self._unwitnessed = self._at.unwitnessed(statements)
        self._state = shared
        return shares

    def on_dealings(self, dealings: Sequence[Dealing]) -> Opened:
        """Open what the peers dealt; complain of what does not open or fit."""
        state = self._in(states.Shared, "the dealings")
        self._state, opened = state.on_dealings(
            tuple(dealings),
            keys=self._at.charter.signing_keys,
            verify=self._at.verify,
            suite=self._at.suite,
            sign=self._at.sign,
            unwitnessed=self._unwitnessed,
        )
        return opened

    def on_sharers(self, sharers: Sharers) -> Iterator[bytes | MaskedInput]:
        """Debit, count, add noise, and give the masked vector chunk by chunk, its word last.

        Everything that could refuse happens before the debit; the iterator's first step debits.
        """
        state = self._in(states.OpenedState, "the sharers")
        ready = state.on_sharers(
            sharers,
            keys=self._at.charter.signing_keys,
            verify=self._at.verify,
            quorum=self._at.charter.quorum,
        )
        self._data.demand_there()
        self._state = ready
        return self._masked(ready)

    def _masked(self, ready: states.ReadyToMask) -> Iterator[bytes | MaskedInput]:
        parameters = ready.parameters
        debit = self._debit(parameters)
        masking = ready.mask(self._noisy_vector(ready), debit, suite=self._at.suite)
        for chunk in masking.chunks():
            self.demand_in_time()
            yield chunk
        self.demand_in_time()
        self._state, word = masking.finish(self._at.sign)
        yield word

    def on_figure_request(self, request: FigureRequest) -> Iterator[bytes | Figure]:
        """Debit, count, add the whole noise, and give the figure chunk by chunk, its word last.

        Everything that could refuse happens before the debit; the iterator's first step debits.
        """
        state = self._in(figures.Accepted, "the request for a figure")
        ready = state.on_request(
            request,
            keys=self._at.charter.signing_keys,
            verify=self._at.verify,
            quorum=self._at.charter.quorum,
        )
        self._data.demand_there()
        self._state = ready
        return self._figure(ready)

    def _figure(self, ready: figures.Ready) -> Iterator[bytes | Figure]:
        debit = self._debit(ready.parameters)
        vector = self._noisy_vector(ready)
        answered, raw, word = ready.answer(vector, debit, self._at.sign)
        for start in range(0, len(raw), FIGURE_CHUNK_BYTES):
            self.demand_in_time()
            yield raw[start : start + FIGURE_CHUNK_BYTES]
        self.demand_in_time()
        self._state = answered
        yield word

    def _debit(self, parameters: AttemptParameters) -> Debit:
        worst_case = planned_noise(parameters).worst_case_rho().value
        debit = self._at.ledger.debit(self.session, worst_case)
        self.debited = True
        self._at.reached("debited")
        return debit

    def _noisy_vector(self, ready: states.ReadyToMask | figures.Ready) -> npt.NDArray[np.int64]:
        """What is sent of x·2ᵏ + this node's share of the noise, exact: whole numbers."""
        parameters = ready.parameters
        noise = ready.noise(
            self._data.size,
            draw=sample,
            suite=self._at.suite,
            random_bytes=self._at.random_bytes,
        )
        try:
            vector = self._data.evaluate()
        except Exception as error:  # noqa: BLE001  # an engine's words may hold a value of a case
            _log.error("evaluation.failed", session=self.session.hex(), kind=type(error).__name__)
            raise EvaluationFailedError from None
        vector <<= parameters.scale_bits
        vector += noise
        return self._data.sent(vector)

    def on_survivors(self, announced: SurvivorSet) -> SurvivorSignature:
        """Give this node's one word on who survived; a repetition gets the same word."""
        self.demand_in_time()
        match self._state:
            case states.AwaitingSurvivors() as state:
                self._state, word = state.on_survivors(announced, self._at.sign)
            case states.Signed() as state:
                self._state, word = state.on_survivors(announced)
            case _:
                raise OutOfOrderError("the survivor set", self.state_name)
        return word

    def on_unmask_request(self, request: UnmaskRequest) -> Unmask:
        """Reveal, for each sharer, the one share that the signed set calls for."""
        state = self._in(states.Signed, "the request to unmask")
        self._state, unmask = state.on_unmask_request(
            request,
            keys=self._at.charter.signing_keys,
            verify=self._at.verify,
            sign=self._at.sign,
        )
        return unmask

    def _in(self, kind: type[_State], message: str) -> _State:
        self.demand_in_time()
        if not isinstance(self._state, kind):
            raise OutOfOrderError(message, self.state_name)
        return self._state

    def demand_in_time(self) -> None:
        """Let nothing leave after the attempt's deadline.

        Raises:
            PastDeadlineError: it is over.
        """
        if self._at.clock().timestamp() > self.header.finish_by:
            raise PastDeadlineError
