"""gRPC as our code meets it, over a simulated network: a channel, calls, a server, a context.

What is sent is bytes, in order, and takes its time. A connection can break (both sides notice), or
be cut off without anybody's noticing until a keep-alive fails. A `Hand` may do with a message to a
node, or from one, what a malicious coordinator could: drop, repeat, hold back, alter.

The server wraps each method in the interceptor that serves: codes and statuses are the real ones.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NoReturn

import grpc

from corridor.ids import CountryCode
from corridor.transport.channels import Peer, peer_of
from corridor.transport.refusals import RefusalInterceptor

KEEPALIVE_SECONDS = 45.0
LATENCY_SECONDS = 0.02

Hand = Callable[[CountryCode, bytes], list[bytes]]
"""What arrives in place of one message to a country."""

Leaving = Callable[[bytes], None]
"""Sees what a process sends, before anybody else does."""


def honest_hand(_country: CountryCode, message: bytes) -> list[bytes]:
    """Carries what it is given."""
    return [message]


@dataclass(slots=True)
class Network:
    """The lines between nodes and coordinator.

    Attributes:
        to_node: what is done with the coordinator's messages on their way.
        cut_until: when a country's line works again.
        calls: those under way, by country.
    """

    loop: asyncio.AbstractEventLoop
    chance: Random
    server: "SimulatedServer | None" = None
    to_node: Hand = honest_hand
    cut_until: dict[CountryCode, float] = field(default_factory=dict)
    calls: dict[CountryCode, set["SimulatedCall"]] = field(default_factory=dict)

    def delay(self, country: CountryCode) -> float:
        """How long a message takes, from now."""
        waits = max(0.0, self.cut_until.get(country, 0.0) - self.loop.time())
        return waits + self.chance.expovariate(1 / LATENCY_SECONDS)

    def cut(self, country: CountryCode, seconds: float) -> None:
        """Nothing arrives for so long; beyond the keep-alive, the connections are lost."""
        self.cut_until[country] = self.loop.time() + seconds
        if seconds > KEEPALIVE_SECONDS:
            for call in list(self.calls.get(country, ())):
                self.loop.call_later(
                    KEEPALIVE_SECONDS * (0.5 + self.chance.random() / 2), call.break_at_node
                )
                self.loop.call_later(
                    KEEPALIVE_SECONDS * (0.5 + self.chance.random() / 2), call.break_at_server
                )

    def break_lines(self, country: CountryCode) -> None:
        """Every connection of the country breaks, and both sides notice."""
        for call in list(self.calls.get(country, ())):
            call.break_at_node()
            call.break_at_server()


class SimulatedServer:
    """Takes servicers as a grpc.aio.Server does, and admits callers as `make_server` does."""

    def __init__(self, clock: Callable[[], Any], admit: Callable[[Peer], None]) -> None:
        self.handlers: dict[str, Any] = {}
        self.alive = True

        def check(context: Any) -> None:
            peer = peer_of(context)
            peer.verify_valid_at(clock())
            admit(peer)

        self._interceptor = RefusalInterceptor(admit=check, new_reference=lambda: "simulated")

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """The older way of adding a service; the newer one follows."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Remember a service's methods."""
        for name, handler in handlers.items():
            self.handlers[f"/{service}/{name}"] = handler

    async def handler(self, method: str) -> Any:
        """A method, wrapped as the real server wraps it."""

        async def found(_details: Any) -> Any:
            return self.handlers[method]

        details = type("Details", (), {"method": method})()
        return await self._interceptor.intercept_service(found, details)


class SimulatedContext:
    """Who calls, and the status that the call ends with."""

    def __init__(self, certificate: bytes) -> None:
        self._facts = {
            "transport_security_type": [b"ssl"],
            "ssl_tls_version": [b"TLSv1.3"],
            "x509_pem_cert": [certificate],
        }
        self.status: tuple[grpc.StatusCode, str, Any] = (grpc.StatusCode.OK, "", ())

    def auth_context(self) -> dict[str, list[bytes]]:
        """As gRPC gives it."""
        return self._facts

    async def abort(self, code: grpc.StatusCode, details: str = "", metadata: Any = ()) -> NoReturn:
        """End the call."""
        self.status = (code, details, metadata)
        raise grpc.aio.AbortError


