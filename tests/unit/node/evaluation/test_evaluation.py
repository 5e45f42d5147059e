"""What a node computes for a plan, against the reference and against the bare examples."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.errors.questions import EmptyQuestionError
from corridor.node.evaluation import engine, evaluate
from corridor.node.evaluation.statement import statement
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.node.store import EditionStore, editions
from corridor.queries.builder import RegionQuestions
from corridor.queries.choice import ChoiceKey
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support import reference_evaluation
from support.editions import Case, InMemory, make_tables, people_in
from support.question_strategies import cases, questions, small_domains

KEY = bytes(range(16))
CONSENT = ConsentRule.HTCDS_CONSENT
REGION = RegionQuestions(small_domains())


class Watched(InMemory):
    """Remembers which columns were asked for."""

    def __init__(self, tables: EditionTables) -> None:
        super().__init__(tables)
        self.columns: list[str] = []

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        self.columns += columns
        return super().pieces(table, columns)


def compiled(question: Question) -> Plan:
    try:
        return compile_plan(question, small_domains())
    except EmptyQuestionError:
        assume(False)
        raise


def answer(question: Question, *listed: Case, consent: ConsentRule = CONSENT) -> dict[Any, int]:
    """Cells of a question's first block that are not 0."""
    plan = compile_plan(question, small_domains())
    x = evaluate(plan, InMemory(make_tables(listed)), KEY, consent).tolist()
    table = plan.tables[0]
    block = x[: table.cells]
    return {table.values_of(cell): count for cell, count in enumerate(block) if count}


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    questions(),
    cases(),
    st.sampled_from(ConsentRule),
    st.tuples(
        st.sampled_from([1, 3, 1 << 20]),
        st.sampled_from([1, 2, 3, 1 << 20]),
    ),
)
def test_it_computes_what_the_reference_says(
    question: Question,
    listed: list[Case],
    consent: ConsentRule,
    at_once: tuple[int, int],
) -> None:
    """However many entries are counted, and rows read, at once."""
    part, piece = at_once
    plan = compiled(question)
    people = people_in(listed, without_consent=consent is not CONSENT)
    wanted = reference_evaluation.evaluate(plan, people, ChoiceKey.from_bytes(KEY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "PART", part)
        found = evaluate(plan, InMemory(make_tables(listed), piece), KEY, consent)
    assert found.tolist() == wanted


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), cases(), st.sampled_from([1, 2, 1 << 20]))
def test_from_the_encrypted_store_it_computes_the_same(
    question: Question, listed: list[Case], rows_at_once: int
) -> None:
    plan = compiled(question)
    tables = make_tables(listed)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(editions, "_ROW_GROUP", rows_at_once)
        now = datetime(2026, 11, 24, tzinfo=UTC)
        store = EditionStore(Path(folder), Random(1).randbytes, lambda: now)
        edition = store.write(tables, replaces=None, sources=[]).edition.id
        found = evaluate(plan, store.reader(edition), KEY, CONSENT)
    assert found.tolist() == evaluate(plan, InMemory(tables), KEY, CONSENT).tolist()


def test_a11_a_person_with_two_cases_counts_once() -> None:
    listed = [
        Case("A", "1", {"prs_Gender": "Feminine"}),
        Case("A", "2", {"prs_Gender": "Feminine"}),
    ]
    assert answer(REGION.persons.by("gender").count(), *listed) == {("Feminine",): 1}


def test_a11_of_a_person_with_more_rows_as_many_count_as_may() -> None:
    listed = [Case("A", number, {"prs_Gender": "Feminine"}) for number in "123"]
    question = REGION.persons.by("gender").at_most(rows=2).count()
    assert answer(question, *listed) == {("Feminine",): 2}


def test_a12_missing_values_are_in_the_unknown_cell() -> None:
    listed = [Case("A", "1"), Case("B", "1", {"prs_Gender": "NonSpecifiedUnknown"})]
    assert answer(REGION.persons.by("gender").count(), *listed) == {("unknown",): 2}


