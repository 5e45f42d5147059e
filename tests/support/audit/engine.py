"""The region as it is, seen by a curious coordinator that has c nodes on its side.

Four real nodes (`support.node_region`): encrypted editions, bounded evaluation, ledgers with
witnesses, plans and parameters computed by each for itself, the node's noise, masks, and the
coordinator's states, in one thread. Of them

    MD  holds the canaries: what is looked for
    NE  is honest, and has data that both neighbours share
    RO  drops out after it dealt its shares, as the plan tolerates
    UA  colludes: it knows its data and its noise, so it sends zeros in their place

With a dropout none of the noise is superfluous. In an attempt in which nobody drops out, the honest
nodes' superfluous noise comes off, as it would be published; UA, who added none, reveals nothing.

What is left is what the promise rests on: the noise of h = 2 honest nodes. A *view* is one vector
that the adversary can compute from what it received, in whole steps of 2^−k.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridor.ids import CountryCode, Digest, SessionId
from corridor.node import question_desk
from corridor.node.attempt import Attempt
from corridor.node.evaluation.columns import Reader
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.privacy.rho import Rho
from corridor.protocols.figures import Ready
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, excess
from corridor.protocols.secure_sum.messages import AttemptParameters, Roster
from corridor.protocols.secure_sum.node import ReadyToMask
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from support.audit.neighbours import Ints, Neighbours
from support.catalogue import catalogue
from support.editions import InMemory, make_tables
from support.node_region import SUITE, RealNode, Talk, make_proposal, start

AUDITED, HONEST, DROPOUT, COLLUDER = map(CountryCode, ("MD", "NE", "RO", "UA"))
GENEROUS = """
[allowance]
per_year = "1000"
all_time = "1000"
lost_per_day = "1000"

