"""OpenSSL's sealing against published vectors and against a second implementation."""

import json
from pathlib import Path

import pytest
from Crypto.Protocol import HPKE
from Crypto.PublicKey import ECC, Hybrid
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.secure_sum import BadPeerKeyError
from corridor.transport.kems import X25519, XWING, Kem

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/kems/xwing.json").read_text())["vectors"]
KEMS = {"x25519": X25519, "xwing": XWING}
AES = HPKE.AEAD.AES256_GCM
raw_keys = st.binary(min_size=32, max_size=32)
every_kem = pytest.mark.parametrize("kem", KEMS.values(), ids=KEMS)


def second_key(kem: Kem, raw: bytes) -> HPKE.KemKey:
    """The same private key, in the second implementation."""
    if kem is X25519:
        return ECC.construct(curve="Curve25519", seed=raw)
    return Hybrid._construct(param_set=Hybrid.MLKEM768_X25519, seed=raw)


def second_public(key: HPKE.KemKey) -> bytes:
    if isinstance(key, Hybrid.HybridKey):
        return key._pk
    assert isinstance(key, ECC.EccKey)
    return bytes(key.public_key().export_key(format="raw"))


@every_kem
@given(raw=raw_keys, info=st.binary(max_size=40), plaintext=st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_either_implementation_opens_what_the_other_sealed(
    kem: Kem, raw: bytes, info: bytes, plaintext: bytes
) -> None:
    ours, second = kem.opening_key(raw), second_key(kem, raw)
    assert ours.public == second_public(second)
    sealed = kem.seal(ours.public, info, plaintext)
    assert len(sealed) == len(plaintext) + kem.overhead
    encapsulated = kem.overhead - 16
    context = HPKE.new(receiver_key=second, aead_id=AES, enc=sealed[:encapsulated], info=info)
    assert context.unseal(sealed[encapsulated:]) == plaintext
    sender = HPKE.new(receiver_key=second.public_key(), aead_id=AES, info=info)
    assert ours.open(info, sender.enc + sender.seal(plaintext)) == plaintext


@pytest.mark.parametrize("number", range(len(VECTORS)))
def test_x_wing_is_that_of_its_specification(number: int) -> None:
    """Our public keys, and the second implementation that the test above compares us with."""
    vector = {name: bytes.fromhex(value) for name, value in VECTORS[number].items()}
    assert XWING.opening_key(vector["seed"]).public == vector["encapsulation_key"]
    second = Hybrid._construct(param_set=Hybrid.MLKEM768_X25519, seed=vector["seed"])
    assert second._decaps(vector["ciphertext"]) == vector["shared_secret"]
    encapsulated = (vector["shared_secret"], vector["ciphertext"])
    assert second._encaps(vector["randomness"]) == encapsulated


@every_kem
def test_what_is_sealed_opens_for_its_own_key_and_words_only(kem: Kem) -> None:
    key = kem.opening_key(b"k" * 32)
    sealed = kem.seal(key.public, b"to MD", b"shares")
    assert key.open(b"to MD", sealed) == b"shares"
    assert key.open(b"to NE", sealed) is None
    assert kem.opening_key(b"l" * 32).open(b"to MD", sealed) is None
    assert kem.seal(key.public, b"to MD", b"shares")[:32] != sealed[:32]


# Where a bit is flipped: the ML-KEM ciphertext (which then decapsulates to another secret, by
# implicit rejection), the X25519 point, the sealed text, its tag.
@pytest.mark.parametrize("place", [0, 1087, 1088, 1119, 1120, -1])
def test_no_part_of_a_hybrid_seal_is_malleable(place: int) -> None:
    key = XWING.opening_key(b"k" * 32)
    sealed = bytearray(XWING.seal(key.public, b"", b"shares"))
    sealed[place] ^= 1
    assert key.open(b"", bytes(sealed)) is None


@every_kem
def test_garbage_of_any_length_opens_as_nothing(kem: Kem) -> None:
    key = kem.opening_key(b"k" * 32)
    for length in (0, 1, kem.overhead - 16, kem.overhead - 1, kem.overhead, kem.overhead + 32):
        assert key.open(b"", bytes(length)) is None


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


@every_kem
@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point[:4].hex()}-{len(point)}")
def test_a24_nothing_is_sealed_to_a_point_that_makes_the_secret_known(
    kem: Kem, point: bytes
) -> None:
    """In the hybrid too: its elliptic half must count for something."""
    good = kem.opening_key(bytes(32)).public
    bad = good[: kem.public_key_bytes - 32] + point
    with pytest.raises(BadPeerKeyError):
        kem.seal(bad, b"", b"")
    with pytest.raises(BadPeerKeyError):
        kem.verify_key(bad)


