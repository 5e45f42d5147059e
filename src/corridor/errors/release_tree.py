"""Errors of the release tree: notes, checkpoints, and what a member refuses to cosign."""

from corridor.errors import InvalidInputError, NotFoundError, RefusedError


class MalformedNoteError(InvalidInputError):
    """A signed note, checkpoint or proof cannot be read. Nothing was verified."""

    code = "tree.malformed_note"

    def __init__(self, name: str, problem: str) -> None:
        """Say of which file or message, and what is wrong."""
        super().__init__(f"{name}: {problem}; nothing was verified. Fetch it again.")


class OtherLogError(RefusedError):
    """A checkpoint is of another log. Nothing was verified."""

    code = "tree.other_log"

    def __init__(self, origin: str, expected: str) -> None:
        """Name both."""
        super().__init__(
            f"checkpoint: is of the log {origin[:100]}, not of {expected}, which the charter's "
            "coordinator keeps; nothing was verified. Ask where it came from."
        )


class ForgedCheckpointError(RefusedError):
    """A checkpoint lacks its log's signature, or a known key's signature fails."""

    code = "tree.forged_checkpoint"

    def __init__(self, who: str) -> None:
        """Name whose signature is missing or wrong."""
        super().__init__(
            f"checkpoint: the signature of {who} is missing or not over this checkpoint; nothing "
            "of it was believed. Show it to the members."
        )


class ProofFromElsewhereError(RefusedError):
    """A consistency proof begins at another size than the one this node cosigned last."""

    code = "tree.proof_from_elsewhere"

    def __init__(self, held: int) -> None:
        """Name the size from which to prove."""
        super().__init__(
            f"checkpoint: this node cosigned a tree of {held} releases last, and the proof begins "
            "elsewhere; nothing was cosigned. The coordinator is asked for the right one."
        )


class OlderCheckpointError(RefusedError):
    """A checkpoint is older than the one cosigned last. Nothing was cosigned."""

    code = "tree.older_checkpoint"

    def __init__(self, held: int, offered: int) -> None:
        """Name both sizes."""
        super().__init__(
            f"checkpoint: the coordinator shows a tree of {offered} releases after one of {held}: "
            "an old state of it was restored, or it hides releases. Nothing was cosigned. Ask its "
            "staff; compare with the other members."
        )


class SplitViewError(RefusedError):
    """Two signed checkpoints of one size have different roots. Both are kept as evidence."""

    code = "tree.split_view"

    def __init__(self, size: int) -> None:
        """Name the size."""
        super().__init__(
            f"checkpoint: the coordinator signed two trees of {size} releases that differ; both "
            "are kept as evidence and nothing is cosigned from now on. Show them to the other "
            "members: corridor node checkpoint --evidence"
        )


class InconsistentTreeError(RefusedError):
    """A later tree is not proven to begin with the earlier one. Nothing was cosigned.

    Both checkpoints are kept as a complaint. They convict nobody: another proof may hold.
    """

    code = "tree.inconsistent"

    def __init__(self, held: int, offered: int) -> None:
        """Name both sizes."""
        super().__init__(
            f"checkpoint: it is not proven that the tree of {offered} releases begins with the "
            f"{held} that this node knows; it was not cosigned, and is when a proof comes that "
            "holds. Ask the coordinator's staff. Both checkpoints are kept; compare with the other "
            "members: corridor node checkpoint --evidence"
        )


class ContradictedLogError(RefusedError):
    """The log contradicted itself before. Nothing was cosigned."""

    code = "tree.contradicted_before"

    def __init__(self) -> None:
        """Say what to look at."""
        super().__init__(
            "checkpoint: the coordinator contradicted itself before; nothing is cosigned. See "
            "corridor node checkpoint --evidence, and talk to the other members; then corridor "
            "node checkpoint --settle WORDS."
        )


class NothingToSettleError(NotFoundError):
    """No evidence against the coordinator waits to be settled. Nothing was changed."""

    code = "tree.nothing_to_settle"

    def __init__(self) -> None:
        """Say where it would be seen."""
        super().__init__(
            "nothing to settle: no two checkpoints of one size that differ are on record here. "
            "Nothing was changed. corridor node checkpoint --evidence shows what is."
        )


class ReleaseWithheldError(RefusedError):
    """A release that this node was told of is not shown in the tree. Nothing was cosigned."""

    code = "tree.release_withheld"

    def __init__(self, session: str) -> None:
        """Name the session."""
        super().__init__(
            f"checkpoint: the release of session {session}, in which this node took part, is not "
            "shown to be in the tree as it was announced here: others may be shown another "
            "answer. Nothing is cosigned until it is. Ask the coordinator's staff; tell the other "
            "members."
        )


class NoCheckpointError(NotFoundError):
    """There is no checkpoint yet. Nothing was changed."""

    code = "tree.no_checkpoint"

    def __init__(self) -> None:
        """Say when there is one."""
        super().__init__(
            "no checkpoint yet: a node holds one once the region has a release and the node has "
            "cosigned; a coordinator makes one with the first release."
        )


class NoSuchTreeError(InvalidInputError):
    """Sizes that no tree of this log has. Nothing was changed."""

    code = "tree.no_such_size"

    def __init__(self, size: int) -> None:
        """Name the size that the tree has now."""
        super().__init__(
            f"the tree has {size} releases: sizes are whole numbers from 0 to that, the earlier "
            "one first"
        )


class ForgedCosignatureError(RefusedError):
    """A cosignature is not the member's over that checkpoint. Nothing was kept."""

    code = "tree.forged_cosignature"

    def __init__(self, country: str) -> None:
        """Name the member."""
        super().__init__(
            f"cosignature: is not {country}'s over that checkpoint, or its time lies in the "
            "future; it was not kept. Check that node's clock and its version."
        )
