"""Tables that are counted together, so that none pays again for what another one holds.

A dashboard asks for persons by year, by month, by gender, by gender and year: the same persons,
seen from several sides. Where such tables count persons over the same rows, each person once, they
are measured as the residuals of one workload (`privacy.residuals`), at less error for the same ρ,
and agree with each other.

    tables ── axes ─┬─ by year ─┐
                    ├─ by month ┴─ one hierarchy: everybody, years, months
                    └─ by gender ─ another one

**Whose cell.** A person with several cases may be in several cells of a table, and counts in one.
Tables that are counted together take the same row for that: of the cells of all their axes, each
at its finest, the one that `queries.choice` chooses. (Chosen by each table, totals would differ.)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import prod

from corridor.privacy.exponentials import root_below
from corridor.privacy.residuals import Hierarchy, Levels, Strategy, closure, plan_strategy
from corridor.protocols.canonical import Json
from corridor.queries.axes import Axis, parents_of

MOST_COMBINATIONS = 1 << 62
"""Cells of all axes together are numbered, and the number fits a word."""

MORE_FOR_AGREEMENT = Fraction(11, 10)
"""How much more variance tables may have, on the average, for agreeing with each other."""

MOST_RESIDUALS = 2_000
"""What a forecast may take to compile: every node does it before its policy has a say."""

_BITS = 64


@dataclass(frozen=True, slots=True)
class Joint:
    """A workload of tables of one plan.

    Attributes:
        axes: of each hierarchy the finest axis, by which a person's row is placed.
        strategy: what is measured of it.
        tables: for each table, which of the hierarchies its axes are, and at which level.
    """

    axes: tuple[Axis, ...]
    strategy: Strategy
    tables: tuple[tuple[tuple[int, int], ...], ...]

    def levels(self, table: int) -> Levels:
        """How finely the table is grouped by each hierarchy."""
        return self.strategy.levels_of(self.tables[table])

    def with_factors(self, factors: Sequence[int]) -> "Joint":
        """The same with other factors for its residuals."""
        residuals = zip(self.strategy.residuals, factors, strict=True)
        changed = tuple(replace(one, factor=factor) for one, factor in residuals)
        return replace(self, strategy=replace(self.strategy, residuals=changed))

    def to_json(self) -> Json:
        """All that the evaluation and the noise depend on, but for the axes."""
        return {
            "hierarchies": [
                [list(level) for level in one.parents] for one in self.strategy.hierarchies
            ],
            "residuals": [
                [list(one.levels), one.factor, self.strategy.cost(one.levels)]
                for one in self.strategy.residuals
            ],
            "tables": [[list(axis) for axis in one] for one in self.tables],
        }


def join(tables: Sequence[tuple[Axis, ...]]) -> tuple[Joint, tuple[Fraction, ...]] | None:
    """The tables with these axes as one workload, and what each residual is worth.

    None if each table by itself would be clearly better.
    """
    chains = _chains(tables)
    axes = tuple(chain[-1] for chain in chains)
    names = {axis.name for axis in axes}
    if not axes or prod(len(axis.values) for axis in axes) > MOST_COMBINATIONS:
        return None
    if len(names) < len(axes):
        return None  # one field in two ways that are not levels of each other
    hierarchies = tuple(_hierarchy(chain) for chain in chains)
    place = {
        _key(axis): (number, level)
        for number, chain in enumerate(chains)
        for level, axis in enumerate(chain, start=1)
    }
    grouped = tuple(tuple(place[_key(axis)] for axis in one) for one in tables)
    joint = Joint(axes, Strategy(hierarchies, ()), grouped)
    wanted: dict[Levels, Fraction] = {}
    for number, axes_of_table in enumerate(tables):
        levels = joint.levels(number)
        wanted[levels] = wanted.get(levels, Fraction(0)) + weight(axes_of_table)
    if len(closure(hierarchies, wanted)) > MOST_RESIDUALS:
        return None
    strategy, values = plan_strategy(hierarchies, wanted)
    if not _is_worth_it(strategy, values, map(weight, tables)):
        return None
    return replace(joint, strategy=strategy), values


def weight(axes: Iterable[Axis]) -> Fraction:
    """How much the mean variance of a table's cells counts beside that of others: √(its cells).

    The finer a table, the fewer persons a cell holds, and the more a margin of the same width
    hides. Weighing by cells, as is usual, would leave next to nothing for a total beside a matrix
    of corridors; weighing all alike leaves the matrix as it is.
    """
    return root_below(Fraction(prod(len(axis.values) for axis in axes)), _BITS)


def _is_worth_it(
    strategy: Strategy, values: Sequence[Fraction], weights: Iterable[Fraction]
) -> bool:
    """Whether Δ² times the summed variances is at most a tenth above the tables' by themselves.

    With the best factors these are (Σ √(value·cost))²; a table by itself costs 1. Nearly always it
    is far less; that the tables agree is worth a little where it is not.
    """
    costs = [strategy.cost(one.levels) for one in strategy.residuals]
    together = [root_below(value * cost, _BITS) for value, cost in zip(values, costs, strict=True)]
    alone = [root_below(one, _BITS) for one in weights]
    return sum(together) ** 2 <= MORE_FOR_AGREEMENT * sum(alone) ** 2


def _chains(tables: Sequence[tuple[Axis, ...]]) -> list[list[Axis]]:
    """The tables' axes, those that are levels of one hierarchy together, from coarse to fine."""
    axes: dict[object, Axis] = {_key(axis): axis for table in tables for axis in table}
    beside = {(_key(one), _key(other)) for table in tables for one in table for other in table}
    chains: list[list[Axis]] = []
    for axis in sorted(axes.values(), key=lambda one: -len(one.values)):
        for chain in chains:
            apart = all((_key(axis), _key(one)) not in beside for one in chain)
            if apart and parents_of(chain[0], axis) is not None:
                chain.insert(0, axis)
                break
        else:
            chains.append([axis])
    return chains


def _hierarchy(chain: Sequence[Axis]) -> Hierarchy:
    levels = [(0,) * len(chain[0].values)]
    for coarse, fine in pairwise(chain):
        parents = parents_of(fine, coarse)
        assert parents is not None  # noqa: S101 - `_chains` has looked
        levels.append(parents)
    return Hierarchy(tuple(levels))


def _key(axis: Axis) -> tuple[str, tuple[str, ...]]:
    """What tells axes apart under one `where`: the field, and whether it is recoded."""
    return axis.name, axis.values
