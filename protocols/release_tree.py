"""The region's log of releases: every release a leaf, so that nobody can be shown another history.

    release ─▶ leaf ─▶ tree ─▶ checkpoint, signed by the coordinator ─▶ cosigned by the members
                                     │
    receipt file = public receipt ‖ inclusion proof ‖ checkpoint with cosignatures

A **leaf** is the canonical JSON of a release's session and the digest of its public receipt: so
that a member knows it without fetching the receipt, and two releases of one session show in the
leaves. `protocols.merkle` has the tree, `protocols.notes` the formats.

A member cosigns a checkpoint only if it continues the one that it cosigned last
(`demand_successor`). With n members of whom at most c lie, q = ⌊(n + c)/2⌋ + 1 cosignatures are
**enough**: two sets of q share more than c members, hence an honest one, who never cosigns two
trees of which neither continues the other. It is the least such q. Fewer prove that those members
saw this tree, and not that nobody saw another.

`verify_in_tree` adds to the claims of `protocols.receipts`:

14. The release is a leaf of the tree whose checkpoint the charter's coordinator signed.
15. These members cosigned that checkpoint, and whether they are enough.
16. The tree continues, or is continued by, the tree of a checkpoint that the reader has.

**The receipt file** is one canonical JSON object. `receipt` holds the public receipt, whose own
bytes are again its canonical form; `proof` a text of c2sp.org/tlog-proof; `consistency` null, or a
proof between the checkpoint's tree and one of another size. A plain public receipt, as it was
before there was a tree, can be read as well; it proves nothing of the tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.errors import CorridorError
from corridor.errors.receipts import (
    MalformedReceiptError,
    NoTreeInReceiptError,
    ReceiptCheckpointError,
    ReceiptConsistencyError,
    ReceiptInclusionError,
)
from corridor.errors.release_tree import (
    InconsistentTreeError,
    OlderCheckpointError,
    ProofFromElsewhereError,
    SplitViewError,
)
from corridor.ids import CountryCode, Digest, PublicKey, SessionId
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.cards import key_fingerprint
from corridor.protocols.charter import Charter
from corridor.protocols.fields import Fields, decode
from corridor.protocols.merkle import (
    EMPTY_ROOT,
    LONGEST_PROOF,
    is_consistent,
    is_included,
    leaf_hash,
)
from corridor.protocols.notes import (
    Checkpoint,
    Log,
    LogProof,
    Note,
    SeenCheckpoint,
    parse_log_proof,
    verify_checkpoint,
)
from corridor.protocols.receipts import Claim, receipt_digest, receipt_session
from corridor.protocols.suite import Verify

LEAF_FORMAT = "corridor release 1"
FILE_FORMAT = "corridor receipt with proof 1"


def origin_of(coordinator_key: PublicKey) -> str:
    """The name of the log that a coordinator keeps: stable as long as its key is."""
    return f"corridor-releases/{key_fingerprint(coordinator_key).hex()}"


def log_of(charter: Charter) -> Log:
    """Who signs and cosigns the releases of a charter's region, and how many are enough."""
    return Log(
        origin=origin_of(charter.coordinator_key),
        key=charter.coordinator_key,
        witnesses=charter.signing_keys,
        needed=charter.threshold(len(charter.members)),
    )


def release_leaf(session: SessionId, receipt: Digest) -> bytes:
    """The entry that stands in the tree for a release."""
    return canonical.encode(
        {"format": LEAF_FORMAT, "session": session.hex(), "receipt": receipt.hex()}
    )


# ---------------------------------------------------------------- cosigning


@dataclass(frozen=True, slots=True)
class Consistency:
    """A proof that the tree of `new` leaves begins with the whole tree of `old`."""

    old: int
    new: int
    path: tuple[Digest, ...]


def demand_successor(held: Checkpoint | None, offered: Checkpoint, proof: Consistency) -> None:
    """Check that a log's checkpoint continues the one that a member cosigned last.

    1. It is not smaller: a log never shrinks.
    2. Of one size there is one root.
    3. The proof is from the size held to the size offered.
    4. The proof holds.

    Origins are not compared: when the coordinator has a new key, it continues its old tree.

    Args:
        held: None where the member never cosigned: it believes the first checkpoint that it sees.
        offered: its signatures were checked.
        proof: that the one continues the other.

    Raises:
        OlderCheckpointError, SplitViewError, ProofFromElsewhereError, InconsistentTreeError: in
            this order; nothing may be cosigned.
    """
    size, root = (0, EMPTY_ROOT) if held is None else (held.size, held.root)
    if offered.size < size:
        raise OlderCheckpointError(size, offered.size)
    if offered.size == size:
        if offered.root != root:
            raise SplitViewError(size)
        return
    if (proof.old, proof.new) != (size, offered.size):
        raise ProofFromElsewhereError(size)
    if not is_consistent(size, root, offered.size, offered.root, proof.path):
        raise InconsistentTreeError(size, offered.size)


# ---------------------------------------------------------------- the receipt file


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """What a receipt file holds; well-formed, not believed.

    Attributes:
        receipt: the public receipt's own bytes.
        proof: None in a plain receipt from before there was a tree.
    """

    receipt: bytes
    proof: LogProof | None = None
    consistency: Consistency | None = None

    def encode(self) -> bytes:
        """The file. The receipt goes in as it is: it can have tens of megabytes."""
        if self.proof is None:
            return self.receipt
        rest: dict[str, Json] = {
            "consistency": _consistency_json(self.consistency),
            "format": FILE_FORMAT,
            "proof": self.proof.encode(),
        }
        # `receipt` is the last key in order.
        return canonical.encode(rest)[:-1] + b',"receipt":' + self.receipt + b"}"


