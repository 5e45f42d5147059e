import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from grpc.aio import AioRpcError, Metadata
from structlog.testing import capture_logs

from corridor.errors import (
    CorridorError,
    DamagedError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from corridor.errors.wire import (
    CannotConnectError,
    IncompatiblePeerError,
    MalformedMessageError,
    MessageTooLargeError,
    RemoteFailureError,
    RemoteInvalidInputError,
    RemoteRefusalError,
    RemoteUnavailableError,
)
from corridor.transport.refusals import RefusalInterceptor, error_of
from corridor.wire.v1.common_pb2 import Refusal


class Handlers:
    """Four methods, one of each kind, that raise what they are told."""

    def __init__(self, error: Exception | None, after: int = 0) -> None:
        self.error, self.after = error, after

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

    async def unary(self, request: bytes, _: Any) -> bytes:
        self._raise()
        return request

    async def collect(self, requests: AsyncIterator[bytes], _: Any) -> bytes:
        self._raise()
        return b"".join([request async for request in requests])

    async def spread(self, request: bytes, _: Any) -> AsyncIterator[bytes]:
        for _ in range(self.after):
            yield request
        self._raise()

    async def both(self, requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request
            self._raise()

    async def both_by_hand(self, requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            await context.write(request)
            self._raise()

    def table(self, parse: Callable[[bytes], Any] | None) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "test.Echo",
            {
                "unary": grpc.unary_unary_rpc_method_handler(self.unary, parse),
                "collect": grpc.stream_unary_rpc_method_handler(self.collect, parse),
                "spread": grpc.unary_stream_rpc_method_handler(self.spread, parse),
                "both": grpc.stream_stream_rpc_method_handler(self.both, parse),
                "by_hand": grpc.stream_stream_rpc_method_handler(self.both_by_hand, parse),
            },
        )


async def said(
    method: str,
    error: Exception | None,
    *,
    after: int = 0,
    refuse: Exception | None = None,
    parse: Callable[[bytes], object] | None = None,
) -> tuple[list[bytes], CorridorError | None]:
    """What a caller of `method` hears: the messages, then the error if there was one.

    When a server ends a call while its client is still writing, gRPC's aio client may put an
    INTERNAL of its own in place of the status that was sent. Then the call is made again: what is
    tested is what we send.
    """
    heard, problem = await said_once(method, error, after=after, refuse=refuse, parse=parse)
    for _ in range(20):
        if "failed without saying why (INTERNAL)" in str(problem):
            heard, problem = await said_once(method, error, after=after, refuse=refuse, parse=parse)
    return heard, problem


async def said_once(
    method: str,
    error: Exception | None,
    *,
    after: int,
    refuse: Exception | None,
    parse: Callable[[bytes], object] | None,
) -> tuple[list[bytes], CorridorError | None]:

    def admit(context: object) -> None:
        if refuse is not None:
            raise refuse

    interceptor = RefusalInterceptor(admit=admit, new_reference=lambda: "R-1")
    server = grpc.aio.server(interceptors=(interceptor,))
    server.add_generic_rpc_handlers((Handlers(error, after).table(parse),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    heard: list[bytes] = []
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                await _call(channel, method, heard)
            except grpc.RpcError as problem:
                return heard, error_of(problem)
            return heard, None
    finally:
        await server.stop(None)


async def _call(channel: grpc.aio.Channel, method: str, heard: list[bytes]) -> None:
    path = f"/test.Echo/{method}"
    multi: Any = {
        "unary": channel.unary_unary,
        "collect": channel.stream_unary,
        "spread": channel.unary_stream,
    }.get(method, channel.stream_stream)(path)
    sent: Any = b"a" if method in ("unary", "spread") else iter([b"a", b"b"])
    call = multi(sent, timeout=5)
    if method in ("unary", "collect"):
        heard.append(await call)
    else:
        async for message in call:
            heard.append(message)  # noqa: PERF401  # what came before an error counts


METHODS = ["unary", "collect", "spread", "both", "by_hand"]


class TooLateError(RefusedError):
    code = "test.too_late"


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_crosses_the_wire_with_code_and_text(method: str) -> None:
    _, error = asyncio.run(said(method, TooLateError("round 3: too late; nothing was signed – é")))
    assert isinstance(error, RemoteRefusalError)
    assert isinstance(error, RefusedError)
    assert error.code == "test.too_late"
    assert str(error) == "round 3: too late; nothing was signed – é"


@pytest.mark.parametrize("method", METHODS)
def test_without_an_error_the_answers_pass_unchanged(method: str) -> None:
    heard, error = asyncio.run(said(method, None, after=2))
    assert error is None
    assert b"".join(heard) in (b"a", b"ab", b"aa")


def test_what_a_stream_said_before_its_refusal_is_heard() -> None:
    heard, error = asyncio.run(said("spread", TooLateError("no"), after=3))
    assert heard == [b"a", b"a", b"a"]
    assert error is not None
    assert error.code == "test.too_late"


@pytest.mark.parametrize("method", METHODS)
def test_a37_a_bug_is_told_as_a_reference_and_nothing_else(method: str) -> None:
    with capture_logs() as logs:
        _, error = asyncio.run(said(method, ValueError("Ana Popescu, born 2009")))
    assert isinstance(error, RemoteFailureError)
    assert error.code == "internal"
    assert "R-1" in str(error)
    assert "Popescu" not in str(error)
    line = logs[-1]
    assert line["event"] == "call.failed"
    assert line["reference"] == "R-1"
    assert isinstance(line["exc_info"], ValueError)


@pytest.mark.parametrize("method", METHODS)
def test_a29_a_request_that_is_no_protobuf_is_the_senders_fault(method: str) -> None:
    with capture_logs() as logs:
        _, error = asyncio.run(said(method, None, parse=Refusal.FromString))
    assert isinstance(error, RemoteInvalidInputError)
    assert error.code == "wire.malformed"
    assert {line["event"] for line in logs} == {"call.refused"}


@pytest.mark.parametrize("method", METHODS)
def test_who_is_not_admitted_reaches_no_method(method: str) -> None:
    heard, error = asyncio.run(said(method, None, refuse=NotAllowedError("not you")))
    assert heard == []
    assert error is not None
    assert error.code == "refused.not_allowed"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MalformedMessageError("x"), RemoteInvalidInputError),
        (InvalidInputError("x"), RemoteInvalidInputError),
        (NotAllowedError("x"), RemoteRefusalError),
        (NotFoundError("x"), RemoteRefusalError),
        (UnavailableError("x"), RemoteUnavailableError),
        (DamagedError("x"), RemoteFailureError),
        (CorridorError("x"), RemoteFailureError),
    ],
    ids=["malformed", "invalid", "not-allowed", "not-found", "unavailable", "damaged", "other"],
)
def test_each_kind_of_error_stays_of_its_kind(
    error: CorridorError, kind: type[CorridorError]
) -> None:
    _, heard = asyncio.run(said("unary", error))
    assert type(heard) is kind
    assert heard.code == error.code


def test_a_long_text_is_shortened_and_still_arrives() -> None:
    _, error = asyncio.run(said("unary", TooLateError("é" * 5000)))
    assert error is not None
    assert error.code == "test.too_late"
    assert str(error).startswith("é" * 500)
    assert len(str(error)) < 2100


def failed(status: grpc.StatusCode, details: str = "", code: str | None = None) -> CorridorError:
    metadata = Metadata(*([("corridor-code", code)] if code is not None else []))
    return error_of(AioRpcError(status, Metadata(), metadata, details=details))


def test_a_peer_that_does_not_answer_is_unavailable_and_may_be_tried_again() -> None:
    for status in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    ):
        assert isinstance(failed(status), CannotConnectError)
    assert isinstance(error_of(grpc.RpcError()), CannotConnectError)


def test_a40_a_call_that_the_peer_does_not_know_asks_for_an_update() -> None:
    assert isinstance(failed(grpc.StatusCode.UNIMPLEMENTED), IncompatiblePeerError)


def test_a_message_that_is_too_long_says_so() -> None:
    assert isinstance(failed(grpc.StatusCode.RESOURCE_EXHAUSTED), MessageTooLargeError)


def test_a_failure_without_code_is_the_peers() -> None:
    assert isinstance(failed(grpc.StatusCode.UNKNOWN, "secret"), RemoteFailureError)
    assert "secret" not in str(failed(grpc.StatusCode.UNKNOWN, "secret"))


def test_a35_a_peer_cannot_move_the_readers_cursor() -> None:
    error = failed(grpc.StatusCode.FAILED_PRECONDITION, "\x1b[2Jall is well", "a.b")
    assert "\x1b" not in str(error)
    error = failed(grpc.StatusCode.UNAVAILABLE, "\x1b[2Jall is well")
    assert "\x1b" not in str(error)


def test_a_code_that_is_none_is_not_believed() -> None:
    error = failed(grpc.StatusCode.FAILED_PRECONDITION, "x", "Not a code")
    assert error.code == "wire.remote_failure"
