"""The SQL that says which rows count, and where: derivations, consent, `where`.

    rows        as `columns` gives them, registered under the name `given`
    derived     every field as its place in its domain (a LIST: places), a quantity as itself, also
                where it is an axis (`columns.places_in_bands`)
    admitted    those with consent, of the `where`, whose quantity is known

Lists that are axes are crossed afterwards (`crossing`), for the rows that are left.

Only names of our own catalogue and whole numbers stand in the text. Logic has two values: no
expression that `where` combines can be null.
"""

from collections.abc import Iterable
from typing import assert_never

from corridor.node.evaluation.columns import AGREEMENT, CONSENT, OWN_KEY, ROW, column_name
from corridor.node.policy import ConsentRule
from corridor.queries.catalogue import Derivation, Field
from corridor.queries.domains import DomainField
from corridor.queries.plan import PlannedTable
from corridor.queries.predicates import AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import CountPersons, Histogram, Mean, Sum

GIVEN = "given"
"""The name under which the rows are registered."""

QUANTITY = "quantity"
"""The column of the measure's values, where it has some."""

_CONSENT = {
    ConsentRule.HTCDS_CONSENT: f"{CONSENT} AND {AGREEMENT} IS NOT FALSE",
    ConsentRule.OTHER_LEGAL_BASIS: "TRUE",
}


def statement(planned: PlannedTable, consent: ConsentRule, *, only_own_keys: bool = False) -> str:
    """SQL that gives ROW, the place on each axis without lists, and QUANTITY for sums and means.

    With `only_own_keys` persons who are told apart by a row's content alone are left out.
    """
    derived = [f"{_derived(domain)} AS {_quoted(name)}" for name, domain in planned.fields.items()]
    conditions = [f"({_condition(planned.where, planned)})"]
    plain = [axis for axis in planned.axes if not axis.domain.field.is_multivalued]
    outputs = [ROW, *(_quoted(axis.name) for axis in plain)]
    admitted = _CONSENT[consent] + (f" AND {OWN_KEY}" if only_own_keys else "")
    match planned.measure:
        case CountPersons() | Histogram():
            pass
        case Sum(name) | Mean(name):
            conditions.append(f"{_quoted(name)} IS NOT NULL")
            outputs.append(f"{_quoted(name)} AS {QUANTITY}")
        case _:
            assert_never(planned.measure)
    return (
        f"SELECT {', '.join(outputs)} FROM "  # noqa: S608  (see the module's docstring)
        f"(SELECT {', '.join([ROW, *derived])} FROM {GIVEN} WHERE {admitted}) "
        f"WHERE {' AND '.join(conditions)}"
    )


def _derived(domain: DomainField) -> str:
    field = domain.field
    columns = [_quoted(column_name(field, number)) for number in range(len(field.columns))]
    unknown = len(domain.values) - 1
    match field.derivation:
        case Derivation.VALUE | Derivation.AREA | Derivation.LIST:
            return columns[0]
        case Derivation.YEAR | Derivation.QUARTER | Derivation.MONTH:
            return _time(domain, f"coalesce({', '.join(columns)})")
        case Derivation.BAND:
            cases = [
                f"WHEN {columns[0]} >= {band.low:d}"
                + ("" if band.high is None else f" AND {columns[0]} <= {band.high:d}")
                + f" THEN {place:d}"
                for place, band in enumerate(field.bands)
            ]
            return f"CASE {' '.join(cases)} ELSE {unknown:d} END"
        case Derivation.CROSSING:
            return _crossing(domain, *columns)
        case Derivation.QUANTITY:
            return _clamped(field, columns[0])
        case Derivation.DAYS:
            return _clamped(field, f"{columns[0]}::BIGINT - {columns[1]}::BIGINT")
        case _:
            assert_never(field.derivation)


def _time(domain: DomainField, date: str) -> str:
    """The place of a date's year, quarter or month; the domain begins with a January."""
    unknown = len(domain.values) - 1
    first = int(domain.values[0][:4])
    match domain.field.derivation:
        case Derivation.YEAR:
            place = f"year({date}) - {first:d}"
        case Derivation.QUARTER:
            place = f"(year({date}) - {first:d}) * 4 + quarter({date}) - 1"
        case _:
            place = f"(year({date}) - {first:d}) * 12 + month({date}) - 1"
    return f"CASE WHEN {place} BETWEEN 0 AND {unknown - 1:d} THEN {place} ELSE {unknown:d} END"


def _crossing(domain: DomainField, recruited: str, exploited: str, citizenships: str) -> str:
    """See `Derivation.CROSSING`; countries are numbers here, −1 is unknown."""
    place = {value: number for number, value in enumerate(domain.values)}
    return (
        f"CASE WHEN {exploited} < 0 THEN {place['unknown']:d} "
        f"WHEN {recruited} = {exploited} THEN {place['domestic']:d} "
        f"WHEN {recruited} >= 0 THEN {place['cross-border']:d} "
        f"WHEN list_contains({citizenships}, -1) THEN {place['unknown']:d} "
        f"WHEN list_contains({citizenships}, {exploited}) "
        f"THEN {place['domestic-by-citizenship']:d} "
        f"ELSE {place['cross-border-by-citizenship']:d} END"
    )


def _clamped(field: Field, number: str) -> str:
    """The number, brought into the field's range; null stays null."""
    return (
        f"CASE WHEN {number} < {field.low:d} THEN {field.low:d} "
        f"WHEN {number} > {field.high:d} THEN {field.high:d} ELSE {number} END"
    )


def _condition(predicate: Predicate, planned: PlannedTable) -> str:
    match predicate:
        case Among(name, values):
            domain = planned.fields[name]
            place = {value: number for number, value in enumerate(domain.values)}
            places = _numbers(place[value] for value in values)
            if domain.field.is_multivalued:
                return f"list_has_any({_quoted(name)}, [{places}]::INTEGER[])"
            return f"{_quoted(name)} IN ({places})"
        case Between(name, low, high):
            return f"coalesce({_quoted(name)} BETWEEN {low:d} AND {high:d}, FALSE)"
        case Not(part):
            return f"NOT ({_condition(part, planned)})"
        case AllOf(parts):
            return _joined(" AND ", parts, planned) or "TRUE"
        case AnyOf(parts):
            return _joined(" OR ", parts, planned) or "FALSE"
        case _:
            assert_never(predicate)


def _joined(word: str, parts: Iterable[Predicate], planned: PlannedTable) -> str:
    return word.join(f"({_condition(part, planned)})" for part in parts)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:d}" for number in numbers)


def _quoted(name: str) -> str:
    """A name of the catalogue as an identifier."""
    return '"' + name.replace('"', '""') + '"'
