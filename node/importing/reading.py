"""Case files → rows of keys and numbered values, table by table, in batches.

Each different cell of a column is read once. Within a batch everything that identifies somebody
becomes a key, and the texts are forgotten with the batch. `gathering` makes cases, legs and
services of what is left, and the report.
"""

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.errors.importing import (
    EmptyFileError,
    MalformedRowError,
    NoCasesError,
    NotHtcdsError,
    PersonsNotLinkedError,
)
from corridor.node.importing.columns import (
    CASE_FIELDS,
    EVENT_FIELDS,
    HEADER_WITHIN,
    NAMES,
    SERVICE_FIELDS,
    Grid,
    Header,
    HeaderReader,
)
from corridor.node.importing.countries import CountryMapping, CountryResolver
from corridor.node.importing.dates import AS_EVER, DateForm
from corridor.node.importing.edition import ImportedCases
from corridor.node.importing.files import CaseFile, CaseSource, Ceilings, Progress, RawTable, Row
from corridor.node.importing.gathering import gather
from corridor.node.importing.keys import (
    CellHasher,
    Keyring,
    Keys,
    Lanes,
    as_keys,
    is_placeholder,
    normal_cell,
    normal_name,
    normal_number,
    whole,
)
from corridor.node.importing.mapping import FileMapping, Translation
from corridor.node.importing.memory import give_back
from corridor.node.importing.related import AttachedTable, Part, names_without_link, parts_of
from corridor.node.importing.report import ROWS_NAMED, Findings, ImportReport, Place, TableRead
from corridor.node.importing.rows import (
    CaseRows,
    Codes,
    Growing,
    Ints,
    LinkedRows,
    Numbering,
    ToldApartBy,
    no_keys,
)
from corridor.node.importing.standing import Standing
from corridor.node.importing.values import (
    Cell,
    PicklistReader,
    Reader,
    Reading,
    reader_of,
    text_of,
)
from corridor.queries.htcds import HtcdsField

_BATCH: Final = 1 << 14
_REMEMBERED: Final = 20_000
"""How many different cells of a field are remembered before its memory starts anew."""

_TO_BE_MAPPED: Final = ("country.unresolved", "country.ambiguous_code", "country.several")
_SHOWN: Final = (*_TO_BE_MAPPED, "picklist.unknown_value", "picklist.several_values")
"""Problems whose entries show the text: rejected values of countries and picklists."""

_NO_KEY: Final = b""


