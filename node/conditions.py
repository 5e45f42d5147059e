"""Conditions on rows in the stored columns' own words, for an engine that is not ours to fill.

    In, Holds, …     what one column says (see each class)
    All, Any, Not    put together; All(()) holds always, Any(()) never

`evaluation.pushdown` says a plan's `where` in these words, and the store says them in Ibis
(`store.elsewhere`). Neither knows of the other. Logic has two values here as in
`queries.predicates`: where a column is null, what is asked of it does not hold.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class In:
    """The column's string is one of these."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """The column's list has one of these."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldsValueOf:
    """The column's list has the string of another column."""

    column: str
    other: str


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """The column's list has nothing in it."""

    column: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """The column says nothing."""

    column: str


@dataclass(frozen=True, slots=True)
class IsTrue:
    """The column is true."""

    column: str


@dataclass(frozen=True, slots=True)
class Equal:
    """Two columns have the same string."""

    column: str
    other: str


@dataclass(frozen=True, slots=True)
class Within:
    """The first of these columns that says something lies between; dates are days since 1970.

    Attributes:
        columns: whole numbers, or dates; the first that is not null counts.
        low, high: both inclusive; None is no end.
    """

    columns: tuple[str, ...]
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Apart:
    """One date is so many days after another: from `low` to `high`, None is no end."""

    later: str
    earlier: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds."""

    parts: "tuple[Condition, ...]"


Condition: TypeAlias = (
    In | Holds | HoldsValueOf | IsEmpty | IsNull | IsTrue | Equal | Within | Apart | Not | All | Any
)

ALWAYS = All(())
NEVER = Any(())
