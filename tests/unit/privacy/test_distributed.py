import math
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
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
    Component,
    SharedNoise,
    plan_shared_noise,
    smallest,
    tau_above,
)
from corridor.privacy.rho import Rho
from support.noise_laws import discrete_gaussian

rhos = st.fractions(min_value=Fraction(1, 10**6), max_value=50).filter(bool).map(Rho)
sensitivities = st.integers(1, 10**6)
cells = st.integers(1, 2**22)
shares = st.integers(1, 200)
variances = st.fractions(min_value=Fraction(1, 4), max_value=6)


def plain(variance: Fraction, honest_shares: int = 1, **fields: int) -> SharedNoise:
    """Noise of one component, in unscaled units."""
    return SharedNoise(
        components=(Component(variance, honest_shares),),
        **({"scale_bits": 0, "sensitivity_squared": 1} | fields),
    )


def theorem_epsilon(noise: SharedNoise, cells: int) -> float:
    """The bound as the paper writes it, in floats."""
    n, variance = noise.honest_shares, float(noise.share_variance)
    tau = 10 * sum(math.exp(-2 * math.pi**2 * variance * k / (k + 1)) for k in range(1, n))
    return math.sqrt(noise.sensitivity_squared / (n * variance)) + tau * math.sqrt(cells)


def tau_of(draws: list[float]) -> float:
    """The theorem's τ for draws that are added in this order, in floats."""
    added, total = draws[0], 0.0
    for variance in draws[1:]:
        total += math.exp(-2 * math.pi**2 / (1 / added + 1 / variance))
        added += variance
    return 10 * total


@st.composite
def regions_with_breakpoints(draw: st.DrawFn) -> tuple[int, list[int]]:
    """h, and how many honest shares there are when fewer drop out."""
    honest = draw(st.integers(1, 100))
    more = draw(st.sets(st.integers(honest + 1, honest + 60), max_size=3))
    return honest, sorted(more, reverse=True)


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
    narrower = plain(
        noise.share_variance - step,
        honest_shares,
        scale_bits=noise.scale_bits,
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
    noise = plain(variance, count)
    paper, bound = theorem_epsilon(noise, cells), float(noise.epsilon_bound(cells))
    assert paper * (1 - 1e-12) <= bound <= paper * (2 if variance < 2 else 1.001)


def test_a_plan_in_numbers() -> None:
    """ρ = 1/10, one person in one of 3600 cells, 6 honest shares; 10/(2·6) = 0.83, so k = 1."""
    noise = plan_shared_noise(Rho(Fraction(1, 10)), 1, 3600, 6)
    assert noise == plain(Fraction(3414, 1024), 6, scale_bits=1, sensitivity_squared=4)
    assert noise.step == Fraction(1, 2)
    assert noise.summed_variance(9) == 9 * Fraction(3414, 1024) / 4


def test_tau_is_what_the_measured_facts_say() -> None:
    assert tau_above([Fraction(5)], 1) == 0
    assert Fraction(99, 10**11) < tau_above([NARROWEST_SHARE], 200) < Fraction(1, 10**9)
    assert tau_above([Fraction(1634, 1000)], 200) < Fraction(101, 10**8)
    assert tau_above([Fraction(3033, 1000)], 200) < Fraction(101, 10**14)


@given(variances, shares)
def test_tau_is_bounded_from_above_and_closely(variance: Fraction, count: int) -> None:
    exact = 10 * sum(
        math.exp(-2 * math.pi**2 * float(variance) * k / (k + 1)) for k in range(1, count)
    )
    bound = float(tau_above([variance], count))
    assert exact * (1 - 1e-12) <= bound <= exact * (1.001 if variance >= 2 else 2) + 1e-50


@given(st.lists(variances, min_size=1, max_size=4), shares)
def test_tau_of_unequal_draws_is_bounded_from_above_and_closely(
    several: list[Fraction], count: int
) -> None:
    widest_first = [float(one) for one in sorted(several, reverse=True) for _ in range(count)]
    exact, bound = tau_of(widest_first), float(tau_above(several, count))
    assert exact * (1 - 1e-12) <= bound <= exact * (1.5 if min(several) >= 2 else 3) + 1e-50
    # Far below what the grid of plans can show, wide draws of two widths are bounded less closely.
    assert min(several) < 2 or bound <= exact * 1.02 + 1e-14


def test_a_sum_of_unequal_draws_is_as_near_to_one_draw_as_the_theorem_says() -> None:
    """The law itself. It needs a fifth of exp(±τ/2) at the least, so the claim is no loose one."""
    parts = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 3)]
    law = reduce(np.convolve, [discrete_gaussian(one, 30) for one in parts])
    points = slice(90 - 12, 90 + 13)
    single = discrete_gaussian(sum(parts), 90)
    furthest = float(np.abs(np.log(law[points] / single[points])).max())
    claimed = tau_of([float(one) for one in sorted(parts, reverse=True)]) / 2
    assert claimed / 5 < furthest < claimed
    halved = tau_of([float(one) * 2 for one in sorted(parts, reverse=True)]) / 2
    assert furthest > halved  # the twin: a τ for wider draws would be too small here


