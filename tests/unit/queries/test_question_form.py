"""The canonical form of a question."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from corridor.errors.questions import MalformedQuestionError
from corridor.protocols import canonical
from corridor.protocols.canonical import Json
from corridor.queries.catalogue import Source
from corridor.queries.predicates import (
    EVERYBODY,
    NOBODY,
    Among,
    Between,
    Predicate,
    all_of,
    among,
    any_of,
    between,
    negation,
    normalise,
)
from corridor.queries.question import (
    MOST_BYTES,
    CountPersons,
    Question,
    TableQuestion,
    make_question,
    parse_question,
)
from support.questions import persons, predicates, questions, small_domains
from support.reference_evaluation import Person, holds

FEMALE, MALE = Among("gender", ("Feminine",)), Among("gender", ("Masculine",))
YOUNG, OLD = Between("age", 0, 40), Between("age", 30, 99)
COUNT = TableQuestion(source=Source.PERSONS, measure=CountPersons(), group_by=("gender",))


@settings(max_examples=100, deadline=None)
@given(questions())
def test_the_canonical_bytes_give_the_question_back(question: Question) -> None:
    assert parse_question(question.encode()) == question


@settings(max_examples=100, deadline=None)
@given(predicates(Source.LEGS))
def test_the_normal_form_is_its_own_normal_form(predicate: Predicate) -> None:
    assert normalise(predicate) == predicate
    assert negation(negation(predicate)) == predicate


def test_outside_of_one_range_or_of_another_is_outside_of_what_both_share() -> None:
    outside = [negation(between("age", 0, 20)), negation(between("age", 10, 30))]
    assert any_of(outside) == negation(between("age", 10, 20))
    assert negation(negation(any_of(outside))) == any_of(outside)
    apart = [negation(between("age", 0, 9)), negation(between("age", 20, 30))]
    assert any_of(apart) == EVERYBODY


@settings(max_examples=100, deadline=None)
@given(predicates(Source.PERSONS), predicates(Source.PERSONS), persons())
def test_the_normal_form_means_what_the_tree_meant(
    one: Predicate, other: Predicate, person: Person
) -> None:
    row = person.cases[0].columns

    def true(predicate: Predicate) -> bool:
        domains = small_domains()
        names = {name: domains.domain(field) for name, field in domains.catalogue.fields.items()}

        class Everything:
            fields = names

        return holds(Everything(), predicate, row)  # type: ignore[arg-type]

    assert true(all_of([one, other])) == (true(one) and true(other))
    assert true(any_of([one, other])) == (true(one) or true(other))
    assert true(negation(one)) != true(one)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (all_of([FEMALE, YOUNG]), all_of([YOUNG, FEMALE, FEMALE])),
        (any_of([FEMALE, MALE]), among("gender", ["Masculine", "Feminine"])),
        (negation(any_of([FEMALE, YOUNG])), all_of([negation(FEMALE), negation(YOUNG)])),
        (all_of([YOUNG, OLD]), between("age", 30, 40)),
        (all_of([FEMALE, all_of([MALE, YOUNG])]), all_of([FEMALE, MALE, YOUNG])),
        (all_of([]), EVERYBODY),
        (any_of([FEMALE, EVERYBODY]), EVERYBODY),
        (all_of([FEMALE, NOBODY]), NOBODY),
        (among("gender", []), NOBODY),
    ],
)
def test_the_same_meaning_has_one_form(one: Predicate, same: Predicate) -> None:
    assert one == same


def test_the_order_and_number_of_equal_tables_do_not_matter() -> None:
    other = TableQuestion(source=Source.CORRIDORS, measure=CountPersons())
    assert make_question(COUNT, other).digest == make_question(other, COUNT, COUNT).digest


def bent(**changes: Any) -> dict[str, Any]:
    table = json.loads(make_question(COUNT).encode())["tables"][0]
    return {"tables": [table | changes]}


DEEP: dict[str, Any] = {"among": "gender", "values": ["Feminine"]}
for _ in range(40):
    DEEP = {"all": [DEEP]}

HOSTILE: dict[str, Json] = {
    "no_table": {"tables": []},
    "no_list": {"tables": "persons"},
    "another_key": bent() | {"rho": "1"},
    "a_field_too_many": bent(noise="none"),
    "unknown_source": bent(source="addresses"),
    "unknown_measure": bent(measure={"max": "age"}),
    "unsorted_groups": bent(group_by=["year", "gender"]),
    "group_twice": bent(group_by=["gender", "gender"]),
    "too_many_groups": bent(group_by=[f"field{n}" for n in range(7)]),
    "no_cell_per_person": bent(max_cells=0),
    "many_cells_per_person": bent(max_cells=65),
    "bound_is_true": bent(max_cells=True),
    "bound_is_missing": {"tables": [{"source": "persons"}]},
    "huge_bound": bent(measure={"sum": "age", "low": 0, "high": 10**30}),
    "bounds_upside_down": bent(measure={"sum": "age", "low": 5, "high": 1}),
    "bounds_without_width": bent(measure={"sum": "age", "low": 0, "high": 0}),
    "unsorted_values": bent(where={"among": "gender", "values": ["b", "a"]}),
    "no_values": bent(where={"among": "gender", "values": []}),
    "a_value_that_is_a_number": bent(where={"among": "year", "values": [2020]}),
    "not_of_a_tree": bent(where={"not": {"all": []}}),
    "a_lonely_part": bent(where={"all": [{"among": "gender", "values": ["a"]}]}),
    "a_condition_of_another_kind": bent(where={"like": "gender"}),
    "a_condition_that_is_a_list": bent(where=[]),
    "too_deep": bent(where=DEEP),
    "too_many_parts": bent(
        where={"all": [{"among": f"f{n:03}", "values": ["a"]} for n in range(300)]}
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a35_a_hostile_question_is_refused_and_nothing_read(name: str) -> None:
    with pytest.raises(MalformedQuestionError) as refusal:
        parse_question(canonical.encode(HOSTILE[name]))
    assert refusal.value.code == "question.malformed"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"tables": []}',
        b"[" * 100_000,
        make_question(COUNT).encode() + b" ",
        b"x" * (MOST_BYTES + 1),
        b'{"tables":NaN}',
    ],
)
def test_bytes_that_are_not_canonical_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedQuestionError):
        parse_question(raw)
