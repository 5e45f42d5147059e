"""Domains: the closed, public lists of values that fields can take under one charter.

The catalogue says what kinds of value a field has; the charter says which countries and years
there are. Together they give each field its values, `unknown` last. Nothing here looks at data:
a domain that grew with the data would tell which rare values exist.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from corridor.errors.questions import (
    ContradictoryGroupingsError,
    MisusedFieldError,
    QuestionError,
    UnknownFieldError,
    UnknownValueError,
)
from corridor.ids import CountryCode
from corridor.protocols.charter import Charter
from corridor.queries.catalogue import (
    UNKNOWN,
    Area,
    Catalogue,
    Derivation,
    DomainKind,
    Field,
    Source,
)


@dataclass(frozen=True, slots=True)
class DomainField:
    """A field with the values that it can take, `unknown` last; a quantity has none.

    Attributes:
        places: of an AREA, the value that each of the charter's countries has; empty for others.
    """

    field: Field
    values: tuple[str, ...]
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """The fields of a catalogue under one charter.

    Attributes:
        countries: what a country field can take, sorted.
        region: countries of the members, sorted; reduced lists keep these apart.
        years: the first and the last year of a date field.
        cells: the most cells that a question may have.

    Raises:
        QuestionError: a country is listed that the catalogue does not know.
    """

    catalogue: Catalogue
    countries: tuple[CountryCode, ...]
    region: tuple[CountryCode, ...]
    years: tuple[int, int]
    cells: int

    def __post_init__(self) -> None:
        """Refuse a country that has no place in M49."""
        for country in (*self.countries, *self.region):
            if country not in self.catalogue.country_names:
                raise QuestionError(
                    f"charter: country {country} is not in the catalogue's list (m49.toml)",
                    "correct the charter's list of countries",
                )

    def field(self, name: str, source: Source) -> Field:
        """The field that goes by this name over this table.

        Raises:
            UnknownFieldError: none does, or only over other tables.
        """
        field = self.catalogue.field(name)
        if source not in field.sources:
            raise UnknownFieldError(
                f"{source.value} has no field {field.name}",
                f"ask over {' or '.join(sorted(s.value for s in field.sources))}",
            )
        return field

    def domain(self, field: Field) -> DomainField:
        """The field with its values."""
        return DomainField(field, self.values(field), self._places(field))

    def values(self, field: Field) -> tuple[str, ...]:
        """The values that the field can take, in order, `unknown` last; none of a quantity."""
        match field.kind:
            case DomainKind.NUMBERS:
                return ()
            case DomainKind.COUNTRIES:
                return (*self.countries, UNKNOWN)
            case DomainKind.SUBREGIONS | DomainKind.CONTINENTS:
                return (*dict.fromkeys(self._places(field).values()), UNKNOWN)
            case DomainKind.TIME:
                return (*self._times(field.derivation), UNKNOWN)
            case DomainKind.FIXED:
                return (*field.labels, UNKNOWN)

    def value(self, field: Field, text: str) -> str:
        """The value of the field's domain that `text` names: itself, a label, a country's name.

        Letter case does not matter.

        Raises:
            MisusedFieldError: the field is a quantity.
            UnknownValueError: no value does; says which come near.
        """
        if field.is_quantity:
            raise MisusedFieldError(
                f"{field.name} is a whole number, not {text[:60]!r}",
                f"compare it with numbers from {field.low} to {field.high}",
            )
        values = self.values(field)
        if text in values:
            return text
        if text in field.unknown_values:
            return UNKNOWN
        names = {self.label(field, value).lower(): value for value in reversed(values)}
        names.update((value.lower(), value) for value in values)
        if text.lower() in names:
            return names[text.lower()]
        raise self._no_such_value(field, text, names)

    def label(self, field: Field, value: str) -> str:
        """The value for people: the picklist's label, the country's English name."""
        if value == UNKNOWN:
            return "Unknown"
        if field.kind in (DomainKind.COUNTRIES, DomainKind.SUBREGIONS, DomainKind.CONTINENTS):
            areas = {area.value: area.name for area in self.catalogue.areas}
            areas |= {area.continent: area.continent_name for area in self.catalogue.areas}
            return areas.get(value) or self.catalogue.country_names.get(CountryCode(value), value)
        return field.labels.get(value, value)

    def reduced_countries(self) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Where three country fields meet: the shorter list, and each country's value in it.

        The region's own countries stay; the others become their M49 subregions, in M49's order
        of names; `unknown` stays, and is last.
        """
        recode: dict[str, str] = {country: country for country in self.region}
        areas: dict[str, Area] = {}
        for country in self.countries:
            if country not in recode:
                area = self.catalogue.area_of(country)
                recode[country] = area.value
                areas[area.value] = area
        recode[UNKNOWN] = UNKNOWN
        named = sorted(areas.values(), key=lambda area: area.name)
        return (*self.region, *(area.value for area in named), UNKNOWN), recode

    def _places(self, field: Field) -> Mapping[str, str]:
        """For each country of the charter its area, in the order of the areas' names."""
        if field.kind not in (DomainKind.SUBREGIONS, DomainKind.CONTINENTS):
            return {}
        continental = field.kind is DomainKind.CONTINENTS
        areas = {country: self.catalogue.area_of(country) for country in self.countries}
        named = sorted(
            areas.items(), key=lambda one: one[1].continent_name if continental else one[1].name
        )
        return {country: area.continent if continental else area.value for country, area in named}

    def _times(self, derivation: Derivation) -> Iterator[str]:
        for year in range(self.years[0], self.years[1] + 1):
            match derivation:
                case Derivation.YEAR:
                    yield f"{year}"
                case Derivation.QUARTER:
                    yield from (f"{year}-Q{quarter}" for quarter in range(1, 5))
                case _:
                    yield from (f"{year}-{month:02}" for month in range(1, 13))

    def _no_such_value(
        self, field: Field, text: str, names: Mapping[str, str]
    ) -> UnknownValueError:
        near: list[str] = []
        if field.kind is not DomainKind.TIME:
            near = difflib.get_close_matches(text[:60].lower(), names, n=2, cutoff=0.7)
        values = self.values(field)
        if near:
            found = dict.fromkeys(names[name] for name in near)
            remedy = "did you mean " + " or ".join(self._show(field, v) for v in found) + "?"
        elif len(values) <= 24:
            remedy = f"its values are {', '.join(values)}"
        else:
            remedy = f"its values run from {values[0]} to {values[-2]}, and {UNKNOWN}"
        return UnknownValueError(f"{text[:60]!r} is not a value of {field.name}", remedy)

    def _show(self, field: Field, value: str) -> str:
        label = self.label(field, value)
        return value if label == value else f"{value} ({label})"


