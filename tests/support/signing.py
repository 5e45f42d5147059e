"""Real Ed25519 for tests, from a seed: what a node signs in a test, it signs for real."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from corridor.ids import EncryptionKey, PublicKey, Signature
from corridor.transport.kems import XWING


class KeyPair:
    """A signing key and an encryption key that follow from a name; never used outside tests."""

    def __init__(self, name: str) -> None:
        seed = hashlib.sha256(f"test key of {name}".encode()).digest()
        self.signing_seed = seed
        self._signing = Ed25519PrivateKey.from_private_bytes(seed)
        self.encryption_seed = hashlib.sha256(b"encryption" + seed).digest()
        self.public = PublicKey(self._signing.public_key().public_bytes_raw())
        self.encryption = EncryptionKey(XWING.opening_key(self.encryption_seed).public)

    def sign(self, text: bytes) -> Signature:
        """Ed25519 over `text`."""
        return Signature(self._signing.sign(text))

    def sign_digest(self, text: bytes) -> Signature:
        """Ed25519 over a digest of 32 bytes; everything but notes is signed as one."""
        assert len(text) == 32, "only digests are signed with this"
        return self.sign(text)


def verify(key: PublicKey, text: bytes, signature: Signature) -> bool:
    """Whether `signature` is that key's over `text`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True
