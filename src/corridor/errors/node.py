"""Errors of an authority's installation."""

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)


class HomeExistsError(RefusedError):
    """The folder holds a node already. Nothing was changed."""

    code = "node.home_exists"

    def __init__(self, folder: str) -> None:
        """Name the folder."""
        super().__init__(
            f"{folder}: there is a node in this folder already; name another with --home. "
            "Nothing was changed."
        )


class NoHomeError(NotFoundError):
    """The folder holds no node."""

    code = "node.no_home"

    def __init__(self, folder: str) -> None:
        """Name the folder and the command that makes a node."""
        super().__init__(
            f"{folder}: there is no node in this folder; name another with --home, or make one "
            "with `corridor node init --country CC`."
        )


class SettingsError(InvalidInputError):
    """A settings file of the node is not readable. Nothing was changed."""

    code = "node.settings"


class NotEnrolledError(RefusedError):
    """The node knows no coordinator yet. Nothing was changed."""

    code = "node.not_enrolled"

    def __init__(self) -> None:
        """Say which command comes first."""
        super().__init__(
            "this node is not enrolled yet; run `corridor node enrol INVITATION` with the file "
            "that the coordinator sent. Nothing was changed."
        )


class NoCharterError(RefusedError):
    """No charter was accepted here. Nothing was changed."""

    code = "node.no_charter"

    def __init__(self) -> None:
        """Say which command comes first."""
        super().__init__(
            "this node has accepted no charter; compare the members' fingerprints and run "
            "`corridor node accept --trust CC=FINGERPRINT …`. Nothing was changed."
        )


class SeriesStateLostError(DamagedError):
    """Whom a standing series counted so far is not on this disk. Nothing was reserved."""

    code = "node.series_state_lost"

    def __init__(self, series: str) -> None:
        """Name the series and the way back."""
        super().__init__(
            f"series {series}: who was counted in it so far is not in this node's folder, which "
            "may be an older copy; to go on would count people twice. Nothing was reserved. Put "
            "the newest copy of the folder `series` in its place, or let the series end."
        )


class SeriesLeftError(RefusedError):
    """This node has left a standing series. Nothing was reserved."""

    code = "node.series_left"

    def __init__(self, series: str) -> None:
        """Name the series."""
        super().__init__(
            f"series {series}: this node's operator has left it (`corridor node series --leave`), "
            "and takes no further part in it. Nothing was reserved."
        )


class TooManySeriesError(RefusedError):
    """This node keeps as many standing series as it may. Nothing was reserved."""

    code = "node.too_many_series"

    def __init__(self, most: int) -> None:
        """Say how many, and what makes room."""
        super().__init__(
            f"this node takes part in {most} standing series, and in no more. Nothing was "
            "reserved. Its operator can leave one that has ended: `corridor node series --leave`."
        )


class UnknownSeriesHereError(NotFoundError):
    """This node paid for no standing series of that name. Nothing was changed."""

    code = "node.unknown_series"

    def __init__(self, name: str) -> None:
        """Name the command that lists them."""
        super().__init__(
            f"no series {name[:40]!r} was paid for here; `corridor node series` lists those that "
            "were. Nothing was changed."
        )


class SeriesChangedError(RefusedError):
    """A release of a standing series is not like those before. Nothing was debited."""

    code = "node.series_changed"

    def __init__(self, series: str, what: str) -> None:
        """Name the series and what changed."""
        super().__init__(
            f"series {series}: {what} changed since it began, so its releases would no longer fit "
            "together. Nothing was debited; begin a new series."
        )


class EvaluationFailedError(UnavailableError):
    """The case data could not be counted. What was debited stays debited."""

    code = "node.evaluation_failed"

    def __init__(self) -> None:
        """Say as much as does not depend on the data."""
        super().__init__(
            "this node could not count its data; the attempt was left, and what was debited stays "
            "debited. Its operators find out why with `corridor node doctor`."
        )


class OtherCharterError(RefusedError):
    """The proposal is under another charter than the one accepted here. Nothing was reserved."""

    code = "node.other_charter"

    def __init__(self) -> None:
        """Say what an operator can do."""
        super().__init__(
            "the question is asked under another charter than the one this node accepted; "
            "nothing was reserved. If the region has a new charter, look at it with "
            "`corridor node accept --show`."
        )


class OtherPlanError(RefusedError):
    """The plan that this node compiled is not the plan proposed. Nothing was reserved."""

    code = "node.other_plan"

    def __init__(self) -> None:
        """Say what this may mean."""
        super().__init__(
            "this node compiles the question to another plan than the one proposed; nothing was "
            "reserved. Node and coordinator may run different versions; otherwise report it to "
            "the other members."
        )


class OtherQuestionError(RefusedError):
    """The question's bytes do not have the hash in the header. Nothing was reserved."""

    code = "node.other_question"

    def __init__(self) -> None:
        """Say what this may mean."""
        super().__init__(
            "the question is not the one whose hash the header names; nothing was reserved. "
            "Report it to the other members."
        )


class BadProposalError(RefusedError):
    """A field of the proposal header is not acceptable. Nothing was reserved."""

    code = "node.bad_proposal"


class LateProposalError(RefusedError):
    """The proposal's deadline has passed, or lies too far ahead. Nothing was reserved."""

    code = "node.late_proposal"


class ForgedProposalError(RefusedError):
    """The proposal does not carry the coordinator's signature. Nothing was reserved."""

    code = "node.forged_proposal"

    def __init__(self) -> None:
        """Say what this may mean."""
        super().__init__(
            "the proposal is not signed with the coordinator's key of the charter; nothing was "
            "reserved. Report it to the other members."
        )


