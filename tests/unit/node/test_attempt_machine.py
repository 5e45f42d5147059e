"""A node in one attempt, while the coordinator says whatever it likes, in whatever order.

The node's side is what serves: `node.attempt.Attempt` over the states of the secure sum, with a
real ledger on disk. The other four members' words come from an honest attempt that was lived
through before; the liar has all their keys, so what holds here holds however many collude. A
dishonest step bends an honest message (`support.bending`), replays one of another attempt, repeats
one, or sends it in the wrong round; the power fails at any moment.
"""

import hashlib
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from corridor.ids import CountryCode, Digest, Signature
from corridor.node.attempt import Attempt, Surroundings
from corridor.protocols.masks import from_ring
from corridor.protocols.secure_sum.messages import (
    Dealing,
    MaskedInput,
    Opened,
    Roster,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
)
from support.bending import bend, speaker
from support.charters import make_charter
from support.ledgers import TestClock, open_ledger
from support.machines import depth, perhaps_refused
from support.secure_sum import (
    NOBODY,
    SUITE,
    Conversation,
    Countries,
    Region,
    first_countries,
    make_header,
    signing_keys,
    verify,
)

REGION = Region(countries=first_countries(5))
CHARTER = make_charter(countries=REGION.countries)
NEEDED = REGION.parameters.needed
THRESHOLD = REGION.parameters.threshold
LAST = REGION.countries[-1]
ROUNDS = ("roster", "dealings", "sharers", "survivors", "request")

Message = Roster | tuple[Dealing, ...] | Sharers | SurvivorSet | UnmaskRequest


@cache
def lived(number: int) -> Conversation:
    """An honest attempt to its end, in which the last member falls silent before it masks."""
    header = replace(make_header(bytes([number]) * 16), charter=CHARTER.digest)
    talk = Conversation(REGION, seed=number, header=header)
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent=frozenset({LAST}))
    talk.sign()
    talk.unmask()
    return talk


