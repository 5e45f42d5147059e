"""Where the cases of an import come from: files, and tables of databases."""

from collections.abc import Sequence
from pathlib import Path

from corridor.errors.importing import (
    BadDatabaseAddressError,
    NoCaseSourceError,
    NoDatabaseDriverError,
)
from corridor.node.importing.files import CaseFile, CaseSource
from corridor.node.importing.mapping import FileMapping


def sources_of(
    paths: Sequence[Path],
    *,
    database: str | None = None,
    tables: Sequence[str] = (),
    mapping: FileMapping | None = None,
) -> list[CaseSource]:
    """The files, and the tables of a database.

    Args:
        paths: case files.
        database: an address, or the name of one in the mapping.
        tables: of the database; those of the mapping where none are named.
        mapping: the operator's.

    Raises:
        NoCaseSourceError: there is neither a file nor a database.
        NoDatabaseDriverError: the library for databases is not installed.
        BadDatabaseAddressError: the address is none, or holds a password.
    """
    found: list[CaseSource] = [CaseFile(path) for path in paths]
    if database is not None:
        named = None if mapping is None else mapping.databases.get(database)
        url = database if named is None else named.url
        if named is None and "://" not in database:
            raise BadDatabaseAddressError("is no name that the mapping file has")
        wanted = tables or (() if named is None else named.tables)
        found.append(_database(url, wanted))
    if not found:
        raise NoCaseSourceError
    return found


def _database(url: str, tables: Sequence[str]) -> CaseSource:
    try:
        from corridor.node.importing.postgresql import PostgresTables  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise NoDatabaseDriverError from error
    return PostgresTables(url, tables)
