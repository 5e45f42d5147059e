"""Two answers are compared over time only where nothing but time lies between them."""

import pytest

from corridor.coordinator.reading_desk import demand_alike
from corridor.errors.comparing import ComparisonError

THEN = {
    "published_at": "2026-01-10T08:00:00Z",
    "scope": "regional",
    "survivors": ["BG", "MD", "UA"],
}
NOW = {**THEN, "published_at": "2027-01-10T08:00:00Z"}


def test_answers_of_the_same_authorities_are_compared() -> None:
    demand_alike(THEN, NOW)
    demand_alike(NOW, NOW)


@pytest.mark.parametrize(
    ("then", "now", "says"),
    [
        (NOW, THEN, "exchange the two"),
        ({**THEN, "scope": "per-country"}, NOW, "take two of one scope"),
        ({**THEN, "survivors": ["BG", "MD"]}, NOW, "the same took part"),
    ],
)
def test_what_would_pass_for_a_change_is_refused(
    then: dict[str, object], now: dict[str, object], says: str
) -> None:
    """Else one more authority is told as a rise, and an exchange of the two as a fall."""
    with pytest.raises(ComparisonError, match=says):
        demand_alike(then, now)
