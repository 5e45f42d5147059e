"""Which figures may be shown as figures: reliable, to be used with caution, too uncertain.

Statistical offices decide this by the coefficient of variation, CV = standard error / estimate.
Corridor takes the thresholds of Statistics Canada's release guidelines for its household surveys
(used in its Canadian Community Health Survey and many others), which differ little from those of
other offices (12 % and 40 % for the American Community Survey, 25 % and 50 % at the ABS):

    CV ≤ 16.5 %     reliable            no mark           A
    CV ≤ 33.3 %     use with caution    `E` over there    E
    above           too uncertain       `F` over there    F

A margin is 1.96 standard errors, rounded up. So with the thresholds rounded inward: a figure is
reliable if its margin is at most 32 % of it, and to be used with caution up to 65 %. What cannot be
negative and is estimated at 0 or below is always too uncertain.

**Many cells.** By that alone a cell of nobody is shown if its noise exceeds three standard
deviations, once in about 740 such cells: of a matrix of 60 000 cells that is eighty figures about
nothing. So in a table of N cells a figure must besides be above zero by the margin of *all cells at
once* (`privacy.accuracy`): its margin may be 1.96/z of it, z at P(|N(0, 1)| > z) = 0.05/N, which
is less than 65 % from 20 cells on (50 % for 500, 40 % for 60 000). Then, with 97.5 %, no cell of
nobody is shown as a figure in the whole table.

**Shares** are judged by their interval, as the US National Center for Health Statistics does
(Parker et al. 2017, "Data Presentation Standards for Proportions"): up to 5 points wide it is
reliable, from 30 points on too uncertain, in between as above; estimated at 0 or below, always too
uncertain.

Post-processing; floats are good enough.
"""

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import isfinite

from corridor.privacy.normal import NORMAL_95, quantile_above

RELIABLE_UP_TO = 0.32
"""Margin over value: 16.5 % · 1.96 = 32.3 %."""

CAUTION_UP_TO = 0.65
"""Margin over value: 33.3 % · 1.96 = 65.3 %."""


SHARE_RELIABLE_UP_TO = 0.05
SHARE_UNCERTAIN_FROM = 0.30
"""Widths of a share's interval."""


class Reliability(Enum):
    """How a figure may be used; the value is its letter in documents for programs."""

    RELIABLE = "A"
    CAUTION = "E"
    UNCERTAIN = "F"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Reliability.RELIABLE: "reliable",
    Reliability.CAUTION: "use with caution",
    Reliability.UNCERTAIN: "too uncertain",
}


@lru_cache(maxsize=64)
def caution_up_to(cells: int) -> float:
    """Margin over value up to which a figure is shown in a table of so many cells."""
    at_once = quantile_above(Fraction(1, 20) / max(1, cells))
    return min(CAUTION_UP_TO, float(NORMAL_95 / at_once))


def reliability(
    value: float | None, margin: float | None, *, may_be_negative: bool = False, cells: int = 1
) -> Reliability:
    """How an estimate with this 95 % half-width may be used.

    Args:
        value: None where there is no estimate.
        margin: its 95 % half-width.
        may_be_negative: whether true values can be.
        cells: how many the table has that it stands in.
    """
    if value is None or margin is None or not isfinite(margin):
        return Reliability.UNCERTAIN
    size = abs(value) if may_be_negative else value
    if size <= 0 or margin > caution_up_to(cells) * size:
        return Reliability.UNCERTAIN
    return Reliability.RELIABLE if margin <= RELIABLE_UP_TO * size else Reliability.CAUTION


def share_reliability(value: float, low: float, high: float) -> Reliability:
    """How a share with this 95 % interval may be used.

    All three as estimated, not cut to what a share can be: an interval that reaches below 0 or
    above 1 is not the narrower for it.
    """
    width = high - low
    if value <= 0 or width >= SHARE_UNCERTAIN_FROM:
        return Reliability.UNCERTAIN
    if width <= SHARE_RELIABLE_UP_TO:
        return Reliability.RELIABLE
    return reliability(value, width / 2)


def letters(
    values: Sequence[float | None],
    margins: Sequence[float | None],
    *,
    may_be_negative: bool = False,
) -> str:
    """A letter for each cell, for programs: a million cells are a million characters."""
    return "".join(
        reliability(value, margin, may_be_negative=may_be_negative, cells=len(values)).value
        for value, margin in zip(values, margins, strict=True)
    )
