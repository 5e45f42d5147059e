"""A coordinator that stops while streams are open: some of them unwind after everything else."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from corridor.coordinator import app
from corridor.coordinator.connections import Connection
from corridor.ids import CountryCode
from support.scripted_node import ScriptedNode
from support.signing import KeyPair

MD = CountryCode("MD")


def test_a38_a_stream_that_unwinds_when_the_worker_threads_have_ended_is_no_error(
    tmp_path: Path,
) -> None:
    """gRPC gives no sign of its last stream's end, which may come while the loop is closed."""
    world = app.real_world(tmp_path / "coordinator")
    app.initialise(world, name="Region")
    connection = Connection(MD, ScriptedNode(MD, KeyPair("node MD")).standing())

    async def serving() -> None:
        with app.opened(world, wake=asyncio.Event()) as parts:
            await asyncio.to_thread(parts.presence.arrived, MD, connection.standing)
            parts.connections.add(connection)
            parts.streams.stop()
            await asyncio.to_thread(parts.presence.all_left)
            await asyncio.get_running_loop().shutdown_default_executor()
            parts.streams.gone(connection)
            await asyncio.gather(*parts.streams.recording, return_exceptions=True)
            await asyncio.sleep(0)

    with capture_logs() as logs:
        asyncio.run(serving())
    assert [one["event"] for one in logs] == ["stream.closed"]
    with app.opened(world) as parts:
        assert not parts.presence.listing()[MD].connected
