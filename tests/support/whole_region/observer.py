"""What everybody did in a history, and what must be true of it after every step.

It watches the pure states of every honest node (what they signed, revealed, masked) and the lines
(what left a node), believes nothing that the coordinator says, and holds:

    I1  no honest node signs two survivor sets of one roster
    I2  no honest node reveals both secrets of one peer
    I3  what leaves a node was debited before, on its disk
    I4  no acknowledged debit is missing after any crash, nor forgotten by a restored disk
    I5  nobody spends more than the allowance, counted over everything that left
    I6  a published sum is the sum of its survivors' inputs and noise, and these are enough;
        it has all the noise but what they made superfluous, and revealed
    I7  the adversary never has a quorum for two sets, nor for a set that is too small;
        nor the threshold of shares of both secrets of an honest node
    I8  a release that was told to a node is never lost
    I9  nothing that runs meets a bug
    I10 no honest node reveals noise that the survivors it signed for need
    I11 a release of a standing series goes on from exactly those that the releases before counted
"""

import hashlib
import logging
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import structlog

from corridor.ids import CountryCode, Digest, SessionId
from corridor.node import question_desk
from corridor.node.ledger import Debit, Ledger, SeriesPart
from corridor.protocols.receipts import PublicReceipt
from corridor.protocols.secure_sum import node as states
from corridor.protocols.secure_sum.messages import AttemptParameters, ShareKind, SurvivorSet
from corridor.queries.plan import Plan
from corridor.queries.question import Turn
from corridor.wire.v1 import exchange_pb2
from support.secure_sum import removable_noise
from support.whole_region.people import come_by

BUGS = frozenset({"message.failed", "attempt.broke", "call.failed"})
"""Log events that tell of an error which is not one of ours."""


class InvariantError(AssertionError):
    """A history in which something happened that must never happen."""


