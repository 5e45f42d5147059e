"""What the coordinator sees says nothing beyond the sum, counted out in a ring of five.

The masks here are all equally likely ring elements in place of keystreams; signs and cancelling
are the real ones (`Mask.adds` and `Masking`). Every view that a coordinator can have is counted,
for every choice of the masks, and the counts must be the same for all inputs of the same sum.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

from corridor.ids import CountryCode
from corridor.protocols.masks import Mask, Masking, pair_mask
from corridor.transport.kems import X25519
from corridor.transport.suites import KemSuite

RING = 5
MD, NE, UA = COUNTRIES = tuple(map(CountryCode, ["MD", "NE", "UA"]))
PAIRS = tuple(combinations(COUNTRIES, 2))


class ConstantSuite(KemSuite):
    """The real suite, but that a keystream repeats the first byte of its key."""

    def keystream(self, key: bytes) -> "Constant":  # type: ignore[override]
        return Constant(key[0])


class Constant:
    def __init__(self, value: int) -> None:
        self._value = value

    def fill(self, words: npt.NDArray[np.unsignedinteger]) -> None:
        words.fill(self._value)


SUITE = ConstantSuite("constant", X25519)


def adds(me: CountryCode, peer: CountryCode) -> bool:
    """The sign that `me` really applies to the mask it has with `peer`."""
    return pair_mask(me, peer, bytes(32)).adds


SIGNS = {pair: (adds(*pair), adds(*reversed(pair))) for pair in PAIRS}


def masked(x: tuple[int, ...], selves: tuple[int, ...], pairs: tuple[int, ...]) -> tuple[int, ...]:
    views = []
    for me, value, own in zip(COUNTRIES, x, selves, strict=True):
        masks = [Mask(bytes([own]), adds=True)]
        for pair, mask in zip(PAIRS, pairs, strict=True):
            if me in pair:
                masks.append(Mask(bytes([mask]), adds=SIGNS[pair][pair.index(me)]))
        word = np.array([value], dtype=np.uint64)
        Masking(masks, SUITE).apply(word)
        views.append(int(word.view(np.int64)[0]) % RING)
    return tuple(views)


def everything(count: int) -> Iterator[tuple[int, ...]]:
    return product(range(RING), repeat=count)


def test_with_all_surviving_only_the_sum_shows() -> None:
    """The view: all masked inputs and all self masks."""

    def view(x: tuple[int, ...]) -> Counter[tuple[int, ...]]:
        selves = (1, 2, 3)  # known to the coordinator, hence fixed
        return Counter(masked(x, selves, pairs) for pairs in everything(3))

    assert view((0, 1, 2)) == view((3, 0, 0)) == view((4, 4, 0))
    assert view((0, 1, 2)) != view((0, 1, 3))


def test_a21_of_a_node_that_dropped_out_late_nothing_shows() -> None:
    """UA's masked input arrived too late: its pairwise masks are known, its self mask is not."""

    def view(x: tuple[int, ...]) -> Counter[tuple[int, ...]]:
        return Counter(
            masked(x, (1, 2, own), (pair, 3, 4)) for own in range(RING) for pair in range(RING)
        )

    assert view((0, 1, 0)) == view((0, 1, 2)) == view((1, 0, 4))
    assert view((0, 1, 0)) != view((0, 2, 0))


def test_a21_both_secrets_of_one_node_would_show_its_input() -> None:
    """The twin: knowing UA's self mask and its pairwise masks, its input is there to read."""

    def view(x: tuple[int, ...]) -> Counter[tuple[int, ...]]:
        return Counter(masked(x, (1, 2, 3), (pair, 3, 4)) for pair in range(RING))

    assert view((0, 1, 0)) != view((0, 1, 2))
