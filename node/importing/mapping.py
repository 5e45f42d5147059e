"""The operator's word on columns and values that are not HTCDS: a readable TOML file.

    [[table]]
    file = "victimes-*.csv"               * stands for anything; a database's name likewise
    sheet = "Feuil1"                      left out: any sheet, and files without sheets

    [table.columns]
    "Sexe" = "prs_Gender"
    "Violence physique" = "vic_MethodsOfControl/PhysicalAbuse"     a box to tick for one value
    "Remarques" = "-"                                              left out, on purpose

    [table.values.prs_Gender]
    "F" = "Feminine"
    "?" = "-"                                                      counts as unknown

    [table.dates]
    prs_Birthdate = "month-first"         how a field's dates are written (`dates`)

    [database.cases]
    url = "postgresql://reader@db.example/cases?sslmode=verify-full"
    tables = ["public.victim", "public.journey"]

`corridor node map` writes it, and every import reads it; the first table that fits a file and
sheet counts. What it says of columns comes before every other rule; what it says of values is
applied when a value is read, so that mapping another value changes nobody's key.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from corridor.errors.importing import BadMappingError
from corridor.ids import is_country_code
from corridor.node.importing.countries import country_codes, fold
from corridor.node.importing.dates import DateForm, Order, is_language
from corridor.node.importing.report import Place
from corridor.node.importing.values import Cell, text_of
from corridor.queries.htcds import HtcdsField

NONE: Final = "-"
"""Stands for no field, and for no value."""

COUNTRY_FIELDS: Final = (
    "prs_Citizenship",
    "vic_LocationOfRecruitment",
    "vic_LocationOfExploitation",
    "hte_Country",
)
_YES_NO: Final = ("Yes", "No")


@dataclass(frozen=True, slots=True)
class Target:
    """What a column is mapped to: a field, perhaps one value of it, or nothing."""

    field: str | None
    choice: str | None = None

    def __str__(self) -> str:
        if self.field is None:
            return NONE
        return self.field if self.choice is None else f"{self.field}/{self.choice}"


@dataclass(frozen=True, slots=True)
class TableMapping:
    """What the columns and values of some tables mean.

    Attributes:
        file: a pattern for the file's name.
        sheet: a pattern for the sheet's name, or None for any.
        columns: heading, as it stands in the file → target.
        values: field → value as it stands in a cell → value of the standard, or `NONE`.
        dates: field → the order of its dates.
        months: the language of the names of months, where it is none of the six.
    """

    file: str
    sheet: str | None
    columns: Mapping[str, Target]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Mapping[str, Order] = field(default_factory=dict)
    months: str | None = None

    def form(self, name: str) -> DateForm:
        """How the dates of a field are written."""
        return DateForm(self.dates.get(name), self.months)

    def fits(self, place: Place) -> bool:
        """Whether this speaks of a table."""
        if not fnmatchcase(place.file.casefold(), self.file.casefold()):
            return False
        return self.sheet is None or fnmatchcase(
            (place.sheet or "").casefold(), self.sheet.casefold()
        )

    def target(self, heading: str) -> Target | None:
        """What a column of this heading is, or None where nothing is said of it."""
        wanted = heading_key(heading)
        return next((t for text, t in self.columns.items() if heading_key(text) == wanted), None)

    def missing(self, headings: Sequence[str]) -> tuple[str, ...]:
        """The columns that this speaks of and a table does not have."""
        there = set(map(heading_key, headings))
        return tuple(text for text in self.columns if heading_key(text) not in there)


@dataclass(frozen=True, slots=True)
class DatabaseTables:
    """Tables of a PostgreSQL database; the address names no password."""

    url: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What an operator says of tables, the first that fits counts; and where databases are."""

    tables: tuple[TableMapping, ...] = ()
    databases: Mapping[str, DatabaseTables] = field(default_factory=dict)

    def of(self, place: Place) -> TableMapping | None:
        """What is said of a table, if anything."""
        return next((table for table in self.tables if table.fits(place)), None)


