"""Answers: from the decoded sum to tables with margins, without touching data again.

    decode_answer(plan, parameters, survivors, sums) → Answer ── tables ── AnswerTable

A released entry is a whole number n: the sum over the survivors of 2ᵏ·x plus noise. A count or
sum in the question's units is n·step, step = 1/(2ᵏ·factor), exact; its noise has step² times the
variance that is left in the sum, of which `margin` is the 95 % half-width. Beside the unbiased
values stand the nearest non-negative ones with the same total (`privacy.postprocess`); neither is
ever mixed with the other. Sums of cells (a row's or column's total) come from the unbiased values,
and their noise adds up. Where a person may count in several cells, totals count them several times.

Tables that were counted together (`queries.joint`) are put together from what was measured: every
figure is an estimate from all of it, in millionths, and figures agree: a total is the sum of its
parts in whatever table it stands. Cells of one table may differ in variance, and their noise does
not add up as if it were independent; `JointNoise` knows how it does.

A mean is the quotient of two noisy numbers, S/N. Its interval is the delta method's: with
independent noises of variance v_S and v_N the quotient R has about (v_S + R²·v_N)/N². That is an
approximation, fair only where N is far from 0; so where N is below twice its margin there is no
mean. It is shown clamped to the bounds that every person's value was clamped to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.accuracy import margin_95
from corridor.privacy.postprocess import non_negative
from corridor.privacy.reliability import letters
from corridor.privacy.residuals import Strategy, Variances
from corridor.protocols import canonical
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.queries.axes import Axis
from corridor.queries.catalogue import Band, DomainKind
from corridor.queries.domains import Domains
from corridor.queries.joint import Joint
from corridor.queries.plan import Block, BlockKind, Plan, PlannedTable
from corridor.queries.predicates import (
    AllOf,
    Among,
    AnyOf,
    Between,
    Not,
    Predicate,
)
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Sum,
    measure_to_json,
)

Steps = NDArray[np.int64]

FINEST = Fraction(1, 1_000_000)
"""The step of figures that were put together: all that is lost by rounding to it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An unbiased number with the half-width of its 95 % interval."""

    value: Fraction
    margin: Fraction


@dataclass(frozen=True, slots=True)
class AnswerAxis:
    """One grouping for people: its values in the order of the cells, and their labels.

    Attributes:
        bands: of a histogram's axis, for each value but `unknown` its ends; no end is None.
    """

    name: str
    label: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    bands: tuple[tuple[int, int | None], ...] = ()

    def to_json(self) -> dict[str, object]:
        """The axis for programs."""
        document: dict[str, object] = {
            "name": self.name,
            "label": self.label,
            "values": list(self.values),
            "labels": list(self.labels),
        }
        return document | ({"bands": [list(ends) for ends in self.bands]} if self.bands else {})


class Noise(Protocol):
    """What is known of the noise in a table's figures; in the question's units, squared."""

    @property
    def spacing(self) -> Fraction | None:
        """The distance between the values that a figure can take; None if there is no such."""

    @property
    def variances(self) -> Variances:
        """Of every cell, shaped like the table."""

    def covariances(self) -> Sequence[Fraction] | None:
        """Of two cells, by the axes they agree on (`privacy.covariance`); None if not so simply."""

    def variance_of_all(self) -> Fraction:
        """Of the sum of all cells."""

    def variances_along(self, axis: int) -> Sequence[Fraction]:
        """For each value of an axis, of the sum of its cells."""


@dataclass(frozen=True, slots=True)
class EvenNoise:
    """Independent noise of one width in every cell.

    Attributes:
        variance: of a cell.
        spacing: None where figures were put together of several.
        shape: how many values the table's axes have.
    """

    variance: Fraction
    spacing: Fraction | None
    shape: tuple[int, ...]

    @property
    def variances(self) -> Variances:
        """The same for every cell."""
        return Variances(np.broadcast_to(np.int64(0), self.shape), (self.variance,))

    def covariances(self) -> Sequence[Fraction]:
        """Cells have nothing in common."""
        return [Fraction(0)] * ((1 << len(self.shape)) - 1) + [self.variance]

    def variance_of_all(self) -> Fraction:
        """Independent variances add up."""
        return self.variance * prod(self.shape)

    def variances_along(self, axis: int) -> Sequence[Fraction]:
        """Independent variances add up."""
        cells = prod(self.shape) // self.shape[axis]
        return (self.variance * cells,) * self.shape[axis]


@dataclass(frozen=True, slots=True)
class JointNoise:
    """The noise of a table that was put together from what several share.

    Attributes:
        strategy: what was measured.
        axes: for each axis of the table, which of the strategy's hierarchies and which level.
        unit: the variance of the noise in one entry of x that the sum stands for.
    """

    strategy: Strategy
    axes: tuple[tuple[int, int], ...]
    unit: Fraction
    spacing: None = None

    @property
    def variances(self) -> Variances:
        """Cells differ where families of siblings do."""
        return self._variances(self.axes)

    def covariances(self) -> Sequence[Fraction] | None:
        """Known where all values of each axis are siblings: years, not months of several years."""
        if any(level > 1 for _, level in self.axes):
            return None
        return [self.unit * one for one in _joint_covariances(self.strategy, self.axes)]

    def variance_of_all(self) -> Fraction:
        """The sum is the estimate of the total."""
        return self._variances(()).amounts[0]

    def variances_along(self, axis: int) -> Sequence[Fraction]:
        """The sum for each value is the estimate for that value."""
        found = self._variances((self.axes[axis],))
        return [found.amounts[kind] for kind in found.kind.tolist()]

    def _variances(self, axes: tuple[tuple[int, int], ...]) -> Variances:
        found = _joint_variances(self.strategy, axes)
        return replace(found, amounts=tuple(self.unit * one for one in found.amounts))


@lru_cache(maxsize=64)
def _joint_variances(strategy: Strategy, axes: tuple[tuple[int, int], ...]) -> Variances:
    """The variances of a table with these axes, shaped like it."""
    found = strategy.variances(strategy.levels_of(axes))
    return replace(found, kind=_ordered(found.kind, axes))


@lru_cache(maxsize=64)
def _joint_covariances(
    strategy: Strategy, axes: tuple[tuple[int, int], ...]
) -> tuple[Fraction, ...]:
    """Bit i of a place says whether two cells agree on the i-th axis; every level is 1."""
    return tuple(
        strategy.covariance(
            strategy.levels_of(axes),
            frozenset(one for place, (one, _) in enumerate(axes) if mask >> place & 1),
        )
        for mask in range(1 << len(axes))
    )


def _ordered(table: NDArray[Any], axes: tuple[tuple[int, int], ...]) -> NDArray[Any]:
    """A table of a strategy with its dimensions in the order of the axes, and no others."""
    first = [hierarchy for hierarchy, _ in axes]
    others = [place for place in range(table.ndim) if place not in first]
    turned = table.transpose(*first, *others)
    return np.ascontiguousarray(turned.reshape(turned.shape[: len(first)]))


@dataclass(frozen=True, slots=True)
class Figures:
    """The released numbers of one block, in units of `step`.

    Attributes:
        steps: whole numbers, shaped like the axes.
        step: what one of them is worth in the question's units.
        noise: what is in them besides.
    """

    steps: Steps
    step: Fraction
    noise: Noise

    @property
    def margin(self) -> Fraction | None:
        """The 95 % half-width of every cell; None where they differ."""
        margins = {self._margin(variance) for variance in self.noise.variances.amounts}
        return margins.pop() if len(margins) == 1 else None

    def margin_of(self, cell: int) -> Fraction:
        """The 95 % half-width of a cell."""
        return self._margin(self.variance_of(cell))

    def margins(self) -> list[Fraction]:
        """The 95 % half-widths of all cells."""
        found = self.noise.variances
        margins = [self._margin(variance) for variance in found.amounts]
        return [margins[kind] for kind in found.kind.reshape(-1).tolist()]

    def variance_of(self, cell: int) -> Fraction:
        """Of the noise in a cell."""
        found = self.noise.variances
        return found.amounts[int(found.kind.flat[cell])]

    def value(self, cell: int) -> Fraction:
        """The unbiased value of a cell."""
        return int(self.steps.flat[cell]) * self.step

    def total(self) -> Estimate:
        """The sum of all cells."""
        return self._estimate(int(self.steps.sum()), self.noise.variance_of_all())

    def totals_along(self, axis: int) -> tuple[Estimate, ...]:
        """For each value of an axis the sum of its cells."""
        others = tuple(place for place in range(self.steps.ndim) if place != axis)
        sums = self.steps.sum(axis=others).tolist()
        variances = self.noise.variances_along(axis)
        return tuple(self._estimate(*one) for one in zip(sums, variances, strict=True))

    def covariances(self) -> list[float] | None:
        """How the cells' noise hangs together (`privacy.covariance`); None if not so simply."""
        found = self.noise.covariances()
        return None if found is None else list(map(float, found))

    def non_negative(self) -> NDArray[np.float64]:
        """The nearest values that are not negative and have the same total."""
        return non_negative(self.steps) * float(self.step)

    def _estimate(self, steps: int, variance: Fraction) -> Estimate:
        return Estimate(steps * self.step, self._margin(variance))

    def _margin(self, variance: Fraction) -> Fraction:
        return margin_95(variance, self.noise.spacing)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One cell, for tables in a terminal or a file.

    Attributes:
        value, margin: None where there is no mean.
        non_negative: None for means, and for sums that may be negative.
    """

    values: tuple[str, ...]
    labels: tuple[str, ...]
    value: Fraction | None
    margin: Fraction | None
    non_negative: float | None


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """One table of an answer.

    Attributes:
        planned: the table as it was compiled.
        title: for people, as in `Persons by gender; year 2020–2024`.
        figures: the counts or sums; of a mean its sums.
        counts: of a mean its counts; None otherwise.
    """

    planned: PlannedTable
    title: str
    axes: tuple[AnswerAxis, ...]
    figures: Figures
    counts: Figures | None

    @property
    def may_be_negative(self) -> bool:
        """Whether true values can be below 0."""
        measure = self.planned.measure
        return isinstance(measure, Sum | Mean) and measure.low < 0

    def mean(self, cell: int) -> Estimate | None:
        """The mean in a cell, if enough persons are in it; see the module's docstring."""
        measure = self.planned.measure
        if self.counts is None or not isinstance(measure, Mean):
            return None
        count = self.counts.value(cell)
        if count <= 0 or count < 2 * self.counts.margin_of(cell):
            return None
        quotient = self.figures.value(cell) / count
        of_sum, of_count = self.figures.variance_of(cell), self.counts.variance_of(cell)
        variance = (of_sum + quotient**2 * of_count) / count**2
        clamped = min(max(quotient, Fraction(measure.low)), Fraction(measure.high))
        return Estimate(clamped, margin_95(variance))

    def rows(self) -> Iterator[AnswerRow]:
        """Every cell, in order."""
        shown = None
        if self.counts is None and not self.may_be_negative:
            shown = self.figures.non_negative().reshape(-1)
        margin = self.figures.margin
        margins = [] if margin is not None or self.counts is not None else self.figures.margins()
        labels = [dict(zip(axis.values, axis.labels, strict=True)) for axis in self.axes]
        for cell in range(self.planned.cells):
            values = self.planned.values_of(cell)
            estimate: Estimate | None = self.mean(cell)
            if self.counts is None:
                own = margins[cell] if margin is None else margin
                estimate = Estimate(self.figures.value(cell), own)
            yield AnswerRow(
                values,
                tuple(names[value] for names, value in zip(labels, values, strict=True)),
                None if estimate is None else estimate.value,
                None if estimate is None else estimate.margin,
                None if shown is None else float(shown[cell]),
            )

    def to_json(self) -> dict[str, object]:
        """The table for programs: lists run over cells, the last axis fastest.

        `steps` × `step` are the exact unbiased values (of a mean, of its sums), `values` the same
        as decimal numbers (of a mean, the means; null where there is none); `reliability` has a
        letter for each (`privacy.reliability`).
        """
        document: dict[str, object] = {
            "title": self.title,
            "source": self.planned.source.value,
            "measure": measure_to_json(self.planned.measure),
            "max_cells": self.planned.max_cells,
            "max_rows": self.planned.max_rows,
            "axes": [axis.to_json() for axis in self.axes],
            "step": canonical.fraction_text(self.figures.step),
            "steps": self.figures.steps.reshape(-1).tolist(),
            "may_be_negative": self.may_be_negative,
        }
        figures = self._figures_to_json() if self.counts is None else self._means()
        return document | figures | {"reliability": self._letters(figures)}

    def _figures_to_json(self) -> dict[str, Any]:
        # Column by column: a million cells must not become a million small objects.
        flat = self.figures.steps.reshape(-1)
        shown = None
        if not self.may_be_negative:
            shown = np.round(self.figures.non_negative().reshape(-1), 3).tolist()
        margin = self.figures.margin
        return {
            "values": (flat * float(self.figures.step)).tolist(),
            "margin": None if margin is None else float(margin),
            "margins": None if margin is not None else list(map(float, self.figures.margins())),
            "non_negative": shown,
            "totals": self._totals(),
            "covariances": self.figures.covariances(),
        }

    def _means(self) -> dict[str, Any]:
        assert self.counts is not None  # noqa: S101 - the one caller has looked
        means = [self.mean(cell) for cell in range(self.planned.cells)]
        return {
            "values": [None if mean is None else float(mean.value) for mean in means],
            "margin": None,
            "margins": [None if mean is None else float(mean.margin) for mean in means],
            "non_negative": None,
            "totals": None,
            "covariances": None,
            "count_step": canonical.fraction_text(self.counts.step),
            "count_steps": self.counts.steps.reshape(-1).tolist(),
        }

    def _letters(self, figures: Mapping[str, Any]) -> str:
        values = figures["values"]
        margins = figures["margins"] or [figures["margin"]] * len(values)
        return letters(values, margins, may_be_negative=self.may_be_negative)

    def _totals(self) -> dict[str, object]:
        totals: dict[str, object] = {"all": _estimate_to_json(self.figures.total())}
        if len(self.axes) > 1:
            for place, axis in enumerate(self.axes):
                totals[axis.name] = [
                    _estimate_to_json(one) for one in self.figures.totals_along(place)
                ]
        return totals


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question is answered with.

    Attributes:
        survivors: how many shares of noise are in it.
    """

    tables: tuple[AnswerTable, ...]
    survivors: int

    def to_json(self) -> list[dict[str, object]]:
        """The tables for programs, in the question's order."""
        return [table.to_json() for table in self.tables]


