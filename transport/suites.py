"""The primitives themselves, over OpenSSL: suites of sealing and masks, and signatures.

    suite_named(name)          the suite that a charter names
    KemSuite                   HPKE over one key encapsulation, HKDF-SHA-256, AES-256-CTR keystreams
    digest_signer, note_signer what the pure rooms are handed as `Sign`, by what is signed
    ed25519_signer, _verify    the primitive below them, and what is handed as `Verify`

Everything here but sealing is deterministic: who needs randomness draws it and hands it in. Test
vectors check each primitive against a second implementation.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from corridor.errors.secure_sum import UnknownSuiteError
from corridor.ids import PublicKey, Signature, is_digest
from corridor.protocols.suite import SEED_BYTES, Sign, Suite
from corridor.transport.kems import X25519, XWING, Kem, OpeningKey

_ZEROS = memoryview(bytes(1 << 18))  # a view, so that a shorter piece of it is no copy
_FIRST_COUNTERS = b"".join(number.to_bytes(16, "big") for number in (0, 1))
_GCM_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class KemSuite:
    """A suite over one key encapsulation; all else is the same for each."""

    name: str
    _kem: Kem = field(repr=False)

    @property
    def public_key_bytes(self) -> int:
        """Length of an ephemeral public key."""
        return self._kem.public_key_bytes

    def opening_key(self, seed: bytes) -> OpeningKey:
        """The private key that derives from a 31-byte seed."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
        raw = self.derive(seed, f"corridor {self.name} private key".encode())
        return self._kem.opening_key(raw)

    def seal(self, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Seal to a public key with HPKE (RFC 9180, base mode, AES-256-GCM).

        Raises:
            BadPeerKeyError: `public_key` is none that a secret can be encapsulated to.
        """
        return self._kem.seal(public_key, info, plaintext)

    def verify_key(self, public_key: bytes) -> None:
        """Raise where `seal` would, without sealing.

        Raises:
            BadPeerKeyError: `public_key` is none that a secret can be encapsulated to.
        """
        self._kem.verify_key(public_key)

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """32 bytes that only a holder of `secret` knows: HKDF-SHA-256 (RFC 5869), without salt."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)

    def keystream(self, key: bytes) -> "AesKeystream":
        """AES-256-CTR over zeros from block 0."""
        return AesKeystream(key)


class AesKeystream:
    """Mask words of AES-256-CTR, read in order; little-endian, as wide as what they mask.

    OpenSSL makes GCM's ciphertext about twice as fast as that of bare CTR, authentication included.
    Under a nonce of twelve zero bytes it is CTR with counters from 2 on (NIST SP 800-38D, sections
    6.5 and 7.1); the blocks of 0 and 1 stand before it. No tag is made. A stream ends after 64 GiB.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a keystream has a key of 32 bytes")
        aes = algorithms.AES(key)
        self._first = Cipher(aes, modes.ECB()).encryptor().update(_FIRST_COUNTERS)  # noqa: S305
        self._rest = Cipher(aes, modes.GCM(_GCM_NONCE)).encryptor()

    def fill(self, words: npt.NDArray[np.unsignedinteger]) -> None:
        """Overwrite `words`, which is contiguous, with the next `words.size` mask words."""
        octets = words.data.cast("B")
        if self._first:
            ready = self._first[: len(octets)]
            octets[: len(ready)] = ready
            octets, self._first = octets[len(ready) :], self._first[len(ready) :]
        for start in range(0, len(octets), len(_ZEROS)):
            piece = octets[start : start + len(_ZEROS)]
            self._rest.update_into(_ZEROS[: len(piece)], piece)


_SUITES = (KemSuite("x25519", X25519), KemSuite("xwing", XWING))


def suite_named(name: str) -> Suite:
    """The suite that a charter names.

    Raises:
        UnknownSuiteError: this version has no suite of that name.
    """
    for suite in _SUITES:
        if suite.name == name:
            return suite
    raise UnknownSuiteError(name)


def ed25519_signer(private: bytes) -> Sign:
    """Signs with the Ed25519 key whose 32 private bytes these are (RFC 8032)."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    return lambda text: Signature(key.sign(text))


def digest_signer(private: bytes) -> Sign:
    """Signs digests of 32 bytes and nothing else: all messages but notes are signed as digests."""
    sign = ed25519_signer(private)

    def sign_digest(text: bytes) -> Signature:
        if not is_digest(text):
            raise ValueError("this signer signs digests of 32 bytes, and no text")
        return sign(text)

    return sign_digest


def note_signer(private: bytes) -> Sign:
    """Signs texts of notes and of cosignatures, which no digest can be taken for."""
    sign = ed25519_signer(private)

    def sign_note(text: bytes) -> Signature:
        if len(text) <= 32 or not text.endswith(b"\n"):
            raise ValueError("this signer signs the texts of notes, and no digest")
        return sign(text)

    return sign_note


def ed25519_public_key(private: bytes) -> PublicKey:
    """The public half of an Ed25519 key."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    return PublicKey(key.public_key().public_bytes_raw())


def ed25519_verify(key: PublicKey, text: bytes, signature: Signature) -> bool:
    """Whether the signature is that key's over those bytes; never raises for a bad one."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
