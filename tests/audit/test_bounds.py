"""The auditor's statistics are right: against exact arithmetic, and against laws that are known."""

from fractions import Fraction
from math import comb, exp, log
from random import Random

import numpy as np
import pytest

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.rho import Rho
from support.audit.bounds import (
    at_least,
    greatest_chance,
    guessing_chance,
    least_chance,
    mean_within,
)
from support.audit.telling import lower_bounds


@pytest.mark.parametrize(("successes", "tries"), [(0, 7), (1, 7), (5, 12), (12, 12), (180, 200)])
@pytest.mark.parametrize("chance", [Fraction(1, 50), Fraction(1, 2), Fraction(9, 10)], ids=str)
def test_a_binomial_tail_is_the_exact_one(successes: int, tries: int, chance: Fraction) -> None:
    exact = sum(
        comb(tries, count) * chance**count * (1 - chance) ** (tries - count)
        for count in range(successes, tries + 1)
    )
    assert at_least(successes, tries, float(chance)) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize("error", [1e-3, 1e-9])
def test_clopper_and_pearson_where_their_bound_has_a_closed_form(error: float) -> None:
    assert least_chance(0, 50, error) == 0
    assert least_chance(50, 50, error) == pytest.approx(error ** (1 / 50), abs=1e-8)
    assert greatest_chance(50, 50, error) == 1
    assert greatest_chance(0, 50, error) == pytest.approx(1 - error ** (1 / 50), abs=1e-8)


def test_a_bound_is_where_what_was_seen_has_just_that_chance() -> None:
    least = least_chance(700, 1000, 1e-6)
    assert at_least(700, 1000, least) == pytest.approx(1e-6, rel=1e-3)
    assert least < 0.7 < greatest_chance(700, 1000, 1e-6)


@pytest.mark.statistical
def test_bounds_are_as_often_wrong_as_they_say_and_no_more() -> None:
    """At an error of 1/10, over 2 000 samples; more than 0.15 of them has a chance < 10⁻⁹."""
    draw = np.random.default_rng(1)
    wrong = {"share": 0, "mean": 0}
    for _ in range(2000):
        hits = int(draw.binomial(400, 0.3))
        wrong["share"] += least_chance(hits, 400, 0.1) > 0.3
        counts = draw.multinomial(400, [0.2, 0.5, 0.3]).astype(np.float64)
        values = np.array([0.0, 1.0, 2.0])
        mean = float((values * counts).sum()) / 400
        wrong["mean"] += mean - mean_within(values, counts, 2.0, 0.1) > 1.1
    assert 0.05 < wrong["share"] / 2000 < 0.15
    assert wrong["mean"] / 2000 < 0.15


def test_guesses_of_a_private_engine_are_right_as_often_as_a_coin_allows() -> None:
    """With δ = 0 the chance is the binomial tail at e^ε/(1 + e^ε)."""
    epsilon = log(3)
    assert guessing_chance(100, 40, 36, epsilon, 0) == pytest.approx(at_least(36, 40, 0.75))
    assert guessing_chance(100, 40, 36, epsilon, 1e-3) > guessing_chance(100, 40, 36, epsilon, 0)
    assert guessing_chance(100, 40, 36, epsilon, 1) == 1


@pytest.mark.statistical
@pytest.mark.parametrize("rho", [Fraction(1, 50), Fraction(1, 2)], ids=str)
def test_the_lower_bound_of_a_known_mechanism_is_below_its_rho_and_near(rho: Fraction) -> None:
    """N_Z(0, σ²) on an integer of sensitivity 8 loses ρ = 8²/2σ² exactly."""
    draws = 400_000
    variance = Fraction(64) / (2 * rho)
    source = Random(1).randbytes
    there, away = 8 + sample(variance, draws, source), sample(variance, draws, source)
    found = lower_bounds(there, away, Rho(rho), 1e-9)
    assert not any(bound.found > bound.limit for bound in found)
    best = max(bound.found for bound in found if bound.of.startswith("ρ"))
    assert best > 0.8 * float(rho) if rho == Fraction(1, 2) else 0.6 * float(rho)


def test_what_only_one_of_two_neighbours_can_give_is_seen_at_any_delta() -> None:
    there, away = np.full(4000, 3), np.full(4000, 4)
    found = lower_bounds(there, away, Rho(Fraction(1)), 1e-9)
    at_most = exp(max(bound.found for bound in found if bound.of.startswith("ε")))
    assert at_most > 50
    assert sum(bound.found > bound.limit for bound in found) > len(found) / 2
