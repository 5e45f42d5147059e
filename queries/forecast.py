"""What a question would cost and how exact it would be, before anything is spent.

Computed from the charter, the plan, ρ (or a margin) and how many nodes would take part; no data
is touched, so forecasts are free. Margins are for all participants present at the end (s = r), when
most noise is superfluous and comes off. If some drop out, each of the others keeps more of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np

from corridor.privacy.accuracy import central_variance, margin_95
from corridor.privacy.conversion import epsilon
from corridor.privacy.rho import Rho
from corridor.protocols.charter import Charter
from corridor.protocols.secure_sum.messages import AttemptParameters, Scope
from corridor.queries.answers import block_step, decode_answer, joint_noise, title_of
from corridor.queries.catalogue import Derivation
from corridor.queries.domains import Domains
from corridor.queries.parameters import (
    attempt_parameters,
    country_parameters,
    noise_ratio,
    planned_noise,
)
from corridor.queries.plan import BlockKind, Plan, PlannedTable
from corridor.queries.standing import widest_spreads


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForecast:
    """One table of a forecast.

    Attributes:
        margin: 95 % half-width of a cell, where cells differ the widest; of a mean, of its count.
        usual_margin, central_margin: of most of its cells, and what a trusted curator's would be.
    """

    title: str
    cells: int
    max_cells: int
    margin: Fraction
    usual_margin: Fraction
    central_margin: Fraction

    def to_json(self) -> dict[str, object]:
        """The table for programs."""
        return {
            "title": self.title,
            "cells": self.cells,
            "max_cells": self.max_cells,
            "margin": float(self.margin),
            "usual_margin": float(self.usual_margin),
            "central_margin": float(self.central_margin),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What an attempt would cost and give.

    Attributes:
        rho: what every participating node's ledger would be debited with.
        epsilon, delta: the same, shown in the other currency.
        rho_regional, epsilon_regional: for a person known to as many nodes as the charter says.
        rho_alone: the worst case that everybody else colludes.
        ratio: RMSE over that of a trusted curator with the same ρ.
    """

    rho: Rho
    epsilon: float
    delta: Fraction
    rho_regional: Rho
    epsilon_regional: float
    rho_alone: Rho
    nodes_per_person: int
    participants: int
    dropouts: int
    colluders: int
    cells: int
    ratio: float
    tables: tuple[TableForecast, ...]
    parameters: AttemptParameters

    def to_json(self) -> dict[str, object]:
        """The forecast for programs; exact amounts as fractions, shown ones as numbers."""
        return {
            "rho": str(self.rho.value),
            "epsilon": self.epsilon,
            "delta": str(self.delta),
            "rho_regional": str(self.rho_regional.value),
            "epsilon_regional": self.epsilon_regional,
            "rho_alone": float(self.rho_alone.value),
            "nodes_per_person": self.nodes_per_person,
            "participants": self.participants,
            "dropouts": self.dropouts,
            "colluders": self.colluders,
            "cells": self.cells,
            "ratio": self.ratio,
            "tables": [table.to_json() for table in self.tables],
        }


def forecast(
    plan: Plan,
    domains: Domains,
    charter: Charter,
    rho: Rho,
    participants: int,
    *,
    scope: Scope = Scope.REGIONAL,
) -> Forecast:
    """What asking this with ρ would cost and give, with so many nodes.

    In scope per-country the margins are those of each country's own figure, and a person known to
    g nodes loses g·ρ: what each of them says has noise of its own, and losses of answers add up.
    Of a sum it is g²·ρ, since it moves by g·Δ under one noise.

    Raises:
        RhoOutOfRangeError, TooFewNodesError, MagnitudeTooLargeError, NoiseTooWideError: it could
            not be asked. Nothing was spent.
    """
    if scope is Scope.PER_COUNTRY:
        parameters, noises = country_parameters(charter, plan, rho), 1
        regional = Rho(charter.nodes_per_person * rho.value)
    else:
        parameters, noises = attempt_parameters(charter, plan, rho, participants), participants
        regional = rho.for_group(charter.nodes_per_person)
    return Forecast(
        rho=rho,
        epsilon=epsilon(rho, charter.delta),
        delta=charter.delta,
        rho_regional=regional,
        epsilon_regional=epsilon(regional, charter.delta),
        rho_alone=planned_noise(parameters).worst_case_rho(),
        nodes_per_person=charter.nodes_per_person,
        participants=participants,
        dropouts=parameters.dropouts,
        colluders=parameters.colluders,
        cells=plan.cells,
        ratio=_root(noise_ratio(parameters, noises, noises)),
        tables=tuple(_table_forecasts(domains, plan, rho, parameters)),
        parameters=parameters,
    )


