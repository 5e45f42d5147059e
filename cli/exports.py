"""Writes a release into files, in any form of `publishing.formats`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.errors.cli import NeedsFileError
from corridor.files import PUBLIC, write_atomically
from corridor.publishing.formats import FORMS
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


def write_release(release: Mapping[str, Any], form: str, path: Path) -> tuple[Path, ...]:
    """Write a release; gives the files written.

    Args:
        release: as the API gives it.
        form: one of `FORMS`.
        path: the file; numbered where several are needed.

    Raises:
        DiskError: a file cannot be written; those before it were.
    """
    written = []
    for document in FORMS[form].write(release, path.name):
        where = path.with_name(document.name)
        write_atomically(where, document.data, PUBLIC)
        written.append(where)
    return tuple(written)
