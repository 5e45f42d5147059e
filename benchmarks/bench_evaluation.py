"""Bounded counts of persons against DuckDB's plain ones, over one encrypted store, in one run.

    python benchmarks/bench_evaluation.py [CASES [LEGS]]        10⁶ of each; try 10000000
    python benchmarks/bench_evaluation.py --others 1000000      and two other libraries

Each figure is the best of three, from the encrypted files to the finished table: reading,
decrypting, counting. The plain queries answer the same question about the same rows with the
same columns read (those with consent), without a bound on what a person adds:

    GROUP BY                 count(*) per cell
    count(DISTINCT person)   persons per cell, each in as many cells as they have rows in

The other libraries (`others_counting.py`) bound what a person adds, and add noise as ours does not
here; they read an unencrypted file that holds nothing but a person's and a cell's number, so their
task is easier. Beside their time stands their CPU: they use every core that they find. `grown` is
how much this process's memory rose at most while ours ran.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import load, memory

from corridor.ids import CountryCode, EditionId
from corridor.node import schema
from corridor.node.evaluation import evaluate
from corridor.node.evaluation.engine import shut_off_connection
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.node.store import EditionReader, EditionStore
from corridor.queries.builder import RegionQuestions
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question

DATA = Path(__file__).parents[1] / "queries" / "data"
RUNS = 3
OTHERS = {
    "opendp": ("opendp[polars]==0.16.0",),
    "smartnoise": ("smartnoise-sql==1.0.10", "setuptools<80", "pyarrow"),
}
KEY = bytes(range(16))
CONSENT = "consent AND agreement IS NOT FALSE"
ALWAYS = ["person", "consent", "agreement"]
COUNTRIES = ["AL", "BG", "BR", "CN", "CO", "FR", "GH", "ID", "IN", "KE", "MA", "MD", "MX"]
COUNTRIES += ["NE", "NG", "PH", "PK", "RO", "SN", "TH", "TR", "UA", "VN", "ZA"]
REGION = ["BG", "MD", "NG", "RO", "UA"]


def main() -> None:
    parser = argparse.ArgumentParser(description="bounded counts of persons")
    parser.add_argument("cases", nargs="?", type=int, default=10**6)
    parser.add_argument("legs", nargs="?", type=int)
    parser.add_argument("--others", action="store_true", help="OpenDP's polars, SmartNoise SQL")
    asked = parser.parse_args()
    cases, legs = asked.cases, asked.cases if asked.legs is None else asked.legs
    print(f"load average {load()}")
    with TemporaryDirectory() as folder:
        generator = np.random.default_rng(1)
        store = EditionStore(Path(folder), generator.bytes, lambda: datetime.now(UTC))
        tables = make_tables(generator, cases, legs)
        edition = timed_write(store, tables)
        persons = tables.persons.num_rows
        if asked.others:
            plain_file, cells = write_plain(Path(folder), tables)
        del tables
        region = RegionQuestions(domains())
        title = f"{cases:,} cases and {legs:,} legs of {persons:,} persons"
        print(f"{title}\n{'':38}{'ours':>9}{'CPU':>9}{'grown':>9}{'GROUP BY':>18}{'DISTINCT':>18}")
        reader = store.reader(edition)
        matrix = compare(
            "corridor matrix, m = 1",
            region.corridors.by("recruited_in", "exploited_in").count(),
            reader,
            Plain("cases", ["recruited_in", "exploited_in"]),
        )
        compare(
            "control by form (lists), m = 3",
            region.persons.by("exploitation", "control").count(),
            reader,
            Plain("cases", ["vic_TypeOfExploitation", "vic_MethodsOfControl"], unnest=True),
        )
        compare(
            "legs from-to, m = 4",
            region.legs.by("leg_from", "leg_to").count(),
            reader,
            Plain("legs", ["leg_from", "leg_to"]),
        )
        compare(
            "mean age by corridor, m = 1",
            region.corridors.by("recruited_in", "exploited_in").mean("age", 0, 99),
            reader,
            Plain("cases", ["recruited_in", "exploited_in"], mean="vic_AgeWhenTrafficked"),
        )
        if asked.others:
            for name, packages in OTHERS.items():
                compare_other(name, packages, plain_file, cells, matrix)
    print(f"load average {load()}")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds."""

    wall: float
    cpu: float


