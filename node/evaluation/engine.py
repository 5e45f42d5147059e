"""Evaluates a plan with DuckDB over Arrow, part by part.

DuckDB gets Arrow tables that lie in memory, and nothing else: no file, no network, no extension,
no temporary file, its configuration locked. A part is whole persons, and small enough that its
rows times their cells fit in memory, whatever a case file contains: a person with more is read
in pieces, of each of which remains what can still count.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import duckdb
import numpy as np
import numpy.typing as npt

from corridor.node.evaluation.bounding import (
    Entries,
    Kept,
    bounded,
    of_one_person,
    one_cell_each,
)
from corridor.node.evaluation.columns import OWN_KEY, Reader, Rows, read_rows
from corridor.node.evaluation.crossing import Uncrossed, uncrossed
from corridor.node.evaluation.pushdown import admitted
from corridor.node.evaluation.statement import GIVEN, statement
from corridor.node.policy import ConsentRule
from corridor.queries.choice import ChoiceKey
from corridor.queries.plan import BlockKind, Plan, PlannedTable, Together
from corridor.queries.question import Mean, Sum

PART = 1 << 16
"""How many entries (rows times their cells) are looked at at once, if one row has no more.

So many stay in a core's cache, and in memory that is used again and again.
"""

Ints = npt.NDArray[np.int64]

_Piece = TypeVar("_Piece")

MEMORY = "2GB"
"""What the engine may take; a part of an edition takes far less."""

_SHUT_OFF: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",  # nothing in clear on a disk, rather an error
    "lock_configuration": True,
}


def evaluate(plan: Plan, edition: Reader, choice_key: bytes, consent: ConsentRule) -> Ints:
    """x, before scaling and noise; shape (plan.size,).

    One person, all rows of them, changes x by at most the root of `plan.sensitivity_squared`
    in L2 norm, added or removed (the theorem in `queries.plan`).

    Args:
        plan: compiled here; its theorem is the guarantee.
        edition: gives stored columns.
        choice_key: 16 bytes, the node's.
        consent: which cases are counted at all.

    Raises:
        CorridorError: the edition could not be read.
    """
    x = np.zeros(plan.size, np.int64)
    key = ChoiceKey.from_bytes(choice_key)
    with closing(shut_off_connection()) as connection:

        def kept_of(planned: PlannedTable) -> Iterator[Kept]:
            text = statement(planned, consent)
            pieces = read_rows(planned, edition, condition=admitted(planned, consent))
            for entries in _entries_of(connection, text, planned, pieces, key):
                yield from bounded(
                    entries, key, max_cells=planned.max_cells, max_rows=planned.max_rows
                )

        for planned in plan.tables:
            if planned.blocks:
                for kept in kept_of(planned):
                    _add(x, planned, kept)
        for together, where in plan.parts_of_x():
            for kept in kept_of(together.crossed):
                _count_together(x[where], together, kept)
    return x


def count_new(
    plan: Plan,
    edition: Reader,
    choice_key: bytes,
    consent: ConsentRule,
    counted: npt.NDArray[np.uint64],
) -> tuple[npt.NDArray[np.uint64], Ints]:
    """For a standing series: who is counted now and was not before, and the cell of each.

    Persons without a key of their own are left out: which of several equal rows is whose nobody
    can tell, so leaving one person out could move what is counted of another, again and again.

    Args:
        plan: of one release; its one table counts each person once.
        edition: gives stored columns.
        choice_key: 16 bytes, the node's.
        consent: which cases are counted at all.
        counted: stable choice keys of those who were counted, sorted. Two persons with keys of
            their own share one with a chance of n²/2⁶⁵; of them only the first would be counted.

    Returns:
        Their stable choice keys and their cells, one for each person.

    Raises:
        CorridorError: the edition could not be read.
    """
    (planned,) = plan.tables
    key = ChoiceKey.from_bytes(choice_key)
    text = statement(planned, consent, only_own_keys=True)
    found: list[tuple[npt.NDArray[np.uint64], Ints]] = []
    with closing(shut_off_connection()) as connection:
        wanted = admitted(planned, consent, only_own_keys=True)
        pieces = read_rows(planned, edition, (OWN_KEY,), wanted)
        for entries in _entries_of(connection, text, planned, pieces, key):
            keys, cells = one_cell_each(entries, key)
            is_new = ~_among(keys, counted)
            found.append((keys[is_new], cells[is_new]))
    of_all, in_cells = zip(*found, strict=True)
    return np.concatenate(of_all), np.concatenate(in_cells)


def _among(keys: npt.NDArray[np.uint64], some: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which keys are among some, which are sorted."""
    if not len(some):
        return np.zeros(len(keys), np.bool_)
    at = np.minimum(np.searchsorted(some, keys), len(some) - 1)
    found: npt.NDArray[np.bool_] = some[at] == keys
    return found