def read_case_files(
    paths: Sequence[Path | CaseSource],
    *,
    fields: Mapping[str, HtcdsField],
    person_secret: bytes,
    mapping: CountryMapping | None,
    today: date,
    progress: Progress,
    max_persons: int | None = None,
    ceilings: Ceilings | None = None,
    columns: FileMapping | None = None,
    standing: Callable[[], Standing] | None = None,
) -> tuple[ImportedCases, ImportReport]:
    """Read case files, all together, as one import.

    Args:
        paths: workbooks, CSV, Parquet, SPSS and Stata files, and tables of databases; events and
            support plans may stand in other files than their cases, and the parts of a case in
            several. Of equal cases in several files the later file's counts.
        fields: the standard (`queries.htcds.parse_htcds`).
        person_secret: 32 bytes of this node; with another secret everybody is somebody else.
        mapping: an operator's word on texts that name no country.
        today: no date is later.
        progress: takes lines such as `cases.csv: 65536 rows`.
        max_persons: the charter's ceiling.
        ceilings: what is opened at most; the defaults fit a node of ordinary size.
        columns: the operator's word on columns and values that are not HTCDS.
        standing: reads who is in the data already; for the report alone.

    Raises:
        CorridorError: one of `corridor.errors.importing`; in each case nothing was imported.
    """
    resolver = CountryResolver(mapping)
    headers = HeaderReader(fields, columns)
    sources = [CaseFile(path) if isinstance(path, Path) else path for path in paths]
    reader = _FilesReader(headers, Keyring(person_secret), resolver, today, progress)
    reader.read(sources, ceilings or Ceilings())
    cases, events, services = reader.rows()
    give_back()
    if not len(cases):
        names = ", ".join(source.name for source in sources)
        # Empty files are refused one by one: what is left here are events, or support plans.
        raise NoCasesError(file=names)
    return gather(
        cases,
        events,
        services,
        keyring=reader.keyring,
        findings=reader.findings,
        resolver=resolver,
        max_persons=max_persons,
        standing=standing,
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """The cells of one column in one batch: the different ones, and which each row has.

    A blank cell has the code −1.
    """

    cells: list[Cell]
    codes: Codes

    def spread(self, of_cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """For each row what belongs to its cell; zero, or the empty key, for blank cells."""
        blank = np.zeros((1, *of_cells.shape[1:]), of_cells.dtype)
        spread: npt.NDArray[Any] = np.concatenate((of_cells, blank))[self.codes]
        return spread

    def spread_cells(self) -> list[Cell | None]:
        """For each row its cell, None where it is blank."""
        of_cells = [*self.cells, None]
        return [of_cells[code] for code in self.codes.tolist()]

    def texts(self, normal: Callable[[Cell], str]) -> list[str]:
        """For each row its cell's text in a normal form, or the empty text."""
        of_cells = [*map(normal, self.cells), ""]
        return [of_cells[code] for code in self.codes.tolist()]


class _FieldReader:
    """Reads the cells of one field, remembers them, and reports what is wrong with them."""

    def __init__(
        self,
        name: str,
        make: Callable[[DateForm], Reader],
        findings: Findings,
        resolver: CountryResolver,
    ) -> None:
        self._name = name
        self._make = make
        self._form = AS_EVER
        self._read = make(AS_EVER)
        self._findings = findings
        self._resolver = resolver
        self._met: dict[Hashable, Reading[object]] = {}

    def values(
        self,
        place: Place,
        column: _Column,
        rows: Ints,
        translation: Translation | None = None,
        form: DateForm = AS_EVER,
    ) -> list[Any]:
        """The value of each different cell of a column, None where it has none."""
        if form != self._form:
            self._form, self._read = form, self._make(form)
            self._met.clear()
        if len(self._met) > _REMEMBERED:
            self._met.clear()
        readings = []
        for written in column.cells:
            cell = written if translation is None else translation.of(written)
            reading = self._met.get(key := _distinction(cell))
            if reading is None:
                reading = self._met[key] = self._read(cell)
            readings.append(reading)
        if any(reading.problems for reading in readings):
            self._report(place, column.codes, rows, readings)
        return [reading.value for reading in readings]

    def _report(
        self, place: Place, codes: Codes, rows: Ints, readings: Sequence[Reading[object]]
    ) -> None:
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(readings) + 1))
        work: dict[str, list[Ints]] = {}
        for n, reading in enumerate(readings):
            first, count = int(starts[n]), int(starts[n + 1] - starts[n])
            named = rows[order[first : first + min(count, ROWS_NAMED)]].tolist()
            for problem, text in reading.problems:
                work.setdefault(problem, []).append(rows[order[first : first + count]])
                self._findings.add(
                    place,
                    self._name,
                    problem,
                    rows=named,
                    count=count,
                    value=text if problem in _SHOWN else None,
                    suggest=self._suggestion_for(problem),
                )
                if problem in _TO_BE_MAPPED:
                    self._findings.add_unresolved(text, count)
        for problem, chunks in work.items():
            self._findings.add_work(place, self._name, problem, np.sort(np.concatenate(chunks)))

    def _suggestion_for(self, problem: str) -> Callable[[str], str | None] | None:
        if problem == "country.unresolved":
            return self._resolver.suggestion
        picklist = getattr(self._read, "__self__", None)
        if problem == "picklist.unknown_value" and isinstance(picklist, PicklistReader):
            return picklist.suggestion
        return None


