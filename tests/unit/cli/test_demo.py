"""The demo's parts that need no region: its parties' ends, its pictures, its words."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.cli.demo import _say_how_to_use
from corridor.cli.demo.processes import Processes
from corridor.cli.demo.region import _wait_for_port, free_port
from corridor.cli.demo.report import (
    Figure,
    Part,
    age_picture,
    flow_picture,
    render_report,
    trend_picture,
)
from corridor.cli.main import main
from corridor.cli.output import Output
from corridor.publishing.tables import Cell

STARTS_A_PARTY = """
import sys, time
from pathlib import Path
from corridor.cli.demo.processes import Processes
processes = Processes(Path("logs"))
processes.start("coordinator", "coordinator", "serve", "--home", "home")
print(processes.pids()["coordinator"], flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_a_demo_that_is_killed_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    web = f"127.0.0.1:{free_port()}"
    words = ["coordinator", "init", "--name", "X", "--home", "home", "--web", web]
    assert main([*words, "--listen", f"127.0.0.1:{free_port()}"]) == 0
    demo = subprocess.Popen([sys.executable, "-P", "-c", STARTS_A_PARTY], stdout=subprocess.PIPE)
    assert demo.stdout is not None
    pid = int(demo.stdout.readline())
    _wait_for_port(Processes(tmp_path / "none"), web)
    assert is_running(pid)
    demo.send_signal(signal.SIGKILL)
    demo.wait()
    demo.stdout.close()
    for _ in range(300):
        if not is_running(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the coordinator outlived the demo")


def test_what_the_kept_demo_says_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my demo"
    (folder / "receipts").mkdir(parents=True)
    (folder / "receipts" / "r.json").touch()
    _say_how_to_use(folder, "https://127.0.0.1:1", Output(as_json=False))
    lines = [one.strip() for one in capsys.readouterr().out.splitlines()]
    exports = [one for one in lines if one.startswith("export ")]
    pasted = "; ".join([*exports, 'echo "$CORRIDOR_CREDENTIALS"; command -v corridor'])
    told = subprocess.run(
        ["bash", "-c", pasted],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    ).stdout.splitlines()
    assert told == [str(folder / "credentials.json"), str(Path(sys.executable).parent / "corridor")]
    verify = next(one for one in lines if one.startswith("corridor verify "))
    assert f"'{folder / 'receipts' / 'r.json'}'" in verify


def told(keys: tuple[str, ...], value: float, margin: float = 14.2) -> Figure:
    return Figure(Cell(keys, keys, value, margin, max(0.0, value), 0.0))


FIGURE = Figure(Cell(("MD", "DE"), ("Moldova", "Germany"), 60.0, 14.2, 59.0, 0.0))


def test_no_margin_of_the_report_is_smaller_than_it_is() -> None:
    (link,) = flow_picture([FIGURE])["series"][0]["links"]
    assert link["tooltip"]["formatter"] == "Moldova → Germany: 60 ± 15"
    page = render_report("t", "i", [part()], [])
    assert '<td class="n">60 ± 15</td><td>reliable</td>' in page


def test_a_flow_to_be_used_with_caution_says_so_and_an_uncertain_one_is_not_drawn() -> None:
    flows = [told(("A", "X"), 60), told(("A", "Y"), 30), told(("B", "X"), 16)]
    links = flow_picture(flows)["series"][0]["links"]
    assert [link["mark"] for link in links] == ["", "use with caution"]
    drawn = [replace(part(), option=flow_picture(some)) for some in (flows, flows[:1])]
    keys = ["use with caution</p>" in render_report("t", "i", [one], []) for one in drawn]
    assert keys == [True, False]
    assert links[1]["tooltip"]["formatter"] == "A → Y: 30 ± 15 (use with caution)"


def test_an_uncertain_point_or_bar_is_only_its_interval() -> None:
    years = [told(("2020",), 60), told(("2021",), 30), told(("2022",), 3)]
    low, width, line = trend_picture(years)["series"]
    assert [one["value"] for one in line["data"]] == [60, 30, None]
    assert [one["symbol"] for one in line["data"][:2]] == ["circle", "emptyCircle"]
    assert (low["data"][2], width["data"][2]) == (0, 17.2)
    bands = [told(("F", "0-8"), 90), told(("F", "9-17"), 27), told(("F", "18-20"), 3)]
    (women,) = age_picture(bands)["series"]
    assert [one["value"][2] for one in women["data"]] == [10, 3, None]
    assert [one["rough"] for one in women["data"]] == [False, True, False]
    assert women["data"][2]["value"] == [18, 21, None, 0, 5.73]


def test_a_longer_band_of_ages_looks_no_fuller_than_a_shorter_one_of_as_many_a_year() -> None:
    bands = [told(("F", "9-17"), 900), told(("F", "18-20"), 300), told(("F", "48+"), 500)]
    picture = age_picture([*bands, told(("F", "unknown"), 400)])
    (women,) = picture["series"]
    assert [one["value"][:3] for one in women["data"]] == [[9, 18, 100], [18, 21, 100]]
    assert picture["xAxis"]["axisLabel"]["customValues"] == [9, 18, 21]
    assert picture["yAxis"]["name"] == "persons per year of age"


def test_the_report_shows_no_figure_that_is_too_uncertain() -> None:
    page = render_report("t", "i", [part(told(("MD", "DE"), 3))], [])
    assert '<td class="n">0 to 18</td><td>too uncertain</td>' in page
    assert "3 ±" not in page


def test_everything_wide_of_the_report_scrolls_by_itself() -> None:
    page = render_report("t", "i", [part()], [("MD", "0", "0", "0", "1/10")])
    for wide in ("<table>", '<div class="picture"'):
        assert page.count(wide) == page.count(f'<div class="wide">{wide}') > 0


def part(figure: Figure = FIGURE) -> Part:
    return Part(
        title="Corridors",
        words="words",
        option=flow_picture([FIGURE]),
        columns=["from", "to"],
        figures=[figure],
        facts=[("only", "status actual")],
    )