def decode_answer(
    plan: Plan,
    domains: Domains,
    parameters: AttemptParameters,
    survivors: int,
    sums: Sequence[int] | Steps,
    *,
    reduced: int,
) -> Answer:
    """The answer that the sums of so many survivors stand for.

    Args:
        plan: what was asked.
        domains: for labels.
        parameters: of the attempt; the scale and the levels of noise count.
        survivors: s, how many shares were summed.
        sums: the signed, unmasked sum, of the plan's `entries`.
        reduced: of how many of them the superfluous noise was taken off.

    Raises:
        ValueError: the sums are not of this plan.
    """
    steps = np.asarray(sums, dtype=np.int64)
    if steps.shape != (plan.entries,):
        raise ValueError(f"{steps.size} sums for a plan of {plan.entries}")
    noise = parameters.left_variance(survivors, reduced)
    put_together: dict[int, Figures] = {}
    for together, where in plan.parts_sent():
        for place, number in enumerate(together.numbers):
            one = joint_noise(together.joint, place, parameters.scale_bits, noise)
            put_together[number] = _put_together(one, steps[where], parameters.scale_bits)
    return Answer(
        tuple(
            _table(
                table,
                domains,
                {BlockKind.COUNT: put_together[number]}
                if number in put_together
                else _figures(table, parameters.scale_bits, noise, steps),
            )
            for number, table in enumerate(plan.tables)
        ),
        survivors,
    )


