"""The node's one connection: it dials out, says hello, and carries messages until told to stop.

    connecting ⇄ connected        reconnects with growing, jittered pauses; gives up never

Deciding happens in `sessions`, in one worker thread: messages are answered one after the other, and
a long answer (a masked vector) is written piece by piece while the stream stays alive. What was
made with the case data leaves at a slot of the reply schedule, counted from when the message came.
When the stream ends, for whatever reason, every attempt's secrets are dropped: this node has
dropped out.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeAlias, TypeVar, cast

import grpc
import structlog

from corridor.errors import CorridorError
from corridor.errors.node import CoordinatorUnreachableError, NoCharterError
from corridor.ids import Digest, SessionId
from corridor.node.attempt import Clock
from corridor.node.link import membership
from corridor.node.reply_schedule import Hold, slot_after
from corridor.node.sessions import Sessions
from corridor.node.status import StatusBoard
from corridor.node.witness_desk import WitnessDesk
from corridor.protocols.contradictions import ContradictionTold
from corridor.protocols.witnesses import (
    LedgerEntries,
    WitnessAnswer,
    WitnessAsk,
    WitnessRequest,
)
from corridor.transport import codec
from corridor.transport.messages import (
    CharterAvailable,
    CheckpointToCosign,
    CoordinatorInSession,
    CoordinatorMessage,
    Cosigned,
    Hello,
    NodeInSession,
    NodeMessage,
    Progress,
    Refusal,
    Standing,
    TreeStanding,
    Welcome,
)
from corridor.transport.refusals import error_of
from corridor.wire.v1 import exchange_pb2, exchange_pb2_grpc

_log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0

SWEEP_SECONDS = 10.0
WORRYING_SKEW_SECONDS = 60
NEW = "a new one waits: `corridor node accept`"
SIGNED = "signed; waits for the other members"

WitnessMessage: TypeAlias = (
    WitnessAsk | WitnessAnswer | LedgerEntries | WitnessRequest | ContradictionTold
)

_Result = TypeVar("_Result")
_Answer = TypeVar("_Answer")
_Received: TypeAlias = exchange_pb2.CoordinatorMessage | None
_Call: TypeAlias = (
    "grpc.aio.StreamStreamCall[exchange_pb2.NodeMessage, exchange_pb2.CoordinatorMessage]"
)


@dataclass(frozen=True, slots=True)
class CharterStanding:
    """Which charter is in force at this node, and which one it signed last."""

    in_force: Digest | None
    accepted: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParts:
    """What a link is made of.

    Attributes:
        dial: a new channel to the coordinator.
        hello: who calls, and how this node stands right now.
        confirm_charter: takes a charter document into force, or raises.
        make_sessions: what answers proposals under the charter in force.
        look_around: looks every few seconds what people changed beside this process, and says
            whether the coordinator has reason to propose something again.
        witnesses: what witnesses under it; None where there is no charter yet.
        on_checkpoint: cosigns a checkpoint of the release tree, asks or refuses.
        tree_standing: up to where this node knows that tree.
        jitter: a number from 0 to 1.
        worker: one thread, in which everything of the node happens.
    """

    dial: Callable[[], grpc.aio.Channel]
    hello: Callable[[], Hello]
    charter_of: Callable[[], CharterStanding]
    confirm_charter: Callable[[bytes], None]
    make_sessions: Callable[[], Sessions]
    witnesses: Callable[[], WitnessDesk | None]
    on_checkpoint: Callable[[CheckpointToCosign], Cosigned | TreeStanding | None]
    tree_standing: Callable[[], TreeStanding]
    board: StatusBoard
    clock: Clock
    jitter: Callable[[], float]
    worker: Executor
    look_around: Callable[[], bool] = lambda: False


class Link:
    """Keeps one node connected. `run` returns when `stop` was called."""

    def __init__(self, parts: LinkParts) -> None:
        self._parts = parts
        self._stopping = asyncio.Event()
        self._trouble = ""

    def stop(self) -> None:
        """Let `run` end."""
        self._stopping.set()

    async def run(self) -> None:
        """Stay connected until `stop`."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            show_link(self._parts, "connecting", self._trouble)
            conversation = _Conversation(self._parts, self._stopping)
            try:
                await conversation.hold()
            except grpc.RpcError as error:
                self._lost(error_of(error))
            except CorridorError as error:
                self._lost(error)
            if conversation.welcomed:
                pause = FIRST_PAUSE_SECONDS
            # Many nodes lose one coordinator at once: spread their return.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause * (0.5 + self._parts.jitter()))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        show_link(self._parts, "stopped", "")

    def _lost(self, error: CorridorError) -> None:
        if not self._stopping.is_set():
            _log.info("link.lost", code=error.code)
            self._trouble = str(error)
            show_link(self._parts, "disconnected", self._trouble)


