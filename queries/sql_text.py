"""Writes a question as the SQL that asks it: the other direction of `queries.sql`.

    written(question, domains).text      SELECT …, and another SELECT for each table that needs one

Tables of the same rows and the same measure are written as one SELECT with GROUPING SETS; others
follow after `;`. Whether the text is the question is not supposed but read again: the periods of a
series are in no SQL, and a text may be too long to be asked (`Written.is_whole`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from corridor.errors.questions import QuestionError
from corridor.queries.catalogue import UNKNOWN, DomainKind, Field
from corridor.queries.domains import Domains
from corridor.queries.plan import default_max_cells
from corridor.queries.predicates import EVERYBODY, AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Question,
    Sum,
    TableQuestion,
)
from corridor.queries.sql import parse_sql

MOST_LINE = 88


@dataclass(frozen=True, slots=True)
class Written:
    """A question as SQL.

    Attributes:
        is_whole: whether `queries.sql` reads the same question from it.
    """

    text: str
    is_whole: bool


def written(question: Question, domains: Domains) -> Written:
    """The SQL of a question whose fields and values exist in these domains.

    Raises:
        QuestionError: a field does not exist.
    """
    groups: dict[tuple[object, ...], list[TableQuestion]] = {}
    for table in question.tables:
        bound = table.max_cells if table.max_rows != 1 else _own_bound(table, domains)
        key = (table.source, table.measure, table.where, table.max_rows, bound)
        groups.setdefault(key, []).append(table)
    selects = [_select(tables, domains) for tables in groups.values()]
    text = ";\n\n".join(selects)
    return Written(text, _is_read_as(question, text, domains))


def _is_read_as(question: Question, text: str, domains: Domains) -> bool:
    """Whether the text asks just this."""
    try:
        return parse_sql(text, domains) == question
    except QuestionError:
        return False


def _own_bound(table: TableQuestion, domains: Domains) -> int | None:
    """m, where it is not what the groupings give by themselves."""
    fields = [domains.field(name, table.source) for name in table.group_by]
    return None if table.max_cells == default_max_cells(fields) else table.max_cells


def _select(tables: list[TableQuestion], domains: Domains) -> str:
    first = tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.group_by))
    measure = _measure(first, domains)
    if first.max_rows != 1:
        measure = f"PER_PERSON({measure}, {first.max_cells}, {first.max_rows})"
    elif (bound := _own_bound(first, domains)) is not None:
        measure = f"PER_PERSON({measure}, {bound})"
    lines = _folded("SELECT ", [*names, measure], ", ")
    lines.append(f"FROM {first.source.value}")
    if first.where != EVERYBODY:
        whole = isinstance(first.where, AllOf)
        parts = first.where.parts if isinstance(first.where, AllOf) else (first.where,)
        lines += _folded(
            "WHERE ", [_condition(part, first, domains, inside=whole) for part in parts], "\n  AND "
        )
    if len(tables) > 1:
        sets = [f"({', '.join(table.group_by)})" for table in tables]
        lines += _folded("GROUP BY GROUPING SETS (", sets, ", ", ")")
    elif names:
        lines += _folded("GROUP BY ", names, ", ")
    return "\n".join(lines)


def _folded(before: str, parts: Iterable[str], between: str, after: str = "") -> list[str]:
    """One line, or several where it would be long."""
    found = list(parts)
    line = before + between.join(found) + after
    if len(line) <= MOST_LINE or "\n" in between:
        return [line]
    return [f"{before}\n  " + f"{between.rstrip()}\n  ".join(found) + after]


def _measure(table: TableQuestion, domains: Domains) -> str:
    match table.measure:
        case CountPersons():
            return "COUNT(*)"
        case Sum(name, low, high):
            return f"SUM({_clamped(_field(name, table, domains), low, high)})"
        case Mean(name, low, high):
            return f"AVG({_clamped(_field(name, table, domains), low, high)})"
        case Histogram(name, low, high, width):
            return f"HISTOGRAM(BANDS({_clamped(_field(name, table, domains), low, high)}, {width}))"


def _clamped(field: Field, low: int, high: int) -> str:
    own = (low, high) == (field.low, field.high)
    return field.name if own else f"CLAMP({field.name}, {low}, {high})"


def _field(name: str, table: TableQuestion, domains: Domains) -> Field:
    return domains.field(name, table.source)


def _condition(
    predicate: Predicate, table: TableQuestion, domains: Domains, *, inside: bool = True
) -> str:
    """The condition; in parentheses where it would be read otherwise beside others."""
    match predicate:
        case Among(name, values):
            return _among(_field(name, table, domains), values, domains)
        case Between(name, low, high):
            return f"{name} = {low}" if low == high else f"{name} BETWEEN {low} AND {high}"
        case Not(part):
            return f"NOT ({_condition(part, table, domains, inside=False)})"
        case AllOf(parts) | AnyOf(parts):
            word = " AND " if isinstance(predicate, AllOf) else " OR "
            text = word.join(_condition(part, table, domains) for part in parts)
            return f"({text})" if inside else text


def _among(field: Field, values: tuple[str, ...], domains: Domains) -> str:
    if values == (UNKNOWN,):
        return f"{field.name} IS NULL"
    if len(values) == 1:
        return f"{field.name} = {_quoted(values[0])}"
    if field.kind is DomainKind.TIME and UNKNOWN not in values:
        domain = domains.values(field)
        places = [domain.index(value) for value in values if value in domain]
        if len(places) == len(values) == max(places) - min(places) + 1:
            low, high = domain[min(places)], domain[max(places)]
            return f"{field.name} BETWEEN {_quoted(low)} AND {_quoted(high)}"
    return f"{field.name} IN ({', '.join(map(_quoted, values))})"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
