"""Writes a release into files, in any form of `publishing.formats`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.files import PUBLIC, write_atomically
from corridor.publishing.formats import FORMS


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
