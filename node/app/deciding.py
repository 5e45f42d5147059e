"""What people of the authority decide: on questions that wait for them, and on their policy."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from itertools import islice

from corridor.errors import CorridorError
from corridor.errors.node import NoCharterError, SettingsError
from corridor.errors.policy import (
    ApprovalOverError,
    CannotBeToldError,
    NotWhatWasShownError,
    PolicyError,
)
from corridor.ids import Digest, EditionId
from corridor.node.app.approvers import approver, counting
from corridor.node.app.world import (
    World,
    allowance_of,
    charter_desk,
    journal_of,
    ledger_of,
    read_data,
    read_policy,
)
from corridor.node.approval_desk import ApprovalDesk
from corridor.node.approvals import ApprovalBook, Asked, Counts, Standing, Waiting, why_over
from corridor.node.home import Home, read_settings
from corridor.node.journal import JournalRow
from corridor.node.keys import read_keys
from corridor.node.ledger import Ledger
from corridor.node.plain_words import Purse, Said, describe, describe_people, shown_digest
from corridor.node.policies import DEFAULT_POLICY, applied, file_of
from corridor.node.policy import NOT_IN_FORCE, Policy, parse_policy
from corridor.node.policy_desk import PolicyDesk, difference
from corridor.node.policy_in_force import read_policy_text
from corridor.node.policy_trial import Left, Supposed, Tried, questions_of, trial
from corridor.node.question_desk import facts_of, part_of
from corridor.node.store import EditionStore
from corridor.node.views import ApprovalView, PersonsWord, PolicyChange, PolicyTrial
from corridor.protocols.charter import Charter
from corridor.queries.answers import title_of
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question, parse_question
from corridor.queries.standing import as_series, first_turn

NOT_OVER = frozenset({Standing.WAITING, Standing.APPROVED})


# ---------------------------------------------------------------- questions that wait


def approvals(world: World) -> tuple[ApprovalView, ...]:
    """Every question that people were asked about, the newest first."""
    with _opened(world) as (_, reader):
        return reader.everything()


def approval(world: World, identifier: str) -> ApprovalView:
    """One of them, by the beginning of its id.

    Raises:
        UnknownApprovalError: none, or several, begin so.
    """
    with _opened(world) as (_, reader):
        return reader.one(identifier)


def approve(world: World, identifier: str, person: str, shown: str) -> ApprovalView:
    """Let a person approve a question; a node that serves takes part when it comes again.

    Args:
        world: home, clock, randomness.
        identifier: the beginning of its id.
        person: who says so.
        shown: `ApprovalView.shown` of what that person read.

    Raises:
        BadPersonNameError, NotAnApproverError, UnknownApprovalError, ApprovalOverError,
            SamePersonError: nothing was changed.
        CannotBeToldError, NotWhatWasShownError: it is not what was read. Nothing was changed.
        PolicyError, SettingsError: the policy cannot be read. Nothing was changed.
    """
    with _opened(world) as (desk, reader):
        reader.demand_open(identifier, approves=True)
        reader.demand_rules()
        reader.demand_shown(identifier, shown)
        return reader.view(desk.approve(identifier, approver(world, person)))


def deny(world: World, identifier: str, person: str) -> ApprovalView:
    """Let a person deny a question.

    Raises:
        BadPersonNameError, NotAnApproverError, UnknownApprovalError, ApprovalOverError: nothing
            was changed.
    """
    with _opened(world) as (desk, reader):
        reader.demand_open(identifier, approves=False)
        return reader.view(desk.deny(identifier, approver(world, person)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReader:
    """Shows the questions of the book as ledger, charter, data, policy and accounts stand now.

    It writes nothing: what another edition or charter ended is told so here, and ended by `serve`.

    Attributes:
        purse: what may be spent; None where the policy cannot be read.
        problem: why it cannot.
    """

    book: ApprovalBook
    ledger: Ledger
    now: int
    purse: Purse | None
    problem: CorridorError | None
    charter: Charter | None
    edition: EditionId | None
    counts: Counts

    def demand_open(self, identifier: str, *, approves: bool) -> None:
        """See that a question can still be approved, or denied.

        Raises:
            UnknownApprovalError, ApprovalOverError: it cannot.
        """
        found = self.book.find(identifier)
        if (why := why_over(self._standing(found), approves=approves)) is not None:
            raise ApprovalOverError(found.id, why)

    def demand_rules(self) -> None:
        """See that the policy can be read: nobody approves anything under one that cannot.

        Raises:
            PolicyError, SettingsError: it cannot.
        """
        if self.problem is not None:
            raise self.problem

    def demand_shown(self, identifier: str, shown: str) -> None:
        """See that a question says what a person read of it.

        Raises:
            UnknownApprovalError: there is none.
            CannotBeToldError: it cannot be put in words, so nobody can have read it.
            NotWhatWasShownError: it says something else.
        """
        found = self.one(identifier)
        if not found.shown:
            raise CannotBeToldError(found.id)
        if shown != found.shown:
            raise NotWhatWasShownError(found.id)

    def waiting(self) -> int:
        """How many wait for people now."""
        return sum(self._standing(one) is Standing.WAITING for one in self.book.all())

    def everything(self) -> tuple[ApprovalView, ...]:
        """Every question, the newest first."""
        return tuple(map(self.view, self.book.all()))

    def newest(self, most_over: int) -> tuple[ApprovalView, ...]:
        """Those that are not over, and so many that are, the newest first: a page has an end."""
        found = [(one, self._standing(one) not in NOT_OVER) for one in self.book.all()]
        over = islice((one for one, is_over in found if is_over), most_over)
        shown = {one.id for one in over}
        return tuple(self.view(one) for one, is_over in found if not is_over or one.id in shown)

    def one(self, identifier: str) -> ApprovalView:
        """One of them, by the beginning of its id.

        Raises:
            UnknownApprovalError: none, or several, begin so.
        """
        return self.view(self.book.find(identifier))

    def view(self, waiting: Waiting) -> ApprovalView:
        """One question in plain words."""
        asked, heard = waiting.asked, waiting.heard_by(self.counts)
        standing = self._standing(waiting)
        title, words = self._words(waiting.asked, is_open=standing in NOT_OVER)
        return ApprovalView(
            id=waiting.id,
            standing=standing.value,
            title=title,
            organisation=asked.organisation,
            purpose=asked.purpose,
            rho=str(asked.rho),
            price=str(asked.price),
            scope=asked.scope.value,
            needs=waiting.needs,
            approvers=heard.approvers,
            deniers=tuple(word.person for word in waiting.words if not word.approves),
            said=tuple(
                PersonsWord(word.person, word.approves, _iso(word.at)) for word in waiting.words
            ),
            since=_iso(waiting.since),
            until=_iso(waiting.until),
            last=None if waiting.last is None else _iso(waiting.last),
            binding=asked.binding.hex(),
            shown=shown_digest(asked, words) if words else "",
            policy_error=None
            if self.problem is None
            else {"code": self.problem.code, "message": str(self.problem)},
            words=(*words, *describe_people(heard)),
            denied_before=tuple(
                one.id
                for one in self.book.asking(asked.question)
                if one.is_denied and one.id != waiting.id
            ),
        )

    def _standing(self, waiting: Waiting) -> Standing:
        heard = waiting.heard_by(self.counts)
        found = heard.standing(self.now, is_used=self.ledger.has_used(waiting.id))
        if found in NOT_OVER and self.charter is not None:
            if waiting.asked.edition != self.edition:
                return Standing.OTHER_EDITION
            if waiting.asked.charter != self.charter.digest:
                return Standing.OTHER_CHARTER
            if self._has_moved_on(waiting.asked):
                return Standing.OTHER_PRICE
        return found

    def _has_moved_on(self, asked: Asked) -> bool:
        """Whether the ledger would take another price for it now, or not take it at all."""
        try:
            part = part_of(parse_question(asked.question))
        except CorridorError:  # an older version asked it: it cannot be told, only denied
            return False
        try:
            return self.ledger.price(asked.rho, part) != asked.price
        except CorridorError:
            return True

    def _words(self, asked: Asked, *, is_open: bool) -> tuple[str, tuple[Said, ...]]:
        if self.charter is None or asked.charter != self.charter.digest:
            return "", ()
        domains = domains_of(self.charter)
        try:
            question = parse_question(asked.question)
            plan = compile_plan(question, domains)
        except CorridorError:  # an older version asked it, with fields that there are no more
            return "", ()
        words = describe(
            asked,
            plan=plan,
            facts=facts_of(question, plan, asked),
            domains=domains,
            charter=self.charter,
            purse=self.purse,
            paid=self._paid(question) if is_open else None,  # later it holds this answer, too
        )
        return "; ".join(title_of(table, domains) for table in plan.tables), words

    def _paid(self, question: Question) -> Fraction | None:
        """What the question's series has cost so far, if it is of one that was paid for."""
        part = part_of(question)
        account = None if part is None else self.ledger.series().get(part.series)
        return None if account is None else account.paid


