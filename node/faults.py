"""Faults on purpose: a node that stops in a named round, to see that the region goes on.

For the demo and the end-to-end tests; refused unless the charter is marked synthetic.
"""

from collections.abc import Callable
from dataclasses import dataclass

from corridor.errors.node import FaultNotAllowedError, UnknownFaultError
from corridor.protocols.charter import Charter

ROUNDS = ("propose", "share", "opened", "masked-input", "consistency", "unmask")
"""The rounds of an attempt, in order; each is the name of what the node sends in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Stop the process just before the first byte of `round` leaves.

    In `masked-input` that is after the debit is on disk: the worst moment for a budget.
    """

    round: str
    stop: Callable[[], None]

    def reached(self, name: str) -> None:
        """Stop, if `name` is the round."""
        if name == self.round:
            self.stop()


def parse_fault(text: str, charter: Charter, stop: Callable[[], None]) -> Fault:
    """Read `exit@ROUND`.

    Raises:
        UnknownFaultError: there is no such fault.
        FaultNotAllowedError: the charter is not marked synthetic.
    """
    action, _, round_name = text.partition("@")
    if action != "exit" or round_name not in ROUNDS:
        raise UnknownFaultError(text, ", ".join(f"exit@{name}" for name in ROUNDS))
    if not charter.synthetic:
        raise FaultNotAllowedError
    return Fault(round_name, stop)
