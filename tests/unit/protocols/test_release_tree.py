"""The receipt file: that a release is in the tree, who cosigned it, and of which history it is."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.charter import Charter
from corridor.protocols.merkle import EMPTY_ROOT
from corridor.protocols.notes import Checkpoint, LogProof, Note, cosign
from corridor.protocols.receipts import receipt_digest
from corridor.protocols.release_tree import (
    Consistency,
    ReceiptFile,
    demand_successor,
    log_of,
    parse_receipt_file,
    release_leaf,
    verify_in_tree,
)
from support.charters import make_charter, node_keys
from support.receipts import finish
from support.release_tree import Liar, leaf_of
from support.signing import KeyPair, verify

FINISHED = finish()
CHARTER = FINISHED.charter
RECEIPT = FINISHED.receipt.encode()
LEAF = release_leaf(FINISHED.receipt.proposal.header.session, receipt_digest(RECEIPT))
PLACE = 3
ENTRIES = [*map(leaf_of, range(PLACE)), LEAF, *map(leaf_of, range(10, 16))]
HONEST = Liar(CHARTER, ENTRIES)
MEMBERS = tuple(CHARTER.signing_keys)


def file_of(
    liar: Liar = HONEST,
    size: int = 7,
    *,
    cosigners: Iterable[CountryCode] = (),
    to: int | None = None,
) -> ReceiptFile:
    """The receipt with the proof that `liar` gives of it."""
    consistency = None
    if to is not None:
        old, new = sorted((size, to))
        consistency = Consistency(old, new, liar.tree.consistency_proof(old, new))
    proof = LogProof(
        PLACE, liar.tree.inclusion_proof(PLACE, size), liar.note(size, cosigners=cosigners)
    )
    return ReceiptFile(RECEIPT, proof, consistency)


def refusal(file: ReceiptFile, known: Note | None = None) -> CorridorError:
    with pytest.raises(CorridorError) as error:
        verify_in_tree(file, CHARTER, verify, known)
    return error.value


# ---------------------------------------------------------------- the file


def test_the_receipt_goes_into_the_file_and_comes_out_byte_for_byte() -> None:
    file = file_of(to=9)
    raw = file.encode()
    assert canonical.encode(canonical.decode(raw, "file")) == raw
    assert parse_receipt_file(raw) == file
    assert parse_receipt_file(raw).receipt == RECEIPT


def test_a_plain_receipt_is_read_and_proves_nothing_of_a_tree() -> None:
    file = parse_receipt_file(RECEIPT)
    assert file == ReceiptFile(RECEIPT)
    assert file.encode() == RECEIPT
    assert verify_in_tree(file, CHARTER, verify) is None


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        (
            b'"format":"corridor receipt with',
            b'"format":"corridor receipt less',
            "receipt.malformed",
        ),
        (b'"consistency":null', b'"consistency":{}', "receipt.malformed"),
        (b'"consistency":null,', b"", "receipt.malformed"),
        (b"tlog-proof@v1", b"tlog-proof@v2", "tree.malformed_note"),
    ],
)
def test_a_bent_file_is_refused(was: bytes, now: bytes, code: str) -> None:
    with pytest.raises(CorridorError) as error:
        parse_receipt_file(file_of().encode().replace(was, now, 1))
    assert error.value.code == code


# ---------------------------------------------------------------- claims 14 and 15


def test_it_says_where_the_release_stands_and_who_cosigned() -> None:
    found = verify_in_tree(file_of(cosigners=MEMBERS[:4]), CHARTER, verify)
    assert found is not None
    assert [claim.number for claim in found.claims] == [14, 15]
    assert "release 4 of 7" in found.claims[0].text
    assert "4 of 5 members cosigned" in found.claims[1].text
    assert found.cosigned_by == MEMBERS[:4]
    assert (found.needed, found.is_enough) == (4, True)


def test_three_of_five_are_not_enough_and_it_says_so() -> None:
    found = verify_in_tree(file_of(cosigners=MEMBERS[:3]), CHARTER, verify)
    assert found is not None
    assert not found.is_enough
    assert "4 are needed to rule out another history" in found.claims[1].text


@given(st.integers(3, 40), st.integers(0, 10))
@settings(deadline=None)  # forty members' keys are made
def test_two_sets_of_enough_cosigners_share_an_honest_member(members: int, colluders: int) -> None:
    charter = make_many(members, min(colluders, members - 1))
    needed, c = log_of(charter).needed, charter.max_colluders
    assert 2 * needed - members > c  # whoever is in both sets cannot all be liars
    assert 2 * (needed - 1) - members <= c  # and no smaller number would do


def make_many(members: int, colluders: int) -> Charter:
    names = sorted(CountryCode(a + b) for a in "ABCDE" for b in "ABCDEFGHIJ")[:members]
    return make_charter(
        countries=tuple(names), max_colluders=colluders, min_participants=max(3, colluders + 1)
    )


def test_a_cosignature_by_a_non_member_counts_for_nothing() -> None:
    file = file_of(cosigners=MEMBERS[:3])
    assert file.proof is not None
    stranger = KeyPair("a stranger")
    name = f"{log_of(CHARTER).origin}/ZZ"
    line = cosign(file.proof.note.text, 1, stranger.sign).line(name, stranger.public)
    bent = replace(file, proof=replace(file.proof, note=file.proof.note.adding(line)))
    found = verify_in_tree(bent, CHARTER, verify)
    assert found is not None
    assert found.cosigned_by == MEMBERS[:3]


def test_a30_the_proof_of_another_leaf_proves_nothing() -> None:
    file = file_of()
    assert file.proof is not None
    other = LogProof(4, HONEST.tree.inclusion_proof(4, 7), file.proof.note)
    assert refusal(replace(file, proof=other)).code == "receipt.inclusion"
    assert refusal(replace(file, proof=replace(other, index=PLACE))).code == "receipt.inclusion"


def test_a30_a_release_that_is_in_another_tree_only_is_not_in_this_one() -> None:
    other = Liar(CHARTER, [*ENTRIES[:PLACE], leaf_of(99), *ENTRIES[PLACE + 1 :]])
    assert refusal(file_of(other)).code == "receipt.inclusion"


def test_a30_a_swapped_cosignature_spoils_the_receipt() -> None:
    file, log = file_of(), log_of(CHARTER)
    assert file.proof is not None
    word = cosign(file.proof.note.text, 1, node_keys(MEMBERS[0]).sign)
    line = word.line(log.witness_name(MEMBERS[1]), log.witnesses[MEMBERS[1]])
    bent = replace(file, proof=replace(file.proof, note=file.proof.note.adding(line)))
    assert refusal(bent).code == "receipt.checkpoint"


def test_a30_a_checkpoint_of_another_region_is_none_of_this_charter() -> None:
    file = file_of()
    assert file.proof is not None
    text = file.proof.note.text.replace("corridor-releases/", "corridor-releases/x")
    bent = replace(file, proof=replace(file.proof, note=Note(text, file.proof.note.signatures)))
    assert refusal(bent).code == "receipt.checkpoint"


# ---------------------------------------------------------------- claim 16


@pytest.mark.parametrize("size", [1, 4, 7, 9])
def test_a_checkpoint_from_elsewhere_is_of_the_same_history(size: int) -> None:
    found = verify_in_tree(file_of(to=size), CHARTER, verify, HONEST.note(size))
    assert found is not None
    assert [claim.number for claim in found.claims] == [14, 15, 16]


@pytest.mark.parametrize("size", [4, 7, 9])
def test_a30_a_split_view_is_found_when_a_receipt_meets_another_checkpoint(size: int) -> None:
    """The reader's checkpoint is of a history in which another release was the second."""
    other = Liar(CHARTER, [ENTRIES[0], leaf_of(77), *ENTRIES[2:]])
    for proof_of in (HONEST, other):
        old, new = sorted((7, size))
        proof = Consistency(old, new, proof_of.tree.consistency_proof(old, new))
        file = replace(file_of(), consistency=proof)
        assert refusal(file, other.note(size)).code == "receipt.other_tree"


