"""What a question asks, in words of the reader's language, from its canonical form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corridor.coordinator.pictures.field_words import SOURCES, field_words, value_words, within
from corridor.errors import CorridorError
from corridor.pages.languages import gettext, listed
from corridor.protocols import canonical
from corridor.queries.catalogue import UNKNOWN, DomainKind, Source
from corridor.queries.domains import Domains
from corridor.queries.predicates import (
    AllOf,
    Among,
    AnyOf,
    Between,
    Not,
    Predicate,
    all_of,
    conjuncts,
)
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
from corridor.queries.sql_text import Written, written
from corridor.queries.victims import Counted, counted, victims

MOST_VALUES = 6

MOST_GROUPINGS = 3
"""So many stand in a title; all of them in a sentence."""


def question_of(document: Mapping[str, Any]) -> Question | None:
    """The question that an answer of the desks holds; None where this version cannot read it."""
    try:
        return parse_question(canonical.encode(document))
    except CorridorError:
        return None


@dataclass(frozen=True, slots=True)
class Heading:
    """What one table shows, or several that count the same rows.

    Attributes:
        title: what is counted, by what; of many groupings the first.
        whole: the same with every grouping.
        condition, who: under which conditions, and who is counted by trafficking status; empty
            where there is nothing to say.
    """

    title: str
    whole: str = ""
    condition: str = ""
    who: str = ""

    @property
    def under(self) -> str:
        """What stands below the title: conditions, and who is counted."""
        said = " · ".join(filter(None, (self.condition, self.who)))
        return said[:1].upper() + said[1:]

    def __str__(self) -> str:
        """All of it in a sentence, or in two."""
        words = self.whole or self.title
        if self.condition:
            words = gettext("%(what)s, where %(condition)s", what=words, condition=self.condition)
        return gettext("%(what)s. %(who)s.", what=words, who=self.who) if self.who else words


def in_words(question: Question, domains: Domains) -> tuple[Heading, ...]:
    """A heading for each table; tables that count the same rows share one."""
    lines: dict[tuple[Any, ...], list[TableQuestion]] = {}
    for table in question.tables:
        who = counted_words(table)
        lines.setdefault((table.source, table.measure, table.where, who), []).append(table)
    return tuple(_heading(tables, domains) for tables in lines.values())


NO_SQL = Written("", is_whole=False)


def as_sql(question: Question, domains: Domains) -> Written:
    """The SQL of the question, and whether it asks just that; empty where its fields are gone."""
    try:
        return written(question, domains)
    except CorridorError:
        return NO_SQL


def heading_of(table: TableQuestion, domains: Domains) -> Heading:
    """What one table shows."""
    return _heading([table], domains)


def _heading(tables: list[TableQuestion], domains: Domains) -> Heading:
    first = tables[0]
    fields = [_by(table) for table in tables if table.group_by]
    what = measure_words(first.measure, first.source)
    with_all = len(fields) < len(tables)
    whole = title = _grouped(what, fields, with_all=with_all)
    if len(fields) > MOST_GROUPINGS:
        more = len(fields) - MOST_GROUPINGS
        title = gettext(
            "%(what)s; %(count)s more tables",
            what=_grouped(what, fields[:MOST_GROUPINGS], with_all=with_all),
            count=more,
        )
    return Heading(title, whole, conditions_of(first, domains), counted_words(first))


def _grouped(what: str, groupings: list[str], *, with_all: bool) -> str:
    fields = "; ".join(groupings)
    if fields and with_all:
        return gettext("%(what)s, in all and by %(fields)s", what=what, fields=fields)
    return gettext("%(what)s by %(fields)s", what=what, fields=fields) if fields else what


def counted_words(table: TableQuestion) -> str:
    """Who is counted by trafficking status; empty where conditions or groupings say it."""
    match counted(table):
        case Counted.VICTIMS:
            return gettext("Only victims, actual and possible")
        case Counted.EVERYBODY:
            return gettext("All persons in the data, victims or not")
        case Counted.BY_STATUS:
            return ""


def conditions_of(table: TableQuestion, domains: Domains) -> str:
    """The table's conditions in words, but for that of victims alone; empty if there are none."""
    if counted(table) is not Counted.VICTIMS:
        return condition_words(table.where, domains)
    others = tuple(part for part in conjuncts(table.where) if part != victims())
    return condition_words(all_of(others), domains)


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
            return _condition(name, _values(name, values, domains))
        case Between(name, low, high):
            return _condition(name, gettext("%(low)s to %(high)s", low=low, high=high))
        case Not(part):
            return gettext("not (%(condition)s)", condition=condition_words(part, domains))
        case AllOf(parts):
            return "; ".join(condition_words(part, domains) for part in parts)
        case AnyOf(parts):
            joined = gettext(" or ").join(condition_words(part, domains) for part in parts)
            return f"({joined})"


def _condition(name: str, values: str) -> str:
    return gettext("%(field)s: %(values)s", field=within(field_words(name)), values=values)


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
