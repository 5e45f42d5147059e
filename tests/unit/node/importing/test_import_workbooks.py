import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corridor.node.synthetic.workbook import TEMPLATE
from support.case_files import cases_of, problems, read, write_csv, write_template

COLUMNS = [(name or None, label or None) for name, label in TEMPLATE]
ROW = {
    "prs_FirstName": "Ana",
    "prs_SecondName": "Sample",
    "con_Consent": "Yes",
    "prs_Birthdate": dt.date(1999, 5, 17),
    "prs_Gender": "Feminine",
    "prs_Citizenship": "Moldova; Romania",
    "prs_Email": "ana@example.org",
    "prs_MailingCity": "Sampletown",
    "vic_TraffickingStatus": "Actual victim of trafficking",
    "vic_TraffickinStatusDecisionMakingOrg": "Police",
    "vic_MethodOfRecruitment": "At work; Other",
    "vic_LocationOfRecruitment": "Moldavie",
    "vic_MethodsOfControl": "Debt bondage ;FalsePromises",
    "vic_TypeOfExploitation": "Forced labour",
    "vic_ForcedLabourIndustry": "Agriculture, forestry and fishing",
    "vic_LocationOfExploitation": "Sofia, Bulgaria",
    "cas_Status": "Follow up",
    "cas_IncomingReferralDate": "13.04.2024",
    "cas_ReasonForIncomingReferral": "Migration Or Change Of Location",
    "": "Other",
}


def template(path: Path, *rows: dict[str, object]) -> Path:
    """An official workbook with some rows filled in."""
    return write_template(path, COLUMNS, ([row.get(name) for name, _ in TEMPLATE] for row in rows))


def test_the_official_template_is_read(tmp_path: Path) -> None:
    (case,) = cases_of(template(tmp_path / "cases.xlsx", ROW))
    assert {
        "consent": True,
        "agreement": None,
        "prs_Gender": "Feminine",
        "prs_Citizenship": ["MD", "RO"],
        "vic_TraffickingStatus": "ActualVictimOfTrafficking",
        "vic_TraffickingStatusDecisionMakingOrg": "Police",
        "vic_MethodOfRecruitment": ["AtWork", "Other"],
        "vic_MethodsOfControl": ["DebtBondage", "FalsePromises"],
        "vic_TypeOfExploitation": ["ForcedLabour"],
        "vic_ForcedLabourIndustry": "A_AgricultureForestryAndFishing",
        "cas_Status": "FollowUp",
        "cas_ReasonForIncomingReferral": "MigrationOrChangeOfLocation",
        "cas_ReasonForOutgoingReferral": "Other",
        "referred_on": dt.date(2024, 4, 13),
        "recruited_in": "MD",
        "exploited_in": "BG",
        "vic_AgeWhenTrafficked": 24,
    }.items() <= case.items()


def test_a36_the_labels_of_a_translated_template_are_nobodys_case(tmp_path: Path) -> None:
    names = ["prs_Gender", "con_Consent", "prs_Birthdate"]
    labels = ["Пол", "Acord", "Fecha de nacimiento"]
    columns = list(zip(names, labels, strict=True))
    rows = [["Feminine", "Yes", "1999-05-17"]] * 2
    path = write_template(tmp_path / "cases.xlsx", columns, rows)
    assert read(path)[1].cases == 2
    assert "picklist.unknown_value" not in problems(read(path)[1])
    # A row of data without its number is still a row of data.
    path = write_template(tmp_path / "cases.xlsx", [(name, None) for name in names], rows)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].delete_rows(2)
    book.worksheets[0]["A2"] = None
    book.save(path)
    assert read(path)[1].cases == 2


def test_words_alone_in_a_row_without_number_are_labels_only_above_the_first_row(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cases.xlsx"
    write_template(path, [("prs_Gender", None), ("con_Consent", None)], [["Feminine", "Yes"]] * 3)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].delete_rows(2, 2)  # the labels, and the first person
    book.worksheets[0]["A2"] = None
    book.save(path)
    assert read(path)[1].cases == 2


