"""How one sharer deals its two secrets, and how others check what it dealt.

A sharer has two secrets of 31 bytes: its self-mask seed and its mask seed. Each peer gets a share
of both in one envelope. Beside the envelope the dealing shows, signed, a commitment to the
self-mask seed and a salted hash of each share, so that later

    a share that does not fit its hash           convicts who reveals it;
    a seed that does not fit, of shares that do  convicts who dealt it.

The commitment needs no salt: the seed has 248 random bits. Its counterpart for the mask seed is
the mask key in the dealer's acceptance.

An envelope is 32 bytes of salt, then, sealed, 128 bytes: share and salt of the self-mask seed,
share and salt of the mask seed. Its key is agreed between the two envelope keys, with roster hash,
dealer, recipient and the envelope's salt in the info: one key for one direction and one envelope,
even if a dealer were made to deal twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from corridor.errors.secure_sum import BadPeerKeyError
from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical, shamir
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    Dealing,
    RevealedShare,
    ShareKind,
    Shares,
    SurvivorSet,
    signed,
)
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.suite import RandomBytes, Sign, Suite

SALT_BYTES = 32
_HELD_BYTES = shamir.SHARE_BYTES + SALT_BYTES


@dataclass(frozen=True, slots=True)
class HeldShare:
    """A share with the salt of its hash, as its recipient keeps it."""

    share: bytes = field(repr=False)
    salt: bytes = field(repr=False)


HeldShares = Mapping[ShareKind, HeldShare]
"""What one recipient holds of one dealer: a share of each secret."""


def commitment(roster_hash: Digest, dealer: CountryCode, self_mask_seed: bytes) -> Digest:
    """What binds a dealer to its self-mask seed."""
    return canonical.digest("corridor self-mask seed", roster_hash, dealer.encode(), self_mask_seed)


def share_hash(
    roster_hash: Digest,
    dealer: CountryCode,
    recipient: CountryCode,
    kind: ShareKind,
    held: HeldShare,
) -> Digest:
    """What binds a dealer to the share that it dealt, and a responder to the one it was dealt."""
    return canonical.digest(
        "corridor share",
        roster_hash,
        dealer.encode(),
        recipient.encode(),
        kind.value.encode(),
        held.share,
        held.salt,
    )


def dealt_hash(dealing: Dealing, kind: ShareKind) -> Digest:
    """The hash of one share, as the dealer signed it."""
    return dealing.self_mask_hash if kind is ShareKind.SELF_MASK else dealing.mask_key_hash


def fits(dealing: Dealing, kind: ShareKind, held: HeldShare) -> bool:
    """Whether this is the share that the dealing speaks of: in the field, and of that hash."""
    if not shamir.is_share(held.share) or len(held.salt) != SALT_BYTES:
        return False
    expected = share_hash(dealing.roster_hash, dealing.dealer, dealing.recipient, kind, held)
    return expected == dealt_hash(dealing, kind)


def deal(
    settled: SettledRoster,
    me: CountryCode,
    *,
    envelope_seed: bytes,
    secrets: Mapping[ShareKind, bytes],
    suite: Suite,
    random_bytes: RandomBytes,
    sign: Sign,
) -> tuple[Shares, HeldShares]:
    """A dealing for every member of the roster, and the shares that the dealer keeps itself.

    Raises:
        BadPeerKeyError: agreement refuses a member's envelope key; names the member.
    """
    countries = settled.countries
    split = {
        kind: shamir.split(secret, settled.parameters.threshold, len(countries), random_bytes)
        for kind, secret in secrets.items()
    }
    committed = commitment(settled.hash, me, secrets[ShareKind.SELF_MASK])
    held = {
        country: {kind: HeldShare(split[kind][place], random_bytes(SALT_BYTES)) for kind in split}
        for place, country in enumerate(countries)
    }
    envelopes = {me: b""}  # its own shares never leave the dealer
    for acceptance in settled.roster.acceptances:
        peer, salt = acceptance.country, random_bytes(SALT_BYTES)
        if peer == me:
            continue
        info = _envelope_info(settled.hash, me, peer, salt)
        try:
            key = suite.agree(envelope_seed, acceptance.envelope_key, info)
        except BadPeerKeyError as error:
            raise BadPeerKeyError(peer) from error
        associated = _associated(settled.hash, me, peer)
        envelopes[peer] = salt + suite.seal(key, associated, _pack(held[peer]))

    def hash_for(peer: CountryCode, kind: ShareKind) -> Digest:
        return share_hash(settled.hash, me, peer, kind, held[peer][kind])

    dealings = [
        Dealing(
            roster_hash=settled.hash,
            dealer=me,
            recipient=peer,
            commitment=committed,
            self_mask_hash=hash_for(peer, ShareKind.SELF_MASK),
            mask_key_hash=hash_for(peer, ShareKind.MASK_KEY),
            envelope=envelopes[peer],
            signature=UNSIGNED,
        )
        for peer in countries
    ]
    return Shares(me, tuple(signed(dealing, sign) for dealing in dealings)), held[me]


def open_envelope(
    dealing: Dealing, *, envelope_seed: bytes, dealer_key: bytes, suite: Suite
) -> HeldShares | None:
    """The shares in a dealing, if the envelope opens and both fit their hashes; else None."""
    salt, sealed = dealing.envelope[:SALT_BYTES], dealing.envelope[SALT_BYTES:]
    dealer, recipient = dealing.dealer, dealing.recipient
    try:
        info = _envelope_info(dealing.roster_hash, dealer, recipient, salt)
        key = suite.agree(envelope_seed, dealer_key, info)
    except BadPeerKeyError:
        return None
    packed = suite.open(key, _associated(dealing.roster_hash, dealer, recipient), sealed)
    if packed is None or len(packed) != 2 * _HELD_BYTES:
        return None
    held = {
        ShareKind.SELF_MASK: _unpack(packed[:_HELD_BYTES]),
        ShareKind.MASK_KEY: _unpack(packed[_HELD_BYTES:]),
    }
    return held if all(fits(dealing, kind, share) for kind, share in held.items()) else None


def kind_to_reveal(dealer: CountryCode, word: SurvivorSet) -> ShareKind:
    """Of a survivor the self mask comes off the sum, of another sharer the pairwise masks."""
    return ShareKind.SELF_MASK if dealer in word.survivors else ShareKind.MASK_KEY


def reveal(dealer: CountryCode, kind: ShareKind, held: HeldShares) -> RevealedShare:
    """One of the two shares held of that dealer, to be sent."""
    return RevealedShare(dealer, kind, held[kind].share, held[kind].salt)


def _envelope_info(
    roster_hash: Digest, dealer: CountryCode, recipient: CountryCode, salt: bytes
) -> Digest:
    return canonical.digest(
        "corridor envelope key", roster_hash, dealer.encode(), recipient.encode(), salt
    )


def _associated(roster_hash: Digest, dealer: CountryCode, recipient: CountryCode) -> bytes:
    return canonical.digest("corridor envelope", roster_hash, dealer.encode(), recipient.encode())


def _pack(held: HeldShares) -> bytes:
    kinds = (ShareKind.SELF_MASK, ShareKind.MASK_KEY)
    return b"".join(held[kind].share + held[kind].salt for kind in kinds)


def _unpack(packed: bytes) -> HeldShare:
    return HeldShare(packed[: shamir.SHARE_BYTES], packed[shamir.SHARE_BYTES :])
