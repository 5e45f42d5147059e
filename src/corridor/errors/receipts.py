"""Errors of receipts: one class for each claim that a receipt may fail to prove."""

from collections.abc import Sequence

from corridor.errors import InvalidInputError, RefusedError


class MalformedReceiptError(InvalidInputError):
    """A receipt's file cannot be read. Nothing was verified."""

    code = "receipt.malformed"


class NotAReceiptError(MalformedReceiptError):
    """A file is no public receipt but something else. Nothing was verified."""

    code = "receipt.another_file"


class ReceiptFromElsewhereError(InvalidInputError):
    """A receipt is of no charter that was ever in force in this region. Nothing was verified."""

    code = "receipt.from_elsewhere"

    def __init__(self, region: str, digest: str) -> None:
        """Name the region that it names, and where it can be verified."""
        super().__init__(
            f"the receipt names a charter of {region[:80]!r} with the hash {digest[:16]}…, which "
            "was never in force in this region. Nothing was verified. Verify it at that region's "
            "public pages, or with `corridor verify RECEIPT --charter FILE` and a charter that one "
            "of its members gave you."
        )


class MalformedReleaseError(InvalidInputError):
    """A file is no release. Nothing was compared."""

    code = "receipt.not_a_release"

    def __init__(self) -> None:
        """Say which file is one."""
        super().__init__(
            "--release: the file is no release; write one with `corridor results ID --format json "
            "--out FILE`. Nothing was compared."
        )


class OtherReleaseError(RefusedError):
    """A release says something else than the receipt. Do not use its figures."""

    code = "receipt.other_release"

    def __init__(self, field: str) -> None:
        """Name what differs."""
        super().__init__(
            f'the release\'s "{field}" is not what the receipt gives: it belongs to another '
            "attempt, or its figures were changed after they were summed. Do not use it; fetch "
            "both again, and if they differ still, tell the members."
        )


class MalformedSealError(InvalidInputError):
    """A file is no sealed file. Nothing of it was used."""

    code = "receipt.not_a_sealed_file"

    def __init__(self, problem: str) -> None:
        """Say what is wrong; the problem begins with the file's name."""
        super().__init__(problem)


class NotARecipientError(RefusedError):
    """A file is sealed to others, or to another key of this member. Nothing of it was used."""

    code = "receipt.not_a_recipient"

    def __init__(self, name: str, country: str) -> None:
        """Name the file and the member."""
        super().__init__(
            f"{name}: is not sealed to the encryption key of {country} that this node holds; "
            "nothing was read. It was made under a charter without this node, or the node has a "
            "new key since; another member can open it."
        )


class SealBrokenError(InvalidInputError):
    """A sealed file was altered. What it gave before must not be used."""

    code = "receipt.altered"

    def __init__(self, name: str) -> None:
        """Name the file."""
        super().__init__(
            f"{name}: was altered after it was sealed; nothing of it may be used. Fetch it again."
        )


class SealTruncatedError(InvalidInputError):
    """A sealed file ends too early. What it gave before must not be used."""

    code = "receipt.truncated"

    def __init__(self, name: str) -> None:
        """Name the file."""
        super().__init__(f"{name}: ends too early; nothing of it may be used. Fetch it again.")


class TrustedMemberError(RefusedError):
    """A member's key in a receipt is not the one that the verifier trusts. Nothing is proven."""

    code = "receipt.other_member_key"

    def __init__(self, country: str) -> None:
        """Name the member."""
        super().__init__(
            f"receipt: its charter has another key for {country} than the fingerprint that you "
            "gave, or does not list it; nothing is proven. Check the fingerprint with that "
            "authority; if it is right, show the receipt to the members."
        )


