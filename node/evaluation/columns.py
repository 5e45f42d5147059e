"""The rows of a virtual table, with every value a whole number.

Strings end here. Parquet keeps a column's strings as a dictionary and a number for each row;
closing the domain is a walk over that dictionary, after which a value is its place in the
domain's list, and what the domain does not have is `unknown`, the last place. So the SQL that
follows is about our own numbers, and neither case data nor an analyst's words stand in it.

By derivation, a field's columns become:

    VALUE, AREA    places in the domain
    LIST           lists of places; never empty: what is left of them, or `unknown`
    CROSSING       numbers given to countries, the same in all three columns; −1 for null
    YEAR … MONTH   dates, as they are
    BAND, QUANTITY whole numbers, as they are
    DAYS           dates as days since 1970-01-01

A leg or service has its own columns and those of its case, which stands in row `case`.

The store gives a table piece by piece, and so it goes on: at no time is more in memory than a few
pieces, however many rows there are. What leaves here are whole persons, wherever a piece ended.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corridor.node.conditions import ALWAYS, Condition
from corridor.node.schema import TABLES
from corridor.queries.axes import Axis
from corridor.queries.catalogue import UNKNOWN, Derivation, Field, Source, Table
from corridor.queries.domains import DomainField
from corridor.queries.plan import PlannedTable

Ints: TypeAlias = npt.NDArray[np.int64]
Column: TypeAlias = "pa.ChunkedArray[Any]"

ROW, CONSENT, AGREEMENT, OWN_KEY = "row", "consent", "agreement", "own_key"
"""Columns that every row has, besides those of its fields."""


_PERSON, _CHOICE_KEY, _CASE = "person", "choice_key", "case"


class Reader(Protocol):
    """Gives columns of one edition's stored tables (`node.store`)."""

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns, piece by piece in stored order; strings may come as dictionaries."""
        ...


@runtime_checkable
class Searcher(Protocol):
    """A reader of tables that may lie in an engine which can leave rows out by itself."""

    def found(
        self, table: str, columns: Sequence[str], condition: Condition
    ) -> Iterator[pa.Table] | None:
        """Rows of a stored table that satisfy the condition, in stored order, whole cases at once.

        Columns are of the table and of `cases`. None where the engine can do no such thing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a virtual table in stored order: person by person, newest case first.

    Attributes:
        persons: dense number of each row's person; never falls.
        choice_keys: stable choice key of each row's person.
        table: ROW, CONSENT, AGREEMENT, and the columns that `column_name` names.
    """

    persons: npt.NDArray[np.uint32]
    choice_keys: npt.NDArray[np.uint64]
    table: pa.Table


def column_name(field: Field, number: int) -> str:
    """What the field's `number`-th column is called in `Rows`."""
    return f"{field.name}_{number}"


def read_rows(
    planned: PlannedTable,
    reader: Reader,
    more: Sequence[str] = (),
    condition: Condition = ALWAYS,
) -> Iterator[Rows]:
    """The rows of the table's source, whole persons at once, with the columns the table needs.

    Args:
        planned: says which columns these are.
        reader: of the edition.
        more: further columns of cases that the statement asks for.
        condition: rows that do not satisfy it may be left out (`pushdown`).
    """
    always = (_PERSON, _CHOICE_KEY, CONSENT, AGREEMENT, *more)
    start = 0
    for piece in _whole_persons(_coded_rows(planned, reader, always, condition)):
        yield _rows(piece, start)
        start += piece.num_rows


