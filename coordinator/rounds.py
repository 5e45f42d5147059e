"""Answers the questions that wait, one attempt after the other.

    next_question → propose to who is ready → the rounds (`attempt`) → publish | fail
                                                     the checkpoint to all ◀───┘

One attempt at a time: every node debits for one question after the other, and the ledger
statement in an acceptance says all that came before. A failed attempt is not repeated by itself;
it may have cost ρ, so that is the analyst's choice.

The proposal goes to the members of the charter in force that are connected, have accepted that
charter, have data and a ledger that enough others confirmed, but for those that are held out since
an attempt proved that they lied. For figures of single countries (scope per-country) one of them is
enough. If a release with exactly the roster's participants and editions exists, the attempt ends
before anything is debited, and the question gets that release.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import structlog

from corridor.coordinator.attempt import Attempt, Patience, Sum, Surroundings
from corridor.coordinator.attempts import (
    BEFORE_DEBIT,
    AttemptProgress,
    AttemptRecord,
    Failure,
    NotInvited,
    Progress,
    Publication,
    QueuedQuestion,
)
from corridor.coordinator.charter_desk import CharterDesk
from corridor.coordinator.connections import Connections
from corridor.coordinator.country_attempt import CountryAttempt, Figures
from corridor.coordinator.home import Deadlines
from corridor.coordinator.presence import PresenceRecord
from corridor.coordinator.remedies import remedies
from corridor.coordinator.seeing import DROPPED_OUT, NOT_DEBITED, SAYS_IT_STAYS, STAYS_DEBITED
from corridor.coordinator.waiting import WaitingRecord
from corridor.coordinator.witness import WitnessRecord
from corridor.errors import CorridorError
from corridor.errors.region import (
    ApprovalPendingError,
    AttemptBrokeError,
    CharterChangedError,
    CoordinatorRestartedError,
    QuestionCancelledError,
    SeriesMembersMissingError,
    TooFewConnectedError,
)
from corridor.errors.secure_sum import TooFewLeftError
from corridor.faults import Reached, go_on
from corridor.ids import CountryCode, Digest, PublicKey, SessionId
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.receipts import receipt_digest
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    AttemptParameters,
    Proposal,
    ProposalHeader,
    Roster,
    Scope,
)
from corridor.protocols.suite import RandomBytes, Sign, Suite, Verify
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import make_domains
from corridor.queries.parameters import (
    attempt_parameters,
    country_parameters,
    fewest_nodes,
)
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question, parse_question
from corridor.transport.messages import CoordinatorBody, Failed, Released, Round

_log = structlog.get_logger()

LOOK_SECONDS = 0.5
"""How often it is looked whether enough nodes are connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A question whose turn it is, compiled under the charter in force.

    Attributes:
        members: of a later release of a standing series, who has to take part; else None.
    """

    queued: QueuedQuestion
    charter: Charter
    question: Question
    plan: Plan
    rho: Rho
    members: frozenset[CountryCode] | None = None

    def parameters_for(self, roster_size: int) -> AttemptParameters:
        """The numbers of an attempt with that many participants.

        Raises:
            SeriesMembersMissingError: fewer than have to take part.
        """
        if self.members is not None and roster_size != len(self.members):
            raise SeriesMembersMissingError(())
        return attempt_parameters(self.charter, self.plan, self.rho, roster_size)

    @property
    def scope(self) -> Scope:
        """Whose figures are asked."""
        return Scope(self.queued.scope)

    @property
    def fewest(self) -> int:
        """With fewer connected members there is no attempt."""
        return fewest_nodes(self.charter, self.scope)


@dataclass(frozen=True, slots=True)
class Invited:
    """Who is asked to take part, with their signing keys, and why every other member is not."""

    keys: dict[CountryCode, PublicKey]
    others: dict[CountryCode, NotInvited]


AfterRelease = Callable[[], Awaitable[None]]
"""Shows the members the new checkpoint; never raises a CorridorError."""

Publish = Callable[[Prepared, Proposal, Sum | Figures], Publication]
"""Makes the release and its receipts; a sum's receipt for members is on disk afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Runs attempts until it is cancelled.

    Attributes:
        wake: is set whenever a question was asked.
        series_members: of a later release of a standing series, who has to take part.
        suites: gives the suite that a charter names.
        now: seconds since 1970 UTC.
        reached: hears the points of `coordinator.faults`.
    """

    record: AttemptRecord
    waiting: WaitingRecord
    charters: CharterDesk
    presence: PresenceRecord
    witness: WitnessRecord
    connections: Connections
    progress: Progress
    catalogue: Catalogue
    publish: Publish
    series_members: Callable[[Question], frozenset[CountryCode] | None]
    after_release: AfterRelease
    suites: Callable[[str], Suite]
    sign: Sign
    verify: Verify
    random_bytes: RandomBytes
    deadlines: Deadlines
    spool: Path
    now: Callable[[], int]
    wake: asyncio.Event
    reached: Reached = go_on

    async def run(self) -> None:
        """Answer what waits; then wait for the next question."""
        while True:
            self.wake.clear()
            try:
                while await self._answer_next():
                    pass
            except CorridorError as error:
                # The database could not be written. What runs is reported failed once it can be.
                _log.error("rounds.stuck", code=error.code)
                await asyncio.sleep(1)
                self.wake.set()
            await self.wake.wait()

    async def _answer_next(self) -> bool:
        await asyncio.to_thread(self.record.recover, interrupted)
        queued = await asyncio.to_thread(self.record.next_question)
        if queued is None:
            return False
        wait = await asyncio.to_thread(self.waiting.of, queued.id)
        patient = self.now() < wait.until
        try:
            prepared = await asyncio.to_thread(self._prepare, queued)
            invited = await self._wait_for_nodes(prepared, is_again=patient and wait.tries > 0)
            if patient and not wait.countries <= invited.keys.keys():
                raise ApprovalPendingError(wait.countries)
        except CorridorError as error:
            away = TooFewConnectedError | SeriesMembersMissingError | ApprovalPendingError
            if patient and wait.tries and isinstance(error, away):
                # Who is away tonight may be back tomorrow, before its people have answered.
                await asyncio.to_thread(self.waiting.wait, None, queued.id, wait.countries, None)
                return True
            _log.info("question.refused", question=queued.id, code=error.code)
            missing = tuple(sorted(getattr(error, "missing", ())))
            failure = Failure(
                code=error.code, message=str(error), round=Round.PROPOSE.value, missing=missing
            )
            await asyncio.to_thread(self.record.refuse, queued.id, failure)
            return True
        patience = Patience(wait.countries, prepared.fewest) if patient else None
        try:
            outcome = await self._attempt(prepared, invited, patience)
        except QuestionCancelledError:
            return True
        if isinstance(outcome, Released):
            await self.after_release()
        return True

    def _prepare(self, queued: QueuedQuestion) -> Prepared:
        charter = self.charters.in_force()
        if charter.digest != queued.charter:
            raise CharterChangedError
        question = parse_question(queued.question)
        plan = compile_plan(question, make_domains(self.catalogue, charter))
        return Prepared(
            queued=queued,
            charter=charter,
            question=question,
            plan=plan,
            rho=Rho(Fraction(queued.rho)),
            members=self.series_members(question),
        )

    async def _wait_for_nodes(self, prepared: Prepared, *, is_again: bool) -> Invited:
        """Who can be asked; after a restart nodes need a moment to come back.

        A question that waited for people can wait again, and holds nobody up.

        Raises:
            TooFewConnectedError, SeriesMembersMissingError: even after as long as a proposal stays
                open, too few were there, or one without whom a series cannot go on was not.
        """
        held_out = await asyncio.to_thread(self.record.held_out)
        looks = 0 if is_again else ceil(self.deadlines.propose / LOOK_SECONDS)
        for _ in range(looks):
            try:
                return self._invited(prepared, held_out)
            except (TooFewConnectedError, SeriesMembersMissingError):
                await asyncio.sleep(LOOK_SECONDS)
        return self._invited(prepared, held_out)

    def _invited(self, prepared: Prepared, held_out: frozenset[CountryCode]) -> Invited:
        """Signing keys of the members that can be asked now, and why the others cannot.

        Raises:
            TooFewConnectedError: fewer than are wanted.
            SeriesMembersMissingError: one that has to take part cannot.
        """
        charter, fewest, members = prepared.charter, prepared.fewest, prepared.members
        live = self.connections.live

        def hindrance(country: CountryCode) -> NotInvited | None:
            if members is not None and country not in members:
                return NotInvited.NOT_IN_SERIES
            if country in held_out:
                return NotInvited.HELD_OUT
            if country not in live:
                return NotInvited.AWAY
            standing = live[country].standing
            if standing.charter != charter.digest:
                return NotInvited.OTHER_CHARTER
            if standing.edition is None:
                return NotInvited.NO_DATA
            return None if standing.witnessed else NotInvited.NOT_WITNESSED

        why = {country: hindrance(country) for country in sorted(charter.signing_keys)}
        ready = {c: key for c, key in charter.signing_keys.items() if why[c] is None}
        others = {country: reason for country, reason in why.items() if reason is not None}
        if members is not None and not members <= set(ready):
            raise SeriesMembersMissingError(members - set(ready))
        if len(ready) < fewest:
            raise TooFewConnectedError(ready, others, fewest, held_out & set(charter.signing_keys))
        return Invited(ready, others)

    async def _attempt(
        self, prepared: Prepared, invited: Invited, patience: Patience | None
    ) -> CoordinatorBody:
        session = SessionId(self.random_bytes(16))
        queued = prepared.queued
        await asyncio.to_thread(
            self.record.begin,
            session,
            queued.id,
            Round.PROPOSE.value,
            invited=invited.keys,
            not_invited=invited.others,
        )
        self.reached("begun")
        proposal = self._propose(prepared, session)
        kind = Attempt if prepared.scope is Scope.REGIONAL else CountryAttempt
        attempt = kind(
            proposal,
            invited.keys,
            prepared.parameters_for,
            self._surroundings(session, queued.id, prepared.charter),
            prepared.plan.measurement,
            patience=patience,
        )
        _log.info(
            "attempt.began", session=session.hex(), question=queued.id, nodes=len(invited.keys)
        )
        unrecorded = CoordinatorRestartedError()
        outcome: CoordinatorBody = Failed(unrecorded.code, str(unrecorded), frozenset())
        try:
            outcome = await self._run(prepared, attempt, session)
        except ApprovalPendingError as error:
            missing = frozenset(map(CountryCode, error.missing))
            await asyncio.to_thread(self.waiting.wait, session, queued.id, missing, attempt.ending)
            _log.info("attempt.waits", session=session.hex(), missing=sorted(missing))
            outcome = Failed(error.code, str(error), missing)
        except CorridorError as error:
            outcome = await self._fail(attempt, session, queued.id, error)
        except asyncio.CancelledError:
            if patience and patience.first and attempt.round is Round.PROPOSE:
                self.waiting.wait(session, queued.id, patience.first, attempt.ending)
            else:
                outcome = self._fail_now(attempt, session, queued.id, unrecorded)
            raise
        except Exception:  # noqa: BLE001 - the outermost loop: the coordinator goes on
            reference = self.random_bytes(4).hex()
            _log.exception("attempt.broke", session=session.hex(), reference=reference)
            outcome = await self._fail(attempt, session, queued.id, AttemptBrokeError(reference))
        finally:
            attempt.finish(outcome)
            self.progress.tell(None)
        return outcome

    async def _run(
        self, prepared: Prepared, attempt: Attempt, session: SessionId
    ) -> CoordinatorBody:
        queued = prepared.queued

        async def reusable(roster: Roster) -> str | None:
            editions = {one.country: one.edition for one in roster.acceptances}
            return await asyncio.to_thread(
                self.record.release_for, queued.digest, queued.rho, queued.scope, editions
            )

        outcome: Sum | Figures | str
        if isinstance(attempt, CountryAttempt):
            alone = country_parameters(prepared.charter, prepared.plan, prepared.rho)
            outcome = await attempt.run_figures(alone, reusable)
        else:
            outcome = await attempt.run(reusable)
        if isinstance(outcome, str):
            await asyncio.to_thread(self.record.reuse, session, queued, outcome, attempt.ending)
            _log.info("attempt.reused", session=session.hex(), release=outcome)
            return Released(outcome, await asyncio.to_thread(self._receipt_digest, outcome))
        self.reached("unmasked")
        publication = await asyncio.to_thread(self.publish, prepared, attempt.proposal, outcome)
        self.reached("receipt")
        await asyncio.to_thread(self.record.publish, queued, publication, attempt.ending)
        self.reached("published")
        _log.info(
            "attempt.released", session=session.hex(), survivors=len(publication.participants)
        )
        return Released(publication.id, receipt_digest(publication.receipt))

    async def _fail(
        self, attempt: Attempt, session: SessionId, question: str, error: CorridorError
    ) -> Failed:
        return await asyncio.to_thread(self._fail_now, attempt, session, question, error)

    def _fail_now(
        self, attempt: Attempt, session: SessionId, question: str, error: CorridorError
    ) -> Failed:
        failure = describe(attempt, error)
        self.record.fail(session, question, failure, attempt.ending)
        _log.info(
            "attempt.failed",
            session=session.hex(),
            code=failure.code,
            round=failure.round,
            missing=list(failure.missing),
        )
        return Failed(failure.code, failure.message, frozenset(failure.missing))

    def _propose(self, prepared: Prepared, session: SessionId) -> Proposal:
        now = self.now()
        queued = prepared.queued
        header = ProposalHeader(
            protocol=PROTOCOL_VERSION,
            charter=prepared.charter.digest,
            session=session,
            question=prepared.question.digest,
            plan=prepared.plan.digest,
            rho=prepared.rho.value,
            scope=Scope(queued.scope),
            suite=prepared.charter.suite,
            purpose=queued.purpose,
            organisation=queued.organisation,
            accept_by=now + ceil(self.deadlines.propose),
            finish_by=now + ceil(self.deadlines.total),
        )
        return Proposal(header, queued.question, self.sign(header.to_sign()))

    def _surroundings(self, session: SessionId, question: str, charter: Charter) -> Surroundings:
        def on_progress(
            name: Round,
            since: int,
            missing: frozenset[CountryCode],
            answered: frozenset[CountryCode],
        ) -> None:
            self.progress.tell(
                AttemptProgress(
                    question, name.value, since, tuple(sorted(missing)), tuple(sorted(answered))
                )
            )

        return Surroundings(
            connections=self.connections,
            suite=self.suites(charter.suite),
            verify=self.verify,
            witness=lambda said: self.witness.keep(said, charter.member(said.country).signing_key),
            on_round=lambda name, answered: self.record.enter(session, name.value, answered),
            on_progress=on_progress,
            deadlines=self.deadlines,
            spool=self.spool,
            now=self.now,
            members=charter.signing_keys,
            quorum=charter.quorum,
            reached=self.reached,
        )

    def _receipt_digest(self, release: str) -> Digest:
        return receipt_digest(self.record.receipt(release))


def describe(attempt: Attempt, error: CorridorError) -> Failure:
    """What failed, in which round, who was missing, and whether anything may have been debited."""
    reasons, advice = attempt.reasons, ""
    message = str(error)
    if isinstance(error, TooFewLeftError) and reasons:
        message = error.happened
        advice = remedies({country: one.code for country, one in reasons.items()}, attempt.missing)
    says_it_stays = SAYS_IT_STAYS in message  # in our words; a member's come now
    if reasons:
        listed = ", ".join(f"{country} ({why})" for country, why in reasons.items())
        message += f"{DROPPED_OUT}{listed}."
    if attempt.round in BEFORE_DEBIT:
        message += NOT_DEBITED
    elif not says_it_stays:
        message += STAYS_DEBITED
    return Failure(
        code=error.code,
        message=f"{message} {advice}".rstrip(),
        round=attempt.round.value,
        missing=tuple(sorted(attempt.missing)),
    )


def interrupted(round_name: str) -> Failure:
    """What is reported of an attempt that the coordinator did not live to see the end of."""
    error = CoordinatorRestartedError()
    return Failure(code=error.code, message=str(error), round=round_name, missing=())
