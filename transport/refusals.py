"""Our errors as gRPC statuses, and back: the one file that knows both.

    CorridorError            status                  at the caller
    InvalidInputError        INVALID_ARGUMENT        RemoteInvalidInputError
    NotAllowedError          PERMISSION_DENIED       RemoteRefusalError
    RefusedError             FAILED_PRECONDITION     RemoteRefusalError
    NotFoundError            NOT_FOUND               RemoteRefusalError
    UnavailableError         UNAVAILABLE             RemoteUnavailableError
    DamagedError             DATA_LOSS               RemoteFailureError
    anything else of ours    INTERNAL                RemoteFailureError

The code travels in the trailing metadata `corridor-code`, the message as the status's text. An
error that is not ours is a bug: it is logged with its traceback, and the caller learns
"internal" and a reference. (gRPC by itself would send the caller the exception's text.)
"""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError

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
    RemoteError,
    RemoteFailureError,
    RemoteInvalidInputError,
    RemoteRefusalError,
    RemoteUnavailableError,
)
from corridor.transport.codec import fields

_log = structlog.get_logger()

CODE_KEY = "corridor-code"
INTERNAL = "internal"
LONGEST_TEXT_BYTES = 2000
"""A status's text travels percent-encoded in a header block that peers limit to 8 KiB."""

STATUS: tuple[tuple[type[CorridorError], grpc.StatusCode], ...] = (
    (InvalidInputError, grpc.StatusCode.INVALID_ARGUMENT),
    (NotAllowedError, grpc.StatusCode.PERMISSION_DENIED),
    (RefusedError, grpc.StatusCode.FAILED_PRECONDITION),
    (NotFoundError, grpc.StatusCode.NOT_FOUND),
    (UnavailableError, grpc.StatusCode.UNAVAILABLE),
    (DamagedError, grpc.StatusCode.DATA_LOSS),
    (CorridorError, grpc.StatusCode.INTERNAL),
)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MaybeHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"