def agrees(point: bytes) -> bool:
    """Whether OpenSSL agrees on a secret with the holder of this point."""
    try:
        X25519PrivateKey.from_private_bytes(bytes(32)).exchange(
            X25519PublicKey.from_public_bytes(point)
        )
    except ValueError:
        return False
    return True


def is_believed(point: bytes) -> bool:
    try:
        X25519.verify_key(point)
    except BadPeerKeyError:
        return False
    return True


@pytest.mark.parametrize("ignored", [0, 1 << 255], ids=["", "with the bit that is ignored"])
def test_a24_a_point_is_refused_where_agreement_fails_and_nowhere_else(ignored: int) -> None:
    """Every number that X25519 reads as a point of small order, with its neighbours."""
    orders_8 = [int.from_bytes(bytes.fromhex(point), "little") for point in ORDER_8]
    small = {0, 1, P - 1, P, P + 1, *orders_8}
    near = {(number + step) % 2**255 for number in small for step in range(-20, 21)}
    points = [(number | ignored).to_bytes(32, "little") for number in near]
    believed = {point for point in points if is_believed(point)}
    assert believed == {point for point in points if agrees(point)}
    assert len(points) - len(believed) == len(small)


@given(st.binary(min_size=32, max_size=32))
@settings(deadline=None)
def test_a_point_is_believed_where_agreement_succeeds(point: bytes) -> None:
    assert is_believed(point) == agrees(point)


def with_coefficient(public: bytes, place: int, value: int) -> bytes:
    """The key with another number of twelve bits at an even place of its polynomials."""
    at = place // 2 * 3
    pair = int.from_bytes(public[at : at + 3], "little")
    pair = pair & ~0xFFF | value
    return public[:at] + pair.to_bytes(3, "little") + public[at + 3 :]


@pytest.mark.parametrize("place", [0, 256, 766])
def test_a24_nothing_is_sealed_to_a_lattice_key_out_of_range(place: int) -> None:
    """FIPS 203, section 7.2: coefficients from 3329 on are another form of a smaller one."""
    public = XWING.opening_key(bytes(32)).public
    highest = with_coefficient(public, place, 3328)
    XWING.seal(highest, b"", b"")
    XWING.verify_key(highest)
    for value in (3329, 4095):
        bad = with_coefficient(public, place, value)
        with pytest.raises(BadPeerKeyError):
            XWING.seal(bad, b"", b"")
        with pytest.raises(BadPeerKeyError):
            XWING.verify_key(bad)


def test_a_key_of_the_other_kem_is_refused() -> None:
    for kem, other in ((XWING, X25519), (X25519, XWING)):
        with pytest.raises(BadPeerKeyError):
            kem.seal(other.opening_key(bytes(32)).public, b"", b"")
        with pytest.raises(BadPeerKeyError):
            kem.verify_key(other.opening_key(bytes(32)).public)


@every_kem
def test_a_key_that_can_be_sealed_to_is_believed_without_sealing(kem: Kem) -> None:
    for number in range(8):
        kem.verify_key(kem.opening_key(bytes([number]) * 32).public)


@every_kem
def test_a_private_key_has_32_bytes_and_is_not_shown(kem: Kem) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        kem.opening_key(bytes(31))
    assert repr(kem.opening_key(b"k" * 32)) == "OpeningKey()"
