"""Sealing to a public key: HPKE (RFC 9180, base mode) over one key encapsulation, over OpenSSL.

    X25519    elliptic curves alone: a quantum computer would open what was recorded
    XWING     ML-KEM-768 and X25519 (X-Wing): broken only when both are

What is sealed opens with the private key and under the same `info` only. Nothing says who sealed;
who must know signs around it. A private key is 32 bytes, from which the rest is derived; X-Wing
derives as its specification says (SHAKE-256, 96 bytes: 64 for ML-KEM, 32 for X25519).

The ephemeral half of each encapsulation comes from OpenSSL's own generator: it takes none from
outside. All else is deterministic. Test vectors check both against a second implementation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from corridor.errors.secure_sum import BadPeerKeyError

RAW_KEY_BYTES = 32
"""Length of a private key, whatever the encapsulation."""

_Private: TypeAlias = X25519PrivateKey | hpke.MLKEM768X25519PrivateKey
_Public: TypeAlias = X25519PublicKey | hpke.MLKEM768X25519PublicKey


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A private key that opens what was sealed to its public half."""

    public: bytes = field(repr=False)
    _key: _Private = field(repr=False)
    _suite: hpke.Suite = field(repr=False)

    def open(self, info: bytes, sealed: bytes) -> bytes | None:
        """The plaintext, or None where it was not sealed to this key under this `info`."""
        try:
            return self._suite.decrypt(sealed, self._key, info)
        except InvalidTag:
            return None


@dataclass(frozen=True, slots=True)
class Kem:
    """One key encapsulation, under HKDF-SHA-256 and AES-256-GCM.

    Attributes:
        public_key_bytes: length of a public key.
        overhead: how much longer a sealed text is than its plaintext.
    """

    public_key_bytes: int
    overhead: int
    _suite: hpke.Suite = field(repr=False)
    _read_private: Callable[[bytes], tuple[bytes, _Private]] = field(repr=False)
    _read_public: Callable[[bytes], _Public] = field(repr=False)

    def opening_key(self, raw: bytes) -> OpeningKey:
        """The private key of 32 bytes, ready to open.

        Raises:
            ValueError: it has not 32 bytes.
        """
        if len(raw) != RAW_KEY_BYTES:
            raise ValueError(f"a private key has {RAW_KEY_BYTES} bytes, not {len(raw)}")
        public, key = self._read_private(raw)
        return OpeningKey(public, key, self._suite)

    def seal(self, public: bytes, info: bytes, plaintext: bytes) -> bytes:
        """Seal to the holder of a public key's private half; `info` must be known to it.

        Raises:
            BadPeerKeyError: `public` has the wrong length; or is a point of small order, whose
                secret everybody knows; or its ML-KEM half has a coefficient out of range
                (FIPS 203, section 7.2: the check that an encapsulation begins with).
        """
        try:
            return self._suite.encrypt(plaintext, self._read_public(public), info)
        except ValueError as error:
            raise BadPeerKeyError from error

    def verify_key(self, public: bytes) -> None:
        """Raise where `seal` would, without sealing: half of its work.

        Reading a key checks its length and its coefficients. What is left is the order of the
        point: X25519 makes zero of `_SMALL_ORDER` and of nothing else, which OpenSSL refuses.

        Raises:
            BadPeerKeyError: as `seal`.
        """
        try:
            self._read_public(public)
        except ValueError as error:
            raise BadPeerKeyError from error
        if _has_small_order(public[-_POINT:]):
            raise BadPeerKeyError


_POINT = 32
_FIELD = 2**255 - 19
_SMALL_ORDER = frozenset(
    (
        0,
        1,
        _FIELD - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    )
)
"""Coordinates u of all points of order 1, 2, 4 and 8, on Curve25519 and on its twist.

A private key is a multiple of 8 below 2²⁵⁵ (RFC 7748, section 5), so not of the large primes that
divide every other order. So agreement makes zero of these, whoever agrees, and of no others.
"""
_MLKEM_PUBLIC = 1184
_XWING_PUBLIC = _MLKEM_PUBLIC + _POINT
_MLKEM_SEED = 64
_TAG = 16


def _has_small_order(point: bytes) -> bool:
    """Whether X25519 reads a point of small order; it ignores the last bit, and reduces."""
    return int.from_bytes(point, "little") % 2**255 % _FIELD in _SMALL_ORDER


def _read_x25519_private(raw: bytes) -> tuple[bytes, X25519PrivateKey]:
    key = X25519PrivateKey.from_private_bytes(raw)
    return key.public_key().public_bytes_raw(), key


def _read_xwing_private(raw: bytes) -> tuple[bytes, hpke.MLKEM768X25519PrivateKey]:
    expansion = hashes.Hash(hashes.SHAKE256(digest_size=_MLKEM_SEED + 32))
    expansion.update(raw)
    expanded = expansion.finalize()
    lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED])
    point, curve = _read_x25519_private(expanded[_MLKEM_SEED:])
    public = lattice.public_key().public_bytes_raw() + point
    return public, hpke.MLKEM768X25519PrivateKey(lattice, curve)


def _read_xwing_public(raw: bytes) -> hpke.MLKEM768X25519PublicKey:
    return hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
    )


def _kem(
    kem: hpke.KEM,
    public_key_bytes: int,
    read_private: Callable[[bytes], tuple[bytes, _Private]],
    read_public: Callable[[bytes], _Public],
) -> Kem:
    suite = hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    overhead = kem.enc_length() + _TAG
    return Kem(public_key_bytes, overhead, suite, read_private, read_public)


X25519 = _kem(hpke.KEM.X25519, 32, _read_x25519_private, X25519PublicKey.from_public_bytes)
XWING = _kem(hpke.KEM.MLKEM768_X25519, _XWING_PUBLIC, _read_xwing_private, _read_xwing_public)
