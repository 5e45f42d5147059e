"""What keeps a process's memory off the disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from corridor.node.app.shielding import swap_devices

SHIELDED = """
import resource, sys
from corridor.node.app.shielding import is_dumpable, shield_process
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
before = is_dumpable()
shield_process()
print(before, is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_shielded_process_leaves_no_core_dump() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHIELDED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split(maxsplit=2) == ["True", "False", "(0, 0)\n"]


def test_swap_on_a_disk_is_seen_and_compressed_memory_is_none(tmp_path: Path) -> None:
    table = tmp_path / "swaps"
    table.write_text(
        "Filename\tType\tSize\tUsed\tPriority\n"
        "/dev/zram0 partition 8388604 0 100\n"
        "/swap.img file 4194300 0 -2\n"
    )
    assert swap_devices(table) == ("/swap.img",)
    assert swap_devices(tmp_path / "none") == ()
