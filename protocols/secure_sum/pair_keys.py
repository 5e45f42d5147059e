"""The key that two sharers have in common, from which the mask between them comes.

    derive       the lower country of the pair, from its mask seed
    sealed       into its dealing to the higher: a box, and a commitment to what is in it
    opened       by the higher, with the private key of its mask seed

Whoever learns the mask seed of either one learns the key, and nobody else: that of the lower
derives it, that of the higher opens the box. So a sharer that dropped out needs to have shared
nothing but its mask seed for all its masks to come off the sum.

Roster hash and ordered pair are in what the key derives from, in the sealing and in the
commitment: a box that is moved to another pair, dealer or attempt opens for nobody. The commitment
makes the key binding, which sealing alone does not: the recipient refuses a key that does not fit
before anything is spent, and afterwards a dealer whose seed gives another key is convicted by its
own signature. It needs no salt: the key has 248 random bits behind it.
"""

from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical
from corridor.protocols.secure_sum.messages import Dealing, SealedPairKey
from corridor.protocols.suite import OpeningKey, Suite

KEY_BYTES = 32
"""Length of a pair's key: what a keystream takes."""


def has_pair_key(dealer: CountryCode, recipient: CountryCode) -> bool:
    """Whether a dealing between these two carries the key of their mask."""
    return dealer < recipient


def derive(
    roster_hash: Digest, lower: CountryCode, higher: CountryCode, mask_seed: bytes, suite: Suite
) -> bytes:
    """The pair's key, from the mask seed of the lower."""
    info = canonical.digest("corridor pair mask", roster_hash, lower.encode(), higher.encode())
    return suite.derive(mask_seed, info)


def sealed(
    roster_hash: Digest,
    lower: CountryCode,
    higher: CountryCode,
    key: bytes,
    *,
    mask_key: bytes,
    suite: Suite,
) -> SealedPairKey:
    """The pair's key as the lower deals it; `mask_key` is the higher's.

    Raises:
        BadPeerKeyError: nothing can be sealed to the mask key.
    """
    return SealedPairKey(
        box=suite.seal(mask_key, _box_info(roster_hash, lower, higher), key),
        commitment=commitment(roster_hash, lower, higher, key),
    )


def opened(dealing: Dealing, mask_key: OpeningKey) -> bytes | None:
    """The key in a dealing of the lower, if the box opens and holds what was committed to."""
    if dealing.pair_key is None:
        return None
    pair = (dealing.roster_hash, dealing.dealer, dealing.recipient)
    key = mask_key.open(_box_info(*pair), dealing.pair_key.box)
    return key if key is not None and fits(dealing, key) else None


def fits(dealing: Dealing, key: bytes) -> bool:
    """Whether this is the key that the dealer signed a commitment to."""
    if dealing.pair_key is None:
        return False
    expected = commitment(dealing.roster_hash, dealing.dealer, dealing.recipient, key)
    return len(key) == KEY_BYTES and expected == dealing.pair_key.commitment


def commitment(roster_hash: Digest, lower: CountryCode, higher: CountryCode, key: bytes) -> Digest:
    """What binds the lower of a pair to their key."""
    return canonical.digest("corridor pair key", roster_hash, lower.encode(), higher.encode(), key)


def _box_info(roster_hash: Digest, lower: CountryCode, higher: CountryCode) -> Digest:
    return canonical.digest("corridor pair key box", roster_hash, lower.encode(), higher.encode())
