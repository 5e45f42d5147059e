"""What can be chosen in the form of a question, in the reader's language; and words for its script.

fields of a table, values of a field, parameters of an indicator; tables, fields and values
that the completion of SQL knows
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corridor.coordinator.pictures.field_words import field_words, value_words
from corridor.coordinator.workbench.composing import Blocks, Condition, has_range
from corridor.coordinator.workbench.indicator_words import about_parameter
from corridor.pages.languages import gettext
from corridor.queries.asking import ALL
from corridor.queries.catalogue import DomainKind, Field, Source
from corridor.queries.domains import Domains
from corridor.queries.indicators import Indicator

FEW = 12
"""So many values are boxes to tick; more are a list to choose from."""

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "AND", "OR", "NOT", "IN", "BETWEEN", "IS NULL",
    "COUNT(*)", "SUM(", "AVG(", "HISTOGRAM(", "MEDIAN(", "QUANTILE(", "SHARE(", "CHANGE(",
    "PER_PERSON(", "BANDS(", "CLAMP(", "GROUPING SETS (", "ORDER BY COUNT(*) DESC LIMIT",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """What one condition or parameter can be.

    Attributes:
        name: of the form's field.
        kind: `boxes`, `list`, `range` (of choices) or `numbers`.
        near: the region's own countries, which stand first in a list.
        low, high: what was chosen as ends of a range.
    """

    name: str
    label: str
    kind: str
    choices: tuple[Choice, ...] = ()
    near: tuple[Choice, ...] = ()
    low: str = ""
    high: str = ""
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One condition of the building blocks: which field, and what it can be."""

    place: int
    field: str
    excluded: bool
    chooser: Chooser | None


def fields_of(domains: Domains, source: Source, *, to_group: bool) -> list[Choice]:
    """The fields of a table by their labels; quantities cannot be grouped by."""
    found = [
        Choice(value=field.name, label=field_words(field.name, field.label))
        for field in domains.catalogue.fields.values()
        if source in field.sources and not (to_group and field.is_quantity)
    ]
    return sorted(found, key=lambda one: one.label)


def quantities(domains: Domains, source: Source) -> list[Choice]:
    """The fields that can be added up."""
    return [
        Choice(value=field.name, label=field_words(field.name, field.label))
        for field in domains.catalogue.fields.values()
        if source in field.sources and field.is_quantity
    ]


def source_of(blocks: Blocks) -> Source:
    """The table that is chosen; persons where there is no such."""
    return Source(blocks.source) if blocks.source in set(Source) else Source.PERSONS


def rows_of(domains: Domains, blocks: Blocks, most: int) -> list[Row]:
    """The conditions as they stand, and an empty one."""
    source = source_of(blocks)
    known = [
        one
        for one in blocks.conditions
        if (field := domains.catalogue.fields.get(one.field)) is not None
        and source in field.sources
    ]
    rows = [_row(domains, place, one) for place, one in enumerate(known[:most], 1)]
    if len(rows) < most:
        rows.append(Row(place=len(rows) + 1, field="", excluded=False, chooser=None))
    return rows


def _row(domains: Domains, place: int, one: Condition) -> Row:
    field = domains.catalogue.fields[one.field]
    label = field_words(field.name, field.label)
    if has_range(field):
        chooser = _range(domains, field, f"-{place}", label, (one.low, one.high))
    else:
        chooser = _several(domains, field, f"value-{place}", label, one.values)
    return Row(place=place, field=field.name, excluded=one.excluded, chooser=chooser)


def parameters_of(
    domains: Domains, indicator: Indicator | None, chosen_texts: Mapping[str, str]
) -> Iterator[Chooser]:
    """The parameters of an indicator, as they were chosen; those left out as at the beginning."""
    for one in () if indicator is None else indicator.parameters:
        field = domains.catalogue.fields[one.field]
        text = chosen_texts.get(one.name, one.default).strip()
        label = about_parameter(one.about)
        if has_range(field):
            low, _, high = ("", "", "") if text == ALL else text.partition("..")
            high = high if ".." in text else low
            yield _range(domains, field, f"p-{one.name}", label, (low.strip(), high.strip()))
        else:
            chosen = [] if text == ALL else [part.strip() for part in text.split(",")]
            yield _several(domains, field, f"p-{one.name}", label, chosen)


def _several(
    domains: Domains, field: Field, name: str, label: str, chosen: Sequence[str]
) -> Chooser:
    choices = [
        Choice(
            value=value,
            label=value_words(value, domains.label(field, value)),
            chosen=value in chosen,
        )
        for value in domains.values(field)
    ]
    near: tuple[Choice, ...] = ()
    if field.kind is DomainKind.COUNTRIES:
        near = tuple(one for one in choices if one.value in domains.region)
        choices = [one for one in choices if one.value not in domains.region]
        choices.sort(key=lambda one: one.label)
    kind = "boxes" if len(choices) <= FEW else "list"
    return Chooser(name=name, label=label, kind=kind, choices=tuple(choices), near=near)


def _range(domains: Domains, field: Field, name: str, label: str, ends: tuple[str, str]) -> Chooser:
    low, high = ends
    if field.is_quantity:
        return Chooser(
            name=name,
            label=label,
            kind="numbers",
            low=low,
            high=high,
            least=field.low,
            most=field.high,
        )
    moments = tuple(
        Choice(value=value, label=value_words(value)) for value in domains.values(field)[:-1]
    )
    return Chooser(name=name, label=label, kind="range", choices=moments, low=low, high=high)


def words_for_completion(domains: Domains) -> dict[str, Any]:
    """Tables, fields and values, for the script that completes SQL; countries stand once."""
    countries = [[code, value_words(code)] for code in domains.countries]
    fields = {}
    for field in domains.catalogue.fields.values():
        values: object = []
        if field.kind is DomainKind.COUNTRIES:
            values = "countries"
        elif not field.is_quantity:
            values = [
                [value, value_words(value, domains.label(field, value))]
                for value in domains.values(field)[:-1]
            ]
        fields[field.name] = {
            "label": field_words(field.name, field.label),
            "tables": sorted(source.value for source in field.sources),
            "values": values,
        }
    return {
        "keywords": list(KEYWORDS),
        "tables": [source.value for source in Source],
        "fields": fields,
        "countries": countries,
        "table_word": gettext("table"),
    }
