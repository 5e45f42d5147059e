from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.privacy import NoFiniteNoiseError
from corridor.privacy.rho import Rho

rhos = st.builds(Rho, st.fractions(min_value=0, max_value=10))


@given(rhos, rhos, st.integers(1, 5))
def test_a_group_loses_as_much_together_as_answer_by_answer(a: Rho, b: Rho, size: int) -> None:
    assert (a + b).for_group(size) == a.for_group(size) + b.for_group(size)


@given(rhos.filter(lambda rho: rho > Rho(Fraction(0))), st.integers(1, 10**6), st.integers(1, 5))
def test_one_noise_keeps_the_promise_to_a_person_and_to_their_group(
    rho: Rho, sensitivity_squared: int, size: int
) -> None:
    noise = rho.variance(sensitivity_squared)
    assert sensitivity_squared / (2 * noise) == rho.value
    assert rho.for_group(size).variance(size**2 * sensitivity_squared) == noise


def test_no_finite_noise_keeps_a_promise_of_nothing() -> None:
    with pytest.raises(NoFiniteNoiseError, match="ρ is 0") as refusal:
        Rho(Fraction(0)).variance(1)
    assert refusal.value.code == "privacy.no_finite_noise"


@pytest.mark.parametrize("value", [Fraction(-1, 2), 0.5, 1], ids=str)
def test_a34_an_amount_of_privacy_is_an_exact_fraction_and_not_negative(value: Fraction) -> None:
    with pytest.raises(ValueError, match="must be a Fraction ≥ 0"):
        Rho(value)
