"""Every parser that reads what somebody else wrote, as a function of bytes.

A target reads the bytes or raises a `CorridorError`; anything else that comes out is a bug. Where
what was read has one form, the target holds the parser to it: what is written again is what was
read, so that no two byte strings are one value and a hash or signature means one thing.

`tests/fuzz` runs them over neighbours of their samples; `tests/fuzz/run.py` for as long as one
likes, under atheris.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.message import DecodeError

from corridor.ids import CountryCode
from corridor.node.importing.columns import EXTENSIONS
from corridor.node.importing.mapping import parse_mapping
from corridor.node.journal import Journal, verify_export
from corridor.node.policy import DEFAULT_POLICY, parse_policy
from corridor.protocols import canonical
from corridor.protocols.cards import Card, Fingerprint, parse_card, parse_fingerprint
from corridor.protocols.charter import (
    CharterSignature,
    SignedCharter,
    parse_charter,
    parse_signed_charter,
    proposal_to_sign,
    signature_to_sign,
)
from corridor.protocols.contradictions import parse_line, verify_contradiction
from corridor.protocols.notes import LogProof, parse_checkpoint, parse_log_proof, parse_note
from corridor.protocols.receipts import parse_public_receipt
from corridor.protocols.release_tree import Consistency, ReceiptFile, parse_receipt_file
from corridor.protocols.successions import (
    encode_successions,
    parse_successions,
    verify_successions,
)
from corridor.queries.accuracy import parse_accuracy, parse_rho
from corridor.queries.plan import compile_plan
from corridor.queries.question import parse_question
from corridor.queries.sql import parse_sql
from corridor.transport.certificates import (
    Identity,
    decode_certificate,
    decode_key,
    issue_node_certificate,
    make_csr,
    make_key,
    verify_node_certificate,
)
from corridor.transport.fingerprints import parse_spoken_fingerprint, spoken_fingerprint
from corridor.transport.invitations import Invitation, parse_invitation
from corridor.transport.published import verify_release
from corridor.transport.sealed_files import open_sealed, seal
from support import contradictions, wire_samples
from support.authority import NOW, TestAuthority
from support.case_files import htcds_fields
from support.catalogue import domains
from support.charters import COORDINATOR, COUNTRIES, make_charter, next_keys, node_keys, rotated
from support.ledgers import TestClock, session_of
from support.receipts import charter_of_vectors, check_members, finish
from support.release_tree import FIVE, Liar, charter_of_five
from support.signing import verify

MD = CountryCode("MD")
FINGERPRINT = Fingerprint(bytes(range(20)))


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        form: how its input is built, for `support.mutation`.
        samples: valid inputs.
        read: reads bytes, or raises a `CorridorError`.
        share: of the run's inputs; what is slow gets fewer.
    """

    form: str
    samples: Callable[[], tuple[bytes, ...]]
    read: Callable[[bytes], None]
    share: float = 1


def targets() -> Mapping[str, Target]:
    """All of them, by name."""
    return _TARGETS


# ---------------------------------------------------------------- the wire


def _wire_samples(side: str) -> tuple[bytes, ...]:
    return tuple(
        kind.encode(value).SerializeToString()
        for name, (kind, value) in wire_samples.samples().items()
        if name.startswith(side)
    )


def _read_message(kind: wire_samples.Kind, raw: bytes) -> None:
    """A message that was read and is written again is read as the same."""
    try:
        message = kind.message.FromString(raw)
    except DecodeError:
        return  # gRPC ends the call before anything of ours runs
    value = kind.decode(message)
    again = kind.message.FromString(kind.encode(value).SerializeToString())
    assert kind.decode(again) == value


def _membership(kind: type[object]) -> Target:
    reader = wire_samples.MEMBERSHIP[kind]

    def samples() -> tuple[bytes, ...]:
        value = wire_samples.membership_samples()[kind.__name__]
        return (reader.encode(value).SerializeToString(),)

    return Target("protobuf", samples, partial(_read_message, reader), share=0.25)


# ---------------------------------------------------------------- canonical JSON


