"""Standing series on the first page and in their list: what each waits for, and what helps."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from corridor.ids import CountryCode
from corridor.people import Role
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.transport.messages import NodeBody, Refusal, Round
from support.loopback_region import QUICK, LoopbackRegion
from support.pages import Browser
from support.workbench import open_workbench

pytestmark = pytest.mark.slow

SQL = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"


class Calendar:
    """The real clock, and so many days more."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def region(tmp_path: Path) -> Iterator[LoopbackRegion]:
    made = LoopbackRegion(
        tmp_path,
        countries=tuple(map(CountryCode, ("BG", "MD", "RO", "UA"))),
        deadlines=QUICK,
        clock=Calendar(),
    )
    try:
        made.enter(max_colluders=1)
        made.wait_for_members(*made.nodes)
        yield made
    finally:
        made.close()


@pytest.fixture
def reader(region: LoopbackRegion) -> Iterator[Browser]:
    with open_workbench(region.world) as workbench:
        yield workbench.enter("Ada", Role.ADMINISTRATOR)


def begun(region: LoopbackRegion) -> str:
    series = region.ask(sql=SQL, rho="1/20", series={"every": "month", "periods": 3})
    return str(series["id"])


def seen(reader: Browser, path: str, series: str) -> str:
    """What the page says of the series, in one line."""
    assert reader.get(path).status_code == 200
    page = reader.last
    entries = re.findall(r"<li[^>]*><span class=\"mark .*?</li>\s*(?=<li|</ul)", page, re.DOTALL)
    (own,) = [one for one in entries if series in one]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", own)).split())


def both(reader: Browser, series: str) -> list[str]:
    return [seen(reader, path, series) for path in ("/", "/series")]


def test_a_series_that_waits_for_its_day_says_when_that_is(
    region: LoopbackRegion, reader: Browser
) -> None:
    series = begun(region)
    for words in both(reader, series):
        assert words.startswith("waits for its time")
        assert "Persons by gender" in words
        assert "All persons in the data, victims or not" in words
        assert "0 of 3 answers so far" in words
        assert "due" in words
        assert "Not ready" not in words
    region.post(f"/api/v1/series/{series}/end", {})
    assert seen(reader, "/series", series).startswith("was ended")
    assert reader.get("/").status_code == 200
    assert series not in reader.last


def test_a_series_that_waits_for_approval_says_where_and_until_when(
    region: LoopbackRegion, reader: Browser
) -> None:
    def bend(body: NodeBody) -> tuple[NodeBody, ...]:
        refusal = Refusal("policy.waiting_for_approval", "a test")
        return (refusal,) if isinstance(body, Acceptance) else (body,)

    region.nodes[CountryCode("BG")].script.bend = bend
    series = begun(region)
    question = region.post(f"/api/v1/series/{series}/now", {}).json()["question_id"]
    region.wait_until(question, lambda shown: shown["state"] == "waiting")
    for words in both(reader, series):
        assert words.startswith("waits for people's approval")
        assert "People have to approve it first in: Bulgaria" in words
        assert "It waits until" in words
    assert f"/questions/{question}" in reader.last


def test_who_has_to_take_part_again_and_is_away_is_named(
    region: LoopbackRegion, reader: Browser
) -> None:
    series = begun(region)
    question = region.post(f"/api/v1/series/{series}/now", {}).json()["question_id"]
    release = region.wait(question)["release_id"]
    assert "Not ready" not in "".join(both(reader, series))
    region.nodes[CountryCode("MD")].disconnect()
    region.wait_for_members("BG", "RO", "UA")
    for words in both(reader, series):
        assert "Not ready now: Moldova (is not connected)" in words
        assert "1 of 3 answers so far" in words
    assert f"/releases/{release}" in reader.last


def test_what_failed_after_a_debit_waits_for_a_decision_and_says_which(
    region: LoopbackRegion, reader: Browser
) -> None:
    series = begun(region)
    region.nodes[CountryCode("UA")].script.silent_at = Round.MASKED_INPUT
    question = region.post(f"/api/v1/series/{series}/now", {}).json()["question_id"]
    assert region.wait(question)["state"] == "failed"
    for words in both(reader, series):
        assert words.startswith("waits for a decision")
        assert f"corridor series {series} --now" in words
        assert "why it failed" in words
