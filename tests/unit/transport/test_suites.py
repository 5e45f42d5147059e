"""OpenSSL's primitives against published vectors and against a second implementation."""

from random import Random

import numpy as np
import pytest
from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.DH import key_agreement
from Crypto.Protocol.KDF import HKDF
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.secure_sum import BadPeerKeyError, UnknownSuiteError
from corridor.ids import PublicKey, Signature
from corridor.transport.suites import (
    X25519Suite,
    ed25519_public_key,
    ed25519_signer,
    ed25519_verify,
    suite_named,
)

SUITE = X25519Suite()
seeds = st.binary(min_size=31, max_size=31)
keys = st.binary(min_size=32, max_size=32)


def hkdf(secret: bytes, info: bytes) -> bytes:
    derived = HKDF(secret, 32, b"", SHA256, 1, info)
    assert isinstance(derived, bytes)
    return derived


def private_key(seed: bytes) -> ECC.EccKey:
    return ECC.construct(curve="Curve25519", seed=hkdf(seed, b"corridor x25519 private key"))


@given(seeds)
def test_public_keys_are_those_of_a_second_implementation(seed: bytes) -> None:
    expected = private_key(seed).public_key().export_key(format="raw")
    assert SUITE.public_key(seed) == expected


@given(seeds, seeds, st.binary(max_size=40))
def test_both_sides_agree_with_each_other_and_with_a_second_implementation(
    one: bytes, other: bytes, info: bytes
) -> None:
    agreed = SUITE.agree(one, SUITE.public_key(other), info)
    assert agreed == SUITE.agree(other, SUITE.public_key(one), info)
    assert agreed == key_agreement(
        static_priv=private_key(one),
        static_pub=private_key(other).public_key(),
        kdf=lambda shared: hkdf(shared, info),
    )


def test_rfc_5869_test_case_3() -> None:
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert SUITE.derive(b"\x0b" * 22, b"").hex() == expected


@given(keys, st.binary(max_size=40), st.binary(max_size=300))
def test_envelopes_are_those_of_a_second_implementation(
    key: bytes, associated: bytes, plaintext: bytes
) -> None:
    cipher = AES.new(key, AES.MODE_GCM, nonce=bytes(12))
    cipher.update(associated)
    sealed, tag = cipher.encrypt_and_digest(plaintext)
    assert SUITE.seal(key, associated, plaintext) == sealed + tag
    assert SUITE.open(key, associated, sealed + tag) == plaintext


def test_an_envelope_opens_under_its_own_key_and_words_only() -> None:
    sealed = SUITE.seal(b"k" * 32, b"to MD", b"shares")
    assert SUITE.open(b"l" * 32, b"to MD", sealed) is None
    assert SUITE.open(b"k" * 32, b"to NE", sealed) is None
    assert SUITE.open(b"k" * 32, b"to MD", sealed[:-1]) is None
    assert SUITE.open(b"k" * 32, b"to MD", b"") is None
    assert SUITE.open(b"k" * 32, b"to MD", bytes([sealed[0] ^ 1]) + sealed[1:]) is None


@pytest.mark.parametrize("word", [np.uint32, np.uint64])
def test_a_keystream_is_that_of_a_second_implementation(word: type[np.unsignedinteger]) -> None:
    """Longer than one pass over the zeros, and read in uneven pieces."""
    size = 100_003
    mask = np.empty(size, dtype=word)
    stream = SUITE.keystream(b"k" * 32)
    for start, stop in ((0, 1), (1, 70_000), (70_000, size)):
        stream.fill(mask[start:stop])
    reference = AES.new(b"k" * 32, AES.MODE_CTR, nonce=b"", initial_value=bytes(16))
    assert mask.astype(mask.dtype.newbyteorder("<")).tobytes() == reference.encrypt(
        bytes(mask.nbytes)
    )


# The small-order points of Curve25519 (0; 1; the two of order 8; p − 1, of order 2; p and p + 1,
# other forms of 0 and 1): agreement with any of them gives zero, whoever the other side is.
ORDER_8 = (
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
)
P = 2**255 - 19


POINTS = [
    *map(bytes.fromhex, ORDER_8),
    *(value.to_bytes(32, "little") for value in (0, 1, P - 1, P, P + 1)),
    *(b"\1" * length for length in (0, 31, 33)),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point[:4].hex()}-{len(point)}")
def test_a24_no_secret_is_agreed_with_a_key_that_makes_it_known(point: bytes) -> None:
    with pytest.raises(BadPeerKeyError):
        SUITE.agree(bytes(31), point, b"")


def test_a_seed_has_31_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        SUITE.public_key(bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        SUITE.keystream(bytes(16))


# RFC 8032, section 7.1, tests 1 and 2.
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]


@pytest.mark.parametrize(("private", "public", "text", "signature"), ED25519)
def test_signatures_of_rfc_8032(private: str, public: str, text: str, signature: str) -> None:
    assert ed25519_public_key(bytes.fromhex(private)).hex() == public
    assert ed25519_signer(bytes.fromhex(private))(bytes.fromhex(text)).hex() == signature


@given(keys, st.binary(max_size=100))
def test_a_second_implementation_accepts_our_signatures_and_we_accept_its(
    private: bytes, text: bytes
) -> None:
    key = ECC.construct(curve="Ed25519", seed=private)
    public = ed25519_public_key(private)
    eddsa.new(key.public_key(), "rfc8032").verify(text, ed25519_signer(private)(text))
    assert ed25519_verify(public, text, Signature(eddsa.new(key, "rfc8032").sign(text)))


def test_a_bad_signature_or_key_is_false_and_never_an_error() -> None:
    private = Random(1).randbytes(32)
    public, signature = ed25519_public_key(private), ed25519_signer(private)(b"text")
    assert ed25519_verify(public, b"text", signature)
    assert not ed25519_verify(public, b"another", signature)
    assert not ed25519_verify(ed25519_public_key(bytes(32)), b"text", signature)
    assert not ed25519_verify(public, b"text", Signature(b""))
    assert not ed25519_verify(PublicKey(b""), b"text", signature)
    assert not ed25519_verify(PublicKey(b"\xff" * 32), b"text", signature)


def test_a_suite_goes_by_its_name() -> None:
    assert suite_named("x25519").name == "x25519"
    with pytest.raises(UnknownSuiteError, match="'xwing'"):
        suite_named("xwing")
