"""How much one asker may ask for in a minute."""

import pytest
from flask import Response

from corridor.coordinator.pace import Pace
from corridor.errors.region import TooManyRequestsError


class Moments:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 6000.0

    def __call__(self) -> float:
        return self.at


def _asked(pace: Pace, times: int, asker: str = "ana") -> int:
    """How many of so many requests were let through."""
    passed = 0
    for _ in range(times):
        try:
            pace.demand(asker, works=False)
        except TooManyRequestsError:
            continue
        passed += 1
    return passed


def test_an_asker_has_so_many_requests_and_so_much_work_apart() -> None:
    pace = Pace(requests=5, works=2, seconds=Moments())

    assert _asked(pace, 9) == 5
    pace.demand("ana", works=True)
    pace.demand("ana", works=True)
    with pytest.raises(TooManyRequestsError, match="wait 60 seconds"):
        pace.demand("ana", works=True)
    assert _asked(pace, 9, "bo") == 5


def test_the_turn_of_a_minute_gives_nobody_twice_as_much() -> None:
    moments = Moments()
    pace = Pace(requests=60, works=1, seconds=moments)
    moments.at += 59
    assert _asked(pace, 100) == 60

    moments.at += 1
    assert _asked(pace, 100) == 0
    moments.at += 30
    assert _asked(pace, 100) == 30
    moments.at += 90
    assert _asked(pace, 100) == 60


def test_who_was_refused_waits_no_longer_for_it() -> None:
    moments = Moments()
    pace = Pace(requests=10, works=1, seconds=moments)
    _asked(pace, 1000)

    moments.at += 120
    assert _asked(pace, 100) == 10


def test_who_asks_no_more_is_forgotten() -> None:
    moments = Moments()
    pace = Pace(requests=10, works=1, seconds=moments)
    for number in range(1000):
        pace.demand(f"network {number}", works=False)

    moments.at += 120
    pace.demand("ana", works=False)
    assert len(pace) == 1


def test_what_is_left_is_told() -> None:
    pace = Pace(requests=5, works=2, seconds=Moments())
    _asked(pace, 2)

    response = Response()
    pace.tell("ana", response, works=False)
    assert response.headers["RateLimit-Policy"] == '"all";q=5;w=60'
    assert response.headers["RateLimit"] == '"all";r=3;t=60'
