"""How one sharer deals its two secrets, and how others check what it dealt.

A sharer has two secrets of 31 bytes: its self-mask seed and its mask seed. Each peer gets a share
of both in one envelope. Beside the envelope the dealing shows, signed, a commitment to the
self-mask seed and a salted hash of each share, so that later

    a share that does not fit its hash           convicts who reveals it;
    a seed that does not fit, of shares that do  convicts who dealt it.

The commitment needs no salt: the seed has 248 random bits. Its counterpart for the mask seed is
the mask key in the dealer's acceptance.

An envelope is 128 bytes, sealed to the recipient's envelope key: share and salt of the self-mask
seed, share and salt of the mask seed. Roster hash, dealer and recipient are in the sealing, so it
opens in its own place only; that it is the dealer's own, the dealing's signature says. The dealing
of the lower of a pair holds the key of their mask besides (`pair_keys`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from corridor.errors.secure_sum import BadPeerKeyError
from corridor.ids import CountryCode, Digest
from corridor.protocols import canonical, shamir
from corridor.protocols.secure_sum import pair_keys
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    Dealing,
    RevealedShare,
    SealedPairKey,
    ShareKind,
    Shares,
    SurvivorSet,
    signed,
)
from corridor.protocols.secure_sum.roster import SettledRoster
from corridor.protocols.suite import OpeningKey, RandomBytes, Sign, Suite

SALT_BYTES = 32
_SHARE_LENGTH = canonical.length(shamir.SHARE_BYTES)
_SALT_LENGTH = canonical.length(SALT_BYTES)
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
    held: HeldShare | RevealedShare,
) -> Digest:
    """What binds a dealer to the share that it dealt, and a responder to the one it was dealt.

    The coordinator makes r² of them, so what they have in common is framed once.
    """
    return canonical.digest_of(
        _dealt_by(roster_hash, dealer),
        _dealt_to(recipient, kind),
        _SHARE_LENGTH,
        held.share,
        _SALT_LENGTH,
        held.salt,
    )


@lru_cache(maxsize=shamir.MOST_SHARES)
def _dealt_by(roster_hash: Digest, dealer: CountryCode) -> bytes:
    """How the bytes under a share's hash begin: the same for all shares of one dealer."""
    return canonical.framed(b"corridor share", roster_hash, dealer.encode())


@lru_cache(maxsize=2 * shamir.MOST_SHARES)
def _dealt_to(recipient: CountryCode, kind: ShareKind) -> bytes:
    """How they go on: the same for all shares of that kind which one recipient holds."""
    return canonical.framed(recipient.encode(), kind.encode())


def dealt_hash(dealing: Dealing, kind: ShareKind) -> Digest:
    """The hash of one share, as the dealer signed it."""
    return dealing.self_mask_hash if kind is ShareKind.SELF_MASK else dealing.mask_key_hash


def fits(dealing: Dealing, kind: ShareKind, held: HeldShare | RevealedShare) -> bool:
    """Whether this is the share that the dealing speaks of: in the field, and of that hash."""
    if not shamir.is_share(held.share) or len(held.salt) != SALT_BYTES:
        return False
    expected = share_hash(dealing.roster_hash, dealing.dealer, dealing.recipient, kind, held)
    return expected == dealt_hash(dealing, kind)


def first_misfit(
    dealings: Sequence[Dealing], shares: Sequence[RevealedShare]
) -> RevealedShare | None:
    """The first of these shares that does not fit the dealing beside it, as `fits` tells.

    The coordinator asks it of r² shares, so what it says is written out here once more.

    Args:
        dealings: all to one recipient; at least one.
        shares: one for each.
    """
    recipient, self_mask = dealings[0].recipient, ShareKind.SELF_MASK
    to_self_mask = _dealt_to(recipient, self_mask) + _SHARE_LENGTH
    to_mask_key = _dealt_to(recipient, ShareKind.MASK_KEY) + _SHARE_LENGTH
    is_share, digest_of = shamir.is_share, canonical.digest_of
    for dealing, share in zip(dealings, shares, strict=True):
        if share.kind is self_mask:
            dealt_to, expected = to_self_mask, dealing.self_mask_hash
        else:
            dealt_to, expected = to_mask_key, dealing.mask_key_hash
        if not is_share(share.share) or len(share.salt) != SALT_BYTES:
            return share
        dealt_by = _dealt_by(dealing.roster_hash, dealing.dealer)
        if digest_of(dealt_by, dealt_to, share.share, _SALT_LENGTH, share.salt) != expected:
            return share
    return None


