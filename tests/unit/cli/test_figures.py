"""ρ in a narrow column is exact, or rounded to the careful side."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from corridor.cli.figures import (
    LONGEST,
    at_least,
    at_most,
    decimal_at_least,
    decimal_at_most,
    minute,
    with_decimal,
)

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


def test_a_fraction_stands_beside_its_decimal() -> None:
    assert with_decimal("197/250000") == "197/250000 (0.000788)"
    assert with_decimal("1/30") == "1/30 (≤ 0.033334)"
    assert with_decimal("0") == "0"


def test_a_third_of_a_tenth_is_rounded_up_as_a_price_and_down_as_an_allowance() -> None:
    assert (decimal_at_most("1/30"), decimal_at_least("1/30")) == ("≤ 0.033334", "≥ 0.033333")
    assert (decimal_at_most("1/10"), decimal_at_least("10")) == ("0.1", "10")


@given(st.fractions(min_value=0, max_value=2))
def test_a_decimal_without_a_sign_is_the_amount_itself(rho: Fraction) -> None:
    for show in (decimal_at_most, decimal_at_least):
        text = show(str(rho))
        assert text[0] in "≤≥" or Fraction(text) == rho


def test_a_moment_is_told_to_the_minute() -> None:
    assert minute("2026-11-30T16:53:58Z") == "2026-11-30 16:53"
    assert minute("never") == "never"
