"""One honest example of every message that travels, out of a real attempt where there is one.

What fuzzing bends (`tests/fuzz`) and what the vectors of the wire bend
(`tests/unit/transport/test_wire_vectors.py`). `tests/fuzz/test_parsers.py` holds the
list complete: a message without an example here is a message that nobody attacks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any, get_args

from google.protobuf.message import Message

from corridor.ids import CountryCode, Digest, EditionId, PublicKey, Signature
from corridor.protocols.cards import Card
from corridor.protocols.chains import BEGINNING, Entry
from corridor.protocols.charter import SignedCharter, proposal_to_sign
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.figures import Figure, FigureRequest
from corridor.protocols.secure_sum.messages import (
    UNSIGNED,
    Proposal,
    Sharers,
    WitnessWord,
)
from corridor.protocols.witnesses import (
    LEDGER,
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from corridor.transport import codec, messages
from corridor.transport.messages import (
    CharterAvailable,
    CharterDocument,
    CharterSigned,
    CharterStatus,
    CheckpointToCosign,
    ConsistencyProof,
    CoordinatorInSession,
    Cosigned,
    Dealings,
    Failed,
    FetchCharter,
    FetchConsistency,
    FetchReceipt,
    Hello,
    Inclusion,
    NodeInSession,
    Progress,
    ReceiptChunk,
    ReceiptKind,
    Refusal,
    Released,
    Round,
    Standing,
    SuccessorHandedIn,
    SuccessorNoted,
    TreeStanding,
    VectorChunk,
    Welcome,
)
from corridor.wire.v1 import exchange_pb2, membership_pb2
from support.bending import word_of_witness
from support.charters import COORDINATOR, make_charter, node_keys
from support.contradictions import convicting
from support.secure_sum import (
    Conversation,
    Region,
    first_countries,
    make_header,
    make_statement,
)

REGION = Region(countries=first_countries(5))
AA, AB, AC, AD, AE = REGION.countries
AF = CountryCode("AF")
HASH = Digest(bytes(range(32)))
OTHER_HASH = Digest(bytes(range(1, 33)))
SIGNATURE = Signature(bytes(range(64)))


@dataclass(frozen=True, slots=True)
class Kind:
    """A protobuf message that a peer may send, and how it is read and written."""

    message: type[Message]
    encode: Callable[[Any], Message]
    decode: Callable[[Any], object]


NODE = Kind(exchange_pb2.NodeMessage, codec.encode_node_message, codec.decode_node_message)
COORDINATOR_KIND = Kind(
    exchange_pb2.CoordinatorMessage,
    codec.encode_coordinator_message,
    codec.decode_coordinator_message,
)
MEMBERSHIP: dict[type[object], Kind] = {
    FetchCharter: Kind(
        membership_pb2.FetchCharterRequest, codec.encode_fetch_charter, codec.decode_fetch_charter
    ),
    CharterDocument: Kind(
        membership_pb2.CharterDocument,
        codec.encode_charter_document,
        codec.decode_charter_document,
    ),
    CharterSigned: Kind(
        membership_pb2.CharterSignature, codec.encode_charter_signed, codec.decode_charter_signed
    ),
    CharterStatus: Kind(
        membership_pb2.CharterStatus, codec.encode_charter_status, codec.decode_charter_status
    ),
    SuccessorHandedIn: Kind(
        membership_pb2.Successor, codec.encode_successor, codec.decode_successor
    ),
    SuccessorNoted: Kind(
        membership_pb2.SuccessorNoted, codec.encode_successor_noted, codec.decode_successor_noted
    ),
    FetchReceipt: Kind(
        membership_pb2.FetchReceiptRequest, codec.encode_fetch_receipt, codec.decode_fetch_receipt
    ),
    ReceiptChunk: Kind(
        membership_pb2.ReceiptChunk, codec.encode_receipt_chunk, codec.decode_receipt_chunk
    ),
    FetchConsistency: Kind(
        membership_pb2.FetchConsistencyRequest,
        codec.encode_fetch_consistency,
        codec.decode_fetch_consistency,
    ),
    ConsistencyProof: Kind(
        membership_pb2.ConsistencyProof,
        codec.encode_consistency_proof,
        codec.decode_consistency_proof,
    ),
}


@cache
def conversation() -> Conversation:
    """A whole attempt; AE drops out before its masked input."""
    talk = Conversation(REGION)
    talk.propose()
    talk.share()
    talk.open()
    talk.mask(silent=frozenset({AE}))
    talk.sign()
    talk.unmask()
    return talk


@cache
def node_samples() -> dict[str, object]:
    """What a node says, by the name of the message."""
    talk = conversation()
    return {
        **{type(one).__name__: one for one in _witnessing(AB, AA)},
        "Hello": Hello(AA, 1, "0.1.0", _standing()),
        "Standing": _standing(),
        "Cosigned": Cosigned(7, 1_700_000_000, SIGNATURE),
        "TreeStanding": TreeStanding(7, (talk.header.session,), "release_tree.split_view"),
        "WitnessWord": _witness_word(talk),
        **{
            type(body).__name__: NodeInSession(talk.header.session, body)
            for body in (
                Refusal("policy.refuses", "policy rule 3 refuses the question"),
                talk.accepted[AA].acceptance,
                talk.collecting_shares.heard[AA],
                talk.opened[AA].word,
                VectorChunk(0, talk.masked[AA]),
                talk.collecting_inputs.heard[AA],
                talk.signed[AA].signature,
                replace(talk.collecting_unmask.heard[AA], excess_seed=HASH),
                Figure(roster_hash=HASH, country=AA, vector_hash=HASH, signature=SIGNATURE),
            )
        },
    }


@cache
def coordinator_samples() -> dict[str, object]:
    """What the coordinator says to a node, by the name of the message."""
    talk = conversation()
    header = make_header()
    proposal = Proposal(header, b'{"tables":[]}', COORDINATOR.sign(header.to_sign()))
    return {
        **{type(one).__name__: one for one in _witnessing(AB, AA)},
        "Welcome": Welcome(HASH, 1_700_000_000, 1),
        "CharterAvailable": CharterAvailable(HASH, in_force=True),
        "WitnessRequest": WitnessRequest(
            talk.shared[AA].settled.hash, (make_statement(AA), make_statement(AB))
        ),
        "CheckpointToCosign": CheckpointToCosign(
            3, (HASH, HASH), b"a note", (Inclusion(header.session, 6, (HASH,)),)
        ),
        **{
            type(body).__name__: CoordinatorInSession(header.session, body)
            for body in (
                Refusal("session.unknown", "no attempt of this session runs here"),
                proposal,
                talk.roster,
                Dealings(talk.dealings[AA]),
                _sharers(talk),
                talk.survivors,
                talk.request,
                FigureRequest(talk.roster, (_witness_word(talk),)),
                Progress(Round.MASKED_INPUT, frozenset({AE}), 1_700_000_000),
                Released("r-1", HASH),
                Failed("secure_sum.too_few_survivors", "too few are left", frozenset({AE})),
            )
        },
    }


@cache
def membership_samples() -> dict[str, object]:
    """What travels in calls beside the stream."""
    charter = make_charter()
    document = SignedCharter(charter, COORDINATOR.sign(proposal_to_sign(charter)), ())
    found: tuple[object, ...] = (
        FetchCharter(HASH),
        CharterDocument(
            document.encode(), tuple(Card.of(member).encode() for member in charter.members)
        ),
        CharterSigned(HASH, AA, SIGNATURE),
        CharterStatus(HASH, False, frozenset({AA}), frozenset({AB})),
        SuccessorHandedIn(Card.of(charter.members[0]).encode(), b"[]"),
        SuccessorNoted(PublicKey(HASH)),
        FetchReceipt("r-1", ReceiptKind.MEMBERS),
        ReceiptChunk(0, b"a piece"),
        FetchConsistency(3, 7),
        ConsistencyProof((HASH, HASH)),
    )
    return {type(one).__name__: one for one in found}


def samples() -> dict[str, tuple[Kind, object]]:
    """All of them: `node.Acceptance`, `coordinator.Roster`, `membership.FetchCharter`."""
    return {
        **{f"node.{name}": (NODE, value) for name, value in node_samples().items()},
        **{
            f"coordinator.{name}": (COORDINATOR_KIND, value)
            for name, value in coordinator_samples().items()
        },
        **{
            f"membership.{name}": (MEMBERSHIP[type(value)], value)
            for name, value in membership_samples().items()
        },
    }


def names_of_all_messages() -> set[str]:
    """The messages that there are, by the unions of `transport.messages`."""
    in_session = {"NodeInSession", "CoordinatorInSession"}
    node = (*get_args(messages.NodeMessage), *get_args(messages.NodeBody))
    coordinator = (*get_args(messages.CoordinatorMessage), *get_args(messages.CoordinatorBody))
    return (
        {f"node.{one.__name__}" for one in node if one.__name__ not in in_session}
        | {f"coordinator.{one.__name__}" for one in coordinator if one.__name__ not in in_session}
        | {f"membership.{one.__name__}" for one in MEMBERSHIP}
    )


def _sharers(talk: Conversation) -> Sharers:
    """The announced sharers, with the word of a witness outside the roster."""
    return Sharers(talk.sharers.opened, (_witness_word(talk),))


def _witness_word(talk: Conversation) -> WitnessWord:
    word = WitnessWord(
        roster_hash=talk.shared[AA].settled.hash,
        witness=AF,
        kept={one.country: one.statement.head for one in talk.roster.acceptances},
        signature=UNSIGNED,
    )
    return word_of_witness(word)


def _witnessing(asker: CountryCode, witness: CountryCode) -> tuple[object, ...]:
    entry = Entry(LEDGER, 1, BEGINNING, b'{"kind":"reserved"}', UNSIGNED)
    entry = Entry(
        entry.chain,
        entry.number,
        entry.previous,
        entry.payload,
        node_keys(asker).sign(entry.digest),
    )
    answer = WitnessAnswer(
        witness=witness,
        country=asker,
        nonce=HASH,
        sequence=1,
        head=entry.digest,
        entries=(entry,),
        signature=UNSIGNED,
        contradictions=(HASH, OTHER_HASH),
    )
    return (
        WitnessAsk(
            country=asker,
            nonce=HASH,
            sequence=1,
            head=entry.digest,
            known={witness: 3},
            contradictions=(HASH, OTHER_HASH),
        ),
        replace(answer, signature=node_keys(witness).sign(answer.to_sign(HASH))),
        LedgerEntries(country=asker, to=witness, entries=(entry,)),
        ContradictionTold(asker, witness, convicting()["two entries of one number"]),
    )


def _standing() -> Standing:
    return Standing(
        witnessed=True,
        charter=HASH,
        edition=EditionId("3-9f2c61d04b7a8e15"),
        consent_rule="htcds-consent",
        statement=make_statement(AA),
        left_this_year=Fraction(1, 10),
        left_for_all_time=Fraction(9, 10),
    )
