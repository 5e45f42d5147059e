"""The keyed choice of a person's cells."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.queries.choice import ChoiceKey, choice_hashes, hashed_cells, person_words
from support.reference_evaluation import choice_hash

WORDS = st.integers(0, (1 << 64) - 1)
VECTORS = Path(__file__).parents[2] / "vectors" / "choice" / "keyed_splitmix64.json"


def hash_of(choice_key: int, cell: int, key: ChoiceKey) -> int:
    keys, cells = np.array([choice_key], np.uint64), np.array([cell], np.uint64)
    return int(choice_hashes(keys, cells, key)[0])


@given(WORDS, st.integers(0, (1 << 22) - 1), WORDS, WORDS)
def test_numpy_and_plain_integers_agree(person: int, cell: int, first: int, second: int) -> None:
    key = ChoiceKey(first, second)
    assert hash_of(person, cell, key) == choice_hash(person, cell, key)


@given(WORDS, st.lists(WORDS, max_size=5), WORDS, WORDS)
def test_a_hash_gives_its_cell_back(person: int, cells: list[int], first: int, second: int) -> None:
    key = ChoiceKey(first, second)
    keys, numbers = np.full(len(cells), person, np.uint64), np.array(cells, np.uint64)
    hashes = choice_hashes(keys, numbers, key)
    assert hashed_cells(person_words(keys, key), hashes, key).tolist() == cells


def test_hashes_of_many_are_those_of_each() -> None:
    """More than are mixed at once, and no multiple of it."""
    generator, key = np.random.default_rng(1), ChoiceKey(1, 2)
    keys = generator.integers(0, 1 << 64, 40_000, np.uint64)
    cells = generator.integers(0, 1 << 22, 40_000).astype(np.uint64)
    hashes = choice_hashes(keys, cells, key)
    for place in (0, 16_383, 16_384, 39_999):
        assert hashes[place] == choice_hash(int(keys[place]), int(cells[place]), key)
    assert (hashed_cells(person_words(keys, key), hashes, key) == cells).all()


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda v: v["name"])
def test_the_hash_is_the_one_written_down(vector: dict[str, str]) -> None:
    numbers = {name: int(text, 16) for name, text in vector.items() if name != "name"}
    key = ChoiceKey(numbers["first"], numbers["second"])
    assert hash_of(numbers["choice_key"], numbers["cell"], key) == numbers["hash"]


def test_another_key_person_or_cell_gives_another_hash() -> None:
    key = ChoiceKey(1, 2)
    found = {
        hash_of(3, 4, key),
        hash_of(4, 3, key),
        hash_of(3, 5, key),
        hash_of(3, 4, ChoiceKey(2, 1)),
        hash_of(3, 4, ChoiceKey(1, 3)),
    }
    assert len(found) == 5


def test_no_cell_is_favoured() -> None:
    """100 000 persons choose between 4 cells; each gets a quarter within six deviations."""
    persons = 100_000
    keys = np.arange(persons, dtype=np.uint64)
    hashes = [
        choice_hashes(keys, np.full(persons, cell, np.uint64), ChoiceKey(5, 6)) for cell in range(4)
    ]
    chosen = np.bincount(np.argmin(np.stack(hashes), axis=0), minlength=4)
    assert np.abs(chosen - persons / 4).max() < 6 * (persons * 3 / 16) ** 0.5


@pytest.mark.parametrize("words", [(-1, 0), (0, 1 << 64)])
def test_a_key_that_does_not_fit_is_a_bug(words: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        ChoiceKey(*words)


def test_a_key_is_read_little_endian() -> None:
    assert ChoiceKey.from_bytes(bytes(range(16))) == ChoiceKey(
        0x0706050403020100, 0x0F0E0D0C0B0A0908
    )
    with pytest.raises(ValueError, match="16 bytes"):
        ChoiceKey.from_bytes(bytes(15))
