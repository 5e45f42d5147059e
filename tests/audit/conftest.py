"""Regions to audit, each built once for all tests that look at it."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from support.audit.engine import AUDITED, AuditedRegion, RehearsedRegion
from support.audit.neighbours import journeys, one_among_many, people_in_a_matrix, summed_ages

Build = Callable[[Path], AuditedRegion]

REGIONS: dict[str, Build] = {
    # Through ledgers, messages and masks, a few attempts.
    "whole region, people": lambda at: AuditedRegion(
        at, people_in_a_matrix(Fraction(3, 28), attempts=9)
    ),
    "whole region, journeys": lambda at: AuditedRegion(at, journeys(Fraction(1, 2))),
    "whole region, sums": lambda at: AuditedRegion(at, summed_ages(Fraction(1, 2))),
    "whole region, retries": lambda at: AuditedRegion(
        at, people_in_a_matrix(Fraction(1, 4), attempts=4), story=(None, AUDITED)
    ),
    # The same nodes and noise without those, many attempts. At ρ = 1/28 the levels of noise are as
    # narrow as they ever are, 14/3 and 7/3; at 10⁻¹⁴ they are wider than a float of single
    # precision is exact.
    "people": lambda at: RehearsedRegion(at, people_in_a_matrix(Fraction(3, 28), attempts=12)),
    "people, often": lambda at: RehearsedRegion(
        at, people_in_a_matrix(Fraction(1, 28), attempts=30)
    ),
    "journeys": lambda at: RehearsedRegion(at, journeys(Fraction(1, 2), attempts=40)),
    "sums": lambda at: RehearsedRegion(at, summed_ages(Fraction(1, 2))),
    "wide sums": lambda at: RehearsedRegion(at, summed_ages(Fraction(1, 10**14))),
    "one among many": lambda at: RehearsedRegion(at, one_among_many(Fraction(1, 50), attempts=200)),
}


@pytest.fixture(scope="session")
def region_called(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], AuditedRegion]]:
    built: dict[str, AuditedRegion] = {}

    def get(name: str) -> AuditedRegion:
        if name not in built:
            built[name] = REGIONS[name](tmp_path_factory.mktemp("region"))
        return built[name]

    yield get
    for region in built.values():
        region.close()
