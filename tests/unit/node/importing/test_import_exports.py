import datetime as dt
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from corridor.errors.importing import DamagedFileError, PersonsNotLinkedError
from corridor.node.importing.dialects import salesforce_id as long_id
from corridor.node.importing.statistical import open_statistical
from support.case_files import cases_of, problems, read, write_csv
from support.exports import salesforce_id, write_rows, write_sheets, write_statistical

Row = list[Any]

# The survey of the XLSForm, as KoboToolbox exports it with groups.
HEAD: Row = ["start", "end", "consent/con_Consent", "who/prs_First_Name", "who/prs_Second_Name"]
HEAD += ["who/prs_Birthdate", "who/prs_Gender", "who/prs_Citizenship", "who/prs_Title"]
META: Row = ["__version__", "_id", "_uuid", "_submission_time", "_validation_status", "_index"]
CONTROL = "victim/vic_Methods_of_Control"
DONE = "2024-04-13T10:00:00.000+03:00"
ANA: Row = [DONE, DONE, "TRUE", "Ana", "Sample", "1999-05-17", "Feminine", "MD", "Ms"]
INA: Row = [DONE, DONE, "FALSE", "Ina", "Sample", "2001-01-02", "Feminine", "UA", "Ms"]
ANA_META: Row = ["vSmt", 101, "3f1c", "2024-04-13T10:01:00", "", 1]
INA_META: Row = ["vSmt", 102, "9a2e", "2024-04-14T10:01:00", "", 2]
DEBT, FALSE = f"{CONTROL}/DebtBondage", f"{CONTROL}/FalsePromises"


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_select_multiple_of_one_column_with_spaces_is_read(
    tmp_path: Path, separator: str
) -> None:
    rows = [
        [*HEAD, CONTROL, *META],
        [*ANA, "DebtBondage FalsePromises", *ANA_META],
        [*INA, "", *INA_META],
    ]
    imported, report = read(write_rows(tmp_path / "kobo.csv", rows, separator=separator))
    by_consent = {case["consent"]: case for case in imported.cases.to_pylist()}
    assert by_consent[True]["vic_MethodsOfControl"] == ["DebtBondage", "FalsePromises"]
    assert by_consent[False]["vic_MethodsOfControl"] == []
    assert by_consent[True]["prs_Citizenship"] == ["MD"]
    assert report.persons_by["name_and_birthdate"] == 2
    assert "column.unknown" not in problems(report)


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), (1, 0), ("True", "False"), ("TRUE", ""), (1.0, None)],
    ids=["texts", "numbers", "words", "ticked", "floats"],
)
def test_a_select_multiple_split_into_a_column_for_each_choice_is_put_together(
    tmp_path: Path, yes: object, no: object
) -> None:
    rows = [
        [*HEAD, DEBT, FALSE, *META],
        [*ANA, yes, yes, *ANA_META],
        [*INA, no, yes, *INA_META],
    ]
    path = write_sheets(tmp_path / "kobo.xlsx", {"HTCDS": rows})
    imported, report = read(path)
    found = {case["consent"]: case["vic_MethodsOfControl"] for case in imported.cases.to_pylist()}
    assert found == {True: ["DebtBondage", "FalsePromises"], False: ["FalsePromises"]}
    assert problems(report)["column.split"] == 2


def test_both_ways_at_once_are_one_field(tmp_path: Path) -> None:
    rows = [[*HEAD, CONTROL, DEBT, FALSE, *META], [*ANA, "DebtBondage", "1", "0", *ANA_META]]
    imported, report = read(write_rows(tmp_path / "kobo.csv", rows))
    assert imported.cases["vic_MethodsOfControl"].to_pylist() == [["DebtBondage"]]
    assert "column.repeated" not in problems(report)


def test_a_choice_that_the_standard_lacks_is_reported_where_it_is_ticked(tmp_path: Path) -> None:
    rows = [[*HEAD, DEBT, f"{CONTROL}/Voodoo", *META], [*ANA, "1", "1", *ANA_META]]
    imported, report = read(write_rows(tmp_path / "kobo.csv", rows))
    (entry,) = [e for e in report.entries if e.problem == "picklist.unknown_value"]
    assert (entry.value, entry.rows) == ("Voodoo", (2,))
    assert imported.cases["vic_MethodsOfControl"].to_pylist() == [["DebtBondage"]]


