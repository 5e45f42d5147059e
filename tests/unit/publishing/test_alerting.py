"""Alerts of a standing series: what is told, of which periods, in which words."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.errors.client import RemoteAnswerError
from corridor.errors.comparing import ComparisonError
from corridor.publishing.alerting import Alert, Direction, alerts_of
from support.releases import make_release
from support.series_releases import measure, releases_of

SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
PERIODS = 12
CELLS = 6


def made(newly: NDArray[np.int64], **more: Any) -> list[dict[str, Any]]:
    measured = measure(SQL, PERIODS, newly, np.random.default_rng(5))
    return releases_of(SQL, PERIODS, measured, **more)


def steady(periods: int = 5) -> NDArray[np.int64]:
    newly = np.full((periods, CELLS), 80)
    newly[0] = 5000  # the first release counts everybody who was known
    return newly


def test_a_jump_is_told_once_with_its_periods_its_interval_and_what_it_may_be() -> None:
    newly = steady()
    newly[3:, 1] = 480
    (alert,) = alerts_of(made(newly))
    assert alert.values == ("Masculine",)
    assert (alert.start, alert.end) == ("2027-02", "2027-03")
    assert alert.direction is Direction.RISE
    assert alert.low < 400 < alert.high
    assert not alert.off_time
    assert "Detected is not prevalence: a rise may be better identification" in alert.text
    assert alert.to_json()["text"] == alert.text


def test_a_fall_is_told_as_one() -> None:
    newly = steady()
    newly[:4, 0] += 400
    (alert,) = alerts_of(made(newly))
    assert alert.direction is Direction.FALL
    assert alert.low < -400 < alert.high < 0
    assert "less identification" in alert.text


def test_the_first_release_is_compared_with_nothing() -> None:
    assert alerts_of(made(steady())) == ()
    assert alerts_of(made(steady(1))) == ()
    assert alerts_of([]) == ()


def test_what_was_told_of_a_release_stays_when_others_come() -> None:
    newly = steady(6)
    newly[3, 2] = 600
    releases = made(newly)
    before = alerts_of(releases[:4])
    assert len(before) == 1
    assert alerts_of(releases)[-1:] == before  # the latest period comes first


def test_a_year_can_be_compared_with_the_year_before() -> None:
    newly = steady(8)
    newly[7, 3] = 600
    (alert,) = alerts_of(made(newly), lag=6)
    assert (alert.start, alert.end) == ("2027-01", "2027-07")
    with pytest.raises(ComparisonError, match="12 periods"):
        alerts_of(made(steady()), lag=11)


def test_a_release_that_was_not_made_on_time_is_called_so() -> None:
    newly = steady()
    newly[3:, 1] = 480
    (alert,) = alerts_of(made(newly, published="2026-12-24"))
    assert alert.off_time
    assert "not made at the end of its period" in alert.text


@pytest.mark.parametrize(
    "broken", ["order", "one of no series", "another series", "noise that was never drawn"]
)
def test_what_is_no_series_is_refused(broken: str) -> None:
    releases = made(steady(3))
    if broken == "order":
        releases = releases[::-1]
    elif broken == "another series":
        releases[1] = {**releases[1], "series": {**releases[1]["series"], "id": "00"}}
    elif broken == "noise that was never drawn":
        covariances = releases[1]["tables"][0]["covariances"]
        releases[1]["tables"][0]["covariances"] = [*covariances[:-1], covariances[-1] / 10]
    else:
        releases[2] = make_release()
    with pytest.raises(RemoteAnswerError):
        alerts_of(releases)


def test_an_alert_whose_interval_holds_0_is_none() -> None:
    with pytest.raises(ValueError, match="leaves out 0"):
        Alert(
            cell=(),
            values=(),
            start="a",
            end="b",
            low=-1.0,
            high=2.0,
            direction=Direction.RISE,
            off_time=False,
        )
