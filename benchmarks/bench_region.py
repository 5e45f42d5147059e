"""A region of real processes under questions in a row: time to answer, where it goes, what leaks.

    python benchmarks/bench_region.py [--questions 100] [SIZES…]        3 and 20 nodes
    python benchmarks/bench_region.py --questions 20 3 5 10

Each node and the coordinator is a process of its own with a home of its own, as `corridor demo`
starts them, and all of them share this machine. One question after the other is asked over the
REST API, each with a ρ of its own, so that none is answered from an earlier release; a region that
failed one stops the run.

    answer       from the request to the moment when the API shows the release (looked at every
                 50 ms), in seconds
    CPU          of one question, by /proc: coordinator; all nodes together
    rounds       from the coordinator's log: between the ends of two rounds, the median
    RSS …        resident memory, open files, threads after question 10, half of them, and the last

The baseline, in the same run, is a bare exchange over the same transport: this process serves
gRPC with mutual TLS, one other process holds the region's N clients with the nodes' own
certificates, and six times over each client is sent a message and answers it before the next round
begins. That is what a question's messages cost when nobody checks, stores or computes anything.
"""

import argparse
import asyncio
import json
import multiprocessing
import signal
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from measuring import Held, load, start_bare

from corridor.cli.demo.region import DemoRegion, running_region
from corridor.client.app import connect
from corridor.client.connection import Connection
from corridor.ids import CountryCode
from corridor.node.home import Home, read_enrolment
from corridor.node.keys import read_authority, read_identity
from corridor.transport.certificates import decode_certificate
from corridor.transport.channels import dial

COUNTRIES = tuple(
    CountryCode(code)
    for code in (
        *("BG", "MD", "NG", "RO", "UA", "NE", "AL", "GE", "RS", "TR", "IT", "MK"),
        *("DE", "FR", "ES", "PL", "HU", "AT", "GR", "HR", "CZ", "SK", "SI", "PT"),
    )
)
PEOPLE = 100
LOOK_SECONDS = 0.05
ROUNDS = 6
PAYLOAD = 4096
QUESTION = "SELECT gender, COUNT(DISTINCT person) FROM persons GROUP BY gender"
CHEAPEST = 4000  # ρ of question n is 1 / (4000 + n): a hundred cost a quarter of a year's allowance


def main() -> None:
    parser = argparse.ArgumentParser(description="a region under questions in a row")
    parser.add_argument("sizes", nargs="*", type=int, default=(3, 20))
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--profile", type=Path, help="py-spy: one node and the coordinator")
    asked = parser.parse_args()
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), COUNTRIES[:size], asked.questions, asked.profile)


