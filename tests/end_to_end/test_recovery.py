"""A node that was away for days, a replaced certificate, a coordinator put back from a backup.

Real nodes and a real coordinator over mutual TLS, in one process, on a clock that can be moved.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from corridor.coordinator import app as coordinator_app
from corridor.errors import CorridorError
from corridor.node import app as node_app
from corridor.node.views import Finding
from support.serving_region import AWAY, FIVE, OTHERS, Region

pytestmark = [pytest.mark.end_to_end, pytest.mark.slow]


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    region = Region(tmp_path)
    yield region
    region.close()


def test_a_node_that_was_away_for_days_takes_part_again_with_nobody_touching_it(
    region: Region,
) -> None:
    """Meanwhile a charter comes into force that it had signed, answers are published and cosigned
    without it, the others' ledgers go on, and receipts get older than their retention.
    """
    for country in FIVE:
        region.start(country)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/400") == list(FIVE)

    second = region.propose(retention_days=3)
    assert not region.accept(AWAY)  # it signs first, and is away when the last one has signed
    region.stop(AWAY)
    assert [region.accept(country) for country in OTHERS][-1]
    region.wait_until_ready(OTHERS)
    assert region.answered_by("1/401") == list(OTHERS)
    assert region.members_receipts() == 2
    region.calendar.move(timedelta(days=9))
    region.wait(lambda: region.members_receipts() == 0)  # both are older than three days
    assert region.answered_by("1/402") == list(OTHERS)
    before = {country: region.witnessed(country) for country in OTHERS}
    assert all(before[country] < region.entries(country) for country in OTHERS)

    region.start(AWAY)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/403") == list(FIVE)

    node = region.serving[AWAY].node
    assert node.charter is not None
    assert node.charter.charter.digest == second
    assert node.ledger is not None
    assert node.ledger.balance().spent == Fraction(1, 400) + Fraction(1, 403)
    region.wait(lambda: region.members()[AWAY]["cosigned"] == 4)
    assert not node.tree.evidence()
    assert not node.book.forks()
    region.wait(  # what was debited while it was away, it witnesses now
        lambda: all(region.witnessed(one) == region.entries(one) for one in OTHERS)
    )


def test_a32_doctor_says_that_another_certificate_took_this_one_s_place(
    region: Region, tmp_path: Path
) -> None:
    """Somebody used a newer invitation of this country; the node that is connected learns it."""
    home = region.worlds[AWAY].home
    copy = tmp_path / "elsewhere"
    shutil.copytree(home, copy)
    assert coordinator_finding(region.worlds[AWAY]).ok
    other = replace(region.worlds[AWAY], home=copy)
    node_app.enrol(other, coordinator_app.invite(region.world, AWAY).encode())
    found = coordinator_finding(region.worlds[AWAY])
    assert not found.ok
    assert "stream.foreign_certificate" in found.finding
    keys = [folder / "keys" / "tls.key" for folder in (home, copy)]
    assert keys[0].read_bytes() != keys[1].read_bytes()  # a stolen one is worth nothing now


def test_a_lost_tls_key_is_made_anew_by_a_new_invitation(region: Region) -> None:
    world = region.worlds[AWAY]
    (world.home / "keys" / "tls.key").unlink()
    lost = next(one for one in node_app.doctor(world) if one.what == "certificate")
    assert "Enrol again" in lost.finding
    node_app.enrol(world, coordinator_app.invite(region.world, AWAY).encode())
    assert all(one.ok for one in node_app.doctor(world))


def coordinator_finding(world: node_app.World) -> Finding:
    return next(one for one in node_app.doctor(world) if one.what == "coordinator")


def test_a20_a_coordinator_put_back_proposes_the_charter_again_that_it_forgot(
    region: Region, tmp_path: Path
) -> None:
    """As the handbook says: the same options give the same charter, and no other is taken."""
    region.stop_coordinator()
    backup = tmp_path / "backup"
    shutil.copytree(region.world.home, backup)
    region.start_coordinator()
    second = region.propose(retention_days=3)
    assert [region.accept(country) for country in FIVE][-1]

    region.stop_coordinator()
    shutil.rmtree(region.world.home)
    shutil.copytree(backup, region.world.home)
    region.start_coordinator()
    assert region.propose(retention_days=3) == second
    assert [region.accept(country) for country in FIVE][-1]
    for country in FIVE:
        region.start(country)
    region.wait_until_ready(FIVE)
    assert region.answered_by("1/404") == list(FIVE)


def test_a20_another_charter_of_a_version_that_was_accepted_is_refused_for_good(
    region: Region, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    region.stop_coordinator()
    shutil.copytree(region.world.home, backup)
    region.start_coordinator()
    region.propose(retention_days=3)
    assert [region.accept(country) for country in FIVE][-1]
    region.stop_coordinator()
    shutil.rmtree(region.world.home)
    shutil.copytree(backup, region.world.home)
    region.start_coordinator()
    region.propose(retention_days=4)
    with pytest.raises(CorridorError) as refusal:
        region.accept(AWAY)
    assert refusal.value.code in {"charter.succession", "coordinator.equivocated"}
