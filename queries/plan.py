"""The plan: a question compiled to one integer linear query with a proven sensitivity.

    Plan ── tables ── PlannedTable ── axes ──── Axis: a field and its values, in order
                                   └─ blocks ── Block: where in x the counts or sums stand

**What a node evaluates.** For each table: take the rows of `source` that satisfy `where` (and,
for a sum or mean, whose quantity is not null). Per axis a row has one value, of a LIST field
one or several; recode them where the axis says so, and drop those that the axis does not have.
The row is in the cells of the product of its values. Per (person, cell) keep the first b rows
in stored order (newest case first, then the order of legs or services). Per person keep the m
cells with the smallest (`choice.choice_hashes`, cell). What is kept adds to x, in every block:

(A histogram's last axis is the quantity itself, in bands.)

    COUNT   factor · (how many rows were kept)
    SUM     factor · clamp(sum of the kept rows' quantities, low, high)

A table's cells are numbered row-major over its axes: the last axis runs fastest, so cell =
(((i₁·n₂) + i₂)·n₃ + i₃)…; the entry of x is block.offset + cell. No axis, one cell.

**Theorem.** x and x', evaluated on neighbouring data sets (one person's rows, all of them,
added or removed), differ by at most Δ in L2 norm, Δ² = Σ over tables of m·Σ over blocks of
(factor · largest)², `largest` = b for counts and max(|low|, |high|) for sums.

*Proof.* Which rows, cells and values are kept for a person depends on that person's own rows,
their own stable key, the node's key and the plan; on nobody else's (`choice`). So x = Σ over
persons of x_p, and x − x' = ±x_p for the one who was added or removed. In each table x_p is
not 0 in at most m cells of each block, where it is at most factor · b, or factor · |clamp(…)|
≤ factor · largest. Square and add. ∎ (The bound of `where` on a LIST field, several cases, legs
or values in a cell change which rows and cells there are, and none of these steps.)

**Weights.** All entries of x get noise of one width. So blocks with small entries are multiplied
up (`factor` = the plan's largest bound // the block's own), else the noise for a sum of ages
would drown the count beside it; every block then pays for about the same part of Δ².

Compiling is deterministic, and `Plan.digest` covers all that the evaluation depends on: the
derivations and domains of the fields included, so that nodes with different catalogues or
charters never add up different things.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from corridor.errors.questions import (
    EmptyQuestionError,
    MisusedFieldError,
    OutOfRangeError,
    TooManyCellsError,
    UnknownFieldError,
    UnknownValueError,
)
from corridor.ids import Digest
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.queries import predicates
from corridor.queries.catalogue import (
    UNKNOWN,
    Band,
    Derivation,
    DomainKind,
    Field,
    Source,
)
from corridor.queries.domains import DomainField, Domains, check_grouping
from corridor.queries.predicates import NOBODY, Among, Between, Not, Predicate
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    measure_to_json,
)

REDUCED_FROM = 3
"""With this many country groupings in a table, countries outside the region are reduced to
their subregions."""


class BlockKind(StrEnum):
    """What the entries of a block are."""

    COUNT = "count"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Block:
    """As many entries of x as the table has cells.

    Attributes:
        offset: where in x the first one stands.
        factor: what counts or sums are multiplied with, ≥ 1.
        largest: the most that a person adds to a cell before that, in absolute value.
    """

    kind: BlockKind
    offset: int
    factor: int
    largest: int


@dataclass(frozen=True, slots=True)
class Axis:
    """One grouping.

    Attributes:
        domain: the field and its whole domain; what lies outside is `unknown`.
        values: the axis's own values, in order; a row without one of them is in no cell.
        recode: domain value → axis value before that (a value without an entry is dropped); None
            where they are the same.
        bands: of a quantity, the bands that its number lies in, rising and without gaps, one for
            each value but `unknown`; empty for other fields.
    """

    domain: DomainField
    values: tuple[str, ...]
    recode: Mapping[str, str] | None = None
    bands: tuple[Band, ...] = ()

    @property
    def name(self) -> str:
        """The field's alias."""
        return self.domain.field.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTable:
    """One table of a plan; see the module's docstring for what its parts mean.

    Attributes:
        axes: in the catalogue's order of fields; a histogram's bands come last.
        max_cells: m, never more than there are cells.
        max_rows: b.
        fields: every field that `where`, the axes and the measure mention, by alias.
        blocks: for a mean the sum's and then the count's, for all else one.
    """

    source: Source
    where: Predicate
    axes: tuple[Axis, ...]
    measure: Measure
    max_cells: int
    max_rows: int
    fields: Mapping[str, DomainField]
    blocks: tuple[Block, ...]

    @property
    def cells(self) -> int:
        """How many cells the table has; each block has as many entries."""
        return prod(len(axis.values) for axis in self.axes)

    @property
    def sensitivity_squared(self) -> int:
        """The table's part of Δ²."""
        return self.max_cells * sum((block.factor * block.largest) ** 2 for block in self.blocks)

    def values_of(self, cell: int) -> tuple[str, ...]:
        """The axes' values that the cell with this number stands for."""
        values: list[str] = []
        for axis in reversed(self.axes):
            cell, place = divmod(cell, len(axis.values))
            values.append(axis.values[place])
        return tuple(reversed(values))


