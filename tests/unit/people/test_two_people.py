"""Whether two accounts are two people's: of one kind yes, of two kinds when somebody said so."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from corridor.errors.people import NotTwoKindsError, OwnWordError, UnknownPersonError
from corridor.people import (
    REGION,
    Arrival,
    Passwords,
    PeopleChange,
    PeopleDesk,
    PeopleStore,
    Role,
    SealedFactors,
)
from support.console import START
from support.ledgers import TestClock
from support.pages import CHEAP

COORDINATOR = frozenset({Role.COORDINATOR})
FACTORS = SealedFactors(lambda: bytes(range(32)), Random(2).randbytes)


class Place:
    """Two accounts of the site and two of a provider, and what was recorded."""

    def __init__(self, store: PeopleStore) -> None:
        self.recorded: list[PeopleChange] = []
        self.desk = PeopleDesk(
            store,
            Passwords(CHEAP),
            FACTORS,
            staff=REGION,
            place="Danube region",
            clock=TestClock(START),
            random_bytes=Random(1).randbytes,
            record=self.recorded.append,
        )
        for name in ("Ana", "Ion"):
            self.desk.add(name, COORDINATOR)
        self.arrive("1", "ana@iom.example")
        self.arrive("2", "ina@iom.example")

    def arrive(self, subject: str, name: str, issuer: str = "https://login.example") -> None:
        self.desk.arrive(
            Arrival(
                issuer=issuer,
                subject=subject,
                name=name,
                roles=COORDINATOR,
                organisation="",
                has_second_factor=True,
            )
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with PeopleStore(tmp_path / "people.sqlite3") as store:
        yield Place(store)


def test_two_accounts_of_one_kind_are_two_people(place: Place) -> None:
    assert place.desk.are_two("Ana", "ION")
    assert place.desk.are_two("ana@iom.example", "ina@iom.example")
    assert not place.desk.are_two("Ana", "ANA")


def test_an_account_of_each_kind_may_be_one_persons_until_somebody_says_otherwise(
    place: Place,
) -> None:
    assert not place.desk.are_two("Ana", "ana@iom.example")
    place.desk.tell_apart("Ana", "ina@iom.example", by="Vera")
    assert place.desk.are_two("Ana", "ina@iom.example")
    assert place.desk.are_two("ina@iom.example", "Ana")
    assert not place.desk.are_two("Ana", "ana@iom.example")
    assert not place.desk.are_two("Ion", "ina@iom.example")
    place.desk.tell_apart("Ana", "ina@iom.example", is_so=False, by="Vera")
    assert not place.desk.are_two("Ana", "ina@iom.example")


def test_accounts_of_two_providers_may_be_one_persons(place: Place) -> None:
    place.arrive("1", "ana@other.example", "https://other.example")
    assert not place.desk.are_two("ana@other.example", "ana@iom.example")


def test_who_has_no_account_is_no_other_person(place: Place) -> None:
    assert not place.desk.are_two("Ana", "somebody of before")
    assert not place.desk.are_two("somebody of before", "somebody else of before")


def test_that_two_are_two_people_is_recorded_and_listed(place: Place) -> None:
    place.desk.tell_apart("ana", "INA@iom.example", by="Vera")
    place.desk.tell_apart("ana", "INA@iom.example", by="Vera")
    assert place.recorded[-1] == PeopleChange(
        "two_people", "Ana", COORDINATOR, "Vera", "", "ina@iom.example"
    )
    assert [(one.name, two.name) for one, two in place.desk.told_apart()] == [
        ("Ana", "ina@iom.example")
    ]


@pytest.mark.parametrize(
    ("here", "there"),
    [("Ana", "Ion"), ("ana@iom.example", "ina@iom.example"), ("ana@iom.example", "Ana")],
)
def test_it_is_said_of_one_account_of_each_kind_alone(place: Place, here: str, there: str) -> None:
    with pytest.raises(NotTwoKindsError):
        place.desk.tell_apart(here, there)
    with pytest.raises(UnknownPersonError):
        place.desk.tell_apart(here, "nobody")


@pytest.mark.parametrize("by", ["ANA", "ina@iom.example"])
def test_nobody_says_it_of_an_account_of_their_own(place: Place, by: str) -> None:
    with pytest.raises(OwnWordError):
        place.desk.tell_apart("Ana", "ina@iom.example", by=by)
    assert not place.desk.are_two("Ana", "ina@iom.example")


def test_an_account_that_begins_anew_may_be_somebody_elses(place: Place) -> None:
    place.desk.tell_apart("Ana", "ina@iom.example")
    place.desk.tell_apart("Ion", "ina@iom.example")
    place.desk.reset("Ana")
    assert not place.desk.are_two("Ana", "ina@iom.example")
    assert place.desk.are_two("Ion", "ina@iom.example")
