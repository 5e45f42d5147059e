"""What time tells: of the noise that is drawn, and of the data that are counted.

    python benchmarks/bench_timing.py [ROUNDS]          300; more give narrower intervals

**Sampling.** A batch of draws is timed many times; r is Spearman's correlation of its time with the
mean magnitude drawn, with an interval of 99.9 % (Fisher's z). An interval around 0 means that so
many batches show nothing. Single draws are the worst case: no node draws one number. The last
line is a sampler that counts its way up, to show what a leak would look like.

**Counting.** Two editions that differ by one person are counted in turns; shown is the median of
the differences with an interval of 99.9 % (order statistics), beside the time of a count. CPU time
of all threads, since the machine has other work to do; a coordinator sees the clock.

Nothing here is a guarantee: it says where to look, and what a reply schedule has to hide.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import atanh, ceil, exp, sqrt, tanh
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from measuring import load
from numpy.typing import NDArray

from corridor.ids import CountryCode
from corridor.node import schema
from corridor.node.evaluation import evaluate
from corridor.node.policy import ConsentRule
from corridor.node.schema import CASES, LEGS, PERSONS, SERVICES, EditionTables
from corridor.node.store import EditionReader, EditionStore
from corridor.privacy.discrete_gaussian import sample
from corridor.queries.builder import RegionQuestions
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains
from corridor.queries.plan import compile_plan
from corridor.queries.question import Question

DATA = Path(__file__).parents[1] / "queries" / "data"
Z = 3.29
"""A normal value is within ± Z with 99.9 %."""

KEY = bytes(range(16))
REGION = ["BG", "MD", "NG", "RO", "UA"]
LISTS = ("prs_Citizenship", "transit_in", *schema.MULTISELECTS)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"load average {load()}\n")
    sampling(50 * rounds)
    print()
    counting(rounds)
    print(f"\nload average {load()}")


# ---------------------------------------------------------------- sampling


def sampling(batches: int) -> None:
    print(f"{'sampling':44}{'µs a batch':>12}   r of time and magnitude")
    for variance in (Fraction(5, 2), Fraction(10**4), Fraction(2**20), Fraction(10**12)):
        for draws in (1, 1000):
            name = f"σ² = {float(variance):g}, {draws} a batch"
            show(name, batches, lambda v=variance, d=draws: sample(v, d, os.urandom))  # type: ignore[misc]
    show("counting up in steps, 20 a batch", batches, counting_up)


def show(name: str, batches: int, draw: Callable[[], NDArray[np.int64]]) -> None:
    for _ in range(20):
        draw()
    taken, magnitudes = np.empty(batches), np.empty(batches)
    for place in range(batches):
        start = time.thread_time_ns()
        drawn = draw()
        taken[place] = time.thread_time_ns() - start
        magnitudes[place] = np.abs(drawn).mean()
    r = float(np.corrcoef(ranks(taken), ranks(magnitudes))[0, 1])
    low, high = (tanh(atanh(r) + sign * Z / sqrt(batches - 3)) for sign in (-1, 1))
    told = "" if low <= 0 <= high else "   TELLS"
    print(f"{name:44}{np.median(taken) / 1e3:12.1f}   {r:+.3f}  [{low:+.3f}, {high:+.3f}]{told}")


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in order; equals in the order of their rounds, which is chance."""
    places = np.empty(len(values))
    places[np.argsort(values, kind="stable")] = np.arange(len(values))
    return places


def counting_up() -> NDArray[np.int64]:
    """The textbook loop: a coin for every step away from zero."""
    drawn = np.zeros(20, np.int64)
    for place in range(len(drawn)):
        while int.from_bytes(os.urandom(4), "big") < exp(-1 / 8) * 2**32:
            drawn[place] += 1
    return drawn


# ---------------------------------------------------------------- counting


@dataclass(frozen=True, slots=True)
class Difference:
    """Two editions that differ by one person, and what is asked of both."""

    name: str
    asked: Question
    others: int
    rows: Sequence[Mapping[str, Any]] = ({},)
    legs: int = 0


def counting(rounds: int) -> None:
    region = RegionQuestions(domains())
    gender = region.persons.by("gender").count()
    journeys = region.legs.by("leg_from", "leg_to").count()
    forms = region.persons.by("exploitation", "control").count()
    ticked = {
        "vic_TypeOfExploitation": labels("exploitation"),
        "vic_MethodsOfControl": labels("control"),
    }
    print(f"{'one person more':52}{'a count':>10}{'difference, ms':>16}")
    for case in (
        Difference("an ordinary one, beside 1 000", gender, 1_000),
        Difference("an ordinary one, beside 100 000", gender, 100_000),
        Difference("the only one", gender, 0),
        Difference("with 200 cases, beside 1 000", gender, 1_000, [{}] * 200),
        Difference("the only one with journeys, beside 1 000", journeys, 1_000, legs=1),
        Difference("with 2 000 steps, beside 1 000", journeys, 1_000, legs=2_000),
        Difference("with everything ticked, beside 1 000", forms, 1_000, [ticked]),
    ):
        compare(case, rounds)
    print(f"\n{'how many there are':52}{'a count':>10}")
    for people in (10, 1_000, 100_000):
        with TemporaryDirectory() as folder:
            reader, store = written(Path(folder), people, [], 0)
            plan = compile_plan(gender, domains())
            taken = [cpu(lambda: counted(plan, reader, store)) for _ in range(15)]  # noqa: B023
        print(f"{people:<52,}{np.median(taken):7.2f} ms")


