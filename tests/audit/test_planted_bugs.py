"""Every bug that is planted in the running code is found, by the looks that are named for it.

ρ, ε and coins are black-box: they know nothing of noise but what was debited for it. The rest knows
the law that noise should have, and is needed for what is too small to be seen in who is there.

Power: each statistic lies at least four of its own standard deviations beyond its limit, so with
other seeds a look that is named here would miss its bug less than once in ten thousand times.
(Worked out from the figures of one run; the nearest are half the ρ debited, m = 3 counted as 2,
and a real Gaussian rounded.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.audit.auditor import audit
from support.audit.engine import AuditedRegion
from support.audit.planted import BUGS

pytestmark = [pytest.mark.statistical, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Planted:
    """A bug, where it is looked for, and which looks must find it there."""

    bug: str
    region: str
    seen_by: tuple[str, ...]


PLANTED = [
    # The sampler.
    Planted("no noise at all", "people", ("ρ", "ε", "coins")),
    Planted("half the noise", "people", ("ρ", "variance", "law")),
    Planted("noise a tenth too narrow", "people", ("variance", "law", "each value")),
    Planted("noise a twentieth too narrow", "people", ("variance", "each value")),
    Planted("a sampler that never gives zero", "people", ("mean", "variance", "each value")),
    Planted("a zero that is drawn with either sign", "people", ("variance", "each value")),
    Planted("rounding down in place of rounding", "people", ("mean", "each value")),
    Planted("signs that are not even", "people", ("mean", "law")),
    Planted("a real gaussian rounded", "people, often", ("variance",)),
    Planted("a gaussian in single precision", "wide sums", ("ρ", "ε", "low bits")),
    Planted("one draw for both halves of a table", "people", ("noise again",)),
    # Where the noise comes from.
    Planted("noise that is used again in a retry", "whole region, retries", ("noise again",)),
    Planted("the same noise at two nodes", "people", ("ρ", "ε", "each value")),
    Planted("a seed from the clock", "people", ("noise guessed",)),
    Planted("no noise where nobody is", "people", ("ρ", "ε", "each value")),
    Planted("data and noise added in single precision", "wide sums", ("low bits",)),
    # What is promised.
    Planted("a person in three cells counted as in two", "journeys", ("ρ", "variance")),
    Planted("dropouts and colluders counted as honest", "journeys", ("ρ", "ε", "variance")),
    Planted("half of what is lost is debited", "whole region, people", ("ρ", "variance")),
    # What a person can change.
    Planted("a person counts in every cell they are in", "journeys", ("ρ", "ε")),
    Planted("a person counts as often as they have rows", "people", ("ρ", "ε")),
    Planted("a sum that is not clamped", "sums", ("ρ", "ε")),
    Planted("cells chosen by a dense number", "one among many", ("ε",)),
    Planted("countries listed that occur in the data", "one among many", ("ε", "how many")),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.bug.replace(" ", "-"))
def test_a_planted_bug_is_found(
    region_called: Callable[[str], AuditedRegion],
    monkeypatch: pytest.MonkeyPatch,
    planted: Planted,
) -> None:
    region = region_called(planted.region)
    BUGS[planted.bug](monkeypatch, region)
    verdict = audit(region)
    found = [check.of for check in verdict.broken]
    missed = [look for look in planted.seen_by if not any(of.startswith(look) for of in found)]
    assert not missed, str(verdict)


def test_every_bug_is_looked_for() -> None:
    assert {planted.bug for planted in PLANTED} == set(BUGS)
