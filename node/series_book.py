"""Who was counted in standing series, and in which cells: what a node must not forget of them.

    series/<series>/<session>          who was counted by the time of that attempt, sealed
    series/<series>/<session>.terms    what all releases have in common, sealed

An attempt at release t goes on from what the last attempt at release t − 1 left, counts whoever is
new, and leaves its own file before the first byte of its masked input leaves. Of several attempts
at one release the next release follows the last. The ledger, which witnesses keep, says which
attempts there were; so a copy of this folder that is older than the ledger shows, and is refused.

The terms are read before anything is debited, and take no longer the more people were counted.

Of a person there is only a key that this node alone can compute; the cells of each period are
sums. Neither is ever taken back (`privacy.continual`).
"""

import json
import shutil
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corridor.errors.files import DiskError
from corridor.errors.node import SeriesLeftError, SeriesStateLostError, TooManySeriesError
from corridor.errors.store import StoreDamagedError
from corridor.files import flush_folder, make_private_folder, write_atomically
from corridor.ids import Digest, SessionId
from corridor.queries.question import Turn, series_name
from corridor.sealing import RandomBytes, seal, unseal

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

TERMS = ".terms"
LEFT = "left"
"""In the folder of a series that this node has left."""

MOST_SERIES = 100
"""So many are kept by one node: each takes eight bytes a person."""

