"""The reports of the imports, as files that go when the data go of which they speak.

    imports/20261130T101500-3-9f2c61d04b7a8e15.json           what became of the files' values
                                              -profile.json   how good the data are
                                              -worklist.csv   places for the case workers
                                              -countries.csv  texts that name no known country

They lie in clear, of mode 0600, and quote cells that could not be read: an address in the column
of a country, a remark in that of a list. So they may speak of somebody, and are erased with them.
"""

from pathlib import Path

from corridor.files import erase_file
from corridor.ids import EditionId
from corridor.node.home import Home


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


def _is_of(path: Path, edition: EditionId) -> bool:
    return f"-{edition}-" in path.name or f"-{edition}." in path.name