def joint_noise(joint: Joint, table: int, scale_bits: int, variance: Fraction) -> JointNoise:
    """The noise in a table of what was counted together, where each entry of x has `variance`."""
    return JointNoise(joint.strategy, joint.tables[table], variance / (1 << 2 * scale_bits))


def _put_together(noise: JointNoise, measured: Steps, scale_bits: int) -> Figures:
    estimate = noise.strategy.put_together(noise.strategy.levels_of(noise.axes), measured)
    # 2ᵏ divides exactly, and one float is multiplied and rounded to one whole number.
    steps = np.rint(estimate / (1 << scale_bits) * FINEST.denominator).astype(np.int64)
    return Figures(_ordered(steps, noise.axes), FINEST, noise)


def block_step(block: Block, scale_bits: int) -> Fraction:
    """What one whole released step of the block is worth in the question's units."""
    return Fraction(1, block.factor << scale_bits)


def title_of(table: PlannedTable, domains: Domains, counted: str = "") -> str:
    """What the table shows, for people; `counted` says when, of a series."""
    words = _measured(table)
    if table.axes:
        words += " by " + " × ".join(_axis_words(axis, table.measure) for axis in table.axes)
    words += f", {counted}" if counted else ""
    condition = describe(table.where, table, domains)
    return f"{words}; {condition}" if condition else words


