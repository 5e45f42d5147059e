"""Notes, checkpoints and cosignatures: their exact bytes, and what is no such thing."""

import base64
import hashlib
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.release_tree import (
    ForgedCheckpointError,
    MalformedNoteError,
    OtherLogError,
)
from corridor.ids import CountryCode, Digest
from corridor.protocols.notes import (
    Checkpoint,
    Log,
    LogProof,
    Note,
    cosign,
    cosigned_text,
    parse_checkpoint,
    parse_log_proof,
    parse_note,
    sign_checkpoint,
    verify_checkpoint,
)
from support.signing import KeyPair, verify

LOG_KEY, WITNESS, STRANGER = KeyPair("log"), KeyPair("witness"), KeyPair("stranger")
BG = CountryCode("BG")
ROOT = Digest(bytes(range(32)))
CHECKPOINT = Checkpoint("corridor-releases/ab", 7, ROOT)
LOG = Log(CHECKPOINT.origin, LOG_KEY.public, {BG: WITNESS.public}, needed=1)
SIGNED = sign_checkpoint(CHECKPOINT, LOG_KEY.public, LOG_KEY.sign)
WORD = cosign(SIGNED.text, 1_679_315_147, WITNESS.sign)
COSIGNED = SIGNED.adding(WORD.line(LOG.witness_name(BG), WITNESS.public))