@pytest.mark.parametrize("split", [True, False])
def test_several_choices_of_a_field_that_takes_one_are_reported_as_several(
    tmp_path: Path, split: bool
) -> None:
    """The XLSForm makes a select_multiple of the industry; the standard has one of it."""
    field, first, second = "vic_ForcedLabourIndustry", "F_Construction", "C_Manufacturing"
    head = [f"{field}/{first}", f"{field}/{second}"] if split else [field]
    row = ["1", "1"] if split else [f"{first} {second}"]
    rows: list[Row] = [[*HEAD, *head, *META], [*ANA, *row, *ANA_META]]
    imported, report = read(write_rows(tmp_path / "kobo.csv", rows))
    assert imported.cases[field].to_pylist() == [None]
    assert problems(report)["picklist.several_values"] == 1


def test_an_export_with_labels_in_place_of_names_is_read(tmp_path: Path) -> None:
    head = ["Consent", "First Name", "Second Name", "Birthdate", "Gender", "Second Name"]
    head += ["Methods of Control/Debt bondage", "Methods of Control/Threatens children/family"]
    head += ["Mailing State/Province", "_id", "_uuid"]
    row = ["Yes", "Ana", "Sample", "1999-05-17", "Feminine ", "Ms", "1", "1", "X", 101, "3f1c"]
    rows: list[Row] = [head, row]
    imported, report = read(write_rows(tmp_path / "labels.csv", rows))
    (case,) = imported.cases.to_pylist()
    assert case["prs_Gender"] == "Feminine"
    assert case["vic_MethodsOfControl"] == ["DebtBondage", "ThreatensChildrenFamily"]
    # prs_Title carries the label of another field in the official form.
    assert problems(report)["column.repeated"] == 1


def test_a_row_of_data_is_no_row_of_labels(tmp_path: Path) -> None:
    rows = [["a", "b", "c", "d"], ["Gender", "Status", "Consent", "x"]]
    sheets = {"s": rows, "t": [["prs_Gender"], ["Masculine"]]}
    _, report = read(write_sheets(tmp_path / "odd.xlsx", sheets))
    assert problems(report)["sheet.no_fields"] == 1


def test_a_submission_is_one_case_however_often_it_is_exported(tmp_path: Path) -> None:
    head: Row = ["con_Consent", "prs_Gender", *META]
    nameless: Row = ["TRUE", "Feminine"]
    first = write_rows(tmp_path / "a.csv", [head, [*nameless, *ANA_META], [*nameless, *INA_META]])
    # The other submission was deleted, so that this one has another place in the export.
    moved = [*INA_META[:-1], 1]
    second = write_rows(tmp_path / "b.csv", [head, ["TRUE", "Masculine", *moved]])
    imported, _ = read(first, second)
    assert set(imported.cases["prs_Gender"].to_pylist()) == {"Feminine", "Masculine"}
    assert imported.cases.num_rows == 2


def test_repeat_groups_belong_to_their_own_row(tmp_path: Path) -> None:
    """One submission with two victims, whose journeys differ."""
    main: list[Row] = [["con_Consent", "cas_Status", *META], ["TRUE", "Active", *ANA_META]]
    tail = ["_index", "_parent_table_name", "_parent_index", "_submission__id"]
    victims: list[Row] = [
        ["victim/prs_Gender", "victim/prs_Birthdate", *tail],
        ["Feminine", "1999-05-17", 1, "HTCDS 2", 1, 101],
        ["Masculine", "2003-01-01", 2, "HTCDS 2", 1, 101],
    ]
    events: list[Row] = [
        ["victim/event/hte_Type", "victim/event/hte_Country", *tail],
        ["Recruitment", "Moldova", 1, "victim", 1, 101],
        ["Recruitment", "Ukraine", 2, "victim", 2, 101],
    ]
    path = write_sheets(
        tmp_path / "kobo.xlsx", {"HTCDS 2": main, "victim": victims, "event": events}
    )
    imported, report = read(path)
    found = {case["prs_Gender"]: case for case in imported.cases.to_pylist()}
    assert {key: case["recruited_in"] for key, case in found.items()} == {
        "Feminine": "MD",
        "Masculine": "UA",
    }
    assert all(case["consent"] and case["cas_Status"] == "Active" for case in found.values())
    assert "event.shared" not in problems(report)


