"""Views: what is read from a released table without touching data again, so free at any time.

    Top(10)                          the ten largest cells, and how certain their order is
    ShareOf(gender, {Feminine})      how much of each row is that
    RatioOf(gender, a, b)            how many of the one for each of the other
    Change(year, 2023, 2025)         the difference between two periods
    Trend(year)                      by how much it rises from period to period
    Quantile(1/2)                    the median, of a histogram

A view is no part of a question: what nodes compute, and what it costs, is the same without it. SQL
may name views (`queries.sql`), whoever has a release may take any (`corridor results`), and the
numbers come from `publishing.views`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from corridor.errors.questions import ViewError

MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Top:
    """The largest cells."""

    count: int

    def __post_init__(self) -> None:
        """Refuse none, and too many."""
        if not 1 <= self.count <= MOST_SHOWN:
            raise ViewError(f"the {self.count} largest cells", f"name 1 to {MOST_SHOWN} of them")


@dataclass(frozen=True, slots=True)
class ShareOf:
    """How much of all has one of these values of a grouping."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RatioOf:
    """How many there are of one value for each one of another."""

    field: str
    over: str
    under: str


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two periods; without them, between each and the one before."""

    field: str
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """The slope of the straight line through all periods."""

    field: str


@dataclass(frozen=True, slots=True)
class Quantile:
    """The number below which this part of a histogram lies; 1/2 is the median."""

    level: Fraction

    def __post_init__(self) -> None:
        """Refuse what has no quantile."""
        if not 0 < self.level < 1:
            raise ViewError(f"a quantile of {self.level}", "name one between 0 and 1, as 0.9")


View: TypeAlias = Top | ShareOf | RatioOf | Change | Trend | Quantile


def view_to_json(view: View) -> dict[str, object]:
    """The view for programs."""
    match view:
        case Top(count):
            return {"view": "top", "count": count}
        case ShareOf(field, values):
            return {"view": "share", "field": field, "values": list(values)}
        case RatioOf(field, over, under):
            return {"view": "ratio", "field": field, "over": over, "under": under}
        case Change(field, start, end):
            return {"view": "change", "field": field, "start": start, "end": end}
        case Trend(field):
            return {"view": "trend", "field": field}
        case Quantile(level):
            return {"view": "quantile", "level": str(level)}


def view_from_json(document: Mapping[str, Any]) -> View:
    """The view that `view_to_json` wrote.

    Raises:
        ViewError: it is none.
    """
    try:
        match document["view"]:
            case "top":
                return Top(int(document["count"]))
            case "share":
                return ShareOf(str(document["field"]), tuple(map(str, document["values"])))
            case "ratio":
                return RatioOf(*(str(document[key]) for key in ("field", "over", "under")))
            case "change":
                start, end = document["start"], document["end"]
                return Change(
                    str(document["field"]),
                    None if start is None else str(start),
                    None if end is None else str(end),
                )
            case "trend":
                return Trend(str(document["field"]))
            case "quantile":
                return Quantile(Fraction(str(document["level"])))
            case _:
                pass
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        pass
    raise ViewError("what was said of a view", "it is none of those that this version knows")


def parse_share(text: str) -> ShareOf:
    """`gender=Feminine` or `age_band=0-8,9-17`.

    Raises:
        ViewError: another form.
    """
    field, equals, values = text.partition("=")
    chosen = tuple(part.strip() for part in values.split(",") if part.strip())
    if not equals or not field.strip() or not chosen:
        raise ViewError(f"a share of {text[:40]!r}", "write it as gender=Feminine")
    return ShareOf(field.strip(), chosen)


def parse_ratio(text: str) -> RatioOf:
    """`gender=Feminine/Masculine`.

    Raises:
        ViewError: another form.
    """
    match = re.fullmatch(r"\s*([^=/]+?)\s*=\s*([^=/]+?)\s*/\s*([^=/]+?)\s*", text)
    if match is None:
        raise ViewError(f"a ratio of {text[:40]!r}", "write it as gender=Feminine/Masculine")
    return RatioOf(match[1], match[2], match[3])


def parse_change(text: str) -> Change:
    """`year`, or `year=2023..2025`.

    Raises:
        ViewError: another form.
    """
    match = re.fullmatch(r"\s*(\w+)\s*(?:=\s*([\w-]+)\s*\.\.\s*([\w-]+)\s*)?", text)
    if match is None:
        raise ViewError(f"a change of {text[:40]!r}", "write it as year or year=2023..2025")
    return Change(match[1], match[2], match[3])


def parse_quantile(text: str) -> Quantile:
    """`0.9`, `9/10`, `90 %` or `median`.

    Raises:
        ViewError: another form, or not between 0 and 1.
    """
    words = text.strip().lower()
    if words == "median":
        return Quantile(Fraction(1, 2))
    match = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,6}|/[0-9]{1,4})?)\s*(%?)", words)
    try:
        level = Fraction(match[1]) / (100 if match[2] else 1) if match else Fraction(0)
    except ZeroDivisionError:
        level = Fraction(0)
    if not 0 < level < 1:
        raise ViewError(f"a quantile of {text[:40]!r}", "write it as 0.9, 9/10, 90 % or median")
    return Quantile(level)
