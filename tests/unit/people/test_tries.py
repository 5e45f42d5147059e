"""Wrong tries: whom they make wait, and whom not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random

import pyotp
import pytest

from corridor.errors import CorridorError
from corridor.errors.people import WaitError, WrongSignInError
from corridor.people import (
    REGION,
    Passwords,
    PeopleDesk,
    PeopleStore,
    Role,
    SealedFactors,
    Session,
    Stage,
)
from corridor.people.desk import MOST_BROWSERS
from corridor.people.tries import FREE_TRIES, FREE_TRIES_OF_ALL, Whence, network_of
from support.console import START
from support.ledgers import TestClock
from support.pages import CHEAP, PASSWORD

ANA, BOGDAN = "Ana Rusu", "Bogdan"
WRONG = "nine magpies borrow silver ladders"
HOME, ELSEWHERE = Whence("192.0.2.1"), Whence("198.51.100.7")


class Place:
    """A desk over a real file."""

    def __init__(self, path: Path) -> None:
        self.clock = TestClock(START)
        self.store = PeopleStore(path)
        self.desk = PeopleDesk(
            self.store,
            Passwords(CHEAP),
            SealedFactors(lambda: bytes(range(32)), Random(2).randbytes),
            staff=REGION,
            place="Danube region",
            clock=self.clock,
            random_bytes=Random(1).randbytes,
            record=lambda _: None,
        )
        self.secrets: dict[str, str] = {}

    def complete(self, name: str, whence: Whence = HOME) -> Session:
        """An account whose owner signed in to the end; the session knows the browser."""
        self.desk.enter(name, self.desk.add(name, [Role.ANALYST]), PASSWORD, whence)
        session = self.desk.sign_in(name, PASSWORD, whence)
        self.secrets[name], _ = self.desk.offer_second_factor(session)
        session, _ = self.desk.take_second_factor(session, self.code(name))
        return session

    def come(self, name: str, whence: Whence) -> Session:
        """Sign in to the end."""
        self.clock.advance(timedelta(seconds=30))
        return self.desk.confirm_code(self.desk.sign_in(name, PASSWORD, whence), self.code(name))

    def code(self, name: str) -> str:
        return pyotp.TOTP(self.secrets[name]).at(self.clock())

    def guess(self, name: str, whence: Whence, times: int = FREE_TRIES) -> None:
        for _ in range(times):
            with pytest.raises(WrongSignInError):
                self.desk.sign_in(name, WRONG, whence)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "people.sqlite3")
    yield made
    made.store.close()


def test_whoever_guesses_elsewhere_keeps_no_owner_waiting(place: Place) -> None:
    place.complete(ANA)
    place.guess(ANA, ELSEWHERE)
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, ELSEWHERE)
    assert place.desk.sign_in(ANA, PASSWORD, HOME).stage is Stage.CODE


def test_a_browser_of_the_owners_never_waits_for_what_others_tried(place: Place) -> None:
    browser = place.complete(ANA).whence
    for number in range(FREE_TRIES_OF_ALL // FREE_TRIES):
        place.guess(ANA, Whence(f"198.51.100.{number}"))
    place.guess(BOGDAN, Whence(HOME.network))
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, Whence("203.0.113.1"))
    assert place.come(ANA, browser).stage is Stage.FULL


@pytest.mark.parametrize("name", [ANA, "nobody at all"])
def test_a_name_that_is_tried_from_many_networks_waits_everywhere(place: Place, name: str) -> None:
    place.complete(ANA)
    for number in range(FREE_TRIES_OF_ALL // FREE_TRIES):
        place.guess(name, Whence(f"198.51.100.{number}"))
    with pytest.raises(WaitError):
        place.desk.sign_in(name, WRONG, Whence("203.0.113.1"))


@pytest.mark.parametrize("is_known", [True, False])
def test_signing_in_gives_those_who_guess_elsewhere_no_tries_back(
    place: Place, is_known: bool
) -> None:
    browser = place.complete(ANA).whence
    for number in range(FREE_TRIES_OF_ALL // FREE_TRIES - 1):
        place.guess(ANA, Whence(f"198.51.100.{number}"))
    place.come(ANA, browser if is_known else HOME)
    place.guess(ANA, Whence("203.0.113.1"))
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, WRONG, Whence("203.0.113.2"))


def test_a_browser_of_the_owners_can_guess_no_more_than_any_other(place: Place) -> None:
    browser = place.complete(ANA).whence
    place.guess(ANA, browser)
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, browser)
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, Whence("203.0.113.1", browser.browser))


def test_a_browser_is_its_owners_for_no_other_name(place: Place) -> None:
    browser = place.complete(ANA).whence
    place.complete(BOGDAN, ELSEWHERE)
    place.guess(BOGDAN, browser)
    for guesser in (Whence(browser.network), browser):
        with pytest.raises(WaitError):
            place.desk.sign_in(BOGDAN, PASSWORD, guesser)


def test_a_browser_that_several_use_is_known_for_each_of_them(place: Place) -> None:
    shared = place.complete(BOGDAN, place.complete(ANA).whence).whence
    place.guess(ANA, Whence(HOME.network))
    place.guess(BOGDAN, Whence(HOME.network))
    assert place.desk.sign_in(ANA, PASSWORD, shared).stage is Stage.CODE
    assert place.desk.sign_in(BOGDAN, PASSWORD, shared).stage is Stage.CODE


def test_what_somebody_put_into_a_browser_is_worth_nothing_once_its_owner_signed_in(
    place: Place,
) -> None:
    planted = place.complete(BOGDAN).whence.browser
    place.complete(ANA, ELSEWHERE)
    place.come(ANA, Whence(ELSEWHERE.network, planted))
    place.guess(ANA, Whence("203.0.113.1"))
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, Whence("203.0.113.1", planted))


@pytest.mark.parametrize("change", ["lock", "reset", "everywhere", "password", "restored"])
def test_a_change_of_the_account_forgets_its_browsers(place: Place, change: str) -> None:
    session = place.complete(ANA)
    match change:
        case "lock":
            place.desk.lock(ANA)
        case "reset":
            place.desk.reset(ANA)
        case "everywhere":
            place.desk.sign_out_everywhere(session)
        case "restored":
            place.desk.lock_all()
        case _:
            place.desk.change_password(session, PASSWORD, WRONG)
    place.guess(ANA, HOME, 0 if change == "password" else FREE_TRIES)
    if change == "password":
        for _ in range(FREE_TRIES):
            with pytest.raises(WrongSignInError):
                place.desk.sign_in(ANA, PASSWORD, HOME)
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, Whence(HOME.network, session.whence.browser))


def test_no_more_browsers_are_known_than_somebody_uses(place: Place) -> None:
    first = place.complete(ANA).whence
    known = [place.come(ANA, HOME).whence for _ in range(MOST_BROWSERS)]
    place.guess(ANA, HOME)
    for one in known:
        assert place.desk.sign_in(ANA, PASSWORD, one).stage is Stage.CODE
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, first)


def test_whoever_has_not_the_password_makes_no_second_factor_wait(place: Place) -> None:
    place.complete(ANA)
    half = place.desk.sign_in(ANA, PASSWORD, HOME)
    for whence in (HOME, ELSEWHERE):
        place.guess(ANA, whence)
    place.clock.advance(timedelta(seconds=30))
    assert place.desk.confirm_code(half, place.code(ANA)).stage is Stage.FULL


def test_whoever_has_the_password_keeps_no_browser_of_the_owners_waiting(place: Place) -> None:
    browser = place.complete(ANA).whence
    half = place.desk.sign_in(ANA, PASSWORD, ELSEWHERE)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongSignInError):
            place.desk.confirm_code(half, "123456")
    assert place.come(ANA, browser).stage is Stage.FULL
    with pytest.raises(WrongSignInError):  # half a minute is over, and one more is free
        place.desk.confirm_code(half, "123456")
    with pytest.raises(WaitError):
        place.desk.confirm_code(half, place.code(ANA))


def test_an_administrator_ends_the_waiting_of_a_name(place: Place) -> None:
    place.complete(ANA)
    for number in range(FREE_TRIES_OF_ALL // FREE_TRIES):
        place.guess(ANA, Whence(f"198.51.100.{number}"))
    place.desk.unlock(ANA)
    for number in range(FREE_TRIES_OF_ALL // FREE_TRIES):
        assert place.desk.sign_in(ANA, PASSWORD, Whence(f"198.51.100.{number}")).stage is Stage.CODE
    place.guess("Bogdan", ELSEWHERE)
    place.desk.unlock(ANA)
    with pytest.raises(WaitError):
        place.desk.sign_in("Bogdan", WRONG, ELSEWHERE)


def test_of_many_tries_at_once_none_is_free(place: Place) -> None:
    place.complete(ANA)

    def try_once(_: int) -> str:
        try:
            place.desk.sign_in(ANA, WRONG, ELSEWHERE)
        except CorridorError as error:
            return error.code
        return "signed in"

    with ThreadPoolExecutor(12) as threads:
        said = list(threads.map(try_once, range(24)))
    assert said.count("people.wrong_sign_in") == FREE_TRIES
    assert said.count("people.wait") == 24 - FREE_TRIES


def test_what_was_right_counts_nowhere(place: Place) -> None:
    place.complete(ANA)
    for _ in range(2 * FREE_TRIES_OF_ALL):
        place.desk.sign_in(ANA, PASSWORD, ELSEWHERE)
    place.guess(ANA, ELSEWHERE)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", ""),
        (None, ""),
    ],
)
def test_whoever_has_one_address_of_ipv6_has_all_that_begin_alike(
    address: str | None, network: str
) -> None:
    assert network_of(address) == network


def test_the_file_says_of_no_name_and_no_network_that_it_was_tried(place: Place) -> None:
    place.guess("Zuzana", ELSEWHERE, 1)
    (row,) = place.store._connection.execute("SELECT group_concat(name_key) FROM tries").fetchall()
    assert "zuzana" not in row[0].casefold()
    assert ELSEWHERE.network not in row[0]


def counters(place: Place) -> int:
    return place.store.counters()


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corridor.people.tries.MOST_OF_NETWORK", 6)
    monkeypatch.setattr("corridor.people.tries.MOST_COUNTERS", 40)


@pytest.mark.usefixtures("little_room")
def test_names_that_one_network_makes_up_do_not_fill_the_file(place: Place) -> None:
    place.complete(ANA)
    for number in range(200):
        try:
            place.desk.sign_in(f"made up {number}", WRONG, ELSEWHERE)
        except WaitError:
            place.clock.advance(timedelta(minutes=15))
        except WrongSignInError:
            pass
    # Six names of its own with two counters each, and one for all the others.
    assert counters(place) <= 2 * 6 + 1
    assert place.desk.sign_in(ANA, PASSWORD, HOME).stage is Stage.CODE


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("name", [ANA, "nobody at all"])
def test_a_network_that_makes_up_names_waits_alike_for_every_other_name(
    place: Place, name: str
) -> None:
    """Also for one with an account: else whoever waits would learn which names have one."""
    place.complete(ANA)
    for number in range(6):
        place.guess(f"made up {number}", ELSEWHERE, times=1)
    outcomes = []
    for _ in range(2 * FREE_TRIES):
        with pytest.raises(CorridorError) as refused:
            place.desk.sign_in(name, WRONG, ELSEWHERE)
        outcomes.append(refused.value.code)
        place.clock.advance(timedelta(seconds=1))
    assert outcomes == ["people.wrong_sign_in"] * FREE_TRIES + ["people.wait"] * FREE_TRIES
    with pytest.raises(WaitError):
        place.desk.sign_in("yet another", WRONG, ELSEWHERE)
    assert place.desk.sign_in(ANA, PASSWORD, HOME).stage is Stage.CODE


@pytest.mark.usefixtures("little_room")
def test_names_that_many_networks_make_up_fill_no_file_and_free_no_account_of_its_wait(
    place: Place,
) -> None:
    place.complete(ANA)
    place.guess(ANA, ELSEWHERE)
    for number in range(200):
        place.guess(f"made up {number}", Whence(f"203.0.113.{number}"), times=1)
        assert counters(place) <= 40
    with pytest.raises(WaitError):
        place.desk.sign_in(ANA, PASSWORD, ELSEWHERE)


def test_counters_of_yesterday_are_swept(place: Place) -> None:
    for number in range(20):
        place.guess(f"made up {number}", ELSEWHERE, times=1)
    place.clock.advance(timedelta(days=1, seconds=1))
    place.guess("somebody", HOME, times=1)
    assert counters(place) == 2
