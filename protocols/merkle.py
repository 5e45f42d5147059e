"""Merkle trees of RFC 6962 (and 9162): a list whose past cannot change unseen.

    leaf hash  SHA-256(0x00 ‖ entry)        empty tree  SHA-256 of nothing
    node hash  SHA-256(0x01 ‖ left ‖ right) split at the largest power of two below the size

An **inclusion proof** shows that an entry stands at its place in the tree with a given root. A
**consistency proof** shows that the tree with one root begins with all of the tree with an earlier
one. The different first byte keeps an entry from being taken for an inner node.

`Tree` makes proofs; `is_included` and `is_consistent` check them, by the algorithms of RFC 9162,
sections 2.1.3.2 and 2.1.4.2. A checker needs no tree, and trusts no length that a proof claims.
"""

import hashlib
from collections.abc import Iterable, Sequence

from corridor.ids import Digest

EMPTY_ROOT = Digest(hashlib.sha256(b"").digest())
"""The root of the tree without entries."""

LONGEST_PROOF = 63
"""More hashes than any tree below 2⁶³ entries needs."""


def leaf_hash(entry: bytes) -> Digest:
    """What stands for an entry in the tree."""
    return Digest(hashlib.sha256(b"\0" + entry).digest())


def node_hash(left: Digest, right: Digest) -> Digest:
    """What stands for two subtrees, side by side."""
    return Digest(hashlib.sha256(b"\1" + left + right).digest())


class Tree:
    """A tree that grows: an appended leaf costs O(1) hashes on average, a proof O(log² size).

    `_levels[k][i]` is the root of the complete subtree over the leaves [i·2ᵏ, (i + 1)·2ᵏ).
    """

    def __init__(self, leaves: Iterable[Digest] = ()) -> None:
        """A tree over these leaf hashes, in order."""
        self._levels: list[list[Digest]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def append(self, leaf: Digest) -> None:
        """Add a leaf hash at the end."""
        carried, level = leaf, 0
        self._levels[0].append(carried)
        while len(self._levels[level]) % 2 == 0:
            carried = node_hash(*self._levels[level][-2:])
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(carried)

    def copy(self) -> "Tree":
        """A tree of its own with the same leaves."""
        twin = Tree()
        twin._levels = [list(level) for level in self._levels]
        return twin

    def root(self, size: int | None = None) -> Digest:
        """The root of the first `size` leaves; of all of them where none is named."""
        size = self.size if size is None else size
        self._demand(0 <= size <= self.size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> tuple[Digest, ...]:
        """PATH(index, D[size]) of RFC 6962, section 2.1.1."""
        self._demand(0 <= index < size <= self.size)
        path, low, high = [], 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return tuple(reversed(path))

    def consistency_proof(self, old: int, new: int) -> tuple[Digest, ...]:
        """PROOF(old, D[new]) of RFC 6962, section 2.1.2; empty from the empty tree."""
        self._demand(0 <= old <= new <= self.size)
        if old in (0, new):
            return ()
        path, low, high, whole = [], 0, new, True
        while high != old:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low, whole = middle, False
        if not whole:  # the verifier knows the old root itself only where it is a subtree
            path.append(self._range(low, high))
        return tuple(reversed(path))

    def _range(self, low: int, high: int) -> Digest:
        width = high - low
        if width & (width - 1) == 0:  # every range that is asked for begins at a multiple of it
            return self._levels[width.bit_length() - 1][low // width]
        middle = low + _split(width)
        return node_hash(self._range(low, middle), self._range(middle, high))

    def _demand(self, holds: bool) -> None:
        if not holds:
            raise ValueError(f"no such part of a tree of {self.size} leaves")


def is_included(leaf: Digest, index: int, size: int, proof: Sequence[Digest], root: Digest) -> bool:
    """Whether `leaf` is the hash at `index` of the tree with `size` leaves and this root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(beside, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    old_size: int, old_root: Digest, new_size: int, new_root: Digest, proof: Sequence[Digest]
) -> bool:
    """Whether the tree of `new_size` leaves begins with the whole tree of `old_size`."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old_size - 1, new_size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)