class _Conversation:
    """One connection, from hello to its end."""

    def __init__(self, parts: LinkParts, stopping: asyncio.Event) -> None:
        self._parts = parts
        self._stopping = stopping
        self._sessions: Sessions | None = None
        self._told: Standing | None = None
        self.welcomed = False

    async def hold(self) -> None:
        """Converse until the stream ends or the node stops.

        Raises:
            grpc.RpcError, CorridorError: why the stream ended.
        """
        async with self._parts.dial() as channel:
            call: _Call = exchange_pb2_grpc.ExchangeStub(channel).Connect()
            out = _OneWriter(call)
            watchers = [
                asyncio.create_task(self._cancel_when_stopped(call)),
                asyncio.create_task(self._look_around(out)),
            ]
            try:
                hello = await self._work(self._parts.hello)
                await _write(out, hello)
                self._told = hello.standing
                while (message := await call.read()) is not grpc.aio.EOF:
                    await self._on_message(
                        codec.decode_coordinator_message(cast(_Received, message)), out, channel
                    )
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            finally:
                for watcher in watchers:
                    watcher.cancel()
                await self._drop_all()
            if not self._stopping.is_set() and (await call.code()) is not grpc.StatusCode.OK:
                raise CoordinatorUnreachableError(await call.details() or "the stream ended")

    async def _cancel_when_stopped(self, call: _Call) -> None:
        await self._stopping.wait()
        call.cancel()

    async def _look_around(self, out: "_Writes") -> None:
        """Every few seconds: what people changed beside this process, which attempts are over."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                if await self._work(self._parts.look_around) and self._told is not None:
                    # Said again, unchanged: people here have decided, so propose it again.
                    await _write(out, self._told)
            except (CorridorError, grpc.RpcError) as error:
                _log.warning("link.look_around", code=getattr(error, "code", "wire"))
            if self._sessions is not None:
                await self._work(self._sessions.drop_expired)

    async def _drop_all(self) -> None:
        if self._sessions is not None:
            await self._work(self._sessions.drop_all)
            self._sessions = None

    async def _on_message(
        self, message: CoordinatorMessage, call: "_Writes", channel: grpc.aio.Channel
    ) -> None:
        match message:
            case Welcome():
                self.welcomed = True
                self._greeted(message)
                await self._settle_charter(message.charter, call, channel)
            case CharterAvailable(in_force=True, charter=charter):
                await self._settle_charter(charter, call, channel)
            case CharterAvailable(charter=charter):
                standing = await self._work(self._parts.charter_of)
                signed = charter == standing.accepted
                self._parts.board.show(charter=SIGNED if signed else NEW)
            case CheckpointToCosign():
                answer = await self._work(self._parts.on_checkpoint, message)
                if answer is not None:
                    await _write(call, answer)
                if isinstance(answer, TreeStanding) and answer.code:
                    await self._tell_fresh(call)  # two lists may have been seen
            case CoordinatorInSession():
                await self._in_session(message, call)
                if not isinstance(message.body, Progress):
                    await self._tell_fresh(call)
                    await self._tell_standing(call)
            case _:
                await self._witness(message, call)

    async def _settle_charter(
        self, charter: Digest | None, call: "_Writes", channel: grpc.aio.Channel
    ) -> None:
        """Answer under the charter in force, once its every signature was verified here."""
        board = self._parts.board
        standing = await self._work(self._parts.charter_of)
        if charter is None:
            board.show(charter="not in force yet" if standing.accepted is None else SIGNED)
            return
        if charter not in {standing.in_force, standing.accepted}:
            board.show(charter="another is in force: run `corridor node accept`")
            return
        if charter == standing.in_force and self._sessions is not None:
            return  # it was announced before; attempts under it may be under way
        # First: attempts of the old charter reserved in a ledger that closes.
        await self._drop_all()
        if charter != standing.in_force:
            document = await membership.fetch_charter(channel, charter)
            await self._work(self._parts.confirm_charter, document.signed_charter)
        self._sessions = await self._work(self._parts.make_sessions)
        board.show(charter="in force")
        await self._tell_standing(call)
        await _write(call, await self._work(self._parts.tree_standing))
        witnesses = await self._work(self._parts.witnesses)
        if witnesses is not None:
            await _write(call, await self._work(witnesses.ask))

    async def _witness(self, message: WitnessMessage, call: "_Writes") -> None:
        """Witness the others' ledgers, and take their word on this one's."""
        turn = _Turn(self._parts.witnesses, message)
        try:
            while (answer := await self._work(turn.next)) is not None:
                await _write(call, answer)
        except CorridorError as error:
            if isinstance(error, CoordinatorUnreachableError):
                raise
            # One member's word that does not hold, or a full disk: this node does not witness.
            _log.warning("witness.refused", code=error.code)
            self._parts.board.show(last=f"refused ({error.code})")
        if turn.has_evidence:
            await self._tell_fresh(call)
        if turn.has_changed:
            await self._tell_standing(call)

    async def _tell_fresh(self, call: "_Writes") -> None:
        """Send the others what they were not sent yet: entries of this ledger, contradictions."""
        witnesses = await self._work(self._parts.witnesses)
        if witnesses is not None:
            fresh: Iterator[NodeMessage] = chain(witnesses.fresh(), witnesses.fresh_evidence())
            while (told := await self._work(_next, fresh)) is not None:
                await _write(call, told)

    async def _tell_standing(self, call: "_Writes") -> None:
        """Say how this node stands, if that has changed since it was said last."""
        standing = (await self._work(self._parts.hello)).standing
        if standing != self._told:
            await _write(call, standing)
            self._told = standing

    async def _in_session(self, message: CoordinatorInSession, call: "_Writes") -> None:
        if self._sessions is None:
            error = NoCharterError()
            refusal = NodeInSession(message.session, Refusal(error.code, str(error)))
            await _write(call, refusal)
            return
        arrived, is_held = asyncio.get_running_loop().time(), False
        answers = self._sessions.on_message(message)
        try:
            while (answer := await self._work(_next, answers)) is not None:
                if not isinstance(answer, Hold):
                    await _write(call, answer)
                elif not is_held:
                    is_held = True
                    await self._hold(answer.first, arrived, message.session)
        except (CorridorError, grpc.RpcError, asyncio.CancelledError):
            raise
        except Exception:  # noqa: BLE001  # the outermost loop: the node goes on
            # A bug of ours. The attempt is gone already; the coordinator learns nothing of it.
            _log.exception("message.failed", session=message.session.hex())
            refusal = NodeInSession(
                message.session, Refusal("node.internal", "an internal error; its log has it")
            )
            await _write(call, refusal)

    async def _hold(self, first: float, arrived: float, session: SessionId) -> None:
        """Wait for the slot in which the reply leaves; note it if that is not the first.

        Raises:
            CoordinatorUnreachableError: the node is being stopped; nothing leaves before its time.
        """
        loop = asyncio.get_running_loop()
        slot = slot_after(first, loop.time() - arrived)
        if slot > first and self._sessions is not None:
            await self._work(self._sessions.left_late, session, slot)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), arrived + slot - loop.time())
            raise CoordinatorUnreachableError("this node is being stopped")

    def _greeted(self, welcome: Welcome) -> None:
        skew = abs(self._parts.clock().timestamp() - welcome.server_time)
        late = skew > WORRYING_SKEW_SECONDS
        show_link(
            self._parts,
            "connected",
            f"the coordinator's clock differs by {skew:.0f} s" if late else "",
        )

    async def _work(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._parts.worker, function, *arguments)


class _Writes(Protocol):
    """Takes encoded messages."""

    async def write(self, request: exchange_pb2.NodeMessage, /) -> None:
        """Send one."""


class _OneWriter:
    """A stream to which several tasks write: one message after the other, as gRPC wants it."""

    def __init__(self, call: _Call) -> None:
        self._call = call
        self._turn = asyncio.Lock()

    async def write(self, request: exchange_pb2.NodeMessage, /) -> None:
        """Send one."""
        async with self._turn:
            await self._call.write(request)


async def _write(call: "_Writes", message: NodeMessage) -> None:
    """Send a message.

    Raises:
        CoordinatorUnreachableError: the stream has ended meanwhile.
        grpc.RpcError: it ends with this.
    """
    try:
        await call.write(codec.encode_node_message(message))
    except asyncio.InvalidStateError as error:
        raise CoordinatorUnreachableError("the stream ended") from error


def show_link(parts: LinkParts, link: str, detail: str) -> None:
    """Write the state of the link to the status."""
    parts.board.show(link=link, detail=detail, since=parts.clock())


def _next(answers: Iterator[_Answer]) -> _Answer | None:
    return next(answers, None)


class _Turn:
    """One message between witnesses, answered piece by piece in the worker's thread.

    Most are another member's new entries, which call for no answer. In a region of n nodes there
    are several of each other member in every attempt, so one visit to that thread has to do.
    """

    def __init__(
        self, witnesses: Callable[[], WitnessDesk | None], message: WitnessMessage
    ) -> None:
        self.has_changed = False
        self.has_evidence = False
        self._find, self._message = witnesses, message
        self._answers: Iterator[NodeMessage] | None = None
        self._was_witnessed = False

    def next(self) -> NodeMessage | None:
        """The next piece of the answer; None at its end, or where there is no desk yet.

        Raises:
            CorridorError: what the desk raises.
        """
        desk = self._find()
        if desk is None:
            return None
        if self._answers is None:
            self._answers, self._was_witnessed = _witnessing(desk, self._message), desk.is_witnessed
        try:
            return next(self._answers, None)
        finally:
            self.has_changed = desk.is_witnessed != self._was_witnessed
            self.has_evidence = desk.has_evidence_to_tell


def _witnessing(witnesses: WitnessDesk, message: WitnessMessage) -> Iterator[NodeMessage]:
    match message:
        case WitnessAsk():
            yield from witnesses.on_ask(message)
        case WitnessAnswer():
            yield from witnesses.on_answer(message)
        case LedgerEntries():
            yield from witnesses.on_entries(message)
        case WitnessRequest():
            yield witnesses.on_request(message)
        case ContradictionTold():
            yield from witnesses.on_told(message)
