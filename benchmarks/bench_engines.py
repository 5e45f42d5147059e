"""One edition in the home, in PostgreSQL, in Spark: writing it, and the same questions of each.

    make engines
    python benchmarks/bench_engines.py [CASES] [--postgresql URL] [--spark]

CASES cases and as many legs, 10⁵ if nothing is said. URL is as in store.toml; the schema `corridor`
is there and may be written, and what is written goes again. Spark runs on this machine with two
threads. Each figure is the second of two counts (Spark's first one starts it), from the engine to
the finished table; that all tables are the same to the last cell is checked.
"""

import argparse
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from bench_evaluation import KEY, domains, make_tables
from measuring import load

from corridor.node.evaluation import evaluate
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.node.store import EditionStore
from corridor.queries.builder import RegionQuestions
from corridor.queries.plan import Plan, compile_plan

REGION = RegionQuestions(domains())
QUESTIONS = {
    "corridor matrix": REGION.corridors.by("recruited_in", "exploited_in").count(),
    "legs from-to": REGION.legs.by("leg_from", "leg_to").count(),
    "legs of minors from one country": REGION.legs.where(age=(0, 17), recruited_in="MD")
    .by("leg_from", "leg_to")
    .count(),
}


def settings(engine: str, url: str, folder: Path) -> str:
    return (
        f'engine = "{engine}"\n'
        + (f'[postgresql]\nurl = "{url}"\nschema = "corridor"\n' if url else "")
        + f'[spark]\nmaster = "local[2]"\nfolder = "{folder / "spark"}"\n'
    )


def seconds_of(plan: Plan, store: EditionStore, wanted: list[int] | None) -> tuple[float, list]:
    current = store.current()
    assert current is not None
    reader, spent, x = store.reader(current.id), 0.0, []
    for _ in range(2):
        start = time.perf_counter()
        x = evaluate(plan, reader, KEY, ConsentRule.HTCDS_CONSENT).tolist()
        spent = time.perf_counter() - start
    assert wanted is None or x == wanted
    return spent, x


def measure(
    engine: str, url: str, tables: EditionTables, wanted: dict[str, list[int]]
) -> dict[str, list[int]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "store.toml").write_text(settings(engine, url, folder))
        store = EditionStore(folder, secrets.token_bytes, lambda: datetime.now(UTC))
        start = time.perf_counter()
        edition = store.write(tables, replaces=None, sources=[]).edition
        line = f"{engine:12}{time.perf_counter() - start:10.2f} s"
        found = {}
        try:
            for title, question in QUESTIONS.items():
                plan = compile_plan(question, domains())
                spent, found[title] = seconds_of(plan, store, wanted.get(title))
                line += f"{spent:32.2f} s"
        finally:
            store.erase(edition.id)
    print(line, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="one edition in several engines")
    parser.add_argument("cases", nargs="?", type=int, default=10**5)
    parser.add_argument("--postgresql", default="", metavar="URL")
    parser.add_argument("--spark", action="store_true")
    asked = parser.parse_args()
    tables = make_tables(np.random.default_rng(1), asked.cases, asked.cases)
    print(f"{asked.cases:,} cases and legs; load average {load()}")
    print(f"{'':12}{'written':>12}" + "".join(f"{title:>34}" for title in QUESTIONS))
    wanted = measure("duckdb", asked.postgresql, tables, {})
    if asked.postgresql:
        measure("postgresql", asked.postgresql, tables, wanted)
    if asked.spark:
        measure("spark", asked.postgresql, tables, wanted)
    print(f"load average {load()}")


if __name__ == "__main__":
    main()
