"""The question: what an analyst asks, as one value with one canonical form and one hash.

    Question ── tables ── TableQuestion(source, where, group_by, measure, max_cells, max_rows)
    measure  ── CountPersons | Sum(field, low, high) | Mean(field, low, high)
             ── Histogram(field, low, high, width), of which medians and quantiles are read
    series   ── Turn(every, start, periods, period): one release of a standing series

Whichever face it comes through (SQL, the Python builder, an indicator), the same meaning gives
the same bytes: fields by alias, groupings and values sorted, conditions in normal form
(`queries.predicates`), bounds always written out, tables sorted and none twice. `COUNT(*)` and
`COUNT(DISTINCT person)` are the same question, since a person counts once per cell when b = 1.

The bytes come to nodes from a coordinator that nobody has to believe. `parse_question` takes
nothing but the canonical form, within limits of size and depth; that fields and values exist
is checked by `queries.plan`, which knows the domains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from corridor.errors.canonical import NotCanonicalError
from corridor.errors.questions import MalformedQuestionError
from corridor.ids import Digest
from corridor.privacy.continual import MOST_PERIODS, Series
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.protocols.fields import Fields
from corridor.queries import predicates
from corridor.queries.catalogue import Source
from corridor.queries.predicates import (
    EVERYBODY,
    AllOf,
    Among,
    AnyOf,
    Between,
    Not,
    Predicate,
)

MOST_BYTES = 1 << 18
MOST_DEPTH = 12
MOST_PARTS = 256
MOST_VALUES = 4_000
MOST_TABLES = 16
MOST_GROUPINGS = 6
MOST_CELLS_PER_PERSON = 64
MOST_ROWS_PER_CELL = 64
MOST_BANDS = 4_000
LARGEST_BOUND = 1_000_000


@dataclass(frozen=True, slots=True)
class CountPersons:
    """How many persons (with b > 1: rows, at most b of a person) are in each cell."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a quantity over persons; what a person adds to a cell is clamped to [low, high].

    Rows whose quantity is null are left out.
    """

    field: str
    low: int
    high: int

    def __post_init__(self) -> None:
        """Refuse bounds between which nothing lies, or all of which is 0."""
        _check_bounds(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Mean:
    """The clamped sum over the count of the same persons in the same cells. b is always 1."""

    field: str
    low: int
    high: int

    def __post_init__(self) -> None:
        """Refuse bounds between which nothing lies, or all of which is 0."""
        _check_bounds(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many persons are in each cell and band of a quantity; the table has one axis more.

    The bands begin at `low`, each holds `width` whole numbers, the last one ends at `high` and
    may be narrower. What is outside counts in the first or last band, null in `unknown`.
    """

    field: str
    low: int
    high: int
    width: int

    def __post_init__(self) -> None:
        """Refuse bounds between which nothing lies, and too many bands."""
        _check_bounds(self.low, self.high)
        if not 1 <= self.width <= LARGEST_BOUND:
            raise ValueError(f"a band is 1 to {LARGEST_BOUND} whole numbers wide")
        if self.bands > MOST_BANDS:
            raise ValueError(f"{self.bands} bands, {MOST_BANDS} are allowed")

    @property
    def bands(self) -> int:
        """How many there are, without `unknown`."""
        return (self.high - self.low) // self.width + 1


Measure: TypeAlias = CountPersons | Sum | Mean | Histogram


def measure_to_json(measure: Measure) -> Json:
    """The measure as canonical JSON holds it."""
    match measure:
        case CountPersons():
            return {"count": "persons"}
        case Sum(field, low, high):
            return {"sum": field, "low": low, "high": high}
        case Mean(field, low, high):
            return {"mean": field, "low": low, "high": high}
        case Histogram(field, low, high, width):
            return {"histogram": field, "low": low, "high": high, "width": width}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableQuestion:
    """One table of a question.

    Attributes:
        where: in normal form; which rows count.
        group_by: aliases, sorted, none twice; none gives a table of one cell.
        max_cells: m, in how many cells a person counts at most.
        max_rows: b, how many rows of a person count in a cell at most.

    Raises:
        ValueError: not in canonical form, or a bound out of its range.
    """

    source: Source
    measure: Measure
    where: Predicate = EVERYBODY
    group_by: tuple[str, ...] = ()
    max_cells: int = 1
    max_rows: int = 1

    def __post_init__(self) -> None:
        """Refuse what is not in canonical form."""
        if list(self.group_by) != sorted(set(self.group_by)):
            raise ValueError("groupings are sorted, and none stands twice")
        if len(self.group_by) > MOST_GROUPINGS:
            raise ValueError(f"at most {MOST_GROUPINGS} groupings")
        if not 1 <= self.max_cells <= MOST_CELLS_PER_PERSON:
            raise ValueError(f"a person counts in 1 to {MOST_CELLS_PER_PERSON} cells")
        if not 1 <= self.max_rows <= MOST_ROWS_PER_CELL:
            raise ValueError(f"a person counts with 1 to {MOST_ROWS_PER_CELL} rows in a cell")
        if isinstance(self.measure, Mean) and self.max_rows != 1:
            raise ValueError("in a mean every person counts once per cell")
        if predicates.normalise(self.where) != self.where:
            raise ValueError("conditions stand in their normal form")

    def to_json(self) -> Json:
        """The table as canonical JSON holds it."""
        return {
            "source": self.source.value,
            "measure": measure_to_json(self.measure),
            "where": predicates.to_json(self.where),
            "group_by": list(self.group_by),
            "max_cells": self.max_cells,
            "max_rows": self.max_rows,
        }


