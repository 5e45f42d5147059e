"""How passwords are kept and judged."""

import time

import pytest
from argon2 import PasswordHasher

from corridor.errors.people import WeakPasswordError
from corridor.people.passwords import Passwords, check_strength
from support.pages import CHEAP, PASSWORD


def test_a_password_is_kept_by_argon2id_as_rfc_9106_recommends() -> None:
    kept = Passwords().keep("seven otters juggle copper kettles")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_one_password_is_kept_in_two_ways() -> None:
    passwords = Passwords(CHEAP)
    assert passwords.keep("seven otters juggle") != passwords.keep("seven otters juggle")


def test_comparing_with_nobodys_password_costs_what_comparing_with_somebodys_does() -> None:
    """Else how long it takes would tell whether there is such an account, also the first time."""
    kept = Passwords().keep(PASSWORD)

    def cost(kept: str | None) -> float:
        """The CPU time of the first comparison of a process."""
        passwords = Passwords()
        before = time.process_time()
        assert not passwords.is_right(kept, "five herons ferry iron bells")
        return time.process_time() - before

    somebodys, nobodys = (min(cost(one) for _ in range(3)) for one in (kept, None))
    assert somebodys / 1.6 < nobodys < somebodys * 1.6


def test_what_was_kept_by_weaker_rules_is_known_as_outdated() -> None:
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    kept = Passwords(CHEAP).keep("seven otters juggle")
    assert stronger.is_outdated(kept)
    assert stronger.is_right(kept, "seven otters juggle")


@pytest.mark.parametrize("kept", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
def test_what_is_no_hash_is_no_password(kept: str) -> None:
    assert not Passwords(CHEAP).is_right(kept, kept)


@pytest.mark.parametrize(
    "password",
    [
        "seven otters juggle copper kettles",  # neither capitals nor digits are asked for
        "кадифе мост облак прозорец",
        "a harbour at dawn, four tired mules, nobody knows why the bell was sold",
        "Tr0ub4dor&3 no, a longer one",
    ],
)
def test_long_and_unlike_is_enough_whatever_letters_it_has(password: str) -> None:
    check_strength(password, "Ana Rusu", "MD")


@pytest.mark.parametrize(
    "password", ["iloveyou1234", "abcdefghijkl", "letmeinletmein", "123456789012"]
)
def test_a_common_password_is_refused_without_asking_the_internet(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        check_strength(password, "Ana Rusu", "MD")
