"""Publishing and boards of what is no plain sum: a standing series, figures of single countries."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_date

from corridor.ids import CountryCode
from corridor.people import Role
from support.loopback_region import QUICK, LoopbackRegion
from support.publications import Publishing, open_publishing

pytestmark = pytest.mark.slow

SQL = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"


class Calendar:
    """The real clock, and so much more."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def region(tmp_path: Path, calendar: Calendar) -> Iterator[LoopbackRegion]:
    made = LoopbackRegion(
        tmp_path / "region",
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


@pytest.fixture
def publishing(region: LoopbackRegion, tmp_path: Path) -> Iterator[Publishing]:
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    with open_publishing(region.world, accounts) as opened:
        yield opened


def verified(publishing: Publishing, release: str) -> str:
    one = publishing.publish(release)
    found = publishing.public.post(f"/public/{one}/releases/{release}/verify")
    return found.get_data(as_text=True)


def releases_of(region: LoopbackRegion, series: str, many: int) -> list[dict[str, Any]]:
    found: dict[str, Any] = {}
    for _ in range(600):
        found = region.get(f"/api/v1/series/{series}").json()
        if len(found["releases"]) >= many:
            made: list[dict[str, Any]] = found["releases"]
            return made
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_release_of_a_series_is_verified_with_those_before_it_and_a_board_shows_the_last(
    region: LoopbackRegion,
    calendar: Calendar,
    publishing: Publishing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series = region.ask(sql=SQL, rho="1/20", series={"every": "month", "periods": 4})["id"]
    ana = publishing.workbench.enter("Ana", Role.ANALYST)
    ana.get("/boards/new")
    board = ana.post("/boards/new", {"name": "Monthly", "tile": f"series {series}"}).location
    assert "Nothing was released of this series yet." in ana.get(board).get_data(as_text=True)
    releases: list[dict[str, Any]] = []
    counted = region.vector
    for period in (1, 2, 3):
        if period == 3:  # far more people than noise could make of the same
            monkeypatch.setattr(region, "vector", lambda *what: counted(*what) + 900)
        coming = region.get(f"/api/v1/series/{series}").json()["next_at"]
        if coming is not None:
            calendar.ahead = datetime.fromisoformat(coming) - datetime.now(UTC)
        releases = releases_of(region, series, period)
    last = releases[-1]
    page = ana.get(board).get_data(as_text=True)
    month = format_date(date.fromisoformat(f"{last['named']}-01"), "MMM y", locale="en_GB")
    assert f"{month}: " in page
    assert "In the last release more changed than noise explains:" in page
    assert f"more persons were counted in {month}" in page
    assert "next one:" in page
    text = verified(publishing, last["release_id"])
    assert "Every claim of the receipt holds." in text
    assert "The figures shown are those of the receipt." in text
    shown = publishing.public.get(f"/public/{publishing.publish(last['release_id'])}")
    titles = re.findall(r'<h2 id="table-[^"]+">([^<]+)</h2>', shown.get_data(as_text=True))
    assert len(titles) == 2  # of one question: its tables differ in whom they count
    assert "counted first in" in titles[0]
    assert "counted up to" in titles[1]


def test_figures_of_single_countries_are_published_and_verified(
    region: LoopbackRegion, publishing: Publishing
) -> None:
    asked = region.ask(sql=SQL, rho="1/20", scope="per-country", purpose="pages")
    release = str(region.wait(asked["id"])["release_id"])
    text = verified(publishing, release)
    assert "Every claim of the receipt holds." in text
    assert "counted its own cases rightly" in text
    one = publishing.publish(release)
    page = publishing.public.get(f"/public/{one}").get_data(as_text=True)
    assert "Counted by" in page
    assert "Moldova" in page
