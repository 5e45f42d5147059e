"""What coordinator and colluders see depends on the honest nodes' sum alone: every case is counted.

The theorem (after the security analysis of Bonawitz et al. 2017, whose heart is that masked inputs
are uniform but for their sum; its numbering was not looked up). Let S be the survivors of one
signed set, C the colluders, fewer than t of them, and let the honest nodes give their words by the
rules of `protocols.secure_sum.node`. If

    keystreams under keys that the adversary does not know are uniform and independent,
    t − 1 shares say nothing about a seed, and sealed texts say nothing to whom cannot open them,

then for any two inputs of the honest nodes with the same sum over S \\ C, all that coordinator and
colluders ever receive has the same distribution.

Here it is counted out, with the protocol's own code. Four members, of whom one colludes (t = 3,
d = 1), go through a real attempt. The masks of the honest are 0 to 3 times 2³⁰ in the ring of
2³²: a subgroup of four elements, and the real arithmetic. There are six such masks, three of pairs
and three of a self, so 4⁶ = 4096 choices of all of them: each cell of the vector is one choice, and
all nodes count the same inputs in every cell. So the 4096 cells of what is seen *are* its
distribution, and two distributions are equal if their cells are, but for the order.

What is seen: every masked vector, that of a dropout among them, since it may just be late; every
mask that follows from the colluder's secrets or from seeds of which t shares were revealed. The
second assumption is counted out below, over the field of seven elements; the third is what the
suites are for (`tests/unit/transport/test_suites.py`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pytest

from corridor.ids import CountryCode
from corridor.protocols import shamir
from corridor.protocols.masks import Mask, Words, pair_mask, self_mask
from corridor.protocols.secure_sum import pair_keys
from corridor.protocols.secure_sum.messages import ShareKind
from corridor.protocols.secure_sum.sharing import reveal
from corridor.protocols.suite import Keystream, OpeningKey
from support.secure_sum import NOBODY, SUITE, Conversation, Region, first_countries

AA, AB, AC, COLLUDER = FOUR = first_countries(4)
HONEST = frozenset({AA, AB, AC})
UNIT = 1 << 30
ELEMENTS = range(4)
CELLS = len(ELEMENTS) ** 6


@dataclass
class ElementStream:
    """A keystream that is one coordinate of the enumeration, or stays the same in all cells."""

    words: Words

    def fill(self, words: Words) -> None:
        words[:] = self.words


@dataclass(frozen=True, slots=True)
class CountedSuite:
    """The primitives of `x25519`, but the masks of the honest go through all their values.

    Attributes:
        free: the keys of masks that the adversary must not know, each with its coordinate.
    """

    free: dict[bytes, int] = field(default_factory=dict)
    name: str = SUITE.name
    public_key_bytes: int = SUITE.public_key_bytes

    def opening_key(self, seed: bytes) -> OpeningKey:
        return SUITE.opening_key(seed)

    def seal(self, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        return SUITE.seal(public_key, info, plaintext)

    def verify_key(self, public_key: bytes) -> None:
        SUITE.verify_key(public_key)

    def derive(self, secret: bytes, info: bytes) -> bytes:
        return SUITE.derive(secret, info)

    def keystream(self, key: bytes) -> Keystream:
        return ElementStream(self.element(key))

    def element(self, key: bytes) -> Words:
        """The words of one mask, cell by cell: all 4⁶ choices of the free ones, each once."""
        cells = np.arange(CELLS, dtype=np.uint32)
        place = self.free.get(key)
        elements = cells * 0 + key[0] % 4 if place is None else cells >> (2 * place) & 3
        return (elements * UNIT).astype("<u4")


@cache
def attempt(dropped: CountryCode | None) -> Conversation:
    """An attempt with one colluder, in which one member drops out before its masked input."""
    suite = CountedSuite()
    region = Region(countries=FOUR, colluders=1, cells=CELLS, ring_bits=32, suite=suite)
    talk = Conversation(region)
    talk.vectors = dict.fromkeys(FOUR, np.zeros(CELLS, dtype=np.int64))
    talk.propose()
    talk.share()
    talk.open()
    for country in sorted(HONEST):
        masks = talk.hear_sharers(country, talk.sharers).masks
        for peer in HONEST:
            suite.free.setdefault(masks[peer].key, len(suite.free))
    assert len(suite.free) == 6
    talk.mask(NOBODY if dropped is None else frozenset({dropped}))
    talk.sign()
    talk.unmask()
    return talk


def seeds_known(talk: Conversation) -> Mapping[tuple[CountryCode, ShareKind], bytes]:
    """Every seed of which t shares are known: the colluder's, and what survivors revealed."""
    held = talk.opened[COLLUDER].held
    shares = {
        (dealer, kind): {COLLUDER: held[dealer][kind].share}
        for dealer in FOUR
        for kind in ShareKind
    }
    for country, unmask in talk.collecting_unmask.heard.items():
        for one in unmask.revealed:
            shares[one.dealer, one.kind][country] = one.share
    return {
        whose: seed
        for whose, found in shares.items()
        if len(found) >= talk.region.parameters.threshold
        and (seed := put_together(talk, found)) is not None
    }