def compare(case: Difference, rounds: int) -> None:
    plan = compile_plan(case.asked, domains())
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        without = written(Path(first), case.others, [], 0)
        with_one = written(Path(second), case.others, case.rows, case.legs)
        differences, taken = np.empty(rounds), np.empty(rounds)
        chance = np.random.default_rng(1)
        for place in range(-3, rounds):
            order = [without, with_one]
            if chance.random() < 0.5:
                order.reverse()
            spent = {id(one): cpu(lambda one=one: counted(plan, *one)) for one in order}  # type: ignore[misc]
            if place >= 0:
                taken[place] = spent[id(without)]
                differences[place] = spent[id(with_one)] - spent[id(without)]
    reach = ceil(Z * sqrt(rounds) / 2)
    sorted_ = np.sort(differences)
    low, high = sorted_[rounds // 2 - reach], sorted_[min(rounds - 1, rounds // 2 + reach)]
    told = "" if low <= 0 <= high else "   TELLS"
    print(
        f"{case.name:52}{np.median(taken):7.2f} ms{np.median(differences):+9.2f}  "
        f"[{low:+.2f}, {high:+.2f}]{told}",
        flush=True,
    )


def cpu(work: Callable[[], object]) -> float:
    """Milliseconds of all threads."""
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1e6


def counted(plan: Any, reader: EditionReader, store: EditionStore) -> object:
    return evaluate(plan, reader, store.choice_key, ConsentRule.HTCDS_CONSENT)


def written(
    folder: Path, others: int, rows: Sequence[Mapping[str, Any]], legs: int
) -> tuple[EditionReader, EditionStore]:
    """An edition of so many others with a case each, and one person with these rows."""
    store = EditionStore(folder, np.random.default_rng(1).bytes, lambda: datetime.now(UTC))
    people = others + bool(rows)
    persons = np.array([*range(others), *([others] * len(rows))], np.uint32)
    keys = np.random.default_rng(1).bytes(16 * (others + 1))[: 16 * people]
    person_keys = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), people, [None, pa.py_buffer(keys)]
    )
    person_table = pa.table(
        {"person": np.arange(people, dtype=np.uint32), "person_key": person_keys}, schema=PERSONS
    )
    columns: dict[str, Any] = {
        "person": persons,
        "choice_key": schema.choice_keys(person_table["person_key"])[persons],
        "case_key": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16),
            len(persons),
            [None, pa.py_buffer(np.random.default_rng(2).bytes(16 * len(persons)))],
        ),
        "own_key": np.ones(len(persons), np.bool_),
        "import_number": np.ones(len(persons), np.int32),
        "consent": np.ones(len(persons), np.bool_),
        "prs_Gender": ["Feminine"] * len(persons),
    }
    for name in LISTS:
        columns[name] = [[]] * others + [list(row.get(name, [])) for row in rows]
    cases = pa.table(
        [
            pa.array(columns[field.name], field.type)
            if isinstance(columns.get(field.name), list)
            else columns.get(field.name, pa.nulls(len(persons), field.type))
            for field in CASES
        ],
        schema=CASES,
    )
    steps = {
        "case": np.full(legs, others, np.uint32),
        "position": (np.arange(legs) % 1000).astype(np.int16),
        "leg_from": ["MD"] * legs,
        "leg_to": [REGION[step % len(REGION)] for step in range(legs)],
    }
    leg_table = pa.table(
        [
            pa.array(steps[field.name], field.type)
            if field.name in steps
            else pa.nulls(legs, field.type)
            for field in LEGS
        ],
        schema=LEGS,
    )
    tables = EditionTables(
        persons=person_table, cases=cases, legs=leg_table, services=SERVICES.empty_table()
    )
    edition = store.write(tables, replaces=None, sources=[]).edition.id
    return store.reader(edition), store


def labels(field: str) -> Sequence[str]:
    """Every value of a list field."""
    return [value for value in domains().catalogue.fields[field].labels if value != "unknown"]


def domains() -> Domains:
    catalogue = parse_catalogue(lambda name: (DATA / name).read_text("utf-8"))
    return Domains(
        catalogue=catalogue,
        countries=tuple(map(CountryCode, REGION)),
        region=tuple(map(CountryCode, REGION)),
        years=(2015, 2025),
        cells=1 << 22,
    )


if __name__ == "__main__":
    main()
