"""Masks cancel where they must, and only there; the ring decodes as signed."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.ids import CountryCode, Digest
from corridor.protocols.masks import (
    CHUNK_CELLS,
    Mask,
    Masking,
    apply,
    from_ring,
    left_in_sum,
    pair_mask,
    ring_type,
    self_mask,
    to_ring,
)
from corridor.transport.suites import suite_named

SUITE = suite_named("x25519")
ROSTER = Digest(b"r" * 32)
MD, NE, UA = map(CountryCode, ["MD", "NE", "UA"])
SEEDS = {country: Random(country).randbytes(31) for country in (MD, NE, UA)}


def pair(me: CountryCode, peer: CountryCode) -> Mask:
    """A key that the pair has in common, whoever asks."""
    return pair_mask(me, peer, Random(min(me, peer) + max(me, peer)).randbytes(32))


@pytest.mark.parametrize("ring_bits", [32, 64])
def test_what_one_of_a_pair_adds_the_other_subtracts(ring_bits: int) -> None:
    words = np.zeros(3 * CHUNK_CELLS + 7, dtype=ring_type(ring_bits))
    apply([pair(MD, UA)], words, SUITE)
    assert len(np.unique(words)) > words.size * 0.99
    apply([pair(UA, MD)], words, SUITE)
    assert not words.any()


def test_the_lower_country_adds() -> None:
    assert pair(MD, UA).adds
    assert not pair(UA, MD).adds


def test_a23_every_self_mask_and_every_roster_has_a_key_of_its_own() -> None:
    keys = [
        self_mask(ROSTER, MD, SEEDS[MD], SUITE).key,
        self_mask(ROSTER, NE, SEEDS[MD], SUITE).key,
        self_mask(Digest(b"s" * 32), MD, SEEDS[MD], SUITE).key,
    ]
    assert len(set(keys)) == len(keys)


def test_keys_are_not_shown() -> None:
    mask = pair(MD, NE)
    assert mask.key.hex() not in repr(mask)
    assert repr(mask.key) not in repr(mask)


def test_what_is_left_in_the_survivors_sum_comes_off() -> None:
    """MD and NE survive; UA masked for them and dropped out."""
    total = np.zeros(100, dtype=np.uint64)
    for country, peer in ((MD, NE), (NE, MD)):
        apply([self_mask(ROSTER, country, b"s" + SEEDS[country][1:], SUITE)], total, SUITE)
        apply([pair(country, peer), pair(country, UA)], total, SUITE)
    left = left_in_sum(
        ROSTER,
        self_mask_seeds={country: b"s" + SEEDS[country][1:] for country in (MD, NE)},
        pair_keys={(UA, MD): pair(UA, MD).key, (UA, NE): pair(UA, NE).key},
        suite=SUITE,
    )
    assert total.any()
    apply(left, total, SUITE)
    assert not total.any()


def test_masks_go_on_where_the_last_chunk_ended() -> None:
    whole = np.zeros(1000, dtype=np.uint32)
    apply([pair(MD, NE)], whole, SUITE)
    pieces = np.zeros(1000, dtype=np.uint32)
    masking = Masking([pair(MD, NE)], SUITE)
    for start, stop in ((0, 7), (7, 400), (400, 1000)):
        masking.apply(pieces[start:stop])
    assert (pieces == whole).all()


def test_more_masks_than_are_open_at_once() -> None:
    many = [Mask(number.to_bytes(32, "big"), adds=True) for number in range(600)]
    words = np.zeros(3, dtype=np.uint64)
    apply(many, words, SUITE)
    apply([Mask(mask.key, adds=False) for mask in reversed(many)], words, SUITE)
    assert not words.any()


@given(st.lists(st.lists(st.integers(-(2**28), 2**28), min_size=3, max_size=3), max_size=7))
def test_a28_sums_of_negative_numbers_come_back_as_they_went_in(rows: list[list[int]]) -> None:
    for ring_bits in (32, 64):
        total = np.zeros(3, dtype=ring_type(ring_bits))
        for row in rows:
            total += to_ring(np.array(row, dtype=np.int64), ring_bits)
        assert from_ring(total).tolist() == [sum(column) for column in zip(*rows, strict=True)] or (
            not rows and not total.any()
        )


@pytest.mark.parametrize("ring_bits", [32, 64])
def test_a28_the_ends_of_the_ring_decode_as_signed(ring_bits: int) -> None:
    ends = np.array([-(2 ** (ring_bits - 1)), -1, 0, 2 ** (ring_bits - 1) - 1], dtype=np.int64)
    assert (from_ring(to_ring(ends, ring_bits)) == ends).all()