def test_a36_what_is_hidden_counts_as_what_is_shown_and_the_report_names_its_sheet(
    tmp_path: Path,
) -> None:
    path = template(tmp_path / "cases.xlsx", ROW, ROW | {"prs_FirstName": "Ina"})
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    page.row_dimensions[3].hidden = True
    copied = book.copy_worksheet(page)
    copied.title, copied.sheet_state = "last year", "veryHidden"
    book.save(path)
    _, report = read(path)
    assert (report.rows, report.persons) == (4, 2)  # a filter left on loses nobody
    assert [table.place.sheet for table in report.tables] == ["Sheet1", "last year"]


def test_prepared_empty_rows_are_no_cases(tmp_path: Path) -> None:
    _, report = read(template(tmp_path / "cases.xlsx", ROW, ROW))
    assert (report.rows, report.cases, report.persons) == (2, 2, 1)


def test_a36_a_misspelt_name_a_missing_name_and_wrong_labels_are_repaired_and_reported(
    tmp_path: Path,
) -> None:
    _, report = read(template(tmp_path / "cases.xlsx", ROW))
    found = {(entry.problem, entry.field) for entry in report.entries}
    assert {
        ("column.template_name", "vic_TraffickingStatusDecisionMakingOrg"),
        ("column.by_label", "cas_ReasonForOutgoingReferral"),
        ("column.other_label", "prs_MailingCity"),
    } <= found


def test_a37_names_contacts_and_free_text_are_dropped_and_the_report_says_so(
    tmp_path: Path,
) -> None:
    imported, report = read(template(tmp_path / "cases.xlsx", ROW))
    dropped = {column.column: column.why for column in report.dropped_columns}
    assert dropped["prs_Email"] == "names or contacts"
    assert dropped["cas_IncomingReferralDetails"] == "free text"
    held = str(imported.cases.to_pylist()) + str(report.to_json())
    assert "Sample" not in held
    assert "ana@example.org" not in held


def test_real_dates_and_typed_dates_are_the_same_day(tmp_path: Path) -> None:
    days = [dt.date(2024, 4, 13), "2024-04-13", "13.04.2024", "13/04/2024", 45395]
    rows = [ROW | {"cas_IncomingReferralDate": day} for day in days]
    cases = cases_of(template(tmp_path / "cases.xlsx", *rows))
    assert {case["referred_on"] for case in cases} == {dt.date(2024, 4, 13)}


def test_a36_a_macro_workbook_of_the_same_layout_is_read_and_its_macros_are_not(
    tmp_path: Path,
) -> None:
    path = template(tmp_path / "cases.xlsm", ROW)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Attribute VB_Name = not a real project")
    assert len(cases_of(path)) == 1


def test_another_sheet_without_htcds_names_is_left_out_and_reported(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "cases.xlsx",
        [("prs_Gender", "Gender")],
        [["Feminine"]],
        more={"validation": [["", "Gender", "Status"], ["", "Feminine", "Active"]]},
    )
    _, report = read(path)
    assert report.cases == 1
    assert problems(report)["sheet.no_fields"] == 1


def test_an_api_name_wins_over_the_label_under_it(tmp_path: Path) -> None:
    path = write_template(
        tmp_path / "cases.xlsx",
        [
            ("prs_Gender", "Status"),
            ("cas_Status", "Gender"),
            ("prs_FirstName", "First Name"),
            ("prs_SecondName", "Second Name"),
            ("prs_Birthdate", "Birthdate"),
        ],
        [["Feminine", "Active", "Ana", "Sample", "1999-05-17"]],
    )
    (case,) = cases_of(path)
    assert (case["prs_Gender"], case["cas_Status"]) == ("Feminine", "Active")


def test_an_unknown_column_is_dropped_with_the_nearest_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"prs_Gender": "Feminine", "vic_TypeOfExploitatio": "x"}])
    (entry,) = [e for e in read(path)[1].entries if e.problem == "column.unknown"]
    assert (entry.value, entry.suggestion) == ("vic_TypeOfExploitatio", "vic_TypeOfExploitation")


