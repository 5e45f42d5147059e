import math
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.privacy.cumulative import Sides, _floors, _tail_factor, certified_floors, make_table


def reference_floors(variance: Fraction, sides: Sides, word_bits: int) -> list[int]:
    """The same table by decimal arithmetic of 400 bits, summed until nothing is left of it."""
    with localcontext(prec=125):
        half = Decimal(variance.denominator) / Decimal(2 * variance.numerator)
        weights, k = [Decimal(1)], 0
        while weights[-1] > Decimal(2) ** -390:
            k += 1
            weights.append(sides * (-half * k * k).exp())
        total = sum(weights)
        floors, below = [], Decimal(0)
        for weight in weights:
            below += weight
            scaled = below / total * 2**word_bits
            floors.append(int(scaled.to_integral_value(rounding=ROUND_FLOOR)))
            if floors[-1] == 2**word_bits - 1:
                return floors
    raise AssertionError("the reference ends too early")


@pytest.mark.parametrize("word_bits", [8, 64, 128])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(
    "variance",
    [Fraction(1, 100), Fraction(1, 4), Fraction(7, 3), Fraction(100), Fraction(12345, 67)],
    ids=str,
)
def test_a1_every_entry_is_the_floor_that_400_bits_give(
    variance: Fraction, sides: Sides, word_bits: int
) -> None:
    assert list(certified_floors(variance, sides, word_bits)) == reference_floors(
        variance, sides, word_bits
    )


def test_a_wide_table_agrees_with_400_bits_too() -> None:
    assert list(certified_floors(Fraction(62501, 3), 2, 64)) == reference_floors(
        Fraction(62501, 3), 2, 64
    )


@given(st.fractions(min_value=Fraction(1, 100), max_value=10**4), st.integers(1, 1000))
def test_the_tail_is_bounded_from_its_first_weight(variance: Fraction, first: int) -> None:
    """Σ_{k ≥ first} ρ(k)/ρ(first), summed until the weights are gone."""
    double = 2 * float(variance)
    reach = first + math.ceil(10 * math.sqrt(variance)) + 10
    tail = sum(math.exp(-(k * k - first * first) / double) for k in range(first, reach))
    assert tail <= float(_tail_factor(variance, first)) * (1 + 1e-12)


def scripted(*answers: bytes) -> Callable[[int], bytes]:
    """A source of bytes that says exactly this, and nothing more."""
    waiting = list(answers)

    def draw(size: int) -> bytes:
        answer = waiting.pop(0)
        assert len(answer) == size
        return answer

    return draw


def words(*values: int, bits: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([value << (64 - bits) for value in values], dtype=np.uint64)


def no_more(size: int) -> bytes:
    raise AssertionError("asked for more bytes than a deciding word needs")


def test_a_word_strictly_between_two_entries_decides_alone() -> None:
    table = make_table(Fraction(9), 2)
    floors = [int(entry) for entry in table.floors]
    between = [0, floors[0] - 1, floors[0] + 1, floors[3] - 1, floors[3] + 1]
    assert table.draw(words(*between, bits=64), no_more).tolist() == [0, 0, 1, 3, 4]


@pytest.mark.parametrize(("tail", "magnitude"), [(bytes(8), 2), (b"\xff" * 8, 3)])
def test_a1_a_word_equal_to_an_entry_is_decided_by_the_bits_that_follow(
    tail: bytes, magnitude: int
) -> None:
    table = make_table(Fraction(9), 2)
    word = words(int(table.floors[2]), bits=64)
    assert table.draw(word, scripted(tail)).tolist() == [magnitude]


@pytest.mark.parametrize(("tail", "magnitude"), [(bytes(8), 2), (b"\xff" * 8, 3)])
def test_a_lengthened_word_that_equals_an_entry_again_is_lengthened_again(
    tail: bytes, magnitude: int
) -> None:
    table = make_table(Fraction(9), 2)
    longer = certified_floors(Fraction(9), 2, 128)[2]
    first, second = longer >> 64, (longer % 2**64).to_bytes(8)
    assert table.draw(words(first, bits=64), scripted(second, tail)).tolist() == [magnitude]


@pytest.mark.parametrize("guard_bits", [1, 4, 8, 12])
def test_too_few_guard_bits_leave_a_table_undecided_but_never_wrong(guard_bits: int) -> None:
    decided = 0
    for numerator in range(30, 1000, 7):
        variance = Fraction(numerator, 7)
        if (floors := _floors(variance, 2, 16, guard_bits)) is not None:
            assert list(floors) == reference_floors(variance, 2, 16)
            decided += 1
    assert decided > 0


def test_the_last_word_of_all_is_lengthened_until_it_decides() -> None:
    table = make_table(Fraction(9), 2)
    source = scripted(b"\xff" * 8, b"\xff" * 8, bytes(8))
    (magnitude,) = table.draw(words(2**64 - 1, bits=64), source).tolist()
    # Beyond 1 − 2⁻¹²⁸, where a magnitude is at least √(2·9·127·ln 2) ≈ 39.8.
    assert magnitude >= 39
    assert magnitude > table.past_the_end


@pytest.mark.parametrize("word_bits", [8, 12, 16])
@pytest.mark.parametrize("variance", [Fraction(1, 3), Fraction(25), Fraction(2000)], ids=str)
def test_short_words_with_their_resolver_give_the_magnitudes_of_long_words(
    variance: Fraction, word_bits: int
) -> None:
    """A word and the 64 bits appended to it are one longer word, and decide alike."""
    source = Random(20250102)
    short, long = make_table(variance, 2, word_bits), certified_floors(variance, 2, word_bits + 64)
    asked = 0
    entries = [int(entry) for entry in short.floors]
    drawn = [source.getrandbits(word_bits) for _ in range(200)]
    for word in drawn + [source.choice(entries) for _ in range(200)]:
        tail = source.randbytes(8)
        lengthened = word << 64 | int.from_bytes(tail)
        expected = sum(entry <= lengthened for entry in long)
        before: list[int] = []

        def draw(size: int, tail: bytes = tail, before: list[int] = before) -> bytes:
            before.append(size)
            return tail

        assert short.draw(words(word, bits=word_bits), draw).tolist() == [expected]
        asked += bool(before)
    assert asked >= 200


def test_the_guide_gives_what_searching_gives() -> None:
    table = make_table(Fraction(400), 1)
    source = Random(20250103)
    drawn = np.frombuffer(source.randbytes(8 * 20_000), dtype="<u8").astype(np.uint64)
    searched = np.searchsorted(table.floors, drawn, side="right")
    assert (table.draw(drawn, no_more) == searched).all()
    assert math.isclose((table.guide >= 0).mean(), 1, abs_tol=0.05)
