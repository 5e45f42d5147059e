"""The edition that follows: rows of the one before and of an import, in order, piece by piece.

    merge          what stands, and what comes in → NextEdition
    NextEdition    the rows in their order, each made when it is asked for

A case of the import replaces the case of the edition that has its key, unless that one has a
later referral date; legs and services go with their case. A case that the import does not
hold stays. Editions depend on what was imported, and not on the order of rows or files.

Of the edition before only keys and dates are held, some fifty bytes a case; the rest is read
again while the new one is written. Both are sorted by person, so that one piece of the old
serves one piece of the new.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.errors.importing import TooManyPersonsError
from corridor.node import schema
from corridor.node.importing.edition import ImportedCases, are_of, days_of, key_array, keys_of
from corridor.node.importing.keys import KEY_BYTES, Keys
from corridor.node.schema import PIECE, STORED, TABLES

_DATES_OF_A_CASE: Final = ("referred_on", "identified_on", "last_event_on")
_NEVER: Final = np.iinfo(np.int64).min

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


class Held(Protocol):
    """An edition that stands, its tables piece by piece."""

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns of a table in stored order; may be asked for again."""
        ...


def merge(
    previous: Held | None,
    imported: ImportedCases | None,
    import_number: int,
    *,
    max_persons: int | None = None,
    without: Collection[bytes] = (),
    since: date | None = None,
) -> "NextEdition":
    """The edition that follows `previous` (None: start empty) when `imported` comes in.

    Args:
        previous: the edition that stands; it is read again with each table of the new one.
        imported: the cases of one import; None: nothing comes in.
        import_number: later imports have higher numbers.
        max_persons: the charter's ceiling for a node.
        without: keys of persons whose rows of `previous` are left out.
        since: cases that were referred before that day are left out. One that was never
            referred is as old as its identification, else as its last event; one without any of
            these dates stays, since nobody knows how old it is.

    Raises:
        TooManyPersonsError: the new edition would hold more persons; nothing was changed.
    """
    old = _Known.of_edition(previous, with_dates=since is not None)
    new = _Known.of_import(imported, with_dates=since is not None)
    keep_old, keep_new = _newer(old, new, ~are_of(old.person, without))
    keep = np.concatenate((keep_old, keep_new))
    both = old.before(new)
    del old, new
    if max_persons is not None and len(np.unique(both.person[keep])) > max_persons:
        raise TooManyPersonsError(ceiling=max_persons)
    if since is not None:
        first = (since - date(1970, 1, 1)).days
        keep &= (both.dated == _NEVER) | (both.dated >= first)
    return NextEdition(previous, imported, import_number, both, np.flatnonzero(keep))


@dataclass(frozen=True, slots=True)
class _Known:
    """What decides which cases stay, and in what order; one entry a case.

    Attributes:
        referred: days since 1970-01-01, or `_NEVER`.
        dated: the same of how old the case is; equal to `referred` where nobody asks.
    """

    person: Keys
    case: Keys
    referred: npt.NDArray[np.int64]
    dated: npt.NDArray[np.int64]

    @classmethod
    def of_edition(cls, edition: Held | None, *, with_dates: bool) -> "_Known":
        """Of an edition that stands, whose cases name persons by number."""
        if edition is None:
            return cls._of(schema.CASES.empty_table(), np.zeros(0, f"S{KEY_BYTES}"))
        persons = keys_of(_whole(edition, "persons", ["person_key"])["person_key"])
        columns = ["person", "case_key", *_DATES_OF_A_CASE[: 3 if with_dates else 1]]
        cases = _whole(edition, "cases", columns)
        return cls._of(cases, persons[cases["person"].to_numpy()])

    @classmethod
    def of_import(cls, imported: ImportedCases | None, *, with_dates: bool) -> "_Known":
        """Of the cases of an import."""
        if imported is None:
            return cls._of(schema.CASES.empty_table(), np.zeros(0, f"S{KEY_BYTES}"))
        columns = ["person_key", "case_key", *_DATES_OF_A_CASE[: 3 if with_dates else 1]]
        cases = imported.cases.select(columns)
        return cls._of(cases, keys_of(cases["person_key"]))

    @classmethod
    def _of(cls, cases: pa.Table, person: Keys) -> "_Known":
        dates = [days_of(cases[name]) for name in _DATES_OF_A_CASE if name in cases.column_names]
        dated = np.select([one != _NEVER for one in dates], dates, default=_NEVER)
        return cls(person, keys_of(cases["case_key"]), dates[0], dated)

    def before(self, other: "_Known") -> "_Known":
        """These cases, and the other ones behind them."""
        return _Known(
            np.concatenate((self.person, other.person)),
            np.concatenate((self.case, other.case)),
            np.concatenate((self.referred, other.referred)),
            np.concatenate((self.dated, other.dated)),
        )

    def in_order(self, rows: Places) -> tuple[Places, Keys, npt.NDArray[np.uint32]]:
        """Some cases as an edition has them; its persons, and the number of each case's."""
        persons, person = np.unique(self.person[rows], return_inverse=True)
        _, case_rank = np.unique(self.case[rows], return_inverse=True)
        # Newest first, and no date last: the ranks of the dates, turned round.
        _, date_rank = np.unique(self.referred[rows], return_inverse=True)
        order = np.lexsort((case_rank, -date_rank, person))
        return rows[order], persons, person[order].astype(np.uint32)


