"""Figures of single countries, asked over real mTLS: who gives one is published by name."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from corridor.coordinator import app
from corridor.ids import CountryCode
from corridor.protocols.country_receipts import parse_country_receipt, verify_country_receipt
from corridor.protocols.receipts import receipt_digest
from corridor.protocols.release_tree import parse_receipt_file, verify_in_tree
from corridor.protocols.secure_sum.messages import Acceptance
from corridor.transport.messages import NodeBody, Refusal, Released, Round
from corridor.transport.suites import ed25519_verify
from support.loopback_region import QUICK, LoopbackRegion
from support.scripted_node import SUITE

BG, MD, NG, RO, UA = map(CountryCode, ("BG", "MD", "NG", "RO", "UA"))
EVERYBODY = ["BG", "MD", "NG", "RO", "UA"]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(autouse=True)
def everybody_is_well(region: LoopbackRegion) -> Iterator[None]:
    yield
    for node in region.nodes.values():
        was_silent, node.script.silent_at = node.script.silent_at is not None, None
        node.script.bend = lambda body: (body,)
        if was_silent or not node.is_connected:
            node.disconnect()
            node.connect()
    region.wait_for_members(*EVERYBODY)


def sql(year: int) -> str:
    select = "SELECT gender, COUNT(DISTINCT person) FROM persons"
    return f"{select} WHERE year = {year} GROUP BY gender"


def refusing(body: NodeBody) -> Iterable[NodeBody]:
    """What a node whose policy does not allow the scope says."""
    if isinstance(body, Acceptance):
        return (Refusal("policy.refuses", "policy rule 3 refuses the question"),)
    return (body,)


def asked(region: LoopbackRegion, year: int, **more: Any) -> dict[str, Any]:
    request = {"sql": sql(year), "rho": "1/10", "scope": "per-country", **more}
    return region.wait(region.ask(**request)["id"])


def released(region: LoopbackRegion, year: int, **more: Any) -> dict[str, Any]:
    question = asked(region, year, **more)
    assert question["state"] == "released", question["failure"]
    release: dict[str, Any] = region.get(f"/api/v1/releases/{question['release_id']}").json()
    return release


def assert_own_figures(region: LoopbackRegion, release: dict[str, Any]) -> None:
    """The scripted nodes add no noise, so each figure is exactly its country's own."""
    for one in release["countries"]:
        (table,) = one["tables"]
        values = np.array(table["values"])
        assert (values == region.vector(CountryCode(one["country"]), values.size)).all()


def test_every_willing_country_is_published_by_name(region: LoopbackRegion) -> None:
    release = released(region, 2020)
    assert [one["country"] for one in release["countries"]] == EVERYBODY
    assert_own_figures(region, release)
    assert release["scope"] == "per-country"
    assert release["refused"] == []
    guarantee = release["guarantee"]
    # A person known to two nodes loses what both answers cost: 2·ρ, and not 4·ρ as of one sum.
    assert (guarantee["rho"], guarantee["rho_regional"]) == ("1/10", "1/5")
    assert (guarantee["colluders"], guarantee["dropouts"]) == (0, 0)
    assert guarantee["rho_alone"] <= 0.1
    for node in region.nodes.values():
        assert node.script.codes[-1] == "released"


def test_who_refuses_and_who_falls_silent_is_said_and_stops_nobody(
    region: LoopbackRegion,
) -> None:
    region.nodes[BG].script.bend = refusing
    region.nodes[MD].script.silent_at = Round.FIGURE
    release = released(region, 2021)
    assert [one["country"] for one in release["countries"]] == ["NG", "RO", "UA"]
    assert_own_figures(region, release)
    assert [(one["country"], one["code"]) for one in release["refused"]] == [
        ("BG", "policy.refuses"),
        ("MD", None),
    ]
    assert [one["survived"] for one in release["participants"]] == [False, True, True, True]


def test_the_receipt_holds_every_countrys_own_word_and_is_in_the_tree(
    region: LoopbackRegion,
) -> None:
    release = released(region, 2022)
    file = parse_receipt_file(region.get(f"/api/v1/releases/{release['id']}/receipt").content)
    receipt = parse_country_receipt(file.receipt)
    claims = verify_country_receipt(
        receipt, region.charter, compile_=region.compile, verify=ed25519_verify, suite=SUITE
    )
    assert [claim.number for claim in claims] == [1, 2, 3, 4, 5, 17, 18]
    shown = {one["country"]: one["tables"][0]["steps"] for one in release["countries"]}
    assert {one.country: list(one.vector) for one in receipt.figures} == shown
    tree = verify_in_tree(file, region.charter, ed25519_verify)
    assert tree is not None
    assert [claim.number for claim in tree.claims] == [14, 15]
    expected = Released(release["id"], receipt_digest(file.receipt))
    assert region.nodes[UA].script.outcomes[-1] == expected


