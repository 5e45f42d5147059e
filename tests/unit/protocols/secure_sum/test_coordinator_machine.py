"""The coordinator's side of one attempt, while members say whatever they like, or nothing.

The members are the real states of nodes; a dishonest one repeats, replays another attempt, speaks
in another's name, alters what it signed or reveals another share. Silence is a member that a round
was closed without. At the end of every history in which enough are left, the sum is the sum of its
survivors' vectors, exactly: no word that was refused left anything in it.
"""

from dataclasses import replace
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corridor.ids import CountryCode, Digest
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import coordinator, node
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    MaskedInput,
    Opened,
    Shares,
    SurvivorSignature,
    Unmask,
)
from support.machines import depth, perhaps_refused
from support.secure_sum import (
    SUITE,
    Conversation,
    Countries,
    Region,
    accept,
    debit_for,
    first_countries,
    make_header,
    signing_keys,
    vectors_of,
    verify,
)

REGION = Region(countries=first_countries(5))
MEMBERS = REGION.countries
members = st.sampled_from(MEMBERS)
Word = Acceptance | Shares | Opened | MaskedInput | SurvivorSignature | Unmask


@cache
def elsewhere() -> Conversation:
    """Another attempt, to its end: what is replayed."""
    talk = Conversation(REGION, seed=5, header=make_header(b"\5" * 16))
    talk.propose()
    talk.share()
    talk.open()
    talk.mask()
    talk.sign()
    talk.unmask()
    return talk


