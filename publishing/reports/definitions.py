"""What a ready-made report is: the tables that it asks for, and the tables of its form.

    Report ── indicator ── the tables of its one question, and its parameters
           ├─ forms ────── Form: a table as the form shows it, its rows and columns by
           │               Classification ── Category: which values of HTCDS it holds
           └─ cannot ───── what the form asks and HTCDS does not hold

They are data (`data/`, whose README explains their form).
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corridor.errors.comparing import UnknownReportError
from corridor.queries.catalogue import UNKNOWN
from corridor.queries.indicators import Indicator, IndicatorTable, parse_indicator

FILES = ("glotip", "glotip_flows", "sdg_16_2_2", "ic_tip", "eurostat_thb")
"""The packaged reports, in the order of a list of them."""

CROSSWALK = "crosswalk.toml"

DETECTED = (
    "Detected victims are not all victims: a rise may be better identification. Each figure has "
    "its interval; the coverage note says which nodes, years and legal bases it covers."
)

NOT_KNOWN = "not_known"
"""The category of `unknown`, in every classification the last."""


TableKey = tuple[str, frozenset[str]]
"""What tells the tables of a report apart: of what the rows are, and the groupings."""


def table_key(source: str, fields: Iterable[str]) -> TableKey:
    """The key of a table; persons and corridors are the same rows, a case each, by two names."""
    return ("persons" if source == "corridors" else source), frozenset(fields)


@dataclass(frozen=True, slots=True)
class Category:
    """One category of a form.

    Attributes:
        codes: values of the field that it holds.
        lost: what the category does not tell that the values do, or the other way round.
    """

    id: str
    label: str
    codes: tuple[str, ...]
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """How the values of a field become categories of a form.

    Attributes:
        field: our alias; htcds: the names that it comes from.
        categories: those that name values; empty where each value is a category.
        rest: the category that holds the values which no other names; None if there is none.
        each: whether every value is a category of its own.
        population: whether a population can be told apart by it.
        lost: what is lost by the whole of it.
    """

    id: str
    label: str
    field: str
    htcds: str
    categories: tuple[Category, ...]
    rest: Category | None
    each: bool
    population: bool
    lost: str

    def of(self, values: Sequence[str], labels: Sequence[str]) -> tuple[Category, ...]:
        """The categories over these values of the field, in order, what is unknown last.

        A value that no category holds stands with what is unknown: a figure is never dropped.
        """
        known = [value for value in values if value != UNKNOWN]
        names = dict(zip(values, labels, strict=True))
        found = [Category(value, names[value], (value,)) for value in known if self.each]
        found += [
            Category(one.id, one.label, _in(one.codes, known), one.lost) for one in self.categories
        ]
        taken = {code for one in found for code in one.codes}
        left = tuple(value for value in known if value not in taken)
        if self.rest is not None:
            found.append(Category(self.rest.id, self.rest.label, left, self.rest.lost))
            left = ()
        return (*found, Category(NOT_KNOWN, "Not known", (*left, *_in((UNKNOWN,), values))))

    def all_categories(self) -> tuple[Category, ...]:
        """Those that have names of their own."""
        return self.categories if self.rest is None else (*self.categories, self.rest)


def _in(codes: Sequence[str], values: Sequence[str]) -> tuple[str, ...]:
    return tuple(code for code in codes if code in values)


class FormKind(StrEnum):
    """How a table of a form is laid out."""

    GRID = "grid"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A table as the form shows it.

    Attributes:
        table: of the question, that its figures are from.
        columns: None where there is one column of figures.
        rates: whether its figures may be divided by a population.
    """

    id: str
    title: str
    table: IndicatorTable
    rows: Classification
    columns: Classification | None
    kind: FormKind
    rates: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """What a form asks and cannot be filled."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A ready-made report.

    Attributes:
        form_of: whose form it is, and which.
        indicator: its one question, as an indicator.
    """

    form_of: str
    indicator: Indicator
    forms: tuple[Form, ...]
    cannot: tuple[Missing, ...]

    @property
    def name(self) -> str:
        """As commands and addresses write it."""
        return self.indicator.name

    @property
    def title(self) -> str:
        """For people."""
        return self.indicator.title

    @property
    def classifications(self) -> tuple[Classification, ...]:
        """All that its forms use, each once, in order."""
        used = [one for form in self.forms for one in (form.rows, form.columns) if one is not None]
        return tuple({one.id: one for one in used}.values())

    def to_json(self) -> dict[str, object]:
        """What a list of reports shows of it."""
        shown = self.indicator.to_json()
        return {
            "name": self.name,
            "title": self.title,
            "answers": self.indicator.answers,
            "caveats": self.indicator.caveats,
            "form_of": self.form_of,
            "parameters": shown["parameters"],
        }

    def in_full(self) -> dict[str, object]:
        """The same with what it asks, its form, the crosswalk, and what it cannot fill."""
        return {
            **self.to_json(),
            "tables": [
                {
                    "source": one.source,
                    "group_by": list(one.group_by),
                    "max_cells": one.max_cells,
                }
                for one in self.indicator.tables
            ],
            "forms": [
                {
                    "id": one.id,
                    "title": one.title,
                    "rows": one.rows.id,
                    "columns": None if one.columns is None else one.columns.id,
                    "kind": one.kind.value,
                    "rates": one.rates,
                }
                for one in self.forms
            ],
            "crosswalk": [crosswalk_to_json(one) for one in self.classifications],
            "cannot": [{"what": one.what, "why": one.why} for one in self.cannot],
        }


