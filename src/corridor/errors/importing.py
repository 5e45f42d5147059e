"""Errors of case files that cannot be imported at all.

Every one of them is raised before anything is stored: nothing was imported, and the edition
that stood still stands. Single values that cannot be used raise nothing; they are entries
of the import report.
"""

from corridor.errors import (
    DamagedError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    WrongUsageError,
)

_NOTHING = "Nothing was imported."


class CaseFileNotFoundError(NotFoundError):
    """A file that was named for import is not there or cannot be opened."""

    code = "import.file_not_found"

    def __init__(self, *, file: str, why: str) -> None:
        super().__init__(f"{file}: cannot be opened ({why}); check the path. {_NOTHING}")


class UnsupportedFileError(InvalidInputError):
    """A file is of a kind that Corridor does not read: old .xls, .ods, .xlsb, a PDF."""

    code = "import.unsupported_file"

    def __init__(self, *, file: str, kind: str) -> None:
        super().__init__(
            f"{file}: is {kind}, which is not read; save it as .xlsx, as CSV (UTF-8) or as "
            f"Parquet. {_NOTHING}"
        )


class ProtectedFileError(InvalidInputError):
    """A workbook is encrypted with a password."""

    code = "import.password_protected"

    def __init__(self, *, file: str) -> None:
        super().__init__(
            f"{file}: is protected by a password; save a copy without one on this machine, "
            f"import it, and delete the copy. {_NOTHING}"
        )


class DamagedFileError(InvalidInputError):
    """A file is not what its first bytes say: cut off, changed, or built by hand."""

    code = "import.damaged_file"

    def __init__(self, *, file: str, where: str, why: str) -> None:
        place = f"{file}, {where}" if where else file
        super().__init__(
            f"{place}: cannot be read ({why}); open it in the program that made it and save "
            f"it again. {_NOTHING}"
        )


class DecompressionBombError(RefusedError):
    """A compressed file would unpack to far more than a case file can be. Nothing was read."""

    code = "import.decompression_bomb"

    def __init__(self, *, file: str, why: str) -> None:
        super().__init__(
            f"{file}: was not unpacked, because {why}; a workbook of cases is never like this. "
            f"Ask whoever sent it, and divide a really large file. {_NOTHING}"
        )


class TooManyRowsError(RefusedError):
    """A table has more rows, columns or cells than one import takes."""

    code = "import.too_large"

    def __init__(self, *, place: str, what: str, ceiling: int) -> None:
        super().__init__(
            f"{place}: has more than {ceiling} {what}; divide it into several files. {_NOTHING}"
        )


class TooManyPersonsError(RefusedError):
    """The edition would hold more persons than the charter's ceiling for a node."""

    code = "import.too_many_persons"

    def __init__(self, *, ceiling: int) -> None:
        super().__init__(
            f"the edition would hold more than {ceiling} persons, the charter's ceiling for one "
            f"node; the members can agree on a charter with a higher one. {_NOTHING}"
        )


class EmptyFileError(InvalidInputError):
    """There is no row of data in any of the files, or a file has no bytes."""

    code = "import.empty_file"

    def __init__(self, *, file: str) -> None:
        super().__init__(f"{file}: holds no rows; check that it is the right file. {_NOTHING}")


class NotHtcdsError(InvalidInputError):
    """No column of a file has a name of the HTCDS standard."""

    code = "import.not_htcds"

    def __init__(self, *, file: str, sheets: str) -> None:
        where = f" (looked at {sheets})" if sheets else ""
        super().__init__(
            f"{file}: no row of it holds HTCDS field names such as prs_Gender{where}; use the "
            "official template, or say what its columns mean with `corridor node map`. "
            f"{_NOTHING}"
        )


class WrongEncodingError(InvalidInputError):
    """A CSV file is not UTF-8."""

    code = "import.wrong_encoding"

    def __init__(self, *, file: str, row: int, byte: int) -> None:
        super().__init__(
            f"{file}, line {row}, byte {byte} of the file: is not UTF-8; save it again with the "
            'encoding UTF-8 (in Excel: "CSV UTF-8 (comma delimited)"; in LibreOffice: '
            f'"Unicode (UTF-8)" in the export dialogue). {_NOTHING}'
        )


