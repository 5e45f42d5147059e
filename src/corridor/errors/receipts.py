"""Errors of receipts: one class for each claim that a receipt may fail to prove."""

from corridor.errors import InvalidInputError, RefusedError


class MalformedReceiptError(InvalidInputError):
    """A receipt's file cannot be read. Nothing was verified."""

    code = "receipt.malformed"


class SealedFileError(InvalidInputError):
    """A sealed file is not whole, was altered, or is not sealed to this member."""

    code = "receipt.sealed_file"


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
