"""Small secrets on disk: sealed under a key, with what they are for bound to them.

    a lock's key ──seals──> the vault, and store.key in it (`vault`)
    store.key ──seals──> secrets (the node's own), and the data key of each edition
    data key ──derives──> one key for each file of the edition

AES-256-GCM with a fresh random 96-bit nonce; the associated data is a label, so a sealed thing
opens only as what it was sealed for. A key derived with HKDF-SHA256 serves one purpose only.
"""

from collections.abc import Callable

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

RandomBytes = Callable[[int], bytes]
"""Gives that many bytes, fit for keys."""

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


def seal(key: bytes, purpose: str, secret: bytes, random_bytes: RandomBytes) -> bytes:
    """`secret` so that only `key` opens it, and only as `purpose`."""
    nonce = random_bytes(_NONCE_BYTES)
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
    cipher.update(_label(purpose))
    text, tag = cipher.encrypt_and_digest(secret)
    return nonce + text + tag


def unseal(key: bytes, purpose: str, sealed: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        ValueError: another key, another purpose, or not the bytes that `seal` gave.
    """
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise ValueError("too short to be sealed")
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
    cipher.update(_label(purpose))
    return cipher.decrypt_and_verify(rest[:-_TAG_BYTES], rest[-_TAG_BYTES:])


def derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for `purpose`; 32 bytes (RFC 5869, no salt: `key` is uniform)."""
    return HKDF(key, KEY_BYTES, None, SHA256, context=_label(purpose))


def _label(purpose: str) -> bytes:
    return b"corridor/store/" + purpose.encode()