class TooFewTrustedError(RefusedError):
    """Fewer signers of the survivor set are trusted than its threshold. Nothing is proven."""

    code = "receipt.too_few_trusted"

    def __init__(self, *, trusted: int, threshold: int, others: str) -> None:
        """Say how many more are needed, and of whom."""
        super().__init__(
            f"receipt: you gave the fingerprints of {trusted} of those who signed the survivor "
            f"set, {threshold} are needed; nothing is proven. Add --trust for some of {others}, "
            "or name the charter with --charter."
        )


class ReceiptNotProvenError(RefusedError):
    """A receipt does not prove a claim; the claims before it hold. Do not rely on the release."""

    code = "receipt.not_proven"

    def __init__(self, number: int, claim: str, problem: str) -> None:
        """Name the claim and what is wrong with it."""
        super().__init__(
            f"receipt, claim {number} ({claim}): {problem}. Do not rely on this release; show the "
            "receipt to the members."
        )
        self.number = number


class ReceiptCharterError(ReceiptNotProvenError):
    """The receipt is of another charter than the one it is verified with."""

    code = "receipt.charter"


class ReceiptProposalError(ReceiptNotProvenError):
    """The coordinator of the charter did not propose this attempt."""

    code = "receipt.proposal"


class ReceiptQuestionError(ReceiptNotProvenError):
    """The question is not the one that was proposed."""

    code = "receipt.question"


class ReceiptRosterError(ReceiptNotProvenError):
    """A member of the roster did not accept this attempt."""

    code = "receipt.roster"


class ReceiptParametersError(ReceiptNotProvenError):
    """The numbers of the attempt do not follow from charter, plan, ρ and roster."""

    code = "receipt.parameters"


class ReceiptSharersError(ReceiptNotProvenError):
    """The sharers did not all open each other's envelopes, or are too few."""

    code = "receipt.sharers"


class ReceiptInputsError(ReceiptNotProvenError):
    """A masked input is not the one its node signed."""

    code = "receipt.inputs"


class ReceiptFiguresError(ReceiptNotProvenError):
    """A country's figure is not the one that its node signed."""

    code = "receipt.figures"


class ReceiptSurvivorsError(ReceiptNotProvenError):
    """The survivors are not what the threshold signed."""

    code = "receipt.survivors"


class ReceiptAnswerError(ReceiptNotProvenError):
    """The answer is not what the coordinator signed."""

    code = "receipt.answer"


class ReceiptSharesError(ReceiptNotProvenError):
    """The revealed shares are not those that were dealt, or do not give the seeds."""

    code = "receipt.shares"


class ReceiptSumError(ReceiptNotProvenError):
    """The masked inputs do not add up to the answer."""

    code = "receipt.sum"


class ReceiptCheckpointError(ReceiptNotProvenError):
    """The receipt's checkpoint is not one that the coordinator and known members signed."""

    code = "receipt.checkpoint"


class ReceiptInclusionError(ReceiptNotProvenError):
    """The release is not in the tree of the receipt's checkpoint."""

    code = "receipt.inclusion"


class ReceiptConsistencyError(ReceiptNotProvenError):
    """The receipt's tree is another than that of the reader's checkpoint."""

    code = "receipt.other_tree"


class NoTreeInReceiptError(RefusedError):
    """A receipt brings no proof with which to compare a checkpoint. Nothing was compared."""

    code = "receipt.no_tree_proof"

    def __init__(self, size: int) -> None:
        """Say how to get one."""
        super().__init__(
            f"receipt: brings no proof that leads to the checkpoint of {size} releases; nothing "
            "was compared. Fetch it anew with: corridor results ID --receipt FILE --since "
            f"{size}"
        )


class EarlierReceiptsError(InvalidInputError):
    """A release of a standing series was put together of releases whose receipts are not given."""

    code = "receipt.earlier_missing"

    def __init__(self, releases: Sequence[str]) -> None:
        """Name the releases."""
        super().__init__(
            "this release of a standing series is put together of what it and all earlier ones "
            "measured; give the receipts of these and no others with --earlier FILE …: "
            f"{', '.join(releases) or 'none'}. All of them hold the same members' data."
        )
