from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.privacy.exponentials import Enclosure, _series, exp_minus, root_above, root_below

exponents = st.fractions(min_value=0, max_value=200, max_denominator=10**9)
BITS = st.integers(8, 300)


def reference(exponent: Fraction, bits: int) -> Decimal:
    """2^bits · exp(−exponent) by another library, to 150 digits."""
    with localcontext(prec=150):
        quotient = Decimal(exponent.numerator) / Decimal(exponent.denominator)
        scaled: Decimal = (-quotient).exp() * 2**bits
        return scaled


@given(exponents, BITS)
def test_the_true_exponential_lies_between_two_neighbours(exponent: Fraction, bits: int) -> None:
    bound = exp_minus(exponent, bits)
    true = reference(exponent, bits)
    assert bound.low <= true <= bound.high
    assert bound.high - bound.low <= 2


@given(st.fractions(min_value=0, max_value=Fraction(1, 256), max_denominator=10**9), BITS)
def test_the_series_alone_encloses_its_limit(exponent: Fraction, bits: int) -> None:
    low, high = _series(exponent.numerator, exponent.denominator, bits)
    assert low <= reference(exponent, bits) <= high


def test_the_exponential_of_nothing_is_one() -> None:
    bound = exp_minus(Fraction(0), 64)
    assert bound.low <= 2**64 <= bound.high
    assert bound.high - bound.low <= 1


def test_an_exponential_too_small_for_its_scale_is_enclosed_by_zero_and_one() -> None:
    assert exp_minus(Fraction(10**9), 64) == Enclosure(0, 1)


def test_a_negative_exponent_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="x ≥ 0"):
        exp_minus(Fraction(-1), 64)


@given(st.fractions(min_value=0, max_value=10**12), st.integers(1, 200))
def test_roots_are_enclosed_closely_on_both_sides(value: Fraction, bits: int) -> None:
    below, above = root_below(value, bits), root_above(value, bits)
    assert below**2 <= value <= above**2
    assert above - below <= Fraction(2, 2**bits)
