"""Releases of a standing series as the API gives them, put together of noise and true counts."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.rho import Rho
from corridor.protocols.secure_sum.messages import AttemptParameters
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Every, Turn
from corridor.queries.sql import parse_sql
from corridor.queries.standing import Measured, as_series, due, measured_by, named, standing_answer
from support.catalogue import catalogue
from support.charters import make_charter
from support.releases import make_release

NODES = 3
START = date(2026, 12, 1)
CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
RHO = Rho(Fraction(1, 10))


@cache
def plan_of(sql: str, periods: int, period: int) -> Plan:
    """The plan of one release of a monthly series."""
    turn = Turn(every=Every.MONTH, start=START, periods=periods, period=period)
    return compile_plan(as_series(parse_sql(sql, DOMAINS), turn), DOMAINS)


@cache
def parameters_of(sql: str, periods: int) -> AttemptParameters:
    """The numbers that all attempts of the series work with."""
    return attempt_parameters(CHARTER, plan_of(sql, periods, 1), RHO, NODES)


def measure(
    sql: str, periods: int, newly: NDArray[np.int64], generator: np.random.Generator
) -> list[Measured]:
    """What the releases measured: `newly` counted first by period and cell, and three shares."""
    parameters = parameters_of(sql, periods)
    (level,) = parameters.levels
    coefficients = plan_of(sql, periods, 1).turn
    assert coefficients is not None
    weights = coefficients.series.coefficients
    found = []
    for period in range(1, len(newly) + 1):
        true = np.array(weights[:period][::-1], np.int64) @ newly[:period]
        noise = sum(
            (sample(level.variance, newly.shape[1], generator.bytes) for _ in range(NODES)),
            np.zeros(newly.shape[1], np.int64),
        )
        sums = (true << parameters.scale_bits) + noise
        found.append(measured_by(sums, parameters, NODES, 0))
    return found


def releases_of(
    sql: str, periods: int, measured: Sequence[Measured], *, published: str | None = None
) -> list[dict[str, Any]]:
    """The releases, each made on the day on which it is due, or on the day named."""
    found = []
    for period in range(1, len(measured) + 1):
        plan = plan_of(sql, periods, period)
        turn = plan.turn
        assert turn is not None
        answer = standing_answer(plan, DOMAINS, measured[:period])
        on = due(turn).isoformat()
        found.append(
            make_release(
                id=f"{period:016x}",
                published_at=f"{published or on}T05:20:00Z",
                tables=answer.to_json(),
                series={
                    "id": "6570fee4410a50bb",
                    **turn.to_json(),
                    "named": named(turn, period),
                    "due": on,
                    "next_due": turn.begins(period + 2).isoformat(),
                },
            )
        )
    return found