def test_a_second_column_of_a_field_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prs_Gender,prs_Gender\nFeminine,Masculine\n")
    imported, report = read(path)
    assert imported.cases.column("prs_Gender").to_pylist() == ["Feminine"]
    assert problems(report)["column.repeated"] == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_with_each_separator_with_and_without_bom(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    rows = [
        {
            "prs_Gender": "Masculine",
            "vic_LocationOfRecruitment": "Кишинёв, Молдова",
            "vic_MethodsOfControl": "Debt bondage;False promises",
        }
    ]
    path = write_csv(tmp_path / "a.csv", rows, separator=separator, encoding=encoding)
    (case,) = cases_of(path)
    assert (case["prs_Gender"], case["recruited_in"]) == ("Masculine", "MD")
    assert case["vic_MethodsOfControl"] == ["DebtBondage", "FalsePromises"]


def test_the_template_saved_as_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        ",prs_Gender,cas_Status,\n,Gender,Status,Reason for Outgoing Referral\n"
        "1,Feminine,Active,Other\n2,,,\n3,,,\n\n"
    )
    (case,) = cases_of(path)
    assert case["cas_ReasonForOutgoingReferral"] == "Other"


def test_parquet_is_read_with_lists_dates_and_numbers(tmp_path: Path) -> None:
    table = pa.table(
        {
            "prs_Gender": ["Feminine", None],
            "prs_Citizenship": [["MD", "RO"], []],
            "vic_AgeWhenTrafficked": [17, None],
            "cas_IncomingReferralDate": [dt.date(2024, 4, 13), None],
            "con_Consent": [True, None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (case,) = cases_of(tmp_path / "a.parquet")
    assert case["prs_Citizenship"] == ["MD", "RO"]
    assert (case["vic_AgeWhenTrafficked"], case["consent"]) == (17, True)
    assert case["referred_on"] == dt.date(2024, 4, 13)


def test_a12_numbers_that_are_none_cost_their_cell_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    odd = [float("nan"), float("inf"), float("-inf"), 1e300, -3.0, 17.0]
    table: dict[str, list[Any]] = {"prs_Gender": ["Feminine"] * 6, "vic_AgeWhenTrafficked": odd}
    pq.write_table(pa.table(table | {"cas_IncomingReferralDate": odd}), path)
    imported, report = read(path)
    ages = imported.cases["vic_AgeWhenTrafficked"].to_pylist()
    assert sorted(ages, key=str) == [17, None, None, None, None, None]
    assert imported.cases["referred_on"].to_pylist() == [None] * 6
    assert problems(report)["number.out_of_range"] == 2
    write_csv(
        tmp_path / "cases.csv", [{"vic_AgeWhenTrafficked": "9" * 5000, "prs_Gender": "Feminine"}]
    )
    assert read(tmp_path / "cases.csv")[1].cases == 1


def test_rows_are_named_as_the_spreadsheet_numbers_them(tmp_path: Path) -> None:
    bad = ROW | {"vic_LocationOfRecruitment": "Atlantis"}
    _, report = read(template(tmp_path / "cases.xlsx", ROW, bad, ROW, bad))
    (entry,) = [e for e in report.entries if e.problem == "country.unresolved"]
    assert (entry.rows, entry.count, entry.value) == ((4, 6), 2, "Atlantis")
    assert (entry.place.file, entry.place.sheet) == ("cases.xlsx", "Sheet1")


def test_a36_a_formula_is_not_evaluated_and_is_reported(tmp_path: Path) -> None:
    path = template(tmp_path / "cases.xlsx", ROW, ROW | {"vic_LocationOfRecruitment": "=1+1"})
    imported, report = read(path)
    (entry,) = [e for e in report.entries if e.problem == "cell.formula"]
    assert (entry.count, entry.rows) == (1, (4,))
    # openpyxl writes no computed value, so there is none to take.
    assert sorted(map(str, imported.cases.column("recruited_in").to_pylist())) == ["MD", "None"]


def test_the_value_that_a_formula_gave_last_is_taken(tmp_path: Path) -> None:
    path = template(tmp_path / "cases.xlsx", ROW | {"vic_LocationOfRecruitment": '="MD"&""'})
    changed = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/"):
                assert b"<f>" in content
                content = content.replace(b"</f><v />", b"</f><v>UA</v>")
                content = content.replace(b"</f><v></v>", b"</f><v>UA</v>")
                content = content.replace(b"</f><v/>", b"</f><v>UA</v>")
                at = content.index(b"<f>")
                start = content.rindex(b"<c ", 0, at)
                cell = content[start:at]
                content = content[:start] + cell.replace(b">", b' t="str">') + content[at:]
            target.writestr(name, content)
    (case,) = cases_of(changed)
    assert case["recruited_in"] == "UA"
