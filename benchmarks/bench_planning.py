"""Planning a dashboard: time and memory over 10⁶ cells, and what counting tables together gains.

    python benchmarks/bench_planning.py

For each dashboard of twelve tables: time to compile it, to forecast it, and to put the answer
together; how much the process grew at most. Beside it an even split of the same ρ over the
tables, each measured by itself. Variances are means over all cells, where one table with all of ρ
for itself has 1. (That no strategy does better on plain axes and equal trees is a test, of
residuals.)
"""

import time
from fractions import Fraction
from importlib.resources import files

import numpy as np
from measuring import load, memory

from corridor.ids import CountryCode
from corridor.privacy.discrete_gaussian import SAMPLER
from corridor.privacy.distributed import plan_shared_noise
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import AttemptParameters, NoiseLevel
from corridor.queries.answers import decode_answer, joint_noise
from corridor.queries.builder import RegionQuestions, together
from corridor.queries.catalogue import parse_catalogue
from corridor.queries.domains import Domains
from corridor.queries.plan import Plan, compile_plan

REGION = tuple(map(CountryCode, ["BG", "MD", "NG", "RO", "UA"]))
PLAIN = [
    "", "year", "quarter", "month", "gender", "minor", "gender minor", "gender year",
    "minor year", "gender quarter", "minor quarter", "gender minor year",
]  # fmt: skip
CORRIDORS = [
    "", "year", "gender", "age_band", "gender age_band", "gender year", "age_band year",
    "exploited_in", "recruited_in", "exploited_in year", "exploited_in gender",
    "recruited_in exploited_in",
]  # fmt: skip
MILLION = [*CORRIDORS[:-1], "recruited_in exploited_in year", "exploited_in_subregion month"]


def main() -> None:
    """Print a row for each dashboard."""
    domains = _domains()
    print(f"load average {load()}")
    print("dashboard | tables, cells | compile, forecast, answer: s | MB | variance, even, gain")
    for name, tables in (("plain", PLAIN), ("corridors", CORRIDORS), ("million", MILLION)):
        memory(reset=True)
        before = memory()
        begun = time.process_time()
        plan = _plan(domains, tables)
        compiled = time.process_time()
        noise = plan_shared_noise(Rho(Fraction(1, 100)), plan.sensitivity_squared, plan.size, 3)
        mean = mean_variance(plan)
        forecast = time.process_time()
        parameters = _parameters(plan, noise.scale_bits, noise.share_variance)
        sums = np.random.default_rng(1).integers(-(10**6), 10**6, plan.entries)
        answer = decode_answer(plan, domains, parameters, 5, sums, reduced=0)
        for table in answer.tables:
            table.figures.margins()
        done = time.process_time()
        even = len(plan.tables)
        times = [compiled - begun, forecast - compiled, done - forecast]
        print(
            f"{name:9} | {even}, {plan.cells} | {', '.join(f'{one:.2f}' for one in times)} | "
            f"{(memory() - before) / 1e6:.0f} | {mean:.2f}, {even}, {even / mean:.2f}"
        )


def mean_variance(plan: Plan) -> float:
    """Over all cells, where one table with all of ρ has 1: Δ² times that for noise of 1."""
    total = 0.0
    for number, table in enumerate(plan.tables):
        found = plan.place_together(number)
        if found is None:
            total += table.cells / table.blocks[0].factor ** 2
        else:
            noise = joint_noise(*found, scale_bits=0, variance=Fraction(1)).variances
            total += float(np.array([float(one) for one in noise.amounts])[noise.kind].sum())
    return plan.sensitivity_squared * total / plan.cells


def _plan(domains: Domains, tables: list[str]) -> Plan:
    ask = RegionQuestions(domains).persons
    return compile_plan(together(*(ask.by(*one.split()).count() for one in tables)), domains)


def _domains() -> Domains:
    catalogue = parse_catalogue(
        lambda name: (files("corridor.queries") / "data" / name).read_text("utf-8")
    )
    countries = tuple(catalogue.country_names)
    return Domains(
        catalogue=catalogue, countries=countries, region=REGION, years=(2012, 2025), cells=1 << 22
    )


def _parameters(plan: Plan, scale_bits: int, share_variance: Fraction) -> AttemptParameters:
    return AttemptParameters(
        roster_size=5,
        threshold=4,
        dropouts=1,
        colluders=1,
        min_participants=3,
        cells=plan.entries,
        sensitivity_squared=plan.sensitivity_squared,
        scale_bits=scale_bits,
        levels=(NoiseLevel(1, share_variance),),
        sampler=SAMPLER,
        ring_bits=64,
    )


if __name__ == "__main__":
    main()
