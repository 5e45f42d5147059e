"""Regions that differ by persons: who may be there, who else is, and what is asked of both.

A *canary* is a person made to be seen: alone in some cells. Many of them share one region, each
there by a coin of their own, so that one attempt tells of thousands (Steinke, Nasr & Jagielski
2023). Where a person may touch everybody's cells there is one canary, and many attempts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
from numpy.typing import NDArray

from corridor.ids import CountryCode
from corridor.protocols.charter import Ceilings, Charter
from corridor.queries.catalogue import UNKNOWN, Source
from corridor.queries.domains import make_domains
from corridor.queries.plan import compile_plan
from corridor.queries.predicates import all_of
from corridor.queries.question import (
    CountPersons,
    Measure,
    Question,
    Sum,
    TableQuestion,
    make_question,
)
from support.catalogue import catalogue
from support.charters import make_charter
from support.editions import Case, key_of

AGES = {"0-8": 4, "9-17": 12, "18-20": 19, "21-23": 22, "24-26": 25, "27-29": 28, "30-38": 33}
"""Bands, and an age in each."""

MEMBERS = tuple(map(CountryCode, ("MD", "NE", "RO", "UA")))
"""r = 4, of which one may collude and one may drop out: h = 2 honest shares carry the promise."""

HONEST_SHARES = 2

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Canary:
    """One person, by all their cases.

    Attributes:
        cells: where nobody else can be; None for all of them.
    """

    cases: tuple[Case, ...]
    cells: Ints | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What an audit asks, and of whom.

    Attributes:
        reach: Δ², worked out by whoever wrote the canaries, not by the code that is audited.
    """

    charter: Charter
    question: Question
    rho: Fraction
    reach: int
    canaries: Sequence[Canary]
    background: Sequence[Case] = ()
    attempts: int = 6


def charter_with(countries: int) -> Charter:
    """A charter of the four members that tells so many countries apart."""
    charter = make_charter(countries=MEMBERS, failed_attempts_per_day=1000)
    others = [country for country in sorted(catalogue().country_names) if country not in MEMBERS]
    known = sorted([*MEMBERS, *others[: countries - len(MEMBERS)]])
    ceilings = Ceilings(rho_per_question=Fraction(1), cells=1 << 20, persons_per_node=1_000_000)
    return replace(charter, countries=tuple(map(CountryCode, known)), ceilings=ceilings)


def one_table(source: Source, measure: Measure, group_by: Sequence[str], m: int) -> Question:
    """A question of one table about everybody."""
    return make_question(
        TableQuestion(
            source=source,
            measure=measure,
            where=all_of(()),
            group_by=tuple(group_by),
            max_cells=m,
            max_rows=1,
        )
    )


def people_in_a_matrix(rho: Fraction, attempts: int = 6) -> Neighbours:
    """A canary for nearly every cell of a table, each with two cases that are both in it.

    A person counts once in their cell, whatever the cases: Δ² = 1.
    """
    charter = charter_with(16)
    asked = one_table(
        Source.CORRIDORS,
        CountPersons(),
        ("age_band", "exploited_in", "gender", "recruited_in"),
        m=1,
    )
    cells = _Numbering(asked, charter)
    canaries = []
    for origin, to, gender, (band, age) in product(
        charter.countries, charter.countries, cells.known("gender"), AGES.items()
    ):
        values = {"recruited_in": origin, "exploited_in": to, "prs_Gender": gender}
        where = cells.number(recruited_in=origin, exploited_in=to, gender=gender, age_band=band)
        canaries.append(_canary(2 * [values | {"vic_AgeWhenTrafficked": age}], [where]))
    return Neighbours(charter, asked, rho, reach=1, canaries=canaries, attempts=attempts)


