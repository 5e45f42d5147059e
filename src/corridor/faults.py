"""Faults on purpose: a process that ends at a named point, to see that the region goes on.

    exit@POINT    the process leaves at once, without cleaning up
    kill@POINT    it sends itself SIGKILL, as the system does when memory is short

The points of a node stand in `node.faults`, those of the coordinator in `coordinator.faults`. For
the demo and the end-to-end tests; each party refuses a fault unless the charter is synthetic.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Reached = Callable[[str], None]
"""Hears the name of each point that the process comes to."""


def go_on(_point: str) -> None:
    """What happens at a point where there is no fault: nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Stop the process at `point`."""

    point: str
    stop: Callable[[], None]

    def reached(self, point: str) -> None:
        """Stop, if this is the point."""
        if point == self.point:
            self.stop()


def find_fault(
    text: str, points: Sequence[str], stops: Mapping[str, Callable[[], None]]
) -> Fault | None:
    """The fault that `ACTION@POINT` names; None where there is no such action or point."""
    action, _, point = text.partition("@")
    return Fault(point, stops[action]) if action in stops and point in points else None


def named_faults(points: Sequence[str]) -> str:
    """What can be given, for people."""
    return f"kill@POINT or exit@POINT, POINT being one of: {', '.join(points)}"
