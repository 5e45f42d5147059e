"""The plan: a question compiled to one integer linear query with a proven sensitivity.

    Plan ── tables ── PlannedTable ── axes ──── Axis: a field and its values, in order
                                   └─ blocks ── Block: where in x the counts or sums stand

**What a node evaluates.** For each table: take the rows of `source` that satisfy `where` (and,
for a sum or mean, whose quantity is not null). Per axis a row has one value, of a LIST field
one or several; recode them where the axis says so, and drop those that the axis does not have.
The row is in the cells of the product of its values. Per (person, cell) keep the first b rows
in stored order (newest case first, then the order of legs or services). Per person keep the m
cells with the smallest (`choice.choice_hashes`, cell). (A histogram's last axis is the quantity
itself, in bands.) What is kept adds to x, in every block:

    COUNT   factor · (how many rows were kept)
    SUM     factor · clamp(sum of the kept rows' quantities, low, high)

A table's cells are numbered row-major over its axes: the last axis runs fastest, so cell =
(((i₁·n₂) + i₂)·n₃ + i₃)…; the entry of x is block.offset + cell. No axis, one cell.

**Tables that are counted together** (`queries.joint`) have no blocks. Of the rows of their common
conditions, and the product of all their axes at the finest, each person keeps one cell (m = b = 1),
chosen as above; it adds to x what `Strategy.count` says. Their part of x stands behind all blocks.

**What a node sends** is x, scaled, with noise in every entry, and of what is counted together the
differences of such entries (`Plan.sent`): fewer numbers, which tell all that there is to tell.

**Theorem.** x and x', evaluated on neighbouring data sets (one person's rows, all of them,
added or removed), differ by at most Δ in L2 norm, or by something of which the same is sent and
which does. Δ² = Σ over tables of m·Σ over blocks of (factor · largest)², `largest` = b for counts
and max(|low|, |high|) for sums, plus the Δ² of the strategies of what is counted together.

*Proof.* Which rows, cells and values are kept for a person depends on that person's own rows,
their own stable key, the node's key and the plan; on nobody else's (`choice`). So x = Σ over
persons of x_p, and x − x' = ±x_p for the one who was added or removed. In each table x_p is
not 0 in at most m cells of each block, where it is at most factor · b, or factor · |clamp(…)|
≤ factor · largest. What is counted together: the theorem of `privacy.residuals`, whose shift u
stands in entries of its own. Square and add. ∎ (The bound of `where` on a LIST field, several
cases, legs or values in a cell change which rows and cells there are, and none of these steps.)

**A standing series** (`privacy.continual`) sends x multiplied: a person counts with r_{t−j}, once
for each release from the j-th on, and in one cell. What is proven there is of all its releases, so
Δ² and the cells that share the noise's promise are those of the whole series.

**Weights.** All entries of x get noise of one width. So each part is multiplied by a factor of its
own: the whole factors with the least sum, over the tables, of the mean variance of their cells, in
units of the most that a person adds to a cell (`privacy.residuals.factors`). Else the noise for a
sum of ages would drown the count beside it, and tables in whose cells persons count three times
would take three times the budget.

Compiling is deterministic, and `Plan.digest` covers all that the evaluation depends on: the
derivations and domains of the fields included, so that nodes with different catalogues or
charters never add up different things.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from corridor.errors.questions import (
    EmptyQuestionError,
    MisusedFieldError,
    OutOfRangeError,
    TooManyCellsError,
    UnknownFieldError,
    UnknownValueError,
)
from corridor.ids import Digest
from corridor.privacy.residuals import factors
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.secure_sum.excess import Measurement
from corridor.queries import predicates
from corridor.queries.axes import Axis, make_axis, meet
from corridor.queries.catalogue import (
    UNKNOWN,
    Band,
    DomainKind,
    Field,
    Source,
)
from corridor.queries.domains import DomainField, Domains, check_grouping
from corridor.queries.joint import Joint, join, weight
from corridor.queries.predicates import NOBODY, Among, Between, Predicate
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    Turn,
    measure_to_json,
)

REDUCED_FROM = 3
"""With this many country groupings in a table, countries outside the region are reduced to
their subregions."""


Ints: TypeAlias = NDArray[np.int64]


WIDEST_JOINT = 1 << 40
"""Δ² of a plan with tables that are counted together; above, its noise would soon be too wide."""

LARGEST_JOINT = 1 << 34
"""What one person adds to a joint entry, as far as putting tables together multiplies it."""


LARGEST_SERIES = 1 << 16
"""Cells of a standing series; a node keeps those of every period."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTable:
    """One table of a plan; see the module's docstring for what its parts mean.

    Attributes:
        axes: in the catalogue's order of fields; a histogram's bands come last.
        max_cells: m, never more than there are cells.
        max_rows: b.
        fields: every field that `where`, the axes and the measure mention, by alias.
        blocks: for a mean the sum's and then the count's, for all else one; none if the table is
            counted together with others.
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
class Together:
    """Tables of a plan that are counted together.

    Attributes:
        numbers: which of the plan's tables they are, as the joint workload numbers them.
        crossed: a table of all their axes, by which a person's one row is chosen; no blocks.
    """

    numbers: tuple[int, ...]
    crossed: PlannedTable
    joint: Joint


@dataclass(frozen=True, slots=True)
class Plan:
    """A question compiled under one charter's domains.

    Attributes:
        question: hash of the question.
        edition: of the catalogue's data.
        turn: which release of a standing series it is, if it is one.
    """

    question: Digest
    edition: str
    tables: tuple[PlannedTable, ...]
    together: tuple[Together, ...] = ()
    turn: Turn | None = None

    @property
    def cells(self) -> int:
        """How many figures the answer has; two for a mean, and for a release of a series."""
        figures = sum(max(1, len(table.blocks)) * table.cells for table in self.tables)
        return figures if self.turn is None else 2 * figures

    @property
    def size(self) -> int:
        """How many entries x has, each with noise of its own."""
        return self._in_blocks + sum(one.joint.strategy.cells for one in self.together)

    @property
    def noisy_entries(self) -> int:
        """Over how many entries the promise goes: of a series, those of all its releases."""
        return self.size if self.turn is None else self.turn.periods * self.size

    @property
    def entries(self) -> int:
        """How many whole numbers a node sends."""
        return self._in_blocks + sum(one.joint.strategy.entries for one in self.together)

    @property
    def sensitivity_squared(self) -> int:
        """Δ² of the whole of x, or of all that a series sends, before scaling."""
        if self.turn is not None:
            return self.turn.series.sensitivity_squared
        alone = sum(table.sensitivity_squared for table in self.tables)
        return alone + sum(one.joint.strategy.sensitivity_squared for one in self.together)

    @property
    def largest(self) -> int:
        """The most that one person adds to one entry of x, in absolute value, before scaling.

        In a series: that each of those who can be in the data at once adds, with all who were there
        before them.
        """
        if self.turn is not None:  # as many as can be there at once may be new in every period
            return sum(self.turn.series.coefficients)
        return max(
            *(block.factor * block.largest for table in self.tables for block in table.blocks),
            *(one.joint.strategy.largest for one in self.together),
            0,
        )

    @property
    def terms(self) -> int:
        """How many entries of x are added or subtracted for what is sent, at most."""
        return max([1, *(one.joint.strategy.terms for one in self.together)])

    @property
    def widening(self) -> int:
        """By how much a figure is multiplied while tables are put together, at most."""
        return max([1, *(one.joint.strategy.widening for one in self.together)])

    def parts_of_x(self) -> Iterator[tuple[Together, slice]]:
        """What is counted together, and where in x it stands."""
        return self._parts(one.joint.strategy.cells for one in self.together)

    def parts_sent(self) -> Iterator[tuple[Together, slice]]:
        """What is counted together, and where in what is sent it stands."""
        return self._parts(one.joint.strategy.entries for one in self.together)

    def _parts(self, lengths: Iterable[int]) -> Iterator[tuple[Together, slice]]:
        start = self._in_blocks
        for one, length in zip(self.together, lengths, strict=True):
            yield one, slice(start, start + length)
            start += length

    def place_together(self, number: int) -> tuple[Joint, int] | None:
        """The workload that a table of this plan is counted in, and its number there, if any."""
        for one in self.together:
            if number in one.numbers:
                return one.joint, one.numbers.index(number)
        return None

    @property
    def measurement(self) -> Measurement:
        """How entries of x become what is sent, for the secure sum."""
        return Measurement(self.size, self.sent)

    def sent(self, x: Ints) -> Ints:
        """What is sent of x, or of noise for it, or of both: a linear map, the same for all nodes.

        Args:
            x: of length `size`.

        Returns:
            An array of length `entries`; x itself if nothing is counted together.
        """
        if not self.together:
            return x
        parts = [one.joint.strategy.differences(x[where]) for one, where in self.parts_of_x()]
        return np.concatenate([x[: self._in_blocks], *parts])

    @property
    def _in_blocks(self) -> int:
        return sum(len(table.blocks) * table.cells for table in self.tables)

    @property
    def digest(self) -> Digest:
        """Covers everything that the evaluation and the noise depend on."""
        return canonical.digest("corridor plan", self.question, *self._layout())

    @property
    def layout(self) -> Digest:
        """Covers what its entries mean: all releases of a series must have the same."""
        return canonical.digest("corridor plan layout", *self._layout())

    def _layout(self) -> tuple[bytes, ...]:
        return (
            self.edition.encode(),
            canonical.encode([_table_to_json(table) for table in self.tables]),
            canonical.encode([_together_to_json(one) for one in self.together]),
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
    ceiling = domains.cells if question.turn is None else min(domains.cells, LARGEST_SERIES)
    if cells > ceiling:
        largest = max(
            (axis for draft in drafts for axis in draft.axes), key=lambda axis: len(axis.values)
        )
        raise TooManyCellsError(
            cells=cells, ceiling=ceiling, largest=largest.name, values=len(largest.values)
        )
    plan = _weighed(question, drafts, domains, _joints(drafts))
    return plan if _is_bounded(plan, domains) else _weighed(question, drafts, domains, ())


def _is_bounded(plan: Plan, domains: Domains) -> bool:
    """Whether counting together keeps the plan within what noise, ring and time are made for."""
    return not plan.together or (
        plan.size <= domains.cells
        and plan.sensitivity_squared <= WIDEST_JOINT
        and all(
            one.joint.strategy.largest * one.joint.strategy.widening <= LARGEST_JOINT
            for one in plan.together
        )
    )


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

    @property
    def company(self) -> Json:
        """Tables for which this is the same may be counted together; None if it is for no other."""
        listed = any(axis.domain.field.is_multivalued for axis in self.axes)
        if not isinstance(self._table.measure, CountPersons) or listed or self._bounds != (1, 1):
            return None
        rows = self._table.source
        if rows is Source.CORRIDORS:
            rows = Source.PERSONS  # both have a row a case
        return [rows.value, predicates.to_json(self._table.where)]

    @property
    def parts(self) -> list[tuple[Fraction, int]]:
        """What each of its blocks is worth, and costs (`privacy.residuals.factors`)."""
        cells_of_a_person, _ = self._bounds
        worth = weight(self.axes)
        return [(worth / bound**2, cells_of_a_person * bound**2) for _, bound in self.kinds]

    def place(self, offset: int, factors: Sequence[int]) -> PlannedTable:
        """The table with its blocks from `offset` on; without factors it has none."""
        max_cells, max_rows = self._bounds
        blocks = zip(self.kinds, factors, strict=False)
        return PlannedTable(
            source=self._table.source,
            where=self._table.where,
            axes=self.axes,
            measure=self._table.measure,
            max_cells=max_cells,
            max_rows=max_rows,
            fields=dict(sorted(self._fields.items())),
            blocks=tuple(
                Block(kind, offset + number * self.cells, factor, bound)
                for number, ((kind, bound), factor) in enumerate(blocks)
            ),
        )

    @property
    def _bounds(self) -> tuple[int, int]:
        """m, never more than there are cells, and b."""
        return min(self._table.max_cells, self.cells), self._table.max_rows

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
        axes = tuple(
            make_axis(
                self._fields[field.name],
                self._table.where,
                self._fields,
                self._domains,
                reduce=countries >= REDUCED_FROM,
            )
            for field in fields
        )
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
            if all(meet(band, Band("", one.low, one.high)) for one in ranges)
        )
        if not bands:
            raise EmptyQuestionError(
                f"the conditions leave no band of {field.name}", "correct WHERE"
            )
        values = (*(band.name for band in bands), *(() if ranges else (UNKNOWN,)))
        return Axis(self._fields[field.name], values, bands=bands)


def _joints(drafts: Sequence[_Draft]) -> list[tuple[list[int], Joint, tuple[Fraction, ...]]]:
    """Which drafts are counted together, as which workload, and what its residuals are worth."""
    companies: dict[bytes, list[int]] = {}
    for number, draft in enumerate(drafts):
        if draft.company is not None:
            companies.setdefault(canonical.encode(draft.company), []).append(number)
    found = []
    for numbers in companies.values():
        joined = join([drafts[number].axes for number in numbers]) if numbers[1:] else None
        if joined is not None:
            found.append((numbers, *joined))
    return found


def _weighed(
    question: Question,
    drafts: Sequence[_Draft],
    domains: Domains,
    joints: Sequence[tuple[list[int], Joint, tuple[Fraction, ...]]],
) -> Plan:
    """The plan in which these drafts are counted together, each part with its factor."""
    joined = {number for numbers, _, _ in joints for number in numbers}
    alone = [draft for number, draft in enumerate(drafts) if number not in joined]
    parts = [part for draft in alone for part in draft.parts]
    for _, joint, worth in joints:
        costs = [joint.strategy.cost(one.levels) for one in joint.strategy.residuals]
        parts += zip(worth, costs, strict=True)
    left = iter(factors(parts))
    tables: list[PlannedTable] = []
    offset = 0
    for number, draft in enumerate(drafts):
        if number in joined:
            tables.append(draft.place(0, ()))
        else:
            tables.append(draft.place(offset, list(islice(left, len(draft.kinds)))))
            offset += draft.entries
    together = tuple(
        Together(
            tuple(numbers),
            _crossed([tables[number] for number in numbers], joint),
            joint.with_factors(list(islice(left, len(joint.strategy.residuals)))),
        )
        for numbers, joint, _ in joints
    )
    return Plan(question.digest, domains.catalogue.edition, tuple(tables), together, question.turn)


def _crossed(tables: Sequence[PlannedTable], joint: Joint) -> PlannedTable:
    fields = {name: field for table in tables for name, field in table.fields.items()}
    return replace(tables[0], axes=joint.axes, fields=dict(sorted(fields.items())))


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


def _together_to_json(one: Together) -> Json:
    return {
        "numbers": list(one.numbers),
        "crossed": _table_to_json(one.crossed),
        "joint": one.joint.to_json(),
    }


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
        "places": dict(sorted(domain.places.items())),
    }
