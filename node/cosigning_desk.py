"""Decides whether this node cosigns a checkpoint of the region's releases.

    checkpoint ──▶ Cosigned             it continues what this node knows, and is on the disk here
               ├─▶ TreeStanding         a proof is missing: from where, and of which releases
               └─▶ TreeStanding + code  refused; a contradiction is kept as evidence, a proof
                                        that does not hold as a complaint

Before it cosigns, the node checks, in this order:

1. The log never contradicted itself before, or the operator has settled that it did.
2. The note is a checkpoint of the log of the charter in force, signed by its coordinator; every
   cosignature in it that names a member is that member's.
3. The checkpoint continues the one that this node cosigned last (`demand_successor`): it is not
   smaller, one size has one root, and the consistency proof holds.
4. Every release that this node was told of is in it, with the receipt that it was told.

Two roots of one size convict the coordinator before anybody, and nothing more is cosigned. A proof
that does not hold convicts nobody, since another may: that offer is refused, and the next one that
is proven is cosigned.

One missing proof is asked for once; the coordinator that fails to give it is refused. The same
checkpoint again, with the cosignatures of others, is no new word: this node keeps what it sees and
repeats its own cosignature where it is missing. One under a key that was rotated since is not
repeated: it counts for nobody who has the charter of now. The next checkpoint has the key of now.

A node that cosigns nothing goes on answering questions: what protects persons does not depend on
what is published. But without enough cosignatures everybody's `corridor verify` says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from corridor.errors import CorridorError
from corridor.errors.release_tree import (
    ContradictedLogError,
    InconsistentTreeError,
    ProofFromElsewhereError,
    ReleaseWithheldError,
    SplitViewError,
)
from corridor.ids import CountryCode, Digest, SessionId
from corridor.node.attempt import Clock
from corridor.node.journal import Journal
from corridor.node.status import StatusBoard
from corridor.node.tree_book import Held, TreeBook
from corridor.protocols.charter import Charter
from corridor.protocols.merkle import is_consistent, is_included, leaf_hash
from corridor.protocols.notes import (
    Checkpoint,
    Log,
    Note,
    SeenCheckpoint,
    cosign,
    is_cosigned,
    parse_note,
    verify_checkpoint,
)
from corridor.protocols.release_tree import (
    Consistency,
    demand_successor,
    log_of,
    release_leaf,
)
from corridor.protocols.suite import Sign, Verify
from corridor.transport.messages import (
    INCLUSIONS,
    CheckpointToCosign,
    Cosigned,
    Inclusion,
    TreeStanding,
)

_log = structlog.get_logger()

Answer = Cosigned | TreeStanding | None
"""What the coordinator hears; None where there is nothing to say."""


@dataclass(slots=True)
class _Asked:
    """What this process said to the coordinator that is in no file.

    Attributes:
        for_proofs: whether it asked for proofs, and no checkpoint was cosigned since.
        refused: the refusal that is in the journal already.
    """

    for_proofs: bool = False
    refused: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CosigningDesk:
    """Cosigns, asks or refuses.

    Attributes:
        charter: the one in force here; None before the first.
        sign: signs notes with this node's signing key.
    """

    me: CountryCode
    charter: Callable[[], Charter | None]
    book: TreeBook
    journal: Journal
    board: StatusBoard
    sign: Sign
    verify: Verify
    clock: Clock
    _asked: _Asked = field(default_factory=_Asked)

    def expect(self, session: SessionId, receipt: Digest) -> None:
        """A release in which this node took part was announced, with this receipt."""
        self.book.expect(session, release_leaf(session, receipt))

    def standing(self) -> TreeStanding:
        """Up to where this node knows the tree, and what it wants shown: it asks."""
        held = self.book.held()
        wanted = tuple(self.book.pending())[:INCLUSIONS]
        return TreeStanding(0 if held is None else held.checkpoint.size, wanted)

    def on_checkpoint(self, offer: CheckpointToCosign) -> Answer:
        """Cosign, ask or refuse.

        Raises:
            LedgerDiskError: the checkpoint could not be kept; nothing was cosigned.
        """
        charter = self.charter()
        if charter is None or self.me not in charter.signing_keys:
            return None
        log = log_of(charter)
        try:
            seen = self._seen(offer, log)
            try:
                with self.book.writing():
                    held = self.book.held()
                    self._check(held, seen, offer)
                    answer = self._keep(held, seen, log)
            except (SplitViewError, InconsistentTreeError) as error:
                self._accuse(error.code, seen.note, offer)
                raise
        except ProofFromElsewhereError as error:
            return self._ask_or_refuse(error)
        except ReleaseWithheldError as error:
            return self._ask_or_refuse(error)
        except CorridorError as error:
            if not error.code.startswith("tree."):
                raise
            return self._refuse(error)
        self._asked.for_proofs, self._asked.refused = False, None
        self._tell(seen, log)
        if isinstance(answer, Cosigned) and (held is None or held.checkpoint.size < answer.size):
            self.journal.cosigned(seen.checkpoint.size, seen.checkpoint.root)
        return answer

    # ------------------------------------------------------------ checks

    def _seen(self, offer: CheckpointToCosign, log: Log) -> SeenCheckpoint:
        """Checks 1 and 2."""
        if self.book.is_contradicted():
            raise ContradictedLogError
        return verify_checkpoint(parse_note(offer.note, "checkpoint"), log, self.verify)

    def _check(self, held: Held | None, seen: SeenCheckpoint, offer: CheckpointToCosign) -> None:
        """Checks 3 and 4; inside the transaction that keeps the checkpoint."""
        checkpoint = seen.checkpoint
        proof = Consistency(offer.old_size, checkpoint.size, offer.consistency)
        demand_successor(None if held is None else held.checkpoint, checkpoint, proof)
        shown = {one.session: one for one in offer.inclusions}
        for session, leaf in list(self.book.pending().items())[:INCLUSIONS]:
            if not _is_shown(session, leaf, shown, checkpoint):
                raise ReleaseWithheldError(session.hex())
            self.book.found(session)

    def _keep(self, held: Held | None, seen: SeenCheckpoint, log: Log) -> Answer:
        """The cosignature, which is on the disk before it is given out."""
        checkpoint = seen.checkpoint
        if checkpoint.size == 0:
            return None
        key = log.witnesses[self.me]
        if held is not None and held.checkpoint.size == checkpoint.size:
            own = held.own
            self.book.saw(checkpoint.size, held.note.adding(*seen.note.signatures))
            if not is_cosigned(held.note.text, own, key, self.verify):
                return None
        else:
            # Never an earlier time than before, whatever happened to the clock meanwhile.
            last = 0 if held is None else held.own.timestamp
            own = cosign(seen.note.text, max(int(self.clock().timestamp()), last, 1), self.sign)
            line = own.line(log.witness_name(self.me), key)
            self.book.cosigning(checkpoint, seen.note.adding(line), own)
        if seen.cosigned.get(self.me) == own:
            return None
        return Cosigned(checkpoint.size, own.timestamp, own.signature)

    # ------------------------------------------------------------ saying no

    def _accuse(self, code: str, offered: Note, offer: CheckpointToCosign) -> None:
        with self.book.writing():
            held = self.book.held()
            if held is None:
                return
            size = int(offered.text.split("\n")[1])
            proof = None
            if size != held.checkpoint.size:
                proof = Consistency(offer.old_size, size, offer.consistency)
            self.book.accuse(code, held.note, offered, proof, int(self.clock().timestamp()))

    def _ask_or_refuse(self, error: CorridorError) -> TreeStanding:
        if self._asked.for_proofs:
            return self._refuse(error)
        self._asked.for_proofs = True
        return self.standing()

    def _refuse(self, error: CorridorError) -> TreeStanding:
        self._asked.for_proofs = False
        standing = self.standing()
        _log.warning("checkpoint.refused", code=error.code, held=standing.size)
        if self._asked.refused != (error.code, str(error)):
            self._asked.refused = (error.code, str(error))
            self.journal.checkpoint_refused(error.code, standing.size)
        self.board.show(tree=f"!! not cosigned ({error.code}); see corridor node checkpoint")
        return TreeStanding(standing.size, (), error.code)

    def _tell(self, seen: SeenCheckpoint, log: Log) -> None:
        many = len(frozenset(seen.cosigned) | {self.me})
        self.board.show(
            tree=f"{seen.checkpoint.size} releases, cosigned by {many} of {len(log.witnesses)}"
        )


def _is_shown(
    session: SessionId,
    leaf: bytes,
    shown: Mapping[SessionId, Inclusion],
    checkpoint: Checkpoint,
) -> bool:
    one = shown.get(session)
    return one is not None and is_included(
        leaf_hash(leaf), one.index, checkpoint.size, one.path, checkpoint.root
    )


def contradiction(
    mine: Checkpoint, theirs: Checkpoint, proof: Consistency | None
) -> SplitViewError | InconsistentTreeError | None:
    """Why two signed checkpoints of one log cannot both be, or None where they can.

    Args:
        mine: cosigned by this node.
        theirs: shown to another member; its signatures were checked.
        proof: between their sizes; None where the sizes are equal.
    """
    old, new = sorted((mine, theirs), key=lambda one: one.size)
    if proof is None:
        return None if old.root == new.root else SplitViewError(old.size)
    if is_consistent(old.size, old.root, new.size, new.root, proof.path):
        return None
    return InconsistentTreeError(old.size, new.size)