def _coded_rows(
    planned: PlannedTable, reader: Reader, always: Sequence[str], condition: Condition
) -> Iterator[pa.Table]:
    """The rows of the source, with the columns of `always`, and of the fields, as numbers."""
    fields, numbers = planned.fields.values(), _Numbers()
    own = _own_table(planned.source)
    if isinstance(reader, Searcher):
        needed = [name for domain in fields for name in domain.field.columns]
        names = list(dict.fromkeys([*always, *needed]))
        found = reader.found(own.value, names, condition)
        if found is not None:
            return _coded(found, always, list(fields), numbers)
    of_cases = [domain for domain in fields if domain.field.table is Table.CASES]
    cases = _coded(_pieces(reader, Table.CASES, always, of_cases), always, of_cases, numbers)
    if own is Table.CASES:
        return cases
    of_own = [domain for domain in fields if domain.field.table is own]
    steps = _coded(_pieces(reader, own, (_CASE,), of_own), (_CASE,), of_own, numbers)
    return _joined(cases, steps)


def _coded(
    pieces: Iterable[pa.Table],
    always: Sequence[str],
    fields: Sequence[DomainField],
    numbers: "_Numbers",
) -> Iterator[pa.Table]:
    """The columns of `always`, and of the fields, as numbers."""
    for piece in pieces:
        columns: dict[str, Any] = {name: piece[name] for name in always}
        for domain in fields:
            given = [piece[name] for name in domain.field.columns]
            for number, column in enumerate(_encode(domain, given, numbers)):
                columns[column_name(domain.field, number)] = column
        yield pa.table(columns)


def _pieces(
    reader: Reader, table: Table, always: Sequence[str], fields: Iterable[DomainField]
) -> Iterator[pa.Table]:
    """The stored pieces of a table, or one without rows.

    Where there is nobody as much is done as where there is somebody. Else the first person with a
    journey would show in how long a node takes.
    """
    needed = [name for domain in fields for name in domain.field.columns]
    columns = list(dict.fromkeys([*always, *needed]))
    piece = None
    for piece in reader.pieces(table.value, columns):
        yield piece
    if piece is None:
        yield TABLES[table.value].empty_table().select(columns)


