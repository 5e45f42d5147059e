"""Parquet and Arrow: one file for each table, the metadata under `corridor` in its schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corridor.publishing.formats.document import Document, numbered
from corridor.publishing.formats.rows import NUMBERS, WORDS, columns_of, rows_of
from corridor.publishing.metadata import metadata
from corridor.publishing.tables import ReleasedTable, tables_of


def write_parquet(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as Parquet files.

    Raises:
        RemoteAnswerError: it is no release.
    """
    for where, table in _tables(release, name):
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        yield Document(where, sink.getvalue().to_pybytes())


def write_arrow(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as files of Arrow's IPC format (the one that can be mapped into memory).

    Raises:
        RemoteAnswerError: it is no release.
    """
    for where, table in _tables(release, name):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        yield Document(where, sink.getvalue().to_pybytes())


def arrow_table(release: Mapping[str, Any], table: ReleasedTable) -> pa.Table:
    """One table of a release, its columns as in every flat form."""
    texts = 2 * len(table.axes) + len(WORDS)
    kinds = [pa.string()] * texts + [pa.float64()] * len(NUMBERS) + [pa.bool_()]
    about = {**metadata(release), "title": table.title}
    schema = pa.schema(
        list(zip(columns_of(table), kinds, strict=True)),
        metadata={"corridor": json.dumps(about, ensure_ascii=False)},
    )
    columns = list(zip(*rows_of(table), strict=True))
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _tables(release: Mapping[str, Any], name: str) -> Iterator[tuple[str, pa.Table]]:
    tables = tables_of(release)
    for where, table in zip(numbered(name, len(tables)), tables, strict=True):
        yield where, arrow_table(release, table)
