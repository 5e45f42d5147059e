"""The points at which a node can be made to stop on purpose, in the order of an attempt.

Refused unless the charter is marked synthetic.
"""

from collections.abc import Callable, Mapping

from corridor.errors.node import FaultNotAllowedError, UnknownFaultError
from corridor.faults import Fault, find_fault, named_faults
from corridor.protocols.charter import Charter

POINTS = (
    "propose",  # reserved, the acceptance has not left
    "accepted",  # it has
    "share",  # shares were dealt, nothing has left
    "opened",  # envelopes were opened, the list has not left
    "before-debit",  # every check was passed, nothing is debited
    "debited",  # the debit is on disk, the case data was not looked at
    "masked-input",  # masked and in the journal, no byte has left: the worst moment for a budget
    "chunk-sent",  # a part of the masked input has left
    "masked-input-sent",  # all of it, and the word for it
    "consistency",  # the survivors are signed, the signature has not left
    "signed",  # it has
    "unmask",  # the shares are revealed, nothing has left
    "unmasked",  # they have
)
"""A round's name is the moment before the first byte of that round leaves."""


def parse_fault(text: str, charter: Charter, stops: Mapping[str, Callable[[], None]]) -> Fault:
    """Read `ACTION@POINT`.

    Args:
        text: what was given.
        charter: the one in force.
        stops: what each action does.

    Raises:
        UnknownFaultError: there is no such fault.
        FaultNotAllowedError: the charter is not marked synthetic.
    """
    fault = find_fault(text, POINTS, stops)
    if fault is None:
        raise UnknownFaultError(text, named_faults(POINTS))
    if not charter.synthetic:
        raise FaultNotAllowedError
    return fault