[[rule]]
verdict = "allow"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one question to one of the neighbours let out.

    Attributes:
        views: a vector for each attempt, with everything that the adversary knows taken off.
        debited: ρ, by the ledger of the node that is audited.
        scale_bits: k, public.
        seconds: when it was, by the clock that everybody can read.
    """

    views: tuple[Ints, ...]
    debited: Fraction
    scale_bits: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Part:
    """One of the neighbours.

    Attributes:
        there: for each canary, whether it is there.
    """

    there: NDArray[np.bool_]
    tables: EditionTables


class AuditedRegion:
    """Asks the real nodes about either neighbour. Close it.

    Attributes:
        story: for each attempt of a run, who falls silent in it.
        loaded: the part whose data the audited node has.
        attempt: the number of the latest one.
        parts: of one canary, the regions with and without; of many, one region in which each is
            there by a coin of its own.
    """

    def __init__(
        self,
        folder: Path,
        neighbours: Neighbours,
        *,
        story: Sequence[CountryCode | None] = (DROPOUT,),
    ) -> None:
        self.neighbours = neighbours
        self.story = tuple(story)
        self.clock = start()
        self.nodes = [
            RealNode(
                folder / country, country, neighbours.charter, self.clock, women=3, policy=GENEROUS
            )
            for country in (AUDITED, HONEST, DROPOUT, COLLUDER)
        ]
        self.attempt = 0
        self._known: dict[tuple[object, ...], Ints] = {}
        self._imports = count(1)
        self.loaded: Part | None = None
        canaries = neighbours.canaries
        some = np.random.default_rng(20261130).random(len(canaries)) < 0.5
        everybody, nobody = np.ones(len(canaries), np.bool_), np.zeros(len(canaries), np.bool_)
        self._extremes = [self._part(everybody), self._part(nobody)]
        self.parts = self._extremes if len(canaries) == 1 else [self._part(some)]

    def _part(self, there: NDArray[np.bool_]) -> Part:
        cases = list(self.neighbours.background)
        for canary, is_there in zip(self.neighbours.canaries, there, strict=True):
            cases += canary.cases if is_there else ()
        return Part(there, make_tables(cases))

    def close(self) -> None:
        """Let go of every file."""
        for node in self.nodes:
            node.close()

    def direction(self) -> Ints:
        """By what the canaries change x, all of them."""
        everybody, nobody = (self.counted(part) for part in self._extremes)
        return everybody - nobody

    @property
    def plan(self) -> Plan:
        """What everybody compiles."""
        domains = make_domains(catalogue(), self.neighbours.charter)
        return compile_plan(self.neighbours.question, domains)

    def load(self, part: Part) -> None:
        """Make these the data of the node that is audited."""
        if part is self.loaded:
            return
        store = self.nodes[0].store
        current = store.current()
        store.write(
            part.tables,
            replaces=None if current is None else current.id,
            sources=[Digest(next(self._imports).to_bytes(32, "big"))],
        )
        self.loaded = part

    def counted(self, part: Part) -> Ints:
        """What the audited node makes of these data, without noise."""
        key = self.nodes[0].store.choice_key
        return _evaluate(self.plan, InMemory(part.tables), key, ConsentRule.HTCDS_CONSENT)

    def counted_at(self, node: RealNode) -> Ints:
        """What another node adds, without noise."""
        current = node.store.current()
        assert current is not None
        reader = node.store.reader(current.id)
        key = node.store.choice_key
        return _evaluate(self.plan, reader, key, ConsentRule.HTCDS_CONSENT)

    def counted_by_all(self, part: Part, silent: CountryCode | None) -> Ints:
        """What the honest nodes add together that are not silent."""
        total = np.zeros(self.plan.size, np.int64)
        for node in self.nodes:
            if node.country == AUDITED != silent:
                total += self.counted(part)
            elif node.country not in (silent, AUDITED, COLLUDER):
                total += self.counted_at(node)
        return total

    def forget(self) -> None:
        """Before other code is audited: keep nothing that was worked out."""

    def ask(self) -> Run:
        """One question, as often as the story says."""
        before = self.nodes[0].ledger.balance().spent
        self.clock.advance(timedelta(seconds=7))
        seconds = int(self.clock().timestamp())
        seen = [self._attempt(silent) for silent in self.story]
        return Run(
            views=tuple(view for view, _ in seen),
            debited=Fraction(self.nodes[0].ledger.balance().spent - before),
            scale_bits=seen[0][1].scale_bits,
            seconds=seconds,
        )

    def _attempt(self, silent: CountryCode | None) -> tuple[Ints, AttemptParameters]:
        """One attempt in which `silent` is silent when it should send its vector."""
        self.attempt += 1
        session = SessionId(self.attempt.to_bytes(16, "big"))
        neighbours = self.neighbours
        talk = Talk(self.nodes, session, neighbours.question, neighbours.rho)
        talk.until("open")
        colluder = talk.nodes[COLLUDER].sessions._attempts[session]
        colluder._noisy_vector = _zeros  # type: ignore[method-assign]
        if silent is not None:
            del talk.nodes[silent]
        talk.mask()
        talk.sign()
        if silent is None:
            del talk.nodes[COLLUDER]
        talk.unmask()
        return coordinator.decode(talk.total), talk.parameters(len(self.nodes))


class RehearsedRegion(AuditedRegion):
    """The same nodes, plan and noise, without ledgers, messages and masks: for thousands of runs.

    The two honest nodes make their vectors as they do in an attempt; these are added in the ring.
    What a node counts does not change from run to run, so it counts once.
    """

    def ask(self) -> Run:
        """One attempt, in which dropout and colluder are gone."""
        self.clock.advance(timedelta(seconds=7))
        self.attempt += 1
        neighbours, plan = self.neighbours, self.plan
        size = len(self.nodes)
        parameters = attempt_parameters(
            neighbours.charter, plan, Rho(neighbours.rho), roster_size=size
        )
        total = np.zeros(plan.size, ring_type(parameters.ring_bits))
        assert self.loaded is not None
        for node, counted in (
            (self.nodes[0], self.counted(self.loaded)),
            (self.nodes[1], self.counted_at(self.nodes[1])),
        ):
            header = make_proposal(neighbours.charter, self.clock()).header
            attempt = Attempt(header, None, None, _Counted(counted), node.desk._at)  # type: ignore[arg-type]
            settled = SettledRoster(header, Roster(()), parameters, header.digest)
            seeds = excess.seeds_from(settled, node.country, node.random_bytes(32), SUITE)
            ready = ReadyToMask(settled, node.country, {}, frozenset(), {}, seeds)
            total += attempt._noisy_vector(ready).astype(total.dtype)
        return Run(
            (coordinator.decode(total),),
            neighbours.rho,
            parameters.scale_bits,
            int(self.clock().timestamp()),
        )

    def counted(self, part: Part) -> Ints:
        """What the audited node makes of these data, without noise."""
        return self._once(
            (id(part), self.plan.digest), lambda: super(RehearsedRegion, self).counted(part)
        )

    def counted_at(self, node: RealNode) -> Ints:
        """What another node adds, without noise."""
        key = (node.country, self.plan.digest)
        return self._once(key, lambda: super(RehearsedRegion, self).counted_at(node))

    def forget(self) -> None:
        """Before other code is audited: keep nothing that was worked out."""
        self._known.clear()

    def _once(self, what: tuple[object, ...], count: Callable[[], Ints]) -> Ints:
        if what not in self._known:
            self._known[what] = count()
        return self._known[what]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Case data that were counted before."""

    counts: Ints

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.counts)

    def sent(self, x: Ints) -> Ints:
        """What is audited is counted table by table: all of it is sent."""
        return x

    def demand_there(self) -> None:
        """It is there."""

    def evaluate(self) -> Ints:
        """The counts."""
        return self.counts.copy()


def _evaluate(plan: Plan, reader: Reader, key: bytes, consent: ConsentRule) -> Ints:
    """As the desk evaluates, with whatever was planted there."""
    counted: Ints = vars(question_desk)["evaluate"](plan, reader, key, consent)
    return counted


def _zeros(ready: ReadyToMask | Ready) -> NDArray[np.int64]:
    return np.zeros(ready.parameters.cells, np.int64)