class Translation:
    """Cells of one field → what a mapping says in their place; other cells stay as they are."""

    def __init__(self, values: Mapping[str, str], *, several: bool) -> None:
        self._values = {fold(text): value for text, value in values.items()}
        self._exact = {text.strip(): value for text, value in values.items()}
        self._several = several

    def of(self, cell: Cell) -> Cell:
        """The cell as it is to be read; the empty text where it counts as unknown."""
        text = text_of(cell)
        whole = self._value(text)
        if whole is not None:
            return whole
        if not self._several:
            return cell
        # Forms separate the names of choices by spaces; that counts where all of them are known.
        words = [self._value(word) for word in text.split()]
        parts = text.split() if len(words) > 1 and None not in words else text.split(";")
        found = [self._value(part) for part in parts]
        if not any(value is not None for value in found):
            return cell
        return ";".join(
            part if value is None else value for part, value in zip(parts, found, strict=True)
        )

    def _value(self, text: str) -> str | None:
        value = self._exact.get(text.strip())
        if value is None:
            value = self._values.get(fold(text)) if fold(text) else None
        return "" if value == NONE else value


def heading_key(text: str) -> str:
    """A heading as mapping files compare it: case and spaces do not matter."""
    return " ".join(text.split()).casefold()


# ---------------------------------------------------------------- reading


def parse_mapping(name: str, text: str, fields: Mapping[str, HtcdsField]) -> FileMapping:
    """The mapping that a file's text says.

    Args:
        name: of the file, for messages.
        text: TOML.
        fields: everything that a column can be mapped to.

    Raises:
        BadMappingError: it is no TOML, has an unknown key, or names a field or value that there is
            none of; names the place.
    """
    return _Parser(name, fields).parse(text)


