"""What people of the authority decide: on questions that wait for them, and on their policy."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from corridor.errors import CorridorError
from corridor.errors.node import NoCharterError
from corridor.errors.policy import NotAnApproverError
from corridor.files import write_atomically
from corridor.node.app.world import (
    World,
    charter_desk,
    journal_of,
    ledger_of,
    read_data,
    read_policy,
)
from corridor.node.approval_desk import ApprovalDesk
from corridor.node.approvals import ApprovalBook, PersonName, Waiting, parse_person
from corridor.node.home import Home, read_settings
from corridor.node.journal import Journal
from corridor.node.keys import read_keys
from corridor.node.ledger import Ledger
from corridor.node.people import PeopleStore, Role
from corridor.node.plain_words import Purse, Said, describe, describe_people
from corridor.node.policies import DEFAULT_POLICY, applied, file_of
from corridor.node.policy import parse_policy
from corridor.node.policy_in_force import read_policy_text
from corridor.node.policy_trial import Tried, questions_of, trial
from corridor.node.question_desk import facts_of
from corridor.node.store import EditionStore
from corridor.node.views import ApprovalView, PolicyChange, PolicyTrial
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import Scope
from corridor.queries.answers import title_of
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import parse_question
from corridor.queries.sql import read_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A question that nobody has asked, to be put to a policy."""

    sql: str
    rho: Fraction
    scope: Scope = Scope.REGIONAL
    purpose: str = ""
    organisation: str = ""


# ---------------------------------------------------------------- questions that wait


def approvals(world: World) -> tuple[ApprovalView, ...]:
    """Every question that people were asked about, the newest first."""
    with _opened(world) as opened:
        return tuple(opened.view(one) for one in opened.desk.book.all())


def approval(world: World, identifier: str) -> ApprovalView:
    """One of them, by the beginning of its id.

    Raises:
        UnknownApprovalError: none, or several, begin so.
    """
    with _opened(world) as opened:
        return opened.view(opened.desk.book.find(identifier))


def approve(world: World, identifier: str, person: str) -> ApprovalView:
    """Let a person approve a question; a node that serves takes part when it comes again.

    Raises:
        BadPersonNameError, NotAnApproverError, UnknownApprovalError, ApprovalOverError,
            SamePersonError: nothing was changed.
    """
    with _opened(world) as opened:
        return opened.view(opened.desk.approve(identifier, _approver(world, person)))


def deny(world: World, identifier: str, person: str) -> ApprovalView:
    """Let a person deny a question.

    Raises:
        BadPersonNameError, NotAnApproverError, UnknownApprovalError, ApprovalOverError: nothing
            was changed.
    """
    with _opened(world) as opened:
        return opened.view(opened.desk.deny(identifier, _approver(world, person)))


def _approver(world: World, text: str) -> PersonName:
    """The person of that name, who may approve: anybody, as long as there are no accounts here.

    Raises:
        BadPersonNameError: it cannot be a name.
        NotAnApproverError: there are accounts, and none of an approver has that name.
    """
    name, path = parse_person(text), Home(world.home).people
    if path.exists():
        with PeopleStore(path) as store:
            person = store.by_key(name)
            may = person is not None and Role.APPROVER in person.roles and not person.locked
            if not may and store.people():
                raise NotAnApproverError(text)
    return name


@dataclass(frozen=True, slots=True)
class _Opened:
    desk: ApprovalDesk
    ledger: Ledger
    purse: Purse
    charter: Charter | None
    domains: Domains | None

    def view(self, waiting: Waiting) -> ApprovalView:
        asked = waiting.asked
        title, words = self._words(waiting)
        return ApprovalView(
            id=waiting.id,
            standing=self.desk.standing(waiting).value,
            title=title,
            organisation=asked.organisation,
            purpose=asked.purpose,
            rho=str(asked.rho),
            scope=asked.scope.value,
            needs=waiting.needs,
            approvers=waiting.approvers,
            deniers=tuple(word.person for word in waiting.words if not word.approves),
            since=_iso(waiting.since),
            until=_iso(waiting.until),
            words=(*words, *describe_people(waiting)),
        )

    def _words(self, waiting: Waiting) -> tuple[str, tuple[Said, ...]]:
        asked = waiting.asked
        if self.charter is None or self.domains is None or asked.charter != self.charter.digest:
            return "", ()
        try:
            question = parse_question(asked.question)
            plan = compile_plan(question, self.domains)
        except CorridorError:  # an older version asked it, with fields that there are no more
            return "", ()
        words = describe(
            asked,
            plan=plan,
            facts=facts_of(question, plan, asked),
            domains=self.domains,
            charter=self.charter,
            purse=self.purse,
        )
        return "; ".join(title_of(table, self.domains) for table in plan.tables), words


