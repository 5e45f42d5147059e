"""Disks: what is on them when the power fails, and commits that fail.

A process that is killed leaves its folder as it is at that moment; `salvage` copies it, so that
what the dying process still does touches nothing. A write that was under way may be torn: behind
what was flushed there may be garbage. SQLite's write-ahead log is where ours are under way.

A disk that fails at a commit raises what SQLite raises; whether the bytes arrived nobody knows.

Between two moments of a history every file can be let go of and opened again (`let_go`,
`take_up`), so that many processes may go on from one moment, each with the files as they were.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from corridor.coordinator.spool import Spool


@dataclass(slots=True)
class Disk:
    """How one party's disk behaves. `failing` is the share of commits that fail."""

    chance: Random
    failing: float = 0.0

    def fails(self) -> bool:
        """Whether the commit that is about to happen will fail."""
        return bool(self.failing) and self.chance.random() < self.failing


@dataclass(slots=True)
class Disks:
    """All disks of a history, by folder."""

    by_folder: dict[Path, Disk] = field(default_factory=dict)
    opened: "WeakSet[_Connection]" = field(default_factory=WeakSet)
    spools: "WeakSet[Spool]" = field(default_factory=WeakSet)
    let_go_of: "list[Spool]" = field(default_factory=list)

    def of(self, path: str) -> Disk | None:
        """The disk that holds this file."""
        return self.by_folder.get(Path(path).parent)

    def let_go(self) -> None:
        """Close every file; whoever has it open notices nothing, if it is taken up again."""
        for connection in self.opened:
            connection.let_go()
        self.let_go_of = [spool for spool in self.spools if not spool._file.closed]
        for spool in self.let_go_of:
            spool._file.close()

    def take_up(self) -> None:
        """Open every file again."""
        for connection in self.opened:
            connection.open_again()
        for spool in self.let_go_of:
            spool._file = spool.path.open("ab")


class _Connection(sqlite3.Connection):
    """A connection whose disk may fail at a commit, with the bytes written or not."""

    disk: Disk | None = None
    disks: Disks | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._opened_with = args, options
        self._mode = self.isolation_level
        self._settings: list[str] = []

    def let_go(self) -> None:
        """Close the file, until `open_again`."""
        self._mode = self.isolation_level
        super().close()

    def open_again(self) -> None:
        """Open the same file with the same settings."""
        mine = dict(self.__dict__)
        args, options = self._opened_with
        sqlite3.Connection.__init__(self, *args, **options)  # which forgets all attributes
        self.__dict__.update(mine)
        self.isolation_level = self._mode
        for setting in self._settings:
            super().execute(setting)

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self._may_fail()
        elif sql.startswith("PRAGMA") and "=" in sql and "journal_mode" not in sql:
            # How it keeps its journal stands in the file itself.
            self._settings.append(sql)
        return super().execute(sql, *args)

    def close(self) -> None:
        if self.disks is not None:
            self.disks.opened.discard(self)
        super().close()

    def commit(self) -> None:
        if self.in_transaction:
            self._may_fail()
        super().commit()

    def _may_fail(self) -> None:
        if self.disk is None or not self.disk.fails():
            return
        super().execute("COMMIT" if self.disk.chance.random() < 0.5 else "ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")


@contextmanager
def simulated_disks() -> Iterator[Disks]:
    """Every SQLite file that is opened meanwhile lies on a disk of `Disks`."""
    disks = Disks()
    connect = sqlite3.connect

    def open_on_disk(database: Any, *args: Any, **options: Any) -> sqlite3.Connection:
        options.setdefault("factory", _Connection)
        connection: sqlite3.Connection = connect(database, *args, **options)
        if isinstance(connection, _Connection):
            connection.disk, connection.disks = disks.of(str(database)), disks
            disks.opened.add(connection)
        return connection

    make = Spool.__init__

    def make_on_disk(spool: Spool, *args: Any, **options: Any) -> None:
        make(spool, *args, **options)
        disks.spools.add(spool)

    with (
        patch.object(Spool, "__init__", make_on_disk),
        patch.object(sqlite3, "connect", open_on_disk),
        patch.object(sqlite3.dbapi2, "connect", open_on_disk),
    ):
        yield disks


def copy_folder(folder: Path | str, into: Path | str) -> None:
    """Copy a folder; files that are only ever replaced whole are shared, for speed."""
    os.mkdir(into)  # noqa: PTH102 - here and below: a Path for each file takes as long as its copy
    with os.scandir(folder) as found:
        for one in found:
            target = f"{into}/{one.name}"
            if one.is_dir():
                copy_folder(one.path, target)
            elif ".sqlite3" not in one.name and "/spool/" not in one.path:
                os.link(one.path, target)
            elif not one.name.endswith("-shm"):  # lies in memory, not on the disk
                shutil.copyfile(one.path, target)


def salvage(folder: Path, into: Path, chance: Random) -> None:
    """Copy what is on the disk when the power fails, with torn writes behind what was flushed."""
    copy_folder(folder, into)
    for log in sorted(into.glob("*-wal")):
        if chance.random() < 0.5:
            with log.open("ab") as file:
                file.write(chance.randbytes(chance.randint(1, 6000)))
    for half_written in sorted(into.glob("spool/*")):
        if chance.random() < 0.5:
            half_written.write_bytes(half_written.read_bytes()[: chance.randint(0, 64)])