def blank_tables(
    plan: Plan, domains: Domains, parameters: AttemptParameters
) -> list[dict[str, object]]:
    """The tables of an answer in which nothing was counted, with the margins of the coming one.

    As a release has them, with everybody present at the end. Not of a series, whose answers are put
    together of several.
    """
    many = parameters.roster_size
    sums = np.zeros(plan.entries, dtype=np.int64)
    return decode_answer(plan, domains, parameters, many, sums, reduced=many).to_json()


def _table_forecasts(
    domains: Domains, plan: Plan, rho: Rho, parameters: AttemptParameters
) -> Iterator[TableForecast]:
    """Of every table that an answer has."""
    if plan.turn is None:
        for number in range(len(plan.tables)):
            yield _table_forecast(number, domains, plan, rho, parameters)
        return
    (table,) = plan.tables
    noise = parameters.left_variance(parameters.roster_size, parameters.roster_size)
    noise /= 1 << 2 * parameters.scale_bits
    curators = central_variance(rho, plan.sensitivity_squared)
    newly, so_far = widest_spreads(plan.turn.series)
    for spread, words in (
        (newly, f"counted first in one {plan.turn.every}"),
        (so_far, f"counted in all {plan.turn.periods} periods"),
    ):
        margin = margin_95(spread * noise)
        yield TableForecast(
            title=title_of(table, domains, words),
            cells=table.cells,
            max_cells=table.max_cells,
            margin=margin,
            usual_margin=margin,
            central_margin=margin_95(spread * curators),
        )


def _table_forecast(
    number: int, domains: Domains, plan: Plan, rho: Rho, parameters: AttemptParameters
) -> TableForecast:
    table = plan.tables[number]
    noise = parameters.left_variance(parameters.roster_size, parameters.roster_size)
    curators = central_variance(rho, plan.sensitivity_squared)
    kind = BlockKind.COUNT
    if (found := plan.place_together(number)) is None:
        block = next((b for b in table.blocks if b.kind is kind), table.blocks[0])
        kind, step = block.kind, block_step(block, parameters.scale_bits)
        margin = usual = margin_95(noise * step**2, step)
        central_margin = margin_95(curators * Fraction(1, block.factor) ** 2, step)
    else:
        added = joint_noise(*found, scale_bits=parameters.scale_bits, variance=noise).variances
        margin, usual = margin_95(max(added.amounts)), margin_95(added.usual)
        curator = joint_noise(*found, scale_bits=0, variance=curators).variances
        central_margin = margin_95(curator.usual)
    return TableForecast(
        title=title_of(table, domains),
        cells=table.cells,
        max_cells=table.max_cells,
        margin=margin,
        usual_margin=usual,
        central_margin=central_margin,
    )


def how_to_hold_more(table: PlannedTable) -> str:
    """What makes the cells of a table hold more persons each, for people."""
    names = {axis.domain.field.derivation for axis in table.axes}
    if Derivation.MONTH in names:
        return "ask by year or quarter in place of month"
    if Derivation.QUARTER in names:
        return "ask by year in place of quarter"
    if any(axis.bands for axis in table.axes):
        return (
            "ask for wider bands (medians and quantiles are read from many of them, and are more "
            "exact than each), or group by fewer fields"
        )
    if len(table.axes) > 1:
        return "group by fewer fields"
    return "ask under fewer conditions"


def _root(value: Fraction) -> float:
    """√value to four decimals, rounded up."""
    scaled = value * 10**8
    root = isqrt(scaled.numerator // scaled.denominator)
    return (root + 1) / 10**4 if root * root != scaled else root / 10**4
