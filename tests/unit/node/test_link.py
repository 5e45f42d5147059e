"""The node's stream, where what the coordinator says at a bad moment must not break the node."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from corridor.node.link import membership
from corridor.node.link.stream import CharterStanding, LinkParts, _Conversation
from corridor.protocols.secure_sum.messages import PROTOCOL_VERSION
from corridor.transport.messages import CharterDocument, Hello, Standing
from support.node_region import FOUR, RealNode, Talk, charter_of_four, start


class OpenStream:
    """A stream that takes everything."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    async def write(self, message: Any) -> None:
        self.written.append(message)


def link_parts(node: RealNode, worker: ThreadPoolExecutor, **of_the_test: Any) -> LinkParts:
    return LinkParts(
        dial=lambda: cast(grpc.aio.Channel, None),
        make_sessions=lambda: node.sessions,
        witnesses=lambda: None,
        on_checkpoint=node.cosigning.on_checkpoint,
        tree_standing=node.cosigning.standing,
        board=node.board,
        clock=node.clock,
        jitter=lambda: 0.5,
        worker=worker,
        **of_the_test,
    )


def refuse(*_: object) -> Any:
    raise AssertionError("nothing is to be done anew")


def test_a_charter_that_is_announced_again_ends_no_attempt(tmp_path: Path) -> None:
    # It is announced by whoever signs last and by the coordinator's watch, half a second apart.
    charter = charter_of_four()
    nodes = [RealNode(tmp_path / country, country, charter, start()) for country in FOUR]
    talk = Talk(nodes)
    talk.propose()
    node = nodes[0]

    async def converse() -> None:
        with ThreadPoolExecutor(max_workers=1) as worker:
            parts = link_parts(
                node,
                worker,
                hello=refuse,
                charter_of=lambda: CharterStanding(charter.digest, charter.digest),
                confirm_charter=refuse,
            )
            conversation = _Conversation(parts, asyncio.Event())
            conversation._sessions = node.sessions
            await conversation._settle_charter(
                charter.digest, cast(Any, OpenStream()), cast(grpc.aio.Channel, None)
            )

    asyncio.run(converse())
    talk.share()  # every node, this one too, is still in the attempt
    for one in nodes:
        one.close()


def test_a31_a_charter_that_comes_into_force_during_an_attempt_ends_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The attempt is of the old charter, and so is the ledger that it reserved in: once that is
    # closed, giving the reservation back would end the process.
    first, second = charter_of_four(), charter_of_four(version=2, previous=charter_of_four().digest)
    nodes = [RealNode(tmp_path / country, country, first, start()) for country in FOUR]
    Talk(nodes).propose()
    node = nodes[0]
    old = node.ledger

    async def fetch(*_: object) -> CharterDocument:
        return CharterDocument(second.encode(), ())

    def confirm(_: bytes) -> None:
        node.ledger.close()
        node.ledger = node.open_ledger()

    def hello() -> Hello:
        standing = Standing(
            charter=second.digest,
            edition=None,
            consent_rule="htcds-consent",
            statement=node.ledger.statement(),
            left_this_year=node.ledger.balance().left_this_year,
            left_for_all_time=node.ledger.balance().left_for_all_time,
            witnessed=True,
        )
        return Hello(node.country, PROTOCOL_VERSION, "test", standing)

    monkeypatch.setattr(membership, "fetch_charter", fetch)

    async def converse() -> None:
        with ThreadPoolExecutor(max_workers=1) as worker:
            parts = link_parts(
                node,
                worker,
                hello=hello,
                charter_of=lambda: CharterStanding(first.digest, second.digest),
                confirm_charter=confirm,
            )
            conversation = _Conversation(parts, asyncio.Event())
            conversation._sessions = node.sessions
            stream = OpenStream()
            await conversation._settle_charter(
                second.digest, cast(Any, stream), cast(grpc.aio.Channel, None)
            )
            assert (
                len(stream.written) == 2
            )  # how the node stands now, and how far it knows the tree

    asyncio.run(converse())
    assert node.ledger is not old
    assert [row.kind for row in node.ledger.rows()] == ["reserve", "release"]
    for one in nodes:
        one.close()
