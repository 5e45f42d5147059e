"""Hypothesis strategies: questions over a small region, and the persons to ask them about.

Domains are small on purpose, so that persons meet in cells and conditions matter.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from corridor.queries.catalogue import Field, Source
from corridor.queries.domains import Domains
from corridor.queries.predicates import (
    Among,
    Predicate,
    all_of,
    any_of,
    between,
    negation,
)
from corridor.queries.question import (
    CountPersons,
    Mean,
    Measure,
    Question,
    Sum,
    TableQuestion,
    make_question,
)
from support.catalogue import REGION, catalogue, domains
from support.reference_evaluation import CaseRows, Person


@cache
def small_domains() -> Domains:
    """Five countries and two years."""
    return domains(countries=REGION, years=(2021, 2022))


def fields_of(source: Source, *, quantities: bool) -> list[Field]:
    """The fields of a table: quantities, or all others."""
    return [
        field
        for field in catalogue().fields.values()
        if source in field.sources and field.is_quantity is quantities
    ]


def atoms(source: Source) -> st.SearchStrategy[Predicate]:
    """A condition on one field."""

    def among_of(field: Field) -> st.SearchStrategy[Predicate]:
        values = small_domains().values(field)
        return st.sets(st.sampled_from(values), min_size=1, max_size=len(values)).map(
            lambda chosen: Among(field.name, tuple(sorted(chosen)))
        )

    def between_of(field: Field) -> st.SearchStrategy[Predicate]:
        number = st.integers(field.low, field.high)
        return st.tuples(number, number).map(lambda pair: between(field.name, *sorted(pair)))

    return st.one_of(
        st.sampled_from(fields_of(source, quantities=False)).flatmap(among_of),
        st.sampled_from(fields_of(source, quantities=True)).flatmap(between_of),
    )


def predicates(source: Source) -> st.SearchStrategy[Predicate]:
    """A tree of conditions, in normal form."""
    return st.recursive(
        atoms(source),
        lambda inner: st.one_of(
            inner.map(negation),
            st.lists(inner, max_size=3).map(all_of),
            st.lists(inner, max_size=3).map(any_of),
        ),
        max_leaves=6,
    )


@st.composite
def table_questions(draw: st.DrawFn) -> TableQuestion:
    """Any table; conditions on the grouped fields are likely."""
    source = draw(st.sampled_from(list(Source)))
    grouped = draw(
        st.lists(
            st.sampled_from([f.name for f in fields_of(source, quantities=False)]),
            max_size=3,
            unique=True,
        )
    )
    quantity = draw(st.sampled_from(fields_of(source, quantities=True)))
    low = draw(st.integers(quantity.low, quantity.high - 1))
    high = draw(st.integers(low + 1, quantity.high))
    measures: list[Measure] = [
        CountPersons(),
        Sum(quantity.name, low, high),
        Mean(quantity.name, low, high),
    ]
    measure = draw(st.sampled_from(measures))
    return TableQuestion(
        source=source,
        measure=measure,
        where=draw(st.one_of(st.just(all_of(())), predicates(source))),
        group_by=tuple(sorted(grouped)),
        max_cells=draw(st.integers(1, 4)),
        max_rows=1 if isinstance(measure, Mean) else draw(st.integers(1, 3)),
    )


def questions() -> st.SearchStrategy[Question]:
    """One table or several."""
    return st.lists(table_questions(), min_size=1, max_size=3).map(lambda t: make_question(*t))


def days() -> st.SearchStrategy[date | None]:
    """Inside and outside of the charter's years, and missing."""
    return st.none() | st.dates(date(2020, 6, 1), date(2023, 6, 1))


def columns(table: str) -> st.SearchStrategy[Mapping[str, Any]]:
    """Columns of one of the store's tables, with values inside and outside of the domains."""
    strategies: dict[str, st.SearchStrategy[Any]] = {}
    for field in catalogue().fields.values():
        if field.table.value != table:
            continue
        if field.columns[0].endswith(("_on", "Date")):
            strategies |= {column: days() for column in field.columns}
        elif field.is_quantity:
            strategies[field.columns[0]] = st.none() | st.integers(0, 130)
        elif len(field.columns) == 1 and not field.bands:
            values = [*small_domains().values(field)[:-1], "ZZ"]
            strategies[field.columns[0]] = (
                st.lists(st.sampled_from(values), max_size=3, unique=True)
                if field.is_multivalued
                else st.none() | st.sampled_from(values)
            )
    return st.fixed_dictionaries(strategies)


def cases() -> st.SearchStrategy[CaseRows]:
    """A case with its legs and services."""
    return st.builds(
        CaseRows,
        columns("cases"),
        st.lists(columns("legs"), max_size=3).map(tuple),
        st.lists(columns("services"), max_size=2).map(tuple),
    )


def persons() -> st.SearchStrategy[Person]:
    """A person with one case or several; choice keys collide now and then."""
    return st.builds(
        Person,
        st.integers(0, (1 << 64) - 1) | st.integers(0, 1),
        st.lists(cases(), min_size=1, max_size=3).map(tuple),
    )
