"""Single calls to the coordinator, for the operator's commands: charter, receipt, tree."""

from collections.abc import AsyncIterator

import grpc

from corridor.ids import Digest
from corridor.protocols.release_tree import Consistency
from corridor.transport import codec
from corridor.transport.messages import (
    CharterDocument,
    CharterSigned,
    CharterStatus,
    FetchCharter,
    FetchConsistency,
    FetchReceipt,
    ReceiptKind,
    SuccessorHandedIn,
    SuccessorNoted,
)
from corridor.transport.refusals import error_of
from corridor.wire.v1 import membership_pb2_grpc

TIMEOUT_SECONDS = 30.0


async def fetch_charter(channel: grpc.aio.Channel, charter: Digest | None) -> CharterDocument:
    """The charter of that hash, or the one proposed last, with the signatures so far.

    Raises:
        CorridorError: the coordinator's refusal, or that it does not answer.
    """
    stub = membership_pb2_grpc.MembershipStub(channel)
    try:
        answer = await stub.FetchCharter(
            codec.encode_fetch_charter(FetchCharter(charter)), timeout=TIMEOUT_SECONDS
        )
    except grpc.RpcError as error:
        raise error_of(error) from error
    return codec.decode_charter_document(answer)


async def sign_charter(channel: grpc.aio.Channel, signed: CharterSigned) -> CharterStatus:
    """Hand in this member's signature; how far the charter is then.

    Raises:
        CorridorError: the coordinator's refusal, or that it does not answer.
    """
    stub = membership_pb2_grpc.MembershipStub(channel)
    try:
        answer = await stub.SignCharter(
            codec.encode_charter_signed(signed), timeout=TIMEOUT_SECONDS
        )
    except grpc.RpcError as error:
        raise error_of(error) from error
    return codec.decode_charter_status(answer)


async def hand_in_successor(
    channel: grpc.aio.Channel, successor: SuccessorHandedIn
) -> SuccessorNoted:
    """Hand in, or take back, the keys that the next charter shall list for this member.

    Raises:
        CorridorError: the coordinator's refusal, or that it does not answer.
    """
    stub = membership_pb2_grpc.MembershipStub(channel)
    try:
        answer = await stub.HandInSuccessor(
            codec.encode_successor(successor), timeout=TIMEOUT_SECONDS
        )
    except grpc.RpcError as error:
        raise error_of(error) from error
    return codec.decode_successor_noted(answer)


async def fetch_receipt(
    channel: grpc.aio.Channel, release: str, kind: ReceiptKind
) -> AsyncIterator[bytes]:
    """A release's receipt, piece by piece.

    Raises:
        CorridorError: the coordinator's refusal, or that it does not answer.
    """
    stub = membership_pb2_grpc.MembershipStub(channel)
    try:
        async for chunk in stub.FetchReceipt(
            codec.encode_fetch_receipt(FetchReceipt(release, kind))
        ):
            yield codec.decode_receipt_chunk(chunk).data
    except grpc.RpcError as error:
        raise error_of(error) from error


async def fetch_consistency(channel: grpc.aio.Channel, old: int, new: int) -> Consistency:
    """The proof that the release tree of `new` leaves continues that of `old`; not verified.

    Raises:
        CorridorError: the coordinator's refusal, or that it does not answer.
    """
    stub = membership_pb2_grpc.MembershipStub(channel)
    try:
        answer = await stub.FetchConsistency(
            codec.encode_fetch_consistency(FetchConsistency(old, new)), timeout=TIMEOUT_SECONDS
        )
    except grpc.RpcError as error:
        raise error_of(error) from error
    return Consistency(old, new, codec.decode_consistency_proof(answer).path)
