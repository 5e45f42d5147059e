"""What another engine may leave out: the plan's `where` in the stored columns' own words.

    PlannedTable, rule of consent  →  a condition (`node.conditions`)

A row that the engine leaves out is one that `statement` would leave out; the rows that come
are asked by `statement` again. So what counts is decided by one text whatever the engine, and
a mistake here that lets too much through costs time and no cell. (One that left too much out
would: `tests/unit/node/store/test_other_engines.py` draws questions until one shows.)
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import assert_never

from corridor.node.conditions import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Apart,
    Condition,
    Equal,
    Holds,
    HoldsValueOf,
    In,
    IsEmpty,
    IsNull,
    IsTrue,
    Within,
)
from corridor.node.conditions import Not as Opposite
from corridor.node.policy import ConsentRule
from corridor.queries.catalogue import UNKNOWN, Derivation, Field
from corridor.queries.domains import DomainField
from corridor.queries.plan import PlannedTable
from corridor.queries.predicates import AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import CountPersons, Histogram, Mean, Sum

_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {Derivation.YEAR: 12, Derivation.QUARTER: 3, Derivation.MONTH: 1}


def admitted(
    planned: PlannedTable, consent: ConsentRule, *, only_own_keys: bool = False
) -> Condition:
    """A condition that every row satisfies which `statement` finds."""
    parts: list[Condition] = [_condition(planned.where, planned)]
    if consent is ConsentRule.HTCDS_CONSENT:
        refused = All((Opposite(IsTrue("agreement")), Opposite(IsNull("agreement"))))
        parts += [IsTrue("consent"), Opposite(refused)]
    if only_own_keys:
        parts.append(IsTrue("own_key"))
    match planned.measure:
        case CountPersons() | Histogram():
            pass
        case Sum(name) | Mean(name):
            columns = planned.fields[name].field.columns
            parts += [Opposite(IsNull(column)) for column in columns]
        case _:
            assert_never(planned.measure)
    return All(tuple(parts))


def _condition(predicate: Predicate, planned: PlannedTable) -> Condition:
    match predicate:
        case Among(name, values):
            return _among(planned.fields[name], frozenset(values))
        case Between(name, low, high):
            return _between(planned.fields[name].field, low, high)
        case Not(part):
            return Opposite(_condition(part, planned))
        case AllOf(parts):
            return All(tuple(_condition(part, planned) for part in parts))
        case AnyOf(parts):
            return Any(tuple(_condition(part, planned) for part in parts))
        case _:
            assert_never(predicate)


def _among(domain: DomainField, values: frozenset[str]) -> Condition:
    match domain.field.derivation:
        case Derivation.LIST:
            return _any_of_list(domain, values)
        case Derivation.CROSSING:
            return Any(tuple(_crossing(domain.field, value) for value in sorted(values)))
        case _:
            say = _one_value(domain)
    # What is `unknown` is what is none of the others.
    if UNKNOWN in values:
        return Opposite(say(value for value in domain.values if value not in values))
    return say(value for value in domain.values if value in values)


def _one_value(domain: DomainField) -> Callable[[Iterable[str]], Condition]:
    """Says that the row has one of these values, none of which is `unknown`."""
    columns = domain.field.columns
    match domain.field.derivation:
        case Derivation.VALUE:
            return lambda values: In(columns[0], tuple(values))
        case Derivation.AREA:
            return lambda values: In(columns[0], _countries(domain, frozenset(values)))
        case Derivation.BAND:
            bands = {band.name: (band.low, band.high) for band in domain.field.bands}
        case _:
            bands = {value: _days(domain.field, value) for value in domain.values[:-1]}
    return lambda values: Any(tuple(Within(columns, *bands[value]) for value in values))


def _countries(domain: DomainField, areas: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(country for country, area in domain.places.items() if area in areas))


def _any_of_list(domain: DomainField, values: frozenset[str]) -> Condition:
    column, known = domain.field.columns[0], domain.values
    said = Holds(column, tuple(value for value in known if value in values))
    return Any((said, Opposite(Holds(column, known)))) if UNKNOWN in values else said


def _crossing(field: Field, value: str) -> Condition:
    """See `Derivation.CROSSING`."""
    recruited, exploited, citizenships = field.columns
    no_recruitment, no_exploitation = IsNull(recruited), IsNull(exploited)
    same, citizen = Equal(recruited, exploited), HoldsValueOf(citizenships, exploited)
    none_known = IsEmpty(citizenships)
    match value:
        case "domestic":
            return same
        case "cross-border":
            return Opposite(Any((no_recruitment, no_exploitation, same)))
        case "domestic-by-citizenship":
            return All((no_recruitment, citizen))
        case "cross-border-by-citizenship":
            return All((no_recruitment, Opposite(Any((no_exploitation, none_known, citizen)))))
        case _:
            return Any((no_exploitation, All((no_recruitment, none_known))))


def _days(field: Field, value: str) -> tuple[int, int]:
    """The first and the last day of a year, quarter or month, as days since 1970-01-01."""
    months = _MONTHS[field.derivation]
    year, number = int(value[:4]), int(value[4:].strip("-Q") or 1) - 1
    begin = 12 * year + months * number
    end = begin + months
    return _first_day(begin), _first_day(end) - 1


def _first_day(month: int) -> int:
    """Of the month with this number, January of the year 0 having 0."""
    if month >= 12 * 10_000:  # after the last day that there is
        return date.max.toordinal() + 1 - _EPOCH
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH


def _between(field: Field, low: int, high: int) -> Condition:
    """The number, brought into the field's range, lies between."""
    if high < field.low or low > field.high:
        return NEVER
    # What is clamped to an end of the range that is asked for lies beyond it.
    least = low if low > field.low else None
    most = high if high < field.high else None
    match field.derivation:
        case Derivation.QUANTITY:
            return Within(field.columns, least, most)
        case Derivation.DAYS:
            later, earlier = field.columns
            return Apart(later, earlier, least, most)
        case _:
            return ALWAYS
