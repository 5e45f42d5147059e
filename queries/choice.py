"""Which cells a person keeps: a keyed hash of the person and the cell.

Per (person, cell) a 64-bit hash; a person keeps the m cells with the smallest (hash, cell). The
hash is a keyed splitmix64 (Steele, Lea & Flood 2014, "Fast Splittable Pseudorandom Number
Generators"), in wrapping 64-bit arithmetic that every engine can express:

    mix(z) = z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB;
             z ^= z >> 31
    hash   = mix(mix(choice_key ^ k₀) + (cell + 1)·0x9E3779B97F4A7C15 ^ k₁)      (+ before ^)

**Why this is sound.** The sensitivity proof (`queries.plan`) needs one property: what is kept
for a person is a function of that person's own rows, their stable key and the node's key. *Any*
such function will do, even a bad hash or two persons with one choice key; no part of the
guarantee rests on the hash being random. The key makes the choice unpredictable for whoever
supplies case files, and the hash makes it even-handed, so that no cell is favoured for its
number. (A choice that depended on somebody else's rows, by a dense row number say, would break the
proof: removing one person would move many.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_BLOCK = 1 << 14
"""So many hashes stay in a core's cache while they are mixed."""

_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_GOLDEN_INVERSE, _FIRST_INVERSE, _SECOND_INVERSE = (
    np.uint64(pow(int(factor), -1, 1 << 64)) for factor in (_GOLDEN, _FIRST, _SECOND)
)


@dataclass(frozen=True, slots=True)
class ChoiceKey:
    """The node's key for choices: two words of 64 bits, the same for all questions."""

    first: int
    second: int

    def __post_init__(self) -> None:
        """Refuse words that do not fit."""
        if not (0 <= self.first < 1 << 64 and 0 <= self.second < 1 << 64):
            raise ValueError("a choice key is two words of 64 bits")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "ChoiceKey":
        """The key whose 16 bytes are `raw`, both words little-endian."""
        if len(raw) != 16:
            raise ValueError("a choice key has 16 bytes")
        return cls(int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little"))


def choice_hashes(
    choice_keys: NDArray[np.uint64], cells: NDArray[np.uint64], key: ChoiceKey
) -> NDArray[np.uint64]:
    """The hash of each (choice_keys[i], cells[i]); cells are numbered as in their table."""
    return cell_hashes(person_words(choice_keys, key), cells, key)


def person_words(choice_keys: NDArray[np.uint64], key: ChoiceKey) -> NDArray[np.uint64]:
    """What a person's hashes have in common: mix(choice_key ^ k₀)."""
    return _mix(choice_keys ^ np.uint64(key.first))


def cell_hashes(
    words: NDArray[np.uint64], cells: NDArray[np.uint64], key: ChoiceKey
) -> NDArray[np.uint64]:
    """The hash of each cells[i] for the person of words[i]."""
    hashes = np.empty_like(cells)
    for start in range(0, len(cells), _BLOCK):
        block = hashes[start : start + _BLOCK]
        np.add(cells[start : start + _BLOCK], np.uint64(1), out=block)
        block *= _GOLDEN
        block += words[start : start + _BLOCK]
        block ^= np.uint64(key.second)
        _mix(block)
    return hashes


def hashed_cells(
    words: NDArray[np.uint64], hashes: NDArray[np.uint64], key: ChoiceKey
) -> NDArray[np.uint64]:
    """The cells of which `cell_hashes` gives these: each of its steps can be taken back."""
    cells = _unmix(hashes.copy())
    cells ^= np.uint64(key.second)
    cells -= words
    cells *= _GOLDEN_INVERSE
    cells -= np.uint64(1)
    return cells


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`words` mixed, in place: there are millions of them, and writing new ones costs as much."""
    shifted = words >> _30
    words ^= shifted
    words *= _FIRST
    np.right_shift(words, _27, out=shifted)
    words ^= shifted
    words *= _SECOND
    np.right_shift(words, _31, out=shifted)
    words ^= shifted
    return words


def _unmix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What `_mix` mixed to `words`, in place: the shifts a second time, and inverses modulo 2⁶⁴."""
    for shift, inverse in ((_31, _SECOND_INVERSE), (_27, _FIRST_INVERSE)):
        words ^= (words >> shift) ^ (words >> (shift + shift))
        words *= inverse
    words ^= (words >> _30) ^ (words >> (_30 + _30))
    return words