class NoCases:
    """Case data without a case: what is masked is the noise alone."""

    size = REGION.cells

    def demand_there(self) -> None:
        """It never goes."""

    def evaluate(self) -> npt.NDArray[np.int64]:
        return np.zeros(REGION.cells, dtype=np.int64)

    def sent(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return x


members = st.sampled_from(REGION.countries)
left_out = st.sets(members, max_size=4).map(frozenset)
steps = st.one_of(
    st.builds(lambda c: {"drop": [c]}, members),
    st.builds(lambda c: {"repeat": c}, members),
    st.builds(lambda c: {"replay": c}, members),
    st.builds(
        lambda of, field, at, insider: {
            "set": {"of": of, "field": field, "flip": at, "signed": insider}
        },
        members,
        st.integers(0, 8),
        st.integers(0, 31),
        st.booleans(),
    ),
    st.builds(
        lambda of, field, source, insider: {
            "set": {"of": of, "field": field, "word_of": source, "signed": insider}
        },
        members,
        st.integers(0, 8),
        members,
        st.booleans(),
    ),
)


def bent(words: tuple[Any, ...], step: dict[str, Any], elsewhere: tuple[Any, ...]) -> Any:
    """The words with one step taken; a field is named by its place among those of bytes."""
    change = step.get("set")
    if change is not None:
        spoken = [word for word in words if speaker(word) == change["of"]]
        if not spoken:
            return words
        places = [
            name for name in spoken[0].__slots__ if isinstance(getattr(spoken[0], name), bytes)
        ]
        field = places[change["field"] % len(places)]
        signed = change["signed"] and not isinstance(spoken[0], SurvivorSignature)
        change = {**change, "field": field, "signed": signed}
        if "flip" in change:
            length = len(getattr(spoken[0], field))
            if not length:
                return words
            change["flip"] %= length
        elif not any(speaker(word) == change["word_of"] for word in words):
            return words
        step = {"set": change}
    elif "replay" in step and not any(speaker(word) == step["replay"] for word in elsewhere):
        return words
    return bend(words, [step], elsewhere)


class AttemptMachine(RuleBasedStateMachine):
    """One word, one share of each peer, and no byte before its debit, whatever is said."""

    @initialize(me=st.sampled_from(REGION.countries[:-1]), head_start=st.integers(0, 4))
    def accept(self, me: CountryCode, head_start: int) -> None:
        self.me, self.talk, self.other = me, lived(1), lived(2)
        self.folder = tempfile.TemporaryDirectory()
        self.clock = TestClock(datetime(1970, 1, 1, tzinfo=UTC))
        self.ledger = open_ledger(Path(self.folder.name) / "ledger.sqlite3", self.clock)
        header = self.talk.header
        self.ledger.reserve(
            header.session,
            header.rho,
            question=header.question,
            charter=header.charter,
            deadline=header.finish_by,
        )
        surroundings = Surroundings(
            charter=CHARTER,
            suite=SUITE,
            sign=signing_keys(me).sign_digest,
            verify=verify,
            random_bytes=Random(7).randbytes,
            clock=self.clock,
            ledger=self.ledger,
            demand_witnessed=lambda: None,
            unwitnessed=lambda _: frozenset(),
            hear_other_header=lambda _header, _roster: None,
        )
        self.attempt: Attempt | None = Attempt(
            header, self.talk.accepted[me], REGION.parameters_for, NoCases(), surroundings
        )
        self.own: Dealing | None = None
        self.honest = True  # nothing but what an honest coordinator would say was taken so far
        self.round = 0
        self.debited = Fraction(0)  # the model: what may have left this node
        self.chunks: list[bytes] = []
        self.signatures: set[Signature] = set()
        self.masked_for: Countries = NOBODY
        self.revealed: list[Unmask] = []
        for _ in range(head_start):
            self.the_round_goes_on()

    # ------------------------------------------------------------ what is said

    def honest_message(self, name: str, talk: Conversation) -> Message:
        """What an honest coordinator says to this node in that round."""
        match name:
            case "roster":
                return talk.roster
            case "dealings":
                if talk is self.talk and self.own is not None:
                    # Sealing is fresh each time: the node's own dealing is the one that it made.
                    rest = [one for one in talk.dealings[self.me] if one.dealer != self.me]
                    return tuple(sorted((*rest, self.own), key=lambda one: one.dealer))
                return talk.dealings[self.me]
            case "sharers":
                return talk.sharers
            case "survivors":
                return talk.survivors
            case _:
                return talk.request

    def hear(self, message: Message) -> None:
        """Take a message as `node.sessions` does, and keep what leaves the node."""
        assert self.attempt is not None
        match message:
            case Roster():
                self.dealt(self.attempt.on_roster(message))
            case Sharers():
                for piece in self.attempt.on_sharers(message):
                    self.let_out(piece)
            case SurvivorSet():
                word = self.attempt.on_survivors(message)
                assert verify(signing_keys(self.me).public, message.to_sign(), word.signature)
                assert self.me in message.survivors <= message.sharers == self.masked_for
                assert len(message.survivors) >= NEEDED
                self.announced = message
                self.signatures.add(word.signature)
            case UnmaskRequest():
                self.revealed.append(self.attempt.on_unmask_request(message))
                self.a_quorum_signed_what_this_node_signed(message)
            case dealings:
                self.opened(self.attempt.on_dealings(dealings))

    def dealt(self, shares: Shares) -> None:
        (self.own,) = (one for one in shares.dealings if one.recipient == self.me)

    def opened(self, word: Opened) -> None:
        if word != self.talk.opened[self.me].word:
            assert word.complaints or word.opened < set(REGION.countries)
            self.honest = False

    def let_out(self, piece: bytes | MaskedInput) -> None:
        rho = self.talk.header.rho
        assert self.ledger.balance().spent == rho, "a byte left before its debit"
        self.debited = rho
        if isinstance(piece, bytes):
            self.chunks.append(piece)
        else:
            vector = hashlib.sha256(b"".join(self.chunks)).digest()
            assert piece.vector_hash == vector
            assert len(piece.sharers) >= NEEDED
            self.masked_for = piece.sharers

    def a_quorum_signed_what_this_node_signed(self, request: UnmaskRequest) -> None:
        text, keys = self.announced.to_sign(), REGION.keys
        signers = {
            word.country
            for word in request.signatures
            if verify(keys[word.country], text, word.signature)
        }
        assert len(signers & self.announced.survivors) >= THRESHOLD

    def heard_lie(self, message: Message) -> None:
        assert self.attempt is not None
        before, spent = self.attempt.state_name, self.ledger.balance()
        with perhaps_refused() as refusal:
            self.hear(message)
        if refusal.code is not None:
            assert self.attempt.state_name == before
            assert self.ledger.balance() == spent
        elif self.attempt.state_name != before:
            self.honest = self.honest and message == self.next_message()
            self.round += 1

    def next_message(self) -> Message:
        return self.honest_message(ROUNDS[self.round], self.talk)

    @property
    def goes_on(self) -> bool:
        return self.attempt is not None and self.honest and self.round < len(ROUNDS)

    # ------------------------------------------------------------ steps

    @precondition(lambda self: self.goes_on)
    @rule()
    def the_round_goes_on(self) -> None:
        """However often it was lied to before, what an honest coordinator says is answered."""
        self.hear(self.next_message())
        self.round += 1

    @precondition(lambda self: self.attempt is not None)
    @rule(name=st.sampled_from(ROUNDS))
    def says_it_again_or_too_early(self, name: str) -> None:
        if name != (ROUNDS[self.round] if self.goes_on else None):
            self.heard_lie(self.honest_message(name, self.talk))

    @precondition(lambda self: self.attempt is not None)
    @rule(name=st.sampled_from(ROUNDS))
    def replays_another_attempt(self, name: str) -> None:
        self.heard_lie(self.honest_message(name, self.other))

    @precondition(lambda self: self.attempt is not None)
    @rule(lies=st.lists(st.lists(steps, min_size=1, max_size=2), max_size=4))
    def bends_the_next_message(self, lies: list[list[dict[str, Any]]]) -> None:
        for lie in lies:
            name = ROUNDS[min(self.round, len(ROUNDS) - 1)]
            words, elsewhere = (
                self.words_of(self.honest_message(name, talk)) for talk in (self.talk, self.other)
            )
            for step in lie:
                words = bent(words, step, elsewhere)
            if words:
                self.heard_lie(self.message_of(name, words))

    @precondition(lambda self: self.attempt is not None and self.masked_for)
    @rule(lies=st.lists(st.tuples(st.just(NOBODY) | left_out, left_out, left_out), max_size=8))
    def announces_survivors(self, lies: list[tuple[Countries, Countries, Countries]]) -> None:
        everybody = frozenset(REGION.countries)
        for never_shared, dropped, named_all_the_same in lies:
            sharers = everybody - never_shared
            survivors = (sharers - dropped) | (named_all_the_same & never_shared)
            self.heard_lie(replace(self.talk.survivors, sharers=sharers, survivors=survivors))

    @precondition(lambda self: self.attempt is not None and self.signatures)
    @rule(signers=st.lists(members, max_size=6), survivors=left_out)
    def shows_signatures(self, signers: list[CountryCode], survivors: Countries) -> None:
        """Everybody else colludes, and signs what the coordinator likes."""
        announced = self.announced
        if survivors:
            announced = replace(announced, survivors=announced.sharers - survivors)
        words = tuple(self.talk.signature_of(one, announced) for one in signers)
        self.heard_lie(UnmaskRequest(words))

    @rule(luck=st.integers(0, 5))
    def power_fails(self, luck: int) -> None:
        """The secrets are gone; the ledger is what it was."""
        if luck and self.attempt is not None:
            return
        self.attempt = None
        self.ledger.close()
        self.ledger = open_ledger(Path(self.folder.name) / "ledger.sqlite3", self.clock)
        self.ledger.forfeit_left_open()
        with perhaps_refused() as refusal:
            self.ledger.reserve(
                self.talk.header.session,
                self.talk.header.rho,
                question=Digest(bytes(32)),
                charter=Digest(bytes(32)),
                deadline=2000,
            )
        assert refusal.code == "ledger.session_seen"

    @staticmethod
    def words_of(message: Message) -> tuple[Any, ...]:
        match message:
            case Roster():
                return message.acceptances
            case Sharers():
                return message.opened
            case UnmaskRequest():
                return message.signatures
            case SurvivorSet():
                return ()
            case dealings:
                return dealings

    @staticmethod
    def message_of(name: str, words: tuple[Any, ...]) -> Message:
        match name:
            case "roster":
                once = {speaker(word): word for word in words}
                return Roster(tuple(once[country] for country in sorted(once)))
            case "dealings":
                return words
            case "sharers":
                return Sharers(words)
            case _:
                return UnmaskRequest(words)

    # ------------------------------------------------------------ what holds after each step

    @invariant()
    def a21_one_survivor_set_is_signed(self) -> None:
        assert len(self.signatures) <= 1

    @invariant()
    def a21_of_each_peer_one_secret_is_revealed(self) -> None:
        assert len(self.revealed) <= 1
        for unmask in self.revealed:
            assert len({share.dealer for share in unmask.revealed}) == len(unmask.revealed)
            assert self.signatures

    @invariant()
    def a17_what_left_is_debited(self) -> None:
        assert self.ledger.balance().spent >= self.debited
        assert len(b"".join(self.chunks)) in (0, 8 * REGION.cells)

    def teardown(self) -> None:
        if not hasattr(self, "ledger"):
            return
        while self.goes_on:
            self.the_round_goes_on()
        if self.attempt is not None and self.honest:
            self.the_sum_comes_out_right()
        self.ledger.close()
        self.folder.cleanup()

    def the_sum_comes_out_right(self) -> None:
        """Nothing that was refused on the way changed what this node answers at the end."""
        (unmask,) = self.revealed
        expected = self.talk.collecting_unmask.heard[self.me].revealed
        others = [share for share in unmask.revealed if share.dealer != self.me]
        assert others == [share for share in expected if share.dealer != self.me]
        left = np.frombuffer(b"".join(self.chunks), "<u8") - np.frombuffer(
            self.talk.masked[self.me], "<u8"
        )
        noise = from_ring(left) + self.talk.vectors[self.me]
        assert noise.any()
        assert abs(noise).max() < 100  # σ² = 10


AttemptMachine.TestCase.settings = depth(40, 20)
TestAttemptMachine = AttemptMachine.TestCase
