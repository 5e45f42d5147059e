"""Live streams: one per country, and none that is not read."""

import asyncio

import pytest

from corridor.coordinator.connections import UNREAD_LIMIT, Connection, Connections
from corridor.errors.region import StreamReplacedError, StreamTooSlowError
from corridor.ids import CountryCode, Digest, SessionId
from corridor.transport.messages import CharterAvailable, NodeInSession, Refusal
from support.scripted_node import ScriptedNode
from support.signing import KeyPair

MD = CountryCode("MD")
NEWS = CharterAvailable(Digest(bytes(32)), in_force=True)
WORD = NodeInSession(SessionId(bytes(16)), Refusal("x.y", ""))


def connection() -> Connection:
    return Connection(MD, ScriptedNode(MD, KeyPair("node MD")).standing())


def test_messages_go_out_in_order_until_the_stream_is_closed() -> None:
    stream = connection()
    stream.send(NEWS)
    stream.close()
    stream.send(NEWS)

    async def heard() -> list[object]:
        return [await stream.next(), await stream.next()]

    assert asyncio.run(heard()) == [NEWS, None]


def test_a_newer_stream_ends_the_older_and_drops_it_out() -> None:
    lost: list[CountryCode] = []
    streams, old, new = Connections(), connection(), connection()

    async def nobody(_country: CountryCode, _message: NodeInSession) -> None:
        raise AssertionError

    streams.listen(nobody, lost.append, lambda _: None)
    streams.add(old)
    streams.add(new)
    with pytest.raises(StreamReplacedError):
        asyncio.run(old.next())
    assert lost == [MD]
    asyncio.run(streams.receive(old, WORD))  # what the old one still says is dropped
    assert streams.remove(old) is False
    assert streams.live == {MD: new}


def test_a_stream_that_nobody_reads_is_ended() -> None:
    streams, stream = Connections(), connection()
    streams.add(stream)
    for _ in range(UNREAD_LIMIT + 1):
        streams.send(MD, NEWS)
    with pytest.raises(StreamTooSlowError):
        asyncio.run(stream.next())


def test_what_nodes_say_while_no_attempt_runs_is_dropped() -> None:
    heard: list[object] = []
    streams, stream = Connections(), connection()
    streams.add(stream)

    async def hear(_country: CountryCode, message: NodeInSession) -> None:
        heard.append(message)

    streams.listen(hear, lambda _: None, lambda _: None)
    asyncio.run(streams.receive(stream, WORD))
    streams.stop_listening()
    asyncio.run(streams.receive(stream, WORD))
    assert heard == [WORD]


def test_sending_to_who_is_not_there_does_nothing() -> None:
    Connections().send(MD, NEWS)
