"""What the model's nodes take and refuse, the real states take and refuse.

Random walks through `model/secure_sum.pml`, printed by spin step by step, are replayed in the real
classes with real keys: each step is one message of a malicious coordinator to one node, and both
sides must agree whether it is taken. A model that is more lenient than the code would only prove
too little; one that is stricter would prove something about another protocol.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from corridor.errors import CorridorError
from corridor.ids import CountryCode, Signature
from corridor.protocols.secure_sum import node
from corridor.protocols.secure_sum.messages import (
    Dealing,
    Opened,
    RevealedShare,
    ShareKind,
    Sharers,
    SurvivorSet,
    SurvivorSignature,
    UnmaskRequest,
)
from support.secure_sum import Conversation, Region, first_countries

MODEL = Path(__file__).resolve().parents[2] / "model" / "secure_sum.pml"
SIZE = 4
WALKS = 24
MICRO_STEPS = 8000

Countries = frozenset[CountryCode]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: what the coordinator said to node `who`, and whether it was taken."""

    name: str
    who: int
    chosen: int
    other: int
    taken: bool


@cache
def walk(seed: int) -> tuple[Step, ...]:
    if shutil.which("spin") is None:
        if os.environ.get("CI"):
            pytest.fail("spin is not installed, and CI must not skip this")
        pytest.skip("spin is not installed; `make model` says how to get it")
    crashes = ["-DCRASHES"] if seed % 4 == 0 else []
    said = subprocess.run(
        [
            *("spin", "-T", "-B", f"-n{seed}", f"-u{MICRO_STEPS}"),
            *("-DTRACE", f"-DN={SIZE}", *crashes),
            str(MODEL),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    lines = [line.split() for line in said.splitlines() if line.startswith("STEP ")]
    return tuple(
        Step(name, int(who), int(chosen), int(other), taken == "1")
        for _, name, _, who, chosen, other, taken in lines
    )


class Replay:
    """Real nodes behind a coordinator that says what a trace says. The last country colludes."""

    def __init__(self, seed: int) -> None:
        self.talk = Conversation(Region(countries=first_countries(SIZE)), seed=seed)
        self.countries = self.talk.region.countries
        self.colluder = self.countries[-1]
        self.talk.propose()
        self.talk.share()
        self.talk.opened = {}
        self.states: dict[CountryCode, Any] = {**self.talk.shared}
        _, word = self.talk.open_dealings(self.colluder, self.talk.dealings[self.colluder])
        self.opened_words: dict[CountryCode, Opened] = {self.colluder: word}
        self.signed: dict[CountryCode, tuple[SurvivorSet, SurvivorSignature]] = {}
        self.revealed: dict[CountryCode, tuple[RevealedShare, ...]] = {}
        self.hash = self.talk.shared[self.colluder].settled.hash

    def named(self, members: int) -> Countries:
        return frozenset(c for place, c in enumerate(self.countries) if members >> place & 1)

    def is_taken(self, step: Step) -> bool:
        """Say it to the real node."""
        country = self.countries[step.who]
        try:
            match step.name:
                case "ON_DEALINGS":
                    return self._dealings(country, self.named(step.chosen))
                case "ON_SHARERS":
                    return self._sharers(country, self.named(step.chosen))
                case "ON_SURVIVORS":
                    announced = SurvivorSet(
                        self.hash, self.named(step.chosen), self.named(step.other)
                    )
                    return self._survivors(country, announced)
                case "ON_UNMASK_REQUEST":
                    return self._unmask_request(country, self.named(step.chosen))
                case "CRASH":
                    alive = not isinstance(self.states[country], node.Done | None)
                    self.states[country] = None if alive else self.states[country]
                    return alive
                case _:
                    raise ValueError(step)
        except CorridorError:
            return False

    def _dealings(self, country: CountryCode, opening: Countries) -> bool:
        if not isinstance(self.states[country], node.Shared):
            return False
        shown = tuple(self._shown(country, opening))
        self.states[country], word = self.talk.open_dealings(country, shown)
        assert word.opened == opening
        self.talk.opened[country] = self.states[country]
        self.opened_words[country] = word
        return True

    def _shown(self, country: CountryCode, opening: Countries) -> Iterator[Dealing]:
        """Those that open; of the rest, every second is withheld, every other one spoilt."""
        for place, dealing in enumerate(self.talk.dealings[country]):
            if dealing.dealer in opening:
                yield dealing
            elif dealing.dealer != country and place % 2:
                yield replace(dealing, envelope=bytes(len(dealing.envelope)))

    def _sharers(self, country: CountryCode, announced: Countries) -> bool:
        if not isinstance(self.states[country], node.OpenedState):
            return False
        words = tuple(self._opened_word(c) for c in sorted(announced))
        ready = self.talk.hear_sharers(country, Sharers(words))
        self.states[country], _, _ = self.talk.mask_vector(ready)
        return True

    def _opened_word(self, country: CountryCode) -> Opened:
        """Its own, or, of one that said nothing yet, a forged one."""
        if country in self.opened_words:
            return self.opened_words[country]
        return replace(self.opened_words[self.colluder], country=country)

    def _survivors(self, country: CountryCode, announced: SurvivorSet) -> bool:
        match self.states[country]:
            case node.AwaitingSurvivors() as state:
                sign = self.talk.region.sign(country)
                self.states[country], word = state.on_survivors(announced, sign)
                self.signed[country] = announced, word
            case node.Signed() as state:
                self.states[country], word = state.on_survivors(announced)
                assert self.signed[country] == (announced, word)
            case _:
                return False
        return True

    def _unmask_request(self, country: CountryCode, signers: Countries) -> bool:
        state = self.states[country]
        if not isinstance(state, node.Signed):
            return False
        request = UnmaskRequest(tuple(self._signature(c, state.word) for c in sorted(signers)))
        self.talk.signed = {country: state}
        self.states[country], unmask = self.talk.reveal(country, request)
        self.revealed[country] = unmask.revealed
        return True

    def _signature(self, country: CountryCode, wanted: SurvivorSet) -> SurvivorSignature:
        """Whatever that member signed; the colluder signs what is wanted."""
        if country == self.colluder:
            return self.talk.signature_of(country, wanted)
        if country in self.signed:
            return self.signed[country][1]
        return SurvivorSignature(country, Signature(bytes(64)))


@cache
def replayed(seed: int) -> tuple[Replay, frozenset[str]]:
    """A walk replayed, and what was taken in it."""
    replay = Replay(seed)
    taken = set()
    for number, step in enumerate(walk(seed)):
        assert replay.is_taken(step) == step.taken, f"step {number} of walk {seed}: {step}"
        if step.taken:
            taken.add(step.name)
    return replay, frozenset(taken)


@pytest.mark.parametrize("seed", range(WALKS))
def test_the_real_states_take_and_refuse_what_the_model_does(seed: int) -> None:
    replay, _ = replayed(seed)
    for country, revealed in replay.revealed.items():
        word, _ = replay.signed[country]
        expected = [
            (c, ShareKind.SELF_MASK if c in word.survivors else ShareKind.MASK_KEY)
            for c in sorted(word.sharers)
        ]
        assert [(share.dealer, share.kind) for share in revealed] == expected


def test_the_walks_go_all_the_way() -> None:
    """Else the agreement would be about refusals alone."""
    taken = [replayed(seed)[1] for seed in range(WALKS)]
    assert frozenset().union(*taken) == {
        "ON_DEALINGS",
        "ON_SHARERS",
        "ON_SURVIVORS",
        "ON_UNMASK_REQUEST",
        "CRASH",
    }
    assert sum("ON_UNMASK_REQUEST" in names for names in taken) >= 3
