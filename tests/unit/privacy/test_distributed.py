import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.privacy import (
    NoFiniteNoiseError,
    NoiseTooWideError,
    TooFewHonestSharesError,
)
from corridor.privacy.discrete_gaussian import round_up
from corridor.privacy.distributed import (
    NARROWEST_SHARE,
    SharedNoise,
    plan_shared_noise,
    smallest,
    tau_above,
)
from corridor.privacy.rho import Rho

rhos = st.fractions(min_value=Fraction(1, 10**6), max_value=50).filter(bool).map(Rho)
sensitivities = st.integers(1, 10**6)
cells = st.integers(1, 2**22)
shares = st.integers(1, 200)


def theorem_epsilon(noise: SharedNoise, cells: int) -> float:
    """The bound as the paper writes it, in floats."""
    n, variance = noise.honest_shares, float(noise.share_variance)
    tau = 10 * sum(math.exp(-2 * math.pi**2 * variance * k / (k + 1)) for k in range(1, n))
    return math.sqrt(noise.sensitivity_squared / (n * variance)) + tau * math.sqrt(cells)


@given(rhos, sensitivities, cells, shares)
def test_a_plan_keeps_its_promise_by_the_theorem(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest_shares)
    assert noise.keeps(rho, cells)
    assert theorem_epsilon(noise, cells) ** 2 / 2 <= float(rho.value) * (1 + 1e-12)
    assert float(noise.epsilon_bound(cells)) >= theorem_epsilon(noise, cells) * (1 - 1e-12)


@given(rhos, sensitivities, cells, shares)
def test_a_plan_adds_hardly_more_than_its_promise_needs(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest_shares)
    needed = rho.variance(sensitivity_squared)
    assert needed <= noise.summed_variance(honest_shares) <= needed * Fraction(1001, 1000)


@given(rhos, sensitivities, cells, shares)
def test_one_grid_step_less_would_break_the_promise(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest_shares)
    step = 1 if noise.share_variance > 2**16 else Fraction(1, 1024)
    narrower = SharedNoise(
        share_variance=noise.share_variance - step,
        scale_bits=noise.scale_bits,
        honest_shares=honest_shares,
        sensitivity_squared=noise.sensitivity_squared,
    )
    assert not narrower.keeps(rho, cells)


@given(rhos, sensitivities, cells, shares)
def test_a_share_can_be_drawn_and_is_scaled_no_more_than_it_must(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest_shares)
    assert round_up(noise.share_variance) == noise.share_variance >= NARROWEST_SHARE
    assert noise.sensitivity_squared == sensitivity_squared * 4**noise.scale_bits
    if noise.scale_bits:
        assert noise.share_variance / 4 < NARROWEST_SHARE * Fraction(1001, 1000)


@given(rhos, sensitivities, cells, shares)
def test_a27_alone_among_colluders_a_share_protects_h_times_less(
    rho: Rho, sensitivity_squared: int, cells: int, honest_shares: int
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest_shares)
    worst = noise.worst_case_rho().value
    assert worst <= honest_shares * rho.value <= worst * Fraction(1001, 1000)


@given(st.fractions(min_value=Fraction(1, 4), max_value=3), st.integers(2, 200), cells)
def test_the_bound_is_the_theorems_where_shares_are_too_narrow_to_be_planned(
    variance: Fraction, count: int, cells: int
) -> None:
    """Here the residue τ·√d rules; what is planned makes it small."""
    noise = SharedNoise(
        share_variance=variance, scale_bits=0, honest_shares=count, sensitivity_squared=1
    )
    paper, bound = theorem_epsilon(noise, cells), float(noise.epsilon_bound(cells))
    assert paper * (1 - 1e-12) <= bound <= paper * (2 if variance < 2 else 1.001)


def test_a_plan_in_numbers() -> None:
    """ρ = 1/10, one person in one of 3600 cells, 6 honest shares; 10/(2·6) = 0.83, so k = 1."""
    noise = plan_shared_noise(Rho(Fraction(1, 10)), 1, 3600, 6)
    assert noise == SharedNoise(
        share_variance=Fraction(3414, 1024), scale_bits=1, honest_shares=6, sensitivity_squared=4
    )
    assert noise.step == Fraction(1, 2)
    assert noise.summed_variance(9) == 9 * Fraction(3414, 1024) / 4


