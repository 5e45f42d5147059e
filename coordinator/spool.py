"""One node's masked vector on disk, until its hash is known to fit.

A node that dies halfway, or sends something else than it signed, must leave no trace in the sum.
So its chunks go to a file of their own; only when the node's word for the whole vector has been
accepted are they added to the one total, piece by piece. The coordinator never holds more than
the total and one piece.
"""

import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from corridor.errors.files import DiskError
from corridor.errors.region import OutOfTurnError, SpoolTooLongError
from corridor.ids import CountryCode, Digest
from corridor.protocols.masks import Words, ring_type

PIECE_BYTES = 1 << 19
"""How much is added at once; a multiple of every ring's word."""


class Spool:
    """A file that grows by chunks in their order. Not thread-safe."""

    def __init__(self, path: Path, country: CountryCode, length: int) -> None:
        """Begin an empty file at `path`, for a vector of `length` bytes.

        Raises:
            DiskError: the file cannot be made.
        """
        self._country, self._length = country, length
        self._received, self._chunks = 0, 0
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()  # a chunk may be under way when the attempt ends
        self.path = path
        try:
            self._file = path.open("xb")
        except OSError as error:
            raise DiskError(path.name, error.strerror or "cannot be written") from error

    def add(self, index: int, data: bytes) -> None:
        """Append the chunk with this number.

        Raises:
            OutOfTurnError: it is not the next one.
            SpoolTooLongError: there is more than the vector has.
            DiskError: the disk is full or broken. The vector is lost, nothing else.
        """
        with self._lock:
            if self._file.closed or index != self._chunks:
                raise OutOfTurnError(self._country, f"chunk {index} of its masked input")
            if self._received + len(data) > self._length:
                raise SpoolTooLongError(self._country)
            try:
                self._file.write(data)
            except OSError as error:
                raise DiskError(self.path.name, error.strerror or "cannot be written") from error
            self._hash.update(data)
            self._chunks += 1
            self._received += len(data)

    def finish(self) -> Digest:
        """SHA-256 of all that arrived; nothing can be added any more.

        Raises:
            OutOfTurnError: a part of the vector is missing.
            DiskError: the disk is full or broken.
        """
        if self._received != self._length:
            raise OutOfTurnError(self._country, "masked input, which is shorter than the vector,")
        try:
            self._file.close()
        except OSError as error:
            raise DiskError(self.path.name, error.strerror or "cannot be written") from error
        return Digest(self._hash.digest())

    def add_to(self, total: Words) -> None:
        """Add the vector to `total` in place, modulo the ring.

        Raises:
            DiskError: the file cannot be read back; `total` holds a part of it and is useless.
        """
        words = ring_type(total.itemsize * 8)
        place = 0
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    part = np.frombuffer(piece, dtype=words)
                    total[place : place + part.size] += part
                    place += part.size
        except OSError as error:
            raise DiskError(self.path.name, error.strerror or "cannot be read") from error

    def discard(self) -> None:
        """Close and delete the file."""
        with self._lock, suppress(OSError):  # a full disk has said so already
            self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """The spool itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Discard the file."""
        self.discard()
