"""However many drop out: what is left of the noise when the superfluous part came off.

Ten nodes add the noise that is planned for three dropouts and one colluder, and reveal the seeds
that so many survivors call for. The law of what is left is computed here from ρ alone. Each claim
has a false-alarm rate ≤ 10⁻⁹, and a twin that shows that the test can fail: a level too many.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import ceil, sqrt
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.ids import CountryCode, Digest
from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.distributed import SharedNoise, plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum import excess
from corridor.protocols.secure_sum.messages import AttemptParameters, NoiseLevel, Roster
from corridor.protocols.secure_sum.node import ReadyToMask
from corridor.protocols.secure_sum.roster import SettledRoster
from support.noise_laws import distance, dkw_margin, sum_of_shares
from support.secure_sum import SUITE, Region, first_countries, make_header

pytestmark = pytest.mark.statistical

ROSTER, DROPOUTS, COLLUDERS = 10, 3, 1
CELLS = 100_000
RHO = Rho(Fraction(1, 10))
REGION = Region(countries=first_countries(ROSTER))
SIX_SIGMA = 6.1


@cache
def planned() -> SharedNoise:
    return plan_shared_noise(RHO, 1, CELLS, 6, (9, 8, 7))


@cache
def settled() -> SettledRoster:
    levels = tuple(
        NoiseLevel(ROSTER - COLLUDERS - one.honest_shares, one.variance)
        for one in planned().components
    )
    assert [level.dropouts for level in levels] == list(range(DROPOUTS + 1))
    parameters: AttemptParameters = replace(
        REGION.parameters, dropouts=DROPOUTS, cells=CELLS, levels=levels
    )
    return SettledRoster(make_header(), Roster(()), parameters, Digest(bytes(32)))


@cache
def seeds_of(country: CountryCode) -> tuple[bytes, ...]:
    return excess.seeds_from(settled(), country, Random(country).randbytes(32), SUITE)


@cache
def added_by(country: CountryCode) -> NDArray[np.int64]:
    """The noise of one node, as it adds it."""
    ready = ReadyToMask(settled(), country, {}, frozenset(), {}, seeds_of(country))
    source = Random(f"first level of {country}").randbytes
    return ready.noise(CELLS, draw=sample, suite=SUITE, random_bytes=source)


def left(dropouts: int, level_more: int = 0) -> NDArray[np.int64]:
    """The noise of the sum without what is superfluous; the twin takes levels off that are not."""
    survivors = REGION.countries[dropouts:]
    claimed = len(survivors) + level_more
    revealed = {
        country: excess.to_reveal(settled(), seeds_of(country), claimed) for country in survivors
    }
    total = np.sum([added_by(country) for country in survivors], axis=0)
    if all(revealed.values()):
        total = total - excess.excess_noise(
            settled(), revealed, claimed, cells=CELLS, draw=sample, suite=SUITE
        )
    noise: NDArray[np.int64] = total
    return noise


def law(dropouts: int) -> NDArray[np.float64]:
    """Of each survivor the levels 0 … `dropouts`: together what r − c − dropouts shares owe."""
    survivors = ROSTER - dropouts
    kept = planned().components[: dropouts + 1]
    reach = ceil(9 * sqrt(survivors * sum(one.variance for one in kept)))
    whole = np.ones(1)
    for component in kept:
        whole = np.convolve(whole, sum_of_shares(component.variance, survivors, reach))
    middle = len(whole) // 2
    return whole[middle - reach : middle + reach + 1]


@pytest.mark.parametrize("dropouts", range(DROPOUTS + 1))
def test_a26_what_is_left_follows_the_law_of_the_levels_that_are_kept(dropouts: int) -> None:
    limit = dkw_margin(CELLS)
    assert distance(left(dropouts), law(dropouts)) < limit
    if dropouts:
        assert distance(left(dropouts, level_more=1), law(dropouts)) > limit


@pytest.mark.parametrize("dropouts", range(DROPOUTS + 1))
def test_a26_honest_survivors_carry_the_promised_variance_and_hardly_more(dropouts: int) -> None:
    def over_central(noise: NDArray[np.int64]) -> float:
        steps = float(planned().step) ** 2
        return float(np.square(noise).mean()) * steps / float(RHO.variance(1))

    spread = 1 + SIX_SIGMA * sqrt(2 / CELLS)
    honest = (ROSTER - dropouts - COLLUDERS) / (ROSTER - dropouts)
    assert 1 / spread < over_central(left(dropouts)) * honest < 1.002 * spread
    if dropouts:  # the twin: with a level too many off, the promise is broken
        assert over_central(left(dropouts, level_more=1)) * honest < 1 / spread


def test_everybody_present_costs_five_per_cent_of_error_and_not_twenty_nine() -> None:
    central = float(RHO.variance(1)) / float(planned().step) ** 2
    with_all = np.sum([added_by(country) for country in REGION.countries], axis=0)
    assert sqrt(float(np.square(left(0)).mean()) / central) < 1.06 + 0.02
    assert sqrt(float(np.square(with_all).mean()) / central) > 1.29 - 0.02
