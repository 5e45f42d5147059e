"""The axes of a table: a grouping field, the values that its conditions leave, and which is finer.

Whether a value of one field settles that of another is asked twice: to leave out cells that the
conditions make impossible, and to find tables that are grouped by the same thing at several levels
(`queries.joint`). Both read it from the catalogue, never from data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from corridor.errors.questions import EmptyQuestionError
from corridor.queries import predicates
from corridor.queries.catalogue import UNKNOWN, Band, Derivation, DomainKind, Field
from corridor.queries.domains import DomainField, Domains
from corridor.queries.predicates import Among, Between, Not, Predicate


@dataclass(frozen=True, slots=True)
class Axis:
    """One grouping.

    Attributes:
        domain: the field and its whole domain; what lies outside is `unknown`.
        values: the axis's own values, in order; a row without one of them is in no cell.
        recode: domain value → axis value before that (a value without an entry is dropped); None
            where they are the same.
        bands: of a quantity, the bands that its number lies in, rising and without gaps, one for
            each value but `unknown`; empty for other fields.
    """

    domain: DomainField
    values: tuple[str, ...]
    recode: Mapping[str, str] | None = None
    bands: tuple[Band, ...] = ()

    @property
    def name(self) -> str:
        """The field's alias."""
        return self.domain.field.name


def make_axis(
    field: DomainField,
    where: Predicate,
    fields: Mapping[str, DomainField],
    domains: Domains,
    *,
    reduce: bool,
) -> Axis:
    """The field as an axis, without the values that no row of the conditions can have.

    Args:
        field: to group by.
        where: the conditions, in normal form.
        fields: those that the conditions mention, by alias.
        domains: of the charter.
        reduce: countries outside the region become their subregions.

    Raises:
        EmptyQuestionError: no value is left.
    """
    conditions = predicates.conjuncts(where)
    tests = [test for part in conditions if (test := _possible(field, part, fields)) is not None]
    admitted = tuple(value for value in field.values if all(test(value) for test in tests))
    if not admitted:
        raise EmptyQuestionError(
            f"the conditions leave no value of {field.field.name} to group by", "correct WHERE"
        )
    if not reduce or field.field.kind is not DomainKind.COUNTRIES:
        return Axis(field, admitted)
    shorter, recode = domains.reduced_countries()
    if len(admitted) <= len(shorter):
        return Axis(field, admitted)  # the conditions name few enough countries
    reached = {recode[value] for value in admitted}
    # A country that the conditions exclude is recoded too; `where` has dropped its rows,
    # except those of a list field with another value that is admitted.
    admitted_recode = {value: recode[value] for value in admitted}
    return Axis(field, tuple(v for v in shorter if v in reached), admitted_recode)


def parents_of(fine: Axis, coarse: Axis) -> tuple[int, ...] | None:
    """For each value of an axis the place of the value of another that every row with it has.

    None if some value does not settle it, or a value of the coarser axis has none below it.
    """
    if fine.recode is not None or fine == coarse:
        return None
    places = {value: place for place, value in enumerate(coarse.values)}
    found = []
    for value in fine.values:
        above = coarser(fine.domain, value, coarse.domain)
        if above is not None and coarse.recode is not None:
            above = coarse.recode.get(above)
        if above not in places:
            return None
        found.append(places[above])
    return tuple(found) if len(set(found)) == len(places) else None


def coarser(fine: DomainField, value: str, coarse: DomainField) -> str | None:
    """The value of `coarse` that every row has whose `fine` is `value`; None if none is certain.

    The field's own value; a month's quarter and year; a band's wider band; a country's areas.
    """
    field, other = fine.field, coarse.field
    if field.name == other.name:
        return value
    if field.columns != other.columns:
        return None
    if field.kind is other.kind is DomainKind.TIME:
        return _coarser_time(value, field.derivation, other.derivation)
    if field.derivation is other.derivation is Derivation.BAND:
        return _wider_band(field, value, other)
    if other.derivation is Derivation.AREA:
        return _coarser_place(fine, value, coarse)
    return None


def _wider_band(field: Field, value: str, other: Field) -> str | None:
    band = _band(field, value)
    if band is None:
        return UNKNOWN
    around = (one for one in other.bands if one.holds(band.low) and _ends_within(band, one))
    return next((one.name for one in around), None)


def _coarser_place(fine: DomainField, value: str, coarse: DomainField) -> str | None:
    if value == UNKNOWN:
        return UNKNOWN
    if fine.field.derivation is not Derivation.AREA:
        return coarse.places.get(value)
    around = {coarse.places[country] for country, area in fine.places.items() if area == value}
    return around.pop() if len(around) == 1 else None


def _possible(
    axis: DomainField, part: Predicate, fields: Mapping[str, DomainField]
) -> Callable[[str], bool] | None:
    """Whether a row with a certain value of the axis can satisfy a condition that must hold.

    None if every value can. In doubt a value can: kept in vain, it costs a cell of noise.
    """
    match part:
        case Among(name, values):
            return _possible_among(axis, fields[name], frozenset(values))
        case Not(Among(name, values)):
            other, excluded = fields[name], frozenset(values)
            return lambda value: coarser(axis, value, other) not in excluded
        case Between(name, low, high):
            field, quantity = axis.field, fields[name].field
            if quantity.columns != field.columns or field.derivation is not Derivation.BAND:
                return None
            # A quantity is clamped: its highest value stands for everything above it.
            wanted = Band("", low, None if high == quantity.high else high)
            return lambda value: any(
                band.name == value and meet(band, wanted) for band in field.bands
            )
        case _:
            return None


def _possible_among(
    axis: DomainField, condition: DomainField, values: frozenset[str]
) -> Callable[[str], bool] | None:
    field, other = axis.field, condition.field
    related = field.kind == other.kind or Derivation.AREA in (field.derivation, other.derivation)
    if field.name != other.name and (field.columns != other.columns or not related):
        return None
    finer = frozenset(coarser(condition, value, axis) for value in values)

    def possible(value: str) -> bool:
        above = coarser(axis, value, condition)
        return (None in finer or value in finer) if above is None else above in values

    return possible


def _coarser_time(value: str, fine: Derivation, coarse: Derivation) -> str | None:
    if value == UNKNOWN:
        return UNKNOWN
    if coarse is Derivation.YEAR:
        return value[:4]
    if fine is Derivation.MONTH:
        return f"{value[:4]}-Q{(int(value[5:]) + 2) // 3}"
    return None


def _band(field: Field, value: str) -> Band | None:
    return next((band for band in field.bands if band.name == value), None)


def _ends_within(band: Band, around: Band) -> bool:
    return around.high is None or (band.high is not None and band.high <= around.high)


def meet(a: Band, b: Band) -> bool:
    """Whether some number lies in both."""
    return (a.high is None or b.low <= a.high) and (b.high is None or a.low <= b.high)
