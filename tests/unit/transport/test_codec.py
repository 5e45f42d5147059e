import contextlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors.wire import MalformedMessageError, UnknownMessageError
from corridor.ids import CountryCode, Digest, EditionId, SessionId, Signature
from corridor.protocols.secure_sum.messages import (
    Acceptance,
    Dealing,
    LedgerStatement,
    MaskedInput,
    Opened,
    Proposal,
    ProposalHeader,
    RevealedShare,
    Roster,
    Scope,
    SealedPairKey,
    ShareKind,
    Sharers,
    Shares,
    SurvivorSet,
    SurvivorSignature,
    Unmask,
    UnmaskRequest,
)
from corridor.transport import codec
from corridor.transport.messages import (
    CHUNK_BYTES,
    CoordinatorBody,
    CoordinatorInSession,
    CoordinatorMessage,
    Dealings,
    Failed,
    Hello,
    NodeBody,
    NodeInSession,
    NodeMessage,
    Progress,
    Refusal,
    Released,
    Round,
    Standing,
    VectorChunk,
)
from corridor.wire.v1 import exchange_pb2, membership_pb2
from support import wire_values as values

SESSION = SessionId(bytes(range(16)))
DIGEST = Digest(bytes(32))
SIGNATURE = Signature(bytes(64))
MD, NE, UA = map(CountryCode, ["MD", "NE", "UA"])

HEADER = ProposalHeader(
    protocol=1,
    charter=DIGEST,
    session=SESSION,
    question=DIGEST,
    plan=DIGEST,
    rho=Fraction(1, 100),
    scope=Scope.REGIONAL,
    suite="x25519",
    purpose="annual report",
    organisation="IOM",
    accept_by=1_800_000_000,
    finish_by=1_800_000_600,
)
PROPOSAL = Proposal(HEADER, b"{}", SIGNATURE)
STATEMENT = LedgerStatement(
    country=MD,
    sequence=3,
    spent=Fraction(1, 10),
    reserved=Fraction(0),
    head=DIGEST,
    signature=SIGNATURE,
)
STANDING = Standing(
    witnessed=True,
    charter=DIGEST,
    edition=EditionId("3-9f2c61d04b7a8e15"),
    consent_rule="htcds-consent",
    statement=STATEMENT,
    left_this_year=Fraction(1, 10),
    left_for_all_time=Fraction(9, 10),
)
ACCEPTANCE = Acceptance(
    header=DIGEST,
    country=MD,
    envelope_key=bytes(32),
    mask_key=bytes(32),
    edition=EditionId("3-9f2c61d04b7a8e15"),
    consent_rule="htcds-consent",
    statement=STATEMENT,
    signature=SIGNATURE,
)
DEALING = Dealing(
    roster_hash=DIGEST,
    dealer=MD,
    recipient=NE,
    commitment=DIGEST,
    self_mask_hash=DIGEST,
    mask_key_hash=DIGEST,
    envelope=bytes(200),
    pair_key=SealedPairKey(bytes(80), DIGEST),
    signature=SIGNATURE,
)
OPENED = Opened(
    roster_hash=DIGEST,
    country=MD,
    opened=frozenset({MD, NE}),
    complaints=frozenset({UA}),
    signature=SIGNATURE,
)
SHARE = RevealedShare(MD, ShareKind.SELF_MASK, bytes(32), bytes(16))


def from_node(body: NodeBody) -> exchange_pb2.NodeMessage:
    return codec.encode_node_message(NodeInSession(SESSION, body))


def from_coordinator(body: CoordinatorBody) -> exchange_pb2.CoordinatorMessage:
    return codec.encode_coordinator_message(CoordinatorInSession(SESSION, body))


