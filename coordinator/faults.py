"""The points at which a coordinator can be made to stop on purpose, in the order of an attempt.

Refused unless the charter in force is marked synthetic.
"""

from collections.abc import Callable, Mapping

from corridor.errors.region import FaultNotAllowedError, UnknownFaultError
from corridor.faults import Fault, find_fault, named_faults
from corridor.protocols.charter import Charter

POINTS = (
    "begun",  # the attempt is on record, nobody was asked
    "share",  # this round and those below: it is on record, nobody has heard of it
    "opened",
    "masked-input",
    "spooled",  # a node's vector is whole on disk, and not in the sum
    "consistency",
    "unmask",
    "unmasked",  # the sum is there, nothing of it on disk
    "receipt",  # the members' receipt is on disk, the release is not on record
    "checkpoint",  # in the transaction that records the release, its checkpoint is signed
    "published",  # the release is on record, nobody was told
    "cosignature",  # in the transaction that keeps a member's cosignature
)


def parse_fault(
    text: str, charter: Charter | None, stops: Mapping[str, Callable[[], None]]
) -> Fault:
    """Read `ACTION@POINT`.

    Args:
        text: what was given.
        charter: the one in force; None before the first.
        stops: what each action does.

    Raises:
        UnknownFaultError: there is no such fault.
        FaultNotAllowedError: no charter marked synthetic is in force.
    """
    fault = find_fault(text, POINTS, stops)
    if fault is None:
        raise UnknownFaultError(text, named_faults(POINTS))
    if charter is None or not charter.synthetic:
        raise FaultNotAllowedError
    return fault
