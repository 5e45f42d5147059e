"""What is sealed to members opens for each of them, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from Crypto.Protocol import HPKE
from Crypto.PublicKey import Hybrid
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import CorridorError
from corridor.errors.files import DiskError
from corridor.ids import CountryCode, EncryptionKey
from corridor.protocols import canonical
from corridor.transport import sealed_files
from corridor.transport.sealed_files import (
    CHUNK_BYTES,
    MAGIC,
    is_sealed,
    open_sealed,
    seal,
    write_sealed,
)
from support.signing import KeyPair

MD, NE, UA = map(CountryCode, ("MD", "NE", "UA"))
KEYS = {country: KeyPair(f"node {country}") for country in (MD, NE, UA)}
RECIPIENTS = {country: keys.encryption for country, keys in KEYS.items()}
SEALED_CHUNK = CHUNK_BYTES + 16
TEXT = Random(7).randbytes(2 * CHUNK_BYTES + 1000)


def sealed(text: bytes = TEXT) -> bytes:
    return b"".join(seal([text], RECIPIENTS, Random(1).randbytes))


def opened(raw: bytes, me: CountryCode = MD, piece: int = 100_000) -> bytes:
    pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
    return b"".join(open_sealed(pieces, me, KEYS[me].encryption_seed, "members.bin"))


def body(raw: bytes) -> int:
    """Where the first chunk begins."""
    length = int.from_bytes(raw[len(MAGIC) : len(MAGIC) + 4], "big")
    return len(MAGIC) + 4 + length


def assert_refused(raw: bytes, code: str, me: CountryCode = MD) -> None:
    with pytest.raises(CorridorError, match=r"members\.bin") as refusal:
        opened(raw, me)
    assert refusal.value.code == code


@pytest.mark.parametrize("me", [MD, NE, UA])
def test_every_recipient_opens_the_file(me: CountryCode) -> None:
    assert opened(sealed(), me) == TEXT


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.binary(max_size=50), max_size=8),
    st.integers(1, 40),
    st.integers(1, 300),
)
def test_however_the_bytes_are_cut_the_same_comes_out(
    pieces: list[bytes], chunk: int, read: int
) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(sealed_files, "CHUNK_BYTES", chunk)
        raw = b"".join(seal(pieces, RECIPIENTS, Random(1).randbytes))
        assert opened(raw, piece=read) == b"".join(pieces)


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_a_file_that_ends_at_the_edge_of_a_chunk_is_whole(length: int) -> None:
    raw = sealed(TEXT[:length])
    assert opened(raw) == TEXT[:length]
    assert len(raw) - body(raw) == length + 16 * max(1, -(-length // CHUNK_BYTES))


def test_sealing_streams() -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(CHUNK_BYTES)

    stream = seal(pieces(), RECIPIENTS, Random(1).randbytes)
    for _ in range(5):
        next(stream)
    assert taken <= 6


def test_the_key_opens_with_another_implementation_of_hpke() -> None:
    raw = sealed()
    header = canonical.decode(raw[len(MAGIC) + 4 : body(raw)], "header")
    assert isinstance(header, dict)
    entry = header["recipients"][0]
    wrapped = bytes.fromhex(entry["key"])
    seed = KEYS[MD].encryption_seed
    own = Hybrid._construct(param_set=Hybrid.MLKEM768_X25519, seed=seed)
    info = canonical.digest("corridor sealed file key", b"MD", RECIPIENTS[MD])
    cipher = HPKE.new(receiver_key=own, aead_id=HPKE.AEAD.AES256_GCM, enc=wrapped[:1120], info=info)
    assert cipher.unseal(wrapped[1120:]) == Random(1).randbytes(32)


def test_a_sealed_file_is_known_by_its_beginning() -> None:
    assert is_sealed(sealed())
    assert not is_sealed(b'{"acceptances":')


def test_a_member_that_is_no_recipient_cannot_open() -> None:
    raw = b"".join(seal([TEXT], {NE: RECIPIENTS[NE]}, Random(1).randbytes))
    assert_refused(raw, "receipt.not_a_recipient")


def test_a_member_with_another_key_cannot_open() -> None:
    raw = b"".join(seal([TEXT], {MD: RECIPIENTS[NE]}, Random(1).randbytes))
    assert_refused(raw, "receipt.not_a_recipient")


@pytest.mark.parametrize("cut", [1, 16, 1000 + 16, 1000 + 16 + 1, SEALED_CHUNK + 1016])
def test_a_truncated_file_is_refused(cut: int) -> None:
    raw = sealed()[:-cut]
    with pytest.raises(CorridorError) as refusal:
        opened(raw)
    # A cut within a chunk looks like an altered one; at its edge it is known for what it is.
    at_an_edge = (len(raw) - body(raw)) % SEALED_CHUNK == 0
    assert refusal.value.code == ("receipt.truncated" if at_an_edge else "receipt.altered")


def test_a_file_without_any_chunk_is_truncated() -> None:
    raw = sealed()
    assert_refused(raw[: body(raw)], "receipt.truncated")
    assert_refused(raw[: body(raw) - 1], "receipt.truncated")


def test_a_file_that_goes_on_after_its_end_is_refused() -> None:
    assert_refused(sealed() + bytes(20), "receipt.altered")


def test_chunks_cannot_change_places() -> None:
    raw = sealed()
    start = body(raw)
    first, second = raw[start : start + SEALED_CHUNK], raw[start + SEALED_CHUNK :][:SEALED_CHUNK]
    assert_refused(
        raw[:start] + second + first + raw[start + 2 * SEALED_CHUNK :], "receipt.altered"
    )


def test_a_chunk_of_another_file_does_not_fit() -> None:
    one, other = sealed(), b"".join(seal([TEXT], RECIPIENTS, Random(2).randbytes))
    start = body(one)
    bent = one[:start] + other[start : start + SEALED_CHUNK] + one[start + SEALED_CHUNK :]
    assert_refused(bent, "receipt.altered")


def test_a_recipient_cannot_be_taken_out_of_the_header() -> None:
    raw = sealed()
    header = canonical.decode(raw[len(MAGIC) + 4 : body(raw)], "header")
    assert isinstance(header, dict)
    header["recipients"] = header["recipients"][:1]
    fewer = canonical.encode(header)
    bent = MAGIC + len(fewer).to_bytes(4, "big") + fewer + raw[body(raw) :]
    assert_refused(bent, "receipt.altered")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        MAGIC,
        MAGIC + b"\xff\xff\xff\xff",
        MAGIC + b"\0\0\0\2{}",
        MAGIC + b'\0\0\0\x39{"recipients":[{"country":"MD","key":"00"}]}' + bytes(30),
    ],
    ids=["empty", "another-format", "no-header", "endless-header", "no-recipients", "short-key"],
)
def test_what_is_no_sealed_file_is_refused(raw: bytes) -> None:
    assert_refused(raw, "receipt.not_a_sealed_file")


def test_nobody_is_no_recipient() -> None:
    with pytest.raises(ValueError, match="somebody"):
        next(seal([TEXT], {}, Random(1).randbytes))


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield TEXT
        raise OSError(5, "Input/output error")

    path = tmp_path / "receipt.members"
    path.write_bytes(b"before")
    with pytest.raises(DiskError):
        write_sealed(path, pieces(), RECIPIENTS, Random(1).randbytes)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_on_disk_opens(tmp_path: Path) -> None:
    path = tmp_path / "receipt.members"
    write_sealed(path, [TEXT], RECIPIENTS, Random(1).randbytes)
    assert opened(path.read_bytes(), UA) == TEXT
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_member_with_a_key_that_nothing_can_be_sealed_to_takes_nothing_from_the_others() -> None:
    recipients = {**RECIPIENTS, NE: EncryptionKey(bytes(1216))}
    raw = b"".join(seal([TEXT], recipients, Random(1).randbytes))
    assert opened(raw, MD) == TEXT
    assert_refused(raw, "receipt.not_a_recipient", NE)
