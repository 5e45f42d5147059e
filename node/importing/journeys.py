"""Events of a case → its legs in order, and its corridor.

Events are ordered by date where every event of the case has one, and else by what they are:
recruitment, transit, exploitation, unknown. The same event twice is one. A case without
events has a leg for each end that `vic_LocationOfRecruitment` and `vic_LocationOfExploitation`
tell. The corridor runs from the first recruitment with a country to the last exploitation
with one; where the events lack an end, the location field gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corridor.node import schema
from corridor.node.importing.edition import IMPORTED_LEGS
from corridor.node.importing.rows import Ints

Countries = npt.NDArray[np.uint16]
"""Shape (n,): the two letters of ISO 3166-1 as one number, in order; `NO_COUNTRY` for none."""

CaseNumbers = npt.NDArray[np.int32]
Types = npt.NDArray[np.int8]
Days = npt.NDArray[np.int32]
"""Shape (n,), days since 1970-01-01, or `NO_DAY`."""

NO_COUNTRY: Final = 0

TYPES: Final = ("Recruitment", "Transit", "Exploitation")
UNKNOWN_TYPE: Final = len(TYPES)
MOST_LEGS: Final = 1000
"""A case keeps so many legs; more are no journey, but a mistake."""

NO_DAY: Final = np.iinfo(np.int32).max
"""Stands for a day that is not known; sorts last."""


@dataclass(frozen=True, slots=True)
class Journeys:
    """Steps of journeys, one entry a step; sorted by case once they are `ordered`.

    Attributes:
        case: row of the case.
        type: index into `TYPES`, or `UNKNOWN_TYPE`.
        country: where.
        day: when.
    """

    case: CaseNumbers
    type: Types
    country: Countries
    day: Days

    def taken(self, rows: npt.NDArray[Any]) -> "Journeys":
        """Some of the steps."""
        return Journeys(self.case[rows], self.type[rows], self.country[rows], self.day[rows])

    def ordered(self) -> "Journeys":
        """Each case's steps in order, each once."""
        undated = np.unique(self.case[self.day == NO_DAY])
        by_date = ~np.isin(self.case, undated)
        first = np.where(by_date, self.day, self.type)
        second = np.where(by_date, self.type, self.day)
        steps = self.taken(np.lexsort((self.country, second, first, self.case)))
        same = np.zeros(len(steps.case), bool)
        same[1:] = (
            (steps.case[1:] == steps.case[:-1])
            & (steps.type[1:] == steps.type[:-1])
            & (steps.country[1:] == steps.country[:-1])
            & (steps.day[1:] == steps.day[:-1])
        )
        return steps.taken(~same)

    def positions(self) -> Ints:
        """The place of each step within its case, from 0; the steps are sorted by case."""
        starts = np.searchsorted(self.case, self.case, side="left")
        return np.arange(len(self.case)) - starts

    def first_country(self, of_type: int, cases: int) -> Countries:
        """For each of the cases, the country of its first step of a type."""
        return self._one_country(of_type, cases, last=False)

    def last_country(self, of_type: int, cases: int) -> Countries:
        """For each of the cases, the country of its last step of a type."""
        return self._one_country(of_type, cases, last=True)

    def _one_country(self, of_type: int, cases: int, *, last: bool) -> Countries:
        steps = self.taken((self.type == of_type) & (self.country != NO_COUNTRY))
        found = np.zeros(cases, np.uint16)
        # Of several assignments to one place numpy keeps the last.
        turned = slice(None) if last else slice(None, None, -1)
        found[steps.case[turned]] = steps.country[turned]
        return found

    def all_countries(self, of_type: int, cases: int) -> "pa.Array[Any]":
        """For each of the cases, the countries of its steps of a type, sorted, each once."""
        steps = self.taken((self.type == of_type) & (self.country != NO_COUNTRY))
        steps = steps.taken(np.lexsort((steps.country, steps.case)))
        new = np.ones(len(steps.case), bool)
        new[1:] = (steps.case[1:] != steps.case[:-1]) | (steps.country[1:] != steps.country[:-1])
        steps = steps.taken(new)
        offsets = np.searchsorted(steps.case, np.arange(cases + 1)).astype(np.int32)
        places = pa.array(offsets, pa.int32())
        lists = pa.ListArray.from_arrays(places, _plain_countries(steps.country))
        return lists.cast(schema.CASES.field("transit_in").type)

    def earliest_day(self, cases: int) -> Days:
        """For each of the cases, the day of its first event, or `NO_DAY`."""
        days = np.full(cases, NO_DAY, np.int32)
        np.minimum.at(days, self.case, self.day)
        return days

    def latest_day(self, cases: int) -> Days:
        """For each of the cases, the day of its last event, or `NO_DAY`."""
        days = np.full(cases, -NO_DAY, np.int32)
        known = self.taken(self.day != NO_DAY)
        np.maximum.at(days, known.case, known.day)
        days[days == -NO_DAY] = NO_DAY
        return days

    def to_table(self) -> pa.Table:
        """The steps as legs, each with the country of the step before."""
        position = self.positions()
        before = np.zeros(len(self.case), np.uint16)
        before[1:] = self.country[:-1]
        before[position == 0] = NO_COUNTRY
        return pa.table(
            [
                pa.array(self.case.astype(np.uint32)),
                pa.array(position.astype(np.int16)),
                coded_array(self.type, TYPES, blank=UNKNOWN_TYPE),
                country_array(before),
                country_array(self.country),
                day_array(self.day),
            ],
            schema=IMPORTED_LEGS,
        )