def _entries_of(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    planned: PlannedTable,
    pieces: Iterator[Rows],
    key: ChoiceKey,
) -> Iterator[Entries]:
    """The entries of whole persons, part by part; of nobody, one part."""
    counting = (_found(connection, text, planned, rows) for rows in _one_ahead(pieces))
    for part in (part for rows in _one_ahead(counting) for part in _parts(rows, PART)):
        yield _entries(part, key, planned.max_cells)


def shut_off_connection(memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """An engine of its own that sees what is registered with it, and nothing else.

    With more rows than fit in `memory` a query fails: nothing spills to a disk. DuckDB could
    encrypt what it spills only with an extension that it would load from a network.
    """
    return duckdb.connect(config={**_SHUT_OFF, "memory_limit": memory})


def _one_ahead(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The pieces; while one is worked on, the next is made in a thread of its own.

    So one is read and decrypted, one asked of the engine, and one counted at the same time.
    """
    with ThreadPoolExecutor(1) as reading:
        waiting = reading.submit(next, pieces, None)
        while (piece := waiting.result()) is not None:
            waiting = reading.submit(next, pieces, None)
            yield piece


def _found(
    connection: duckdb.DuckDBPyConnection, text: str, planned: PlannedTable, rows: Rows
) -> Uncrossed:
    """Which of these rows count."""
    connection.register(GIVEN, rows.table)
    found = connection.sql(text).to_arrow_table()
    connection.unregister(GIVEN)
    return uncrossed(planned, rows, found)


def _parts(rows: Uncrossed, entries: int) -> Iterator[Uncrossed]:
    """The rows of whole persons, in parts of about this many entries; without rows, one part."""
    persons = rows.plain.persons
    if not len(persons):
        yield rows
        return
    ends = np.flatnonzero(np.append(persons[1:] != persons[:-1], True)) + 1
    yield from _cut(rows, ends, entries)


def _cut(rows: Uncrossed, ends: npt.NDArray[np.intp], entries: int) -> Iterator[Uncrossed]:
    """The rows, cut at some of `ends`, in parts of about this many entries."""
    before = np.cumsum(rows.sizes)[ends - 1]
    start, counted = 0, 0
    while start < ends[-1]:
        last = int(np.searchsorted(before, counted + entries, side="right")) - 1
        last = max(last, int(np.searchsorted(ends, start, side="right")))
        end, counted = int(ends[last]), int(before[last])
        yield rows.between(start, end)
        start = end


def _entries(part: Uncrossed, key: ChoiceKey, max_cells: int) -> Entries:
    """The entries of a part; of one person with more than fit, those that may count."""
    count = len(part.plain.persons)
    if count <= 1 or part.sizes.sum() <= PART:
        return part.crossed()
    carried = None
    for piece in _cut(part, np.arange(1, count + 1), PART):
        joined = piece.crossed() if carried is None else carried.followed_by(piece.crossed())
        carried = of_one_person(joined, key, max_cells=max_cells)
    assert carried is not None  # noqa: S101 - a part has rows
    return carried


def _add(x: Ints, planned: PlannedTable, kept: Kept) -> None:
    for block in planned.blocks:
        entries = x[block.offset : block.offset + planned.cells]
        np.add.at(entries, kept.cells, block.factor * _contribution(block.kind, planned, kept))


def _count_together(x: Ints, together: Together, kept: Kept) -> None:
    """Add each person's one cell to every residual; `kept` has it once, with one row."""
    shape = [len(axis.values) for axis in together.crossed.axes]
    together.joint.strategy.count(x, np.unravel_index(kept.cells, shape))


def _contribution(kind: BlockKind, planned: PlannedTable, kept: Kept) -> Ints:
    match planned.measure:
        case Sum(_, low, high) | Mean(_, low, high) if kind is BlockKind.SUM:
            assert kept.sums is not None  # noqa: S101 - a sum's statement gives quantities
            return np.clip(kept.sums, low, high)
        case _:
            return kept.counts