def test_the_regions_figure_is_another_question_with_its_own_debit(
    region: LoopbackRegion,
) -> None:
    entries = region.nodes[UA].script.entries
    apart = released(region, 2023)
    summed = released(region, 2023, scope="regional")
    assert region.nodes[UA].script.entries == entries + 2
    assert apart["question_digest"] == summed["question_digest"]
    assert apart["id"] != summed["id"]
    assert "tables" not in apart
    assert "countries" not in summed
    # Asked again, each is given as it is, free.
    assert released(region, 2023)["id"] == apart["id"]
    assert released(region, 2023, scope="regional")["id"] == summed["id"]
    assert region.nodes[UA].script.entries == entries + 2
    listed = region.get("/api/v1/releases").json()
    assert all("tables" not in one and "countries" not in one for one in listed)


def test_what_the_willing_gave_before_is_given_again_before_anybody_debits(
    region: LoopbackRegion,
) -> None:
    """The coordinator knows only once they answered that the others still refuse."""
    region.nodes[NG].script.bend = refusing
    first = released(region, 2024)
    again = released(region, 2024)
    assert again["id"] == first["id"]
    attempts = region.get("/api/v1/questions").json()[:2]
    assert {one["release_id"] for one in attempts} == {first["id"]}


def test_where_nobody_is_willing_nothing_is_published_and_nothing_spent(
    region: LoopbackRegion,
) -> None:
    for node in region.nodes.values():
        node.script.bend = refusing
    question = asked(region, 2025)
    assert question["state"] == "failed"
    failure = question["failure"]
    assert failure["code"] == "figures.nobody_answered"
    assert failure["missing"] == EVERYBODY
    assert "No node had debited anything yet" in failure["message"]
    assert "BG (policy.refuses: “policy rule 3 refuses the question”)" in failure["message"]


def test_one_connected_country_is_enough_for_its_own_figure(region: LoopbackRegion) -> None:
    for country in (BG, MD, NG, RO):
        region.nodes[country].disconnect()
    region.wait_for_members("UA")
    release = released(region, 2020, rho="1/11")
    assert [one["country"] for one in release["countries"]] == ["UA"]
    forecast = region.post(
        "/api/v1/forecast", {"sql": sql(2020), "rho": "1/12", "scope": "per-country"}
    ).json()
    assert forecast["beside"] is None


def test_a_forecast_says_what_both_would_cost_and_how_exact_each_would_be(
    region: LoopbackRegion,
) -> None:
    request = {"sql": sql(2020), "rho": "1/50", "scope": "per-country"}
    forecast = region.post("/api/v1/forecast", request).json()
    beside = forecast["beside"]
    assert (beside["rho"], beside["rho_together"]) == ("1/50", "1/25")
    assert beside["rho_regional_together"] == "3/25"  # 4/50 of the sum and 2/50 of the figures
    assert beside["free_release"] is None
    # A country's own figure has Δ²/(2ρ) = 25 and the sum of five some more.
    (own,) = [one["margin"] for one in forecast["tables"]]
    (region_s,) = beside["margins"]
    assert 1.96 * 5 <= own <= 10.5
    assert own < region_s < own * 5**0.5
    regional = region.post("/api/v1/forecast", {**request, "scope": "regional"}).json()
    assert regional["beside"] is None
    assert [one["margin"] for one in regional["tables"]] == beside["margins"]


def test_an_accuracy_is_that_of_each_countrys_own_figure(region: LoopbackRegion) -> None:
    request = {"sql": sql(2020), "accuracy": "±10", "scope": "per-country"}
    forecast = region.post("/api/v1/forecast", request).json()
    assert 9.5 < forecast["tables"][0]["margin"] <= 10
    refused = region.post("/api/v1/forecast", {**request, "scope": "everywhere"})
    assert refused.json()["code"] == "request.malformed"


def test_more_figures_than_a_receipt_holds_are_refused_before_anything_is_spent(
    region: LoopbackRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corridor.coordinator.question_desk.MOST_FIGURES", 10)
    request = {"sql": sql(2020), "rho": "1/50", "scope": "per-country"}
    answer = region.post("/api/v1/forecast", request)
    assert answer.status_code == 409
    assert answer.json()["code"] == "question.too_many_figures"


def test_an_attempt_of_figures_is_shown_with_its_round_and_who_did_what(
    region: LoopbackRegion,
) -> None:
    region.nodes[RO].script.silent_at = Round.FIGURE
    release = released(region, 2020, rho="1/13")
    (attempt,) = app.attempts(region.world, last=1)
    assert attempt["session"] == release["session"]
    assert (attempt["outcome"], attempt["round"]) == ("released", "figure")
    silent = next(one for one in attempt["members"] if one["country"] == "RO")
    assert (silent["left_in"], silent["code"]) == ("figure", None)
