"""Differences hold together with 95 %, and a series in which nothing changes raises no alarm.

Noise comes from the sampler that nodes use, and is put together as releases are. A claim is tested
with a false-alarm rate ≤ 10⁻⁹, and has a twin in which something is a little wrong.
"""

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import comb, log, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corridor.privacy.discrete_gaussian import sample
from corridor.privacy.normal import NORMAL_95, quantile_above
from corridor.privacy.rho import Rho
from corridor.publishing.alerting import FALSE_ALARM as OF_SERIES
from corridor.publishing.alerting import alerts_of
from corridor.publishing.comparing import Comparison, compare
from corridor.publishing.groups import (
    find_group,
    parse_groups,
    placed_tables,
    spread_of_difference,
)
from corridor.publishing.tables import tables_of
from corridor.queries.answers import decode_answer
from corridor.queries.builder import RegionQuestions, together
from corridor.queries.parameters import attempt_parameters
from corridor.queries.plan import compile_plan
from support.noise_laws import FALSE_ALARM
from support.releases import make_release
from support.series_releases import CHARTER, DOMAINS, NODES, measure, plan_of, releases_of

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

REPETITIONS = 3000
WORDS = "gender=Feminine;gender=Masculine;gender=NonConforming;gender=unknown"


def stray(draws: int) -> float:
    """How far a share of so many draws strays with chance ≤ 10⁻⁹."""
    return sqrt(log(2 / FALSE_ALARM) / (2 * draws))


@cache
def comparisons() -> list[Comparison]:
    """Of four groups of a table that is counted with two others, in which nobody is."""
    ask = RegionQuestions(DOMAINS).persons
    sides = (("gender",), ("minor",), ("gender", "minor"))
    plan = compile_plan(together(*(ask.by(*fields).count() for fields in sides)), DOMAINS)
    assert plan.together
    parameters = attempt_parameters(CHARTER, plan, Rho(Fraction(1, 50)), NODES)
    generator = np.random.default_rng(11)
    component = parameters.levels[0].variance
    found = []
    for _ in range(REPETITIONS):
        noise = sum(
            (sample(component, plan.size, generator.bytes) for _ in range(NODES)),
            np.zeros(plan.size, np.int64),
        )
        answer = decode_answer(plan, DOMAINS, parameters, NODES, plan.sent(noise), reduced=NODES)
        tables = placed_tables(make_release(tables=answer.to_json()))
        groups = [find_group(tables, wanted) for wanted in parse_groups(WORDS)]
        found.append(compare(groups))
    return found


def test_all_differences_hold_together_with_95_per_cent() -> None:
    together_held, each_held = 0, 0
    narrower = float(NORMAL_95) / 2.638  # one difference's own 95 %, not six together
    for one in comparisons():
        off = []
        for pair in one.differences:
            assert pair.difference is not None
            half = (pair.difference.high - pair.difference.low) / 2
            off.append(abs(pair.difference.value) / half)
        together_held += max(off) <= 1
        each_held += max(off) <= narrower
    held = together_held / REPETITIONS
    assert held > 0.95 - stray(REPETITIONS) / 2
    assert held < 0.995
    # The twin: without taking all six together, equals would be told apart far too often.
    assert each_held / REPETITIONS < 0.95 - stray(REPETITIONS)


def test_equals_are_told_apart_in_no_more_than_5_of_100_comparisons() -> None:
    alarms = sum(
        any(pair.sentence.key == "larger" for pair in one.differences) for one in comparisons()
    )
    assert alarms <= most_of(REPETITIONS, 0.05)


def most_of(draws: int, chance: float) -> int:
    """Above it, so many successes of a chance so large come up once in 10⁹ times."""
    left = 1.0
    for successes in range(draws + 1):
        term = comb(draws, successes) * Fraction(chance) ** successes
        left -= float(term * (1 - Fraction(chance)) ** (draws - successes))
        if left <= FALSE_ALARM:
            return successes
    return draws


# ---------------------------------------------------------------- alerts

SQL = "SELECT gender, age_band, COUNT(DISTINCT person) FROM persons GROUP BY gender, age_band"
PERIODS, SERIES = 12, 300


def of_series(newly: NDArray[np.int64], generator: np.random.Generator) -> list[dict[str, Any]]:
    return releases_of(SQL, PERIODS, measure(SQL, PERIODS, newly, generator))


@cache
def cells() -> int:
    return plan_of(SQL, PERIODS, 1).entries


def independent_alarm(releases: list[dict[str, Any]]) -> bool:
    """The twin: as if the noise of two releases were independent."""
    quantile = float(quantile_above(OF_SERIES / (PERIODS - 2) / cells()))
    tables = [tables_of(one)[0] for one in releases]
    for before, after in pairwise(tables[1:]):
        assert before.covariances is not None
        assert after.covariances is not None
        deviation = sqrt(before.covariances[-1] + after.covariances[-1])
        change = np.array(after.values, float) - np.array(before.values, float)
        if np.abs(change).max() > quantile * deviation:
            return True
    return False


def test_a_series_in_which_nothing_changes_raises_no_alarm_in_its_life_with_95_per_cent() -> None:
    generator = np.random.default_rng(12)
    quiet = np.full((PERIODS, cells()), 50)
    quiet[0] = 3000
    alarms, twins = 0, 0
    for _ in range(SERIES):
        releases = of_series(quiet, generator)
        alarms += bool(alerts_of(releases))
        twins += independent_alarm(releases)
    assert alarms <= most_of(SERIES, 0.05)
    assert twins > most_of(SERIES, 0.05)


def test_of_the_alerts_few_are_false_and_a_change_that_is_there_is_found() -> None:
    generator = np.random.default_rng(13)
    newly = np.full((6, cells()), 50)
    newly[0] = 3000
    changed = set(range(0, cells(), 6))
    for cell in changed:
        newly[4:, cell] += 400
    shares, found, missed_intervals, intervals = [], 0, 0, 0
    for _ in range(120):
        releases = of_series(newly, generator)
        of_last = [one for one in alerts_of(releases) if one.start == "2027-03"]
        values = [cell.values for cell in tables_of(releases[-1])[0].cells()]
        true = [one for one in of_last if values.index(one.values) in changed]
        shares.append(1 - len(true) / len(of_last) if of_last else 0.0)
        found += len(true)
        intervals += len(of_last)
        missed_intervals += sum(not one.low < 400 < one.high for one in true)
    assert float(np.mean(shares)) < 0.05
    assert found > 0.9 * 120 * len(changed)
    assert missed_intervals <= 0.05 * intervals


def test_a_change_between_two_releases_of_a_series_is_covered_by_95_per_cent() -> None:
    generator = np.random.default_rng(14)
    newly = np.full((4, cells()), 50)
    off = []
    deviations = set()
    for _ in range(500):
        *_, third, fourth = of_series(newly, generator)
        before, after = (
            find_group(placed_tables(one), (("gender", ("Feminine",)), ("age_band", ("0-8",))), 1)
            for one in (third, fourth)
        )
        spread = spread_of_difference(after, before)
        apart = before.spread().variance + after.spread().variance
        deviations.add((spread.deviation, sqrt(apart)))
        values = [np.array(tables_of(one)[0].values, float) for one in (third, fourth)]
        off.append(np.abs(values[1] - values[0]))
    ((deviation, independent),) = deviations  # the same at any time
    errors = np.concatenate(off)
    z = float(NORMAL_95)
    assert abs(float((errors <= z * deviation).mean()) - 0.95) < stray(errors.size)
    # The twin: as if the two releases had nothing in common.
    assert float((errors <= z * independent).mean()) < 0.95 - stray(errors.size)
