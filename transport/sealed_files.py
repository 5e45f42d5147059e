"""Seals a stream of bytes to members' encryption keys, so that any one of them can open it.

    write_sealed(path, pieces, recipients)   pieces ──▶ file, durable or not there at all
    seal(pieces, recipients)                 pieces ──▶ sealed pieces
    open_sealed(pieces, me, private_key)     sealed pieces ──▶ pieces, each checked

The file: a line that names the format, the header's length in four bytes, the header, the chunks.

    header   canonical JSON: for each recipient the file key, sealed with HPKE (RFC 9180, base
             mode: X-Wing, HKDF-SHA-256, AES-256-GCM) under the recipient's country and key
    chunks   256 KiB each under AES-256-GCM, the last one shorter; the nonce is the chunk's number
             and whether it is the last, the associated data is the header's hash

Number and mark in the nonce are what makes a chunk that was moved, left out, repeated or cut off
at the end fail to open (the STREAM construction; Hoang, Reyhanitabar, Rogaway & Vizár 2015). No
file key seals two files. Memory needed is two chunks, whatever the file's length.

The file key comes from the handed-in randomness; HPKE draws its ephemeral keys itself. Sealing
says nothing about who sealed: what is inside is signed.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from corridor.errors.files import DiskError
from corridor.errors.receipts import (
    MalformedSealError,
    NotARecipientError,
    SealBrokenError,
    SealTruncatedError,
)
from corridor.errors.secure_sum import BadPeerKeyError
from corridor.files import PRIVATE, flush_folder
from corridor.ids import CountryCode, Digest, EncryptionKey
from corridor.protocols import canonical
from corridor.protocols.fields import Fields, decode
from corridor.protocols.suite import RandomBytes
from corridor.transport.kems import XWING

MAGIC = b"corridor sealed file 1\n"
CHUNK_BYTES = 256 * 1024
"""How much one chunk holds."""

_TAG_BYTES = 16
_KEY_BYTES = 32
_SEALED_KEY_BYTES = _KEY_BYTES + XWING.overhead
_HEADER_BYTES = 1 << 20
"""The longest header that is read; a region of 175 members needs 420 KB."""


def is_sealed(beginning: bytes) -> bool:
    """Whether a file that begins so is a sealed one."""
    return beginning.startswith(MAGIC)


def seal(
    pieces: Iterable[bytes],
    recipients: Mapping[CountryCode, EncryptionKey],
    random_bytes: RandomBytes,
) -> Iterator[bytes]:
    """The sealed form of what `pieces` are together, however they are cut.

    A recipient to whose key nothing can be sealed is left out: nobody but that member could have
    put it into the charter, and no other member shall lack a receipt for it.

    Args:
        pieces: what is sealed.
        recipients: keys of those who can open it.
        random_bytes: gives the file key.

    Raises:
        ValueError: there is no recipient with a usable key.
    """
    key = random_bytes(_KEY_BYTES)
    wrapped = {country: _wrap(key, country, recipients[country]) for country in sorted(recipients)}
    usable = {country: sealed for country, sealed in wrapped.items() if sealed is not None}
    if not usable:
        raise ValueError("a file is sealed to somebody")
    header = canonical.encode(
        {
            "recipients": [
                {"country": country, "key": sealed.hex()} for country, sealed in usable.items()
            ]
        }
    )
    yield MAGIC + len(header).to_bytes(4, "big") + header
    associated = _associated(header)
    cipher, number, held = AESGCM(key), 0, b""
    for chunk in _cut(pieces, CHUNK_BYTES):
        # Only when the next chunk is there is it known that this one is not the last.
        if number:
            yield cipher.encrypt(_nonce(number - 1, is_last=False), held, associated)
        held, number = chunk, number + 1
    yield cipher.encrypt(_nonce(max(number - 1, 0), is_last=True), held, associated)


def write_sealed(
    path: Path,
    pieces: Iterable[bytes],
    recipients: Mapping[CountryCode, EncryptionKey],
    random_bytes: RandomBytes,
) -> None:
    """Put the sealed form at `path`; afterwards it is durable, or `path` is as it was.

    Raises:
        DiskError: full, read-only or broken; `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, PRIVATE)) as file:
            file.writelines(seal(pieces, recipients, random_bytes))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise DiskError(path.name, error.strerror or "cannot be written") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def open_sealed(
    pieces: Iterable[bytes], me: CountryCode, private_key: bytes, name: str = "the sealed file"
) -> Iterator[bytes]:
    """What was sealed, in chunks; each is as it was sealed and in its place when it is given.

    That nothing is missing at the end is known when the iterator ends without an error. Who acts
    on a part before that must be ready to take it back.

    Args:
        pieces: the sealed file, however it is cut.
        me: the member that opens it.
        private_key: 32 bytes of X-Wing.
        name: of the file, for errors.

    Raises:
        MalformedSealError: it is no sealed file.
        NotARecipientError: it is not sealed to this member, or to another key of it.
        SealBrokenError: a chunk or the header was altered.
        SealTruncatedError: it ends too early.
    """
    source = _Source(pieces)
    if source.take(len(MAGIC)) != MAGIC:
        raise MalformedSealError(f"{name}: is no sealed file of Corridor; nothing was read")
    length = int.from_bytes(source.take(4), "big")
    if not 0 < length <= _HEADER_BYTES:
        raise MalformedSealError(f"{name}: has no header of a possible length; nothing was read")
    header = source.take(length)
    if len(header) < length:
        raise SealTruncatedError(name)
    cipher = AESGCM(_unwrap(header, me, private_key, name))
    associated, number = _associated(header), 0
    while True:
        chunk = source.take(CHUNK_BYTES + _TAG_BYTES)
        is_last = source.is_at_end
        try:
            plain = cipher.decrypt(_nonce(number, is_last=is_last), chunk, associated)
        except (InvalidTag, ValueError) as error:
            if is_last and _opens(cipher, _nonce(number, is_last=False), chunk, associated):
                raise SealTruncatedError(name) from error
            raise (SealTruncatedError(name) if not chunk else SealBrokenError(name)) from error
        yield plain
        if is_last:
            return
        number += 1


class _Source:
    """Bytes that come in pieces of any length, taken in lengths that are wanted."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()

    def take(self, length: int) -> bytes:
        """The next `length` bytes; fewer only at the end."""
        self._fill(length)
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        self._fill(1)
        return not self._held

    def _fill(self, length: int) -> None:
        while len(self._held) < length:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._held += piece


def _cut(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    source = _Source(pieces)
    while chunk := source.take(length):
        yield chunk


def _opens(cipher: AESGCM, nonce: bytes, chunk: bytes, associated: bytes) -> bool:
    try:
        cipher.decrypt(nonce, chunk, associated)
    except (InvalidTag, ValueError):
        return False
    return True


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _associated(header: bytes) -> Digest:
    return canonical.digest("corridor sealed file header", header)


def _wrap(key: bytes, country: CountryCode, recipient: EncryptionKey) -> bytes | None:
    try:
        return XWING.seal(recipient, _key_info(country, recipient), key)
    except BadPeerKeyError:
        return None


def _unwrap(header: bytes, me: CountryCode, private_key: bytes, name: str) -> bytes:
    wrapped = _read_header(header, name).get(me)
    if wrapped is None:
        raise NotARecipientError(name, me)
    own = XWING.opening_key(private_key)
    key = own.open(_key_info(me, EncryptionKey(own.public)), wrapped)
    if key is None:
        raise NotARecipientError(name, me)
    return key


def _read_header(header: bytes, name: str) -> Mapping[CountryCode, bytes]:
    fields = Fields(
        decode(header, name, MalformedSealError),
        ("recipients",),
        name=name,
        error=MalformedSealError,
    )
    entries = fields.each_below("recipients", ("country", "key"))
    return {entry.country("country"): entry.octets("key", _SEALED_KEY_BYTES) for entry in entries}


def _key_info(country: CountryCode, recipient: EncryptionKey) -> Digest:
    return canonical.digest("corridor sealed file key", country.encode(), recipient)