def _one_form(parse: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    """A parser of files that have one form."""

    def read(raw: bytes) -> None:
        assert parse(raw).encode() == raw

    return read


def _one_form_but_for_space(parse: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    """The same where white space around it is forgiven, since people paste it."""

    def read(raw: bytes) -> None:
        assert parse(raw).encode() == raw.strip()

    return read


def _read_canonical(raw: bytes) -> None:
    assert canonical.encode(canonical.decode(raw, "it")) == raw


def _read_fraction(raw: bytes) -> None:
    text = raw.decode(errors="replace")
    assert str(canonical.parse_fraction(text, "it")) == text


def _charters() -> tuple[bytes, ...]:
    charter = make_charter()
    later = rotated(rotated(charter, *COUNTRIES), COUNTRIES[0])
    return charter.encode(), charter_of_vectors().encode(), later.encode()


def _successions() -> tuple[bytes, ...]:
    later = rotated(rotated(make_charter(), *COUNTRIES), COUNTRIES[0])
    return tuple(encode_successions(one.successions) for one in later.members)


def _read_successions(raw: bytes) -> None:
    found = parse_successions(raw, "successions")
    assert encode_successions(found) == raw
    if found:
        key = next_keys(COUNTRIES[0], 2).public
        verify_successions("Test region", COUNTRIES[0], found, key, verify)


def _signed_charters() -> tuple[bytes, ...]:
    charter = make_charter()
    bare = SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), ())
    signatures = (
        CharterSignature(country, node_keys(country).sign(signature_to_sign(charter, country)))
        for country in COUNTRIES
    )
    return bare.encode(), replace(bare, signatures=tuple(signatures)).encode()


def _cards() -> tuple[bytes, ...]:
    return tuple(Card.of(member).encode() for member in make_charter().members)


def _invitations() -> tuple[bytes, ...]:
    invitation = Invitation(
        country=MD,
        code="A" * 32,
        authority="ab" * 32,
        coordinator_key="3F2A",
        web="https://coordinator.example:8443",
        grpc="coordinator.example:50051",
        expires=1_800_000_000,
    )
    return (invitation.encode(),)


def _receipts() -> tuple[bytes, ...]:
    return finish().receipt.encode(), finish(frozenset({CountryCode("AB")})).receipt.encode()


def _read_members(raw: bytes) -> None:
    check_members(raw, finish().charter)


def _members() -> tuple[bytes, ...]:
    return finish().members, finish(frozenset({CountryCode("AB")})).members


def _questions() -> tuple[bytes, ...]:
    return tuple(parse_sql(text.decode(), domains()).encode() for text in _sql())


def _read_question(raw: bytes) -> None:
    """A question that is read is compiled, or refused, as at every node."""
    question = parse_question(raw)
    assert question.encode() == raw
    compile_plan(question, domains(cells=1 << 16))


def _evidence() -> tuple[bytes, ...]:
    return tuple(contradictions.line_of(one) for one in contradictions.convicting().values())


@cache
def _proven() -> frozenset[bytes]:
    return frozenset(
        verify_contradiction(parse_line(line), contradictions.CHARTER, verify).digest
        for line in _evidence()
    )


def _read_evidence(raw: bytes) -> None:
    """What still convicts says what was signed: bending makes no other proof."""
    found = verify_contradiction(parse_line(raw), contradictions.CHARTER, verify)
    assert found.digest in _proven()


# ---------------------------------------------------------------- notes


def _notes() -> tuple[bytes, ...]:
    liar = Liar.honest(charter_of_five(), 5)
    return liar.note().encode(), liar.note(cosigners=FIVE).encode()


def _checkpoints() -> tuple[bytes, ...]:
    return tuple(parse_note(raw).text.encode() for raw in _notes())


def _read_checkpoint(raw: bytes) -> None:
    text = raw.decode(errors="replace")
    checkpoint = parse_checkpoint(text)
    assert checkpoint.text() == text