def deal(
    settled: SettledRoster,
    me: CountryCode,
    *,
    secrets: Mapping[ShareKind, bytes],
    keys: Mapping[CountryCode, bytes],
    suite: Suite,
    random_bytes: RandomBytes,
    sign: Sign,
) -> tuple[Shares, HeldShares]:
    """A dealing for every member of the roster, and the shares that the dealer keeps itself.

    Args:
        settled: the roster.
        me: the dealer.
        secrets: what is shared out.
        keys: of the dealer's masks with the members above it.
        suite: seals.
        random_bytes: gives the polynomials and the salts.
        sign: the dealer's.

    Raises:
        BadPeerKeyError: nothing can be sealed to a member's keys; names the member.
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

    acceptances = settled.acceptances

    def hash_for(peer: CountryCode, kind: ShareKind) -> Digest:
        return share_hash(settled.hash, me, peer, kind, held[peer][kind])

    def envelope_for(peer: CountryCode) -> bytes:
        if peer == me:
            return b""  # its own shares never leave the dealer
        info = _envelope_info(settled.hash, me, peer)
        return suite.seal(acceptances[peer].envelope_key, info, _pack(held[peer]))

    def pair_key_for(peer: CountryCode) -> SealedPairKey | None:
        if not pair_keys.has_pair_key(me, peer):
            return None
        return pair_keys.sealed(
            settled.hash, me, peer, keys[peer], mask_key=acceptances[peer].mask_key, suite=suite
        )

    def dealing_to(peer: CountryCode) -> Dealing:
        try:
            envelope, pair_key = envelope_for(peer), pair_key_for(peer)
        except BadPeerKeyError as error:
            raise BadPeerKeyError(peer) from error
        return Dealing(
            roster_hash=settled.hash,
            dealer=me,
            recipient=peer,
            commitment=committed,
            self_mask_hash=hash_for(peer, ShareKind.SELF_MASK),
            mask_key_hash=hash_for(peer, ShareKind.MASK_KEY),
            envelope=envelope,
            pair_key=pair_key,
            signature=UNSIGNED,
        )

    dealings = [dealing_to(peer) for peer in countries]  # nothing is signed before all are made
    return Shares(me, tuple(signed(dealing, sign) for dealing in dealings)), held[me]


@dataclass(frozen=True, slots=True)
class OpenedDealing:
    """What a peer dealt.

    Attributes:
        shares: of both its secrets.
        pair_key: the key of the mask with it, if it is the lower of the two.
    """

    shares: HeldShares
    pair_key: bytes | None = field(repr=False)


def open_dealing(
    dealing: Dealing, *, envelope_key: OpeningKey, mask_key: OpeningKey
) -> OpenedDealing | None:
    """What is in a dealing, if all of it opens and fits what the dealer signed for; else None."""
    info = _envelope_info(dealing.roster_hash, dealing.dealer, dealing.recipient)
    packed = envelope_key.open(info, dealing.envelope)
    if packed is None or len(packed) != 2 * _HELD_BYTES:
        return None
    held = {
        ShareKind.SELF_MASK: _unpack(packed[:_HELD_BYTES]),
        ShareKind.MASK_KEY: _unpack(packed[_HELD_BYTES:]),
    }
    if not all(fits(dealing, kind, share) for kind, share in held.items()):
        return None
    if not pair_keys.has_pair_key(dealing.dealer, dealing.recipient):
        return OpenedDealing(held, None) if dealing.pair_key is None else None
    key = pair_keys.opened(dealing, mask_key)
    return None if key is None else OpenedDealing(held, key)


def kind_to_reveal(dealer: CountryCode, word: SurvivorSet) -> ShareKind:
    """Of a survivor the self mask comes off the sum, of another sharer the pairwise masks."""
    return ShareKind.SELF_MASK if dealer in word.survivors else ShareKind.MASK_KEY


def reveal(dealer: CountryCode, kind: ShareKind, held: HeldShares) -> RevealedShare:
    """One of the two shares held of that dealer, to be sent."""
    return RevealedShare(dealer, kind, held[kind].share, held[kind].salt)


def _envelope_info(roster_hash: Digest, dealer: CountryCode, recipient: CountryCode) -> Digest:
    return canonical.digest("corridor envelope", roster_hash, dealer.encode(), recipient.encode())


def _pack(held: HeldShares) -> bytes:
    kinds = (ShareKind.SELF_MASK, ShareKind.MASK_KEY)
    return b"".join(held[kind].share + held[kind].salt for kind in kinds)


def _unpack(packed: bytes) -> HeldShare:
    return HeldShare(packed[: shamir.SHARE_BYTES], packed[shamir.SHARE_BYTES :])
