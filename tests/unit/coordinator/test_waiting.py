"""A question waits for people of a member: proposed again, taken back, or gone on without them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corridor.cli.progress import progress_line
from corridor.coordinator import app, waiting
from corridor.ids import CountryCode
from corridor.protocols.secure_sum.messages import Acceptance, Proposal
from corridor.transport.messages import CoordinatorInSession, NodeBody, Refusal
from support.loopback_region import QUICK, LoopbackRegion

BG, MD, NG, RO, UA = map(CountryCode, ("BG", "MD", "NG", "RO", "UA"))
EVERYBODY = ["BG", "MD", "NG", "RO", "UA"]
WAITS, DENIED = "policy.waiting_for_approval", "policy.denied"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(autouse=True)
def soon_again(monkeypatch: pytest.MonkeyPatch, region: LoopbackRegion) -> Iterator[None]:
    monkeypatch.setattr(waiting, "FIRST_RETRY", 1)
    monkeypatch.setattr(waiting, "LONGEST_RETRY", 1)
    yield
    for node in region.nodes.values():
        node.script.bend = lambda body: (body,)
    region.wait_for_members(*EVERYBODY)


def refuse(region: LoopbackRegion, code: str, *countries: CountryCode) -> None:
    """Let these refuse to take part from now on."""

    def bend(body: NodeBody) -> tuple[NodeBody, ...]:
        return (Refusal(code, "a test"),) if isinstance(body, Acceptance) else (body,)

    for country in countries:
        region.nodes[country].script.bend = bend


def accept(region: LoopbackRegion, *countries: CountryCode) -> None:
    for country in countries:
        region.nodes[country].script.bend = lambda body: (body,)


def ask(region: LoopbackRegion, year: int, rho: str, **more: Any) -> str:
    """A question that no other test asks."""
    select = "SELECT gender, COUNT(DISTINCT person) FROM persons"
    asked = region.ask(sql=f"{select} WHERE year = {year} GROUP BY gender", rho=rho, **more)
    return str(asked["id"])


def wait_for_people(region: LoopbackRegion, question: str) -> dict[str, Any]:
    return region.wait_until(question, lambda shown: shown["state"] == "waiting")


def survivors(region: LoopbackRegion, question: str) -> list[str]:
    shown = region.wait(question)
    assert shown["state"] == "released", shown["failure"]
    found: list[str] = region.get(f"/api/v1/releases/{shown['release_id']}").json()["survivors"]
    return found


def tries(region: LoopbackRegion, question: str) -> list[dict[str, Any]]:
    return [one for one in app.attempts(region.world, last=1000) if one["question_id"] == question]


def test_a_question_waits_for_people_and_is_answered_by_itself_once_they_approve(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2020, "1/20")
    shown = wait_for_people(region, question)
    assert shown["waiting_for"] == ["BG"]
    assert shown["again_at"] is not None
    assert shown["waits_until"] > shown["again_at"]
    assert shown["goes_on_without"] is True
    accept(region, BG)
    assert survivors(region, question) == EVERYBODY


def test_while_it_waits_the_others_are_not_asked_again_and_other_questions_are_answered(
    region: LoopbackRegion,
) -> None:
    heard: dict[CountryCode, int] = dict.fromkeys(region.nodes, 0)

    def count(country: CountryCode) -> None:
        script = region.nodes[country].script
        answer = script.answer

        def counting(message: CoordinatorInSession) -> Any:
            heard[country] += isinstance(message.body, Proposal)
            return answer(message)

        script.answer = counting  # type: ignore[method-assign]

    for country in region.nodes:
        count(country)
    refuse(region, WAITS, BG)
    question = ask(region, 2021, "1/20")
    region.wait_until(question, lambda _: heard[BG] >= 4)
    assert heard == {BG: heard[BG], MD: 1, NG: 1, RO: 1, UA: 1}
    # One line for what happened so often, with who is waited for.
    (listed,) = tries(region, question)
    assert (listed["outcome"], listed["failure"]) == ("waiting", None)
    assert {m["country"]: m["code"] for m in listed["members"]}[BG] == WAITS
    accept(region, BG)
    for country in region.nodes:
        del region.nodes[country].script.answer
    assert survivors(region, question) == EVERYBODY


def test_a_question_that_people_deny_goes_on_without_them(region: LoopbackRegion) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2022, "1/20")
    wait_for_people(region, question)
    refuse(region, DENIED, BG)
    assert survivors(region, question) == ["MD", "NG", "RO", "UA"]


def test_when_its_asker_s_time_is_over_it_goes_on_without_those_who_wait(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2023, "1/20", approval_hours=0)
    assert survivors(region, question) == ["MD", "NG", "RO", "UA"]


def test_it_fails_with_a_code_of_its_own_where_too_few_are_left_without_those_who_wait(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG, MD, NG)
    failure = region.wait(ask(region, 2024, "1/20", approval_hours=0))["failure"]
    assert failure["code"] == "question.approval_not_given"
    assert failure["missing"] == ["BG", "MD", "NG"]
    assert "No node had debited anything yet" in failure["message"]


def test_it_is_not_said_to_go_on_where_too_few_are_left_without_those_who_wait(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG, MD, NG)
    question = ask(region, 2023, "1/22")
    shown = wait_for_people(region, question)
    assert shown["waiting_for"] == ["BG", "MD", "NG"]
    assert shown["goes_on_without"] is False  # two are left, three are needed
    assert "else it fails, since too few others are left" in progress_line(shown)
    accept(region, BG, MD, NG)
    assert survivors(region, question) == EVERYBODY


def test_a_denial_is_not_told_to_go_away_by_asking_again(region: LoopbackRegion) -> None:
    refuse(region, DENIED, BG, MD)
    refuse(region, "policy.refuses", NG)
    failure = region.wait(ask(region, 2024, "1/22"))["failure"]
    assert (
        "Dropped out: BG (policy.denied), MD (policy.denied), NG (policy.refuses: “a test”)."
        in (failure["message"])
    )
    assert "BG, MD: a person there denied it." in failure["message"]
    assert "NG: the policy there refuses this question as it is" in failure["message"]
    assert "when more nodes are there" not in failure["message"]


def test_people_are_not_waited_for_where_their_approval_could_not_help(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG)
    refuse(region, "policy.refuses", MD, NG, RO)
    failure = region.wait(ask(region, 2025, "1/20"))["failure"]
    assert failure["code"] == "secure_sum.too_few_participants"


def test_its_asker_takes_it_back_and_nobody_else_does(region: LoopbackRegion) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2020, "1/21")
    wait_for_people(region, question)
    path = f"/api/v1/questions/{question}/cancel"
    other = app.issue_token(region.world, "eva", organisation="Another ministry")
    assert region.post(path, {}, other).json()["code"] == "question.of_others"
    shown = region.post(path, {}).json()
    assert (shown["state"], shown["failure"]["code"]) == ("cancelled", "question.cancelled")
    assert region.wait(question)["state"] == "cancelled"  # it is over, for whoever waits
    assert region.post(path, {}).json()["code"] == "question.cannot_cancel"
    region.wait_for_outcome(BG, "question.cancelled")  # whose people need not look at it any more
    assert "question.cancelled" not in region.nodes[MD].script.codes
    accept(region, BG)
    assert ask(region, 2020, "1/21") != question


def test_the_same_question_asked_again_is_the_one_that_waits(region: LoopbackRegion) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2021, "1/21")
    wait_for_people(region, question)
    assert ask(region, 2021, "1/21") == question
    accept(region, BG)
    assert survivors(region, question) == EVERYBODY


def test_who_has_gone_home_for_the_night_is_waited_for_all_the_same(
    region: LoopbackRegion,
) -> None:
    refuse(region, WAITS, BG)
    question = ask(region, 2022, "1/21")
    before = wait_for_people(region, question)["again_at"]
    region.nodes[BG].disconnect()
    shown = region.wait_until(
        question, lambda shown: shown["state"] == "waiting" and shown["again_at"] > before
    )
    assert shown["waiting_for"] == ["BG"]
    accept(region, BG)
    region.nodes[BG].connect()
    assert survivors(region, question) == EVERYBODY


def test_a_coordinator_that_is_restarted_goes_on_waiting(tmp_path: Path) -> None:
    region = LoopbackRegion(tmp_path, deadlines=QUICK)
    region.enter()
    refuse(region, WAITS, BG)
    question = ask(region, 2020, "1/20")
    wait_for_people(region, question)
    region.stop()
    region.start()
    for node in region.nodes.values():
        node.connect()
    accept(region, BG)
    assert survivors(region, question) == EVERYBODY
    region.close()


@pytest.mark.parametrize("hours", [-1, 721, "3", True])
def test_a_time_that_nobody_can_wait_is_refused(region: LoopbackRegion, hours: Any) -> None:
    body = {"sql": "SELECT COUNT(*) FROM persons", "rho": "1/20", "approval_hours": hours}
    answer = region.post("/api/v1/questions", body)
    assert answer.json()["code"] == "request.malformed"