class MalformedRowError(InvalidInputError):
    """A row of a CSV file does not fit the header, so that values would shift columns."""

    code = "import.malformed_row"

    def __init__(self, *, file: str, row: int, why: str) -> None:
        super().__init__(
            f"{file}, row {row}: {why}; put texts that hold the separator or a line break "
            f'between double quotes ("). {_NOTHING}'
        )


class NoCasesError(InvalidInputError):
    """The files hold events or support plans, and no case that they could belong to."""

    code = "import.no_cases"

    def __init__(self, *, file: str) -> None:
        super().__init__(
            f"{file}: holds events or support plans, and no file holds their cases; name both "
            f"in one import. {_NOTHING}"
        )


class BadCountryMappingError(InvalidInputError):
    """A mapping file of country texts is not what it must be."""

    code = "import.bad_country_mapping"

    def __init__(self, *, file: str, where: str, why: str) -> None:
        super().__init__(
            f"{file}, {where}: {why}; write a text and an ISO 3166-1 alpha-2 code on each line, "
            f"as in Moldavie,MD. {_NOTHING}"
        )


class BadMappingError(InvalidInputError):
    """The mapping of columns and values is not what it must be."""

    code = "import.bad_mapping"

    def __init__(self, *, file: str, where: str, why: str) -> None:
        super().__init__(
            f"{file}, {where}: {why}; correct it, or have `corridor node map` write it anew. "
            f"{_NOTHING}"
        )


class NoCaseSourceError(WrongUsageError):
    """An import was given neither a file nor a database. Nothing was imported."""

    code = "import.nothing_named"

    def __init__(self) -> None:
        super().__init__(
            "name case files, or a database with --from and its tables with --table. " + _NOTHING
        )


class BadDatabaseAddressError(InvalidInputError):
    """A database's address is none, holds a password, or is not verified. Nobody was called."""

    code = "import.bad_database_address"

    def __init__(self, why: str) -> None:
        # Never the address itself: what stands in it may be the password.
        super().__init__(
            f"the database's address: {why}; write it as "
            "postgresql://reader@host/database?sslmode=verify-full, and give the password by "
            f"PGPASSWORD or ~/.pgpass. {_NOTHING}"
        )


class NoDatabaseDriverError(UnavailableError):
    """The library that reads PostgreSQL is not installed here. Nothing was imported."""

    code = "import.no_database_driver"

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL is read by the library psycopg, which is not installed here; install "
            f"corridor[postgresql]. {_NOTHING}"
        )


class DatabaseUnreachableError(UnavailableError):
    """The database does not answer, refuses the account, or went away while it was read."""

    code = "import.database_unreachable"

    def __init__(self, *, database: str, why: str) -> None:
        super().__init__(
            f"database {database}: cannot be read ({why}); check host, account and password, and "
            f"import again. {_NOTHING}"
        )


class DatabaseTableError(NotFoundError):
    """A table is not in the database, or this account may not read it."""

    code = "import.database_table"

    def __init__(self, *, database: str, why: str, known: str) -> None:
        super().__init__(
            f"database {database}: {why}; this account can read: {known or 'no table'}. Name "
            f"tables with --table, or have it granted SELECT. {_NOTHING}"
        )


class NoProfileError(NotFoundError):
    """No import of this node has left a profile of its data's quality. Nothing was changed."""

    code = "import.no_profile"

    def __init__(self, edition: str | None) -> None:
        which = "" if edition is None else f" of edition {edition}"
        super().__init__(
            f"there is no data-quality profile{which} in imports/; an import writes one: "
            "corridor node import FILE… Nothing was changed."
        )


class ProfileDamagedError(DamagedError):
    """A profile of the data's quality is not what an import writes. It was left as it is."""

    code = "import.profile_damaged"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: is not what an import writes; the case data are not touched by that. Import "
            "again, and a new profile is written. Nothing was changed."
        )


class PersonsNotLinkedError(InvalidInputError):
    """A table names persons, and refers to another by the case alone: which row is whose?"""

    code = "import.persons_not_linked"

    def __init__(self, table: str, other: str) -> None:
        super().__init__(
            f"{table}: names persons, and {other} refers to it by x_CaseReference alone; of a case "
            "with several persons nobody could tell whose rows are whose. Give both an "
            f"x_PersonReference, or import them without {table}. {_NOTHING}"
        )
