"""The primitives that the pure rooms are handed, like randomness: keys, envelopes, keystreams.

`transport.suites` implements them over OpenSSL; tests check each against a second source.
A suite is named by the charter (`x25519` now, `xwing` later) and never negotiated.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from corridor.ids import PublicKey, Signature

RandomBytes: TypeAlias = Callable[[int], bytes]
"""Gives that many bytes, fit for keys and noise."""

Sign: TypeAlias = Callable[[bytes], Signature]
"""Ed25519 over the given bytes, with a key that the caller holds."""

Verify: TypeAlias = Callable[[PublicKey, bytes, Signature], bool]
"""Whether the signature is that key's over those bytes; never raises for a bad one."""

SEED_BYTES = 31
"""Length of a secret that is shared out: it fits the field of Shamir's scheme whole."""


class Keystream(Protocol):
    """An endless stream of mask words, read in order."""

    def fill(self, words: npt.NDArray[np.unsignedinteger]) -> None:
        """Overwrite `words`, which is contiguous, with the next `words.size` mask words."""


class Suite(Protocol):
    """One named set of primitives. All methods are deterministic."""

    @property
    def name(self) -> str:
        """The charter's word for it."""

    @property
    def public_key_bytes(self) -> int:
        """Length of an ephemeral public key."""

    def public_key(self, seed: bytes) -> bytes:
        """The public key of the private key that derives from a 31-byte seed."""

    def agree(self, seed: bytes, peer: bytes, info: bytes) -> bytes:
        """32 bytes known to both sides of a pair: key agreement, then HKDF with `info`.

        Raises:
            BadPeerKeyError: `peer` is no point that agreement accepts.
        """

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """32 bytes that only a holder of `secret` knows: HKDF-SHA-256 with `info`."""

    def seal(self, key: bytes, associated: bytes, plaintext: bytes) -> bytes:
        """AES-256-GCM under a key that is used for this one envelope only (fixed nonce)."""

    def open(self, key: bytes, associated: bytes, sealed: bytes) -> bytes | None:
        """The plaintext, or None where the envelope is not what `seal` made of it."""

    def keystream(self, key: bytes) -> Keystream:
        """AES-256-CTR over zeros under a 32-byte key that is used for this stream only."""