def measure(
    folder: Path, countries: Sequence[CountryCode], questions: int, profiler: Path | None
) -> None:
    begun = time.perf_counter()
    with running_region(folder, countries, PEOPLE, 7, lambda _: None) as region:
        print(
            f"\n{len(countries)} nodes, {questions} questions in a row; set up in "
            f"{time.perf_counter() - begun:.0f} s; load average {load()}"
        )
        profiles = start_profiles(region, folder, profiler) if profiler else []
        with connect(region.credentials) as analyst:
            ask(analyst, 0)  # the first one opens files and compiles plans
            marks = {1, min(10, questions), max(1, questions // 2), questions}
            held = ask_all(region, analyst, questions, marks)
        for profile in profiles:
            profile.send_signal(signal.SIGINT)
            profile.wait()
        show_rounds(folder / "logs" / "coordinator.log")
        show_held(held)
        for path in sorted(folder.glob("*.folded")):
            show_profile(path)
    bare = asyncio.run(bare_exchange(folder, countries))
    median = statistics.median(seconds for seconds, *_ in held.answers)
    print(
        f"bare exchange, {ROUNDS} rounds × {len(countries)} clients over mutual TLS: median "
        f"{bare * 1e3:.1f} ms; an answer takes {median / bare:.0f} × that; load average {load()}",
        flush=True,
    )


@dataclass(slots=True)
class Run:
    """What was seen: an answer's seconds, coordinator's CPU, nodes' CPU; and who held what."""

    answers: list[tuple[float, float, float]]
    held: dict[int, dict[str, Held]]


def ask_all(region: DemoRegion, analyst: Connection, questions: int, marks: set[int]) -> Run:
    run = Run([], {})
    before = everybody(region)
    for number in range(1, questions + 1):
        seconds = ask(analyst, number)
        after = everybody(region)
        cpu = {name: after[name].cpu - before[name].cpu for name in after}
        run.answers.append(
            (
                seconds,
                cpu["coordinator"],
                sum(spent for name, spent in cpu.items() if name != "coordinator"),
            )
        )
        before = after
        if number in marks:
            run.held[number] = after
    return run


def ask(analyst: Connection, number: int) -> float:
    begun = time.perf_counter()
    request = {
        "sql": QUESTION,
        "rho": f"1/{CHEAPEST + number}",
        "scope": "regional",
        "purpose": "a benchmark",
    }
    identifier = analyst.ask(request)["id"]
    while (question := analyst.question(identifier))["state"] not in {"released", "failed"}:
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begun
    if question["state"] != "released":
        raise SystemExit(f"question {number} failed: {question['failure']}")
    return seconds


def everybody(region: DemoRegion) -> dict[str, Held]:
    return {name: Held.by(pid) for name, pid in region.processes.pids().items()}


def show_held(run: Run) -> None:
    seconds = sorted(answer[0] for answer in run.answers)
    centile = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
    print(
        f"answer: median {statistics.median(seconds):.3f} s, 99th percentile {centile:.3f} s; CPU "
        f"of one: coordinator {statistics.median(a[1] for a in run.answers):.2f} s, all nodes "
        f"{statistics.median(a[2] for a in run.answers):.2f} s"
    )
    half = len(run.answers) // 2
    print(
        f"first half: median {statistics.median(a[0] for a in run.answers[:half]):.3f} s, second "
        f"half {statistics.median(a[0] for a in run.answers[half:]):.3f} s"
    )
    print(f"{'after question':>15} {'coordinator':>33} {'median node':>33} {'largest node':>33}")
    for number, held in sorted(run.held.items()):
        nodes = [each for name, each in held.items() if name != "coordinator"]
        columns = [text(held["coordinator"]), text(middle(nodes)), text(largest(nodes))]
        print(f"{number:>15} " + " ".join(f"{column:>33}" for column in columns))


def text(held: Held) -> str:
    return f"{held.megabytes:.1f} MB {held.files} files {held.threads} threads"


def middle(held: Sequence[Held]) -> Held:
    return Held(
        statistics.median(each.megabytes for each in held),
        int(statistics.median(each.files for each in held)),
        int(statistics.median(each.threads for each in held)),
        0.0,
    )


def largest(held: Sequence[Held]) -> Held:
    return Held(
        max(each.megabytes for each in held),
        max(each.files for each in held),
        max(each.threads for each in held),
        0.0,
    )


def show_rounds(log: Path) -> None:
    """The median time between the ends of two rounds, over all attempts that were released."""
    spent: dict[str, list[float]] = {}
    last = datetime.now(UTC)
    for line in log.read_text().splitlines():
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        moment = datetime.fromisoformat(entry["timestamp"])
        match entry["event"]:
            case "attempt.began":
                last = moment
            case "round.closed" | "attempt.released":
                name = entry.get("round", "sum, release, receipts")
                spent.setdefault(name, []).append((moment - last).total_seconds())
                last = moment
            case _:
                pass
    rows = [f"{name} {statistics.median(times) * 1e3:.0f} ms" for name, times in spent.items()]
    print("rounds: " + ", ".join(rows))


# ---------------------------------------------------------------- profiles


def start_profiles(
    region: DemoRegion, folder: Path, profiler: Path
) -> list["subprocess.Popen[bytes]"]:
    pids = region.processes.pids()
    return [
        subprocess.Popen(  # noqa: S603  # the profiler that was named
            [
                *(str(profiler), "record", "--pid", str(pids[name]), "--rate", "50", "--gil"),
                *("--format", "raw", "--output", str(folder / f"{name}.folded")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("coordinator", f"node-{region.countries[0]}")
    ]


def show_profile(path: Path) -> None:
    """Which of our functions the samples were in, with all that they call, and by themselves."""
    inside: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    total = 0
    for line in path.read_text().splitlines():
        stack, count = line.rsplit(" ", 1)
        ours = [frame.rsplit(":", 1)[0] + ")" for frame in stack.split(";") if is_ours(frame)]
        inside.update(dict.fromkeys(ours, int(count)))
        alone[ours[-1] if ours else "other threads"] += int(count)
        total += int(count)
    print(f"profile of {path.stem}: {total} samples; with what it calls | innermost of ours")
    for (one, with_calls), (other, by_itself) in zip(
        inside.most_common(25), alone.most_common(25), strict=False
    ):
        print(f"    {with_calls / total:6.1%} {one:68} | {by_itself / total:6.1%} {other}")


def is_ours(frame: str) -> bool:
    rooms = (
        "corridor",
        "coordinator/",
        "node/",
        "protocols/",
        "privacy/",
        "queries/",
        "transport/",
    )
    return "(" in frame and frame.split("(", 1)[1].startswith(rooms)


# ---------------------------------------------------------------- the baseline


async def bare_exchange(folder: Path, countries: Sequence[CountryCode]) -> float:
    """Median seconds of six rounds in which every client is sent a message and answers it."""
    bare = Bare()
    server, port = await start_bare(folder / "coordinator", bare.connect)
    client = multiprocessing.get_context("spawn").Process(
        target=hold_clients, args=(folder, tuple(countries), f"127.0.0.1:{port}")
    )
    client.start()
    await bare.wait_for(len(countries))
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(ROUNDS):
            await bare.round()
        times.append(time.perf_counter() - begun)
    client.terminate()
    client.join()
    await server.stop(0)
    return statistics.median(times)


class Bare:
    """Sends every client a message, and waits until all have answered."""

    def __init__(self) -> None:
        self.outgoing: list[asyncio.Queue[bytes]] = []
        self._answered = asyncio.Semaphore(0)
        self._came = asyncio.Semaphore(0)

    async def connect(self, requests: Any, _context: Any) -> Any:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.outgoing.append(queue)
        self._came.release()
        reader = asyncio.create_task(self._read(requests))
        try:
            while True:
                yield await queue.get()
        finally:
            reader.cancel()

    async def _read(self, requests: Any) -> None:
        async for _ in requests:
            self._answered.release()

    async def wait_for(self, clients: int) -> None:
        for _ in range(clients):
            await self._came.acquire()

    async def round(self) -> None:
        for queue in self.outgoing:
            queue.put_nowait(bytes(PAYLOAD))
        for _ in self.outgoing:
            await self._answered.acquire()


def hold_clients(folder: Path, countries: Sequence[CountryCode], address: str) -> None:
    """The clients, each over a connection of its own."""

    async def answer(country: CountryCode) -> None:
        home = Home(folder / f"node-{country}")
        channel = dial(
            address,
            identity=read_identity(home),
            authority=decode_certificate(read_authority(home), "ca.pem"),
            pinned=read_enrolment(home).authority,
        )
        call: Any = channel.stream_stream("/bare/Go")()
        while (message := await call.read()) is not grpc.aio.EOF:
            await call.write(message)

    async def answer_all() -> None:
        await asyncio.gather(*map(answer, countries))

    asyncio.run(answer_all())


if __name__ == "__main__":
    main()
