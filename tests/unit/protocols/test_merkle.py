"""The tree of RFC 6962 against its examples, a second implementation and a naive tree."""

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.ids import Digest
from corridor.protocols.merkle import (
    EMPTY_ROOT,
    Tree,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "merkle" / "second_implementation.json"
LEAVES = [leaf_hash(f"entry {number}".encode()) for number in range(70)]
WHOLE = Tree(LEAVES)

sizes = st.integers(0, len(LEAVES))


def naive_root(leaves: Sequence[Digest]) -> Digest:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return Digest(hashlib.sha256().digest())
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def test_the_reference_entries_have_the_reference_roots() -> None:
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    entries.append("606162636465666768696a6b6c6d6e6f")
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    tree = Tree()
    assert tree.root() == EMPTY_ROOT
    for entry, root in zip(entries, roots, strict=True):
        tree.append(leaf_hash(bytes.fromhex(entry)))
        assert tree.root().hex() == root


def test_the_proofs_are_those_of_the_seven_leaves_in_rfc_6962() -> None:
    """Section 2.1.3 names the nodes of a tree of seven leaves a to j, and gives these proofs."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the RFC's name
    tree = Tree(LEAVES[:7])
    assert tree.root() == node_hash(k, l)
    assert tree.inclusion_proof(0, 7) == (b, h, l)
    assert tree.inclusion_proof(3, 7) == (c, g, l)
    assert tree.inclusion_proof(4, 7) == (f, j, k)
    assert tree.inclusion_proof(6, 7) == (i, k)
    assert tree.consistency_proof(3, 7) == (c, d, g, l)
    assert tree.consistency_proof(4, 7) == (l,)
    assert tree.consistency_proof(6, 7) == (i, j, k)


def test_a_second_implementation_gives_the_same_roots_and_paths() -> None:
    vector = json.loads(VECTORS.read_text())
    assert [WHOLE.root(size).hex() for size in range(1, 34)] == vector["roots"]
    for one in vector["inclusion"]:
        path = WHOLE.inclusion_proof(one["index"], one["size"])
        assert sorted(step.hex() for step in path) == one["around"]


@given(sizes)
def test_the_root_is_that_of_the_naive_tree(size: int) -> None:
    assert WHOLE.root(size) == naive_root(LEAVES[:size])
    assert Tree(LEAVES[:size]).root() == naive_root(LEAVES[:size])


@given(st.integers(1, len(LEAVES)), st.data())
def test_an_inclusion_proof_holds_for_its_own_leaf_place_size_and_root_only(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = WHOLE.inclusion_proof(index, size), WHOLE.root(size)
    assert is_included(LEAVES[index], index, size, proof, root)
    other = data.draw(st.integers(0, len(LEAVES) - 1).filter(lambda place: place != index))
    assert not is_included(LEAVES[other], index, size, proof, root)
    assert not is_included(LEAVES[index], other, size, proof, root)
    assert not is_included(LEAVES[index], index, size, (*proof, root), root)
    assert not is_included(LEAVES[index], index, size, proof, LEAVES[other])
    if proof:
        assert not is_included(LEAVES[index], index, size, proof[:-1], root)


@given(sizes, sizes)
def test_a_tree_is_consistent_with_all_that_it_was(one: int, another: int) -> None:
    old, new = sorted((one, another))
    proof = WHOLE.consistency_proof(old, new)
    assert is_consistent(old, WHOLE.root(old), new, WHOLE.root(new), proof)


@given(st.integers(1, len(LEAVES)), st.integers(1, len(LEAVES)), st.data())
@settings(deadline=None)  # two whole trees are built in each example
def test_no_proof_of_one_tree_serves_another_past(
    one: int, another: int, data: st.DataObject
) -> None:
    """Whoever changes an old entry can use neither the honest tree's proof nor one of its own."""
    old, new = sorted((one, another))
    place = data.draw(st.integers(0, old - 1))
    changed = [*LEAVES[:place], leaf_hash(b"another"), *LEAVES[place + 1 :]]
    proof = WHOLE.consistency_proof(old, new)
    assert not is_consistent(old, naive_root(changed[:old]), new, WHOLE.root(new), proof)
    assert not is_consistent(old, WHOLE.root(old), new, naive_root(changed[:new]), proof)
    liar = Tree(changed)
    assert not is_consistent(
        old, WHOLE.root(old), new, liar.root(new), liar.consistency_proof(old, new)
    )


@given(st.integers(2, len(LEAVES)), st.data())
def test_a_bent_consistency_proof_does_not_hold(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = list(WHOLE.consistency_proof(old, new))
    place = data.draw(st.integers(0, len(proof) - 1))
    bent = [[*proof[:place], *proof[place + 1 :]], [*proof, proof[place]]]
    bent.append([*proof[:place], leaf_hash(b"x"), *proof[place + 1 :]])
    for one_bent in bent:
        assert not is_consistent(old, WHOLE.root(old), new, WHOLE.root(new), one_bent)


@pytest.mark.parametrize("sizes", [(2, 1), (-1, 3), (0, 0), (3, 3)], ids=str)
def test_sizes_that_make_no_sense_prove_nothing(sizes: tuple[int, int]) -> None:
    old, new = sizes
    assert not is_consistent(old, LEAVES[0], new, LEAVES[1], ())
    assert not is_included(LEAVES[0], old, new, (), LEAVES[1])


def test_a_copy_grows_by_itself() -> None:
    tree = Tree(LEAVES[:5])
    twin = tree.copy()
    twin.append(LEAVES[5])
    assert (tree.size, twin.size) == (5, 6)
    assert tree.root() == WHOLE.root(5)
    assert twin.root() == WHOLE.root(6)


def test_an_entry_is_never_taken_for_an_inner_node() -> None:
    for left, right in pairwise(LEAVES[:4]):
        assert leaf_hash(left + right) != node_hash(left, right)