class Plain:
    """The same question for DuckDB, with nobody's contribution bounded."""

    def __init__(
        self, table: str, groups: Sequence[str], *, unnest: bool = False, mean: str = ""
    ) -> None:
        self._table, self._groups, self._mean = table, list(groups), mean
        self._unnest = unnest

    def run(self, reader: EditionReader, count: str) -> None:
        wanted = [*ALWAYS] if "person" in count else ALWAYS[1:]
        wanted += [self._mean] if self._mean else []
        given = "cases"
        with shut_off_connection() as connection:
            if self._table == "cases":
                connection.register("cases", whole(reader, "cases", [*wanted, *self._groups]))
            else:
                cases = whole(reader, "cases", wanted)
                rows = pa.array(np.arange(cases.num_rows, dtype=np.uint32))
                connection.register("cases", cases.append_column("number", rows))
                connection.register("legs", whole(reader, "legs", ["case", *self._groups]))
                given = 'legs JOIN cases ON number = legs."case"'
            columns = ", ".join(self._groups)
            if self._unnest:
                first, second = self._groups
                given = f"(SELECT *, unnest({first}) AS a FROM cases WHERE {CONSENT})"
                given = f"(SELECT *, unnest({second}) AS b FROM {given})"
                columns = "a, b"
            mean = f", avg({self._mean})" if self._mean else ""
            text = (
                f"SELECT {columns}, {count}{mean} FROM {given} WHERE {CONSENT} GROUP BY {columns}"
            )
            connection.execute(text).fetchall()


def compare(name: str, question: Question, reader: EditionReader, plain: Plain) -> Spent:
    plan = compile_plan(question, domains())
    before = memory(reset=True)
    ours = best(lambda: evaluate(plan, reader, KEY, ConsentRule.HTCDS_CONSENT))
    grown = (memory() - before) / 1e6
    group_by = best(lambda: plain.run(reader, "count(*)")).wall
    distinct = best(lambda: plain.run(reader, "count(DISTINCT person)")).wall
    print(
        f"{name:38}{ours.wall:7.3f} s{ours.cpu:7.3f} s{grown:6.0f} MB"
        f"{group_by:9.3f} s {ours.wall / group_by:5.2f}×"
        f"{distinct:9.3f} s {ours.wall / distinct:5.2f}×",
        flush=True,
    )
    return ours


