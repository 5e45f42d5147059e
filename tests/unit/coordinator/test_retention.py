"""Members' receipts are kept as long as the charter says, however long the coordinator runs."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corridor.ids import CountryCode
from corridor.transport.messages import ReceiptKind
from support.loopback_region import QUICK, LoopbackRegion

THREE = tuple(map(CountryCode, ("BG", "MD", "NG")))
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"


class MovableClock:
    """The real time, and days more."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def region(tmp_path: Path, clock: MovableClock) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path, countries=THREE, deadlines=QUICK, clock=clock)
    region.enter(retention_days=3)
    yield region
    region.close()


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("waited twenty seconds")


@pytest.mark.slow
def test_a_receipt_is_deleted_within_a_day_of_its_retention_while_the_coordinator_serves(
    region: LoopbackRegion, clock: MovableClock
) -> None:
    def receipts() -> set[str]:
        return {path.name for path in (region.world.home / "receipts").iterdir()}

    def released(rho: str) -> str:
        shown = region.wait(region.ask(sql=SQL, rho=rho)["id"])
        assert shown["state"] == "released", shown["failure"]
        identifier: str = shown["release_id"]
        return identifier

    old = released("1/100")
    assert receipts() == {f"{old}.members"}
    clock.ahead = timedelta(days=2)
    young = released("1/101")
    # What no release has is left alone: an attempt under way writes its receipt before its release.
    (region.world.home / "receipts" / "0123456789abcdef.members").write_bytes(b"under way")
    clock.ahead = timedelta(days=4)
    wait_for(lambda: f"{old}.members" not in receipts())
    assert receipts() == {f"{young}.members", "0123456789abcdef.members"}
    # The release itself stays, and so does its public receipt.
    assert region.get(f"/api/v1/releases/{old}").is_success
    node = region.nodes[THREE[0]]
    assert node.fetch_receipt(old, ReceiptKind.PUBLIC).startswith(b"{")
    assert node.fetch_receipt(young, ReceiptKind.MEMBERS)