@contextmanager
def _opened(world: World) -> Iterator[_Opened]:
    home = Home(world.home)
    read_settings(home)
    rules = read_policy(home)
    with (
        ledger_of(world, rules, _charter(home)) as ledger,
        journal_of(world, home, read_keys(home)) as journal,
        _over(world, ledger, journal) as opened,
    ):
        yield opened


def approvals_over(world: World, ledger: Ledger, journal: Journal) -> tuple[ApprovalView, ...]:
    """As `approvals`, over a ledger and a journal that are open already."""
    with _over(world, ledger, journal) as opened:
        return tuple(opened.view(one) for one in opened.desk.book.all())


@contextmanager
def _over(world: World, ledger: Ledger, journal: Journal) -> Iterator[_Opened]:
    home = Home(world.home)
    rules = read_policy(home)
    charter = _charter(home)
    store = EditionStore(world.home, world.random_bytes, world.clock)
    edition = store.current()
    with ApprovalBook(home.approvals) as book:
        desk = ApprovalDesk(
            book=book,
            journal=journal,
            is_used=ledger.has_used,
            clock=world.clock,
            random_bytes=world.random_bytes,
        )
        if charter is not None:
            book.end_others(None if edition is None else edition.id, charter.digest)
        balance = ledger.balance()
        yield _Opened(
            desk,
            ledger,
            Purse(rules.per_year, balance.left_this_year),
            charter,
            None if charter is None else _domains(charter),
        )


def _charter(home: Home) -> Charter | None:
    """The one in force, or else the one accepted last."""
    if not home.enrolment.exists():
        return None
    desk = charter_desk(home)
    in_force = desk.in_force()
    return desk.accepted() if in_force is None else in_force.charter


@lru_cache(maxsize=2)
def _domains(charter: Charter) -> Domains:
    """Of a charter; kept, because the console asks for them at every look."""
    return make_domains(parse_catalogue(read_data), charter)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


# ---------------------------------------------------------------- the policy


def test_policy(world: World, text: str | None, since: int | None) -> PolicyTrial:
    """What the questions of the journal meet under the policy, and would meet under another.

    Args:
        world: home, clock, randomness.
        text: the other policy; the one that there is where None.
        since: of so many days; of all where None.

    Raises:
        PolicyError: one of the two cannot be read; names the line.
    """
    home = Home(world.home)
    now = read_policy(home)
    other = now if text is None else parse_policy(text)
    first = None if since is None else world.clock() - timedelta(days=since)
    with journal_of(world, home, read_keys(home)) as journal:
        return trial(questions_of(journal.rows(), first), now, other)


def suppose(world: World, asked: Supposed, text: str | None = None) -> PolicyTrial:
    """What a question that nobody asked yet meets under the policy, and would under another.

    Raises:
        PolicyError: one of the two cannot be read; names the line.
        NoCharterError: no charter says what can be asked.
        CorridorError: the question cannot be read.
    """
    home = Home(world.home)
    now = read_policy(home)
    charter = _charter(home)
    if charter is None:
        raise NoCharterError
    domains = _domains(charter)
    question = read_sql(asked.sql, domains).question
    plan = compile_plan(question, domains)
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
    )
    return trial([tried], now, now if text is None else parse_policy(text))


def check_policy(text: str) -> None:
    """See that a policy can be read.

    Raises:
        PolicyError: it cannot; names the line.
    """
    parse_policy(text)


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
    before = policy_text(world)
    difference = difflib.unified_diff(
        before.splitlines(), text.splitlines(), "policy.toml", "policy.toml as it would be", "", ""
    )
    return PolicyChange(
        text, tuple(line.rstrip("\n") for line in difference), test_policy(world, text, None)
    )


def save_policy(world: World, text: str) -> None:
    """Put this text in the place of the policy; the old one stays as policy-before.toml.

    A node that serves obeys it from the next question on.

    Raises:
        PolicyError: it cannot be read; names the line. The old one stays.
        DiskError: it could not be written. The old one stays.
    """
    home = Home(world.home)
    parse_policy(text)
    write_atomically(home.policy_before, home.policy.read_bytes())
    write_atomically(home.policy, text.encode())
