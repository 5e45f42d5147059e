"""How long the console's pages take, at a node with a million cases and some years behind it.

    python benchmarks/bench_console.py [--cases N] [--entries N] [--debits N] [--looks N]

The console is the real process, `corridor node console`, and so are its home, edition, ledger and
journal; requests go over HTTP on this machine, one after the other, signed in as a person would be.

    first     the first look at a page after the start
    opening   looks from the moment in which the console answers until ledger and journal are open,
              by somebody who is signed in already: every signature in them is verified meanwhile
    checking  the looks at pages while a check-up runs beside, which verifies everything anew
    median, worst    of the looks after it, by the clock, of a machine that others use, too
    bare      the baseline, in the same run: the sign-in page's style sheet, a file of 11 KB

Goal: every page < 150 ms at 10⁶ cases.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import httpx
import numpy as np
import pyotp
from bench_evaluation import make_tables
from measuring import Held, load

from corridor.ids import CountryCode, Digest, SessionId
from corridor.node import app as node_app
from corridor.node.app.people import people_desk
from corridor.node.app.world import journal_of, ledger_of, read_policy
from corridor.node.home import Home
from corridor.node.keys import read_keys
from corridor.node.store import EditionStore
from corridor.people import Role

PASSWORD = "seven otters juggle copper kettles"  # noqa: S105  # of an account that lasts a minute
GOAL_MS = 150
PAGES = {
    Role.ADMINISTRATOR: (
        *("/", "/status", "/editions", "/budget", "/charter", "/policy", "/people", "/account"),
    ),
    Role.OFFICER: ("/data",),
    Role.AUDITOR: ("/journal", "/journal?text=refuses_7", "/doctor", "/journal/export"),
}
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_SECRET = re.compile(r'class="secret">([A-Z2-7 ]+)<')


def fill(world: node_app.World, cases: int, entries: int, debits: int) -> None:
    """Data and a past."""
    generator = np.random.Generator(np.random.PCG64(1))
    store = EditionStore(world.home, world.random_bytes, world.clock)
    store.write(make_tables(generator, cases, cases), replaces=None, sources=[Digest(bytes(32))])
    home = Home(world.home)
    with home.settings.open("a") as settings:  # so that editions counts what is past its time
        settings.write("[retention]\ncase_days = 3650\n")
    moment = [datetime.now(UTC) - timedelta(days=3 * 365)]
    past = node_app.World(home=world.home, clock=lambda: moment[0], random_bytes=world.random_bytes)
    with ledger_of(past, read_policy(home), None) as ledger:
        ledger._failed_attempts_per_day = 10**6  # noqa: SLF001
        for number in range(debits):
            session = SessionId(number.to_bytes(16, "big"))
            moment[0] += timedelta(days=3 * 365) / debits
            ledger.reserve(
                session,
                Fraction(1, 20 * debits),
                question=Digest(bytes(32)),
                charter=Digest(bytes(32)),
                deadline=int(moment[0].timestamp()) + 60,
            )
            ledger.debit(session, Fraction(1, debits))
    with journal_of(world, home, read_keys(home)) as journal:
        for number in range(entries):
            session = SessionId(number.to_bytes(16, "big"))
            if number < debits:
                journal.let_out(session)
            else:
                journal.refused(session, f"policy.refuses_{number % 100}")


def sign_in(client: httpx.Client, world: node_app.World, role: Role) -> None:
    """Through the pages, as a person would."""
    name = f"Bench {role}"
    with people_desk(world) as desk:
        code = desk.add(name, [role])

    def send(path: str, shown: str, **words: str) -> None:
        token = _TOKEN.search(shown)
        assert token is not None, shown
        answer = client.post(path, data={"form_token": token[1], **words})
        assert answer.status_code in {200, 303}, answer.text

    def see(path: str) -> str:
        return client.get(path).text

    send("/welcome", see("/welcome"), name=name, code=code, password=PASSWORD, again=PASSWORD)
    send("/sign-in", see("/sign-in"), name=name, password=PASSWORD)
    shown = see("/account/second-factor")  # once: every look at this page offers another secret
    secret = _SECRET.search(shown)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(datetime.now(UTC))
    send("/account/second-factor", shown, code=code)


def look(client: httpx.Client, path: str) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return 1000 * (time.perf_counter() - begin)


def measure_checking(client: httpx.Client) -> float:
    """Run a check-up, and look at pages meanwhile; gives the slowest page's median."""
    token = _TOKEN.search(client.get("/doctor").text)
    assert token is not None
    begin = time.perf_counter()
    assert client.post("/doctor", data={"form_token": token[1]}).status_code == 303
    paths = ("/", "/journal", "/doctor", "/doctor/progress")
    found: dict[str, list[float]] = {path: [] for path in paths}
    while "hx-get" in client.get("/doctor/progress").text:
        for path in paths:
            found[path].append(look(client, path))
    took = time.perf_counter() - begin
    print(f"a check-up, with these looks beside it, took {took:.1f} s")
    for path, times in found.items():
        if times:
            median = statistics.median(times)
            print(f"{'checking':14} {path:26}{times[0]:9.1f}{median:9.1f}{max(times):9.1f}")
    return max((statistics.median(times) for times in found.values() if times), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the console's pages take.")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=3_000)
    parser.add_argument("--debits", type=int, default=500)
    parser.add_argument("--looks", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = node_app.real_world(Path(folder) / "MD")
        node_app.initialise(world, country=CountryCode("MD"), name="Bench")
        fill(world, given.cases, given.entries, given.debits)
        with console(world.home) as (address, pid):
            cookies = measure(address, world, pid, given.looks)
        with console(world.home) as (address, _):
            measure_opening(address, cookies)


@contextmanager
def console(home: Path) -> Iterator[tuple[str, int]]:
    """The console's process; its address and number."""
    process = subprocess.Popen(  # noqa: S603  # our own command
        [
            *(sys.executable, "-P", "-m", "corridor.cli", "node", "console"),
            *("--home", str(home), "--listen", "127.0.0.1:0"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "300"},
    )
    assert process.stderr is not None
    try:
        said = next(line for line in process.stderr if "http://" in line)
        yield said[said.index("http://") :].split("/;")[0], process.pid
    finally:
        process.terminate()
        process.wait(20)


def measure_opening(address: str, cookies: httpx.Cookies) -> None:
    """Pages from the first moment on, for somebody who is still signed in."""
    begin, times, answers = time.perf_counter(), [], [503]
    with httpx.Client(base_url=address, timeout=120, cookies=cookies) as client:
        while answers[-1] == 503:
            for path in ("/", "/journal"):
                sent = time.perf_counter()
                answers.append(client.get(path).status_code)
                times.append(1000 * (time.perf_counter() - sent))
            assert set(answers) <= {200, 503}
    took, refused = time.perf_counter() - begin, answers.count(503) - 1
    print(
        f"opening: ledger and journal shown after {took:.1f} s, {refused} pages said so before; "
        f"median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms"
    )


def measure(address: str, world: node_app.World, pid: int, looks: int) -> httpx.Cookies:
    """Every page; gives what keeps an auditor signed in."""
    print(f"load {load()}; {'page':26}{'first':>9}{'median':>9}{'worst':>9}  ms")
    slowest = 0.0
    for role, paths in PAGES.items():
        with httpx.Client(base_url=address, timeout=120) as client:
            sign_in(client, world, role)
            for path in (*paths, "/static/pages.css"):
                first = look(client, path)
                found = [look(client, path) for _ in range(looks)]
                median = statistics.median(found)
                if path != "/journal/export":  # a file, and no page to read
                    slowest = max(slowest, median)
                print(f"{role:14} {path:26}{first:9.1f}{median:9.1f}{max(found):9.1f}")
            if role is Role.AUDITOR:
                slowest = max(slowest, measure_checking(client))
                cookies = client.cookies
    print(f"slowest page {slowest:.1f} ms (goal: {GOAL_MS}); console holds {Held.by(pid)}")
    return cookies


if __name__ == "__main__":
    main()
