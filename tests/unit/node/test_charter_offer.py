"""What an operator is shown of a charter before agreeing: all of it."""

from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import pytest

from corridor.ids import CountryCode, Digest, Signature
from corridor.node.app.charters import _offer
from corridor.node.views import CharterOffer
from corridor.protocols.cards import Card, Fingerprint, fingerprint, fingerprint_text
from corridor.protocols.charter import Charter, SignedCharter
from support.charters import make_charter, node_keys, rotated

CHARTER = make_charter(
    countries=tuple(map(CountryCode, ("BG", "MD", "NG", "RO", "UA"))), suite="xwing"
)
FIRST, *OTHERS = CHARTER.members
OTHER_KEY = node_keys(CountryCode("SY")).public

CHANGES: dict[str, dict[str, Any]] = {
    "version": {"version": 2, "previous": Digest(bytes(32))},
    "previous": {"version": 2, "previous": Digest(b"\1" * 32)},
    "region": {"region": "Another region"},
    "members": {"members": (replace(FIRST, signing_key=OTHER_KEY), *OTHERS)},
    "coordinator_key": {"coordinator_key": OTHER_KEY},
    "min_participants": {"min_participants": 4},
    "max_colluders": {"max_colluders": 2},
    "max_dropouts": {"max_dropouts": 0},
    "nodes_per_person": {"nodes_per_person": 3},
    "delta": {"delta": Fraction(1, 10**7)},
    "ceilings": {"ceilings": replace(CHARTER.ceilings, persons_per_node=10**9)},
    "countries": {"countries": tuple(sorted({*CHARTER.countries, CountryCode("ZW")}))},
    "years": {"years": (1999, 2030)},
    "domains_edition": {"domains_edition": "another"},
    "suite": {"suite": "x25519"},
    "retention_days": {"retention_days": 3},
    "failed_attempts_per_day": {"failed_attempts_per_day": 1000},
    "witness_quorum": {"witness_quorum": 0},
    "synthetic": {"synthetic": not CHARTER.synthetic},
}


ME = CHARTER.members[-1].country


def confirmed(charter: Charter) -> dict[CountryCode, Fingerprint]:
    """As though the operator had been told these fingerprints by everybody."""
    return {one.country: fingerprint(Card.of(one)) for one in charter.members}


def offered(
    charter: Charter,
    trusted: dict[CountryCode, Fingerprint] | None = None,
    accepted: Charter | None = None,
) -> CharterOffer:
    signed = SignedCharter(charter, Signature(bytes(64)), ())
    given = confirmed(charter) if trusted is None else trusted
    return _offer(signed, (), accepted, me=ME, trusted=given)


def shown(charter: Charter) -> dict[str, Any]:
    """The document of the offer without the hash, which nobody reads."""
    offer = offered(charter)
    assert dict(offer.numbers).items() <= offer.document.items()
    return {key: value for key, value in offer.document.items() if key != "digest"}


def test_every_field_of_a_charter_is_looked_at_here() -> None:
    assert set(CHANGES) == {field.name for field in fields(Charter) if field.init}


@pytest.mark.parametrize("field", CHANGES)
def test_a31_nothing_in_a_charter_is_agreed_to_unseen(field: str) -> None:
    # A coordinator could else raise a limit that protects the node in a version that looks alike.
    assert shown(replace(CHARTER, **CHANGES[field])) != shown(CHARTER)


@pytest.mark.parametrize("field", sorted(CHANGES.keys() - {"version", "previous", "members"}))
def test_a31_what_changed_since_the_version_before_is_told_whatever_it_is(field: str) -> None:
    now = replace(CHARTER, **CHANGES[field])
    assert offered(now, accepted=CHARTER).changes
    assert offered(CHARTER, accepted=CHARTER).changes == []


def test_a_fingerprint_that_nobody_confirmed_is_not_there_to_be_copied() -> None:
    offer = offered(CHARTER, trusted={})
    texts = {
        one.country: fingerprint_text(confirmed(CHARTER)[one.country]) for one in offer.members
    }
    told = f"{[(one.fingerprint, one.standing) for one in offer.members]} {offer.document}"
    assert {country for country, text in texts.items() if text in told} == {ME}
    assert offer.members[0].standing.startswith(f"ask {FIRST.name} by phone")
    assert offer.members[-1].standing == "this node"


def test_a_confirmed_fingerprint_is_shown_and_another_key_is_not() -> None:
    trusted = confirmed(CHARTER)
    assert [one.standing for one in offered(CHARTER, trusted).members[:-1]] == ["confirmed"] * len(
        OTHERS
    )
    bent = replace(CHARTER, members=(replace(FIRST, signing_key=OTHER_KEY), *OTHERS))
    first = offered(bent, trusted).members[0]
    assert "another key" in first.standing
    assert first.fingerprint == ""


def test_who_joins_and_who_leaves_is_said() -> None:
    small = make_charter(countries=tuple(map(CountryCode, ("MD", "NE", "RO"))))
    offer = offered(CHARTER, accepted=small)
    assert (offer.joins, offer.leaves) == (["BG", "NG", "UA"], ["NE"])
    assert (offered(CHARTER).joins, offered(CHARTER).leaves) == ([], [])


def test_a18_the_operator_reads_who_must_confirm_the_ledger_when_members_change() -> None:
    def line(*replaced: int) -> str:
        members = tuple(
            replace(one, signing_key=node_keys(CountryCode(f"Z{place}")).public)
            if place in replaced
            else one
            for place, one in enumerate(CHARTER.members)
        )
        now = replace(CHARTER, version=2, previous=CHARTER.digest, members=members)
        return dict(offered(now, accepted=CHARTER).numbers)["witnesses of before"]

    assert line(0) == "3 of MD, NG, RO confirm this ledger before it first spends"
    assert line(0, 1).startswith("!! too few are left")
    assert dict(offered(CHARTER).numbers)["witnesses of before"] == "none"


def test_a24_whose_keys_follow_others_is_told_with_the_old_fingerprint_and_not_the_new_one() -> (
    None
):
    now = rotated(CHARTER, FIRST.country)
    new = fingerprint_text(fingerprint(Card.of(now.members[0])))
    old = fingerprint_text(confirmed(CHARTER)[FIRST.country])
    offer = offered(now, trusted={}, accepted=CHARTER)
    told = offer.document["members"][0]
    assert (offer.members[0].former, told["follows"], told["anew"]) == (old, old, False)
    assert new not in f"{offer.members} {offer.document}"
    assert offered(now, accepted=CHARTER).members[0].fingerprint == new  # once it is confirmed
    assert {one.former for one in offer.members[1:]} == {""}
    assert dict(offer.numbers)["witnesses of before"].startswith("3 of BG, MD, NG, RO")


def test_a_member_under_other_keys_without_a_past_is_told_to_begin_anew() -> None:
    anew = replace(FIRST, signing_key=OTHER_KEY)
    now = replace(CHARTER, version=2, previous=CHARTER.digest, members=(anew, *CHARTER.members[1:]))
    first = offered(now, accepted=CHARTER).members[0]
    assert (first.former, first.is_anew) == ("", True)
