"""One person, added or removed, changes x by no more than the plan promises.

Both data sets are made anew each time, so that everybody else's dense number moves. Two twins
show that these tests can fail.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from corridor.errors.questions import EmptyQuestionError
from corridor.node.evaluation import bounding, engine, evaluate
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.queries.builder import RegionQuestions
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from support.case_files import edition_of
from support.editions import Case, InMemory, make_tables
from support.question_strategies import cases, questions, small_domains
from support.shifts import squared_shift

KEY = bytes(range(16))
REGION = RegionQuestions(small_domains())
PEOPLE = "ABCDE"


class ChoosingByDenseNumber(InMemory):
    """The mistake that the proof forbids: a person's number in the place of their stable key."""

    def pieces(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        for found in super().pieces(table, columns):
            place = found.schema.get_field_index("choice_key")
            if place < 0:
                yield found
            else:
                yield found.set_column(place, "choice_key", found["person"].cast(pa.uint64()))


def squared_change(
    plan: Plan, one: EditionTables, other: EditionTables, reader: type[InMemory] = InMemory
) -> float:
    consent = ConsentRule.HTCDS_CONSENT
    difference = evaluate(plan, reader(one), KEY, consent) - evaluate(
        plan, reader(other), KEY, consent
    )
    return squared_shift(plan, difference)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions(), cases(PEOPLE, most=10), st.sampled_from(PEOPLE))
def test_a11_one_person_changes_x_by_at_most_the_sensitivity(
    question: Question, listed: list[Case], who: str
) -> None:
    try:
        plan = compile_plan(question, small_domains())
    except EmptyQuestionError:
        assume(False)
        raise
    without = [case for case in listed if case.person != who]
    assume(len(without) < len(listed))
    change = squared_change(plan, make_tables(listed), make_tables(without))
    assert change <= plan.sensitivity_squared * (1 + 1e-9)


CHANCE = Random(20261124)
REACHED = ("BG", "FR", "IN", "MD", "RO", "TR", "UA")
MANY = [
    Case(
        f"person {number}",
        f"case {number} {turn}",
        legs=[{"leg_from": "NG", "leg_to": country} for country in CHANCE.sample(REACHED, 4)],
    )
    for number in range(60)
    for turn in range(2)
]
FEWER = MANY[2:]


@pytest.mark.parametrize("m", [1, 2, 4])
def test_the_sensitivity_is_reached_by_somebody_with_rows_in_many_cells(m: int) -> None:
    plan = compile_plan(REGION.legs.by("leg_to").at_most(cells=m).count(), small_domains())
    change = squared_change(plan, make_tables(MANY), make_tables(FEWER))
    assert change == plan.sensitivity_squared == m


def test_a11_choosing_by_the_dense_number_would_be_noticed() -> None:
    plan = compile_plan(REGION.legs.by("leg_to").at_most(cells=1).count(), small_domains())
    changes = []
    for number in range(10):  # whoever is removed, those behind them get other numbers
        without = [case for case in MANY if case.person != f"person {number}"]
        tables = make_tables(MANY), make_tables(without)
        changes.append(squared_change(plan, *tables, ChoosingByDenseNumber))
        assert squared_change(plan, *tables) <= plan.sensitivity_squared
    assert max(changes) > plan.sensitivity_squared


def test_a11_keeping_more_cells_than_promised_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = compile_plan(REGION.legs.by("leg_to").at_most(cells=1).count(), small_domains())
    monkeypatch.setattr(
        engine,
        "bounded",
        lambda entries, key, *, max_cells, max_rows: bounding.bounded(
            entries, key, max_cells=max_cells + 1, max_rows=max_rows
        ),
    )
    change = squared_change(plan, make_tables(MANY), make_tables(FEWER))
    assert change > plan.sensitivity_squared


# ---------------------------------------------------------------- through real case files

Line = dict[str, str]
"""A row of a CSV file; `who` says whose it is, and is not written."""

CASE_COLUMNS = [
    "x_CaseReference",
    "prs_IdentityNumber",
    "prs_FirstName",
    "prs_Birthdate",
    "prs_Gender",
    "prs_Citizenship",
    "con_Consent",
    "vic_AgeWhenTrafficked",
    "vic_TypeOfExploitation",
    "vic_MethodsOfControl",
    "vic_LocationOfRecruitment",
    "vic_LocationOfExploitation",
    "cas_IncomingReferralDate",
]
EVENT_COLUMNS = ["x_CaseReference", "hte_Type", "hte_Country", "hte_Date"]
PLAN_COLUMNS = ["x_CaseReference", "spl_Type", "spl_ActualEndDate"]