def test_the_files_of_odk_central_are_joined(tmp_path: Path) -> None:
    main = [
        ["SubmissionDate", "meta-instanceID", "who-prs_Gender", "con_Consent", "KEY", "Status"],
        ["2024-04-13", "uuid:1", "Feminine", "TRUE", "uuid:1", ""],
        ["2024-04-13", "uuid:2", "Masculine", "TRUE", "uuid:2", ""],
    ]
    events = [
        ["hte_Type", "hte_Country", "PARENT_KEY", "KEY"],
        ["Exploitation", "BG", "uuid:1", "uuid:1/event[1]"],
        ["Exploitation", "RO", "uuid:2", "uuid:2/event[1]"],
    ]
    cases = cases_of(
        write_rows(tmp_path / "events.csv", events), write_rows(tmp_path / "form.csv", main)
    )
    assert {case["prs_Gender"]: case["exploited_in"] for case in cases} == {
        "Feminine": "BG",
        "Masculine": "RO",
    }


# ---------------------------------------------------------------- Salesforce


def salesforce(folder: Path, *, suffix: str = "__c") -> list[Path]:
    """Related objects, each a CSV with an Id of its own."""
    who, case = (
        [salesforce_id("003", n) for n in range(3)],
        [salesforce_id("500", n) for n in range(3)],
    )

    def c(name: str) -> str:
        return name + suffix

    persons: list[Row] = [
        [
            "Id",
            "Name",
            c("prs_FirstName"),
            c("prs_SecondName"),
            c("prs_Birthdate"),
            c("prs_Gender"),
        ],
        [who[0], "Ana Sample", "Ana", "Sample", "1999-05-17", "Feminine"],
        [who[1], "Ina Sample", "", "", "", "Masculine"],
        [who[2], "A Caseworker", "Cas", "Worker", "1970-01-01", "Feminine"],
    ]
    cases: list[Row] = [
        ["Id", "CaseNumber", "ContactId"],
        [case[0], "00001", who[0], "Active", "2024-04-13", "true"],
        [case[1], "00002", who[1], "Closed", "2024-05-13", "true"],
        [case[2], "00003", who[1], "Closed", "2024-06-13", "false"],
    ]
    cases[0] += map(c, ("cas_Status", "cas_IncomingReferralDate", "con_Consent"))
    assessments: list[Row] = [
        ["Id", "Case__c", c("vic_TypeOfExploitation")],
        ["a0X1", case[0], "ForcedLabour"],
        ["a0X2", case[0], "ForcedLabour;Servitude"],
        ["a0X3", long_id(case[1]), "ForcedBegging"],
    ]
    events: list[Row] = [
        ["Id", "Case__c", c("hte_Type"), c("hte_Country")],
        ["a0Y1", case[0], "Recruitment", "Moldova"],
        ["a0Y2", case[1], "Recruitment", "Ukraine"],
    ]
    plans: list[Row] = [["Id", "Person__c", c("spl_Type"), c("spl_ActualEndDate")]]
    plans += [["a0Z1", who[1], "Health", "2024-06-01"]]
    tables: dict[str, list[Row]] = {
        "Contact": persons,
        "Case": cases,
        "Assessment": assessments,
        "Event": events,
        "Plan": plans,
    }
    return [write_rows(folder / f"{name}.csv", rows) for name, rows in tables.items()]


