"""Questions in Python.

    region = RegionQuestions(domains)
    question = (
        region.corridors
        .where(exploitation="SexualExploitation", year=(2020, 2024))
        .by("recruited_in", "exploited_in")
        .count()
    )

A condition is a value, a pair (from, to) for quantities and dates (None leaves an end open), or a
list of values of which any may hold. Every step gives a new builder; nothing is asked by building.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from corridor.queries.catalogue import Source
from corridor.queries.conditions import (
    Bound,
    histogram,
    is_between,
    is_one_of,
    make_table,
    quantity_bounds,
)
from corridor.queries.domains import Domains, check_grouping
from corridor.queries.predicates import Predicate, all_of, negation
from corridor.queries.question import (
    CountPersons,
    Mean,
    Measure,
    Question,
    Sum,
    make_question,
)

Condition = Bound | tuple[Bound | None, Bound | None] | Collection[Bound]


@dataclass(frozen=True, slots=True)
class TableBuilder:
    """One table that is being asked for.

    Every method raises the errors of `queries.conditions` for fields and values that do not
    exist; nothing was spent then.
    """

    domains: Domains
    source: Source
    conditions: tuple[Predicate, ...] = ()
    groupings: tuple[str, ...] = ()
    max_cells: int | None = None
    max_rows: int = 1

    def where(self, *predicates: Predicate, **conditions: Condition) -> "TableBuilder":
        """Only rows for which all of these hold, beside those that were given before."""
        return self._with(*predicates, *self._read(conditions))

    def excluding(self, **conditions: Condition) -> "TableBuilder":
        """Only rows for which none of these holds."""
        return self._with(*map(negation, self._read(conditions)))

    def by(self, *fields: str) -> "TableBuilder":
        """A cell for each combination of these fields' values."""
        found = [self.domains.field(name, self.source) for name in fields]
        for field in found:
            check_grouping(field)
        return replace(self, groupings=(*self.groupings, *(field.name for field in found)))

    def at_most(self, *, cells: int | None = None, rows: int = 1) -> "TableBuilder":
        """How many cells a person counts in, and how many rows of a person in a cell."""
        return replace(self, max_cells=cells, max_rows=rows)

    def count(self) -> Question:
        """How many persons are in each cell."""
        return self._question(CountPersons())

    def sum(self, field: str, low: int | None = None, high: int | None = None) -> Question:
        """The sum of a quantity, what each person adds clamped to [low, high]."""
        found = self.domains.field(field, self.source)
        return self._question(Sum(found.name, *quantity_bounds(found, low, high)))

    def mean(self, field: str, low: int | None = None, high: int | None = None) -> Question:
        """The mean of a quantity over persons, each clamped to [low, high]."""
        found = self.domains.field(field, self.source)
        return self._question(Mean(found.name, *quantity_bounds(found, low, high)))

    def histogram(
        self,
        field: str,
        low: int | None = None,
        high: int | None = None,
        *,
        width: int | None = None,
    ) -> Question:
        """How many persons are in each band of a quantity; medians and quantiles are read of it."""
        found = self.domains.field(field, self.source)
        return self._question(histogram(found, low, high, width))

    def _with(self, *predicates: Predicate) -> "TableBuilder":
        return replace(self, conditions=(all_of((*self.conditions, *predicates)),))

    def _read(self, conditions: dict[str, Condition]) -> list[Predicate]:
        return [self._condition(name, condition) for name, condition in conditions.items()]

    def _condition(self, name: str, condition: Condition) -> Predicate:
        field = self.domains.field(name, self.source)
        match condition:
            case int() | str():
                return is_one_of(self.domains, field, [condition])
            case (low, high) if isinstance(condition, tuple):
                return is_between(self.domains, field, low, high)
            case _:
                return is_one_of(self.domains, field, sorted(map(str, condition)))

    def _question(self, measure: Measure) -> Question:
        fields = [self.domains.field(name, self.source) for name in self.groupings]
        return make_question(
            make_table(
                self.domains,
                self.source,
                measure,
                where=self.conditions,
                group_by=fields,
                max_cells=self.max_cells,
                max_rows=self.max_rows,
            )
        )


@dataclass(frozen=True, slots=True)
class RegionQuestions:
    """Where questions begin: the four virtual tables of a region."""

    domains: Domains

    @property
    def persons(self) -> TableBuilder:
        """Victims: a row a case."""
        return TableBuilder(self.domains, Source.PERSONS)

    @property
    def corridors(self) -> TableBuilder:
        """Pairs of recruitment and exploitation: a row a case."""
        return TableBuilder(self.domains, Source.CORRIDORS)

    @property
    def legs(self) -> TableBuilder:
        """Steps of journeys."""
        return TableBuilder(self.domains, Source.LEGS)

    @property
    def services(self) -> TableBuilder:
        """Items of assistance."""
        return TableBuilder(self.domains, Source.SERVICES)


def together(*questions: Question) -> Question:
    """One question of all these tables, which then share one noise budget."""
    return make_question(*(table for question in questions for table in question.tables))
