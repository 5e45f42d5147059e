"""Errors of a node's ledger, its journal, and what witnesses see of them."""

from fractions import Fraction

from corridor.errors import DamagedError, RefusedError, UnavailableError


class BrokenChainError(DamagedError):
    """A chained record is not as it was written. It was left as it is; nothing is answered."""

    code = "chain.broken"

    def __init__(self, chain: str, number: int, problem: str) -> None:
        """Name the chain and the entry."""
        super().__init__(
            f"{chain}: entry {number} {problem}. The file was left as it is, and this node answers "
            "nothing until it is restored. Keep a copy for the other members: it may be evidence."
        )


class LedgerDiskError(UnavailableError):
    """The ledger or journal could not be written. Nothing was added, and nothing may leave."""

    code = "ledger.disk"

    def __init__(self, chain: str, reason: str) -> None:
        """Name the chain and what the system said."""
        super().__init__(
            f"{chain}: {reason}. Nothing was added to it and nothing left this node; make room or "
            "check the rights of the folder, then start again."
        )


class SessionSeenError(RefusedError):
    """The session was used before. Nothing was reserved."""

    code = "ledger.session_seen"

    def __init__(self) -> None:
        """Say what this may mean."""
        super().__init__(
            "a session of this name was seen before, and each is answered once; nothing was "
            "reserved. If the coordinator repeats it, report it to the other members."
        )


class AllowanceSpentError(RefusedError):
    """The allowance does not suffice. Nothing was reserved."""

    code = "ledger.allowance_spent"

    def __init__(self, period: str, asked: Fraction, left: Fraction) -> None:
        """Say what was asked, what is left, and for which period."""
        super().__init__(
            f"the question costs ρ = {asked}, and {left} is left {period}; nothing was reserved. "
            "Ask for less accuracy or fewer cells, or wait for the next year. Existing releases "
            "stay available."
        )


class TooManyFailedAttemptsError(RefusedError):
    """Too many attempts failed today. Nothing was reserved."""

    code = "ledger.too_many_failed_attempts"

    def __init__(self, failed: int, under_way: int, lost: Fraction) -> None:
        """Say how many, what they cost, and when it goes on."""
        super().__init__(
            f"at this node {failed} attempts failed today at ρ = {lost}, or were not answered yet, "
            f"and {under_way} more are under way: as many, or as dear, as it bears; nothing was "
            "reserved. It goes on tomorrow (UTC) at the latest; find out why they failed: somebody "
            "may be burning the allowance on purpose."
        )


class NoReservationError(RefusedError):
    """There is no open reservation for the session. Nothing was debited."""

    code = "ledger.no_reservation"

    def __init__(self) -> None:
        """Say why that can be."""
        super().__init__(
            "there is no open reservation for this attempt (it was released at its deadline or at "
            "a restart, or is debited already); nothing was debited and nothing leaves."
        )


class LedgerForkError(RefusedError):
    """A member's ledger contradicts what it said before. The attempt was left; evidence is kept."""

    code = "ledger.fork"

    def __init__(self, country: str, problem: str) -> None:
        """Name the member and the contradiction."""
        super().__init__(
            f"the ledger of {country} contradicts what it said before: {problem}. This node does "
            "not take part; both statements are kept in witness.sqlite3. Tell that authority and "
            "the other members."
        )
