"""What an import gives, and how it becomes the next edition.

    ImportedCases   cases, legs and services of the files of one import, by keys
    merge           an edition and an import → the next edition
    without_…       an edition without some persons, or without old cases

A case of the import replaces the case of the edition that has its key, unless that one has a
later referral date; legs and services go with their case. A case that the import does not
hold stays. Editions depend on what was imported, and not on the order of rows or files.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.errors.importing import TooManyPersonsError
from corridor.node import schema
from corridor.node.importing.keys import KEY_BYTES, Keys
from corridor.node.schema import EditionTables

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
memory than their edition does: both are there while one is made of the other."""


@dataclass(frozen=True, slots=True)
class ImportedCases:
    """The cases of one import, each once.

    Attributes:
        cases: as in `IMPORTED_CASES`, sorted by case key.
        legs, services: as in `node.schema`; `case` is a row of `cases`.
    """

    cases: pa.Table
    legs: pa.Table
    services: pa.Table

    def __post_init__(self) -> None:
        for table, expected in (
            (self.cases, IMPORTED_CASES),
            (self.legs, schema.LEGS),
            (self.services, schema.SERVICES),
        ):
            _check(table, expected)


def merge(
    previous: EditionTables | None,
    imported: ImportedCases,
    import_number: int,
    *,
    max_persons: int | None = None,
) -> EditionTables:
    """The edition that follows `previous` (None: start empty) when `imported` comes in.

    Args:
        previous: the edition that stands; it is not changed.
        imported: the cases of one import.
        import_number: later imports have higher numbers.
        max_persons: the charter's ceiling for a node.

    Raises:
        TooManyPersonsError: the new edition would hold more persons; nothing was changed.
    """
    new = imported.cases.append_column(
        pa.field("import_number", pa.int32(), nullable=False),
        pa.array(np.full(imported.cases.num_rows, import_number, np.int32)),
    )
    if previous is None:
        return _edition([(new, imported.legs, imported.services)], max_persons)
    old = _with_person_keys(previous)
    keep_old, keep_new = _newer(old, new)
    kept = (
        _restricted(old, previous.legs, previous.services, keep_old),
        _restricted(new, imported.legs, imported.services, keep_new),
    )
    return _edition(list(kept), max_persons)


def without_persons(edition: EditionTables, persons: Collection[bytes]) -> EditionTables:
    """The edition without all rows of the persons who have these keys."""
    return _of_those(edition, ~_are_of(_with_person_keys(edition), persons))


def without_cases_before(edition: EditionTables, day: date) -> EditionTables:
    """The edition without the cases that were referred before that day.

    A case that was never referred is as old as its identification, else as its last event; one
    without any of these dates stays, since nobody knows how old it is.
    """
    dates = [days_of(edition.cases.column(name)) for name in _DATES_OF_A_CASE]
    never = np.iinfo(np.int64).min
    known = np.select([one != never for one in dates], dates, default=never)
    first = (day - date(1970, 1, 1)).days
    return _of_those(edition, (known == never) | (known >= first))


def leaving_out(imported: ImportedCases, persons: Collection[bytes]) -> ImportedCases:
    """The import without all rows of the persons who have these keys."""
    keep = ~_are_of(imported.cases, persons)
    return ImportedCases(*_restricted(imported.cases, imported.legs, imported.services, keep))


_DATES_OF_A_CASE = ("referred_on", "identified_on", "last_event_on")


def _of_those(edition: EditionTables, keep: "Flags") -> EditionTables:
    if keep.all():
        return edition
    cases = _with_person_keys(edition)
    return _edition([_restricted(cases, edition.legs, edition.services, keep)], None)


def _are_of(cases: pa.Table, persons: Collection[bytes]) -> "Flags":
    keys = np.array(list(persons), dtype=f"S{KEY_BYTES}")
    return np.isin(keys_of(cases.column("person_key")), keys)


Flags = npt.NDArray[np.bool_]
Parts = tuple[pa.Table, pa.Table, pa.Table]
"""Cases with person keys and import numbers, and the legs and services that refer to them."""


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


def _with_person_keys(edition: EditionTables) -> pa.Table:
    keys = edition.persons.column("person_key").take(edition.cases.column("person"))
    cases = edition.cases.append_column(IMPORTED_CASES.field("person_key"), keys)
    return cases.drop_columns(["person", "choice_key"])


