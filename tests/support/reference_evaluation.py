"""What a node's evaluation must give, written to be obviously right and not fast.

`evaluate` follows the text of `corridor.queries.plan` step by step, in plain Python over plain
rows; the node's DuckDB is compared with it. It shares no code with the planner's own helpers
beyond the plan's values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from math import isqrt
from typing import Any

from corridor.queries.axes import Axis
from corridor.queries.catalogue import UNKNOWN, Derivation, Source
from corridor.queries.choice import ChoiceKey
from corridor.queries.domains import DomainField
from corridor.queries.plan import BlockKind, Plan, PlannedTable, Together
from corridor.queries.predicates import AllOf, Among, AnyOf, Between, Not, Predicate
from corridor.queries.question import CountPersons, Histogram, Mean, Sum

Row = Mapping[str, Any]
"""Columns of the store by name; of a leg or service together with those of its case."""

WORD = (1 << 64) - 1


@dataclass(frozen=True)
class CaseRows:
    """One case: its columns, and the columns of its legs and services in stored order."""

    columns: Row
    legs: tuple[Row, ...] = ()
    services: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Person:
    """One person: cases in stored order, newest first."""

    choice_key: int
    cases: tuple[CaseRows, ...]

    def rows(self, source: Source) -> Iterable[Row]:
        """The rows of a virtual table, in stored order."""
        for case in self.cases:
            match source:
                case Source.PERSONS | Source.CORRIDORS:
                    yield case.columns
                case Source.LEGS:
                    yield from ({**case.columns, **leg} for leg in case.legs)
                case Source.SERVICES:
                    yield from ({**case.columns, **service} for service in case.services)


def evaluate(plan: Plan, people: Sequence[Person], key: ChoiceKey) -> list[int]:
    """x, by the definition."""
    x = [0] * plan.size
    for person in people:
        for table in plan.tables:
            for cell, rows in kept(table, person, key).items():
                for block in table.blocks:
                    x[block.offset + cell] += block.factor * amount(table, block.kind, rows)
        for together, where in plan.parts_of_x():
            for cell in kept(together.crossed, person, key):
                count_together(x, where.start, together, cell)
    return x


def count_together(x: list[int], start: int, together: Together, cell: int) -> None:
    """Add a person in this cell of all axes to every residual, scaled as its proof says."""
    strategy = together.joint.strategy
    places: list[int] = []
    for axis in reversed(together.crossed.axes):
        cell, place = divmod(cell, len(axis.values))
        places.insert(0, place)
    for residual in strategy.residuals:
        number, size, weight = 0, 1, residual.factor
        for hierarchy, level, place in zip(
            strategy.hierarchies, residual.levels, places, strict=True
        ):
            value = place
            for parents in reversed(hierarchy.parents[level:]):
                value = parents[value]
            values = hierarchy.parents[level - 1] if level else (0,)
            number, size = number * len(values) + value, size * len(values)
            weight *= scale(values, value) if level else 1
        x[start + number] += weight
        start += size


def scale(parents: Sequence[int], value: int) -> int:
    """s of a value of a level: g·n up to 32 siblings, g above, 0 for an only child."""
    cost = {n: n * (n - 1) if n <= 32 else 1 for n in map(parents.count, set(parents))}
    n = parents.count(parents[value])
    fineness = 16 if len(set(cost.values())) > 1 else 1
    g = isqrt(fineness**2 * max(cost.values()) // cost[n]) if cost[n] else 0
    return g * (n if n <= 32 else 1)


def kept(table: PlannedTable, person: Person, key: ChoiceKey) -> dict[int, list[Row]]:
    """The cells that the person keeps, with the rows kept in each."""
    cells: dict[int, list[Row]] = {}
    for row in person.rows(table.source):
        if not holds(table, table.where, row) or quantity(table, row) is None:
            continue
        for cell in cells_of(table, row):
            cells.setdefault(cell, []).append(row)
    order = sorted(cells, key=lambda cell: (choice_hash(person.choice_key, cell, key), cell))
    return {cell: cells[cell][: table.max_rows] for cell in order[: table.max_cells]}


def amount(table: PlannedTable, kind: BlockKind, rows: Sequence[Row]) -> int:
    """What kept rows add to their cell, before the factor."""
    if kind is BlockKind.COUNT:
        return len(rows)
    assert isinstance(table.measure, Sum | Mean)
    total = sum(quantity(table, row) or 0 for row in rows)
    return min(max(total, table.measure.low), table.measure.high)


def quantity(table: PlannedTable, row: Row) -> int | None:
    """The row's number of the measure; 1 where nothing but persons is counted."""
    if isinstance(table.measure, CountPersons | Histogram):
        return 1
    return number(table.fields[table.measure.field], row)