def test_related_objects_of_salesforce_become_whole_cases(tmp_path: Path) -> None:
    imported, report = read(*salesforce(tmp_path))
    cases: dict[str, Any] = {str(case["referred_on"]): case for case in imported.cases.to_pylist()}
    assert {day: case["prs_Gender"] for day, case in cases.items()} == {
        "2024-04-13": "Feminine",
        "2024-05-13": "Masculine",
        "2024-06-13": "Masculine",
    }
    assert cases["2024-04-13"]["vic_TypeOfExploitation"] == ["ForcedLabour", "Servitude"]
    assert cases["2024-05-13"]["vic_TypeOfExploitation"] == ["ForcedBegging"]
    assert cases["2024-04-13"]["recruited_in"] == "MD"
    assert cases["2024-06-13"]["consent"] is False
    assert (report.persons, report.cases, report.services) == (2, 3, 1)
    assert report.persons_by["person_reference"] == 1
    # Somebody whom no case refers to is no victim.
    assert problems(report)["related.unused"] == 1
    assert problems(report)["related.several"] == 1


def test_the_order_of_related_files_changes_nothing(tmp_path: Path) -> None:
    paths = salesforce(tmp_path)
    assert read(*paths)[0].cases.equals(read(*reversed(paths))[0].cases)


def test_a_managed_package_puts_its_name_before_the_fields(tmp_path: Path) -> None:
    rows = [["Id", "htcds__prs_Gender__c", "htcds__cas_Status__c"], ["5001", "Feminine", "Active"]]
    (case,) = cases_of(write_rows(tmp_path / "a.csv", rows))
    assert (case["prs_Gender"], case["cas_Status"]) == ("Feminine", "Active")


def test_two_records_that_differ_in_the_case_of_a_letter_are_two(tmp_path: Path) -> None:
    ids = [salesforce_id("500", n) for n in range(2)]
    assert ids[0].casefold() == ids[1].casefold()
    rows: list[Row] = [["Id", "prs_Gender__c", "cas_Status__c"]]
    rows += [[one, "Feminine", "Active"] for one in ids]
    assert read(write_rows(tmp_path / "a.csv", rows))[1].persons == 2


@pytest.mark.parametrize(
    ("short", "long"),
    [("001D000000IqhSL", "001D000000IqhSLIAZ"), ("a0A000000000abc", "a0A000000000abcEAA")],
)
def test_an_id_of_15_characters_is_the_one_of_18(short: str, long: str) -> None:
    assert long_id(short) == long
    assert long_id(long) == long


def test_sheets_of_persons_cases_and_events_with_references_are_joined(tmp_path: Path) -> None:
    sheets: dict[str, list[Row]] = {
        "Persons": [["x_PersonReference", "prs_Gender"], [1, "Feminine"], [2, "Masculine"]],
        "Cases": [
            ["x_CaseReference", "x_PersonReference", "cas_Status", "con_Consent"],
            ["A", 1, "Active", "Yes"],
            ["B", 2, "Closed", "Yes"],
        ],
        "Events": [["x_CaseReference", "hte_Type", "hte_Country"], ["A", "Transit", "RO"]],
    }
    cases = cases_of(write_sheets(tmp_path / "a.xlsx", sheets))
    assert {case["cas_Status"]: case["prs_Gender"] for case in cases} == {
        "Active": "Feminine",
        "Closed": "Masculine",
    }
    assert [case["transit_in"] for case in cases if case["cas_Status"] == "Active"] == [["RO"]]


def test_an_assessment_that_names_a_person_of_a_case_is_nobody_elses(tmp_path: Path) -> None:
    sheets: dict[str, list[Row]] = {
        "Cases": [
            ["x_CaseReference", "x_PersonReference", "prs_Gender", "cas_Status"],
            ["A", 1, "Feminine", "Active"],
            ["A", 2, "Masculine", "Active"],
            ["B", 3, "Feminine", "Closed"],
        ],
        "Assessments": [
            ["x_CaseReference", "x_PersonReference", "vic_TypeOfExploitation"],
            ["A", 1, "Forced labour"],
            ["A", 2, "Forced begging"],
            ["B", None, "Servitude"],
        ],
    }
    cases = read(write_sheets(tmp_path / "a.xlsx", sheets))[0].cases.to_pylist()
    assert {(case["prs_Gender"], *case["vic_TypeOfExploitation"]) for case in cases} == {
        ("Feminine", "ForcedLabour"),
        ("Masculine", "ForcedBegging"),
        ("Feminine", "Servitude"),
    }