def id_of(name: str, kind: int, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\x0a" + bytes([kind]) + key).digest()[:4]


# ---------------------------------------------------------------- the formats, byte for byte


def test_a_checkpoint_is_written_as_the_specification_says() -> None:
    root = base64.b64encode(ROOT).decode()
    assert SIGNED.text == f"corridor-releases/ab\n7\n{root}\n"
    name = "corridor-releases/ab"
    raw = id_of(name, 0x01, LOG_KEY.public) + LOG_KEY.sign(SIGNED.text.encode())
    line = f"\u2014 {name} {base64.b64encode(raw).decode()}\n"
    assert SIGNED.encode() == f"{SIGNED.text}\n{line}".encode()


def test_a_cosignature_is_written_as_the_specification_says() -> None:
    text = f"cosignature/v1\ntime 1679315147\n{SIGNED.text}".encode()
    name = "corridor-releases/ab/BG"
    raw = id_of(name, 0x04, WITNESS.public) + struct.pack(">Q", 1_679_315_147)
    raw += WITNESS.sign(text)
    line = f"\u2014 {name} {base64.b64encode(raw).decode()}\n"
    assert COSIGNED.encode() == SIGNED.encode() + line.encode()


def test_a_proof_is_written_as_the_specification_says() -> None:
    proof = LogProof(3, (ROOT, Digest(bytes(32))), COSIGNED)
    lines = [base64.b64encode(step).decode() for step in (ROOT, bytes(32))]
    head = f"c2sp.org/tlog-proof@v1\nindex 3\n{lines[0]}\n{lines[1]}\n\n"
    assert proof.encode() == head + COSIGNED.encode().decode()
    assert parse_log_proof(proof.encode()) == proof
    alone = LogProof(0, (), SIGNED)
    assert parse_log_proof(alone.encode()) == alone


def test_what_was_written_is_read_again() -> None:
    assert parse_note(COSIGNED.encode()) == COSIGNED
    assert parse_checkpoint(COSIGNED.text) == CHECKPOINT
    seen = verify_checkpoint(COSIGNED, LOG, verify)
    assert (seen.checkpoint, dict(seen.cosigned)) == (CHECKPOINT, {BG: WORD})


# ---------------------------------------------------------------- one signature, one meaning


def test_no_signed_text_of_a_note_can_be_a_digest() -> None:
    shortest = Checkpoint("c", 0, Digest(bytes(32))).text().encode()
    assert len(shortest) > 32
    assert len(cosigned_text("", 0)) >= len(b"cosignature/v1\ntime 0\n")
    assert len(cosigned_text(Checkpoint("c", 0, ROOT).text(), 0)) > 32


def test_a_log_s_signature_is_no_cosignature_and_the_other_way_round() -> None:
    signed = WITNESS.sign(SIGNED.text.encode())
    line = replace(WORD, signature=signed).line(LOG.witness_name(BG), WITNESS.public)
    with pytest.raises(ForgedCheckpointError, match="BG"):
        verify_checkpoint(SIGNED.adding(line), LOG, verify)


# ---------------------------------------------------------------- who counts


def test_lines_of_unknown_keys_are_ignored_and_count_for_nothing() -> None:
    name = LOG.witness_name(BG)
    unknown = [
        cosign(SIGNED.text, 1, STRANGER.sign).line(name, STRANGER.public),
        cosign(SIGNED.text, 1, STRANGER.sign).line("elsewhere/w1", STRANGER.public),
    ]
    seen = verify_checkpoint(SIGNED.adding(*unknown), LOG, verify)
    assert not seen.cosigned
    assert seen.note == SIGNED  # nothing unverified is kept


def test_a_known_key_s_line_that_fails_spoils_the_note() -> None:
    line = cosign(SIGNED.text, 1, STRANGER.sign).line(LOG.witness_name(BG), WITNESS.public)
    with pytest.raises(ForgedCheckpointError, match="BG"):
        verify_checkpoint(SIGNED.adding(line), LOG, verify)


def test_a_cosignature_of_another_checkpoint_does_not_count() -> None:
    other = sign_checkpoint(replace(CHECKPOINT, size=8), LOG_KEY.public, LOG_KEY.sign)
    moved = other.adding(WORD.line(LOG.witness_name(BG), WITNESS.public))
    with pytest.raises(ForgedCheckpointError, match="BG"):
        verify_checkpoint(moved, LOG, verify)


def test_a_checkpoint_needs_its_log_s_signature() -> None:
    only_witnessed = Note(SIGNED.text, COSIGNED.signatures[1:])
    with pytest.raises(ForgedCheckpointError, match="the coordinator"):
        verify_checkpoint(only_witnessed, LOG, verify)


def test_a_checkpoint_of_another_log_is_named() -> None:
    other = sign_checkpoint(replace(CHECKPOINT, origin="other/log"), LOG_KEY.public, LOG_KEY.sign)
    with pytest.raises(OtherLogError, match="other/log"):
        verify_checkpoint(other, LOG, verify)


# ---------------------------------------------------------------- what is none

WHOLE = COSIGNED.encode().decode()
LINE = WHOLE.splitlines(keepends=True)[-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "text\n",
        "text\n\n",
        WHOLE[:-1],
        WHOLE + "\n",
        WHOLE + LINE,
        WHOLE + "no signature\n",
        WHOLE.replace("\u2014", "-"),
        WHOLE.replace("\n7\n", "\n7\r\n"),
        WHOLE.replace("\n\n", "\n"),
        "text\n\n\u2014 name AAAA=\n",
        "text\n\n\u2014 name AAAAAA\n",
        "text\n\n\u2014 name AAAAAB==\n",
        "text\n\n\u2014 name AAAAAA==\n",
        "text\n\n\u2014 na+me AAAAAAA=\n",
        "text\n\n\u2014 na\u00a0me AAAAAAA=\n",
        "text\n\n\u2014  AAAAAAA=\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        parse_note(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n01\n" + SIGNED.text.split("\n")[2] + "\n",
        "origin\n-1\n" + SIGNED.text.split("\n")[2] + "\n",
        "origin\n9223372036854775808\n" + SIGNED.text.split("\n")[2] + "\n",
        "\n1\n" + SIGNED.text.split("\n")[2] + "\n",
        "origin\n1\nAAAA\n",
        SIGNED.text + "extension\n",
        SIGNED.text[:-1],
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 3", "index 03"),
        ("index 3", "extra AAAA\nindex 3"),
        ("index 3\n", "index 3\nAAAA\n"),
        ("index 3\n", ""),
    ],
)
def test_what_is_no_proof_is_refused(was: str, now: str) -> None:
    text = LogProof(3, (ROOT,), COSIGNED).encode()
    with pytest.raises(MalformedNoteError):
        parse_log_proof(text.replace(was, now))


@given(st.text(max_size=200) | st.text("\n\u2014 aA=+1/", max_size=200))
def test_a29_any_text_is_refused_or_has_this_one_form(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    try:
        note = parse_note(raw)
    except MalformedNoteError:
        return
    assert note.encode() == raw


@given(st.data())
def test_a29_a_damaged_note_is_refused_or_says_the_same(data: st.DataObject) -> None:
    raw = bytearray(COSIGNED.encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        seen = verify_checkpoint(parse_note(bytes(raw)), LOG, verify)
    except (MalformedNoteError, OtherLogError, ForgedCheckpointError):
        return
    assert seen.checkpoint == CHECKPOINT
    assert set(seen.cosigned) <= {BG}