def with_locations(journeys: Journeys, recruited: Countries, exploited: Countries) -> Journeys:
    """The journeys, and for each case without one the ends that its location fields tell."""
    bare = np.ones(len(recruited), bool)
    bare[journeys.case] = False
    parts = [journeys]
    for of_type, country in ((0, recruited), (2, exploited)):
        cases = np.flatnonzero(bare & (country != NO_COUNTRY))
        parts.append(
            Journeys(
                cases.astype(np.int32),
                np.full(len(cases), of_type, np.int8),
                country[cases],
                np.full(len(cases), NO_DAY, np.int32),
            )
        )
    return Journeys(
        np.concatenate([part.case for part in parts]),
        np.concatenate([part.type for part in parts]),
        np.concatenate([part.country for part in parts]),
        np.concatenate([part.day for part in parts]),
    ).ordered()


def country_numbers(codes: Sequence[str]) -> Countries:
    """Countries, each of two letters, as numbers."""
    return np.frombuffer("".join(codes).encode("ascii"), ">u2").astype(np.uint16)


def country_array(countries: Countries) -> "pa.DictionaryArray[Any, Any]":
    """Countries as an Arrow dictionary; null where there is none."""
    different = np.flatnonzero(np.bincount(countries, minlength=1))
    different = different[different != NO_COUNTRY]
    codes = np.searchsorted(different, countries).astype(np.int32)
    codes[countries == NO_COUNTRY] = len(different)
    texts = [int(one).to_bytes(2, "big").decode("ascii") for one in different]
    return coded_array(codes, texts, blank=len(different))


def coded_array(
    codes: npt.NDArray[Any], texts: Sequence[str], *, blank: int
) -> "pa.DictionaryArray[Any, Any]":
    """For each code its text, as an Arrow dictionary; null for `blank`."""
    return pa.DictionaryArray.from_arrays(
        codes.astype(np.int32), pa.array(texts, pa.string()), mask=codes == blank
    )


def day_array(days: Days) -> "pa.Array[Any]":
    """Days since 1970-01-01 as Arrow dates; `NO_DAY` is null."""
    return pa.array(days, pa.int32(), mask=days == NO_DAY).cast(pa.date32())


def _plain_countries(countries: Countries) -> "pa.Array[Any]":
    found = country_array(countries)
    plain: pa.Array[Any] = found.dictionary.take(found.indices)
    return plain
