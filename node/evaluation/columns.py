"""The rows of a virtual table, with every value a whole number.

Strings end here. Parquet keeps a column's strings as a dictionary and a number for each row;
closing the domain is a walk over that dictionary, after which a value is its place in the
domain's list, and what the domain does not have is `unknown`, the last place. So the SQL that
follows is about our own numbers, and neither case data nor an analyst's words stand in it.

By derivation, a field's columns become:

    VALUE          places in the domain
    LIST           lists of places; never empty: what is left of them, or `unknown`
    CROSSING       numbers given to countries, the same in all three columns; −1 for null
    YEAR … MONTH   dates, as they are
    BAND, QUANTITY whole numbers, as they are
    DAYS           dates as days since 1970-01-01

A leg or service has its own columns and those of its case, which stands in row `case`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corridor.queries.catalogue import Derivation, Field, Source, Table
from corridor.queries.domains import DomainField
from corridor.queries.plan import Axis, PlannedTable

Ints: TypeAlias = npt.NDArray[np.int64]
Column: TypeAlias = "pa.ChunkedArray[Any]"

ROW, CONSENT, AGREEMENT = "row", "consent", "agreement"
"""Columns that every row has, besides those of its fields."""


class Reader(Protocol):
    """Gives columns of one edition's stored tables (`node.store`)."""

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        """These columns; strings may come as dictionaries."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a virtual table in stored order: person by person, newest case first.

    Attributes:
        persons: dense number of each row's person; never falls.
        choice_keys: stable choice key of each row's person.
        table: ROW, CONSENT, AGREEMENT, and the columns that `column_name` names.
        sizes: in how many cells each row is at most.
    """

    persons: npt.NDArray[np.uint32]
    choice_keys: npt.NDArray[np.uint64]
    table: pa.Table
    sizes: Ints


def column_name(field: Field, number: int) -> str:
    """What the field's `number`-th column is called in `Rows`."""
    return f"{field.name}_{number}"


def read_rows(planned: PlannedTable, reader: Reader) -> Rows:
    """The rows of the table's source, with the columns that the table needs and no others."""
    fields = planned.fields.values()
    cases = _read(reader, Table.CASES, ("person", "choice_key", CONSENT, AGREEMENT), fields)
    columns: dict[str, Any] = {CONSENT: cases[CONSENT], AGREEMENT: cases[AGREEMENT]}
    _add(columns, Table.CASES, cases, fields)
    persons = cases["person"].to_numpy()
    choice_keys = cases["choice_key"].to_numpy()
    own = _own_table(planned.source)
    if own is not Table.CASES:
        steps = _read(reader, own, ("case",), fields)
        case = steps["case"].to_numpy()
        columns = {name: _take(column, case) for name, column in columns.items()}
        _add(columns, own, steps, fields)
        persons, choice_keys = persons[case], choice_keys[case]
    columns[ROW] = np.arange(len(persons))
    sizes = np.ones(len(persons), np.int64)
    for axis in planned.axes:
        if axis.domain.field.is_multivalued:
            lists = pa.chunked_array(columns[column_name(axis.domain.field, 0)])
            sizes *= _counted(lists, places_on_axis(axis) >= 0)
    return Rows(persons, choice_keys, pa.table(columns), sizes)


def _counted(lists: Column, on_axis: npt.NDArray[np.bool_]) -> Ints:
    """How many of each list's places are on the axis."""
    rows = pc.list_parent_indices(lists).to_numpy()
    places = pc.list_flatten(lists).to_numpy()
    return np.bincount(rows[on_axis[places]], minlength=len(lists))


def _own_table(source: Source) -> Table:
    match source:
        case Source.PERSONS | Source.CORRIDORS:
            return Table.CASES
        case Source.LEGS:
            return Table.LEGS
        case Source.SERVICES:
            return Table.SERVICES


def _read(
    reader: Reader, table: Table, always: Sequence[str], fields: "Sequence[DomainField] | Any"
) -> pa.Table:
    needed = [column for one in fields if one.field.table is table for column in one.field.columns]
    return reader.read(table.value, list(dict.fromkeys([*always, *needed])))


def _add(columns: dict[str, Any], table: Table, stored: pa.Table, fields: Any) -> None:
    """Add what the fields of `table` need, encoded."""
    for domain in fields:
        if domain.field.table is table:
            found = [stored[name] for name in domain.field.columns]
            for number, column in enumerate(_encode(domain, found)):
                columns[column_name(domain.field, number)] = column


def _encode(domain: DomainField, columns: Sequence[Column]) -> list[Any]:
    match domain.field.derivation:
        case Derivation.VALUE:
            return [_places(columns[0], _place_in(domain))]
        case Derivation.LIST:
            return [_lists(columns[0], _place_in(domain), empty=len(domain.values) - 1)]
        case Derivation.CROSSING:
            number = _Numbers()
            recruited, exploited, citizenships = columns
            return [
                _places(recruited, number),
                _places(exploited, number),
                _lists(citizenships, number, empty=-1),
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
    outside = -1 if domain.field.is_multivalued else len(known) - 1
    return lambda text: outside if text is None else known.get(text, outside)


class _Numbers:
    """Gives each string a number, the same every time."""

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
    offsets = np.concatenate(([0], np.cumsum(np.maximum(kept, 1))))
    values = np.full(offsets[-1], empty, np.int32)
    # The place of a row's j-th number is its offset plus j.
    first = np.cumsum(kept) - kept
    values[np.arange(len(numbers)) + np.repeat(offsets[:-1] - first, kept)] = numbers
    lists: pa.LargeListArray[Any] = pa.LargeListArray.from_arrays(
        pa.array(offsets, pa.int64()), pa.array(values, pa.int32())
    )
    return lists


def _take(column: Any, rows: npt.NDArray[Any]) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else column.take(pa.array(rows))


def places_on_axis(axis: Axis) -> Ints:
    """For each place in the axis's domain the place on the axis; −1 for none."""
    on_axis = {value: place for place, value in enumerate(axis.values)}
    values = axis.domain.values
    recoded = values if axis.recode is None else [axis.recode.get(value) for value in values]
    return np.array([on_axis.get(value, -1) if value else -1 for value in recoded], np.int64)
