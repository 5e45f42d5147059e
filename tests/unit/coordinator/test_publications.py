"""Publications: who may take which step, and from which second on everybody sees what."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from corridor.coordinator.publication_desk import Actor, PublicationDesk, State, Verb
from corridor.coordinator.store import Store
from corridor.errors import CorridorError
from corridor.errors.publications import (
    FourEyesError,
    MalformedPublicationError,
    NotAPublisherError,
    PerhapsOnePersonError,
    PublicationChangedError,
    UnknownPublicationError,
    WrongStepError,
)
from support.publications import ANA, ANALYST, BO, PROGRAM, make_draft, put_release

actors = st.sampled_from([ANA, BO, PROGRAM, ANALYST])


class Moment:
    def __init__(self) -> None:
        self.second = 1_000_000

    def __call__(self) -> int:
        return self.second


def make_desk(path: Path, now: Moment) -> PublicationDesk:
    store = Store(path)
    put_release(store)
    numbers = count(1)
    return PublicationDesk(
        store=store, random_bytes=lambda size: next(numbers).to_bytes(size, "big"), now=now
    )


class PublicationMachine(RuleBasedStateMachine):
    """Whatever is tried in whatever order, two people saw what is seen, and nothing too early."""

    ids = Bundle("ids")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now = Moment()
        self.desk = make_desk(Path(self.folder.name) / "c.sqlite3", self.now)
        # The model: who wrote, whether a program did; who reviewed; from when; whether withdrawn.
        self.written: dict[str, set[str]] = {}
        self.by_program: dict[str, bool] = {}
        self.embargo: dict[str, int] = {}
        self.reviewed: dict[str, str] = {}
        self.seen_from: dict[str, int] = {}
        self.withdrawn: set[str] = set()
        self.discarded: set[str] = set()

    def _is_seen(self, one: str) -> bool:
        return one in self.seen_from and self.seen_from[one] <= self.now.second

    def _note(self, one: str, by: Actor) -> None:
        if by.is_person:
            self.written.setdefault(one, set()).add(by.name)
        else:
            self.by_program[one] = True
        self.reviewed.pop(one, None)

    @rule(target=ids, by=actors, later=st.integers(-5, 50))
    def write(self, by: Actor, later: int) -> Any:
        embargo = self.now.second + later
        draft = make_draft(embargo=_iso(embargo))
        if not by.may_publish:
            with pytest.raises(NotAPublisherError):
                self.desk.write(draft, by)
            return "0" * 16
        found = self.desk.write(draft, by)
        self._note(found.id, by)
        self.embargo[found.id] = embargo
        return found.id

    @rule(one=ids, by=actors, later=st.integers(-5, 50))
    def rewrite(self, one: str, by: Actor, later: int) -> None:
        embargo = self.now.second + later
        may = by.may_publish and self._state(one) in {State.DRAFT, State.REVIEWED}
        draft = make_draft(embargo=_iso(embargo))
        if self._try(may, lambda: self.desk.rewrite(one, self._revision(one), draft, by)):
            self._note(one, by)
            self.embargo[one] = embargo

    @rule(one=ids, by=actors)
    def review(self, one: str, by: Actor) -> None:
        may = (
            by.may_publish
            and by.is_person
            and self._state(one) is State.DRAFT
            and by.name not in self.written.get(one, set())
        )
        if self._try(may, lambda: self.desk.review(one, self._revision(one), by)):
            self.reviewed[one] = by.name

    @rule(one=ids, by=actors)
    def schedule(self, one: str, by: Actor) -> None:
        alone = self.by_program.get(one, False) and self.reviewed.get(one) == by.name
        may = by.may_publish and by.is_person and self._state(one) is State.REVIEWED and not alone
        if self._try(may, lambda: self.desk.schedule(one, self._revision(one), by)):
            self.seen_from[one] = max(self.now.second, self.embargo[one])

    @rule(one=ids, by=actors)
    def take_back(self, one: str, by: Actor) -> None:
        state = self._state(one)
        may = by.may_publish and by.is_person and state in {State.SCHEDULED, State.REVIEWED}
        if self._try(may, lambda: self.desk.take_back(one, self._revision(one), by)):
            self.seen_from.pop(one, None)
            self.reviewed.pop(one, None)

    @rule(one=ids, by=actors)
    def withdraw(self, one: str, by: Actor) -> None:
        may = by.may_publish and by.is_person and self._state(one) is State.PUBLISHED
        if self._try(may, lambda: self.desk.withdraw(one, self._revision(one), "An error.", by)):
            self.withdrawn.add(one)

    @rule(one=ids, by=actors)
    def discard(self, one: str, by: Actor) -> None:
        may = by.may_publish and by.is_person and self._state(one) in {State.DRAFT, State.REVIEWED}
        if self._try(may, lambda: self.desk.discard(one, self._revision(one), by)):
            self.discarded.add(one)

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.now.second += seconds

    def _state(self, one: str) -> State | None:
        if one not in self.embargo:
            return None
        if one in self.discarded:
            return State.DISCARDED
        if one in self.withdrawn:
            return State.WITHDRAWN
        if one in self.seen_from:
            return State.PUBLISHED if self._is_seen(one) else State.SCHEDULED
        return State.REVIEWED if one in self.reviewed else State.DRAFT

    def _revision(self, one: str) -> int:
        try:
            return self.desk.find(one).revision
        except UnknownPublicationError:
            return 0

    def _try(self, may: bool, step: Any) -> bool:
        if may:
            step()
            return True
        with pytest.raises(CorridorError):
            step()
        return False

    @invariant()
    def what_is_seen_is_what_may_be(self) -> None:
        listed = {one.id for one in self.desk.public_listing()}
        for one in self.embargo:
            assert self.desk.find(one).state is self._state(one)
            if self._is_seen(one):
                assert self.desk.public(one).is_public
            else:
                with pytest.raises(UnknownPublicationError):
                    self.desk.public(one)
            assert (one in listed) == (self._is_seen(one) and one not in self.withdrawn)

    @invariant()
    def two_people_saw_what_is_seen(self) -> None:
        for one in self.seen_from:
            people = {step.by for step in self.desk.find(one).steps if step.is_person}
            assert len(people) >= 2

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.store.close()
            self.folder.cleanup()


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


TestPublications = PublicationMachine.TestCase
TestPublications.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.fixture
def now() -> Moment:
    return Moment()


@pytest.fixture
def desk(tmp_path: Path, now: Moment) -> Any:
    made = make_desk(tmp_path / "c.sqlite3", now)
    yield made
    made.store.close()


def test_it_is_seen_from_the_second_of_its_embargo_and_no_earlier(
    desk: PublicationDesk, now: Moment
) -> None:
    one = desk.write(make_draft(embargo=_iso(now.second + 60)), ANA).id
    desk.review(one, 1, BO)
    desk.schedule(one, 2, BO)
    now.second += 59
    with pytest.raises(UnknownPublicationError):
        desk.public(one)
    assert desk.public_listing() == ()
    now.second += 1
    assert desk.public(one).state is State.PUBLISHED
    assert [found.id for found in desk.public_listing()] == [one]


def test_who_wrote_a_part_of_it_does_not_review_it(desk: PublicationDesk) -> None:
    one = desk.write(make_draft(), ANA).id
    desk.rewrite(one, 1, make_draft(doi="10.1234/a"), BO)
    for by in (ANA, BO):
        with pytest.raises(FourEyesError):
            desk.review(one, 2, by)
    assert desk.find(one).state is State.DRAFT


def test_two_accounts_that_may_be_one_persons_are_no_four_eyes(tmp_path: Path) -> None:
    told: set[frozenset[str]] = set()
    desk = replace(
        make_desk(tmp_path / "c.sqlite3", Moment()), are_two=lambda one, two: {one, two} in told
    )
    kept = desk.write(make_draft(), ANA)
    with pytest.raises(PerhapsOnePersonError):
        desk.review(kept.id, kept.revision, BO)
    with pytest.raises(FourEyesError):
        desk.review(kept.id, kept.revision, ANA)
    told.add(frozenset({ANA.name, BO.name}))
    assert desk.review(kept.id, kept.revision, BO).state is State.REVIEWED


def test_who_schedules_a_programs_words_is_surely_another_than_who_reviewed_them(
    tmp_path: Path,
) -> None:
    desk = make_desk(tmp_path / "c.sqlite3", Moment())
    kept = desk.write(make_draft(), PROGRAM)
    kept = desk.review(kept.id, kept.revision, ANA)
    with pytest.raises(PerhapsOnePersonError):
        replace(desk, are_two=lambda *_: False).schedule(kept.id, kept.revision, BO)
    assert desk.schedule(kept.id, kept.revision, BO).is_public


def test_what_a_program_wrote_needs_two_people(desk: PublicationDesk) -> None:
    """Else whoever holds a token and an account would publish alone."""
    one = desk.write(make_draft(), PROGRAM).id
    desk.review(one, 1, ANA)
    with pytest.raises(FourEyesError):
        desk.schedule(one, 2, ANA)
    assert desk.schedule(one, 2, BO).state is State.PUBLISHED


def test_a_review_is_of_what_was_written_last(desk: PublicationDesk) -> None:
    one = desk.write(make_draft(), ANA).id
    desk.review(one, 1, BO)
    desk.rewrite(one, 2, make_draft(doi="10.1234/a"), ANA)
    with pytest.raises(WrongStepError):
        desk.schedule(one, 3, ANA)
    with pytest.raises(PublicationChangedError):
        desk.review(one, 1, BO)  # what Bo had open when Ana changed it


def test_every_step_is_on_record_with_who_and_when(desk: PublicationDesk, now: Moment) -> None:
    one = desk.write(make_draft(), PROGRAM).id
    now.second += 5
    desk.review(one, 1, ANA)
    now.second += 5
    desk.schedule(one, 2, BO)
    desk.withdraw(one, 3, "A table was of another year.", ANA)
    assert [(s.verb, s.by, s.is_person, s.at) for s in desk.find(one).steps] == [
        (Verb.WROTE, "nightly", False, 1_000_000),
        (Verb.REVIEWED, "Ana", True, 1_000_005),
        (Verb.SCHEDULED, "Bo", True, 1_000_010),
        (Verb.WITHDREW, "Ana", True, 1_000_010),
    ]


def test_a_correction_is_told_once_it_is_seen(desk: PublicationDesk, now: Moment) -> None:
    first = desk.write(make_draft(), ANA).id
    desk.review(first, 1, BO)
    desk.schedule(first, 2, ANA)
    newer = desk.write(make_draft(replaces=first, embargo=_iso(now.second + 10)), ANA).id
    desk.review(newer, 1, BO)
    desk.schedule(newer, 2, ANA)
    assert desk.public(first).replaced_by == ""
    now.second += 10
    assert desk.public(first).replaced_by == newer


def test_what_nobody_sees_is_not_corrected(desk: PublicationDesk) -> None:
    """An error that would tell apart an id that is there from one that is not."""
    secret = desk.write(make_draft(), ANA).id
    said = set()
    for replaced in (secret, "f" * 16):
        with pytest.raises(MalformedPublicationError) as refused:
            desk.write(make_draft(replaces=replaced), PROGRAM)
        said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"releases": []}, "releases"),
        ({"releases": ["0000000000000000"]}, "releases"),
        ({"organisations": []}, "organisations"),
        ({"organisations": ["a\u202eb"]}, "organisations"),
        ({"licence": "mine"}, "licence"),
        ({"doi": "10.1/x"}, "doi"),
        ({"doi": "10.1234/a b"}, "doi"),
        ({"doi": '10.1234/a"onmouseover='}, "doi"),
        ({"embargo": "tomorrow"}, "embargo"),
        ({"embargo": "2027-03-01T09:00+02:00"}, "embargo"),
        ({"embargo": "2027-03-01T09:00:00.5"}, "embargo"),
        ({"embargo": "0001-01-01"}, "embargo"),
        ({"keywords": ["a", "a"]}, "keywords"),
        ({"publisher": "two\nlines"}, "publisher"),
        ({"texts": []}, "title"),
        (
            {"texts": [{"language": "en", "title": "a\x07", "summary": "b", "method": "c"}]},
            "title",
        ),
        (
            {"texts": [{"language": "de", "title": "a", "summary": "b", "method": "c"}]},
            "language",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_field_that_cannot_be_used_is_named(
    desk: PublicationDesk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(MalformedPublicationError) as refused:
        desk.write(make_draft(**changes), ANA)
    assert refused.value.field == field
    assert desk.listing() == ()
