"""10⁸ legs out of core: written in pieces, counted in pieces, beside DuckDB's plain queries.

    python benchmarks/bench_large.py [LEGS] [--folder DIR]       10⁸ legs; DIR has room for 5 GB

Nothing here ever has an edition in memory: `Drawn` makes each piece of each table anew from a seed
of its own, and the store writes it encrypted. Every figure is taken once, in a process of its
own: time and CPU from the encrypted files to the finished table, and the highest memory of the
process, Python and its libraries included. The plain queries go over the same encrypted store,
streamed into DuckDB with its defaults, which are all cores, and with a folder for what does not fit
into 6 GB; ours may write nothing aside.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from bench_evaluation import CONSENT, COUNTRIES, KEY, domains, empty, lists, texts
from measuring import load

from corridor.node import schema
from corridor.node.evaluation import evaluate
from corridor.node.policy import ConsentRule
from corridor.node.store import EditionReader, EditionStore
from corridor.queries.builder import RegionQuestions
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question

PERSONS_A_PIECE = 1 << 15
CASES_A_PERSON = (1, 6)
LEGS_A_CASE = (0, 7)
"""From, and before: three on average of either."""


@dataclass(frozen=True)
class Drawn:
    """An edition of about so many legs, nine to a person; piece by piece, the same every time."""

    legs: int

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        """Cases and legs of each piece."""
        count = max(1, round(self.legs / 9 / PERSONS_A_PIECE))
        return [(int(cases.sum()), int(legs.sum())) for cases, legs in map(_drawn, range(count))]

    def pieces(self, table: str) -> Iterator[pa.Table]:
        before = 0
        for number, (cases, _) in enumerate(self.sizes):
            first = number * PERSONS_A_PIECE
            match table:
                case "persons":
                    yield _persons(number, first)
                case "cases":
                    yield _cases(number, first)
                case "legs":
                    yield _legs(number, before)
            before += cases


def _drawn(piece: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many cases each person has, and how many legs each case."""
    generator = np.random.default_rng((1, piece))
    cases = generator.integers(*CASES_A_PERSON, PERSONS_A_PIECE)
    return cases, generator.integers(*LEGS_A_CASE, int(cases.sum()))


def _keys(piece: int, which: int, count: int) -> Any:
    raw = np.random.default_rng((2, piece, which)).bytes(16 * count)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(raw)])


def _persons(piece: int, first: int) -> pa.Table:
    numbers = np.arange(first, first + PERSONS_A_PIECE, dtype=np.uint32)
    keys = _keys(piece, 0, PERSONS_A_PIECE)
    return pa.table({"person": numbers, "person_key": keys}, schema=schema.PERSONS)


def _cases(piece: int, first: int) -> pa.Table:
    generator = np.random.default_rng((3, piece))
    of_each, _ = _drawn(piece)
    count = int(of_each.sum())
    stable = schema.choice_keys(_persons(piece, first)["person_key"])
    fields = domains().catalogue.fields
    columns: dict[str, object] = {
        "person": np.repeat(np.arange(first, first + PERSONS_A_PIECE, dtype=np.uint32), of_each),
        "choice_key": np.repeat(stable, of_each),
        "case_key": _keys(piece, 1, count),
        "own_key": np.ones(count, np.bool_),
        "import_number": np.ones(count, np.int32),
        "consent": pa.array(generator.random(count) < 0.97),
        "recruited_in": texts(generator, COUNTRIES, count),
        "exploited_in": texts(generator, COUNTRIES, count),
        "vic_AgeWhenTrafficked": pa.array(generator.integers(0, 60, count), pa.int16()),
        "vic_TypeOfExploitation": lists(generator, list(fields["exploitation"].labels), count),
        "vic_MethodsOfControl": lists(generator, list(fields["control"].labels), count),
    }
    given = [columns.get(field.name, empty(field, count)) for field in schema.CASES]
    return pa.table(given, schema=schema.CASES)


def _legs(piece: int, before: int) -> pa.Table:
    generator = np.random.default_rng((4, piece))
    _, of_each = _drawn(piece)
    count = int(of_each.sum())
    cases = np.repeat(np.arange(before, before + len(of_each), dtype=np.uint32), of_each)
    return pa.table(
        {
            "case": cases,
            "position": np.zeros(count, np.int16),
            "hte_Type": pa.nulls(count, pa.string()),
            "leg_from": texts(generator, COUNTRIES, count),
            "leg_to": texts(generator, COUNTRIES, count),
            "hte_Date": pa.nulls(count, pa.date32()),
        },
        schema=schema.LEGS,
    )


