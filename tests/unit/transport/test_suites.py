"""OpenSSL's primitives against published vectors and against a second implementation."""

from random import Random

import numpy as np
import pytest
from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.secure_sum import UnknownSuiteError
from corridor.ids import PublicKey, Signature
from corridor.transport.kems import X25519, XWING, Kem
from corridor.transport.suites import (
    digest_signer,
    ed25519_public_key,
    ed25519_signer,
    ed25519_verify,
    note_signer,
    suite_named,
)

SUITE = suite_named("x25519")
seeds = st.binary(min_size=31, max_size=31)
keys = st.binary(min_size=32, max_size=32)
every_suite = pytest.mark.parametrize(
    ("name", "kem"), [("x25519", X25519), ("xwing", XWING)], ids=["x25519", "xwing"]
)


def hkdf(secret: bytes, info: bytes) -> bytes:
    derived = HKDF(secret, 32, b"", SHA256, 1, info)
    assert isinstance(derived, bytes)
    return derived


@every_suite
@given(seed=seeds)
@settings(deadline=None, max_examples=20)
def test_private_keys_derive_from_seeds_as_a_second_implementation_derives(
    name: str, kem: Kem, seed: bytes
) -> None:
    raw = hkdf(seed, f"corridor {name} private key".encode())
    suite = suite_named(name)
    assert suite.opening_key(seed).public == kem.opening_key(raw).public
    assert len(kem.opening_key(raw).public) == suite.public_key_bytes == kem.public_key_bytes


@every_suite
def test_a_suite_seals_to_the_keys_that_it_makes(name: str, kem: Kem) -> None:
    suite = suite_named(name)
    key = suite.opening_key(bytes(31))
    assert key.open(b"info", suite.seal(key.public, b"info", b"text")) == b"text"


def test_rfc_5869_test_case_3() -> None:
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert SUITE.derive(b"\x0b" * 22, b"").hex() == expected


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


@given(
    key=keys,
    sizes=st.lists(st.one_of(st.integers(1, 70), st.integers(1, 5_000)), min_size=1, max_size=8),
)
@settings(deadline=None, max_examples=50)
def test_a_keystream_goes_on_wherever_it_was_left(key: bytes, sizes: list[int]) -> None:
    """Also within a block, and within the first two, which are made apart from the others."""
    stream = SUITE.keystream(key)
    read = b""
    for size in sizes:
        octets = np.empty(size, dtype=np.uint8)
        stream.fill(octets)
        read += octets.tobytes()
    reference = AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=bytes(16))
    assert read == reference.encrypt(bytes(len(read)))


def test_a_seed_has_31_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        SUITE.opening_key(bytes(32))
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


def test_a_signer_of_digests_signs_no_note_and_a_signer_of_notes_no_digest() -> None:
    private = Random(1).randbytes(32)
    digest, note = digest_signer(private), note_signer(private)
    assert digest(bytes(32)) == ed25519_signer(private)(bytes(32))
    text = b"corridor-releases/ab\n7\n" + b"A" * 44 + b"\n"
    assert note(text) == ed25519_signer(private)(text)
    for wrong in (b"", bytes(31), bytes(33), text):
        with pytest.raises(ValueError, match="signs digests"):
            digest(wrong)
    for wrong in (b"\n", bytes(31) + b"\n", text[:-1]):
        with pytest.raises(ValueError, match="texts of notes"):
            note(wrong)


def test_a_suite_goes_by_its_name() -> None:
    assert [suite_named(name).name for name in ("x25519", "xwing")] == ["x25519", "xwing"]
    with pytest.raises(UnknownSuiteError, match="'x-wing'"):
        suite_named("x-wing")