def cells_of(table: PlannedTable, row: Row) -> list[int]:
    """The numbers of the cells that the row is in."""
    places = []
    for axis in table.axes:
        found = in_bands(axis, row) if axis.bands else values(axis.domain, row)
        if axis.recode is not None:
            found = {axis.recode[value] for value in found if value in axis.recode}
        places.append([axis.values.index(value) for value in found if value in axis.values])
    cells = []
    for combination in product(*places):
        cell = 0
        for axis, place in zip(table.axes, combination, strict=True):
            cell = cell * len(axis.values) + place
        cells.append(cell)
    return sorted(set(cells))


def in_bands(axis: Axis, row: Row) -> set[str]:
    """The band that the row's number is in, or `unknown`."""
    found = number(axis.domain, row)
    return {UNKNOWN} if found is None else {b.name for b in axis.bands if b.holds(found)}


def holds(table: PlannedTable, predicate: Predicate, row: Row) -> bool:
    """Whether the row satisfies the predicate."""
    match predicate:
        case Among(field, wanted):
            return not values(table.fields[field], row).isdisjoint(wanted)
        case Between(field, low, high):
            found = number(table.fields[field], row)
            return found is not None and low <= found <= high
        case Not(part):
            return not holds(table, part, row)
        case AllOf(parts):
            return all(holds(table, part, row) for part in parts)
        case AnyOf(parts):
            return any(holds(table, part, row) for part in parts)


def values(domain: DomainField, row: Row) -> set[str]:
    """The row's values of the field; `unknown` for null, nothing, or outside the domain."""
    found = {value for value in raw_values(domain, row) if value in domain.values}
    return found or {UNKNOWN}


def raw_values(domain: DomainField, row: Row) -> list[str]:
    columns = [row.get(column) for column in domain.field.columns]
    first = columns[0]
    match domain.field.derivation:
        case Derivation.VALUE:
            return [first] if first is not None else []
        case Derivation.AREA:
            return [domain.places[str(first)]] if first in domain.places else []
        case Derivation.LIST:
            return list(first or ())
        case Derivation.YEAR | Derivation.QUARTER | Derivation.MONTH as unit:
            days = [day for day in columns if day is not None]
            return [moment(days[0], unit)] if days else []
        case Derivation.BAND:
            bands = domain.field.bands
            return [band.name for band in bands if first is not None and band.holds(first)]
        case Derivation.CROSSING:
            return crossing(domain, *columns)
        case _:
            raise AssertionError("a quantity has no values")


def crossing(domain: DomainField, recruited: Any, exploited: Any, citizen: Any) -> list[str]:
    """Domestic or cross-border; by citizenship only where recruitment is unknown."""
    if exploited is None:
        return []
    if recruited is not None:
        return ["domestic" if recruited == exploited else "cross-border"]
    if citizen:
        kind = "domestic" if exploited in citizen else "cross-border"
        return [f"{kind}-by-citizenship"]
    return []


def moment(day: date, unit: Derivation) -> str:
    match unit:
        case Derivation.YEAR:
            return f"{day.year:04}"
        case Derivation.QUARTER:
            return f"{day.year:04}-Q{(day.month - 1) // 3 + 1}"
        case _:
            return f"{day.year:04}-{day.month:02}"


def number(domain: DomainField, row: Row) -> int | None:
    """The row's number of a quantity, clamped to the field's range; None if it is not known."""
    columns: list[Any] = [row.get(column) for column in domain.field.columns]
    if any(column is None for column in columns):
        return None
    days = domain.field.derivation is Derivation.DAYS
    raw: int = (columns[0] - columns[1]).days if days else columns[0]
    return min(max(raw, domain.field.low), domain.field.high)


def choice_hash(choice_key: int, cell: int, key: ChoiceKey) -> int:
    """The keyed splitmix64 of `corridor.queries.choice`, in Python's integers."""
    person = mix(choice_key ^ key.first)
    return mix(((person + (cell + 1) * 0x9E3779B97F4A7C15) & WORD) ^ key.second)


def mix(word: int) -> int:
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & WORD
    return word ^ (word >> 31)