REGION = RegionQuestions(domains())
QUESTIONS: dict[str, tuple[Question, str, list[str]]] = {
    "legs from-to, m = 4": (
        REGION.legs.by("leg_from", "leg_to").count(),
        "legs",
        ["leg_from", "leg_to"],
    ),
    "corridor matrix, m = 1": (
        REGION.corridors.by("recruited_in", "exploited_in").count(),
        "cases",
        ["recruited_in", "exploited_in"],
    ),
}


def opened(folder: Path) -> EditionStore:
    return EditionStore(folder, np.random.default_rng(1).bytes, lambda: datetime.now(UTC))


def reader_of(folder: Path) -> EditionReader:
    store = opened(folder)
    current = store.current()
    assert current is not None
    return store.reader(current.id)


Run = Callable[[], object]
"""What is measured; whatever comes before it is ready."""


def write(folder: Path, legs: int) -> Run:
    store, tables = opened(folder), Drawn(legs)
    return lambda: store.write(tables, replaces=None, sources=[]).edition.id


def ours(folder: Path, name: str) -> Run:
    plan, reader = compile_plan(QUESTIONS[name][0], domains()), reader_of(folder)
    return lambda: evaluate(plan, reader, KEY, ConsentRule.HTCDS_CONSENT).sum()


def plain(folder: Path, name: str, count: str) -> Run:
    return lambda: count_plainly(folder, name, count)


def count_plainly(folder: Path, name: str, count: str) -> int:
    """The same question for DuckDB, with nobody's contribution bounded."""
    _, table, groups = QUESTIONS[name]
    reader = reader_of(folder)

    def stream(of: str, columns: list[str]) -> pa.RecordBatchReader:
        pieces = reader.pieces(of, columns)
        first = next(pieces)
        batches = (batch for piece in chain([first], pieces) for batch in piece.to_batches())
        return pa.RecordBatchReader.from_batches(first.schema, batches)

    with TemporaryDirectory(dir=folder) as aside, duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = '6GB'; SET temp_directory = '{aside}'")
        always = ["person", "consent", "agreement"]
        if table == "cases":
            connection.register("given", stream("cases", [*always, *groups]))
        else:
            connection.register("steps", stream("legs", ["case", *groups]))
            connection.register("whole", stream("cases", always))
            # Streams have no row numbers of their own: count them on the way in.
            connection.execute(
                "CREATE TEMP TABLE cases AS SELECT *, row_number() OVER () - 1 AS number FROM whole"
            )
            connection.execute(
                'CREATE TEMP VIEW given AS FROM steps JOIN cases ON number = steps."case"'
            )
        text = ", ".join(groups)
        rows = connection.execute(
            f"SELECT {text}, {count} FROM given WHERE {CONSENT} GROUP BY {text}"
        ).fetchall()
    return sum(row[-1] for row in rows)


@dataclass(frozen=True)
class Spent:
    """Of a process that did one thing."""

    given: object
    wall: float
    cpu: float
    peak: float


def _measured(connection: Any, make: Callable[..., Run], arguments: tuple[object, ...]) -> None:
    run = make(*arguments)
    start, spent = time.perf_counter(), time.process_time()
    given = run()
    wall, cpu = time.perf_counter() - start, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    connection.send(Spent(given, wall, cpu, peak))


def alone(run: Callable[..., Run], *arguments: object) -> Spent:
    """In a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sending, run, arguments))
    process.start()
    sending.close()
    found: Spent = receiving.recv()
    process.join()
    return found


def show(name: str, spent: Spent, beside: str = "") -> None:
    print(
        f"{name:42}{spent.wall:8.1f} s{spent.cpu:8.1f} s CPU{spent.peak:7.2f} GB"
        f"  {spent.given!s:>24}{beside}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="10⁸ legs, out of core")
    parser.add_argument("legs", nargs="?", type=int, default=10**8)
    parser.add_argument("--folder", type=Path, help="where the edition is made; it goes again")
    asked = parser.parse_args()
    print(f"load average {load()}")
    with TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        show("written, encrypted and flushed", alone(write, folder, asked.legs))
        edition = opened(folder).current()
        assert edition is not None
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{edition.rows} in {size / 1e9:.2f} GB")
        for question in QUESTIONS:
            counted = alone(ours, folder, question)
            show(f"{question}: ours", counted)
            for title, count in (
                ("GROUP BY", "count(*)"),
                ("count(DISTINCT person)", "count(DISTINCT person)"),
            ):
                other = alone(plain, folder, question, count)
                show(f"  {title}", other, f"   ours ÷ this {counted.wall / other.wall:.2f}")
    print(f"load average {load()}")


if __name__ == "__main__":
    main()
