"""The catalogue: which fields questions may use, and how each is derived from the store.

    Catalogue ── fields ─────── Field: alias, label, table, columns, Derivation
              ── areas ──────── M49 subregions, for the reduced list of countries
              ── indicators ─── named questions (`queries.indicators`)

It is data (`data/*.toml`, `data/htcds-2.0.json`); an `app.py` reads the texts and hands a
reader to `parse_catalogue`. What the catalogue does not know is what a charter decides: which
countries and years there are. `queries.domains` puts both together.

Every derivation gives a row one value, or for a LIST a set of values, of the field's domain;
a null, an empty list and whatever lies outside the domain give the value `unknown`. So logic
over fields has two values, and every row is in some cell of every table.
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corridor.errors.questions import UnknownFieldError, UnknownIndicatorError
from corridor.ids import CountryCode, is_country_code
from corridor.queries.htcds import HtcdsField, parse_htcds
from corridor.queries.indicators import Indicator, parse_indicators

UNKNOWN = "unknown"
"""The last value of every domain: blank, not resolvable, or outside the domain."""

Read = Callable[[str], str]
"""Gives the text of a packaged data file by its name."""


class Source(StrEnum):
    """The virtual tables of a question. The first two have a row per case."""

    PERSONS = "persons"
    CORRIDORS = "corridors"
    LEGS = "legs"
    SERVICES = "services"


class Table(StrEnum):
    """The store's tables that fields come from. Legs and services are joined with their case."""

    CASES = "cases"
    LEGS = "legs"
    SERVICES = "services"

    @property
    def sources(self) -> frozenset[Source]:
        """The virtual tables whose rows have this table's columns."""
        match self:
            case Table.CASES:
                return frozenset(Source)
            case Table.LEGS:
                return frozenset({Source.LEGS})
            case Table.SERVICES:
                return frozenset({Source.SERVICES})


class Derivation(StrEnum):
    """How a row's value of a field comes from the columns.

    VALUE      the column's string, if it is in the domain
    LIST       the column's strings that are in the domain, as a set
    YEAR       of the first date that is not null: `2021`
    QUARTER    of the same: `2021-Q1`
    MONTH      of the same: `2021-03`
    BAND       the band that the column's whole number lies in
    CROSSING   of (recruitment, exploitation, citizenships): domestic if both countries are
               known and equal, cross-border if both are known and differ; with recruitment
               unknown the same by citizenship, under names of their own
    AREA       the M49 area that the column's country lies in
    QUANTITY   the column's whole number, clamped to [low, high]; null stays null
    DAYS       first column minus second in days, clamped to [low, high]; null if either is
    """

    VALUE = "value"
    LIST = "list"
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    BAND = "band"
    CROSSING = "crossing"
    AREA = "area"
    QUANTITY = "quantity"
    DAYS = "days"


class DomainKind(StrEnum):
    """Where a field's values come from."""

    FIXED = "fixed"
    COUNTRIES = "countries"
    SUBREGIONS = "subregions"
    CONTINENTS = "continents"
    TIME = "time"
    NUMBERS = "numbers"


_KINDS = {
    Derivation.YEAR: DomainKind.TIME,
    Derivation.QUARTER: DomainKind.TIME,
    Derivation.MONTH: DomainKind.TIME,
    Derivation.QUANTITY: DomainKind.NUMBERS,
    Derivation.DAYS: DomainKind.NUMBERS,
}


_PLACES = {DomainKind.COUNTRIES, DomainKind.SUBREGIONS, DomainKind.CONTINENTS}


@dataclass(frozen=True, slots=True)
class Band:
    """A value that stands for the whole numbers from `low` to `high`; no `high`, no end."""

    name: str
    low: int
    high: int | None

    def holds(self, number: int) -> bool:
        """Whether the number lies in the band."""
        return self.low <= number and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that questions can ask about.

    Attributes:
        name: our alias, as in `recruited_in`.
        label: for people.
        synonyms: HTCDS names that mean the same.
        table: the store's table that `columns` are in.
        labels: value → label of a FIXED domain, in order, without `unknown`.
        unknown_values: picklist values that mean the same as `unknown`.
        bands: of a BAND, in order, one for each value of `labels`.
        low, high: what NUMBERS are clamped to; both 0 for other kinds.
        instead: the field to group by in place of a quantity; empty if there is none.
    """

    name: str
    label: str
    synonyms: tuple[str, ...]
    table: Table
    derivation: Derivation
    columns: tuple[str, ...]
    kind: DomainKind
    labels: Mapping[str, str]
    unknown_values: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    low: int = 0
    high: int = 0
    instead: str = ""

    @property
    def sources(self) -> frozenset[Source]:
        """The virtual tables that have this field."""
        return self.table.sources

    @property
    def is_multivalued(self) -> bool:
        """Whether one row may have several values."""
        return self.derivation is Derivation.LIST

    @property
    def is_quantity(self) -> bool:
        """Whether its values are numbers, to be summed or averaged and not grouped by."""
        return self.kind is DomainKind.NUMBERS


@dataclass(frozen=True, slots=True)
class Area:
    """A subregion of M49.

    Attributes:
        value: what it is in domains and reduced country lists, as in `M49-151`.
        continent, continent_name: the same of the continental region that it lies in.
    """

    value: str
    name: str
    continent: str
    continent_name: str
    countries: frozenset[CountryCode]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that questions can be made of.

    Attributes:
        edition: what a charter names as `domains_edition`.
        fields: by alias, in the order of an answer's columns.
        country_names: English short names by code, of every country that a charter may list.
        indicators: by name, in the order of their file.
    """

    edition: str
    fields: Mapping[str, Field]
    areas: tuple[Area, ...]
    country_names: Mapping[CountryCode, str]
    indicators: Mapping[str, Indicator]

    def field(self, name: str) -> Field:
        """The field that goes by this alias or HTCDS name; letter case does not matter.

        Raises:
            UnknownFieldError: none does; says which come near.
        """
        found = self.fields.get(name)
        if found is not None:
            return found
        wanted = name.lower()
        known = self._names()
        if wanted in known:
            return self.fields[known[wanted]]
        raise UnknownFieldError(
            f"there is no field {name[:60]!r}",
            _did_you_mean(wanted, known) or f"the fields are {', '.join(self.fields)}",
        )

    def indicator(self, name: str) -> Indicator:
        """The indicator of this name.

        Raises:
            UnknownIndicatorError: there is none; says which come near.
        """
        if name not in self.indicators:
            near = difflib.get_close_matches(name[:60], self.indicators, n=2)
            raise UnknownIndicatorError(name=name, near=near, known=list(self.indicators))
        return self.indicators[name]

    def area_of(self, country: CountryCode) -> Area:
        """The subregion that the country is in.

        Raises:
            KeyError: the catalogue does not know the country.
        """
        for area in self.areas:
            if country in area.countries:
                return area
        raise KeyError(country)

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for field in self.fields.values():
            for synonym in field.synonyms:
                # Two fields may share an HTCDS name (age and its bands): the first has it.
                names.setdefault(synonym.lower(), field.name)
        names.update((field.name.lower(), field.name) for field in self.fields.values())
        return names