@dataclass(slots=True)
class Observer:
    """The record of one history.

    Attributes:
        colluders: members whose secrets the adversary holds; nothing is promised to them.
        masked: each node's vector with its noise, as it was masked.
        ready: the states that masked them, which know how the noise was made.
        acknowledged: sessions of which a ledger said that they are debited.
        left: sessions of which a part of the masked input left, with their ρ.
        parts: of sessions at a release of a standing series, which release of which.
    """

    colluders: frozenset[CountryCode] = frozenset()
    parameters: dict[Digest, AttemptParameters] = field(default_factory=dict)
    signed: dict[tuple[CountryCode, Digest], SurvivorSet] = field(default_factory=dict)
    signers: defaultdict[SurvivorSet, set[CountryCode]] = field(
        default_factory=lambda: defaultdict(set)
    )
    revealed: dict[tuple[CountryCode, Digest, CountryCode], ShareKind] = field(default_factory=dict)
    known: defaultdict[tuple[Digest, CountryCode, ShareKind], set[CountryCode]] = field(
        default_factory=lambda: defaultdict(set)
    )
    masked: dict[tuple[CountryCode, SessionId], npt.NDArray[np.int64]] = field(default_factory=dict)
    ready: dict[tuple[CountryCode, SessionId], states.ReadyToMask] = field(default_factory=dict)
    rho: dict[SessionId, Fraction] = field(default_factory=dict)
    acknowledged: set[tuple[CountryCode, SessionId]] = field(default_factory=set)
    left: set[tuple[CountryCode, SessionId]] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    parts: dict[SessionId, SeriesPart] = field(default_factory=dict)
    bugs: list[str] = field(default_factory=list)
    forked: set[CountryCode] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    note: Callable[[str], None] = lambda _: None

    # ------------------------------------------------------------ the states of honest nodes

    def on_masked(self, ready: states.ReadyToMask, vector: npt.NDArray[np.int64]) -> None:
        """A node masks; for the adversary's arithmetic, colluders know what they were dealt."""
        roster = ready.settled.hash
        self.parameters[roster] = ready.parameters
        self.masked[ready.me, ready.settled.header.session] = vector.copy()
        self.ready[ready.me, ready.settled.header.session] = ready
        self.rho[ready.settled.header.session] = ready.settled.header.rho
        for dealer in ready.settled.countries:
            for kind in ShareKind:
                self.known[roster, dealer, kind].update(
                    self.colluders & frozenset(ready.settled.countries)
                )

    def on_signed(self, me: CountryCode, word: SurvivorSet) -> None:
        """I1, and I7 for sets."""
        before = self.signed.setdefault((me, word.roster_hash), word)
        if before != word and me not in self.colluders:
            raise InvariantError(f"I1: {me} signed two survivor sets of one roster")
        self.signers[word].add(me)
        parameters = self.parameters[word.roster_hash]
        quorums = [
            other
            for other, signers in self.signers.items()
            if other.roster_hash == word.roster_hash
            and len(signers | (self.colluders & other.sharers)) >= parameters.threshold
        ]
        if len(quorums) > 1:
            raise InvariantError("I7: two survivor sets of one roster have a quorum")
        if any(len(one.survivors) < _needed(parameters) for one in quorums):
            raise InvariantError("I7: a survivor set that is too small has a quorum")

    def on_revealed(
        self, me: CountryCode, roster: Digest, revealed: dict[CountryCode, ShareKind]
    ) -> None:
        """I2, and I7 for shares."""
        for dealer, kind in revealed.items():
            if me not in self.colluders and (
                self.revealed.setdefault((me, roster, dealer), kind) is not kind
            ):
                raise InvariantError(f"I2: {me} revealed both secrets of {dealer}")
            self.known[roster, dealer, kind].add(me)
            threshold = self.parameters[roster].threshold
            if dealer not in self.colluders and all(
                len(self.known[roster, dealer, each]) >= threshold for each in ShareKind
            ):
                raise InvariantError(f"I7: both secrets of {dealer} can be put together")

    def on_seed_revealed(self, state: states.Signed, seed: bytes) -> None:
        """I10, once more counted here."""
        session = state.settled.header.session
        needed = _levels_needed(state.settled.parameters, len(state.word.survivors))
        secret = self.ready[state.me, session].seeds[: needed - 1]
        if state.me not in self.colluders and seed in secret:
            raise InvariantError(f"I10: {state.me} revealed noise that is needed")

    def on_counting(self, turn: Turn, key: bytes, counted: npt.NDArray[np.uint64]) -> None:
        """I11. It is told later: an error here would look like one of the node's own."""
        self.counts["series.counting"] += 1
        if not np.array_equal(counted, come_by(key, turn.period - 1)):
            self.bugs.append(
                f"I11: a node goes on from {len(counted)} persons to release {turn.period}"
            )

    def on_debited(self, country: CountryCode, session: SessionId) -> None:
        """A ledger says that a debit is on disk."""
        self.acknowledged.add((country, session))

    # ------------------------------------------------------------ what leaves

    def on_leaving(
        self, country: CountryCode, ledger: Path, message: exchange_pb2.NodeMessage
    ) -> None:
        """I3, at the first byte of a masked input."""
        name = message.WhichOneof("body")
        self.counts[str(name)] += 1
        if name != "vector_chunk":
            return
        key = (country, SessionId(message.session))
        if key in self.left:
            return
        self.left.add(key)
        if message.session not in debits(ledger):
            raise InvariantError(f"I3: a masked input left {country} before its debit")

    # ------------------------------------------------------------ the end

    def check_ledger(
        self,
        country: CountryCode,
        ledger: Path,
        allowance: Fraction,
        *,
        copied: bool,
        untold: bool = False,
    ) -> None:
        """I4 and I5.

        Where the disk was copied, the last word may be of another copy: then what left was debited
        here; or was reserved, and is forfeited, or still open, so that it counts all the same.
        A copy that has another history than is witnessed answers nothing any more, and one that was
        not told what its witnesses hold answers nothing yet: of both I5 alone is demanded.
        """
        if copied and (untold or country in self.forked):
            there: set[bytes] = {session for one, session in self.left if one == country}
        else:
            there = (
                sessions(ledger, "reserve") - sessions(ledger, "release")
                if copied
                else debits(ledger)
            )
        for one, session in sorted(self.left if copied else self.acknowledged | self.left):
            if one == country and session not in there:
                raise InvariantError(f"I4: {country} forgot the debit of {session.hex()}")
        spent = self._lost({session for one, session in self.left if one == country})
        if spent > allowance:
            raise InvariantError(f"I5: {country} let out {spent}, its allowance is {allowance}")

    def _lost(self, left: set[SessionId]) -> Fraction:
        """What so many attempts cost a person, by the theorem and not by the ledger.

        A standing series is one promise, of which every attempt that measures a period again takes
        a part once more (docs/proofs/standing-series.md).
        """
        lost = Fraction(0)
        paid: set[Digest] = set()
        measured: set[tuple[Digest, int]] = set()
        for session in left:
            rho, part = self.rho[session], self.parts.get(session)
            if part is None:
                lost += rho
                continue
            if part.series not in paid:
                lost += rho
            elif (part.series, part.period) in measured:
                lost += part.repeat * rho
            paid.add(part.series)
            measured.add((part.series, part.period))
        return lost

    def check_release(self, receipt: PublicReceipt) -> None:
        """I6."""
        parameters = receipt.parameters
        if len(receipt.survivors) < _needed(parameters):
            raise InvariantError("I6: a sum of too few was published")
        session = receipt.proposal.header.session
        total = np.zeros(parameters.cells, dtype=np.int64)
        for country in sorted(receipt.survivors):
            total += self.masked[country, session]
            if country in receipt.reduced:
                total -= _superfluous(self.ready[country, session], len(receipt.survivors))
        if tuple(total.tolist()) != receipt.answer:
            raise InvariantError("I6: what was published is not the sum of the survivors' inputs")

    def check_bugs(self, surprises: list[dict[str, Any]]) -> None:
        """I9."""
        for context in surprises:
            bug = context.get("exception")
            if isinstance(bug, Exception):
                text = f"I9: {context['message']}: {type(bug).__name__}: {bug}"
                raise InvariantError(text) from bug
        if self.bugs:
            raise InvariantError(f"I9: {self.bugs[0]}")


