"""What a coordinator takes from outside itself."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""

RandomBytes = Callable[[int], bytes]
"""Gives that many bytes, fit for keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the coordinator takes from outside itself."""

    home: Path
    clock: Clock
    random_bytes: RandomBytes

    def now(self) -> int:
        """Whole seconds since 1970 UTC."""
        return int(self.clock().timestamp())

    def reference(self) -> str:
        """A name for a log entry that a caller may be told."""
        return self.random_bytes(4).hex()


def real_world(home: Path) -> World:
    """The operating system's clock and randomness; tests build a World of their own."""
    return World(home=home, clock=lambda: datetime.now(UTC), random_bytes=secrets.token_bytes)
