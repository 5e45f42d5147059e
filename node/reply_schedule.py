"""When a reply leaves that was made with the case data: at fixed times, not when it is ready.

    announced ──── first ──── 2·first ──── 4·first ──── 8·first …     the slots, in seconds

How long a node counts depends on its data: on how many people it holds, and a little on what one of
them is. So what answers the announcement after which a node looks at its data (the masked input, a
figure, and any refusal of it, whatever was wrong) waits for the first slot that is not over yet.
Who watches learns which slot it was, and nothing more; where counting is always quicker than the
first slot, as it should be, that is nothing at all.

The first slot follows from what is public: the authority's policy and the number of cells. It is
not measured: a node that set it by how long its own data take would publish about how many they
are. Cells beyond a million widen it, since drawing noise for them takes time whatever the data.
"""

from dataclasses import dataclass
from fractions import Fraction

CELLS_OF_A_SLOT = 1 << 20
"""With more cells the first slot doubles, with more than twice as many it doubles again."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What follows leaves at a slot, counted from when the message came that it answers.

    Attributes:
        first: the first slot, in seconds.
    """

    first: float


def first_slot(after_seconds: Fraction, cells: int) -> Hold:
    """The hold of a reply of so many cells under a policy that says `after_seconds`."""
    doublings = max(0, (cells - 1) // CELLS_OF_A_SLOT).bit_length()
    return Hold(float(after_seconds * (1 << doublings)))


def slot_after(first: float, elapsed: float) -> float:
    """The first slot that is not over when so many seconds have passed.

    Raises:
        ValueError: slots of no length would never come.
    """
    if first <= 0:
        raise ValueError(f"the first slot is after more than {first} seconds")
    slot = first
    while slot < elapsed:
        slot *= 2
    return slot
