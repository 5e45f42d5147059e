"""A small region for tests: Moldova, Niger and Ukraine under one synthetic charter."""

from fractions import Fraction
from functools import cache
from typing import Any

from corridor.ids import CountryCode
from corridor.protocols.charter import Ceilings, Charter, Member
from support.signing import KeyPair

COUNTRIES = tuple(map(CountryCode, ("MD", "NE", "UA")))


@cache
def node_keys(country: CountryCode) -> KeyPair:
    """The keys of one country's node."""
    return KeyPair(f"node {country}")


COORDINATOR = KeyPair("coordinator")


def make_charter(*, countries: tuple[CountryCode, ...] = COUNTRIES, **changes: Any) -> Charter:
    """A charter of `countries` (sorted); `changes` replace its fields."""
    fields: dict[str, Any] = {
        "version": 1,
        "previous": None,
        "region": "Test region",
        "members": tuple(
            Member(
                country=country,
                name=f"Authority of {country}",
                signing_key=node_keys(country).public,
                encryption_key=node_keys(country).encryption,
            )
            for country in countries
        ),
        "coordinator_key": COORDINATOR.public,
        "min_participants": 3,
        "ceilings": Ceilings(
            rho_per_question=Fraction(1, 2), cells=1 << 20, persons_per_node=1_000_000
        ),
        "countries": tuple(sorted({*countries, CountryCode("BG"), CountryCode("RO")})),
        "years": (2015, 2026),
        "domains_edition": "2025.1",
        "suite": "x25519",
        "synthetic": True,
    }
    return Charter(**(fields | changes))
