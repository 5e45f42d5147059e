"""Gives memory back to the system between the steps of a large import.

The C library keeps what small arrays and texts used, for the next ones. Of a million rows that is
270 MB, and the next step needs large pieces, which it takes from the system beside them.
"""

import contextlib
import ctypes

import pyarrow as pa


def give_back() -> None:
    """Return what is not in use; where the C library cannot (musl, macOS), nothing happens."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
