"""The units of systemd say what they are meant to, as systemd itself reads them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.node.listening import LISTEN, is_loopback

UNITS = sorted((Path(__file__).resolve().parents[2] / "deploy" / "systemd").glob("*.service"))
INSTALLED = "/opt/corridor/bin/corridor"
MOST_EXPOSED = 1.5
"""Of 10, as `systemd-analyze security` counts; a unit without any restriction has 9.6."""

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"),
    reason="systemd-analyze is not on this machine",
)


def here(unit: Path, folder: Path) -> Path:
    """The unit, whose command is that of this environment."""
    command = str(Path(sys.executable).with_name("corridor"))
    copy = folder / unit.name
    copy.write_text(unit.read_text().replace(INSTALLED, command))
    return copy


def settings(unit: Path) -> dict[str, list[str]]:
    """What the unit sets, as often as it does."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def analyse(*words: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    assert analyse("verify", str(here(unit, tmp_path))) == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_may_do_little_besides_its_work(unit: Path, tmp_path: Path) -> None:
    said = analyse("security", "--offline=true", str(here(unit, tmp_path)))
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_may_dial_a_coordinator_that_is_not_on_this_machine(unit: Path) -> None:
    set_here = settings(unit)
    assert not set_here.keys() & {"IPAddressDeny", "PrivateNetwork", "RestrictNetworkInterfaces"}
    assert {"AF_INET", "AF_INET6"} <= set(set_here["RestrictAddressFamilies"][0].split())


def test_a_unit_listens_where_its_command_does_and_nowhere_else() -> None:
    listens = {unit.stem: settings(unit).get("SocketBindAllow", []) for unit in UNITS}
    console = f"tcp:{LISTEN.rpartition(':')[2]}"
    assert listens == {
        "corridor-console": [console],
        "corridor-coordinator": ["tcp:7443", "tcp:7080"],
        "corridor-node": [],
    }
    assert all(settings(unit)["SocketBindDeny"] == ["any"] for unit in UNITS)
    assert is_loopback(LISTEN.rpartition(":")[0])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_there_is(
    unit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = next(one for one in unit.read_text().splitlines() if one.startswith("ExecStart="))
    program, *words = line.removeprefix("ExecStart=").split()
    assert program == INSTALLED
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    assert " ".join(words) in capsys.readouterr().out
