"""All attempts that this node is in: coordinator's messages in, this node's messages out.

No socket and no framework: `link` carries what `on_message` yields. Every error becomes a coded
refusal to the coordinator, an entry in the journal and a word in the status; a refusal after the
acceptance ends the attempt here, except where the message alone was wrong (out of order, a
repetition), which is ignored. A bug of ours travels up as it is, after the attempt was dropped.

What answers the sharers or a request for a figure, after which the case data are looked at, leaves
on a schedule: whoever carries it is told so by a `Hold` before the first piece
(`node.reply_schedule`).
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import structlog

from corridor.errors import CorridorError
from corridor.errors.ledger import TooManyFailedAttemptsError
from corridor.errors.node import NoSuchAttemptError, OutOfOrderError
from corridor.errors.policy import ApprovalsUnavailableError
from corridor.errors.region import ApprovalPendingError
from corridor.faults import Reached, go_on
from corridor.ids import Digest, SessionId
from corridor.node.attempt import Attempt, Clock
from corridor.node.journal import Journal
from corridor.node.ledger import Ledger
from corridor.node.question_desk import QuestionDesk
from corridor.node.reply_schedule import Hold, first_slot
from corridor.node.status import AttemptStatus, StatusBoard
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    MaskedInput,
    Proposal,
    Roster,
    Sharers,
    SurvivorSet,
    UnmaskRequest,
)
from corridor.protocols.witnesses import LedgerEntries
from corridor.transport.messages import (
    CoordinatorInSession,
    Dealings,
    Failed,
    NodeBody,
    NodeInSession,
    Progress,
    Refusal,
    Released,
    VectorChunk,
)

_log = structlog.get_logger()


Expect = Callable[[SessionId, Digest], None]
"""Hears of a release in which this node took part, and of its receipt: it must be in the tree."""


class Sessions:
    """The attempts of one connection. When the connection is lost, so are they: `drop_all`."""

    def __init__(
        self,
        *,
        desk: QuestionDesk,
        ledger: Ledger,
        journal: Journal,
        board: StatusBoard,
        clock: Clock,
        fresh_entries: Callable[[], Iterable[LedgerEntries]],
        hear_proposal: Callable[[Proposal], None],
        expect: Expect,
        replies_after: Callable[[], Fraction],
        reached: Reached = go_on,
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._journal = journal
        self._board = board
        self._clock = clock
        self._fresh_entries = fresh_entries
        self._hear_proposal = hear_proposal
        self._expect = expect
        self._replies_after = replies_after
        self._reached = reached
        self._attempts: dict[SessionId, Attempt] = {}
        self._slots: dict[SessionId, Fraction] = {}  # as they were when each was accepted

    def on_message(
        self, message: CoordinatorInSession
    ) -> Iterator[NodeInSession | LedgerEntries | Hold]:
        """What this node answers, in order; each piece may be sent as soon as it comes.

        Behind a `Hold` it may be sent at the next slot only, and its making goes on only then. The
        ledger's new entries go before the acceptance that states their head: the others can
        witness only what they hold.
        """
        session = message.session
        hold = self._hold_of(message)
        try:
            for body in self._answer(session, message):
                if isinstance(body, Acceptance):
                    yield from self._fresh_entries()
                yield body if isinstance(body, Hold) else NodeInSession(session, body)
        except OutOfOrderError as error:
            # A repetition, or a message of a round that is over: the state stays.
            _log.info("message.ignored", session=session.hex(), code=error.code)
        except CorridorError as error:
            yield from hold  # first: whatever becomes of the refusal, it is not seen before
            self._refuse(session, error)
            yield NodeInSession(session, Refusal(error.code, str(error)))
        except Exception:
            yield from hold
            self._drop(session)
            raise

    def left_late(self, session: SessionId, slot: float) -> None:
        """Note that counting took longer than the first slot, so that a later one was used."""
        _log.warning("reply.late", session=session.hex(), after_seconds=slot)
        self._journal.left_late(session, slot)

    def _hold_of(self, message: CoordinatorInSession) -> tuple[Hold, ...]:
        """What comes before any answer to this message that may have looked at the data."""
        if not isinstance(message.body, Sharers | FigureRequest):
            return ()
        attempt = self._attempts.get(message.session)
        after = self._slots.get(message.session, self._replies_after())
        return (first_slot(after, 0 if attempt is None else attempt.cells),)

    def _answer(
        self, session: SessionId, message: CoordinatorInSession
    ) -> Iterable[NodeBody | Hold]:
        match message.body:
            case Proposal() as proposal:
                return self._consider(session, proposal)
            case Progress() as progress:
                return self._show(progress)
            case Released() | Failed() | Refusal() as outcome:
                return self._end(session, outcome)
            case body:
                attempt = self._attempts.get(session)
                if attempt is None:
                    raise NoSuchAttemptError
                return self._take_part(attempt, body)

    def _consider(self, session: SessionId, proposal: Proposal) -> Iterator[NodeBody]:
        self._hear_proposal(proposal)  # of an attempt that runs, too: both words are evidence
        if session != proposal.header.session or session in self._attempts:
            raise OutOfOrderError("a proposal", "another attempt of this name")
        self._journal.proposed(proposal, self._desk.facts(proposal))
        considered = self._desk.consider(proposal)
        self._attempts[session] = considered.attempt
        self._slots[session] = self._replies_after()
        self._journal.accepted(session, considered.acceptance, considered.approval)
        self._board.show(
            attempt=AttemptStatus(
                question=proposal.header.question.hex()[:8],
                purpose=proposal.header.purpose,
                rho=str(proposal.header.rho),
                round="propose",
                since=self._clock(),
            )
        )
        self._reached("propose")
        yield considered.acceptance
        self._reached("accepted")

    def _take_part(
        self,
        attempt: Attempt,
        body: Roster | Dealings | Sharers | SurvivorSet | UnmaskRequest | FigureRequest,
    ) -> Iterator[NodeBody | Hold]:
        match body:
            case Roster():
                shares = attempt.on_roster(body)
                self._reached("share")
                yield shares
            case Dealings():
                opened = attempt.on_dealings(body.dealings)
                self._reached("opened")
                yield opened
            case Sharers():
                yield from self._counted(attempt, attempt.on_sharers(body))
            case FigureRequest():
                yield from self._counted(attempt, attempt.on_figure_request(body))
            case SurvivorSet():
                word = attempt.on_survivors(body)
                self._reached("consistency")
                yield word
                self._reached("signed")
            case UnmaskRequest():
                unmask = attempt.on_unmask_request(body)
                self._reached("unmask")
                yield unmask
                self._reached("unmasked")

    def _counted(
        self, attempt: Attempt, pieces: Iterator[bytes | MaskedInput | Figure]
    ) -> Iterator[NodeBody | Hold]:
        """The masked input or figure, whose first piece debits; from its slot on."""
        after = self._slots[attempt.session]
        self._reached("before-debit")
        for index, piece in enumerate(pieces):
            if index == 0:
                self._journal.let_out(attempt.session)
                self._reached("masked-input")
                yield first_slot(after, attempt.cells)
                attempt.demand_in_time()
            yield VectorChunk(index, piece) if isinstance(piece, bytes) else piece
            if index == 0:
                self._reached("chunk-sent")
        self._reached("masked-input-sent")

    def _show(self, progress: Progress) -> Iterable[NodeBody]:
        current = self._board.status.attempt
        if current is not None:
            self._board.show(
                attempt=AttemptStatus(
                    question=current.question,
                    purpose=current.purpose,
                    rho=current.rho,
                    round=progress.round.value,
                    since=self._clock(),
                    waiting_for=tuple(sorted(progress.missing)),
                )
            )
        return ()

    def _end(self, session: SessionId, outcome: Released | Failed | Refusal) -> Iterable[NodeBody]:
        attempt = self._attempts.get(session)
        if attempt is None:
            self._hear_end(session, outcome)
            return ()
        if isinstance(outcome, Released):
            words = f"answered as release {outcome.release}"
        else:
            words = f"failed ({outcome.code})"
        # The coordinator's word alone answers nothing: who says "released" without this node's
        # shares or figure could burn the allowance, one debit after the other.
        answered = isinstance(outcome, Released) and attempt.has_revealed
        self._close(attempt, failed=not answered)
        self._board.show(attempt=None, last=words)
        if isinstance(outcome, Released):
            self._journal.released(session, outcome.release, outcome.receipt)
            if attempt.debited:  # else the release is an earlier session's
                self._expect(session, outcome.receipt)
        else:
            self._journal.failed(session, outcome.code)
        return ()

    def _hear_end(self, session: SessionId, outcome: Released | Failed | Refusal) -> None:
        """An attempt is over that this node refused: its people are waited for no longer."""
        if isinstance(outcome, Failed) and outcome.code == ApprovalPendingError.code:
            return  # somebody's people still are
        try:
            self._desk.ask_no_more(session)
        except ApprovalsUnavailableError as error:  # it leaves their list by itself, a day later
            _log.warning("approvals.not_noted", session=session.hex(), code=error.code)

    def _refuse(self, session: SessionId, error: CorridorError) -> None:
        if isinstance(error, TooManyFailedAttemptsError):
            _log.error("attempts.too_many_failed", session=session.hex())
        _log.info("message.refused", session=session.hex(), code=error.code)
        self._drop(session)  # first: whatever the journal does, the secrets are gone
        self._journal.refused(session, error.code)
        self._board.show(last=f"refused ({error.code})")

    def drop_all(self) -> None:
        """Forget every attempt: the connection is gone, and with it this node's place in them."""
        for session in list(self._attempts):
            self._drop(session)

    def drop_expired(self) -> None:
        """Forget attempts whose deadline has passed without a word from the coordinator."""
        now = self._clock().timestamp()
        for session, attempt in list(self._attempts.items()):
            if attempt.header.finish_by < now:
                self._drop(session)
                self._journal.failed(session, "node.past_deadline")

    def _drop(self, session: SessionId) -> None:
        attempt = self._attempts.get(session)
        if attempt is not None:
            self._close(attempt, failed=True)
            self._board.show(attempt=None)

    def _close(self, attempt: Attempt, *, failed: bool) -> None:
        """Let the secrets go; release what was not debited, say whether what was had an answer.

        An attempt that failed before its debit cost nothing. Counted, a few evenings on which too
        few members were connected would silence the whole region.
        """
        del self._attempts[attempt.session]
        del self._slots[attempt.session]
        if not attempt.debited:
            self._ledger.release(attempt.session)
        elif failed:
            self._ledger.attempt_failed(attempt.session)
        else:
            self._ledger.answered(attempt.session)
