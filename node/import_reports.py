"""The reports of the imports, as files that go when the data go of which they speak.

    imports/20261130T101500-3-9f2c61d04b7a8e15.json           what became of the files' values
                                              -profile.json   how good the data are
                                              -worklist.csv   places for the case workers
                                              -countries.csv  texts that name no known country

They lie in clear, of mode 0600, and quote cells that could not be read: an address in the column
of a country, a remark in that of a list. So they may speak of somebody, and are erased with them.
"""

from datetime import UTC, datetime
from pathlib import Path

from corridor.files import erase_file
from corridor.ids import EditionId
from corridor.node.home import Home

_STAMP, _STAMP_LETTERS = "%Y%m%dT%H%M%S", 15


def erase_reports(home: Home, *, of: EditionId | None = None, but: EditionId | None = None) -> None:
    """Overwrite and remove the reports of the imports.

    Args:
        home: the node's folder.
        of: only those of this edition; None: all, whoever put them into that folder.
        but: the edition whose reports stay.

    Raises:
        DiskError: one of them is still there.
    """
    for path in sorted(home.imports.glob("*")) if home.imports.exists() else ():
        if path.is_file() and (of is None or _is_of(path, of)) and not (but and _is_of(path, but)):
            erase_file(path)


def reports_at(home: Home) -> dict[Path, datetime]:
    """Every file of a report, and when it was written: as its name says, else as the disk does."""
    found = {}
    for path in sorted(home.imports.glob("*")) if home.imports.exists() else ():
        if not path.is_file():
            continue
        try:
            at = datetime.strptime(path.name[:_STAMP_LETTERS], _STAMP).replace(tzinfo=UTC)
        except ValueError:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        found[path] = at
    return found


def erase_reports_before(home: Home, moment: datetime) -> None:
    """Overwrite and remove those that were written before.

    Raises:
        DiskError: one of them is still there.
    """
    for path, at in reports_at(home).items():
        if at < moment:
            erase_file(path)


def _is_of(path: Path, edition: EditionId) -> bool:
    return f"-{edition}-" in path.name or f"-{edition}." in path.name
