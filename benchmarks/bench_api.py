"""The REST API under load: cached answers a second, and how long the slowest of a hundred wait.

    python benchmarks/bench_api.py [--seconds 10] [--analysts 16]

A region of three nodes, each party a process of its own, answers one question. Then so many
analysts, each with a token and a kept connection of its own over TLS, in two processes beside the
coordinator's and on the same machine, ask for what is there already:

    ask          POST the same question again, each analyst for the second time: it is answered by
                 the release that there is
    release      GET the release whole
    unchanged    GET it with the ETag that was given: 304, nothing is sent

The baseline, in the same run, is `health`: GET a view that does nothing, over the same server and
transport. Figures are a second's answers, and the median and the 99th percentile of their waits.
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
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_region(Path(folder), COUNTRIES[:3], 100, 7, lambda _: None) as region,
    ):
        measure(region, asked.seconds, asked.analysts)


def measure(region: DemoRegion, seconds: float, analysts: int) -> None:
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
    print(f"{'':12}{'a second':>10}{'÷ health':>10}{'median':>10}{'99 %':>10}{'worst':>10}  ms")
    baseline = 0.0
    for work in works:
        waits = _flood(place, work, seconds, tokens)
        rate = len(waits) / seconds
        baseline = baseline or rate
        cuts = statistics.quantiles(waits, n=100)
        figures = (statistics.median(waits), cuts[98], max(waits))
        shown = "".join(f"{1000 * one:10.1f}" for one in figures)
        print(f"{work.name:12}{rate:10.0f}{rate / baseline:10.2f}{shown}", flush=True)


def _flood(place: str, work: Work, seconds: float, tokens: Sequence[str]) -> list[float]:
    """How long each answer took that came within these seconds, by all analysts together."""
    begin = time.time() + WARM_SECONDS
    each = [tokens[start::PROCESSES] for start in range(PROCESSES)]
    jobs = [
        {"place": place, "work": asdict(work), "begin": begin, "seconds": seconds, "tokens": some}
        for some in each
    ]
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
