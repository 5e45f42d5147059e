r"""Signed notes, checkpoints and cosignatures as C2SP specifies them, so that others' tools fit.

    note          text ending in a newline, an empty line, signature lines:
                  "— <key name> base64(4-byte key id ‖ signature)"     c2sp.org/signed-note
    checkpoint    a note whose text is origin, tree size, root         c2sp.org/tlog-checkpoint
    cosignature   a witness's line: base64(id ‖ 8-byte time ‖ signature), where it signs
                  "cosignature/v1\ntime <time>\n" ‖ text               c2sp.org/tlog-cosignature
    key id        SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]; type 0x01 for a log's signature,
                  0x04 for a witness's cosignature
    proof         index, inclusion proof and checkpoint in one text    c2sp.org/tlog-proof

**Never another message.** The keys that sign these texts sign other things too: the coordinator's
key proposals and answers, members' keys acceptances, ledgers, journals. All of those are digests
of exactly 32 bytes (`canonical.digest`). A checkpoint's text has more than 45 bytes, since its
third line alone has 44 and a newline; a cosigned text is longer still. So no signature over one
can be shown as a signature over the other. A checkpoint's text begins with its origin, which is
never `cosignature/v1`, so a log's signature and a cosignature cannot be exchanged either.
`transport.suites` has a signer for digests and one for notes; each refuses the other's texts.

Reading is strict: one value has one text. Extension lines, which a checkpoint may have elsewhere,
are refused: this log writes none, and cosigners would vouch for what they do not understand.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from corridor.errors.release_tree import ForgedCheckpointError, MalformedNoteError, OtherLogError
from corridor.ids import CountryCode, Digest, PublicKey, Signature, is_digest
from corridor.protocols.merkle import LONGEST_PROOF
from corridor.protocols.suite import Sign, Verify

LOG_SIGNATURE = 0x01
COSIGNATURE = 0x04
COSIGNED = b"cosignature/v1\n"
"""What every cosigned text begins with, and no other signed text."""

LONGEST_NOTE = 1 << 20
MOST_SIGNATURES = 1024
LATEST = (1 << 63) - 1

_DASH = "— "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PROOF = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: whose it says it is, and what follows the key id."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {_text64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with signatures, none of them believed."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as files and messages carry it."""
        return (self.text + "\n" + "".join(one.line() for one in self.signatures)).encode()

    def adding(self, *lines: NoteSignature) -> "Note":
        """The note with these lines behind the others; one that is there stays as it is."""
        known = {(one.name, one.key_id) for one in self.signatures}
        new = tuple(one for one in lines if (one.name, one.key_id) not in known)
        return replace(self, signatures=self.signatures + new)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log has, and the root of its tree."""

    origin: str
    size: int
    root: Digest

    def text(self) -> str:
        """What is signed and cosigned."""
        return f"{self.origin}\n{self.size}\n{_text64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word: at this time (seconds since 1970 UTC) this was the largest tree it saw."""

    timestamp: int
    signature: Signature

    def line(self, name: str, key: PublicKey) -> NoteSignature:
        """The signature line of the witness of that name and key."""
        value = self.timestamp.to_bytes(8, "big") + self.signature
        return NoteSignature(name, key_id(name, COSIGNATURE, key), value)


@dataclass(frozen=True, slots=True)
class Log:
    """Who may sign a log's checkpoints: the log itself, and witnesses by country.

    Attributes:
        origin: the first line of its checkpoints, and the name of its key.
        needed: how many witnesses must cosign one tree, so that no other can have as many.
    """

    origin: str
    key: PublicKey
    witnesses: Mapping[CountryCode, PublicKey]
    needed: int

    def witness_name(self, country: CountryCode) -> str:
        """The key name of a witness."""
        return f"{self.origin}/{country}"


@dataclass(frozen=True, slots=True)
class SeenCheckpoint:
    """A checkpoint whose signatures were verified: the log's, and these witnesses'.

    Attributes:
        note: with the verified lines and no others.
    """

    note: Note
    checkpoint: Checkpoint
    cosigned: Mapping[CountryCode, Cosignature]


@dataclass(frozen=True, slots=True)
class LogProof:
    """That an entry stands at a place of a checkpoint's tree; `note` is not believed yet."""

    index: int
    path: tuple[Digest, ...]
    note: Note

    def encode(self) -> str:
        """The text of a `tlog-proof`."""
        lines = [_PROOF, f"index {self.index}", *map(_text64, self.path), ""]
        return "\n".join(lines) + "\n" + self.note.encode().decode()


# ---------------------------------------------------------------- signing


def key_id(name: str, kind: int, key: PublicKey) -> bytes:
    """The four bytes by which a signature line names its key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def sign_checkpoint(checkpoint: Checkpoint, key: PublicKey, sign: Sign) -> Note:
    """The log's own note of a checkpoint. A log signs no two that contradict one another."""
    text = checkpoint.text()
    name = checkpoint.origin
    line = NoteSignature(name, key_id(name, LOG_SIGNATURE, key), sign(text.encode()))
    return Note(text, (line,))


def cosign(text: str, timestamp: int, sign: Sign) -> Cosignature:
    """A witness's cosignature of a checkpoint's text; what it vouches for is the caller's care."""
    return Cosignature(timestamp, sign(cosigned_text(text, timestamp)))


def cosigned_text(text: str, timestamp: int) -> bytes:
    """What a witness signs."""
    return COSIGNED + f"time {timestamp}\n{text}".encode()


