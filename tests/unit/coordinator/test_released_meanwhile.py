"""A release that comes between looking for one and taking the question is not paid for again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from corridor.coordinator import app
from corridor.coordinator.question_desk import AskRequest
from corridor.coordinator.repeats import Repeatable
from corridor.coordinator.tokens import TokenHolder
from corridor.ids import CountryCode
from support.loopback_region import QUICK, LoopbackRegion

SQL = "SELECT gender, COUNT(*) FROM persons GROUP BY gender"
REQUEST = AskRequest(sql=SQL, rho="1/10", parameters={})
ANA = TokenHolder("ana", "Ministry")


@pytest.fixture
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    four = tuple(map(CountryCode, ("BG", "MD", "RO", "UA")))
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), countries=four, deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.mark.parametrize("repeatable", [None, Repeatable("once", b"{}")], ids=["plain", "keyed"])
def test_what_was_answered_since_somebody_looked_is_taken_and_not_asked_again(
    region: LoopbackRegion, repeatable: Repeatable | None
) -> None:
    """A question's id is drawn after the desk has looked: there the other one's answer comes."""
    answered: list[str] = []

    def meanwhile(size: int) -> bytes:
        shown = region.wait(region.ask(sql=SQL, rho="1/10")["id"])
        assert shown["state"] == "released", shown
        answered.append(shown["release_id"])
        # The attempt's own look at its roster does not help: without UA it is another one.
        region.nodes[CountryCode("UA")].disconnect()
        region.wait_for_members("BG", "MD", "RO")
        return bytes(size)

    region.wait_for_members("BG", "MD", "RO", "UA")
    with app.opened(region.world) as parts:
        desk = replace(parts.questions, random_bytes=meanwhile)
        shown = desk.ask(REQUEST, ANA, repeatable)
        assert (shown["state"], shown["release_id"]) == ("released", answered[0])
        if repeatable is not None:
            again = parts.questions.ask(REQUEST, ANA, repeatable)
            assert again["id"] == shown["id"]
    listed = region.get("/api/v1/releases").json()
    assert [one["id"] for one in listed] == answered
