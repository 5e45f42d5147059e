"""Hypothesis strategies for small editions and for questions over them."""

from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from corridor.ids import CountryCode
from corridor.node import schema
from corridor.queries import predicates
from corridor.queries.catalogue import Field, Source
from corridor.queries.domains import Domains
from corridor.queries.predicates import Predicate
from corridor.queries.question import (
    CountPersons,
    Histogram,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    make_question,
)
from support import catalogue
from support.editions import LISTS, Case

MOST_CELLS = 3_000


@cache
def small_domains() -> Domains:
    """The real catalogue under a small region's charter: few countries and years."""
    outside = map(CountryCode, ["AL", "BR", "CN", "FR", "GH", "IN", "TR"])
    countries = tuple(sorted([*catalogue.REGION, *outside]))
    return catalogue.domains(countries=countries, years=(2020, 2022))


def _options(column: str) -> st.SearchStrategy[Any]:
    """A few values of a column: in the domain, outside it, missing."""
    fields = [
        field for field in small_domains().catalogue.fields.values() if column in field.columns
    ]
    field = fields[0]
    if column.endswith(("_on", "Date")):
        days = [date(2019, 12, 31), date(2020, 1, 1), date(2021, 6, 15), date(2022, 11, 30)]
        return st.sampled_from([None, *days, date(9999, 12, 31), date(1, 1, 1)])
    if column in ("vic_AgeWhenTrafficked", "prs_NumberOfChildren"):
        return st.sampled_from([None, 0, 5, 8, 9, 17, 18, 48, 300, -3])
    values = small_domains().values(field)[:4]
    return st.sampled_from([None, *values, "XX", *field.unknown_values])


@cache
def case_columns() -> tuple[str, ...]:
    """Columns of cases that some field uses."""
    fields = small_domains().catalogue.fields.values()
    used = {column for field in fields for column in field.columns}
    return tuple(name for name in schema.CASES.names if name in used)


@cache
def _row(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    columns = {}
    for name in names:
        one = _options(name)
        if name in LISTS:
            several = st.lists(one.filter(lambda value: value is not None), max_size=3, unique=True)
            columns[name] = several.map(sorted)
        else:
            columns[name] = one
    return st.fixed_dictionaries({}, optional=columns)


_consents = st.fixed_dictionaries(
    {"consent": st.sampled_from([True, True, True, False])},
    optional={"agreement": st.sampled_from([None, True, False])},
)


@st.composite
def cases(draw: st.DrawFn, people: str = "ABCD", most: int = 6) -> list[Case]:
    """Cases of a few people, several of some, with legs and services."""
    leg = _row(("hte_Type", "leg_from", "leg_to", "hte_Date"))
    service = _row(("spl_Type", "spl_ActualEndDate"))
    found = []
    for number in range(draw(st.integers(0, most))):
        values = draw(_row(case_columns())) | draw(_consents)
        values = {name: value for name, value in values.items() if value is not None}
        found.append(
            Case(
                draw(st.sampled_from(people)),
                f"case {number}",
                values,
                draw(st.lists(leg, max_size=3)),
                draw(st.lists(service, max_size=3)),
            )
        )
    return found


@st.composite
def _atoms(draw: st.DrawFn, source: Source) -> Predicate:
    domains = small_domains()
    fields = [field for field in domains.catalogue.fields.values() if source in field.sources]
    field = draw(st.sampled_from(fields))
    if field.is_quantity:
        low, high = sorted(draw(st.tuples(*[st.integers(field.low, field.high)] * 2)))
        return predicates.between(field.name, low, high)
    values = domains.values(field)
    few = st.sampled_from([*values[:5], values[-1]])
    return predicates.among(field.name, draw(st.lists(few, min_size=1, max_size=4)))


def _trees(source: Source) -> st.SearchStrategy[Predicate]:
    return st.recursive(
        _atoms(source),
        lambda inner: st.one_of(
            inner.map(predicates.negation),
            st.lists(inner, min_size=1, max_size=3).map(predicates.all_of),
            st.lists(inner, min_size=1, max_size=3).map(predicates.any_of),
        ),
        max_leaves=4,
    )


@st.composite
def _tables(draw: st.DrawFn) -> TableQuestion:
    domains = small_domains()
    source = draw(st.sampled_from(Source))
    fields = [field for field in domains.catalogue.fields.values() if source in field.sources]
    axes: dict[str, Field] = {}
    cells = 1
    for field in draw(st.lists(st.sampled_from(fields), max_size=4)):
        wider = cells * len(domains.values(field))
        if not field.is_quantity and field.name not in axes and wider <= MOST_CELLS:
            axes[field.name] = field
            cells = wider
    quantity = draw(st.sampled_from([field for field in fields if field.is_quantity]))
    low, high = sorted(draw(st.tuples(*[st.integers(quantity.low, quantity.high)] * 2)))
    if low == high == 0:
        high = 1
    measures: list[Measure] = [
        CountPersons(),
        CountPersons(),
        Sum(quantity.name, low, high),
        Mean(quantity.name, low, high),
        Histogram(quantity.name, low, high, (high - low) // 12 + draw(st.integers(1, 50))),
    ]
    measure = draw(st.sampled_from(measures))
    everybody_or_some = st.one_of(st.just(predicates.EVERYBODY), _trees(source))
    return TableQuestion(
        source=source,
        measure=measure,
        where=predicates.normalise(draw(everybody_or_some)),
        group_by=tuple(sorted(axes)),
        max_cells=draw(st.integers(1, 4)),
        max_rows=1 if isinstance(measure, Mean) else draw(st.integers(1, 3)),
    )


@st.composite
def _dashboards(draw: st.DrawFn) -> list[TableQuestion]:
    """Tables that count persons over the same rows, which may be counted together."""
    source = draw(st.sampled_from(Source))
    where = predicates.normalise(draw(st.one_of(st.just(predicates.EVERYBODY), _trees(source))))
    single = [
        field.name
        for field in small_domains().catalogue.fields.values()
        if source in field.sources
        and not field.is_quantity
        and not field.is_multivalued
        and len(small_domains().values(field)) <= MOST_CELLS**0.5
    ]
    groupings = st.sets(st.sampled_from(single), max_size=2).map(sorted).map(tuple)
    return [
        TableQuestion(source=source, measure=CountPersons(), where=where, group_by=group_by)
        for group_by in draw(st.lists(groupings, min_size=2, max_size=5, unique=True))
    ]


def questions() -> st.SearchStrategy[Question]:
    """Questions of a few tables over all sources; some may turn out to be empty."""
    several = st.lists(_tables(), min_size=1, max_size=2)
    return st.one_of(several, _dashboards()).map(lambda tables: make_question(*tables))
