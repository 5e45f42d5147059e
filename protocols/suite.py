"""The primitives that the pure rooms are handed, like randomness: keys, sealing, keystreams.

`transport.suites` implements them over OpenSSL; tests check each against a second source.
A suite is named by the charter (`x25519` or `xwing`) and never negotiated; all that differs
between the two is the encapsulation under `seal`.
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


class OpeningKey(Protocol):
    """A private key, ready to open what was sealed to its public half."""

    @property
    def public(self) -> bytes:
        """The public half."""

    def open(self, info: bytes, sealed: bytes) -> bytes | None:
        """The plaintext, or None where it was not sealed to this key under this `info`."""


class Suite(Protocol):
    """One named set of primitives. All but `seal` is deterministic."""

    @property
    def name(self) -> str:
        """The charter's word for it."""

    @property
    def public_key_bytes(self) -> int:
        """Length of an ephemeral public key."""

    def opening_key(self, seed: bytes) -> OpeningKey:
        """The private key that derives from a 31-byte seed."""

    def seal(self, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Seal to a public key, under an encapsulation that is used for this one text only.

        What it encapsulates is drawn by the library itself: two calls never give the same.

        Raises:
            BadPeerKeyError: `public_key` is none that a secret can be encapsulated to.
        """

    def verify_key(self, public_key: bytes) -> None:
        """Raise where `seal` would, without sealing.

        Raises:
            BadPeerKeyError: `public_key` is none that a secret can be encapsulated to.
        """

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """32 bytes that only a holder of `secret` knows: HKDF-SHA-256 with `info`."""

    def keystream(self, key: bytes) -> Keystream:
        """AES-256-CTR over zeros under a 32-byte key that is used for this stream only."""
