"""Protobuf to values and back; only here does the house know how a message looks on the wire.

    fields       one check per kind of field: sizes, forms, counts
    attempt      the messages of `protocols.secure_sum.messages`
    witnesses    how members witness each other's ledgers
    exchange     the stream: NodeMessage, CoordinatorMessage and their own bodies
    tree         checkpoints, cosignatures, proofs of the release tree
    membership   charters, signatures, receipts

`encode_x` takes a value and cannot fail. `decode_x` takes a message that somebody sent: every
field is checked once, the error names it, and afterwards everything is well-formed and nothing
is believed. Whatever arrives, decoding raises `MalformedMessageError` or nothing.

- Fields that this version does not know are ignored: nothing is signed in its protobuf form, so
  they cannot change what a signature means. A *body* that it does not know is refused
  (`UnknownMessageError`), since silence would let a round run into its deadline.
- What the protocol keeps sorted must arrive sorted; nobody stands anywhere twice.
- Nothing is split for size but vectors and receipts: with 200 nodes and 1 216-byte keys a roster
  has 0.6 MB, a sharer's dealings 0.3 MB, and a message may have 4 MB.
"""

from corridor.transport.codec.exchange import (
    decode_coordinator_message,
    decode_node_message,
    encode_coordinator_message,
    encode_node_message,
)
from corridor.transport.codec.membership import (
    decode_charter_document,
    decode_charter_signed,
    decode_charter_status,
    decode_fetch_charter,
    decode_fetch_receipt,
    decode_receipt_chunk,
    decode_successor,
    decode_successor_noted,
    encode_charter_document,
    encode_charter_signed,
    encode_charter_status,
    encode_fetch_charter,
    encode_fetch_receipt,
    encode_receipt_chunk,
    encode_successor,
    encode_successor_noted,
)
from corridor.transport.codec.tree import (
    decode_consistency_proof,
    decode_fetch_consistency,
    encode_consistency_proof,
    encode_fetch_consistency,
)

__all__ = [
    "decode_charter_document",
    "decode_charter_signed",
    "decode_charter_status",
    "decode_consistency_proof",
    "decode_coordinator_message",
    "decode_fetch_charter",
    "decode_fetch_consistency",
    "decode_fetch_receipt",
    "decode_node_message",
    "decode_receipt_chunk",
    "decode_successor",
    "decode_successor_noted",
    "encode_charter_document",
    "encode_charter_signed",
    "encode_charter_status",
    "encode_consistency_proof",
    "encode_coordinator_message",
    "encode_fetch_charter",
    "encode_fetch_consistency",
    "encode_fetch_receipt",
    "encode_node_message",
    "encode_receipt_chunk",
    "encode_successor",
    "encode_successor_noted",
]