def _joined(cases: Iterator[pa.Table], steps: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The pieces of legs or services, each row with the columns of its case; both are sorted."""
    held, first = None, 0
    for step in steps:
        held = next(cases) if held is None else held
        wanted = step[_CASE].to_numpy().astype(np.int64)
        while len(wanted) and first + held.num_rows <= wanted[-1]:
            gone = min(held.num_rows, int(wanted[0]) - first)
            held, first = pa.concat_tables([held.slice(gone), next(cases)]), first + gone
        rows = held.take(wanted - first)
        for name in step.column_names:
            rows = rows.append_column(name, step[name])
        yield rows


def _whole_persons(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, cut where a person ends; without rows, one piece."""
    held: pa.Table | None = None
    begun = False
    for piece in pieces:
        joined = piece if held is None else pa.concat_tables([held, piece])
        persons = joined[_PERSON].to_numpy()
        # The last person may go on in the next piece.
        end = int(np.searchsorted(persons, persons[-1])) if len(persons) else 0
        if end:
            begun = True
            yield joined.slice(0, end)
        held = joined.slice(end)
    if held is not None and (held.num_rows or not begun):
        yield held


def _rows(piece: pa.Table, start: int) -> Rows:
    persons, choice_keys = piece[_PERSON].to_numpy(), piece[_CHOICE_KEY].to_numpy()
    numbered = piece.append_column(ROW, pa.array(np.arange(start, start + len(persons))))
    return Rows(persons, choice_keys, numbered)


def _own_table(source: Source) -> Table:
    match source:
        case Source.PERSONS | Source.CORRIDORS:
            return Table.CASES
        case Source.LEGS:
            return Table.LEGS
        case Source.SERVICES:
            return Table.SERVICES


def _encode(domain: DomainField, columns: Sequence[Column], numbers: "_Numbers") -> list[Any]:
    match domain.field.derivation:
        case Derivation.VALUE | Derivation.AREA:
            return [_places(columns[0], _place_in(domain))]
        case Derivation.LIST:
            return [_lists(columns[0], _place_in(domain), empty=len(domain.values) - 1)]
        case Derivation.CROSSING:
            recruited, exploited, citizenships = columns
            return [
                _places(recruited, numbers),
                _places(exploited, numbers),
                _lists(citizenships, numbers, empty=-1),
            ]
        case Derivation.DAYS:
            return [column.cast(pa.int32()) for column in columns]
        case _:
            return list(columns)


Place: TypeAlias = Callable[[str | None], int]
"""The number that stands for a string; −1 for none."""


def _place_in(domain: DomainField) -> Place:
    """A value's place in the domain; in a list, −1 for what the domain does not have."""
    known = {value: place for place, value in enumerate(domain.values)}
    if domain.field.derivation is Derivation.AREA:
        known = {country: known[area] for country, area in domain.places.items()}
        known[UNKNOWN] = len(domain.values) - 1
    outside = -1 if domain.field.is_multivalued else len(domain.values) - 1
    return lambda text: outside if text is None else known.get(text, outside)


class _Numbers:
    """Gives each string a number, the same in every piece."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, text: str | None) -> int:
        return -1 if text is None else self._known.setdefault(text, len(self._known))


def _places(column: Column, place: Place) -> npt.NDArray[np.int32]:
    """The number of each row's string."""
    parts = [_chunk_places(chunk, place) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _chunk_places(chunk: "pa.Array[Any]", place: Place) -> npt.NDArray[np.int32]:
    coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
    assert isinstance(coded, pa.DictionaryArray)  # noqa: S101  (for the type checker)
    words = [*coded.dictionary.to_pylist(), None]
    places = np.array([place(word) for word in words], np.int32)
    indices = coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.int32] = places[indices]
    return found


def _lists(column: Column, place: Place, empty: int) -> "pa.LargeListArray[Any]":
    """Each row's list as numbers ≥ 0, without what has none; `empty` alone where none is left."""
    flat = [_chunk_places(pc.list_flatten(chunk), place) for chunk in column.chunks]
    lengths = [pc.list_value_length(chunk).fill_null(0).to_numpy() for chunk in column.chunks]
    numbers = np.concatenate(flat) if flat else np.zeros(0, np.int32)
    sizes = np.concatenate(lengths).astype(np.int64) if lengths else np.zeros(0, np.int64)
    known = numbers >= 0
    kept = sizes
    if not known.all():
        rows = np.repeat(np.arange(len(sizes)), sizes)
        kept = np.bincount(rows[known], minlength=len(sizes))
        numbers = numbers[known]
    none_left = np.flatnonzero(kept == 0)
    values = np.insert(numbers, np.cumsum(kept)[none_left], empty)
    offsets = np.concatenate(([0], np.cumsum(np.maximum(kept, 1))))
    lists: pa.LargeListArray[Any] = pa.LargeListArray.from_arrays(
        pa.array(offsets, pa.int64()), pa.array(values, pa.int32())
    )
    return lists


def places_on_axis(axis: Axis) -> Ints:
    """For each place in the axis's domain the place on the axis; −1 for none."""
    on_axis = {value: place for place, value in enumerate(axis.values)}
    values = axis.domain.values
    recoded = values if axis.recode is None else [axis.recode.get(value) for value in values]
    return np.array([on_axis.get(value, -1) if value else -1 for value in recoded], np.int64)


def places_in_bands(axis: Axis, numbers: Column) -> Ints:
    """The place on the axis of each of a quantity's numbers; null is `unknown`, −1 is none."""
    lows = np.array([band.low for band in axis.bands], np.int64)
    given = numbers.to_numpy()  # with a null among them, floats
    known = ~np.isnan(given)
    found = np.where(known, given, 0).astype(np.int64)
    places: Ints = np.searchsorted(lows, found, side="right").astype(np.int64) - 1
    last = axis.bands[-1].high
    if last is not None:
        places[found > last] = -1
    places[~known] = len(axis.bands) if len(axis.values) > len(axis.bands) else -1
    return places