def crosswalk_to_json(one: Classification) -> dict[str, object]:
    """A classification for programs."""
    return {
        "id": one.id,
        "label": one.label,
        "field": one.field,
        "htcds": one.htcds,
        "each": one.each,
        "lost": one.lost,
        "categories": [
            {
                "id": category.id,
                "label": category.label,
                "codes": None if category is one.rest else list(category.codes),
                "lost": category.lost,
            }
            for category in one.all_categories()
        ],
    }


Reports = Mapping[str, Report]


def report_named(reports: Reports, name: str) -> Report:
    """The report of this name.

    Raises:
        UnknownReportError: there is none; says which come near.
    """
    if name not in reports:
        near = difflib.get_close_matches(name[:60], reports, n=2)
        raise UnknownReportError(name, near, list(reports))
    return reports[name]


def parse_reports(read: Callable[[str], str]) -> Reports:
    """The reports by name, from their packaged files.

    Raises:
        ValueError, KeyError: a file is not as it must be; a packaging bug.
    """
    crosswalk = {
        entry["id"]: _classification(entry)
        for entry in tomllib.loads(read(CROSSWALK))["classification"]
    }
    reports = [_report(tomllib.loads(read(f"{name}.toml")), crosswalk) for name in FILES]
    if tuple(one.name for one in reports) != FILES:
        raise ValueError("a report's name is not that of its file")
    return {one.name: one for one in reports}


def _classification(entry: Mapping[str, Any]) -> Classification:
    named = entry.get("category", ())
    rest = [_category(one) for one in named if one.get("rest")]
    if len(rest) > 1 or bool(named) == bool(entry.get("each")):
        raise ValueError(f"crosswalk.toml: {entry['id']} has either categories or `each`")
    return Classification(
        id=entry["id"],
        label=entry["label"],
        field=entry["field"],
        htcds=entry["htcds"],
        categories=tuple(_category(one) for one in named if not one.get("rest")),
        rest=rest[0] if rest else None,
        each=bool(entry.get("each")),
        population=bool(entry.get("population")),
        lost=entry.get("lost", ""),
    )


def _category(entry: Mapping[str, Any]) -> Category:
    return Category(entry["id"], entry["label"], tuple(entry.get("codes", ())), entry["lost"])


def _report(document: Mapping[str, Any], crosswalk: Mapping[str, Classification]) -> Report:
    indicator = parse_indicator(document, (), DETECTED)
    # Every table has the conditions of every parameter: tables of other conditions would not be
    # counted together.
    where = {parameter.field: parameter.name for parameter in indicator.parameters}
    entries = [{**one, "where": where} for one in document["table"]]
    indicator = parse_indicator({**document, "table": entries}, (), DETECTED)
    tables = {
        entry["id"]: table for entry, table in zip(document["table"], indicator.tables, strict=True)
    }
    return Report(
        form_of=document["form_of"],
        indicator=indicator,
        forms=tuple(_form(one, tables, crosswalk) for one in document["form"]),
        cannot=tuple(Missing(one["what"], one["why"]) for one in document["cannot"]),
    )


def _form(
    entry: Mapping[str, Any],
    tables: Mapping[str, IndicatorTable],
    crosswalk: Mapping[str, Classification],
) -> Form:
    table = tables[entry["table"]]
    rows = crosswalk[entry["rows"]]
    columns = crosswalk[entry["columns"]] if "columns" in entry else None
    fields = [rows.field, *([] if columns is None else [columns.field])]
    if sorted(fields) != sorted(table.group_by):
        raise ValueError(f"form {entry['id']}: its table is grouped by {table.group_by}")
    return Form(
        id=entry["id"],
        title=entry["title"],
        table=table,
        rows=rows,
        columns=columns,
        kind=FormKind(entry.get("kind", FormKind.GRID)),
        rates=bool(entry.get("rates")),
    )
