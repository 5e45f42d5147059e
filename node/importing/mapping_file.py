"""A mapping file that somebody reads, edits by hand, and has the assistant add to.

What stands in it, with its comments and its order, stays; a line that the assistant writes has the
reason behind it, as a comment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from corridor.errors.importing import BadMappingError
from corridor.node.importing.mapping import FileMapping, TableMapping, parse_mapping
from corridor.queries.htcds import HtcdsField

_BEGINNING: Final = """\
# What the columns and values of this authority's files mean, in the words of HTCDS 2.0.
# Written by `corridor node map`, read by every `corridor node import`; edit it as you like.
# A column or value that is "-" is left out on purpose. Save it as UTF-8.

version = 1
"""
_LARGEST: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What an operator confirmed of one table, and why it was proposed.

    Attributes:
        reasons: heading → reason, for those that have one.
    """

    table: TableMapping
    reasons: Mapping[str, str] = field(default_factory=dict)


def read_mapping(
    path: Path, fields: Mapping[str, HtcdsField], *, required: bool = True
) -> FileMapping:
    """The mapping that a file says; an empty one where there is none and none is `required`.

    Raises:
        BadMappingError: it cannot be read, or is not what it must be.
    """
    if not required and not path.exists():
        return FileMapping()
    return parse_mapping(path.name, _text_of(path), fields)


def with_confirmed(
    path: Path, confirmed: Sequence[Confirmed], fields: Mapping[str, HtcdsField]
) -> str:
    """The text of the mapping file with what was confirmed; nothing is written yet.

    Raises:
        BadMappingError: what stands in it is not what it must be, or no longer fits together.
    """
    text = _text_of(path) if path.exists() else _BEGINNING
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, RecursionError) as error:
        raise BadMappingError(file=path.name, where="TOML", why=str(error)) from error
    for one in confirmed:
        _add(document, one)
    written = tomlkit.dumps(document)
    parse_mapping(path.name, written, fields)
    return written


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        why = error.strerror or "cannot be opened"
        raise BadMappingError(file=path.name, where="file", why=why) from error
    if len(raw) > _LARGEST:
        raise BadMappingError(file=path.name, where="file", why=f"is larger than {_LARGEST} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise BadMappingError(file=path.name, where=where, why="is not UTF-8") from error


def _add(document: tomlkit.TOMLDocument, one: Confirmed) -> None:
    entry = _entry_for(document, one.table)
    columns = _table_in(entry, "columns")
    for heading, target in one.table.columns.items():
        item = tomlkit.string(str(target))
        if reason := one.reasons.get(heading):
            item.comment(" ".join(reason.split()))
        columns[heading] = item
    if one.table.values:
        values = _table_in(entry, "values")
        for name, words in one.table.values.items():
            of_field = _table_in(values, name)
            for text, value in words.items():
                of_field[text] = value
    if one.table.dates:
        orders = _table_in(entry, "dates")
        for name, order in one.table.dates.items():
            orders[name] = str(order)
    if one.table.months is not None:
        entry["months"] = one.table.months


def _entry_for(document: tomlkit.TOMLDocument, table: TableMapping) -> Any:
    """The entry of the same files and sheet, or a new one at the end."""
    entries: Any = document.get("table")
    if entries is None:
        entries = tomlkit.aot()
        document["table"] = entries
    for entry in entries:
        if (entry.get("file"), entry.get("sheet")) == (table.file, table.sheet):
            return entry
    entry = tomlkit.table()
    entry["file"] = table.file
    if table.sheet is not None:
        entry["sheet"] = table.sheet
    entries.append(entry)
    return entries[-1]


def _table_in(parent: Any, name: str) -> Any:
    if name not in parent:
        parent[name] = tomlkit.table()
    return parent[name]