def _proof() -> LogProof:
    liar = Liar.honest(charter_of_five(), 5)
    return LogProof(2, liar.tree.inclusion_proof(2, 5), liar.note(cosigners=FIVE))


def _proofs() -> tuple[bytes, ...]:
    return (_proof().encode().encode(),)


def _receipt_files() -> tuple[bytes, ...]:
    receipt = finish().receipt.encode()
    path = Liar.honest(charter_of_five(), 5).tree.consistency_proof(3, 5)
    whole = ReceiptFile(receipt, _proof(), Consistency(3, 5, path))
    return whole.encode(), receipt


def _read_proof(raw: bytes) -> None:
    text = raw.decode(errors="replace")
    assert parse_log_proof(text).encode() == text


# ---------------------------------------------------------------- people's texts


def _sql() -> tuple[bytes, ...]:
    return (
        b"SELECT gender, COUNT(*) FROM persons WHERE age BETWEEN 10 AND 17 GROUP BY gender",
        (
            b"SELECT recruited_in, exploited_in, COUNT(DISTINCT person) FROM corridors "
            b"WHERE recruited_in IN ('MD', 'UA') AND NOT exploited_in = 'RO' "
            b"GROUP BY recruited_in, exploited_in"
        ),
        b"SELECT AVG(CLAMP(age, 0, 99)) FROM persons WHERE gender IS NOT NULL OR age > 3",
    )


def _read_sql(raw: bytes) -> None:
    question = parse_sql(raw.decode(errors="replace"), domains())
    assert parse_question(question.encode()) == question


def _exported_journal() -> tuple[bytes, ...]:
    keys, clock = node_keys(MD), TestClock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        with Journal(
            path, MD, sign=keys.sign, key=keys.public, verify=verify, clock=clock
        ) as journal:
            journal.started("0.1.0")
            journal.let_out(session_of(1))
            journal.refused(session_of(2), "policy.refuses")
            return ("\n".join(journal.export()).encode(),)


def _read_journal(raw: bytes) -> None:
    verify_export(raw.decode(errors="replace").split("\n"), node_keys(MD).public, verify)


def _releases() -> tuple[bytes, ...]:
    """A release of the receipt's attempt; its question is none, so no table is ever compared."""
    header = finish().receipt.proposal.header
    release = {
        "session": header.session.hex(),
        "question_digest": header.question.hex(),
        "guarantee": {"rho": str(header.rho)},
        "survivors": sorted(finish().receipt.survivors),
        "reduced": sorted(finish().receipt.reduced),
        "tables": [{"central_margin": "3", "cells": [1, 2]}],
    }
    return (json.dumps(release).encode(),)


def _read_release(raw: bytes) -> None:
    verify_release(raw, finish().receipt, finish().charter)


def _text(parse: Callable[[str], object]) -> Callable[[bytes], None]:
    def read(raw: bytes) -> None:
        parse(raw.decode(errors="replace"))

    return read


def _mappings() -> tuple[bytes, ...]:
    return (
        b"""version = 1
[[table]]
file = "victimes-*.csv"
sheet = "Feuil1"
[table.columns]
"Sexe" = "prs_Gender"
"Violence" = "vic_MethodsOfControl/PhysicalAbuse"
"Remarques" = "-"
[table.values.prs_Gender]
"F" = "Feminine"
[database.ours]
url = "postgresql://reader@db.example/cases"
tables = ["public.victim"]
""",
    )


def _read_mapping(text: str) -> None:
    parse_mapping("mapping.toml", text, {**htcds_fields(), **EXTENSIONS})


def _read_accuracy(raw: bytes) -> None:
    assert parse_accuracy(raw.decode(errors="replace")).margin > 0


# ---------------------------------------------------------------- sealed files, certificates


def _sealed() -> tuple[bytes, ...]:
    recipients = {MD: node_keys(MD).encryption}
    return tuple(
        b"".join(seal([text], recipients, Random(1).randbytes)) for text in (b"", b"short" * 9)
    )


def _read_sealed(raw: bytes) -> None:
    for _ in open_sealed([raw[:9], raw[9:]], MD, node_keys(MD).encryption_seed):
        pass


