"""Our draws and OpenDP's come from the same law (two samples, one comparison).

OpenDP's generator takes no seed, so this test draws anew each time; its false-alarm rate is what
limits it: 2·10⁻⁹, from Dvoretzky–Kiefer–Wolfowitz for each of the two samples.
"""

from fractions import Fraction
from random import Random

import numpy as np
import opendp.prelude as dp
import pytest
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import sample
from support.noise_laws import dkw_margin, histogram

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

DRAWS = 100_000


def by_opendp(scale: float) -> NDArray[np.int64]:
    dp.enable_features("contrib")
    gaussian = dp.m.make_gaussian(
        dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64"), scale
    )
    return np.array(gaussian([0] * DRAWS), dtype=np.int64)


def gap(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
    """Largest distance between the two empirical distributions."""
    reach = int(max(np.abs(ours).max(), np.abs(theirs).max()))
    both = (np.cumsum(histogram(sample, reach)) / DRAWS for sample in (ours, theirs))
    first, second = both
    return float(np.abs(first - second).max())


@pytest.mark.parametrize("scale", [3, 1000])
def test_a1_two_independent_samplers_agree(scale: int) -> None:
    theirs = by_opendp(float(scale))
    ours = sample(Fraction(scale**2), DRAWS, Random(20250104).randbytes)
    assert gap(ours, theirs) < 2 * dkw_margin(DRAWS)
    narrower = sample(Fraction(scale**2 * 4, 5), DRAWS, Random(20250104).randbytes)
    assert gap(narrower, theirs) > 2 * dkw_margin(DRAWS)
