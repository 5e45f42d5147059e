import datetime as dt
from pathlib import Path

import pytest

from support.case_files import cases_of, problems, read, write_csv, write_template

CASE = {"x_CaseReference": "C1", "prs_IdentityNumber": "P1", "prs_Gender": "Feminine"}
EVENTS = [
    {
        "x_CaseReference": "C1",
        "hte_Type": "Exploitation",
        "hte_Country": "Italy",
        "hte_Date": "2023-06-01",
    },
    {
        "x_CaseReference": "C1",
        "hte_Type": "Recruitment",
        "hte_Country": "MD",
        "hte_Date": "2023-01-01",
    },
    {"x_CaseReference": "C1", "hte_Type": "Transit", "hte_Country": "RO", "hte_Date": "2023-01-03"},
]


def files(
    tmp_path: Path, cases: list[dict[str, str]], events: list[dict[str, str]]
) -> tuple[Path, Path]:
    """A file of cases and one of events."""
    return write_csv(tmp_path / "cases.csv", cases), write_csv(tmp_path / "events.csv", events)


def test_events_become_legs_in_order_of_their_dates(tmp_path: Path) -> None:
    imported, _ = read(*files(tmp_path, [CASE], EVENTS))
    legs = imported.legs.to_pylist()
    assert [(leg["position"], leg["hte_Type"], leg["leg_from"], leg["leg_to"]) for leg in legs] == [
        (0, "Recruitment", None, "MD"),
        (1, "Transit", "MD", "RO"),
        (2, "Exploitation", "RO", "IT"),
    ]
    (case,) = imported.cases.to_pylist()
    assert (case["recruited_in"], case["transit_in"], case["exploited_in"]) == ("MD", ["RO"], "IT")
    assert case["last_event_on"] == dt.date(2023, 6, 1)


def test_without_all_dates_the_kind_of_event_gives_the_order(tmp_path: Path) -> None:
    undated = [{**event, "hte_Date": ""} for event in EVENTS]
    legs = read(*files(tmp_path, [CASE], undated))[0].legs
    assert legs.column("leg_to").to_pylist() == ["MD", "RO", "IT"]


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    cases, events = files(tmp_path, [CASE], EVENTS)
    assert read(cases, events)[0].legs.equals(read(events, cases)[0].legs)


def test_sheets_of_events_and_plans_in_one_workbook_find_their_cases(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "a.xlsx",
        [("x_CaseReference", None), ("prs_Gender", "Gender")],
        [["C1", "Feminine"], ["C2", "Masculine"]],
        more={
            "events": [
                [None, "x_CaseReference", "hte_Type", "hte_Country"],
                [None, None, "Type", "Country"],
                [1, "C2", "Recruitment", "Moldova"],
                [2, None, None, None],
            ],
            "plans": [
                [None, "x_CaseReference", "spl_Type", "spl_ActualEndDate"],
                [1, "c2 ", "Health", dt.date(2024, 1, 1)],
                [2, "C2", "Legal", None],
            ],
        },
    )
    imported, report = read(path)
    second = imported.cases.column("prs_Gender").to_pylist().index("Masculine")
    assert imported.legs.column("case").to_pylist() == [second]
    assert imported.services.to_pylist() == [
        {"case": second, "spl_Type": "Health", "spl_ActualEndDate": dt.date(2024, 1, 1)},
        {"case": second, "spl_Type": "Legal", "spl_ActualEndDate": None},
    ]
    assert [table.holds for table in report.tables] == [("cases",), ("events",), ("support plans",)]


def test_without_events_the_locations_give_recruitment_and_exploitation(tmp_path: Path) -> None:
    row = {"vic_LocationOfRecruitment": "Moldavie", "vic_LocationOfExploitation": "Milano, Italia"}
    imported, report = read(write_csv(tmp_path / "a.csv", [row]))
    legs = imported.legs.to_pylist()
    assert [(leg["hte_Type"], leg["leg_from"], leg["leg_to"]) for leg in legs] == [
        ("Recruitment", None, "MD"),
        ("Exploitation", "MD", "IT"),
    ]
    assert report.corridors_by["recruitment_location"] == 1


def test_events_win_over_locations_and_locations_fill_what_events_lack(tmp_path: Path) -> None:
    case = CASE | {"vic_LocationOfRecruitment": "UA", "vic_LocationOfExploitation": "DE"}
    (found,) = cases_of(*files(tmp_path, [case], EVENTS[1:]))
    assert (found["recruited_in"], found["exploited_in"]) == ("MD", "DE")


def test_rows_that_are_case_and_event_at_once_make_one_case_with_legs(tmp_path: Path) -> None:
    rows = [CASE | event for event in EVENTS]
    imported, report = read(write_csv(tmp_path / "a.csv", rows))
    assert (report.cases, imported.legs.num_rows) == (1, 3)


def test_an_identity_number_alone_leads_to_the_case_referred_next(tmp_path: Path) -> None:
    cases = [
        CASE | {"x_CaseReference": reference, "cas_IncomingReferralDate": day}
        for reference, day in (("A", "2020-01-01"), ("B", "2022-01-01"), ("C", "2024-01-01"))
    ]
    event = {"prs_IdentityNumber": "P1", "hte_Type": "Transit", "hte_Country": "RO"}
    for day, referred in (
        ("2021-05-05", 2022),
        ("2019-05-05", 2020),
        ("2025-05-05", 2024),
        ("", 2024),
    ):
        imported, _ = read(*files(tmp_path, cases, [event | {"hte_Date": day}]))
        (leg,) = imported.legs.to_pylist()
        assert imported.cases.to_pylist()[leg["case"]]["referred_on"].year == referred