Decode = Callable[[Any], object]
BRANCHES: dict[type[Message], Decode] = {
    exchange_pb2.NodeMessage: codec.decode_node_message,
    exchange_pb2.CoordinatorMessage: codec.decode_coordinator_message,
    membership_pb2.FetchCharterRequest: codec.decode_fetch_charter,
    membership_pb2.CharterDocument: codec.decode_charter_document,
    membership_pb2.CharterSignature: codec.decode_charter_signed,
    membership_pb2.CharterStatus: codec.decode_charter_status,
    membership_pb2.Successor: codec.decode_successor,
    membership_pb2.SuccessorNoted: codec.decode_successor_noted,
    membership_pb2.FetchReceiptRequest: codec.decode_fetch_receipt,
    membership_pb2.ReceiptChunk: codec.decode_receipt_chunk,
    membership_pb2.FetchConsistencyRequest: codec.decode_fetch_consistency,
    membership_pb2.ConsistencyProof: codec.decode_consistency_proof,
}


def over_the_wire(message: Message) -> Any:
    return type(message).FromString(message.SerializeToString())


# ---------------------------------------------------------------- what was said arrives


@given(values.node_messages)
@settings(max_examples=300)
def test_what_a_node_says_arrives_unchanged(value: NodeMessage) -> None:
    message = over_the_wire(codec.encode_node_message(value))
    assert codec.decode_node_message(message) == value


@given(values.coordinator_messages)
@settings(max_examples=300)
def test_what_the_coordinator_says_arrives_unchanged(value: CoordinatorMessage) -> None:
    message = over_the_wire(codec.encode_coordinator_message(value))
    assert codec.decode_coordinator_message(message) == value


@given(data=st.data())
@pytest.mark.parametrize(
    ("strategy", "encode", "decode"),
    [
        (values.fetch_charters, codec.encode_fetch_charter, codec.decode_fetch_charter),
        (values.charter_documents, codec.encode_charter_document, codec.decode_charter_document),
        (values.charters_signed, codec.encode_charter_signed, codec.decode_charter_signed),
        (values.charter_statuses, codec.encode_charter_status, codec.decode_charter_status),
        (values.successors, codec.encode_successor, codec.decode_successor),
        (values.successors_noted, codec.encode_successor_noted, codec.decode_successor_noted),
        (values.fetch_receipts, codec.encode_fetch_receipt, codec.decode_fetch_receipt),
        (values.receipt_chunks, codec.encode_receipt_chunk, codec.decode_receipt_chunk),
        (
            values.consistencies_wanted,
            codec.encode_fetch_consistency,
            codec.decode_fetch_consistency,
        ),
        (
            values.consistency_proofs,
            codec.encode_consistency_proof,
            codec.decode_consistency_proof,
        ),
    ],
    ids=[
        "fetch-charter",
        "document",
        "signed",
        "status",
        "successor",
        "successor-noted",
        "fetch-receipt",
        "receipt-chunk",
        "fetch-consistency",
        "consistency",
    ],
)
def test_what_members_and_coordinator_say_of_membership_arrives_unchanged(
    data: st.DataObject,
    strategy: st.SearchStrategy[object],
    encode: Callable[[Any], Message],
    decode: Decode,
) -> None:
    value = data.draw(strategy)
    assert decode(over_the_wire(encode(value))) == value


def test_a_full_roster_of_the_largest_keys_fits_one_message() -> None:
    letters = values.LETTERS
    countries = sorted(CountryCode(a + b) for a in letters for b in letters)[:200]
    roster = Roster(
        tuple(
            replace(ACCEPTANCE, country=country, envelope_key=bytes(1216), mask_key=bytes(1216))
            for country in countries
        )
    )
    message = from_coordinator(roster)
    assert message.ByteSize() < 1024 * 1024
    assert codec.decode_coordinator_message(message) == CoordinatorInSession(SESSION, roster)


# ---------------------------------------------------------------- nothing else is raised


@given(st.sampled_from(list(BRANCHES)), st.binary(max_size=400))
@settings(max_examples=500)
def test_a29_arbitrary_bytes_are_refused_or_read_and_nothing_else(
    kind: type[Message], raw: bytes
) -> None:
    try:
        message = kind.FromString(raw)
    except DecodeError:
        return  # gRPC ends the call before anything of ours runs
    with contextlib.suppress(MalformedMessageError):
        BRANCHES[kind](message)


@pytest.mark.parametrize("kind", BRANCHES, ids=lambda kind: kind.DESCRIPTOR.name)
def test_a29_a_caller_is_told_of_an_answer_that_is_no_protobuf(kind: type[Message]) -> None:
    # gRPC gives its caller None for such an answer.
    with pytest.raises(MalformedMessageError, match="no protobuf message"):
        BRANCHES[kind](None)


