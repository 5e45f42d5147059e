"""One attempt, seen from the coordinator: the pure rounds of the secure sum, and what drives them.

    propose → share → opened → masked-input → consistency → unmask → the sum

`protocols.secure_sum.coordinator` checks every word and closes every round; this class owns what
that must not know: streams, deadlines, files, threads. A round stays open until everybody who can
still answer has, or until its deadline. Whoever refuses, says something that does not hold, or
loses its stream has dropped out: a restarted node has no secrets of this attempt any more.

Words are taken one at a time, and a round is closed between two words, so that no vector is ever
half in the total when the survivors are announced.

Belongs to the event loop's thread; what takes long runs in a worker thread meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from corridor.coordinator.attempts import Ending, Parting
from corridor.coordinator.connections import Connections
from corridor.coordinator.home import Deadlines
from corridor.coordinator.remedies import Dropped, told_reason
from corridor.coordinator.spool import Spool
from corridor.errors import CorridorError
from corridor.errors.figures import NoCountryAnsweredError
from corridor.errors.files import DiskError
from corridor.errors.policy import WaitingForApprovalError
from corridor.errors.region import (
    AnotherCountryError,
    ApprovalNotGivenError,
    ApprovalPendingError,
    OutOfTurnError,
    SeriesMembersMissingError,
    StreamLostError,
)
from corridor.errors.secure_sum import (
    BadDealerError,
    LyingResponderError,
    NotMutuallyOpenedError,
    RepeatedWordError,
    TooFewParticipantsError,
    WrongNoiseSeedError,
)
from corridor.faults import Reached, go_on
from corridor.ids import CountryCode, Digest, PublicKey
from corridor.privacy.discrete_gaussian import sample
from corridor.protocols.figures import CollectingFigures, Figure
from corridor.protocols.masks import Words, ring_type
from corridor.protocols.secure_sum.coordinator import (
    CollectingAcceptances,
    CollectingInputs,
    CollectingOpened,
    CollectingShares,
    CollectingSignatures,
    CollectingUnmask,
    Unmasked,
    decode,
)
from corridor.protocols.secure_sum.excess import Measurement
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    LedgerStatement,
    MaskedInput,
    Opened,
    Proposal,
    Roster,
    Shares,
    SurvivorSignature,
    Unmask,
    WitnessWord,
)
from corridor.protocols.secure_sum.roster import ParametersFor, SettledRoster
from corridor.protocols.suite import Suite, Verify
from corridor.protocols.witnesses import WitnessRequest
from corridor.transport.messages import (
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    NodeBody,
    NodeInSession,
    Progress,
    Refusal,
    Round,
    VectorChunk,
)

_log = structlog.get_logger()

PROGRESS_SECONDS = 1.0
"""How often nodes hear whom the round waits for, at most."""

Collecting: TypeAlias = (
    CollectingAcceptances
    | CollectingShares
    | CollectingOpened
    | CollectingInputs
    | CollectingSignatures
    | CollectingUnmask
    | CollectingFigures
)

_State = TypeVar("_State", bound=Collecting)
_Closed = TypeVar("_Closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an attempt takes from its coordinator.

    Attributes:
        witness: keeps a ledger statement; raises at a fork. Runs in a worker thread.
        on_round: makes a new round durable, and who answered the one before. Runs in a worker
            thread.
        on_progress: hears the round, when it began, who is missing and who answered.
        now: seconds since 1970 UTC.
        members: signing keys by the charter, for the words of witnesses outside the roster.
        quorum: how many others must hold a sharer's ledger before it debits.
        reached: hears the points of `coordinator.faults`.
    """

    connections: Connections
    suite: Suite
    verify: Verify
    witness: Callable[[LedgerStatement], None]
    on_round: Callable[[Round, frozenset[CountryCode]], None]
    on_progress: Callable[[Round, int, frozenset[CountryCode], frozenset[CountryCode]], None]
    deadlines: Deadlines
    spool: Path
    now: Callable[[], int]
    members: Mapping[CountryCode, PublicKey]
    quorum: int
    reached: Reached = go_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What an attempt gives.

    Attributes:
        total: the unmasked sum, signed, still scaled by 2ᵏ.
        inputs: each survivor's masked vector, until the attempt is discarded.
        named: members caught lying in the unmask round, sorted.
    """

    unmasked: Unmasked
    total: npt.NDArray[np.int64]
    inputs: Mapping[CountryCode, Path]
    named: tuple[CountryCode, ...]


@dataclass(frozen=True, slots=True)
class Patience:
    """Whose people may still have to approve the question, and that they are waited for.

    Attributes:
        first: whom it waited for before; the others are asked only when all of these take part.
        fewest: with fewer members, whoever approves, there is no answer.
    """

    first: frozenset[CountryCode]
    fewest: int


class Attempt:
    """Drives one attempt. `run` once, then `finish`."""

    def __init__(
        self,
        proposal: Proposal,
        invited: Mapping[CountryCode, PublicKey],
        parameters_for: ParametersFor,
        surroundings: Surroundings,
        measurement: Measurement | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self.proposal = proposal
        self.round = Round.PROPOSE
        self.proven: dict[CountryCode, str] = {}
        self._at = surroundings
        self._parameters_for = parameters_for
        self._measurement = measurement
        self._patience = patience
        self._invited = frozenset(invited)
        self._state: Collecting = CollectingAcceptances(proposal.header, invited)
        self._since = surroundings.now()
        self._out: dict[CountryCode, Parting] = {}
        self._silent: dict[CountryCode, Parting] = {}
        self._told: dict[CountryCode, str] = {}
        self._changed = asyncio.Event()
        self._one_word = asyncio.Lock()
        self._taking: set[asyncio.Task[None]] = set()
        self._last: dict[CountryCode, NodeBody] = {}
        self._spools: dict[CountryCode, Spool] = {}
        self._asked: frozenset[CountryCode] = frozenset()
        self._words: dict[CountryCode, WitnessWord] = {}
        self._total: Words | None = None
        self._broken: CorridorError | None = None
        self._is_open = True

    @property
    def missing(self) -> frozenset[CountryCode]:
        """Whom the round that is open, or failed, still waits for."""
        return self._state.missing

    async def run(self, reusable: Callable[[Roster], Awaitable[str | None]]) -> Sum | str:
        """Go through all rounds.

        Args:
            reusable: gives the id of the release that this roster has already, if any; then
                nothing was debited, and the id is returned in place of a sum.

        Raises:
            CorridorError: the attempt is over; `round` and `missing` say where and for whom.
        """
        at, seconds = self._at, self._at.deadlines
        (shares, roster) = await self._propose(lambda s: s.close(self._parameters_for))
        if (release := await reusable(roster)) is not None:
            return release
        await self._enter(Round.SHARE, shares)
        self._send_each(dict.fromkeys(roster.countries, roster))
        self._ask_witnesses(shares.settled)

        opened, dealt = await self._closing(seconds.share, CollectingShares, lambda s: s.close())
        await self._enter(Round.OPENED, opened)
        self._send_each({c: Dealings(dealings) for c, dealings in dealt.items()})

        inputs, sharers = await self._closing(
            seconds.opened,
            CollectingOpened,
            lambda s: s.close(verify=at.verify, witnesses=tuple(self._words.values())),
        )
        for country in frozenset(self._state.heard) - set(sharers.countries):
            self._silent[country] = Parting(Round.OPENED.value, NotMutuallyOpenedError.code)
        ring = ring_type(inputs.parameters.ring_bits)
        self._total = np.zeros(inputs.parameters.cells, dtype=ring)
        await self._enter(Round.MASKED_INPUT, inputs)
        self._send_each(dict.fromkeys(sorted(sharers.countries), sharers))

        signing, survivors = await self._closing(
            seconds.masked_input, CollectingInputs, lambda s: s.close()
        )
        await self._enter(Round.CONSISTENCY, signing)
        self._send_each(dict.fromkeys(sorted(survivors.survivors), survivors))

        unmasking, request = await self._closing(
            seconds.consistency, CollectingSignatures, lambda s: s.close()
        )
        await self._enter(Round.UNMASK, unmasking)
        self._send_each(dict.fromkeys(sorted(survivors.survivors), request))

        unmasked = await self._closing(
            seconds.unmask, CollectingUnmask, lambda s: s.close(suite=at.suite)
        )
        return await self._sum(unmasked)

    async def _propose(self, close: Callable[[CollectingAcceptances], _Closed]) -> _Closed:
        """Ask everybody to take part, first those whose people had to approve before.

        Raises:
            ApprovalPendingError: people still have to, and are waited for.
            ApprovalNotGivenError: without them too few take part, and nobody waits any longer.
        """
        at, seconds = self._at, self._at.deadlines.propose
        at.connections.listen(self.receive, self.lost, self.hear_word)
        first = self._invited & (self._patience.first if self._patience else frozenset())
        if first:
            self._send_each(dict.fromkeys(sorted(first), self.proposal))
            with suppress(TimeoutError):
                # Half of the time at most: the others have to accept in what is left of it.
                async with asyncio.timeout(seconds / 2):
                    await self._everybody_answered(first)
            if pending := self._waits_for_people():
                raise ApprovalPendingError(pending)
        self._send_each(dict.fromkeys(sorted(self._invited - first), self.proposal))

        def settle(state: CollectingAcceptances) -> _Closed:
            pending, patience = self._waits_for_people(), self._patience
            if pending and patience and len(state.heard) + len(pending) >= patience.fewest:
                raise ApprovalPendingError(pending)
            try:
                return close(state)
            except (TooFewParticipantsError, SeriesMembersMissingError, NoCountryAnsweredError):
                if pending and patience is None:
                    raise ApprovalNotGivenError(pending) from None
                raise

        return await self._closing(seconds, CollectingAcceptances, settle)

    def _waits_for_people(self) -> frozenset[CountryCode]:
        """Who refused because people there have to approve the question."""
        waiting = WaitingForApprovalError.code
        return frozenset(country for country, one in self._out.items() if one.code == waiting)

    async def _sum(self, unmasked: Unmasked) -> Sum:
        total = self._total
        assert total is not None  # noqa: S101 - made before the first vector could arrive
        await asyncio.to_thread(unmasked.remove_masks, total, suite=self._at.suite)
        await asyncio.to_thread(
            unmasked.remove_excess, total, self._measurement, draw=sample, suite=self._at.suite
        )
        survivors = sorted(unmasked.words.survivors.survivors)
        return Sum(
            unmasked=unmasked,
            total=decode(total),
            inputs={country: self._spools[country].path for country in survivors},
            named=tuple(sorted(self.proven)),
        )

    def finish(self, outcome: CoordinatorBody) -> None:
        """Tell everybody who was invited how it ended, and delete what was spooled."""
        self._at.connections.stop_listening()
        self._send_each(dict.fromkeys(sorted(self._invited), outcome))
        for spool in self._spools.values():
            spool.discard()
        self._spools.clear()

    # ------------------------------------------------------------ what nodes say

    @property
    def reasons(self) -> Mapping[CountryCode, Dropped]:
        """Why each node that dropped out did."""
        return {
            country: Dropped(one.code or "", self._told.get(country, ""))
            for country, one in sorted(self._out.items())
        }

    @property
    def ending(self) -> Ending:
        """What became of everybody so far."""
        return Ending(
            round=self.round.value,
            answered=frozenset(self._state.heard),
            # Who kept silent first and spoke too late, kept silent.
            partings={**self._out, **self._silent},
            proven=dict(self.proven),
        )

    def lost(self, country: CountryCode) -> None:
        """A stream is gone: the node has dropped out."""
        if country in self._invited:
            self._drop_out(country, StreamLostError.code)

    async def receive(self, country: CountryCode, message: NodeInSession) -> None:
        """Take what a node says; what belongs to another session is late, and is dropped."""
        if message.session != self.proposal.header.session or country in self._out:
            return
        if isinstance(message.body, MaskedInput):
            # Taken whole, though its stream be lost and this caller cancelled meanwhile. Broken off
            # halfway, its vector would be in the total and its node not among the survivors.
            taking = asyncio.create_task(self._take(country, message.body))
            self._taking.add(taking)
            taking.add_done_callback(self._taking.discard)
            await asyncio.shield(taking)
        else:
            await self._take(country, message.body)

    async def _take(self, country: CountryCode, said: NodeBody) -> None:
        try:
            match said:
                case Refusal() as refusal:
                    self._told[country] = told_reason(refusal.code, refusal.message)
                    self._drop_out(country, refusal.code)
                case VectorChunk() as chunk:
                    await self._on_chunk(country, chunk)
                case body:
                    async with self._one_word:
                        await self._on_word(country, body)
        except RepeatedWordError as error:
            _log.info("word.ignored", country=country, code=error.code)
        except CorridorError as error:
            if isinstance(error, LyingResponderError | WrongNoiseSeedError):
                self.proven[country] = error.code
            self._drop_out(country, error.code)
            self._send(country, Refusal(error.code, str(error)))
        self._changed.set()

    def hear_word(self, word: WitnessWord) -> None:
        """Take what a witness outside the roster says; a word that does not hold is dropped."""
        settled = getattr(self._state, "settled", None)
        if settled is None or word.witness not in self._asked or word.witness in self._words:
            return
        key = self._at.members[word.witness]
        text = word.to_sign(settled.header.charter)
        if word.roster_hash == settled.hash and self._at.verify(key, text, word.signature):
            self._words[word.witness] = word
            self._changed.set()

    def _ask_witnesses(self, settled: SettledRoster) -> None:
        """Ask the connected members outside the roster to witness the ledgers in it.

        Who is in it witnesses by its list of opened envelopes. The answers come while the secrets
        are shared, so that they cost no time.
        """
        live = self._at.connections.live
        outside = set(self._at.members) & set(live) - set(settled.countries)
        self._asked = frozenset(outside)
        statements = tuple(one.statement for one in settled.roster.acceptances)
        for country in sorted(outside):
            self._at.connections.send(country, WitnessRequest(settled.hash, statements))

    def _waits_for_witnesses(self) -> bool:
        """Whether the sharers so far are too few witnesses, and others were asked."""
        state = self._state
        if not isinstance(state, CollectingOpened) or self._asked <= self._words.keys():
            return False
        return len(state.heard) - 1 + len(self._words) < self._at.quorum

    async def _on_word(self, country: CountryCode, body: NodeBody) -> None:
        at = self._at
        if country in self._out:  # its stream was lost while this word waited for its turn
            return
        speaker = body.dealer if isinstance(body, Shares) else getattr(body, "country", country)
        if speaker != country:
            raise AnotherCountryError(country, speaker, type(body).__name__)
        if self._last.get(country) == body:
            return  # a repetition; the round that it belongs to may be over by now
        match self._state, body:
            case _ if not self._is_open:
                raise OutOfTurnError(country, type(body).__name__)
            case CollectingAcceptances() as state, Acceptance():
                taken = state.on_acceptance(body, verify=at.verify, suite=at.suite)
                await asyncio.to_thread(at.witness, body.statement)
                self._state = taken
            case CollectingShares() as state, Shares():
                self._state = state.on_shares(body)
            case CollectingOpened() as state, Opened():
                self._state = state.on_opened(body, verify=at.verify)
            case CollectingInputs() as state, MaskedInput():
                await self._on_masked_input(state, body)
            case CollectingSignatures() as state, SurvivorSignature():
                self._state = state.on_signature(body, verify=at.verify)
            case CollectingUnmask() as state, Unmask():
                self._state = state.on_unmask(body, verify=at.verify, suite=at.suite)
            case CollectingFigures() as state, Figure():
                self._state = state.on_figure(body, self._spooled(body.country), verify=at.verify)
            case _:
                raise OutOfTurnError(country, type(body).__name__)
        self._last[country] = body

    async def _on_chunk(self, country: CountryCode, chunk: VectorChunk) -> None:
        state = self._state
        if (
            not isinstance(state, CollectingInputs | CollectingFigures)
            or country not in state.missing
        ):
            raise OutOfTurnError(country, "vector")
        spool = self._spools.get(country)
        if spool is None:
            name = f"{self.proposal.header.session.hex()}-{country}"
            spool = Spool(self._at.spool / name, country, state.vector_bytes)
            self._spools[country] = spool
        await asyncio.to_thread(spool.add, chunk.index, chunk.data)

    async def _on_masked_input(self, state: CollectingInputs, word: MaskedInput) -> None:
        if self._total is None:
            raise OutOfTurnError(word.country, "MaskedInput")
        spooled = self._spooled(word.country)
        taken = state.on_masked_input(word, spooled, verify=self._at.verify)
        if taken is state:
            return
        self._at.reached("spooled")
        try:
            await asyncio.to_thread(self._spools[word.country].add_to, self._total)
        except DiskError as error:
            self._broken = error  # a part of this vector is in the total
            raise
        self._state = taken

    def _spooled(self, country: CountryCode) -> Digest:
        """The digest of the vector that a node streamed, now that it has said what it is."""
        spool = self._spools.get(country)
        if spool is None:
            raise OutOfTurnError(country, "word for a vector")
        return spool.finish()

    def _drop_out(self, country: CountryCode, code: str) -> None:
        _log.info("node.dropped_out", country=country, round=self.round.value, code=code)
        self._out.setdefault(country, Parting(self.round.value, code))
        self._changed.set()

    # ------------------------------------------------------------ rounds

    async def _closing(
        self,
        seconds: float,
        kind: type[_State],
        close: Callable[[_State], _Closed],
    ) -> _Closed:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._everybody_answered()
        async with self._one_word:
            if self._broken is not None:
                raise self._broken
            state = self._state
            if not isinstance(state, kind):
                raise TypeError(f"{self.round} is in state {type(state).__name__}")
            # From here on, a late vector must not get into the total that is being announced.
            self._is_open = False
            _log.info("round.closed", round=self.round.value, missing=sorted(state.missing))
            for country in state.missing - self._out.keys():
                self._silent.setdefault(country, Parting(self.round.value, None))
            try:
                return await asyncio.to_thread(close, state)
            except BadDealerError as error:
                self.proven.update(dict.fromkeys(map(CountryCode, error.dealers), error.code))
                raise

    async def _everybody_answered(self, of: frozenset[CountryCode] | None = None) -> None:
        """Wait for all that the round waits for, or for those of them alone."""
        told: frozenset[CountryCode] | None = None
        while True:
            self._changed.clear()
            missing = self._state.missing if of is None else self._state.missing & of
            self._at.on_progress(self.round, self._since, missing, frozenset(self._state.heard))
            if self._broken is not None:
                return
            if missing <= self._out.keys() and not self._waits_for_witnesses():
                return
            if told != missing:
                told = missing
                progress = Progress(self.round, missing, self._since)
                self._send_each(dict.fromkeys(sorted(self._invited - self._out.keys()), progress))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), PROGRESS_SECONDS)

    async def _enter(self, name: Round, state: Collecting) -> None:
        await asyncio.to_thread(self._at.on_round, name, frozenset(self._state.heard))
        self._at.reached(name.value)
        self.round, self._state, self._since = name, state, self._at.now()
        self._is_open = True

    def _send(self, country: CountryCode, body: CoordinatorBody) -> None:
        message = CoordinatorInSession(self.proposal.header.session, body)
        self._at.connections.send(country, message)

    def _send_each(self, bodies: Mapping[CountryCode, CoordinatorBody]) -> None:
        """One message for all who get the same, so that the wire's edge encodes it once."""
        session = self.proposal.header.session
        messages = {id(body): CoordinatorInSession(session, body) for body in bodies.values()}
        for country, body in bodies.items():
            self._at.connections.send(country, messages[id(body)])
