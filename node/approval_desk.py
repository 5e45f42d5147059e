"""Decides what waits for people of the authority, and what they have approved.

A question whose rule says `ask` passes when an approval is bound to exactly it, enough different
people gave it, nobody denied it, its time is not over and the ledger knows of no reservation that
rests on it. Else it is kept, and refused: the coordinator may propose it again.

    proposal ── an approval fits ─────▶ its id, which goes into the ledger's `reserve` entry
        ├────── somebody denied it ───▶ refused
        └────── else ─────────────────▶ kept once for each binding; refused

Only the word of somebody who may approve *now* counts: an account that was locked, begun anew or
given other roles since lets nothing out. A denial counts whoever said it. Once ρ is reserved, the
desk looks again (`demand_again`): a denial of the same moment is seen there, or comes too late.

So one approval gives one answer at most. Until the node debits, the approval is not lost: an
attempt that fails before gives it back with the reservation, and a kill before the reservation
leaves it as it was. A kill between reservation and debit costs it, as it costs the ρ.

Who a person is, the caller says: the console knows its accounts, a command is told. Whoever can
read the home's keys can act for anyone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from corridor.errors.policy import DeniedError, WaitingForApprovalError
from corridor.ids import SessionId
from corridor.node.approvals import (
    ID_BYTES,
    ApprovalBook,
    Asked,
    Counts,
    PersonName,
    Standing,
    Waiting,
    Word,
)
from corridor.node.attempt import Clock
from corridor.node.journal import Journal
from corridor.node.policy import ApprovalTerms
from corridor.protocols.suite import RandomBytes

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDesk:
    """Asks people, and hears them.

    Attributes:
        is_used: whether the ledger holds a reservation that rests on the approval of this id.
        counting: gives, read anew, which approvals count.
    """

    book: ApprovalBook
    journal: Journal
    is_used: Callable[[str], bool]
    counting: Callable[[], Counts]
    clock: Clock
    random_bytes: RandomBytes

    def demand(
        self, asked: Asked, session: SessionId, *, needs: int, terms: ApprovalTerms
    ) -> Waiting:
        """The approval that lets this question through.

        Raises:
            WaitingForApprovalError: there is none yet; the question waits.
            DeniedError: a person denied it.
            TooManyWaitingError: too many others wait. Nothing was kept.
            ApprovalsUnavailableError, LedgerDiskError: it could not be kept.
        """
        now, counts = self._now(), self.counting()
        # What newer data or another charter ended gives its place to others.
        self.book.end_others(asked.edition, asked.charter)
        open_one: Waiting | None = None
        for one in self.book.bound_to(asked.binding):
            if one.needs != needs:
                self.book.need(one.id, needs)
            found = replace(one, needs=needs, session=session, last=now).heard_by(counts)
            match found.standing(now, is_used=self.is_used(one.id)):
                case Standing.APPROVED:
                    self.book.ask_again(one.id, session, now)
                    return found
                case Standing.DENIED:
                    raise DeniedError
                case Standing.WAITING:
                    self.book.ask_again(one.id, session, now)
                    open_one = found
                case _:
                    pass
        if open_one is None:
            open_one = self._keep(asked, session, needs, terms, now)
        raise WaitingForApprovalError(len(open_one.approvers), needs)

    def ask_no_more(self, session: SessionId) -> None:
        """Hear that what waits since this session is over for whoever asked.

        Raises:
            ApprovalsUnavailableError: it could not be noted; it leaves the list a day later.
        """
        self.book.ask_no_more(session)

    def demand_again(self, identifier: str) -> None:
        """See that what was approved still is, after ρ was reserved on it.

        Raises:
            DeniedError: a person denied it meanwhile.
            WaitingForApprovalError: somebody who approved it may no longer do so.
            ApprovalsUnavailableError: it cannot be read. The caller gives the reservation back.
        """
        found = self.book.settled(identifier).heard_by(self.counting())
        if found.is_denied:
            raise DeniedError
        if not found.is_enough:
            raise WaitingForApprovalError(len(found.approvers), found.needs)

    def approve(self, identifier: str, person: PersonName) -> Waiting:
        """Let a person approve a question; with enough of them it passes when it comes again.

        Raises:
            UnknownApprovalError, ApprovalOverError, SamePersonError: nothing was changed.
        """
        return self._say(identifier, person, approves=True)

    def deny(self, identifier: str, person: PersonName) -> Waiting:
        """Let a person deny a question, approved or not, as long as it was not used.

        Raises:
            UnknownApprovalError, ApprovalOverError: nothing was changed.
        """
        return self._say(identifier, person, approves=False)

    def standing(self, waiting: Waiting) -> Standing:
        """What became of a question."""
        return self._standing(waiting, self.counting())

    def _standing(self, waiting: Waiting, counts: Counts) -> Standing:
        heard = waiting.heard_by(counts)
        return heard.standing(self._now(), is_used=self.is_used(waiting.id))

    def standings(self) -> Mapping[str, Standing]:
        """What became of every question, by its id."""
        counts = self.counting()
        return {one.id: self._standing(one, counts) for one in self.book.all()}

    def _keep(
        self, asked: Asked, session: SessionId, needs: int, terms: ApprovalTerms, now: int
    ) -> Waiting:
        waiting = Waiting(
            id=self.random_bytes(ID_BYTES).hex(),
            asked=asked,
            session=session,
            since=now,
            until=now + terms.valid_days * DAY_SECONDS,
            last=now,
            needs=needs,
            words=(),
        )
        self.book.keep(
            waiting,
            terms.most_waiting,
            lambda kept: self.journal.waits(session, kept.id, kept.asked.binding, needs),
        )
        return waiting

    def _say(self, identifier: str, person: PersonName, *, approves: bool) -> Waiting:
        identifier = self.book.find(identifier).id
        word = Word(person, approves, self._now())

        def record(said: Waiting) -> None:
            if approves:
                self.journal.approved(
                    said.id, said.asked.binding, person, len(said.approvers), said.needs
                )
            else:
                self.journal.denied(said.id, said.asked.binding, person)

        return self.book.say(
            identifier, word, is_used=self.is_used, counts=self.counting(), record=record
        )

    def _now(self) -> int:
        return int(self.clock().timestamp())