# ---------------------------------------------------------------- verifying


def verify_checkpoint(note: Note, log: Log, verify: Verify) -> SeenCheckpoint:
    """The checkpoint of a log that the verifier knows.

    1. The text is a checkpoint of this log.
    2. The log signed it.
    3. Every line that names a known witness is its cosignature. Lines of unknown keys are ignored,
       as the format demands; they count for nothing.

    Raises:
        MalformedNoteError, OtherLogError, ForgedCheckpointError: nothing of it is believed.
    """
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.origin:
        raise OtherLogError(checkpoint.origin, log.origin)
    lines = {(one.name, one.key_id): one.value for one in note.signatures}
    own = lines.get((log.origin, key_id(log.origin, LOG_SIGNATURE, log.key)), b"")
    if not verify(log.key, note.text.encode(), Signature(own)):
        raise ForgedCheckpointError("the coordinator")
    cosigned = {}
    verified = [NoteSignature(log.origin, key_id(log.origin, LOG_SIGNATURE, log.key), own)]
    for country in sorted(log.witnesses):
        name, key = log.witness_name(country), log.witnesses[country]
        value = lines.get((name, key_id(name, COSIGNATURE, key)))
        if value is not None:
            word = _cosignature(value)
            if word is None or not is_cosigned(note.text, word, key, verify):
                raise ForgedCheckpointError(country)
            cosigned[country] = word
            verified.append(word.line(name, key))
    return SeenCheckpoint(Note(note.text, tuple(verified)), checkpoint, cosigned)


def is_cosigned(text: str, word: Cosignature, key: PublicKey, verify: Verify) -> bool:
    """Whether a cosignature is that key's over a checkpoint's text."""
    return verify(key, cosigned_text(text, word.timestamp), word.signature)


# ---------------------------------------------------------------- reading


def parse_note(raw: bytes, name: str = "note") -> Note:
    """The note in `raw`; well-formed, nothing in it is believed.

    Raises:
        MalformedNoteError: it is no signed note, or not in its one form.
    """
    if len(raw) > LONGEST_NOTE:
        raise MalformedNoteError(name, "is longer than any note of a region")
    try:
        whole = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedNoteError(name, "is not UTF-8") from error
    if _CONTROL.search(whole):
        raise MalformedNoteError(name, "holds a control character")
    text, gap, signed = whole.rpartition("\n\n")
    if not gap or not text or not signed.endswith("\n"):
        raise MalformedNoteError(name, "has no text with signature lines behind an empty line")
    lines = signed.removesuffix("\n").split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise MalformedNoteError(name, "has more signatures than any region has members")
    signatures = tuple(_signature_line(line, name) for line in lines)
    if len({(one.name, one.key_id) for one in signatures}) < len(signatures):
        # One signature given twice must not count as two.
        raise MalformedNoteError(name, "has two signature lines of one key")
    return Note(text + "\n", signatures)


def parse_checkpoint(text: str, name: str = "checkpoint") -> Checkpoint:
    """The checkpoint that a note's text is.

    Raises:
        MalformedNoteError: it is something else.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise MalformedNoteError(name, "must be three lines: origin, tree size, root")
    origin, size, root = lines[:3]
    if not _is_name(origin):
        raise MalformedNoteError(name, "has an origin that no log of a region has")
    if _NUMBER.fullmatch(size) is None or int(size) > LATEST:
        raise MalformedNoteError(name, "has no tree size in its second line")
    return Checkpoint(origin, int(size), _digest(root, name))


def parse_log_proof(text: str, name: str = "proof") -> LogProof:
    """The proof in a `tlog-proof` text; well-formed, nothing in it is believed.

    Raises:
        MalformedNoteError: it is no such text, or has `extra` data, which this log never writes.
    """
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != _PROOF or len(lines) < 2 or len(lines) > LONGEST_PROOF + 2:
        raise MalformedNoteError(name, f"is not a proof of the form {_PROOF}")
    word, _, number = lines[1].partition(" ")
    if word != "index" or _NUMBER.fullmatch(number) is None:
        raise MalformedNoteError(name, "has no index in its second line")
    path = tuple(_digest(line, name) for line in lines[2:])
    return LogProof(int(number), path, parse_note(note.encode(), name))


def _signature_line(line: str, name: str) -> NoteSignature:
    key_name, space, coded = line.removeprefix(_DASH).partition(" ")
    value = _bytes64(coded)
    if not line.startswith(_DASH) or not space or not _is_name(key_name):
        raise MalformedNoteError(name, "has a line that is no signature behind its text")
    if value is None or len(value) <= 4:
        raise MalformedNoteError(name, f"has a signature of {key_name[:100]} that is no base64")
    return NoteSignature(key_name, value[:4], value[4:])


def _cosignature(value: bytes) -> Cosignature | None:
    timestamp = int.from_bytes(value[:8], "big")
    if len(value) != 72 or timestamp > LATEST:
        return None
    return Cosignature(timestamp, Signature(value[8:]))


def _is_name(text: str) -> bool:
    # Of what is printable, a space alone is white.
    return bool(text) and text.isprintable() and " " not in text and "+" not in text


def _digest(coded: str, name: str) -> Digest:
    value = _bytes64(coded)
    if value is None or not is_digest(value):
        raise MalformedNoteError(name, "has a line that is no hash of 32 bytes in base64")
    return Digest(value)


def _text64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes64(text: str) -> bytes | None:
    """The bytes whose one base64 form `text` is."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _text64(raw) == text else None