class _Collected:
    """The rows of one kind, batch by batch."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.arrays: dict[str, Growing] = {}
        self.fields = {name: Numbering() for name in fields}
        self.count = 0

    def add(self, count: int, **arrays: npt.NDArray[Any]) -> None:
        """Take a batch."""
        self.count += count
        for name, array in arrays.items():
            self.arrays.setdefault(name, Growing()).add(array)

    def array(self, name: str, dtype: str) -> npt.NDArray[Any]:
        """One array over all batches, which are let go."""
        return self.arrays.pop(name, Growing()).array(dtype)


class _FilesReader:
    """Reads one file after another; `rows` gives what they held."""

    def __init__(
        self,
        headers: HeaderReader,
        keyring: Keyring,
        resolver: CountryResolver,
        today: date,
        progress: Progress,
    ) -> None:
        self.keyring = keyring
        self.findings = Findings()
        self._headers = headers
        self._progress = progress
        self._places: list[Place] = []
        self._attachments: list[tuple[Header, AttachedTable]] = []
        self._cases = _Collected(CASE_FIELDS)
        self._events = _Collected(EVENT_FIELDS)
        self._services = _Collected(SERVICE_FIELDS)
        self._hashers: dict[str, CellHasher] = {}
        self._readers = {
            name: _FieldReader(
                name,
                partial(reader_of, headers.field(name), resolver, today),
                self.findings,
                resolver,
            )
            for name in (*CASE_FIELDS, *EVENT_FIELDS, *SERVICE_FIELDS)
        }

    def read(self, sources: Sequence[CaseSource], ceilings: Ceilings) -> None:
        """Read everything, the tables first that are attached to others.

        Raises:
            NotHtcdsError: no table of a source has HTCDS names.
            EmptyFileError: its tables have no filled-in row.
            CorridorError: what `files.open_case_file` raises.
        """
        attached = self._attached_tables(sources, ceilings)
        for number in dict.fromkeys(number for number, _ in attached):
            with closing(sources[number].tables(ceilings)) as tables:
                for table in tables:
                    part = attached.get((number, table.place))
                    if part is not None:
                        self._read_attached(table, part)
        for number, source in enumerate(sources):
            parts = {place for of, place in attached if of == number}
            self._read_source(number, source, ceilings, parts)
        for _, held in self._attachments:
            held.report(self.findings)

    def _attached_tables(
        self, sources: Sequence[CaseSource], ceilings: Ceilings
    ) -> dict[tuple[int, Place], Part]:
        """Which tables hold parts of the cases of others, by their headers."""
        if len(sources) == 1 and not sources[0].has_several_tables():
            return {}
        found: list[tuple[tuple[int, Place], Header | None]] = []
        for number, source in enumerate(sources):
            with closing(source.tables(ceilings)) as tables:
                for table in tables:
                    first = [cells for _, cells in islice(table.rows, HEADER_WITHIN + 1)]
                    header = self._headers.find(table.place, first, Findings(), table.labels)
                    found.append(((number, table.place), header))
        headers = [header for _, header in found]
        if (loose := names_without_link(headers)) is not None:
            raise PersonsNotLinkedError(*(str(found[number][0][1]) for number in loose))
        parts = parts_of(headers)
        return {found[n][0]: part for n, part in parts.items()}

    def _read_attached(self, table: RawTable, part: Part) -> None:
        first = list(islice(table.rows, HEADER_WITHIN + 1))
        header = self._headers.find(
            table.place, [cells for _, cells in first], self.findings, table.labels
        )
        if header is None:
            return
        self._places.append(table.place)
        held = AttachedTable(table.place, header, part.by)
        total = 0
        source = chain(first[header.data_from :], table.rows)
        while batch := list(islice(source, _BATCH)):
            if table.place.sheet is None:
                _check_width(table.place, batch, len(first[header.data_from - 1][1]))
            grid = Grid([cells for _, cells in batch])
            cells = {
                name: list(map(_cell, where.cells(grid))) for name, where in header.columns.items()
            }
            held.add([number for number, _ in batch], cells)
            total += sum(any(map(_is_there, row)) for row in zip(*cells.values(), strict=True))
            self._progress(f"{table.place}: {total} rows to be joined")
        self._attachments.append((header, held))
        self.findings.tables.append(TableRead(table.place, ("parts of cases",), total))

    def _read_source(
        self, number: int, source: CaseSource, ceilings: Ceilings, parts: Collection[Place]
    ) -> None:
        self._progress(f"{source.name}: opening")
        looked_at: list[str] = []
        with_fields = rows = len(parts)
        with closing(source.tables(ceilings)) as tables:
            for table in tables:
                if table.place in parts:
                    continue
                looked_at.append(str(table.place.sheet or ""))
                first = list(islice(table.rows, HEADER_WITHIN + 1))
                cells = [cells for _, cells in first]
                header = self._headers.find(table.place, cells, self.findings, table.labels)
                with_fields += header is not None
                if header is None:
                    self.findings.add(table.place, None, "sheet.no_fields")
                elif header.holds:
                    rows += self._read_table(number, table, header, first)
                else:
                    self.findings.add(table.place, None, "sheet.no_cases")
        if not with_fields:
            raise NotHtcdsError(file=source.name, sheets=", ".join(filter(None, looked_at)))
        if not rows:
            raise EmptyFileError(file=source.name)

    def rows(self) -> tuple[CaseRows, LinkedRows, LinkedRows]:
        """The cases, the events and the support plans of all files."""
        cases = self._cases
        links = cases.array("link", "S16")
        return (
            CaseRows(
                places=self._places,
                place=cases.array("place", "i4"),
                row=cases.array("row", "i8"),
                file=cases.array("file", "i4"),
                person=cases.array("person", "S16"),
                told_apart_by=cases.array("told_apart_by", "u1"),
                alike=cases.array("alike", "S16"),
                reference=cases.array("reference", "S16"),
                record=cases.array("record", "S16"),
                content=cases.array("content", "u8").reshape(-1, 2),
                fields={name: field.numbered() for name, field in cases.fields.items()},
            ),
            self._linked(self._events, links),
            self._linked(self._services, links),
        )

    def _linked(self, rows: _Collected, links: Keys) -> LinkedRows:
        return LinkedRows(
            places=self._places,
            place=rows.array("place", "i4"),
            row=rows.array("row", "i8"),
            reference=rows.array("reference", "S16"),
            identity=rows.array("identity", "S16"),
            record=rows.array("record", "S16"),
            alike=rows.array("alike", "S16"),
            own_row=_with_parents(rows, links),
            fields={name: field.numbered() for name, field in rows.fields.items()},
        )

    def _read_table(self, file: int, table: RawTable, header: Header, first: list[Row]) -> int:
        self._places.append(table.place)
        count, rows = table.formulas
        if count:
            self.findings.add(table.place, None, "cell.formula", rows=rows, count=count)
        width = len(first[header.data_from - 1][1])
        total = seen = 0
        source = chain(first[header.data_from :], table.rows)
        while batch := list(islice(source, _BATCH)):
            seen += len(batch)
            if table.place.sheet is None:
                _check_width(table.place, batch, width)
            total += self._read_batch(file, table.place, header, batch)
            self._progress(f"{table.place}: {seen} rows")
        self.findings.tables.append(TableRead(table.place, header.holds, total))
        if not total:
            self.findings.add(table.place, None, "sheet.no_rows")
        return total

    def _read_batch(self, file: int, place: Place, header: Header, batch: list[Row]) -> int:
        """Read some rows of one table; gives how many of them were filled in."""
        cells = [cells for _, cells in batch]
        grid = Grid(cells)
        columns = {field: _column(where.cells(grid)) for field, where in header.columns.items()}
        filled = np.zeros(len(batch), bool)
        for column in columns.values():
            filled |= column.codes >= 0
        if not filled.all():
            columns = {
                field: _Column(column.cells, column.codes[filled])
                for field, column in columns.items()
            }
            cells = [row for row, there in zip(cells, filled.tolist(), strict=True) if there]
        rows = np.array([number for number, _ in batch], np.int64)[filled]
        if not len(rows):
            return 0
        translations, dates = dict(header.translations), dict(header.dates)
        if header.has_cases:
            self._attach(columns, translations, dates)
        self.findings.columns.update(columns)
        taken = _Batch(
            file=file,
            place=place,
            rows=rows,
            columns=columns,
            translations=translations,
            dates=dates,
            references=self._keys(place, columns, rows, "x_CaseReference"),
            records=self._keys(place, columns, rows, "x_PersonReference"),
            identities=self._keys(place, columns, rows, "prs_IdentityNumber"),
            links=self._link_keys(file, header.links.own_name, header.links.own, cells),
            parents=self._link_keys(file, header.links.parent_name, header.links.parent, cells),
        )
        own = np.full(len(rows), -1)
        if header.has_cases:
            own = np.arange(self._cases.count, self._cases.count + len(rows))
            self._add_cases(taken)
        if header.has_events:
            self._add_linked(self._events, "hte_", taken, own)
        if header.has_services:
            self._add_linked(self._services, "spl_", taken, own)
        return len(rows)

    def _attach(
        self,
        columns: dict[str, _Column],
        translations: dict[str, Translation],
        dates: dict[str, DateForm],
    ) -> None:
        """Give rows of cases the cells of the attached rows that they refer to."""
        own = frozenset(columns)
        waiting = [held for held in self._attachments if not held[1].case_fields & own]
        while ready := [held for held in waiting if columns.keys() >= set(held[1].by)]:
            for header, held in ready:
                found = held.cells({link: columns[link].spread_cells() for link in held.by})
                for name, cells in found.items():
                    if name in own:
                        continue
                    before = columns.get(name)
                    # Two tables of persons: who stands in both is as the later says.
                    columns[name] = _column(
                        cells
                        if before is None
                        else [
                            old if new is None else new
                            for old, new in zip(before.spread_cells(), cells, strict=True)
                        ]
                    )
                translations.update(header.translations)
                dates.update(header.dates)
            waiting = [held for held in waiting if held not in ready]

    def _link_keys(
        self,
        file: int,
        name_of: Callable[[Sequence[object]], str],
        column: int | None,
        rows: Sequence[Sequence[object]],
    ) -> Keys:
        """What ties rows of repeat groups to their parents; empty where nothing does."""
        if column is None:
            return no_keys(len(rows))
        names = [name_of(cells) for cells in rows]
        return as_keys(
            [self.keyring.row_link(_scope(file, name), name) if name else _NO_KEY for name in names]
        )

    def _keys(self, place: Place, columns: Mapping[str, _Column], rows: Ints, field: str) -> Keys:
        """Keys of the references or identity numbers; empty where there is none."""
        column = columns.get(field)
        if column is None:
            return no_keys(len(rows))
        is_reference = field != "prs_IdentityNumber"
        normal = normal_cell if is_reference else normal_number
        make = {
            "x_CaseReference": self.keyring.reference,
            "x_PersonReference": self.keyring.record,
            "prs_IdentityNumber": self.keyring.identity_number,
        }[field]
        fillers = [is_placeholder(text_of(cell)) for cell in column.cells]
        keys = [
            _NO_KEY if filler else make(normal(cell))
            for cell, filler in zip(column.cells, fillers, strict=True)
        ]
        where = rows[column.spread(np.array(fillers, bool))]
        if len(where):
            problem = "reference.placeholder" if is_reference else "identity.placeholder"
            named = where[:ROWS_NAMED].tolist()
            self.findings.add(place, field, problem, rows=named, count=len(where))
            self.findings.add_work(place, field, problem, where)
        return column.spread(as_keys(keys))

    def _add_cases(self, batch: "_Batch") -> None:
        count = len(batch.rows)
        values: dict[str, list[Any]] = {}
        for name, numbering in self._cases.fields.items():
            column = batch.columns.get(name)
            if column is None:
                numbering.add_blank(count)
                continue
            values[name] = self._values(batch, name)
            if name == "vic_AgreementToManagePersonalData":
                # The column is there: a box that is not ticked says no.
                codes = np.where(column.codes < 0, len(values[name]), column.codes)
                numbering.add([*values[name], False], codes)
            else:
                numbering.add(values[name], column.codes)
        person, told_apart_by, alike = self._persons(batch, values)
        self._cases.add(
            count,
            place=np.full(count, len(self._places) - 1, np.int32),
            row=batch.rows,
            file=np.full(count, batch.file, np.int32),
            person=person,
            told_apart_by=told_apart_by,
            alike=alike,
            reference=batch.references,
            record=batch.records,
            link=batch.links,
            content=self._content(batch),
        )

    def _values(self, batch: "_Batch", name: str) -> list[Any]:
        reader, translation = self._readers[name], batch.translations.get(name)
        form = batch.dates.get(name, AS_EVER)
        return reader.values(batch.place, batch.columns[name], batch.rows, translation, form)

    def _persons(
        self, batch: "_Batch", values: Mapping[str, list[Any]]
    ) -> tuple[Keys, npt.NDArray[np.uint8], Keys]:
        """Who each row is about, by what that is known, and whose name and birthdate it has."""
        names = batch.names()
        births = batch.of_rows(values, "prs_Birthdate")
        genders = batch.of_rows(values, "prs_Gender")
        keys = batch.identities.tolist()
        kinds = np.full(len(keys), ToldApartBy.IDENTITY_NUMBER, np.uint8)
        alike = [_NO_KEY] * len(keys)
        for n, (name, birth) in enumerate(zip(names, births, strict=True)):
            if name and birth:
                alike[n] = self.keyring.name_and_birthdate(name, str((birth - _EPOCH).days))
        for n in np.flatnonzero(batch.identities == _NO_KEY).tolist():
            name, birth, reference = names[n], births[n], batch.references[n]
            days = str((birth - _EPOCH).days) if birth else ""
            if alike[n]:
                keys[n], kinds[n] = alike[n], ToldApartBy.NAME_AND_BIRTHDATE
            elif batch.records[n]:
                keys[n] = self.keyring.person_of_record(whole(batch.records[n]))
                kinds[n] = ToldApartBy.PERSON_REFERENCE
            elif reference:
                known = (name, days, genders[n] or "")
                keys[n] = self.keyring.person_of_reference(whole(reference), *known)
                kinds[n] = ToldApartBy.CASE_REFERENCE
            else:
                kinds[n] = ToldApartBy.ROW
        return as_keys(keys), kinds, as_keys(alike)

    def _named(self, batch: "_Batch") -> Keys:
        """Whom each row that stands in no case names; a part of a name tells nobody apart."""
        field = "prs_Birthdate"
        births: list[Any] = [None] * len(batch.rows)
        if field in batch.columns:
            births = batch.of_rows({field: self._values(batch, field)}, field)
        keys = [_NO_KEY] * len(batch.rows)
        for n, (name, birth) in enumerate(zip(batch.names(), births, strict=True)):
            if name or birth:
                days = str((birth - _EPOCH).days) if name and birth else "?"
                keys[n] = self.keyring.name_and_birthdate(name, days)
        return as_keys(keys)

    def _content(self, batch: "_Batch") -> Lanes:
        """The hash of each row's content, with the events and plans that stand in it.

        Without these it would depend on the order of rows, or on somebody else's row, which of
        two anonymous persons, alike but for an event, goes by which number.
        """
        content = np.zeros((len(batch.rows), 2), np.uint64)
        for field, column in batch.columns.items():
            if column.cells:
                if field not in self._hashers:
                    self._hashers[field] = CellHasher(self.keyring, field)
                content += column.spread(self._hashers[field].hashes(column.cells))
        return content

    def _add_linked(
        self, collected: _Collected, prefix: str, batch: "_Batch", own_rows: Ints
    ) -> None:
        """Take the events, or support plans, of a batch; rows with none of their cells are none."""
        there = np.zeros(len(batch.rows), bool)
        for field, filled in batch.columns.items():
            if field.startswith(prefix):
                there |= filled.codes >= 0
        count = int(there.sum())
        for name, numbering in collected.fields.items():
            column = batch.columns.get(name)
            if column is None:
                numbering.add_blank(count)
            else:
                numbering.add(self._values(batch, name), column.codes[there])
        collected.add(
            count,
            place=np.full(count, len(self._places) - 1, np.int32),
            row=batch.rows[there],
            reference=batch.references[there],
            identity=batch.identities[there],
            record=batch.records[there],
            alike=self._named(batch)[there] if (own_rows < 0).all() else no_keys(count),
            parent=batch.parents[there],
            own_row=own_rows[there],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Some filled-in rows of one table, and the keys that stand in them."""

    file: int
    place: Place
    rows: Ints
    columns: Mapping[str, _Column]
    translations: Mapping[str, Translation]
    dates: Mapping[str, DateForm]
    references: Keys
    records: Keys
    identities: Keys
    links: Keys
    parents: Keys

    def names(self) -> list[str]:
        """Each row's name in normal form: first, middle and second name run together."""
        parts = [
            self.columns[field].texts(lambda cell: normal_name(text_of(cell)))
            for field in NAMES
            if field in self.columns
        ]
        if not parts:
            return [""] * len(self.rows)
        return ["".join(names) for names in zip(*parts, strict=True)]

    def of_rows(self, values: Mapping[str, list[Any]], field: str) -> list[Any]:
        """Each row's value of a field, given that of each different cell; None for none."""
        if field not in self.columns:
            return [None] * len(self.rows)
        of_cells = [*values[field], None]
        return [of_cells[code] for code in self.columns[field].codes.tolist()]


