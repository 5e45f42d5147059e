"""Reports as pages show them: what each asks, its crosswalk, and its filled tables, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask_babel import format_decimal  # type: ignore[import-untyped]  # it has no types

from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.pictures.table_words import MEASURES
from corridor.coordinator.workbench import figures
from corridor.coordinator.workbench.report_words import (
    arrow_between,
    category_words,
    caveats_of,
    note_of_table,
    pair_words,
    told,
)
from corridor.pages.languages import gettext
from corridor.privacy.reliability import Reliability
from corridor.publishing.reports.definitions import Category, Classification, FormKind, Report
from corridor.publishing.reports.drawing import LEFT_OUT, picture_of
from corridor.publishing.reports.filling import Entry, FilledTable
from corridor.publishing.tables import Axis
from corridor.queries.domains import Domains

WHOLE = 60
"""A table of so many rows is shown whole; of a longer one the rows with a figure to be quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosswalkRow:
    """What becomes one category, and what is lost."""

    values: str
    category: str
    lost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosswalk:
    """How a field of HTCDS becomes the categories of a form.

    Attributes:
        lost: what is lost by the whole of it.
    """

    label: str
    field: str
    htcds: str
    rows: tuple[CrosswalkRow, ...]
    lost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReport:
    """A report, ready for the template."""

    name: str
    title: str
    answers: str
    caveats: tuple[str, ...]
    form_of: str
    forms: tuple[tuple[str, str], ...]
    crosswalks: tuple[Crosswalk, ...]
    cannot: tuple[tuple[str, str], ...]
    has_rates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """One cell: its figure, its mark and, where a population was given, its rate."""

    figure: str
    mark: str
    kind: str
    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """A filled table, ready for the template.

    Attributes:
        number: from 1, as its picture's address names it.
        left_out: rows that are not shown, since no figure of theirs may be quoted.
    """

    id: str
    number: int
    title: str
    row_label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ShownEntry, ...]], ...]
    notes: tuple[str, ...]
    left_out: int


def shown_report(report: Report, domains: Domains | None) -> ShownReport:
    """A report in the reader's language; values have labels where there is a charter."""
    return ShownReport(
        name=report.name,
        title=told(report.title),
        answers=told(report.indicator.answers),
        caveats=caveats_of(report.indicator.caveats),
        form_of=report.form_of,
        forms=tuple((form.id, told(form.title)) for form in report.forms),
        crosswalks=tuple(_crosswalk(one, domains) for one in report.classifications),
        cannot=tuple((told(one.what), told(one.why)) for one in report.cannot),
        has_rates=any(form.rates for form in report.forms),
    )


def _crosswalk(one: Classification, domains: Domains | None) -> Crosswalk:
    rows = [_crosswalk_row(category, one, domains) for category in one.all_categories()]
    if one.each:
        rows.insert(
            0, CrosswalkRow(values=gettext("each value"), category=gettext("the same"), lost="")
        )
    return Crosswalk(
        label=told(one.label),
        field=field_words(one.field),
        htcds=one.htcds,
        rows=tuple(rows),
        lost=told(one.lost),
    )


def _crosswalk_row(
    category: Category, one: Classification, domains: Domains | None
) -> CrosswalkRow:
    values = gettext("all others")
    if category is not one.rest:
        values = ", ".join(_value(code, one.field, domains) for code in category.codes)
    return CrosswalkRow(values=values, category=told(category.label), lost=told(category.lost))


def _value(code: str, field: str, domains: Domains | None) -> str:
    known = None if domains is None else domains.catalogue.fields.get(field)
    if domains is None or known is None or code not in domains.values(known):
        return value_words(code)
    return value_words(code, domains.label(known, code))


def shown_form(filled: FilledTable, number: int, *, whole: int = WHOLE) -> ShownForm:
    """A filled table in the reader's language; of more rows than `whole` those with a figure."""
    rows = list(zip(_rows(filled), filled.row_ids, filled.cells, strict=True))
    kept = rows
    if len(rows) > whole:
        kept = [row for row in rows if row[1] in LEFT_OUT or _has_figure(row[2])]
    form = filled.form
    row_label = told(form.rows.label)
    if form.columns is not None and form.kind is FormKind.PAIRS:
        row_label = arrow_between(row_label, told(form.columns.label))
    return ShownForm(
        id=filled.id,
        number=number,
        title=told(filled.title),
        row_label=row_label,
        columns=_columns(filled),
        rows=tuple((name, tuple(map(_entry, cells))) for name, _, cells in kept),
        notes=tuple(map(note_of_table, filled.notes)),
        left_out=len(rows) - len(kept),
    )


def _has_figure(cells: Sequence[Entry]) -> bool:
    return any(one.estimate.reliability is not Reliability.UNCERTAIN for one in cells)


def _rows(filled: FilledTable) -> tuple[str, ...]:
    named = zip(filled.row_ids, filled.rows, strict=True)
    if filled.form.kind is FormKind.PAIRS:
        return tuple(pair_words(*one) for one in named)
    return tuple(category_words(filled.form.rows, *one) for one in named)


def _columns(filled: FilledTable) -> tuple[str, ...]:
    one = filled.form.columns
    if one is None or filled.form.kind is FormKind.PAIRS:
        return (str(MEASURES["persons"]),)
    named = zip(filled.column_ids, filled.columns, strict=True)
    return tuple(category_words(one, *each) for each in named)


def _entry(cell: Entry) -> ShownEntry:
    mark = cell.estimate.reliability
    kinds: Mapping[Reliability, str] = {Reliability.CAUTION: "wait", Reliability.UNCERTAIN: "wrong"}
    rate = ""
    if cell.rate is not None:
        value, low, high = (str(format_decimal(one, "#,##0.00")) for one in cell.rate)
        rate = gettext(
            "%(value)s per 100 000 (%(low)s to %(high)s)", value=value, low=low, high=high
        )
    return ShownEntry(
        figure=figures.estimate(cell.estimate),
        mark=figures.mark(mark),
        kind=kinds.get(mark, ""),
        rate=rate,
    )


def described_form(filled: FilledTable) -> dict[str, object] | None:
    """What is drawn of a filled table, in the reader's language; None where there is no picture."""
    picture = picture_of(filled)
    if picture is None:
        return None
    forms = {one.field: one for one in (filled.form.rows, filled.form.columns) if one is not None}
    axes = tuple(replace(axis, label=told(axis.label)) for axis in picture.axes)

    def label(axis: Axis, place: int) -> str:
        return category_words(forms[axis.name], axis.values[place], axis.labels[place])

    return replace(picture, axes=axes, title=told(filled.title)).to_json(label)