@st.composite
def damaged(draw: st.DrawFn) -> Message:
    """A message of which some bytes were changed, repeated or lost, and which still parses."""
    node = draw(st.booleans())
    whole = (
        codec.encode_node_message(draw(values.node_messages))
        if node
        else codec.encode_coordinator_message(draw(values.coordinator_messages))
    )
    raw = bytearray(whole.SerializeToString())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(raw)))
        raw[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    try:
        return cast("Message", type(whole).FromString(bytes(raw)))
    except DecodeError:
        return whole


@given(damaged())
@settings(max_examples=500)
def test_a29_damaged_messages_are_refused_or_well_formed(message: Message) -> None:
    try:
        value = BRANCHES[type(message)](message)
    except MalformedMessageError:
        return
    again: Message = (
        codec.encode_node_message(cast("NodeMessage", value))
        if isinstance(message, exchange_pb2.NodeMessage)
        else codec.encode_coordinator_message(cast("CoordinatorMessage", value))
    )
    assert BRANCHES[type(message)](over_the_wire(again)) == value


# ---------------------------------------------------------------- bodies and sessions


@pytest.mark.parametrize("kind", [exchange_pb2.NodeMessage, exchange_pb2.CoordinatorMessage])
def test_a40_a_body_of_a_later_version_is_refused_with_a_code_of_its_own(
    kind: type[Message],
) -> None:
    later = kind.FromString(bytes([0xE2, 0x02, 0x02, 0x0A, 0x00]))  # field 44, a submessage
    with pytest.raises(UnknownMessageError, match="Update Corridor on this side"):
        BRANCHES[kind](later)


@pytest.mark.parametrize("kind", [exchange_pb2.NodeMessage, exchange_pb2.CoordinatorMessage])
def test_a_message_without_body_is_refused(kind: type[Message]) -> None:
    with pytest.raises(MalformedMessageError, match=r"body: is missing") as refusal:
        BRANCHES[kind](kind())
    assert refusal.value.code == "wire.malformed"


def test_a40_a_field_of_a_later_version_changes_nothing() -> None:
    message = from_node(ACCEPTANCE)
    message.acceptance.MergeFromString(bytes([0xFA, 0x07, 0x01, 0x58]))  # field 127
    assert codec.decode_node_message(message) == NodeInSession(SESSION, ACCEPTANCE)


def test_a_greeting_belongs_to_no_session() -> None:
    message = codec.encode_node_message(Hello(MD, 1, "0.1.0", STANDING))
    message.session = SESSION
    with pytest.raises(MalformedMessageError, match="belongs to no session"):
        codec.decode_node_message(message)


@pytest.mark.parametrize("session", [b"", bytes(15), bytes(17)])
def test_a_message_of_an_attempt_names_its_session(session: bytes) -> None:
    message = from_node(ACCEPTANCE)
    message.session = session
    with pytest.raises(MalformedMessageError, match=r"NodeMessage\.session: must be 16 bytes"):
        codec.decode_node_message(message)


def test_a20_a_proposal_cannot_be_routed_under_another_session() -> None:
    message = from_coordinator(PROPOSAL)
    message.session = bytes(16)
    with pytest.raises(MalformedMessageError, match="another than in the proposal's header"):
        codec.decode_coordinator_message(message)


# ---------------------------------------------------------------- each field is checked

Bend = Callable[[Any], object]


def numbered(bends: list[tuple[str, Bend]]) -> list[str]:
    return [f"{number}-{field}" for number, (field, _) in enumerate(bends)]


def refused(message: Message, bend: Bend) -> str:
    bend(message)
    with pytest.raises(MalformedMessageError) as refusal:
        BRANCHES[type(message)](message)
    return str(refusal.value)


BENT_PROPOSALS: list[tuple[str, Bend]] = [
    ("header", lambda p: p.ClearField("header")),
    ("charter", lambda p: setattr(p.header, "charter", bytes(31))),
    ("session", lambda p: setattr(p.header, "session", b"")),
    ("plan", lambda p: setattr(p.header, "plan", bytes(33))),
    ("rho", lambda p: setattr(p.header, "rho", "0")),
    ("rho", lambda p: setattr(p.header, "rho", "-1/2")),
    ("rho", lambda p: setattr(p.header, "rho", "2/200")),
    ("rho", lambda p: setattr(p.header, "rho", "0.01")),
    ("rho", lambda p: setattr(p.header, "rho", "1/" + "9" * 500)),
    ("scope", lambda p: setattr(p.header, "scope", 0)),
    ("scope", lambda p: setattr(p.header, "scope", 77)),
    ("suite", lambda p: setattr(p.header, "suite", "")),
    ("purpose", lambda p: setattr(p.header, "purpose", "x" * 501)),
    ("purpose", lambda p: setattr(p.header, "purpose", "\x1b[2J")),
    ("organisation", lambda p: setattr(p.header, "organisation", "\u202eMOI")),
    ("accept_by", lambda p: setattr(p.header, "accept_by", 0)),
    ("finish_by", lambda p: setattr(p.header, "finish_by", 2**60)),
    ("finish_by", lambda p: setattr(p.header, "finish_by", 5)),
    ("question", lambda p: p.ClearField("question")),
    ("question", lambda p: setattr(p, "question", bytes(256 * 1024 + 1))),
    ("signature", lambda p: setattr(p, "signature", bytes(63))),
]


@pytest.mark.parametrize(("field", "bend"), BENT_PROPOSALS, ids=numbered(BENT_PROPOSALS))
def test_a29_a_malformed_proposal_is_refused_and_the_field_named(field: str, bend: Bend) -> None:
    message = from_coordinator(PROPOSAL)
    assert f".{field}: " in refused(message, lambda m: bend(m.proposal))


UNSEEN = ("\u200b", "\u200c", "\u200d", "\u00ad", "\ufeff", "\u3164", "\ufe0f", "\u2028")


@pytest.mark.parametrize("field", ["organisation", "purpose"])
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_a43_no_letter_that_nobody_sees_makes_another_question_look_the_same(
    field: str, unseen: str
) -> None:
    message = from_coordinator(PROPOSAL)
    said = refused(message, lambda m: setattr(m.proposal.header, field, f"IO{unseen}M"))
    assert f".{field}: " in said


BENT_ACCEPTANCES: list[tuple[str, Bend]] = [
    ("country", lambda a: setattr(a, "country", "Moldova")),
    ("country", lambda a: setattr(a, "country", "md")),
    ("envelope_key", lambda a: setattr(a, "envelope_key", b"")),
    ("mask_key", lambda a: setattr(a, "mask_key", bytes(4097))),
    ("edition", lambda a: setattr(a, "edition", "latest")),
    ("consent_rule", lambda a: setattr(a, "consent_rule", "any rule")),
    ("statement", lambda a: a.ClearField("statement")),
    ("spent", lambda a: setattr(a.statement, "spent", "-1")),
    ("sequence", lambda a: setattr(a.statement, "sequence", 2**63)),
    ("head", lambda a: setattr(a.statement, "head", b"")),
]


@pytest.mark.parametrize(("field", "bend"), BENT_ACCEPTANCES, ids=numbered(BENT_ACCEPTANCES))
def test_a29_a_malformed_acceptance_is_refused_and_the_field_named(field: str, bend: Bend) -> None:
    message = from_node(ACCEPTANCE)
    assert f".{field}: " in refused(message, lambda m: bend(m.acceptance))


def test_a24_a_roster_that_names_somebody_twice_is_refused() -> None:
    message = from_coordinator(Roster((ACCEPTANCE,)))
    text = refused(message, lambda m: m.roster.acceptances.append(m.roster.acceptances[0]))
    assert "name nobody twice" in text


def test_a_roster_out_of_order_is_refused() -> None:
    roster = Roster((ACCEPTANCE, replace(ACCEPTANCE, country=NE)))
    text = refused(from_coordinator(roster), lambda m: m.roster.acceptances.reverse())
    assert "must be sorted" in text


def test_a29_a_roster_of_more_nodes_than_any_region_has_is_refused_unread() -> None:
    message = from_coordinator(Roster((ACCEPTANCE,)))
    text = refused(
        message,
        lambda m: m.roster.acceptances.extend([m.roster.acceptances[0]] * 200),
    )
    assert "201 entries, at most 200" in text


def test_shares_of_somebody_else_are_refused() -> None:
    message = from_node(Shares(MD, (DEALING,)))
    text = refused(message, lambda m: setattr(m.shares.dealings[0], "dealer", "UA"))
    assert "by another dealer" in text


def test_two_dealings_for_one_peer_are_refused() -> None:
    message = from_node(Shares(MD, (DEALING,)))
    text = refused(message, lambda m: m.shares.dealings.append(m.shares.dealings[0]))
    assert "name nobody twice" in text


def test_two_dealings_by_one_peer_are_refused() -> None:
    message = from_coordinator(Dealings((DEALING,)))
    text = refused(message, lambda m: m.dealings.dealings.append(m.dealings.dealings[0]))
    assert "name nobody twice" in text


def test_an_envelope_longer_than_any_suite_makes_is_refused() -> None:
    message = from_node(Shares(MD, (DEALING,)))
    text = refused(message, lambda m: setattr(m.shares.dealings[0], "envelope", bytes(4097)))
    assert "Dealing.envelope: must be 0 to 4096 bytes" in text


@pytest.mark.parametrize(
    ("field", "value", "because"),
    [
        ("pair_box", b"", "Dealing.pair_box: must be 1 to 4096 bytes"),
        ("pair_box", bytes(4097), "Dealing.pair_box: must be 1 to 4096 bytes"),
        ("pair_commitment", b"", "Dealing.pair_commitment: must be 32 bytes"),
        ("pair_commitment", bytes(31), "Dealing.pair_commitment: must be 32 bytes"),
    ],
)
def test_half_a_pair_key_is_refused(field: str, value: bytes, because: str) -> None:
    message = from_node(Shares(MD, (DEALING,)))
    assert because in refused(message, lambda m: setattr(m.shares.dealings[0], field, value))


def test_a_dealing_without_a_pair_key_is_read_as_such() -> None:
    """Whether it should have one depends on the two countries: the protocol says so."""
    message = from_node(Shares(MD, (replace(DEALING, pair_key=None),)))
    assert message.shares.dealings[0].pair_box == b""
    read = codec.decode_node_message(message)
    assert isinstance(read, NodeInSession)
    assert isinstance(read.body, Shares)
    assert read.body.dealings[0].pair_key is None


def test_a_peer_cannot_be_praised_and_complained_of() -> None:
    text = refused(from_node(OPENED), lambda m: m.opened.complaints.append("NE"))
    assert "is in `opened` too" in text


def test_nobody_opens_twice() -> None:
    message = from_coordinator(Sharers((OPENED,)))
    text = refused(message, lambda m: m.sharers.opened.append(m.sharers.opened[0]))
    assert "name nobody twice" in text


@pytest.mark.parametrize("field", ["sharers", "survivors"])
def test_a25_a_survivor_named_twice_is_refused(field: str) -> None:
    survivors = SurvivorSet(DIGEST, frozenset({MD, NE}), frozenset({MD, NE}))
    text = refused(
        from_coordinator(survivors), lambda m: getattr(m.survivor_set, field).append("MD")
    )
    assert f"SurvivorSet.{field}: a country is named twice" in text


def test_a21_one_signature_does_not_count_twice() -> None:
    request = UnmaskRequest((SurvivorSignature(MD, SIGNATURE),))
    text = refused(
        from_coordinator(request),
        lambda m: m.unmask_request.signatures.append(m.unmask_request.signatures[0]),
    )
    assert "a country signs twice" in text


def test_a21_both_kinds_of_share_of_one_dealer_are_refused() -> None:
    unmask = Unmask(
        roster_hash=DIGEST, country=NE, revealed=(SHARE,), excess_seed=b"", signature=SIGNATURE
    )
    message = from_node(unmask)
    other = message.unmask.revealed.add()
    other.CopyFrom(message.unmask.revealed[0])
    text = refused(message, lambda _: setattr(other, "kind", 2))
    assert "name nobody twice" in text


@pytest.mark.parametrize(
    ("field", "bend"),
    [
        ("kind", lambda share: setattr(share, "kind", 0)),
        ("share", lambda share: setattr(share, "share", bytes(31))),
        ("salt", lambda share: setattr(share, "salt", b"")),
        ("dealer", lambda share: setattr(share, "dealer", "")),
    ],
    ids=["kind", "share", "salt", "dealer"],
)
def test_a28_a_malformed_share_is_refused_and_the_field_named(field: str, bend: Bend) -> None:
    unmask = Unmask(
        roster_hash=DIGEST, country=NE, revealed=(SHARE,), excess_seed=b"", signature=SIGNATURE
    )
    text = refused(from_node(unmask), lambda m: bend(m.unmask.revealed[0]))
    assert f"RevealedShare.{field}: " in text


@pytest.mark.parametrize("data", [b"", bytes(CHUNK_BYTES + 1)], ids=["empty", "too-long"])
def test_a29_a_chunk_is_neither_empty_nor_longer_than_agreed(data: bytes) -> None:
    text = refused(
        from_node(VectorChunk(0, b"1234")), lambda m: setattr(m.vector_chunk, "data", data)
    )
    assert "VectorChunk.data: must be 1 to 524288 bytes" in text


def test_a_vector_has_no_end_of_chunks() -> None:
    text = refused(
        from_node(VectorChunk(0, b"1234")), lambda m: setattr(m.vector_chunk, "index", 2**32 - 1)
    )
    assert "VectorChunk.index: must be at most" in text


def test_a_masked_input_names_each_sharer_once() -> None:
    word = MaskedInput(
        roster_hash=DIGEST,
        country=MD,
        sharers=frozenset({MD, NE}),
        vector_hash=DIGEST,
        noise_commitment=DIGEST,
        signature=SIGNATURE,
    )
    text = refused(from_node(word), lambda m: m.masked_input.sharers.append("NE"))
    assert "MaskedInput.sharers: a country is named twice" in text


def test_a_refusal_carries_a_code() -> None:
    message = from_node(Refusal("policy.refused", "rule 3 refuses questions about minors"))
    assert "Refusal.code: " in refused(message, lambda m: setattr(m.refusal, "code", "No!"))


@pytest.mark.parametrize(
    "words", ["Dropped out: " + "UA (policy.refuses), " * 175, "a\x1b[2Jb\u202ec\ud800", "a\nb"]
)
def test_a29_whatever_an_error_says_its_message_can_be_read(words: str) -> None:
    # A region of 175 would lose every stream over the list of those who dropped out.
    for body in (Failed("attempt.failed", words, frozenset()), Refusal("node.internal", words)):
        message = codec.encode_coordinator_message(CoordinatorInSession(SESSION, body))
        read = codec.decode_coordinator_message(message)
        assert isinstance(read, CoordinatorInSession)
        assert isinstance(read.body, Failed | Refusal)
        assert read.body.message[:1] == words[:1]
        assert read.body.code == body.code


def test_an_unknown_round_is_refused() -> None:
    message = from_coordinator(Progress(Round.UNMASK, frozenset({UA}), 1_800_000_000))
    assert "Progress.round: 9" in refused(message, lambda m: setattr(m.progress, "round", 9))


def test_a_release_id_is_a_word() -> None:
    message = from_coordinator(Released("r1", DIGEST))
    text = refused(message, lambda m: setattr(m.released, "release", "../../etc"))
    assert "Released.release: " in text


def test_a_text_keeps_its_lines_and_its_scripts() -> None:
    failed = Failed(
        "secure_sum.too_few",
        "Attendez\u202f!\n\u0627\u0646\u062a\n\u0427\u0430\u043a",
        frozenset({UA}),
    )
    arrived = codec.decode_coordinator_message(over_the_wire(from_coordinator(failed)))
    assert arrived == CoordinatorInSession(SESSION, failed)


def test_a_receipt_of_no_kind_is_refused() -> None:
    with pytest.raises(MalformedMessageError, match=r"FetchReceiptRequest\.kind: 0"):
        codec.decode_fetch_receipt(membership_pb2.FetchReceiptRequest(release="r1"))