def test_an_event_of_a_shared_reference_counts_for_each_person_or_for_the_one_it_names(
    tmp_path: Path,
) -> None:
    cases = [CASE, CASE | {"prs_IdentityNumber": "P2"}]
    imported, report = read(*files(tmp_path, cases, EVENTS[:1]))
    assert imported.legs.num_rows == 2
    assert problems(report)["event.shared"] == 1
    named = [EVENTS[0] | {"prs_IdentityNumber": "P2"}]
    assert read(*files(tmp_path, cases, named))[0].legs.num_rows == 1
    unnamed = [CASE | {"prs_IdentityNumber": "", "prs_FirstName": "Ana"}]
    imported, report = read(*files(tmp_path, [*cases[:1], *unnamed], named))
    assert imported.legs.num_rows == 0
    assert problems(report)["event.no_case"] == 1


@pytest.mark.parametrize("name", ["prs_IdentityNumber", "x_PersonReference"])
def test_an_event_that_names_somebody_whom_no_case_names_so_is_nobodys(
    tmp_path: Path, name: str
) -> None:
    """Copied to the others of its case, it would change them when that person leaves."""
    case = {"x_CaseReference": "C1", "prs_Gender": "Feminine"}
    imported, report = read(*files(tmp_path, [case], [EVENTS[0] | {name: "P2"}]))
    assert imported.legs.num_rows == 0
    assert problems(report)["event.no_case"] == 1


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"x_CaseReference": "C9", "hte_Type": "Transit"}, "event.no_case"),
        ({"prs_IdentityNumber": "P9", "hte_Type": "Transit"}, "event.no_case"),
        ({"hte_Type": "Transit"}, "event.no_reference"),
        ({"x_CaseReference": "C1", "hte_Country": "Atlantis"}, "event.says_nothing"),
    ],
)
def test_an_event_that_cannot_be_used_is_reported(
    tmp_path: Path, event: dict[str, str], problem: str
) -> None:
    imported, report = read(*files(tmp_path, [CASE], [EVENTS[0], event]))
    assert imported.legs.num_rows == 1
    assert problems(report)[problem] == 1


def test_the_same_event_twice_is_one(tmp_path: Path) -> None:
    imported, report = read(*files(tmp_path, [CASE], EVENTS + EVENTS[:2]))
    assert imported.legs.num_rows == 3
    assert problems(report)["event.repeated"] == 2


@pytest.mark.parametrize(
    ("case", "events", "age", "source"),
    [
        ({"vic_AgeWhenTrafficked": "16"}, EVENTS, 16, "given"),
        ({}, EVENTS, 22, "first_event"),
        ({}, [], 23, "referral"),
        ({"cas_IncomingReferralDate": ""}, [], None, "none"),
        ({"prs_Birthdate": "2023-03-01"}, EVENTS, None, "none"),
    ],
)
def test_the_age_falls_back_to_first_event_then_referral(
    tmp_path: Path,
    case: dict[str, str],
    events: list[dict[str, str]],
    age: int | None,
    source: str,
) -> None:
    dated = {"prs_Birthdate": "2000-01-02", "cas_IncomingReferralDate": "2023-12-31"}
    other = {"x_CaseReference": "C2", "hte_Type": "Transit"}
    imported, report = read(*files(tmp_path, [CASE | dated | case], [*events, other]))
    assert imported.cases.column("vic_AgeWhenTrafficked").to_pylist() == [age]
    assert report.ages_by[source] == 1


def test_a_birthdate_after_the_event_is_rejected_and_still_tells_persons_apart(
    tmp_path: Path,
) -> None:
    row = {
        "prs_FirstName": "Ana",
        "prs_Birthdate": "2024-01-01",
        "cas_IncomingReferralDate": "2023-01-01",
    }
    _, report = read(write_csv(tmp_path / "a.csv", [row, row | {"prs_FirstName": "Ina"}]))
    assert problems(report)["date.birth_after_event"] == 2
    assert report.persons_by["name_and_birthdate"] == 2


def test_a_case_keeps_its_first_thousand_events(tmp_path: Path) -> None:
    day = dt.date(2020, 1, 1)
    events = [EVENTS[2] | {"hte_Date": str(day + dt.timedelta(days=n))} for n in range(1100)]
    imported, report = read(*files(tmp_path, [CASE], events))
    assert imported.legs.num_rows == 1000
    assert problems(report)["event.too_many"] == 100


def test_perpetrators_and_organisations_are_no_cases(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "a.xlsx",
        [("prs_Gender", "Gender"), ("vic_TraffickingStatus", None)],
        [["Feminine", None]],
        more={
            "perpetrators": [
                ["prs_FirstName", "prs_Gender", "per_RoleInProcess"],
                ["X", "Masculine", "Abuser"],
            ],
            "organisations": [["org_Name", "org_Type"], ["Shelter", "NGO"]],
        },
    )
    _, report = read(path)
    assert report.cases == 1
    assert problems(report)["sheet.no_cases"] == 2
