"""A coordinator that lies at random, with colluders inside, learns no honest node's vector.

The liar holds the keys of c members. It shows every honest node sharers, survivors and requests of
its own making, again and again, and keeps all that comes back. To read a node's vector it needs t
shares of that node's self-mask seed and its pairwise masks besides; to read a sum of fewer than
planned, t signatures under such a set. The invariants are counted on what it holds in the end:

    no two sets have a quorum                    (ATTACKS 21)
    of no honest node, t shares of both kinds    (ATTACKS 21)
    a set with a quorum has r − d members        (ATTACKS 25, 26)
    of no node in such a set, noise that it needs  (ATTACKS 26)

The twin: among nodes that forget what they signed, the same counting finds two quorums, and noise
revealed for the larger set that the smaller one needs.
"""

from collections import defaultdict
from random import Random

import pytest

from corridor.errors import CorridorError
from corridor.ids import CountryCode
from corridor.protocols.secure_sum import node
from corridor.protocols.secure_sum.messages import (
    ShareKind,
    Sharers,
    SurvivorSet,
    SurvivorSignature,
    UnmaskRequest,
)
from support.secure_sum import Conversation, Region, first_countries, verify

Countries = frozenset[CountryCode]
SEEDS = range(40)


class Liar:
    """Drives honest nodes through their real states with messages of its own making."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        size = self.chance.randint(3, 8)
        self.region = Region(
            countries=first_countries(size),
            colluders=self.chance.randint(1, max(1, size // 3)),
            with_levels=True,
        )
        self.colluders = frozenset(self.chance.sample(self.region.countries, self.region.colluders))
        self.honest = frozenset(self.region.countries) - self.colluders
        self.talk = Conversation(self.region, seed=seed)
        self.signatures: dict[SurvivorSet, set[CountryCode]] = defaultdict(set)
        self.known: dict[tuple[CountryCode, ShareKind], set[CountryCode]] = defaultdict(set)
        self.taken_off: dict[CountryCode, int] = {}

    def lie(self, *, states_hold: bool = True) -> None:
        talk = self.talk
        talk.propose()
        talk.share()
        talk.open()
        for colluder in self.colluders:
            for dealer in self.region.countries:
                for kind in ShareKind:
                    self.known[dealer, kind].add(colluder)
        waiting = {country: self._mask(country) for country in sorted(self.honest)}
        self.seeds = {country: state.seeds for country, state in waiting.items() if state}
        signed = self._collect_signatures(waiting, states_hold=states_hold)
        self._collect_shares(signed)

    def _subset(self, of: Countries) -> Countries:
        """A random subset, the nearly full ones more often."""
        out = self.chance.choice([0, 1, 1, 2, 2, 3, len(of) - 1])
        return of - frozenset(self.chance.sample(sorted(of), max(0, min(out, len(of)))))

    def _mask(self, country: CountryCode) -> node.AwaitingSurvivors | None:
        """Show the node other sharers than the rest, until it masks for some."""
        for _ in range(20):
            chosen = self._subset(self.talk.sharers.countries)
            words = tuple(w for w in self.talk.sharers.opened if w.country in chosen)
            try:
                ready = self.talk.hear_sharers(country, Sharers(words))
            except CorridorError:
                continue
            return self.talk.mask_vector(ready)[0]
        return None

    def _collect_signatures(
        self, waiting: dict[CountryCode, node.AwaitingSurvivors | None], *, states_hold: bool
    ) -> list[node.Signed]:
        """Ask everybody for everything; a colluder signs whatever there is."""
        signed: dict[CountryCode, node.Signed] = {}
        tried = set()
        for _ in range(60):
            sharers = self._subset(frozenset(self.region.countries))
            survivors = self._subset(sharers)
            for country, state in waiting.items():
                if state is None:
                    continue
                announced = SurvivorSet(
                    state.settled.hash,
                    self.chance.choice([sharers, state.sharers]),
                    survivors,
                )
                tried.add(announced)
                try:
                    if country in signed and states_hold:
                        signed[country], word = signed[country].on_survivors(announced)
                    else:  # with `states_hold` false, the node forgets that it signed
                        signed[country], word = state.on_survivors(
                            announced, self.region.sign(country)
                        )
                except CorridorError:
                    continue
                self.signatures[announced].add(word.country)
        for announced in tried:
            self.signatures[announced] |= self.colluders & announced.survivors
        return list(signed.values())

    def _collect_shares(self, signed: list[node.Signed]) -> None:
        """Show every node every set's signatures."""
        for state in signed:
            for announced, signers in self.signatures.items():
                words = tuple(self.talk.signature_of(c, announced) for c in sorted(signers))
                self._ask(state, words)

    def _ask(self, state: node.Signed, words: tuple[SurvivorSignature, ...]) -> None:
        try:
            _, unmask = state.on_unmask_request(
                UnmaskRequest(words),
                keys=self.region.keys,
                verify=verify,
                sign=self.region.sign(state.me),
            )
        except CorridorError:
            return
        for share in unmask.revealed:
            self.known[share.dealer, share.kind].add(state.me)
        if unmask.excess_seed:
            first = self.seeds[state.me].index(unmask.excess_seed) + 1
            self.taken_off[state.me] = min(first, self.taken_off.get(state.me, first))

    def quorums(self) -> list[SurvivorSet]:
        threshold = self.region.parameters.threshold
        return [s for s, signers in self.signatures.items() if len(signers) >= threshold]

    def read(self) -> list[CountryCode]:
        """Honest nodes of whom both secrets are known."""
        threshold = self.region.parameters.threshold
        return [
            country
            for country in sorted(self.honest)
            if all(len(self.known[country, kind]) >= threshold for kind in ShareKind)
        ]

    def laid_bare(self) -> list[CountryCode]:
        """Honest nodes whose noise is known from a level on that a set with a quorum needs."""
        levels = self.region.parameters.levels
        return [
            country
            for quorum in self.quorums()
            for country, first in sorted(self.taken_off.items())
            if country in quorum.survivors
            and levels[first - 1].dropouts < len(self.region.countries) - len(quorum.survivors)
        ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a21_a22_a25_a_lying_coordinator_gets_one_quorum_and_one_secret_of_each(seed: int) -> None:
    liar = Liar(seed)
    liar.lie()
    assert len(liar.quorums()) <= 1
    assert all(len(quorum.survivors) >= liar.region.parameters.needed for quorum in liar.quorums())
    assert liar.read() == []
    assert liar.laid_bare() == []


def test_some_lies_lead_to_a_sum_after_all() -> None:
    """Else the invariants would hold of nothing."""
    liars = [Liar(seed) for seed in SEEDS]
    for liar in liars:
        liar.lie()
    assert any(liar.quorums() for liar in liars)
    assert any(len(known) >= 3 for liar in liars for known in liar.known.values())
    assert any(liar.taken_off for liar in liars)


def test_a21_nodes_that_forget_what_they_signed_would_give_two_quorums() -> None:
    """The twin: nodes that can be made to sign again give two quorums."""
    liars = [Liar(seed) for seed in SEEDS]
    for liar in liars:
        liar.lie(states_hold=False)
    assert any(len(liar.quorums()) > 1 for liar in liars)
    assert any(liar.laid_bare() for liar in liars)
