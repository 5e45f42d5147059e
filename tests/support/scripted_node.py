"""A node for tests of the coordinator: real protocol states, a made-up vector, faults on purpose.

`answer` takes what the coordinator says in a session and gives what the node says. Where `bend`
is given, it changes the node's words before they leave.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, SessionId
from corridor.protocols import figures
from corridor.protocols.figures import FigureRequest
from corridor.protocols.secure_sum import node
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    LedgerStatement,
    MaskedInput,
    Proposal,
    Roster,
    Sharers,
    SurvivorSet,
    UnmaskRequest,
    signed,
)
from corridor.protocols.secure_sum.roster import ParametersFor
from corridor.transport.messages import (
    CHUNK_BYTES,
    CoordinatorBody,
    CoordinatorInSession,
    Dealings,
    Failed,
    NodeBody,
    NodeInSession,
    Progress,
    Refusal,
    Released,
    Round,
    Standing,
    VectorChunk,
)
from corridor.transport.suites import ed25519_verify, suite_named
from support.secure_sum import removable_noise
from support.signing import KeyPair

SUITE = suite_named("xwing")

ROUNDS = (Roster, Dealings, Sharers, SurvivorSet, UnmaskRequest, FigureRequest)

Bend = Callable[[NodeBody], Iterable[NodeBody]]


class Silent(Exception):  # noqa: N818 - not an error: the script says that this node stops here
    """The node says nothing more; its stream may stay open."""


@dataclass(frozen=True, slots=True)
class Debit:
    """What a ledger would give."""

    session: SessionId
    rho: Fraction


class ScriptedNode:
    """One country's node. `silent_at` names the round in which it stops answering."""

    def __init__(
        self,
        country: CountryCode,
        keys: KeyPair,
        *,
        seed: int = 0,
        silent_at: Round | None = None,
        bend: Bend = lambda body: (body,),
    ) -> None:
        self.country, self.keys = country, keys
        self.random_bytes = Random(f"{seed} {country}").randbytes
        self.silent_at, self.bend = silent_at, bend
        self.members: dict[CountryCode, PublicKey] = {}
        self.parameters_for: ParametersFor | None = None
        self.vector: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.edition = EditionId("1-" + "0" * 16)
        self.left_this_year = Fraction(1, 10)
        self.charter: Digest | None = None
        self.entries = 0
        self.outcomes: list[Released | Failed | Refusal] = []
        self.state: object = None

    def statement(self) -> LedgerStatement:
        """The ledger as it would be after `entries` entries."""
        head = Digest(self.entries.to_bytes(32, "big"))
        unsigned = LedgerStatement(
            country=self.country,
            sequence=self.entries,
            spent=Fraction(self.entries, 1000),
            reserved=Fraction(0),
            head=head,
            signature=UNSIGNED,
        )
        return signed(unsigned, self.keys.sign)

    def standing(self) -> Standing:
        """What it says of itself."""
        return Standing(
            charter=self.charter,
            edition=self.edition,
            consent_rule="htcds-consent",
            statement=self.statement(),
            left_this_year=self.left_this_year,
            left_for_all_time=Fraction(1),
            witnessed=True,
        )

    def answer(self, message: CoordinatorInSession) -> Sequence[NodeInSession]:
        """What the node says to this.

        Raises:
            Silent: nothing, and nothing ever after.
        """
        if self.state is None and isinstance(message.body, ROUNDS):
            return []  # it was dropped out; what the coordinator sent before it knew comes late
        said = [bent for body in self._answer(message.body) for bent in self.bend(body)]
        return [NodeInSession(message.session, body) for body in said]

    def _answer(self, body: CoordinatorBody) -> Iterable[NodeBody]:
        match body:
            case Proposal():
                self._stop_in(Round.PROPOSE)
                yield self._accept(body)
            case Roster():
                self._stop_in(Round.SHARE)
                yield self._share(body)
            case Dealings():
                self._stop_in(Round.OPENED)
                assert isinstance(self.state, node.Shared)
                self.state, opened = self.state.on_dealings(
                    body.dealings,
                    keys=self.members,
                    verify=ed25519_verify,
                    suite=SUITE,
                    sign=self.keys.sign,
                    unwitnessed=(),
                )
                yield opened
            case Sharers():
                yield from self._mask(body)
            case SurvivorSet():
                self._stop_in(Round.CONSISTENCY)
                assert isinstance(self.state, node.AwaitingSurvivors)
                self.state, word = self.state.on_survivors(body, self.keys.sign)
                yield word
            case UnmaskRequest():
                self._stop_in(Round.UNMASK)
                assert isinstance(self.state, node.Signed)
                self.state, unmask = self.state.on_unmask_request(
                    body, keys=self.members, verify=ed25519_verify, sign=self.keys.sign
                )
                yield unmask
            case FigureRequest():
                yield from self._figure(body)
            case Released() | Failed() | Refusal():
                self.outcomes.append(body)
                self.state = None
            case Progress():
                pass

    @property
    def codes(self) -> list[str]:
        """How its attempts ended: codes of refusals and failures, `released` else."""
        return ["released" if isinstance(o, Released) else o.code for o in self.outcomes]

    def _accept(self, proposal: Proposal) -> NodeBody:
        self.header = proposal.header
        self.entries += 1
        self.state, acceptance = node.accept(
            proposal.header,
            self.country,
            edition=self.edition,
            consent_rule="htcds-consent",
            statement=self.statement(),
            suite=SUITE,
            random_bytes=self.random_bytes,
            sign=self.keys.sign,
        )
        return acceptance

    def _figure(self, request: FigureRequest) -> Iterable[NodeBody]:
        """Its own figure: its vector, without noise, so that a test knows what comes out."""
        assert isinstance(self.state, node.Accepted)
        assert self.parameters_for is not None
        accepted = figures.Accepted(self.header, self.state.acceptance, self.parameters_for(1))
        ready = accepted.on_request(request, keys=self.members, verify=ed25519_verify, quorum=0)
        debit = Debit(self.header.session, self.header.rho)
        vector = self.vector << ready.parameters.scale_bits
        _, raw, word = ready.answer(vector, debit, self.keys.sign)
        self._stop_in(Round.FIGURE)
        for index, at in enumerate(range(0, len(raw), CHUNK_BYTES)):
            yield VectorChunk(index, raw[at : at + CHUNK_BYTES])
        yield word

    def _share(self, roster: Roster) -> NodeBody:
        assert isinstance(self.state, node.Accepted)
        assert self.parameters_for is not None
        self.state, shares = self.state.on_roster(
            roster,
            parameters_for=self.parameters_for,
            keys=self.members,
            verify=ed25519_verify,
            suite=SUITE,
            random_bytes=self.random_bytes,
            sign=self.keys.sign,
        )
        return shares

    def _mask(self, sharers: Sharers) -> Iterable[NodeBody]:
        assert isinstance(self.state, node.OpenedState)
        ready = self.state.on_sharers(sharers, keys=self.members, verify=ed25519_verify, quorum=0)
        debit = Debit(self.header.session, self.header.rho)
        scaled = self.vector << ready.settled.parameters.scale_bits
        masking = ready.mask(scaled + removable_noise(ready), debit, suite=SUITE)
        raw = b"".join(masking.chunks())
        self.state, word = masking.finish(self.keys.sign)
        pieces = [raw[at : at + CHUNK_BYTES] for at in range(0, len(raw), CHUNK_BYTES)]
        for index, piece in enumerate(pieces):
            if index == len(pieces) - 1:
                self._stop_in(Round.MASKED_INPUT)  # in the middle of its vector
            yield VectorChunk(index, piece)
        assert isinstance(word, MaskedInput)
        yield word

    def _stop_in(self, name: Round) -> None:
        if self.silent_at is name:
            raise Silent
