"""From what people write to canonical conditions and tables; shared by SQL, builder, indicators.

Everything here takes a field by any of its names and values by any of their names, checks them
against the domains, and gives predicates in normal form. Ranges over dates become the values
they hold, so that `BETWEEN 2020 AND 2021` and `IN (2020, 2021)` are one question; a range that
sticks out of the domain is cut to it, one that lies outside is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from corridor.errors.questions import MisusedFieldError, OutOfRangeError
from corridor.queries.catalogue import UNKNOWN, Derivation, DomainKind, Field, Source
from corridor.queries.domains import Domains, check_together
from corridor.queries.plan import default_max_cells
from corridor.queries.predicates import (
    EVERYBODY,
    Predicate,
    all_of,
    among,
    any_of,
    between,
    negation,
)
from corridor.queries.question import Histogram, Measure, TableQuestion

_FORMS = {
    Derivation.YEAR: (re.compile(r"[12][0-9]{3}"), "2021"),
    Derivation.QUARTER: (re.compile(r"[12][0-9]{3}-Q[1-4]"), "2021-Q3"),
    Derivation.MONTH: (re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])"), "2021-07"),
}

Bound = int | str

MOST_BANDS_UNASKED = 100
"""The bands of a histogram for which no width was asked are as narrow as so many allow."""


def is_one_of(domains: Domains, field: Field, values: Iterable[Bound]) -> Predicate:
    """The field has one of these values; a LIST field, any of them.

    Raises:
        UnknownValueError, OutOfRangeError: one of them is not in the domain.
    """
    if not field.is_quantity:
        return among(field.name, [domains.value(field, str(value)) for value in values])
    numbers = [_number(field, value) for value in values]
    for number in numbers:
        if not field.low <= number <= field.high:
            raise _outside(field, number, number)
    return any_of(between(field.name, number, number) for number in numbers)


def is_not(domains: Domains, field: Field, value: Bound) -> Predicate:
    """The field has another value. Of a quantity: it is known, and another number."""
    if not field.is_quantity:
        return negation(is_one_of(domains, field, [value]))
    number = _number(field, value)
    below = between(field.name, field.low, min(number - 1, field.high))
    return any_of([below, between(field.name, max(number + 1, field.low), field.high)])


def is_unknown(field: Field) -> Predicate:
    """The field has no known value."""
    if field.is_quantity:
        return negation(between(field.name, field.low, field.high))
    return among(field.name, [UNKNOWN])


def is_between(domains: Domains, field: Field, low: Bound | None, high: Bound | None) -> Predicate:
    """The field is known and from low to high, both included; None leaves that end open.

    Raises:
        MisusedFieldError: the field's values have no order.
        OutOfRangeError: nothing of the domain lies between.
    """
    if field.is_quantity:
        least = field.low if low is None else max(field.low, _number(field, low))
        most = field.high if high is None else min(field.high, _number(field, high))
        if least > most:
            raise _outside(field, low, high)
        return between(field.name, least, most)
    first, last = _moment(field, low), _moment(field, high)
    return _during(
        domains,
        field,
        f"from {low} to {high}",
        lambda moment: (first is None or first <= moment) and (last is None or moment <= last),
    )


def is_below(domains: Domains, field: Field, value: Bound) -> Predicate:
    """The field is known and below the value; refuses what `is_between` refuses."""
    if field.is_quantity:
        return is_between(domains, field, None, _number(field, value) - 1)
    return _strictly(domains, field, value, below=True)


def is_above(domains: Domains, field: Field, value: Bound) -> Predicate:
    """The field is known and above the value; refuses what `is_between` refuses."""
    if field.is_quantity:
        return is_between(domains, field, _number(field, value) + 1, None)
    return _strictly(domains, field, value, below=False)


def make_table(
    domains: Domains,
    source: Source,
    measure: Measure,
    *,
    where: Iterable[Predicate] = (),
    group_by: Iterable[Field] = (),
    max_cells: int | None = None,
    max_rows: int = 1,
) -> TableQuestion:
    """The canonical table; without `max_cells` with the default bound of its groupings.

    Raises:
        UnknownFieldError: a field is not in this source.
        OutOfRangeError: a bound, or the number of groupings, is not allowed.
    """
    fields = {field.name: domains.field(field.name, source) for field in group_by}
    measured = [domains.field(measure.field, source)] if isinstance(measure, Histogram) else []
    check_together([*fields.values(), *measured])
    cells = default_max_cells(fields.values()) if max_cells is None else max_cells
    try:
        return TableQuestion(
            source=source,
            measure=measure,
            where=all_of((EVERYBODY, *where)),
            group_by=tuple(sorted(fields)),
            max_cells=cells,
            max_rows=max_rows,
        )
    except ValueError as error:
        # The fields and conditions are canonical by construction: what is left are bounds.
        raise OutOfRangeError(str(error), "ask with a bound in its range") from error


def quantity_bounds(field: Field, low: int | None, high: int | None) -> tuple[int, int]:
    """What a sum or mean of the field is clamped to: as given, else the field's own range.

    Raises:
        MisusedFieldError: the field is no quantity.
        OutOfRangeError: the bounds are outside the field's range.
    """
    if not field.is_quantity:
        raise MisusedFieldError(
            f"{field.name} is no whole number", "sum or average one, such as age"
        )
    least = field.low if low is None else low
    most = field.high if high is None else high
    if not field.low <= least <= most <= field.high or least == most == 0:
        raise _outside(field, least, most)
    return least, most


def histogram(
    field: Field, low: int | None = None, high: int | None = None, width: int | None = None
) -> Histogram:
    """The histogram of a quantity: bounds as given, else the field's; bands at most 100 by default.

    Raises:
        MisusedFieldError: the field is no quantity.
        OutOfRangeError: the bounds are outside the field's range, or the width is none.
    """
    if not field.is_quantity:
        raise MisusedFieldError(
            f"{field.name} is no whole number, so it has no histogram, median or quantiles",
            f"group by {field.name}, or ask of a quantity, such as age",
        )
    least, most = quantity_bounds(field, low, high)
    if width is None:
        width = next(one for one in _widths() if (most - least) // one < MOST_BANDS_UNASKED)
    try:
        return Histogram(field.name, least, most, width)
    except ValueError as error:
        raise OutOfRangeError(
            f"bands of {width} for {field.name} from {least} to {most}: {error}",
            "take wider bands or a narrower range",
        ) from error


def _widths() -> Iterator[int]:
    """The round numbers: 1, 2, 5, 10, 20, 50 and so on."""
    unit = 1
    while True:
        yield from (unit, 2 * unit, 5 * unit)
        unit *= 10


def _number(field: Field, value: Bound) -> int:
    text = str(value)
    if re.fullmatch(r"-?[0-9]{1,9}", text) is None:
        raise MisusedFieldError(
            f"{field.name} is a whole number, not {text[:60]!r}",
            f"compare it with numbers from {field.low} to {field.high}",
        )
    return int(text)


def _strictly(domains: Domains, field: Field, value: Bound, *, below: bool) -> Predicate:
    bound = _moment_text(field, value)
    words = f"below {value}" if below else f"above {value}"
    return _during(
        domains, field, words, lambda moment: moment < bound if below else moment > bound
    )


def _during(domains: Domains, field: Field, words: str, holds: Callable[[str], bool]) -> Predicate:
    inside = [moment for moment in domains.values(field)[:-1] if holds(moment)]
    if not inside:
        raise OutOfRangeError(
            f"{field.name} {words} holds nothing",
            f"the charter's years are {domains.years[0]} to {domains.years[1]}",
        )
    return among(field.name, inside)


def _moment(field: Field, value: Bound | None) -> str | None:
    return None if value is None else _moment_text(field, value)


def _moment_text(field: Field, value: Bound) -> str:
    if field.kind is not DomainKind.TIME:
        raise MisusedFieldError(
            f"the values of {field.name} have no order", "name the values with = or IN"
        )
    form, example = _FORMS[field.derivation]
    if form.fullmatch(str(value)) is None:
        raise MisusedFieldError(
            f"{str(value)[:60]!r} is no {field.derivation.value}", f"write it as {example}"
        )
    return str(value)


def _outside(field: Field, low: Bound | None, high: Bound | None) -> OutOfRangeError:
    return OutOfRangeError(
        f"{field.name} from {low} to {high} is outside its range",
        f"stay between {field.low} and {field.high}",
    )
