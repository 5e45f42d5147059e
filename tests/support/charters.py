"""A small region for tests: Moldova, Niger and Ukraine under one synthetic charter."""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

from corridor.ids import CountryCode
from corridor.protocols.charter import Ceilings, Charter, Member
from corridor.protocols.successions import make_succession
from support.signing import KeyPair

COUNTRIES = tuple(map(CountryCode, ("MD", "NE", "UA")))


@cache
def node_keys(country: CountryCode) -> KeyPair:
    """The keys of one country's node."""
    return KeyPair(f"node {country}")


COORDINATOR = KeyPair("coordinator")


def rotated(charter: Charter, *countries: CountryCode) -> Charter:
    """The next version, in which the keys of these members follow those that they had."""
    members = [
        with_next_keys(one, charter) if one.country in countries else one for one in charter.members
    ]
    return replace(
        charter, version=charter.version + 1, previous=charter.digest, members=tuple(members)
    )


def with_next_keys(member: Member, charter: Charter) -> Member:
    """A member with the next of its keys, and the statement of both."""
    was, now = keys_of(member), next_keys(member.country, len(member.keys))
    statement = make_succession(
        charter.region,
        member.country,
        charter.version,
        former=(was.public, was.sign),
        following=(now.public, now.sign),
    )
    return replace(
        member,
        signing_key=now.public,
        encryption_key=now.encryption,
        successions=(*member.successions, statement),
    )


def keys_of(member: Member) -> KeyPair:
    """What a member of a charter that was made here signs with."""
    return next_keys(member.country, len(member.keys) - 1)


@cache
def next_keys(country: CountryCode, rotations: int) -> KeyPair:
    """The keys of a country's node after so many rotations."""
    return KeyPair(f"node {country}, {rotations}") if rotations else node_keys(country)


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
