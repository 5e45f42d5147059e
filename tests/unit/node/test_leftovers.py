"""Case files that a killed console left: who removes them, and who says so."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from corridor.cli.main import main
from corridor.errors.console import UploadsLeftError
from corridor.files import holding_lock
from corridor.node import app
from corridor.node.app.erasing import tidy_regularly
from corridor.node.app.leftovers import look_at_uploads, sweep_uploads


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A case file in the uploads of a node."""
    assert main(["node", "init", "--country", "MD", "--home", str(tmp_path / "home")]) == 0
    left = tmp_path / "home" / "uploads" / "0a1b" / "cases.csv"
    left.parent.mkdir(parents=True)
    left.write_text("prs_IdentityNumber\n1001\n")
    return left


def test_a_serving_node_removes_what_a_killed_console_was_given(left: Path) -> None:
    home = left.parents[2]

    async def serve_for_a_while() -> None:
        tidying = asyncio.create_task(tidy_regularly(app.real_world(home)))
        for _ in range(200):
            if not await asyncio.to_thread(left.exists):
                break
            await asyncio.sleep(0.05)
        tidying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tidying

    with pytest.raises(UploadsLeftError):
        look_at_uploads(home)
    asyncio.run(serve_for_a_while())
    assert not (home / "uploads").exists()
    assert look_at_uploads(home) == "no case file lies there"


def test_what_a_running_console_was_given_is_left_to_it(left: Path) -> None:
    home = left.parents[2]
    with holding_lock(home / "console.lock"):
        sweep_uploads(home)
        assert "console" in look_at_uploads(home)
    assert left.exists()