class SimulatedChannel:
    """What `dial` gives: calls of one country's node to the coordinator that runs."""

    def __init__(
        self, network: Network, country: CountryCode, certificate: bytes, leaving: Leaving
    ) -> None:
        self._network, self._country, self._certificate = network, country, certificate
        self._leaving = leaving
        self._calls: list[SimulatedCall] = []
        self.is_dead = False

    async def __aenter__(self) -> "SimulatedChannel":
        """The channel; nothing is connected yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every call."""
        for call in self._calls:
            call.cancel()

    def die(self) -> None:
        """The process is gone: the system closes its sockets."""
        self.is_dead = True
        for call in self._calls:
            call.break_at_server()

    def stream_stream(
        self, method: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Callable[[], "SimulatedCall"]:
        """A stream that is still to be opened."""

        def connect() -> SimulatedCall:
            call = SimulatedCall(
                self._network,
                self._country,
                SimulatedContext(self._certificate),
                method,
                (request_serializer, response_deserializer),
                leaving=self._leaving,
            )
            self._calls.append(call)
            return call

        return connect

    def unary_unary(self, *_: Any, **__: Any) -> Callable[..., NoReturn]:
        """No single call is needed: the charter is in force everywhere from the beginning."""

        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise NotImplementedError

        return refuse

    unary_stream = unary_unary


class SimulatedCall:
    """One stream, with both its ends."""

    def __init__(
        self,
        network: Network,
        country: CountryCode,
        context: SimulatedContext,
        method: str,
        codec: tuple[Callable[[Any], bytes], Callable[[bytes], Any]],
        *,
        leaving: Leaving,
    ) -> None:
        self._network, self._country, self._method = network, country, method
        self._encode, self._decode = codec
        self._context = context
        self._leaving = leaving
        self._loop = network.loop
        self._to_server = Line(network, country)
        self._to_node = Line(network, country)
        self._status: tuple[grpc.StatusCode, str, Any] | None = None
        self._ended = asyncio.Event()
        self._serving = self._loop.create_task(self._serve())
        network.calls.setdefault(country, set()).add(self)

    # ------------------------------------------------------------ the node's end

    async def write(self, message: Any) -> None:
        """Send a message.

        Raises:
            InvalidStateError, AioRpcError: as gRPC's calls do once they are over.
        """
        if self._status is not None:
            if self._status[0] is grpc.StatusCode.OK or self._network.chance.random() < 0.5:
                raise asyncio.InvalidStateError("RPC already finished.")
            raise self._error()
        raw = self._encode(message)
        self._leaving(raw)
        self._to_server.put(raw)
        await asyncio.sleep(0)

    async def read(self) -> Any:
        """The next message, or EOF."""
        raw = await self._to_node.get()
        if raw is not None:
            return self._decode(raw)
        await self._ended.wait()
        assert self._status is not None
        if self._status[0] is grpc.StatusCode.OK:
            return grpc.aio.EOF
        raise self._error()

    async def code(self) -> grpc.StatusCode:
        """How it ended."""
        await self._ended.wait()
        assert self._status is not None
        return self._status[0]

    async def details(self) -> str:
        """Why."""
        await self._ended.wait()
        assert self._status is not None
        return self._status[1]

    def cancel(self) -> bool:
        """End it from the node's side."""
        self._end((grpc.StatusCode.CANCELLED, "cancelled", ()))
        self.break_at_server()
        return True

    def break_at_node(self) -> None:
        """The node notices that the connection is gone."""
        self._end((grpc.StatusCode.UNAVAILABLE, "connection lost", ()))

    def _end(self, status: tuple[grpc.StatusCode, str, Any]) -> None:
        if self._status is None:
            self._status = status
            self._ended.set()
            self._to_node.close()

    def _error(self) -> grpc.aio.AioRpcError:
        assert self._status is not None
        code, details, metadata = self._status
        trailing = grpc.aio.Metadata(*metadata)
        return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details)

    # ------------------------------------------------------------ the coordinator's end

    def break_at_server(self) -> None:
        """The coordinator notices that the connection is gone; its servicer is cancelled."""
        self._serving.cancel()

    async def _serve(self) -> None:
        try:
            await asyncio.sleep(self._network.delay(self._country))
            server = self._network.server
            if server is None or not server.alive:
                self.break_at_node()
                return
            await self._answer(server)
        except grpc.aio.AbortError:
            status = self._context.status
            self._loop.call_later(self._network.delay(self._country), self._end, status)
        except BaseException as error:  # cancelled, or dead: the socket is closed all the same
            self.break_at_node_later()
            if isinstance(error, Exception):
                raise
        else:
            self._loop.call_later(
                self._network.delay(self._country), self._end, (grpc.StatusCode.OK, "", ())
            )
        finally:
            self._network.calls[self._country].discard(self)

    def break_at_node_later(self) -> None:
        """The news of a broken connection takes its time, too."""
        self._loop.call_later(self._network.delay(self._country), self.break_at_node)

    async def _answer(self, server: SimulatedServer) -> None:
        handler = await server.handler(self._method)
        answers = handler.stream_stream(self._requests(handler), self._context)
        try:
            async for answer in answers:
                if not server.alive:
                    raise asyncio.CancelledError
                raw = handler.response_serializer(answer)
                for altered in self._network.to_node(self._country, raw):
                    self._to_node.put(altered)
        finally:
            await answers.aclose()

    async def _requests(self, handler: Any) -> AsyncIterator[Any]:
        while (raw := await self._to_server.get()) is not None:
            yield handler.request_deserializer(raw)


class Line:
    """One direction of a connection: what is put in comes out in its order, later."""

    def __init__(self, network: Network, country: CountryCode) -> None:
        self._network, self._country = network, country
        self._arrived: deque[bytes | None] = deque()
        self._news = asyncio.Event()
        self._last = 0.0
        self._closed = False

    def put(self, message: bytes) -> None:
        """Put a message under way."""
        loop = self._network.loop
        # A microsecond apart at least: timers of one moment fire in no certain order.
        self._last = max(self._last + 1e-6, loop.time() + self._network.delay(self._country))
        loop.call_at(self._last, self._arrive, message)

    def close(self) -> None:
        """Nothing comes any more; what arrived can still be taken out."""
        self._closed = True
        self._arrive(None)

    async def get(self) -> bytes | None:
        """The next message; None at the end."""
        while not self._arrived:
            self._news.clear()
            await self._news.wait()
        if self._arrived[0] is None:
            return None
        return self._arrived.popleft()

    def _arrive(self, message: bytes | None) -> None:
        if self._closed and message is not None:
            return
        self._arrived.append(message)
        self._news.set()
