"""What a question asks, in words of the reader's language, from its canonical form."""

from collections.abc import Mapping
from typing import Any

from corridor.coordinator.pictures.field_words import SOURCES, field_words, value_words, within
from corridor.errors import CorridorError
from corridor.pages.languages import gettext, listed
from corridor.protocols import canonical
from corridor.queries.catalogue import UNKNOWN, DomainKind, Source
from corridor.queries.domains import Domains
from corridor.queries.predicates import AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    parse_question,
)
from corridor.queries.sql_text import written

MOST_VALUES = 6


def question_of(document: Mapping[str, Any]) -> Question | None:
    """The question that an answer of the desks holds; None where this version cannot read it."""
    try:
        return parse_question(canonical.encode(document))
    except CorridorError:
        return None


def in_words(question: Question, domains: Domains) -> tuple[str, ...]:
    """A line for each table; tables that count the same rows share one."""
    lines: dict[tuple[Any, ...], list[TableQuestion]] = {}
    for table in question.tables:
        lines.setdefault((table.source, table.measure, table.where), []).append(table)
    return tuple(_line(tables, domains) for tables in lines.values())


def as_sql(question: Question, domains: Domains) -> str:
    """The SQL of the question; empty where its fields are of another time."""
    try:
        return written(question, domains).text
    except CorridorError:
        return ""


def table_words(table: TableQuestion, domains: Domains) -> str:
    """What one table shows."""
    return _line([table], domains)


def _line(tables: list[TableQuestion], domains: Domains) -> str:
    first = tables[0]
    words = measure_words(first.measure, first.source)
    fields = "; ".join(_by(table) for table in tables if table.group_by)
    if fields and all(table.group_by for table in tables):
        words = gettext("%(what)s by %(fields)s", what=words, fields=fields)
    elif fields:
        words = gettext("%(what)s, in all and by %(fields)s", what=words, fields=fields)
    condition = condition_words(first.where, domains)
    if condition:
        words = gettext("%(what)s, where %(condition)s", what=words, condition=condition)
    return words


def _by(table: TableQuestion) -> str:
    return " × ".join(within(field_words(name)) for name in table.group_by)


def measure_words(measure: Measure, source: Source) -> str:
    """What is counted or added up."""
    match measure:
        case CountPersons():
            return str(SOURCES[source])
        case Sum(field):
            return gettext("Sum: %(field)s", field=within(field_words(field)))
        case Mean(field):
            return gettext("Mean: %(field)s", field=within(field_words(field)))
        case Histogram(field, _, _, width):
            return gettext(
                "Distribution: %(field)s, in bands of %(width)s",
                field=within(field_words(field)),
                width=width,
            )


def condition_words(predicate: Predicate, domains: Domains) -> str:
    """The condition in words; empty if there is none."""
    match predicate:
        case Among(name, values):
            return f"{within(field_words(name))}: {_values(name, values, domains)}"
        case Between(name, low, high):
            words = gettext("%(low)s to %(high)s", low=low, high=high)
            return f"{within(field_words(name))}: {words}"
        case Not(part):
            return gettext("not (%(condition)s)", condition=condition_words(part, domains))
        case AllOf(parts):
            return "; ".join(condition_words(part, domains) for part in parts)
        case AnyOf(parts):
            joined = gettext(" or ").join(condition_words(part, domains) for part in parts)
            return f"({joined})"


def _values(name: str, values: tuple[str, ...], domains: Domains) -> str:
    field = domains.catalogue.fields.get(name)
    if field is None:
        return listed(values[:MOST_VALUES])
    domain = domains.values(field)
    ordered = [value for value in domain if value in values]
    if field.kind is DomainKind.TIME and UNKNOWN not in ordered and len(ordered) > 2:
        places = [domain.index(value) for value in ordered]
        if places[-1] - places[0] + 1 == len(places):
            low, high = value_words(ordered[0]), value_words(ordered[-1])
            return gettext("%(low)s to %(high)s", low=low, high=high)
    shown = [value_words(value, domains.label(field, value)) for value in ordered]
    return listed(shown[:MOST_VALUES]) + (" …" if len(shown) > MOST_VALUES else "")
