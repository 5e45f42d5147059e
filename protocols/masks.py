"""Masks: what is added to a vector so that it says nothing, and what takes it off the sum again.

Every sharer adds to its vector, modulo 2³² or 2⁶⁴,

    its self mask            from its self-mask seed
    a mask with every peer   from the pair's key (`pair_keys`); of a pair, the lower country adds
                             it and the higher subtracts it

In the sum over all sharers the pairwise masks cancel. In the sum over the survivors, those between
a survivor and a sharer who dropped out are left, and the self masks: `left_in_sum` names them, each
with the sign that takes it off. Which secret may be known for whom is the protocol's business; that
never both of one node are is what keeps its vector hidden (Bonawitz et al. 2017, section 6).

A mask is a keystream under a key that is used for nothing else: the roster hash, and who masks or
which ordered pair, are in what it derives from. `Masking` adds many of them chunk by chunk, so that
the memory needed is one chunk and no vector.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.suite import Keystream, Suite

CHUNK_CELLS = 1 << 15
"""Cells that are masked at once: a chunk and its keystream stay in a core's cache."""

_STREAMS_AT_ONCE = 256

Words: TypeAlias = npt.NDArray[np.unsignedinteger]
"""A vector in the ring, little-endian; the width of its words is the ring's."""


@dataclass(frozen=True, slots=True)
class Mask:
    """One keystream, and whether its words are added or subtracted."""

    key: bytes = field(repr=False)
    adds: bool


def self_mask(roster_hash: Digest, country: CountryCode, seed: bytes, suite: Suite) -> Mask:
    """The mask that only this sharer knows, as the sharer adds it."""
    info = canonical.digest("corridor self mask", roster_hash, country.encode())
    return Mask(suite.derive(seed, info), adds=True)


def pair_mask(country: CountryCode, peer: CountryCode, key: bytes) -> Mask:
    """The mask that two sharers have in common, as `country` applies it."""
    return Mask(key, adds=country < peer)


def left_in_sum(
    roster_hash: Digest,
    *,
    self_mask_seeds: Mapping[CountryCode, bytes],
    pair_keys: Mapping[tuple[CountryCode, CountryCode], bytes],
    suite: Suite,
) -> Iterator[Mask]:
    """What takes the masks off the survivors' sum: `apply` these to it.

    Args:
        roster_hash: of the attempt.
        self_mask_seeds: of every survivor.
        pair_keys: of every pair of a dropped sharer and a survivor, in that order.
        suite: the one that the nodes masked with.
    """
    for survivor, seed in sorted(self_mask_seeds.items()):
        yield Mask(self_mask(roster_hash, survivor, seed, suite).key, adds=False)
    # A dropped sharer would have applied the opposite of what each survivor applied: that is
    # what the survivors' sum lacks, so it is put in as the dropped sharer would have.
    for (dropped, survivor), key in sorted(pair_keys.items()):
        yield pair_mask(dropped, survivor, key)


class Masking:
    """Keystreams under way over one vector: each call of `apply` goes on where the last ended."""

    def __init__(self, masks: Iterable[Mask], suite: Suite) -> None:
        self._streams: tuple[tuple[Keystream, bool], ...] = tuple(
            (suite.keystream(mask.key), mask.adds) for mask in masks
        )

    def apply(self, words: Words) -> None:
        """Add or subtract the next `words.size` words of every mask, in place."""
        mask_words = np.empty_like(words)  # one for all streams, so that it stays in cache
        for stream, adds in self._streams:
            stream.fill(mask_words)
            (np.add if adds else np.subtract)(words, mask_words, out=words)


def apply(masks: Iterable[Mask], words: Words, suite: Suite) -> None:
    """Apply whole masks to a whole vector, in place, with a bounded number of open keystreams."""
    waiting: list[Mask] = []
    for mask in masks:
        waiting.append(mask)
        if len(waiting) == _STREAMS_AT_ONCE:
            _apply_all(waiting, words, suite)
            waiting.clear()
    _apply_all(waiting, words, suite)


def ring_type(ring_bits: int) -> np.dtype[np.unsignedinteger]:
    """The little-endian word of a ring of 32 or 64 bits."""
    return np.dtype(f"<u{ring_bits // 8}")


def to_ring(vector: npt.NDArray[np.int64], ring_bits: int) -> Words:
    """Signed whole numbers as elements of the ring: modulo 2³² or 2⁶⁴, a copy."""
    return vector.astype(ring_type(ring_bits))


def from_ring(words: Words) -> npt.NDArray[np.int64]:
    """The signed whole numbers that a sum in the ring stands for: −2ⁿ⁻¹ to 2ⁿ⁻¹ − 1."""
    return words.view(f"<i{words.itemsize}").astype(np.int64)


def _apply_all(masks: Iterable[Mask], words: Words, suite: Suite) -> None:
    masking = Masking(masks, suite)
    for start in range(0, words.size, CHUNK_CELLS):
        masking.apply(words[start : start + CHUNK_CELLS])
