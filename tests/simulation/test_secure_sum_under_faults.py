"""A whole secure sum while messages are lost, late and repeated, and nodes crash.

Counts as a failure: a released sum that is not the survivors'; a sum of fewer than needed; a node
that signs two sets, or reveals both shares of one peer. Does not count: an attempt that fails
because too much was lost. That some succeed and some fail is asserted over all seeds.
"""

from functools import cache
from random import Random

import numpy as np
import pytest

from corridor.errors.secure_sum import TooFewLeftError
from corridor.transport.suites import suite_named
from support.network import SimulatedNetwork
from support.region_simulation import SimulatedCoordinator, SimulatedNode
from support.secure_sum import Region, first_countries

SEEDS = 60


class History:
    """What happened under one seed."""

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        region = Region(
            countries=first_countries(chance.randint(3, 9)),
            ring_bits=chance.choice([32, 64]),
            cells=3,
            suite=suite_named("xwing" if seed % 2 else "x25519"),
        )
        self.network: SimulatedNetwork[object] = SimulatedNetwork(seed, loss=0.01, repeat=0.1)
        self.nodes = [SimulatedNode(c, region, self.network, seed) for c in region.countries]
        self.coordinator = SimulatedCoordinator(region, self.nodes, self.network)
        for simulated in self.nodes:
            if chance.random() < 0.08:
                self.network.after(chance.uniform(0, 25), simulated.crash)
        self.coordinator.begin()
        self.network.run()


@cache
def history(seed: int) -> History:
    return History(seed)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_released_sum_is_that_of_its_survivors(seed: int) -> None:
    told = history(seed).coordinator
    if told.result is None:
        assert isinstance(told.failure, TooFewLeftError)
        return
    survivors = told.state.survivors.survivors
    assert len(survivors) >= told.state.parameters.needed
    vectors = {simulated.me: simulated.vector for simulated in told.nodes.values()}
    assert (told.result == np.sum([vectors[c] for c in sorted(survivors)], axis=0)).all()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a21_one_word_and_one_kind_of_share_per_peer(seed: int) -> None:
    for simulated in history(seed).nodes:
        assert len(simulated.signed) <= 1
        assert simulated.debits <= 1
        assert len(simulated.revealed) <= 1
        for unmask in simulated.revealed:
            dealers = [share.dealer for share in unmask.revealed]
            assert len(set(dealers)) == len(dealers)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a25_without_enough_survivors_nobody_reveals_anything(seed: int) -> None:
    told = history(seed)
    for simulated in told.nodes:
        for unmask in simulated.revealed:
            (word,) = simulated.signed
            assert unmask.country in word.survivors
            assert len(word.survivors) >= told.coordinator.state.parameters.needed


def test_equal_seeds_give_equal_histories() -> None:
    one, again = History(7), History(7)
    assert one.network.now == again.network.now
    assert [n.refusals for n in one.nodes] == [n.refusals for n in again.nodes]


def test_the_faults_were_neither_harmless_nor_fatal_throughout() -> None:
    released = [seed for seed in range(SEEDS) if history(seed).coordinator.result is not None]
    with_dropouts = [
        seed
        for seed in released
        if len(history(seed).coordinator.state.survivors.survivors) < len(history(seed).nodes)
    ]
    assert SEEDS // 4 < len(released) < SEEDS
    assert len(with_dropouts) >= 3
