"""The REST API under load: cached answers a second, and how long the slowest of a hundred wait.

    python benchmarks/bench_api.py [--seconds 10] [--analysts 100] [--rate 500]

A region of three nodes, each party a process of its own, answers one question. Then so many
analysts, each with a token and a kept connection of its own over TLS, in two processes beside the
coordinator's and on the same machine, ask for what is there already:

    ask          POST the same question again, each analyst for the second time: it is answered by
                 the release that there is
    release      GET the release whole
    unchanged    GET it with the ETag that was given: 304, nothing is sent

The baseline, in the same run, is `health`: GET a view that does nothing, over the same server and
transport. First all ask without a pause: answers a second. Then they ask by the clock, `--rate` a
second together, and the wait for an answer is counted from the moment it was due: its median and
its 99th percentile.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from flooding import Work, connect_to, once
from measuring import load

from corridor.cli.demo.region import COUNTRIES, DemoRegion, running_region
from corridor.client.app import connect
from corridor.coordinator import app as coordinator_app

QUESTION = {
    "sql": "SELECT gender, year, COUNT(DISTINCT person) FROM persons GROUP BY gender, year",
    "rho": "1/100",
    "purpose": "benchmark",
}
PROCESSES = 2
WARM_SECONDS = 3.0
"""So long connections are made and the server is asked without being timed."""


def main() -> None:
    parser = argparse.ArgumentParser(description="the REST API under load")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--analysts", type=int, default=100)
    parser.add_argument("--rate", type=float, default=500.0)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_region(Path(folder), COUNTRIES[:3], 100, 7, lambda _: None) as region,
    ):
        measure(region, asked.seconds, asked.analysts, asked.rate)


def measure(region: DemoRegion, seconds: float, analysts: int, rate: float) -> None:
    with connect(region.credentials) as analyst:
        question = analyst.ask(QUESTION)
        while (state := analyst.question(question["id"]))["state"] != "released":
            time.sleep(0.1)
    path = f"/api/v1/releases/{state['release_id']}"
    world = coordinator_app.real_world(region.folder / "coordinator")
    tokens = [coordinator_app.issue_token(world, f"analyst {one}") for one in range(analysts)]
    place = urlsplit(region.credentials.url).netloc
    with closing(connect_to(place)) as connection:
        tag = once(connection, Work("", "GET", path, None, {}, 200), tokens[0])["ETag"]
    asks = {"Content-Type": "application/json"}
    works = (
        Work("health", "GET", "/api/v1/health", None, {}, 200),
        Work("ask", "POST", "/api/v1/questions", json.dumps(QUESTION), asks, 200),
        Work("release", "GET", path, None, {}, 200),
        Work("unchanged", "GET", path, None, {"If-None-Match": tag}, 304),
    )
    print(f"load {load()}; {analysts} analysts, {seconds:g} s each")
    print(f"{'':12}{'a second':>10}{'÷ health':>10}   at {rate:g}/s: median  99 %  worst  ms")
    baseline = 0.0
    for work in works:
        most = len(_flood(place, work, seconds, tokens)) / seconds
        baseline = baseline or most
        waits = _flood(place, work, seconds, tokens, rate)
        figures = (statistics.median(waits), statistics.quantiles(waits, n=100)[98], max(waits))
        shown = "".join(f"{1000 * one:9.1f}" for one in figures)
        print(f"{work.name:12}{most:10.0f}{most / baseline:10.2f}    {shown}", flush=True)


def _flood(
    place: str, work: Work, seconds: float, tokens: Sequence[str], rate: float | None = None
) -> list[float]:
    """How long each answer took that came within these seconds, by all analysts together.

    Without a rate each asks as soon as it was answered.
    """
    begin = time.time() + WARM_SECONDS
    every = None if rate is None else len(tokens) / rate
    jobs = []
    for start in range(PROCESSES):
        places = range(start, len(tokens), PROCESSES)
        jobs.append(
            {
                "place": place,
                "work": asdict(work),
                "begin": begin,
                "seconds": seconds,
                "tokens": [tokens[one] for one in places],
                "firsts": [0.0 if rate is None else one / rate for one in places],
                "every": every,
            }
        )
    floods = [
        subprocess.Popen(  # noqa: S603  # this interpreter, and a file of ours
            [sys.executable, "-P", str(Path(__file__).with_name("flooding.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in jobs
    ]
    with ThreadPoolExecutor(PROCESSES) as pool:
        found = pool.map(lambda one, job: one.communicate(json.dumps(job))[0], floods, jobs)
        return [wait for part in found for wait in json.loads(part)]


if __name__ == "__main__":
    main()
