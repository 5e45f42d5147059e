"""Chains: records that can be added to, and not changed unseen.

Each entry holds the hash of the one before, and its own hash is signed:

    digest(n) = H("corridor entry", chain, n, digest(n − 1), payload),   digest(0) = 32 zero bytes

Whoever knows the last digest (the **head**) knows the whole chain: an entry that is altered, left
out or moved breaks every digest behind it. What a chain cannot show by itself is that its end was
cut off; that is what witnesses are for, who remember heads.

A signature is over the digest, and the digest covers no signature: a later key of the same party
may sign an entry again, and the chain is the same chain.

`contradiction` is the one rule by which anybody holds a ledger to what it said before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corridor.errors.ledger import BrokenChainError
from corridor.ids import Digest, PublicKey, Signature
from corridor.protocols import canonical
from corridor.protocols.secure_sum.messages import LedgerStatement
from corridor.protocols.suite import Verify

BEGINNING = Digest(bytes(32))
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a chain.

    Attributes:
        chain: which chain: `ledger` or `journal`.
        number: from 1.
        payload: canonical JSON.
        signature: over `digest`.
    """

    chain: str
    number: int
    previous: Digest
    payload: bytes
    signature: Signature

    @property
    def digest(self) -> Digest:
        """What the next entry refers to and the signature is over."""
        return entry_digest(self.chain, self.number, self.previous, self.payload)


def entry_digest(chain: str, number: int, previous: Digest, payload: bytes) -> Digest:
    """The digest of an entry that is not signed yet."""
    return canonical.digest(
        "corridor entry", chain.encode(), number.to_bytes(8, "big"), previous, payload
    )


def verify_chain(
    entries: Iterable[Entry],
    chain: str,
    key: PublicKey,
    verify: Verify,
    former: Sequence[PublicKey] = (),
) -> Digest:
    """The head, after checking every entry from the first.

    1. They are numbered 1, 2, 3 …
    2. Each refers to the one before.
    3. Each is of this chain and signed by `key`, or by the key of `former` (the earliest first)
       whose turn it was: none signs again after a later one did.

    Raises:
        BrokenChainError: one of these fails; names the entry.
    """
    head, expected = BEGINNING, 1
    in_turn = [*former, key]
    for entry in entries:
        if (entry.chain, entry.number) != (chain, expected):
            raise BrokenChainError(chain, expected, "is missing")
        if entry.previous != head:
            raise BrokenChainError(chain, expected, "does not follow the one before")
        while not verify(in_turn[0], entry.digest, entry.signature):
            del in_turn[0]
            if not in_turn:
                raise BrokenChainError(chain, expected, "is not signed by this node")
        head, expected = entry.digest, expected + 1
    return head


def contradiction(earlier: LedgerStatement, later: LedgerStatement) -> str | None:
    """Why two statements of one ledger cannot both be true, or None where they can.

    `earlier` was witnessed before `later`. Signatures are checked elsewhere.
    """
    if later.sequence < earlier.sequence:
        return "an earlier entry came after a later one: a backup was restored, or a node cloned"
    if later.sequence == earlier.sequence and later.head != earlier.head:
        return "one entry has two contents: two ledgers live under one key"
    if later.sequence == earlier.sequence and (
        (later.spent, later.reserved) != (earlier.spent, earlier.reserved)
    ):
        return "one entry has two sums"
    if later.spent < earlier.spent:
        return "less is spent than before: spent privacy never comes back"
    return None
