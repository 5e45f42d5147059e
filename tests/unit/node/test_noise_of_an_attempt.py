"""What four real nodes publish together carries the noise that was promised, no less.

The sampler and the plan of shares have tests of their own; here the nodes draw them.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum import coordinator
from corridor.queries.catalogue import Source
from corridor.queries.question import CountPersons, Sum, TableQuestion, make_question
from support.node_region import FOUR, SESSION, RealNode, Talk, charter_of_four, start

WIDE = make_question(
    TableQuestion(
        source=Source.PERSONS, measure=CountPersons(), group_by=("age_band", "gender", "month")
    )
)
OPEN = """
[allowance]
per_year = "1"
lost_per_day = "1"

[[rule]]
verdict = "allow"
"""
SIX_SIGMA = 6.1
"""A right sampler is further off with a chance of about 10⁻⁹."""


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RealNode]]:
    clock, charter = start(), charter_of_four()
    made = [
        RealNode(tmp_path / country, country, charter, clock, women=10 * place, policy=OPEN)
        for place, country in enumerate(FOUR, start=1)
    ]
    yield made
    for node in made:
        node.close()


@pytest.mark.parametrize(("rho", "scaled"), [(Fraction(1, 100), 0), (Fraction(1, 2), 2)])
def test_the_published_sum_holds_every_node_s_share_of_the_noise(
    nodes: list[RealNode], rho: Fraction, scaled: int
) -> None:
    talk = Talk(nodes, asked=WIDE, rho=rho)
    talk.until("sign")
    parameters = talk.parameters(len(nodes))
    assert parameters.scale_bits == scaled
    counts = talk.unmask()
    women = counts.argmax()  # all of them are of unknown age, gender and month
    assert women == len(counts) - 1
    variance = float(4 * parameters.levels[0].variance) / 4**scaled
    assert abs(counts[women] - 100) < SIX_SIGMA * variance**0.5
    # With all four there, three are honest at least: what a dropout would need is taken off again.
    promised = float(Rho(rho).variance(1))
    assert promised * 4 / 3 <= variance < promised * 4 / 3 * 1.01
    whole = float(4 * parameters.share_variance) / 4**scaled
    assert promised * 2 <= whole < promised * 2.01
    elsewhere = np.delete(counts, women)
    found = float(np.square(elsewhere).mean()) / variance
    assert abs(found - 1) < SIX_SIGMA * (2 / len(elsewhere)) ** 0.5 < 0.15


LARGE = (2**53 + 1, 2**55 + 3, -(2**54) - 1, 7)
"""Of the first three, a double keeps no lowest bit: what is added to them would be rounded."""


class LargeData:
    """Case data whose counts are larger than any real ones."""

    def __init__(self, cells: int) -> None:
        self.size = cells
        self.counts = np.resize(np.array(LARGE, np.int64), cells)

    def demand_there(self) -> None:
        """It is there."""

    def evaluate(self) -> npt.NDArray[np.int64]:
        return self.counts.copy()

    def sent(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return x


def test_a2_data_and_noise_are_added_to_the_last_bit(nodes: list[RealNode]) -> None:
    """How a sum of reals is rounded tells how large the datum in it was (Haney et al. 2022)."""
    ages = TableQuestion(
        source=Source.PERSONS, measure=Sum("days_to_referral", 0, 3000), group_by=("gender",)
    )
    talk = Talk(nodes, asked=make_question(ages), rho=Fraction(1, 100))
    talk.until("open")
    parameters = talk.parameters(len(nodes))
    assert parameters.ring_bits == 64
    wanted = np.zeros(parameters.cells, np.int64)
    for node in nodes:
        data = LargeData(parameters.cells)
        node.sessions._attempts[SESSION]._data = data
        again = Random()  # gives what this node's source is about to give
        again.setstate(node.random.getstate())
        wanted += data.counts << parameters.scale_bits
        # Everybody is there at the end: of each node's noise the first level is left, and it alone.
        wanted += sample(parameters.levels[0].variance, parameters.cells, again.randbytes)
    talk.mask()
    talk.sign()
    talk.unmask()
    assert (coordinator.decode(talk.total) == wanted).all()