@contextmanager
def approval_reader(world: World, ledger: Ledger) -> Iterator[ApprovalReader]:
    """What shows the questions that wait; `ledger` knows which approvals were used."""
    home = Home(world.home)
    (rules, problem), charter = readable_policy(home), _charter(home)
    edition = EditionStore(world.home, world.random_bytes, world.clock).current()
    balance = ledger.balance()
    with ApprovalBook(home.approvals) as book:
        yield ApprovalReader(
            book=book,
            ledger=ledger,
            now=int(world.clock().timestamp()),
            purse=None
            if rules is None
            else Purse(
                rules.per_year, balance.left_this_year, rules.all_time, balance.left_for_all_time
            ),
            problem=problem,
            charter=charter,
            edition=None if edition is None else edition.id,
            counts=counting(world),
        )


@contextmanager
def _opened(world: World) -> Iterator[tuple[ApprovalDesk, ApprovalReader]]:
    home = Home(world.home)
    read_settings(home)
    with (
        ledger_of(world, readable_policy(home)[0], _charter(home)) as ledger,
        journal_of(world, home, read_keys(home)) as journal,
        approval_reader(world, ledger) as reader,
    ):
        desk = ApprovalDesk(
            book=reader.book,
            journal=journal,
            is_used=ledger.has_used,
            counting=lambda: counting(world),
            clock=world.clock,
            random_bytes=world.random_bytes,
        )
        yield desk, reader