class Every(StrEnum):
    """How often a standing series publishes."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months lie between two releases."""
        return {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One release of a standing series (`privacy.continual`).

    Attributes:
        every: how long a period is.
        start: the first day of the first period; a month's first.
        periods: T, how many releases the series has.
        period: whose release this is, 1 to T.

    Raises:
        ValueError: out of range.
    """

    every: Every
    start: date
    periods: int
    period: int

    def __post_init__(self) -> None:
        """Refuse what is no turn of a series."""
        if self.start.day != 1 or not 2000 <= self.start.year <= 2200:
            raise ValueError("a series starts on the first day of a month")
        if not 1 <= self.period <= self.periods <= MOST_PERIODS:
            raise ValueError(f"a series has 1 to {MOST_PERIODS} periods")

    @property
    def series(self) -> Series:
        """How the figure is measured over all periods."""
        return Series(self.periods)

    def to_json(self) -> dict[str, Json]:
        """The turn as canonical JSON holds it."""
        return {
            "every": self.every.value,
            "start": self.start.isoformat(),
            "periods": self.periods,
            "period": self.period,
        }

    def begins(self, period: int) -> date:
        """The first day of a period; of the one after the last, the day after the series."""
        months = 12 * self.start.year + self.start.month - 1 + self.every.months * (period - 1)
        return date(months // 12, months % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Question:
    """One table or several, which share one noise budget; sorted, none twice (`make_question`).

    Attributes:
        turn: where the question is one release of a standing series, which. Such a question has one
            table, and counts each person once.
    """

    tables: tuple[TableQuestion, ...]
    turn: Turn | None = None
    _encoded: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse tables that are not sorted, none, too many, or no series."""
        if self.turn is not None and not (len(self.tables) == 1 and counts_once(self.tables[0])):
            raise ValueError("a series has one table, in which each person counts once")
        if not 1 <= len(self.tables) <= MOST_TABLES:
            raise ValueError(f"a question has 1 to {MOST_TABLES} tables")
        tables = [table.to_json() for table in self.tables]
        keys = [canonical.encode(table) for table in tables]
        if keys != sorted(set(keys)):
            raise ValueError("tables are sorted, and none stands twice")
        shown: dict[str, Json] = {"tables": tables}
        if self.turn is not None:
            shown["series"] = self.turn.to_json()
        object.__setattr__(self, "_encoded", canonical.encode(shown))

    def encode(self) -> bytes:
        """The canonical bytes."""
        return self._encoded

    @property
    def digest(self) -> Digest:
        """The question's hash."""
        return canonical.digest("corridor question", self.encode())

    def at(self, turn: Turn) -> "Question":
        """The question as this release of a series."""
        return Question(self.tables, turn)

    @property
    def series_id(self) -> Digest:
        """What all releases of the question's series have in common: the first one's hash.

        Raises:
            ValueError: it is of no series.
        """
        if self.turn is None:
            raise ValueError("the question is of no series")
        return self.at(replace(self.turn, period=1)).digest


def series_name(series: Digest) -> str:
    """What people call a series: by the beginning of its id."""
    return series.hex()[:16]


def counts_once(table: TableQuestion) -> bool:
    """Whether the table counts persons, and each of them once."""
    return isinstance(table.measure, CountPersons) and table.max_cells == table.max_rows == 1


def make_question(*tables: TableQuestion) -> Question:
    """The question of these tables, in whatever order, even if one is given twice."""
    keyed = {canonical.encode(table.to_json()): table for table in tables}
    return Question(tuple(keyed[key] for key in sorted(keyed)))


def parse_question(raw: bytes) -> Question:
    """The question whose canonical bytes are `raw`. That its fields exist is not checked here.

    Raises:
        MalformedQuestionError: not canonical, too large, too deep, or a field missing, unknown or
            out of range. Nothing was read.
    """
    if len(raw) > MOST_BYTES:
        raise _malformed(f"has {len(raw)} bytes, {MOST_BYTES} are allowed")
    try:
        value = canonical.decode(raw, "question")
    except NotCanonicalError as error:
        raise MalformedQuestionError(str(error)) from error
    known = isinstance(value, Mapping) and {"tables"} <= set(value) <= {"tables", "series"}
    tables = value["tables"] if known and isinstance(value, Mapping) else None
    if not isinstance(tables, list) or len(tables) > MOST_TABLES:
        raise _malformed(f'must be an object with "tables", a list of 1 to {MOST_TABLES}')
    assert isinstance(value, Mapping)  # noqa: S101 - else it had no tables
    try:
        turn = _turn(value["series"]) if "series" in value else None
        question = Question(tuple(_table(entry) for entry in tables), turn)
    except ValueError as error:
        raise _malformed(str(error)) from error
    if question.encode() != raw:
        raise _malformed("is not in canonical form")
    return question


_TABLE = ("source", "measure", "where", "group_by", "max_cells", "max_rows")


def _table(value: Json) -> TableQuestion:
    fields = Fields(value, _TABLE, name="question", error=MalformedQuestionError)
    assert isinstance(value, Mapping)  # noqa: S101 - `Fields` has refused everything else
    group_by = value["group_by"]
    if not isinstance(group_by, list) or len(group_by) > MOST_GROUPINGS:
        raise _malformed(f'"group_by" must be a list of at most {MOST_GROUPINGS} fields')
    return TableQuestion(
        source=Source(fields.text("source")),
        measure=_measure(value["measure"]),
        where=_Reader().predicate(value["where"], depth=0),
        group_by=tuple(_text(name) for name in group_by),
        max_cells=fields.whole("max_cells"),
        max_rows=fields.whole("max_rows"),
    )


def _turn(value: Json) -> Turn:
    fields = Fields(
        value, ("every", "start", "periods", "period"), name="series", error=MalformedQuestionError
    )
    return Turn(
        every=Every(fields.text("every")),
        start=date.fromisoformat(fields.text("start")),
        periods=fields.whole("periods"),
        period=fields.whole("period"),
    )


def _measure(value: Json) -> Measure:
    if value == {"count": "persons"}:
        return CountPersons()
    if isinstance(value, Mapping) and set(value) in (
        {"sum", "low", "high"},
        {"mean", "low", "high"},
    ):
        low, high = _whole(value["low"]), _whole(value["high"])
        if "sum" in value:
            return Sum(_text(value["sum"]), low, high)
        return Mean(_text(value["mean"]), low, high)
    if isinstance(value, Mapping) and set(value) == {"histogram", "low", "high", "width"}:
        low, high, width = (_whole(value[key]) for key in ("low", "high", "width"))
        return Histogram(_text(value["histogram"]), low, high, width)
    raise _malformed('"measure" is none of count, sum, mean and histogram')


class _Reader:
    """Reads one tree of conditions, and counts its parts."""

    def __init__(self) -> None:
        self._parts = 0

    def predicate(self, value: Json, depth: int) -> Predicate:
        """The predicate that `to_json` wrote."""
        self._parts += 1
        if depth > MOST_DEPTH or self._parts > MOST_PARTS:
            raise _malformed(
                f"conditions are nested deeper than {MOST_DEPTH} or have more than "
                f"{MOST_PARTS} parts"
            )
        keys = set(value) if isinstance(value, Mapping) else set()
        if not isinstance(value, Mapping):
            raise _malformed("a condition must be an object")
        if keys == {"among", "values"}:
            values = _list(value["values"], MOST_VALUES)
            return Among(_text(value["among"]), tuple(_text(one) for one in values))
        if keys == {"between", "low", "high"}:
            return Between(_text(value["between"]), _whole(value["low"]), _whole(value["high"]))
        if keys == {"not"}:
            part = self.predicate(value["not"], depth + 1)
            if isinstance(part, Among | Between):
                return Not(part)
        if keys == {"all"}:
            return AllOf(self._each(value["all"], depth))
        if keys == {"any"}:
            return AnyOf(self._each(value["any"], depth))
        raise _malformed("a condition is none of among, between, not, all and any")

    def _each(self, value: Json, depth: int) -> tuple[Predicate, ...]:
        return tuple(self.predicate(one, depth + 1) for one in _list(value, MOST_PARTS))


def _check_bounds(low: int, high: int) -> None:
    if not -LARGEST_BOUND <= low <= high <= LARGEST_BOUND or low == high == 0:
        raise ValueError(f"bounds lie between ±{LARGEST_BOUND}, low ≤ high, and are not both 0")


def _list(value: Json, longest: int) -> Sequence[Json]:
    if not isinstance(value, list) or len(value) > longest:
        raise _malformed(f"a list of at most {longest} was expected")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 100 or not value.isprintable():
        raise _malformed("names and values are printable texts of 1 to 100 characters")
    return value


def _whole(value: Json) -> int:
    if type(value) is not int or abs(value) > LARGEST_BOUND:
        raise _malformed(f"bounds are whole numbers between ±{LARGEST_BOUND}")
    return value


def _malformed(problem: str) -> MalformedQuestionError:
    return MalformedQuestionError(f"question: {problem}")
