"""Nobody can be told to be there better than was promised: the real engine, unchanged.

Each audit fails for a sound engine with chance ≤ 2·10⁻⁸; its sources are seeded, so a result
repeats. `test_planted_bugs` shows what these audits would have found.
"""

from collections.abc import Callable

import pytest

from support.audit.auditor import audit
from support.audit.engine import AuditedRegion, RehearsedRegion

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

Regions = Callable[[str], AuditedRegion]

SEEN = {
    "whole region, people": 0.04,
    "whole region, journeys": 0.2,
    "whole region, sums": 0.2,
    "whole region, retries": 0.05,
    "people": 0.05,
    "people, often": 0.015,
    "journeys": 0.35,
    "sums": 0.2,
}
"""A lower bound on ρ that an audit must reach: one that sees nothing finds nothing."""


@pytest.mark.parametrize(
    "name", [*SEEN, "wide sums", "one among many"], ids=lambda name: name.replace(", ", "-")
)
def test_an_audit_finds_nothing(region_called: Regions, name: str) -> None:
    verdict = audit(region_called(name))
    assert not verdict.broken, str(verdict)
    assert SEEN.get(name, float("-inf")) < verdict.least_rho <= float(verdict.claimed.value)


def test_the_rehearsed_region_says_what_the_whole_one_says(region_called: Regions) -> None:
    """The same seeds, so the same noise, whether ledgers and masks are there or not."""
    whole, rehearsed = region_called("whole region, sums"), region_called("sums")
    assert isinstance(rehearsed, RehearsedRegion)
    assert whole.plan.digest == rehearsed.plan.digest
    for region in (whole, rehearsed):
        region.load(region.parts[0])
    ours, theirs = whole.ask(), rehearsed.ask()
    assert (ours.scale_bits, ours.debited) == (theirs.scale_bits, theirs.debited)
    assert len(ours.views[0]) == len(theirs.views[0])
    truth = whole.counted_by_all(whole.parts[0], whole.story[0])
    assert (truth == rehearsed.counted_by_all(rehearsed.parts[0], rehearsed.story[0])).all()
