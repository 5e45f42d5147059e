"""Persons per cell by two other libraries: the baseline of `bench_evaluation.py --others`.

    uv run --no-project --isolated --with 'opendp[polars]==0.16.0' \\
        python benchmarks/others_counting.py opendp FILE.parquet CELLS
    uv run --no-project --isolated --with smartnoise-sql==1.0.10 --with 'setuptools<80' \\
        --with pyarrow python benchmarks/others_counting.py smartnoise FILE.parquet CELLS

Each runs in an environment of its own. The file has two whole-number columns, `person` and `cell`,
plain and sorted by person. Each person counts in one cell. Wall and CPU seconds of the best of
three, from the file to the noisy table.

OpenDP 0.16 keeps one group fewer than it is told when it truncates with `first`, and fails with its
default: so it is told two.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

RUNS = 3


def opendp(path: str, cells: int) -> Callable[[], Any]:
    import opendp.prelude as dp  # noqa: PLC0415  # each is in an environment of its own
    import polars as pl  # noqa: PLC0415

    dp.enable_features("contrib")
    keys = pl.LazyFrame({"cell": pl.Series(range(cells), dtype=pl.UInt32)})

    def run() -> Any:
        context = dp.Context.compositor(
            data=pl.scan_parquet(path),
            privacy_unit=dp.unit_of(contributions=1, identifier=pl.col("person")),
            privacy_loss=dp.loss_of(rho=0.1),
            split_evenly_over=1,
            margins=[dp.polars.Margin(by=[], max_length=10**9)],
        )
        query = (
            context.query()
            .truncate_per_group(1, by=["cell"], keep="first")
            .truncate_num_groups(2, by=["cell"], keep="first")
            .group_by("cell")
            .agg(dp.len(signed=True))
            .with_keys(keys)
        )
        return query.release().collect()["len"].sum()

    return run


def smartnoise(path: str, cells: int) -> Callable[[], Any]:
    import pandas as pd  # noqa: PLC0415  # each is in an environment of its own
    import snsql  # noqa: PLC0415

    columns = {
        "person": {"type": "int", "private_id": True},
        "cell": {"type": "int", "lower": 0, "upper": cells - 1},
    }
    table = {"max_ids": 1, "row_privacy": False, "censor_dims": False, **columns}

    def run() -> Any:
        rows = pd.read_parquet(path)
        reader = snsql.from_df(
            rows,
            privacy=snsql.Privacy(epsilon=1.0, delta=1e-6),
            metadata={"": {"D": {"cases": {"rows": len(rows), **table}}}},
        )
        text = "SELECT cell, COUNT(DISTINCT person) AS n FROM D.cases GROUP BY cell"
        return sum(row[1] for row in reader.execute(text)[1:])

    return run


def main() -> None:
    warnings.simplefilter("ignore")
    name, path, cells = sys.argv[1], sys.argv[2], int(sys.argv[3])
    run = {"opendp": opendp, "smartnoise": smartnoise}[name](path, cells)
    wall, cpu, counted = [], [], 0
    for _ in range(RUNS):
        begun, spent = time.perf_counter(), time.process_time()
        counted = int(run())
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - spent)
    print(f"{min(wall):.3f} {min(cpu):.3f} {counted}")


if __name__ == "__main__":
    main()
