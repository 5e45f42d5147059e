"""The primitives themselves, over OpenSSL: suites of key agreement and masks, and signatures.

    suite_named(name)          the suite that a charter names
    X25519Suite                X25519, HKDF-SHA-256, AES-256-GCM envelopes, AES-256-CTR keystreams
    ed25519_signer, _verify    what the pure rooms are handed as `Sign` and `Verify`

Everything here is deterministic: who needs randomness draws it and hands it in. Test vectors check
each primitive against a second implementation.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from corridor.errors.secure_sum import BadPeerKeyError, UnknownSuiteError
from corridor.ids import PublicKey, Signature
from corridor.protocols.suite import SEED_BYTES, Sign, Suite

_ZEROS = bytes(1 << 18)
_PRIVATE_KEY_INFO = b"corridor x25519 private key"
_ONLY_NONCE = bytes(12)
_FIRST_BLOCK = bytes(16)


@dataclass(frozen=True, slots=True)
class X25519Suite:
    """The suite `x25519`: fit for synthetic data and first steps; not against quantum computers."""

    name: str = "x25519"
    public_key_bytes: int = 32

    def public_key(self, seed: bytes) -> bytes:
        """The X25519 public key of the private key that derives from a 31-byte seed."""
        return _private_key(seed).public_key().public_bytes_raw()

    def agree(self, seed: bytes, peer: bytes, info: bytes) -> bytes:
        """32 bytes known to both sides of a pair: X25519 (RFC 7748), then HKDF with `info`.

        Raises:
            BadPeerKeyError: `peer` is not 32 bytes, or a point of small order, whose secret
                would be zero whoever the other side is.
        """
        try:
            shared = _private_key(seed).exchange(X25519PublicKey.from_public_bytes(peer))
        except ValueError as error:
            raise BadPeerKeyError from error
        return self.derive(shared, info)

    def derive(self, secret: bytes, info: bytes) -> bytes:
        """32 bytes that only a holder of `secret` knows: HKDF-SHA-256 (RFC 5869), without salt."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)

    def seal(self, key: bytes, associated: bytes, plaintext: bytes) -> bytes:
        """AES-256-GCM; the nonce is fixed, since no key seals twice."""
        return AESGCM(key).encrypt(_ONLY_NONCE, plaintext, associated)

    def open(self, key: bytes, associated: bytes, sealed: bytes) -> bytes | None:
        """The plaintext, or None where the envelope is not what `seal` made of it."""
        try:
            return AESGCM(key).decrypt(_ONLY_NONCE, sealed, associated)
        except InvalidTag:
            return None

    def keystream(self, key: bytes) -> "AesKeystream":
        """AES-256-CTR over zeros from block 0."""
        return AesKeystream(key)


class AesKeystream:
    """Mask words of AES-256-CTR, read in order; little-endian, as wide as what they mask."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a keystream has a key of 32 bytes")
        self._cipher = Cipher(algorithms.AES(key), modes.CTR(_FIRST_BLOCK)).encryptor()

    def fill(self, words: npt.NDArray[np.unsignedinteger]) -> None:
        """Overwrite `words`, which is contiguous, with the next `words.size` mask words."""
        octets = words.data.cast("B")
        for start in range(0, len(octets), len(_ZEROS)):
            piece = octets[start : start + len(_ZEROS)]
            self._cipher.update_into(_ZEROS[: len(piece)], piece)


def suite_named(name: str) -> Suite:
    """The suite that a charter names.

    Raises:
        UnknownSuiteError: this version has no suite of that name.
    """
    for suite in (X25519Suite(),):
        if suite.name == name:
            return suite
    raise UnknownSuiteError(name)


def ed25519_signer(private: bytes) -> Sign:
    """Signs with the Ed25519 key whose 32 private bytes these are (RFC 8032)."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    return lambda text: Signature(key.sign(text))


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


def _private_key(seed: bytes) -> X25519PrivateKey:
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
    raw = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PRIVATE_KEY_INFO)
    return X25519PrivateKey.from_private_bytes(raw.derive(seed))