def test_a10_a11_a_person_keeps_at_most_m_cells() -> None:
    case = Case("A", "1", legs=[{"leg_to": country} for country in ("MD", "RO", "UA", "BG", "NG")])
    for m in (1, 3, 5):
        question = REGION.legs.by("leg_to").at_most(cells=m).count()
        assert sum(answer(question, case).values()) == m


def test_of_a_persons_rows_the_newest_count() -> None:
    listed = [
        Case("A", "old", {"referred_on": date(2020, 1, 1), "prs_NumberOfChildren": 1}),
        Case("A", "new", {"referred_on": date(2022, 1, 1), "prs_NumberOfChildren": 3}),
        Case("A", "undated", {"prs_NumberOfChildren": 7}),
    ]
    assert answer(REGION.persons.sum("children", 0, 20), *listed) == {(): 3}
    two = REGION.persons.at_most(rows=2).sum("children", 0, 20)
    assert answer(two, *listed) == {(): 4}


def test_a10_a_sum_is_clamped_person_by_person() -> None:
    listed = [Case(name, "1", {"prs_NumberOfChildren": 9}) for name in "ABC"]
    assert answer(REGION.persons.sum("children", 0, 4), *listed) == {(): 12}


@pytest.mark.parametrize(
    ("consent", "agreement", "counts"),
    [(True, None, 1), (True, True, 1), (True, False, 0), (False, None, 0), (False, True, 0)],
)
def test_only_cases_with_consent_count_unless_there_is_another_basis(
    consent: bool, agreement: bool | None, counts: int
) -> None:
    case = Case("A", "1", {"consent": consent, "agreement": agreement})
    assert sum(answer(REGION.persons.count(), case).values()) == counts
    other = ConsentRule.OTHER_LEGAL_BASIS
    assert sum(answer(REGION.persons.count(), case, consent=other).values()) == 1


def test_consent_of_a_case_covers_its_legs_and_services() -> None:
    case = Case("A", "1", {"consent": False}, legs=[{"leg_to": "MD"}], services=[{}])
    assert answer(REGION.legs.by("leg_to").count(), case) == {}
    assert answer(REGION.services.by("service").count(), case) == {}


def test_a7_nobody_and_nothing_give_zeros() -> None:
    assert answer(REGION.legs.by("leg_to", "gender").count()) == {}
    assert answer(REGION.legs.by("leg_to", "gender").count(), Case("A", "1")) == {}


