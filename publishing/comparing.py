"""Compares groups of cells (corridors, above all): which is larger, by how much, since when.

    compare([group, …])               every pair: difference, ratio, a sentence
    compare([…], earlier=[…])         besides, how each changed since another release
    (a table with an axis of time)    how each changed from period to period

**Sentences.** What the data say stands in one of a few sentences (`Verdict`), as its key with the
values in it, so that pages say it in their own language; `Sentence.text` says it in English.

**All differences at once.** With twelve corridors there are 66 differences; at 95 % each, three of
them would mislead in every comparison of equals. So they hold *together* with at least 95 %: each
at 1 − 0.05/66 (Bonferroni). The union bound needs nothing to be known of how noises hang together;
Šidák's inequality would gain less than 0.5 % of the width, and Tukey's range rests on equal and
independent noise, which cells of jointly counted tables do not have. The same is done for the
changes, as a family of their own, and for the ratios: Fieller's set for a ratio leaves out 1 where,
and only where, the interval of the difference leaves out 0, so both always say the same.

**What they know of.** The noise alone. That more persons were found on a route is certain then;
that there was more trafficking is another question (`Note.DETECTED`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations, pairwise
from typing import TypeAlias

from corridor.errors.comparing import ComparisonError
from corridor.privacy.normal import quantile_above
from corridor.privacy.ratios import fieller
from corridor.privacy.reliability import Reliability
from corridor.publishing.groups import (
    MOST_GROUPS,
    Estimate,
    Group,
    Spread,
    spread_of_difference,
)

FALSE_ALARM = Fraction(1, 20)
"""How often one of a family of intervals may miss."""

Values: TypeAlias = Mapping[str, str | float]


class Verdict(StrEnum):
    """What the data say of two figures; the value is the sentence's key."""

    LARGER = "larger"
    NOT_APART = "not_apart"
    TOO_UNCERTAIN = "too_uncertain"
    ROSE = "rose"
    FELL = "fell"
    NO_CHANGE_SEEN = "no_change_seen"
    CHANGE_TOO_UNCERTAIN = "change_too_uncertain"


class Note(StrEnum):
    """What one must know to read a comparison; the value is the note's key."""

    DETECTED = "detected"
    TOGETHER = "together"
    WIDER = "wider"
    SAME_SERIES = "same_series"
    MENTIONS = "mentions"
    OTHER_CONDITIONS = "other_conditions"
    OVERLAP = "overlap"

    @property
    def text(self) -> str:
        """For people, in English."""
        return _NOTES[self]


_NOTES = {
    Note.DETECTED: (
        "detected is not prevalence: a rise may be better identification; the intervals know of "
        "the noise alone"
    ),
    Note.TOGETHER: "all differences hold together with 95 %, and so do all changes",
    Note.WIDER: (
        "how the noise of two tables of one answer hangs together is not told, so their "
        "difference's interval is the widest that it can be"
    ),
    Note.SAME_SERIES: (
        "releases of one series hold the same noise in part, which these intervals take account of"
    ),
    Note.MENTIONS: "a person counts in several cells, so figures are of mentions",
    Note.OTHER_CONDITIONS: "the figures were counted under different conditions",
    Note.OVERLAP: "groups share cells, whose noise is in both",
}