@given(rhos, sensitivities, cells, regions_with_breakpoints())
def test_a26_whatever_is_taken_off_the_honest_shares_left_keep_the_promise(
    rho: Rho, sensitivity_squared: int, cells: int, region: tuple[int, list[int]]
) -> None:
    honest, more = region
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest, more)
    assert [one.honest_shares for one in noise.components] == [*more, honest]
    needed = rho.variance(sensitivity_squared)
    for count, component in enumerate(noise.components, 1):
        left = noise.keeping(count)
        assert left.suffices(rho, cells)
        assert left.honest_shares == component.honest_shares
        summed = left.summed_variance(component.honest_shares)
        assert needed <= summed <= needed * Fraction(1003, 1000)
        draws = [float(one.variance) for one in left.components for _ in range(left.honest_shares)]
        tau = tau_of(sorted(draws, reverse=True))
        signal = math.sqrt(noise.sensitivity_squared / sum(draws))
        assert (signal + tau * math.sqrt(cells)) ** 2 / 2 <= float(rho.value) * (1 + 1e-9)


@given(rhos, sensitivities, cells, regions_with_breakpoints().filter(lambda region: region[1]))
def test_with_an_honest_share_less_the_same_could_not_be_taken_off(
    rho: Rho, sensitivity_squared: int, cells: int, region: tuple[int, list[int]]
) -> None:
    honest, more = region
    noise = plan_shared_noise(rho, sensitivity_squared, cells, honest, more)
    assert noise.keeps(rho, cells)
    fewer = [replace(one, honest_shares=one.honest_shares - 1) for one in noise.components[:-1]]
    counted_on = [*fewer, noise.components[-1]]
    if all(one.honest_shares > following.honest_shares for one, following in pairwise(counted_on)):
        assert not replace(noise, components=tuple(counted_on)).keeps(rho, cells)


@given(rhos, sensitivities, cells, regions_with_breakpoints())
def test_every_component_can_be_drawn(
    rho: Rho, sensitivity_squared: int, cells: int, region: tuple[int, list[int]]
) -> None:
    noise = plan_shared_noise(rho, sensitivity_squared, cells, *region)
    for component in noise.components:
        assert round_up(component.variance) == component.variance >= NARROWEST_SHARE
    assert noise.sensitivity_squared == sensitivity_squared * 4**noise.scale_bits


@given(rhos, sensitivities, cells, regions_with_breakpoints())
def test_a27_among_colluders_only_the_first_component_is_sure_to_be_left(
    rho: Rho, sensitivity_squared: int, cells: int, region: tuple[int, list[int]]
) -> None:
    honest, more = region
    worst = plan_shared_noise(rho, sensitivity_squared, cells, honest, more).worst_case_rho().value
    most = max([honest, *more])
    assert worst <= most * rho.value <= worst * Fraction(1001, 1000)


@given(st.fractions(min_value=3, max_value=10**6), shares, cells)
def test_hardly_any_noise_exceeds_the_largest_planned_for(
    variance: Fraction, count: int, cells: int
) -> None:
    noise = plain(variance)
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


OUTSIDE: list[tuple[tuple[tuple[Any, int], ...], dict[str, int]]] = [
    (((Fraction(1, 5), 2),), {}),
    (((3, 2),), {}),
    (((Fraction(3), 0),), {}),
    ((), {}),
    (((Fraction(3), 2), (Fraction(3), 2)), {}),
    (((Fraction(3), 2),), {"scale_bits": -1}),
    (((Fraction(3), 2),), {"sensitivity_squared": 0}),
]


@pytest.mark.parametrize(("components", "fields"), OUTSIDE, ids=str)
def test_noise_outside_the_theorem_cannot_be_written_down(
    components: tuple[tuple[Any, int], ...], fields: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match=r"variance must be|no noise|fewer honest"):
        SharedNoise(
            components=tuple(Component(*one) for one in components),
            **({"scale_bits": 0, "sensitivity_squared": 1} | fields),
        )


@given(st.integers(-1000, 1000), st.integers(0, 5000))
def test_the_smallest_good_number_is_found(start: int, distance: int) -> None:
    assert smallest(start, lambda number: number >= start + distance) == start + distance
