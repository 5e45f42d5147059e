"""The release tree on the stream and in single calls; notes travel as the text that they are."""

from collections.abc import Sequence

from corridor.errors.wire import MalformedMessageError
from corridor.ids import Digest
from corridor.protocols.merkle import LONGEST_PROOF
from corridor.protocols.notes import LATEST
from corridor.transport.codec import fields
from corridor.transport.messages import (
    INCLUSIONS,
    CheckpointToCosign,
    ConsistencyProof,
    Cosigned,
    FetchConsistency,
    Inclusion,
    TreeStanding,
)
from corridor.wire.v1 import exchange_pb2, membership_pb2


def encode_checkpoint(value: CheckpointToCosign) -> exchange_pb2.CheckpointToCosign:
    """Write a checkpoint with its proofs."""
    return exchange_pb2.CheckpointToCosign(
        old_size=value.old_size,
        consistency=value.consistency,
        note=value.note,
        inclusions=[
            exchange_pb2.Inclusion(session=one.session, index=one.index, path=one.path)
            for one in value.inclusions
        ],
    )


def decode_checkpoint(message: exchange_pb2.CheckpointToCosign) -> CheckpointToCosign:
    """Read a checkpoint with its proofs; the note is still to be parsed.

    Raises:
        MalformedMessageError: a field is missing or malformed, or a session is shown twice.
    """
    fields.at_most("CheckpointToCosign.inclusions", message.inclusions, INCLUSIONS)
    inclusions = tuple(
        Inclusion(
            session=fields.session("Inclusion.session", one.session),
            index=fields.whole("Inclusion.index", one.index, most=LATEST),
            path=_path("Inclusion.path", one.path),
        )
        for one in message.inclusions
    )
    if len({one.session for one in inclusions}) < len(inclusions):
        raise MalformedMessageError("CheckpointToCosign.inclusions: a session is shown twice")
    return CheckpointToCosign(
        old_size=fields.whole("CheckpointToCosign.old_size", message.old_size, most=LATEST),
        consistency=_path("CheckpointToCosign.consistency", message.consistency),
        note=fields.octets("CheckpointToCosign.note", message.note, longest=fields.DOCUMENT_BYTES),
        inclusions=inclusions,
    )


def encode_cosigned(value: Cosigned) -> exchange_pb2.Cosignature:
    """Write a cosignature."""
    return exchange_pb2.Cosignature(
        size=value.size, timestamp=value.timestamp, signature=value.signature
    )


def decode_cosigned(message: exchange_pb2.Cosignature) -> Cosigned:
    """Read a cosignature.

    Raises:
        MalformedMessageError: a field is missing or malformed.
    """
    return Cosigned(
        size=fields.whole("Cosignature.size", message.size, most=LATEST),
        timestamp=fields.second("Cosignature.timestamp", message.timestamp),
        signature=fields.signature("Cosignature.signature", message.signature),
    )


def encode_tree_standing(value: TreeStanding) -> exchange_pb2.TreeStanding:
    """Write up to where a node knows the tree."""
    return exchange_pb2.TreeStanding(size=value.size, sessions=value.sessions, code=value.code)


def decode_tree_standing(message: exchange_pb2.TreeStanding) -> TreeStanding:
    """Read up to where a node knows the tree.

    Raises:
        MalformedMessageError: a field is malformed.
    """
    fields.at_most("TreeStanding.sessions", message.sessions, INCLUSIONS)
    return TreeStanding(
        size=fields.whole("TreeStanding.size", message.size, most=LATEST),
        sessions=tuple(fields.session("TreeStanding.sessions", one) for one in message.sessions),
        code=fields.code("TreeStanding.code", message.code) if message.code else "",
    )


def encode_fetch_consistency(value: FetchConsistency) -> membership_pb2.FetchConsistencyRequest:
    """Write the wish for a consistency proof."""
    return membership_pb2.FetchConsistencyRequest(old_size=value.old_size, new_size=value.new_size)


def decode_fetch_consistency(
    message: membership_pb2.FetchConsistencyRequest | None,
) -> FetchConsistency:
    """Read the wish for a consistency proof.

    Raises:
        MalformedMessageError: a size is none.
    """
    message = fields.parsed("FetchConsistencyRequest", message)
    return FetchConsistency(
        fields.whole("FetchConsistencyRequest.old_size", message.old_size, most=LATEST),
        fields.whole("FetchConsistencyRequest.new_size", message.new_size, most=LATEST),
    )


def encode_consistency_proof(value: ConsistencyProof) -> membership_pb2.ConsistencyProof:
    """Write a consistency proof."""
    return membership_pb2.ConsistencyProof(path=value.path)


def decode_consistency_proof(message: membership_pb2.ConsistencyProof | None) -> ConsistencyProof:
    """Read a consistency proof, not verified.

    Raises:
        MalformedMessageError: a hash is malformed, or there are too many.
    """
    message = fields.parsed("ConsistencyProof", message)
    return ConsistencyProof(_path("ConsistencyProof.path", message.path))


def _path(field: str, hashes: Sequence[bytes]) -> tuple[Digest, ...]:
    fields.at_most(field, hashes, LONGEST_PROOF)
    return tuple(fields.digest(field, one) for one in hashes)