_EPOCH: Final = date(1970, 1, 1)


def _column(cells: Sequence[object]) -> _Column:
    return _column_of_texts(cells) or _column_of_anything(cells)


def _column_of_texts(cells: Sequence[object]) -> _Column | None:
    """The same where all cells are texts, ten times as fast; None where they are not."""
    try:
        encoded = pa.array(cells, pa.string()).dictionary_encode()
        texts = list(map(str, encoded.dictionary.to_pylist()))
    except (pa.ArrowException, TypeError, UnicodeError):
        return None
    kept: list[Cell] = []
    codes = []
    for text in texts:
        filled = bool(text.strip())
        codes.append(len(kept) if filled else -1)
        if filled:
            kept.append(text)
    # One more at the end: it is what a blank cell finds.
    found = np.array([*codes, -1], np.int32)
    places = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    return _Column(kept, found[places])


def _column_of_anything(cells: Sequence[object]) -> _Column:
    different: dict[Hashable, int] = {}
    kept: list[Cell] = []
    codes = []
    for cell in cells:
        # 1, 1.0 and True are equal, and three different cells.
        key: Hashable = cell if cell.__class__ is str else (cell.__class__, cell)
        code = different.get(key)
        if code is None:
            if (plain := _cell(cell)) is None:
                code = -1
            else:
                code = len(kept)
                kept.append(plain)
            different[key] = code
        codes.append(code)
    return _Column(kept, np.array(codes, np.int32))