def draw_files(chance: Random, people: int) -> dict[str, list[Line]]:
    """Rows of people who are known by number, by name, or not at all; shuffled."""
    files: dict[str, list[Line]] = {"cases": [], "events": [], "plans": []}
    for person in range(people):
        known = chance.choice(["number", "name", "nothing"])
        for turn in range(1 if known == "nothing" else chance.randint(1, 3)):
            who, reference = str(person), f"R{person}/{turn}"
            day = f"{chance.randint(2019, 2023)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
            files["cases"].append(
                {
                    "who": who,
                    "x_CaseReference": reference,
                    "prs_IdentityNumber": f"ID-{person:05}" if known == "number" else "",
                    "prs_FirstName": f"Name{person}" if known == "name" else "",
                    "prs_Birthdate": f"199{person % 10}-03-04" if known == "name" else "",
                    "prs_Gender": chance.choice(["Feminine", "Masculine", ""]),
                    "prs_Citizenship": ";".join(chance.sample(REACHED, chance.randint(0, 2))),
                    "con_Consent": chance.choice(["Yes", "Yes", "Yes", "No", ""]),
                    "vic_AgeWhenTrafficked": chance.choice(["", "9", "17", "30", "77"]),
                    "vic_TypeOfExploitation": ";".join(
                        chance.sample(["ForcedLabour", "SexualExploitation", "OrganRemoval"], 2)
                    ),
                    "vic_MethodsOfControl": ";".join(
                        chance.sample(["DebtBondage", "Threats", "ExcessiveWorkingHours"], 2)
                    ),
                    "vic_LocationOfRecruitment": chance.choice(REACHED),
                    "vic_LocationOfExploitation": chance.choice([*REACHED, "nowhere"]),
                    "cas_IncomingReferralDate": chance.choice([day, ""]),
                }
            )
            files["events"] += [
                {
                    "who": who,
                    "x_CaseReference": reference,
                    "hte_Type": chance.choice(["Recruitment", "Transit", "Exploitation"]),
                    "hte_Country": chance.choice(REACHED),
                    "hte_Date": day,
                }
                for _ in range(chance.randint(0, 4))
            ]
            files["plans"] += [
                {
                    "who": who,
                    "x_CaseReference": reference,
                    "spl_Type": chance.choice(["Shelter", "Health", "Education", "?"]),
                    "spl_ActualEndDate": "",
                }
                for _ in range(chance.randint(0, 2))
            ]
    for lines in files.values():
        chance.shuffle(lines)
    return files


def imported(files: dict[str, list[Line]], leaving_out: str | None = None) -> EditionTables:
    """The edition that a first import of these files makes."""
    columns = {"cases": CASE_COLUMNS, "events": EVENT_COLUMNS, "plans": PLAN_COLUMNS}
    with TemporaryDirectory() as folder:
        paths = []
        for name, lines in files.items():
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns[name], extrasaction="ignore")
                writer.writeheader()
                writer.writerows(line for line in lines if line["who"] != leaving_out)
            paths.append(path)
        return edition_of(*paths)


PLANS = [
    compile_plan(question, small_domains())
    for question in (
        REGION.legs.by("leg_from", "leg_to").at_most(cells=2, rows=2).count(),
        REGION.persons.by("exploitation", "control").at_most(cells=2).count(),
        REGION.persons.by("citizenship", "recruited_in", "exploited_in").at_most(cells=1).count(),
        REGION.corridors.by("recruited_in", "exploited_in").mean("age", 0, 99),
        REGION.persons.by("year").at_most(cells=2, rows=3).sum("age", 5, 60),
        REGION.services.by("service", "gender").count(),
        REGION.persons.where(exploitation="ForcedLabour").by("exploitation").count(),
    )
]


@pytest.mark.parametrize("seed", range(4))
def test_a11_a_person_left_out_of_the_case_files_changes_x_by_at_most_the_sensitivity(
    seed: int,
) -> None:
    chance = Random(seed)
    files = draw_files(chance, people=25)
    everybody = imported(files)
    assert everybody.persons.num_rows == 25
    changed = 0
    for who in chance.sample(range(25), 6):
        without = imported(files, leaving_out=str(who))
        assert without.persons.num_rows == 24
        for plan in PLANS:
            change = squared_change(plan, everybody, without)
            assert change <= plan.sensitivity_squared
            changed += change > 0
    assert changed > 10


def test_through_case_files_the_dense_number_would_be_noticed_too() -> None:
    files = draw_files(Random(1), people=25)
    everybody = imported(files)
    broken = 0
    for who in range(6):
        without = imported(files, leaving_out=str(who))
        for plan in PLANS:
            change = squared_change(plan, everybody, without, ChoosingByDenseNumber)
            broken += change > plan.sensitivity_squared
    assert broken > 0
