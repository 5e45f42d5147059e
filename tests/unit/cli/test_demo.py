"""The demo's parts that need no region: its parties' ends, its pictures, its words."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corridor.cli.demo import _say_how_to_use
from corridor.cli.demo.processes import Processes
from corridor.cli.demo.region import _free_port, _wait_for_port
from corridor.cli.demo.report import Figure, Part, flow_picture, render_report
from corridor.cli.main import main
from corridor.cli.output import Output

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
    web = f"127.0.0.1:{_free_port()}"
    words = ["coordinator", "init", "--name", "X", "--home", "home", "--web", web]
    assert main([*words, "--listen", f"127.0.0.1:{_free_port()}"]) == 0
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


FIGURE = Figure(("MD", "DE"), ("Moldova", "Germany"), 40.0, 14.2)


def test_no_margin_of_the_report_is_smaller_than_it_is() -> None:
    (link,) = flow_picture([FIGURE])["series"][0]["links"]
    assert link["tooltip"]["formatter"] == "Moldova → Germany: 40 ± 15"
    page = render_report("t", "i", [part()], [])
    assert '<td class="n">40</td><td class="n">15</td>' in page


def test_everything_wide_of_the_report_scrolls_by_itself() -> None:
    page = render_report("t", "i", [part()], [("MD", "0", "0", "0", "1/10")])
    for wide in ("<table>", '<div class="picture"'):
        assert page.count(wide) == page.count(f'<div class="wide">{wide}') > 0


def part() -> Part:
    return Part(
        title="Corridors",
        words="words",
        option=flow_picture([FIGURE]),
        columns=["from", "to"],
        figures=[FIGURE],
        facts=[("only", "status actual")],
    )