@pytest.mark.parametrize(
    "question",
    [
        REGION.persons.by("gender").count(),
        REGION.legs.by("leg_from", "leg_to").count(),
        REGION.services.count(),
    ],
    ids=["persons", "legs", "services"],
)
def test_a5_for_nobody_the_engine_is_asked_as_for_somebody(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first person with a journey shows in how long a node takes."""
    asked: list[str] = []
    right = engine._found

    def counted(connection: Any, text: str, planned: Any, rows: Any) -> Any:
        asked.append(text)
        return right(connection, text, planned, rows)

    monkeypatch.setattr(engine, "_found", counted)
    plan = compile_plan(question, small_domains())
    somebody = [Case("A", "c", legs=[{"leg_from": "MD"}], services=[{}])]
    store = EditionStore(tmp_path, Random(1).randbytes, lambda: datetime.now(UTC))
    for listed in ([], somebody):
        tables = make_tables(listed)
        current = store.current()
        written = store.write(
            tables, replaces=None if current is None else current.id, sources=[]
        ).edition.id
        for reader in (InMemory(tables), store.reader(written)):
            asked.clear()
            x = evaluate(plan, reader, KEY, CONSENT)
            assert len(asked) == 1
            assert x.sum() == len(listed)


@pytest.mark.parametrize("number", [-(2**15), -1, 2**15 - 1])
@pytest.mark.parametrize("day", [-(2**31), -(2**31) + 1, -1, 2**31 - 1, None])
def test_a5_a9_a12_no_value_that_the_store_can_hold_stops_it(number: int, day: int | None) -> None:
    tables = make_tables([Case("A", "1", legs=[{}], services=[{}])])
    changed = tables.cases
    words: dict[object, object] = {pa.int16(): number, pa.string(): "\0'\"; DROP"}
    for place, column in enumerate(changed.schema):
        if pa.types.is_date(column.type):
            changed = changed.set_column(
                place, column, pa.array([day], pa.int32()).cast(pa.date32())
            )
        elif column.type in words:
            changed = changed.set_column(place, column, pa.array([words[column.type]], column.type))
    extreme = EditionTables(
        persons=tables.persons, cases=changed, legs=tables.legs, services=tables.services
    )
    for name, field in small_domains().catalogue.fields.items():
        builder = REGION.persons if "persons" in field.sources else REGION.legs
        if "legs" not in field.sources:
            builder = REGION.services
        question = builder.sum(name) if field.is_quantity else builder.by(name).count()
        plan = compile_plan(question, small_domains())
        x = evaluate(plan, InMemory(extreme), KEY, CONSENT)
        assert abs(x).max() <= plan.largest


def test_only_columns_that_the_plan_needs_are_read() -> None:
    reader = Watched(make_tables([Case("A", "1")]))
    question = REGION.persons.where(minor="minor").by("gender").count()
    evaluate(compile_plan(question, small_domains()), reader, KEY, CONSENT)
    always = {"person", "choice_key", "consent", "agreement"}
    assert set(reader.columns) == {*always, "prs_Gender", "vic_AgeWhenTrafficked"}


def test_a35_the_statement_holds_no_value_of_the_question() -> None:
    question = REGION.persons.where(exploitation="SexualExploitation", gender="Feminine").count()
    (table,) = compile_plan(question, small_domains()).tables
    text = statement(table, CONSENT)
    assert "Feminine" not in text
    assert "Sexual" not in text


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "COPY (SELECT 1) TO '/tmp/corridor-test.csv'",
        "ATTACH '/tmp/corridor-test.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET temp_directory = '/tmp'",
    ],
)
def test_a35_the_engine_reaches_no_file_and_its_locks_stay_shut(text: str) -> None:
    with engine.shut_off_connection() as connection, pytest.raises(duckdb.Error):
        connection.execute(text)


def test_a35_the_engine_sees_no_python_variable() -> None:
    given_by_accident = pa.table({"a": [1]})
    with engine.shut_off_connection() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT * FROM given_by_accident")
    del given_by_accident


LISTS = {
    name: small_domains().values(field)[:-1]
    for name, field in small_domains().catalogue.fields.items()
    if field.is_multivalued
}
EVERYTHING = {
    small_domains().catalogue.fields[name].columns[0]: sorted(values)
    for name, values in LISTS.items()
}


def test_a_row_with_everything_ticked_bursts_no_memory_by_what_no_cell_counts() -> None:
    names = sorted(LISTS, key=lambda name: len(LISTS[name]))[-6:]
    assert math.prod(len(LISTS[name]) for name in names) > 6 * 10**6
    question = REGION.persons.where(**{name: LISTS[name][0] for name in names}).by(*names).count()
    listed = [Case("Ana", f"case {number}", EVERYTHING) for number in range(20)]
    assert list(answer(question, *listed).values()) == [1]


def test_a_person_with_more_entries_than_fit_is_read_in_pieces() -> None:
    names = sorted(LISTS, key=lambda name: len(LISTS[name]))[:4]
    plan = compile_plan(REGION.persons.by(*names).at_most(cells=5, rows=3).count(), small_domains())
    listed = [Case("Ana", f"case {number}", EVERYTHING) for number in range(4)]
    read = InMemory(make_tables(listed))
    with pytest.MonkeyPatch.context() as patch:
        whole = evaluate(plan, read, KEY, CONSENT)
        patch.setattr(engine, "PART", 1)
        assert evaluate(plan, read, KEY, CONSENT).tolist() == whole.tolist()
    assert sorted(whole[whole != 0]) == [3] * 5
