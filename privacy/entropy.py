"""Random bytes, handed in and counted.

This room draws nothing by itself: an `app.py` hands in the system's generator, a test a seeded
one. A source that gives less than it was asked for must not pass for noise.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RandomBytes = Callable[[int], bytes]
"""Gives that many uniform, independent bytes, fit for secrets."""


def exactly(size: int, random_bytes: RandomBytes) -> bytes:
    """That many random bytes.

    Raises:
        ValueError: the source gave another number of bytes.
    """
    drawn = random_bytes(size)
    if len(drawn) != size:
        raise ValueError(f"the source of randomness gave {len(drawn)} bytes instead of {size}")
    return drawn


def words(count: int, random_bytes: RandomBytes) -> NDArray[np.uint64]:
    """`count` words of 64 random bits; the same ones on every machine."""
    raw = np.frombuffer(exactly(8 * count, random_bytes), dtype="<u8")
    return raw.astype(np.uint64, copy=False)


def integer(bits: int, random_bytes: RandomBytes) -> int:
    """A uniform integer of `bits` bits, a multiple of 8."""
    return int.from_bytes(exactly(bits // 8, random_bytes), "big")