def _axis_words(axis: Axis, measure: Measure) -> str:
    words = _lower(axis.domain.field.label)
    if axis.bands and isinstance(measure, Histogram) and measure.width > 1:
        words += f" in bands of {measure.width}"
    return words


def _measured(table: PlannedTable) -> str:
    match table.measure:
        case CountPersons() | Histogram():
            return "Persons" if table.max_rows == 1 else "Rows"
        case Sum(field, low, high):
            return f"Sum of {_name(table, field)} ({low} to {high})"
        case Mean(field, low, high):
            return f"Mean of {_name(table, field)} ({low} to {high})"


def describe(predicate: Predicate, table: PlannedTable, domains: Domains) -> str:
    """The condition in words; empty if there is none."""
    match predicate:
        case Among(name, values):
            field = table.fields[name].field
            domain = table.fields[name].values
            places = [place for place, value in enumerate(domain) if value in values]
            labels = [domains.label(field, domain[place]) for place in places]
            if field.kind is DomainKind.TIME and 1 < len(places) == places[-1] - places[0] + 1:
                return f"{_name(table, name)} {labels[0]} to {labels[-1]}"
            shown = ", ".join(labels[:6]) + (" …" if len(labels) > 6 else "")
            return f"{_name(table, name)} {shown}"
        case Between(name, low, high):
            return f"{_name(table, name)} {low} to {high}"
        case Not(part):
            return f"not ({describe(part, table, domains)})"
        case AllOf(parts):
            return "; ".join(describe(part, table, domains) for part in parts)
        case AnyOf(parts):
            return "(" + " or ".join(describe(part, table, domains) for part in parts) + ")"