def _did_you_mean(wanted: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(wanted[:60], known, n=2)
    return (
        "did you mean " + " or ".join(dict.fromkeys(known[n] for n in near)) + "?" if near else ""
    )


def parse_catalogue(read: Read) -> Catalogue:
    """The catalogue from its packaged files: htcds-2.0.json, aliases, m49 and indicators.toml.

    Raises:
        ValueError: the packaged files contradict each other; a packaging bug.
    """
    htcds = parse_htcds(read("htcds-2.0.json"))
    aliases = tomllib.loads(read("aliases.toml"))
    m49 = tomllib.loads(read("m49.toml"))
    areas = tuple(_area(entry, m49["regions"]) for entry in m49["area"])
    names = {code: m49["names"][code] for area in areas for code in sorted(area.countries)}
    if sum(len(area.countries) for area in areas) != len(names):
        raise ValueError("m49.toml: a country stands in two areas")
    fields = [_field(entry, htcds) for entry in aliases["field"]]
    if len({field.name for field in fields}) != len(fields):
        raise ValueError("aliases.toml: an alias stands in it twice")
    return Catalogue(
        edition=aliases["edition"],
        fields={field.name: field for field in fields},
        areas=areas,
        country_names=dict(sorted(names.items())),
        indicators=parse_indicators(read("indicators.toml")),
    )


def _area(entry: Mapping[str, Any], regions: Mapping[str, str]) -> Area:
    codes = [code for code in entry["countries"].split() if is_country_code(code)]
    return Area(
        value=f"M49-{entry['code']}",
        name=entry["name"],
        continent=f"M49-{entry['region']}",
        continent_name=regions[entry["region"]],
        countries=frozenset(codes),
    )


def _field(entry: Mapping[str, Any], htcds: Mapping[str, HtcdsField]) -> Field:
    derivation = Derivation(entry["derivation"])
    kind = _KINDS.get(derivation, DomainKind.FIXED)
    if entry.get("domain") in _PLACES:
        kind = DomainKind(entry["domain"])
    synonyms = tuple(entry.get("htcds", ()))
    unknown_values = tuple(entry.get("unknown", ()))
    labels, bands = _fixed_domain(entry, htcds, unknown_values)
    low, high = entry.get("range", (0, 0))
    return Field(
        name=entry["name"],
        label=entry["label"],
        synonyms=synonyms,
        table=Table(entry["table"]),
        derivation=derivation,
        columns=tuple(entry["columns"]),
        kind=kind,
        labels=labels,
        unknown_values=unknown_values,
        bands=bands,
        low=low,
        high=high,
        instead=entry.get("group_by_instead", ""),
    )


def _fixed_domain(
    entry: Mapping[str, Any], htcds: Mapping[str, HtcdsField], unknown_values: Sequence[str]
) -> tuple[dict[str, str], tuple[Band, ...]]:
    match entry.get("domain"):
        case "picklist":
            picklist = htcds[entry["htcds"][0]].picklist
            return {v: text for v, text in picklist.items() if v not in unknown_values}, ()
        case "values":
            return dict(entry["values"]), ()
        case "bands":
            ranges = [(band[0], band[1] if len(band) > 1 else None) for band in entry["bands"]]
            names = [f"{low}+" if high is None else f"{low}-{high}" for low, high in ranges]
            labels = dict(entry.get("values") or [(n, n.replace("-", "–")) for n in names])
            return labels, tuple(
                Band(name, *limits) for name, limits in zip(labels, ranges, strict=True)
            )
        case _:
            return {}, ()
