"""How soon a map of 60 × 60 corridors can be used, in a real browser.

    python benchmarks/bench_pictures.py [--looks N]

The page, its files and its policy are those of tests/support/picture_page.py, served on this
machine. Medians in milliseconds since the page was asked for, and what came over the line:

    flow-map       3 600 corridors: the answer, ECharts and the base map, no file in the cache
    … again        the same with files in the cache, as on the second page of a day
    … slow         at 1.6 Mbit/s with 150 ms each way, and a processor four times as slow
    bars           the baseline, in the same run: 25 bars of the same answer, no base map
    bare           the page's own first paint, before anything is drawn

Drawn is when the figure is marked and two frames have passed; interactive is when a key pressed
then has been answered: the largest corridor is said and its tip shows. Goal: < 1 s.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from measuring import load
from selenium.webdriver import Keys

from support.browsing import Chromium, chromium
from support.picture_page import picture_server

GOAL_MS = 1_000
WATCH = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("figure[data-drawn]")) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.drawnAt = performance.now())));
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
PRESSED = """
const done = arguments[0], place = document.querySelector(".picture-drawing");
const start = performance.now();
place.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown"}));
requestAnimationFrame(() => done([performance.now() - start,
  document.querySelector(".picture-said").textContent]));
"""
PAINT = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
BYTES = """return performance.getEntriesByType("resource").concat(
  performance.getEntriesByType("navigation")).reduce((sum, one) => sum + one.transferSize, 0)"""


def look(browser: Chromium, name: str) -> tuple[float, float, float, int]:
    """First paint, drawn, interactive; and the bytes that came over the line."""
    browser.open(f"/{name}")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        drawn = browser.driver.execute_script("return window.drawnAt")
        if drawn:
            break
        time.sleep(0.01)
    else:
        raise TimeoutError(name)
    answered, said = browser.driver.execute_async_script(PRESSED)
    assert "±" in said
    paint = browser.driver.execute_script(PAINT)
    return paint, drawn, drawn + answered, browser.driver.execute_script(BYTES)


def measure(address: str, name: str, looks: int, *, cached: bool, slow: bool = False) -> None:
    """Print the median and the worst."""
    found = []
    with chromium(address) as browser:
        run = browser.driver.execute_cdp_cmd
        run("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        run("Network.enable", {})
        if slow:
            rate = 1_600_000 / 8
            line = {"offline": False, "latency": 150}
            run(
                "Network.emulateNetworkConditions",
                {**line, "downloadThroughput": rate, "uploadThroughput": rate},
            )
            run("Emulation.setCPUThrottlingRate", {"rate": 4})
        look(browser, name)  # the browser itself has started
        for _ in range(looks):
            if not cached:
                run("Network.clearBrowserCache", {})
            found.append(look(browser, name))
        browser.find(".picture-drawing").send_keys(Keys.END)
    words = f"{name}{' again' if cached else ''}{' slow' if slow else ''}"
    middle = [statistics.median(one[place] for one in found) for place in range(4)]
    worst = max(one[2] for one in found)
    print(
        f"{words:38} bare {middle[0]:6.0f}  drawn {middle[1]:6.0f}  interactive {middle[2]:6.0f}"
        f"  worst {worst:6.0f}  {middle[3] / 1000:6.0f} kB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=10)
    looks = parser.parse_args().looks
    print(f"goal: interactive < {GOAL_MS} ms; load average {load()}")
    with picture_server() as address:
        for name in ("matrix-of-sixty-flow-map", "matrix-of-sixty-bars"):
            measure(address, name, looks, cached=False)
            measure(address, name, looks, cached=True)
            measure(address, name, max(2, looks // 4), cached=False, slow=True)
    print(f"load average {load()}")


if __name__ == "__main__":
    main()
