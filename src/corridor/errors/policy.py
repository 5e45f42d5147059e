"""Errors of an authority's policy, and of the questions that wait for its people."""

from corridor.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)


class PolicyError(InvalidInputError):
    """The policy cannot be read. A node that serves keeps its old rules, and none starts."""

    code = "policy.malformed"


class PolicyRefusesError(RefusedError):
    """The policy of this node does not allow the question. Nothing was reserved."""

    code = "policy.refuses"


class WaitingForApprovalError(RefusedError):
    """People of this node have to approve the question first. It waits; nothing was reserved."""

    code = "policy.waiting_for_approval"

    def __init__(self, given: int, needed: int) -> None:
        """Say how many have approved it, and how many have to."""
        people = "one person" if needed == 1 else f"{needed} people"
        super().__init__(
            f"this node's policy wants {people} of the authority to approve the question, and "
            f"{given} did so far; nothing was reserved. It waits there, and may be proposed again."
        )


class DeniedError(RefusedError):
    """A person of this node's authority denied the question. Nothing was reserved."""

    code = "policy.denied"

    def __init__(self) -> None:
        """Say what would be another question."""
        super().__init__(
            "a person of this node's authority denied the question; nothing was reserved. It is "
            "not put to them again while question, purpose, price, charter and data are the same."
        )


class TooManyWaitingError(RefusedError):
    """As many questions wait for this node's people as may. Nothing was kept or reserved."""

    code = "policy.too_many_waiting"

    def __init__(self, most: int) -> None:
        """Say how many there are, and what makes room."""
        super().__init__(
            f"{most} questions wait for people of this node already, and no more may; nothing was "
            "kept or reserved. There is room again when some are answered: `corridor node "
            "approvals`."
        )


class UnknownApprovalError(NotFoundError):
    """No question, or more than one, waits under an id that begins so. Nothing was changed."""

    code = "policy.unknown_approval"

    def __init__(self, identifier: str, found: int) -> None:
        """Name what was given and what lists the ids."""
        several = f"begins {found} of them" if found else "is none of them"
        super().__init__(
            f"{identifier[:40]!r} {several}; `corridor node approvals` lists the questions that "
            "wait. Nothing was changed."
        )


class SamePersonError(RefusedError):
    """Who approved a question approves it again. Nothing was changed."""

    code = "policy.same_person"

    def __init__(self, person: str, needed: int) -> None:
        """Say who is missing."""
        super().__init__(
            f"{person} has approved this question already, and {needed} different people have to; "
            "nothing was changed. Let another person look at it."
        )


class ApprovalOverError(RefusedError):
    """The question waits no longer. Nothing was changed."""

    code = "policy.approval_over"

    def __init__(self, identifier: str, why: str) -> None:
        """Say what became of it."""
        super().__init__(
            f"question {identifier} waits no longer: {why}. Nothing was changed. If it is asked "
            "again, it comes back under another id."
        )


class NotWhatWasShownError(RefusedError):
    """What a person approves is not what the question says now. Nothing was changed."""

    code = "policy.not_what_was_shown"

    def __init__(self, identifier: str) -> None:
        """Say what to read, and where what it is called by stands."""
        super().__init__(
            f"what is approved here is not what question {identifier} says now; nothing was "
            f"changed. Read it (`corridor node approvals {identifier}`), and approve what it ends "
            "with after `--shown`; in the console, load its page again."
        )


class CannotBeToldError(RefusedError):
    """Nobody can be told what the question would count, so nobody can approve it."""

    code = "policy.cannot_be_told"

    def __init__(self, identifier: str) -> None:
        """Say why that can be, and what is left to do."""
        super().__init__(
            f"what question {identifier} would count cannot be told in words: no charter is "
            "accepted here, or another one than it was asked under, or an older version asked it. "
            "So it cannot be approved; nothing was changed. It can be denied."
        )


class BadPersonNameError(InvalidInputError):
    """What should name a person cannot. Nothing was changed."""

    code = "policy.bad_person_name"

    def __init__(self, text: str) -> None:
        """Show it, and say what a name may be."""
        super().__init__(
            f"{text[:40]!r} names nobody: write 1 to 80 letters, digits, spaces, dots or "
            "dashes, as in Anna Petrova. Nothing was changed."
        )


class NotAnApproverError(NotAllowedError):
    """Who is to approve or deny has no account that may. Nothing was changed."""

    code = "policy.not_an_approver"

    def __init__(self, name: str) -> None:
        """Name the person, and what gives the right."""
        super().__init__(
            f"{name[:80]!r} has no account here that may approve; nothing was changed. An "
            "administrator gives the role: `corridor node people role NAME --role approver`."
        )


class ApprovalsUnavailableError(UnavailableError):
    """The file of waiting questions could not be read or written. Nothing was changed."""

    code = "policy.approvals_unavailable"

    def __init__(self, reason: str) -> None:
        """Pass on what the system said."""
        super().__init__(
            f"approvals.sqlite3: {reason}; nothing was changed, and no question that needs "
            "approval is answered. Make room, or see who may write there; if the file is damaged, "
            "move it away: questions are then asked and approved anew."
        )


class UnknownPolicyError(InvalidInputError):
    """No ready-made policy has this name. Nothing was changed."""

    code = "policy.unknown_ready_made"

    def __init__(self, name: str, known: str) -> None:
        """Name those there are."""
        super().__init__(
            f"{name[:40]!r} is no ready-made policy; there are {known}. Nothing was changed."
        )


class PolicyNotConfirmedError(RefusedError):
    """Nobody said yes to another policy. The old one stays."""

    code = "policy.not_confirmed"

    def __init__(self) -> None:
        """Say how to say yes."""
        super().__init__(
            "the policy was not changed, since nobody confirmed it; answer yes, or give --yes "
            "where nobody can be asked"
        )
