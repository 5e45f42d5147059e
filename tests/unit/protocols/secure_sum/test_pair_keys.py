"""Both of a pair have the key of their mask, and everybody who learns either one's mask seed."""

from random import Random

import pytest

from corridor.errors.secure_sum import BadPeerKeyError
from corridor.ids import CountryCode, Digest
from corridor.protocols.secure_sum.messages import UNSIGNED, Dealing, SealedPairKey
from corridor.protocols.secure_sum.pair_keys import commitment, derive, fits, opened, sealed
from corridor.protocols.suite import Suite
from corridor.transport.suites import suite_named

ROSTER, OTHER = Digest(b"r" * 32), Digest(b"s" * 32)
MD, NE, UA = map(CountryCode, ["MD", "NE", "UA"])
SEEDS = {country: Random(country).randbytes(31) for country in (MD, NE, UA)}


@pytest.fixture(params=["x25519", "xwing"])
def suite(request: pytest.FixtureRequest) -> Suite:
    return suite_named(request.param)


def dealing(pair_key: SealedPairKey | None, lower: CountryCode, higher: CountryCode) -> Dealing:
    return Dealing(
        roster_hash=ROSTER,
        dealer=lower,
        recipient=higher,
        commitment=ROSTER,
        self_mask_hash=ROSTER,
        mask_key_hash=ROSTER,
        envelope=b"",
        pair_key=pair_key,
        signature=UNSIGNED,
    )


def test_the_higher_opens_what_the_lower_derives(suite: Suite) -> None:
    higher = suite.opening_key(SEEDS[UA])
    key = derive(ROSTER, MD, UA, SEEDS[MD], suite)
    pair_key = sealed(ROSTER, MD, UA, key, mask_key=higher.public, suite=suite)
    dealt = dealing(pair_key, MD, UA)
    assert opened(dealt, higher) == key
    assert fits(dealt, key)
    assert key not in pair_key.box
    assert opened(dealt, suite.opening_key(SEEDS[NE])) is None


def test_a23_every_pair_every_roster_and_every_seed_has_a_key_of_its_own(suite: Suite) -> None:
    keys = [
        derive(ROSTER, MD, NE, SEEDS[MD], suite),
        derive(ROSTER, MD, UA, SEEDS[MD], suite),
        derive(ROSTER, NE, UA, SEEDS[MD], suite),
        derive(ROSTER, MD, NE, SEEDS[NE], suite),
        derive(OTHER, MD, NE, SEEDS[MD], suite),
        suite.derive(SEEDS[MD], b""),
    ]
    assert len(set(keys)) == len(keys)


def test_a_commitment_is_to_one_key_of_one_pair_in_one_attempt() -> None:
    key = bytes(32)
    commitments = [
        commitment(ROSTER, MD, NE, key),
        commitment(ROSTER, MD, NE, b"k" * 32),
        commitment(ROSTER, MD, UA, key),
        commitment(ROSTER, NE, MD, key),
        commitment(OTHER, MD, NE, key),
    ]
    assert len(set(commitments)) == len(commitments)


def test_where_nothing_was_dealt_nothing_opens_or_fits(suite: Suite) -> None:
    assert opened(dealing(None, UA, MD), suite.opening_key(SEEDS[MD])) is None
    assert not fits(dealing(None, UA, MD), bytes(32))


def test_a_mask_key_that_nothing_can_be_sealed_to_is_refused(suite: Suite) -> None:
    zeros = bytes(suite.public_key_bytes)
    with pytest.raises(BadPeerKeyError):
        sealed(ROSTER, MD, UA, bytes(32), mask_key=zeros, suite=suite)
