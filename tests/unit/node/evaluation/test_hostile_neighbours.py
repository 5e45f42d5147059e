"""Neighbouring data sets that were built to break the proof, each imported anew.

Persons without identity, alike to the last sign; the same words read in two ways; persons who
share an event; a file that meets another file's memory. In every history of imports, whoever is
left out changes x by no more than the plan promises.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from corridor.node.evaluation import evaluate
from corridor.node.importing import CountryMapping, read_country_mapping
from corridor.node.policy import ConsentRule
from corridor.node.schema import EditionTables
from corridor.queries.builder import RegionQuestions
from corridor.queries.plan import Plan, compile_plan
from support.case_files import Row, merged, read, write_csv
from support.editions import InMemory
from support.question_strategies import small_domains

REGION = RegionQuestions(small_domains())
EXPLOITATIONS = "ForcedLabour;SexualExploitation;OrganRemoval"
BY_EXPLOITATION = compile_plan(
    REGION.persons.by("exploitation").at_most(cells=1).count(), small_domains()
)
BY_CORRIDOR = compile_plan(
    REGION.corridors.by("exploitation", "recruited_in").at_most(cells=1).count(), small_domains()
)
CHOICES = [bytes([number]) * 16 for number in range(24)]
"""Keys of nodes: whatever is wrong with a choice shows under some of them."""


def largest_change(plan: Plan, one: EditionTables, other: EditionTables) -> int:
    """The squared change of x, under the key of the node where it is largest."""
    consent = ConsentRule.HTCDS_CONSENT
    changes = [
        evaluate(plan, InMemory(one), key, consent) - evaluate(plan, InMemory(other), key, consent)
        for key in CHOICES
    ]
    return max(int(np.square(change).sum()) for change in changes)


def anonymous(**more: object) -> Row:
    return {
        "prs_Gender": "Feminine",
        "con_Consent": "Yes",
        "vic_TypeOfExploitation": EXPLOITATIONS,
        **more,
    }


def test_a11_alike_and_without_identity_under_different_columns(tmp_path: Path) -> None:
    # Of the two sheets one has a box for agreement, which is not ticked and says no.
    columns = ["prs_Gender", "con_Consent", "vic_TypeOfExploitation"]
    cells = ["Feminine", "Yes", EXPLOITATIONS]

    def workbook(name: str, sheets: Sequence[int]) -> EditionTables:
        book = Workbook()
        for sheet, rows in enumerate(sheets):
            page = book.worksheets[0] if sheet == 0 else book.create_sheet(f"sheet {sheet}")
            page.append([*columns, "vic_AgreementToManagePersonalData"][: 4 - sheet])
            for _ in range(rows):
                page.append(cells)
            page.append(["Masculine", "Yes", "ForcedLabour"])
        book.save(tmp_path / name)
        return merged(None, read(tmp_path / name)[0], 1)

    both = workbook("both.xlsx", [1, 1])
    assert both.persons.num_rows == workbook("second.xlsx", [0, 1]).persons.num_rows + 1
    for name, sheets in (("second.xlsx", [0, 1]), ("first.xlsx", [1, 0])):
        change = largest_change(BY_EXPLOITATION, both, workbook(name, sheets))
        assert change <= BY_EXPLOITATION.sensitivity_squared


def test_alike_but_for_signs_that_the_key_of_a_row_passes_over(tmp_path: Path) -> None:
    # A line break divides values, a space does not; to the key of a row they are one.
    plan = compile_plan(
        REGION.persons.by("citizenship", "exploitation").at_most(cells=1).count(), small_domains()
    )
    rows = [anonymous(prs_Citizenship=cell) for cell in ("Ukraine\nMoldova", "Ukraine Moldova")]
    both = merged(None, read(write_csv(tmp_path / "both.csv", rows))[0], 1)
    assert len({str(case["prs_Citizenship"]) for case in both.cases.to_pylist()}) == 2
    for left in rows:
        one = merged(None, read(write_csv(tmp_path / "one.csv", [left]))[0], 1)
        assert largest_change(plan, both, one) <= plan.sensitivity_squared


def mapping(tmp_path: Path) -> CountryMapping:
    path = tmp_path / "mapping.csv"
    path.write_text("text,code\nby the old mill,MD\n", encoding="utf-8")
    return read_country_mapping(path)


def test_alike_and_read_anew_by_a_mapping_file_that_came_later(tmp_path: Path) -> None:
    row = anonymous(vic_LocationOfRecruitment="by the old mill")
    someone = anonymous(prs_Gender="Masculine")

    def history(first: int, second: int) -> EditionTables:
        one = write_csv(tmp_path / "first.csv", [someone, *[row] * first])
        two = write_csv(tmp_path / "second.csv", [someone, *[row] * second])
        before = merged(None, read(one)[0], 1)
        return merged(before, read(two, mapping=mapping(tmp_path))[0], 2)

    # Two persons alike; only one of them is in the second file. Either may be left out.
    both = history(2, 1)
    for left in (history(1, 0), history(1, 1)):
        assert both.persons.num_rows == left.persons.num_rows + 1
        assert largest_change(BY_CORRIDOR, both, left) <= BY_CORRIDOR.sensitivity_squared


def test_a11_one_moment_in_two_time_zones_is_two_days_whoever_came_first(tmp_path: Path) -> None:
    moment = datetime(2020, 12, 31, 23, 30, tzinfo=UTC)

    def file(name: str, number: str, zone: timezone) -> Path:
        day = pa.array([moment.astimezone(zone)], pa.timestamp("ms", tz=str(zone)[3:] or "UTC"))
        table = pa.table(
            {
                "prs_IdentityNumber": [number],
                "con_Consent": ["Yes"],
                "cas_IncomingReferralDate": day,
            }
        )
        pq.write_table(table, tmp_path / name)
        return tmp_path / name

    first = file("first.parquet", "A-1", timezone.utc)  # noqa: UP017
    second = file("second.parquet", "B-2", timezone(timedelta(hours=2)))
    plan = compile_plan(REGION.persons.by("year").at_most(cells=1).count(), small_domains())
    both = merged(None, read(first, second)[0], 1)
    assert largest_change(plan, both, merged(None, read(second)[0], 1)) <= plan.sensitivity_squared


def test_a11_a_row_under_the_header_is_not_taken_for_labels(tmp_path: Path) -> None:
    # Else it would not count when the row above it is left out.
    odd = {"prs_SecondName": "Gender", "prs_FirstName": "Citizenship", "con_Consent": "Yes"}
    other = {"prs_SecondName": "Rossi", "prs_FirstName": "Anna", "con_Consent": "Yes"}
    for number, rows in enumerate(([other, odd], [odd, other])):
        path = write_csv(tmp_path / f"{number}.csv", rows)
        assert merged(None, read(path)[0], 1).persons.num_rows == 2


def test_a11_an_event_that_names_somebody_is_nobody_elses(tmp_path: Path) -> None:
    shared = {"x_CaseReference": "C1", "con_Consent": "Yes", "prs_Gender": "Feminine"}
    known = shared | {"prs_IdentityNumber": "P1"}
    unknown = shared | {"prs_FirstName": "Ana", "prs_Birthdate": "1999-05-17"}
    event = {"x_CaseReference": "C1", "hte_Type": "Transit", "hte_Country": "RO"}

    def edition(cases: list[Row], events: list[Row]) -> EditionTables:
        paths = write_csv(tmp_path / "a.csv", cases), write_csv(tmp_path / "b.csv", events)
        return merged(None, read(*paths)[0], 1)

    other = event | {"hte_Country": "MD"}
    plan = compile_plan(REGION.legs.by("leg_to").at_most(cells=4).count(), small_domains())
    both = edition(
        [known, unknown],
        [event | {"prs_IdentityNumber": "P1"}, *(event | {"hte_Country": c} for c in ("MD", "UA"))],
    )
    without = edition([unknown], [other, event | {"hte_Country": "UA"}])
    assert largest_change(plan, both, without) == 3  # the three legs of the one who left
