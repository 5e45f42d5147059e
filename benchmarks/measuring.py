"""What the benchmarks share: what a process holds, how busy the machine is, a bare stream."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from corridor.coordinator import app as coordinator_app
from corridor.transport.certificates import Identity, decode_certificate
from corridor.transport.channels import make_server

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds right now; CPU in seconds since its start."""

    megabytes: float
    files: int
    threads: int
    cpu: float

    @classmethod
    def by(cls, pid: int) -> "Held":
        folder = Path(f"/proc/{pid}")
        lines = (folder / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        ticks = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        return cls(
            int(status["VmRSS"].split()[0]) / 1024,
            len(list((folder / "fd").iterdir())),
            int(status["Threads"]),
            (int(ticks[11]) + int(ticks[12])) / TICK,
        )

    def __str__(self) -> str:
        return f"{self.megabytes:.1f} MB, {self.files} files, {self.threads} threads"


def memory(*, reset: bool = False) -> int:
    """Bytes: the most that was resident since the last reset; after a reset, what is now."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def load() -> str:
    """The load average of one, five and fifteen minutes."""
    return " ".join(f"{one:.2f}" for one in os.getloadavg())


async def start_bare(home: Path, go: Any) -> tuple[grpc.aio.Server, int]:
    """A server over the coordinator's transport with one stream of bytes, `/bare/Go`; its port."""
    keys = home / "keys"
    world = coordinator_app.real_world(home)
    server, port = make_server(
        "127.0.0.1:0",
        identity=Identity((keys / "server.pem").read_bytes(), (keys / "server.key").read_bytes()),
        authority=decode_certificate((keys / "ca.pem").read_bytes(), "ca.pem"),
        clock=world.clock,
        new_reference=world.reference,
    )
    handlers: dict[str, Any] = {"Go": grpc.stream_stream_rpc_method_handler(go)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare", handlers),))
    await server.start()
    return server, port