_REMOTE: dict[grpc.StatusCode, type[RemoteError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: RemoteInvalidInputError,
    grpc.StatusCode.UNAVAILABLE: RemoteUnavailableError,
    grpc.StatusCode.DATA_LOSS: RemoteFailureError,
    grpc.StatusCode.INTERNAL: RemoteFailureError,
}


class RefusalInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method of a server: first `admit`, then the method, and errors as statuses.

    Args:
        admit: raises what speaks against answering this caller at all (`channels.peer_of` does).
        new_reference: names an internal error in the log and to the caller.
    """

    def __init__(
        self, *, admit: Callable[[Context], object], new_reference: Callable[[], str]
    ) -> None:
        self._admit = admit
        self._new_reference = new_reference

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MaybeHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> MaybeHandler:
        """Wrap the method that the call is for, whichever of the four kinds it is."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        name = str(handler_call_details.method)
        make: Callable[..., Handler]
        method: Any
        if handler.request_streaming and handler.response_streaming:
            make, method = grpc.stream_stream_rpc_method_handler, handler.stream_stream
        elif handler.request_streaming:
            make, method = grpc.stream_unary_rpc_method_handler, handler.stream_unary
        elif handler.response_streaming:
            make, method = grpc.unary_stream_rpc_method_handler, handler.unary_stream
        else:
            make, method = grpc.unary_unary_rpc_method_handler, handler.unary_unary
        wrap = self._stream if inspect.isasyncgenfunction(method) else self._call
        return make(
            wrap(name, method),
            request_deserializer=_reader(name, handler),
            response_serializer=handler.response_serializer,
        )

    def _call(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(request: Any, context: Context) -> Any:
            try:
                self._admit(context)
                return await method(_readable(request), context)
            except Exception as error:  # noqa: BLE001  # the edge of the process
                await self._refuse(name, context, error)

        return answer

    def _stream(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
            try:
                self._admit(context)
                answers = method(_readable(request), context)
                async with contextlib.aclosing(answers) as messages:
                    async for message in messages:
                        yield message
            except Exception as error:  # noqa: BLE001  # the edge of the process
                await self._refuse(name, context, error)

        return answer

    async def _refuse(self, name: str, context: Context, error: Exception) -> NoReturn:
        if isinstance(error, grpc.aio.AbortError | asyncio.CancelledError):
            raise error
        if isinstance(error, CorridorError):
            _log.info("call.refused", method=name, code=error.code)
            status = next(status for kind, status in STATUS if isinstance(error, kind))
            code, text = error.code, _shortened(str(error))
        else:
            reference = self._new_reference()
            _log.error("call.failed", method=name, reference=reference, exc_info=error)
            status, code = grpc.StatusCode.INTERNAL, INTERNAL
            text = f"internal error; its operators find it in their log under {reference}"
        await context.abort(status, text, ((CODE_KEY, code),))


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for a single request that is no protobuf, until somebody can be told."""

    error: MalformedMessageError


def _reader(name: str, handler: Handler) -> Callable[[bytes], Any] | None:
    """The method's deserializer; what is no protobuf is the sender's fault, and no bug of ours.

    An error raised here reaches a method that reads a stream of requests; raised for a single
    request it would end the call with gRPC's own words, so there it is handed on as a value.
    """
    read = handler.request_deserializer
    if read is None:
        return None

    def answer(raw: bytes) -> Any:
        try:
            return read(raw)
        except DecodeError as error:
            refusal = MalformedMessageError(
                f"{name}: the bytes of a message are no protobuf message"
            )
            if handler.request_streaming:
                raise refusal from error
            return _Unreadable(refusal)

    return answer


def _readable(request: Any) -> Any:
    if isinstance(request, _Unreadable):
        raise request.error
    return request


def error_of(error: grpc.RpcError) -> CorridorError:
    """What a failed call means: the peer's own code and text, or that it could not be reached.

    What the peer says is shown to people, so it is held to the limits of every other message.
    """
    if not isinstance(error, grpc.aio.AioRpcError):
        return CannotConnectError("the connection ended before the peer answered; try again")
    status, text = error.code(), error.details() or ""
    code = _code_in(error.trailing_metadata())
    if code is not None:
        if not fields.is_plain(text):
            text = "the peer's message holds control characters and is not shown"
        return _REMOTE.get(status, RemoteRefusalError)(code, text)
    return _without_code(status, text)


def _without_code(status: grpc.StatusCode, text: str) -> CorridorError:
    match status:
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return MessageTooLargeError(
                "a message is longer than the 4 MiB that the wire carries; it was not delivered"
            )
        case grpc.StatusCode.UNIMPLEMENTED:
            return IncompatiblePeerError()
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED:
            return CannotConnectError(
                f"the peer does not answer ({_connection_problem(text)}). Check the address, that "
                "it runs, and both clocks; a rejected certificate shows here in the same way."
            )
        case grpc.StatusCode.CANCELLED:
            return CannotConnectError("the call was ended before the peer answered; try again")
        case _:
            return RemoteFailureError(
                "wire.remote_failure", f"the peer failed without saying why ({status.name})"
            )


def _code_in(metadata: grpc.aio.Metadata) -> str | None:
    for key, value in metadata:
        if key == CODE_KEY and isinstance(value, str):
            try:
                return fields.code(CODE_KEY, value)
            except MalformedMessageError:
                return None
    return None


def _connection_problem(text: str) -> str:
    plain = text if fields.is_plain(text) else "unreadable"
    return plain.replace("\n", " ")[:300] or "no reason was given"


def _shortened(text: str) -> str:
    raw = text.encode()
    if len(raw) <= LONGEST_TEXT_BYTES:
        return text
    return raw[:LONGEST_TEXT_BYTES].decode(errors="ignore") + " …"
