"""Decides on publications: who writes, who reviews, from when everybody sees one.

            write                another reviews          the embargo is over
    ──▶ draft ◀──▶ draft ──▶ reviewed ──▶ scheduled ─────────▶ published ──▶ withdrawn
          │           take back ◀──────────────┘                   │        (tombstone)
          └──▶ discarded                                           └─ corrected: a newer one that
                                                                      replaces it is published

1. A review is of exactly what was written last, by a person who wrote none of it. What a token
   wrote has no person behind it: then who schedules is another one than who reviewed. Whether two
   accounts are two people is not for this desk to say (`corridor.people`).
2. Nothing is seen by others before `seen_from`, to the second; what is not seen is not there.
3. What was published stays: withdrawn, it shows why, and its numbers can still be verified.
4. Every step is written down with who took it and when, in one transaction with what it changes.

Whoever takes a step names the revision that they looked at; a newer one refuses it.
"""

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from corridor.coordinator.publication_text import LONGEST_SUMMARY, Draft, parse_draft, tidy
from corridor.coordinator.store import Store, publication_steps, publications, releases
from corridor.errors.publications import (
    FourEyesError,
    MalformedPublicationError,
    NotAPublisherError,
    PerhapsOnePersonError,
    PublicationChangedError,
    UnknownPublicationError,
    WrongStepError,
)
from corridor.protocols.suite import RandomBytes


