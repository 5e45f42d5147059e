"""The filled report as files: the form in a workbook, lines for programs, nothing that runs."""

import csv
import io
import json

import openpyxl
import pytest

from corridor.publishing.reports.files import REPORT_FORMS
from corridor.publishing.reports.filling import fill
from support.reports import release_for, reports

SDG = reports()["sdg_16_2_2"]
FILLED = fill(SDG, release_for(SDG), population={"total": 1_000_000})


def test_a_workbook_has_the_form_the_crosswalk_and_what_the_figures_cover() -> None:
    (document,) = REPORT_FORMS["xlsx"].write(FILLED, "report.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(document.data))
    assert book.sheetnames == ["About", "Crosswalk", "Table S1", "Table S2", "Table S3"]
    about = {str(row[0]): str(row[1]) for row in book["About"].iter_rows(values_only=True)}
    assert "rule of consent" in about["coverage"]
    assert about["RHO"] == "143/10000"
    rows = list(book["Table S1"].iter_rows(values_only=True))
    assert rows[1][:5] == ("Sex", "Under 18", "18 and over", "Not known", "All")
    assert rows[2][0] == "Female"
    assert "±" in str(rows[2][1])
    lost = [str(row[4]) for row in book["Crosswalk"].iter_rows(values_only=True)]
    assert any("transgender women stand under female" in text for text in lost)


def test_csv_has_a_file_a_table_and_the_metadata_beside() -> None:
    *tables, about = REPORT_FORMS["csv"].write(FILLED, "report.csv")
    assert [one.name for one in tables] == ["report-1.csv", "report-2.csv", "report-3.csv"]
    rows = list(csv.DictReader(io.StringIO(tables[0].data.decode())))
    assert rows[0]["row"] == "Female"
    assert rows[0]["column"] == "Under 18"
    assert float(rows[0]["low_95"]) < float(rows[0]["value"]) < float(rows[0]["high_95"])
    assert rows[-1]["per_100000"]
    document = json.loads(about.data)
    assert document["coverage"]["missing"] == ["UA"]
    assert document["crosswalk"]


def test_json_is_the_whole_report() -> None:
    (document,) = REPORT_FORMS["json"].write(FILLED, "report.json")
    assert json.loads(document.data) == FILLED.to_json()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_text_from_outside_becomes_no_formula(form: str) -> None:
    release = release_for(SDG, region="=HYPERLINK(1)")
    release["participants"][0]["name"] = "=cmd|' /C calc'!A0"
    for table in release["tables"]:
        for axis in table["axes"]:
            axis["label"] = "=1+1"
    filled = fill(SDG, release)
    for document in REPORT_FORMS[form].write(filled, f"report.{form}"):
        if form == "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(document.data))
            for sheet in book:
                for row in sheet.iter_rows():
                    assert all(cell.data_type != "f" for cell in row)
        elif document.name.endswith(".csv"):
            for line in csv.reader(io.StringIO(document.data.decode())):
                assert all(not text.startswith(("=", "+", "@")) for text in line)