def journeys(rho: Fraction, attempts: int = 6) -> Neighbours:
    """Canaries with eight legs in as many cells, of which m = 3 count: Δ² = 3."""
    charter = charter_with(26)
    asked = one_table(
        Source.LEGS, CountPersons(), ("age_band", "gender", "leg_from", "leg_to"), m=3
    )
    cells = _Numbering(asked, charter)
    canaries = []
    for origin, gender, (band, age), first in product(
        charter.countries,
        cells.known("gender"),
        AGES.items(),
        range(0, len(charter.countries) - 7, 8),
    ):
        reached = charter.countries[first : first + 8]
        values = {"prs_Gender": gender, "vic_AgeWhenTrafficked": age}
        legs = [{"leg_from": origin, "leg_to": to} for to in reached]
        where = [
            cells.number(leg_from=origin, leg_to=to, gender=gender, age_band=band) for to in reached
        ]
        canaries.append(_canary([values], where, legs))
    return Neighbours(charter, asked, rho, reach=3, canaries=canaries, attempts=attempts)


def summed_ages(rho: Fraction, attempts: int = 4) -> Neighbours:
    """Canaries aged 61 in a sum that clamps every age to 21: Δ² = 21²."""
    charter = charter_with(12)
    asked = one_table(
        Source.CORRIDORS, Sum("age", 0, 21), ("exploited_in", "gender", "recruited_in", "year"), m=1
    )
    cells = _Numbering(asked, charter)
    canaries = []
    for origin, to, gender, year in product(
        charter.countries, charter.countries, cells.known("gender"), cells.known("year")
    ):
        values = {
            "recruited_in": origin,
            "exploited_in": to,
            "prs_Gender": gender,
            "vic_AgeWhenTrafficked": 61,
            "referred_on": date(int(year), 7, 1),
        }
        where = cells.number(recruited_in=origin, exploited_in=to, gender=gender, year=year)
        canaries.append(_canary([values], [where]))
    return Neighbours(charter, asked, rho, reach=21**2, canaries=canaries, attempts=attempts)


def one_among_many(rho: Fraction, attempts: int = 100) -> Neighbours:
    """One person and 1 500 others with journeys through the same cells, of which m = 1 counts."""
    charter = charter_with(16)
    asked = one_table(Source.LEGS, CountPersons(), ("leg_from", "leg_to"), m=1)
    chance = Random(20261130)
    background = [
        Case(
            f"person {number}",
            f"case {number}",
            legs=[
                {"leg_from": "MD", "leg_to": to} for to in chance.sample(charter.countries[:-1], 12)
            ],
        )
        for number in range(1500)
    ]
    # The key that comes first of all: whoever numbers people by it moves everybody by one.
    first = min((f"canary {number}" for number in range(10_000)), key=key_of)
    last = charter.countries[-1]
    canary = Canary((Case(first, "case", legs=[{"leg_from": last, "leg_to": last}]),), None)
    return Neighbours(
        charter, asked, rho, reach=1, canaries=[canary], background=background, attempts=attempts
    )


class _Numbering:
    """The cells of a question's one table, by what its axes say."""

    def __init__(self, asked: Question, charter: Charter) -> None:
        plan = compile_plan(asked, make_domains(catalogue(), charter))
        self._axes = plan.tables[0].axes
        self._shape = [len(axis.values) for axis in self._axes]

    def number(self, **values: str) -> int:
        places = [axis.values.index(values[axis.name]) for axis in self._axes]
        return int(np.ravel_multi_index(places, self._shape))

    def known(self, name: str) -> list[str]:
        (axis,) = (axis for axis in self._axes if axis.name == name)
        return [value for value in axis.values if value != UNKNOWN]


def _canary(
    rows: Sequence[Mapping[str, object]],
    cells: Sequence[int],
    legs: Sequence[Mapping[str, object]] = (),
) -> Canary:
    name = f"alone in {cells[0]}"
    cases = [Case(name, f"{name}, case {turn}", row, legs) for turn, row in enumerate(rows)]
    return Canary(tuple(cases), np.array(cells))
