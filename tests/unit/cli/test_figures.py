"""ρ in a narrow column is exact, or rounded to the careful side."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from corridor.cli.figures import LONGEST, at_least, at_most

long_ones = st.fractions(min_value=0, max_value=2).filter(lambda rho: len(str(rho)) > LONGEST)


def test_what_is_short_stays_exact() -> None:
    assert (at_most("49/500"), at_least("49/500")) == ("49/500", "49/500")


def test_what_no_column_holds_is_told_in_six_places() -> None:
    assert at_most("6938754410153/80058329064000") == "≤ 0.086672"
    assert at_least("1067078496247/80058329064000") == "≥ 0.013328"


@given(long_ones)
def test_never_less_is_said_to_be_spent_nor_more_to_be_left(rho: Fraction) -> None:
    spent, left = (Fraction(show(str(rho))[2:]) for show in (at_most, at_least))
    assert left <= rho <= spent
    assert spent - left <= Fraction(1, 10**6)