def put_together(talk: Conversation, shares: Mapping[CountryCode, bytes]) -> bytes | None:
    points = [talk.collecting_unmask.settled.point(country) for country in shares]
    return shamir.Interpolation.at_zero(points).secret(list(shares.values()))


def masks_known(
    talk: Conversation, seeds: Mapping[tuple[CountryCode, ShareKind], bytes]
) -> set[bytes]:
    """The keys of all masks that follow from what the adversary knows."""
    settled, suite = talk.collecting_unmask.settled, talk.region.suite
    keys = {mask.key for mask in talk.shared[COLLUDER].masks.values()}
    keys |= {mask.key for mask in talk.opened[COLLUDER].masks.values()}
    for (country, kind), seed in seeds.items():
        if kind is ShareKind.SELF_MASK:
            keys.add(self_mask(settled.hash, country, seed, suite).key)
            continue
        for peer in set(FOUR) - {country}:
            if pair_keys.has_pair_key(country, peer):
                keys.add(pair_keys.derive(settled.hash, country, peer, seed, suite))
            else:
                dealing = next(d for d in talk.dealings[country] if d.dealer == peer)
                found = pair_keys.opened(dealing, suite.opening_key(seed))
                assert found is not None
                keys.add(pair_mask(country, peer, found).key)
    return keys


Masks = Mapping[CountryCode, Mask]
Bend = Callable[[CountryCode, Masks], Masks]


def as_it_is(_: CountryCode, masks: Masks) -> Masks:
    return masks


