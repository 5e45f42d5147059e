"""What an import gives; `next_edition` makes an edition of it.

ImportedCases   cases, legs and services of the files of one import, by keys
leaving_out     the same without some persons
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.node import schema
from corridor.node.importing.keys import KEY_BYTES, Keys

_NUMBERED_BY_EDITION = ("person", "choice_key", "import_number")


def _few_values(field: "pa.Field[Any]") -> "pa.Field[Any]":
    """The same column, each of its different values held once."""
    if pa.types.is_string(field.type) or pa.types.is_list(field.type):
        return field.with_type(pa.dictionary(pa.int32(), field.type))
    return field


IMPORTED_CASES = pa.schema(
    [
        pa.field("person_key", pa.binary(KEY_BYTES), nullable=False),
        *(_few_values(one) for one in schema.CASES if one.name not in _NUMBERED_BY_EDITION),
    ]
)
"""The columns of an import's cases: those of an edition, with the person's key in the place
of what an edition numbers. Texts and lists are dictionaries, so that a million cases take less
memory than their edition does."""

IMPORTED_LEGS = pa.schema([_few_values(one) for one in schema.LEGS])
IMPORTED_SERVICES = pa.schema([_few_values(one) for one in schema.SERVICES])
"""Those of an edition, texts as dictionaries."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ImportedCases:
    """The cases of one import, each once.

    Attributes:
        cases: as in `IMPORTED_CASES`, sorted by case key.
        legs, services: as in `IMPORTED_LEGS` and `IMPORTED_SERVICES`; `case` is a row of `cases`.
        links: as in `schema.LINKS`, one row a case in the order of `cases`.
    """

    cases: pa.Table
    legs: pa.Table
    services: pa.Table
    links: pa.Table

    def __post_init__(self) -> None:
        for table, expected in (
            (self.cases, IMPORTED_CASES),
            (self.legs, IMPORTED_LEGS),
            (self.services, IMPORTED_SERVICES),
            (self.links, schema.LINKS),
        ):
            _check(table, expected)
        if self.links.num_rows != self.cases.num_rows:
            raise ValueError("each case has one row of links")


def leaving_out(imported: ImportedCases, persons: Collection[bytes]) -> ImportedCases:
    """The import without all rows of the persons who have these keys."""
    keep = ~are_of(keys_of(imported.cases.column("person_key")), persons)
    numbers = np.cumsum(keep) - 1

    def following(table: pa.Table) -> pa.Table:
        of_case = table.column("case").to_numpy()
        stays = keep[of_case]
        numbered = pa.array(numbers[of_case[stays]].astype(np.uint32))
        return table.filter(pa.array(stays)).set_column(0, table.schema.field("case"), numbered)

    kept = pa.array(keep)
    return ImportedCases(
        imported.cases.filter(kept),
        following(imported.legs),
        following(imported.services),
        imported.links.filter(kept),
    )


def are_of(person_keys: Keys, persons: Collection[bytes]) -> Flags:
    """Which of the keys are those of these persons."""
    keys = np.array(list(persons), dtype=f"S{KEY_BYTES}")
    return np.isin(person_keys, keys)


def key_array(keys: Keys) -> "pa.Array[Any]":
    """Keys as an Arrow array."""
    whole = pa.py_buffer(keys.astype(f"S{KEY_BYTES}").tobytes())
    array: pa.Array[Any] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(KEY_BYTES), len(keys), [None, whole]
    )
    return array


def keys_of(column: "pa.ChunkedArray[Any]") -> Keys:
    """Keys of an Arrow column as a numpy array."""
    raw = [
        buffer.slice(KEY_BYTES * chunk.offset, KEY_BYTES * len(chunk)).to_pybytes()
        for chunk in column.chunks
        if (buffer := chunk.buffers()[1]) is not None
    ]
    return np.frombuffer(b"".join(raw), f"S{KEY_BYTES}")


def days_of(column: "pa.ChunkedArray[Any]") -> npt.NDArray[np.int64]:
    """A column of dates as days since 1970-01-01; the earliest possible number for null."""
    days = column.cast(pa.int32()).cast(pa.int64())
    return days.fill_null(pa.scalar(np.iinfo(np.int64).min)).to_numpy()


def _check(table: pa.Table, expected: pa.Schema) -> None:
    if not table.schema.equals(expected):
        raise ValueError(f"a table of an edition has the schema {table.schema}, not {expected}")