@dataclass(frozen=True, slots=True)
class Plan:
    """A question compiled under one charter's domains.

    Attributes:
        question: hash of the question.
        edition: of the catalogue's data.
    """

    question: Digest
    edition: str
    tables: tuple[PlannedTable, ...]

    @property
    def size(self) -> int:
        """How many entries x has."""
        return sum(len(table.blocks) * table.cells for table in self.tables)

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the whole of x, before scaling."""
        return sum(table.sensitivity_squared for table in self.tables)

    @property
    def largest(self) -> int:
        """The most that one person adds to one entry, in absolute value, before scaling."""
        return max(block.factor * block.largest for table in self.tables for block in table.blocks)

    @property
    def digest(self) -> Digest:
        """Covers everything that the evaluation and the noise depend on."""
        return canonical.digest(
            "corridor plan",
            self.question,
            self.edition.encode(),
            canonical.encode([_table_to_json(table) for table in self.tables]),
        )


def compile_plan(question: Question, domains: Domains) -> Plan:
    """Compile the question; the same question and charter give the same bytes everywhere.

    Raises:
        UnknownFieldError, UnknownValueError, MisusedFieldError, OutOfRangeError: names the field.
        EmptyQuestionError: the conditions leave no cell.
        TooManyCellsError: more cells than the charter allows.
            Nothing was spent in any of these cases.
    """
    drafts = [_Draft(table, domains) for table in question.tables]
    cells = sum(draft.entries for draft in drafts)
    if cells > domains.cells:
        largest = max(
            (axis for draft in drafts for axis in draft.axes), key=lambda axis: len(axis.values)
        )
        raise TooManyCellsError(
            cells=cells, ceiling=domains.cells, largest=largest.name, values=len(largest.values)
        )
    widest = max(bound for draft in drafts for _, bound in draft.kinds)
    tables: list[PlannedTable] = []
    offset = 0
    for draft in drafts:
        tables.append(draft.place(offset, widest))
        offset += draft.entries
    return Plan(question.digest, domains.catalogue.edition, tuple(tables))


def default_max_cells(fields: Iterable[Field]) -> int:
    """The m of a question that sets none: 4 for legs and services, 3 for lists, 1 for all else.

    Args:
        fields: those grouped by. Legs and services count by their own fields only: a person
            has several legs, but grouped by gender they are in one cell.
    """
    most = 1
    for field in fields:
        if field.sources != frozenset(Source):
            return 4
        if field.is_multivalued:
            most = 3
    return most


def histogram_bands(measure: Histogram, field: Field) -> tuple[Band, ...]:
    """All bands of the histogram; the first and the last take what lies outside.

    Named as the catalogue names bands: `0-4`, a single number by itself, the last one `60+`.
    """
    lows = range(measure.low, measure.high + 1, measure.width)
    bands = []
    for place, start in enumerate(lows):
        low = field.low if place == 0 else start
        high = None if place + 1 == len(lows) else start + measure.width - 1
        name = f"{low}+" if high is None else (f"{low}" if low == high else f"{low}-{high}")
        bands.append(Band(name, low, high))
    return tuple(bands)


class _Draft:
    """A table that is checked, and has its axes, but no place in x yet."""

    def __init__(self, table: TableQuestion, domains: Domains) -> None:
        self._table = table
        self._domains = domains
        self._fields: dict[str, DomainField] = {}
        if table.where == NOBODY:
            raise EmptyQuestionError(
                "the conditions contradict each other, nobody could satisfy them",
                "correct WHERE",
            )
        for atom in predicates.atoms(table.where):
            self._check_atom(atom)
        self.axes = self._axes()
        self.kinds = self._kinds()
        self.cells = prod(len(axis.values) for axis in self.axes)
        self.entries = self.cells * len(self.kinds)

    def place(self, offset: int, widest: int) -> PlannedTable:
        """The table with its blocks from `offset` on; `widest` is the plan's largest bound."""
        return PlannedTable(
            source=self._table.source,
            where=self._table.where,
            axes=self.axes,
            measure=self._table.measure,
            max_cells=min(self._table.max_cells, self.cells),
            max_rows=self._table.max_rows,
            fields=dict(sorted(self._fields.items())),
            blocks=tuple(
                Block(kind, offset + number * self.cells, widest // bound, bound)
                for number, (kind, bound) in enumerate(self.kinds)
            ),
        )

    def _field(self, name: str) -> Field:
        if name not in self._fields:
            field = self._domains.field(name, self._table.source)
            if field.name != name:
                raise UnknownFieldError(
                    f"{name!r} is no alias", f"in the canonical form its name is {field.name}"
                )
            self._fields[name] = self._domains.domain(field)
        return self._fields[name].field

    def _check_atom(self, atom: Among | Between) -> None:
        field = self._field(atom.field)
        match atom:
            case Among(_, values):
                if field.is_quantity:
                    raise MisusedFieldError(
                        f"{field.name} is a whole number",
                        f"compare it with numbers from {field.low} to {field.high}",
                    )
                known = frozenset(self._fields[atom.field].values)
                for value in values:
                    if value not in known:
                        self._domains.value(field, value)  # its error has a hint
                        raise UnknownValueError(
                            f"{value[:60]!r} is not a value of {field.name}",
                            "write it as the canonical form does",
                        )
            case Between(_, low, high):
                _check_quantity(field, low, high)

    def _kinds(self) -> tuple[tuple[BlockKind, int], ...]:
        match self._table.measure:
            case CountPersons() | Histogram():
                return ((BlockKind.COUNT, self._table.max_rows),)
            case Sum(name, low, high):
                _check_quantity(self._field(name), low, high)
                return ((BlockKind.SUM, max(abs(low), abs(high))),)
            case Mean(name, low, high):
                _check_quantity(self._field(name), low, high)
                return ((BlockKind.SUM, max(abs(low), abs(high))), (BlockKind.COUNT, 1))

    def _axes(self) -> tuple[Axis, ...]:
        fields = [self._field(name) for name in self._table.group_by]
        for field in fields:
            check_grouping(field)
        order = {name: place for place, name in enumerate(self._domains.catalogue.fields)}
        fields.sort(key=lambda field: order[field.name])
        countries = sum(field.kind is DomainKind.COUNTRIES for field in fields)
        axes = tuple(self._axis(field, reduce=countries >= REDUCED_FROM) for field in fields)
        measure = self._table.measure
        return (*axes, self._banded(measure)) if isinstance(measure, Histogram) else axes

    def _banded(self, measure: Histogram) -> Axis:
        """The quantity's bands that a row can be in, and `unknown` unless it must be known."""
        field = self._field(measure.field)
        _check_quantity(field, measure.low, measure.high)
        ranges = [
            part
            for part in predicates.conjuncts(self._table.where)
            if isinstance(part, Between) and part.field == field.name
        ]
        bands = tuple(
            band
            for band in histogram_bands(measure, field)
            if all(_meet(band, Band("", one.low, one.high)) for one in ranges)
        )
        if not bands:
            raise EmptyQuestionError(
                f"the conditions leave no band of {field.name}", "correct WHERE"
            )
        values = (*(band.name for band in bands), *(() if ranges else (UNKNOWN,)))
        return Axis(self._fields[field.name], values, bands=bands)

    def _axis(self, field: Field, *, reduce: bool) -> Axis:
        domain = self._fields[field.name]
        conditions = predicates.conjuncts(self._table.where)
        tests = [test for part in conditions if (test := self._possible(field, part)) is not None]
        admitted = tuple(value for value in domain.values if all(test(value) for test in tests))
        if not admitted:
            raise EmptyQuestionError(
                f"the conditions leave no value of {field.name} to group by", "correct WHERE"
            )
        if not reduce or field.kind is not DomainKind.COUNTRIES:
            return Axis(domain, admitted)
        shorter, recode = self._domains.reduced_countries()
        if len(admitted) <= len(shorter):
            return Axis(domain, admitted)  # the conditions name few enough countries
        reached = {recode[value] for value in admitted}
        # A country that the conditions exclude is recoded too; `where` has dropped its rows,
        # except those of a list field with another value that is admitted.
        admitted_recode = {value: recode[value] for value in admitted}
        return Axis(domain, tuple(v for v in shorter if v in reached), admitted_recode)

    def _possible(self, field: Field, part: Predicate) -> Callable[[str], bool] | None:
        """Whether a row with a certain value of `field` can satisfy a condition that must hold.

        None if every value can. In doubt a value can: kept in vain, it costs a cell of noise.
        """
        match part:
            case Among(name, values):
                return _possible_among(field, self._fields[name], frozenset(values))
            case Not(Among(name, values)):
                other, excluded = self._fields[name].field, frozenset(values)
                return lambda value: _coarser(field, value, other) not in excluded
            case Between(name, low, high):
                other = self._fields[name].field
                if other.columns != field.columns or field.derivation is not Derivation.BAND:
                    return None
                # A quantity is clamped: its highest value stands for everything above it.
                wanted = Band("", low, None if high == other.high else high)
                return lambda value: any(
                    band.name == value and _meet(band, wanted) for band in field.bands
                )
            case _:
                return None


def _possible_among(
    field: Field, condition: DomainField, values: frozenset[str]
) -> Callable[[str], bool] | None:
    other = condition.field
    if field.name != other.name and (field.columns != other.columns or field.kind != other.kind):
        return None
    finer = frozenset(_coarser(other, value, field) for value in values)

    def possible(value: str) -> bool:
        coarser = _coarser(field, value, other)
        return (None in finer or value in finer) if coarser is None else coarser in values

    return possible


def _coarser(field: Field, value: str, other: Field) -> str | None:
    """The value of `other` that every row has whose `field` is `value`; None if none is certain.

    The field's own value; a month's quarter and year; a band's wider band.
    """
    if field.name == other.name:
        return value
    if field.columns != other.columns:
        return None
    if field.kind is other.kind is DomainKind.TIME:
        return _coarser_time(value, field.derivation, other.derivation)
    if field.derivation is other.derivation is Derivation.BAND:
        band = _band(field, value)
        if band is None:
            return UNKNOWN
        around = (one for one in other.bands if one.holds(band.low) and _ends_within(band, one))
        return next((one.name for one in around), None)
    return None


def _coarser_time(value: str, fine: Derivation, coarse: Derivation) -> str | None:
    if value == UNKNOWN:
        return UNKNOWN
    if coarse is Derivation.YEAR:
        return value[:4]
    if fine is Derivation.MONTH:
        return f"{value[:4]}-Q{(int(value[5:]) + 2) // 3}"
    return None


def _band(field: Field, value: str) -> Band | None:
    return next((band for band in field.bands if band.name == value), None)


def _ends_within(band: Band, around: Band) -> bool:
    return around.high is None or (band.high is not None and band.high <= around.high)


def _meet(a: Band, b: Band) -> bool:
    return (a.high is None or b.low <= a.high) and (b.high is None or a.low <= b.high)


def _check_quantity(field: Field, low: int, high: int) -> None:
    if not field.is_quantity:
        raise MisusedFieldError(
            f"{field.name} is no whole number", "sums, means and ranges need one, such as age"
        )
    if not field.low <= low <= high <= field.high:
        raise OutOfRangeError(
            f"{field.name} from {low} to {high} is outside its range",
            f"stay between {field.low} and {field.high}",
        )


def _table_to_json(table: PlannedTable) -> Json:
    return {
        "source": table.source.value,
        "where": predicates.to_json(table.where),
        "axes": [_axis_to_json(axis) for axis in table.axes],
        "measure": measure_to_json(table.measure),
        "max_cells": table.max_cells,
        "max_rows": table.max_rows,
        "fields": {name: _field_to_json(domain) for name, domain in table.fields.items()},
        "blocks": [
            [block.kind.value, block.offset, block.factor, block.largest] for block in table.blocks
        ],
    }


def _axis_to_json(axis: Axis) -> Json:
    document: dict[str, Json] = {
        "field": axis.name,
        "values": list(axis.values),
        "recode": None if axis.recode is None else dict(axis.recode),
    }
    if axis.bands:
        document["bands"] = [[band.name, band.low, band.high] for band in axis.bands]
    return document


def _field_to_json(domain: DomainField) -> Json:
    field = domain.field
    return {
        "table": field.table.value,
        "derivation": field.derivation.value,
        "columns": list(field.columns),
        "bands": [[band.name, band.low, band.high] for band in field.bands],
        "low": field.low,
        "high": field.high,
        "values": list(domain.values),
    }