_SENTENCES = {
    Verdict.LARGER: "The data tell them apart: {larger} is larger than {smaller} by {by}.",
    Verdict.NOT_APART: (
        "{first} and {second} cannot be told apart: the difference lies between {low} and {high}."
    ),
    Verdict.TOO_UNCERTAIN: "{first} and {second} are too uncertain to be compared.",
    Verdict.ROSE: "{name} rose from {start} to {end} by {by}.",
    Verdict.FELL: "{name} fell from {start} to {end} by {by}.",
    Verdict.NO_CHANGE_SEEN: (
        "No change of {name} from {start} to {end} can be told: it lies between {low} and {high}."
    ),
    Verdict.CHANGE_TOO_UNCERTAIN: (
        "{name} is too uncertain in {start} and {end} for a change to be told."
    ),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the closed set, and what stands in it.

    Attributes:
        values: names, and the ends `low` and `high` of an interval; `high` ≥ `low`.
    """

    key: Verdict
    values: Values

    @property
    def text(self) -> str:
        """For people, in English."""
        words: dict[str, str] = {
            name: value if isinstance(value, str) else "" for name, value in self.values.items()
        }
        low, high = self.values.get("low"), self.values.get("high")
        if isinstance(low, float) and isinstance(high, float):
            words["low"], words["high"] = ends_in_words(low, high)
            words["by"] = f"{words['low']} to {words['high']}"
        return _SENTENCES[self.key].format(**words)

    def to_json(self) -> dict[str, object]:
        """The sentence for programs."""
        return {"key": self.key.value, "values": dict(self.values), "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number with its interval at the level of its family."""

    value: float
    low: float
    high: float

    @property
    def leaves_out_zero(self) -> bool:
        """Whether it is wholly above or below 0."""
        return self.low * self.high > 0

    def to_json(self) -> dict[str, float]:
        """The number for programs."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of those that are compared: its name, where it stands, its figure."""

    label: str
    release: str
    when: str
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two sides beside each other.

    Attributes:
        first, second: places of the sides.
        difference: of the first minus the second; None where one has no estimate.
        ratio: of the first to the second; None where the second may be nothing.
    """

    first: int
    second: int
    difference: Interval | None
    ratio: Interval | None
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one side changed from one period or release to another.

    Attributes:
        side: its place.
        ratio: of the later figure to the earlier one; None where the earlier may be nothing.
    """

    side: int
    start: str
    end: str
    difference: Interval | None
    ratio: Interval | None
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the data say of several groups."""

    sides: tuple[Side, ...]
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    notes: tuple[Note, ...]

    def to_json(self) -> dict[str, object]:
        """The comparison for programs."""
        return {
            "sides": [
                {
                    "label": one.label,
                    "release_id": one.release,
                    "when": one.when,
                    **one.estimate.to_json(),
                }
                for one in self.sides
            ],
            "differences": [
                {"first": one.first, "second": one.second, **_found(one)}
                for one in self.differences
            ],
            "changes": [
                {"side": one.side, "start": one.start, "end": one.end, **_found(one)}
                for one in self.changes
            ],
            "notes": [{"key": one.value, "text": one.text} for one in self.notes],
        }


def _found(one: Difference | Change) -> dict[str, object]:
    return {
        "difference": None if one.difference is None else one.difference.to_json(),
        "ratio": None if one.ratio is None else one.ratio.to_json(),
        "sentence": one.sentence.to_json(),
    }


def compare(groups: Sequence[Group], *, earlier: Sequence[Group] = ()) -> Comparison:
    """What the data say of these groups.

    Args:
        groups: of one release or of several.
        earlier: the same groups in another release, in the same order; or none.

    Raises:
        ComparisonError: fewer than two figures, too many, or figures of different kinds.
    """
    _check(groups, earlier)
    pairs = list(combinations(range(len(groups)), 2))
    moves = _moves(groups, earlier)
    used: list[Spread] = []
    differences = []
    for first, second in pairs:
        one, other = groups[first], groups[second]
        spread = spread_of_difference(one, other)
        used.append(spread)
        found = _Beside(one, other, spread, _level(len(pairs)))
        differences.append(
            Difference(
                first=first,
                second=second,
                difference=found.difference,
                ratio=found.ratio,
                sentence=_of_pair(one, other, found),
            )
        )
    changes = []
    for side, (start, before), (end, after) in moves:
        spread = spread_of_difference(after, before)
        used.append(spread)
        found = _Beside(after, before, spread, _level(len(moves)))
        changes.append(
            Change(
                side=side,
                start=start,
                end=end,
                difference=found.difference,
                ratio=found.ratio,
                sentence=_of_change(groups[side].label, start, end, found),
            )
        )
    return Comparison(
        sides=tuple(map(_side, groups)),
        differences=tuple(differences),
        changes=tuple(changes),
        notes=_notes([*groups, *earlier], used),
    )


def _check(groups: Sequence[Group], earlier: Sequence[Group]) -> None:
    if len(groups) > MOST_GROUPS:
        raise ComparisonError(f"{len(groups)} groups", f"name at most {MOST_GROUPS}")
    if earlier and len(earlier) != len(groups):
        raise ValueError("each group has one earlier figure, or none has")
    measures = {group.table.measure for group in (*groups, *earlier)}
    if len(measures) > 1:
        raise ComparisonError(
            f"figures of different kinds ({', '.join(sorted(measures))})", "take one kind"
        )
    if len(groups) < 2 and not _moves(groups, earlier):
        raise ComparisonError(
            "a single figure", "name several groups with ; between them, or an earlier release"
        )


Moment = tuple[str, Group]


def _moves(groups: Sequence[Group], earlier: Sequence[Group]) -> list[tuple[int, Moment, Moment]]:
    """Each side's changes: since the earlier release, and from period to period of its table."""
    moves: list[tuple[int, Moment, Moment]] = []
    for side, group in enumerate(groups):
        if earlier:
            before = earlier[side]
            then, now = before.placed.origin, group.placed.origin
            same_day = then.when == now.when
            names = [f"{one.when} ({one.release})" if same_day else one.when for one in (then, now)]
            moves.append((side, (names[0], before), (names[1], group)))
        else:
            moves += [(side, start, end) for start, end in pairwise(group.along())]
    return moves


class _Beside:
    """Two figures beside each other, at the level of their family."""

    def __init__(self, one: Group, other: Group, spread: Spread, quantile: float) -> None:
        self.estimates = one.estimate(), other.estimate()
        self.difference: Interval | None = None
        self.ratio: Interval | None = None
        over, under = one.value, other.value
        if over is None or under is None:
            return
        margin = quantile * spread.deviation
        value = over - under
        self.difference = Interval(value=value, low=value - margin, high=value + margin)
        if one.table.lowest != 0 or one.table.measure == "mean":
            return  # of what may be negative, and of means, a ratio says little
        a, b = one.spread().variance, other.spread().variance
        found = fieller(over, under, a, b, (a + b - spread.variance) / 2, quantile)
        if found is not None and under > 0:
            low = max(0.0, found.low)
            self.ratio = Interval(value=max(0.0, found.value), low=low, high=max(low, found.high))

    @property
    def says_nothing(self) -> bool:
        """Whether neither is a figure, and their difference is none."""
        if self.difference is None:
            return True
        marks = {one.reliability for one in self.estimates}
        return marks == {Reliability.UNCERTAIN} and not self.difference.leaves_out_zero


def _of_pair(one: Group, other: Group, found: _Beside) -> Sentence:
    names: dict[str, str | float] = {"first": one.label, "second": other.label}
    if found.says_nothing or found.difference is None:
        return Sentence(Verdict.TOO_UNCERTAIN, names)
    low, high = found.difference.low, found.difference.high
    if not found.difference.leaves_out_zero:
        return Sentence(Verdict.NOT_APART, {**names, "low": low, "high": high})
    larger, smaller = (one.label, other.label) if low > 0 else (other.label, one.label)
    ends = {"low": min(abs(low), abs(high)), "high": max(abs(low), abs(high))}
    return Sentence(Verdict.LARGER, {"larger": larger, "smaller": smaller, **ends})


def _of_change(name: str, start: str, end: str, found: _Beside) -> Sentence:
    names: dict[str, str | float] = {"name": name, "start": start, "end": end}
    if found.says_nothing or found.difference is None:
        return Sentence(Verdict.CHANGE_TOO_UNCERTAIN, names)
    low, high = found.difference.low, found.difference.high
    if not found.difference.leaves_out_zero:
        return Sentence(Verdict.NO_CHANGE_SEEN, {**names, "low": low, "high": high})
    ends = {"low": min(abs(low), abs(high)), "high": max(abs(low), abs(high))}
    return Sentence(Verdict.ROSE if low > 0 else Verdict.FELL, {**names, **ends})


def _side(group: Group) -> Side:
    origin = group.placed.origin
    return Side(
        label=group.label, release=origin.release, when=origin.when, estimate=group.estimate()
    )


def _level(many: int) -> float:
    """The quantile at which so many intervals hold together."""
    return float(quantile_above(FALSE_ALARM / max(1, many)))


def _notes(groups: Sequence[Group], used: Sequence[Spread]) -> tuple[Note, ...]:
    tables = [group.table for group in groups]
    conditions = {table.title.partition("; ")[2] for table in tables}
    origins = {group.placed.origin for group in groups}
    in_series = [one.in_series.series for one in origins if one.in_series is not None]
    cells = [
        (origin.release, origin.number, cell)
        for group in groups
        for origin in (group.placed.origin,)
        for cell in group.cells
    ]
    said = {
        Note.DETECTED: True,
        Note.TOGETHER: len(used) > 1,
        Note.WIDER: any(one.is_bound for one in used),
        Note.SAME_SERIES: len(in_series) > len(set(in_series)),
        Note.MENTIONS: any(table.max_cells > 1 for table in tables),
        Note.OTHER_CONDITIONS: len(conditions) > 1,
        Note.OVERLAP: len(cells) > len(set(cells)),
    }
    return tuple(note for note, holds in said.items() if holds)


def ends_in_words(low: float, high: float) -> tuple[str, str]:
    """An interval rounded outward, with the digits that its width warrants.

    What is wholly above 0 does not end at 0 for want of a digit.
    """
    width = high - low
    decimals = 0 if width >= 20 else 1 if width >= 2 else 2
    while low > 0 and math.floor(low * 10**decimals) == 0 and decimals < 2:
        decimals += 1
    down = math.floor(low * 10**decimals + 1e-9) / 10**decimals
    up = math.ceil(high * 10**decimals - 1e-9) / 10**decimals
    return _written(down, decimals), _written(up, decimals)


def _written(value: float, decimals: int) -> str:
    text = f"{value + 0.0:,.{decimals}f}"
    return text.replace(",", " ").replace("-", "−")
