"""Fills a report from a release: its tables as the form has them, each figure with its interval.

    filled = fill(report, release)
    filled = fill(report, release, country="MD")        of figures of single countries, one's own
    filled = fill(report, release, population={"total": 19_000_000, "female": 9_700_000})

A category's figure is the sum of the released cells that the crosswalk puts in it; its interval is
that of the sum, by the noise of these cells. Rows and columns end with what is not known and with
all together, so nothing is left out on the way. What is too uncertain is shown by its interval.

A rate is the figure per 100 000 of a population that the reader gives: exact, public, and no part
of Corridor. It is told where a population of just that sex and age group is given, nowhere else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridor.errors.client import RemoteAnswerError
from corridor.errors.comparing import PopulationError, ReportDoesNotFitError
from corridor.privacy.reliability import Reliability, caution_up_to, reliability
from corridor.publishing.estimates import MEANING, figure
from corridor.publishing.groups import Estimate, Group, Origin, PlacedTable
from corridor.publishing.metadata import in_lines
from corridor.publishing.reports.definitions import (
    Category,
    Classification,
    Form,
    FormKind,
    Report,
    TableKey,
    crosswalk_to_json,
    table_key,
)
from corridor.publishing.tables import Cell, ReleasedTable, countries_of, tables_of
from corridor.queries.catalogue import UNKNOWN

_TIMES = ("year", "quarter", "month")
"""A condition with one of these words may leave years out."""

_HOW_TO_ASK = "ask the report's own question: corridor report ask"

TOTAL = "total"

PAIR = " → "
"""Stands between the two ends of a flow."""

PER = 100_000

Population = Mapping[str, int]
"""How many people live there: `total`, or by category, as `female`, `child` or `female.child`."""

_POPULATION = re.compile(r"\s*([a-z_]+(?:\.[a-z_]+)?)\s*=\s*([0-9][0-9 _]{0,15})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One cell of a form.

    Attributes:
        shown: the figure as it may be quoted.
        rate: value, low and high per 100 000 of a population; None where none was given, or the
            figure is too uncertain to stand as one.
    """

    estimate: Estimate
    shown: str
    rate: tuple[float, float, float] | None

    def to_json(self) -> dict[str, object]:
        """The cell for programs."""
        rate = self.rate
        return {
            **self.estimate.to_json(),
            "shown": self.shown,
            "per_100000": None
            if rate is None
            else {"value": rate[0], "low": rate[1], "high": rate[2]},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledTable:
    """A table of a form, filled.

    Attributes:
        form: the table of the form that it fills.
        number: of the release's table that its figures are from, counted from 1.
        row_label, column_label: what rows and columns are; of one column, empty.
        rows, columns: their names in words; of pairs a row's two countries.
        row_ids, column_ids: of each the category, the value where every value is one, `total` of
            all; of pairs both values with `PAIR` between them.
        cells: by row and column.
        notes: what one must know to read it.
    """

    form: Form
    number: int
    row_ids: tuple[str, ...]
    column_ids: tuple[str, ...]
    id: str
    title: str
    row_label: str
    column_label: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The table for programs."""
        return {
            "id": self.id,
            "title": self.title,
            "row_label": self.row_label,
            "column_label": self.column_label,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "cells": [[one.to_json() for one in row] for row in self.cells],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the figures cover.

    Attributes:
        country: whose own figures they are; None of the region's.
        nodes: who is in them: country, name, edition and rule of consent of each.
        missing: members that accepted and fell out.
        condition: which years and which status, in words.
    """

    region: str
    country: str | None
    synthetic: bool
    published: str
    nodes: tuple[tuple[str, str, str, str], ...]
    missing: tuple[str, ...]
    condition: str

    @property
    def text(self) -> str:
        """For people, in a paragraph."""
        whose = f"figures of {self.country} alone" if self.country else "all nodes together"
        nodes = "; ".join(
            f"{name} ({country}, edition {edition[:12]}, rule of consent {rule})"
            for country, name, edition, rule in self.nodes
        )
        made_up = "MADE-UP DATA." if self.synthetic else ""
        lines = [
            made_up,
            f"{self.region}, {whose}, published {self.published}.",
            f"Counted by: {nodes}.",
            f"Fell out: {', '.join(self.missing)}." if self.missing else "",
            f"Only: {self.condition}." if self.condition else "",
            "" if any(one in self.condition for one in _TIMES) else "All years of the charter.",
            "Detected victims are not all victims.",
            "" if self.country else "Persons known to several nodes are counted by each.",
        ]
        return " ".join(filter(None, lines))

    def to_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "region": self.region,
            "country": self.country,
            "synthetic": self.synthetic,
            "published_at": self.published,
            "nodes": [
                dict(zip(("country", "name", "edition", "consent_rule"), one, strict=True))
                for one in self.nodes
            ],
            "missing": list(self.missing),
            "condition": self.condition,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledReport:
    """A report filled from a release, with all that belongs to it.

    Attributes:
        about: what travels with every figure, in a line each (`publishing.metadata`).
    """

    report: Report
    release: str
    coverage: Coverage
    tables: tuple[FilledTable, ...]
    population: Population
    about: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """The filled report for programs."""
        return {
            "name": self.report.name,
            "title": self.report.title,
            "form_of": self.report.form_of,
            "caveats": self.report.indicator.caveats,
            "release_id": self.release,
            "coverage": self.coverage.to_json(),
            "tables": [one.to_json() for one in self.tables],
            "population": dict(self.population),
            "crosswalk": [crosswalk_to_json(one) for one in self.report.classifications],
            "cannot": [{"what": one.what, "why": one.why} for one in self.report.cannot],
            "reading": MEANING,
            "about": dict(self.about),
        }


def parse_population(text: str) -> Population:
    """`total=19000000, female=9700000, female.child=1700000`; empty for none.

    Raises:
        PopulationError: another form, or a number twice.
    """
    found: dict[str, int] = {}
    for part in text.split(",") if text.strip() else ():
        match = _POPULATION.fullmatch(part)
        number = int(re.sub(r"[ _]", "", match[2])) if match else 0
        if match is None or match[1] in found or number == 0:
            raise PopulationError(
                f"a population of {part.strip()[:40]!r}",
                "write it as total=19000000,female=9700000",
            )
        found[match[1]] = number
    return found


def fill(
    report: Report,
    release: Mapping[str, Any],
    *,
    country: str | None = None,
    population: Population | None = None,
) -> FilledReport:
    """The report filled from a release of its question.

    Args:
        report: which.
        release: as the API gives it.
        country: of figures of single countries, whose; else None.
        population: for rates.

    Raises:
        RemoteAnswerError: it is no release.
        ReportDoesNotFitError: it holds other tables, or no figures of that country.
        PopulationError: a population is of nobody that the report tells apart.
    """
    given = dict(population or {})
    _check_population(report, given)
    placed = _placed(report, release, country)
    wanted = {table_key(form.table.source, form.table.group_by) for form in report.forms}
    used = wanted & set(placed)
    conditions = {placed[one].table.title.partition("; ")[2] for one in used}
    if len(conditions) > 1:
        raise ReportDoesNotFitError(
            report.name, "the tables of the release have different conditions", _HOW_TO_ASK
        )
    filled = tuple(_filled(report, form, placed, given) for form in report.forms)
    return FilledReport(
        report=report,
        release=str(release["id"]),
        coverage=_coverage(release, "".join(conditions), country),
        tables=filled,
        population=given,
        about=in_lines(release),
    )


def margins_of(
    report: Report, tables: Sequence[Mapping[str, Any]]
) -> tuple[tuple[Form, tuple[float, ...]], ...]:
    """Of each form the margins that its figures have, whatever was counted.

    Args:
        report: which.
        tables: of an answer to its question, as a release has them; the numbers do not matter.

    Raises:
        RemoteAnswerError, ReportDoesNotFitError: as `fill`.
    """
    placed = _placed(report, {"id": "", "tables": tables}, None)
    return tuple((form, _margins(report, form, placed)) for form in report.forms)


def _margins(
    report: Report, form: Form, placed: Mapping[TableKey, PlacedTable]
) -> tuple[float, ...]:
    if form.kind is FormKind.PAIRS:  # any pair may be listed
        table = _found(report, form, placed).table
        margins = _each_margin(table)[_flows(table)].tolist()
    else:
        filled = _filled(report, form, placed, {})
        margins = [cell.estimate.margin for row in filled.cells for cell in row]
    return tuple(one for one in margins if one is not None)


def _check_population(report: Report, population: Population) -> None:
    told = [one for one in report.classifications if one.population]
    known = [[category.id for category in one.all_categories()] for one in told]
    names = {TOTAL, *(name for ids in known for name in ids)}
    names |= {".".join(pair) for pair in product(*known)} if len(known) == 2 else set()
    if population and not any(form.rates for form in report.forms):
        raise PopulationError(f"report {report.name} has no rates", "leave the population out")
    if unknown := sorted(set(population) - names):
        raise PopulationError(
            f"a population of {unknown[0][:40]!r}",
            f"report {report.name} tells apart {', '.join(sorted(names))}",
        )


def _placed(
    report: Report, release: Mapping[str, Any], country: str | None
) -> dict[TableKey, PlacedTable]:
    """The tables of persons that the report is filled from, by what tells them apart.

    Raises:
        ReportDoesNotFitError: two of them are alike, as in a release of a standing series.
    """
    tables = _tables(report, release, country)
    documents = next(
        (one["tables"] for one in release.get("countries", ()) if one["country"] == country),
        release.get("tables", ()),
    )
    placed: dict[TableKey, PlacedTable] = {}
    for number, table in enumerate(tables):
        if table.measure != "persons":
            continue
        key = table_key(str(documents[number].get("source")), (axis.name for axis in table.axes))
        if key in placed:
            raise ReportDoesNotFitError(
                report.name, "two tables of the release have the same groupings", _HOW_TO_ASK
            )
        placed[key] = PlacedTable(Origin(str(release["id"]), number, ""), table)
    return placed


def _tables(
    report: Report, release: Mapping[str, Any], country: str | None
) -> tuple[ReleasedTable, ...]:
    """The tables that the report is filled from: the region's, or one country's own."""
    if "countries" not in release:
        if country is not None:
            raise ReportDoesNotFitError(
                report.name, "the release has figures of the region alone", "leave the country out"
            )
        return tables_of(release)
    own = dict(countries_of(release))
    if country not in own:
        raise ReportDoesNotFitError(
            report.name,
            "the release has figures of single countries",
            f"name one of {', '.join(own)}",
        )
    return own[country]


def _coverage(release: Mapping[str, Any], condition: str, country: str | None) -> Coverage:
    try:
        took_part = [
            one
            for one in release["participants"]
            if country is None or str(one["country"]) == country
        ]
        keys = ("country", "name", "edition", "consent_rule")
        return Coverage(
            region=str(release["region"]),
            country=country,
            synthetic=bool(release["synthetic"]),
            published=str(release["published_at"]),
            nodes=tuple(
                (str(one[keys[0]]), str(one[keys[1]]), str(one[keys[2]]), str(one[keys[3]]))
                for one in took_part
                if one["survived"]
            ),
            missing=tuple(str(one["country"]) for one in took_part if not one["survived"]),
            condition=condition,
        )
    except (KeyError, TypeError) as error:
        raise RemoteAnswerError("who took part in a release") from error


def _found(report: Report, form: Form, placed: Mapping[TableKey, PlacedTable]) -> PlacedTable:
    """The table that the form's figures are from."""
    found = placed.get(table_key(form.table.source, form.table.group_by))
    if found is None or found.table.max_cells != form.table.max_cells:
        raise ReportDoesNotFitError(
            report.name,
            f"the release has no table by {', '.join(form.table.group_by)} for its table {form.id}",
            _HOW_TO_ASK,
        )
    return found


def _filled(
    report: Report,
    form: Form,
    placed: Mapping[TableKey, PlacedTable],
    population: Population,
) -> FilledTable:
    found = _found(report, form, placed)
    notes = list(filter(None, (form.rows.lost, form.columns.lost if form.columns else "")))
    if found.table.max_cells > 1:
        notes.append(
            f"a person counts up to {found.table.max_cells} times, so all together is of mentions"
        )
    if form.kind is FormKind.PAIRS:
        return _pairs(form, found, notes)
    rows = _lines(form.rows, found.table)
    columns = [(TOTAL, "All", _everything(form.columns, found.table))]
    if form.columns is not None:
        columns = _lines(form.columns, found.table)
    entries = len(rows) * len(columns)
    cells = tuple(
        tuple(
            _entry(
                Group(f"{row[1]}, {column[1]}", found, _cells(form, found.table, row, column)),
                entries,
                _people(form, row[0], column[0], population) if form.rates else None,
            )
            for column in columns
        )
        for row in rows
    )
    return FilledTable(
        form=form,
        number=found.origin.number + 1,
        row_ids=tuple(one for one, _, _ in rows),
        column_ids=tuple(one for one, _, _ in columns),
        id=form.id,
        title=form.title,
        row_label=form.rows.label,
        column_label="" if form.columns is None else form.columns.label,
        rows=tuple(label for _, label, _ in rows),
        columns=tuple(label for _, label, _ in columns),
        cells=cells,
        notes=tuple(notes),
    )


_Line = tuple[str, str, tuple[int, ...]]
"""The id of a category, its label, and the places of its values on the axis."""


def _lines(one: Classification, table: ReleasedTable) -> list[_Line]:
    axis = next(axis for axis in table.axes if axis.name == one.field)
    place = {value: number for number, value in enumerate(axis.values)}

    def line(category: Category) -> _Line:
        return category.id, category.label, tuple(sorted(place[code] for code in category.codes))

    return [
        *filter(lambda found: found[2], map(line, one.of(axis.values, axis.labels))),
        (TOTAL, "All", tuple(range(len(axis.values)))),
    ]


def _everything(columns: Classification | None, table: ReleasedTable) -> tuple[int, ...]:
    if columns is None:
        return ()
    axis = next(axis for axis in table.axes if axis.name == columns.field)
    return tuple(range(len(axis.values)))


def _cells(form: Form, table: ReleasedTable, row: _Line, column: _Line) -> tuple[int, ...]:
    chosen = {form.rows.field: row[2]}
    if form.columns is not None:
        chosen[form.columns.field] = column[2]
    shape = tuple(len(axis.values) for axis in table.axes)
    places = np.ix_(*(chosen[axis.name] for axis in table.axes))
    return tuple(sorted(np.ravel_multi_index(places, shape).reshape(-1).tolist()))


def _entry(group: Group, entries: int, people: int | None) -> Entry:
    estimate = group.estimate(entries)
    total = group.table.total
    if len(group.cells) == group.table.size and len(group.cells) > 1 and total is not None:
        estimate = _whole(total, entries)  # as the answer says it, also where cells hang together
    rate = None
    if (
        people is not None
        and estimate.reliability is not Reliability.UNCERTAIN
        and estimate.value is not None
        and estimate.low is not None
        and estimate.high is not None
    ):
        scale = PER / people
        rate = (estimate.value * scale, estimate.low * scale, estimate.high * scale)
    return Entry(estimate=estimate, shown=_shown(estimate, entries), rate=rate)


def _whole(total: tuple[float, float], entries: int) -> Estimate:
    value, margin = total
    return Estimate(
        value=value,
        margin=margin,
        low=max(0.0, value - margin),
        high=max(0.0, value + margin),
        reliability=reliability(value, margin, cells=entries),
    )


def _shown(estimate: Estimate, entries: int) -> str:
    """As every figure is shown (`publishing.estimates`)."""
    return figure(
        Cell((), (), estimate.value, estimate.margin, non_negative=None, lowest=0.0, among=entries)
    )


def _people(form: Form, row: str, column: str, population: Population) -> int | None:
    """Of whom the figure is a part, as far as a population can be told apart."""
    told = {
        one.id: name
        for one, name in ((form.rows, row), (form.columns, column))
        if one is not None and one.population
    }
    # Always sex before age: the order in which a population is written.
    names = [told[name] for name in ("sex", "age") if name in told and told[name] != TOTAL]
    return population.get(".".join(names) or TOTAL)


def _pairs(form: Form, found: PlacedTable, notes: list[str]) -> FilledTable:
    """The pairs of two known, different countries whose figure stands as one, largest first."""
    table = found.table
    rows, columns = (
        next(place for place, axis in enumerate(table.axes) if axis.name == one.field)
        for one in (form.rows, form.columns)
        if one is not None
    )
    shape = tuple(len(axis.values) for axis in table.axes)
    # By columns: a matrix of countries has tens of thousands of cells, and few that stand.
    values = np.array([np.nan if one is None else one for one in table.values]).reshape(shape)
    margins, flows = _each_margin(table), _flows(table)
    with np.errstate(invalid="ignore"):
        stands = flows & (values > 0) & (margins <= caution_up_to(table.size) * values)
    listed = sorted(np.flatnonzero(stands).tolist(), key=lambda cell: -values.flat[cell])
    notes.append(
        "a flow leads from one country to another: trafficking within one country is no flow, and "
        "stands neither in the table nor in its picture"
    )
    notes.append(
        f"{int(flows.sum()) - len(listed)} pairs are too uncertain to stand as figures and are "
        "left out"
    )
    ids, words = [], []
    for cell in listed:
        at = np.unravel_index(cell, shape)
        ends = [
            (axis.values[int(place)], axis.labels[int(place)])
            for axis, place in zip(table.axes, at, strict=True)
        ]
        (origin, origin_words), (end, end_words) = ends[rows], ends[columns]
        ids.append(f"{origin}{PAIR}{end}")
        words.append(f"{origin_words}{PAIR}{end_words}")
    return FilledTable(
        form=form,
        number=found.origin.number + 1,
        row_ids=tuple(ids),
        column_ids=(TOTAL,),
        id=form.id,
        title=form.title,
        row_label=f"{form.rows.label}{PAIR}{form.columns.label if form.columns else ''}",
        column_label="",
        rows=tuple(words),
        columns=("All",),
        cells=tuple(
            (_entry(Group(name, found, (cell,)), table.size, None),)
            for name, cell in zip(words, listed, strict=True)
        ),
        notes=tuple(notes),
    )


def _each_margin(table: ReleasedTable) -> NDArray[np.float64]:
    """Of every cell, shaped like the table."""
    shape = tuple(len(axis.values) for axis in table.axes)
    given = table.margins if isinstance(table.margins, float) else np.array(table.margins, float)
    return np.broadcast_to(given, (table.size,)).reshape(shape)


def _flows(table: ReleasedTable) -> NDArray[np.bool_]:
    """Which cells are pairs of two known, different countries, shaped like the table."""
    flows = np.ones(tuple(len(axis.values) for axis in table.axes), dtype=bool)
    for place, axis in enumerate(table.axes):
        unknown = [number for number, value in enumerate(axis.values) if value == UNKNOWN]
        np.moveaxis(flows, place, 0)[unknown] = False
    others = {value: number for number, value in enumerate(table.axes[1].values)}
    for number, value in enumerate(table.axes[0].values):
        if value in others:
            flows[number, others[value]] = False  # within one country
    return flows