def parse_receipt_file(raw: bytes, name: str = "receipt") -> ReceiptFile:
    """The parts of a receipt file.

    Raises:
        MalformedReceiptError, MalformedNoteError: it is none; names the place.
    """
    value = decode(raw, name, MalformedReceiptError)
    if not isinstance(value, Mapping) or "proof" not in value:
        return ReceiptFile(raw)
    keys = ("consistency", "format", "proof", "receipt")
    fields = Fields(value, keys, name=name, error=MalformedReceiptError)
    if fields.text("format") != FILE_FORMAT:
        raise fields.wrong("format", f"must be {FILE_FORMAT!r}; a newer Corridor may read it")
    consistency = None
    if value["consistency"] is not None:
        below = fields.below("consistency", ("old", "new", "path"))
        consistency = Consistency(below.whole("old"), below.whole("new"), _path(below))
    return ReceiptFile(
        canonical.encode(value["receipt"]),
        parse_log_proof(fields.free_text("proof"), f"{name}, proof"),
        consistency,
    )


# ---------------------------------------------------------------- verifying


@dataclass(frozen=True, slots=True)
class TreeFindings:
    """What a receipt file proves of the tree.

    Attributes:
        cosigned_by: whose cosignatures of the checkpoint were verified.
        needed: how many are enough under the charter.
    """

    claims: tuple[Claim, ...]
    size: int
    cosigned_by: tuple[CountryCode, ...]
    needed: int

    @property
    def is_enough(self) -> bool:
        """Whether so many cosigned that no other view of the tree can have as many."""
        return len(self.cosigned_by) >= self.needed


def verify_in_tree(
    file: ReceiptFile, charter: Charter, verify: Verify, known: Note | None = None
) -> TreeFindings | None:
    """Claims 14 to 16 of a receipt whose claims 1 to 9 were checked; None for a plain receipt.

    Args:
        file: what was read.
        charter: the one that the verifier trusts.
        verify: checks signatures.
        known: a checkpoint that the reader has from elsewhere, to be compared.

    Raises:
        ReceiptCheckpointError, ReceiptInclusionError, ReceiptConsistencyError: a claim fails.
        NoTreeInReceiptError: there is a known checkpoint, and nothing to compare it with.
    """
    log = log_of(charter)
    theirs = None if known is None else _seen(known, log, verify, 16, "the reader's checkpoint")
    if file.proof is None:
        if theirs is not None:
            raise NoTreeInReceiptError(theirs.checkpoint.size)
        return None
    seen = _seen(file.proof.note, log, verify, 14, "the tree")
    size = seen.checkpoint.size
    _check_inclusion(file.receipt, file.proof, seen.checkpoint)
    cosigned = tuple(sorted(seen.cosigned))
    claims = [
        Claim(
            14,
            f"It is release {file.proof.index + 1} of {size} in the tree whose checkpoint the "
            "coordinator signed.",
        ),
        Claim(15, _cosigned_words(cosigned, log)),
    ]
    if theirs is not None:
        _check_same_tree(seen.checkpoint, theirs.checkpoint, file.consistency)
        claims.append(
            Claim(
                16,
                f"That tree and the one of {theirs.checkpoint.size} releases in the checkpoint "
                "that you gave are one.",
            )
        )
    return TreeFindings(tuple(claims), size, cosigned, log.needed)


def _cosigned_words(cosigned: Sequence[CountryCode], log: Log) -> str:
    many = f"{len(cosigned)} of {len(log.witnesses)} members cosigned that checkpoint"
    names = f" ({', '.join(cosigned)})" if cosigned else ""
    if len(cosigned) >= log.needed:
        return (
            f"{many}{names}; {log.needed} are enough: no other history of releases can have as "
            "many."
        )
    return f"{many}{names}; {log.needed} are needed to rule out another history of releases."


def _seen(note: Note, log: Log, verify: Verify, number: int, claim: str) -> SeenCheckpoint:
    try:
        return verify_checkpoint(note, log, verify)
    except CorridorError as error:
        raise ReceiptCheckpointError(number, claim, str(error).rstrip(".")) from error


def _check_inclusion(receipt: bytes, proof: LogProof, checkpoint: Checkpoint) -> None:
    leaf = leaf_hash(release_leaf(receipt_session(receipt), receipt_digest(receipt)))
    if not is_included(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise ReceiptInclusionError(14, "the tree", "the release is not in it at the place named")


def _check_same_tree(mine: Checkpoint, theirs: Checkpoint, proof: Consistency | None) -> None:
    claim = "your checkpoint"
    old, new = sorted((mine, theirs), key=lambda one: one.size)
    path: tuple[Digest, ...] = ()
    if old.size != new.size:
        if proof is None or (proof.old, proof.new) != (old.size, new.size):
            raise NoTreeInReceiptError(theirs.size)
        path = proof.path
    if not is_consistent(old.size, old.root, new.size, new.root, path):
        raise ReceiptConsistencyError(
            16,
            claim,
            f"the coordinator signed a tree of {mine.size} releases here and one of {theirs.size} "
            "there of which neither continues the other",
        )


def _consistency_json(value: Consistency | None) -> Json:
    if value is None:
        return None
    return {"old": value.old, "new": value.new, "path": [step.hex() for step in value.path]}


def _path(fields: Fields) -> tuple[Digest, ...]:
    steps = fields.items("path")
    if len(steps) > LONGEST_PROOF:
        raise fields.wrong("path", f"has more than {LONGEST_PROOF} hashes")
    found = []
    for step in steps:
        if not isinstance(step, str) or len(step) != 64 or step.strip("0123456789abcdef"):
            raise fields.wrong("path", "must be a list of hashes in hexadecimal")
        found.append(Digest(bytes.fromhex(step)))
    return tuple(found)
