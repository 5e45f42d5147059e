"""Standing series over the REST API, with scripted nodes and a clock that skips the months."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.coordinator import app
from corridor.ids import CountryCode
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.transport.messages import NodeBody, Refusal, Round
from support.loopback_region import QUICK, LoopbackRegion

pytestmark = pytest.mark.slow

SQL = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
TERMS: dict[str, Any] = {"every": "month", "periods": 3}


class Calendar:
    """The real clock, and so many days more."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def skip_to(self, moment: str) -> None:
        """Go on to the moment that the API names."""
        self.ahead = datetime.fromisoformat(moment) - datetime.now(UTC)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def region(tmp_path: Path, calendar: Calendar) -> Iterator[LoopbackRegion]:
    made = LoopbackRegion(
        tmp_path,
        countries=tuple(map(CountryCode, ("BG", "MD", "RO", "UA"))),
        deadlines=QUICK,
        clock=calendar,
    )
    try:
        made.enter(max_colluders=1)
        made.wait_for_members(*made.nodes)
        yield made
    finally:
        made.close()


def begin(region: LoopbackRegion, **changes: Any) -> dict[str, Any]:
    return region.ask(sql=SQL, rho="1/20", series=TERMS | changes)


def shown(region: LoopbackRegion, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = region.get(f"/api/v1/series/{identifier}").json()
    return found


def until(region: LoopbackRegion, identifier: str, **wanted: Any) -> dict[str, Any]:
    """The series once it is so."""
    found: dict[str, Any] = {}
    for _ in range(600):
        found = shown(region, identifier)
        if all(found[key] == value for key, value in wanted.items()):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def released(region: LoopbackRegion, calendar: Calendar, identifier: str) -> dict[str, Any]:
    """The next release, after its period ended."""
    found = before = shown(region, identifier)
    calendar.skip_to(before["next_at"])
    for _ in range(600):
        found = shown(region, identifier)
        if len(found["releases"]) > len(before["releases"]):
            last = found["releases"][-1]
            assert last["period"] == before["next_period"]
            release: dict[str, Any] = region.get(f"/api/v1/releases/{last['release_id']}").json()
            return release
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_series_answers_each_month_what_came_and_what_came_so_far(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    assert (series["state"], series["releases"], series["next_period"]) == ("waiting", [], 1)
    assert begin(region)["id"] == series["id"]
    assert len(region.get("/api/v1/series").json()) == 1
    newly = region.total(6)
    for period in (1, 2, 3):
        release = released(region, calendar, series["id"])
        first, so_far = release["tables"]
        assert np.abs(np.array(first["values"]) - newly).max() < 4 * first["margin"]
        assert np.abs(np.array(so_far["values"]) - period * newly).max() < 4 * so_far["margin"]
        assert (first["margin"] < so_far["margin"]) == (period == 3)
        named = release["series"]
        assert named["period"] == period
        assert [one["period"] for one in named["put_together_with"]] == list(range(1, period))
        assert release["guarantee"]["rho"] == "1/20"
        assert release["guarantee"]["dropouts"] == 0
    found = shown(region, series["id"])
    assert found["state"] == "complete"
    assert found["next_at"] is None
    assert region.post(f"/api/v1/series/{series['id']}/now", {}).json()["code"] == (
        "region.series_over"
    )


def test_a_series_tells_alerts_of_its_releases_and_none_of_its_first(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    released(region, calendar, series["id"])
    answer = region.get(f"/api/v1/series/{series['id']}/alerts")
    assert (answer.status_code, answer.json()) == (200, [])
    too_far = region.get(f"/api/v1/series/{series['id']}/alerts?lag=100")
    assert (too_far.status_code, too_far.json()["code"]) == (422, "comparison.does_not_fit")


def test_a_release_waits_for_everybody_who_was_in_the_first(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    released(region, calendar, series["id"])
    region.nodes[CountryCode("MD")].disconnect()
    region.wait_for_members("BG", "RO", "UA")
    calendar.skip_to(shown(region, series["id"])["next_at"])
    found = until(region, series["id"], state="waiting", next_period=2)
    while found["failure"] is None:
        found = until(region, series["id"], next_period=2)
    assert found["failure"]["code"] == "region.series_members_missing"
    assert found["failure"]["missing"] == ["MD"]
    region.nodes[CountryCode("MD")].connect()
    region.wait_for_members(*region.nodes)
    release = released(region, calendar, series["id"])
    assert release["survivors"] == ["BG", "MD", "RO", "UA"]


def test_what_failed_after_a_debit_is_tried_again_when_somebody_says_so(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    ukraine = region.nodes[CountryCode("UA")]
    ukraine.script.silent_at = Round.MASKED_INPUT
    calendar.skip_to(series["next_at"])
    found = until(region, series["id"], state="failed")
    assert (found["next_period"], found["next_at"]) == (1, None)
    assert found["failure"]["round"] == "masked-input"
    ukraine.disconnect()
    ukraine.script.silent_at = None
    ukraine.connect()
    region.wait_for_members(*region.nodes)
    calendar.skip_to("2027-01-20T00:00:00Z")  # by itself it is not tried again
    time.sleep(1.5)
    assert shown(region, series["id"])["state"] == "failed"
    asked = region.post(f"/api/v1/series/{series['id']}/now", {}).json()
    assert asked["state"] == "asking"
    until(region, series["id"], next_period=2)


def test_what_was_begun_is_not_begun_again_on_other_terms(region: LoopbackRegion) -> None:
    series = begin(region)
    other = region.post("/api/v1/questions", {"sql": SQL, "rho": "1/1000", "series": TERMS})
    assert other.json()["code"] == "region.series_exists"
    assert "at ρ = 1/20" in other.json()["detail"]
    # What ended before anybody paid for it may begin again, on other terms.
    region.post(f"/api/v1/series/{series['id']}/end", {})
    again = region.ask(sql=SQL, rho="1/1000", series=TERMS)
    assert (again["id"], again["rho"], again["state"]) == (series["id"], "1/1000", "waiting")


def test_what_was_paid_for_and_has_ended_is_not_begun_again(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    released(region, calendar, series["id"])
    region.post(f"/api/v1/series/{series['id']}/end", {})
    calendar.ahead = timedelta()
    ended = region.post("/api/v1/questions", {"sql": SQL, "rho": "1/20", "series": TERMS})
    assert ended.json()["code"] == "region.series_exists"
    assert "it has ended" in ended.json()["detail"]


def test_without_an_organisation_a_series_is_its_asker_s_alone(region: LoopbackRegion) -> None:
    """That two have none makes them no colleagues."""
    own, stranger = (app.issue_token(region.world, name) for name in ("ida", "ivo"))
    asked = {"sql": SQL, "rho": "1/20", "series": TERMS, "purpose": "a raid"}
    series = region.post("/api/v1/questions", asked, own).json()
    for what in ("now", "end"):
        answer = region.post(f"/api/v1/series/{series['id']}/{what}", {}, stranger)
        assert (answer.status_code, answer.json()["code"]) == (403, "region.series_of_others")
        assert "a raid" not in answer.text
    ended = region.post(f"/api/v1/series/{series['id']}/end", {}, own).json()
    assert (ended["state"], ended["purpose"]) == ("ended", "a raid")


def test_only_who_asked_for_a_series_hastens_or_ends_it(region: LoopbackRegion) -> None:
    series = begin(region)
    stranger = app.issue_token(region.world, "eve", organisation="Another ministry")
    for what in ("now", "end"):
        answer = region.post(f"/api/v1/series/{series['id']}/{what}", {}, stranger)
        assert (answer.status_code, answer.json()["code"]) == (403, "region.series_of_others")
    assert shown(region, series["id"])["state"] == "waiting"


def test_a_release_that_is_being_asked_for_is_not_ended_away(region: LoopbackRegion) -> None:
    series = begin(region)
    assert region.post(f"/api/v1/series/{series['id']}/now", {}).is_success
    answer = region.post(f"/api/v1/series/{series['id']}/end", {})
    found = until(region, series["id"], state="waiting")
    if answer.is_success:  # it was released meanwhile
        assert found["releases"]
    else:
        assert answer.json()["code"] == "region.series_runs"


def test_after_a_long_silence_releases_come_a_day_apart(
    region: LoopbackRegion, calendar: Calendar
) -> None:
    series = begin(region)
    calendar.ahead = timedelta(days=200)
    found = until(region, series["id"], state="waiting", next_period=2)
    again = datetime.fromisoformat(found["next_at"]) - calendar()
    assert timedelta(hours=23) < again < timedelta(hours=24)
    release = region.get(f"/api/v1/releases/{found['releases'][0]['release_id']}").json()
    assert release["published_at"][:10] >= release["series"]["next_due"]


def test_so_many_series_run_and_no_more(region: LoopbackRegion) -> None:
    codes = []
    for number in range(101):
        terms = TERMS | {"periods": 3 + number, "start": "2029-01"}
        answer = region.post("/api/v1/questions", {"sql": SQL, "rho": "1/20", "series": terms})
        codes.append(answer.json().get("code"))
    assert codes[0] is None
    assert codes[-1] == "question.queue_full"


def test_a_series_can_be_ended(region: LoopbackRegion) -> None:
    series = begin(region)
    ended = region.post(f"/api/v1/series/{series['id']}/end", {}).json()
    assert (ended["state"], ended["next_at"]) == ("ended", None)
    again = region.post(f"/api/v1/series/{series['id']}/end", {})
    assert again.json()["code"] == "region.series_over"
    assert region.get("/api/v1/series/abc").json()["code"] == "region.unknown_series"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start": "2020-01"}, "question.series_in_past"),
        ({"start": "2020"}, "question.no_series"),
        ({"every": "day"}, "request.malformed"),
        ({"periods": 0}, "request.malformed"),
        ({"periods": 10_000}, "request.malformed"),
        ({"periods": "3"}, "request.malformed"),
        ({"begin": "2030-01"}, "request.malformed"),
    ],
)
def test_what_is_no_series_is_refused(
    region: LoopbackRegion, changes: dict[str, Any], code: str
) -> None:
    answer = region.post("/api/v1/questions", {"sql": SQL, "series": TERMS | changes})
    assert answer.json()["code"] == code


def test_what_counts_nobody_once_is_no_series(region: LoopbackRegion) -> None:
    for sql in (
        "SELECT AVG(age) FROM persons",
        "SELECT leg_kind, COUNT(*) FROM legs GROUP BY leg_kind",
    ):
        answer = region.post("/api/v1/forecast", {"sql": sql, "series": TERMS})
        assert answer.json()["code"] == "question.no_series", answer.text
    answer = region.post("/api/v1/forecast", {"sql": SQL, "series": TERMS, "scope": "per-country"})
    assert answer.json()["code"] == "question.no_series"


def test_a_forecast_says_when_and_for_how_much(region: LoopbackRegion) -> None:
    request = {"sql": SQL, "accuracy": "±20", "series": TERMS | {"periods": 36}}
    found = region.post("/api/v1/forecast", request).json()
    assert [table["margin"] <= 20 for table in found["tables"]] == [True, True]
    assert found["series"]["periods"] == 36
    once = region.post("/api/v1/forecast", {"sql": SQL, "accuracy": "±20"}).json()
    assert once["series"] is None
    assert Fraction(found["rho"]) < 6 * Fraction(once["rho"])
    assert Fraction(found["series"]["repeat_rho"]) < Fraction(found["rho"]) / 2


def test_a_release_of_a_series_is_not_asked_by_itself(region: LoopbackRegion) -> None:
    question = begin(region)["question"]
    answer = region.post("/api/v1/questions", {"question": question})
    assert answer.json()["code"] == "question.no_series"


def test_a_release_that_waits_for_people_is_taken_back_by_ending_its_series(
    region: LoopbackRegion,
) -> None:
    def bend(body: NodeBody) -> tuple[NodeBody, ...]:
        refusal = Refusal("policy.waiting_for_approval", "a test")
        return (refusal,) if isinstance(body, Acceptance) else (body,)

    region.nodes[CountryCode("BG")].script.bend = bend
    series = begin(region)["id"]
    question = region.post(f"/api/v1/series/{series}/now", {}).json()["question_id"]
    waiting = region.wait_until(question, lambda shown: shown["state"] == "waiting")
    assert waiting["waiting_for"] == ["BG"]
    assert shown(region, series)["state"] == "asking"
    refused = region.post(f"/api/v1/questions/{question}/cancel", {}).json()
    assert refused["code"] == "question.cannot_cancel"
    assert region.post(f"/api/v1/series/{series}/end", {}).json()["state"] == "ended"
    failure = region.get(f"/api/v1/questions/{question}").json()["failure"]
    assert failure["code"] == "question.cancelled"
    region.wait_for_outcome(CountryCode("BG"), "question.cancelled")