class NoDataError(RefusedError):
    """The node has no edition to count. Nothing was reserved."""

    code = "node.no_data"

    def __init__(self) -> None:
        """Say which command comes first."""
        super().__init__(
            "this node holds no case data yet; nothing was reserved. Its operator can load some "
            "with `corridor node import FILE…`."
        )


class EditionChangedError(RefusedError):
    """Another edition became current during an attempt. What was reserved is released."""

    code = "node.edition_changed"

    def __init__(self) -> None:
        """Say that asking again helps."""
        super().__init__(
            "this node's data changed while the question was under way; it left the attempt "
            "before anything was sent. Ask again."
        )


class NoSuchAttemptError(RefusedError):
    """A message names an attempt that this node is not in. Nothing was changed."""

    code = "node.no_such_attempt"

    def __init__(self) -> None:
        """Say why that can be."""
        super().__init__(
            "this node is not in that attempt (it refused it, left it, or was restarted since)."
        )


class OutOfOrderError(RefusedError):
    """A message came in a round in which this node does not expect it. The state stays."""

    code = "node.out_of_order"

    def __init__(self, message: str, state: str) -> None:
        """Name the message and where the node stands."""
        super().__init__(f"{message} came while this node was at “{state}”; it was ignored.")


class PastDeadlineError(RefusedError):
    """The attempt's time is over. Nothing more leaves this node for it."""

    code = "node.past_deadline"

    def __init__(self) -> None:
        """Say what stays."""
        super().__init__(
            "the attempt's deadline has passed; nothing more leaves this node for it. What was "
            "debited stays debited."
        )


class FaultNotAllowedError(RefusedError):
    """`--fault` was given under a charter that is not marked synthetic. Nothing was started."""

    code = "node.fault_not_allowed"

    def __init__(self) -> None:
        """Say where it is allowed."""
        super().__init__(
            "--fault breaks a node on purpose and is accepted only under a charter marked "
            "synthetic; nothing was started."
        )


class UnknownFaultError(InvalidInputError):
    """`--fault` names no fault. Nothing was started."""

    code = "node.unknown_fault"

    def __init__(self, text: str, known: str) -> None:
        """Name what was given and what there is."""
        super().__init__(f"--fault {text}: unknown; give {known}.")


class CoordinatorUnreachableError(UnavailableError):
    """The coordinator did not answer. Nothing was changed."""

    code = "node.coordinator_unreachable"


class NotTheAcceptedCharterError(RefusedError):
    """The coordinator sent another charter than the one accepted here. The old one stays."""

    code = "node.not_the_accepted_charter"

    def __init__(self) -> None:
        """Say how to look at it."""
        super().__init__(
            "the coordinator sent another charter than the one accepted here; the charter in "
            "force until now stays. Look at it with `corridor node accept --show`."
        )


class OtherCoordinatorError(RefusedError):
    """The charter names another coordinator than the one enrolled with. Nothing was accepted."""

    code = "node.other_coordinator"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "the charter names another coordinator key than the one this node enrolled with; "
            "nothing was accepted. Tell the other members."
        )


class WrongFingerprintError(RefusedError):
    """A key in the charter is not the one that was confirmed. Nothing was signed."""

    code = "node.wrong_fingerprint"

    def __init__(self, country: str, given: str) -> None:
        """Show what was confirmed; what the charter lists is nothing to copy."""
        super().__init__(
            f"{country}: the charter lists another key than the one that you confirmed ({given}); "
            "nothing was signed. If you typed it right, somebody substituted a key: do not "
            "accept, and tell that authority by phone."
        )


class NotMyKeyError(RefusedError):
    """The charter lists this node with other keys, or not at all. Nothing was signed."""

    code = "node.not_my_key"

    def __init__(self, country: str) -> None:
        """Name the country."""
        super().__init__(
            f"the charter does not list {country} with this node's own keys, or not as those that "
            "follow its earlier ones; nothing was signed. If this folder is from before its keys "
            "were rotated, put a newer backup back; if new keys were given up, ask the coordinator "
            "for another charter. Else report it to the other members."
        )


class EnrolmentRefusedError(RefusedError):
    """The coordinator refused the enrolment; `code` and message are its own. Nothing was kept."""

    code = "node.enrolment_refused"

    def __init__(self, code: str, message: str) -> None:
        """Take over the coordinator's code and words."""
        super().__init__(message)
        self.code = code


class DamagedKeyError(DamagedError):
    """A key file of the node is missing or damaged. Nothing was changed."""

    code = "node.damaged_key"

    def __init__(self, name: str, problem: str) -> None:
        """Name the file and what to do."""
        remedy = (
            "Enrol again with a new invitation: that makes it anew, and changes nothing else."
            if name in {"tls.key", "tls.pem", "ca.pem"}
            else "A new key is a new member: the region must agree on a new charter."
        )
        super().__init__(
            f"keys/{name}: {problem}; nothing was changed. Restore it from a backup. {remedy}"
        )


class AlreadyServingError(RefusedError):
    """Another process serves this home already. Nothing was started."""

    code = "node.already_serving"

    def __init__(self) -> None:
        """Say how to see it."""
        super().__init__(
            "another process serves this node already, and two would spend from one ledger; "
            "nothing was started. `corridor node status` shows what it does."
        )


class NotRunningError(NotFoundError):
    """`serve` was never started here."""

    code = "node.not_running"

    def __init__(self) -> None:
        """Say which command starts it."""
        super().__init__("this node has never run; start it with `corridor node serve`")
