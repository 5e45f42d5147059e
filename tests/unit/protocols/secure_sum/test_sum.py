"""Whoever drops out in whichever round: the sum is the survivors', or there is none."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.secure_sum import TooFewLeftError
from corridor.ids import CountryCode
from corridor.transport.suites import suite_named
from support.secure_sum import Conversation, Region, first_countries

Countries = frozenset[CountryCode]


@dataclass(frozen=True, slots=True)
class Story:
    """A region, and who falls silent in which round after the proposal."""

    region: Region
    silent: tuple[Countries, Countries, Countries, Countries, Countries]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    size = draw(st.integers(3, 8))
    region = Region(
        countries=first_countries(size),
        ring_bits=draw(st.sampled_from([32, 64])),
        colluders=draw(st.integers(1, max(1, size // 3))),
        cells=draw(st.integers(1, 4)),
        suite=suite_named(draw(st.sampled_from(["x25519", "xwing"]))),
    )
    # One silent round for each country at most; 5 stands for "answers always".
    last = draw(
        st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5]), min_size=size, max_size=size)
    )
    silent = tuple(
        frozenset(c for c, at in zip(region.countries, last, strict=True) if at == round_number)
        for round_number in range(5)
    )
    return Story(region, (silent[0], silent[1], silent[2], silent[3], silent[4]))


def run(talk: Conversation, story: Story) -> npt.NDArray[np.int64]:
    share, opened, masked, signed, unmask = story.silent
    talk.share(share)
    talk.open(opened)
    talk.mask(masked)
    talk.sign(signed)
    return talk.unmask(unmask)


@given(stories(), st.integers(0, 2**32))
@settings(deadline=None)
def test_the_sum_is_the_survivors_whoever_drops_out_and_when(story: Story, seed: int) -> None:
    talk = Conversation(story.region, seed=seed)
    share, opened, masked, signed, unmask = story.silent
    talk.propose()
    everybody = frozenset(story.region.countries)
    parameters = story.region.parameters
    survivors = everybody - share - opened - masked
    enough = (
        len(survivors) >= parameters.needed
        and len(survivors - signed - unmask) >= parameters.threshold
    )
    if not enough:
        with pytest.raises(TooFewLeftError) as refusal:
            run(talk, story)
        assert set(refusal.value.missing) <= share | opened | masked | signed | unmask
        return
    result = run(talk, story)
    assert talk.survivors.survivors == survivors
    assert (result == talk.sum_of(survivors)).all()


@pytest.mark.parametrize("suite", ["x25519", "xwing"])
@pytest.mark.parametrize("dropped", range(4))
def test_masks_of_a_dropout_come_off_wherever_it_stands(dropped: int, suite: str) -> None:
    """With members above it, whose keys its seed derives, and below, whose boxes its seed opens."""
    region = Region(countries=first_countries(4), suite=suite_named(suite))
    talk = Conversation(region, seed=dropped)
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent=frozenset({region.countries[dropped]}))
    talk.sign()
    left = frozenset(region.countries) - {region.countries[dropped]}
    assert (talk.unmask() == talk.sum_of(left)).all()


@pytest.mark.parametrize("ring_bits", [32, 64])
def test_a_vector_of_several_chunks_comes_through(ring_bits: int) -> None:
    region = Region(countries=first_countries(4), cells=100_001, ring_bits=ring_bits)
    talk = Conversation(region, seed=1)
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent=frozenset(region.countries[:1]))
    talk.sign()
    assert (talk.unmask() == talk.sum_of(frozenset(region.countries[1:]))).all()


def test_members_who_do_not_accept_are_simply_not_there() -> None:
    region = Region(countries=first_countries(6))
    talk = Conversation(region)
    talk.propose(silent=frozenset(region.countries[4:]))
    talk.share()
    talk.open()
    talk.mask()
    talk.sign()
    assert (talk.unmask() == talk.sum_of(frozenset(region.countries[:4]))).all()


def test_one_more_or_one_less_peer_s_mask_would_be_seen() -> None:
    """The twin: were one pairwise mask missing, the sum would be wrong."""
    region = Region(countries=first_countries(4))
    talk = Conversation(region)
    talk.propose()
    talk.share()
    talk.open()
    first = region.countries[0]
    ready = talk.hear_sharers(first, talk.sharers)
    without = {c: mask for c, mask in ready.masks.items() if c != region.countries[1]}
    _, honest, _ = talk.mask_vector(ready)
    _, garbled, _ = talk.mask_vector(replace(ready, masks=without))
    talk.mask()
    difference = np.frombuffer(garbled, dtype=np.uint64) - np.frombuffer(honest, dtype=np.uint64)
    talk.total += difference
    talk.sign()
    assert (talk.unmask() != talk.sum_of(frozenset(region.countries))).any()


def test_every_vector_goes_out_under_a_mask_with_every_other_sharer() -> None:
    """If both of a pair left their mask out, the sum would be right and one colluder enough."""
    region = Region(countries=first_countries(5), ring_bits=64)
    talk = Conversation(region)
    talk.propose()
    talk.share()
    talk.open()
    keys: dict[frozenset[CountryCode], set[bytes]] = {}
    for country in region.countries:
        ready = talk.hear_sharers(country, talk.sharers)
        assert ready.masks.keys() == set(region.countries)
        for peer, mask in ready.masks.items():
            keys.setdefault(frozenset({country, peer}), set()).add(mask.key)
        _, masked, _ = talk.mask_vector(ready)
        left = np.frombuffer(masked, dtype="<u8") - talk.vectors[country].astype("<u8")
        for mask in ready.masks.values():
            stream = np.empty_like(left)
            region.suite.keystream(mask.key).fill(stream)
            left = left - stream if mask.adds else left + stream
        assert not left.any()  # all of them were applied, each once
    assert {len(of_pair) for of_pair in keys.values()} == {1}
    assert len(set.union(*keys.values())) == len(keys)


@pytest.mark.slow
def test_175_nodes_with_the_tolerated_dropouts() -> None:
    region = Region(countries=first_countries(175), colluders=17, cells=9, ring_bits=32)
    talk = Conversation(region, seed=9)
    silent = frozenset(region.countries[:: 175 // region.parameters.dropouts + 1])
    assert 10 < len(silent) <= region.parameters.dropouts
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent)
    talk.sign()
    survivors = frozenset(region.countries) - silent
    assert (talk.unmask() == talk.sum_of(survivors)).all()
