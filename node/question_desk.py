"""Decides whether this node takes part in an attempt.

A proposal is believed in nothing. In this order:

1. the coordinator signed it, with the key in the charter that this node's operator accepted;
2. protocol version, charter and suite are this node's own;
3. the deadlines lie ahead, and not far ahead;
4. the question has the hash in the header, is canonical, and compiles *here* to the plan whose
   hash is in the header (a question changed after it was approved fails here, ATTACKS 43);
5. ρ is positive and below the charter's ceiling;
6. there is an edition, and the policy allows the question, in this scope, or wants people to
   approve it; no field of the message can switch that off (ATTACKS 44);
7. enough members confirmed this node's ledger since it started;
8. where people have to approve, an approval is bound to exactly this, and to what the ledger takes
   for it (`node.approval_desk`); else the question waits for them;
9. the ledger has never seen the session, has the allowance, takes no more than was approved, and
   knows of no other reservation that rests on the approval: it **reserves ρ**, and gives it back if
   the approval was taken back in the same moment.

Until step 9 nothing is changed but that a question waits, and after it the reservation is released
at the deadline unless the debit follows. Each step raises its own coded error, which is all that
the coordinator hears.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

from corridor.errors import CorridorError
from corridor.errors.node import (
    BadProposalError,
    ForgedProposalError,
    LateProposalError,
    NoDataError,
    OtherCharterError,
    OtherPlanError,
    OtherQuestionError,
    SeriesChangedError,
    SeriesStateLostError,
)
from corridor.ids import CountryCode, Digest, EditionId, SessionId
from corridor.node.approval_desk import ApprovalDesk
from corridor.node.approvals import asked_of
from corridor.node.attempt import Attempt, Surroundings
from corridor.node.evaluation import count_new, evaluate
from corridor.node.ledger import Ledger, SeriesPart
from corridor.node.policy import AGE_FIELDS, ConsentRule, Policy, QuestionFacts
from corridor.node.series_book import Keys, SeriesBook, Terms, nobody
from corridor.node.shares import Asker
from corridor.node.store import EditionStore
from corridor.privacy.rho import Rho
from corridor.protocols import canonical, figures
from corridor.protocols.canonical import digest, fraction_text
from corridor.protocols.secure_sum import node as states
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    Acceptance,
    AttemptParameters,
    Proposal,
    ProposalHeader,
    Scope,
)
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters, check_rho, country_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.predicates import atoms
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Question,
    Sum,
    TableQuestion,
    Turn,
    parse_question,
    series_name,
)

LONGEST_ATTEMPT = timedelta(hours=1)
"""A proposal that wants to hold a reservation for longer is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A proposal that passed: the attempt, and what the node answers.

    Attributes:
        approval: the id of what people approved; None where they did not have to.
    """

    attempt: Attempt
    acceptance: Acceptance
    approval: str | None = None


@dataclass(slots=True)
class _Edition:
    """One edition, to be counted for one plan under one rule of consent."""

    plan: Plan
    store: EditionStore
    edition: EditionId
    consent: ConsentRule

    def demand_there(self) -> None:
        self.store.demand_there(self.edition)

    def settle(self, parameters: AttemptParameters) -> None:
        """Hear the numbers of the attempt, once its roster is known."""

    @property
    def size(self) -> int:
        return self.plan.size

    def sent(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return self.plan.sent(x)

    def evaluate(self) -> npt.NDArray[np.int64]:
        reader = self.store.reader(self.edition)
        return evaluate(self.plan, reader, self.store.choice_key, self.consent)


@dataclass(slots=True)
class _SeriesEdition(_Edition):
    """One edition, to be counted for one release of a standing series.

    Attributes:
        turn: which release.
        part: the same, for the ledger.
        session: of the attempt.
        before: of the attempt at the release before, from which this one goes on; None at first.
        largest: bytes of the largest file that it can leave.
        noise: digest of the attempt's numbers, once its roster is known.
    """

    book: SeriesBook
    ledger: Ledger
    turn: Turn
    part: SeriesPart
    session: SessionId
    before: SessionId | None
    largest: int
    noise: Digest | None = None

    def settle(self, parameters: AttemptParameters) -> None:
        """Hear the numbers of the attempt, which must be those of the releases before.

        Raises:
            SeriesChangedError: they are others.
        """
        self.noise = digest("corridor series noise", parameters.to_sign())
        self.demand_like_before()

    def demand_there(self) -> None:
        _Edition.demand_there(self)
        self.demand_like_before()

    def demand_like_before(self) -> None:
        """Check that what the release before left is here, and that this one is like it.

        Raises:
            SeriesLeftError, SeriesStateLostError, SeriesChangedError: it is not.
            TooManySeriesError, DiskError: there is no room for what this one will leave.
        """
        self.book.demand_taking_part(self.part.series)
        self.book.demand_room(self.part.series, self.largest)
        if self.before is None:
            return
        terms = self.book.terms(self.part.series, self.before)
        if terms.layout != self.plan.layout:
            what = "the charter's countries or years, or the catalogue,"
            raise SeriesChangedError(series_name(self.part.series), what)
        if self.noise not in (None, terms.noise):
            what = "who takes part, or the charter's thresholds,"
            raise SeriesChangedError(series_name(self.part.series), what)

    def evaluate(self) -> npt.NDArray[np.int64]:
        reader, key = self.store.reader(self.edition), self.store.choice_key

        def new(counted: Keys) -> tuple[Keys, npt.NDArray[np.int64]]:
            return count_new(self.plan, reader, key, self.consent, counted)

        assert self.noise is not None  # noqa: S101 - a roster comes before any counting
        series, terms = self.part.series, Terms(self.plan.layout, self.noise)
        before = nobody(self.size)
        if self.before is not None:
            before = self.book.after(series, self.before)
        counted = before.and_then(new)
        self.book.keep(series, self.session, terms, counted, self._needed())
        return counted.measured(self.turn)

    def _needed(self) -> list[SessionId]:
        """The attempts whose files another one may still go on from."""
        paid = self.ledger.series()[self.part.series]
        oldest = min(paid.period, self.turn.period) - 1
        return [
            session
            for period, sessions in paid.sessions.items()
            if period >= oldest
            for session in sessions
        ]


class QuestionDesk:
    """Decides on proposals. One desk a running node; not thread-safe."""

    def __init__(
        self,
        *,
        me: CountryCode,
        surroundings: Surroundings,
        catalogue: Catalogue,
        policy: Callable[[], Policy],
        store: EditionStore,
        series: SeriesBook,
        approvals: ApprovalDesk,
    ) -> None:
        """Take the parts; `policy` gives the rules in force, which may change between proposals."""
        self._me = me
        self._at = surroundings
        self._charter = surroundings.charter
        self._domains = make_domains(catalogue, surroundings.charter)
        self._policy = policy
        self._store = store
        self._series = series
        self._approvals = approvals
        self._compiled: Plan | None = None

    def facts(self, proposal: Proposal) -> Mapping[str, canonical.Json]:
        """What a policy looks at, for the journal; nothing of what cannot be read or is not signed.

        No purpose, organisation, ρ and scope: the journal has them already.
        """
        header = proposal.header
        try:
            self._check_origin(proposal)
            question, plan = self._compile(proposal)
        except CorridorError:
            return {}
        found = facts_to_json(facts_of(question, plan, header))
        with suppress(CorridorError):  # it is not its turn, as the refusal will say
            price = self._at.ledger.price(header.rho, part_of(question))
            return {**found, "price": fraction_text(price)}
        return found

    def ask_no_more(self, session: SessionId) -> None:
        """Hear that an attempt is over in which this node waited for its people."""
        self._approvals.ask_no_more(session)

    def consider(self, proposal: Proposal) -> Considered:
        """Take part, having reserved ρ, or refuse with nothing changed.

        Raises:
            CorridorError: the reason, with its code; the journal has it too.
        """
        header = proposal.header
        self._check_origin(proposal)
        self._check_deadlines(header)
        question, plan = self._compile(proposal)
        rho = Rho(header.rho)
        check_rho(self._charter, rho)
        edition = self._store.current()
        if edition is None:
            raise NoDataError
        policy = self._policy()
        facts = facts_of(question, plan, header)
        rule = policy.check(facts)
        self._at.demand_witnessed()
        alone = header.scope is Scope.PER_COUNTRY
        if alone and plan.turn is not None:
            raise BadProposalError(
                "a release of a standing series is the region's sum, and no country's own figure; "
                "nothing was reserved"
            )
        data = self._data(question, plan, edition.id, header.session, policy.consent_rule)
        part = part_of(question)
        approval = approved_price = None
        if needs := policy.people_needed(rule, facts):
            price = self._at.ledger.price(header.rho, part)
            asked = asked_of(proposal, price, edition.id, policy.published_rule, policy.statement)
            terms, session = policy.approvals, header.session
            approved = self._approvals.demand(asked, session, needs=needs, terms=terms)
            approval, approved_price = approved.id, approved.asked.price
        parameters = country_parameters(self._charter, plan, rho) if alone else None
        statement = self._at.ledger.reserve(
            header.session,
            header.rho,
            question=header.question,
            charter=header.charter,
            deadline=header.finish_by,
            worst_case=header.rho * (1 if alone else len(self._charter.members)),
            asker=Asker(header.organisation, header.purpose, facts.minors),
            part=part,
            approval=approval,
            at_most=approved_price,
        )
        if approval is not None:
            try:
                self._approvals.demand_again(approval)
            except CorridorError:
                self._at.ledger.release(header.session)
                raise
        state, acceptance = states.accept(
            header,
            country=self._me,
            edition=edition.id,
            consent_rule=policy.published_rule,
            statement=statement,
            suite=self._at.suite,
            random_bytes=self._at.random_bytes,
            sign=self._at.sign,
        )

        def parameters_for(roster_size: int) -> AttemptParameters:
            found = attempt_parameters(self._charter, plan, rho, roster_size)
            data.settle(found)
            return found

        attempt = Attempt(
            header,
            state if parameters is None else figures.Accepted(header, acceptance, parameters),
            parameters_for,
            data,
            self._at,
        )
        return Considered(attempt=attempt, acceptance=acceptance, approval=approval)

    def _data(
        self,
        question: Question,
        plan: Plan,
        edition: EditionId,
        session: SessionId,
        consent: ConsentRule,
    ) -> _Edition:
        """What will be counted.

        Raises:
            SeriesOutOfOrderError, SeriesStateLostError, SeriesChangedError: a series cannot go on
                from what it counted before.
        """
        turn, part = plan.turn, part_of(question)
        if turn is None or part is None:
            return _Edition(plan, self._store, edition, consent)
        before = self._attempt_before(part)
        data = _SeriesEdition(
            plan,
            self._store,
            edition,
            consent,
            self._series,
            self._at.ledger,
            turn,
            part,
            session,
            before,
            8 * (self._charter.ceilings.persons_per_node + turn.periods * plan.size),
        )
        data.demand_like_before()
        return data

    def _attempt_before(self, part: SeriesPart) -> SessionId | None:
        """The last attempt at the release before; None before the first.

        Raises:
            SeriesOutOfOrderError, SeriesStateLostError: there was none that this node knows of.
        """
        paid = self._at.ledger.series().get(part.series)
        part.demand_turn(paid)
        if paid is None or part.period == 1:
            return None
        sessions = paid.sessions.get(part.period - 1, ())
        if not sessions:
            raise SeriesStateLostError(series_name(part.series))
        return sessions[-1]

    def _check_origin(self, proposal: Proposal) -> None:
        header = proposal.header
        if not self._at.verify(self._charter.coordinator_key, header.to_sign(), proposal.signature):
            raise ForgedProposalError
        if header.protocol != PROTOCOL_VERSION:
            raise BadProposalError(
                f"the coordinator speaks version {header.protocol} of the protocol, this node "
                f"{PROTOCOL_VERSION}; nothing was reserved. Update the older of the two."
            )
        if header.charter != self._charter.digest:
            raise OtherCharterError
        if header.suite != self._charter.suite:
            raise BadProposalError(
                f"suite {header.suite!r} is not the charter's {self._charter.suite!r}; nothing "
                "was reserved. Report it to the other members."
            )

    def _check_deadlines(self, header: ProposalHeader) -> None:
        now = self._at.clock().timestamp()
        if not now <= header.accept_by <= header.finish_by:
            raise LateProposalError(
                "the proposal's deadline has passed by this node's clock; nothing was reserved. "
                "If that happens again, compare the clocks."
            )
        if header.finish_by - now > LONGEST_ATTEMPT.total_seconds():
            raise LateProposalError(
                "the proposal wants to hold a reservation for more than an hour; nothing was "
                "reserved. If the deadline is sensible, compare the clocks."
            )

    def _compile(self, proposal: Proposal) -> tuple[Question, Plan]:
        question = parse_question(proposal.question)
        if question.digest != proposal.header.question:
            raise OtherQuestionError
        # A plan depends on the question and the charter's domains alone; it is asked for twice.
        if self._compiled is None or self._compiled.question != question.digest:
            self._compiled = compile_plan(question, self._domains)
        plan = self._compiled
        if plan.digest != proposal.header.plan:
            raise OtherPlanError
        return question, plan


def part_of(question: Question) -> SeriesPart | None:
    """Where the question stands in its standing series, as the ledger asks for it; None in none."""
    if (turn := question.turn) is None:
        return None
    return SeriesPart(question.series_id, turn.period, turn.series.price_of_repeat)


class Circumstances(Protocol):
    """Who asks for what, at which price: of a header, of a question that waits or is supposed."""

    @property
    def rho(self) -> Fraction:
        """Of all releases, in a series."""

    @property
    def scope(self) -> Scope:
        """Whose figures are asked."""

    @property
    def purpose(self) -> str:
        """By the coordinator's word."""

    @property
    def organisation(self) -> str:
        """By the coordinator's word."""


def facts_of(question: Question, plan: Plan, asked: Circumstances) -> QuestionFacts:
    """What the policy may look at."""
    fields = frozenset(field for table in question.tables for field in _fields_of(table))
    return QuestionFacts(
        tables=frozenset(table.source.value for table in question.tables),
        fields=fields,
        cells=plan.cells,
        rho=asked.rho,
        scope=asked.scope,
        purpose=asked.purpose,
        organisation=asked.organisation,
        minors=bool(fields & AGE_FIELDS),
        series=plan.turn is not None,
    )


def facts_to_json(facts: QuestionFacts) -> Mapping[str, canonical.Json]:
    """What the journal holds of `facts` beside the header's own; read by `node.policy_trial`."""
    return {
        "tables": sorted(facts.tables),
        "fields": sorted(facts.fields),
        "cells": facts.cells,
        "minors": facts.minors,
        "series": facts.series,
    }


def _fields_of(table: TableQuestion) -> Iterator[str]:
    yield from table.group_by
    yield from (atom.field for atom in atoms(table.where))
    match table.measure:
        case Sum(field=field) | Mean(field=field) | Histogram(field=field):
            yield field
        case CountPersons():
            pass
