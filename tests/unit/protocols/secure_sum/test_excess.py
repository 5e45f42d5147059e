"""Superfluous noise comes off the sum to the last bit, and never more of it than is superfluous."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.ids import CountryCode
from corridor.privacy.discrete_gaussian import SAMPLER, sample
from corridor.protocols.masks import ring_type
from corridor.protocols.secure_sum import excess
from corridor.protocols.secure_sum.messages import NoiseLevel, Unmask, signed
from corridor.protocols.secure_sum.roster import settle
from support import noise_vectors
from support.secure_sum import (
    NOBODY,
    SUITE,
    Conversation,
    Region,
    first_countries,
    make_header,
    removable_noise,
    verify,
)

REGION = Region(countries=first_countries(20), cells=7, with_levels=True)
EVERYBODY = frozenset(REGION.countries)
FIRST, SECOND, *_ = REGION.countries


@cache
def masked(gone: frozenset[CountryCode] = NOBODY) -> Conversation:
    """An attempt in which so many drop out before their input, up to the signatures."""
    talk = Conversation(REGION)
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(gone)
    talk.sign()
    return talk


def levels_of(talk: Conversation, country: CountryCode, first: int) -> npt.NDArray[np.int64]:
    """The noise of the levels from `first` on, as that node added it."""
    if first == len(talk.region.parameters.levels):
        return np.zeros(talk.region.cells, dtype=np.int64)
    return removable_noise(talk.hear_sharers(country, talk.sharers), first)


def needed_by(talk: Conversation, country: CountryCode, kept: int) -> npt.NDArray[np.int64]:
    """The noise of the levels 1 to `kept` − 1."""
    return levels_of(talk, country, 1) - levels_of(talk, country, kept)


@pytest.mark.parametrize("dropouts", [0, 1, 2])
def test_a26_what_so_many_dropouts_need_is_left_and_nothing_else(dropouts: int) -> None:
    gone = frozenset(REGION.countries[-dropouts:]) if dropouts else NOBODY
    talk = masked(gone)
    survivors = EVERYBODY - gone
    noise = talk.unmask() - talk.sum_of(survivors)
    expected = sum(needed_by(talk, country, dropouts + 1) for country in sorted(survivors))
    assert (noise == expected).all()
    assert bool(noise.any()) == bool(dropouts)  # the first level is not drawn here
    assert talk.collecting_unmask.reduced == (survivors if dropouts < 2 else NOBODY)


def test_who_does_not_help_leaves_its_noise_in() -> None:
    talk = masked()
    noise = talk.unmask(silent=frozenset({SECOND})) - talk.sum_of(EVERYBODY)
    assert (noise == levels_of(talk, SECOND, 1)).all()
    assert talk.collecting_unmask.reduced == EVERYBODY - {SECOND}


@pytest.mark.parametrize("ring_bits", [32, 64])
def test_noise_comes_off_in_either_ring(ring_bits: int) -> None:
    talk = Conversation(replace(REGION, countries=first_countries(5), ring_bits=ring_bits))
    for name in ("propose", "share", "open", "mask", "sign"):
        getattr(talk, name)()
    assert talk.total.dtype == ring_type(ring_bits)
    assert (talk.unmask() == talk.sum_of(frozenset(talk.region.countries))).all()


@pytest.mark.parametrize("dropouts", [0, 1, 2])
def test_a26_a_node_that_signed_holds_no_seed_of_noise_that_is_needed(dropouts: int) -> None:
    talk = masked(frozenset(REGION.countries[-dropouts:]) if dropouts else NOBODY)
    seeds, state = talk.awaiting[FIRST].seeds, talk.signed[FIRST]
    assert len(set(seeds)) == 3
    held = [getattr(state, one.name) for one in fields(state)]
    assert [seed in held for seed in seeds] == [place == dropouts for place in range(2)] + [False]
    assert not any(seed.hex() in repr(state) for seed in seeds)
    _, unmask = talk.reveal(FIRST)
    assert unmask.excess_seed == (seeds[dropouts] if dropouts < 2 else b"")


def test_seeds_lead_to_those_after_them_and_are_of_one_node_and_attempt() -> None:
    talk = masked()
    settled = talk.awaiting[FIRST].settled
    elsewhere = settle(make_header(b"another session."), talk.roster, REGION.parameters_for)
    first = bytes(range(32))
    chain = excess.seeds_from(settled, FIRST, first, SUITE)
    assert len({*chain, *excess.seeds_from(settled, SECOND, first, SUITE)[1:]}) == 5
    assert len({*chain, *excess.seeds_from(elsewhere, FIRST, first, SUITE)[1:]}) == 5
    commitments = {
        excess.commitment(each, country, chain[-1])
        for each in (settled, elsewhere)
        for country in (FIRST, SECOND)
    }
    assert len(commitments) == 4
    noises = [
        excess.removable_noise(
            each, country, first, level=level, cells=50, draw=sample, suite=SUITE
        ).tobytes()
        for each in (settled, elsewhere)
        for country in (FIRST, SECOND)
        for level in (1, 2)
    ]
    assert len(set(noises)) == len(noises)


LIES: dict[str, Callable[[tuple[bytes, ...]], bytes]] = {
    "the seed of noise that is needed": lambda seeds: seeds[0],
    "the seed of less": lambda seeds: seeds[2],
    "none": lambda _: b"",
    "another": lambda _: bytes(32),
    "a short one": lambda seeds: seeds[1][:31],
    "a long one": lambda seeds: seeds[1] + b"\0",
}


@pytest.mark.parametrize("lie", LIES)
def test_a28_who_reveals_another_seed_than_it_committed_to_is_convicted(lie: str) -> None:
    gone = frozenset(REGION.countries[-1:])
    talk = masked(gone)
    honest = talk.reveal(FIRST)[1]
    seed = LIES[lie](talk.awaiting[FIRST].seeds)
    bent = signed(replace(honest, excess_seed=seed), REGION.sign(FIRST))
    state = replace(talk.collecting_unmask, heard={})
    with pytest.raises(CorridorError, match=f"noise revealed by {FIRST}") as refusal:
        state.on_unmask(bent, verify=verify, suite=SUITE)
    assert refusal.value.code == "secure_sum.wrong_noise_seed"
    assert state.on_unmask(honest, verify=verify, suite=SUITE).reduced == {FIRST}


def test_a26_nobody_can_take_noise_off_where_all_is_needed() -> None:
    talk = masked(frozenset(REGION.countries[-2:]))
    state = replace(talk.collecting_unmask, heard={})
    for seed in talk.awaiting[FIRST].seeds:
        lie = replace(talk.reveal(FIRST)[1], excess_seed=seed)
        with pytest.raises(CorridorError, match="noise revealed by") as refusal:
            state.on_unmask(signed(lie, REGION.sign(FIRST)), verify=verify, suite=SUITE)
        assert refusal.value.code == "secure_sum.wrong_noise_seed"


def test_the_seed_is_under_the_signature_of_the_word() -> None:
    unmask: Unmask = masked().reveal(FIRST)[1]
    assert replace(unmask, excess_seed=bytes(32)).to_sign() != unmask.to_sign()
    (word,) = (
        word for country, word in masked().collecting_inputs.heard.items() if country == FIRST
    )
    assert replace(word, noise_commitment=word.vector_hash).to_sign() != word.to_sign()


# ---------------------------------------------------------------- how many levels are kept


@given(st.sets(st.integers(0, 40), min_size=1, max_size=5), st.integers(0, 40), st.integers(0, 40))
def test_a26_the_levels_kept_are_meant_for_as_many_dropouts_or_more(
    breakpoints: set[int], gone: int, reduced: int
) -> None:
    most = max(breakpoints)
    levels = tuple(NoiseLevel(one, Fraction(one + 3)) for one in sorted(breakpoints))
    parameters = replace(REGION.parameters, roster_size=100, levels=levels)
    gone, reduced = min(gone, most), min(reduced, 100 - min(gone, most))
    kept = parameters.kept_levels(100 - gone)
    assert levels[kept - 1].dropouts >= gone
    assert kept == 1 or levels[kept - 2].dropouts < gone
    left = parameters.left_variance(100 - gone, reduced)
    assert left == reduced * sum(level.variance for level in levels[:kept]) + (
        100 - gone - reduced
    ) * sum(level.variance for level in levels)


@pytest.mark.parametrize("breakpoints", [(), (0,), (0, 1), (1, 0, 2), (0, 0, 2), (0, 2, 3)])
def test_a26_levels_that_do_not_end_at_the_tolerated_dropouts_are_refused(
    breakpoints: tuple[int, ...],
) -> None:
    levels = tuple(NoiseLevel(one, Fraction(3)) for one in breakpoints)
    bent = replace(REGION.parameters, levels=levels)
    with pytest.raises(ValueError, match="levels of noise"):
        settle(make_header(), masked().roster, lambda _: bent)


# ---------------------------------------------------------------- the draws themselves


def test_every_machine_draws_the_same_numbers_from_a_stream() -> None:
    """A change here is another protocol: `SAMPLER` has to be counted up with it."""
    pinned = json.loads(noise_vectors.path().read_text("utf-8"))
    assert pinned["sampler"] == SAMPLER
    assert noise_vectors.document() == pinned


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 3 * excess.BLOCK_CELLS),
    st.integers(0, 3),
    st.sampled_from(noise_vectors.VARIANCES),
)
def test_a_block_of_noise_does_not_depend_on_how_many_follow(
    cells: int, more: int, variance: Fraction
) -> None:
    settled = masked().awaiting[FIRST].settled
    parameters = replace(
        settled.parameters, levels=(*settled.parameters.levels[:1], NoiseLevel(2, variance))
    )
    settled = replace(settled, parameters=parameters)

    def noise(count: int) -> npt.NDArray[np.int64]:
        return excess.removable_noise(
            settled, FIRST, bytes(32), level=1, cells=count, draw=sample, suite=SUITE
        )

    whole = cells // excess.BLOCK_CELLS * excess.BLOCK_CELLS
    longer = noise(cells + more * excess.BLOCK_CELLS)
    assert (noise(whole) == longer[:whole]).all()


def test_no_two_blocks_are_alike() -> None:
    settled = masked().awaiting[FIRST].settled
    noise = excess.removable_noise(
        settled,
        FIRST,
        bytes(32),
        level=2,
        cells=3 * excess.BLOCK_CELLS,
        draw=sample,
        suite=SUITE,
    ).reshape(3, -1)
    for one, other in combinations(noise, 2):
        assert abs(float(np.corrcoef(one, other)[0, 1])) < 6.1 / excess.BLOCK_CELLS**0.5
