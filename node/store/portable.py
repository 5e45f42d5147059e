"""An edition's tables in a form that every engine keeps alike, and back.

    uint32, uint64        int64: engines have no unsigned numbers; of the 64 bits none changes
    int16, int32, bool    as they are
    date32                int32, days since 1970-01-01: no calendar, no time zone, no era
    a key of 16 bytes     two int64, `…_first` and `…_second`: each eight bytes, little-endian
    string                text, only ever compared for equality
    list of strings       text, ";Debt;Threats;", and "" for none: HTCDS's own separator

Rows are numbered, because a table of another engine has no order: `case` is a case's row in
`cases`, and `row` that of a leg or service in its table; a person's number is `person`. Whoever
sorts by these has the stored order, and no collation, no place of nulls, no calendar has a say.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corridor.node.schema import TABLES

KEY_OF: dict[str, tuple[str, ...]] = {
    "persons": ("person",),
    "cases": ("case",),
    "legs": ("case", "row"),
    "services": ("case", "row"),
}
"""The columns by which a table's rows are sorted; the first says in which range a row is."""

_NUMBERS = {
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.date32(): pa.int32(),
}
_KEY = pa.binary(16)
_SEPARATOR = ";"


def portable_schema(table: str) -> pa.Schema:
    """The columns of a table as other engines have them."""
    fields = [part for field in TABLES[table] for part in _fields(field)]
    missing = [name for name in KEY_OF[table] if name not in TABLES[table].names]
    return pa.schema([*(pa.field(name, pa.int64(), nullable=False) for name in missing), *fields])


def portable_names(field: "pa.Field[Any]") -> tuple[str, ...]:
    """What a stored column is called there; a key has two."""
    return tuple(part.name for part in _fields(field))


def to_portable(table: str, rows: pa.Table, first: int) -> pa.Table:
    """Some rows of a stored table, the first of which is its row number `first`.

    Raises:
        ValueError: a value of a list is empty, or has the separator in it.
    """
    columns: dict[str, Any] = {}
    for field in TABLES[table]:
        names = [part.name for part in _fields(field)]
        columns |= dict(zip(names, _to_portable(field, rows[field.name]), strict=True))
    numbers = pa.array(np.arange(first, first + rows.num_rows))
    for name in KEY_OF[table]:
        columns.setdefault(name, numbers)
    schema = portable_schema(table)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def from_portable(rows: pa.Table, fields: "Sequence[pa.Field[Any]]") -> pa.Table:
    """These stored columns again.

    Raises:
        ValueError: what is there cannot have been written here.
    """
    found = [_from_portable(one, [rows[name] for name in portable_names(one)]) for one in fields]
    return pa.table(found, schema=pa.schema(list(fields)))


def _fields(field: "pa.Field[Any]") -> "list[pa.Field[Any]]":
    if field.type == _KEY:
        names = (f"{field.name}_first", f"{field.name}_second")
        return [pa.field(name, pa.int64(), nullable=False) for name in names]
    if pa.types.is_list(field.type):
        return [pa.field(field.name, pa.string(), nullable=False)]
    return [pa.field(field.name, _NUMBERS.get(field.type, field.type), nullable=field.nullable)]


def _to_portable(field: "pa.Field[Any]", column: "pa.ChunkedArray[Any]") -> list[Any]:
    if field.type == _KEY:
        halves = _halves(column)
        return [pa.array(halves[:, half].astype(np.int64)) for half in (0, 1)]
    if pa.types.is_list(field.type):
        return [_joined(field.name, column)]
    if field.type == pa.uint64():
        return [pa.array(column.to_numpy().view(np.int64))]
    return [column.cast(_NUMBERS.get(field.type, field.type))]


def _halves(keys: "pa.ChunkedArray[Any]") -> npt.NDArray[np.int64]:
    """Shape (keys, 2)."""
    raw = [
        buffer.slice(16 * chunk.offset, 16 * len(chunk)).to_pybytes()
        for chunk in keys.chunks
        if (buffer := chunk.buffers()[1]) is not None
    ]
    halves: npt.NDArray[np.int64] = np.frombuffer(b"".join(raw), "<i8").reshape(-1, 2)
    return halves


def _joined(name: str, column: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    values = pc.unique(pc.list_flatten(column)).to_pylist()
    if any(not value or _SEPARATOR in value for value in values):
        raise ValueError(f"{name}: a value of a list is empty or has a semicolon in it")
    join: Any = pc.binary_join_element_wise
    # It knows no lists of strings that may not be null.
    texts: Any = pc.binary_join(column.cast(pa.list_(pa.string())), _SEPARATOR)
    found: pa.ChunkedArray[Any] = pc.if_else(
        pc.equal(texts, pa.scalar("")), texts, join(_SEPARATOR, texts, _SEPARATOR, "")
    )
    return found


def _from_portable(field: "pa.Field[Any]", columns: "list[pa.ChunkedArray[Any]]") -> Any:
    (column, *more) = columns
    if not field.nullable and any(part.null_count for part in columns):
        raise ValueError(f"{field.name}: a null where none may be")
    if more:
        halves = np.stack([part.to_numpy() for part in columns], axis=1).astype("<i8")
        whole = pa.py_buffer(halves.tobytes())
        return pa.FixedSizeBinaryArray.from_buffers(_KEY, len(halves), [None, whole])
    if pa.types.is_list(field.type):
        coded = column.combine_chunks().dictionary_encode()
        texts = coded.dictionary.to_pylist()
        lists = [text[1:-1].split(_SEPARATOR) if text else [] for text in texts]
        return pa.array(lists, field.type).take(coded.indices)
    if field.type == pa.uint64():
        return pa.array(column.to_numpy().astype(np.int64).view(np.uint64))
    return column.cast(field.type)
