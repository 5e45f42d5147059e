"""How soon somebody sees the workbench's pages, on a region like the demo's.

    python benchmarks/bench_workbench.py [--looks N] [--people N]

Five nodes and a coordinator, each a process of its own, as `corridor demo` starts them; one
question is answered. An analyst signs in with a real browser and looks at each page again and
again. Milliseconds since the page was asked for, median and worst:

    first paint    the browser shows the first words; goal < 1 s
    all there      the page and its files are loaded
    drawn          an answer's first figure is marked as drawn

`empty` is a browser without any file of the workbench, `kept` one that was here before. The
baseline, in the same run, is the sign-in page, for which nothing is looked up.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench_pictures import PAINT, WATCH
from measuring import load

from corridor.cli.demo.region import COUNTRIES, running_region
from corridor.client.app import connect
from corridor.coordinator import app as coordinator_app
from corridor.coordinator.app.people import people_desk
from corridor.people import Role
from support.browsing import Chromium, chromium

GOAL_MS = 1_000
NAME = "Ana Rusu"
LOADED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
QUESTION = {"indicator": "exploitation_forms", "accuracy": "±25", "purpose": "a benchmark"}


def look(browser: Chromium, path: str, *, draws: bool) -> tuple[float, float, float]:
    """First paint, all there, and drawn, or 0 where nothing is."""
    browser.open(path)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        paint, loaded, drawn = (
            browser.driver.execute_script(one) or 0.0
            for one in (PAINT, LOADED, "return window.drawnAt")
        )
        if paint and loaded and (drawn or not draws):
            return paint, loaded, drawn
        time.sleep(0.02)
    raise TimeoutError(path)


def measure(browser: Chromium, path: str, looks: int, *, draws: bool = False) -> None:
    """Print the medians and the worst, with an empty cache and with files kept."""
    run = browser.driver.execute_cdp_cmd
    for cache in ("empty", "kept"):
        found = []
        for _ in range(looks):
            if cache == "empty":
                run("Network.clearBrowserCache", {})
            found.append(look(browser, path, draws=draws))
        shown = "".join(
            f"{statistics.median(times):9.0f}{max(times):7.0f}"
            for times in zip(*found, strict=True)
        )
        print(f"{path[:30]:32}{cache:6}{shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=10)
    parser.add_argument("--people", type=int, default=1500)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        region = stack.enter_context(
            running_region(folder, COUNTRIES[:5], asked.people, 2026, lambda _: None)
        )
        with connect(region.credentials) as analyst:
            identifier = analyst.ask(QUESTION)["id"]
            answered = analyst.wait(identifier, lambda _: None, time.sleep)
        world = coordinator_app.real_world(region.folder / "coordinator")
        with people_desk(world) as desk:
            code = desk.add(NAME, [Role.ANALYST])
        browser = stack.enter_context(chromium(region.credentials.url))
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        print(f"goal: first paint < {GOAL_MS} ms; load average {load()}")
        print(f"{'':38}{'first paint':>16}{'all there':>16}{'drawn':>16}   ms: median, worst")
        measure(browser, "/sign-in", asked.looks)
        browser.enter(NAME, code)
        for path in ("/", "/ask", "/questions", "/releases"):
            measure(browser, path, asked.looks)
        measure(browser, f"/releases/{answered['release_id']}", asked.looks, draws=True)
        print(f"load average {load()}")


if __name__ == "__main__":
    main()
