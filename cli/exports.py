"""A release as text for a pipe; `client.saving` writes the forms that need a file."""

from collections.abc import Mapping
from typing import Any

from corridor.errors.cli import NeedsFileError
from corridor.publishing.formats.delimited import csv_text
from corridor.publishing.formats.document import json_bytes
from corridor.publishing.tables import tables_of


def release_text(release: Mapping[str, Any], form: str) -> str:
    """A release for a pipe: CSV without its metadata, or JSON.

    Raises:
        NeedsFileError: the form cannot go there, or there are several tables.
    """
    tables = tables_of(release)
    if form == "json":
        return json_bytes(release).decode()
    if form == "csv" and len(tables) == 1:
        return csv_text(tables[0])
    raise NeedsFileError(form)
