"""Spending over time, as a drawing: steps that only go up, under the line that is never crossed.

Everything is in the units of an SVG of 720 by 300. The drawing holds no colour and no style: the
style sheet has those, so that it follows the reader's contrast. Beside it the page has the same
figures as a table, which is what a screen reader reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import groupby

from corridor.node.reading_room import SpendingPoint

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 18, 34
TICKS = 5
MOST_STEPS = 400
"""A finer line than the drawing has pixels for only makes the page long."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    value: Fraction | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws.

    Attributes:
        line: the path of what was spent; `area` the same, closed.
        limit: the height of the allowance, where it is in the picture.
    """

    line: str
    area: str
    limit: float | None
    amounts: Sequence[Tick]
    days: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Month:
    """What was spent in a month, how often, and in all until its end."""

    first: date
    count: int
    rho: Fraction
    total: Fraction


def months(points: Sequence[SpendingPoint]) -> Sequence[Month]:
    """The same by month, the last one first."""
    found = []
    for first, group in groupby(points, lambda one: one.at.astimezone(UTC).date().replace(day=1)):
        alike = list(group)
        spent = sum((one.rho for one in alike), Fraction(0))
        found.append(Month(first, len(alike), spent, alike[-1].total))
    return found[::-1]


def draw(points: Sequence[SpendingPoint], allowance: Fraction, now: datetime) -> Chart | None:
    """The drawing; none before anything was spent."""
    if not points:
        return None
    begin = min(points[0].at, now)
    end = max(points[-1].at, now)
    seconds = max((end - begin).total_seconds(), 1.0)
    total = points[-1].total
    # The allowance shows how near the end is; where it is far away, what was spent must be seen.
    highest = allowance if allowance <= 5 * total else total
    highest = max(highest, total)
    top = _round_up(highest)

    def across(moment: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (moment - begin).total_seconds() / seconds, 1)

    def up(rho: Fraction) -> float:
        share = float(rho / top) if top else 0.0
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    steps = [f"M{LEFT} {up(Fraction(0))}"]
    stride = -(-len(points) // MOST_STEPS)
    steps += [f"H{across(one.at)}V{up(one.total)}" for one in (*points[::stride], points[-1])]
    steps.append(f"H{WIDTH - RIGHT}")
    line = "".join(steps)
    quarter = (end - begin) / (TICKS - 1)
    days = [begin + quarter * number for number in range(TICKS)]
    return Chart(
        line=line,
        area=f"{line}V{up(Fraction(0))}Z",
        limit=up(allowance) if allowance <= top else None,
        amounts=[Tick(up(top * n / 4), top * n / 4) for n in range(5)],
        days=_each_once([Tick(across(one), one.date()) for one in days]),
    )


def _each_once(days: Sequence[Tick]) -> Sequence[Tick]:
    """Without days that stand there already: a history of hours has fewer days than marks."""
    return [
        one for place, one in enumerate(days) if place == 0 or one.value != days[place - 1].value
    ]


def _round_up(value: Fraction) -> Fraction:
    """A round number above: 1, 2 or 5 times a power of ten."""
    if not value:
        return Fraction(1)
    power = Fraction(1)
    while power < value:
        power *= 10
    while power / 10 >= value:
        power /= 10
    return next(one for one in (power / 5, power / 2, power) if one >= value)