def test_rows_of_a_filler_are_joined_to_nothing(tmp_path: Path) -> None:
    """Many unrelated rows say n/a; what one of them says must not be said of all."""
    sheets: dict[str, list[Row]] = {
        "Cases": [["x_CaseReference", "prs_Gender", "cas_Status"], ["n/a", "Feminine", "Active"]],
        "Assessments": [["x_CaseReference", "vic_TypeOfExploitation"], ["n/a", "Servitude"]],
    }
    (case,) = cases_of(write_sheets(tmp_path / "a.xlsx", sheets))
    assert case["vic_TypeOfExploitation"] == []


def test_tables_of_persons_that_refer_by_the_case_alone_are_refused(tmp_path: Path) -> None:
    sheets: dict[str, list[Row]] = {
        "Cases": [["x_CaseReference", "prs_Gender", "cas_Status"], ["A", "Feminine", "Active"]],
        "Assessments": [
            ["x_CaseReference", "prs_IdentityNumber", "vic_TypeOfExploitation"],
            ["A", "N-1", "Servitude"],
        ],
    }
    with pytest.raises(PersonsNotLinkedError, match=r"(?s)Assessments.*Nothing was imported"):
        read(write_sheets(tmp_path / "a.xlsx", sheets))


def test_two_files_with_the_same_fields_are_not_joined(tmp_path: Path) -> None:
    row = {"x_CaseReference": "1", "prs_Gender": "Feminine", "cas_Status": "Active"}
    first = write_csv(tmp_path / "a.csv", [row])
    second = write_csv(tmp_path / "b.csv", [row | {"x_CaseReference": "2"}])
    assert read(first, second)[1].cases == 2


# ---------------------------------------------------------------- SPSS and Stata


def test_the_name_of_a_file_does_not_stand_in_the_list_of_processes(tmp_path: Path) -> None:
    path = write_statistical(tmp_path / "Ana Popescu.sav", {"vic_AgeWhenTrafficked": [17.0]})
    opened = open_statistical(path)
    assert next(opened).rows == 1
    children = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children").read_text()
    words = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children.split()]
    assert any(b"statistical_worker.py" in one for one in words)
    assert not any(b"Popescu" in one for one in words)
    opened.close()


@pytest.mark.parametrize("suffix", [".sav", ".zsav", ".dta"])
def test_spss_and_stata_are_read_with_labels_dates_and_missing_values(
    tmp_path: Path, suffix: str
) -> None:
    path = write_statistical(
        tmp_path / f"cases{suffix}",
        {
            "prs_Gender": [1.0, 2.0, None],
            "vic_AgeWhenTrafficked": [17.0, 30.0, None],
            "cas_IncomingReferralDate": [dt.date(2024, 4, 13), None, dt.date(2024, 4, 14)],
            "vic_TraffickingStatusDecisionMakingOrg"[:32]: ["Police", "NGO", ""],
        },
        values={"prs_Gender": {1: "Feminine", 2: "Masculine"}},
    )
    cases = cases_of(path)
    found = {
        (case["prs_Gender"], case["vic_AgeWhenTrafficked"], str(case["referred_on"]))
        for case in cases
    }
    assert found == {
        ("Feminine", 17, "2024-04-13"),
        ("Masculine", 30, "None"),
        (None, None, "2024-04-14"),
    }
    assert {case["vic_TraffickingStatusDecisionMakingOrg"] for case in cases} == {
        "Police",
        "NGO",
        None,
    }


@pytest.mark.parametrize("suffix", [".sav", ".dta"])
def test_a_statistical_file_that_was_cut_off_is_refused_with_a_code(
    tmp_path: Path, suffix: str
) -> None:
    columns = {"prs_Gender": ["Feminine"] * 500, "cas_Status": ["Active"] * 500}
    path = write_statistical(tmp_path / f"cases{suffix}", columns)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DamagedFileError, match="Nothing was imported"):
        read(path)
