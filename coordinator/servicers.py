"""Where the coordinator meets gRPC; it translates and decides nothing.

Exchange     the stream: what arrives goes to the stream desk, what waits goes out
Membership   single calls: charter, signature, receipts, consistency of the release tree

`channels.make_server` admits every call and turns our errors into statuses.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import grpc
import structlog

from corridor.coordinator.charter_desk import CharterDesk, ProposedCharter
from corridor.coordinator.connections import Connection
from corridor.coordinator.release_log import ReleaseLog
from corridor.coordinator.releases import ReleaseDesk
from corridor.coordinator.stream_desk import StreamDesk
from corridor.coordinator.successor_desk import SuccessorDesk
from corridor.errors import CorridorError
from corridor.errors.region import AnotherCountryError, NotGreetedError
from corridor.protocols.witnesses import LedgerEntries, WitnessAnswer
from corridor.transport import codec
from corridor.transport.channels import Peer, peer_of
from corridor.transport.messages import (
    CharterDocument,
    CharterStatus,
    ConsistencyProof,
    CoordinatorInSession,
    CoordinatorMessage,
    Dealings,
    ReceiptChunk,
    SuccessorNoted,
)
from corridor.wire.v1 import exchange_pb2, exchange_pb2_grpc, membership_pb2, membership_pb2_grpc

_log = structlog.get_logger()

HELLO_SECONDS = 30.0
"""How long a stream may be open before its node has said who it is."""

ENCODED_AT_MOST = 256
"""Messages that are kept as they go over the wire: one question of each of the most members."""

_Encoded: TypeAlias = tuple[CoordinatorMessage, exchange_pb2.CoordinatorMessage]

Requests = AsyncIterator[exchange_pb2.NodeMessage]


def _is_for_one(message: CoordinatorMessage) -> bool:
    """Whether nobody else is told the same: kept, it would push out what many are still to get.

    When a coordinator is back there are n² answers about ledgers, and n questions.
    """
    match message:
        case CoordinatorInSession(_, Dealings()) | WitnessAnswer():
            return True
        case LedgerEntries():
            return message.to is not None
        case _:
            return False


class ExchangeServicer(exchange_pb2_grpc.ExchangeServicer):
    """Answers `corridor.v1.Exchange`: one stream per node."""

    def __init__(self, desk: StreamDesk, recheck: Callable[[Peer], None]) -> None:
        """Take the desk, and what checks a long stream's certificate again, message by message."""
        self._desk = desk
        self._recheck = recheck
        self._encoded: OrderedDict[int, _Encoded] = OrderedDict()

    async def Connect(
        self, request_iterator: Requests, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[exchange_pb2.CoordinatorMessage]:
        """Carry one node's messages both ways until either side ends the stream."""
        peer = peer_of(context)
        try:
            first = await asyncio.wait_for(anext(request_iterator, None), HELLO_SECONDS)
        except TimeoutError:
            first = None  # whoever keeps silent keeps no stream open
        if first is None:
            raise NotGreetedError
        greeting = codec.decode_node_message(first)
        connection = await self._desk.greet(peer.country, peer.fingerprint, greeting)
        reader = asyncio.create_task(self._read(peer, connection, request_iterator))
        try:
            while (message := await connection.next()) is not None:
                yield self._encode(message)
        finally:
            reader.cancel()
            self._desk.gone(connection)

    def _encode(self, message: CoordinatorMessage) -> exchange_pb2.CoordinatorMessage:
        """The message for the wire; what goes to many nodes is encoded once.

        A roster names every member to every member: encoded for each, r² acceptances. When a
        coordinator is back, each of n nodes asks all others how far they hold n ledgers: n³.
        """
        if _is_for_one(message):
            return codec.encode_coordinator_message(message)
        kept = self._encoded.get(id(message))  # no other has its id while it is kept itself
        if kept is None:
            kept = (message, codec.encode_coordinator_message(message))
            self._encoded[id(message)] = kept
            if len(self._encoded) > ENCODED_AT_MOST:
                self._encoded.popitem(last=False)
        return kept[1]

    async def _read(self, peer: Peer, connection: Connection, requests: Requests) -> None:
        try:
            async for request in requests:
                await asyncio.to_thread(self._recheck, peer)
                await self._desk.on_message(connection, codec.decode_node_message(request))
            connection.close()
        except CorridorError as error:
            connection.close(error)
        except grpc.RpcError:
            connection.close()  # the stream broke: there is nobody left to be told
        except Exception as error:
            connection.fail(error)  # a bug of ours: the writing side meets the edge's log
            raise


class MembershipServicer(membership_pb2_grpc.MembershipServicer):
    """Answers `corridor.v1.Membership` for the country of the caller's certificate."""

    def __init__(
        self,
        charters: CharterDesk,
        releases: ReleaseDesk,
        log: ReleaseLog,
        announce: Callable[[ProposedCharter], None],
        successors: SuccessorDesk,
    ) -> None:
        """Take the desks, and what tells everybody that a charter changed."""
        self._charters = charters
        self._successors = successors
        self._releases = releases
        self._log = log
        self._announce = announce

    async def FetchCharter(
        self,
        request: membership_pb2.FetchCharterRequest,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> membership_pb2.CharterDocument:
        """A charter with its signatures and the members' cards."""
        wanted = codec.decode_fetch_charter(request)
        found = await asyncio.to_thread(self._charters.find, wanted.charter)
        document = CharterDocument(found.signed.encode(), found.cards)
        return codec.encode_charter_document(document)

    async def SignCharter(
        self,
        request: membership_pb2.CharterSignature,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> membership_pb2.CharterStatus:
        """Take the caller's signature; say who has signed and who has not."""
        signed = codec.decode_charter_signed(request)
        country = peer_of(context).country
        if signed.country != country:
            raise AnotherCountryError(country, signed.country, "CharterSignature")
        now = await asyncio.to_thread(
            self._charters.record_signature, signed.charter, country, signed.signature
        )
        self._announce(now)
        missing = frozenset(now.signed.missing)
        status = CharterStatus(
            now.charter.digest, now.in_force, frozenset(now.charter.signing_keys) - missing, missing
        )
        return codec.encode_charter_status(status)

    async def HandInSuccessor(
        self,
        request: membership_pb2.Successor,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> membership_pb2.SuccessorNoted:
        """Take the keys that the caller wants listed next, or take them back."""
        told = codec.decode_successor(request)
        country = peer_of(context).country
        key = await asyncio.to_thread(self._successors.hand_in, country, told.card, told.succession)
        return codec.encode_successor_noted(SuccessorNoted(key))

    async def FetchReceipt(
        self,
        request: membership_pb2.FetchReceiptRequest,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> AsyncIterator[membership_pb2.ReceiptChunk]:
        """A release's receipt in pieces: the public one, or the members' as it is sealed."""
        wanted = codec.decode_fetch_receipt(request)
        pieces = await asyncio.to_thread(self._releases.receipt_pieces, wanted.release, wanted.kind)
        index = 0
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield codec.encode_receipt_chunk(ReceiptChunk(index, piece))
            index += 1

    async def FetchConsistency(
        self,
        request: membership_pb2.FetchConsistencyRequest,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> membership_pb2.ConsistencyProof:
        """That one size of the release tree continues another."""
        wanted = codec.decode_fetch_consistency(request)
        proof = await asyncio.to_thread(self._log.consistency, wanted.old_size, wanted.new_size)
        return codec.encode_consistency_proof(ConsistencyProof(proof.path))


def add_servicers(
    server: grpc.aio.Server, exchange: ExchangeServicer, membership: MembershipServicer
) -> None:
    """Let `server` answer both services."""
    exchange_pb2_grpc.add_ExchangeServicer_to_server(exchange, server)
    membership_pb2_grpc.add_MembershipServicer_to_server(membership, server)
