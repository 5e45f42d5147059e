"""CSV: one file for each table, and its metadata beside it in FILE.metadata.json."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from corridor.publishing.formats.document import Document, json_bytes, numbered
from corridor.publishing.formats.rows import columns_of, rows_of
from corridor.publishing.metadata import metadata
from corridor.publishing.tables import ReleasedTable, tables_of


def write_csv(release: Mapping[str, Any], name: str) -> Iterator[Document]:
    """A release as CSV files, and what belongs to them.

    Raises:
        RemoteAnswerError: it is no release.
    """
    tables = tables_of(release)
    for where, table in zip(numbered(name, len(tables)), tables, strict=True):
        yield Document(where, csv_text(table).encode())
    yield Document(f"{name}.metadata.json", json_bytes(metadata(release)))


def csv_text(table: ReleasedTable) -> str:
    """One table as CSV, with a line of names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns_of(table))
    writer.writerows(["" if one is None else one for one in row] for row in rows_of(table))
    return text.getvalue()