def _taken(
    parts: "Sequence[pa.ChunkedArray[Any]]", rows: npt.NDArray[np.intp], kind: "pa.DataType"
) -> "pa.Array[Any]":
    """Some rows of a column whose parts may be dictionaries, as it stands in an edition."""
    chunks = [chunk for part in parts for chunk in part.chunks]
    if len(chunks) == 1 and pa.types.is_dictionary(chunks[0].type):
        # The rows are taken before the values are written out.
        chunk: Any = chunks[0]
        only: pa.Array[Any] = chunk.dictionary.take(chunk.indices.take(rows))
        return only
    plain = [_plain(chunk) for chunk in chunks]
    whole: pa.Array[Any] = pa.concat_arrays(plain) if plain else pa.array([], kind)
    return whole.take(rows)


def _plain(chunk: Any) -> "pa.Array[Any]":
    is_dictionary = pa.types.is_dictionary(chunk.type)
    plain: pa.Array[Any] = chunk.dictionary.take(chunk.indices) if is_dictionary else chunk
    return plain


def _newer(old: pa.Table, new: pa.Table) -> tuple[Flags, Flags]:
    """Which cases of either stay: of one key the later referral, of equal ones the import's."""
    keep_old, keep_new = np.ones(old.num_rows, bool), np.ones(new.num_rows, bool)
    _, of_old, of_new = np.intersect1d(
        keys_of(old.column("case_key")),
        keys_of(new.column("case_key")),
        assume_unique=True,
        return_indices=True,
    )
    old_wins = (
        days_of(old.column("referred_on"))[of_old] > days_of(new.column("referred_on"))[of_new]
    )
    keep_old[of_old] = old_wins
    keep_new[of_new] = ~old_wins
    return keep_old, keep_new


def _restricted(cases: pa.Table, legs: pa.Table, services: pa.Table, keep: Flags) -> Parts:
    """Some of the cases, with what belongs to them."""
    numbers = np.cumsum(keep) - 1

    def following(table: pa.Table) -> pa.Table:
        of_case = table.column("case").to_numpy()
        stays = keep[of_case]
        return _renumbered(table.filter(pa.array(stays)), numbers[of_case[stays]])

    return cases.filter(pa.array(keep)), following(legs), following(services)


def _renumbered(table: pa.Table, cases: npt.NDArray[np.int64]) -> pa.Table:
    column = pa.array(cases.astype(np.uint32))
    return table.set_column(0, table.schema.field("case"), column)


def _edition(parts: list[Parts], max_persons: int | None) -> EditionTables:
    """Number the persons and put everything in its order."""

    def column(name: str) -> "pa.ChunkedArray[Any]":
        chunks = [chunk for part in parts for chunk in part[0].column(name).chunks]
        return pa.chunked_array(chunks, parts[0][0].column(name).type)

    person_keys, person = np.unique(keys_of(column("person_key")), return_inverse=True)
    if max_persons is not None and len(person_keys) > max_persons:
        raise TooManyPersonsError(ceiling=max_persons)
    _, case_rank = np.unique(keys_of(column("case_key")), return_inverse=True)
    # Newest first, and no date last: the ranks of the dates, turned round.
    _, date_rank = np.unique(days_of(column("referred_on")), return_inverse=True)
    order = np.lexsort((case_rank, -date_rank, person))
    person = person[order].astype(np.uint32)
    choice_keys = np.frombuffer(person_keys.tobytes(), "<u8")[::2]
    numbered = {
        "person": pa.array(person),
        "choice_key": pa.array(choice_keys[person]),
    }
    return EditionTables(
        persons=pa.table(
            [
                pa.array(np.arange(len(person_keys), dtype=np.uint32)),
                key_array(person_keys),
            ],
            schema=schema.PERSONS,
        ),
        cases=pa.table(
            [
                numbered[field.name]
                if field.name in numbered
                else _taken([part[0].column(field.name) for part in parts], order, field.type)
                for field in schema.CASES
            ],
            schema=schema.CASES,
        ).combine_chunks(),
        legs=_following(parts, 1, order),
        services=_following(parts, 2, order),
    )


def _following(parts: list[Parts], which: int, order: npt.NDArray[np.intp]) -> pa.Table:
    """Legs, or services, of all parts, by the new numbers of their cases."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    tables, before = [], 0
    for part in parts:
        table = part[which]
        of_case = table.column("case").to_numpy().astype(np.int64)
        tables.append(_renumbered(table, place[of_case + before]))
        before += part[0].num_rows
    table = pa.concat_tables(tables)
    within = np.argsort(table.column("case").to_numpy(), kind="stable")
    return table.take(within).combine_chunks()