def readable_policy(home: Home) -> tuple[Policy | None, CorridorError | None]:
    """The policy, or why it cannot be read: what waits is shown, and denied, all the same."""
    try:
        return read_policy(home), None
    except (PolicyError, SettingsError) as error:
        return None, error


def policy_problem(world: World) -> CorridorError | None:
    """Why the policy cannot be read; None where it can."""
    return readable_policy(Home(world.home))[1]


def _charter(home: Home) -> Charter | None:
    """The one in force, or else the one accepted last."""
    if not home.enrolment.exists():
        return None
    desk = charter_desk(home)
    in_force = desk.in_force()
    return desk.accepted() if in_force is None else in_force.charter


@lru_cache(maxsize=2)
def domains_of(charter: Charter) -> Domains:
    """What can be asked under a charter; made once for each, since it takes a while."""
    return make_domains(parse_catalogue(read_data), charter)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


# ---------------------------------------------------------------- the policy


def policy_desk(world: World) -> PolicyDesk:
    """What decides on the policy file; the console's pages and the commands share it."""
    home = Home(world.home)

    def record(digest: Digest, by: str) -> None:
        with journal_of(world, home, read_keys(home)) as journal:
            journal.policy_changed(digest, by)

    return PolicyDesk(home, world.clock, record)


