"""The margins of a standing series cover what they say, with noise as the nodes draw it."""

from datetime import date
from fractions import Fraction
from math import log, sqrt

import numpy as np
import pytest

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.rho import Rho
from corridor.queries.domains import make_domains
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Every, Turn
from corridor.queries.sql import parse_sql
from corridor.queries.standing import Measured, as_series, measured_by, standing_answer
from support.catalogue import catalogue
from support.charters import make_charter
from support.noise_laws import FALSE_ALARM

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

NODES, PERIODS = 3, 36
CHARTER = make_charter()
DOMAINS = make_domains(catalogue(), CHARTER)
QUESTION = parse_sql(
    "SELECT month, age_band, gender, recruited_in, COUNT(*) FROM persons "
    "GROUP BY month, age_band, gender, recruited_in",
    DOMAINS,
)


def plan_of(period: int) -> Plan:
    turn = Turn(every=Every.MONTH, start=date(2026, 12, 1), periods=PERIODS, period=period)
    return compile_plan(as_series(QUESTION, turn), DOMAINS)


def test_a_margin_of_a_series_covers_95_per_cent_of_the_cells_in_every_release() -> None:
    plan = plan_of(1)
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(3, 100)), NODES)
    (level,) = parameters.levels
    generator = np.random.default_rng(7)
    measured: list[Measured] = []
    draws, covered, with_less = 0, 0, 0
    for period in range(1, PERIODS + 1):
        noise = np.zeros(plan.entries, np.int64)
        for _ in range(NODES):
            noise += sample(level.variance, plan.entries, generator.bytes)
        measured.append(measured_by(noise, parameters, NODES, 0))
        if period not in (1, 12, PERIODS):
            continue
        for table in standing_answer(plan_of(period), DOMAINS, measured).tables:
            off = np.abs(table.figures.steps * float(table.figures.step))
            margin = float(table.figures.margin_of(0))
            share = float((off <= margin).mean())
            assert 0.945 < share < 0.955, (period, table.title)
            draws, covered = draws + off.size, covered + int((off <= margin).sum())
            with_less += int((off <= margin * sqrt((NODES - 1) / NODES)).sum())
    stray = sqrt(log(2 / FALSE_ALARM) / (2 * draws))
    assert draws > 300_000
    assert abs(covered / draws - 0.95) < stray + 0.001
    # The twin: margins for one share of noise less.
    assert with_less / draws < 0.95 - 3 * stray
