"""The node's stream, where what the coordinator says at a bad moment must not break the node."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from corridor.ids import Digest
from corridor.node.link import membership, stream
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


def link_parts(
    node: RealNode, worker: ThreadPoolExecutor, *, witnessing: bool = False, **of_the_test: Any
) -> LinkParts:
    return LinkParts(
        dial=lambda: cast(grpc.aio.Channel, None),
        make_sessions=lambda: node.sessions,
        witnesses=lambda: node.witnesses if witnessing else None,
        on_checkpoint=node.cosigning.on_checkpoint,
        tree_standing=node.cosigning.standing,
        board=node.board,
        clock=node.clock,
        jitter=lambda: 0.5,
        worker=worker,
        **of_the_test,
    )


def hello_of(node: RealNode, charter: Digest) -> Hello:
    standing = Standing(
        charter=charter,
        edition=None,
        consent_rule="htcds-consent",
        statement=node.ledger.statement(),
        left_this_year=node.ledger.balance().left_this_year,
        left_for_all_time=node.ledger.balance().left_for_all_time,
        witnessed=node.witnesses.is_witnessed,
    )
    return Hello(node.country, PROTOCOL_VERSION, "test", standing)


class UnconfirmedNode(RealNode):
    """A node that has started, and that nobody has answered yet."""

    def confirm(self) -> None:
        """Not yet."""


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

    monkeypatch.setattr(membership, "fetch_charter", fetch)

    async def converse() -> None:
        with ThreadPoolExecutor(max_workers=1) as worker:
            parts = link_parts(
                node,
                worker,
                hello=lambda: hello_of(node, second.digest),
                charter_of=lambda: CharterStanding(first.digest, second.digest),
                confirm_charter=confirm,
            )
            conversation = _Conversation(parts, asyncio.Event())
            conversation._sessions = node.sessions
            out = OpenStream()
            await conversation._settle_charter(
                second.digest, cast(Any, out), cast(grpc.aio.Channel, None)
            )
            assert len(out.written) == 2  # how the node stands now, and how far it knows the tree

    asyncio.run(converse())
    assert node.ledger is not old
    assert [row.kind for row in node.ledger.rows()] == ["reserve", "release"]
    for one in nodes:
        one.close()


def test_a_node_says_that_it_is_ready_when_enough_others_confirmed_its_ledger(
    tmp_path: Path,
) -> None:
    charter = charter_of_four()
    node = UnconfirmedNode(tmp_path / "node", FOUR[0], charter, start())

    async def converse() -> list[Any]:
        with ThreadPoolExecutor(max_workers=1) as worker:
            parts = link_parts(
                node,
                worker,
                witnessing=True,
                hello=lambda: hello_of(node, charter.digest),
                charter_of=refuse,
                confirm_charter=refuse,
            )
            conversation, out = _Conversation(parts, asyncio.Event()), OpenStream()
            for answer in node.confirmations(node.witnesses.ask()):
                await conversation._witness(answer, cast(Any, out))
            return out.written

    (said,) = asyncio.run(converse())
    assert said.HasField("standing")
    assert said.standing.witnessed
    node.close()


def test_a_node_says_its_standing_again_when_people_have_decided_and_at_no_other_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SWEEP_SECONDS", 0.01)
    charter = charter_of_four()
    node = RealNode(tmp_path / "node", FOUR[0], charter, start())
    looks = iter([False, True, False, False, False])
    done = threading.Event()

    def look() -> bool:
        found = next(looks, None)
        if found is None:
            done.set()
        return bool(found)

    async def converse() -> list[Any]:
        with ThreadPoolExecutor(max_workers=1) as worker:
            parts = link_parts(
                node,
                worker,
                hello=refuse,
                charter_of=refuse,
                confirm_charter=refuse,
                look_around=look,
            )
            conversation, out = _Conversation(parts, asyncio.Event()), OpenStream()
            conversation._told = hello_of(node, charter.digest).standing
            looking = asyncio.create_task(conversation._look_around(cast(Any, out)))
            for _ in range(500):
                if done.is_set():
                    break
                await asyncio.sleep(0.01)
            looking.cancel()
            return out.written

    (said,) = asyncio.run(converse())
    assert said.HasField("standing")
    node.close()