def check_grouping(field: Field) -> None:
    """Check that the field's values can make the cells of a table.

    Raises:
        MisusedFieldError: it is a quantity; says what to group by instead. Nothing was spent.
    """
    if field.is_quantity:
        instead = f"group by {field.instead}" if field.instead else "ask for its mean or its sum"
        raise MisusedFieldError(
            f"{field.name} is a whole number, which cannot be grouped by", instead
        )


def check_together(fields: Sequence[Field]) -> None:
    """Check that no two groupings are the same thing at two levels; the last is the new one.

    Such a table is mostly of cells in which nobody can be, and every one of them costs noise.

    Raises:
        ContradictoryGroupingsError: two are, such as year and month. Nothing was spent.
    """
    for place, field in enumerate(fields):
        for other in fields[:place]:
            times = field.kind is other.kind is DomainKind.TIME
            numbers = all(one.bands or one.is_quantity for one in (field, other))
            if field.columns == other.columns and field.name != other.name and (times or numbers):
                raise ContradictoryGroupingsError(
                    f"{other.name} and {field.name} are one thing at two levels, so most cells "
                    "could hold nobody",
                    "group by the finer one, whose cells add up to the coarser, or ask for two "
                    "tables",
                )


def make_domains(catalogue: Catalogue, charter: Charter) -> Domains:
    """The catalogue's fields under this charter.

    Raises:
        QuestionError: the charter lists a country that the catalogue does not know.
    """
    return Domains(
        catalogue=catalogue,
        countries=charter.countries,
        region=tuple(member.country for member in charter.members),
        years=charter.years,
        cells=charter.ceilings.cells,
    )