def seen(
    talk: Conversation,
    inputs: Mapping[CountryCode, int],
    known: Iterable[bytes],
    bend: Bend = as_it_is,
) -> Counter[bytes]:
    """How often each thing is seen, over all choices of the honest nodes' masks."""
    suite = talk.region.suite
    assert isinstance(suite, CountedSuite)
    columns: list[npt.NDArray[np.unsignedinteger]] = [suite.element(key) for key in sorted(known)]
    for country in sorted(HONEST):
        ready = talk.hear_sharers(country, talk.sharers)
        ready = replace(ready, masks=bend(country, ready.masks))
        talk.vectors[country] = np.full(CELLS, inputs[country] * UNIT, dtype=np.int64)
        _, masked, _ = talk.mask_vector(ready)
        columns.append(np.frombuffer(masked, dtype="<u4"))
    rows = (np.stack(columns, axis=1) // UNIT).astype(np.uint8)
    return Counter(map(bytes, rows))


def two_that_differ(
    talk: Conversation, known: Iterable[bytes], bend: Bend = as_it_is
) -> tuple[dict[CountryCode, int], dict[CountryCode, int]] | None:
    """Two inputs with one sum over the honest survivors that are seen differently, if any are."""
    first: dict[int, tuple[dict[CountryCode, int], Counter[bytes]]] = {}
    for values in product(ELEMENTS, repeat=len(HONEST)):
        inputs = dict(zip(sorted(HONEST), values, strict=True))
        total = sum(inputs[country] for country in HONEST & talk.survivors.survivors) % 4
        found = seen(talk, inputs, known, bend)
        one, distribution = first.setdefault(total, (inputs, found))
        if distribution != found:
            return one, inputs
    return None


@pytest.mark.parametrize("dropped", [None, AA, AC, COLLUDER], ids=str)
def test_a21_what_is_seen_depends_on_the_sum_of_the_honest_survivors_alone(
    dropped: CountryCode | None,
) -> None:
    talk = attempt(dropped)
    seeds = seeds_known(talk)
    assert len(seeds) == len(FOUR)  # of each member one secret
    assert two_that_differ(talk, masks_known(talk, seeds)) is None


def test_inputs_with_other_sums_are_seen_differently() -> None:
    """Else equal distributions would say nothing: the sum itself is seen."""
    talk = attempt(None)
    known = masks_known(talk, seeds_known(talk))
    zero, one = (seen(talk, {AA: first, AB: 0, AC: 0}, known) for first in (0, 1))
    assert zero != one
    assert not zero.keys() & one.keys()


@pytest.mark.parametrize("peer", [AB, AC, AA], ids=["of_ab", "of_ac", "of_itself"])
def test_a21_with_one_mask_missing_more_than_the_sum_is_seen(peer: CountryCode) -> None:
    """The twin: AA leaves one of its masks out; with AC dropped, each of them hides something."""

    def without(country: CountryCode, masks: Masks) -> Masks:
        return {c: m for c, m in masks.items() if (country, c) != (AA, peer)}

    talk = attempt(AC)
    known = masks_known(talk, seeds_known(talk))
    found = two_that_differ(talk, known, without)
    # Of a survivor, what is between it and the dropout is known, and its self mask as well.
    assert (found is not None) == (peer == AB)


def test_a21_a_dropout_s_late_vector_is_hidden_by_its_self_mask_alone() -> None:
    """The twin: a dropout that left its self mask out is read: its other masks are known."""

    def without(country: CountryCode, masks: Masks) -> Masks:
        return {c: m for c, m in masks.items() if (country, c) != (AC, AC)}

    talk = attempt(AC)
    assert two_that_differ(talk, masks_known(talk, seeds_known(talk)), without) is not None


@pytest.mark.parametrize("dropped", [None, AC], ids=str)
def test_a21_with_both_secrets_of_one_survivor_its_input_is_seen(
    dropped: CountryCode | None,
) -> None:
    """The twin: two survivors reveal AB's other share as well, which with the colluder's is t."""
    talk = attempt(dropped)
    both = {
        **seeds_known(talk),
        (AB, ShareKind.MASK_KEY): talk.accepted[AB].secrets.mask_seed,
    }
    held = {c: talk.opened[c].held for c in (AA, AB, COLLUDER)}
    shares = {c: reveal(AB, ShareKind.MASK_KEY, held[c][AB]).share for c in held}
    assert put_together(talk, shares) == both[AB, ShareKind.MASK_KEY]
    assert two_that_differ(talk, masks_known(talk, both)) is not None


def test_a21_t_minus_one_shares_say_nothing_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the field of seven elements, for every polynomial; t shares say all."""
    monkeypatch.setattr(shamir, "PRIME", 7)
    threshold, points = 3, range(1, 6)

    def shares(secret: int, at: tuple[int, ...]) -> Counter[tuple[int, ...]]:
        polynomials = product(range(7), repeat=threshold - 1)
        return Counter(
            tuple(shamir._evaluate(list(coefficients), secret, point) % 7 for point in at)
            for coefficients in polynomials
        )

    for at in combinations(points, threshold - 1):
        distributions = [shares(secret, at) for secret in range(7)]
        assert all(one == distributions[0] for one in distributions)
    for at in combinations(points, threshold):
        row = shamir.Interpolation.at_zero(at).row
        for secret in range(7):
            for found in shares(secret, at):
                assert sum(a * b for a, b in zip(row, found, strict=True)) % 7 == secret
