"""A reply that was made with the case data leaves at a fixed time, however long it took.

The link runs in a loop whose time passes while nothing can run, and while data are counted.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from corridor.errors.node import CoordinatorUnreachableError
from corridor.errors.store import NoSuchEditionError
from corridor.ids import EditionId
from corridor.node.link.stream import LinkParts, _Conversation
from corridor.node.reply_schedule import CELLS_OF_A_SLOT, first_slot, slot_after
from corridor.node.sessions import Sessions
from corridor.protocols.secure_sum.messages import Sharers
from corridor.transport.messages import CoordinatorInSession
from support.idle_clock import pass_time, run
from support.node_region import FOUR, SESSION, RealNode, Talk, charter_of_four, start

FIRST = 0.5
"""What the default policy says."""


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RealNode]]:
    made = [RealNode(tmp_path / country, country, charter_of_four(), start()) for country in FOUR]
    yield made
    for node in made:
        node.close()


class SlowData:
    """Case data that take so long to count, and then give what `end` gives."""

    def __init__(self, seconds: float, end: Callable[[], npt.NDArray[np.int64]]) -> None:
        self._seconds, self._end = seconds, end
        self.size = 6

    def demand_there(self) -> None:
        """They are there."""

    def evaluate(self) -> npt.NDArray[np.int64]:
        pass_time(self._seconds)
        return self._end()

    def sent(self, x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return x


def zeros() -> npt.NDArray[np.int64]:
    return np.zeros(6, dtype=np.int64)


def throw() -> npt.NDArray[np.int64]:
    raise OverflowError


class Written:
    """A stream that remembers when what was written."""

    def __init__(self) -> None:
        self.at: list[tuple[float, str]] = []

    async def write(self, message: Any) -> None:
        now = asyncio.get_running_loop().time()
        self.at.append((round(now, 6), message.WhichOneof("body")))


def answer(
    node: RealNode, body: Any, meanwhile: Callable[[asyncio.Event], None] = lambda _: None
) -> list[tuple[float, str]]:
    """When, by the loop's time, which answers to `body` leave.

    `meanwhile` is called after 0.2 seconds, with what stops the node.
    """
    written = Written()

    async def converse() -> None:
        parts = cast("LinkParts", _Parts(node))
        stopping = asyncio.Event()
        conversation = _Conversation(parts, stopping)
        conversation._sessions = node.sessions
        asyncio.get_running_loop().call_later(0.2, meanwhile, stopping)
        await conversation._in_session(CoordinatorInSession(SESSION, body), cast("Any", written))

    run(converse())
    return written.at


class _Parts:
    """What `_in_session` takes of the parts of a link."""

    def __init__(self, node: RealNode) -> None:
        self.board = node.board
        self.worker = cast("ThreadPoolExecutor", None)  # the loop needs none


def counting(nodes: list[RealNode], data: object) -> tuple[RealNode, Sharers]:
    """The first node, about to hear the sharers, with these data; and the sharers."""
    talk = Talk(nodes)
    talk.until("open")
    node = nodes[0]
    attempt = node.sessions._attempts[SESSION]
    attempt._data = cast("Any", data)
    return node, talk.sharers


def slots(node: RealNode, sharers: Sharers) -> list[float]:
    return [at for at, _ in answer(node, sharers)]


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4999])
def test_a5_a_masked_input_leaves_at_its_slot_however_long_counting_took(
    nodes: list[RealNode], seconds: float
) -> None:
    node, sharers = counting(nodes, SlowData(seconds, zeros))
    assert answer(node, sharers) == [
        (FIRST, "vector_chunk"),
        (FIRST, "masked_input"),
    ]
    assert "left_late" not in node.journalled


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a5_a_refusal_that_the_data_caused_leaves_when_an_answer_would(
    nodes: list[RealNode], seconds: float
) -> None:
    node, sharers = counting(nodes, SlowData(seconds, throw))
    assert answer(node, sharers) == [(FIRST, "refusal")]
    assert node.journalled[-1] == "refused"


def test_a5_a_bug_is_told_when_an_answer_would_be(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, sharers = counting(nodes, SlowData(0.2, zeros))

    def break_down(*_: object) -> None:
        pass_time(0.1)
        raise ZeroDivisionError

    monkeypatch.setattr(node.journal, "let_out", break_down)
    assert answer(node, sharers) == [(FIRST, "refusal")]


def test_a5_a_refusal_from_before_the_data_were_looked_at_tells_no_difference(
    nodes: list[RealNode],
) -> None:
    class Gone(SlowData):
        def demand_there(self) -> None:
            raise NoSuchEditionError(EditionId("1-" + "0" * 16))

    node, sharers = counting(nodes, Gone(0.0, zeros))
    assert slots(node, sharers) == [FIRST]


@pytest.mark.parametrize(("seconds", "slot"), [(0.51, 1.0), (0.99, 1.0), (1.01, 2.0), (9.0, 16.0)])
def test_counting_that_is_slower_than_the_slot_waits_for_a_later_one_and_it_is_noted(
    nodes: list[RealNode], seconds: float, slot: float
) -> None:
    node, sharers = counting(nodes, SlowData(seconds, zeros))
    assert slots(node, sharers) == [slot, slot]
    (noted,) = [row for row in node.journal.rows() if row.kind == "left_late"]
    assert noted.details == {"after_seconds": f"{slot:g}"}


def test_the_schedule_would_be_noticed_if_it_were_not_kept(
    nodes: list[RealNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sessions, "_hold_of", lambda *_: ())
    monkeypatch.setattr("corridor.node.link.stream.slot_after", lambda _, elapsed: elapsed)
    node, sharers = counting(nodes, SlowData(0.125, zeros))
    assert slots(node, sharers) == [0.125, 0.125]


def test_other_rounds_wait_for_no_slot(nodes: list[RealNode]) -> None:
    talk = Talk(nodes)
    assert [at for at, _ in answer(nodes[0], talk.proposal)] == [0.0, 0.0]  # with its entry
    # And a message out of order is not answered at all.
    assert answer(nodes[0], talk.proposal) == []


def test_a39_a_slot_after_the_deadline_is_none(nodes: list[RealNode]) -> None:
    node, sharers = counting(nodes, SlowData(0.0, zeros))

    def pass_an_hour(_: asyncio.Event) -> None:
        node.clock.advance(timedelta(hours=1))

    left = answer(node, sharers, pass_an_hour)
    assert left == [(FIRST, "refusal")]
    assert node.spent[0] > 0


def test_a_node_that_is_stopped_lets_nothing_out_before_its_time(nodes: list[RealNode]) -> None:
    node, sharers = counting(nodes, SlowData(0.1, zeros))
    with pytest.raises(CoordinatorUnreachableError, match="being stopped"):
        answer(node, sharers, asyncio.Event.set)
    assert node.spent[0] > 0


def test_slots_double_and_only_a_passed_one_is_left_out() -> None:
    assert [slot_after(0.5, at) for at in (-3.0, 0.0, 0.5, 0.501, 1.5, 31.0)] == [
        0.5,
        0.5,
        0.5,
        1.0,
        2.0,
        32.0,
    ]
    with pytest.raises(ValueError, match="more than 0"):
        slot_after(0.0, 1.0)


def test_the_first_slot_follows_from_policy_and_cells_alone() -> None:
    half = Fraction(1, 2)
    cells = [0, 1, CELLS_OF_A_SLOT, CELLS_OF_A_SLOT + 1, 2 * CELLS_OF_A_SLOT, 4 * CELLS_OF_A_SLOT]
    assert [first_slot(half, count).first for count in cells] == [0.5, 0.5, 0.5, 1.0, 1.0, 2.0]