CountNew = Callable[[Keys], tuple[Keys, Ints]]
"""Of everybody whose key is not among these, who is counted now, and in which cell."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all releases of a series have in common.

    Attributes:
        layout: what the cells mean (`Plan.layout`).
        noise: digest of the attempts' numbers. The proof wants one noise for all releases.
    """

    layout: Digest
    noise: Digest


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom a series has counted.

    Attributes:
        persons: their stable choice keys, sorted.
        newly: how many were counted first, by period and cell.
    """

    persons: Keys
    newly: Ints

    def and_then(self, count_new: CountNew) -> "Counted":
        """After one more period."""
        keys, cells = count_new(self.persons)
        row = np.bincount(cells, minlength=self.newly.shape[1])
        persons = np.concatenate((self.persons, keys))
        persons.sort(kind="stable")  # the first of two sorted runs is all that was there
        return Counted(persons, np.concatenate((self.newly, row[np.newaxis])))

    def measured(self, turn: Turn) -> Ints:
        """What leaves but for the noise: everybody, by how long ago they were first counted."""
        weights = turn.series.coefficients[: len(self.newly)]
        return np.array(weights[::-1], np.int64) @ self.newly


def nobody(cells: int) -> Counted:
    """Before the first release."""
    return Counted(np.zeros(0, np.uint64), np.zeros((0, cells), np.int64))


class SeriesBook:
    """The series of one node. Not thread-safe."""

    def __init__(self, folder: Path, key: bytes, random_bytes: RandomBytes) -> None:
        self._folder = folder
        self._key = key
        self._random_bytes = random_bytes

    def terms(self, series: Digest, session: SessionId) -> Terms:
        """What the attempt had in common with those before.

        Raises:
            SeriesStateLostError: what it left is not here.
            StoreDamagedError: the file is not as it was written.
        """
        path = self._path(series, session)
        if not path.exists():
            raise SeriesStateLostError(series_name(series))
        head = json.loads(self._unsealed(series, path.with_suffix(TERMS)))
        return Terms(*(Digest(bytes.fromhex(head[key])) for key in ("layout", "noise")))

    def after(self, series: Digest, session: SessionId) -> Counted:
        """Whom the attempt left counted.

        Raises:
            SeriesStateLostError, StoreDamagedError: as `terms`.
        """
        return _decode(self._unsealed(series, self._path(series, session)))

    def keep(
        self,
        series: Digest,
        session: SessionId,
        terms: Terms,
        counted: Counted,
        needed: Collection[SessionId],
    ) -> None:
        """Leave what this attempt counted, durably, and of others only those still needed.

        Raises:
            SeriesLeftError: this node left the series meanwhile. Nothing was kept.
            DiskError, FolderError: it could not be written; the older ones are as they were.
        """
        self.demand_taking_part(series)
        path = self._path(series, session)
        make_private_folder(path.parent)
        flush_folder(self._folder)
        flush_folder(self._folder.parent)
        head = json.dumps({"layout": terms.layout.hex(), "noise": terms.noise.hex()}).encode()
        # Whoever finds the second file finds the first.
        for beside, secret in ((path.with_suffix(TERMS), head), (path, _encode(counted))):
            purpose = _purpose(series, beside)
            write_atomically(beside, seal(self._key, purpose, secret, self._random_bytes))
        kept = {one.hex() for one in (session, *needed)}
        for old in path.parent.iterdir():
            if old.stem not in kept:
                old.unlink()

    def is_left(self, series: Digest) -> bool:
        """Whether this node has left the series."""
        return (self._folder / series.hex() / LEFT).exists()

    def demand_taking_part(self, series: Digest) -> None:
        """Check that this node has not left the series.

        Raises:
            SeriesLeftError: it has.
        """
        if self.is_left(series):
            raise SeriesLeftError(series_name(series))

    def demand_room(self, series: Digest, size: int) -> None:
        """Check that a file of that size could be written, whatever will be in it.

        Raises:
            TooManySeriesError: the series is new, and as many as one node keeps are here already.
            DiskError: there is less room.
        """
        there = self._folder if self._folder.exists() else self._folder.parent
        if not (self._folder / series.hex()).exists():
            many = [one for one in there.glob(f"*/*{TERMS}") if there is self._folder]
            if len({one.parent for one in many}) >= MOST_SERIES:
                raise TooManySeriesError(MOST_SERIES)
        if shutil.disk_usage(there).free < size:
            raise DiskError("series", f"less than {size >> 20} MB are free")

    def _unsealed(self, series: Digest, path: Path) -> bytes:
        try:
            return unseal(self._key, _purpose(series, path), path.read_bytes())
        except FileNotFoundError:
            raise SeriesStateLostError(series_name(series)) from None
        except ValueError as error:
            raise StoreDamagedError(f"series/{series_name(series)}/{path.name}") from error

    def holds(self, series: Digest, session: SessionId) -> bool:
        """Whether what the attempt left is here."""
        return self._path(series, session).exists()

    def leave(self, series: Digest) -> None:
        """Destroy what the series counted, for good: it cannot go on, nor begin anew, here.

        Raises:
            DiskError, FolderError: not all of it could be removed; the series is left all the same
                once the first thing was written.
        """
        folder = self._folder / series.hex()
        make_private_folder(folder)
        write_atomically(folder / LEFT, b"")
        try:
            for path in folder.iterdir():
                if path.name != LEFT:
                    path.unlink()
            flush_folder(folder)
        except OSError as error:
            raise DiskError(folder.name, error.strerror or "cannot be removed") from error

    def copy_under(self, key: bytes, folder: Path) -> None:
        """Make every file again in `folder`, sealed under another key.

        Raises:
            StoreDamagedError: one is not as it was written.
            DiskError: one could not be written.
        """
        for path in sorted(self._folder.glob("*/*")):
            series = Digest(bytes.fromhex(path.parent.name))
            copy = make_private_folder(folder / path.parent.name) / path.name
            if path.name == LEFT:
                write_atomically(copy, b"")
                continue
            secret = self._unsealed(series, path)
            write_atomically(copy, seal(key, _purpose(series, path), secret, self._random_bytes))
        flush_folder(folder)

    def _path(self, series: Digest, session: SessionId) -> Path:
        return self._folder / series.hex() / session.hex()


def _purpose(series: Digest, path: Path) -> str:
    return f"series {series.hex()} {path.name}"


def _encode(counted: Counted) -> bytes:
    head = {
        "persons": len(counted.persons),
        "shape": list(counted.newly.shape),
    }
    persons = counted.persons.astype("<u8").tobytes()
    newly = counted.newly.astype("<i8").tobytes()
    # Keys are random: only the sums can be made smaller.
    return json.dumps(head).encode() + b"\n" + persons + zlib.compress(newly, level=1)


def _decode(raw: bytes) -> Counted:
    line, _, body = raw.partition(b"\n")
    head = json.loads(line)
    end = 8 * head["persons"]
    return Counted(
        np.frombuffer(body[:end], "<u8").astype(np.uint64),
        np.frombuffer(zlib.decompress(body[end:]), "<i8").astype(np.int64).reshape(head["shape"]),
    )