class _Parser:
    def __init__(self, name: str, fields: Mapping[str, HtcdsField]) -> None:
        self._name = name
        self._fields = fields

    def parse(self, text: str) -> FileMapping:
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._bad("TOML", str(error)) from error
        self._check_keys("file", document, {"table", "database", "version"})
        if document.get("version", 1) != 1:
            raise self._bad("version", "is not 1, the only one there is")
        tables = document.get("table", [])
        if not isinstance(tables, list):
            raise self._bad("table", "is not written [[table]]")
        databases = self._table("database", document.get("database", {}))
        return FileMapping(
            tuple(self._table_mapping(f"table {n}", table) for n, table in enumerate(tables, 1)),
            {name: self._database(f"database {name}", one) for name, one in databases.items()},
        )

    def _table_mapping(self, where: str, raw: object) -> TableMapping:
        table = self._table(where, raw)
        self._check_keys(where, table, {"file", "sheet", "months", "columns", "values", "dates"})
        sheet = table.get("sheet")
        columns = {
            heading: self._target(f"{where}, column {heading!r}", target)
            for heading, target in self._texts(f"{where}, columns", table.get("columns", {}))
        }
        self._check_once(where, columns)
        values = self._table(f"{where}, values", table.get("values", {}))
        return TableMapping(
            self._text(f"{where}, file", table.get("file")),
            None if sheet is None else self._text(f"{where}, sheet", sheet),
            columns,
            {name: self._values(where, name, raw) for name, raw in values.items()},
            self._dates(f"{where}, dates", table.get("dates", {})),
            self._months(f"{where}, months", table.get("months")),
        )

    def _dates(self, where: str, raw: object) -> dict[str, Order]:
        found = {}
        for name, order in self._texts(where, raw):
            if name not in self._fields or self._fields[name].type != "Date":
                raise self._bad(f"{where}, {name!r}", "is no field of HTCDS that holds dates")
            if order not in set(Order):
                orders = ", ".join(f'"{one}"' for one in Order)
                raise self._bad(f"{where}, {name!r}", f"{order!r} is none of {orders}")
            found[name] = Order(order)
        return found

    def _months(self, where: str, raw: object) -> str | None:
        if raw is None:
            return None
        language = self._text(where, raw)
        if not is_language(language):
            raise self._bad(where, f'{language!r} is no language of CLDR, such as "ro"')
        return language

    def _target(self, where: str, text: str) -> Target:
        if text == NONE:
            return Target(None)
        name, _, choice = text.partition("/")
        if name not in self._fields:
            near = difflib.get_close_matches(name, self._fields, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise self._bad(where, f"{name!r} is no field of HTCDS{hint}")
        if choice and choice not in self._fields[name].picklist:
            raise self._bad(where, f"{choice!r} is no value of {name}'s picklist")
        if "/" in text and not choice:
            raise self._bad(where, f"{text!r} ends where a value should stand")
        return Target(name, choice or None)

    def _check_once(self, where: str, columns: Mapping[str, Target]) -> None:
        seen: dict[str, str] = {}
        for heading, target in columns.items():
            if target.field is None or self._takes_several(target):
                continue
            if target.field in seen:
                raise self._bad(
                    f"{where}, column {heading!r}",
                    f"{target.field} has the column {seen[target.field]!r} already",
                )
            seen[target.field] = heading

    def _takes_several(self, target: Target) -> bool:
        return target.choice is not None or (
            target.field is not None and self._fields[target.field].is_multiselect
        )

    def _values(self, where: str, name: str, raw: object) -> dict[str, str]:
        place = f"{where}, values of {name!r}"
        about = self._fields.get(name)
        if about is None:
            raise self._bad(place, "is no field of HTCDS")
        pairs = dict(self._texts(place, raw))
        for text, value in pairs.items():
            if value != NONE and not is_value_of(about, value):
                raise self._bad(f"{place}, {text!r}", f"{value!r} is no value of that field")
        return pairs

    def _database(self, where: str, raw: object) -> DatabaseTables:
        table = self._table(where, raw)
        self._check_keys(where, table, {"url", "tables"})
        tables = table.get("tables", [])
        if not isinstance(tables, list) or not all(isinstance(one, str) for one in tables):
            raise self._bad(f"{where}, tables", 'is no list of names, as in ["public.victim"]')
        return DatabaseTables(self._text(f"{where}, url", table.get("url")), tuple(tables))

    def _texts(self, where: str, raw: object) -> Iterator[tuple[str, str]]:
        for key, value in self._table(where, raw).items():
            if not key.strip():
                raise self._bad(where, "a line has no text before the =")
            yield key, self._text(f"{where}, {key!r}", value)

    def _table(self, where: str, raw: object) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise self._bad(where, "is no table of names and values")
        return raw

    def _text(self, where: str, raw: object) -> str:
        if not isinstance(raw, str) or not raw.strip() or len(raw) > 1000:
            raise self._bad(where, "must be a text between quotes")
        return raw.strip()

    def _check_keys(self, where: str, table: Mapping[str, object], known: set[str]) -> None:
        unknown = sorted(set(table) - known)
        if unknown:
            raise self._bad(where, f"unknown key {unknown[0]!r}")

    def _bad(self, where: str, why: str) -> BadMappingError:
        return BadMappingError(file=self._name, where=where, why=why)


def is_value_of(about: HtcdsField, value: str) -> bool:
    """Whether a mapping can give this value to a field: its API value, ISO code, or Yes or No."""
    if about.name in COUNTRY_FIELDS:
        return is_country_code(value) and value in country_codes()
    if about.type == "Checkbox":
        return value in _YES_NO
    return value in about.picklist


def takes_values(about: HtcdsField) -> bool:
    """Whether there are values of a field that can be mapped to."""
    return bool(about.picklist) or about.name in COUNTRY_FIELDS or about.type == "Checkbox"