def compare_other(name: str, packages: Sequence[str], path: Path, cells: int, ours: Spent) -> None:
    uv, script = Path(sys.prefix) / "bin" / "uv", Path(__file__).parent / "others_counting.py"
    done = subprocess.run(  # noqa: S603  # our own script, in an environment of its own
        [
            *(str(uv), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable),
            *(word for package in packages for word in ("--with", package)),
            *("python", str(script), name, str(path), str(cells)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{name}: failed: {done.stderr.strip().splitlines()[-1]}")
        return
    wall, cpu = map(float, done.stdout.split()[:2])
    print(
        f"corridor matrix by {name:19}{wall:7.3f} s{cpu:7.3f} s   "
        f"{wall / ours.wall:.1f} × our time, {cpu / ours.cpu:.1f} × our CPU",
        flush=True,
    )


def write_plain(folder: Path, tables: EditionTables) -> tuple[Path, int]:
    """Who counts in which cell of the matrix, without encryption, for the other libraries."""
    cases = tables.cases
    kept = cases.filter(cases["consent"])
    codes = [
        kept[name].combine_chunks().dictionary_encode().indices.to_numpy()
        for name in ("recruited_in", "exploited_in")
    ]
    cell = (codes[0].astype(np.uint32) * len(COUNTRIES) + codes[1]).astype(np.uint32)
    path = folder / "plain.parquet"
    pq.write_table(pa.table({"person": kept["person"], "cell": cell}), path)
    return path, len(COUNTRIES) ** 2


def best(run: Callable[[], object]) -> Spent:
    wall, cpu = [], []
    for _ in range(RUNS):
        start, spent = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - spent)
    return Spent(min(wall), min(cpu))


def whole(reader: EditionReader, table: str, columns: Sequence[str]) -> pa.Table:
    """All pieces of a stored table."""
    return pa.concat_tables(reader.pieces(table, columns))


def timed_write(store: EditionStore, tables: EditionTables) -> EditionId:
    start = time.perf_counter()
    edition = store.write(tables, replaces=None, sources=[]).edition.id
    print(f"written, encrypted and flushed in {time.perf_counter() - start:.2f} s")
    return edition


def domains() -> Domains:
    catalogue = parse_catalogue(lambda name: (DATA / name).read_text("utf-8"))
    return Domains(
        catalogue=catalogue,
        countries=tuple(map(CountryCode, COUNTRIES)),
        region=tuple(map(CountryCode, REGION)),
        years=(2015, 2025),
        cells=1 << 22,
    )


def make_tables(generator: np.random.Generator, cases: int, legs: int) -> EditionTables:
    """Three cases a person on average, and values spread evenly over their domains."""
    drawn = np.sort(generator.integers(0, max(1, cases // 3), cases))
    persons = np.unique(drawn, return_inverse=True)[1].astype(np.uint32)
    count = int(persons[-1]) + 1
    keys = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(generator.bytes(16 * count))]
    )
    person_table = pa.table(
        {"person": pa.array(np.arange(count, dtype=np.uint32)), "person_key": keys},
        schema=schema.PERSONS,
    )
    stable = schema.choice_keys(person_table["person_key"])
    catalogue = domains().catalogue
    columns: dict[str, object] = {
        "person": persons,
        "choice_key": stable[persons],
        "case_key": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), cases, [None, pa.py_buffer(generator.bytes(16 * cases))]
        ),
        "own_key": np.ones(cases, np.bool_),
        "import_number": np.ones(cases, np.int32),
        "consent": pa.array(generator.random(cases) < 0.97),
        "recruited_in": texts(generator, COUNTRIES, cases),
        "exploited_in": texts(generator, COUNTRIES, cases),
        "vic_AgeWhenTrafficked": pa.array(generator.integers(0, 60, cases), pa.int16()),
        "vic_TypeOfExploitation": lists(generator, catalogue.fields["exploitation"].labels, cases),
        "vic_MethodsOfControl": lists(generator, catalogue.fields["control"].labels, cases),
    }
    case_table = pa.table(
        [columns.get(field.name, empty(field, cases)) for field in schema.CASES],
        schema=schema.CASES,
    )
    leg_table = pa.table(
        {
            "case": np.sort(generator.integers(0, cases, legs)).astype(np.uint32),
            "position": np.zeros(legs, np.int16),
            "hte_Type": pa.nulls(legs, pa.string()),
            "leg_from": texts(generator, COUNTRIES, legs),
            "leg_to": texts(generator, COUNTRIES, legs),
            "hte_Date": pa.nulls(legs, pa.date32()),
        },
        schema=schema.LEGS,
    )
    return EditionTables(
        persons=person_table,
        cases=case_table,
        legs=leg_table,
        services=schema.SERVICES.empty_table(),
    )


def texts(generator: np.random.Generator, values: Sequence[str], count: int) -> pa.Array:
    places = pa.array(generator.integers(0, len(values), count).astype(np.int32))
    return pa.DictionaryArray.from_arrays(places, pa.array(values)).cast(pa.string())


def lists(generator: np.random.Generator, values: Sequence[str], count: int) -> pa.Array:
    """None, one or two values each."""
    sizes = generator.integers(0, 3, count)
    ends: npt.NDArray[np.int64] = np.cumsum(sizes)
    flat = generator.integers(0, len(values) - 1, int(ends[-1]))
    flat[1:] += flat[1:] == flat[:-1]  # two neighbours differ
    words = pa.DictionaryArray.from_arrays(pa.array(flat.astype(np.int32)), pa.array(list(values)))
    offsets = pa.array(np.concatenate(([0], ends)).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, words.cast(pa.string()))


def empty(field: "pa.Field", count: int) -> pa.Array:
    if pa.types.is_list(field.type):
        offsets = pa.array(np.zeros(count + 1, np.int32))
        return pa.ListArray.from_arrays(offsets, pa.array([], pa.string()), type=field.type)
    return pa.nulls(count, field.type)


if __name__ == "__main__":
    main()
