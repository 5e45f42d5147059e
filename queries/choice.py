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
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


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
    person = _mix(choice_keys ^ np.uint64(key.first))
    words = cells + np.uint64(1)
    words *= _GOLDEN
    words += person
    words ^= np.uint64(key.second)
    return _mix(words)


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