def _figures(
    table: PlannedTable, scale_bits: int, noise: Fraction, steps: Steps
) -> dict[BlockKind, Figures]:
    shape = tuple(len(axis.values) for axis in table.axes)
    figures = {}
    for block in table.blocks:
        step = block_step(block, scale_bits)
        entries = steps[block.offset : block.offset + table.cells].reshape(shape)
        figures[block.kind] = Figures(entries, step, EvenNoise(noise * step**2, step, shape))
    return figures


def make_table_of_counts(
    table: PlannedTable, domains: Domains, figures: Figures, counted: str
) -> AnswerTable:
    """A table of persons with these figures; its title says when they were counted."""
    made = _table(table, domains, {BlockKind.COUNT: figures})
    return replace(made, title=title_of(table, domains, counted))


def _table(
    table: PlannedTable, domains: Domains, figures: Mapping[BlockKind, Figures]
) -> AnswerTable:
    is_mean = isinstance(table.measure, Mean)
    axes = tuple(_axis(axis, domains) for axis in table.axes)
    first = next(iter(figures))
    counts = figures[BlockKind.COUNT] if is_mean else None
    return AnswerTable(table, title_of(table, domains), axes, figures[first], counts)


def _axis(axis: Axis, domains: Domains) -> AnswerAxis:
    bands = {band.name: band for band in axis.bands}
    labels = [
        _band_label(bands[value]) if value in bands else domains.label(axis.domain.field, value)
        for value in axis.values
    ]
    ends = tuple((band.low, band.high) for band in axis.bands)
    return AnswerAxis(axis.name, axis.domain.field.label, axis.values, tuple(labels), ends)


def _band_label(band: Band) -> str:
    if band.high is None:
        return f"{band.low} and over"
    return f"{band.low}" if band.low == band.high else f"{band.low}–{band.high}"


def _name(table: PlannedTable, alias: str) -> str:
    return _lower(table.fields[alias].field.label)


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def _estimate_to_json(estimate: Estimate) -> dict[str, float]:
    return {"value": float(estimate.value), "margin": float(estimate.margin)}