def _newer(old: _Known, new: _Known, stays: Flags) -> tuple[Flags, Flags]:
    """Which cases of either stay: of one key the later referral, of equal ones the import's."""
    keep_old, keep_new = stays.copy(), np.ones(len(new.case), bool)
    _, of_old, of_new = np.intersect1d(old.case, new.case, assume_unique=True, return_indices=True)
    old_wins = (old.referred[of_old] > new.referred[of_new]) & stays[of_old]
    keep_old[of_old] = old_wins
    keep_new[of_new] = ~old_wins
    return keep_old, keep_new


class NextEdition:
    """An edition's tables in their order, made piece by piece; never the whole in memory.

    Attributes:
        persons, cases: how many it holds.
    """

    def __init__(
        self,
        previous: Held | None,
        imported: ImportedCases | None,
        import_number: int,
        known: _Known,
        kept: Places,
    ) -> None:
        self._previous = previous
        self._imported = imported
        self._import_number = import_number
        self._old = len(known.case) - (0 if imported is None else imported.cases.num_rows)
        self._order, self._persons, self._person = known.in_order(kept)
        self._count = len(known.case)

    @property
    def persons(self) -> int:
        """How many persons it holds."""
        return len(self._persons)

    @property
    def cases(self) -> int:
        """How many cases it holds."""
        return len(self._order)

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table in their order; may be asked for again while `previous` stands.

        Also `links`, which stand beside the tables in the order of the cases.
        """
        match table:
            case "persons":
                return self._pieces_of_persons()
            case "cases":
                return self._pieces_of_cases()
            case "links":
                return self._pieces_of_links()
            case _:
                return self._following(table)

    def _pieces_of_persons(self) -> Iterator[pa.Table]:
        for start in range(0, len(self._persons), PIECE):
            keys = self._persons[start : start + PIECE]
            numbers = np.arange(start, start + len(keys), dtype=np.uint32)
            yield pa.table([pa.array(numbers), key_array(keys)], schema=schema.PERSONS)

    def _pieces_of_cases(self) -> Iterator[pa.Table]:
        choice_keys = np.frombuffer(self._persons.tobytes(), "<u8")[::2]
        rows = _Rows(self._previous, self._imported_table("cases"), "cases", self._old, self._order)
        for start in range(0, len(self._order), PIECE):
            person = self._person[start : start + PIECE]
            numbered = {"person": pa.array(person), "choice_key": pa.array(choice_keys[person])}
            yield rows.piece(self._order[start : start + PIECE], numbered)

    def _pieces_of_links(self) -> Iterator[pa.Table]:
        new = None if self._imported is None else self._imported.links
        rows = _Rows(self._previous, new, "links", self._old, self._order)
        for start in range(0, len(self._order), PIECE):
            yield rows.piece(self._order[start : start + PIECE], {})

    def _following(self, table: str) -> Iterator[pa.Table]:
        """Legs, or services, by the new numbers of their cases."""
        place = np.full(self._count, -1, np.int64)
        place[self._order] = np.arange(len(self._order))
        old = [] if self._previous is None else self._previous.pieces(table, ["case"])
        new = self._imported_table(table)
        parts = [place[piece["case"].to_numpy()] for piece in old]
        rows_of_old = sum(map(len, parts))
        if new is not None:
            parts.append(place[new["case"].to_numpy().astype(np.int64) + self._old])
        case = np.concatenate([*parts, np.zeros(0, np.int64)])
        del parts, place
        kept = np.flatnonzero(case >= 0)
        order = kept[np.argsort(case[kept], kind="stable")]
        case = case[order].astype(np.uint32)
        rows = _Rows(self._previous, new, table, rows_of_old, order)
        for start in range(0, len(order), PIECE):
            numbered = {"case": pa.array(case[start : start + PIECE])}
            yield rows.piece(order[start : start + PIECE], numbered)

    def _imported_table(self, name: str) -> pa.Table | None:
        if self._imported is None:
            return None
        if name != "cases":
            return self._imported.legs if name == "legs" else self._imported.services
        cases = self._imported.cases
        number = np.broadcast_to(np.int32(self._import_number), cases.num_rows)
        return cases.append_column(schema.CASES.field("import_number"), pa.array(number))


class _Rows:
    """Rows of two tables, those of an edition counted first, in whatever order is asked for."""

    def __init__(
        self, held: Held | None, new: pa.Table | None, table: str, count: int, order: Places
    ) -> None:
        self._schema = STORED[table]
        self._new = new
        self._count = count
        pieces = iter(()) if held is None else held.pieces(table, self._schema.names)
        if (np.diff(order[order < count]) < 0).any():
            # An edition is sorted as the next one will be. One that is not is held whole.
            pieces = iter([pa.concat_tables(pieces)])
        self._window = _Window(pieces)

    def piece(self, rows: Places, numbered: "Mapping[str, pa.Array[Any]]") -> pa.Table:
        """These rows, and the columns that the new edition numbers anew."""
        is_old = rows < self._count
        parts = self._window.taken(rows[is_old])
        if self._new is not None and not is_old.all():
            parts.append((self._new, rows[~is_old] - self._count))
        # Where each row stands when the old ones come first.
        place = np.where(is_old, np.cumsum(is_old), is_old.sum() + np.cumsum(~is_old)) - 1
        columns = []
        for field in self._schema:
            if field.name in numbered:
                columns.append(numbered[field.name])
                continue
            found = [_taken(table[field.name], which) for table, which in parts]
            columns.append(found[0] if len(found) == 1 else pa.concat_arrays(found).take(place))
        return pa.table(columns, schema=self._schema)


class _Window:
    """The pieces of a table that rows are taken of, let go once they were passed."""

    def __init__(self, pieces: Iterator[pa.Table]) -> None:
        self._pieces = pieces
        self._held: list[tuple[int, pa.Table]] = []
        self._end = 0

    def taken(self, rows: Places) -> list[tuple[pa.Table, Places]]:
        """Which rows of which pieces these are; each call goes on behind the one before."""
        if not len(rows):
            return []
        first, last = int(rows.min()), int(rows.max())
        self._held = [held for held in self._held if held[0] + held[1].num_rows > first]
        while self._end <= last:
            piece = next(self._pieces)
            if self._end + piece.num_rows > first:
                self._held.append((self._end, piece))
            self._end += piece.num_rows
        found = [
            (piece, rows[(rows >= at) & (rows < at + piece.num_rows)] - at)
            for at, piece in self._held
        ]
        return [(piece, which) for piece, which in found if len(which)]


def _taken(column: "pa.ChunkedArray[Any]", rows: Places) -> "pa.Array[Any]":
    """Some rows of a column that may be a dictionary, as it stands in an edition."""
    if column.num_chunks == 1:
        chunk: Any = column.chunk(0)
        if not pa.types.is_dictionary(chunk.type):
            plain: pa.Array[Any] = chunk.take(rows)
            return plain
        # The rows are taken before the values are written out.
        few: pa.Array[Any] = chunk.dictionary.take(chunk.indices.take(rows))
        return few
    return pa.concat_arrays([_plain(chunk) for chunk in column.chunks]).take(rows)


def _plain(chunk: Any) -> "pa.Array[Any]":
    is_dictionary = pa.types.is_dictionary(chunk.type)
    plain: pa.Array[Any] = chunk.dictionary.take(chunk.indices) if is_dictionary else chunk
    return plain


def _whole(edition: Held, table: str, columns: Sequence[str]) -> pa.Table:
    expected = pa.schema([TABLES[table].field(name) for name in columns])
    return pa.concat_tables([expected.empty_table(), *edition.pieces(table, columns)])