class CoordinatorMachine(RuleBasedStateMachine):
    """Who is heard is heard once, whole, and in its own name."""

    @initialize(seed=st.integers(0, 9), head_start=st.integers(0, 5))
    def begin(self, seed: int, head_start: int) -> None:
        self.propose(seed)
        for _ in range(head_start):
            self.the_round_closes(early=1)

    def propose(self, seed: int) -> None:
        self.header = make_header()
        self.random_bytes = Random(seed).randbytes
        self.vectors = vectors_of(REGION, seed)
        self.state: Any = coordinator.CollectingAcceptances(self.header, REGION.keys)
        self.nodes: dict[CountryCode, Any] = {}
        self.said: dict[CountryCode, Word] = {}
        self.heard: set[CountryCode] = set()  # the model
        self.invited = set(MEMBERS)
        self.out: Any = None  # what the round that is open announced
        self.masked: dict[CountryCode, bytes] = {}
        self.total = np.zeros(REGION.cells, dtype=ring_type(REGION.ring_bits))
        self.over = False

    @precondition(lambda self: self.over)
    @rule(seed=st.integers(0, 9))
    def asks_again(self, seed: int) -> None:
        self.propose(seed)

    # ------------------------------------------------------------ what members say

    def word_of(self, country: CountryCode) -> Word:
        """What an honest member says in this round; asked again, the same."""
        if country not in self.said:
            self.nodes[country], self.said[country] = self._speak(country)
        return self.said[country]

    def _speak(self, country: CountryCode) -> Any:
        sign, keys = REGION.sign(country), REGION.keys
        match self.state:
            case coordinator.CollectingAcceptances():
                return accept(self.header, country, self.random_bytes)
            case coordinator.CollectingShares():
                return self.nodes[country].on_roster(
                    self.out,
                    parameters_for=REGION.parameters_for,
                    keys=keys,
                    verify=verify,
                    suite=SUITE,
                    random_bytes=self.random_bytes,
                    sign=sign,
                )
            case coordinator.CollectingOpened():
                return self.nodes[country].on_dealings(
                    self.out[country],
                    keys=keys,
                    verify=verify,
                    suite=SUITE,
                    sign=sign,
                    unwitnessed=(),
                )
            case coordinator.CollectingInputs():
                ready = self.nodes[country].on_sharers(self.out, keys=keys, verify=verify, quorum=0)
                masking = ready.mask(self.vectors[country], debit_for(self.header), suite=SUITE)
                self.masked[country] = b"".join(masking.chunks())
                return masking.finish(sign)
            case coordinator.CollectingSignatures():
                return self.nodes[country].on_survivors(self.out, sign)
            case _:
                signed = self.nodes[country]
                if isinstance(signed, node.AwaitingSurvivors):  # its signature came too late
                    signed, _ = signed.on_survivors(self.state.survivors, sign)
                return signed.on_unmask_request(self.out, keys=keys, verify=verify, sign=sign)

    def take(self, word: Word, vector: bytes = b"") -> Any:
        match word:
            case Acceptance():
                return self.state.on_acceptance(word, verify=verify, suite=SUITE)
            case Shares():
                return self.state.on_shares(word)
            case Opened():
                return self.state.on_opened(word, verify=verify)
            case MaskedInput():
                spooled = Digest(sha256(vector).digest())
                return self.state.on_masked_input(word, spooled, verify=verify)
            case SurvivorSignature():
                return self.state.on_signature(word, verify=verify)
            case Unmask():
                return self.state.on_unmask(word, verify=verify, suite=SUITE)

    def must_refuse(self, word: Word, vector: bytes = b"") -> None:
        before = dict(self.state.heard)
        with perhaps_refused() as refusal:
            self.take(word, vector)
        assert refusal.code is not None
        assert self.state.heard == before

    @property
    def is_open(self) -> bool:
        return not self.over

    def is_in(self, kind: type[object]) -> bool:
        return self.is_open and isinstance(self.state, kind)

    # ------------------------------------------------------------ honest steps

    @precondition(lambda self: self.is_open)
    @rule(country=members)
    def speaks(self, country: CountryCode) -> None:
        if country not in self.invited:
            return
        word = self.word_of(country)
        again = country in self.heard
        state = self.take(word, self.masked.get(country, b""))
        assert (state is self.state) == again  # a repetition changes nothing
        self.state = state
        self.heard.add(country)
        if isinstance(word, MaskedInput) and not again:
            self.total += np.frombuffer(self.masked[country], dtype=self.total.dtype)

    @precondition(lambda self: self.is_open)
    @rule(early=st.integers(0, 5))
    def the_round_closes(self, early: int) -> None:
        """With all who answered; as a rule nearly all have."""
        for country in sorted(self.invited)[early == 0 :]:
            self.speaks(country)
        self.close()

    def close(self) -> None:
        before = self.state
        state: Any
        with perhaps_refused() as refusal:
            match self.state:
                case coordinator.CollectingAcceptances():
                    state, self.out = self.state.close(REGION.parameters_for)
                case coordinator.CollectingOpened():
                    state, self.out = self.state.close(verify=verify)
                case coordinator.CollectingUnmask():
                    state = self.state.close(suite=SUITE)
                    self.finish(state)
                case _:
                    state, self.out = self.state.close()
        if refusal.code is not None:
            assert self.state is before
            assert len(self.heard) < self.fewest()
            self.over = True
            return
        assert len(self.heard) >= self.fewest()
        if not self.over:
            # Of survivors, who signed too late may still reveal.
            again = isinstance(state, coordinator.CollectingUnmask)
            self.invited = self.invited if again else self.heard
            self.state, self.heard, self.said = state, set(), {}

    def fewest(self) -> int:
        """How many have to answer this round."""
        if isinstance(self.state, coordinator.CollectingAcceptances):
            return 3
        numbers = self.state.parameters
        enough = {coordinator.CollectingSignatures, coordinator.CollectingUnmask}
        return int(numbers.threshold if type(self.state) in enough else numbers.needed)

    def finish(self, unmasked: coordinator.Unmasked) -> None:
        self.over = True
        survivors: Countries = unmasked.words.survivors.survivors
        assert survivors == self.masked.keys() & survivors
        total = self.total.copy()
        unmasked.remove_masks(total, suite=SUITE)
        expected = np.sum([self.vectors[country] for country in sorted(survivors)], axis=0)
        assert (coordinator.decode(total) == expected).all()

    # ------------------------------------------------------------ hostile steps

    @precondition(lambda self: self.is_open)
    @rule(country=members)
    def replays_another_attempt(self, country: CountryCode) -> None:
        talk = elsewhere()
        word: Word
        match self.state:
            case coordinator.CollectingAcceptances():
                word = talk.accepted[country].acceptance
            case coordinator.CollectingShares():
                word = talk.collecting_shares.heard[country]
            case coordinator.CollectingOpened():
                word = talk.opened[country].word
            case coordinator.CollectingInputs():
                word = talk.collecting_inputs.heard[country]
            case coordinator.CollectingSignatures():
                word = talk.signed[country].signature
            case _:
                word = talk.collecting_unmask.heard[country]
        self.must_refuse(word, talk.masked[country])

    @precondition(lambda self: self.is_open)
    @rule(country=members, thief=members)
    def speaks_in_another_s_name(self, country: CountryCode, thief: CountryCode) -> None:
        if country == thief or country not in self.invited:
            return
        word = self.word_of(country)
        other: Word
        if isinstance(word, Shares):
            other = Shares(country, (*word.dealings[1:], word.dealings[0]))
        elif isinstance(word, SurvivorSignature):
            other = replace(word, signature=signing_keys(thief).sign(self.out.to_sign()))
        else:
            other = replace(word, signature=signing_keys(thief).sign(word.to_sign()))
        self.must_refuse(other, self.masked.get(country, b""))

    @precondition(lambda self: self.is_in(coordinator.CollectingInputs))
    @rule(country=members, at=st.integers(0, 39))
    def sends_another_vector_than_it_signed(self, country: CountryCode, at: int) -> None:
        if country in self.invited and country not in self.heard:
            word, vector = self.word_of(country), bytearray(self.masked[country])
            vector[at] ^= 1
            self.must_refuse(word, bytes(vector))

    @precondition(lambda self: self.is_in(coordinator.CollectingUnmask))
    @rule(country=members, place=st.integers(0, 4), bit=st.integers(0, 255))
    def reveals_another_share(self, country: CountryCode, place: int, bit: int) -> None:
        """An insider's lie, well signed; whoever tells it is named, and nobody else."""
        if country not in self.invited:
            return
        word = self.word_of(country)
        assert isinstance(word, Unmask)
        revealed = list(word.revealed)
        one = revealed[place % len(revealed)]
        share = bytearray(one.share)
        share[bit // 8] ^= 1 << bit % 8
        revealed[place % len(revealed)] = replace(one, share=bytes(share))
        lie = replace(word, revealed=tuple(revealed))
        lie = replace(lie, signature=signing_keys(country).sign(lie.to_sign()))
        self.must_refuse(lie)

    # ------------------------------------------------------------ what holds after each step

    @invariant()
    def who_was_heard_is_who_spoke(self) -> None:
        if self.over:
            return
        assert self.state.heard.keys() == self.heard
        assert self.state.missing == self.invited - self.heard

    def teardown(self) -> None:
        if not hasattr(self, "over"):
            return
        while not self.over:
            for country in sorted(self.invited):
                self.speaks(country)
            self.close()


CoordinatorMachine.TestCase.settings = depth(40, 25)
TestCoordinatorMachine = CoordinatorMachine.TestCase
