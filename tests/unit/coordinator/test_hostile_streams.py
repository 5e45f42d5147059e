"""What a node may send over a real stream that no honest node sends, and that it harms only itself.

A real coordinator on loopback, scripted nodes over real mutual TLS. Of five members one may drop
out of an attempt, so whatever the liar does, the other four get their answer.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest

from corridor.ids import CountryCode, Signature
from corridor.protocols.secure_sum.messages import (
    PROTOCOL_VERSION,
    Acceptance,
    MaskedInput,
    Opened,
    Shares,
    SurvivorSignature,
    Unmask,
)
from corridor.transport import codec
from corridor.transport.messages import Hello, NodeBody
from support.loopback_region import QUICK, LoopbackNode, LoopbackRegion

EVERYBODY = ["BG", "MD", "NG", "RO", "UA"]
RO = CountryCode("RO")
SQL = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackRegion]:
    region = LoopbackRegion(tmp_path_factory.mktemp("region"), deadlines=QUICK)
    region.enter()
    yield region
    region.close()


@pytest.fixture(autouse=True)
def nothing_is_lost(region: LoopbackRegion) -> Iterator[None]:
    """Afterwards the liar comes back in order and a question is answered by everybody."""
    yield
    liar = region.nodes[RO]
    liar.script.bend = lambda body: (body,)
    liar.disconnect()
    liar.connect()
    region.wait_for_members(*EVERYBODY)
    assert ask(region)["survivors"] == EVERYBODY


asked = iter(range(1000, 10_000))


def ask(region: LoopbackRegion) -> dict[str, Any]:
    """The release of a question that was never asked before."""
    shown = region.wait(region.ask(sql=SQL, rho=f"1/{next(asked)}")["id"])
    assert shown["state"] == "released", shown["failure"]
    release: dict[str, Any] = region.get(f"/api/v1/releases/{shown['release_id']}").json()
    (table,) = release["tables"]
    lost = set(EVERYBODY) - set(release["survivors"])
    truth = region.total(len(table["values"]), *map(CountryCode, lost))
    assert np.abs(np.array(table["values"]) - truth).max() < 6 * table["margin"]
    return release


# ---------------------------------------------------------------- bytes

Sent = list[bytes]


def refusal_of(node: LoopbackNode, sent: Sent) -> tuple[grpc.StatusCode, str | None, str]:
    """What the coordinator answers to these bytes on a new stream: status, code, words."""

    async def talk() -> tuple[grpc.StatusCode, str | None, str]:
        assert node.identity is not None
        credentials = grpc.ssl_channel_credentials(
            (node.region.world.home / "keys" / "ca.pem").read_bytes(),
            node.identity.key,
            node.identity.certificate,
        )
        # Not as a node dials: this one sends what is too long.
        unlimited = (("grpc.max_send_message_length", -1),)
        async with grpc.aio.secure_channel(node.region.grpc, credentials, unlimited) as channel:
            call: Any = channel.stream_stream("/corridor.v1.Exchange/Connect")()
            with suppress(grpc.RpcError, asyncio.InvalidStateError):
                for raw in sent:
                    await call.write(raw)
                    if raw is not sent[-1]:
                        await call.read()
                while await call.read() is not grpc.aio.EOF:
                    pass
            code = dict(await call.trailing_metadata() or ()).get("corridor-code")
            return await call.code(), code if code is None else str(code), str(await call.details())

    node.disconnect()
    answer: tuple[grpc.StatusCode, str | None, str] = node.region.nodes_loop.do(talk())
    return answer


def hello(node: LoopbackNode) -> bytes:
    greeting = Hello(node.country, PROTOCOL_VERSION, "test", node.script.standing())
    return codec.encode_node_message(greeting).SerializeToString()


def test_a29_bytes_that_are_no_message_end_the_stream_with_a_code(region: LoopbackRegion) -> None:
    node = region.nodes[RO]
    for sent in ([b"\xff" * 40], [hello(node), b"\xff" * 40]):
        status, code, words = refusal_of(node, sent)
        assert (status, code) == (grpc.StatusCode.INVALID_ARGUMENT, "wire.malformed")
        assert "/corridor.v1.Exchange/Connect" in words


def test_a29_a_field_that_does_not_hold_is_named(region: LoopbackRegion) -> None:
    node = region.nodes[RO]
    bad = codec.encode_node_message(
        Hello(node.country, PROTOCOL_VERSION, "test", node.script.standing())
    )
    bad.hello.standing.left_this_year = "a lot"
    status, code, words = refusal_of(node, [bad.SerializeToString()])
    assert (status, code) == (grpc.StatusCode.INVALID_ARGUMENT, "wire.malformed")
    assert "left_this_year" in words


def test_a29_a_message_longer_than_the_wire_carries_is_not_taken(region: LoopbackRegion) -> None:
    node = region.nodes[RO]
    status, code, _ = refusal_of(node, [hello(node), bytes((4 << 20) + 1)])
    # gRPC itself refuses it, before any of our code; while the sender is still writing, its client
    # may put INTERNAL in the place of what the server said.
    assert status in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL}
    assert code is None


# ---------------------------------------------------------------- words

Word = Acceptance | Opened | MaskedInput | SurvivorSignature | Unmask
WORDS = (Acceptance, Opened, MaskedInput, SurvivorSignature, Unmask)


def with_a_wrong_signature(body: Any) -> NodeBody:
    bent: NodeBody = replace(body, signature=Signature(bytes(64)))
    return bent


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_word_that_its_sender_did_not_sign_drops_it_out(
    region: LoopbackRegion, kind: type[Word]
) -> None:
    def bend(body: NodeBody) -> Iterable[NodeBody]:
        yield with_a_wrong_signature(body) if isinstance(body, kind) else body

    region.nodes[RO].script.bend = bend
    release = ask(region)
    # Who said its masked input is in the sum; the last two words only help to unmask it.
    late = kind in (SurvivorSignature, Unmask)
    assert (("RO" in release["survivors"]), sorted({*release["survivors"], "RO"})) == (
        late,
        EVERYBODY,
    )


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a20_a_word_that_is_repeated_harms_nobody_else(
    region: LoopbackRegion, kind: type[Word]
) -> None:
    def twice(body: NodeBody) -> Iterable[NodeBody]:
        yield body
        if isinstance(body, kind):
            yield body

    region.nodes[RO].script.bend = twice
    # Within its round nobody notices; where the round is over it costs the sender its own place.
    assert sorted({*ask(region)["survivors"], "RO"}) == EVERYBODY


def test_a20_a_word_of_an_earlier_attempt_drops_its_sender_out(region: LoopbackRegion) -> None:
    heard: dict[type, NodeBody] = {}

    def remember(body: NodeBody) -> Iterable[NodeBody]:
        heard[type(body)] = body
        yield body

    def replay(body: NodeBody) -> Iterable[NodeBody]:
        yield heard[Opened] if isinstance(body, Opened) else body

    region.nodes[RO].script.bend = remember
    ask(region)
    region.nodes[RO].script.bend = replay
    assert ask(region)["survivors"] == ["BG", "MD", "NG", "UA"]


def test_a_word_out_of_its_round_drops_its_sender_out(region: LoopbackRegion) -> None:
    def early(body: NodeBody) -> Iterable[NodeBody]:
        if isinstance(body, Shares):
            yield SurvivorSignature(RO, Signature(bytes(64)))
        yield body

    region.nodes[RO].script.bend = early
    assert ask(region)["survivors"] == ["BG", "MD", "NG", "UA"]