def test_tau_is_what_the_measured_facts_say() -> None:
    assert tau_above(Fraction(5), 1) == 0
    assert Fraction(99, 10**11) < tau_above(NARROWEST_SHARE, 200) < Fraction(1, 10**9)
    assert tau_above(Fraction(1634, 1000), 200) < Fraction(101, 10**8)
    assert tau_above(Fraction(3033, 1000), 200) < Fraction(101, 10**14)


@given(st.fractions(min_value=Fraction(1, 4), max_value=6), shares)
def test_tau_is_bounded_from_above_and_closely(variance: Fraction, count: int) -> None:
    exact = 10 * sum(
        math.exp(-2 * math.pi**2 * float(variance) * k / (k + 1)) for k in range(1, count)
    )
    bound = float(tau_above(variance, count))
    assert exact * (1 - 1e-12) <= bound <= exact * (1.001 if variance >= 2 else 2) + 1e-50


@given(st.fractions(min_value=3, max_value=10**6), shares, cells)
def test_hardly_any_noise_exceeds_the_largest_planned_for(
    variance: Fraction, count: int, cells: int
) -> None:
    noise = SharedNoise(
        share_variance=variance, scale_bits=0, honest_shares=1, sensitivity_squared=1
    )
    largest = noise.largest_noise(count, cells)
    log2_chance = 1 + math.log2(cells) - largest**2 / (2 * count * float(variance)) / math.log(2)
    assert log2_chance <= -60


@pytest.mark.parametrize("honest_shares", [0, -3])
def test_a25_without_an_honest_share_nothing_is_planned(honest_shares: int) -> None:
    with pytest.raises(TooFewHonestSharesError, match="Nothing was spent") as refusal:
        plan_shared_noise(Rho(Fraction(1)), 1, 1, honest_shares)
    assert refusal.value.code == "privacy.too_few_honest_shares"


def test_a8_a_promise_of_nothing_cannot_be_planned() -> None:
    with pytest.raises(NoFiniteNoiseError):
        plan_shared_noise(Rho(Fraction(0)), 1, 1, 1)


def test_noise_wider_than_the_sampler_draws_is_refused_when_planned() -> None:
    with pytest.raises(NoiseTooWideError, match="larger ρ") as refusal:
        plan_shared_noise(Rho(Fraction(1, 10**12)), 10**9, 1, 1)
    assert isinstance(refusal.value, CorridorError)
    assert refusal.value.code == "privacy.noise_too_wide"


@pytest.mark.parametrize("digits", [19, 40, 199])
def test_a29_a_rho_of_many_digits_is_refused_at_once(digits: int) -> None:
    # A proposal names ρ: searched for, its noise would hold up a node for ever, after it accepted.
    with pytest.raises(NoiseTooWideError):
        plan_shared_noise(Rho(Fraction(1, 10**digits)), 1, 4, 2)


@pytest.mark.parametrize(("sensitivity_squared", "cells"), [(0, 1), (1, 0)])
def test_a8_a_bound_of_zero_does_not_mean_no_noise(sensitivity_squared: int, cells: int) -> None:
    with pytest.raises(ValueError, match="no query"):
        plan_shared_noise(Rho(Fraction(1)), sensitivity_squared, cells, 1)


@pytest.mark.parametrize(
    "field",
    [
        {"share_variance": Fraction(1, 5)},
        {"scale_bits": -1},
        {"honest_shares": 0},
        {"sensitivity_squared": 0},
    ],
    ids=str,
)
def test_noise_outside_the_theorem_cannot_be_written_down(field: dict[str, int]) -> None:
    fields = {
        "share_variance": Fraction(3),
        "scale_bits": 0,
        "honest_shares": 2,
        "sensitivity_squared": 1,
    }
    with pytest.raises(ValueError, match=r"σ_s²|no noise"):
        SharedNoise(**(fields | field))  # type: ignore[arg-type]


@given(st.integers(-1000, 1000), st.integers(0, 5000))
def test_the_smallest_good_number_is_found(start: int, distance: int) -> None:
    assert smallest(start, lambda number: number >= start + distance) == start + distance