def test_without_a_proof_between_the_sizes_nothing_is_compared() -> None:
    assert refusal(file_of(), HONEST.note(4)).code == "receipt.no_tree_proof"
    assert refusal(file_of(to=9), HONEST.note(4)).code == "receipt.no_tree_proof"
    assert refusal(ReceiptFile(RECEIPT), HONEST.note(4)).code == "receipt.no_tree_proof"


def test_a_reader_s_checkpoint_is_believed_by_its_signature_only() -> None:
    bent = Note(HONEST.note(7).text.replace("\n7\n", "\n8\n"), HONEST.note(7).signatures)
    assert refusal(file_of(), bent).code == "receipt.checkpoint"


# ---------------------------------------------------------------- what a member may cosign


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint("origin", size, HONEST.tree.root(size))


def test_the_first_checkpoint_is_believed_and_every_later_one_must_continue_it() -> None:
    demand_successor(None, checkpoint(4), Consistency(0, 4, ()))
    proof = Consistency(4, 9, HONEST.tree.consistency_proof(4, 9))
    demand_successor(checkpoint(4), checkpoint(9), proof)
    demand_successor(checkpoint(4), checkpoint(4), Consistency(0, 4, ()))
    with pytest.raises(CorridorError) as error:
        demand_successor(checkpoint(4), checkpoint(9), replace(proof, path=proof.path[:-1]))
    assert error.value.code == "tree.inconsistent"


def test_an_empty_tree_has_the_one_root_of_emptiness() -> None:
    demand_successor(None, Checkpoint("origin", 0, EMPTY_ROOT), Consistency(0, 0, ()))
    with pytest.raises(CorridorError) as error:
        demand_successor(None, Checkpoint("origin", 0, Digest(bytes(32))), Consistency(0, 0, ()))
    assert error.value.code == "tree.split_view"
