"""What a share has to be, said for one and for many."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from corridor.ids import CountryCode, Digest, Signature
from corridor.protocols import shamir
from corridor.protocols.secure_sum.messages import Dealing, RevealedShare, ShareKind
from corridor.protocols.secure_sum.sharing import HeldShare, first_misfit, fits, share_hash

ROSTER = Digest(bytes(range(32)))
TO, *DEALERS = map(CountryCode, ["MD", "NE", "NG", "UA"])
SECRETS = {kind: HeldShare(bytes([place]) * 32, b"s" * 32) for place, kind in enumerate(ShareKind)}


def dealing_of(dealer: CountryCode) -> Dealing:
    hashes = {kind: share_hash(ROSTER, dealer, TO, kind, held) for kind, held in SECRETS.items()}
    return Dealing(
        roster_hash=ROSTER,
        dealer=dealer,
        recipient=TO,
        commitment=Digest(bytes(32)),
        self_mask_hash=hashes[ShareKind.SELF_MASK],
        mask_key_hash=hashes[ShareKind.MASK_KEY],
        envelope=b"",
        pair_key=None,
        signature=Signature(b""),
    )


DEALINGS = [dealing_of(dealer) for dealer in DEALERS]


def revealed(dealer: CountryCode, kind: ShareKind) -> RevealedShare:
    return RevealedShare(dealer, kind, SECRETS[kind].share, SECRETS[kind].salt)


def other(kind: ShareKind) -> ShareKind:
    return next(one for one in ShareKind if one is not kind)


BENT: dict[str, Callable[[RevealedShare], RevealedShare]] = {
    "another share": lambda share: replace(share, share=b"x" * 32),
    "another salt": lambda share: replace(share, salt=b"t" * 32),
    "of the other secret": lambda share: replace(share, kind=other(share.kind)),
    "a share too short": lambda share: replace(share, share=share.share[:-1]),
    "a salt too long": lambda share: replace(share, salt=share.salt + b"s"),
    "cut elsewhere": lambda share: replace(
        share, share=share.share + share.salt[:1], salt=share.salt[1:]
    ),
}


@pytest.mark.parametrize("kind", ShareKind)
@pytest.mark.parametrize("bend", BENT.values(), ids=BENT.keys())
def test_a28_of_many_shares_the_first_that_does_not_fit_is_found(
    kind: ShareKind, bend: Callable[[RevealedShare], RevealedShare]
) -> None:
    good = [revealed(dealer, kind) for dealer in DEALERS]
    assert all(fits(*pair) for pair in zip(DEALINGS, [kind] * 3, good, strict=True))
    assert first_misfit(DEALINGS, good) is None
    for place in range(len(good)):
        bad = [*good[:place], *map(bend, good[place:])]
        assert not fits(DEALINGS[place], bad[place].kind, bad[place])
        assert first_misfit(DEALINGS, bad) is bad[place]


def test_a28_a_share_outside_the_field_fits_no_hash() -> None:
    """Another form of a number that is in it: its dealer could have hashed it so."""
    held = HeldShare(shamir.PRIME.to_bytes(32, "big"), b"s" * 32)
    hashed = share_hash(ROSTER, DEALERS[0], TO, ShareKind.SELF_MASK, held)
    dealing = replace(DEALINGS[0], self_mask_hash=hashed)
    share = RevealedShare(DEALERS[0], ShareKind.SELF_MASK, held.share, held.salt)
    assert not fits(dealing, share.kind, share)
    assert first_misfit([dealing], [share]) is share