def _cell(found: object) -> Cell | None:
    """A cell as the house knows it; None where it is blank."""
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return None
    if isinstance(found, bytes):
        found = found.decode("utf-8", "replace")
    if isinstance(found, str):
        return found if found.strip() else None
    if isinstance(found, bool | int | float | date | time | timedelta):
        return found
    return str(found)


def _with_parents(rows: _Collected, known: Keys) -> Ints:
    """The row of the cases that each row stands in, or belongs to as one of a repeat group."""
    own_row = rows.array("own_row", "i8")
    parents = rows.array("parent", "S16")
    wanted = np.flatnonzero((own_row < 0) & (parents != _NO_KEY))
    if len(wanted) and len(known):
        order = np.argsort(known, kind="stable")
        places = np.searchsorted(known[order], parents[wanted]).clip(max=len(known) - 1)
        found = order[places]
        fits = known[found] == parents[wanted]
        own_row = own_row.copy()
        own_row[wanted[fits]] = found[fits]
    return own_row


def _is_there(cell: object) -> bool:
    return cell is not None


def _scope(file: int, name: str) -> str:
    """Where a row's name holds: ODK's everywhere, a sheet's place in it in its file alone."""
    return "" if name.startswith("\0") else str(file)


def _distinction(cell: Cell) -> Hashable:
    # By its text, not by its worth: one moment in two time zones is equal, and two days. What is
    # read would depend on whose cell came first.
    return cell if isinstance(cell, str) else (cell.__class__, text_of(cell))


def _check_width(place: Place, batch: list[Row], width: int) -> None:
    for number, cells in batch:
        if len(cells) > width and any(_cell(cell) is not None for cell in cells[width:]):
            why = f"it has {len(cells)} cells, and the header {width}"
            raise MalformedRowError(file=place.file, row=number, why=why)