def _needed(parameters: AttemptParameters) -> int:
    """The fewest survivors, counted here once more: not by the code that is being watched."""
    return max(
        parameters.roster_size - parameters.dropouts,
        (parameters.roster_size + parameters.colluders) // 2 + 1,
        parameters.min_participants,
    )


def _levels_needed(parameters: AttemptParameters, survivors: int) -> int:
    """How many levels of noise so many survivors need: the first that is for enough dropouts."""
    gone = parameters.roster_size - survivors
    enough = [level.dropouts >= gone for level in parameters.levels]
    return enough.index(True) + 1


def _superfluous(ready: states.ReadyToMask, survivors: int) -> npt.NDArray[np.int64]:
    """What of this node's noise so many survivors do not need."""
    needed = _levels_needed(ready.parameters, survivors)
    if needed == len(ready.parameters.levels):
        return np.zeros(ready.parameters.cells, dtype=np.int64)
    return removable_noise(ready, needed)


def debits(ledger: Path) -> set[bytes]:
    """The sessions that a ledger's file says are debited."""
    return sessions(ledger, "debit")


def sessions(ledger: Path, *kinds: str) -> set[bytes]:
    """The sessions of which a ledger's file has an entry of such a kind."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute("SELECT session, kind FROM entries").fetchall()
        except sqlite3.OperationalError:  # not even the table is left
            return set()
    return {session for session, kind in rows if kind in kinds}


@contextmanager
def watching(observer: Observer) -> Iterator[None]:
    """Tell `observer` what nodes' states do, while the history runs."""
    with ExitStack() as stack:

        def watch(owner: Any, name: str, after: Any) -> None:
            original = getattr(owner, name)

            def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
                result = original(self, *args, **kwargs)
                after(self, result, *args)
                return result

            stack.enter_context(patch.object(owner, name, watched))

        def masked(ready: states.ReadyToMask, _: object, vector: Any, *__: object) -> None:
            observer.on_masked(ready, vector)

        def signed(state: Any, _: object, word: SurvivorSet, *__: object) -> None:
            observer.on_signed(state.me, word)

        def unmasked(state: states.Signed, result: Any, *_: object) -> None:
            revealed = {share.dealer: share.kind for share in result[1].revealed}
            observer.on_revealed(state.me, state.settled.hash, revealed)
            observer.on_seed_revealed(state, result[1].excess_seed)

        def debited(ledger: Ledger, debit: Debit, *_: object) -> None:
            observer.on_debited(ledger.statement().country, debit.session)

        watch(states.ReadyToMask, "mask", masked)
        watch(states.AwaitingSurvivors, "on_survivors", signed)
        watch(states.Signed, "on_survivors", signed)
        watch(states.Signed, "on_unmask_request", unmasked)
        watch(Ledger, "debit", debited)

        def counted_new(plan: Plan, _: object, __: object, key: bytes, *rest: Any) -> None:
            assert plan.turn is not None
            observer.on_counting(plan.turn, key, rest[-1])

        watch(question_desk, "count_new", counted_new)
        reserve = Ledger.reserve

        def reserved(
            ledger: Ledger, session: SessionId, *args: Any, part: Any = None, **rest: Any
        ) -> Any:
            statement = reserve(ledger, session, *args, part=part, **rest)
            if part is not None:
                observer.parts[session] = part
            return statement

        stack.enter_context(patch.object(Ledger, "reserve", reserved))

        def listen(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
            observer.counts[str(event["event"])] += 1
            said = {key: event[key] for key in ("event", "country", "code") if key in event}
            observer.note("log " + " ".join(map(str, said.values())))
            if event["event"] in {"ledger.fork", "witness.fork"}:
                observer.forked.add(CountryCode(str(event["country"])))
            if event["event"] in BUGS:
                observer.bugs.append(repr({key: str(value) for key, value in event.items()}))
            raise structlog.DropEvent

        before = structlog.get_config()
        # Whoever runs this may have silenced the log: what it says is heard here all the same.
        structlog.configure(
            processors=[structlog.processors.format_exc_info, listen],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        )
        stack.callback(lambda: structlog.configure(**before))
        yield


def trace_digest(lines: list[str]) -> str:
    """One short name for a whole history: equal seeds must give equal ones."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
