"""The catalogue's indicators."""

from dataclasses import replace

import pytest

from corridor.errors import CorridorError
from corridor.queries.asking import indicator_question
from corridor.queries.builder import RegionQuestions
from corridor.queries.plan import compile_plan
from support.catalogue import catalogue, domains

DOMAINS = domains()
AVAILABLE = [one.name for one in catalogue().indicators.values() if one.is_available]
EXPECTED = {
    "overview",
    "victims_detected",
    "victims_by_sex_age",
    "identification_source",
    "exploitation_forms",
    "sdg_16_2_2",
    "domestic_vs_crossborder",
    "corridor_matrix",
    "citizenship_by_destination",
    "transit_hubs",
    "route_triples",
    "corridor_trend",
    "corridor_profile",
    "means_of_control",
    "labour_sectors",
    "recruitment_channels",
    "recruiter_relationship",
    "vulnerabilities",
    "time_to_referral",
    "assistance_and_referral",
}


def test_the_catalogue_has_the_fields_indicators() -> None:
    assert set(catalogue().indicators) == EXPECTED


@pytest.mark.parametrize("name", AVAILABLE)
def test_an_indicator_compiles_as_it_stands(name: str) -> None:
    plan = compile_plan(indicator_question(DOMAINS, name, {}), DOMAINS)
    assert 1 <= plan.size <= 70_000


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_indicator_says_what_it_does_not_tell(name: str) -> None:
    assert "Detected victims are not all victims" in catalogue().indicator(name).caveats
    assert catalogue().indicator(name).to_json()["available"] is (name in AVAILABLE)


def test_an_indicator_is_the_question_one_would_write() -> None:
    named = indicator_question(
        DOMAINS,
        "corridor_trend",
        {"from": "MD", "to": "Italy, ES", "years": "2020..2021", "status": "all"},
    )
    written = RegionQuestions(DOMAINS).corridors.where(
        recruited_in="MD", exploited_in=["IT", "ES"], year=(2020, 2021)
    )
    assert named == written.by("quarter").count()


def test_possible_and_actual_victims_are_never_mixed_silently() -> None:
    for name in AVAILABLE:
        for table in indicator_question(DOMAINS, name, {}).tables:
            assert "status" in table.group_by or "ActualVictim" in str(table.where)


REFUSED = [
    ("corridor_trends", {}, "indicator.unknown", "did you mean corridor_trend"),
    ("corridor_trend", {"form": "MD"}, "indicator.parameter", "did you mean from?"),
    ("corridor_trend", {"from": "Moldovia"}, "indicator.parameter", "did you mean MD"),
    ("corridor_trend", {"years": "2030..2031"}, "indicator.parameter", "2015 to 2025"),
    ("corridor_trend", {"from": "MD," * 9999}, "indicator.parameter", "at most"),
]


@pytest.mark.parametrize(("name", "values", "code", "says"), REFUSED)
def test_what_cannot_be_asked_is_refused_with_a_remedy(
    name: str, values: dict[str, str], code: str, says: str
) -> None:
    with pytest.raises(CorridorError, match=says) as refusal:
        indicator_question(DOMAINS, name, values)
    assert refusal.value.code == code


def test_an_indicator_that_waits_for_a_measure_says_for_which() -> None:
    waiting = replace(catalogue().indicator("labour_sectors"), waits_for="a linkage of nodes")
    domains = replace(DOMAINS, catalogue=replace(catalogue(), indicators={"later": waiting}))
    with pytest.raises(CorridorError, match="needs a linkage of nodes") as refusal:
        indicator_question(domains, "later", {})
    assert refusal.value.code == "indicator.not_available"