def test_policy(world: World, text: str | None, since: int | None) -> PolicyTrial:
    """What the questions of the journal meet under the policy, and would meet under another.

    Args:
        world: home, clock, randomness.
        text: the other policy; the one that there is where None.
        since: of so many days; of all where None.

    Raises:
        NoHomeError: no node was made here.
        PolicyError: one of the two cannot be read; names the line.
    """
    home = Home(world.home)
    read_settings(home)
    with journal_of(world, home, read_keys(home)) as journal:
        return trial_over(world, journal.rows(), text, since)


def trial_over(
    world: World, rows: Iterable[JournalRow], text: str | None, since: int | None
) -> PolicyTrial:
    """The same over entries of the journal that were read already.

    Raises:
        PolicyError: one of the two policies cannot be read; names the line.
    """
    now = read_policy(Home(world.home))
    other = now if text is None else parse_policy(text, left=NOT_IN_FORCE)
    first = None if since is None else world.clock() - timedelta(days=since)
    return trial(questions_of(rows, first), now, other)


def suppose(world: World, asked: Supposed, text: str | None = None) -> PolicyTrial:
    """What a question that nobody asked yet meets under the policy, and would under another.

    Raises:
        PolicyError: one of the two cannot be read; names the line.
        NoCharterError: no charter says what can be asked.
        CorridorError: the question cannot be read, or its series would not be paid for.
    """
    home = Home(world.home)
    now = read_policy(home)
    other = now if text is None else parse_policy(text, left=NOT_IN_FORCE)
    charter = _charter(home)
    if charter is None:
        raise NoCharterError
    domains = domains_of(charter)
    # Loaded when it is needed: its library takes longer to load than most commands run.
    from corridor.queries.sql import read_sql  # noqa: PLC0415

    question = read_sql(asked.sql, domains).question
    if asked.every is not None:
        today = world.clock().astimezone(UTC).date()
        question = as_series(question, first_turn(asked.every, None, asked.periods, today))
    plan, part = compile_plan(question, domains), part_of(question)
    with ledger_of(world, now, charter) as ledger:
        price, left = ledger.price(asked.rho, part), ledger.balance().left_this_year
        ledger.limit_to(allowance_of(other))
        would_left = ledger.balance().left_this_year
    tried = Tried(
        at=world.clock(),
        question=question.digest.hex(),
        organisation=asked.organisation,
        purpose=asked.purpose,
        rho=asked.rho,
        scope=asked.scope.value,
        facts=facts_of(question, plan, asked),
        then="",
        times=1,
        price=price,
        price_repeat=None if part is None else asked.rho * part.repeat,
    )
    return trial([tried], now, other, Left(left, would_left))


def check_policy(text: str, name: str) -> None:
    """See that a policy that somebody only tries can be read; `name` is its file's.

    Raises:
        PolicyError: it cannot; names file and line. Nothing was changed.
    """
    parse_policy(text, name, NOT_IN_FORCE)


def policy_text(world: World) -> str:
    """The policy file as it stands, for an editor."""
    return read_policy_text(Home(world.home).policy)


def ready_made_policy(name: str) -> str:
    """The text of a ready-made policy.

    Raises:
        UnknownPolicyError: there is none of that name.
    """
    file = file_of(name)
    if file is None:
        return DEFAULT_POLICY
    return (files("corridor.node.policies") / file).read_text("utf-8")


def policy_with(world: World, name: str) -> PolicyChange:
    """What would change with a ready-made policy in the place of the one that there is.

    Raises:
        UnknownPolicyError: there is none of that name.
        PolicyError: the file as it would be cannot be read. Nothing was changed.
    """
    return policy_change(world, applied(name, ready_made_policy(name), policy_text(world)))


def policy_change(world: World, text: str) -> PolicyChange:
    """What would change with this text in the place of the policy that there is.

    Raises:
        PolicyError: it cannot be read; names the line. Nothing was changed.
    """
    before = policy_desk(world).text()
    return PolicyChange(
        before.digest, text, difference(before.text, text), test_policy(world, text, None)
    )
