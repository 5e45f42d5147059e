"""Boards: named sets of released tables that everybody signed in looks at again and again.

    Board ── tiles ── Tile(release ID, table, how)     one release, always the same
                   ── Tile(series ID, table, how)      the last release of a standing series

A board holds no figures: only which, and how they are seen. Looking costs nothing.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from corridor.coordinator.store import Store, boards
from corridor.errors.publications import (
    BoardOfOthersError,
    MalformedBoardError,
    UnknownBoardError,
)
from corridor.errors.questions import ViewError
from corridor.protocols.suite import RandomBytes
from corridor.queries.views import Change, Top, Trend, View

MOST_TILES = 24
LONGEST_NAME = 100
LARGEST_TABLES = 12
"""Of the cells of a tile so many are shown at the most where it shows the largest."""

KINDS = ("release", "series")


@dataclass(frozen=True, slots=True)
class Tile:
    """One table on a board.

    Attributes:
        kind: `release` or `series`.
        id: of that.
        table: which of its tables, from 1.
        how: `table`, `top`, `trend FIELD`, `change FIELD`, or `picture`: the one that fits best and
            the table below it; of several that fit `picture NAME`.
    """

    kind: str
    id: str
    table: int = 1
    how: str = "table"

    def __post_init__(self) -> None:
        """Check what came from a form."""
        if self.kind not in KINDS:
            raise MalformedBoardError("a tile shows a release or a series")
        if not (1 <= len(self.id) <= 64 and self.id.isalnum() and self.id.isascii()):
            raise MalformedBoardError("a tile names the id of a release or a series")
        if not 1 <= self.table <= 64:
            raise MalformedBoardError("a tile names one of the tables, from 1")
        _ = self.view

    @property
    def picture(self) -> str | None:
        """The name of the picture above the table, empty of the best; None where there is none."""
        word, _, name = self.how.partition(" ")
        return name if word == "picture" else None

    @property
    def view(self) -> View | None:
        """How it is seen; None for the table itself, with or without its picture.

        Raises:
            MalformedBoardError: there is no such way.
        """
        word, _, field = self.how.partition(" ")
        try:
            match word:
                case "picture" if not field or _is_picture(field):
                    return None
                case "table" if not field:
                    return None
                case "top" if not field:
                    return Top(LARGEST_TABLES)
                case "trend" if _is_field(field):
                    return Trend(field)
                case "change" if _is_field(field):
                    return Change(field)
        except ViewError as error:
            raise MalformedBoardError(str(error).rstrip(".")) from error
        raise MalformedBoardError(
            "a tile is seen as a table, with its picture, as its largest cells (top), or as trend "
            "or change over a grouping, as in: trend year"
        )

    @property
    def line(self) -> str:
        """As `parse_tile` reads it."""
        return f"{self.kind} {self.id} {self.table} {self.how}"

    def to_json(self) -> dict[str, Any]:
        """The tile as it is kept."""
        return {"kind": self.kind, "id": self.id, "table": self.table, "how": self.how}


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board; `made` in seconds since 1970 UTC."""

    id: str
    name: str
    made_by: str
    made: int
    tiles: tuple[Tile, ...]


def parse_tile(line: str) -> Tile:
    """A tile as people write it: `release 1fadd7f76a79bbe8 2 trend year`, from left to right.

    Raises:
        MalformedBoardError: it is none.
    """
    kind, *rest = line.split() or [""]
    identifier, *rest = rest or [""]
    table = 1
    if rest and rest[0].isdecimal() and len(rest[0]) <= 3:
        table, rest = int(rest[0]), rest[1:]
    return Tile(kind, identifier, table, " ".join(rest) or "table")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDesk:
    """Makes, changes and shows boards.

    Attributes:
        now: seconds since 1970 UTC.
    """

    store: Store
    random_bytes: RandomBytes
    now: Callable[[], int]

    def make(self, name: str, tiles: tuple[Tile, ...], by: str) -> Board:
        """A new board.

        Raises:
            MalformedBoardError: nothing was kept.
        """
        _check(name, tiles)
        identifier = self.random_bytes(8).hex()
        with self.store.writing() as connection:
            connection.execute(
                insert(boards).values(
                    id=identifier,
                    name=name,
                    made_by=by,
                    made=self.now(),
                    tiles=_encode(tiles),
                )
            )
        return self.find(identifier)

    def change(
        self, identifier: str, name: str, tiles: tuple[Tile, ...], by: str, *, may_all: bool
    ) -> Board:
        """Give a board another name or other tiles.

        Raises:
            MalformedBoardError, UnknownBoardError, BoardOfOthersError: nothing was changed.
        """
        _check(name, tiles)
        self._demand_own(identifier, by, may_all=may_all)
        with self.store.writing() as connection:
            connection.execute(
                update(boards)
                .where(boards.c.id == identifier)
                .values(name=name, tiles=_encode(tiles))
            )
        return self.find(identifier)

    def remove(self, identifier: str, by: str, *, may_all: bool) -> None:
        """Take a board away; what it showed stays where it is.

        Raises:
            UnknownBoardError, BoardOfOthersError: nothing was changed.
        """
        self._demand_own(identifier, by, may_all=may_all)
        with self.store.writing() as connection:
            connection.execute(delete(boards).where(boards.c.id == identifier))

    def find(self, identifier: str) -> Board:
        """One board.

        Raises:
            UnknownBoardError: there is none of this id.
        """
        with self.store.reading() as connection:
            wanted = select(boards).where(boards.c.id == identifier)
            row = connection.execute(wanted).mappings().first()
        if row is None:
            raise UnknownBoardError
        return _board(row)

    def listing(self) -> tuple[Board, ...]:
        """Every board, by name."""
        with self.store.reading() as connection:
            rows = connection.execute(select(boards).order_by(boards.c.name, boards.c.id))
            return tuple(_board(row) for row in rows.mappings())

    def _demand_own(self, identifier: str, by: str, *, may_all: bool) -> None:
        if not may_all and self.find(identifier).made_by != by:
            raise BoardOfOthersError


def _check(name: str, tiles: tuple[Tile, ...]) -> None:
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise MalformedBoardError(f"a board's name has 1 to {LONGEST_NAME} characters in one line")
    if not 1 <= len(tiles) <= MOST_TILES:
        raise MalformedBoardError(f"a board has 1 to {MOST_TILES} tables")


def _is_field(text: str) -> bool:
    return 1 <= len(text) <= 60 and text.replace("_", "").isalnum() and text.isascii()


def _is_picture(text: str) -> bool:
    return 1 <= len(text) <= 40 and text.replace("-", "").isalnum() and text.isascii()


def _encode(tiles: tuple[Tile, ...]) -> bytes:
    return json.dumps([one.to_json() for one in tiles], separators=(",", ":")).encode()


def _board(row: RowMapping) -> Board:
    return Board(
        id=row["id"],
        name=row["name"],
        made_by=row["made_by"],
        made=row["made"],
        tiles=tuple(Tile(**one) for one in json.loads(row["tiles"])),
    )
