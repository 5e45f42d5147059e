"""Accounts at a coordinator: organisations, identity providers, and files of an older version."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pyotp
import pytest

from corridor.errors.people import (
    BadNameError,
    BadOrganisationError,
    BadRolesError,
    LockedOutError,
    NameOfAnotherError,
    NoRoleError,
    NotSignedInError,
    RolesApartError,
    SignInAnewError,
    WrongSignInError,
)
from corridor.people import (
    AUTHORITY,
    REGION,
    Arrival,
    Passwords,
    PeopleChange,
    PeopleDesk,
    PeopleStore,
    Role,
    SealedFactors,
    Staff,
    Stage,
)
from corridor.people.desk import JUST_NOW_SECONDS
from support.console import START
from support.ledgers import TestClock
from support.pages import CHEAP

FACTORS = SealedFactors(lambda: bytes(range(32)), Random(2).randbytes)
ANALYST = frozenset({Role.ANALYST})


class Place:
    """A desk over a real file, and what it recorded."""

    def __init__(self, path: Path, staff: Staff = REGION) -> None:
        self.clock = TestClock(START)
        self.recorded: list[PeopleChange] = []
        self.store = PeopleStore(path)
        self.desk = PeopleDesk(
            self.store,
            Passwords(CHEAP),
            FACTORS,
            staff=staff,
            place="Danube region",
            clock=self.clock,
            random_bytes=Random(1).randbytes,
            record=self.recorded.append,
        )

    def arrival(self, subject: str = "1", name: str = "ana@iom.example", **more: object) -> Arrival:
        values = {
            "roles": ANALYST,
            "organisation": "IOM",
            "has_second_factor": True,
            **more,
        }
        return Arrival(issuer="https://login.example", subject=subject, name=name, **values)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "people.sqlite3")
    yield made
    made.store.close()


def test_an_organisation_is_written_as_people_read_it(place: Place) -> None:
    place.desk.add("Ana", [Role.ANALYST], organisation="  IOM   Chișinău ")
    (person,) = place.desk.people()
    assert person.organisation == "IOM Chișinău"
    assert place.recorded == [PeopleChange("added", "Ana", ANALYST, "", "IOM Chișinău")]


@pytest.mark.parametrize("text", ["x" * 201, "IOM\x00", "IOM\u202e"])
def test_an_organisation_that_could_mislead_is_refused(place: Place, text: str) -> None:
    with pytest.raises(BadOrganisationError):
        place.desk.add("Ana", [Role.ANALYST], organisation=text)
    assert place.desk.people() == ()


def test_at_a_node_there_are_no_organisations(tmp_path: Path) -> None:
    place = Place(tmp_path / "people.sqlite3", AUTHORITY)
    with pytest.raises(BadOrganisationError):
        place.desk.add("Ana", [Role.OFFICER], organisation="IOM")
    place.store.close()


def test_accounts_of_before_there_were_organisations_go_on(tmp_path: Path) -> None:
    path = tmp_path / "people.sqlite3"
    place = Place(path)
    place.desk.add("Ana", [Role.ANALYST])
    place.store.close()
    with sqlite3.connect(path) as old:
        old.execute("DROP INDEX of_provider")
        for column in ("organisation", "issuer", "subject"):
            old.execute(f"ALTER TABLE people DROP COLUMN {column}")
        old.execute("DROP TABLE tokens")
        old.execute("DROP TABLE changes")
    old.close()
    again = Place(path)
    (person,) = again.desk.people()
    assert (person.name, person.organisation, person.is_of_provider) == ("Ana", "", False)
    again.desk.set_organisation("Ana", "IOM")
    assert again.desk.arrive(again.arrival(name="Ion")).person.name == "Ion"
    again.store.close()


def test_one_person_at_a_provider_has_one_account_whatever_they_are_called(place: Place) -> None:
    first = place.desk.arrive(place.arrival(name="ana"))
    again = place.desk.arrive(place.arrival(name="Anna Rusu"))
    assert first.person.id == again.person.id
    assert len(place.desk.people()) == 1


def test_two_persons_at_a_provider_never_share_an_account(place: Place) -> None:
    place.desk.arrive(place.arrival("1", "ana"))
    with pytest.raises(NameOfAnotherError):
        place.desk.arrive(place.arrival("2", "ANA"))
    assert len(place.desk.people()) == 1


@pytest.mark.parametrize("name", ["", "<b>", "a" * 81, "\u202eana", "@"])
def test_a_name_of_a_provider_that_could_mislead_is_refused(place: Place, name: str) -> None:
    with pytest.raises(BadNameError):
        place.desk.arrive(place.arrival(name=name))


def test_groups_together_give_nobody_roles_that_do_not_go_together(place: Place) -> None:
    both = frozenset({Role.ADMINISTRATOR, Role.COORDINATOR})
    with pytest.raises(RolesApartError):
        place.desk.arrive(place.arrival(roles=both))
    assert place.desk.people() == ()
    place.desk.arrive(place.arrival())
    with pytest.raises(RolesApartError):
        place.desk.arrive(place.arrival(roles=both))
    assert [one.roles for one in place.desk.people()] == [ANALYST]


def test_who_has_no_role_any_more_is_signed_out(place: Place) -> None:
    session = place.desk.arrive(place.arrival())
    with pytest.raises(NoRoleError):
        place.desk.arrive(place.arrival(roles=frozenset()))
    with pytest.raises(NotSignedInError):
        place.desk.session(session.token)


def test_a_locked_account_stays_locked_whatever_its_roles(place: Place) -> None:
    place.desk.arrive(place.arrival())
    place.desk.lock("ana@iom.example")
    for roles in (ANALYST, frozenset[Role]()):
        with pytest.raises(LockedOutError):
            place.desk.arrive(place.arrival(roles=roles))


def test_roles_given_here_last_until_the_next_sign_in_at_the_provider(place: Place) -> None:
    place.desk.arrive(place.arrival())
    place.desk.set_roles("ana@iom.example", ["administrator"])
    assert place.desk.arrive(place.arrival()).person.roles == ANALYST
    assert [(one.change, one.by) for one in place.recorded][-1] == ("roles", "")


def test_without_the_providers_second_factor_ours_is_asked_for_each_time(place: Place) -> None:
    session = place.desk.arrive(place.arrival(has_second_factor=False))
    assert session.stage is Stage.SETUP
    secret, _ = place.desk.offer_second_factor(session)
    place.desk.take_second_factor(session, pyotp.TOTP(secret).at(place.clock()))
    assert place.desk.arrive(place.arrival(has_second_factor=False)).stage is Stage.CODE


def test_a_browser_that_was_left_open_takes_no_second_factor_in_its_owners_place(
    place: Place,
) -> None:
    session = place.desk.arrive(place.arrival())
    place.clock.advance(timedelta(seconds=JUST_NOW_SECONDS + 1))
    secret, _ = place.desk.offer_second_factor(session)
    code = pyotp.TOTP(secret).at(place.clock())
    with pytest.raises(SignInAnewError):
        place.desk.take_second_factor(session, code)
    with pytest.raises(SignInAnewError):
        place.desk.renew_recovery_codes(session, "")
    fresh = place.desk.arrive(place.arrival())
    secret, _ = place.desk.offer_second_factor(fresh)
    place.desk.take_second_factor(fresh, pyotp.TOTP(secret).at(place.clock()))


def test_whoever_comes_from_a_provider_gets_no_password(place: Place) -> None:
    session = place.desk.arrive(place.arrival())
    with pytest.raises(WrongSignInError):
        place.desk.change_password(session, "", "seven otters juggle copper kettles")
    with pytest.raises(WrongSignInError):
        place.desk.sign_in("ana@iom.example", "")
    assert place.desk.reset("ana@iom.example") == ""


def test_an_account_that_begins_anew_sets_the_second_factor_up_anew(place: Place) -> None:
    session = place.desk.arrive(place.arrival(has_second_factor=False))
    secret, _ = place.desk.offer_second_factor(session)
    place.desk.take_second_factor(session, pyotp.TOTP(secret).at(place.clock()))
    place.desk.reset("ana@iom.example")
    assert place.desk.arrive(place.arrival(has_second_factor=False)).stage is Stage.SETUP


def test_who_gives_accounts_is_none_of_those_who_publish() -> None:
    """Else one person is both pairs of eyes: makes a second coordinator, and signs in as it."""
    assert REGION.parse(["analyst", "coordinator"]) == {Role.ANALYST, Role.COORDINATOR}
    with pytest.raises(BadRolesError):
        REGION.parse(["coordinator", "administrator"])
