"""Errors of a node's ledger, its journal, and what witnesses see of them."""

from collections.abc import Sequence
from fractions import Fraction

from corridor.errors import DamagedError, InvalidInputError, RefusedError, UnavailableError


class BrokenChainError(DamagedError):
    """A chained record is not as it was written. It was left as it is; nothing is answered."""

    code = "chain.broken"

    def __init__(self, chain: str, number: int, problem: str) -> None:
        """Name the chain and the entry."""
        self.number, self.problem = number, problem
        super().__init__(
            f"{chain}: entry {number} {problem}. The file was left as it is, and this node answers "
            "nothing until it is restored. Keep a copy for the other members: it may be evidence."
        )


class LedgerBehindJournalError(DamagedError):
    """The ledger lacks what the journal remembers of it. It was left as it is; nothing is answered.

    An older ledger would hand out the allowance again that was spent since.
    """

    code = "ledger.behind_journal"

    def __init__(self, session: str) -> None:
        """Name the attempt that is missing."""
        super().__init__(
            f"ledger.sqlite3: attempt {session} costs nothing there, and journal.sqlite3 says that "
            "its input was let out: the ledger's end was cut off, or an older copy was put back. "
            "Both files were left as they are. Put the newest ledger back in its place; `corridor "
            "node serve` fetches what the other members hold of it, and answers nothing before."
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


class SeriesOutOfOrderError(RefusedError):
    """It is not this release's turn in its standing series. Nothing was reserved."""

    code = "ledger.series_out_of_order"

    def __init__(self, period: int, last: int) -> None:
        """Name both releases."""
        known = f"the last one here was release {last}" if last else "it has none here yet"
        super().__init__(
            f"release {period} of this series cannot be made: {known}, and they come one after the "
            "other from the first. Nothing was reserved. A country that was not in the first "
            "release takes part in the next series."
        )


class OtherSeriesPriceError(RefusedError):
    """A release of a standing series was proposed at another ρ. Nothing was reserved."""

    code = "ledger.other_series_price"

    def __init__(self, rho: Fraction, paid: Fraction) -> None:
        """Name both."""
        super().__init__(
            f"this series was paid for at ρ = {paid} for all of its releases, and this one was "
            f"proposed at {rho}. Nothing was reserved; report it to the coordinator's staff."
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


class ApprovalUsedError(RefusedError):
    """Another reservation rests on the approval already. Nothing was reserved."""

    code = "ledger.approval_used"

    def __init__(self) -> None:
        """Say how there can be another."""
        super().__init__(
            "the approval of this question was used for another attempt; nothing was reserved. "
            "Proposed again, the question waits for people anew."
        )


class PriceRisenError(RefusedError):
    """The attempt costs more than what people approved. Nothing was reserved."""

    code = "ledger.price_risen"

    def __init__(self, price: Fraction, approved: Fraction) -> None:
        """Name both, and say what comes next."""
        super().__init__(
            f"the attempt would cost ρ = {price} now, and people of this node's authority approved "
            f"ρ = {approved}; nothing was reserved. Proposed again, the question waits for them "
            "anew, at what it costs then."
        )


class ShareSpentError(RefusedError):
    """The asker's share of the year's allowance does not suffice. Nothing was reserved."""

    code = "ledger.share_spent"

    def __init__(self, of: str, year: int, asked: Fraction, left: Fraction) -> None:
        """Say whose share, what was asked and what is left of it."""
        super().__init__(
            f"the question costs ρ = {asked}, and {left} is left in {year} of the share that this "
            f"authority gives {of}; nothing was reserved. Ask for less accuracy or fewer cells, or "
            "wait for the next year; the authority's policy.toml sets the shares."
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
    """A member's ledger contradicts what it said before. It is not witnessed; evidence is kept."""

    code = "ledger.fork"

    def __init__(self, country: str, problem: str) -> None:
        """Name the member and the contradiction."""
        super().__init__(
            f"the ledger of {country} contradicts what it said before: {problem}. This node does "
            "not witness it; both of its words are kept (`corridor node evidence`). Tell that "
            "authority and the other members."
        )
        self.country = country


class EquivocationError(RefusedError):
    """The coordinator signed two different words about one thing. Nothing was reserved."""

    code = "coordinator.equivocated"

    def __init__(self, subject: str) -> None:
        """Say about what."""
        super().__init__(
            f"the coordinator signed two different words about one {subject}; nothing was "
            "reserved. Both are kept (`corridor node evidence`): show them to the other members."
        )


class NoCoordinatorWordError(InvalidInputError):
    """A line is not a word that this region's coordinator signed. Nothing was kept."""

    code = "evidence.no_word"

    def __init__(self, problem: str) -> None:
        """Say why not."""
        super().__init__(
            "a line is no word of the coordinator; nothing of the file was kept. Ask the member "
            f"for what `corridor node evidence --heard FILE` writes there. {problem}"
        )


class ProvesNothingError(InvalidInputError):
    """Two words convict nobody: they are forged, or can both be true. Nothing was kept of them."""

    code = "evidence.proves_nothing"

    def __init__(self, problem: str) -> None:
        """Say why not."""
        super().__init__(
            "two words that were shown as a contradiction convict nobody, and nothing of them was "
            f"kept: {problem}. It says nothing against whoever handed them on: they may have been "
            "changed on the way. Ask that member for what `corridor node evidence --out FILE` "
            "writes there."
        )


class ContradictionsError(DamagedError):
    """Signed words that contradict each other are on record. They were left as they are."""

    code = "ledger.contradictions"

    def __init__(self, count: int) -> None:
        """Say how many, and how to see them."""
        super().__init__(
            f"{count} contradictions of members or of the coordinator are on record; look at them "
            "with `corridor node evidence`, and show them to the other members."
        )


class UnknownEntriesError(UnavailableError):
    """Entries of a member's ledger were not received. Nothing was kept; it is not witnessed."""

    code = "ledger.unknown_entries"

    def __init__(self, country: str, number: int) -> None:
        """Name the member and the entry."""
        super().__init__(
            f"the ledger of {country}: the entries up to {number} were not received, so this node "
            "does not witness it. They are asked for at the next connection; if this stays, ask "
            "the coordinator why it withholds them."
        )


class LedgerTooLongError(RefusedError):
    """A member's ledger takes more room than any may. Its new entries were not kept."""

    code = "ledger.too_long"

    def __init__(self, country: str, number: int) -> None:
        """Name the member and the entry."""
        super().__init__(
            f"the ledger of {country} would take more room here than any member's may; entry "
            f"{number} and those behind it were not kept, and this node does not witness them. No "
            "node makes so many by answering questions: ask that authority what its node is doing."
        )


class ForgedAnswerError(RefusedError):
    """An answer about this node's ledger is not the member's that it names. It was not used."""

    code = "ledger.forged_answer"

    def __init__(self, country: str) -> None:
        """Name the member."""
        super().__init__(
            f"the answer of {country} about this node's ledger is not signed by that member under "
            "the charter that this node lives by; it was not used. If both have the same version "
            "in force, tell the coordinator and that authority."
        )


class NotWitnessedError(UnavailableError):
    """Too few members confirmed this node's ledger since it started. Nothing was reserved."""

    code = "ledger.not_witnessed"

    def __init__(self, found: int, needed: int, lacking: Sequence[str] = ()) -> None:
        """Say how many did, how many must, and of which earlier members too few did."""
        before = ""
        if lacking:
            before = (
                " The members are others than before, and too few of those who knew this ledger "
                f"then have confirmed it: {', '.join(lacking)} did not yet."
            )
        super().__init__(
            f"{found} of the {needed} members that must confirm this node's ledger after a start "
            f"have done so; nothing was reserved.{before} It goes on when enough of them are "
            "connected."
        )


class OwnForkError(RefusedError):
    """The members hold another history of this node's ledger. Nothing was reserved."""

    code = "ledger.own_fork"

    def __init__(self, contradicting: str) -> None:
        """Name who holds another history, and what to do."""
        super().__init__(
            f"{contradicting} hold another history of this node's ledger, and too few are left to "
            "witness this one: another copy of this node runs, or a backup was restored. Nothing "
            "was reserved, and no question is answered here. Stop every other copy; then stop this "
            "one, keep ledger.sqlite3 elsewhere, and start without it: the node takes its ledger "
            "back from the members."
        )