class State(StrEnum):
    """How far a publication is. Scheduled ones become published by the clock alone."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class Verb(StrEnum):
    """A step, as it is written down."""

    WROTE = "wrote"
    REVIEWED = "reviewed"
    SCHEDULED = "scheduled"
    TOOK_BACK = "took back"
    WITHDREW = "withdrew"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step.

    Attributes:
        name: of an account, or of a token.
        is_person: whether somebody is signed in, with a second factor.
        may_publish: an account's role coordinator, or a token's scope publish.
    """

    name: str
    is_person: bool
    may_publish: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was taken; `at` in seconds since 1970 UTC."""

    verb: Verb
    by: str
    is_person: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One publication as it stands now.

    Attributes:
        revision: how many steps were taken.
        seen_from: from when everybody sees it; None before it is scheduled.
        withdrawn: when it was; reason: why.
        replaced_by: the published one that corrects it; empty where there is none.
        steps: in their order.
    """

    id: str
    state: State
    revision: int
    draft: Draft
    seen_from: int | None
    withdrawn: int | None
    reason: str
    replaced_by: str
    steps: tuple[Step, ...]

    @property
    def is_public(self) -> bool:
        """Whether everybody sees it, be it that it was withdrawn."""
        return self.state in {State.PUBLISHED, State.WITHDRAWN}

    @property
    def writers(self) -> frozenset[str]:
        """The people who wrote what is written now, in part at least."""
        return frozenset(one.by for one in self.steps if one.verb is Verb.WROTE and one.is_person)

    @property
    def has_a_token_s_words(self) -> bool:
        """Whether a program wrote a part of it."""
        return any(one.verb is Verb.WROTE and not one.is_person for one in self.steps)

    @property
    def reviewer(self) -> str:
        """Who reviewed what is written now; empty where nobody has."""
        for one in reversed(self.steps):
            if one.verb is Verb.REVIEWED:
                return one.by
            if one.verb is Verb.WROTE:
                break
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationDesk:
    """Takes the steps, and says what everybody may see.

    Attributes:
        now: seconds since 1970 UTC.
        are_two: whether the accounts of these names are two people's, as far as is known.
    """

    store: Store
    random_bytes: RandomBytes
    now: Callable[[], int]
    are_two: Callable[[str, str], bool] = operator.ne

    # ------------------------------------------------------------ steps

    def write(self, draft: Draft, by: Actor) -> Publication:
        """A new draft.

        Raises:
            NotAPublisherError, MalformedPublicationError: nothing was kept.
        """
        _demand(by, person=False)
        identifier = self.random_bytes(8).hex()
        with self.store.writing() as connection:
            self._demand_meant(connection, draft)
            last = connection.execute(select(func.max(publications.c.place))).scalar() or 0
            connection.execute(
                insert(publications).values(
                    id=identifier,
                    place=last + 1,
                    state=State.DRAFT,
                    revision=0,
                    document=_encode(draft),
                    replaces=draft.replaces or None,
                )
            )
            return self._take(connection, identifier, Verb.WROTE, by)

    def rewrite(self, identifier: str, revision: int, draft: Draft, by: Actor) -> Publication:
        """Change a draft; what was reviewed has to be reviewed again.

        Raises:
            NotAPublisherError, MalformedPublicationError, UnknownPublicationError, WrongStepError,
            PublicationChangedError: nothing was kept.
        """
        _demand(by, person=False)
        with self.store.writing() as connection:
            self._at(connection, identifier, revision, Verb.WROTE, State.DRAFT, State.REVIEWED)
            self._demand_meant(connection, draft, identifier)
            return self._take(
                connection,
                identifier,
                Verb.WROTE,
                by,
                state=State.DRAFT,
                document=_encode(draft),
                replaces=draft.replaces or None,
            )

    def review(self, identifier: str, revision: int, by: Actor) -> Publication:
        """Say that what is written may be published.

        Raises:
            FourEyesError, PerhapsOnePersonError: who says so wrote a part of it, or may have.
            Nothing was changed.
            NotAPublisherError, UnknownPublicationError, WrongStepError, PublicationChangedError:
            nothing was changed.
        """
        _demand(by, person=True)
        with self.store.writing() as connection:
            found = self._at(connection, identifier, revision, Verb.REVIEWED, State.DRAFT)
            self._demand_another(by, found.writers, "review")
            return self._take(connection, identifier, Verb.REVIEWED, by, state=State.REVIEWED)

    def schedule(self, identifier: str, revision: int, by: Actor) -> Publication:
        """Let everybody see it when its embargo is over; at once where that is past, or none.

        Raises:
            FourEyesError, PerhapsOnePersonError: a program wrote a part, and who schedules is who
            reviewed, or may be. Nothing was changed.
            NotAPublisherError, UnknownPublicationError, WrongStepError, PublicationChangedError:
            nothing was changed.
        """
        _demand(by, person=True)
        with self.store.writing() as connection:
            found = self._at(connection, identifier, revision, Verb.SCHEDULED, State.REVIEWED)
            if found.has_a_token_s_words:
                self._demand_another(by, frozenset({found.reviewer}), "schedule")
            seen_from = max(self.now(), found.draft.embargo or 0)
            return self._take(
                connection,
                identifier,
                Verb.SCHEDULED,
                by,
                state=State.SCHEDULED,
                seen_from=seen_from,
            )

    def take_back(self, identifier: str, revision: int, by: Actor) -> Publication:
        """Make a draft again of what nobody has seen yet.

        Raises:
            NotAPublisherError, UnknownPublicationError, WrongStepError, PublicationChangedError:
            nothing was changed; what was published by now can be withdrawn.
        """
        _demand(by, person=True)
        with self.store.writing() as connection:
            self._at(
                connection, identifier, revision, Verb.TOOK_BACK, State.SCHEDULED, State.REVIEWED
            )
            return self._take(
                connection, identifier, Verb.TOOK_BACK, by, state=State.DRAFT, seen_from=None
            )

    def withdraw(self, identifier: str, revision: int, reason: str, by: Actor) -> Publication:
        """Show everybody no more than its title, and how its numbers are verified.

        Raises:
            MalformedPublicationError: no reason is given. Nothing was changed.
            NotAPublisherError, UnknownPublicationError, WrongStepError, PublicationChangedError:
            nothing was changed.
        """
        _demand(by, person=True)
        words = tidy(reason)
        if not 1 <= len(words) <= LONGEST_SUMMARY or not words.replace("\n", "").isprintable():
            raise MalformedPublicationError("reason", "say why, for those who publish")
        with self.store.writing() as connection:
            self._at(connection, identifier, revision, Verb.WITHDREW, State.PUBLISHED)
            return self._take(
                connection,
                identifier,
                Verb.WITHDREW,
                by,
                state=State.WITHDRAWN,
                withdrawn=self.now(),
                reason=words,
            )

    def discard(self, identifier: str, revision: int, by: Actor) -> Publication:
        """Leave a draft aside for good.

        Raises:
            NotAPublisherError, UnknownPublicationError, WrongStepError, PublicationChangedError:
            nothing was changed.
        """
        _demand(by, person=True)
        with self.store.writing() as connection:
            self._at(connection, identifier, revision, Verb.DISCARDED, State.DRAFT, State.REVIEWED)
            return self._take(
                connection, identifier, Verb.DISCARDED, by, state=State.DISCARDED, replaces=None
            )

    # ------------------------------------------------------------ looking

    def find(self, identifier: str) -> Publication:
        """One of them, seen or not: for those who publish.

        Raises:
            UnknownPublicationError: there is none of this id.
        """
        with self.store.reading() as connection:
            return self._find(connection, identifier)

    def listing(self) -> tuple[Publication, ...]:
        """All of them but those discarded, newest first: for those who publish."""
        with self.store.reading() as connection:
            wanted = (
                select(publications)
                .where(publications.c.state != State.DISCARDED)
                .order_by(publications.c.place.desc())
            )
            rows = connection.execute(wanted).mappings().all()
            return tuple(self._read(connection, row) for row in rows)

    def public(self, identifier: str) -> Publication:
        """One that everybody may see.

        Raises:
            UnknownPublicationError: there is none, or it is not to be seen yet: alike.
        """
        found = self.find(identifier)
        if not found.is_public:
            raise UnknownPublicationError
        return found

    def public_listing(self) -> tuple[Publication, ...]:
        """Those that everybody may see, the last published first; not those withdrawn."""
        with self.store.reading() as connection:
            wanted = (
                select(publications)
                .where(
                    publications.c.state == State.SCHEDULED,
                    publications.c.seen_from <= self.now(),
                )
                .order_by(publications.c.seen_from.desc(), publications.c.place.desc())
            )
            rows = connection.execute(wanted).mappings().all()
            return tuple(self._read(connection, row) for row in rows)

    # ------------------------------------------------------------ rows

    def _demand_another(self, by: Actor, before: frozenset[str], step: str) -> None:
        """See that who takes a step is nobody of those before.

        Raises:
            FourEyesError, PerhapsOnePersonError: they are, or nobody knows that they are not.
        """
        if by.name in before:
            raise FourEyesError(step)
        if not all(self.are_two(by.name, one) for one in before):
            raise PerhapsOnePersonError(step)

    def _at(
        self, connection: Connection, identifier: str, revision: int, verb: Verb, *states: State
    ) -> Publication:
        found = self._find(connection, identifier)
        if found.state not in states:
            raise WrongStepError(verb, found.state)
        if found.revision != revision:
            raise PublicationChangedError
        return found

    def _demand_meant(self, connection: Connection, draft: Draft, own: str = "") -> None:
        """See that what it publishes and corrects is there."""
        there = select(releases.c.id).where(releases.c.id.in_(draft.releases))
        if set(connection.execute(there).scalars()) != set(draft.releases):
            raise MalformedPublicationError("releases", "no release has one of these ids")
        if draft.replaces:
            try:
                corrected = self._find(connection, draft.replaces)
            except UnknownPublicationError:
                corrected = None
            if corrected is None or not corrected.is_public or corrected.id == own:
                raise MalformedPublicationError("replaces", "nothing was published under this id")

    def _take(
        self, connection: Connection, identifier: str, verb: Verb, by: Actor, **changes: object
    ) -> Publication:
        this = publications.c.id == identifier
        revision = connection.execute(select(publications.c.revision).where(this)).scalar_one() + 1
        connection.execute(update(publications).where(this).values(revision=revision, **changes))
        connection.execute(
            insert(publication_steps).values(
                publication=identifier,
                revision=revision,
                step=verb,
                by=by.name,
                is_person=int(by.is_person),
                at=self.now(),
            )
        )
        return self._find(connection, identifier)

    def _find(self, connection: Connection, identifier: str) -> Publication:
        wanted = select(publications).where(publications.c.id == identifier)
        row = connection.execute(wanted).mappings().first()
        if row is None:
            raise UnknownPublicationError
        return self._read(connection, row)

    def _read(self, connection: Connection, row: RowMapping) -> Publication:
        state, now = State(row["state"]), self.now()
        if state is State.SCHEDULED and row["seen_from"] <= now:
            state = State.PUBLISHED
        taken = connection.execute(
            select(publication_steps)
            .where(publication_steps.c.publication == row["id"])
            .order_by(publication_steps.c.revision)
        )
        newer = connection.execute(
            select(publications.c.id)
            .where(
                publications.c.replaces == row["id"],
                publications.c.state == State.SCHEDULED,
                publications.c.seen_from <= now,
            )
            .order_by(publications.c.seen_from.desc(), publications.c.place.desc())
        ).scalar()
        return Publication(
            id=row["id"],
            state=state,
            revision=row["revision"],
            draft=parse_draft(json.loads(row["document"])),
            seen_from=row["seen_from"],
            withdrawn=row["withdrawn"],
            reason=row["reason"] or "",
            replaced_by=newer or "",
            steps=tuple(Step(Verb(s.step), s.by, bool(s.is_person), s.at) for s in taken),
        )


def _demand(by: Actor, *, person: bool) -> None:
    if not by.may_publish or (person and not by.is_person):
        raise NotAPublisherError


def _encode(draft: Draft) -> bytes:
    return json.dumps(draft.to_json(), ensure_ascii=False, separators=(",", ":")).encode()