@cache
def _authority() -> TestAuthority:
    return TestAuthority()


@cache
def _enrolled() -> Identity:
    return _authority().node("MD")


def _certificates() -> tuple[bytes, ...]:
    return _enrolled().certificate, _authority().server().certificate


def _read_certificate(raw: bytes) -> None:
    """As a node reads what it is given when it enrols."""
    verify_node_certificate(
        decode_certificate(raw),
        _authority().certificate,
        country=MD,
        public_key=decode_key(_enrolled().key).public_key(),
        now=NOW,
    )


def _keys() -> tuple[bytes, ...]:
    return (_enrolled().key,)


def _read_key(raw: bytes) -> None:
    decode_key(raw)


def _requests() -> tuple[bytes, ...]:
    return (make_csr(make_key(Random(3).randbytes), MD),)


def _read_request(raw: bytes) -> None:
    issue_node_certificate(
        _authority().authority, raw, MD, random_bytes=_authority().random_bytes, now=NOW
    )


_TARGETS: dict[str, Target] = {
    "node-message": Target(
        "protobuf", partial(_wire_samples, "node."), partial(_read_message, wire_samples.NODE), 2
    ),
    "coordinator-message": Target(
        "protobuf",
        partial(_wire_samples, "coordinator."),
        partial(_read_message, wire_samples.COORDINATOR_KIND),
        2,
    ),
    **{kind.__name__: _membership(kind) for kind in wire_samples.MEMBERSHIP},
    "evidence": Target("json", _evidence, _read_evidence, share=0.5),
    "canonical": Target("json", _charters, _read_canonical),
    "fraction": Target("text", lambda: (b"1/100", b"-2/3", b"17"), _read_fraction),
    "charter": Target("json", _charters, _one_form(parse_charter)),
    "successions": Target("json", _successions, _read_successions),
    "signed-charter": Target("json", _signed_charters, _one_form(parse_signed_charter)),
    "card": Target("json", _cards, _one_form_but_for_space(parse_card)),
    "invitation": Target("json", _invitations, _one_form_but_for_space(parse_invitation)),
    "public-receipt": Target("json", _receipts, _one_form(parse_public_receipt), share=0.3),
    "members-receipt": Target("parts", _members, _read_members, share=0.05),
    "question": Target("json", _questions, _read_question, share=0.5),
    "note": Target("text", _notes, _one_form(parse_note)),
    "checkpoint": Target("text", _checkpoints, _read_checkpoint),
    "tree-proof": Target("text", _proofs, _read_proof),
    "receipt-file": Target("json", _receipt_files, _one_form(parse_receipt_file), share=0.3),
    "sql": Target("text", _sql, _read_sql, share=0.3),
    "policy": Target("text", lambda: (DEFAULT_POLICY.encode(),), _text(parse_policy), share=0.5),
    "mapping": Target("text", _mappings, _text(_read_mapping), share=0.3),
    "release": Target("json", _releases, _read_release, share=0.1),
    "journal-export": Target("text", _exported_journal, _read_journal, share=0.5),
    "sealed-file": Target("bytes", _sealed, _read_sealed),
    "certificate": Target("bytes", _certificates, _read_certificate),
    "private-key": Target("bytes", _keys, _read_key),
    "signing-request": Target("bytes", _requests, _read_request, share=0.3),
    "fingerprint": Target(
        "text",
        lambda: (b"3F2A-91C0-AAAA-BBBB-CCCC-DDDD-EEEE-0000-1111-2222",),
        _text(parse_fingerprint),
    ),
    "spoken-fingerprint": Target(
        "text", lambda: (spoken_fingerprint(FINGERPRINT).encode(),), _text(parse_spoken_fingerprint)
    ),
    "accuracy": Target(
        "text",
        lambda: ("±20 all cells at once at 99 %".encode(), b"relative 10 % for cells above 100"),
        _read_accuracy,
    ),
    "rho": Target("text", lambda: (b"1/100", b"0.01"), _text(parse_rho)),
}
